"""Fit, predict and everything between."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import sklearn
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.ensemble import StackingClassifier
from sklearn.metrics import get_scorer, log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from skimdb import KerasMLPClassifier
from skimdb._directions import lower_is_better


@pytest.fixture(scope="module")
def data():
    X, y = make_classification(
        160, 10, n_informative=6, n_classes=3, class_sep=2, random_state=0
    )
    return X, y


@pytest.fixture(scope="module")
def multilabel():
    return make_multilabel_classification(200, n_classes=2, n_labels=1, random_state=0)


def make(size=8, **params):
    defaults = {"epochs": 3, "batch_size": 64, "learning_rate": 0.01, "random_state": 0}
    return KerasMLPClassifier(size, **defaults | params)


def assert_same_weights(first, second, **tolerance):
    for one, other in zip(first.coefs_, second.coefs_, strict=True):
        if tolerance:
            np.testing.assert_allclose(one, other, **tolerance)
        else:
            np.testing.assert_array_equal(one, other)


# Targets


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "labels",
    [
        np.array(["bad", "fair", "good"]),
        np.array(["bad", "fair", "good"], dtype=object),
        np.array([-1, 0, 7]),
        np.array([1, 2, 3], dtype=np.int8),
        np.array([0.0, 1.0, 2.0]),
    ],
    ids=["strings", "objects", "ints", "int8", "floats"],
)
def test_labels_come_back_in_their_dtype(data, labels, n_classes):
    X, y = data
    y = labels[np.minimum(y, n_classes - 1)]
    classifier = make(epochs=20).fit(X, y)
    assert classifier.classes_.dtype == labels.dtype
    np.testing.assert_array_equal(classifier.classes_, labels[:n_classes])
    predicted = classifier.predict(X)
    assert predicted.dtype == labels.dtype
    assert np.mean(predicted == y) > 0.8
    proba = classifier.predict_proba(X)
    assert proba.shape == (160, n_classes)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_boolean_labels(data):
    X, y = data
    classifier = make().fit(X, y > 0)
    assert classifier.predict(X).dtype == bool
    np.testing.assert_array_equal(classifier.classes_, [False, True])


def test_pandas_labels(data):
    X, y = data
    names = np.array(["bad", "fair", "good"])[y]
    categorical = make().fit(X, pd.Series(names, dtype="category"))
    strings = make().fit(X, pd.Series(names, dtype="string"))
    plain = make().fit(X, names)
    np.testing.assert_array_equal(categorical.predict(X), plain.predict(X))
    np.testing.assert_array_equal(strings.predict(X), plain.predict(X))


def test_column_of_labels_warns(data):
    X, y = data
    with pytest.warns(sklearn.exceptions.DataConversionWarning, match="column-vector"):
        classifier = make().fit(X, y[:, np.newaxis])
    assert classifier.predict(X).shape == y.shape


@pytest.mark.parametrize("kind", ["int", "bool", "sparse"])
def test_multilabel(multilabel, kind):
    X, Y = multilabel
    given = {
        "int": Y,
        "bool": Y.astype(bool),
        "sparse": scipy.sparse.csr_array(Y),
    }[kind]
    classifier = make(epochs=20).fit(X, given)
    predicted = classifier.predict(X)
    assert predicted.shape == Y.shape
    assert predicted.dtype == given.dtype
    assert classifier.score(X, Y) > 0.6
    proba = classifier.predict_proba(X)
    np.testing.assert_array_equal(predicted, proba > 0.5)
    assert not np.allclose(proba.sum(axis=1), 1)
    np.testing.assert_array_equal(classifier.classes_, [0, 1])
    assert classifier.out_activation_ == "sigmoid"
    rebuilt = np.asarray(classifier.model_(X))
    np.testing.assert_allclose(rebuilt, proba, atol=1e-6)


def test_multilabel_in_cross_validation():
    """The columns of an indicator matrix are its classes, as for MLPClassifier."""
    X, Y = make_multilabel_classification(80, n_classes=3, random_state=0)
    classifier = make().fit(X, Y)
    peer = MLPClassifier((4,), max_iter=1000, tol=0.1, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(classifier.classes_, peer.classes_)
    proba = cross_val_predict(classifier, X, Y, cv=2, method="predict_proba")
    half = clone(classifier).fit(X[40:], Y[40:])
    np.testing.assert_array_equal(proba[:40], half.predict_proba(X[:40]))
    assert get_scorer("roc_auc")(classifier, X, Y) == pytest.approx(
        roc_auc_score(Y, classifier.predict_proba(X))
    )
    stack = StackingClassifier([("mlp", classifier)], peer, cv=2).fit(X, Y)
    assert stack.predict(X).shape == Y.shape
    assert stack.transform(X).shape == Y.shape


def test_multilabel_learns_as_separate_labels(multilabel):
    """The loss is the mean of the labels' binary cross-entropies."""
    X, Y = multilabel
    classifier = make().fit(X, Y, X_val=X, y_val=Y)
    proba = classifier.predict_proba(X)
    expected = np.mean([log_loss(Y[:, j], proba[:, j]) for j in range(2)])
    assert classifier.history_["val_loss"][-1] == pytest.approx(expected, rel=1e-4)
    assert classifier.history_["val_accuracy"][-1] == pytest.approx(
        classifier.score(X, Y)
    )


@pytest.mark.parametrize("n_classes", [2, 3])
def test_log_proba_and_decision_function(data, n_classes):
    X, y = data
    y = np.minimum(y, n_classes - 1)
    classifier = make(epochs=20).fit(X, y)
    proba = classifier.predict_proba(X)
    np.testing.assert_allclose(np.exp(classifier.predict_log_proba(X)), proba)
    # Far out, a probability rounds to 0, its logarithm does not to -inf.
    assert (classifier.predict_proba(1e5 * X) == 0).any()
    assert np.isfinite(classifier.predict_log_proba(1e5 * X)).all()
    decision = classifier.decision_function(X)
    if n_classes == 2:
        assert decision.shape == (160,)
        np.testing.assert_allclose(1 / (1 + np.exp(-decision)), proba[:, 1])
    else:
        assert decision.shape == (160, 3)
        np.testing.assert_array_equal(decision.argmax(axis=1), proba.argmax(axis=1))


# Input


@pytest.fixture(scope="module")
def sparse_data():
    rng = np.random.default_rng(0)
    X = scipy.sparse.random_array((100, 30), density=0.2, format="csr", rng=rng)
    return X, (X[:, :3].sum(axis=1) > 0.3).astype(int)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", ["csr", "csc", "coo", "lil", "dense"])
@pytest.mark.parametrize("interface", ["spmatrix", "sparray"])
def test_layouts_give_the_same_model(sparse_data, layout, interface, dtype):
    X, y = sparse_data
    reference = make().fit(X.astype(dtype), y)
    assert reference.coefs_[0].dtype == dtype
    assert reference.predict_proba(X).dtype == dtype
    cls = scipy.sparse.csr_matrix if interface == "spmatrix" else scipy.sparse.csr_array
    given = cls(X.astype(dtype))
    given = given.toarray() if layout == "dense" else given.asformat(layout)
    with sklearn.config_context(sparse_interface=interface):
        classifier = make().fit(given, y)
        proba = classifier.predict_proba(given)
    tolerance = 1e-4 if dtype == np.float32 else 1e-10
    if layout in ("csr", "csc", "coo", "lil"):
        assert_same_weights(classifier, reference)
    assert_same_weights(classifier, reference, atol=tolerance)
    np.testing.assert_allclose(proba, reference.predict_proba(X), atol=tolerance)


@pytest.mark.parametrize("backend", ["numpy", "tensorflow"])
def test_sparse_beside_dense_validation_data(sparse_data, backend):
    X, y = sparse_data
    expected = make().fit(X, y, X_val=X, y_val=y).history_["val_loss"]
    for samples, validation in [(X, X.toarray()), (X.toarray(), X)]:
        fitted = make(backend=backend).fit(samples, y, X_val=validation, y_val=y)
        np.testing.assert_allclose(fitted.history_["val_loss"], expected)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_and_feature_names(data, frame):
    X, y = data
    names = [f"x{i}" for i in range(X.shape[1])]
    given = frame(dict(zip(names, X.T, strict=True)))
    classifier = make().fit(given, y, X_val=given, y_val=y)
    assert classifier.feature_names_in_.tolist() == names
    assert classifier.n_features_in_ == len(names)
    assert_same_weights(classifier, make().fit(X, y))
    assert classifier.score(given, y) == make().fit(X, y).score(X, y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        classifier.predict(X)
    with pytest.raises(ValueError, match="feature names should match"):
        classifier.predict(given[names[::-1]])


def test_weights_equal_repetitions(data):
    """And so do zeros and removed samples, down to the validation metric."""
    X, y = data
    repeats = np.random.default_rng(0).integers(0, 3, len(y))
    params = {
        "early_stopping": True,
        "monitor": "val_accuracy",
        "class_weight": "balanced",
        "batch_size": 1000,
        "dropout": 0.2,
        "metrics": ("accuracy", "f1_macro", "TopKCategoricalAccuracy"),
    }
    weighted = make(**params).fit(X, y, sample_weight=repeats)
    repeated = make(**params).fit(np.repeat(X, repeats, axis=0), np.repeat(y, repeats))
    assert_same_weights(weighted, repeated, atol=1e-8)
    for name, values in weighted.history_.items():
        np.testing.assert_allclose(values, repeated.history_[name], rtol=1e-5)


def test_only_proportions_of_weights_count(data):
    X, y = data
    weight = np.linspace(1, 2, len(y))
    first = make().fit(X, y, sample_weight=weight)
    assert_same_weights(make().fit(X, y, sample_weight=8 * weight), first, atol=1e-12)


def test_class_weight(data):
    X, y = data
    weighted = make().fit(X, y, sample_weight=np.where(y == 1, 5.0, 1.0))
    by_class = make(class_weight={0: 1, 1: 5, 2: 1}).fit(X, y)
    assert_same_weights(weighted, by_class, atol=1e-12)
    plain = make().fit(X, y)
    assert (by_class.predict(X) == 1).sum() > (plain.predict(X) == 1).sum()


def test_class_without_weight_is_no_class(data):
    X, y = data
    classifier = make().fit(X, y, sample_weight=(y != 2).astype(float))
    np.testing.assert_array_equal(classifier.classes_, [0, 1])
    assert_same_weights(classifier, make().fit(X[y != 2], y[y != 2]))


def test_network_shapes(data):
    X, y = data
    classifier = make((8, 4, 2), dropout=(0.5, 0.0, 0.1)).fit(X, y)
    shapes = [coef.shape for coef in classifier.coefs_]
    assert shapes == [(10, 8), (8, 4), (4, 2), (2, 3)]
    assert [len(bias) for bias in classifier.intercepts_] == [8, 4, 2, 3]
    assert len(make(5, n_hidden_layers=1).fit(X, y).coefs_) == 2


@pytest.mark.parametrize(
    "activation",
    ["elu", "linear", "relu", "sigmoid", "silu", "softplus", "tanh"],
)
def test_activations_predict_as_keras(data, activation):
    X, y = data
    classifier = make(activation=activation).fit(X, y)
    np.testing.assert_allclose(
        classifier.predict_proba(X), np.asarray(classifier.model_(X)), atol=1e-6
    )


def test_penalty_and_dropout_regularize(data):
    X, y = data
    plain = make(epochs=30).fit(X, y)
    penalized = make(epochs=30, l2=0.05).fit(X, y)
    assert np.linalg.norm(penalized.coefs_[0]) < 0.7 * np.linalg.norm(plain.coefs_[0])
    dropped = make(epochs=30, dropout=0.5).fit(X, y)
    assert dropped.history_["loss"][-1] > plain.history_["loss"][-1]


# Going on


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "nadam"])
def test_continuing_equals_one_long_fit(data, optimizer):
    """Weights, optimizer state, order, dropout and history: bit by bit."""
    params = {"optimizer": optimizer, "dropout": 0.3}
    whole = make(epochs=3, **params).fit(*data)
    warm = make(epochs=1, warm_start=True, **params).fit(*data)
    warm.set_params(epochs=2).fit(*data)
    parts = make(**params)
    for _ in range(3):
        parts.partial_fit(*data, classes=[0, 1, 2])
    for other in (warm, parts):
        assert_same_weights(whole, other)
        assert other.n_iter_ == 3
        for name, values in whole.history_.items():
            np.testing.assert_array_equal(values, other.history_[name])


def test_partial_fit_in_chunks(data):
    X, y = data
    classifier = make()
    for _ in range(15):
        for chunk in np.array_split(np.arange(len(y)), 4):
            classifier.partial_fit(X[chunk], y[chunk], classes=[0, 1, 2])
    assert classifier.score(X, y) > 0.8
    assert classifier.n_iter_ == 60


def test_partial_fit_knows_classes_that_it_has_not_seen(data):
    X, y = data
    labels = np.array(["bad", "fair", "good"], dtype=object)
    classifier = make().partial_fit(X[y < 2], labels[y[y < 2]], classes=labels)
    assert classifier.classes_.dtype == object
    assert classifier.predict_proba(X).shape == (160, 3)
    classifier.partial_fit(X, labels[y])
    assert classifier.n_iter_ == 2


def test_partial_fit_goes_on_after_fit(data):
    more = make(epochs=2).fit(*data).partial_fit(*data)
    assert_same_weights(more, make(epochs=3).fit(*data))


def test_partial_fit_multilabel(multilabel):
    X, Y = multilabel
    classifier = make(epochs=1).partial_fit(X, Y).partial_fit(X, Y)
    assert_same_weights(classifier, make(epochs=2).fit(X, Y))


def test_partial_fit_without_early_stopping(data):
    classifier = make(early_stopping=True).partial_fit(*data, classes=[0, 1, 2])
    assert_same_weights(classifier, make(epochs=1).fit(*data))


def test_warm_start_with_another_learning_rate(data):
    classifier = make(warm_start=True).fit(*data)
    before = classifier.coefs_[0]
    classifier.set_params(learning_rate=1e-30).fit(*data)
    np.testing.assert_array_equal(classifier.coefs_[0], before)
    classifier.set_params(optimizer="adam", learning_rate=0.01).fit(*data)
    assert not np.array_equal(classifier.coefs_[0], before)
    assert classifier.n_iter_ == 9


def test_warm_start_with_new_entries(data):
    """Where an entry was not recorded the history has NaN."""
    X, y = data
    classifier = make(epochs=2, warm_start=True).fit(X, y)
    classifier.fit(X, y, X_val=X, y_val=y)
    assert (
        np.isnan(classifier.history_["val_loss"]).tolist() == [True] * 2 + [False] * 2
    )


def test_fit_starts_anew_without_warm_start(data):
    classifier = make().fit(*data)
    first = clone(classifier).fit(*data)
    assert_same_weights(classifier.fit(*data), first)
    assert classifier.n_iter_ == 3


# Validation and early stopping


@pytest.fixture(scope="module")
def noisy():
    """Little data and much noise: overfitted within a few epochs."""
    X, y = make_classification(300, 40, n_informative=3, flip_y=0.3, random_state=0)
    return X[:150], y[:150], X[150:], y[150:]


def test_early_stopping_restores_the_best_epoch(noisy):
    X, y, X_val, y_val = noisy
    params = {"epochs": 60, "learning_rate": 0.03}
    stopped = make(early_stopping=True, n_iter_no_change=4, **params)
    stopped.fit(X, y, X_val=X_val, y_val=y_val)
    val_loss = stopped.history_["val_loss"]
    assert stopped.n_iter_ < 60
    assert stopped.best_epoch_ == np.argmin(val_loss) + 1 == stopped.n_iter_ - 4
    assert log_loss(y_val, stopped.predict_proba(X_val)) == pytest.approx(
        val_loss.min()
    )
    # All epochs run with infinite patience, to the same best.
    patient = clone(stopped).set_params(n_iter_no_change=np.inf, epochs=30)
    patient.fit(X, y, X_val=X_val, y_val=y_val)
    assert patient.n_iter_ == 30
    assert_same_weights(patient, stopped)
    # Without early stopping the last weights stay, and the best epoch is known.
    full = make(**params | {"epochs": 30}).fit(X, y, X_val=X_val, y_val=y_val)
    assert full.best_epoch_ == stopped.best_epoch_
    assert log_loss(y_val, full.predict_proba(X_val)) > val_loss.min()


def test_early_stopping_tolerance(noisy):
    """Smaller improvements than `tol` do not count against patience."""
    X, y, *_ = noisy
    params = {"monitor": "loss", "n_iter_no_change": 2, "epochs": 10}
    strict = make(early_stopping=True, tol=1.0, **params).fit(X, y)
    assert strict.n_iter_ == strict.best_epoch_ == 3
    assert make(early_stopping=True, **params).fit(X, y).n_iter_ == 10


@pytest.mark.parametrize("monitor", ["val_accuracy", "val_AUC", "val_neg_log_loss"])
def test_early_stopping_on_any_metric(noisy, monitor):
    X, y, X_val, y_val = noisy
    stopped = make(
        early_stopping=True,
        monitor=monitor,
        metrics=("precision", monitor.removeprefix("val_")),
        n_iter_no_change=3,
        epochs=30,
    ).fit(X, y, X_val=X_val, y_val=y_val)
    values = stopped.history_[monitor]
    assert stopped.best_epoch_ == np.argmax(values) + 1


def test_early_stopping_on_the_training_loss(noisy):
    """Holds nothing out."""
    X, y, *_ = noisy
    stopped = make(early_stopping=True, monitor="loss").fit(X, y)
    assert "val_loss" not in stopped.history_
    assert_same_weights(stopped, make().fit(X, y))


def test_held_out_part_is_stratified_and_unseen():
    """Of each class its share; duplicates do not stand on both sides."""
    X = np.repeat(np.eye(40), 3, axis=0)
    y = np.repeat(np.arange(40) % 4 == 0, 3)
    stopped = make(
        early_stopping=True, validation_fraction=0.2, n_iter_no_change=np.inf
    )
    stopped.set_params(metrics=("TruePositives", "TrueNegatives"), epochs=1)
    stopped.set_params(metrics=(*stopped.metrics, "FalsePositives", "FalseNegatives"))
    history = stopped.fit(X, y).history_
    positives = history["val_TruePositives"] + history["val_FalseNegatives"]
    negatives = history["val_TrueNegatives"] + history["val_FalsePositives"]
    assert positives.tolist() == [2 * 3]
    assert negatives.tolist() == [6 * 3]
    assert history["TruePositives"] + history["FalseNegatives"] == [8 * 3]


def test_validation_data_does_not_change_training(data):
    X, y = data
    validated = make().fit(X, y, X_val=X[:20], y_val=y[:20])
    assert_same_weights(validated, make().fit(X, y))
    assert validated.history_.keys() == {
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
    }


def test_val_loss_is_without_penalty(data):
    X, y = data
    classifier = make(l2=0.1).fit(X, y, X_val=X, y_val=y)
    expected = log_loss(y, classifier.predict_proba(X))
    assert classifier.history_["val_loss"][-1] == pytest.approx(expected, rel=1e-5)
    assert classifier.history_["loss"][-1] > expected + 0.1


# Metadata


def test_validation_data_through_a_pipeline(data):
    """The scaler transforms X_val, too, and the grid search passes all on."""
    X, y = data
    X_val, y_val = X[100:] * 50, y[100:]
    X, y = X[:100] * 50, y[:100]
    weight = np.linspace(1, 2, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        classifier = make().set_score_request(sample_weight=True)
        classifier.set_fit_request(X_val=True, y_val=True, sample_weight=True)
        pipe = make_pipeline(MaxAbsScaler(), classifier, transform_input=["X_val"])
        params = {"X_val": X_val, "y_val": y_val, "sample_weight": weight}
        pipe.fit(X, y, **params)
        search = GridSearchCV(pipe, {"kerasmlpclassifier__size": [4, 8]}, cv=2)
        search.fit(X, y, **params)
    scaler = MaxAbsScaler().fit(X)
    direct = make().fit(
        scaler.transform(X),
        y,
        sample_weight=weight,
        X_val=scaler.transform(X_val),
        y_val=y_val,
    )
    assert_same_weights(pipe[-1], direct)
    np.testing.assert_array_equal(
        pipe[-1].history_["val_loss"], direct.history_["val_loss"]
    )
    assert "val_loss" in search.best_estimator_[-1].history_


def test_metadata_that_was_not_requested(data):
    X, y = data
    with sklearn.config_context(enable_metadata_routing=True):
        pipe = make_pipeline(MaxAbsScaler(), make())
        with pytest.raises(
            sklearn.exceptions.UnsetMetadataPassedError, match="sample_weight"
        ):
            pipe.fit(X, y, sample_weight=np.ones(len(y)))
        request = make().set_partial_fit_request(sample_weight=True, classes=True)
    assert request.get_metadata_routing().partial_fit.requests["classes"] is True


# Metrics


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("kind", ["strings", "ints"])
def test_scorers_in_the_history(data, n_classes, kind):
    """The last entry is what the scorer itself says of the fitted classifier."""
    X, y = data
    y = np.minimum(y, n_classes - 1)
    names = [
        "accuracy",
        "balanced_accuracy",
        "neg_log_loss",
        "f1_macro",
        "matthews_corrcoef",
    ]
    names += (
        ["roc_auc", "f1", "average_precision"] if n_classes == 2 else ["roc_auc_ovr"]
    )
    numeric = make(metrics=names).fit(X, y, X_val=X, y_val=y)
    labels = np.array(["bad", "fair", "good"])[y] if kind == "strings" else y
    classifier = make(metrics=names).fit(X, labels, X_val=X, y_val=labels)
    for name in names:
        expected = get_scorer(name)(numeric, X, y)
        history = classifier.history_[f"val_{name}"]
        assert history.shape == (3,)
        assert history[-1] == pytest.approx(expected), name


def test_keras_metrics_in_the_history(data):
    import keras

    X, y = data
    names = ["categorical_accuracy", "SparseCategoricalAccuracy", "Precision", "MSE"]
    classifier = make(metrics=[*names, "F1Score", "kl_divergence"])
    classifier.fit(X, y, X_val=X, y_val=y)
    history = {name: values[-1] for name, values in classifier.history_.items()}
    proba = classifier.predict_proba(X)
    accuracy = classifier.score(X, y)
    assert history["val_categorical_accuracy"] == pytest.approx(accuracy)
    assert history["val_SparseCategoricalAccuracy"] == pytest.approx(accuracy)
    precision = keras.metrics.Precision()
    precision.update_state(np.eye(3)[y], proba)
    assert history["val_Precision"] == pytest.approx(float(precision.result()))
    expected = ((np.eye(3)[y] - proba) ** 2).mean()
    assert history["val_MSE"] == pytest.approx(expected, rel=1e-4)
    expected = get_scorer("f1_macro")(classifier, X, y)
    assert history["val_F1Score"] == pytest.approx(expected, rel=1e-5)


def test_metrics_count_sample_weights(data):
    X, y = data
    weight = np.linspace(0, 3, len(y))
    classifier = make(
        metrics=("accuracy", "f1_macro", "CategoricalAccuracy"),
        learning_rate=1e-30,
        optimizer="sgd",
    ).fit(X, y, sample_weight=weight)
    expected = classifier.score(X, y, sample_weight=weight)
    for name in ("accuracy", "CategoricalAccuracy"):
        assert classifier.history_[name][-1] == pytest.approx(expected)
    assert classifier.history_["f1_macro"][-1] == pytest.approx(
        get_scorer("f1_macro")(classifier, X, y, sample_weight=weight)
    )


def test_direction_of_every_keras_metric():
    """As Keras itself has it, where it says so."""
    import keras

    checked = 0
    for name, cls in vars(keras.metrics).items():
        try:
            direction = cls()._direction
        except (TypeError, AttributeError):
            continue
        if direction is not None:
            assert lower_is_better(f"val_{name}") == (direction == "down"), name
            checked += 1
    assert checked > 20
    assert lower_is_better("loss")
    assert lower_is_better("mse")
    assert not lower_is_better("neg_log_loss")


# Parameters


def test_routed_parameters(data):
    classifier = make(
        optimizer__momentum=0.5, loss__label_smoothing=0.2, l2=0.1, learning_rate=0.02
    )
    assert classifier.get_params()["optimizer__momentum"] == 0.5
    assert clone(classifier).get_params() == classifier.get_params()
    classifier.set_params(optimizer__momentum=0.7, optimizer__clipnorm=0.1)
    assert "optimizer__momentum=0.7" in repr(classifier)
    model = classifier.fit(*data).to_keras()
    assert model.optimizer.momentum == 0.7
    assert model.optimizer.clipnorm == 0.1
    assert float(model.optimizer.learning_rate) == pytest.approx(0.02)
    assert model.loss.label_smoothing == 0.2


@pytest.mark.parametrize(
    ("params", "others"),
    [
        ({"optimizer__momentum": 0.9}, {}),
        ({"optimizer__clipnorm": 0.01}, {}),
        (
            {"optimizer__learning_rate": 0.1, "learning_rate": None},
            {"learning_rate": 0.1},
        ),
        ({"loss__label_smoothing": 0.3}, {}),
    ],
)
def test_routed_parameters_act(data, params, others):
    changed = make(**params).fit(*data)
    same = bool(others)
    other = make(**others).fit(*data)
    assert np.array_equal(changed.coefs_[0], other.coefs_[0]) == same


def test_optimizer_by_name_class_or_instance(data):
    import keras

    def fit(optimizer, rate=0.01):
        params = {"optimizer": optimizer, "learning_rate": rate}
        return make(backend="tensorflow", **params).fit(*data)

    expected = fit("adam").coefs_[0]
    by_class = fit(keras.optimizers.Adam)
    np.testing.assert_array_equal(by_class.coefs_[0], expected)
    by_instance = fit(keras.optimizers.Adam(0.01), rate=None)
    np.testing.assert_array_equal(by_instance.coefs_[0], expected)
    # An instance is copied, so a second fit does not start from its state.
    np.testing.assert_array_equal(by_instance.fit(*data).coefs_[0], expected)


def test_fit_leaves_parameters_alone(data):
    classifier = make(metrics=["accuracy"], size=[4, 4])
    before = {**classifier.get_params()}
    classifier.fit(*data)
    assert classifier.get_params() == before


def test_verbose(data, capsys):
    make(verbose=1, epochs=2).fit(*data)
    out = capsys.readouterr().out
    assert "Epoch 2/2 accuracy=" in out
    assert "loss=" in out


def test_html_builds_no_model(data, monkeypatch):
    """The representation shows fitted arrays, but asks for no Keras model."""
    classifier = make(optimizer__momentum=0.5).fit(*data)
    monkeypatch.setattr(
        KerasMLPClassifier, "to_keras", lambda self: pytest.fail("built a model")
    )
    assert "predict" in dir(classifier)
    html = classifier._repr_html_()
    assert "optimizer__momentum" in html
    assert "coefs_" in html


def test_behaves_like_mlp_classifier(data):
    """A drop-in: the same methods, and comparable accuracy on the same network."""
    X, y = data
    reference = MLPClassifier((8, 8), max_iter=200, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
        reference.fit(X, y)
    ours = make(epochs=60).fit(X, y)
    assert ours.score(X, y) > reference.score(X, y) - 0.05
    for name in ("predict_proba", "predict_log_proba", "partial_fit", "score"):
        assert hasattr(ours, name)

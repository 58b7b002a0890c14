"""Wrong input: one clear error each, and the estimator afterwards as before."""

import copy
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.pipeline import make_pipeline

from skimdb import (
    EpochSearchCV,
    KerasMLPClassifier,
    LogCountRatioTransformer,
    TextMultiHotVectorizer,
)

X, Y = make_classification(60, n_features=6, random_state=0)


def changed(array, value, dtype=None):
    """A copy with another first entry."""
    array = array.astype(dtype or array.dtype)
    array.flat[0] = value
    return array


def call(method="fit", *args, **params):
    """A call of a method of an estimator that has these parameters."""
    keywords = params.pop("keywords", {})
    args = args or (X, Y)

    def run(estimator):
        vars(estimator).update(params)
        return getattr(estimator, method)(*args, **keywords)

    run.params = params
    return run


class Raises(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise RuntimeError("it is the callback's fault")


# What is wrong: the call, the exception, and what its message says.
BAD = {
    # shapes
    "texts": (
        call("fit", ["good", "bad"], [1, 0]),
        ValueError,
        "got texts: put a vectorizer before it",
    ),
    "array of texts": (
        call("fit", np.array(["good", "bad"]), [1, 0]),
        ValueError,
        "got texts",
    ),
    "a single text": (call("fit", "good", [1]), ValueError, "got texts"),
    "one dimension": (call("fit", X[:, 0], Y), ValueError, "Expected 2D array"),
    "three dimensions": (
        call("fit", X[:, :, np.newaxis], Y),
        ValueError,
        "Found array with dim 3",
    ),
    "no samples": (call("fit", X[:0], Y[:0]), ValueError, "0 sample"),
    "no features": (call("fit", X[:, :0], Y), ValueError, "0 feature"),
    "lengths of X and y": (
        call("fit", X, Y[:-1]),
        ValueError,
        "inconsistent numbers of samples",
    ),
    "no y": (call("fit", X, None), ValueError, "requires y to be passed"),
    "length of the weights": (
        call(keywords={"sample_weight": np.ones(3)}),
        ValueError,
        "sample_weight.shape",
    ),
    # values and dtypes
    "NaN": (call("fit", changed(X, np.nan), Y), ValueError, "NaN"),
    "infinity": (call("fit", changed(X, np.inf), Y), ValueError, "infinity"),
    "infinity in sparse": (
        call("fit", scipy.sparse.csr_array(changed(X, np.inf)), Y),
        ValueError,
        "infinity",
    ),
    "strings in X": (
        call("fit", changed(X, "many", object), Y),
        ValueError,
        "could not convert string",
    ),
    "complex X": (call("fit", X + 0j, Y), ValueError, "Complex data not supported"),
    "negative weights": (
        call(keywords={"sample_weight": changed(np.ones(60), -1)}),
        ValueError,
        "Negative values",
    ),
    "no weight at all": (
        call(keywords={"sample_weight": np.zeros(60)}),
        ValueError,
        "at least one non-zero",
    ),
    "NaN weight": (
        call(keywords={"sample_weight": changed(np.ones(60), np.nan)}),
        ValueError,
        "NaN",
    ),
    # labels
    "one class": (call("fit", X, np.ones(60)), ValueError, "only one class: .1.0."),
    "one class of positive weight": (
        call(keywords={"sample_weight": Y}),
        ValueError,
        "only one class",
    ),
    "continuous labels": (call("fit", X, X[:, 0]), ValueError, "continuous"),
    "NaN label": (
        call("fit", X, changed(Y, np.nan, float)),
        ValueError,
        "y contains NaN",
    ),
    "missing label": (
        call("fit", X, changed(np.where(Y, "a", "b"), None, object)),
        ValueError,
        "1 labels are missing, in rows 0 ",
    ),
    "labels of two types": (
        call("fit", X, changed(np.where(Y, "a", "b"), 1, object)),
        ValueError,
        "labels of one type, got int and str",
    ),
    "several targets": (
        call("fit", X, np.column_stack([Y, Y + 1])),
        ValueError,
        "other than 0 and 1.*MultiOutputClassifier",
    ),
    # validation data
    "X_val alone": (
        call(keywords={"X_val": X}),
        ValueError,
        "both X_val and y_val, got only X_val",
    ),
    "y_val alone": (
        call(keywords={"y_val": Y}),
        ValueError,
        "both X_val and y_val, got only y_val",
    ),
    "lengths of X_val and y_val": (
        call(keywords={"X_val": X, "y_val": Y[:-1]}),
        ValueError,
        "inconsistent numbers of samples",
    ),
    "other columns in X_val": (
        call(keywords={"X_val": X[:, :-1], "y_val": Y}),
        ValueError,
        "X has 5 features, but KerasMLPClassifier is expecting 6",
    ),
    "new label in y_val": (
        call(keywords={"X_val": X, "y_val": Y + 1}),
        ValueError,
        r"y_val has labels that are not among the classes \[0, 1\]: \[2\]",
    ),
    "NaN in X_val": (
        call(keywords={"X_val": changed(X, np.nan), "y_val": Y}),
        ValueError,
        "NaN",
    ),
    "nothing to hold out": (
        call("fit", X[:2], [0, 1], early_stopping=True),
        ValueError,
        "nothing to hold out.*X_val",
    ),
    # parameters
    "size 0": (call(size=0), ValueError, "'size'"),
    "negative size": (call(size=(4, -1)), ValueError, "'size'"),
    "fraction of a unit": (call(size=(4, 0.5)), ValueError, "'size'"),
    "size as a string": (call(size="16"), ValueError, "'size'"),
    "minus one layer": (call(n_hidden_layers=-1), ValueError, "'n_hidden_layers'"),
    "negative penalty": (call(l2=-1.0), ValueError, "'l2'"),
    "dropout 1": (call(dropout=1.0), ValueError, "'dropout'"),
    "dropout 1 of a layer": (call(dropout=(0.5, 1.0)), ValueError, "'dropout'"),
    "dropout of three layers": (
        call(dropout=(0.5, 0.5, 0.5)),
        ValueError,
        "2 numbers, one per hidden layer, got 3",
    ),
    "unknown activation": (call(activation="rellu"), ValueError, "'activation'"),
    "unknown optimizer": (
        call(optimizer="rmsprob"),
        ValueError,
        "name.* of a Keras optimizer, got 'rmsprob'. Did you mean 'rmsprop'",
    ),
    "no optimizer": (call(optimizer=3), TypeError, "Expected optimizer to be"),
    "schedule as optimizer": (
        call(optimizer=keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)),
        TypeError,
        "Expected optimizer to be",
    ),
    "learning rate 0": (call(learning_rate=0.0), ValueError, "'learning_rate'"),
    "class of a schedule": (
        call(learning_rate=keras.optimizers.schedules.CosineDecay),
        TypeError,
        "Make an instance",
    ),
    "learning rate of an instance": (
        call(optimizer=keras.optimizers.Adam(), learning_rate=0.1),
        ValueError,
        "cannot change an optimizer instance",
    ),
    "no epochs": (call(epochs=0), ValueError, "'epochs'"),
    "fraction of an epoch": (call(epochs=2.5), ValueError, "'epochs'"),
    "batch size 0": (call(batch_size=0), ValueError, "'batch_size'"),
    "validation fraction 1": (
        call(validation_fraction=1.0),
        ValueError,
        "'validation_fraction'",
    ),
    "negative tolerance": (call(tol=-0.1), ValueError, "'tol'"),
    "patience 0": (call(n_iter_no_change=0), ValueError, "'n_iter_no_change'"),
    "random state": (call(random_state="seed"), ValueError, "'random_state'"),
    "negative class weight": (
        call(class_weight={0: -1, 1: 1}),
        ValueError,
        "at least 0.*got class_weight=",
    ),
    "class weight of no class": (
        call(class_weight={"good": 1, "bad": 1}),
        ValueError,
        "not in class_weight",
    ),
    "misspelt argument of the optimizer": (
        call(optimizer__momentun=0.5),
        ValueError,
        "Did you mean 'optimizer__momentum'",
    ),
    "misspelt argument of the loss": (
        call(loss__label_smothing=0.5),
        ValueError,
        "Did you mean 'loss__label_smoothing'",
    ),
    "another reduction of the loss": (
        call(loss__reduction="sum"),
        ValueError,
        "averaged over the samples of a batch",
    ),
    "misspelt argument of a callback": (
        call(callbacks=keras.callbacks.EarlyStopping, callbacks__patiense=1),
        TypeError,
        "unexpected keyword argument 'patiense'",
    ),
    "argument of no callback": (
        call(callbacks__patience=1),
        ValueError,
        "to go to callbacks given as classes",
    ),
    "argument of an instance": (
        call(callbacks=Raises(), callbacks__patience=1),
        ValueError,
        "to go to callbacks given as classes",
    ),
    # metrics
    "unknown metric": (
        call(metrics=("acuracy",)),
        ValueError,
        "Unknown metric 'acuracy'.*Did you mean 'accuracy'",
    ),
    "one metric as a string": (call(metrics="accuracy"), ValueError, "'metrics'"),
    "metric as a function": (call(metrics=(len,)), ValueError, "Use its name.*'len'"),
    "metric with arguments": (
        call(metrics=("MeanIoU",)),
        ValueError,
        "'MeanIoU' of Keras cannot be made from its name alone.*num_classes",
    ),
    "monitored entry": (
        call(monitor="val_acuracy"),
        ValueError,
        "'val_acuracy' is not recorded. Recorded here are accuracy, loss",
    ),
    # callbacks
    "callback that raises": (call(callbacks=Raises()), RuntimeError, "its? is the"),
    "no callback": (call(callbacks=["stop"]), TypeError, "Expected callbacks.*'stop'"),
    "function that makes none": (
        call(callbacks=lambda: "stop"),
        TypeError,
        "Expected callbacks to be",
    ),
    "callback of scikit-learn": (
        call(callbacks=ProgressBar()),
        TypeError,
        "set_callbacks",
    ),
    # partial_fit
    "no classes": (
        call("partial_fit"),
        ValueError,
        "classes must be passed on the first call",
    ),
    "label that is not among the classes": (
        call("partial_fit", X, Y + 1, keywords={"classes": [0, 1]}),
        ValueError,
        r"not among the classes \[0, 1\]: \[2\]",
    ),
    "balance of a part": (
        call("partial_fit", class_weight="balanced", keywords={"classes": [0, 1]}),
        ValueError,
        "not supported by partial_fit",
    ),
}
# A fitted estimator knows its classes, or takes a part as the next one.
ONLY_UNFITTED = {"no classes"}


def state(estimator):
    return {
        name: copy.deepcopy(value) if name.endswith("_") or name[0] == "_" else value
        for name, value in vars(estimator).items()
    }


def assert_same(estimator, before):
    assert vars(estimator).keys() == before.keys()
    for name, value in vars(estimator).items():
        np.testing.assert_equal(value, before[name], name)


@pytest.fixture(scope="module")
def fitted():
    return KerasMLPClassifier(4, epochs=2, random_state=0).fit(X, Y)


@pytest.mark.parametrize("kind", BAD)
def test_unfitted(kind):
    run, error, message = BAD[kind]
    estimator = KerasMLPClassifier(4, epochs=2, random_state=0)
    vars(estimator).update(run.params)
    before = state(estimator)
    with pytest.raises(error, match=f"(?s){message}"):
        run(estimator)
    assert_same(estimator, before)
    with pytest.raises(NotFittedError):
        estimator.predict(X)


@pytest.mark.parametrize("kind", [kind for kind in BAD if kind not in ONLY_UNFITTED])
def test_fitted(fitted, kind):
    run, error, message = BAD[kind]
    estimator = KerasMLPClassifier()
    vars(estimator).update(vars(fitted) | run.params)
    before = state(estimator)
    with pytest.raises(error, match=f"(?s){message}"):
        run(estimator)
    assert_same(estimator, before)


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (X[:, :-1], "X has 5 features, but KerasMLPClassifier is expecting 6"),
        (changed(X, np.nan), "NaN"),
        (["a text"], "got texts"),
        (X[0], "Expected 2D array"),
        (X[:0], "0 sample"),
    ],
    ids=["columns", "NaN", "texts", "one dimension", "no samples"],
)
def test_prediction(fitted, method, wrong, message):
    before = state(fitted)
    with pytest.raises(ValueError, match=message):
        getattr(fitted, method)(wrong)
    assert_same(fitted, before)


@pytest.mark.parametrize(
    "method",
    ["predict", "predict_proba", "predict_log_proba", "decision_function", "score"],
)
def test_not_fitted(method):
    args = (X, Y) if method == "score" else (X,)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(KerasMLPClassifier(), method)(*args)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        KerasMLPClassifier().to_keras()


@pytest.mark.parametrize(
    ("params", "hint"),
    [
        ({"szie": 4}, "Did you mean 'size'"),
        ({"bacth_size": 3}, "Did you mean 'batch_size'"),
        ({"optimzer__momentum": 0.5}, "Did you mean 'optimizer__momentum'"),
        ({"optimizer_momentum": 0.5}, "Did you mean 'optimizer__momentum', with two"),
        ({"hidden_layer_sizes": (8,)}, "It is called size here"),
        ({"alpha": 0.1}, "It is called l2 here"),
        ({"max_iter": 5}, "It is called epochs here"),
        ({"loss": "mse"}, "loss__label_smoothing"),
    ],
    ids=str,
)
def test_unknown_parameters_are_refused_at_once(params, hint):
    with pytest.raises(TypeError, match=f"Invalid parameter.*{hint}"):
        KerasMLPClassifier(**params)
    with pytest.raises(ValueError, match=f"Invalid parameter.*{hint}"):
        KerasMLPClassifier().set_params(**params)


def test_monitor_without_validation_data_is_no_error():
    """There is no best epoch then, as without a validation loss."""
    fitted = KerasMLPClassifier(4, epochs=2, monitor="val_accuracy").fit(X, Y)
    assert fitted.best_epoch_ is None
    assert fitted.partial_fit(X, Y).best_epoch_ is None


def test_attributes_of_the_user_are_no_parameters():
    estimator = KerasMLPClassifier(4, epochs=2)
    estimator.note = "mine"
    assert estimator.fit(X, Y).note == "mine"
    assert "note" not in estimator.get_params()


def test_set_params_sets_all_or_nothing():
    estimator = KerasMLPClassifier()
    with pytest.raises(ValueError, match="Did you mean 'epochs'"):
        estimator.set_params(size=3, epoch=4)
    with pytest.raises(ValueError, match="Did you mean 'callbacks__patience'"):
        estimator.set_params(size=3, calbacks__patience=4)
    assert estimator.size == 16


def test_wrong_continuation(fitted):
    warm = clone(fitted).set_params(warm_start=True).fit(X, Y)
    before = state(warm)
    with pytest.raises(ValueError, match="same classes as in the previous call"):
        warm.fit(X, Y + 1)
    with pytest.raises(ValueError, match="same classes as in the previous call"):
        warm.fit(X, np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match="X has 5 features"):
        warm.fit(X[:, 1:], Y)
    with pytest.raises(ValueError, match="same classes as in the previous call"):
        warm.partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="indicator matrix"):
        warm.partial_fit(X, np.column_stack([Y, Y]))
    assert_same(warm, before)
    warm.set_params(size=8)
    with pytest.raises(ValueError, match=r"hidden layers of \(4, 4\) units"):
        warm.fit(X, Y)


def test_networks_that_fit_in_no_memory(fitted):
    """NumPy's error comes before any memory is used."""
    estimator = clone(fitted).set_params(size=(4, 10**7, 10**7))
    before = state(estimator)
    with pytest.raises(MemoryError):
        estimator.fit(X, Y)
    assert_same(estimator, before)


def test_validation_samples_that_fit_into_no_memory():
    """They are made dense if X is: two rows of a million fit, a million of them not."""
    wide, long = np.ones((2, 10**6), np.float32), scipy.sparse.csr_array((10**6,) * 2)
    with pytest.raises(
        MemoryError, match=r"convert X_val to a dense array.*4,000\.0 GB"
    ):
        KerasMLPClassifier(2).fit(wide, [0, 1], X_val=long, y_val=np.zeros(10**6))


def test_batch_larger_than_the_data():
    """No error: one batch then holds all samples."""
    whole = KerasMLPClassifier(4, epochs=2, batch_size=60, random_state=0).fit(X, Y)
    more = clone(whole).set_params(batch_size=10**9).fit(X, Y)
    np.testing.assert_array_equal(whole.coefs_[0], more.coefs_[0])


def test_at_least_forty_kinds():
    assert len(BAD) >= 40


MISSING_LABELS = {
    "floats": np.array([0, np.nan] * 10),
    "objects": np.array(["bad", None] * 10, dtype=object),
    "numbers and None": [0, None] * 10,
    "strings of pandas": pd.Series(["bad", None] * 10, dtype="str"),
    "nullable": pd.Series([True, None] * 10, dtype="boolean"),
    "categories": pd.Categorical(["bad", None] * 10),
    "indicators": np.array([[0.0, 1.0], [np.nan, 1.0]] * 10),
}


@pytest.mark.parametrize(
    "estimator",
    [
        KerasMLPClassifier(4, epochs=1),
        EpochSearchCV(KerasMLPClassifier(4), cv=2, max_epochs=1),
        LogCountRatioTransformer(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
@pytest.mark.parametrize("y", MISSING_LABELS.values(), ids=MISSING_LABELS)
def test_missing_labels_are_counted_and_located(estimator, y):
    message = r"y contains NaN: 10 labels are missing, in rows 1, 3, 5"
    with pytest.raises(ValueError, match=message):
        clone(estimator).fit(np.eye(20), y)


ROWS = [[float(i), float(i % 2)] for i in range(20)]
LABELS = [i % 2 for i in range(20)]
NO_MATRICES = {
    "generator": lambda: (row for row in ROWS),
    "set": lambda: {1.0, 2.0},
    "dict": lambda: {"a": [1.0] * 20},
    "object": object,
    "rows of different lengths": lambda: [[1.0], *ROWS[1:]],
    "texts in a column": lambda: np.array([[1.0, "Rome"]] * 20, object),
    "no columns": pd.DataFrame,
}


@pytest.mark.parametrize("name", NO_MATRICES)
@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict", "score", "X_val"])
def test_what_is_not_a_matrix_is_an_error(name, method):
    estimator = KerasMLPClassifier(size=2, epochs=1, random_state=0).fit(ROWS, LABELS)
    before = state(estimator)
    data = {"X": NO_MATRICES[name](), "y": LABELS}
    if method == "predict":
        del data["y"]
    if method == "X_val":
        data = {"X": ROWS, "y": LABELS, "X_val": data["X"], "y_val": LABELS}
    with pytest.raises((ValueError, TypeError)):
        getattr(estimator, "fit" if method == "X_val" else method)(**data)
    assert_same(estimator, before)


@pytest.mark.parametrize(
    "classes", [[0, None], [1, "a"], np.array([np.nan, "a"], object)]
)
def test_classes_of_several_types(fitted, classes):
    for estimator in (copy.deepcopy(fitted), KerasMLPClassifier()):
        with pytest.raises((ValueError, TypeError), match="classes"):
            estimator.partial_fit(X, Y, classes=classes)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"size": 10**30}, "'size'.*100000000"),
        ({"size": (4, 10**12)}, "'size'.*100000000"),
        ({"n_hidden_layers": 10**30}, "'n_hidden_layers'.*10000"),
        ({"class_weight": [1]}, "dict from classes to weights"),
        ({"class_weight": [1, 2]}, "class_weight"),
        ({"class_weight": [None]}, "class_weight"),
        ({"class_weight": {0: "a", 1: 1}}, "'a'"),
    ],
    ids=str,
)
def test_parameters_out_of_range(params, message):
    with pytest.raises(ValueError, match=message):
        KerasMLPClassifier(**params).fit(X, Y)


@pytest.mark.parametrize("kind", [np.uint8, np.uint64, np.int8])
def test_numbers_of_numpy_as_sizes(kind):
    params = {"size": kind(3), "epochs": kind(2), "batch_size": kind(4)}
    classifier = KerasMLPClassifier(**params, random_state=0)
    plain = KerasMLPClassifier(size=3, epochs=2, batch_size=4, random_state=0)
    for each in (classifier, plain):
        each.fit(ROWS, LABELS).partial_fit(ROWS, LABELS)
    np.testing.assert_array_equal(classifier.coefs_[0], plain.coefs_[0])


@pytest.mark.parametrize(
    ("argument", "hint"),
    [
        ({"epochs": 3}, r"set_params\(epochs="),
        ({"batch_size": 3}, r"set_params\(batch_size="),
        ({"callbacks": []}, r"set_params\(callbacks="),
        ({"validation_data": (X, Y)}, "X_val and y_val"),
        (
            {"validation_split": 0.2},
            "validation_fraction, which needs",
        ),
        ({"sample_weights": None}, "Did you mean 'sample_weight'"),
    ],
    ids=str,
)
def test_arguments_of_fit_in_keras(fitted, argument, hint):
    for method in ("fit", "partial_fit"):
        name = next(iter(argument))
        with pytest.raises(TypeError, match=f"argument '{name}'.*{hint}"):
            getattr(copy.deepcopy(fitted), method)(X, Y, **argument)


@pytest.mark.parametrize("name", ["loss_curve_", "validation_scores_", "history"])
def test_attributes_of_scikit_learn_and_keras(fitted, name):
    for estimator in (fitted, KerasMLPClassifier()):
        assert not hasattr(estimator, name)
        with pytest.raises(AttributeError, match="history_"):
            getattr(estimator, name)


def test_validation_split_needs_early_stopping():
    with pytest.raises(TypeError, match="which needs early_stopping=True"):
        KerasMLPClassifier(validation_split=0.2)
    with pytest.raises(ValueError, match="which needs early_stopping=True"):
        KerasMLPClassifier().set_params(validation_split=0.2)


@pytest.mark.parametrize("texts", [["good film"] * 60, np.array(["good film"] * 60)])
def test_texts_as_validation_samples_of_a_pipeline(texts):
    pipe = make_pipeline(TextMultiHotVectorizer(), KerasMLPClassifier(2, epochs=1))
    params = {"kerasmlpclassifier__X_val": texts, "kerasmlpclassifier__y_val": Y}
    with pytest.raises(ValueError, match="X_val") as error:
        pipe.fit(texts, Y, **params)
    message = str(error.value)
    assert message.count("X_val") == 2  # the name, and the remedy
    assert "transform_input=['X_val']" in message
    assert message.count("got texts") == 1


def test_a_chunk_is_not_called_x_val():
    """A sparse chunk after a dense one, too large to become dense."""
    wide = scipy.sparse.csr_array((10**6,) * 2, dtype=np.float32)
    chunks = [(np.ones((2, 10**6), np.float32), [0, 1]), (wide, np.zeros(10**6))]
    with pytest.raises(MemoryError, match="convert X to a dense array"):
        KerasMLPClassifier(2).partial_fit(iter(chunks), classes=[0, 1])


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("learning_rate", [1e4, 1e6, 1e8])
def test_a_loss_that_rises_far_is_never_silent(optimizer, learning_rate):
    classifier = KerasMLPClassifier(
        4, optimizer=optimizer, learning_rate=learning_rate, batch_size=10, epochs=8
    ).set_params(random_state=0, activation="linear")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            loss = classifier.fit(X, Y).history_["loss"]
        except ValueError as error:
            if "diverged" in str(error):
                return
            raise
    rises = loss[-1] > max(loss[0], 100)
    assert [w.category for w in caught] == [ConvergenceWarning] * int(rises)
    assert all("Lower learning_rate" in str(w.message) for w in caught)

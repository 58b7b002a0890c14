"""Metrics of scikit-learn and of Keras in the history."""

import inspect
import warnings

import keras
import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import f1_score, get_scorer, make_scorer, roc_auc_score

from skimdb import KerasMLPClassifier
from skimdb._directions import lower_is_better

X, Y = make_classification(
    120, 8, n_informative=5, n_classes=3, n_clusters_per_class=1, random_state=0
)
X = X.astype(np.float32)
TARGETS = {
    "binary": (Y > 0).astype(int),
    "multiclass": Y,
    "multilabel": np.column_stack([Y > 0, Y == 1, Y == 2]).astype(int),
}


def make(**params):
    defaults = {"size": 4, "epochs": 2, "batch_size": 50, "random_state": 0}
    return KerasMLPClassifier(**defaults | {"learning_rate": 0.02} | params)


# Keras's metrics

CLASSES = {
    name
    for name, value in vars(keras.metrics).items()
    if inspect.isclass(value) and issubclass(value, keras.metrics.Metric)
}
NEED_ARGUMENTS = {
    "IoU",
    "MeanIoU",
    "MeanMetricWrapper",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PrecisionAtRecall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
}
NOT_OF_TARGETS = {"Mean", "Metric", "Sum"}
OF_SEVERAL_OUTPUTS = {
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "PearsonCorrelation",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
}
REFUSED = {
    "binary": OF_SEVERAL_OUTPUTS,
    "multiclass": set(),
    "multilabel": {name for name in CLASSES if name.startswith("Sparse")},
}


@pytest.mark.parametrize("kind", TARGETS)
def test_every_metric_of_keras(kind):
    """Each value is Keras's own, of `keras.Model.evaluate`."""
    y = TARGETS[kind]
    refused = NEED_ARGUMENTS | NOT_OF_TARGETS | REFUSED[kind] | {"Accuracy"}
    names = sorted(CLASSES - refused)
    with warnings.catch_warnings():  # correlations of constant targets
        warnings.filterwarnings("ignore", ".*Keras returns NaN")
        fitted = make(metrics=names).fit(X, y, X_val=X, y_val=y)
    model = fitted.model_
    codes = y[:, np.newaxis] if kind == "binary" else y
    targets = np.eye(3)[y] if kind == "multiclass" else codes
    for sparse in (False, True):
        chosen = [name for name in names if name.startswith("Sparse") == sparse]
        if not chosen:
            continue
        measures = [keras.metrics.get(name) for name in chosen]
        model.compile(loss=lambda y, p: p[:, 0], metrics=measures, run_eagerly=True)
        model.evaluate(X, codes if sparse else targets, batch_size=120, verbose=0)
        for name, measure in zip(chosen, measures, strict=True):
            ours = fitted.history_[f"val_{name}"][-1]
            theirs = np.mean(measure.result())
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, name)
        for kind, names in REFUSED.items()
        for name in sorted(names | NOT_OF_TARGETS | {"Accuracy", "f1_score"})
        if (kind, name) != ("multiclass", "f1_score")
        and (kind, name) != ("multilabel", "f1_score")
    ],
)
def test_metrics_of_keras_without_a_meaning(kind, name):
    """The error names a metric that has one."""
    with pytest.raises(ValueError, match=rf"'{name}'.*('accuracy'|'BinaryAccuracy')"):
        make(metrics=(name,)).fit(X, TARGETS[kind])


@pytest.mark.parametrize("name", sorted(NEED_ARGUMENTS))
def test_metrics_of_keras_with_arguments(name):
    with pytest.raises(ValueError, match="cannot be made from its name alone"):
        make(metrics=(name,)).fit(X, Y)


@pytest.mark.parametrize("name", sorted(CLASSES - NEED_ARGUMENTS - {"Metric"}))
def test_direction_of_every_metric_of_keras(name):
    direction = getattr(keras.metrics.get(name), "_direction", None)
    if direction is not None:  # Keras knows it
        assert lower_is_better(name) == (direction == "down")


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        (keras.metrics.AUC(), "AUC"),
        (keras.metrics.AUC, "AUC"),
        (keras.metrics.binary_accuracy, "binary_accuracy"),
        (f1_score, "f1"),
        (roc_auc_score, "roc_auc"),
    ],
    ids=["object", "class", "function", "scikit-learn", "another"],
)
def test_metrics_that_are_not_names(metric, name):
    with pytest.raises(ValueError, match=rf"Expected metrics.*Use its name.*'{name}'"):
        make(metrics=[metric]).fit(X, Y)
    make(metrics=[name]).fit(X, TARGETS["binary"])


def test_other_objects_are_no_metrics():
    for metric in (make_scorer(f1_score), 3, None):
        with pytest.raises(ValueError, match="Expected metrics to be names"):
            make(metrics=[metric]).fit(X, Y)


@pytest.mark.parametrize("name", ["acc", "Accuracy"])
def test_other_names_of_the_accuracy(name):
    with pytest.raises(ValueError, match="Did you mean 'accuracy'"):
        make(metrics=[name]).fit(X, Y)


@pytest.mark.parametrize("name", ["precision", "recall", "accuracy", "r2"])
def test_names_of_both_libraries_belong_to_scikit_learn(name):
    y = TARGETS["binary"]
    fitted = make(metrics=[name]).fit(X, y, X_val=X, y_val=y)
    assert fitted.backend_ == "numpy"
    expected = get_scorer(name)(fitted, X, y)
    assert fitted.history_[f"val_{name}"][-1] == pytest.approx(expected)


# Metrics that cannot be computed

SIX = np.arange(120) % 6


class SeesBatches(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.logs = []

    def on_train_batch_end(self, batch, logs=None):
        self.logs.append(logs)

    def on_test_batch_end(self, batch, logs=None):
        self.logs.append(logs)


UNDEFINED = {
    "validation without a class": (
        {"metrics": ["roc_auc_ovr"]},
        SIX,
        {"X_val": X[SIX < 5], "y_val": SIX[SIX < 5]},
        "val_roc_auc_ovr",
    ),
    "validation with one class": (
        {"metrics": ["roc_auc"]},
        SIX % 2,
        {"X_val": X[::2], "y_val": SIX[::2] % 2},
        "val_roc_auc",
    ),
    "class of one sample": (
        {"metrics": ["roc_auc_ovr"], "early_stopping": True},
        np.where(np.arange(120) == 7, "rare", np.where(Y > 0, "a", "b")),
        {},
        "val_roc_auc_ovr",
    ),
    "several classes": ({"metrics": ["f1"]}, Y, {}, "f1"),
    "several labels": (
        {"metrics": ["matthews_corrcoef"]},
        TARGETS["multilabel"],
        {},
        "matthews_corrcoef",
    ),
}


@pytest.mark.parametrize("case", UNDEFINED)
def test_a_metric_never_ends_training(case):
    params, y, validation, name = UNDEFINED[case]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = make(**params).fit(X, y, **validation)
    assert np.isnan(fitted.history_[name]).all()
    assert np.isfinite(fitted.history_["loss"]).all()
    (warning,) = caught
    assert issubclass(warning.category, (UndefinedMetricWarning, UserWarning))


# Logs at batches


@pytest.mark.parametrize("kind", TARGETS)
def test_logs_at_batches(kind):
    """Loss and accuracy so far; the last ones are the ones of the epoch."""
    y = TARGETS[kind]
    callback = SeesBatches()
    weight = np.linspace(0.5, 2, 120)
    metrics = ["accuracy", "neg_log_loss"] if kind != "multilabel" else ["accuracy"]
    fitted = make(metrics=metrics, callbacks=callback, epochs=1)
    fitted.fit(X, y, sample_weight=weight, X_val=X, y_val=y)
    assert len(callback.logs) == 6
    assert all(logs.keys() == {"loss", "accuracy"} for logs in callback.logs)
    for prefix, logs in (("", callback.logs[2]), ("val_", callback.logs[5])):
        for name, value in logs.items():
            expected = fitted.history_[prefix + name][-1]
            assert value == pytest.approx(expected, rel=1e-5)


def test_batches_do_not_compute_metrics_of_the_epoch(monkeypatch):
    """Their cost would grow with the square of the number of batches."""
    from skimdb.neural_network import _metrics

    calls = []
    monkeypatch.setattr(_metrics, "get_scorer", _count(_metrics.get_scorer, calls))
    make(metrics=["roc_auc"], callbacks=SeesBatches(), batch_size=2).fit(
        X, TARGETS["binary"]
    )
    assert len(calls) == 2  # one in each epoch


def _count(get, calls):
    def get_counted(name):
        scorer = get(name)
        score = scorer._score_func

        def counted(*args, **params):
            calls.append(name)
            return score(*args, **params)

        scorer._score_func = counted
        return scorer

    return get_counted

"""Metrics of an epoch, computed from the network's outputs."""

import inspect
import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer, get_scorer_names


class _Predictions(ClassifierMixin, BaseEstimator):
    """Lets a scorer score probabilities that are already there, passed as X."""

    def __init__(self, classes_):
        self.classes_ = classes_

    def predict_proba(self, X):
        return X

    def predict(self, X):
        return self.classes_[np.argmax(X, axis=1)]


def probabilities(outputs):
    """Probability of each class, from one sigmoid unit or a softmax."""
    if outputs.shape[1] == 1:
        return np.hstack([1 - outputs, outputs])
    return outputs


def _scorer_metric(name):
    scorer = get_scorer(name)

    def metric(rows, outputs):
        proba = probabilities(outputs)
        codes = probabilities(rows.Y).argmax(axis=1)
        with warnings.catch_warnings():
            # A metric such as precision may be undefined in an early epoch.
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            return float(scorer(_Predictions(np.arange(proba.shape[1])), proba, codes))

    return metric


def _accuracy(rows, outputs):
    if outputs.shape[1] == 1:
        return float(np.mean((outputs > 0.5) == (rows.Y > 0.5)))
    return float(np.mean(outputs.argmax(axis=1) == rows.Y.argmax(axis=1)))


def _keras_metric(name):
    import keras

    try:
        found = keras.metrics.get(name)
    except ValueError:
        found = None
    if found is None:
        raise ValueError(
            f"Unknown metric {name!r}: neither a scikit-learn scorer (see "
            "sklearn.metrics.get_scorer_names()) nor a Keras metric, such as 'AUC'."
        )

    def metric(rows, outputs):
        measure = found() if inspect.isclass(found) else found
        measure = (
            measure
            if isinstance(measure, keras.metrics.Metric)
            else keras.metrics.MeanMetricWrapper(measure, name=name)
        )
        measure.update_state(rows.Y, outputs)
        return float(measure.result())

    return metric


def lower_is_better(name):
    """Whether a monitored entry of the logs improves by falling.

    Parameters
    ----------
    name : str
        Such as ``"val_loss"`` or ``"accuracy"``.

    Returns
    -------
    lower : bool
    """
    name = name.removeprefix("val_")
    errors = ("loss", "error", "crossentropy", "divergence", "hinge", "poisson")
    return name not in get_scorer_names() and any(e in name.lower() for e in errors)


def make_metrics(names):
    """Metrics by name, as one function.

    Parameters
    ----------
    names : sequence of str
        ``"accuracy"``, the name of a scikit-learn scorer or of a Keras metric.

    Returns
    -------
    metrics : callable
        ``metrics(rows, outputs)`` returns a dict from each name to a float.

    Raises
    ------
    ValueError
        If a name is neither.
    """
    scorers = set(get_scorer_names())
    functions = {
        name: _accuracy
        if name == "accuracy"
        else _scorer_metric(name)
        if name in scorers
        else _keras_metric(name)
        for name in names
    }
    return lambda rows, outputs: {
        name: function(rows, outputs) for name, function in functions.items()
    }

"""Metrics of an epoch, computed from the network's outputs."""

import inspect
import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import get_scorer, get_scorer_names

from skimdb._suggestions import suggest_nearest
from skimdb.neural_network._forward import probabilities
from skimdb.neural_network._labels import decode, is_multilabel

# Parts of the names of Keras metrics that improve by falling.
_ERRORS = ("loss", "error", "crossentropy", "divergence", "hinge", "poisson", "false")
_ERROR_NAMES = {"bce", "mae", "mape", "mse", "msle"}


class _Predictions(ClassifierMixin, BaseEstimator):
    """Lets a scorer score probabilities that are already there, passed as X."""

    def __init__(self, classes_):
        self.classes_ = classes_

    def predict_proba(self, X):
        return X

    def predict(self, X):
        return decode(X, self.classes_)


def _scorer_metric(name, classes):
    scorer = get_scorer(name)
    takes_weight = "sample_weight" in inspect.signature(scorer._score_func).parameters
    # Scorers such as "f1" know no positive class among strings; here it is the last.
    if not is_multilabel(classes) and classes.dtype.kind not in "biuf":
        classes = np.arange(len(classes))

    def metric(rows, outputs):
        weight = {"sample_weight": rows.metric_weight} if takes_weight else {}
        labels = decode(probabilities(rows.Y), classes)
        with warnings.catch_warnings():
            # A metric such as precision may be undefined in an early epoch.
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            return scorer(
                _Predictions(classes), probabilities(outputs), labels, **weight
            )

    return metric


def _accuracy(rows, outputs):
    """Scikit-learn's accuracy, but fast; of an indicator all labels have to agree."""
    if outputs.shape[1] == 1:
        correct = (outputs[:, 0] > 0.5) == (rows.Y[:, 0] > 0.5)
    else:
        correct = outputs.argmax(axis=1) == rows.Y.argmax(axis=1)
    return correct @ rows.metric_weight / rows.metric_weight.sum()


def _keras_metric(name):
    import keras

    try:
        found = keras.metrics.get(name)
        measure = found() if inspect.isclass(found) else found
    except ValueError:
        valid = [
            *get_scorer_names(),
            *(n for n, v in vars(keras.metrics).items() if inspect.isclass(v)),
        ]
        raise ValueError(
            f"Unknown metric {name!r}: neither the name of a scikit-learn scorer (see "
            f"sklearn.metrics.get_scorer_names()) nor of a Keras metric."
            f"{suggest_nearest(name, valid)}"
        ) from None
    except TypeError as error:
        raise ValueError(
            f"Metric {name!r} of Keras cannot be made from its name alone: {error}."
        ) from error
    if not isinstance(measure, keras.metrics.Metric):
        measure = keras.metrics.MeanMetricWrapper(measure, name=name)

    def metric(rows, outputs):
        targets = rows.Y.astype("float32")  # some take no other
        if "sparse" in name.lower():  # these take the number of the class
            targets = probabilities(targets).argmax(axis=1)
        measure.reset_state()
        measure.update_state(
            targets, outputs.astype("float32"), sample_weight=rows.metric_weight
        )
        return np.mean(measure.result())  # some have a value per class

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
    if name in get_scorer_names():
        return False
    name = name.lower()
    return name in _ERROR_NAMES or any(part in name for part in _ERRORS)


def make_metrics(names, classes):
    """Metrics by name, as one function.

    Parameters
    ----------
    names : sequence of str
        Names of scikit-learn scorers or of Keras metrics; the former go first.
    classes : ndarray of shape (n_classes,), or list of ndarray
        Labels that the outputs stand for; the list for an indicator matrix.

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
    functions = {}
    for name in names:
        if not isinstance(name, str):
            raise ValueError(
                f"metrics={names!r}: give names, of scikit-learn scorers or of Keras "
                f"metrics; {name!r} is none."
            )
        if name == "accuracy" and not is_multilabel(classes):
            functions[name] = _accuracy
        elif name in scorers:
            functions[name] = _scorer_metric(name, classes)
        else:
            functions[name] = _keras_metric(name)

    def metrics(rows, outputs):
        logs = {}
        for name, function in functions.items():
            try:
                logs[name] = float(function(rows, outputs))
            except (TypeError, ValueError) as error:
                raise ValueError(
                    f"Metric {name!r} cannot be computed for these targets: {error}"
                ) from error
        return logs

    return metrics

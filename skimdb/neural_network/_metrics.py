"""Metrics of an epoch, computed from the logits."""

import inspect

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import get_scorer, get_scorer_names

from skimdb._messages import warn
from skimdb.neural_network._network import compute_probabilities, divide_rows
from skimdb.neural_network._samples import decode_labels, is_multilabel

# Samples whose probabilities are computed at a time, to save memory with many classes.
_BLOCK_ROWS = 1024


def find_keras_metrics(names):
    """List the metrics that are not names of scikit-learn scorers.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    keras_names : list of str

    Raises
    ------
    ValueError
        If a metric is not given by its name, or by another name of the accuracy.
    """
    for name in names:
        if not isinstance(name, str):
            given = getattr(name, "__name__", type(name).__name__)
            given = given.removesuffix("_score")
            raise ValueError(
                "Expected metrics to be names of scikit-learn scorers or of Keras "
                f"metrics, got {name!r}. Use its name, such as {given!r}."
            )
        # Names that Keras understands as the accuracy, or as a metric that is always 0.
        if name in ("acc", "Accuracy"):
            raise ValueError(f"Unknown metric {name!r}. Did you mean 'accuracy'?")
    return [name for name in names if name not in get_scorer_names()]


class _Predictions(ClassifierMixin, BaseEstimator):
    """Lets a scorer score given logits, which it passes as X."""

    def __init__(self, classes, output_activation):
        self.classes_ = classes
        self._output_activation = output_activation

    def decision_function(self, X):
        return X.ravel() if X.shape[1] == 1 else X

    def predict_proba(self, X):
        return compute_probabilities(X, self._output_activation)

    def predict(self, X):
        return decode_labels(self.predict_proba(X), self.classes_)


class Metrics:
    """Metrics of an epoch by name.

    Parameters
    ----------
    names : sequence of str
        Names of scikit-learn scorers or of Keras metrics. If both libraries have a
        name, the scorer counts.
    classes : ndarray of shape (n_classes,), or list of ndarray
        Labels of the outputs; a list for an indicator matrix.
    output_activation : {"sigmoid", "softmax"}
    """

    def __init__(self, names, classes, output_activation):
        # Scorers such as "f1" know no positive class among strings. Here it is the
        # last class, because these numbers replace the strings.
        if not is_multilabel(classes) and classes.dtype.kind not in "biuf":
            classes = np.arange(len(classes))
        self._predictions = _Predictions(classes, output_activation)
        keras_names = find_keras_metrics(names)
        self._functions = {
            name: self._make_keras_metric(name)
            if name in keras_names
            else self._make_scorer_metric(name)
            for name in names
        }
        self._undefined = set()

    def __contains__(self, name):
        return name in self._functions

    def compute(self, samples, logits):
        """Compute all metrics.

        Parameters
        ----------
        samples : Samples
        logits : ndarray of shape (n_samples, n_outputs)

        Returns
        -------
        values : dict of float
            NaN for a metric that cannot be computed, with one warning in a fit.
        """
        Y, values = samples.Y, dict.fromkeys(self._functions, np.nan)
        # A constant column: no sample has the class, or all have it.
        lacks_classes = self._undefined and (Y.any(axis=0) == Y.all(axis=0)).any()
        for name, function in self._functions.items():
            if lacks_classes and name in self._undefined:
                continue  # scikit-learn would warn again
            try:
                values[name] = float(function(samples, logits))
            except Exception as error:
                if name not in self._undefined:
                    warn(
                        f"Metric {name!r} cannot be computed for these targets and is "
                        f"NaN in history_: {error} Metrics for several classes often "
                        "end in _macro or _ovr. A metric may also need samples of "
                        "every class in the training and in the validation data."
                    )
            if np.isnan(values[name]):
                self._undefined.add(name)
        return values

    def count_correct(self, samples, logits):
        """Add up the weights of the samples whose labels are all predicted.

        Parameters
        ----------
        samples : Samples
        logits : ndarray of shape (n_samples, n_outputs)

        Returns
        -------
        correct : float
            Divided by the sum of all weights, it is the accuracy.
        """
        blocks = divide_rows(len(logits), _BLOCK_ROWS)
        correct = [self._find_correct(samples.Y[b], logits[b]) for b in blocks]
        return np.concatenate(correct) @ samples.metric_weight

    def _find_correct(self, Y, logits):
        """Whether all labels of each sample are predicted."""
        correct = self._predictions.predict(logits) == self._find_labels(Y)
        return correct.all(axis=1) if correct.ndim == 2 else correct

    def _find_labels(self, Y):
        proba = np.hstack([1 - Y, Y]) if Y.shape[1] == 1 else Y
        return decode_labels(proba, self._predictions.classes_)

    def _compute_accuracy(self, samples, logits):
        """Compute scikit-learn's accuracy, but faster."""
        return self.count_correct(samples, logits) / samples.metric_weight.sum()

    def _make_scorer_metric(self, name):
        if name == "accuracy":
            return self._compute_accuracy
        scorer = get_scorer(name)  # a copy
        accepted = inspect.signature(scorer._score_func).parameters
        if "zero_division" in accepted:
            # Metrics such as precision are 0 where they are undefined, as in an early
            # epoch; scikit-learn would warn each time.
            scorer._kwargs = {"zero_division": 0.0} | scorer._kwargs

        def compute_metric(samples, logits):
            weight = samples.metric_weight if "sample_weight" in accepted else None
            labels = self._find_labels(samples.Y)
            return scorer(self._predictions, logits, labels, sample_weight=weight)

        return compute_metric

    def _make_keras_metric(self, name):
        from skimdb.neural_network._keras._objects import make_metric

        classes = self._predictions.classes_
        multilabel = is_multilabel(classes)
        n_outputs = 1 if len(classes) == 2 and not multilabel else len(classes)
        measure = make_metric(name, n_outputs, multilabel=multilabel)

        def compute_metric(samples, logits):
            proba = self._predictions.predict_proba(logits)
            proba = proba[:, 1:] if logits.shape[1] == 1 else proba
            value = measure(samples.Y, proba, logits, samples.metric_weight)
            if np.isnan(value):
                raise ValueError("Keras returns NaN.")
            return value

        return compute_metric

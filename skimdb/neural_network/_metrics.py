"""Metrics of an epoch, computed from the logits."""

import inspect

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import get_scorer, get_scorer_names

from skimdb.neural_network._labels import decode_labels, is_multilabel
from skimdb.neural_network._network import compute_probabilities


def find_keras_metrics(names):
    """List the metrics that scikit-learn has no scorer for.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    keras_names : list of str

    Raises
    ------
    ValueError
        If a name is no string, or is a short form that neither library has.
    """
    scorers = set(get_scorer_names())
    for name in names:
        if not isinstance(name, str):
            raise ValueError(
                f"metrics={names!r}: give names, of scikit-learn scorers or of Keras "
                f"metrics; {name!r} is none."
            )
        if name == "acc":
            raise ValueError("Unknown metric 'acc'. Did you mean 'accuracy'?")
    return [name for name in names if name not in scorers]


class _Predictions(ClassifierMixin, BaseEstimator):
    """Lets a scorer score logits that are already there, passed as X."""

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
        Names of scikit-learn scorers or of Keras metrics; the former go first.
    classes : ndarray of shape (n_classes,), or list of ndarray
        Labels that the outputs stand for; the list for an indicator matrix.
    output_activation : {"sigmoid", "softmax"}
    """

    def __init__(self, names, classes, output_activation):
        # Scorers such as "f1" know no positive class among strings; here it is the
        # last.
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

    def compute(self, samples, logits):
        """Compute all metrics.

        Parameters
        ----------
        samples : Samples
        logits : ndarray of shape (n_samples, n_outputs)

        Returns
        -------
        values : dict of float
        """
        values = {}
        for name, function in self._functions.items():
            try:
                values[name] = float(function(samples, logits))
            except (TypeError, ValueError) as error:
                raise ValueError(
                    f"Metric {name!r} cannot be computed for these targets: {error}. "
                    "Take one that goes with them; the names of those for several "
                    "classes often end in _macro or _ovr."
                ) from error
        return values

    def _make_scorer_metric(self, name):
        if name == "accuracy" and not is_multilabel(self._predictions.classes_):
            return self._compute_accuracy
        scorer = get_scorer(name)  # a copy
        accepted = inspect.signature(scorer._score_func).parameters
        if "zero_division" in accepted:
            # Metrics such as precision are 0 where they are undefined, as in an early
            # epoch; scikit-learn would warn each time.
            scorer._kwargs = {"zero_division": 0.0} | scorer._kwargs

        def compute_metric(samples, logits):
            weight = samples.metric_weight if "sample_weight" in accepted else None
            labels = self._decode_targets(samples.Y)
            return scorer(self._predictions, logits, labels, sample_weight=weight)

        return compute_metric

    def _decode_targets(self, Y):
        proba = np.hstack([1 - Y, Y]) if Y.shape[1] == 1 else Y
        return decode_labels(proba, self._predictions.classes_)

    def _compute_accuracy(self, samples, logits):
        """Compute scikit-learn's accuracy, but fast."""
        proba = self._predictions.predict_proba(logits)
        if logits.shape[1] == 1:
            correct = (proba[:, 1] > proba[:, 0]) == (samples.Y[:, 0] > 0.5)
        else:
            correct = proba.argmax(axis=1) == samples.Y.argmax(axis=1)
        return correct @ samples.metric_weight / samples.metric_weight.sum()

    def _make_keras_metric(self, name):
        from skimdb.neural_network._keras._objects import make_metric

        measure = make_metric(name)

        def compute_metric(samples, logits):
            targets, proba = samples.Y, self._predictions.predict_proba(logits)
            if logits.shape[1] == 1:
                proba = proba[:, 1:]
            if "sparse" in name.lower():  # these take the number of the class
                targets = self._number_targets(targets)
            measure.reset_state()
            measure.update_state(
                targets.astype("float32"),  # some take no other
                proba.astype("float32"),
                sample_weight=samples.metric_weight,
            )
            return np.mean(measure.result())  # some have a value per class

        return compute_metric

    @staticmethod
    def _number_targets(Y):
        return Y[:, 0] if Y.shape[1] == 1 else Y.argmax(axis=1)

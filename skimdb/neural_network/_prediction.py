"""Predictions of a fitted network."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skimdb.neural_network import _input_checks, _network
from skimdb.neural_network._input_checks import Matrix
from skimdb.neural_network._samples import decode_labels


class PredictionMixin:
    """Adds the prediction methods to a classifier with fitted weights."""

    def _compute_logits(self, X):
        check_is_fitted(self)
        X = _input_checks.check_matrix(self, X, dtype=self.coefs_[0].dtype)
        weights = self.coefs_, self.intercepts_
        logits = _network.compute_logits(X, *weights, self.activation)
        _input_checks.check_finite_logits(logits, X)
        return logits

    def decision_function(self, X: Matrix) -> np.ndarray:
        """Compute the logits, the input of the last layer's sigmoid or softmax.

        Unlike probabilities, logits do not saturate at 0 and 1, so they rank samples
        better. `CalibratedClassifierCV` calibrates them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        logits : ndarray of shape (n_samples,) for two classes, \
                else (n_samples, n_classes)
            Logits in the dtype of the network.
        """
        logits = self._compute_logits(X)
        return logits.ravel() if self.n_outputs_ == 1 else logits

    def predict_proba(self, X: Matrix) -> np.ndarray:
        """Predict the probability of each class or label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Probabilities in the dtype of the network, with columns in the order of
            `classes_`. For an indicator matrix, the labels are independent.
        """
        logits = self._compute_logits(X)
        return _network.compute_probabilities(logits, self.out_activation_)

    def predict_log_proba(self, X: Matrix) -> np.ndarray:
        """Predict the logarithm of the probability of each class or label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
            Finite also where a probability rounds to 0.
        """
        logits = self._compute_logits(X)
        return _network.compute_log_probabilities(logits, self.out_activation_)

    def predict(self, X: Matrix) -> np.ndarray:
        """Predict the most probable class, or all labels with more than 50 %.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels in the dtype of the labels in `fit`.
        """
        return decode_labels(self.predict_proba(X), self._label_classes)

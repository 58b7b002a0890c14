"""Rows to train or to validate on, as plain arrays."""

from typing import NamedTuple

import numpy as np


class Rows(NamedTuple):
    """Rows to train or to validate on.

    Attributes
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
        What the outputs should be.
    sample_weight : ndarray of shape (n_samples,)
    """

    X: object
    Y: np.ndarray
    sample_weight: np.ndarray

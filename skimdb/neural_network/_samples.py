"""Rows to train or to validate on, as plain arrays."""

from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import scipy.sparse


class Rows(NamedTuple):
    """Rows to train or to validate on.

    Attributes
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
        What the outputs should be.
    sample_weight : ndarray of shape (n_samples,)
        Weights in the loss, with a mean of 1.
    metric_weight : ndarray of shape (n_samples,)
        Weights in the metrics, with a mean of 1; class weights do not count here.
    """

    X: object
    Y: np.ndarray
    sample_weight: np.ndarray
    metric_weight: np.ndarray

    @classmethod
    def make(cls, X, Y, sample_weight=None, class_weight=1.0):
        """Bring all to the dtype of X, and the weights to a mean of 1.

        `class_weight` has an entry per sample.
        """
        if sample_weight is None:
            sample_weight = np.ones(len(Y))
        in_loss, in_metrics = (
            (weight * (len(Y) / np.sum(weight))).astype(X.dtype)
            for weight in (sample_weight * class_weight, sample_weight)
        )
        return cls(X, Y.astype(X.dtype), in_loss, in_metrics)


def distinct_rows(X, Y):
    """Number the distinct rows, in an order that depends on their content only.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
        Rows with other targets are distinct too.

    Returns
    -------
    numbers : ndarray of int of shape (n_samples,)
    """
    X = scipy.sparse.csr_array(X, copy=True)
    X.sum_duplicates()
    X.eliminate_zeros()
    indices = X.indices.astype(np.int64, copy=False)
    digests = [
        blake2b(
            indices[begin:end].tobytes() + X.data[begin:end].tobytes() + row.tobytes(),
            digest_size=16,
        ).digest()
        for begin, end, row in zip(X.indptr[:-1], X.indptr[1:], Y, strict=True)
    ]
    order = {digest: number for number, digest in enumerate(sorted(set(digests)))}
    return np.array([order[digest] for digest in digests])


def hold_out(X, Y, fraction, seed, *, stratify=True):
    """Split off a part of the rows, equal rows staying together.

    A row that stands on both sides would make the held-out part easier than it is.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
    fraction : float
    seed : int
    stratify : bool, default=True
        Take the same share of each class.

    Returns
    -------
    held_out : ndarray of bool of shape (n_samples,)
        At least one distinct row of each class that has two.
    """
    rng = np.random.default_rng(seed)
    numbers = distinct_rows(X, Y)
    _, first = np.unique(numbers, return_index=True)
    classes = Y[first] if stratify else np.zeros_like(Y[first])
    strata = np.unique(classes, axis=0, return_inverse=True)[1].ravel()
    chosen = np.zeros(len(first), bool)
    for stratum in range(strata.max() + 1):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        n_held_out = np.clip(round(fraction * len(members)), 1, len(members) - 1)
        chosen[members[:n_held_out]] = True
    return chosen[numbers]

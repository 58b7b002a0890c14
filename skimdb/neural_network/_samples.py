"""Samples to train or to validate on, as plain arrays."""

from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b

import numpy as np
import scipy.sparse

from skimdb.neural_network._sparse_rows import SparseRows


@dataclass(frozen=True)
class Samples:
    """Samples to train or to validate on.

    Attributes
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
        Targets of the network.
    sample_weight : ndarray of shape (n_samples,)
        Weights in the loss, with a mean of 1.
    metric_weight : ndarray of shape (n_samples,)
        Weights in the metrics, with a mean of 1; class weights do not count here.
    """

    X: object
    Y: np.ndarray
    sample_weight: np.ndarray
    metric_weight: np.ndarray

    def __len__(self):
        return len(self.Y)

    def select(self, rows):
        """Return the samples in some rows, given by a slice or positions."""
        return Samples(
            self.X[rows],
            self.Y[rows],
            self.sample_weight[rows],
            self.metric_weight[rows],
        )

    def view_sparse(self):
        """Return the samples with sparse features as `SparseRows`, without a copy."""
        if not scipy.sparse.issparse(self.X):
            return self
        return replace(self, X=SparseRows.from_csr(self.X))

    def select_targets(self, rows):
        """Return the samples in some rows without their features."""
        return Samples(
            None, self.Y[rows], self.sample_weight[rows], self.metric_weight[rows]
        )


def make_samples(X, Y, sample_weight, class_weight=1.0):
    """Cast to the dtype of `X` and scale the weights to mean 1.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,)
    class_weight : float or ndarray of shape (n_samples,), default=1.0
        Further weights, which count in the loss only.

    Returns
    -------
    samples : Samples
    """
    in_loss, in_metrics = (
        (weight / np.mean(weight)).astype(X.dtype)
        for weight in (sample_weight * class_weight, sample_weight)
    )
    return Samples(X, Y.astype(X.dtype), in_loss, in_metrics)


def fill_batches(chunks, batch_size):
    """Move samples across the borders of chunks, so that batches are whole.

    Parameters
    ----------
    chunks : iterator of Samples
        At least one.
    batch_size : int

    Yields
    ------
    block : Samples
        In the same order, a block per chunk; of whole batches, but for the last.
    """
    held = next(chunks)
    for chunk in chunks:
        stop = len(held) // batch_size * batch_size
        if stop:
            yield held.select(slice(stop))
        held = _join_samples(held.select(slice(stop, None)), chunk)
    yield held


def _join_samples(*parts):
    is_sparse = scipy.sparse.issparse(parts[0].X)
    stack = partial(scipy.sparse.vstack, format="csr") if is_sparse else np.vstack
    return Samples(
        stack([part.X for part in parts]),
        np.vstack([part.Y for part in parts]),
        np.concatenate([part.sample_weight for part in parts]),
        np.concatenate([part.metric_weight for part in parts]),
    )


def number_distinct_rows(X, Y):
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


def choose_held_out(X, Y, fraction, seed, *, stratify=True):
    """Choose samples to hold out, equal ones staying together.

    A sample on both sides would make the held-out part easier than it is.

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
        At least one distinct sample of each class that has two.
    """
    rng = np.random.default_rng(seed)
    numbers = number_distinct_rows(X, Y)
    _, first = np.unique(numbers, return_index=True)
    classes = Y[first] if stratify else np.zeros_like(Y[first])
    strata = np.unique(classes, axis=0, return_inverse=True)[1].ravel()
    chosen = np.zeros(len(first), bool)
    for stratum in range(strata.max() + 1):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        n_held_out = np.clip(round(fraction * len(members)), 1, len(members) - 1)
        chosen[members[:n_held_out]] = True
    return chosen[numbers]

"""Training and validation samples as plain arrays."""

from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b

import numpy as np
import scipy.sparse

from skimdb.neural_network._sparse_rows import SparseRows


@dataclass(frozen=True)
class Samples:
    """Training or validation samples.

    Attributes
    ----------
    X : ndarray, CSR or SparseRows of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
        Targets of the network: 0 and 1.
    sample_weight : ndarray of shape (n_samples,)
        Weights in the loss, with a mean of 1, in the dtype of `X`.
    metric_weight : ndarray of shape (n_samples,)
        Weights in the metrics, with a mean of 1. They exclude class weights.
    """

    X: object
    Y: np.ndarray
    sample_weight: np.ndarray
    metric_weight: np.ndarray

    def __len__(self):
        return len(self.Y)

    def select(self, rows):
        """Return the samples in some rows, with their targets in the dtype of `X`."""
        targets = self.select_targets(rows)
        Y = targets.Y.astype(targets.sample_weight.dtype, copy=False)
        return replace(targets, X=self.X[rows], Y=Y)

    def select_targets(self, rows):
        """Return the samples in some rows without their features."""
        return Samples(
            None, self.Y[rows], self.sample_weight[rows], self.metric_weight[rows]
        )

    def view_sparse(self):
        """Return the samples with sparse features as `SparseRows`, without a copy."""
        if not scipy.sparse.issparse(self.X):
            return self
        return replace(self, X=SparseRows.from_csr(self.X))


def make_samples(X, Y, sample_weight, class_weight=1.0):
    """Scale the weights to a mean of 1, in the dtype of `X`.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,)
    class_weight : float or ndarray of shape (n_samples,), default=1.0
        Further weights, used in the loss only.

    Returns
    -------
    samples : Samples
    """
    in_loss, in_metrics = (
        (weight / np.mean(weight)).astype(X.dtype)
        for weight in (sample_weight * class_weight, sample_weight)
    )
    return Samples(X, Y, in_loss, in_metrics)


def fill_batches(chunks, batch_size):
    """Move samples across the borders of chunks, so that batches are full.

    Parameters
    ----------
    chunks : iterator of Samples
        At least one.
    batch_size : int

    Yields
    ------
    block : Samples
        A block per chunk, in the same order. All blocks but the last consist of full
        batches.
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


def number_distinct_rows(X, Y, dtype):
    """Number the distinct rows in an order that depends only on their content.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
        Rows with different targets are distinct, too.
    dtype : dtype
        Type in which targets are compared.

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
            indices[begin:end].tobytes()
            + X.data[begin:end].tobytes()
            + row.astype(dtype).tobytes(),
            digest_size=16,
        ).digest()
        for begin, end, row in zip(X.indptr[:-1], X.indptr[1:], Y, strict=True)
    ]
    order = {digest: number for number, digest in enumerate(sorted(set(digests)))}
    return np.array([order[digest] for digest in digests])


def choose_held_out(X, Y, fraction, seed, *, stratify=True):
    """Choose the samples to hold out. Equal samples stay together.

    A sample that is in both parts would make the held-out part too easy.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
    fraction : float
    seed : int
    stratify : bool, default=True
        Hold out the same share of each class.

    Returns
    -------
    held_out : ndarray of bool of shape (n_samples,)
        At least one distinct sample of each class that has two or more.
    """
    rng = np.random.default_rng(seed)
    numbers = number_distinct_rows(X, Y, np.float64)
    _, first = np.unique(numbers, return_index=True)
    classes = Y[first] if stratify else np.zeros_like(Y[first])
    strata = np.unique(classes, axis=0, return_inverse=True)[1].ravel()
    chosen = np.zeros(len(first), bool)
    for stratum in range(strata.max() + 1):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        n_held_out = np.clip(round(fraction * len(members)), 1, len(members) - 1)
        chosen[members[:n_held_out]] = True
    return chosen[numbers]

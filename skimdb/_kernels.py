"""The first layer: how rows are laid out for it, and its two products.

Each kernel lays rows out in batches on the host (`layout`). In a TensorFlow program
it takes one batch (`batch`), multiplies it with the weights (`product`) and its
transpose with a gradient (`gradient`). The weights are cut into tiles, each a variable
of its own, so that their products and updates run side by side.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse
import tensorflow as tf

# SparseTensorDenseMatMul leaves its fast loop at 32 columns.
_NARROW = 31
# From this width on, SparseMatrixMatMul is worth the building of its matrices.
_WIDE = 48
# TensorFlow slices a vector without a copy from and to whole cache lines.
_ALIGNMENT = 16
# Updating a column's weights takes about as long as multiplying them this often.
_UPDATE_COST = 2


def choose_kernel(X, n_units, *, tiled=True):
    """Choose the fastest kernel for these rows and this width of the first layer.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    n_units : int
    tiled : bool, default=True
        Whether the weights may be cut into more than one tile.

    Returns
    -------
    kernel : DenseKernel, NarrowKernel or WideKernel
    """
    if not scipy.sparse.issparse(X):
        return DenseKernel()
    if n_units >= _WIDE or (n_units > _NARROW and not tiled):
        return WideKernel()
    if n_units > _NARROW:
        return NarrowKernel(n_tiles=2, axis=1)
    return NarrowKernel(n_tiles=2 if tiled and X.shape[1] > 1 else 1, axis=0)


class _WholeWeights:
    """Weights of one tile."""

    n_tiles = 1

    @staticmethod
    def cuts(X, n_units, batch_size):
        """Where to cut the weights."""
        return np.zeros(0, int)

    @staticmethod
    def split(weights, cuts):
        """Cut weights into tiles."""
        return [weights]

    @staticmethod
    def join(tiles):
        """Put tiles together."""
        return tiles[0]

    @staticmethod
    def parts(X, cuts):
        """Cut rows as the weights are cut."""
        return [X]


@dataclass(frozen=True)
class DenseKernel(_WholeWeights):
    """Dense rows and dense products."""

    @staticmethod
    def signature(dtype):
        """Tensors of a layout."""
        return [tf.TensorSpec([None, None], dtype)]

    @staticmethod
    def layout(parts, batch_size):
        """Lay rows out."""
        return parts

    @staticmethod
    def batch(data, index, begin, size):
        """Take one batch of a layout."""
        return tf.slice(data[0], begin, size)

    @staticmethod
    def product(batch, tiles):
        """Multiply a batch with the weights."""
        return batch @ tiles[0]

    @staticmethod
    def gradient(batch, delta):
        """Multiply the transpose of a batch with delta: a product per tile."""
        return [tf.matmul(batch, delta, transpose_a=True)]


def _lay_out(part, batch_size):
    """Index pairs and values of each batch of a part, and a table of the batches.

    Each batch is filled up with zeros to whole cache lines. Its row in the table is
    where its pairs begin and their size, the same of its values, and its shape: what a
    program would take a dozen operations to work out.
    """
    n_samples, n_features = part.shape
    firsts = np.append(np.arange(0, n_samples, batch_size), n_samples)
    ends = part.indptr[firsts].astype(np.int64)
    sizes = -(-np.diff(ends) // _ALIGNMENT) * _ALIGNMENT
    starts = np.append(0, np.cumsum(sizes))
    rows = np.repeat(
        (np.arange(n_samples) % batch_size).astype(np.int32), np.diff(part.indptr)
    )
    pairs = np.empty((starts[-1], 2), np.int32)
    values = np.empty(starts[-1], part.dtype)
    for (start, stop), (begin, end), (first, last) in zip(
        pairwise(starts), pairwise(ends), pairwise(firsts), strict=True
    ):
        middle = start + end - begin
        pairs[start:middle, 0] = rows[begin:end]
        pairs[start:middle, 1] = part.indices[begin:end]
        values[start:middle] = part.data[begin:end]
        pairs[middle:stop] = last - first - 1, 0  # the rows stay in order
        values[middle:stop] = 0
    starts, n_rows = starts[:-1], np.diff(firsts)
    table = [2 * starts, 2 * sizes, starts, sizes, n_rows, n_rows * 0 + n_features]
    return [np.stack(table, axis=1), pairs.ravel(), values]


def _signature(dtype):
    return [
        tf.TensorSpec([None, 6], tf.int64),
        tf.TensorSpec([None], tf.int32),
        tf.TensorSpec([None], dtype),
    ]


def _take(data, index):
    """Index pairs, values and shape of one batch."""
    table, pairs, values = data
    *bounds, shape = tf.split(tf.gather(table, index), [1, 1, 1, 1, 2])
    pairs = tf.reshape(tf.slice(pairs, *bounds[:2]), [-1, 2])
    return pairs, tf.slice(values, *bounds[2:]), shape


@dataclass(frozen=True)
class NarrowKernel:
    """Index pairs and values, multiplied by SparseTensorDenseMatMul.

    Parameters
    ----------
    n_tiles : int
    axis : {0, 1}
        Whether tiles are weights of some features, which multiply the same features
        of a batch, or of some units, which multiply all of it.
    """

    n_tiles: int
    axis: int

    def cuts(self, X, n_units, batch_size):
        """Where to cut the weights, so that each tile takes as long."""
        if self.axis == 1:
            return np.arange(1, self.n_tiles) * n_units // self.n_tiles
        n_batches = -(-X.shape[0] // batch_size)
        cost = np.bincount(X.indices, minlength=X.shape[1]) / n_batches + _UPDATE_COST
        done = np.cumsum(cost) / cost.sum()
        cuts = np.searchsorted(done, np.arange(1, self.n_tiles) / self.n_tiles) + 1
        return np.clip(cuts, 1, X.shape[1] - 1)

    def split(self, weights, cuts):
        """Cut weights into tiles."""
        return np.split(weights, cuts, axis=self.axis)

    def join(self, tiles):
        """Put tiles together."""
        return np.concatenate(tiles, axis=self.axis)

    def parts(self, X, cuts):
        """Cut rows as the weights are cut."""
        if self.axis == 1:
            return [X]
        bounds = [0, *cuts, X.shape[1]]
        return [X[:, low:high] for low, high in pairwise(bounds)]

    def signature(self, dtype):
        """Tensors of a layout."""
        return _signature(dtype) * (self.n_tiles if self.axis == 0 else 1)

    @staticmethod
    def layout(parts, batch_size):
        """Lay rows out."""
        return [array for part in parts for array in _lay_out(part, batch_size)]

    def batch(self, data, index, begin, size):
        """Take one batch of a layout: for each tile, what it is multiplied with."""
        parts = [_take(data[i : i + 3], index) for i in range(0, len(data), 3)]
        if self.axis == 1:
            parts *= self.n_tiles
        return [
            {"a_indices": pairs, "a_values": values, "a_shape": shape}
            for pairs, values, shape in parts
        ]

    def product(self, batch, tiles):
        """Multiply a batch with the weights."""
        products = [
            tf.raw_ops.SparseTensorDenseMatMul(**part, b=tile)
            for part, tile in zip(batch, tiles, strict=True)
        ]
        return tf.add_n(products) if self.axis == 0 else tf.concat(products, axis=1)

    def gradient(self, batch, delta):
        """Multiply the transpose of a batch with delta: a product per tile."""
        deltas = [delta] * self.n_tiles
        if self.axis == 1:
            bounds = [
                i * tf.shape(delta)[1] // self.n_tiles for i in range(1, self.n_tiles)
            ]
            bounds = [None, *bounds, None]
            deltas = [delta[:, low:high] for low, high in pairwise(bounds)]
        return [
            tf.raw_ops.SparseTensorDenseMatMul(**part, b=part_of_delta, adjoint_a=True)
            for part, part_of_delta in zip(batch, deltas, strict=True)
        ]


@dataclass(frozen=True)
class WideKernel(_WholeWeights):
    """CSR matrices, multiplied by SparseMatrixMatMul.

    Its product of a transpose makes an array per thread and adds them up; so the
    transpose is made first.
    """

    signature = staticmethod(_signature)

    @staticmethod
    def layout(parts, batch_size):
        """Lay rows out."""
        return _lay_out(parts[0], batch_size)

    @staticmethod
    def batch(data, index, begin, size):
        """Take one batch of a layout, as a CSR matrix."""
        pairs, values, shape = _take(data, index)
        return tf.raw_ops.SparseTensorToCSRSparseMatrix(
            indices=tf.cast(pairs, tf.int64), values=values, dense_shape=shape
        )

    @staticmethod
    def product(batch, tiles):
        """Multiply a batch with the weights."""
        return tf.raw_ops.SparseMatrixMatMul(a=batch, b=tiles[0])

    @staticmethod
    def gradient(batch, delta):
        """Multiply the transpose of a batch with delta: a product per tile."""
        transposed = tf.raw_ops.SparseMatrixTranspose(input=batch, type=delta.dtype)
        return [tf.raw_ops.SparseMatrixMatMul(a=transposed, b=delta)]

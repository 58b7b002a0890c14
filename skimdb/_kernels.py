"""The first layer: how rows are laid out for it, and its two products.

Each kernel lays rows out in batches on the host (`layout`). In a TensorFlow program
it takes one batch (`batch`), multiplies it with the weights (`product`) and its
transpose with a gradient (`gradient`). The weights may be cut into tiles, each a
variable of its own, so that their products and updates run side by side.
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
# Into how many parts features may be cut: few numbers make few programs.
_N_PARTS = (1, 2, 5, 10)


def choose_kernel(X, n_units, tile_size):
    """Choose the fastest kernel for these rows and this width of the first layer.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    n_units : int
    tile_size : int or None
        Weights that a tile may have to be updated fast; None leaves the weights whole.

    Returns
    -------
    kernel : DenseKernel, NarrowKernel or WideKernel
    """
    if not scipy.sparse.issparse(X):
        return DenseKernel()
    if n_units >= _WIDE or (n_units > _NARROW and tile_size is None):
        return WideKernel()
    if tile_size is None:
        return NarrowKernel(n_parts=1, n_blocks=1)
    n_blocks = 1 if n_units <= _NARROW else 2
    n_tiles = -(-X.shape[1] * n_units // tile_size)
    fitting = [n for n in _N_PARTS if n * n_blocks >= n_tiles]
    # Weights too many for small tiles make two large ones.
    n_parts = fitting[0] if fitting else 2 // n_blocks
    return NarrowKernel(max(n_parts, 2 // n_blocks), n_blocks)


class _WholeWeights:
    """Weights of one tile."""

    n_tiles = 1

    @staticmethod
    def split(weights):
        """Cut weights into tiles."""
        return [weights]

    @staticmethod
    def join(tiles):
        """Put tiles together."""
        return tiles[0]

    @staticmethod
    def parts(X):
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
    return np.stack(table, axis=1), pairs.ravel(), values


def _lay_out_all(parts, batch_size):
    """The tables of all parts side by side, then pairs and values of each."""
    tables, *data = zip(*(_lay_out(part, batch_size) for part in parts), strict=True)
    return [np.hstack(tables), *(list(arrays) for arrays in data)]


def _signature(dtype, n_parts):
    return [
        tf.TensorSpec([None, 6 * n_parts], tf.int64),
        [tf.TensorSpec([None], tf.int32)] * n_parts,
        [tf.TensorSpec([None], dtype)] * n_parts,
    ]


def _take(data, index):
    """Index pairs, values and shape of each part of one batch."""
    table, all_pairs, all_values = data
    row = tf.split(tf.gather(table, index), [1, 1, 1, 1, 2] * len(all_pairs))
    return [
        (
            tf.reshape(tf.slice(pairs, *row[i : i + 2]), [-1, 2]),
            tf.slice(values, *row[i + 2 : i + 4]),
            row[i + 4],
        )
        for i, pairs, values in zip(
            range(0, len(row), 5), all_pairs, all_values, strict=True
        )
    ]


@dataclass(frozen=True)
class NarrowKernel:
    """Index pairs and values, multiplied by SparseTensorDenseMatMul.

    Parameters
    ----------
    n_parts : int
        Parts of the features. Each takes every `n_parts`-th, so that frequent words
        are dealt out evenly.
    n_blocks : int
        Blocks of units. There is a tile of weights for each part and block.
    """

    n_parts: int
    n_blocks: int

    @property
    def n_tiles(self):
        """Tiles of weights."""
        return self.n_parts * self.n_blocks

    def split(self, weights):
        """Cut weights into tiles."""
        return [
            np.ascontiguousarray(block)
            for part in range(self.n_parts)
            for block in np.array_split(weights[part :: self.n_parts], self.n_blocks, 1)
        ]

    def join(self, tiles):
        """Put tiles together."""
        n = self.n_blocks
        parts = [np.hstack(tiles[i : i + n]) for i in range(0, len(tiles), n)]
        shape = sum(map(len, parts)), parts[0].shape[1]
        weights = np.empty(shape, parts[0].dtype)
        for part, values in enumerate(parts):
            weights[part :: self.n_parts] = values
        return weights

    def parts(self, X):
        """Cut rows as the weights are cut."""
        if self.n_parts == 1:
            return [X]
        return [X[:, part :: self.n_parts] for part in range(self.n_parts)]

    def signature(self, dtype):
        """Tensors of a layout."""
        return _signature(dtype, self.n_parts)

    @staticmethod
    def layout(parts, batch_size):
        """Lay rows out."""
        return _lay_out_all(parts, batch_size)

    @staticmethod
    def batch(data, index, begin, size):
        """Take one batch of a layout."""
        return [
            {"a_indices": pairs, "a_values": values, "a_shape": shape}
            for pairs, values, shape in _take(data, index)
        ]

    def product(self, batch, tiles):
        """Multiply a batch with the weights."""
        products = []
        for i, part in enumerate(batch):
            blocks = [
                tf.raw_ops.SparseTensorDenseMatMul(**part, b=tile)
                for tile in tiles[i * self.n_blocks : (i + 1) * self.n_blocks]
            ]
            products.append(blocks)
        # Small matrices: a row per sample.
        sums = [tf.add_n(list(block)) for block in zip(*products, strict=True)]
        return tf.concat(sums, axis=1)

    def gradient(self, batch, delta):
        """Multiply the transpose of a batch with delta: a product per tile."""
        size = tf.shape(delta)[1]
        n, remainder = size // self.n_blocks, size % self.n_blocks
        sizes = [n + tf.cast(i < remainder, tf.int32) for i in range(self.n_blocks)]
        deltas = tf.split(delta, tf.stack(sizes), axis=1, num=self.n_blocks)
        return [
            tf.raw_ops.SparseTensorDenseMatMul(**part, b=block, adjoint_a=True)
            for part in batch
            for block in (deltas if self.n_blocks > 1 else [delta])
        ]


@dataclass(frozen=True)
class WideKernel(_WholeWeights):
    """CSR matrices, multiplied by SparseMatrixMatMul.

    Its product of a transpose makes an array per thread and adds them up; so the
    transpose is made first.
    """

    @staticmethod
    def signature(dtype):
        """Tensors of a layout."""
        return _signature(dtype, n_parts=1)

    @staticmethod
    def layout(parts, batch_size):
        """Lay rows out."""
        return _lay_out_all(parts, batch_size)

    @staticmethod
    def batch(data, index, begin, size):
        """Take one batch of a layout, as a CSR matrix."""
        ((pairs, values, shape),) = _take(data, index)
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

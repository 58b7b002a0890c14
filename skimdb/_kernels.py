"""The first layer: how rows are laid out for it, and its two products.

Each kernel lays rows out in batches on the host (`layout`: where batches start, and
data arrays). In a TensorFlow program it takes one batch (`batch`), multiplies it with
the weights (`product`) and its transpose with a gradient (`gradient`).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse
import tensorflow as tf

# SparseTensorDenseMatMul leaves its fast loop at 32 columns.
_BLOCK = 31
# From this width on, sums of whole rows are faster than blocks of columns.
_WIDE = 96


def choose_kernel(X, n_units):
    """Choose the fastest kernel for these rows and this width of the first layer.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    n_units : int

    Returns
    -------
    kernel : DenseKernel, SparseKernel or GatherKernel
    """
    if not scipy.sparse.issparse(X):
        return DenseKernel()
    if n_units >= _WIDE and (X.data == 1).all():
        return GatherKernel()
    n_blocks = -(-n_units // _BLOCK)
    return SparseKernel(n_parts=2 if n_blocks == 1 else 1, n_blocks=n_blocks)


@dataclass(frozen=True)
class DenseKernel:
    """Dense rows and dense products."""

    @staticmethod
    def signature(dtype):
        """Tensors of a layout's data."""
        return [tf.TensorSpec([None, None], dtype)]

    @staticmethod
    def layout(X, batch_size, for_gradient=True):
        """Lay the rows of X out."""
        return np.arange(0, X.shape[0], batch_size), [X]

    @staticmethod
    def batch(data, starts, index, n_rows, batch_size):
        """Take one batch of a layout."""
        return tf.slice(data[0], [starts[index], 0], [n_rows, -1])

    @staticmethod
    def product(batch, weights):
        """Multiply a batch with weights."""
        return batch @ weights

    @staticmethod
    def gradient(batch, delta, n_features):
        """Multiply a transposed batch with delta."""
        return tf.matmul(batch, delta, transpose_a=True)


@dataclass(frozen=True)
class SparseKernel:
    """Index pairs and values, multiplied in pieces side by side.

    Parameters
    ----------
    n_parts : int
        Parts of its rows into which a batch is cut.
    n_blocks : int
        Blocks of columns into which the weights are cut, each narrow enough for the
        fast loop.
    """

    n_parts: int
    n_blocks: int

    # Each part is padded with zeros to whole cache lines, so that TensorFlow slices it
    # without a copy.
    _ALIGNMENT = 16

    @staticmethod
    def signature(dtype):
        """Tensors of a layout's data."""
        return [tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], dtype)]

    def layout(self, X, batch_size, for_gradient=True):
        """Lay the rows of X out; as many starts a batch as it has parts."""
        n_samples, size = X.shape[0], -(-batch_size // self.n_parts)
        offsets = np.minimum(np.arange(self.n_parts) * size, batch_size)
        bounds = np.add.outer(np.arange(0, n_samples, batch_size), offsets)
        ends = X.indptr[np.append(np.minimum(bounds, n_samples), n_samples)]
        sizes = -(-np.diff(ends) // self._ALIGNMENT) * self._ALIGNMENT
        starts = np.append(0, np.cumsum(sizes, dtype=np.int64))
        rows = (np.arange(n_samples) % batch_size % size).astype(np.int32)
        rows = np.repeat(rows, np.diff(X.indptr))
        pairs = np.zeros((starts[-1], 2), np.int32)
        values = np.zeros(starts[-1], X.dtype)
        for start, (begin, end) in zip(starts[:-1], pairwise(ends), strict=True):
            part = slice(start, start + end - begin)
            pairs[part, 0] = rows[begin:end]
            pairs[part, 1] = X.indices[begin:end]
            values[part] = X.data[begin:end]
        return starts, [pairs.ravel(), values]

    def batch(self, data, starts, index, n_rows, batch_size):
        """Take one batch of a layout: pairs, values and rows of each part."""
        pairs, values = data
        ends = tf.unstack(
            tf.slice(starts, [index * self.n_parts], [self.n_parts + 1]),
            self.n_parts + 1,
        )
        size = -(-batch_size // self.n_parts)
        sizes, left = [], n_rows
        for _ in range(self.n_parts - 1):
            sizes.append(tf.minimum(size, left))
            left -= sizes[-1]
        return [
            (
                tf.reshape(tf.slice(pairs, [2 * begin], [2 * (end - begin)]), [-1, 2]),
                tf.slice(values, [begin], [end - begin]),
                n_rows_of_part,
            )
            for (begin, end), n_rows_of_part in zip(
                pairwise(ends), [*sizes, left], strict=True
            )
        ]

    def _multiply(self, part, n_features, dense, *, adjoint=False):
        """Multiply a part of a batch with each block of columns."""
        pairs, values, n_rows = part
        shape = tf.stack([n_rows, n_features])
        blocks = [dense]
        if self.n_blocks > 1:
            width = -(-tf.shape(dense)[1] // self.n_blocks)
            blocks = [
                dense[:, block * width : (block + 1) * width]
                for block in range(self.n_blocks)
            ]
        products = [
            tf.raw_ops.SparseTensorDenseMatMul(
                a_indices=pairs,
                a_values=values,
                a_shape=shape,
                b=block,
                adjoint_a=adjoint,
            )
            for block in blocks
        ]
        return tf.concat(products, axis=1)

    def product(self, batch, weights):
        """Multiply a batch with weights."""
        n_features = tf.shape(weights, tf.int64)[0]
        return tf.concat(
            [self._multiply(part, n_features, weights) for part in batch], axis=0
        )

    def gradient(self, batch, delta, n_features):
        """Multiply a transposed batch with delta."""
        parts = [delta]
        if self.n_parts > 1:
            parts = tf.split(delta, tf.stack([n_rows for _, _, n_rows in batch]))
        return tf.add_n(
            [
                self._multiply(part, n_features, part_of_delta, adjoint=True)
                for part, part_of_delta in zip(batch, parts, strict=True)
            ]
        )


@dataclass(frozen=True)
class GatherKernel:
    """Sums of rows of the weights, for wide layers and values that are all one.

    The gradient sums rows of delta, for which each batch is kept transposed too. Both
    are made in halves side by side: of the batch's rows, and of the features.
    """

    @staticmethod
    def signature(dtype):
        """Tensors of a layout's data."""
        return [tf.TensorSpec([None], tf.int32)] * 4 + [tf.TensorSpec([None], tf.int64)]

    @staticmethod
    def layout(X, batch_size, for_gradient=True):
        """Lay the rows of X out; a batch starts, and so do its halves of rows."""
        (n_samples, n_features), size = X.shape, (batch_size + 1) // 2
        firsts = np.arange(0, n_samples, batch_size)
        bounds = np.append(np.add.outer(firsts, [0, size]), n_samples)
        starts = X.indptr[np.minimum(bounds, n_samples)].astype(np.int64)
        rows = (np.arange(n_samples) % batch_size % size).astype(np.int32)
        rows = np.repeat(rows, np.diff(X.indptr))
        columns = X.indices.astype(np.int32, copy=False)
        transposed = np.empty((2, X.nnz if for_gradient else 0), np.int32)
        middles = np.zeros(len(firsts), np.int64)
        if for_gradient:
            half = n_features // 2
            features = np.arange(n_features, dtype=np.int32)
            features[half:] -= half
            for number, first in enumerate(firsts):
                batch = X[first : first + batch_size].tocsc()
                part = slice(starts[2 * number], starts[2 * number + 2])
                transposed[0, part] = batch.indices
                transposed[1, part] = np.repeat(features, np.diff(batch.indptr))
                middles[number] = starts[2 * number] + batch.indptr[half]
        return starts, [rows, columns, *transposed, middles]

    @staticmethod
    def batch(data, starts, index, n_rows, batch_size):
        """Take one batch of a layout: its halves, and those of its transpose."""
        rows, columns, transposed_rows, transposed_columns, middles = data
        begin, middle, end = tf.unstack(tf.slice(starts, [2 * index], [3]), 3)
        half = tf.minimum((batch_size + 1) // 2, n_rows)

        def cut(segments, indices, middle):
            return [
                [tf.slice(array, [low], [high - low]) for array in (segments, indices)]
                for low, high in ((begin, middle), (middle, end))
            ]

        return (
            cut(rows, columns, middle),
            [half, n_rows - half],
            # Evaluation never looks at the transpose, which has no entries there.
            lambda: cut(transposed_columns, transposed_rows, middles[index]),
        )

    @staticmethod
    def _sum(halves, n_segments, data):
        """Sum rows of data over the segments of each half."""
        return tf.concat(
            [
                tf.raw_ops.SparseSegmentSumWithNumSegments(
                    data=data,
                    indices=indices,
                    segment_ids=segments,
                    num_segments=tf.cast(n, tf.int32),
                )
                for (segments, indices), n in zip(halves, n_segments, strict=True)
            ],
            axis=0,
        )

    @classmethod
    def product(cls, batch, weights):
        """Multiply a batch with weights."""
        halves, n_rows, _ = batch
        return cls._sum(halves, n_rows, weights)

    @classmethod
    def gradient(cls, batch, delta, n_features):
        """Multiply a transposed batch with delta."""
        _, _, transposed = batch
        half = n_features // 2
        return cls._sum(transposed(), [half, n_features - half], delta)

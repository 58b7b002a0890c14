"""The first layer: how rows are laid out for it, and its two products.

Each kernel lays rows out in batches on the host (`layout`), and in a TensorFlow
program takes one batch (`batch`), multiplies it with the weights (`product`) and its
transpose with a gradient (`gradient`).
"""

import numpy as np
import scipy.sparse
import tensorflow as tf

# SparseTensorDenseMatMul leaves its fast loop at this number of columns.
_WIDE = 32


def choose_kernel(X, n_units):
    """Fastest kernel for these rows and this width of the first layer.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    n_units : int

    Returns
    -------
    kernel : {"dense", "sparse", "gather"}
    """
    if not scipy.sparse.issparse(X):
        return "dense"
    return "gather" if n_units >= _WIDE and (X.data == 1).all() else "sparse"


class DenseKernel:
    """Dense rows and dense products."""

    @staticmethod
    def signature(dtype):
        """Tensors of a layout."""
        return [tf.TensorSpec([None, None], dtype)]

    @staticmethod
    def layout(X, batch_size, transposed=True):
        """Lay the rows of X out: batch boundaries and data arrays."""
        return np.zeros(0, np.int64), [X]

    @staticmethod
    def batch(data, begin, end, low, high):
        """One batch of a layout."""
        return [data[0][low:high]]

    @staticmethod
    def product(batch, weights, n_rows):
        """Batch times weights."""
        return batch[0] @ weights

    @staticmethod
    def gradient(batch, delta, n_features):
        """Transposed batch times delta."""
        return tf.matmul(batch[0], delta, transpose_a=True)


def _boundaries(X, batch_size):
    """Where each batch starts among the non-zeros, and the row within its batch."""
    starts = np.append(X.indptr[:-1:batch_size], X.nnz).astype(np.int64)
    rows = (np.arange(X.shape[0]) % batch_size).astype(np.int32)
    return starts, np.repeat(rows, np.diff(X.indptr))


class SparseKernel:
    """Index pairs and values, for narrow layers."""

    @staticmethod
    def signature(dtype):
        """Tensors of a layout."""
        return [tf.TensorSpec([None, 2], tf.int32), tf.TensorSpec([None], dtype)]

    @staticmethod
    def layout(X, batch_size, transposed=True):
        """Lay the rows of X out: batch boundaries and data arrays."""
        starts, rows = _boundaries(X, batch_size)
        pairs = np.stack([rows, X.indices.astype(np.int32, copy=False)], axis=1)
        return starts, [pairs, X.data]

    @staticmethod
    def batch(data, begin, end, low, high):
        """One batch of a layout."""
        return [array[begin:end] for array in data]

    @staticmethod
    def product(batch, weights, n_rows):
        """Batch times weights."""
        shape = tf.stack([n_rows, tf.shape(weights, tf.int64)[0]])
        return tf.raw_ops.SparseTensorDenseMatMul(
            a_indices=batch[0], a_values=batch[1], a_shape=shape, b=weights
        )

    @staticmethod
    def gradient(batch, delta, n_features):
        """Transposed batch times delta."""
        shape = tf.stack([tf.shape(delta, tf.int64)[0], n_features])
        return tf.raw_ops.SparseTensorDenseMatMul(
            a_indices=batch[0],
            a_values=batch[1],
            a_shape=shape,
            b=delta,
            adjoint_a=True,
        )


class GatherKernel:
    """Sums of rows of the weights, for wide layers and values that are all one.

    The gradient sums rows of delta, for which each batch is kept transposed too.
    """

    @staticmethod
    def signature(dtype):
        """Tensors of a layout."""
        return [tf.TensorSpec([None], tf.int32)] * 4

    @staticmethod
    def layout(X, batch_size, transposed=True):
        """Lay the rows of X out: batch boundaries and data arrays."""
        starts, rows = _boundaries(X, batch_size)
        columns = X.indices.astype(np.int32, copy=False)
        if not transposed:
            nothing = np.zeros(0, np.int32)
            return starts, [rows, columns, nothing, nothing]
        by_column = np.empty((2, X.nnz), np.int32)
        for begin, end in zip(starts[:-1], starts[1:], strict=True):
            order = np.argsort(columns[begin:end], kind="stable")
            by_column[0, begin:end] = rows[begin:end][order]
            by_column[1, begin:end] = columns[begin:end][order]
        return starts, [rows, columns, *by_column]

    @staticmethod
    def batch(data, begin, end, low, high):
        """One batch of a layout."""
        return [array[begin:end] for array in data]

    @staticmethod
    def product(batch, weights, n_rows):
        """Batch times weights."""
        return tf.raw_ops.SparseSegmentSumWithNumSegments(
            data=weights,
            indices=batch[1],
            segment_ids=batch[0],
            num_segments=tf.cast(n_rows, tf.int32),
        )

    @staticmethod
    def gradient(batch, delta, n_features):
        """Transposed batch times delta."""
        return tf.raw_ops.SparseSegmentSumWithNumSegments(
            data=delta,
            indices=batch[2],
            segment_ids=batch[3],
            num_segments=tf.cast(n_features, tf.int32),
        )


KERNELS = {"dense": DenseKernel, "sparse": SparseKernel, "gather": GatherKernel}

"""The first layer: how rows are laid out for it, and its two products.

Each kernel lays rows out in batches on the host (`layout`). In a TensorFlow program
it takes one batch (`batch`), multiplies it with the weights (`product`) and its
transpose with a gradient (`gradient`). The weights may be cut into tiles, each a
variable of its own, so that their products and updates run side by side.
"""

from dataclasses import dataclass

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
# Weights of a wide layer whose gradient stays in the cache until they are updated.
_CACHED = 1_000_000


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
    wide = n_units >= _WIDE or (n_units > _NARROW and tile_size is None)
    kind = WideKernel if wide else NarrowKernel
    if tile_size is None:
        return kind(n_parts=1, n_blocks=1)
    n_weights = X.shape[1] * n_units
    if wide:
        fitting = [n for n in _N_PARTS if n * _CACHED >= n_weights]
        return WideKernel(fitting[0] if fitting else _N_PARTS[-1], n_blocks=1)
    n_blocks = 1 if n_units <= _NARROW else 2
    fitting = [n for n in _N_PARTS if n * n_blocks * tile_size >= n_weights]
    # Weights too many for small tiles make two large ones.
    n_parts = fitting[0] if fitting else 1
    return NarrowKernel(max(n_parts, 2 // n_blocks), n_blocks)


@dataclass(frozen=True)
class DenseKernel:
    """Dense rows and dense products."""

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
    def signature(dtype):
        """Tensors of a layout."""
        return tf.TensorSpec([None, None], dtype)

    @staticmethod
    def prepare(X):
        """Prepare rows, once for all epochs."""
        return X

    @staticmethod
    def layout(X, batches):
        """Lay batches of prepared rows out."""
        return X[np.concatenate([np.zeros(0, int), *batches])]

    @staticmethod
    def batch(data, index, begin, size):
        """Take one batch of a layout."""
        return tf.slice(data, begin, size)

    @staticmethod
    def product(batch, tiles):
        """Multiply a batch with the weights."""
        return batch @ tiles[0]

    @staticmethod
    def gradient(batch, delta):
        """Multiply the transpose of a batch with delta: a product per tile."""
        return [tf.matmul(batch, delta, transpose_a=True)]


@dataclass(frozen=True)
class _SparseKernel:
    """Sparse rows as index pairs and values.

    Parameters
    ----------
    n_parts : int
        Parts into which the features are cut. Each takes every `n_parts`-th, so that
        frequent words are dealt out evenly.
    n_blocks : int
        Blocks into which the units are cut. There is a tile of weights for each part
        and block.
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

    def signature(self, dtype):
        """Tensors of a layout."""
        return [
            tf.TensorSpec([None, 6 * self.n_parts], tf.int64),
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([None], dtype),
        ]

    def prepare(self, X):
        """Prepare rows, once for all epochs.

        Returns
        -------
        rows : CSR
            The rows of one part below those of another, and at the end rows of no
            zero, one zero and so on, to fill batches up.
        n_features : ndarray of int of shape (n_parts,)
        """
        n, (n_samples, n_features) = self.n_parts, X.shape
        n_zeros = np.arange(_ALIGNMENT)
        size = X.nnz + n_zeros.sum()
        data, indices = np.zeros(size, X.dtype), np.zeros(size, np.int32)
        indptr = np.zeros(n * n_samples + _ALIGNMENT + 1, np.int64)
        widths, end = [], 0
        for number in range(n):
            part = X[:, number::n] if n > 1 else X
            start, end = end, end + part.nnz
            data[start:end], indices[start:end] = part.data, part.indices
            first = number * n_samples + 1
            indptr[first : first + n_samples] = start + part.indptr[1:]
            widths.append(part.shape[1])
        indptr[-_ALIGNMENT:] = end + np.cumsum(n_zeros)
        shape = n * n_samples + _ALIGNMENT, -(-n_features // n)
        rows = scipy.sparse.csr_array((data, indices, indptr), shape=shape)
        return rows, np.array(widths)

    def layout(self, prepared, batches):
        """Lay batches of prepared rows out.

        Parameters
        ----------
        prepared : tuple
            What `prepare` returned.
        batches : list of ndarray of int
            Numbers of the rows of each.

        Returns
        -------
        table : ndarray of int of shape (n_batches, 6 * n_parts)
            For each part where its pairs begin and their size, the same of its values,
            and its shape: what a program would take a dozen operations to work out.
        pairs : ndarray of int
            Row in the batch and column of each value, batch by batch and part by part.
        values : ndarray
            Each part of a batch is filled up with zeros to whole cache lines.
        """
        rows, n_features = prepared
        lengths = np.diff(rows.indptr)
        first_filler = len(lengths) - _ALIGNMENT
        parts = np.arange(self.n_parts)[:, np.newaxis] * (first_filler // self.n_parts)
        chosen, numbers = [np.zeros(0, int)], [np.zeros(0, np.int32)]
        for batch in batches:
            in_parts = parts + batch
            fillers = first_filler + -lengths[in_parts].sum(axis=1) % _ALIGNMENT
            chosen.append(np.column_stack([in_parts, fillers]).ravel())
            # A filler has the last number, so that the rows stay in order.
            in_batch = np.arange(len(batch) + 1, dtype=np.int32)
            in_batch[-1] -= 1
            numbers.append(np.tile(in_batch, self.n_parts))
        chosen = np.concatenate(chosen)
        lengths = lengths[chosen]
        laid_out = rows[chosen]
        pairs = np.empty((laid_out.nnz, 2), np.int32)
        pairs[:, 0] = np.repeat(np.concatenate(numbers), lengths)
        pairs[:, 1] = laid_out.indices
        n_rows = np.repeat(
            np.array([len(batch) for batch in batches], int), self.n_parts
        )
        bounds = laid_out.indptr[np.append(0, np.cumsum(n_rows + 1))].astype(np.int64)
        starts, sizes = bounds[:-1], np.diff(bounds)
        widths = np.tile(n_features, len(batches))
        table = np.stack([2 * starts, 2 * sizes, starts, sizes, n_rows, widths], axis=1)
        return [table.reshape(-1, 6 * self.n_parts), pairs.ravel(), laid_out.data]

    def _take(self, data, index):
        """Index pairs, values and shape of each part of one batch."""
        table, pairs, values = data
        row = tf.split(tf.gather(table, index), [1, 1, 1, 1, 2] * self.n_parts)
        return [
            (
                tf.reshape(tf.slice(pairs, *row[i : i + 2]), [-1, 2]),
                tf.slice(values, *row[i + 2 : i + 4]),
                row[i + 4],
            )
            for i in range(0, len(row), 5)
        ]


class NarrowKernel(_SparseKernel):
    """Index pairs and values, multiplied by SparseTensorDenseMatMul."""

    def batch(self, data, index, begin, size):
        """Take one batch of a layout."""
        return [
            {"a_indices": pairs, "a_values": values, "a_shape": shape}
            for pairs, values, shape in self._take(data, index)
        ]

    def product(self, batch, tiles):
        """Multiply a batch with the weights."""
        n = self.n_blocks
        products = [
            tf.raw_ops.SparseTensorDenseMatMul(**part, b=tile)
            for i, part in enumerate(batch)
            for tile in tiles[i * n : (i + 1) * n]
        ]
        # Small matrices: a row per sample.
        sums = [tf.add_n(products[block::n]) for block in range(n)]
        return tf.concat(sums, axis=1)

    def gradient(self, batch, delta):
        """Multiply the transpose of a batch with delta: a product per tile."""
        deltas = [delta]
        if self.n_blocks > 1:  # as numpy.array_split does
            n_units = tf.shape(delta)[1]
            n, rest = n_units // self.n_blocks, n_units % self.n_blocks
            sizes = [n + tf.cast(i < rest, tf.int32) for i in range(self.n_blocks)]
            deltas = tf.split(delta, tf.stack(sizes), axis=1, num=self.n_blocks)
        return [
            tf.raw_ops.SparseTensorDenseMatMul(**part, b=block, adjoint_a=True)
            for part in batch
            for block in deltas
        ]


class WideKernel(_SparseKernel):
    """CSR matrices, multiplied by SparseMatrixMatMul.

    Its product of a transpose makes an array per thread and adds them up; so the
    transpose is made first.
    """

    def batch(self, data, index, begin, size):
        """Take one batch of a layout, as CSR matrices."""
        return [
            tf.raw_ops.SparseTensorToCSRSparseMatrix(
                indices=tf.cast(pairs, tf.int64), values=values, dense_shape=shape
            )
            for pairs, values, shape in self._take(data, index)
        ]

    @staticmethod
    def product(batch, tiles):
        """Multiply a batch with the weights."""
        return tf.add_n(
            [
                tf.raw_ops.SparseMatrixMatMul(a=part, b=tile)
                for part, tile in zip(batch, tiles, strict=True)
            ]
        )

    @staticmethod
    def gradient(batch, delta):
        """Multiply the transpose of a batch with delta: a product per tile."""
        transposes = [
            tf.raw_ops.SparseMatrixTranspose(input=part, type=delta.dtype)
            for part in batch
        ]
        return [tf.raw_ops.SparseMatrixMatMul(a=part, b=delta) for part in transposes]

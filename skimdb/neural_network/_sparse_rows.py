"""Rows of a CSR matrix, multiplied without the overhead of SciPy's classes.

A training step multiplies a few hundred rows twice. SciPy's checks and copies take
longer than these products, so a fit checks its matrix once and then calls SciPy's
compiled functions directly.
"""

import numpy as np
from scipy.sparse import _sparsetools


class SparseRows:
    """Rows of a canonical CSR matrix.

    Parameters
    ----------
    data, indices, indptr : ndarray
        As in `scipy.sparse.csr_array`, but `indptr` may start at any entry.
    shape : tuple of int
    """

    def __init__(self, data, indices, indptr, shape):
        self.data = data
        self.indices = indices
        self.indptr = indptr
        self.shape = shape
        self._arrays = indptr, indices, data  # in the order of SciPy's functions

    @property
    def nnz(self):
        """Number of entries."""
        return int(self.indptr[-1] - self.indptr[0])

    def __getitem__(self, rows):
        """Select rows by a slice, without a copy, or by positions."""
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(self.shape[0])
            indptr, shape = self.indptr[start : stop + 1], (stop - start, self.shape[1])
            return SparseRows(self.data, self.indices, indptr, shape)
        rows = rows.astype(self.indptr.dtype, copy=False)
        indptr = np.zeros(len(rows) + 1, self.indptr.dtype)
        np.cumsum(self.indptr[rows + 1] - self.indptr[rows], out=indptr[1:])
        indices = np.empty(indptr[-1], self.indices.dtype)
        data = np.empty(indptr[-1], self.data.dtype)
        _sparsetools.csr_row_index(len(rows), rows, *self._arrays, indices, data)
        return SparseRows(data, indices, indptr, (len(rows), self.shape[1]))

    def dot(self, dense, out=None):
        """Compute the product with a C-contiguous matrix, as `numpy.ndarray.dot`."""
        if out is None:
            out = np.empty((self.shape[0], dense.shape[1]), dense.dtype)
        out.fill(0)
        flat = dense.reshape(-1), out.reshape(-1)
        _sparsetools.csr_matvecs(*self.shape, dense.shape[1], *self._arrays, *flat)
        return out

    def multiply_transposed(self, dense, out):
        """Compute the product of the transposed rows with a matrix.

        Parameters
        ----------
        dense : C-contiguous ndarray of shape (n_rows, n_units)
        out : C-contiguous ndarray of shape (n_features, n_units)
            Array that receives the product.
        """
        out.fill(0)
        flat = dense.reshape(-1), out.reshape(-1)
        sizes = *self.shape[::-1], dense.shape[1]
        _sparsetools.csc_matvecs(*sizes, *self._arrays, *flat)

    def transpose(self):
        """Return the transposed rows, as `SparseRows` of shape (n_features, n_rows)."""
        first, last = self.indptr[0], self.indptr[-1]
        data, indices = self.data[first:last], self.indices[first:last]
        indptr = np.empty(self.shape[1] + 1, self.indptr.dtype)
        columns = indptr, np.empty_like(indices), np.empty_like(data)
        arrays = self.indptr - first, indices, data, *columns
        _sparsetools.csr_tocsc(*self.shape, *arrays)
        return SparseRows(*columns[::-1], self.shape[::-1])

    def transpose_seen(self):
        """Transpose the columns that have entries.

        The time depends on the number of entries, not on the number of columns.

        Returns
        -------
        transposed : SparseRows of shape (n_seen, n_rows)
            One row per column that has entries.
        columns : ndarray of int of shape (n_seen,)
            Numbers of these columns.
        """
        n_rows, n_features = self.shape
        first, last = self.indptr[0], self.indptr[-1]
        data, indices = self.data[first:last], self.indices[first:last]
        # One integer per entry sorts by column, then row. With 4 rows, column 5 and
        # row 2 are 0b101_010: the column, then n_bits for the row.
        n_bits = n_rows.bit_length()
        dtype = np.int32 if n_features << n_bits < 2**31 else np.int64
        entries = indices.astype(dtype)
        entries <<= n_bits
        entries |= np.repeat(np.arange(n_rows, dtype=dtype), np.diff(self.indptr))
        if (data == data[:1]).all():  # equal values need no reordering
            entries.sort()
        else:
            order = np.argsort(entries)
            entries, data = entries[order], data[order]
        rows = (entries & ((1 << n_bits) - 1)).astype(indices.dtype, copy=False)
        entries >>= n_bits
        is_first = np.ones(len(entries), bool)
        np.not_equal(entries[1:], entries[:-1], out=is_first[1:])
        starts = np.flatnonzero(is_first)
        columns = entries[starts].astype(indices.dtype, copy=False)
        indptr = np.append(starts, len(entries)).astype(indices.dtype)
        return SparseRows(data, rows, indptr, (len(columns), n_rows)), columns

    def toarray(self):
        """Return the rows as a dense array."""
        dense = np.zeros(self.shape, self.data.dtype)
        _sparsetools.csr_todense(*self.shape, *self._arrays, dense)
        return dense

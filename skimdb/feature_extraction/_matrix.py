"""From cells to a binary CSR matrix."""

import numpy as np
import scipy.sparse as sp

from skimdb._sklearn import _align_api_if_sparse


def sort_cells(rows, columns, n_rows, n_columns):
    """Sort (row, column) pairs into CSR order and drop duplicates.

    Pairs with a column below zero are left out.

    Returns
    -------
    indices : ndarray of int32, shape (n_cells,)
        Columns, sorted within each row.
    n_cells : ndarray of int64, shape (n_rows,)
        Number of cells in each row.
    """
    # One integer per cell, as small as possible: sorting them takes most of the time.
    kind = np.uint32 if n_rows * n_columns < 2**32 else np.uint64
    keys = rows.astype(kind)
    keys *= kind(n_columns)
    keys += columns.astype(kind)
    inside = columns >= 0
    if not inside.all():  # the keys of other columns are meaningless
        keys = keys[inside]
    if n_rows * n_columns <= 8 * len(keys):  # a table is faster than sorting
        is_used = np.zeros(n_rows * n_columns, bool)
        is_used[keys] = True
        keys = np.flatnonzero(is_used).astype(kind)
    else:
        keys.sort()
        is_new = np.append(True, keys[1:] != keys[:-1])
        keys = keys[is_new[: len(keys)]]
    row_starts = np.arange(n_rows + 1, dtype=kind) * kind(n_columns)
    n_cells = np.diff(np.searchsorted(keys, row_starts))
    keys -= np.repeat(row_starts[:-1], n_cells)
    return keys.astype(np.int32), n_cells


def build_matrix(blocks, n_columns, dtype):
    """Build the CSR matrix of blocks of rows, which `sort_cells` returns."""
    blocks = list(blocks)
    n_cells = np.concatenate([[0], *(n_cells for _, n_cells in blocks)])
    indptr = np.cumsum(n_cells, dtype=np.int64)
    kind = np.int32 if indptr[-1] < 2**31 else np.int64
    indices = np.concatenate([np.empty(0, kind), *(indices for indices, _ in blocks)])
    arrays = np.ones(len(indices), dtype), indices, indptr.astype(kind)
    shape = len(indptr) - 1, n_columns
    matrix = _align_api_if_sparse(sp.csr_array(arrays, shape))
    matrix.has_canonical_format = True
    return matrix

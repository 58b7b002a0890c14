"""Multiply and add in one pass over memory, for which NumPy takes two.

A large update waits for memory more than for arithmetic. SciPy's compiled products add
to their output: the product of a diagonal matrix and a vector, of a matrix of one entry
and a row, of a matrix that selects rows and others.
"""

import numpy as np
from scipy.sparse import _sparsetools

_ZERO = np.zeros(1, np.int32)
_ONE_ENTRY = np.array([0, 1], np.int32)


def add_product(out, a, b):
    """Add ``a * b`` to an array in place.

    Parameters
    ----------
    out, a, b : C-contiguous ndarray of the same shape and dtype
    """
    size = out.size
    a, b, out = a.reshape(-1), b.reshape(-1), out.reshape(-1)
    _sparsetools.dia_matvec(size, size, 1, size, _ZERO, a, b, out)


def add_multiple(out, a, factor):
    """Add ``factor * a`` to an array in place.

    Parameters
    ----------
    out, a : C-contiguous ndarray of the same shape and dtype
    factor : float
    """
    entry = np.array([factor], out.dtype)
    a, out = a.reshape(-1), out.reshape(-1)
    _sparsetools.csr_matvecs(1, 1, out.size, _ONE_ENTRY, _ZERO, entry, a, out)


def add_to_rows(out, rows, a, factor):
    """Add ``factor * a`` to some rows of a matrix in place.

    Parameters
    ----------
    out : C-contiguous ndarray of shape (n_rows, n_columns)
    rows : ndarray of int of shape (n_selected,)
        Distinct.
    a : C-contiguous ndarray of shape (n_selected, n_columns)
    factor : float
    """
    n_rows, n_columns = out.shape
    indptr = np.arange(len(rows) + 1, dtype=rows.dtype)
    entries = np.full(len(rows), factor, out.dtype)
    shape, a, out = (n_rows, len(rows), n_columns), a.reshape(-1), out.reshape(-1)
    _sparsetools.csc_matvecs(*shape, indptr, rows, entries, a, out)

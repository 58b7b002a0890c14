"""Checks of input that several folders share: labels and sparse matrices."""

from itertools import chain

import numpy as np
import pandas as pd
import scipy.sparse


def check_labels_present(y, name="y"):
    """Raise an error if labels are missing.

    Parameters
    ----------
    y : array-like or sparse matrix of shape (n_samples,) or (n_samples, n_labels)
        None and sparse matrices pass.
    name : str, default="y"
        Name of `y` in the message.

    Raises
    ------
    ValueError
        If a label is None, NaN or pandas's NA.
    """
    if y is None or scipy.sparse.issparse(y):
        return
    missing = np.atleast_1d(np.asarray(pd.isna(y)))
    if missing.any():
        rows = np.flatnonzero(missing.reshape(len(missing), -1).any(axis=1))
        raise ValueError(
            f"Input {name} contains NaN: {len(rows)} labels are missing, in "
            f"{describe_rows(rows)}. Drop these samples, for example with keep = "
            "y.notna(); X, y = X[keep], y[keep]."
        )


def describe_rows(rows):
    """Name the first ten of the given rows.

    Parameters
    ----------
    rows : sequence of int

    Returns
    -------
    description : str
    """
    shown = ", ".join(map(str, rows[:10])) + (", ..." if len(rows) > 10 else "")
    return f"rows {shown} (counted from 0)"


def check_indices(X, name):
    """Raise an error if a sparse matrix is malformed.

    SciPy does not check the arrays of a matrix when it uses them. An index that points
    outside the matrix could crash the interpreter.

    Parameters
    ----------
    X : sparse matrix or sparse array
        Remains unchanged. Unsorted and duplicate entries are valid.
    name : str
        Name of `X` in the error message.

    Raises
    ------
    ValueError
        If `X` is malformed.
    """
    try:
        _rebuild(X)
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError) as error:
        raise ValueError(
            f"{name} is a malformed sparse matrix: {error}. Were its arrays modified "
            "in place? Rebuild it from its coordinates."
        ) from error


def _rebuild(X):
    """Build a new matrix from the arrays of a sparse matrix, to have them checked."""
    indices = []
    if X.format == "lil":
        lengths = list(map(len, X.rows))
        if lengths != list(map(len, X.data)) or len(lengths) != X.shape[0]:
            raise ValueError("the numbers of rows, columns and values differ")
        indices, X = [np.array(list(chain.from_iterable(X.rows)))], X.tocoo()
    elif X.format == "dok":
        indices, X = [np.array(list(X.keys()))], X.tocoo()
    if X.format == "coo":
        parts, indices = (X.data, X.coords), [*indices, *X.coords]
    elif X.format == "dia":
        parts, indices = (X.data, X.offsets), [X.offsets]
    else:
        parts, indices = (X.data, X.indices, X.indptr), [X.indices, X.indptr]
    if not isinstance(X.data, np.ndarray):
        raise ValueError("data must be an array")
    if any(array.size and array.dtype.kind not in "iu" for array in indices):
        raise ValueError("indices must be integers")
    new = type(X)(parts, shape=X.shape)
    if hasattr(new, "check_format"):  # the constructors of the others check enough
        new.check_format(full_check=True)
        # check_format misses a decrease that overflows, or to a negative last pointer.
        if new.indptr[0] != 0 or (new.indptr[1:] < new.indptr[:-1]).any():
            raise ValueError("indptr must be a non-decreasing sequence from 0")


def make_dense(X, name, remedy):
    """Return a sparse matrix as an array.

    Parameters
    ----------
    X : sparse matrix or sparse array
    name : str
        Name of `X` in the error message.
    remedy : str
        Advice in the error message.

    Returns
    -------
    array : ndarray

    Raises
    ------
    MemoryError
        If the array does not fit into memory.
    """
    try:
        return X.toarray()
    except (MemoryError, ValueError) as error:  # NumPy raises either
        n_bytes = X.shape[0] * X.shape[1] * X.dtype.itemsize
        raise MemoryError(
            f"Could not convert {name} to a dense array: {X.shape[0]:,} rows times "
            f"{X.shape[1]:,} columns of {X.dtype} take {n_bytes / 1e9:,.1f} GB, more "
            f"than this machine has. {remedy}"
        ) from error

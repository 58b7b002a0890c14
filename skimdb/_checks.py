"""Checks of input that several folders share: missing labels, sparse matrices."""

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
    """Raise an error if the indices of a sparse matrix point out of it.

    SciPy trusts them: using such a matrix would crash the interpreter.

    Parameters
    ----------
    X : sparse matrix
    name : str
        Its name in the error message.

    Raises
    ------
    ValueError
        If the matrix is malformed.
    """
    try:
        if X.format == "lil" and list(map(len, X.rows)) != list(map(len, X.data)):
            raise ValueError("a row has more columns than values, or fewer")
        if X.format not in ("csr", "csc", "bsr"):
            X = X if X.format == "coo" else X.tocoo()
            parts, indices = (X.data, X.coords), X.coords
        else:
            parts, indices = (X.data, X.indices, X.indptr), (X.indices, X.indptr)
        if any(array.dtype.kind not in "iu" for array in indices):
            raise ValueError("indices must be integers")
        # The constructor of COO checks coordinates. The check of the other formats may
        # change the dtype of the indices, so it runs on a new matrix that shares them.
        X = type(X)(parts, shape=X.shape)
        if X.format != "coo":
            X.check_format(full_check=True)
            if X.indptr[0] != 0 or (np.diff(X.indptr) < 0).any():
                # SciPy misses this if indptr[-1], the number of entries, is negative.
                raise ValueError("indptr must be a non-decreasing sequence from 0")
    except ValueError as error:
        raise ValueError(
            f"{name} is a malformed sparse matrix: {error}. Were its arrays modified in "
            "place? Rebuild it from coordinates."
        ) from error


def make_dense(X, name, remedy):
    """Return a sparse matrix as an array.

    Parameters
    ----------
    X : sparse matrix
    name, remedy : str
        Its name in the error message, and the advice if the array does not fit into
        memory.

    Returns
    -------
    array : ndarray
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

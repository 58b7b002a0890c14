"""Sparse matrices, whoever gives them: a check, and a dense copy."""

import numpy as np


def check_indices(X, name):
    """Raise for a sparse matrix whose indices point out of it.

    SciPy trusts them: such a matrix would end the interpreter.

    Parameters
    ----------
    X : sparse matrix
    name : str
        Its name in the error message.
    """
    try:
        if X.format == "lil" and list(map(len, X.rows)) != list(map(len, X.data)):
            raise ValueError("a row has not as many columns as values")
        if X.format in ("lil", "dok", "dia"):
            X = X.tocoo()
        if X.format == "coo":
            for coords, length in zip(X.coords, X.shape, strict=True):
                _check_integers(coords)
                if len(coords) and not 0 <= coords.min() <= coords.max() < length:
                    raise ValueError("a coordinate is out of range")
        elif X.format in ("csr", "csc", "bsr"):
            _check_integers(X.indices, X.indptr)
            # Made anew, since the check may change the type of the indices.
            parts = (X.data, X.indices, X.indptr)
            type(X)(parts, shape=X.shape).check_format(full_check=True)
            if X.indptr[0] != 0 or (np.diff(X.indptr) < 0).any():
                # Not checked where the last one, the number of entries, is negative.
                raise ValueError("indptr must be a non-decreasing sequence from 0")
    except ValueError as error:
        raise ValueError(
            f"{name} is a malformed sparse matrix: {error}. Was its data or were its "
            "indices changed by hand? Build it anew from coordinates."
        ) from error


def _check_integers(*arrays):
    for array in arrays:
        if array.dtype.kind not in "iu":
            raise ValueError(f"indices must be whole numbers, not {array.dtype}")


def make_dense(X, name, remedy):
    """Return a sparse matrix as an array.

    Parameters
    ----------
    X : sparse matrix
    name, remedy : str
        What it is, and what to do instead if it does not fit into memory.

    Returns
    -------
    array : ndarray
    """
    try:
        return X.toarray()
    except (MemoryError, ValueError) as error:  # the latter if beyond any memory
        n_bytes = X.shape[0] * X.shape[1] * X.dtype.itemsize
        raise MemoryError(
            f"{name} cannot be made dense: an array of {X.shape[0]:,} rows times "
            f"{X.shape[1]:,} columns takes {n_bytes / 1e9:,.1f} GB in {X.dtype}, which "
            f"this machine does not give. {remedy}"
        ) from error

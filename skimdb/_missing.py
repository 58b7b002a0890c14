"""Missing values: a check of labels, and how missing rows are named."""

import numpy as np
import pandas as pd
import scipy.sparse


def check_labels_present(y, name="y"):
    """Raise an error if labels are missing.

    Parameters
    ----------
    y : array-like or sparse matrix of shape (n_samples,) or (n_samples, n_labels)
        None, and what a sparse matrix holds, is left to other checks.
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
            f"Input {name} contains NaN: {len(rows)} of the labels are missing, in "
            f"{describe_rows(rows)}. Leave such samples out: of a Series y with "
            "keep = y.notna(), X[keep] and y[keep]."
        )


def describe_rows(rows):
    """Name the first rows of some.

    Parameters
    ----------
    rows : sequence of int

    Returns
    -------
    description : str
    """
    shown = ", ".join(map(str, rows[:10])) + (", ..." if len(rows) > 10 else "")
    return f"rows {shown} (counted from 0)"

"""Words for input that no array of numbers can be made of."""

from functools import wraps
from inspect import signature
from numbers import Number

import numpy as np
import scipy.sparse

_LABELS = ("y", "y_val", "classes")  # of any kind, not only numbers


def explain_input(*names):
    """Decorate a check: where it fails, say what its arguments are instead of arrays.

    NumPy and pandas, which scikit-learn's checks call, say it in terms of their own:
    "float() argument must be a string or a real number".

    Parameters
    ----------
    *names : str
        Arguments to look at.
    """

    def decorate(check):
        @wraps(check)
        def call(*args, **kwargs):
            try:
                return check(*args, **kwargs)
            except Exception as error:
                given = signature(check).bind(*args, **kwargs).arguments
                for name in names:
                    cause = _find_cause(given.get(name), name in _LABELS)
                    if cause is not None:
                        shown = given.get("name", name)
                        kind = TypeError if isinstance(error, TypeError) else ValueError
                        raise kind(f"{shown} {cause} ({error})") from error
                raise

        return call

    return decorate


def _find_cause(value, is_label):
    """What is wrong with a value, None if it is nothing that is known here."""
    if value is None or scipy.sparse.issparse(value) or isinstance(value, Number):
        return None
    is_array_like = hasattr(value, "__len__") or hasattr(value, "__array__")
    if isinstance(value, dict | set | frozenset) or not is_array_like:
        return (
            f"is a {type(value).__name__}, which is no array. Make an array or a list "
            "of it first, with an entry or a row for each sample."
        )
    if isinstance(value, list | tuple):
        lengths = {len(row) for row in value if isinstance(row, list | tuple)}
        if len(lengths) > 1:
            return (
                f"has rows of different lengths, from {min(lengths)} to "
                f"{max(lengths)}. Each row needs a value for every column."
            )
    if is_label:
        return None
    if hasattr(value, "columns"):
        return _find_column(value)
    return _find_entry(value)


def _find_column(frame):
    names = list(frame.columns)
    if not names:
        return "is a table without columns."
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        return f"has several columns of the name {twice[0]!r}. Rename them."
    for name in names:
        try:
            np.asarray(frame[name]).astype(float)
        except (TypeError, ValueError):
            return (
                f"has a column {name!r} that does not hold numbers. Encode it, with "
                "a OneHotEncoder or a vectorizer in a ColumnTransformer, or leave it "
                "out."
            )
    return None


def _find_entry(value):
    array = value if isinstance(value, np.ndarray) else np.array([*value], dtype=object)
    if array.dtype.names:
        return f"is an array of records, with the fields {array.dtype.names}."
    if array.dtype != object:
        return None
    for place, entry in np.ndenumerate(array):
        try:
            float(entry)
        except (TypeError, ValueError):
            where = ", ".join(map(str, place))
            return (
                f"holds {entry!r:.50} at [{where}], of type {type(entry).__name__}, "
                "which is no number."
            )
    return None

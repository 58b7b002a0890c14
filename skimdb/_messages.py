"""Warnings that point at the user's line, and suggestions for misspelled names."""

import difflib
import os
import sys
import warnings

import joblib
import sklearn

# Frames in these folders do not belong to the user.
_OWN_FOLDERS = tuple(
    os.path.join(os.path.dirname(file), "")
    for file in (__file__, sklearn.__file__, joblib.__file__)
)


def warn(message, category=UserWarning):
    """Warn, pointing at the caller outside skimdb, scikit-learn and joblib.

    Parameters
    ----------
    message : str
        The event, the likely cause, and the remedy.
    category : type, default=UserWarning
        Class of the warning.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(
        _OWN_FOLDERS
    ):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def suggest_nearest(name, names):
    """Suggest the name that an unknown one begins, or that is closest to it.

    Parameters
    ----------
    name : str
        Unknown name.
    names : collection of str
        Known names.

    Returns
    -------
    suggestion : str
        Such as ``" Did you mean 'adam'?"``, with a leading space; empty if no known
        name is close.
    """
    longer = [known for known in names if known.startswith(name)]
    near = longer or difflib.get_close_matches(name, names, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""

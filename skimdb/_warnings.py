"""One `warn`, which points at the line of the user."""

import os
import sys
import warnings

import joblib
import sklearn

# Frames in these folders are not the user's.
_OWN_FOLDERS = tuple(
    os.path.join(os.path.dirname(file), "")
    for file in (__file__, sklearn.__file__, joblib.__file__)
)


def warn(message, category=UserWarning):
    """Warn, pointing at the caller outside skimdb, scikit-learn and joblib.

    Parameters
    ----------
    message : str
        What happened, the likely cause, and the remedy.
    category : type, default=UserWarning
        Class of the warning.
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(
        _OWN_FOLDERS
    ):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)

"""The only folder that imports TensorFlow, Keras and scikeras.

`_objects` makes the optimizer, the loss, the metrics and the model. `_callbacks`
prepares the callbacks of a fit and calls their hooks. `_backend` makes the training
steps and the evaluations. Importing the folder fails unless Keras runs on TensorFlow.
"""

import os
import sys

_REMEDY = (
    "This feature needs Keras on TensorFlow and scikeras. Install them with "
    '`pip install "skimdb[keras]"`. If you have set the environment variable '
    "KERAS_BACKEND, set it to tensorflow before Keras is imported. Or train in NumPy: "
    "the error message of backend='numpy' names the parameters to change."
)
_LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"

# TensorFlow reads the level once. Level 2 hides its notes and warnings, not its errors.
_quiet = _LOG_LEVEL not in os.environ and "tensorflow" not in sys.modules
if _quiet:
    os.environ[_LOG_LEVEL] = "2"
try:
    import keras
    import scikeras  # noqa: F401
    import tensorflow  # noqa: F401
except (ImportError, ValueError) as error:  # Keras imports its backend
    raise ImportError(f"Could not import Keras: {error}. {_REMEDY}") from error
finally:
    if _quiet:
        os.environ.pop(_LOG_LEVEL, None)
if keras.backend.backend() != "tensorflow":
    raise ImportError(f"Keras uses its {keras.backend.backend()} backend. {_REMEDY}")

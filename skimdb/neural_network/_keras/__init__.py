"""The only folder that imports TensorFlow, Keras and scikeras.

`_objects` makes the optimizer, the loss and the model; `_callbacks` gives each fit its
own callbacks; `_backend` makes a step and an evaluation. Nothing of it can be imported
where Keras computes by another library than TensorFlow.
"""

_REMEDY = (
    "skimdb trains with Keras on TensorFlow. Set the environment variable "
    "KERAS_BACKEND=tensorflow before Keras is imported, or leave out what needs Keras: "
    "backend='numpy' says what that is."
)

try:
    import keras
except (ImportError, ValueError) as error:  # Keras imports its backend
    raise ImportError(f"Keras cannot be imported: {error}. {_REMEDY}") from error
if keras.backend.backend() != "tensorflow":
    raise ImportError(
        f"Keras is set to its {keras.backend.backend()} backend, but {_REMEDY}"
    )

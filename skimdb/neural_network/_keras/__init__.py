"""The only folder that imports TensorFlow, Keras and scikeras.

`_objects` makes the optimizer, the loss and the model; `_callbacks` gives each fit its
own callbacks; `_backend` makes a step and an evaluation.
"""

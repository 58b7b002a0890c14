"""The multilayer perceptron, as `sklearn.neural_network`.

In the order of the data: `_multilayer_perceptron` is the class; `_keras_params` checks
the prefixed parameters; `_input_checks`, `_labels` and `_samples` prepare the input;
`_network`, `_optimizers`, `_metrics` and `_monitor` are the parts of a fit;
`_training` is its loop over epochs; `_numpy_backend` makes a step in NumPy and SciPy;
`_keras` is the only folder that imports TensorFlow, Keras and scikeras.
"""

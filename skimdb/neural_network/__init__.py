"""The multilayer perceptron, as `sklearn.neural_network`.

In the order of the data: `_multilayer_perceptron` is the class; `_parameters` checks
its parameters and copies it; `_fitting` is a fit, and `_prediction` a prediction;
`_input_checks` and `_samples` prepare the input; `_network`, `_optimizers`, `_metrics`
and `_monitor` are the parts of a fit; `_training` is its loop over epochs;
`_numpy_backend` makes a step in NumPy and SciPy with the rows of `_sparse_rows`;
`_keras` is the only folder that imports TensorFlow, Keras and scikeras.
"""

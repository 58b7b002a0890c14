"""Predict from weights with NumPy and SciPy, without TensorFlow."""

import numpy as np
from scipy.special import expit, softmax
from sklearn.utils import gen_batches
from sklearn.utils.extmath import safe_sparse_dot

# Rows in a block, bounding the memory of the hidden layers.
_BLOCK = 8192

# By their Keras names.
ACTIVATIONS = {
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0, out=x),
    "sigmoid": lambda x: expit(x, out=x),
    "silu": lambda x: x * expit(x),
    "softplus": lambda x: np.logaddexp(x, 0),
    "tanh": lambda x: np.tanh(x, out=x),
}
_OUTPUTS = {"sigmoid": expit, "softmax": lambda x: softmax(x, axis=1)}


def forward(X, coefs, intercepts, *, activation, output_activation):
    """Output of a network.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    coefs, intercepts : list of ndarray
        Kernel of shape (n_inputs, n_units) and bias of shape (n_units,) per layer.
    activation : str
        A key of `ACTIVATIONS`.
    output_activation : {"sigmoid", "softmax"}

    Returns
    -------
    outputs : ndarray of shape (n_samples, n_outputs)
    """
    outputs = np.empty((X.shape[0], len(intercepts[-1])), coefs[0].dtype)
    for rows in gen_batches(X.shape[0], _BLOCK):
        hidden = safe_sparse_dot(X[rows], coefs[0])
        hidden += intercepts[0]
        for coef, intercept in zip(coefs[1:], intercepts[1:], strict=True):
            hidden = ACTIVATIONS[activation](hidden) @ coef
            hidden += intercept
        outputs[rows] = _OUTPUTS[output_activation](hidden)
    return outputs

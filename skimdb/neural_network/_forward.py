"""Predict from weights with NumPy and SciPy, without TensorFlow."""

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
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
_OUTPUTS = {
    "linear": lambda x: x,
    "sigmoid": expit,
    "softmax": lambda x: softmax(x, axis=1),
}


def probabilities(outputs):
    """Probability of each class or label, from the outputs of a network."""
    if outputs.shape[1] == 1:
        return np.hstack([1 - outputs, outputs])
    return outputs


def log_probabilities(logits, output_activation):
    """Logarithm of the probability of each class or label, from the logits."""
    if output_activation == "softmax":
        return log_softmax(logits, axis=1)
    if logits.shape[1] == 1:
        logits = np.hstack([-logits, logits])
    return log_expit(logits)


def forward(X, coefs, intercepts, *, activation, output_activation):
    """Output of a network.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    coefs, intercepts : list of ndarray
        Kernel of shape (n_inputs, n_units) and bias of shape (n_units,) per layer.
    activation : str
        A key of `ACTIVATIONS`.
    output_activation : {"linear", "sigmoid", "softmax"}
        ``"linear"`` gives the logits.

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

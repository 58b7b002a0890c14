"""The network as plain data and plain functions: what a textbook writes down.

A layer multiplies its input by a kernel, adds a bias and applies an activation. The
output of the last layer before its activation, the logits, is what the loss and the
metrics are computed from.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse
from scipy.special import expit
from sklearn.utils import gen_even_slices

from skimdb.neural_network._blas_threads import map_on_all_cores
from skimdb.neural_network._sparse_rows import SparseRows

# Below so many multiplications OpenBLAS leaves a product to one thread, which for a
# narrow network is as fast as two, and faster where the other core is busy.
_ONE_THREAD = 2**18
_WIDE_ROWS = 512
# Weights that are drawn at a time, in double precision.
_DRAWS = 2**16


@dataclass(frozen=True)
class NetworkSpec:
    """What a network is and how it is penalized, made once in a fit.

    Attributes
    ----------
    layer_sizes : tuple of int
        Number of features, of units of each hidden layer, and of outputs.
    activation : str
        A key of `ACTIVATIONS`.
    output_activation : {"sigmoid", "softmax"}
        Which decides between binary and categorical cross-entropy.
    l2 : float
        Strength of the penalty ``l2 * sum(w ** 2)`` on the hidden kernels.
    dropout : tuple of float
        Rate after each hidden layer.
    label_smoothing : float
        How far targets are moved towards equal probabilities.
    dtype : numpy.dtype
        Of weights and computation.
    """

    layer_sizes: tuple
    activation: str
    output_activation: str
    l2: float
    dropout: tuple
    label_smoothing: float
    dtype: np.dtype

    @property
    def weight_names(self):
        """Name of each kernel and bias, as Keras names the weights of the model."""
        layers = [f"hidden_{i + 1}" for i in range(len(self.dropout))] + ["output"]
        kinds = ("kernel", "bias")
        return [f"skimdb_{layer}_{kind}" for layer in layers for kind in kinds]


def draw_weights(spec, seed):
    """Draw Glorot-uniform kernels and zero biases, as Keras's `Dense` does.

    Parameters
    ----------
    spec : NetworkSpec
    seed : int

    Returns
    -------
    coefs, intercepts : list of ndarray

    References
    ----------
    Glorot, X., and Bengio, Y. (2010). Understanding the difficulty of training deep
    feedforward neural networks. AISTATS.
    """
    rng = np.random.default_rng(seed)
    coefs = []
    for n_inputs, n_units in pairwise(spec.layer_sizes):
        bound = np.sqrt(6 / (n_inputs + n_units))
        coef = np.empty((n_inputs, n_units), spec.dtype)
        for rows in gen_even_slices(n_inputs, -(-coef.size // _DRAWS)):
            coef[rows] = rng.uniform(-bound, bound, coef[rows].shape)
        coefs.append(coef)
    return coefs, [np.zeros(coef.shape[1], spec.dtype) for coef in coefs]


# Activations, and their derivatives given their input z and output a. The names are
# Keras's.


def _silu_derivative(z, a):
    s = expit(z)
    return s + a * (1 - s)


ACTIVATIONS = {
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": expit,
    "silu": lambda z: z * expit(z),
    "softplus": lambda z: np.logaddexp(z, 0),
    "tanh": np.tanh,
}
DERIVATIVES = {
    "elu": lambda z, a: np.where(z > 0, 1, a + 1),
    "linear": lambda z, a: 1,
    "relu": lambda z, a: z > 0,
    "sigmoid": lambda z, a: a * (1 - a),
    "silu": _silu_derivative,
    "softplus": lambda z, a: expit(z),
    "tanh": lambda z, a: 1 - a * a,
}


def count_block_rows(layer_sizes):
    """Count the samples to compute the outputs of at a time.

    Parameters
    ----------
    layer_sizes : sequence of int
        Of all layers but the input.

    Returns
    -------
    n_rows : int
    """
    n_rows = _ONE_THREAD // max(layer_sizes) ** 2
    return n_rows if n_rows >= 256 else _WIDE_ROWS


def is_left_to_one_thread(n_rows, layer_sizes):
    """Tell whether OpenBLAS leaves the products of hidden layers to one thread.

    Parameters
    ----------
    n_rows : int
    layer_sizes : sequence of int
        Of all layers but the input.

    Returns
    -------
    is_left : bool
    """
    return n_rows * max(layer_sizes) ** 2 <= _ONE_THREAD


def compute_logits(X, coefs, intercepts, activation):
    """Compute the logits of samples, block by block.

    Parameters
    ----------
    X : ndarray, canonical CSR or SparseRows of shape (n_samples, n_features)
    coefs, intercepts : list of ndarray
        Kernel of shape (n_inputs, n_units) and bias of shape (n_units,) per layer.
    activation : str
        A key of `ACTIVATIONS`.

    Returns
    -------
    logits : ndarray of shape (n_samples, n_outputs)
    """
    if scipy.sparse.issparse(X):
        X = SparseRows.from_csr(X)
    layer_sizes = [len(intercept) for intercept in intercepts]
    n_rows = count_block_rows(layer_sizes)
    blocks = [X[i : i + n_rows] for i in range(0, X.shape[0], n_rows)]

    @np.errstate(over="ignore", invalid="ignore")  # the caller checks the logits
    def compute_block(hidden):
        for coef, intercept in zip(coefs[:-1], intercepts[:-1], strict=True):
            hidden = hidden @ coef
            hidden += intercept
            hidden = ACTIVATIONS[activation](hidden)
        return hidden @ coefs[-1] + intercepts[-1]

    if is_left_to_one_thread(n_rows, layer_sizes):
        parts = [compute_block(block) for block in blocks]
    else:
        parts = map_on_all_cores(compute_block, blocks)
    return np.concatenate(parts)


def compute_probabilities(logits, output_activation):
    """Compute the probability of each class or label.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_outputs)
    output_activation : {"sigmoid", "softmax"}

    Returns
    -------
    proba : ndarray of shape (n_samples, n_classes)
        Two columns for a single output.
    """
    if output_activation == "softmax":
        with np.errstate(over="ignore"):
            return _softmax(logits)[0]
    proba = expit(logits)
    return np.hstack([1 - proba, proba]) if proba.shape[1] == 1 else proba


def compute_log_probabilities(logits, output_activation):
    """Compute the logarithm of the probability of each class or label.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_outputs)
    output_activation : {"sigmoid", "softmax"}

    Returns
    -------
    log_proba : ndarray of shape (n_samples, n_classes)
        Finite where a probability rounds to 0.
    """
    if output_activation == "softmax":
        with np.errstate(over="ignore"):
            log_proba = _softmax(logits)[1]
        return np.maximum(log_proba, np.finfo(logits.dtype).min)
    if logits.shape[1] == 1:
        logits = np.hstack([-logits, logits])
    return np.minimum(logits, 0) - np.log1p(np.exp(-np.abs(logits)))


def _softmax(logits):
    """Softmax and its logarithm."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    proba = np.exp(shifted)
    total = proba.sum(axis=1, keepdims=True)
    return proba / total, shifted - np.log(total)


def compute_loss(logits, targets, spec):
    """Compute the cross-entropy of each sample, and its gradient.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_outputs)
    targets : ndarray of shape (n_samples, n_outputs)
        0 or 1. With the softmax each row has a single 1.
    spec : NetworkSpec

    Returns
    -------
    losses : ndarray of shape (n_samples,)
        With sigmoids the mean over the outputs.
    delta : ndarray of shape (n_samples, n_outputs)
        Derivative of each loss with respect to the logits.
    """
    smoothing, n_outputs = spec.label_smoothing, logits.shape[1]
    if spec.output_activation == "softmax":
        if smoothing:
            targets = targets * (1 - smoothing) + smoothing / n_outputs
        proba, log_proba = _softmax(logits)
        return -(targets * log_proba).sum(axis=1), proba - targets
    if smoothing:
        targets = targets * (1 - smoothing) + smoothing / 2
    # log(1 + exp(z)) - t * z, in the form that does not overflow.
    losses = np.log1p(np.exp(-np.abs(logits)))
    losses += np.maximum(logits, 0)
    losses -= targets * logits
    delta = expit(logits)
    delta -= targets
    return losses.mean(axis=1), delta / n_outputs if n_outputs > 1 else delta

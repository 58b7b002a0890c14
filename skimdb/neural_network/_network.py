"""The network as plain data and plain functions.

A layer multiplies its input by a kernel, adds a bias and applies an activation. The
loss and the metrics are computed from the logits, which are the output of the last
layer before its activation.
"""

import functools
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.utils import gen_even_slices
from threadpoolctl import OpenBLASController, ThreadpoolController

from skimdb.neural_network._sparse_rows import SparseRows

# OpenBLAS uses one thread for products of at most this many multiplications.
_ONE_THREAD = 2**18
# Number of samples per block if a block that small would be too short.
_WIDE_ROWS = 512
# Number of weights to draw at a time, in double precision.
_DRAWS = 2**16

# The limit of BLAS's threads holds for the whole process.
_blas_lock = threading.Lock()
_n_blas_holders = 0
_limited_blas = []  # pairs of a library and its number of threads before


@dataclass(frozen=True)
class NetworkSpec:
    """Architecture and loss of a network, made once in a fit.

    Attributes
    ----------
    layer_sizes : tuple of int
        Number of features, units of each hidden layer, number of outputs.
    activation : str
        A key of `ACTIVATIONS`.
    output_activation : {"sigmoid", "softmax"}
        The sigmoid goes with binary, the softmax with categorical cross-entropy.
    l2 : float
        Strength of the penalty ``l2 * sum(w ** 2)`` on the hidden kernels, or on the
        only kernel of a network without hidden layers.
    dropout : tuple of float
        Rate after each hidden layer.
    label_smoothing : float
        Share of each target that is replaced by equal probabilities.
    dtype : numpy.dtype
        Type of the weights and of all computations.
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
        """Names of all kernels and biases in the Keras model."""
        layers = [f"hidden_{i + 1}" for i in range(len(self.dropout))] + ["output"]
        kinds = ("kernel", "bias")
        return [f"skimdb_{layer}_{kind}" for layer in layers for kind in kinds]

    @property
    def n_penalized(self):
        """Number of kernels with a penalty, from the first on."""
        return len(self.dropout) or 1


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
    # If the network does not fit in memory, this fails before memory is used.
    coefs = [np.empty(shape, spec.dtype) for shape in pairwise(spec.layer_sizes)]
    for coef in coefs:
        bound = np.sqrt(6 / sum(coef.shape))
        for rows in gen_even_slices(len(coef), -(-coef.size // _DRAWS)):
            coef[rows] = rng.uniform(-bound, bound, coef[rows].shape)
    return coefs, [np.zeros(coef.shape[1], spec.dtype) for coef in coefs]


# Activations by their Keras names, and their derivatives given input z and output a.


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
    "silu": lambda z, a: expit(z) + a * expit(-z),
    "softplus": lambda z, a: expit(z),
    "tanh": lambda z, a: 1 - a * a,
}


def divide_rows(n_rows, size):
    """Divide rows into blocks, without the checks of scikit-learn's `gen_batches`."""
    return [slice(i, min(i + size, n_rows)) for i in range(0, n_rows, size)]


def count_block_rows(layer_sizes):
    """Count the samples to evaluate at a time.

    Parameters
    ----------
    layer_sizes : sequence of int
        Sizes of all layers but the input.

    Returns
    -------
    n_rows : int
    """
    n_rows = _ONE_THREAD // max(layer_sizes) ** 2
    return n_rows if n_rows >= 256 else _WIDE_ROWS


def limit_blas(X, layer_sizes, n_rows):
    """Limit BLAS to one thread if more would slow down training or prediction.

    Parameters
    ----------
    X : ndarray, CSR or SparseRows
        Products of a dense array are large enough to use several threads.
    layer_sizes : sequence of int
        Sizes of all layers but the input.
    n_rows : int
        Largest number of samples at a time. BLAS does not divide small products.

    Returns
    -------
    limit : context manager
    """
    is_small = n_rows * max(layer_sizes) ** 2 <= _ONE_THREAD
    if is_small or isinstance(X, np.ndarray):
        return nullcontext()
    return limit_blas_threads()


@contextmanager
def limit_blas_threads():
    """Limit BLAS to one thread, for the whole process.

    Between the products of a network come sparse products and updates, which take one
    core. The threads of OpenBLAS spin while they wait, which costs several times the
    CPU time and slows down everything else that runs.

    The first holder sets the limit and the last one takes it back, in any threads.
    """
    global _n_blas_holders
    with _blas_lock:
        if _n_blas_holders == 0:
            _set_limit()
        _n_blas_holders += 1
    try:
        yield
    finally:
        with _blas_lock:
            _n_blas_holders -= 1
            while _limited_blas and _n_blas_holders == 0:
                library, n_threads = _limited_blas.pop()
                library.set_num_threads(n_threads)
            OpenBLASController.clear_controlling_thread()


@functools.cache
def _list_blas():
    """List the BLAS libraries, which NumPy and SciPy have loaded when they train."""
    return ThreadpoolController().select(user_api="blas").lib_controllers


def _set_limit():
    for library in _list_blas():
        n_threads = library.num_threads
        library.set_num_threads(1)
        # Nothing changes while another thread limits BLAS through threadpoolctl.
        if library.num_threads != n_threads:
            _limited_blas.append((library, n_threads))
    # threadpoolctl ignores all threads but the one that sets a limit, until then.
    OpenBLASController.clear_controlling_thread()


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
        X = SparseRows(X.data, X.indices, X.indptr, X.shape)
    layer_sizes = [len(intercept) for intercept in intercepts]
    n_samples = X.shape[0]
    n_rows = count_block_rows(layer_sizes)
    logits = np.empty((n_samples, layer_sizes[-1]), coefs[-1].dtype)
    # The caller checks the logits.
    with (
        np.errstate(over="ignore", invalid="ignore"),
        limit_blas(X, layer_sizes, min(n_rows, n_samples)),
    ):
        for rows in divide_rows(n_samples, n_rows):
            hidden = X[rows]
            for coef, intercept in zip(coefs[:-1], intercepts[:-1], strict=True):
                hidden = hidden.dot(coef)
                hidden += intercept
                hidden = ACTIVATIONS[activation](hidden)
            logits[rows] = hidden.dot(coefs[-1]) + intercepts[-1]
    return logits


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
            return softmax(logits, axis=1)
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
            log_proba = log_softmax(logits, axis=1)
        return np.maximum(log_proba, np.finfo(logits.dtype).min)
    if logits.shape[1] == 1:
        logits = np.hstack([-logits, logits])
    return log_expit(logits)


def compute_loss(logits, targets, spec):
    """Compute the cross-entropy of each sample and its gradient.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_outputs)
    targets : ndarray of shape (n_samples, n_outputs)
        Values 0 and 1. With the softmax, each row has a single 1.
    spec : NetworkSpec

    Returns
    -------
    losses : ndarray of shape (n_samples,)
        With sigmoids, the mean over the outputs.
    delta : ndarray of shape (n_samples, n_outputs)
        Derivative of each loss with respect to the logits.
    """
    smoothing, n_outputs = spec.label_smoothing, logits.shape[1]
    is_softmax = spec.output_activation == "softmax"
    if smoothing:
        share = smoothing / (n_outputs if is_softmax else 2)
        targets = targets * (1 - smoothing) + share
    if is_softmax:
        shifted = logits - logits.max(axis=1, keepdims=True)
        proba = np.exp(shifted)
        total = proba.sum(axis=1, keepdims=True)
        proba /= total
        losses = (targets * (np.log(total) - shifted)).sum(axis=1)
        return losses, proba - targets
    # log(1 + exp(z)) - t * z, in a form that does not overflow.
    losses = np.log1p(np.exp(-np.abs(logits)))
    losses += np.maximum(logits, 0)
    losses -= targets * logits
    delta = expit(logits)
    delta -= targets
    return losses.mean(axis=1), delta / n_outputs if n_outputs > 1 else delta

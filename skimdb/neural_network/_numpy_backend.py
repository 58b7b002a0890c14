"""A step of training and an evaluation in NumPy and SciPy."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import pairwise

import numpy as np

from skimdb._sklearn import _openmp_effective_n_threads
from skimdb.neural_network._blas_threads import limit_blas_threads
from skimdb.neural_network._multiply_add import add_multiple
from skimdb.neural_network._network import (
    ACTIVATIONS,
    DERIVATIVES,
    compute_loss,
    is_left_to_one_thread,
)
from skimdb.neural_network._optimizers import OPTIMIZERS
from skimdb.neural_network._sparse_rows import SparseRows

# examples/benchmarks/bench_training.py, sections "wide" and "scaling", sets these.
# From so many weights on, a step is divided among all cores, and the gradient of the
# first kernel is computed and used up in blocks, which stay in the cache.
_LARGE = 2**20
_BLOCK_VALUES = 2**17
# Rows of a product that a core takes at a time: as many whatever the number of cores,
# so that this does not show in the last bits.
_PART_ROWS = 128
# Features per entry of a batch from which on those that no sample of the batch has are
# skipped.
_RARE = 2
# The caller checks that losses and weights are finite.
_QUIET = {"over": "ignore", "invalid": "ignore", "divide": "ignore"}


class NumpyBackend:
    """Trains a network in NumPy and SciPy.

    Parameters
    ----------
    spec : NetworkSpec
    coefs, intercepts : list of ndarray
        Initial weights, which are copied.
    optimizer : {"rmsprop", "adam", "sgd"}
    optimizer_params : dict
        Arguments of its class.
    """

    name = "numpy"
    model = None  # of Keras

    def __init__(self, spec, coefs, intercepts, optimizer, optimizer_params):
        self.spec = spec
        pairs = zip(coefs, intercepts, strict=True)
        # All weights in a row, of which kernels and biases are views; so are gradients.
        weights = np.concatenate([array.ravel() for pair in pairs for array in pair])
        self._coefs, self._intercepts = self._view(weights)
        self._gradient = np.zeros(weights.shape, weights.dtype)
        self._coef_gradients, self._intercept_gradients = self._view(self._gradient)
        self._optimizer = OPTIMIZERS[optimizer](weights, **optimizer_params)
        self._given_rate = self._optimizer.learning_rate
        self._is_large = weights.size >= _LARGE
        self._n_threads = _openmp_effective_n_threads() if self._is_large else 1
        self._threads = ThreadPoolExecutor(self._n_threads)  # started when needed
        self._local = threading.local()  # a buffer per thread

    def _view(self, flat):
        """Kernels and biases in a flat array."""
        coefs, intercepts, start = [], [], 0
        for n_inputs, n_units in pairwise(self.spec.layer_sizes):
            end = start + n_inputs * n_units
            coefs.append(flat[start:end].reshape(n_inputs, n_units))
            start = end + n_units
            intercepts.append(flat[end:start])
        return coefs, intercepts

    # State

    def read_weights(self):
        """Copy the weights.

        Returns
        -------
        coefs, intercepts : list of ndarray
        """
        return [w.copy() for w in self._coefs], [w.copy() for w in self._intercepts]

    def write_weights(self, coefs, intercepts):
        """Set the weights, such as those of the best epoch."""
        for own, given in zip(
            [*self._coefs, *self._intercepts], [*coefs, *intercepts], strict=True
        ):
            own[...] = given

    def read_state(self):
        """Copy the state of the optimizer.

        Returns
        -------
        state : dict
            ``optimizer``, the name of its class; ``given_rate``, the learning rate it
            was made with; ``variables``, its values by their Keras names; and
            ``decay``, what the moving averages among them are to be multiplied by.
        """
        optimizer = self._optimizer
        variables = {
            "iteration": np.asarray(optimizer.iteration, np.int64),
            "learning_rate": np.asarray(optimizer.learning_rate, np.float32),
        }
        for name, view in self._name_slots().items():
            variables[name] = view.copy()
        return {
            "optimizer": type(optimizer).__name__,
            "given_rate": self._given_rate,
            "variables": variables,
            "decay": optimizer.decay,
        }

    def write_state(self, state):
        """Go on from the state of an optimizer, if it is of the same kind.

        A learning rate that is now given another value takes precedence.

        Parameters
        ----------
        state : dict
            As `read_state` of this or the other backend returns it.
        """
        optimizer, variables = self._optimizer, state["variables"]
        slots = self._name_slots()
        if state["optimizer"] != type(optimizer).__name__ or (
            variables.keys() != slots.keys() | {"iteration", "learning_rate"}
        ):
            return
        optimizer.iteration = int(variables["iteration"])
        optimizer.decay = state.get("decay", 1.0)
        if state["given_rate"] == self._given_rate:
            optimizer.learning_rate = float(variables["learning_rate"])
        for name, view in slots.items():
            view[...] = variables[name]

    def _name_slots(self):
        """Views of the slots by their Keras names."""
        views = {}
        for slot_name, slot in zip(
            self._optimizer.slot_names, self._optimizer.slots, strict=True
        ):
            coefs, intercepts = self._view(slot)
            pairs = zip(coefs, intercepts, strict=True)
            arrays = [array for pair in pairs for array in pair]
            for name, array in zip(self.spec.weight_names, arrays, strict=True):
                views[f"{name}_{slot_name}"] = array
        return views

    @property
    def iteration(self):
        """Number of steps made."""
        return self._optimizer.iteration

    # Training

    def make_step(self, batch, masks):
        """Train on a batch.

        Parameters
        ----------
        batch : Samples
            With a dense array or `SparseRows`.
        masks : list of ndarray or None
            Per hidden layer the factors of its outputs, None without dropout.

        Returns
        -------
        loss : float
            Mean over the samples, penalty included.
        logits : ndarray of shape (n_samples, n_outputs)
            Before the step.
        """
        optimizer, X = self._optimizer, batch.X
        skips = self._skips_features(X)
        with np.errstate(**_QUIET), self._limit_blas(X):
            optimizer.begin_step()
            if skips:  # on a core of its own, where there is one
                transposing = self._threads.submit(X.transpose_seen)
            inputs, outputs = self._propagate_forward(X, masks)
            logits = inputs[-1]
            losses, delta = compute_loss(logits, batch.Y, self.spec)
            loss = float(losses @ batch.sample_weight) / len(losses)
            loss += self._compute_penalty()
            weight = batch.sample_weight * (optimizer.gradient_factor / len(losses))
            delta *= weight[:, np.newaxis]
            delta = self._propagate_backward(inputs, outputs, masks, delta)
            if skips:
                self._update_blocks(*transposing.result(), delta)
            elif self._is_large and isinstance(X, SparseRows):
                self._update_blocks(X.transpose(), None, delta)
            else:
                self._compute_gradient(X, delta)
                optimizer.update(self._gradient)
        optimizer.iteration += 1
        return loss, logits

    def evaluate(self, batch):
        """Compute the loss without penalty, and the logits.

        Parameters
        ----------
        batch : Samples

        Returns
        -------
        loss : float
            Mean over the samples.
        logits : ndarray of shape (n_samples, n_outputs)
        """
        with np.errstate(**_QUIET), self._limit_blas(batch.X):
            masks = [None] * len(self.spec.dropout)
            logits = self._propagate_forward(batch.X, masks)[0][-1]
            losses, _ = compute_loss(logits, batch.Y, self.spec)
            return float(losses @ batch.sample_weight) / len(losses), logits

    def finish_training(self):
        """End training: there is nothing to finalize."""

    def finish_model(self):
        """End the fit: there is no model of Keras."""

    def close(self):
        """End the threads."""
        self._threads.shutdown()

    def _propagate_forward(self, X, masks):
        """Input of each activation, and what each hidden layer hands on."""
        hidden = self._multiply(X, self._coefs[0])
        hidden += self._intercepts[0]
        inputs, outputs = [hidden], []
        for mask, coef, intercept in zip(
            masks, self._coefs[1:], self._intercepts[1:], strict=True
        ):
            hidden = ACTIVATIONS[self.spec.activation](inputs[-1])
            if mask is not None:
                hidden = hidden * mask
            outputs.append(hidden)
            hidden = self._multiply(hidden, coef)
            hidden += intercept
            inputs.append(hidden)
        return inputs, outputs

    def _multiply(self, a, b, out=None):
        """Product of matrices, the first of which may be sparse."""
        if not self._is_large:
            return a @ b if out is None else np.matmul(a, b, out=out)
        is_sparse = isinstance(a, SparseRows)
        if out is None:
            make = np.zeros if is_sparse else np.empty
            out = make((a.shape[0], b.shape[1]), b.dtype)

        def multiply_rows(rows):
            if is_sparse:
                a[rows].multiply(b, out[rows])
            else:
                np.matmul(a[rows], b, out=out[rows])

        self._map(multiply_rows, len(out), _PART_ROWS)
        return out

    def _map(self, function, n_rows, size):
        """Call a function with slices of rows, on all cores if there are several."""
        parts = [slice(i, min(i + size, n_rows)) for i in range(0, n_rows, size)]
        if self._n_threads == 1 or len(parts) == 1:
            for part in parts:
                function(part)
        else:
            # NumPy keeps its error state per thread.
            quiet = np.errstate(**_QUIET)
            list(self._threads.map(quiet(function), parts))

    def _limit_blas(self, X):
        """Keep BLAS from dividing products, where it would and need not."""
        divides = self._is_large
        if isinstance(X, SparseRows):
            divides |= not is_left_to_one_thread(X.shape[0], self.spec.layer_sizes[1:])
        return limit_blas_threads() if divides else nullcontext()

    def _propagate_backward(self, inputs, outputs, masks, delta):
        """Gradients of all layers but the first, of which the delta is returned."""
        activate = ACTIVATIONS[self.spec.activation]
        derivative = DERIVATIVES[self.spec.activation]
        ones = np.ones(len(delta), delta.dtype)
        for layer in range(len(outputs), 0, -1):
            hidden, mask = outputs[layer - 1], masks[layer - 1]
            gradient = self._coef_gradients[layer]
            self._multiply(hidden.T, delta, gradient)
            np.matmul(ones, delta, out=self._intercept_gradients[layer])
            if layer < len(outputs):
                self._add_penalty(gradient, self._coefs[layer])
            delta = self._multiply(delta, self._coefs[layer].T)
            if mask is not None:
                delta *= mask
                # What the activation gave, before units were dropped.
                hidden = activate(inputs[layer - 1])
            delta *= derivative(inputs[layer - 1], hidden)
        np.matmul(ones, delta, out=self._intercept_gradients[0])
        return delta

    def _compute_gradient(self, X, delta):
        """Gradient of the first kernel."""
        gradient = self._coef_gradients[0]
        if isinstance(X, SparseRows):
            gradient.fill(0)
            X.multiply_transposed(delta, gradient)
        else:
            self._multiply(X.T, delta, gradient)
        self._add_penalty(gradient, self._coefs[0])

    def _update_blocks(self, transposed, columns, delta):
        """Update all weights, those of the first kernel block by block, on all cores.

        `transposed` has a row per feature, or per feature in `columns`.
        """
        kernel, optimizer = self._coefs[0], self._optimizer
        n_units = kernel.shape[1]
        size = max(1, _BLOCK_VALUES // n_units)

        def update_block(rows):
            if not hasattr(self._local, "buffer"):
                self._local.buffer = np.empty((size, n_units), delta.dtype)
            gradient = self._local.buffer[: rows.stop - rows.start]
            gradient.fill(0)
            transposed[rows].multiply(delta, gradient)
            if columns is None:
                self._add_penalty(gradient, kernel[rows])
                optimizer.update(gradient.reshape(-1), rows.start * n_units)
            else:
                optimizer.update_rows(kernel, slots, columns[rows], gradient)

        slots = [self._view(slot)[0][0] for slot in optimizer.slots]
        self._map(update_block, transposed.shape[0], size)
        optimizer.update(self._gradient[kernel.size :], kernel.size)

    def _add_penalty(self, gradient, kernel):
        """Add the gradient of the penalty to that of the loss."""
        if self.spec.l2:
            factor = 2 * self.spec.l2 * self._optimizer.gradient_factor
            add_multiple(gradient, kernel, factor)

    def _compute_penalty(self):
        if not self.spec.l2:
            return 0.0
        kernels = (coef.reshape(-1) for coef in self._coefs[:-1])
        return self.spec.l2 * float(sum(kernel @ kernel for kernel in kernels))

    def _skips_features(self, X):
        """Tell whether it pays to skip the features that no sample of a batch has."""
        is_possible = self._optimizer.can_skip and not self.spec.l2
        return is_possible and isinstance(X, SparseRows) and X.shape[1] > _RARE * X.nnz

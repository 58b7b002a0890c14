"""Training steps and evaluation in NumPy and SciPy."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import pairwise
from threading import current_thread, main_thread

import numpy as np

from skimdb._sklearn import _openmp_effective_n_threads
from skimdb.neural_network._network import (
    ACTIVATIONS,
    DERIVATIVES,
    compute_loss,
    divide_rows,
    limit_blas_threads,
)
from skimdb.neural_network._optimizers import OPTIMIZERS
from skimdb.neural_network._sparse_rows import SparseRows

# examples/benchmarks/bench_training.py, section "scaling", sets these.
# Number of weights from which on all cores share the work of a step.
_LARGE = 2**20
# Number of values of the first kernel's gradient to compute and use up at a time, so
# that they stay in the cache.
_BLOCK_VALUES = 2**18
# Rows of a product that a core computes at a time. Like the blocks, they do not depend
# on the number of cores, and so neither do the last bits.
_PRODUCT_ROWS = 128
# Features per entry of a batch from which on features without an entry are skipped.
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
        Arguments of the optimizer's class.
    """

    name, device = "numpy", "CPU:0"
    model = None  # only the TensorFlow backend has a Keras model

    def __init__(self, spec, coefs, intercepts, optimizer, optimizer_params):
        self.spec = spec
        pairs = zip(coefs, intercepts, strict=True)
        # All weights are in one array; kernels and biases are views. So are gradients.
        weights = np.concatenate([array.ravel() for pair in pairs for array in pair])
        self._coefs, self._intercepts = self._view(weights)
        self._gradient = np.empty(weights.shape, weights.dtype)
        self._coef_gradients, self._intercept_gradients = self._view(self._gradient)
        self._optimizer = OPTIMIZERS[optimizer](weights, **optimizer_params)
        self._given_rate = self._optimizer.learning_rate
        self._is_large = weights.size >= _LARGE
        # Fits that run in threads share the cores already.
        shares = self._is_large and current_thread() is main_thread()
        self._n_threads = _openmp_effective_n_threads() if shares else 1
        self._threads = ThreadPoolExecutor(self._n_threads)  # start when they get work

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
        """Set the weights, for example to those of the best epoch."""
        own = [*self._coefs, *self._intercepts]
        for array, values in zip(own, [*coefs, *intercepts], strict=True):
            array[...] = values

    def read_state(self):
        """Copy the state of the optimizer.

        Returns
        -------
        state : dict
            ``optimizer``, the name of its class; ``given_rate``, the learning rate in
            its parameters; ``variables``, its values by their Keras names; ``decay``,
            a factor that is still to be applied to the moving averages among them.
        """
        optimizer = self._optimizer
        variables = {
            "iteration": np.asarray(optimizer.iteration, np.int64),
            "learning_rate": np.asarray(optimizer.learning_rate, np.float32),
        }
        slots = {name: view.copy() for name, view in self._name_slots().items()}
        return {
            "optimizer": type(optimizer).__name__,
            "given_rate": self._given_rate,
            "variables": variables | slots,
            "decay": optimizer.decay,
        }

    def write_state(self, state):
        """Continue from the state of an optimizer, if it is of the same kind.

        If the parameters have another learning rate than before, it takes precedence.

        Parameters
        ----------
        state : dict
            Result of `read_state` of this or the other backend.
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
        views, names = {}, self.spec.weight_names
        for slot_name, slot in self._optimizer.slots.items():
            pairs = zip(*self._view(slot), strict=True)
            arrays = [array for pair in pairs for array in pair]
            for name, array in zip(names, arrays, strict=True):
                views[f"{name}_{slot_name}"] = array
        return views

    @property
    def iteration(self):
        """Number of steps so far."""
        return self._optimizer.iteration

    # Training

    def make_step(self, batch, masks):
        """Train on a batch.

        Parameters
        ----------
        batch : Samples
            Samples with a dense array or `SparseRows`.
        masks : list of ndarray or None
            Factors of the outputs of each hidden layer, None without dropout.

        Returns
        -------
        loss : float
            Mean over the samples, penalty included.
        logits : ndarray of shape (n_samples, n_outputs)
            Logits before the step.
        """
        optimizer = self._optimizer
        with np.errstate(**_QUIET):
            optimizer.begin_step()
            inputs, outputs = self._propagate_forward(batch.X, masks)
            logits = inputs[-1]
            losses, delta = compute_loss(logits, batch.Y, self.spec)
            loss = float(losses @ batch.sample_weight) / len(losses)
            loss += self._compute_penalty()
            weight = batch.sample_weight * (optimizer.gradient_factor / len(losses))
            delta *= weight[:, np.newaxis]
            delta = self._propagate_backward(inputs, outputs, masks, delta)
            self._update_weights(batch.X, delta)
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
        with np.errstate(**_QUIET):
            masks = [None] * len(self.spec.dropout)
            logits = self._propagate_forward(batch.X, masks)[0][-1]
            losses, _ = compute_loss(logits, batch.Y, self.spec)
            return float(losses @ batch.sample_weight) / len(losses), logits

    def finish_training(self):
        """Do nothing: only Keras's optimizers finalize the weights."""

    finish_model = finish_training

    def close(self):
        """End the threads."""
        self._threads.shutdown()

    def _propagate_forward(self, X, masks):
        """Inputs of all activations, and the outputs of the hidden layers."""
        activate, inputs, outputs = ACTIVATIONS[self.spec.activation], [], [X]
        for coef, intercept in zip(self._coefs, self._intercepts, strict=True):
            inputs.append(self._multiply(outputs[-1], coef))
            inputs[-1] += intercept
            if len(inputs) <= len(masks):
                mask = masks[len(inputs) - 1]
                hidden = activate(inputs[-1])
                outputs.append(hidden if mask is None else hidden * mask)
        return inputs, outputs[1:]

    def _multiply(self, a, b, out=None):
        """Compute a product; that of a large network in blocks of rows."""
        if not self._is_large:
            return a.dot(b, out)
        out = np.empty((a.shape[0], b.shape[1]), b.dtype) if out is None else out
        blocks = divide_rows(len(out), _PRODUCT_ROWS)
        self._share_work(lambda rows: a[rows].dot(b, out[rows]), blocks)
        return out

    def _share_work(self, function, blocks):
        """Call a function with each block of rows, in all threads if there are several.

        Meanwhile, BLAS uses one thread in each of them.
        """
        in_threads = min(self._n_threads, len(blocks)) > 1
        call_all = self._threads.map if in_threads else map
        with limit_blas_threads() if in_threads else nullcontext():
            # NumPy has an error state per thread.
            list(call_all(np.errstate(**_QUIET)(function), blocks))

    def _propagate_backward(self, inputs, outputs, masks, delta):
        """Compute all gradients but the first kernel's, and return its delta."""
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
                # The activation's output before dropout.
                hidden = activate(inputs[layer - 1])
            delta *= derivative(inputs[layer - 1], hidden)
        np.matmul(ones, delta, out=self._intercept_gradients[0])
        return delta

    def _skips_features(self, X):
        """Tell whether it pays to skip the features that no sample of a batch has."""
        is_possible = self._optimizer.can_skip and not self.spec.l2
        return is_possible and isinstance(X, SparseRows) and X.shape[1] > _RARE * X.nnz

    def _update_weights(self, X, delta):
        """Compute the gradient of the first kernel and update all weights."""
        if self._skips_features(X):
            self._update_blocks(delta, *X.transpose_seen())
        elif self._is_large or isinstance(X, np.ndarray):
            self._update_blocks(delta, X.transpose())
        else:
            gradient = self._coef_gradients[0]
            X.multiply_transposed(delta, gradient)
            self._add_penalty(gradient, self._coefs[0])
            self._optimizer.update(self._gradient)

    def _update_blocks(self, delta, transposed, features=None):
        """Update the first kernel block by block, then all other weights.

        The transposed samples have a row per feature, or per feature in `features`.
        """
        kernel, optimizer = self._coefs[0], self._optimizer
        slots = [self._view(slot)[0][0] for slot in optimizer.slots.values()]

        def update_block(rows):
            gradient = transposed[rows].dot(delta)
            if features is None:
                self._add_penalty(gradient, kernel[rows])
                optimizer.update(gradient.reshape(-1), rows.start * delta.shape[1])
            else:
                optimizer.update_rows(kernel, slots, features[rows], gradient)

        size = max(1, _BLOCK_VALUES // delta.shape[1])
        self._share_work(update_block, divide_rows(transposed.shape[0], size))
        optimizer.update(self._gradient[kernel.size :], kernel.size)

    def _add_penalty(self, gradient, kernel):
        """Add the gradient of the penalty to the gradient of the loss."""
        if self.spec.l2:
            factor = 2 * self.spec.l2 * self._optimizer.gradient_factor
            gradient += factor * kernel

    def _compute_penalty(self):
        if not self.spec.l2:
            return 0.0
        kernels = (coef.reshape(-1) for coef in self._coefs[: self.spec.n_penalized])
        return self.spec.l2 * float(sum(kernel @ kernel for kernel in kernels))

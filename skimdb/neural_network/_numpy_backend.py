"""A step of training and an evaluation in NumPy and SciPy."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from skimdb._sklearn import _openmp_effective_n_threads
from skimdb.neural_network._network import ACTIVATIONS, DERIVATIVES, compute_loss
from skimdb.neural_network._optimizers import OPTIMIZERS
from skimdb.neural_network._sparse_rows import SparseRows

# examples/benchmarks/bench_training.py, sections "wide" and "growth", sets these three.
# From so many units on, the gradient of the first kernel is computed and used up in
# blocks of columns, which stay in the cache, on all cores.
_WIDE = 128
_BLOCK_VALUES = 2**16
# Features per entry of a batch from which on those that no sample of the batch has are
# skipped.
_RARE = 2


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
        self._gradient = np.zeros_like(weights)
        self._coef_gradients, self._intercept_gradients = self._view(self._gradient)
        self._optimizer = OPTIMIZERS[optimizer](weights, **optimizer_params)
        self._given_rate = self._optimizer.learning_rate
        self._first_step = 0
        self._columns = None  # set at the first step, if features are to be skipped
        self._is_wide = spec.layer_sizes[1] >= _WIDE
        self._n_threads = _openmp_effective_n_threads() if self._is_wide else 1
        self._threads = None
        if self._n_threads > 1:
            self._threads = ThreadPoolExecutor(self._n_threads)
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
            was made with; ``variables``, its values by their Keras names.
        """
        optimizer = self._optimizer
        if self._columns is not None:
            self._columns.catch_up(np.arange(self.spec.layer_sizes[0]), optimizer)
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
        optimizer.iteration = self._first_step = int(variables["iteration"])
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
        if self.iteration == self._first_step:
            self._choose_columns(batch.X)
        with np.errstate(over="ignore", invalid="ignore"):  # the caller checks the loss
            inputs, outputs = self._propagate_forward(batch.X, masks)
            logits = inputs[-1]
            losses, delta = compute_loss(logits, batch.Y, self.spec)
            loss = float(losses @ batch.sample_weight) / len(losses)
            loss += self._compute_penalty()
            delta *= (batch.sample_weight / len(losses))[:, np.newaxis]
            delta = self._propagate_backward(inputs, outputs, masks, delta)
            self._update_weights(batch.X, delta)
        self._optimizer.iteration += 1
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
        with np.errstate(over="ignore", invalid="ignore"):
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
        if self._threads is not None:
            self._threads.shutdown()

    def _propagate_forward(self, X, masks):
        """Input of each activation, and what each hidden layer hands on."""
        hidden = self._multiply_features(X)
        hidden += self._intercepts[0]
        inputs, outputs = [hidden], []
        for mask, coef, intercept in zip(
            masks, self._coefs[1:], self._intercepts[1:], strict=True
        ):
            hidden = ACTIVATIONS[self.spec.activation](inputs[-1])
            if mask is not None:
                hidden = hidden * mask
            outputs.append(hidden)
            hidden = hidden @ coef
            hidden += intercept
            inputs.append(hidden)
        return inputs, outputs

    def _multiply_features(self, X):
        """Product with the first kernel, each core taking some of the rows."""
        kernel = self._coefs[0]
        if not isinstance(X, SparseRows):
            return X @ kernel
        product = np.zeros((X.shape[0], kernel.shape[1]), kernel.dtype)
        size = -(-X.shape[0] // self._n_threads)
        parts = [slice(i, i + size) for i in range(0, X.shape[0], size)]
        self._map(lambda rows: X[rows].multiply(kernel, product[rows]), parts)
        return product

    def _map(self, function, parts):
        """Call a function for each part, on all cores if the network is wide."""
        if self._threads is None:
            for part in parts:
                function(part)
        else:
            list(self._threads.map(function, parts))

    def _propagate_backward(self, inputs, outputs, masks, delta):
        """Gradients of all layers but the first, of which the delta is returned."""
        activate = ACTIVATIONS[self.spec.activation]
        derivative = DERIVATIVES[self.spec.activation]
        ones = np.ones(len(delta), delta.dtype)
        for layer in range(len(outputs), 0, -1):
            hidden, mask = outputs[layer - 1], masks[layer - 1]
            gradient = self._coef_gradients[layer]
            np.matmul(hidden.T, delta, out=gradient)
            np.matmul(ones, delta, out=self._intercept_gradients[layer])
            if self.spec.l2 and layer < len(outputs):
                gradient += (2 * self.spec.l2) * self._coefs[layer]
            delta = delta @ self._coefs[layer].T
            if mask is not None:
                delta *= mask
                # What the activation gave, before units were dropped.
                hidden = activate(inputs[layer - 1])
            delta *= derivative(inputs[layer - 1], hidden)
        np.matmul(ones, delta, out=self._intercept_gradients[0])
        return delta

    def _update_weights(self, X, delta):
        """Compute the gradient of the first kernel in the way that is fast, and update.

        Of features that are skipped the gradient is zero, which changes nothing but the
        slots; these are made up for when the feature is next seen.
        """
        optimizer, kernel, gradient = self._optimizer, self._coefs[0], self._gradient
        if self._columns is not None:
            columns, X = self._columns.find_seen(X)
            self._columns.catch_up(columns, optimizer)
            seen_gradient = np.zeros((len(columns), delta.shape[1]), delta.dtype)
            X.multiply_transposed(delta, seen_gradient)
            optimizer.update_rows(columns, seen_gradient)
            self._columns.last_step[columns] += 1
        elif isinstance(X, SparseRows) and self._is_wide:
            self._update_blocks(X.transpose(), delta)
        else:
            if isinstance(X, SparseRows):
                self._coef_gradients[0].fill(0)
                X.multiply_transposed(delta, self._coef_gradients[0])
            else:
                np.matmul(X.T, delta, out=self._coef_gradients[0])
            if self.spec.l2:
                self._coef_gradients[0] += (2 * self.spec.l2) * kernel
            optimizer.update(gradient)
            return
        optimizer.update(gradient[kernel.size :], kernel.size)

    def _update_blocks(self, transposed, delta):
        """Update the first kernel block by block, on all cores."""
        kernel, n_units = self._coefs[0], delta.shape[1]
        size = max(1, _BLOCK_VALUES // n_units)

        def update_block(rows):
            if not hasattr(self._local, "buffer"):
                self._local.buffer = np.empty((size, n_units), delta.dtype)
            gradient = self._local.buffer[: rows.stop - rows.start]
            gradient.fill(0)
            transposed[rows].multiply(delta, gradient)
            if self.spec.l2:
                gradient += (2 * self.spec.l2) * kernel[rows]
            self._optimizer.update(gradient.reshape(-1), rows.start * n_units)

        starts = range(0, len(kernel), size)
        self._map(update_block, [slice(i, min(i + size, len(kernel))) for i in starts])

    def _compute_penalty(self):
        if not self.spec.l2:
            return 0.0
        kernels = (coef.reshape(-1) for coef in self._coefs[:-1])
        return self.spec.l2 * float(sum(kernel @ kernel for kernel in kernels))

    def _choose_columns(self, X):
        """Decide at the first step whether to skip features."""
        if (
            isinstance(X, SparseRows)
            and self._optimizer.can_skip
            and not self.spec.l2
            and X.shape[1] > _RARE * X.nnz
        ):
            self._columns = _SkippedColumns(*self._coefs[0].shape, self._first_step)


class _SkippedColumns:
    """Features that some batches have and others have not.

    Nothing here takes as long as there are features, but what is done once a fit.

    Parameters
    ----------
    n_features, n_units : int
    iteration : int
        Number of steps made so far.

    Attributes
    ----------
    last_step : ndarray of int of shape (n_features,)
        Number of steps that the slots of each feature have been through.
    """

    def __init__(self, n_features, n_units, iteration):
        self.last_step = np.full(n_features, iteration, np.int64)
        self._n_units = n_units
        self._position = np.empty(n_features, np.int32)

    def find_seen(self, X):
        """Find the features of a batch, and number its columns by them.

        Parameters
        ----------
        X : SparseRows of shape (n_samples, n_features)

        Returns
        -------
        columns : ndarray of int of shape (n_seen,)
        X_seen : SparseRows of shape (n_samples, n_seen)
        """
        first, last = X.indptr[0], X.indptr[-1]
        indices, position = X.indices[first:last], self._position
        order = np.arange(len(indices), dtype=np.int32)
        # Of the entries of a column the last writes its place, and stands for it.
        position[indices] = order
        columns = indices[position[indices] == order]
        position[columns] = order[: len(columns)]
        shape = (X.shape[0], len(columns))
        numbers = position[indices].astype(indices.dtype, copy=False)
        return columns, SparseRows(X.data[first:last], numbers, X.indptr - first, shape)

    def catch_up(self, columns, optimizer):
        """Make the updates of slots that were skipped before the present step."""
        missed = optimizer.iteration - self.last_step[columns]
        self.last_step[columns] = optimizer.iteration
        optimizer.decay_rows(columns, missed, self._n_units)

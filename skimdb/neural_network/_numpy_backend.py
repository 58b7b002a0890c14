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
            self._columns.catch_up()
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
        with np.errstate(**_QUIET):
            X, kernel, gradient = batch.X, self._coefs[0], self._coef_gradients[0]
            if self._columns is not None:
                X, kernel, gradient = self._columns.gather(X)
            inputs, outputs = self._propagate_forward(X, kernel, masks)
            logits = inputs[-1]
            losses, delta = compute_loss(logits, batch.Y, self.spec)
            loss = float(losses @ batch.sample_weight) / len(losses)
            loss += self._compute_penalty()
            delta *= (batch.sample_weight / len(losses))[:, np.newaxis]
            delta = self._propagate_backward(inputs, outputs, masks, delta)
            self._update_weights(X, kernel, gradient, delta)
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
        with np.errstate(**_QUIET):
            masks = [None] * len(self.spec.dropout)
            logits = self._propagate_forward(batch.X, self._coefs[0], masks)[0][-1]
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

    def _propagate_forward(self, X, kernel, masks):
        """Input of each activation, and what each hidden layer hands on."""
        hidden = self._multiply_features(X, kernel)
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

    def _multiply_features(self, X, kernel):
        """Product with the first kernel, each core taking some of the rows."""
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
            # NumPy keeps its error state per thread.
            quiet = np.errstate(**_QUIET)
            list(self._threads.map(quiet(function), parts))

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

    def _update_weights(self, X, kernel, gradient, delta):
        """Compute the gradient of the first kernel in the way that is fast, and update.

        `X`, `kernel` and `gradient` are of the features that the batch has, if others
        are skipped.
        """
        optimizer, first = self._optimizer, self._coefs[0].size
        if isinstance(X, SparseRows) and self._is_wide and self._columns is None:
            self._update_blocks(X.transpose(), delta)
            optimizer.update(self._gradient[first:], first)
            return
        if not isinstance(X, SparseRows):
            np.matmul(X.T, delta, out=gradient)
        else:
            gradient.fill(0)
            X.multiply_transposed(delta, gradient)
        if self.spec.l2:
            gradient += (2 * self.spec.l2) * kernel
        if self._columns is None:
            optimizer.update(self._gradient)
        else:
            self._columns.update(kernel, gradient)
            optimizer.update(self._gradient[first:], first)

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
            kernels = [self._view(a)[0][0] for a in self._optimizer.slots]
            self._columns = _SkippedColumns(self._coefs[0], kernels, self._optimizer)


class _SkippedColumns:
    """Features that some batches have and others have not.

    Of a feature that no sample of a batch has the gradient is zero, which changes
    nothing but the slots; these are made up for when the feature is next seen. No step
    takes as long as there are features.

    Parameters
    ----------
    kernel : ndarray of shape (n_features, n_units)
    slots : list of ndarray of shape (n_features, n_units)
        What the optimizer keeps beside the kernel.
    optimizer : Optimizer
        It can skip.
    """

    def __init__(self, kernel, slots, optimizer):
        self._kernel = kernel
        self._slots = slots
        self._optimizer = optimizer
        # Steps that the slots of each feature have been through.
        self._n_steps = np.full(len(kernel), optimizer.iteration, np.int32)
        self._position = np.empty(len(kernel), np.int32)
        self._columns = None
        # Made once, since fresh memory costs more than what is done with it.
        n_rows = max(1, _BLOCK_VALUES // kernel.shape[1])
        self._slot_buffers = [np.empty_like(kernel[:n_rows]) for _ in slots]
        self._n_rows = n_rows
        self._kernel_buffer = self._gradient_buffer = kernel[:0]

    def gather(self, X):
        """Find the features of a batch.

        Parameters
        ----------
        X : SparseRows of shape (n_samples, n_features)

        Returns
        -------
        X_seen : SparseRows of shape (n_samples, n_seen)
        kernel_seen : ndarray of shape (n_seen, n_units)
        gradient : ndarray of shape (n_seen, n_units)
            A buffer.
        """
        first, last = X.indptr[0], X.indptr[-1]
        indices, position = X.indices[first:last], self._position
        ordered = np.sort(indices)
        is_first = np.ones(len(ordered), bool)
        np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
        columns = ordered[is_first]
        n_seen = len(columns)
        position[columns] = np.arange(n_seen, dtype=np.int32)
        numbers = position.take(indices, mode="clip").astype(indices.dtype, copy=False)
        X_seen = SparseRows(
            X.data[first:last], numbers, X.indptr - first, (X.shape[0], n_seen)
        )
        if n_seen > len(self._kernel_buffer):
            shape = (n_seen + n_seen // 8, self._kernel.shape[1])
            self._kernel_buffer = np.empty(shape, self._kernel.dtype)
            self._gradient_buffer = np.empty(shape, self._kernel.dtype)
        self._columns = columns.astype(np.intp)
        kernel_seen = self._take(self._kernel, self._columns, self._kernel_buffer)
        return X_seen, kernel_seen, self._gradient_buffer[:n_seen]

    def update(self, kernel_seen, gradient):
        """Update the features that were gathered.

        Parameters
        ----------
        kernel_seen, gradient : ndarray of shape (n_seen, n_units)
        """
        factors = self._compute_factors(self._columns)
        for start in range(0, len(gradient), self._n_rows):
            rows = slice(start, start + self._n_rows)
            columns = self._columns[rows]
            slots = self._take_slots(columns, factors[rows])
            self._optimizer.update_arrays(kernel_seen[rows], gradient[rows], slots)
            _put_rows(self._kernel, columns, kernel_seen[rows])
            for slot, changed in zip(self._slots, slots, strict=True):
                _put_rows(slot, columns, changed)
        self._n_steps[self._columns] = self._optimizer.iteration + 1

    def catch_up(self):
        """Make the updates of slots that were skipped so far."""
        for start in range(0, len(self._kernel), self._n_rows):
            stop = min(start + self._n_rows, len(self._kernel))
            columns = np.arange(start, stop)
            slots = self._take_slots(columns, self._compute_factors(columns))
            for slot, changed in zip(self._slots, slots, strict=True):
                slot[start:stop] = changed
        self._n_steps[:] = self._optimizer.iteration

    def _compute_factors(self, columns):
        """Factors of the slots of some features for the steps that they missed."""
        missed = self._optimizer.iteration - self._n_steps[columns]
        powers = self._optimizer.decay ** np.arange(missed.max(initial=0) + 1)
        return powers.astype(self._kernel.dtype).take(missed)[:, np.newaxis]

    def _take_slots(self, columns, factors):
        """Copy the slots of some features as they would be now."""
        slots = [
            self._take(slot, columns, buffer)
            for slot, buffer in zip(self._slots, self._slot_buffers, strict=True)
        ]
        for slot in slots:
            slot *= factors
        return slots

    @staticmethod
    def _take(array, rows, buffer):
        return np.take(array, rows, axis=0, out=buffer[: len(rows)], mode="clip")


def _put_rows(array, rows, values):
    """Assign rows of a matrix as single items, which takes half the time."""
    item = f"V{array.itemsize * array.shape[1]}"
    array.view(item)[:, 0][rows] = values.view(item)[:, 0]

"""A step of training and an evaluation in NumPy and SciPy."""

import numpy as np
import scipy.sparse

from skimdb.neural_network._network import (
    ACTIVATIONS,
    DERIVATIVES,
    compute_logits,
    compute_loss,
)
from skimdb.neural_network._optimizers import OPTIMIZERS

# examples/benchmarks/bench_training.py sets these three. From so many units on, the
# gradient of the first kernel is computed and used up in blocks of columns, which stay
# in the cache.
_WIDE = 128
_BLOCK = 2**17
# Features per non-zero of a batch from which on those that no sample of the batch has
# are skipped.
_RARE = 2


class _SkippedColumns:
    """Features that some batches have and others have not.

    Nothing here takes as long as there are features, but what is done once a fit.

    Parameters
    ----------
    n_features : int
    iteration : int
        Number of steps made so far.

    Attributes
    ----------
    last_step : ndarray of int of shape (n_features,)
        Number of steps that the slots of each feature have been through.
    """

    def __init__(self, n_features, iteration):
        self.last_step = np.full(n_features, iteration, np.int64)
        self._position = np.empty(n_features, np.int32)

    def find_seen(self, X):
        """Find the features of a batch, and number its columns by them.

        Parameters
        ----------
        X : CSR of shape (n_samples, n_features)

        Returns
        -------
        columns : ndarray of int of shape (n_seen,)
        X_seen : CSR of shape (n_samples, n_seen)
        """
        position, order = self._position, np.arange(X.nnz, dtype=np.int32)
        # Of the entries of a column the last writes its place, and stands for it.
        position[X.indices] = order
        columns = X.indices[position[X.indices] == order]
        position[columns] = order[: len(columns)]
        seen = (X.data, position[X.indices], X.indptr)
        return columns, type(X)(seen, shape=(X.shape[0], len(columns)))

    def catch_up(self, columns, optimizer):
        """Make the updates of slots that were skipped before the present step."""
        missed = optimizer.iteration - self.last_step[columns]
        self.last_step[columns] = optimizer.iteration
        if not missed.any():
            return
        factors = np.power(optimizer.decay, missed)[:, np.newaxis]
        for slot in optimizer.slots[0]:
            slot[columns] *= factors.astype(slot.dtype)


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
        self._coefs = [coef.copy() for coef in coefs]
        self._intercepts = [intercept.copy() for intercept in intercepts]
        pairs = zip(self._coefs, self._intercepts, strict=True)
        weights = [weight for pair in pairs for weight in pair]
        self._optimizer = OPTIMIZERS[optimizer](weights, **optimizer_params)
        self._given_rate = self._optimizer.learning_rate
        self._first_step = 0
        self._columns = None  # set at the first step, if features are to be skipped

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
            self._columns.catch_up(slice(None), optimizer)
        variables = {
            "iteration": np.asarray(optimizer.iteration, np.int64),
            "learning_rate": np.asarray(optimizer.learning_rate, np.float32),
        }
        for name, slots in zip(self.spec.weight_names, optimizer.slots, strict=True):
            for slot_name, slot in zip(optimizer.slot_names, slots, strict=True):
                variables[f"{name}_{slot_name}"] = slot.copy()
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
        own = self.read_state()
        variables = state["variables"]
        if state["optimizer"] != own["optimizer"] or (
            variables.keys() != own["variables"].keys()
        ):
            return
        optimizer = self._optimizer
        optimizer.iteration = self._first_step = int(variables["iteration"])
        if state["given_rate"] == self._given_rate:
            optimizer.learning_rate = float(variables["learning_rate"])
        for name, slots in zip(self.spec.weight_names, optimizer.slots, strict=True):
            for slot_name, slot in zip(optimizer.slot_names, slots, strict=True):
                slot[...] = variables[f"{name}_{slot_name}"]

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
        masks : list of ndarray or None
            Per hidden layer the factors of its outputs, None without dropout.

        Returns
        -------
        loss : float
            Mean over the samples, penalty included.
        logits : ndarray of shape (n_samples, n_outputs)
            Before the step.
        """
        spec = self.spec
        if self._optimizer.iteration == self._first_step:
            self._choose_columns(batch.X)
        with np.errstate(over="ignore", invalid="ignore"):  # the caller checks the loss
            inputs, outputs = self._propagate_forward(batch.X, masks)
            logits = inputs[-1]
            losses, delta = compute_loss(logits, batch.Y, spec)
            loss = float((losses * batch.sample_weight).mean())
            loss += self._compute_penalty()
            delta *= (batch.sample_weight / len(losses))[:, np.newaxis]
            self._propagate_backward(batch.X, inputs, outputs, masks, delta)
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
            logits = compute_logits(
                batch.X, self._coefs, self._intercepts, self.spec.activation
            )
            losses, _ = compute_loss(logits, batch.Y, self.spec)
            return float((losses * batch.sample_weight).mean()), logits

    def finish_training(self):
        """End training: there is nothing to finalize."""

    def finish_model(self):
        """End the fit: there is no model of Keras."""

    def _choose_columns(self, X):
        """Decide at the first step whether to skip features."""
        if (
            scipy.sparse.issparse(X)
            and self._optimizer.can_skip
            and not self.spec.l2
            and X.shape[1] > _RARE * X.nnz
        ):
            self._columns = _SkippedColumns(X.shape[1], self._first_step)

    def _propagate_forward(self, X, masks):
        """Input of each activation, and what each hidden layer hands on."""
        inputs, outputs, hidden = [], [], X
        for layer, (coef, intercept) in enumerate(
            zip(self._coefs, self._intercepts, strict=True)
        ):
            if layer:
                hidden = ACTIVATIONS[self.spec.activation](inputs[-1])
                if masks[layer - 1] is not None:
                    hidden = hidden * masks[layer - 1]
                outputs.append(hidden)
            hidden = hidden @ coef
            hidden += intercept
            inputs.append(hidden)
        return inputs, outputs

    def _propagate_backward(self, X, inputs, outputs, masks, delta):
        """Update all weights, from the last layer to the first."""
        derivative = DERIVATIVES[self.spec.activation]
        for layer in range(len(outputs), 0, -1):
            hidden = outputs[layer - 1]
            gradient, bias_gradient = hidden.T @ delta, delta.sum(axis=0)
            below = delta @ self._coefs[layer].T
            mask = masks[layer - 1]
            if mask is not None:
                below *= mask
                # What the activation gave, before units were dropped.
                hidden = ACTIVATIONS[self.spec.activation](inputs[layer - 1])
            below *= derivative(inputs[layer - 1], hidden)
            if self.spec.l2 and layer < len(outputs):
                gradient += (2 * self.spec.l2) * self._coefs[layer]
            self._optimizer.update(2 * layer, gradient)
            self._optimizer.update(2 * layer + 1, bias_gradient)
            delta = below
        for rows, gradient in self._iterate_first_gradient(X, delta):
            if self.spec.l2:
                gradient += (2 * self.spec.l2) * self._coefs[0][rows]
            self._optimizer.update(0, gradient, rows)
        self._optimizer.update(1, delta.sum(axis=0))

    def _iterate_first_gradient(self, X, delta):
        """Yield rows of the first kernel and their gradient, in the way that is fast.

        Rows that are left out have a zero gradient, which changes nothing but the
        slots; these are made up for when the row is next seen.
        """
        if not scipy.sparse.issparse(X):
            yield slice(None), X.T @ delta
        elif self._columns is not None:
            columns, X = self._columns.find_seen(X)
            self._columns.catch_up(columns, self._optimizer)
            yield columns, X.T @ delta
            self._columns.last_step[columns] += 1
        elif delta.shape[1] >= _WIDE:
            transposed = X.T.tocsr()
            n_rows = max(1, _BLOCK // delta.shape[1])
            for start in range(0, X.shape[1], n_rows):
                rows = slice(start, start + n_rows)
                yield rows, transposed[rows] @ delta
        else:
            yield slice(None), X.T @ delta

    def _compute_penalty(self):
        if not self.spec.l2:
            return 0.0
        kernels = (coef.reshape(-1) for coef in self._coefs[:-1])
        return self.spec.l2 * float(sum(kernel @ kernel for kernel in kernels))

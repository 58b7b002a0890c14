"""A training step and an evaluation in TensorFlow."""

import gc
from functools import cached_property

import keras
import numpy as np
import tensorflow as tf

from skimdb._directions import lower_is_better
from skimdb.neural_network._keras import _objects
from skimdb.neural_network._keras._callbacks import KerasHooks

# Up to this number of units in the first layer, sparse batches stay sparse. For more
# units, TensorFlow's dense product is faster. examples/benchmarks/bench_training.py,
# section "tensorflow", sets it.
_SPARSE_UNITS = 256
# Batches with more features stay sparse: 2,048 dense rows take 256 MB in float32.
_DENSE_FEATURES = 2**15
# Bytes of a small graph, and of all graphs and models before they are collected.
_GRAPH_BYTES, _MOST_BYTES = 1.5e6, 12e6


class TensorFlowBackend:
    """Trains a Keras model with a Keras optimizer.

    Parameters
    ----------
    spec : NetworkSpec
    coefs, intercepts : list of ndarray
        Initial weights.
    objects : (keras.optimizers.Optimizer, keras.losses.Loss)
    metrics : sequence of str
        Names of the metrics, which callbacks look up in the model.
    is_sparse : bool
        Whether the samples are sparse.

    Attributes
    ----------
    model : keras.Sequential
        The one copy of the weights.
    """

    name = "tensorflow"
    _n_bytes = 0  # of the fits since the last collection

    def __init__(self, spec, coefs, intercepts, objects, metrics, *, is_sparse):
        # Graphs and models contain references to themselves. A collection, which takes
        # 0.2 s, frees them long before Python would.
        if TensorFlowBackend._n_bytes > _MOST_BYTES:
            gc.collect()
            TensorFlowBackend._n_bytes = 0
        # Optimizers have about two more variables for each weight.
        TensorFlowBackend._n_bytes += _GRAPH_BYTES + 3 * sum(w.nbytes for w in coefs)
        optimizer, loss = objects
        self._spec = spec
        self._loss = loss
        self._optimizer = optimizer
        self._given_rate = _objects.get_rate(optimizer)
        self.model = _objects.build_model(coefs, intercepts, spec)
        placeholders = map(_make_placeholder, metrics)
        _objects.compile_model(self.model, optimizer, loss, placeholders)
        # Let Keras build the metrics, so that callbacks find them.
        empty = np.zeros((1, spec.layer_sizes[-1]), spec.dtype)
        self.model.compute_metrics(None, empty, empty)
        self.model.reset_metrics()
        n_features, n_units = spec.layer_sizes[:2]
        is_dense = n_units > _SPARSE_UNITS and n_features <= _DENSE_FEATURES
        self._takes_sparse = is_sparse and not is_dense
        step = tf.function(self._train_step, self._make_signature(), autograph=False)
        # TensorFlow warns of functions that are traced often, but not of traced ones.
        self._step = step.get_concrete_function()

    @cached_property
    def _test(self):
        """The function of an evaluation, traced if there is something to evaluate."""
        test = tf.function(self._test_step, self._make_signature()[:3], autograph=False)
        return test.get_concrete_function()

    def _make_signature(self):
        """Signature of a batch of any size and its masks, to trace functions once."""
        n_features, *n_hidden, n_outputs = self._spec.layer_sizes
        dtype = self._spec.dtype.name
        features = [tf.TensorSpec([None, n_features], dtype)]
        if self._takes_sparse:
            # Positions and values of the entries. TensorFlow passes them faster than
            # a sparse tensor.
            features = [tf.TensorSpec([None, 2], "int64"), tf.TensorSpec([None], dtype)]
        rates = zip(n_hidden, self._spec.dropout, strict=True)
        return [
            features,
            tf.TensorSpec([None, n_outputs], dtype),
            tf.TensorSpec([None], dtype),
            *(tf.TensorSpec([None, n_units], dtype) for n_units, rate in rates if rate),
        ]

    # State

    def read_weights(self):
        """Copy the weights.

        Returns
        -------
        coefs, intercepts : list of ndarray
        """
        weights = [np.array(v.numpy()) for v in self.model.trainable_variables]
        return weights[::2], weights[1::2]

    def write_weights(self, coefs, intercepts):
        """Set the weights, for example to the ones of the best epoch."""
        _objects.write_weights(self.model, coefs, intercepts)

    def read_state(self):
        """Copy the state of the optimizer, as `NumpyBackend.read_state` does."""
        variables = _objects.name_variables(self._optimizer)
        return {
            "optimizer": type(self._optimizer).__name__,
            "given_rate": self._given_rate,
            "variables": {k: np.array(v.numpy()) for k, v in variables.items()},
        }

    def write_state(self, state):
        """Continue from the state of an optimizer, if it is of the same kind."""
        _objects.write_state(self._optimizer, state)

    @property
    def iteration(self):
        """Number of steps so far (``optimizer.iterations`` counts updates)."""
        return int(self._optimizer.variables[0].numpy())

    # Training

    def make_step(self, batch, masks):
        """Train on a batch.

        Parameters
        ----------
        batch : Samples
        masks : list of ndarray or None
            Factors of the outputs of each hidden layer, None without dropout.

        Returns
        -------
        loss : float
            Mean over the samples, penalty included.
        logits : ndarray of shape (n_samples, n_outputs)
            Logits before the step.
        """
        loss, logits = self._step(
            self._convert_features(batch.X),
            tf.constant(batch.Y),
            tf.constant(batch.sample_weight),
            *(tf.constant(mask) for mask in masks if mask is not None),
        )
        return float(loss), logits.numpy()

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
        loss, logits = self._test(
            self._convert_features(batch.X),
            tf.constant(batch.Y),
            tf.constant(batch.sample_weight),
        )
        return float(loss), logits.numpy()

    def finish_training(self):
        """Let the optimizer finalize the weights, for example to their averages."""
        self._optimizer.finalize_variable_values(self.model.trainable_variables)

    def finish_model(self):
        """Compile the trained model as `KerasMLPClassifier.to_keras` does."""
        _objects.compile_model(self.model, self._optimizer, self._loss)

    def close(self):
        """Do nothing: only the NumPy backend has threads to end."""

    @property
    def device(self):
        """Device of the weights, such as ``"GPU:0"``."""
        return self.model.trainable_variables[0].value.device.rpartition("device:")[2]

    def make_hooks(self, callbacks, schedule, verbose):
        """Return the hooks that call Keras's callbacks."""
        return KerasHooks(callbacks, self.model, schedule, verbose)

    def _convert_features(self, X):
        """Tensors of a dense array or of `SparseRows`."""
        if isinstance(X, np.ndarray):
            return [tf.constant(X)]
        if not self._takes_sparse:
            return [tf.constant(X.toarray())]
        entries = slice(X.indptr[0], X.indptr[-1])
        rows = np.repeat(np.arange(X.shape[0], dtype=np.int64), np.diff(X.indptr))
        positions = np.column_stack([rows, X.indices[entries]])
        return [tf.constant(positions), tf.constant(X.data[entries])]

    def _train_step(self, features, Y, sample_weight, *masks):
        given = iter(masks)
        masks = [next(given) if rate else None for rate in self._spec.dropout]
        X = self._join_features(features, tf.shape(Y)[0])
        weights = self.model.trainable_variables
        with tf.GradientTape() as tape:
            logits, outputs = self._propagate(X, masks)
            data_loss = self._loss(Y, outputs, sample_weight=sample_weight)
            loss = data_loss + sum(self.model.losses)
            scaled = self._optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, [weight.value for weight in weights])
        self._apply(gradients, weights)
        return loss, logits

    def _apply(self, gradients, weights):
        """Let the optimizer update the weights."""
        # In a replica context, an optimizer sums the gradients by a function that
        # TensorFlow registers forever, together with the whole graph. `apply` of
        # LossScaleOptimizer insists on that context, its `_common_apply` does not.
        apply = getattr(self._optimizer, "_common_apply", self._optimizer.apply)
        tf.distribute.get_replica_context().merge_call(
            lambda _, *summed: apply(summed, weights), gradients
        )

    def _test_step(self, features, Y, sample_weight):
        X = self._join_features(features, tf.shape(Y)[0])
        logits, outputs = self._propagate(X, [None] * len(self._spec.dropout))
        return self._loss(Y, outputs, sample_weight=sample_weight), logits

    def _join_features(self, features, n_samples):
        """Return the result of `_convert_features` as one tensor."""
        if len(features) == 1:
            return features[0]
        shape = [n_samples, self._spec.layer_sizes[0]]
        return tf.SparseTensor(*features, tf.cast(tf.stack(shape), tf.int64))

    def _propagate(self, X, masks):
        """Compute logits and outputs. The masks are the same in both backends."""
        layers = [e for e in self.model.layers if isinstance(e, keras.layers.Dense)]
        hidden, logits = X, None
        for layer, mask in zip(layers, [*masks, None], strict=True):
            # Keras multiplies sparse tensors by an embedding lookup, which takes five
            # times as long for samples of a hundred words.
            is_sparse = isinstance(hidden, tf.SparseTensor)
            multiply = tf.sparse.sparse_dense_matmul if is_sparse else tf.matmul
            logits = multiply(hidden, layer.kernel.value) + layer.bias.value
            hidden = layer.activation(logits)
            if mask is not None:
                hidden *= mask
        return logits, hidden


def _make_placeholder(name):
    """Make a metric that callbacks can look up. Its values are computed elsewhere."""
    if name == "accuracy":
        return name
    metric = keras.metrics.MeanMetricWrapper(_return_nan, name=name)
    metric._direction = "down" if lower_is_better(name) else "up"
    return metric


def _return_nan(y_true, y_pred):
    """Stand in for a metric that Keras does not compute."""
    return keras.ops.zeros_like(y_pred[:, 0]) * float("nan")

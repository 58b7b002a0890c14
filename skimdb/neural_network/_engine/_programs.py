"""Compiled TensorFlow programs: an epoch of training, and its evaluation.

A program holds no state of a fit. Weights and optimizer state come in as handles of
variables of any shape, everything else as tensors, so one program serves every fit of
its kind, in several threads at once.
"""

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass

import keras
import tensorflow as tf

from skimdb.neural_network._engine._kernels import DenseKernel, NarrowKernel, WideKernel
from skimdb.neural_network._engine._updates import (
    fused_kind,
    hyperparameters,
    make_update,
    optimizer_key,
    read,
)

_MAX_PROGRAMS = 32


@dataclass(frozen=True)
class Architecture:
    """What changes a program, and so the key under which it is kept.

    Attributes
    ----------
    kernel : DenseKernel, NarrowKernel or WideKernel
        How the first layer multiplies.
    n_layers : int
        The output layer included.
    activation, output_activation : str
    dtype : str
    """

    kernel: DenseKernel | NarrowKernel | WideKernel
    n_layers: int
    activation: str
    output_activation: str
    dtype: str


class Program:
    """Training and evaluation for one architecture, loss and optimizer.

    Parameters
    ----------
    architecture : Architecture
    loss : keras.losses.Loss
    optimizer : keras.optimizers.Optimizer
        Only its configuration is used.
    shapes : tuple of tuple of int
        Of the weights; used where the optimizer has no fused update.

    Attributes
    ----------
    update : FusedUpdate or KerasUpdate
    """

    def __init__(self, architecture, loss, optimizer, shapes):
        self._architecture = architecture
        self._kernel = architecture.kernel
        self._dtype = dtype = tf.as_dtype(architecture.dtype)
        self._activation = keras.activations.get(architecture.activation)
        self._output = keras.activations.get(architecture.output_activation)
        self._loss = loss
        n_tiles = self._kernel.n_tiles
        self.update = make_update(optimizer, n_tiles, shapes, dtype)
        self._n_weights = n_tiles + 2 * architecture.n_layers - 1
        n_hyperparameters = len(hyperparameters(optimizer))

        def vector(dtype, size=None):
            return tf.TensorSpec([size], dtype)

        rows = [
            self._kernel.signature(dtype),
            tf.TensorSpec([None, 4], tf.int64),
            tf.TensorSpec([None, None], dtype),
        ]
        self._function = tf.function(self._run, autograph=False).get_concrete_function(
            vector(tf.resource, self._n_weights + self.update.n_state(self._n_weights)),
            [*rows, vector(tf.int32)],
            rows,
            vector(tf.int64, 4),
            vector(dtype, 1 + architecture.n_layers + n_hyperparameters),
        )

    def run(self, *arguments):
        """Run the program.

        Parameters
        ----------
        *arguments
            Of `_run`, tensors or arrays.

        Returns
        -------
        results : list of tf.Tensor
            Of `_run`.
        """
        with self.update.lock:
            # Calling the function itself would take ten times as long to check them.
            return tf.raw_ops.StatefulPartitionedCall(
                args=[*tf.nest.flatten(arguments), *self._function.captured_inputs],
                Tout=[self._dtype] * 4,
                f=self._function,
            )

    def _head(self, product, weights, masks=None):
        """Network output from the first layer's product and the other weights."""
        hidden = tf.nn.bias_add(product, weights[0])
        for layer in range(1, self._architecture.n_layers):
            hidden = self._activation(hidden)
            if masks is not None:
                hidden *= masks[layer - 1]
            hidden = hidden @ weights[2 * layer - 1]
            hidden = tf.nn.bias_add(hidden, weights[2 * layer])
        return self._output(hidden)

    def _dropout_mask(self, rate, draws, n_units, seed):
        """Factors of a layer's outputs: 0 for what is dropped, else 1 or more.

        Rows that share a number in `draws` share their draws.
        """

        def draw():
            shape = [tf.reduce_max(draws) + 1, n_units]
            table = tf.random.stateless_uniform(shape, seed, dtype=self._dtype)
            kept = tf.gather(table, draws) >= rate
            return tf.cast(kept, self._dtype) / (1 - rate)

        return tf.cond(rate > 0, draw, lambda: tf.ones([1, 1], self._dtype))

    def _penalize(self, l2, kernels, values, gradients):
        """Return the penalty on some of the weights, and the gradients with its own."""

        def penalize():
            # l2_loss is half the sum of squares.
            halves = tf.add_n([tf.nn.l2_loss(values[kernel]) for kernel in kernels])
            return 2 * l2 * halves, [
                gradients[kernel] + 2 * l2 * values[kernel] for kernel in kernels
            ]

        def leave():
            zero = tf.zeros([], self._dtype)
            return zero, [gradients[kernel] for kernel in kernels]

        penalty, penalized = tf.cond(l2 > 0, penalize, leave)
        gradients = [*gradients]
        for kernel, gradient in zip(kernels, penalized, strict=True):
            gradients[kernel] = gradient
        return penalty, gradients

    def _loop(self, first, last, batches, labels, run):
        """Run over batches; sums the loss over samples and gathers the outputs.

        ``run(index, begin, size, targets, weight)`` returns, for the rows from begin
        on, the sum of their losses and their outputs.
        """

        def body(index, total, outputs):
            begin, size = tf.split(tf.gather(batches, index), 2)
            rows = tf.slice(labels, begin, size)
            loss, output = run(index, begin, size, rows[:, :-1], rows[:, -1])
            outputs = outputs.write(tf.cast(index - first, tf.int32) + 1, output)
            return index + 1, total + loss, outputs

        outputs = tf.TensorArray(
            self._dtype,
            size=tf.cast(last - first, tf.int32) + 1,
            infer_shape=False,
            element_shape=tf.TensorShape([None, None]),
        ).write(0, labels[:0, :-1])  # where there is no batch
        _, total, outputs = tf.while_loop(
            lambda index, *_: index < last,
            body,
            (first, tf.zeros([], self._dtype), outputs),
        )
        return total, outputs.concat()

    def _run(self, variables, rows, validation, integers, rates):
        """Train on some batches in turn, then evaluate.

        Parameters
        ----------
        variables : vector of resource
            Weights, then what the optimizer keeps.
        rows, validation : list
            Data as laid out by the kernel; where each batch begins among the rows, and
            its size; targets and the sample weight; and for training a vector of int:
            rows that share a number share their dropout.
        integers : vector of int
            The seed of dropout, the number of steps so far, the first batch to train
            on, the end of the last.
        rates : vector of float
            Learning rate, penalty, dropout of each hidden layer, hyperparameters.

        Returns
        -------
        total, outputs, validation_total, validation_outputs
            The loss summed over samples, in training with the penalty, and what the
            network predicted for them.
        """
        variables = tf.unstack(variables)
        weights, state = variables[: self._n_weights], variables[self._n_weights :]
        trained = self._train(weights, state, *rows, integers, rates)
        return *trained, *self._evaluate(weights, *validation)

    def _train(self, weights, state, data, batches, labels, draws, integers, rates):
        seed, first_step, first, last = tf.unstack(integers)
        learning_rate, l2, *rates = tf.unstack(rates)
        n_hidden, n_tiles = self._architecture.n_layers - 1, self._kernel.n_tiles
        # The tiles, and every other weight from the next kernel on, but the last.
        kernels = [*range(n_tiles), *range(n_tiles + 1, self._n_weights - 2, 2)]
        read_weights, apply = self.update.start(
            weights, state, rates[n_hidden:], learning_rate
        )

        def run(index, begin, size, targets, weight):
            step = first_step + index - first
            values = read_weights()
            tiles = values[:n_tiles]
            batch = self._kernel.batch(data, index, begin, size)
            product = self._kernel.product(batch, tiles)
            watched = [product, *values[n_tiles:]]
            drawn = tf.slice(draws, begin[:1], size[:1])
            masks = [
                self._dropout_mask(
                    rates[layer],
                    drawn,
                    tf.shape(values[n_tiles + 2 * layer])[0],
                    [seed, step * n_hidden + layer],
                )
                for layer in range(n_hidden)
            ]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(watched)
                output = self._head(product, watched[1:], masks)
                losses = self._loss.call(targets, output)
            n_rows = tf.cast(size[0], self._dtype)
            delta, *gradients = tape.gradient(
                losses, watched, output_gradients=weight / n_rows
            )
            gradients = [*self._kernel.gradient(batch, delta), *gradients]
            penalty, gradients = self._penalize(l2, kernels, values, gradients)
            loss = tf.reduce_sum(losses * weight) + n_rows * penalty
            apply(gradients, step)
            return loss, output

        result = self._loop(first, last, batches, labels, run)
        self.update.finish(weights, state)
        return result

    def _evaluate(self, weights, data, batches, labels):
        n_tiles = self._kernel.n_tiles
        values = read(weights, n_tiles, self._dtype)

        def run(index, begin, size, targets, weight):
            batch = self._kernel.batch(data, index, begin, size)
            product = self._kernel.product(batch, values[:n_tiles])
            output = self._head(product, values[n_tiles:])
            return tf.reduce_sum(self._loss.call(targets, output) * weight), output

        zero = tf.zeros([], tf.int64)
        last = tf.shape(batches, tf.int64)[0]
        return self._loop(zero, last, batches, labels, run)


_programs = OrderedDict()
_programs_lock = threading.Lock()


def get_program(architecture, loss, optimizer, shapes):
    """Find or compile the program of one kind of fit.

    The most recently used are kept.

    Parameters
    ----------
    architecture, loss, optimizer, shapes
        As in `Program`.

    Returns
    -------
    program : Program
    """
    key = (
        architecture,
        type(loss),
        json.dumps(loss.get_config(), sort_keys=True),
        type(optimizer),
        optimizer_key(optimizer),
        shapes if fused_kind(optimizer) is None else None,
    )
    with _programs_lock:
        if key not in _programs:
            _programs[key] = Program(architecture, loss, optimizer, shapes)
            if len(_programs) > _MAX_PROGRAMS:
                _programs.popitem(last=False)
        _programs.move_to_end(key)
        return _programs[key]

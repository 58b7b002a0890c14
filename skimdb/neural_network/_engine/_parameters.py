"""Weights and optimizer state of one fit, as the variables that its program trains.

Plain arrays come in and go out. In between, where the update is fused, they are
TensorFlow variables, the first kernel cut into the tiles of its matrix kernel; other
optimizers of Keras keep variables of their own.
"""

import json

import keras
import numpy as np
import tensorflow as tf

from skimdb.neural_network._engine._kernels import choose_kernel
from skimdb.neural_network._engine._updates import (
    fused_kind,
    n_slots,
    needs_scratch,
    slots_from_keras,
    slots_to_keras,
    tile_size,
)


def _values_to_restore(optimizer, state, shapes):
    """What the variables of an optimizer were, or None if it is of another kind.

    A learning rate that was given another value since takes precedence.
    """
    before = json.loads(state["config"])
    now = json.loads(json.dumps(keras.optimizers.serialize(optimizer), default=str))
    values = state["variables"]
    if before["class_name"] != now["class_name"] or shapes != [v.shape for v in values]:
        return None
    rate = "learning_rate"
    if before["config"].get(rate) != now["config"].get(rate):
        names = [variable.name for variable in optimizer.variables[:2]]
        values = [*values]
        values[names.index(rate)] = np.asarray(optimizer.learning_rate.numpy())
    return values


class _Parameters:
    """What the two kinds of parameters share.

    Attributes
    ----------
    kernel : DenseKernel, NarrowKernel or WideKernel
    shapes : tuple of tuple of int
        Of the weights.
    variables : list of tf.Variable
        As a program takes them.
    step : int
        Steps trained so far.
    learning_rate : float
    """

    def __init__(self, network, X, weights):
        self._network = network
        self._optimizer = network.optimizer
        self.shapes = tuple(weight.shape for weight in weights)
        n_units = weights[0].shape[1]
        self.kernel = choose_kernel(X, n_units, tile_size(network.optimizer))

    def _read_scalars(self):
        # Not ``optimizer.iterations``, which counts otherwise under accumulation.
        self.step = int(self._optimizer.variables[0].value)
        self.learning_rate = float(self._optimizer.learning_rate)

    def read_weights(self):
        """Copy the weights.

        Returns
        -------
        coefs, intercepts : list of ndarray
        """
        weights = self._read()
        return weights[::2], weights[1::2]

    def read_state(self):
        """Copy the state of the optimizer.

        Returns
        -------
        state : dict
            Its configuration as JSON, and the list of its variables' values.
        """
        config = keras.optimizers.serialize(self._optimizer)
        return {
            "config": json.dumps(config, default=str),
            "variables": self._read_optimizer(),
        }


class FusedParameters(_Parameters):
    """Parameters of an optimizer whose update is fused."""

    def __init__(self, network, X, weights, state):
        super().__init__(network, X, weights)
        shapes = [self.shapes] * n_slots(self._optimizer)
        shapes = [(), (), *slots_to_keras(self._optimizer, shapes)]
        values = state and _values_to_restore(self._optimizer, state, shapes)
        if values:
            slots = slots_from_keras(self._optimizer, values[2:])
            for variable, value in zip(
                self._optimizer.variables[:2], values[:2], strict=True
            ):
                variable.assign(value)
        else:
            slots = [
                [np.zeros_like(weight) for weight in weights]
                for _ in range(n_slots(self._optimizer))
            ]
        # A list of variables for the weights, and one for each slot.
        self._lists = [
            [tf.Variable(value) for value in self._pack(values)]
            for values in [weights, *slots]
        ]
        scratch = []
        if needs_scratch(self._optimizer):
            scratch = [tf.Variable(tf.zeros_like(value)) for value in self._lists[0]]
        self.variables = [v for values in [*self._lists, scratch] for v in values]
        self._read_scalars()
        if network.model is not None:
            self._store()

    def _pack(self, values):
        return [*self.kernel.split(values[0]), *values[1:]]

    def _unpack(self, variables):
        values = [variable.numpy() for variable in variables]
        n_tiles = self.kernel.n_tiles
        return [self.kernel.join(values[:n_tiles]), *values[n_tiles:]]

    def _read(self):
        return self._unpack(self._lists[0])

    def _read_optimizer(self):
        scalars = self._optimizer.variables[:2]
        scalars[0].assign(self.step)
        slots = [self._unpack(variables) for variables in self._lists[1:]]
        return [
            *(np.asarray(scalar.value.numpy()) for scalar in scalars),
            *slots_to_keras(self._optimizer, slots),
        ]

    def pull(self):
        """Take over what callbacks may have changed."""
        if self._network.model is None:
            return
        self._read_scalars()
        weights = [v.value.numpy() for v in self._network.model.trainable_variables]
        slots = [v.value.numpy() for v in self._optimizer.variables[2:]]
        lists = [weights, *slots_from_keras(self._optimizer, slots)]
        for variables, values in zip(self._lists, lists, strict=True):
            for variable, value in zip(variables, self._pack(values), strict=True):
                variable.assign(value)

    def push(self, n_steps):
        """Count steps, and let callbacks see what they have changed."""
        self.step += n_steps
        if self._network.model is not None and n_steps:
            self._store()

    def _store(self):
        model = self._network.model
        variables = [*model.trainable_variables, *self._optimizer.variables]
        values = [*self._read(), *self._read_optimizer()]
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


class KerasParameters(_Parameters):
    """Parameters of any other optimizer, which is bound to variables of Keras."""

    def __init__(self, network, X, weights, state):
        super().__init__(network, X, weights)
        if network.model is None:
            self._weights = [
                keras.Variable(value, dtype=value.dtype.name, name=name)
                for value, name in zip(
                    weights, ["kernel", "bias"] * (len(weights) // 2), strict=True
                )
            ]
            self._optimizer.build(self._weights)
        else:
            self._weights = network.model.trainable_variables
        variables = self._optimizer.variables
        shapes = [tuple(variable.shape) for variable in variables]
        values = state and _values_to_restore(self._optimizer, state, shapes)
        for variable, value in zip(variables, values or [], strict=bool(values)):
            variable.assign(value)
        self.variables = [variable.value for variable in [*self._weights, *variables]]
        self._read_scalars()

    def _read(self):
        return [weight.value.numpy() for weight in self._weights]

    def _read_optimizer(self):
        return [np.asarray(v.value.numpy()) for v in self._optimizer.variables]

    def pull(self):
        """Take over what callbacks may have changed."""
        self._read_scalars()

    def push(self, n_steps):
        """Nothing is left to do: the program has counted the steps."""


def make_parameters(network, X, coefs, intercepts, state=None):
    """Make the variables of one fit.

    Parameters
    ----------
    network : Network
    X : ndarray or CSR of shape (n_samples, n_features)
        Training rows, by which the kernel of the first layer is chosen.
    coefs, intercepts : list of ndarray
        Initial weights.
    state : dict, default=None
        What `read_state` returned, to go on from. The optimizer starts anew if it is
        that of another kind.

    Returns
    -------
    parameters : FusedParameters or KerasParameters
    """
    weights = [w for pair in zip(coefs, intercepts, strict=True) for w in pair]
    fused = fused_kind(network.optimizer) is not None
    kind = FusedParameters if fused else KerasParameters
    return kind(network, X, weights, state)

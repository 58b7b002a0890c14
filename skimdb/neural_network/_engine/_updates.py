"""Optimizer updates inside a compiled program.

RMSprop, Adam and SGD are one TensorFlow kernel each, working in place on the
variables of a fit. Any other Keras optimizer, or one with clipping, weight decay or a
schedule, is traced as it is, on scratch variables of the program's own.
"""

import contextlib
import json
import threading

import keras
import tensorflow as tf

_KINDS = {
    keras.optimizers.RMSprop: "rmsprop",
    keras.optimizers.Adam: "adam",
    keras.optimizers.SGD: "sgd",
}
_HYPERPARAMETERS = {
    "rmsprop": ("rho", "momentum", "epsilon"),
    "adam": ("beta_1", "beta_2", "epsilon"),
    "sgd": ("momentum",),
    None: (),
}
# Options that the TensorFlow kernels do not have.
_NOT_FUSED = (
    "amsgrad",
    "centered",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "gradient_accumulation_steps",
    "loss_scale_factor",
    "use_ema",
    "weight_decay",
)


def fused_kind(optimizer):
    """Name of the kernel that makes this optimizer's update, or None."""
    config = optimizer.get_config()
    if any(config.get(name) for name in _NOT_FUSED):
        return None
    if not isinstance(config["learning_rate"], float):
        return None
    return _KINDS.get(type(optimizer))


def optimizer_key(optimizer):
    """Configuration of an optimizer as JSON, less what a program takes as data."""
    kind = fused_kind(optimizer)
    if kind is not None:
        # With or without momentum the optimizer has other variables.
        config = optimizer.get_config()
        return json.dumps(
            [kind, bool(config.get("momentum")), bool(config.get("nesterov"))]
        )
    config = keras.optimizers.serialize(optimizer)
    config["config"].pop("name")
    if isinstance(config["config"]["learning_rate"], float):
        config["config"].pop("learning_rate")
    return json.dumps(config, sort_keys=True, default=str)


def hyperparameters(optimizer):
    """Values that a fused update takes as data."""
    names = _HYPERPARAMETERS[fused_kind(optimizer)]
    return [float(getattr(optimizer, name)) for name in names]


def make_update(optimizer, n_tiles, shapes, dtype):
    """Update for an optimizer of this configuration."""
    if fused_kind(optimizer) is not None:
        return FusedUpdate(optimizer, n_tiles, dtype)
    return KerasUpdate(optimizer, shapes, dtype)


def read(handles, n_tiles, dtype):
    """Values of the variables behind handles: tiles, then biases and kernels."""
    values = [tf.raw_ops.ReadVariableOp(resource=h, dtype=dtype) for h in handles]
    for value, rank in zip(values, [2] * n_tiles + [1, 2] * len(values), strict=False):
        value.set_shape([None] * rank)
    return values


def n_slots(optimizer):
    """How many values per weight an optimizer with a fused update keeps."""
    if fused_kind(optimizer) == "adam":
        return 2
    momentum = bool(optimizer.momentum)
    return 1 + momentum if fused_kind(optimizer) == "rmsprop" else int(momentum)


def tile_size(optimizer):
    """Weights that one call of the kernel updates fast, or None if it is not fused.

    Beyond that TensorFlow wakes threads to share the work, which takes several times
    as long as the work, until there are very many weights. Adam's threshold is so low
    that many small calls would not pay.
    """
    kind = fused_kind(optimizer)
    return kind and (32_000 if kind == "rmsprop" else 1_000_000)


def needs_scratch(optimizer):
    """Whether the fused kernel wants room for a momentum that there is not."""
    return fused_kind(optimizer) == "rmsprop" and not optimizer.momentum


def slots_from_keras(optimizer, values):
    """Order what an optimizer keeps by slot: a list per slot, an entry per weight."""
    n = n_slots(optimizer)
    if fused_kind(optimizer) == "adam":  # weight by weight
        return [values[slot::n] for slot in range(n)]
    n_weights = len(values) // max(n, 1)
    return [values[slot * n_weights :][:n_weights] for slot in range(n)]


def slots_to_keras(optimizer, slots):
    """Order what is kept as the variables of the optimizer are."""
    if fused_kind(optimizer) == "adam":
        slots = zip(*slots, strict=True)
    return [value for values in slots for value in values]


class FusedUpdate:
    """The update as one TensorFlow kernel per variable.

    Its variables are the weights, then the slots, each as long as the weights, then
    what the kernel needs as scratch.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Only its configuration is used.
    n_tiles : int
        Variables that the first kernel is cut into.
    dtype : tf.DType
    """

    # Nothing is shared, so any number of threads may call the program.
    lock = contextlib.nullcontext()

    def __init__(self, optimizer, n_tiles, dtype):
        self._kind = fused_kind(optimizer)
        self._momentum = bool(getattr(optimizer, "momentum", 0))
        self._nesterov = bool(getattr(optimizer, "nesterov", False))
        self._n_lists = n_slots(optimizer) + needs_scratch(optimizer)
        self._n_tiles = n_tiles
        self._dtype = dtype

    def n_state(self, n_weights):
        """How many variables there are beside the weights."""
        return self._n_lists * n_weights

    def start(self, weights, state, hyperparameters, learning_rate):
        """Prepare a program's call; returns the functions that read and apply."""
        n = len(weights)

        def apply(gradients, step):
            for position, (handle, gradient) in enumerate(
                zip(weights, gradients, strict=True)
            ):
                slots = state[position::n]
                if self._kind == "rmsprop":
                    tf.raw_ops.ResourceApplyRMSProp(
                        var=handle,
                        ms=slots[0],
                        mom=slots[1],
                        lr=learning_rate,
                        rho=hyperparameters[0],
                        momentum=hyperparameters[1],
                        epsilon=hyperparameters[2],
                        grad=gradient,
                    )
                elif self._kind == "adam":
                    power = tf.cast(step + 1, self._dtype)
                    tf.raw_ops.ResourceApplyAdam(
                        var=handle,
                        m=slots[0],
                        v=slots[1],
                        beta1_power=hyperparameters[0] ** power,
                        beta2_power=hyperparameters[1] ** power,
                        lr=learning_rate,
                        beta1=hyperparameters[0],
                        beta2=hyperparameters[1],
                        epsilon=hyperparameters[2],
                        grad=gradient,
                    )
                elif self._momentum:
                    tf.raw_ops.ResourceApplyKerasMomentum(
                        var=handle,
                        accum=slots[0],
                        lr=learning_rate,
                        grad=gradient,
                        momentum=hyperparameters[0],
                        use_nesterov=self._nesterov,
                    )
                else:
                    tf.raw_ops.ResourceApplyGradientDescent(
                        var=handle, alpha=learning_rate, delta=gradient
                    )

        return lambda: read(weights, self._n_tiles, self._dtype), apply

    def finish(self, weights, state):
        """End a program's call."""


class KerasUpdate:
    """The optimizer's own ``apply``, on scratch variables.

    A Keras optimizer is bound to its variables. So the program copies a fit's
    variables into its own at the start of a call and back at the end, under a lock.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Only its configuration is used.
    shapes : tuple of tuple of int
        Of the weights.
    dtype : tf.DType
    """

    def __init__(self, optimizer, shapes, dtype):
        self.lock = threading.Lock()
        self._scratch = [
            # The optimizer sees the names that the weights of a fit have, since its
            # options may exclude variables by name.
            keras.Variable(
                tf.zeros(shape, dtype), dtype=dtype.name, name=["kernel", "bias"][i % 2]
            )
            for i, shape in enumerate(shapes)
        ]
        self._optimizer = type(optimizer).from_config(optimizer.get_config())
        self._optimizer.build(self._scratch)

    def n_state(self, n_weights):
        """How many variables there are beside the weights."""
        return len(self._optimizer.variables)

    def _pairs(self, weights, state):
        variables = [*self._scratch, *self._optimizer.variables]
        return zip(variables, [*weights, *state], strict=True)

    def start(self, weights, state, hyperparameters, learning_rate):
        """Prepare a program's call; returns the functions that read and apply."""
        for variable, handle in self._pairs(weights, state):
            value = tf.raw_ops.ReadVariableOp(
                resource=handle, dtype=variable.value.dtype
            )
            variable.value.assign(tf.ensure_shape(value, variable.shape))

        def apply(gradients, step):
            self._optimizer.apply(gradients, self._scratch)

        return lambda: [v.value.read_value() for v in self._scratch], apply

    def finish(self, weights, state):
        """End a program's call."""
        for variable, handle in self._pairs(weights, state):
            tf.raw_ops.AssignVariableOp(
                resource=handle, value=variable.value.read_value()
            )

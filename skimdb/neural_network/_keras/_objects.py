"""Objects of Keras for one fit: optimizer, loss, model.

The only file that imports scikeras, whose ``BaseWrapper`` routes parameters such as
``optimizer__momentum`` or ``callbacks__patience`` to what they name.
"""

import inspect
import re
from numbers import Real

import keras
import numpy as np
from scikeras.wrappers import BaseWrapper

from skimdb._messages import suggest_nearest
from skimdb.neural_network._keras._callbacks import fill_paths, list_callbacks

_LOSSES = {
    "sigmoid": keras.losses.BinaryCrossentropy,
    "softmax": keras.losses.CategoricalCrossentropy,
}


class _Router(BaseWrapper):
    """Routes parameters; "builds" the compile arguments instead of a model."""

    def _keras_build_fn(self, compile_kwargs):
        return compile_kwargs


def _find_optimizer_class(optimizer):
    """Return the class of an optimizer given by name, as a class or as an instance."""
    base, found, hint = keras.optimizers.Optimizer, optimizer, ""
    if isinstance(optimizer, str):
        known = {name.lower(): cls for name, cls in vars(keras.optimizers).items()}
        found = known.get(optimizer.lower())
        if found is None:
            found = keras.saving.get_registered_object(optimizer)
            hint = suggest_nearest(optimizer, known)
    elif isinstance(optimizer, base):
        found = type(optimizer)
    if inspect.isclass(found) and issubclass(found, base) and found is not base:
        return found
    kind = ValueError if isinstance(optimizer, str) else TypeError
    raise kind(
        "Expected optimizer to be the name, the class or an instance of a Keras "
        f"optimizer, got {optimizer!r}.{hint}"
    )


def copy_optimizer(optimizer):
    """Make an untrained optimizer with the configuration of an instance.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Its class and its schedule need a `get_config` that knows all arguments.

    Returns
    -------
    copied : keras.optimizers.Optimizer
    """
    cls = type(optimizer)
    try:
        copied = cls.from_config(optimizer.get_config())
        for name, value in vars(optimizer).items():
            is_option = isinstance(value, (Real, str)) and name != "built"
            if is_option and vars(copied).get(name) != value:
                raise ValueError(f"its get_config does not return {name}={value!r}.")
    except (NotImplementedError, TypeError, ValueError) as error:
        raise ValueError(
            f"Could not copy the optimizer {cls.__name__}: {error} Define get_config "
            "in your own classes and decorate them with "
            "@keras.saving.register_keras_serializable(). Or give the class and its "
            f"arguments: optimizer={cls.__name__}, optimizer__learning_rate=0.01."
        ) from error
    return copied


def describe_optimizer(optimizer):
    """Return the class and the configuration of an instance, which can be pickled."""
    copied = copy_optimizer(optimizer)
    return type(copied), keras.saving.serialize_keras_object(copied)["config"]


def _prepare_optimizer(optimizer, params):
    """Return the class of the optimizer and its arguments, or a copy of an instance."""
    cls = _find_optimizer_class(optimizer)
    rate = params.get("learning_rate")
    if inspect.isclass(rate):
        raise TypeError(
            "Expected learning_rate to be a number or an instance of a schedule, got "
            f"the class {rate.__name__}. Make an instance of it."
        )
    if isinstance(optimizer, keras.optimizers.Optimizer):
        if params:
            raise ValueError(
                "learning_rate and optimizer__* parameters cannot change an optimizer "
                "instance. Give its name or class instead, such as "
                f"optimizer={cls.__name__.lower()!r}."
            )
        return copy_optimizer(optimizer), {}
    if isinstance(rate, Real):  # float32, whatever keras.config.floatx
        params = params | {"learning_rate": float(np.float32(rate))}
    params = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in params.items()
    }
    return cls, params


def make_objects(keras_params, *, output_activation, dtype, is_clone=False):
    """Instantiate optimizer, loss and callbacks.

    Parameters
    ----------
    keras_params : KerasParams
    output_activation : {"sigmoid", "softmax"}
        Activation that decides between binary and categorical cross-entropy.
    dtype : numpy.dtype
        Dtype of the network and of the loss.
    is_clone : bool, default=False
        Whether `sklearn.base.clone` made the estimator; see `fill_paths`.

    Returns
    -------
    optimizer : keras.optimizers.Optimizer
        A new one: an instance is copied, because a fit changes its state.
    loss : keras.losses.Loss
    callbacks : list of keras.callbacks.Callback
        Instances that were given, and new instances of classes.
    """
    optimizer, optimizer_params = _prepare_optimizer(
        keras_params.optimizer, keras_params.optimizer_params
    )
    routed = {
        "optimizer": optimizer_params,
        "loss": {"dtype": dtype.name} | keras_params.loss_params,
        "callbacks": keras_params.callbacks_params,
    }
    router = _Router(
        optimizer=optimizer,
        loss=_LOSSES[output_activation],
        callbacks=list_callbacks(keras_params.callbacks, routed["callbacks"]),
        **{f"{r}__{k}": v for r, params in routed.items() for k, v in params.items()},
    ).initialize(np.zeros((1, 1)))
    fill_paths(router._fit_callbacks, is_clone=is_clone)
    return router.model_["optimizer"], router.model_["loss"], router._fit_callbacks


def build_model(coefs, intercepts, spec):
    """Build the Keras model with these weights.

    Parameters
    ----------
    coefs, intercepts : list of ndarray
        Kernel of shape (n_inputs, n_units) and bias of shape (n_units,) per layer.
    spec : NetworkSpec

    Returns
    -------
    model : keras.Sequential
        Not compiled.
    """
    dtype = spec.dtype.name
    regularizer = keras.regularizers.L2(spec.l2) if spec.l2 else None
    layers = [keras.Input((spec.layer_sizes[0],), dtype=dtype)]
    # The default initializers would draw from Python's global generator.
    options = {"kernel_initializer": "zeros", "dtype": dtype}
    for index, rate in enumerate(spec.dropout):
        layers.append(
            keras.layers.Dense(
                spec.layer_sizes[index + 1],
                activation=spec.activation,
                kernel_regularizer=regularizer,
                name=f"hidden_{index + 1}",
                **options,
            )
        )
        if rate:
            layers.append(
                keras.layers.Dropout(
                    rate, seed=index, dtype=dtype, name=f"dropout_{index + 1}"
                )
            )
    layers.append(
        keras.layers.Dense(
            spec.layer_sizes[-1],
            activation=spec.output_activation,
            name="output",
            **options,
        )
    )
    model = keras.Sequential(layers, name="skimdb")
    write_weights(model, coefs, intercepts)
    return model


def write_weights(model, coefs, intercepts):
    """Assign kernels and biases to a model."""
    weights = [w for pair in zip(coefs, intercepts, strict=True) for w in pair]
    for variable, value in zip(model.trainable_variables, weights, strict=True):
        variable.assign(value)


def compile_model(model, optimizer, loss, metrics=("accuracy",)):
    """Compile a model, with the variables of its optimizer made.

    Parameters
    ----------
    model : keras.Model
    optimizer : keras.optimizers.Optimizer
    loss : keras.losses.Loss
    metrics : sequence of str or keras.metrics.Metric, default=("accuracy",)
    """
    model.compile(
        optimizer=optimizer, loss=loss, metrics=list(metrics), auto_scale_loss=False
    )
    if not optimizer.built:
        optimizer.build(model.trainable_variables)


def get_rate(optimizer):
    """Return the learning rate of an optimizer, None for a schedule.

    Of one that wraps others it is a tuple of all.
    """
    rates = [float(v.numpy()) for v in optimizer.variables if v.name == "learning_rate"]
    return tuple(rates) if len(rates) > 1 else next(iter(rates), None)


def read_state(optimizer, given_rate):
    """Copy the state of an optimizer, as `NumpyBackend.read_state` does.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
    given_rate : float, tuple of float or None
        Learning rate that it was made with.

    Returns
    -------
    state : dict
    """
    return {
        "optimizer": type(optimizer).__name__,
        "given_rate": given_rate,
        "variables": {
            name: np.array(variable.numpy())
            for name, variable in _name_variables(optimizer).items()
        },
    }


def write_state(optimizer, state):
    """Let a new optimizer go on from a state, if it is of the same kind.

    A learning rate that is now given another value takes precedence.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Built.
    state : dict
        As `read_state` of this or the other backend returns it.
    """
    variables, values = _name_variables(optimizer), state["variables"]
    if state["optimizer"] != type(optimizer).__name__ or (
        {name: tuple(variable.shape) for name, variable in variables.items()}
        != {name: value.shape for name, value in values.items()}
    ):
        return
    keep_rate = state["given_rate"] == get_rate(optimizer)
    for name, variable in variables.items():
        value = values[name]
        if name.endswith(("_velocity", "_average_gradient")):
            value = value * state.get("decay", 1.0)
        if variable.name != "learning_rate" or keep_rate:
            variable.assign(value)


def _name_variables(optimizer):
    """Variables of an optimizer by their names.

    A name that Keras has numbered, or given twice, is replaced by the position.
    """
    variables = {}
    for position, variable in enumerate(optimizer.variables):
        name = variable.name
        if re.fullmatch(r"variable(_\d+)?", name) or name in variables:
            name = f"variable_at_{position}"
        variables[name] = variable
    return variables

"""Keras objects for one fit: routed optimizer, loss, callbacks, and the model.

The only file that imports scikeras, whose ``BaseWrapper`` routes parameters such
as ``optimizer__momentum`` or ``callbacks__patience`` to what they name.
"""

import difflib
import inspect
from dataclasses import dataclass, field

import keras
import numpy as np
from scikeras.wrappers import BaseWrapper

ROUTES = ("optimizer__", "loss__", "callbacks__")


class _Router(BaseWrapper):
    """Routes parameters; "builds" the compile arguments instead of a model."""

    def _keras_build_fn(self, compile_kwargs):
        return compile_kwargs


@dataclass
class Network:
    """Everything Keras that one fit trains with.

    Attributes
    ----------
    weights : list of keras.Variable
        Kernel and bias of each layer in turn; the model's own if there is one.
    optimizer : keras.optimizers.Optimizer
        Built on `weights`.
    loss : keras.losses.Loss
    callbacks : list of keras.callbacks.Callback
    model : keras.Model or None
        Compiled, sharing `weights` and `optimizer`; only callbacks need one.
    """

    weights: list
    optimizer: keras.optimizers.Optimizer
    loss: keras.losses.Loss
    callbacks: list = field(default_factory=list)
    model: keras.Model | None = None


def _check_routed(owner, names, what):
    """Raise for a routed name that the constructor of `owner` does not take."""
    parameters = {}
    for cls in inspect.getmro(owner):
        if "__init__" in vars(cls):
            parameters |= inspect.signature(cls.__init__).parameters
    valid = sorted(
        name
        for name, parameter in parameters.items()
        if name not in ("self", "kwargs")
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    )
    for name in names:
        if name not in valid:
            near = difflib.get_close_matches(name, valid, n=1)
            hint = f" Did you mean {what}__{near[0]}?" if near else ""
            raise ValueError(
                f"Invalid parameter {what}__{name}: {owner.__name__} takes no "
                f"argument {name!r}.{hint} Valid ones: {', '.join(valid)}."
            )


def _optimizer_class(optimizer):
    """Class of an optimizer given by name, as a class or as an instance."""
    if isinstance(optimizer, str):
        try:
            return type(keras.optimizers.get(optimizer))
        except ValueError as error:
            raise ValueError(
                f"Keras knows no optimizer named {optimizer!r}; give the name of one "
                "(such as 'rmsprop', 'adam' or 'sgd'), a class or an instance."
            ) from error
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return type(optimizer)
    if inspect.isclass(optimizer) and issubclass(optimizer, keras.optimizers.Optimizer):
        return optimizer
    raise TypeError(
        "optimizer must be a name, a class or an instance of "
        f"keras.optimizers.Optimizer, got {optimizer!r}."
    )


def compile_arguments(*, optimizer, learning_rate, binary, callbacks, routed, dtype):
    """Instantiate optimizer, loss and callbacks from an estimator's parameters.

    Parameters
    ----------
    optimizer : str, class or instance
    learning_rate : float, LearningRateSchedule or None
        None leaves the optimizer's own default.
    binary : bool
        Binary instead of categorical cross-entropy.
    callbacks : callback, class, or list of them, or None
    routed : dict
        Parameters prefixed with ``optimizer__``, ``loss__`` or ``callbacks__``.
    dtype : numpy.dtype
        Of the network, and so of the loss.

    Returns
    -------
    optimizer : keras.optimizers.Optimizer
        A new one: a given instance is copied, since it would keep its state.
    loss : keras.losses.Loss
    callbacks : list of keras.callbacks.Callback

    Raises
    ------
    ValueError
        If a routed name does not exist; the message names the nearest that does.
    """
    cls = _optimizer_class(optimizer)
    loss = (
        keras.losses.BinaryCrossentropy
        if binary
        else keras.losses.CategoricalCrossentropy
    )
    prefixed = {
        prefix: {k[len(prefix) :]: v for k, v in routed.items() if k.startswith(prefix)}
        for prefix in ROUTES
    }
    if isinstance(optimizer, keras.optimizers.Optimizer):
        if prefixed["optimizer__"] or learning_rate is not None:
            raise ValueError(
                "learning_rate and optimizer__* parameters cannot change an optimizer "
                "instance; give its name or class instead, such as "
                f"optimizer={cls.__name__.lower()!r}."
            )
        optimizer = cls.from_config(optimizer.get_config())
    else:
        _check_routed(cls, prefixed["optimizer__"], "optimizer")
        optimizer = cls
        if learning_rate is not None:
            routed = {"optimizer__learning_rate": learning_rate} | routed
    _check_routed(loss, prefixed["loss__"], "loss")
    if inspect.isclass(callbacks):
        _check_routed(callbacks, prefixed["callbacks__"], "callbacks")
    router = _Router(
        optimizer=optimizer,
        loss=loss,
        callbacks=callbacks,
        **{"loss__dtype": dtype.name} | routed,
    ).initialize(np.zeros((1, 1)))
    return router.model_["optimizer"], router.model_["loss"], router._fit_callbacks


def build_model(
    coefs, intercepts, *, activation, output_activation, l2=0.0, dropout=None
):
    """Build the Keras model with these weights.

    Parameters
    ----------
    coefs, intercepts : list of ndarray
        Kernel of shape (n_inputs, n_units) and bias of shape (n_units,) per layer.
    activation, output_activation : str
    l2 : float, default=0.0
        Penalty on the kernels of the hidden layers.
    dropout : sequence of float, default=None
        Rate after each hidden layer.

    Returns
    -------
    model : keras.Sequential
        Not compiled.
    """
    dtype = coefs[0].dtype.name
    n_hidden = len(coefs) - 1
    model = keras.Sequential(
        [keras.Input((coefs[0].shape[0],), dtype=dtype)], name="skimdb"
    )
    for index, coef in enumerate(coefs):
        hidden = index < n_hidden
        # The default initializers would draw from Python's global generator.
        model.add(
            keras.layers.Dense(
                coef.shape[1],
                activation=activation if hidden else output_activation,
                kernel_initializer="zeros",
                kernel_regularizer=keras.regularizers.L2(l2) if hidden and l2 else None,
                dtype=dtype,
                name=f"hidden_{index + 1}" if hidden else "output",
            )
        )
        if hidden and dropout is not None and dropout[index]:
            model.add(
                keras.layers.Dropout(
                    dropout[index], seed=index, dtype=dtype, name=f"dropout_{index + 1}"
                )
            )
    weights = [w for pair in zip(coefs, intercepts, strict=True) for w in pair]
    for variable, value in zip(model.trainable_variables, weights, strict=True):
        variable.assign(value)
    return model


def build_network(coefs, intercepts, *, compiled, model_options):
    """Make the variables of one fit, and a model around them if callbacks need it.

    Parameters
    ----------
    coefs, intercepts : list of ndarray
        Initial weights.
    compiled : tuple
        What `compile_arguments` returned.
    model_options : dict
        Keyword arguments of `build_model`.

    Returns
    -------
    network : Network
    """
    optimizer, loss, callbacks = compiled
    model = None
    if callbacks:
        model = build_model(coefs, intercepts, **model_options)
        model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
        weights = model.trainable_variables
    else:
        weights = [
            keras.Variable(value, dtype=value.dtype.name, name=name)
            for pair in zip(coefs, intercepts, strict=True)
            for name, value in zip(("kernel", "bias"), pair, strict=True)
        ]
    optimizer.build(weights)
    return Network(weights, optimizer, loss, callbacks, model)

"""Keras objects for one fit: routed optimizer, loss, callbacks, and the model.

The only file that imports scikeras, whose ``BaseWrapper`` routes parameters such
as ``optimizer__momentum`` or ``callbacks__patience`` to what they name.
"""

import inspect
from dataclasses import dataclass, field

import keras
import numpy as np
from scikeras.wrappers import BaseWrapper

from skimdb._suggestions import suggest_nearest
from skimdb.neural_network._keras._callbacks import fill_paths, fresh_callbacks
from skimdb.neural_network._keras_params import ROUTES, check_arguments

_LOSSES = {
    "sigmoid": keras.losses.BinaryCrossentropy,
    "softmax": keras.losses.CategoricalCrossentropy,
}


class _Router(BaseWrapper):
    """Routes parameters; "builds" the compile arguments instead of a model."""

    def _keras_build_fn(self, compile_kwargs):
        return compile_kwargs


@dataclass
class Network:
    """Everything Keras that one fit trains with.

    Attributes
    ----------
    optimizer : keras.optimizers.Optimizer
        Built if there is a model.
    loss : keras.losses.Loss
    callbacks : list of keras.callbacks.Callback
    model : keras.Model or None
        Compiled with `optimizer`; only callbacks need one.
    """

    optimizer: keras.optimizers.Optimizer
    loss: keras.losses.Loss
    callbacks: list = field(default_factory=list)
    model: keras.Model | None = None


def _optimizer_class(optimizer):
    """Class of an optimizer given by name, as a class or as an instance."""
    if isinstance(optimizer, str):
        known = {
            name.lower(): value
            for name, value in vars(keras.optimizers).items()
            if inspect.isclass(value)
            and issubclass(value, keras.optimizers.Optimizer)
            and value is not keras.optimizers.Optimizer
        }
        if optimizer.lower() not in known:
            raise ValueError(
                f"Keras knows no optimizer named {optimizer!r}."
                f"{suggest_nearest(optimizer, known)} "
                "Give the name of one (such as 'rmsprop', 'adam' or 'sgd'), a class or "
                "an instance."
            )
        return known[optimizer.lower()]
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return type(optimizer)
    if inspect.isclass(optimizer) and issubclass(optimizer, keras.optimizers.Optimizer):
        return optimizer
    raise TypeError(
        "optimizer must be a name, a class or an instance of "
        f"keras.optimizers.Optimizer, got {optimizer!r}."
    )


def compile_arguments(parameters, routed, *, output_activation, dtype):
    """Instantiate optimizer, loss and callbacks from an estimator's parameters.

    Parameters
    ----------
    parameters : dict
        All of them; `optimizer`, `learning_rate` and `callbacks` are used here.
    routed : dict
        Those prefixed with ``optimizer__``, ``loss__`` or ``callbacks__``.
    output_activation : {"sigmoid", "softmax"}
        Which decides between binary and categorical cross-entropy.
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
    optimizer, learning_rate = parameters["optimizer"], parameters["learning_rate"]
    cls = _optimizer_class(optimizer)
    loss = _LOSSES[output_activation]
    prefixed = {
        prefix: {k[len(prefix) :]: v for k, v in routed.items() if k.startswith(prefix)}
        for prefix in ROUTES
    }
    if inspect.isclass(learning_rate):
        raise TypeError(
            f"learning_rate must be a number or a schedule, got the class "
            f"{learning_rate.__name__}; make an instance of it."
        )
    if isinstance(optimizer, keras.optimizers.Optimizer):
        if prefixed["optimizer__"] or learning_rate is not None:
            raise ValueError(
                "learning_rate and optimizer__* parameters cannot change an optimizer "
                "instance; give its name or class instead, such as "
                f"optimizer={cls.__name__.lower()!r}."
            )
        optimizer = cls.from_config(optimizer.get_config())
    else:
        check_arguments(cls, prefixed["optimizer__"], "optimizer")
        optimizer = cls
        if learning_rate is not None:
            routed = {"optimizer__learning_rate": learning_rate} | routed
    check_arguments(loss, prefixed["loss__"], "loss")
    if "loss__reduction" in routed:
        raise ValueError(
            "loss__reduction cannot be set: the loss is averaged over the samples of a "
            "batch. To take larger steps, set learning_rate."
        )
    router = _Router(
        optimizer=optimizer,
        loss=loss,
        callbacks=fresh_callbacks(parameters["callbacks"], prefixed["callbacks__"]),
        **{"loss__dtype": dtype.name} | routed,
    ).initialize(np.zeros((1, 1)))
    callbacks = router._fit_callbacks
    fill_paths(callbacks, parameters)
    return router.model_["optimizer"], router.model_["loss"], callbacks


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


def detach(callbacks):
    """Part callbacks from the model, which would stay in memory with them."""
    for callback in callbacks:
        keras.callbacks.Callback.set_model(callback, None)


def build_network(coefs, intercepts, *, compiled, model_options):
    """Collect what one fit trains with, and build a model if callbacks need it.

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
        optimizer.build(model.trainable_variables)
    return Network(optimizer, loss, callbacks, model)

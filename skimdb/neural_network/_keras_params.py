"""Parameters of optimizer, loss and callbacks, such as ``optimizer__momentum``.

This file checks and divides them, and lists the ones that need Keras.
"""

import inspect
from dataclasses import dataclass
from numbers import Real

import numpy as np

from skimdb._messages import suggest_nearest
from skimdb._sklearn import Interval, validate_parameter_constraints
from skimdb.neural_network._metrics import find_keras_metrics
from skimdb.neural_network._optimizers import OPTIMIZERS

ROUTES = ("optimizer__", "loss__", "callbacks__")

# Arguments of all optimizers and losses of Keras that only Keras implements.
_KERAS_ONLY = {
    "optimizer": (
        "weight_decay",
        "clipnorm",
        "clipvalue",
        "global_clipnorm",
        "use_ema",
        "ema_momentum",
        "ema_overwrite_frequency",
        "loss_scale_factor",
        "gradient_accumulation_steps",
    ),
    "loss": ("axis", "dtype", "from_logits"),
}

# Larger numbers soon become infinite in single precision. A NumPy scalar, because NumPy
# would convert a plain float to the dtype of the number that it is compared with.
LARGEST = np.float64(1e38)

_FRACTION = [Interval(Real, 0, 1, closed="left")]
_UP_TO_ONE = [Interval(Real, 0, 1, closed="both")]
_POSITIVE = [Interval(Real, 0, LARGEST, closed="right")]
_SWITCHES = ("centered", "amsgrad", "nesterov")
_CONSTRAINTS = {
    "optimizer__learning_rate": [*_POSITIVE, callable],  # or a schedule
    "optimizer__rho": _FRACTION,
    "optimizer__beta_1": _FRACTION,
    "optimizer__beta_2": _FRACTION,
    "optimizer__momentum": _UP_TO_ONE,
    "optimizer__epsilon": _POSITIVE,
    **{
        f"optimizer__{name}": [
            "boolean",
            Interval(Real, 0, LARGEST, closed="both"),
            None,
        ]
        for name in _KERAS_ONLY["optimizer"]
    },
    **{f"optimizer__{name}": ["boolean"] for name in (*_SWITCHES, "use_ema")},
    "loss__label_smoothing": _UP_TO_ONE,
}
# Names of other libraries, and the names for the same here.
_OTHER_NAMES = {
    "hidden_layer_sizes": "size",
    "alpha": "l2",
    "max_iter": "epochs",
    "nb_epoch": "epochs",
    "learning_rate_init": "learning_rate",
    "solver": "optimizer",
    "loss": "loss__label_smoothing, for instance; the loss follows from y",
    "validation_split": "validation_fraction, which needs early_stopping=True",
    "patience": "n_iter_no_change, which needs early_stopping=True",
}


def describe_unknown(name, owner, named):
    """Describe an unknown parameter and suggest a known one.

    Parameters
    ----------
    name : str
    owner : str
        Name of the estimator's class.
    named : list of str
        Known parameters.

    Returns
    -------
    message : str
    """
    prefix, separator, rest = name.partition("__")
    routes = [route.removesuffix("__") for route in ROUTES]
    if name in _OTHER_NAMES:
        hint = f" It is called {_OTHER_NAMES[name]} here."
    elif name.startswith(tuple(f"{route}_" for route in routes)):
        route = next(route for route in routes if name.startswith(route))
        rest = name.removeprefix(route).strip("_")
        hint = f" Did you mean '{route}__{rest}', with two underscores?"
    else:
        hint = suggest_nearest(prefix, [*named, *routes])
        if separator and hint:
            hint = hint.replace("'?", f"__{rest}'?")
    return (
        f"Invalid parameter {name!r} for estimator {owner}.{hint} Valid parameters "
        f"are: {named!r}, and parameters of the optimizer, the loss or the callbacks "
        f"with the prefix {', '.join(ROUTES)}."
    )


@dataclass(frozen=True)
class KerasParams:
    """Parameters of the optimizer, the loss and the callbacks, divided.

    Attributes
    ----------
    optimizer : str, class or keras.optimizers.Optimizer
    optimizer_params : dict
        Arguments of its class, with the learning rate if one is given.
    loss_params : dict
    callbacks : None, callback, class, function, or list, tuple or dict of them
    callbacks_params : dict
    reasons : tuple of str
        Parameters that NumPy does not support.
    """

    optimizer: object
    optimizer_params: dict
    loss_params: dict
    callbacks: object
    callbacks_params: dict
    reasons: tuple


def divide_keras_params(estimator, routed):
    """Check and divide the parameters of an estimator.

    Parameters
    ----------
    estimator : KerasMLPClassifier
    routed : dict
        Parameters with a prefix.

    Returns
    -------
    keras_params : KerasParams

    Raises
    ------
    ValueError
        If a name or a value is wrong.
    """
    optimizer_params, loss_params, callbacks_params = (
        {k.removeprefix(route): v for k, v in routed.items() if k.startswith(route)}
        for route in ROUTES
    )
    _check_loss(loss_params)
    _check_values(routed)
    if estimator.learning_rate is not None:
        optimizer_params = {"learning_rate": estimator.learning_rate} | optimizer_params
    reasons = [
        *_list_optimizer_reasons(estimator.optimizer, optimizer_params),
        *_list_option_reasons("loss", loss_params, {"label_smoothing"}),
    ]
    if estimator.callbacks is not None or callbacks_params:
        reasons.append("callbacks")
    reasons += [f"metric {name!r}" for name in find_keras_metrics(estimator.metrics)]
    return KerasParams(
        estimator.optimizer,
        optimizer_params,
        loss_params,
        estimator.callbacks,
        callbacks_params,
        tuple(reasons),
    )


def choose_backend(backend, keras_params):
    """Choose the backend that trains.

    Parameters
    ----------
    backend : {"auto", "numpy", "tensorflow"}
    keras_params : KerasParams

    Returns
    -------
    backend : {"numpy", "tensorflow"}

    Raises
    ------
    ValueError
        If NumPy is to train but does not support a parameter.
    """
    if backend == "numpy" and keras_params.reasons:
        raise ValueError(
            f"backend='numpy' does not support {', '.join(keras_params.reasons)}. Use "
            "backend='auto' to train with Keras, or remove these parameters (the "
            "optimizer can be 'rmsprop', 'adam' or 'sgd')."
        )
    if backend == "auto":
        return "tensorflow" if keras_params.reasons else "numpy"
    return backend


def check_resumable(keras_params):
    """Raise if a later fit could not continue the training exactly.

    Parameters
    ----------
    keras_params : KerasParams
    """
    optimizer = keras_params.optimizer
    if keras_params.optimizer_params.get("use_ema") or _averages_weights(optimizer):
        raise ValueError(
            "warm_start and partial_fit do not support use_ema=True: a fit ends with "
            "averaged weights, and training cannot continue from them. Remove use_ema, "
            "or train all epochs in one fit with warm_start=False."
        )


def _averages_weights(optimizer):
    """Whether an optimizer instance, or one that it wraps, averages the weights."""
    wrapped = [
        getattr(optimizer, "inner_optimizer", None),
        *getattr(optimizer, "optimizers", ()),
    ]
    return bool(getattr(optimizer, "use_ema", False)) or any(
        each is not None and _averages_weights(each) for each in wrapped
    )


def _check_loss(params):
    """Raise for arguments of Keras's losses that do not suit this network."""
    if "reduction" in params:
        raise ValueError(
            "loss__reduction cannot be set: the loss is averaged over the samples of a "
            "batch. To take larger steps, set learning_rate."
        )
    from_logits = params.get("from_logits", False)
    if not isinstance(from_logits, (bool, np.bool_)) or from_logits:
        raise ValueError(
            f"loss__from_logits={from_logits!r}: the last layer of the network gives "
            "probabilities, and the loss is computed from them. Remove "
            "loss__from_logits; decision_function returns the logits."
        )


def _check_values(routed):
    """Check the values that NumPy uses too, and that all numbers are finite."""
    for name, value in routed.items():
        if isinstance(value, Real) and not abs(float(value)) <= LARGEST:
            raise ValueError(f"Expected {name} to be a finite number, got {value!r}.")
    constraints = {name: _CONSTRAINTS[name] for name in routed if name in _CONSTRAINTS}
    validate_parameter_constraints(
        constraints, routed, caller_name="KerasMLPClassifier"
    )


def _list_optimizer_reasons(optimizer, params):
    cls = OPTIMIZERS.get(optimizer.lower()) if isinstance(optimizer, str) else None
    if cls is None:
        return [f"optimizer={optimizer!r}"]
    own = set(inspect.signature(cls).parameters) - {"weights"}
    reasons = _list_option_reasons("optimizer", params, own)
    if callable(params.get("learning_rate")):
        reasons.append("a learning rate that is a schedule")
    return reasons


def _list_option_reasons(route, params, own):
    """List the arguments that need Keras; raise for an unknown argument."""
    valid = sorted([*own, *_KERAS_ONLY[route], "name"])
    for name in params:
        if name not in valid:
            hint = suggest_nearest(name, valid).replace("'", f"'{route}__", 1)
            raise ValueError(
                f"Invalid parameter '{route}__{name}': the {route} takes no argument "
                f"{name!r}.{hint} Valid arguments: {', '.join(valid)}."
            )
    return [
        f"{route}__{name}={value!r}"
        for name, value in params.items()
        if name in _KERAS_ONLY[route] and value is not None and value is not False
    ]


def keep_numpy_params(keras_params):
    """Return the optimizer's arguments that NumPy takes, as plain numbers."""
    cls = OPTIMIZERS[keras_params.optimizer.lower()]
    names = inspect.signature(cls).parameters
    params = keras_params.optimizer_params.items()
    return {
        name: bool(value) if name in _SWITCHES else float(value)
        for name, value in params
        if name in names
    }

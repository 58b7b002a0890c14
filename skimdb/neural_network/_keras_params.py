"""Parameters of optimizer, loss and callbacks, such as ``optimizer__momentum``.

They are checked and divided here, and it is decided whether they need Keras.
"""

import inspect
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from skimdb._sklearn import Interval, Options, validate_parameter_constraints
from skimdb._messages import suggest_nearest
from skimdb.neural_network._metrics import find_keras_metrics
from skimdb.neural_network._optimizers import OPTIMIZERS

ROUTES = ("optimizer__", "loss__", "callbacks__")

# Further options of every optimizer and loss of Keras, and the values at which they do
# nothing. A name has no effect on training.
_OPTIMIZER_OPTIONS = {
    "weight_decay": None,
    "clipnorm": None,
    "clipvalue": None,
    "global_clipnorm": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}
_SWITCHES = ("centered", "amsgrad", "nesterov")
_LOSS_OPTIONS = {"from_logits": False, "axis": -1, "dtype": None}

# Beyond, a number is soon infinite in single precision. Not a plain float, which NumPy
# would cast to the type of the number it is compared with.
LARGEST = np.float64(1e38)

_FRACTION = [Interval(Real, 0, 1, closed="left")]
_POSITIVE = [Interval(Real, 0, LARGEST, closed="right")]
_COUNT = Interval(Integral, 1, None, closed="left")
_AMOUNT = [*_POSITIVE, None]
_CONSTRAINTS = {
    "optimizer__learning_rate": _POSITIVE,
    "optimizer__rho": _FRACTION,
    "optimizer__beta_1": _FRACTION,
    "optimizer__beta_2": _FRACTION,
    "optimizer__momentum": [Interval(Real, 0, 1, closed="both")],
    "optimizer__epsilon": _POSITIVE,
    **{f"optimizer__{name}": ["boolean"] for name in (*_SWITCHES, "use_ema")},
    "optimizer__weight_decay": [Interval(Real, 0, LARGEST, closed="both"), None],
    "optimizer__clipnorm": _AMOUNT,
    "optimizer__clipvalue": _AMOUNT,
    "optimizer__global_clipnorm": _AMOUNT,
    "optimizer__loss_scale_factor": _AMOUNT,
    "optimizer__ema_momentum": [Interval(Real, 0, 1, closed="both")],
    "optimizer__ema_overwrite_frequency": [_COUNT, None],
    "optimizer__gradient_accumulation_steps": [
        Interval(Integral, 2, None, closed="left"),
        None,
    ],
    "optimizer__name": [str, None],
    "loss__label_smoothing": [Interval(Real, 0, 1, closed="both")],
    "loss__axis": [Options(Integral, {-1, 1})],  # the outputs are a matrix
    "loss__name": [str, None],
}
# What users of the peers write, and how it is said here.
_OTHER_NAMES = {
    "hidden_layer_sizes": "size",
    "alpha": "l2",
    "max_iter": "epochs",
    "nb_epoch": "epochs",
    "learning_rate_init": "learning_rate",
    "solver": "optimizer",
    "loss": "loss__label_smoothing, for instance; the loss follows from y",
    "validation_split": "validation_fraction",
    "patience": "n_iter_no_change",
}


def describe_unknown(name, owner, named):
    """Say what an unknown parameter may have been meant to be.

    Parameters
    ----------
    name : str
    owner : str
        Name of the estimator's class.
    named : list of str
        Parameters that exist.

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
        f"are: {named!r}, and those of the optimizer, the loss or the callbacks with "
        f"the prefix {', '.join(ROUTES)}."
    )


@dataclass(frozen=True)
class KerasParams:
    """Parameters of what Keras has a class for, divided.

    Attributes
    ----------
    optimizer : str, class or keras.optimizers.Optimizer
    optimizer_params : dict
        Arguments of its class, the learning rate included if one is given.
    loss_params : dict
    callbacks : None, callback, class, function, or list, tuple or dict of them
    callbacks_params : dict
    reasons : tuple of str
        What NumPy does not have.
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
        Read for its parameters.
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
        *_list_option_reasons("loss", loss_params, {"label_smoothing"}, _LOSS_OPTIONS),
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
    """Choose where to train.

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
        If it is to be NumPy, but something is asked for that only Keras has.
    """
    if backend == "numpy" and keras_params.reasons:
        raise ValueError(
            f"backend='numpy' does not have: {', '.join(keras_params.reasons)}. Set "
            "backend='auto' or 'tensorflow' to train by Keras, or leave it out."
        )
    if backend == "auto":
        return "tensorflow" if keras_params.reasons else "numpy"
    return backend


def _check_loss(params):
    """Raise for options of Keras's losses that do not go with this network."""
    if "reduction" in params:
        raise ValueError(
            "loss__reduction cannot be set: the loss is averaged over the samples of a "
            "batch. To take larger steps, set learning_rate."
        )
    from_logits = params.get("from_logits", False)
    if not isinstance(from_logits, (bool, np.bool_)) or from_logits:
        raise ValueError(
            f"loss__from_logits={from_logits!r}: the last layer of the "
            "network gives probabilities, and the loss is computed from them. Leave "
            "loss__from_logits out; decision_function gives the logits."
        )


def _check_values(routed):
    """Check numbers and booleans by scikit-learn's mechanism."""
    for name, value in routed.items():
        if isinstance(value, Real) and np.isnan(float(value)):
            raise ValueError(f"{name} is NaN. Give a number, or leave it out.")
    constraints = {name: _CONSTRAINTS[name] for name in routed if name in _CONSTRAINTS}
    if callable(routed.get("optimizer__learning_rate")):  # a schedule
        del constraints["optimizer__learning_rate"]
    validate_parameter_constraints(
        constraints, routed, caller_name="KerasMLPClassifier"
    )


def _list_optimizer_reasons(optimizer, params):
    if not isinstance(optimizer, str):
        return [f"optimizer={optimizer!r}"]
    cls = OPTIMIZERS.get(optimizer.lower())
    if cls is None:
        return [f"optimizer={optimizer!r}"]
    own = set(inspect.signature(cls).parameters) - {"weights"}
    reasons = _list_option_reasons("optimizer", params, own, _OPTIMIZER_OPTIONS)
    if callable(params.get("learning_rate")):
        reasons.append("a learning rate that is a schedule")
    return reasons


def _list_option_reasons(route, params, own, others):
    """Name the options that NumPy does not have; raise for one that nobody has."""
    reasons = []
    for name, value in params.items():
        if name in own or name == "name":
            continue
        if name not in others:
            valid = sorted([*own, *others])
            hint = suggest_nearest(name, valid).replace("'", f"'{route}__", 1)
            raise ValueError(
                f"Invalid parameter '{route}__{name}': the {route} takes no argument "
                f"{name!r}.{hint} Valid ones: {', '.join(valid)}."
            )
        if value != others[name]:
            reasons.append(f"{route}__{name}={value!r}")
    return reasons


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

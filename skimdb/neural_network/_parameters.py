"""Parameters of the classifier and, by prefix, of its optimizer, loss and callbacks.

Prefixed parameters, such as ``optimizer__momentum``, are plain attributes. This file
checks and divides them, and lists the ones that need Keras.
"""

import copy
import functools
import inspect
from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skimdb._messages import suggest_nearest
from skimdb._sklearn import Interval, Options, validate_parameter_constraints
from skimdb.neural_network._metrics import find_keras_metrics
from skimdb.neural_network._optimizers import OPTIMIZERS

ROUTES = ("optimizer", "loss", "callbacks")

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

# Fitted attributes that copies and files leave out.
_NOT_PLAIN = ("callbacks_", "_trained_model", "_callbacks_before_fit")
# Increases when the fitted attributes change, so that no file is misread.
_STATE_VERSION = 4
# Larger numbers soon become infinite in single precision. A NumPy scalar, because NumPy
# would convert a plain float to the dtype of the number that it is compared with.
LARGEST = np.float64(1e38)

_FRACTION = [Interval(Real, 0, 1, closed="left")]
_UP_TO_ONE = [Interval(Real, 0, 1, closed="both")]
_POSITIVE = [Interval(Real, 0, LARGEST, closed="right")]
_KERAS_OPTION = ["boolean", Interval(Real, 0, LARGEST, closed="both"), None]
_SWITCHES = ("centered", "amsgrad", "nesterov", "use_ema")
_CONSTRAINTS = {
    "optimizer__learning_rate": [*_POSITIVE, callable],  # or a schedule
    "optimizer__rho": _FRACTION,
    "optimizer__beta_1": _FRACTION,
    "optimizer__beta_2": _FRACTION,
    "optimizer__momentum": _UP_TO_ONE,
    "optimizer__epsilon": _POSITIVE,
    **{f"optimizer__{name}": _KERAS_OPTION for name in _KERAS_ONLY["optimizer"]},
    **{f"optimizer__{name}": ["boolean"] for name in _SWITCHES},
    "loss__label_smoothing": _UP_TO_ONE,
    "loss__from_logits": [Options(bool, {False})],  # the outputs are probabilities
}
# Names in scikit-learn, Keras and other libraries.
_HINTS = {
    "hidden_layer_sizes": "It is called size here.",
    "alpha": "It is called l2 here.",
    "max_iter": "It is called epochs here.",
    "learning_rate_init": "It is called learning_rate here.",
    "solver": "It is called optimizer here.",
    "loss": "The loss follows from y. Set loss__label_smoothing, for example.",
    "loss__reduction": "The loss is averaged over the samples of a batch.",
    "validation_data": "Pass X_val and y_val to fit.",
    "validation_split": "Set validation_fraction, which needs early_stopping=True.",
    "patience": "Set n_iter_no_change, which needs early_stopping=True.",
    "loss_curve_": "Use history_['loss'] after fit.",
    "validation_scores_": "Use history_['val_accuracy'] after fit.",
    "best_loss_": "Use history_ after fit.",
    "history": "Use history_ after fit.",
    "n_layers_": "Use len(coefs_) + 1 after fit.",
}


def _find_hint(name, known):
    return f" {_HINTS[name]}" if name in _HINTS else suggest_nearest(name, known)


def divide_parameters(estimator):
    """Check and divide the parameters of optimizer, loss and callbacks.

    Parameters
    ----------
    estimator : KerasMLPClassifier

    Returns
    -------
    params : dict of dict
        Arguments of ``optimizer``, with the learning rate if one is given, ``loss`` and
        ``callbacks``.
    backend : {"numpy", "tensorflow"}
        Backend that trains.

    Raises
    ------
    ValueError
        If a name or a value is wrong, or if NumPy is to train but does not support a
        parameter.
    """
    routed, backend = estimator._get_routed(), estimator.backend
    if "routed" in routed:
        raise TypeError(estimator._describe_unknown("routed"))
    _check_values(routed)
    params = {route: {} for route in ROUTES}
    for name, value in routed.items():
        route, _, argument = name.partition("__")
        params[route][argument] = value
    if estimator.learning_rate is not None:
        params["optimizer"].setdefault("learning_rate", estimator.learning_rate)
    reasons = [
        *_list_optimizer_reasons(estimator.optimizer, params["optimizer"]),
        *_list_option_reasons("loss", params["loss"], {"label_smoothing"}),
    ]
    if estimator.callbacks is not None or params["callbacks"]:
        reasons.append("callbacks")
    reasons += [f"metric {name!r}" for name in find_keras_metrics(estimator.metrics)]
    if backend == "auto":
        backend = "tensorflow" if reasons else "numpy"
    elif backend == "numpy" and reasons:
        raise ValueError(
            f"backend='numpy' does not support {', '.join(reasons)}. Use "
            "backend='auto' to train with Keras, or remove these parameters (the "
            "optimizer can be 'rmsprop', 'adam' or 'sgd')."
        )
    return params, backend


def check_resumable(optimizer, params):
    """Raise an error if a later fit could not continue the training exactly.

    Parameters
    ----------
    optimizer : str, class or keras.optimizers.Optimizer
    params : dict
        Arguments of the optimizer.
    """
    if params.get("use_ema") or _averages_weights(optimizer):
        raise ValueError(
            "warm_start and partial_fit do not support use_ema=True: a fit ends with "
            "averaged weights, and training cannot continue from them. Remove use_ema, "
            "or train all epochs in one fit with warm_start=False."
        )


def _averages_weights(optimizer):
    """Whether an optimizer instance, or one that it wraps, averages the weights."""
    inner = getattr(optimizer, "inner_optimizer", None)
    wrapped = [inner] if inner else getattr(optimizer, "optimizers", ())
    return getattr(optimizer, "use_ema", False) or any(map(_averages_weights, wrapped))


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
    reasons = _list_option_reasons("optimizer", params, cls.defaults)
    if callable(params.get("learning_rate")):
        reasons.append("a learning rate that is a schedule")
    return reasons


def _list_option_reasons(route, params, own):
    """List the arguments that need Keras; raise for an unknown argument."""
    valid = sorted([*own, *_KERAS_ONLY[route], "name"])
    for name in params:
        if name not in valid:
            known = [f"{route}__{each}" for each in valid]
            hint = _find_hint(f"{route}__{name}", known)
            raise ValueError(
                f"Invalid parameter '{route}__{name}'.{hint} The {route} has the "
                f"arguments {', '.join(valid)}."
            )
    return [
        f"{route}__{name}={value!r}"
        for name, value in params.items()
        if name in _KERAS_ONLY[route] and value is not None and value is not False
    ]


def keep_numpy_params(optimizer, params):
    """Return the optimizer's arguments that NumPy takes, as plain numbers."""
    defaults = OPTIMIZERS[optimizer.lower()].defaults
    return {k: type(defaults[k])(v) for k, v in params.items() if k in defaults}


class RoutedParametersMixin:
    """Adds parameters with a prefix, such as ``optimizer__momentum``.

    The constructor passes them to `_set_routed`.
    """

    @staticmethod
    def _is_routed(name):
        route, separator, _ = name.partition("__")
        # scikit-learn's check of constructors passes the name of the signature.
        return (separator and route in ROUTES) or name == "routed"

    def _set_routed(self, params):
        for name in params:
            if not self._is_routed(name):
                raise TypeError(self._describe_unknown(name))
        vars(self).update(params)

    def _get_routed(self):
        return {k: v for k, v in vars(self).items() if self._is_routed(k)}

    @classmethod
    @functools.cache  # a search clones estimators hundreds of times
    def _get_param_names(cls):
        return super()._get_param_names()

    @classmethod
    @functools.cache
    def _takes_routed(cls):
        parameters = inspect.signature(cls.__init__).parameters.values()
        return any(p.kind is p.VAR_KEYWORD for p in parameters)

    def _describe_unknown(self, name):
        """Describe an unknown parameter and suggest a known one."""
        named = self._get_param_names()
        prefix, separator, rest = name.partition("__")
        hint = _find_hint(prefix, [*named, *ROUTES])
        if separator:
            hint = hint.replace("'?", f"__{rest}'?")
        for route in ROUTES:
            if name.startswith(f"{route}_"):
                rest = name.removeprefix(route).strip("_")
                hint = f" Did you mean '{route}__{rest}', with two underscores?"
        return (
            f"Invalid parameter {name!r} for estimator {type(self).__name__}.{hint} "
            f"Valid parameters are: {named!r}, and parameters of the optimizer, the "
            f"loss or the callbacks with the prefix {'__, '.join(ROUTES)}__."
        )

    def _refuse_arguments(self, method, names):
        """Raise an error for unknown arguments of `fit` or `partial_fit`."""
        for name in names:
            hint = f" Set it with set_params({name}=...)."
            if name not in self._get_param_names() and not self._is_routed(name):
                known = inspect.signature(getattr(self, method)).parameters
                hint = _find_hint(name, known)
            raise TypeError(f"{method}() got an unexpected argument {name!r}.{hint}")

    def __getattr__(self, name):
        if name == "model_":  # the property has raised a NotFittedError
            check_is_fitted(self)
        message = f"{type(self).__name__!r} object has no attribute {name!r}."
        hint = f" {_HINTS[name]}" if name in _HINTS else ""
        raise AttributeError(message + hint, name=name, obj=self)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, including those of optimizer, loss and callbacks.

        Parameters
        ----------
        deep : bool, default=True
            Has no effect, because no parameter is an estimator.

        Returns
        -------
        params : dict
            Parameters by name.
        """
        params = super().get_params(deep=deep)
        return params | (self._get_routed() if self._takes_routed() else {})

    def set_params(self, **params: Any) -> Self:
        """Set parameters, including those of optimizer, loss and callbacks.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        self : KerasMLPClassifier
            The estimator.

        Raises
        ------
        ValueError
            If a parameter does not exist. No parameter is set then.
        """
        valid = self.get_params()
        for name in params:
            if name not in valid and not self._is_routed(name):
                raise ValueError(self._describe_unknown(name))
        vars(self).update(params)
        return self

    def _copy_callbacks(self):
        """Pair the given callbacks with copies from before the first fit with them.

        A fit trains with the given instances. Clones and files get the copies: they
        have no results and no open files.
        """
        given, copies = getattr(self, "_callbacks_before_fit", (None, None))
        if given is not None and given is self.callbacks:
            return given, copies
        try:
            return self.callbacks, copy.deepcopy(self.callbacks)
        except TypeError:  # a fit needs no copies
            return None, None

    def __sklearn_clone__(self):
        plain = copy.copy(self)
        plain.optimizer = None  # Keras's own way to copy an instance loses options
        try:
            clone = BaseEstimator.__sklearn_clone__(plain)
        except TypeError as error:
            raise ValueError(
                f"Could not clone this {type(self).__name__}, because a parameter "
                f"cannot be copied: {error}. Give callbacks as classes, or as "
                "functions that make them."
            ) from error
        clone.optimizer = self.optimizer
        clone._is_clone = True
        return clone

    def __getstate__(self):
        # A fit changes the given callbacks; copies and files get them as they were.
        state = super().__getstate__()
        plain = {k: v for k, v in state.items() if k not in _NOT_PLAIN}
        given, copies = state.get("_callbacks_before_fit", (None, None))
        if given is not None and given is plain["callbacks"]:
            plain["callbacks"] = copy.deepcopy(copies)
        optimizer = plain.get("optimizer")
        if hasattr(optimizer, "get_config") and not isinstance(optimizer, type):
            from skimdb.neural_network._keras._objects import describe_optimizer

            plain["optimizer"] = describe_optimizer(optimizer)
        return plain | {"_state_version": _STATE_VERSION}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_state_version", 1)
        if version != _STATE_VERSION:
            raise ValueError(
                f"This {type(self).__name__} was saved with layout {version} of its "
                f"attributes, but this version of skimdb reads {_STATE_VERSION}. Load "
                "it with the version of skimdb that saved it, or fit it again."
            )
        if isinstance(state.get("optimizer"), tuple):
            cls, config = state["optimizer"]
            state["optimizer"] = cls.from_config(config)
        super().__setstate__(state)

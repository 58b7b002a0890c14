"""Callbacks of one fit: Keras's own, and scikit-learn's told of every epoch."""

import copy
import inspect
import re
import uuid
from datetime import datetime

import keras
from joblib.parallel import get_active_backend

from skimdb._suggestions import suggest_nearest
from skimdb.neural_network._keras_params import check_arguments

# Attributes in which Keras's callbacks keep the path that they write to.
_PATHS = ("filepath", "log_dir", "filename", "backup_dir")


def _is_class(callback):
    return inspect.isclass(callback) and issubclass(callback, keras.callbacks.Callback)


def _fresh(callback):
    """A class as it is, a copy of an instance, or what a factory makes."""
    if _is_class(callback):
        return callback
    if isinstance(callback, keras.callbacks.Callback):
        try:
            return copy.deepcopy(callback)
        except TypeError as error:
            raise ValueError(
                f"Each fit trains with a copy of a callback instance, but "
                f"{callback!r} cannot be copied ({error}). Give its class, or a "
                "function that makes it."
            ) from error
    made = callback() if callable(callback) and not inspect.isclass(callback) else None
    if not isinstance(made, keras.callbacks.Callback):
        hint = (
            " scikit-learn's callbacks are set by the method set_callbacks."
            if hasattr(callback, "on_fit_task_end")
            else ""
        )
        raise TypeError(
            "callbacks must be classes or instances of keras.callbacks.Callback, or "
            f"functions without arguments that return one, got {callback!r}.{hint}"
        )
    return made


def _check_routed(callbacks, routed):
    """Raise for a routed parameter that reaches no callback class that takes it."""
    keys = {str(key): callback for key, callback in callbacks.items()}
    for name in routed:
        first, _, rest = name.partition("__")
        if rest and first in keys:
            receivers, argument = [keys[first]], rest
        else:
            receivers, argument = list(keys.values()), name
        if not receivers or not all(map(_is_class, receivers)):
            raise ValueError(
                f"callbacks__{name} goes to callbacks that are given as classes, but "
                f"among {receivers} not all are, or there are none."
                f"{suggest_nearest(first, keys)}"
            )
        for receiver in receivers:
            check_arguments(receiver, [argument], "callbacks")


def fresh_callbacks(callbacks, routed):
    """Prepare callbacks for one fit, as scikeras takes them.

    Parameters
    ----------
    callbacks : None, callback, class, function, or list, tuple or dict of them
    routed : dict
        Parameters that go to the classes.

    Returns
    -------
    callbacks : list or dict
        Of classes, which are still to be instantiated, and of instances that no other
        fit has.
    """
    if callbacks is None:
        callbacks = []
    elif not isinstance(callbacks, (list, tuple, dict)):
        callbacks = {"0": _fresh(callbacks)}
        _check_routed(callbacks, routed)
        return list(callbacks.values())
    named = dict(callbacks if isinstance(callbacks, dict) else enumerate(callbacks))
    named = {key: _fresh(callback) for key, callback in named.items()}
    _check_routed(named, routed)
    return named if isinstance(callbacks, dict) else list(named.values())


def fill_paths(callbacks, parameters):
    """Fill the fields of paths: ``{run}``, and the estimator's parameters.

    Parameters
    ----------
    callbacks : list of keras.callbacks.Callback
        Changed in place. Other fields, such as the ``{epoch}`` of ModelCheckpoint,
        stay as they are.
    parameters : dict

    Raises
    ------
    ValueError
        If parallel fits would write to one path.
    """
    run = f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}"
    fields = {name: str(value) for name, value in parameters.items()} | {"run": run}
    in_parallel = get_active_backend()[0].nesting_level > 0
    for callback in callbacks:
        for name, value in vars(callback).items():
            if not isinstance(value, str):
                continue
            if name in _PATHS and in_parallel and "{run}" not in value:
                raise ValueError(
                    f"Parallel fits would all write to {value!r}. Put {{run}} into "
                    f"the {name} of {type(callback).__name__}: it stands for "
                    "something else in each fit."
                )
            filled = re.sub(
                r"\{(\w+)\}", lambda field: fields.get(field[1], field[0]), value
            )
            setattr(callback, name, filled)


class EpochTasks:
    """Tells scikit-learn's callbacks where an epoch begins and ends.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        Of the whole fit.
    **hook : dict
        What the hooks are called with: estimator, X, y and metadata.
    """

    def __init__(self, context, **hook):
        self._context = context
        self._hook = hook
        self._task = None

    def begin(self):
        """Begin an epoch."""
        self._task = self._context.subcontext(task_name="epoch")
        self._task.call_on_fit_task_begin(**self._hook)

    def end(self, fitted):
        """End an epoch; returns whether a callback wants to stop.

        ``fitted()`` returns the attributes of an estimator that had stopped here.
        """
        return self._task.call_on_fit_task_end(
            **self._hook, reconstruction_attributes=fitted
        )

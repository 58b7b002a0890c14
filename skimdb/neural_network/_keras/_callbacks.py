"""Callbacks of Keras: one set a fit, and the hooks that call them."""

import copy
import inspect
import os
import re
import uuid
from datetime import datetime

import keras
import numpy as np
from joblib.parallel import get_active_backend

from skimdb._fits import one_of_several
from skimdb._messages import suggest_nearest
from skimdb._messages import warn

# Attributes in which Keras's callbacks keep the path that they write to.
_PATHS = ("filepath", "log_dir", "filename", "backup_dir", "directory")


def _is_class(callback):
    return inspect.isclass(callback) and issubclass(callback, keras.callbacks.Callback)


def _copy_callback(callback):
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


def _check_params(callbacks, params, check_arguments):
    """Raise for a parameter that reaches no callback class that takes it."""
    keys = {str(key): callback for key, callback in callbacks.items()}
    for name in params:
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


def copy_callbacks(callbacks, params, check_arguments):
    """Prepare callbacks for one fit, as scikeras takes them.

    Parameters
    ----------
    callbacks : None, callback, class, function, or list, tuple or dict of them
    params : dict
        Parameters that go to the classes.
    check_arguments : callable
        Raises for a name that a class does not take.

    Returns
    -------
    callbacks : list or dict
        Of classes, which are still to be instantiated, and of instances that no other
        fit has.
    """
    if callbacks is None:
        callbacks = []
    elif not isinstance(callbacks, (list, tuple, dict)):
        callbacks = [callbacks]
    named = dict(callbacks if isinstance(callbacks, dict) else enumerate(callbacks))
    named = {key: _copy_callback(callback) for key, callback in named.items()}
    _check_params(named, params, check_arguments)
    return named if isinstance(callbacks, dict) else list(named.values())


def fill_paths(callbacks, fields):
    """Fill the fields of paths: ``{run}``, and the estimator's parameters.

    Parameters
    ----------
    callbacks : list of keras.callbacks.Callback
        Changed in place. Other fields, such as the ``{epoch}`` of ModelCheckpoint,
        stay as they are.
    fields : dict

    Raises
    ------
    ValueError
        If several fits would write to one path.
    """
    run = f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}"
    fields = {name: str(value) for name, value in fields.items()} | {"run": run}
    is_parallel = get_active_backend()[0].nesting_level > 0
    for callback in callbacks:
        for name, value in vars(callback).items():
            if not isinstance(value, (str, os.PathLike)):
                continue
            path = str(value)
            is_one_of_several = is_parallel or one_of_several.get()
            if name in _PATHS and is_one_of_several and "{run}" not in path:
                fits = "Parallel fits" if is_parallel else "The fits of a search"
                raise ValueError(
                    f"{fits} would all write to {path!r}. Put {{run}} into "
                    f"the {name} of {type(callback).__name__}: it stands for "
                    "something else in each fit."
                )
            filled = re.sub(
                r"\{(\w+)\}", lambda field: fields.get(field[1], field[0]), path
            )
            if filled != path:
                setattr(callback, name, filled)


def _sees_batches(callback, kind):
    """Whether a callback does something at batches of training or testing."""
    hooks = [f"on_{kind}_batch_begin", f"on_{kind}_batch_end"]
    if kind == "train":
        hooks += ["on_batch_begin", "on_batch_end"]
    functions = [getattr(getattr(callback, hook), "__func__", None) for hook in hooks]
    defaults = [getattr(keras.callbacks.Callback, hook) for hook in hooks]
    if functions == defaults:
        return False
    return not _waits_for_epochs(callback, hooks, functions)


def _waits_for_epochs(callback, hooks, functions):
    """Whether the hooks are Keras's own, of a callback that is told to wait.

    ModelCheckpoint, BackupAndRestore and TensorBoard define them in any case, and say
    by an attribute whether they use them.
    """
    kinds = (
        keras.callbacks.BackupAndRestore,
        keras.callbacks.ModelCheckpoint,
        keras.callbacks.OrbaxCheckpoint,
        keras.callbacks.TensorBoard,
    )
    kind = next((kind for kind in kinds if isinstance(callback, kind)), None)
    if kind is None or functions != [getattr(kind, hook) for hook in hooks]:
        return False
    if kind is keras.callbacks.TensorBoard:
        traces = callback.write_steps_per_second or callback._should_trace
        return callback.update_freq == "epoch" and not traces
    return callback.save_freq == "epoch"


class _History(keras.callbacks.History):
    """Sees what the callbacks before it have added to the logs of an epoch."""

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        self.logs = logs or {}


class KerasHooks:
    """Calls the hooks of Keras's callbacks as `keras.Model.fit` does.

    Parameters
    ----------
    callbacks : list of keras.callbacks.Callback
    model : keras.Model
        What they see, and may change.
    n_epochs : int
        Number of the last epoch.
    n_batches : int or None
        Batches in an epoch.
    verbose : int
        What callbacks are told of it.
    """

    def __init__(self, callbacks, model, *, n_epochs, n_batches, verbose):
        # What callbacks add to the logs, such as the learning rate, is seen here.
        self._history = _History()
        self._left_out = set()
        self._last_logs = None
        self.callbacks = callbacks
        self._model = model
        self._list = keras.callbacks.CallbackList(
            [*callbacks, self._history],
            model=model,
            epochs=n_epochs,
            steps=n_batches,
            verbose=verbose,
        )
        self.sees_batches = any(_sees_batches(c, "train") for c in callbacks)
        self.sees_test_batches = any(_sees_batches(c, "test") for c in callbacks)

    @property
    def stop(self):
        """Whether a callback has asked to stop."""
        return self._model.stop_training

    def begin_training(self, epochs):
        """Return the epochs to train: BackupAndRestore may skip some."""
        self._model.stop_training = False
        self._list.on_train_begin()
        first = getattr(self._model, "_initial_epoch", None) or epochs.start
        return range(first, epochs.stop)

    def begin_epoch(self, epoch):
        """Begin an epoch."""
        self._list.on_epoch_begin(epoch)

    def begin_batch(self, batch):
        """Begin a batch."""
        if self.sees_batches:
            self._list.on_train_batch_begin(batch)

    def end_batch(self, batch, logs):
        """End a batch, with the logs of the epoch so far."""
        self._list.on_train_batch_end(batch, logs)

    def begin_test(self):
        """Begin an evaluation."""
        self._list.on_test_begin()

    def begin_test_batch(self, batch):
        """Begin a batch of an evaluation."""
        if self.sees_test_batches:
            self._list.on_test_batch_begin(batch)

    def end_test_batch(self, batch, logs):
        """End a batch of an evaluation."""
        self._list.on_test_batch_end(batch, logs)

    def end_test(self, logs):
        """End an evaluation."""
        self._list.on_test_end(logs)

    def end_epoch(self, epoch, logs):
        """Return the logs with what callbacks have added."""
        self._last_logs = dict(logs)
        self._list.on_epoch_end(epoch, logs)
        found = {name: _to_number(v) for name, v in self._history.logs.items()}
        left_out = {name for name, value in found.items() if value is None}
        if left_out - self._left_out:
            self._left_out |= left_out
            warn(
                f"Callbacks have added to the logs what is no number: "
                f"{', '.join(map(repr, sorted(left_out)))}. It is left out of "
                "history_, which has a number per epoch; keep it in an attribute of "
                "the callback."
            )
        return logs | {k: v for k, v in found.items() if k not in left_out}

    def end_training(self):
        """End training, with the logs of the last epoch before callbacks added any."""
        self._list.on_train_end(self._last_logs)

    def detach(self):
        """Part callbacks from the model, which would stay in memory with them."""
        for callback in self.callbacks:
            keras.callbacks.Callback.set_model(callback, None)


def _to_number(value):
    """A number as a float, None for anything else."""
    array = np.asarray(value)
    return float(array) if array.ndim == 0 and array.dtype.kind in "buif" else None

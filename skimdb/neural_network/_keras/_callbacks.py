"""Callbacks of Keras: one set a fit, and the hooks that call them."""

import copy
import inspect
import re
import uuid
from datetime import datetime

import keras
from joblib.parallel import get_active_backend

from skimdb._suggestions import suggest_nearest

# Attributes in which Keras's callbacks keep the path that they write to.
_PATHS = ("filepath", "log_dir", "filename", "backup_dir")


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
        If parallel fits would write to one path.
    """
    run = f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}"
    fields = {name: str(value) for name, value in fields.items()} | {"run": run}
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


def _sees_batches(callback, kind):
    """Whether a callback does something at batches of training or testing.

    ModelCheckpoint, TensorBoard and BackupAndRestore define the hooks in any case,
    and say by an attribute whether they use them.
    """
    if "epoch" in (
        getattr(callback, "save_freq", None),
        getattr(callback, "update_freq", None),
    ):
        return False
    hooks = [f"on_{kind}_batch_begin", f"on_{kind}_batch_end"]
    if kind == "train":
        hooks += ["on_batch_begin", "on_batch_end"]
    return any(
        getattr(getattr(callback, hook), "__func__", None)
        is not getattr(keras.callbacks.Callback, hook)
        for hook in hooks
    )


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
    """

    def __init__(self, callbacks, model, *, n_epochs, n_batches):
        # What callbacks add to the logs, such as the learning rate, is seen here.
        self._history = keras.callbacks.History()
        self.callbacks = callbacks
        self._model = model
        self._list = keras.callbacks.CallbackList(
            [*callbacks, self._history],
            model=model,
            epochs=n_epochs,
            steps=n_batches,
            verbose=0,
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
        self._list.on_epoch_end(epoch, logs)
        return logs | {name: vs[-1] for name, vs in self._history.history.items()}

    def end_training(self, logs):
        """End training."""
        self._list.on_train_end(logs)

    def detach(self):
        """Part callbacks from the model, which would stay in memory with them."""
        for callback in self.callbacks:
            keras.callbacks.Callback.set_model(callback, None)

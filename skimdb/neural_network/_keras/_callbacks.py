"""Callbacks of Keras: prepared for a fit, and called at its hooks."""

import inspect
import os
import uuid
from datetime import datetime

import keras
import numpy as np

from skimdb._messages import warn

# Attributes in which Keras's callbacks store the path that they write to.
_PATHS = ("filepath", "log_dir", "filename", "backup_dir", "directory")


def _is_class(callback):
    return inspect.isclass(callback) and issubclass(callback, keras.callbacks.Callback)


def _make_callback(callback):
    """Return a class or an instance unchanged, and call a function that makes one."""
    if _is_class(callback) or isinstance(callback, keras.callbacks.Callback):
        return callback
    made = callback() if callable(callback) and not inspect.isclass(callback) else None
    if isinstance(made, keras.callbacks.Callback):
        return made
    raise TypeError(
        "Expected callbacks to be classes or instances of keras.callbacks.Callback, or "
        f"functions without arguments that return one, got {callback!r}. "
        "Pass callbacks of scikit-learn to the method set_callbacks."
    )


def list_callbacks(callbacks, params):
    """Check callbacks and bring them into a form that scikeras accepts.

    Parameters
    ----------
    callbacks : None, callback, class, function, or list, tuple or dict of them
    params : dict
        Arguments of the classes, such as ``patience`` or ``0__patience``.

    Returns
    -------
    callbacks : list or dict
        Classes, which scikeras instantiates, and instances.
    """
    if not isinstance(callbacks, (list, tuple, dict)):
        callbacks = [] if callbacks is None else [callbacks]
    named = dict(callbacks if isinstance(callbacks, dict) else enumerate(callbacks))
    named = {str(name): _make_callback(callback) for name, callback in named.items()}
    for param in params:
        name, separator, _ = param.partition("__")
        receivers = [named.get(name)] if separator else list(named.values())
        if not receivers or not all(map(_is_class, receivers)):
            raise ValueError(
                f"Expected callbacks__{param} to go to callbacks given as classes, got "
                f"callbacks={callbacks!r}. Give the class of the callback, or set the "
                "argument in the instance."
            )
    return named if isinstance(callbacks, dict) else list(named.values())


def fill_paths(callbacks, *, is_clone):
    """Replace ``{run}`` in paths by an identifier of the fit.

    Parameters
    ----------
    callbacks : list of keras.callbacks.Callback
        Changed in place. An instance that another fit has used before gets a new
        identifier.
    is_clone : bool
        Whether `sklearn.base.clone` made the estimator, as in a cross-validation or a
        search. Then other clones may write to the same path.

    Raises
    ------
    ValueError
        If clones would overwrite each other's files.
    """
    run = f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}"
    for callback in callbacks:
        templates = vars(callback).setdefault("_path_templates", {})  # by filled path
        for name, value in list(vars(callback).items()):
            if not isinstance(value, (str, os.PathLike)):
                continue
            template = templates.get(str(value), str(value))
            if "{run}" in template:
                path = template.replace("{run}", run)
                templates[path] = template
                setattr(callback, name, path)
            elif is_clone and name in _PATHS:
                raise ValueError(
                    f"Expected {{run}} in the {name} of {type(callback).__name__}, got "
                    f"{template!r}: clones of an estimator would overwrite each "
                    "other's files. Put {run} into the path; each fit replaces it by "
                    "an identifier of its own."
                )


def _sees_batches(callback, kind):
    """Whether a callback does something at batches of training or testing."""
    hooks = [f"on_{kind}_batch_begin", f"on_{kind}_batch_end"]
    if kind == "train":
        hooks += ["on_batch_begin", "on_batch_end"]
    functions = [getattr(getattr(callback, hook), "__func__", None) for hook in hooks]
    if functions == [getattr(keras.callbacks.Callback, hook) for hook in hooks]:
        return False
    if not type(callback).__module__.startswith("keras."):
        return True
    # ModelCheckpoint, BackupAndRestore and TensorBoard always define the hooks.
    at_epochs = "epoch" in (
        vars(callback).get("save_freq"),
        vars(callback).get("update_freq"),
    )
    traces = getattr(callback, "_should_trace", False)
    return not at_epochs or traces or getattr(callback, "write_steps_per_second", False)


class _History(keras.callbacks.History):
    """Stores the logs of an epoch, with the entries that other callbacks added."""

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        self.logs = logs or {}


class KerasHooks:
    """Calls the hooks of Keras's callbacks as `keras.Model.fit` does.

    Parameters
    ----------
    callbacks : list of keras.callbacks.Callback
    model : keras.Model
        Model that the callbacks read and may change.
    schedule : Schedule
    verbose : int
        Verbosity in the parameters of the callbacks.
    """

    def __init__(self, callbacks, model, schedule, verbose):
        self._history = _History()
        self._left_out = set()
        self._last_logs = None
        self.callbacks = callbacks
        self._model = model
        self._list = keras.callbacks.CallbackList(
            [*callbacks, self._history],
            model=model,
            epochs=schedule.epochs.stop,
            steps=schedule.n_batches,
            verbose=verbose,
        )
        self.begin_epoch = self._list.on_epoch_begin
        self.begin_test = self._list.on_test_begin
        self.end_test = self._list.on_test_end
        self.sees_batches = {
            kind: any(_sees_batches(callback, kind) for callback in callbacks)
            for kind in ("train", "test")
        }

    @property
    def stop(self):
        """Whether a callback has stopped the training."""
        return self._model.stop_training

    def begin_training(self, epochs):
        """Return the epochs to train: BackupAndRestore may skip some."""
        self._model.stop_training = False
        self._list.on_train_begin()
        first = getattr(self._model, "_initial_epoch", None) or epochs.start
        return range(first, epochs.stop)

    def begin_batch(self, kind, batch):
        """Begin a batch of kind "train" or "test"."""
        if self.sees_batches[kind]:
            getattr(self._list, f"on_{kind}_batch_begin")(batch)

    def end_batch(self, kind, batch, logs):
        """End a batch, with the logs of all samples so far."""
        getattr(self._list, f"on_{kind}_batch_end")(batch, logs)

    def end_epoch(self, epoch, logs):
        """Return the logs with the numbers that callbacks added."""
        self._last_logs = dict(logs)
        self._list.on_epoch_end(epoch, logs)
        found = {name: _to_number(v) for name, v in self._history.logs.items()}
        left_out = {name for name, value in found.items() if value is None}
        if left_out - self._left_out:
            self._left_out |= left_out
            warn(
                "Callbacks logged entries that are not numbers: "
                f"{', '.join(map(repr, sorted(left_out)))}. They are not stored in "
                "history_. Store them in an attribute of the callback."
            )
        return logs | {k: v for k, v in found.items() if k not in left_out}

    def end_training(self):
        """End the training, with the logs of the last epoch without added entries."""
        self._list.on_train_end(self._last_logs)

    def detach(self):
        """Remove the model from the callbacks, so that its memory can be freed."""
        for callback in self.callbacks:
            keras.callbacks.Callback.set_model(callback, None)


def _to_number(value):
    """Convert a number to a float, anything else to None."""
    array = np.asarray(value)
    return float(array) if array.ndim == 0 and array.dtype.kind in "buif" else None

"""One fit: initial weights, training with early stopping, fitted arrays."""

from itertools import pairwise

import numpy as np

from skimdb.neural_network._engine._parameters import make_parameters
from skimdb.neural_network._engine._training import on_cpu, train
from skimdb.neural_network._keras._callbacks import EpochTasks
from skimdb.neural_network._keras._objects import (
    build_network,
    compile_arguments,
    detach,
)
from skimdb.neural_network._metrics import lower_is_better, make_metrics


class _BestEpoch:
    """Follows the monitored entry of the logs.

    Parameters
    ----------
    parameters : FusedParameters or KerasParameters
        The weights are copied at each new best, if `keep_weights`.
    monitor : str
    patience : int or inf
        Epochs without improvement after which to stop.
    tol : float
        What an improvement has to exceed.
    keep_weights : bool
    """

    def __init__(self, parameters, monitor, *, patience, tol, keep_weights):
        self._parameters = parameters
        self._monitor = monitor
        self._sign = -1 if lower_is_better(monitor) else 1
        self._patience = patience
        self._tol = tol
        self._keep_weights = keep_weights
        self._best = self._reference = -np.inf
        self._waited = 0
        self.weights = None

    def update(self, logs):
        """Take in the logs of an epoch; returns whether patience has run out."""
        value = self._sign * logs[self._monitor]
        if value > self._best:
            self._best = value
            if self._keep_weights:
                self.weights = self._parameters.read_weights()
        if value > self._reference + self._tol:
            self._reference = value
            self._waited = 0
        else:
            self._waited += 1
        return self._waited >= self._patience


def _initial_weights(layer_sizes, dtype, seed):
    """Draw Glorot-uniform kernels and zero biases, as Keras's Dense does.

    Glorot and Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010.
    """
    rng = np.random.default_rng(seed)
    coefs = []
    for n_inputs, n_units in pairwise(layer_sizes):
        bound = np.sqrt(6 / (n_inputs + n_units))
        coefs.append(rng.uniform(-bound, bound, (n_inputs, n_units)).astype(dtype))
    return coefs, [np.zeros(coef.shape[1], dtype) for coef in coefs]


def _best_epoch(history, monitor):
    """Epoch, from 1, at which the monitored entry was best, or None."""
    values = history.get(monitor)
    if values is None or np.isnan(values).all():
        return None
    best = np.nanargmin if lower_is_better(monitor) else np.nanargmax
    return int(best(values)) + 1


def _append(history, logs):
    """Histories of an earlier fit and of this one, NaN where one has no entry."""
    n_before = len(next(iter(history.values()), ()))
    n_now = len(logs)
    names = dict.fromkeys([*history, *(logs[0] if logs else ())])
    return {
        name: np.concatenate(
            [
                history.get(name, np.full(n_before, np.nan)),
                [entry[name] for entry in logs]
                if logs and name in logs[0]
                else np.full(n_now, np.nan),
            ]
        )
        for name in names
    }


def _check_monitor(monitor, metrics, *, validated, early_stopping):
    """Raise for a monitored entry that will not be in the logs."""
    recorded = [*metrics, "loss"]
    if validated:
        recorded += [f"val_{name}" for name in recorded]
    # Without validation data a fit may go without a best epoch.
    expected = recorded if early_stopping else [*recorded, "val_loss"]
    if monitor not in expected:
        raise ValueError(
            f"monitor={monitor!r} is not recorded. Recorded here are "
            f"{', '.join(recorded)}; name a metric in `metrics`, or give validation "
            "data for the val_ entries."
        )


def fit_network(
    rows,
    validation,
    estimator,
    *,
    sizes,
    dropout,
    routed,
    epochs,
    early_stopping,
    warm,
    context,
    data,
):
    """Train a new network, or go on training the estimator's.

    Parameters
    ----------
    rows : Rows
        Training rows.
    validation : Rows or None
    estimator : KerasMLPClassifier
        Read for its parameters and its fitted attributes: `classes_`, `_seeds`, and
        all others if `warm`. With `warm_start` it is given what the finished epochs
        have brought if training is interrupted.
    sizes : tuple of int
        Units of each hidden layer.
    dropout : tuple of float
        Rate of each hidden layer.
    routed : dict
        Parameters of optimizer, loss and callbacks.
    epochs : int
    early_stopping : bool
    warm : bool
        Whether to go on.
    context : sklearn.callback.CallbackContext
    data : dict
        X, y and metadata for scikit-learn's callbacks.

    Returns
    -------
    fitted : dict
        Fitted attributes by name.
    """
    _check_monitor(
        estimator.monitor,
        estimator.metrics,
        validated=validation is not None,
        early_stopping=early_stopping,
    )
    metrics = make_metrics(estimator.metrics, estimator.classes_)
    dtype = rows.X.dtype
    shuffle_seed, dropout_seed = estimator._seeds[1:3].tolist()
    if warm:
        coefs, intercepts = estimator.coefs_, estimator.intercepts_
        history, n_before = estimator.history_, estimator.n_iter_
    else:
        layer_sizes = (rows.X.shape[1], *sizes, rows.Y.shape[1])
        coefs, intercepts = _initial_weights(layer_sizes, dtype, estimator._seeds[0])
        history, n_before = {}, 0
    options = {
        "activation": estimator.activation,
        "output_activation": estimator.out_activation_,
        "l2": estimator.l2,
        "dropout": dropout,
    }
    with on_cpu():
        network = build_network(
            coefs,
            intercepts,
            compiled=compile_arguments(
                estimator.get_params(),
                routed,
                output_activation=estimator.out_activation_,
                dtype=dtype,
            ),
            model_options=options,
        )
        parameters = make_parameters(
            network,
            rows.X,
            coefs,
            intercepts,
            estimator._optimizer_state if warm else None,
        )
        best = _BestEpoch(
            parameters,
            estimator.monitor,
            patience=estimator.n_iter_no_change,
            tol=estimator.tol,
            keep_weights=early_stopping,
        )
        numbers = range(n_before, n_before + epochs)
        all_logs = []
        tasks = EpochTasks(context, estimator=estimator, **data)

        def fitted(weights=None):
            coefs, intercepts = weights or parameters.read_weights()
            all_history = _append(history, all_logs)
            best_epoch = _best_epoch(all_history, estimator.monitor)
            if early_stopping:  # the epoch that the weights are from
                now = _best_epoch(_append({}, all_logs), estimator.monitor)
                best_epoch = now and n_before + now
            return {
                "coefs_": coefs,
                "intercepts_": intercepts,
                "history_": all_history,
                "n_iter_": len(all_history["loss"]),
                "best_epoch_": best_epoch,
                "callbacks_": network.callbacks,
                "_optimizer_state": parameters.read_state(),
            }

        def after_epoch(epoch, logs):
            all_logs.append(logs)
            if estimator.verbose:
                entries = " ".join(f"{k}={v:.4f}" for k, v in logs.items())
                print(f"Epoch {epoch + 1}/{numbers.stop} {entries}")
            stop = early_stopping and best.update(logs)
            stop |= tasks.end(fitted)
            stop |= network.model is not None and network.model.stop_training
            if not stop and epoch + 1 < numbers.stop:
                tasks.begin()
            return stop

        tasks.begin()
        try:
            train(
                network,
                parameters,
                rows,
                validation,
                batch_size=estimator.batch_size,
                shuffle=estimator.shuffle,
                epochs=numbers,
                shuffle_seed=shuffle_seed,
                dropout_seed=dropout_seed,
                metrics=metrics,
                after_epoch=after_epoch,
                **options,
            )
        except BaseException:
            if estimator.warm_start and all_logs:
                vars(estimator).update(fitted(best.weights))
            raise
        finally:
            detach(network.callbacks)
        return fitted(best.weights)

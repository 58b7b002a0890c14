"""One fit: initial weights, training with early stopping, fitted arrays."""

import numpy as np

from skimdb._metrics import lower_is_better, make_metrics
from skimdb._network import build_network, compile_arguments
from skimdb._training import on_cpu, read_weights, train


class _BestEpoch:
    """Follows the monitored entry of the logs.

    Parameters
    ----------
    network : Network
        Its weights are copied at each new best, if `keep_weights`.
    monitor : str
    patience : int or inf
        Epochs without improvement after which to stop.
    tol : float
        What an improvement has to exceed.
    keep_weights : bool
    """

    def __init__(self, network, monitor, *, patience, tol, keep_weights):
        self._network = network
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
                self.weights = read_weights(self._network)
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
    for n_inputs, n_units in zip(layer_sizes[:-1], layer_sizes[1:], strict=True):
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


def fit_network(rows, validation, estimator, *, sizes, dropout, routed, seeds, warm):
    """Train a new network, or go on training the estimator's.

    Parameters
    ----------
    rows : Rows
        Training rows; the weights of the samples have mean 1.
    validation : Rows or None
    estimator : KerasMLPClassifier
        Read for its parameters, and its fitted arrays if `warm`.
    sizes : tuple of int
        Units of each hidden layer.
    dropout : tuple of float
        Rate of each hidden layer.
    routed : dict
        Parameters of optimizer, loss and callbacks.
    seeds : sequence of int
        Of initial weights, order and dropout.
    warm : bool
        Whether to go on.

    Returns
    -------
    fitted : dict
        Fitted attributes by name.
    """
    metrics = make_metrics(estimator.metrics)
    recorded = [*estimator.metrics, "loss"]
    if validation is not None:
        recorded += [f"val_{name}" for name in recorded]
    monitored = estimator.monitor in recorded
    if not monitored and (estimator.early_stopping or estimator.monitor != "val_loss"):
        raise ValueError(
            f"monitor={estimator.monitor!r} is not recorded. Recorded here are "
            f"{', '.join(recorded)}; name a metric in `metrics`, or give validation "
            "data for the val_ entries."
        )
    dtype = rows.X.dtype
    if warm:
        coefs, intercepts = estimator.coefs_, estimator.intercepts_
        history, n_before = estimator.history_, estimator.n_iter_
    else:
        layer_sizes = (rows.X.shape[1], *sizes, rows.Y.shape[1])
        coefs, intercepts = _initial_weights(layer_sizes, dtype, seeds[0])
        history, n_before = {}, 0
    output_activation = "sigmoid" if rows.Y.shape[1] == 1 else "softmax"
    options = {
        "activation": estimator.activation,
        "output_activation": output_activation,
        "l2": estimator.l2,
        "dropout": dropout,
    }
    with on_cpu():
        network = build_network(
            coefs,
            intercepts,
            compiled=compile_arguments(
                optimizer=estimator.optimizer,
                learning_rate=estimator.learning_rate,
                binary=output_activation == "sigmoid",
                callbacks=estimator.callbacks,
                routed=routed,
                dtype=dtype,
            ),
            model_options=options,
        )
        if warm:
            for variable, value in zip(
                network.optimizer.variables, estimator._optimizer_state, strict=True
            ):
                variable.assign(value)
        best = _BestEpoch(
            network,
            estimator.monitor,
            patience=estimator.n_iter_no_change,
            tol=estimator.tol,
            keep_weights=estimator.early_stopping,
        )
        epochs = range(n_before, n_before + estimator.epochs)
        all_logs = []

        def after_epoch(epoch, logs):
            all_logs.append(logs)
            if estimator.verbose:
                entries = " ".join(f"{k}={v:.4f}" for k, v in logs.items())
                print(f"Epoch {epoch + 1}/{epochs.stop} {entries}")
            return estimator.early_stopping and best.update(logs)

        train(
            network,
            rows,
            validation,
            batch_size=estimator.batch_size,
            shuffle=estimator.shuffle,
            epochs=epochs,
            shuffle_seed=seeds[1],
            dropout_seed=seeds[2],
            metrics=metrics,
            after_epoch=after_epoch,
            **options,
        )
        coefs, intercepts = best.weights or read_weights(network)
        state = [variable.value.numpy() for variable in network.optimizer.variables]
    history = _append(history, all_logs)
    fitted = {
        "coefs_": coefs,
        "intercepts_": intercepts,
        "history_": history,
        "n_iter_": len(history["loss"]),
        "best_epoch_": _best_epoch(history, estimator.monitor),
    }
    if estimator.warm_start:
        fitted["_optimizer_state"] = state
    return fitted

"""A fit from the checks of its input to the fitted attributes.

`draft` is a copy of the estimator. Checks and a new network set their attributes on the
draft, so that a failed fit leaves the estimator unchanged.
"""

import functools
from itertools import chain, islice

import numpy as np
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from skimdb._callbacks import describe_task, run_task
from skimdb._messages import warn
from skimdb.neural_network import _input_checks, _network, _parameters, _samples
from skimdb.neural_network._metrics import Metrics
from skimdb.neural_network._monitor import Monitor
from skimdb.neural_network._numpy_backend import NumpyBackend
from skimdb.neural_network._training import NoHooks, Schedule, Trainer

# Cross-entropies of this size mean that training has failed.
_LARGE_LOSS = 100.0


def fit_network(
    estimator, given, validation, *, partial=False, classes=None, chunks=None
):
    """Check the input, train, and set all fitted attributes at the end.

    Parameters
    ----------
    estimator : KerasMLPClassifier
    given : (X, y, sample_weight)
    validation : (X_val, y_val, sample_weight_val)
    partial : bool, default=False
        Whether to train for one epoch, as `partial_fit` does.
    classes : array-like of shape (n_classes,), default=None
        Argument of `partial_fit`.
    chunks : iterator of tuple, default=None
        Rest of a stream. `given` is its first chunk.

    Returns
    -------
    estimator : KerasMLPClassifier
    """
    # Without `copy.copy`, which would replace the instances of Keras by copies.
    draft = object.__new__(type(estimator))
    vars(draft).update(vars(estimator))
    draft._callbacks_before_fit = estimator._copy_callbacks()
    if partial:
        draft.epochs, draft.early_stopping = 1, False
    sizes, dropout = _input_checks.check_hidden_layers(
        draft.size, draft.n_hidden_layers, draft.dropout
    )
    params, backend_name = _parameters.divide_parameters(draft)
    if partial or draft.warm_start:
        _parameters.check_resumable(draft.optimizer, params["optimizer"])
    warm = (partial or draft.warm_start) and hasattr(draft, "coefs_")
    dtype = draft.coefs_[0].dtype if warm else None
    X, y, weight = _input_checks.check_training(draft, *given, dtype)
    if warm:
        _input_checks.check_continues(draft, y, sizes, classes, partial=partial)
    else:
        _set_outputs(draft, _input_checks.check_classes(y, classes, partial=partial))
    validation = _input_checks.check_validation(draft, *validation, X)
    samples, validation = _make_samples(draft, X, y, weight, validation)
    layer_sizes = (X.shape[1], *sizes, draft.n_outputs_)
    smoothing = params["loss"].get("label_smoothing", 0)
    spec = make_spec(draft, layer_sizes, dropout, X.dtype, smoothing)
    blocks = [samples]
    if chunks is not None:
        blocks = _read_blocks(draft, samples, chunks)
    schedule = _make_schedule(draft, blocks, warm=warm)
    if warm:
        weights = draft.coefs_, draft.intercepts_
    else:
        weights = _network.draw_weights(spec, draft._seeds["weights"])
    metrics = Metrics(draft.metrics, draft._label_classes, draft.out_activation_)
    if backend_name == "numpy":
        options = _parameters.keep_numpy_params(draft.optimizer, params["optimizer"])
        backend = NumpyBackend(spec, *weights, draft.optimizer.lower(), options)
        hooks = NoHooks()
    else:
        backend, hooks = _make_tensorflow_backend(
            draft, spec, weights, params, schedule, is_sparse=scipy.sparse.issparse(X)
        )
    del weights  # the backend has a copy, and large ones take memory
    if warm:
        backend.write_state(draft._optimizer_state)
    trainer = Trainer(backend, hooks, spec, schedule, metrics, blocks, validation)
    history = draft.history_ if warm else {}
    patience = draft.n_iter_no_change if draft.early_stopping else None
    monitor = Monitor(draft.monitor, patience, draft.tol, history)
    n_rows = max(schedule.batch_size, _network.count_block_rows(layer_sizes[1:]))
    with _network.limit_blas(X, layer_sizes[1:], n_rows):
        _run(estimator, draft, given, trainer, monitor)
    return estimator


def _set_outputs(draft, classes):
    """Set the outputs of a new network and the seeds of its draws."""
    multilabel = _samples.is_multilabel(classes)
    single = not multilabel and len(classes) == 2
    draft.classes_ = np.arange(len(classes)) if multilabel else classes
    draft._label_classes = classes
    draft.n_outputs_ = 1 if single else len(classes)
    draft.out_activation_ = "sigmoid" if single or multilabel else "softmax"
    random_state = check_random_state(draft.random_state)
    seeds = random_state.randint(2**31 - 1, size=4, dtype=np.int64).tolist()
    names = ("weights", "order", "dropout", "held_out")
    draft._seeds = dict(zip(names, seeds, strict=True))


def _make_samples(draft, X, y, weight, validation=None):
    """Training and validation samples from checked input."""
    classes = draft._label_classes
    by_class = _samples.weigh_classes(draft.class_weight, y, classes, weight)
    if draft.early_stopping and draft.monitor.startswith("val_") and not validation:
        stratify = not _samples.is_multilabel(classes)
        fraction, seed = draft.validation_fraction, draft._seeds["held_out"]
        Y = _samples.encode_labels(y, classes)
        held_out = _samples.choose_held_out(X, Y, fraction, seed, stratify=stratify)
        validation = X[held_out], y[held_out], weight[held_out]
        X, y, weight, by_class = (a[~held_out] for a in (X, y, weight, by_class))
    recorded = [*draft.metrics, "loss"]
    if validation or not draft.early_stopping:
        recorded += [f"val_{name}" for name in recorded]
    if draft.monitor not in recorded:
        raise ValueError(
            f"monitor={draft.monitor!r} is not recorded. Recorded here are "
            f"{', '.join(recorded)}. Add it to `metrics`, or pass validation data for "
            "the val_ entries."
        )
    if validation:
        X_val, y_val, weight_val = validation
        Y_val = _samples.encode_labels(y_val, classes, "y_val")
        validation = _samples.make_samples(X_val, Y_val, weight_val)
    Y = _samples.encode_labels(y, classes)
    return _samples.make_samples(X, Y, weight, by_class), validation


def _read_blocks(draft, first, chunks):
    """Blocks of full batches from a stream; a list if there is only one."""

    def make_samples_of(chunk):
        X, y, weight = _input_checks.check_training(draft, *chunk, first.X.dtype)
        X = _input_checks.match_kind(X, first.X, "X")
        return _make_samples(draft, X, y, weight)[0]

    samples = chain([first], map(make_samples_of, chunks))
    blocks = _samples.fill_batches(samples, int(draft.batch_size))
    head = list(islice(blocks, 2))
    return head if len(head) == 1 else chain(head, blocks)


def make_spec(estimator, layer_sizes, dropout, dtype, label_smoothing):
    """Describe the network of a fitted estimator or a draft."""
    return _network.NetworkSpec(
        layer_sizes=layer_sizes,
        activation=estimator.activation,
        output_activation=estimator.out_activation_,
        l2=float(estimator.l2),
        dropout=dropout,
        label_smoothing=float(label_smoothing),
        dtype=dtype,
    )


def _make_schedule(draft, blocks, *, warm):
    first, batch_size = draft.n_iter_ if warm else 0, int(draft.batch_size)
    is_list = isinstance(blocks, list)
    return Schedule(
        epochs=range(first, first + draft.epochs),
        batch_size=batch_size,
        shuffle=draft.shuffle,
        seeds=draft._seeds,
        n_batches=-(-len(blocks[0]) // batch_size) if is_list else None,
    )


def _make_tensorflow_backend(draft, spec, weights, params, schedule, *, is_sparse):
    from skimdb.neural_network._keras._backend import TensorFlowBackend
    from skimdb.neural_network._keras._objects import make_objects

    is_clone = getattr(draft, "_is_clone", False)
    optimizer, loss, callbacks = make_objects(
        draft.optimizer, draft.callbacks, params, spec, is_clone=is_clone
    )
    backend = TensorFlowBackend(
        spec, *weights, (optimizer, loss), draft.metrics, is_sparse=is_sparse
    )
    return backend, backend.make_hooks(callbacks, schedule, int(draft.verbose))


def _run(estimator, draft, given, trainer, monitor):
    """Train as one task of scikit-learn's callbacks, and set the fitted attributes."""
    params = describe_task(estimator, *given)
    root = estimator._init_callback_context(max_subtasks=len(trainer.schedule.epochs))
    with run_task(root, params, {}):
        try:
            _train(estimator, draft, trainer, monitor, root, params)
        finally:
            trainer.hooks.detach()
            trainer.backend.close()
        fitted = _collect_fitted(draft, trainer, monitor)
        weights = fitted["coefs_"], fitted["intercepts_"]
        monitor.check_fitted(*weights, fitted["_optimizer_state"])
        _set_fitted(estimator, fitted)
        estimator._trained_model = fitted["coefs_"], trainer.backend.model
    losses = fitted["history_"].get("loss", [0.0])  # BackupAndRestore may skip all
    if losses[-1] > max(losses[0], _LARGE_LOSS):
        warn(
            f"Training did not converge: the loss rose from {losses[0]:.3g} in the "
            f"first epoch to {losses[-1]:.3g} in the last. Lower learning_rate.",
            ConvergenceWarning,
        )


def _train(estimator, draft, trainer, monitor, root, params):
    """Train epoch by epoch."""
    best_weights = finished = None
    collect = functools.partial(_collect_fitted, draft, trainer, monitor)
    try:
        for epoch in trainer.hooks.begin_training(trainer.schedule.epochs):
            context = root.subcontext(task_name="epoch")
            with run_task(context, params, collect) as task:
                logs = trainer.train_epoch(epoch)
                stop = monitor.append(logs)
                if monitor.is_best and draft.early_stopping:
                    best_weights = trainer.backend.read_weights()
                if draft.verbose:
                    entries = " ".join(f"{k}={v:.4f}" for k, v in logs.items())
                    print(f"Epoch {epoch + 1}/{trainer.schedule.epochs.stop} {entries}")
            if draft.warm_start:
                finished = collect()
            if stop or task.stop or trainer.hooks.stop:
                break
        trainer.finish_training(best_weights)
    except KeyboardInterrupt:
        if finished is not None:
            _set_fitted(estimator, finished)
        raise


def _collect_fitted(draft, trainer, monitor):
    """Fitted attributes as of now."""
    backend, private = trainer.backend, ("_label_classes", "_seeds")
    coefs, intercepts = backend.read_weights()
    known = {k: v for k, v in vars(draft).items() if k.endswith("_") or k in private}
    return known | {
        "coefs_": coefs,
        "intercepts_": intercepts,
        "history_": monitor.make_history(),
        "n_iter_": monitor.n_epochs,
        "best_epoch_": monitor.find_best_epoch(),
        "backend_": backend.name,
        "device_": backend.device,
        "callbacks_": list(trainer.hooks.callbacks),
        "_callbacks_before_fit": draft._callbacks_before_fit,
        "_optimizer_state": backend.read_state(),
    }


def _set_fitted(estimator, fitted):
    """Set the fitted attributes by a single update."""
    vars(estimator).update(fitted)
    if "feature_names_in_" not in fitted:  # an earlier fit may have set it
        vars(estimator).pop("feature_names_in_", None)


def build_keras_model(estimator):
    """Build the compiled Keras model of a fitted estimator."""
    from skimdb.neural_network._keras import _objects

    params = _parameters.divide_parameters(estimator)[0] | {"callbacks": {}}
    n_units = [len(intercept) for intercept in estimator.intercepts_]
    layer_sizes = (estimator.n_features_in_, *n_units)
    _, rates = _input_checks.check_hidden_layers(n_units[:-1], None, estimator.dropout)
    # Keras's loss smooths the labels itself.
    spec = make_spec(estimator, layer_sizes, rates, estimator.coefs_[0].dtype, 0.0)
    optimizer, loss, _ = _objects.make_objects(estimator.optimizer, None, params, spec)
    model = _objects.build_model(estimator.coefs_, estimator.intercepts_, spec)
    _objects.compile_model(model, optimizer, loss)
    _objects.write_state(optimizer, estimator._optimizer_state)
    return model

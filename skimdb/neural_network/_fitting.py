"""A fit from the checks of its input to the fitted attributes.

`draft` is a copy of the estimator. Checks and a new network set their attributes on the
draft, so that a failed fit leaves the estimator unchanged.
"""

import copy
import dataclasses
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from skimdb._directions import lower_is_better
from skimdb._messages import warn
from skimdb.neural_network._input_checks import (
    check_classes,
    check_continues,
    check_hidden_layers,
    check_training,
    check_validation,
    match_kind,
)
from skimdb.neural_network._keras_params import (
    check_resumable,
    choose_backend,
    divide_keras_params,
    keep_numpy_params,
)
from skimdb.neural_network._labels import encode_labels, is_multilabel, weigh_classes
from skimdb.neural_network._metrics import Metrics
from skimdb.neural_network._monitor import Monitor, check_finite, check_monitor
from skimdb.neural_network._network import (
    NetworkSpec,
    count_block_rows,
    draw_weights,
    limit_blas,
)
from skimdb.neural_network._numpy_backend import NumpyBackend
from skimdb.neural_network._samples import choose_held_out, fill_batches, make_samples
from skimdb.neural_network._training import FitTask, NoHooks, Schedule, Trainer

# Cross-entropies of this size mean that training has failed.
_LARGE_LOSS = 100.0


class FitInput(NamedTuple):
    """Arguments of `fit` and `partial_fit`, unchecked.

    `chunks` is the rest of a stream, of which `X` and `y` are the first chunk.
    """

    X: object
    y: object
    sample_weight: object = None
    X_val: object = None
    y_val: object = None
    sample_weight_val: object = None
    classes: object = None
    chunks: object = None


def fit_network(estimator, given, *, partial=False):
    """Check the input, train, and set all fitted attributes at the end.

    Parameters
    ----------
    estimator : KerasMLPClassifier
    given : FitInput
    partial : bool, default=False
        Whether to train for one epoch, as `partial_fit` does.

    Returns
    -------
    estimator : KerasMLPClassifier
    """
    sizes, dropout = check_hidden_layers(
        estimator.size, estimator.n_hidden_layers, estimator.dropout
    )
    if hasattr(estimator, "routed"):
        raise TypeError(estimator._describe_unknown("routed"))
    keras_params = divide_keras_params(estimator, estimator._get_routed())
    backend_name = choose_backend(estimator.backend, keras_params)
    if partial or estimator.warm_start:
        check_resumable(keras_params)
    draft = copy.copy(estimator)
    draft._callbacks_before_fit = estimator._copy_callbacks()
    warm = (partial or estimator.warm_start) and hasattr(estimator, "coefs_")
    dtype = estimator.coefs_[0].dtype if warm else None
    X, y, weight = check_training(draft, given.X, given.y, given.sample_weight, dtype)
    if warm:
        check_continues(estimator, y, sizes, given.classes, partial=partial)
    else:
        _set_outputs(draft, check_classes(y, given.classes, partial=partial))
    validation = check_validation(
        draft, given.X_val, given.y_val, given.sample_weight_val, X
    )
    early_stopping = estimator.early_stopping and not partial
    samples, validation = _make_samples(
        draft, (X, y, weight), validation, early_stopping=early_stopping
    )
    layer_sizes = (X.shape[1], *sizes, draft.n_outputs_)
    smoothing = keras_params.loss_params.get("label_smoothing", 0)
    spec = make_spec(draft, layer_sizes, dropout, X.dtype, smoothing)
    blocks = [samples]
    if given.chunks is not None:
        blocks = _read_blocks(draft, samples, given.chunks)
    schedule = _make_schedule(draft, 1 if partial else draft.epochs, blocks, warm=warm)
    if warm:
        weights = draft.coefs_, draft.intercepts_
    else:
        weights = draw_weights(spec, draft._seeds["weights"])
    metrics = Metrics(draft.metrics, draft._label_classes, draft.out_activation_)
    if backend_name == "numpy":
        optimizer, params = draft.optimizer.lower(), keep_numpy_params(keras_params)
        backend, hooks = NumpyBackend(spec, *weights, optimizer, params), NoHooks()
    else:
        is_sparse = scipy.sparse.issparse(X)
        backend, hooks = _make_tensorflow_backend(
            draft, spec, weights, keras_params, schedule, is_sparse=is_sparse
        )
    if warm:
        backend.write_state(draft._optimizer_state)
    trainer = Trainer(backend, hooks, spec, schedule, metrics, blocks, validation)
    monitor = Monitor(
        draft.monitor,
        patience=draft.n_iter_no_change,
        tol=draft.tol,
        history=draft.history_ if warm else None,
        early_stopping=early_stopping,
    )
    n_rows = max(schedule.batch_size, count_block_rows(layer_sizes[1:]))
    with limit_blas(X, layer_sizes[1:], n_rows):
        _run(estimator, draft, given, trainer, monitor)
    return estimator


def _set_outputs(draft, classes):
    """Set the outputs of a new network and the seeds of its draws."""
    multilabel = is_multilabel(classes)
    single = not multilabel and len(classes) == 2
    draft.classes_ = np.arange(len(classes)) if multilabel else classes
    draft._label_classes = classes
    draft.n_outputs_ = 1 if single else len(classes)
    draft.out_activation_ = "sigmoid" if single or multilabel else "softmax"
    random_state = check_random_state(draft.random_state)
    seeds = random_state.randint(2**31 - 1, size=4, dtype=np.int64).tolist()
    names = ("weights", "order", "dropout", "held_out")
    draft._seeds = dict(zip(names, seeds, strict=True))


def _make_samples(draft, data, validation, *, early_stopping):
    """Training and validation samples from checked input."""
    X, y, weight = data
    monitors_validation = early_stopping and draft.monitor.startswith("val_")
    hold_out = monitors_validation and validation is None
    check_monitor(
        draft.monitor,
        draft.metrics,
        validated=hold_out or validation is not None,
        early_stopping=early_stopping,
    )
    Y = encode_labels(y, draft._label_classes)
    by_class = weigh_classes(draft.class_weight, y, draft._label_classes, weight)
    if validation is not None:
        X_val, y_val, weight_val = validation
        Y_val = encode_labels(y_val, draft._label_classes, "y_val")
        validation = make_samples(X_val, Y_val, weight_val)
    elif hold_out:
        stratify = not is_multilabel(draft._label_classes)
        held_out = choose_held_out(
            X, Y, draft.validation_fraction, draft._seeds["held_out"], stratify=stratify
        )
        if not held_out.any():
            raise ValueError(
                "Early stopping has nothing to hold out: no class has two different "
                "samples. Pass X_val and y_val, or more samples."
            )
        validation = make_samples(X[held_out], Y[held_out], weight[held_out])
        kept = ~held_out
        X, Y, weight, by_class = X[kept], Y[kept], weight[kept], by_class[kept]
    return make_samples(X, Y, weight, by_class), validation


def _read_blocks(draft, first, chunks):
    """Blocks of full batches from a stream; a list if there is only one."""

    def make_samples_of(chunk):
        X, y, weight = check_training(draft, *chunk, first.X.dtype)
        data = match_kind(X, first.X, "X"), y, weight
        return _make_samples(draft, data, None, early_stopping=False)[0]

    samples = chain([first], map(make_samples_of, chunks))
    blocks = fill_batches(samples, int(draft.batch_size))
    head = list(islice(blocks, 2))
    return head if len(head) == 1 else chain(head, blocks)


def make_spec(estimator, layer_sizes, dropout, dtype, label_smoothing):
    """Describe the network of a fitted estimator or a draft."""
    return NetworkSpec(
        layer_sizes=layer_sizes,
        activation=estimator.activation,
        output_activation=estimator.out_activation_,
        l2=float(estimator.l2),
        dropout=dropout,
        label_smoothing=float(label_smoothing),
        dtype=dtype,
    )


def _make_schedule(draft, n_epochs, blocks, *, warm):
    first, batch_size = draft.n_iter_ if warm else 0, int(draft.batch_size)
    n_batches = None
    if isinstance(blocks, list):
        n_batches = -(-len(blocks[0]) // batch_size)
    return Schedule(
        range(first, first + n_epochs),
        batch_size,
        draft.shuffle,
        draft._seeds["order"],
        draft._seeds["dropout"],
        n_batches,
    )


def _make_tensorflow_backend(
    draft, spec, weights, keras_params, schedule, *, is_sparse
):
    from skimdb.neural_network._keras._backend import TensorFlowBackend
    from skimdb.neural_network._keras._objects import make_objects

    optimizer, loss, callbacks = make_objects(
        keras_params,
        output_activation=spec.output_activation,
        dtype=spec.dtype,
        is_clone=getattr(draft, "_is_clone", False),
    )
    backend = TensorFlowBackend(
        spec,
        *weights,
        (optimizer, loss),
        {name: lower_is_better(name) for name in draft.metrics},
        is_sparse=is_sparse,
    )
    if not callbacks:
        return backend, NoHooks()
    hooks = backend.make_hooks(
        callbacks,
        n_epochs=schedule.epochs.stop,
        n_batches=schedule.n_batches,
        verbose=int(draft.verbose),
    )
    return backend, hooks


def _run(estimator, draft, given, trainer, monitor):
    """Train as one task of scikit-learn's callbacks, and set the fitted attributes."""
    params = {"estimator": estimator, "X": given.X, "y": given.y, "metadata": None}
    if given.sample_weight is not None:
        params["metadata"] = {"sample_weight": given.sample_weight}
    root = estimator._init_callback_context(max_subtasks=trainer.n_epochs_left)
    with FitTask(root, params) as task:
        try:
            _train(estimator, draft, trainer, monitor, task)
        finally:
            trainer.hooks.detach()
        fitted = _collect_fitted(draft, trainer, monitor)
        weights = (fitted["coefs_"], fitted["intercepts_"])
        check_finite(*weights, fitted["_optimizer_state"], monitor)
        _set_fitted(estimator, fitted)
        task.end({})
    first, last = fitted["history_"]["loss"][[0, -1]]
    if last > max(first, _LARGE_LOSS):
        warn(
            f"Training did not converge: the loss rose from {first:.3g} in the first "
            f"epoch to {last:.3g} in the last. Lower learning_rate.",
            ConvergenceWarning,
        )


def _train(estimator, draft, trainer, monitor, task):
    """Train epoch by epoch."""
    best_weights = finished = None

    def collect_predictor():
        return _collect_predictor(draft, trainer.backend, monitor)

    try:
        for epoch in trainer.begin_training():
            with task.begin_subtask("epoch") as epoch_task:
                logs = trainer.train_epoch(epoch)
                stop = monitor.append(logs)
                if monitor.is_best and monitor.early_stopping:
                    best_weights = trainer.backend.read_weights()
                if draft.verbose:
                    entries = " ".join(f"{k}={v:.4f}" for k, v in logs.items())
                    print(f"Epoch {epoch + 1}/{trainer.n_epochs} {entries}")
                stop |= epoch_task.end(collect_predictor)
            if draft.warm_start:
                finished = _collect_fitted(draft, trainer, monitor)
            if stop or trainer.hooks.stop:
                break
        trainer.finish_training(best_weights)
    except KeyboardInterrupt:
        if finished is not None:
            _set_fitted(estimator, finished)
        raise


def _collect_predictor(draft, backend, monitor):
    """Fitted attributes as of now, except those that only further training needs."""
    coefs, intercepts = backend.read_weights()
    private = ("_label_classes", "_seeds", "_callbacks_before_fit")
    known = {k: v for k, v in vars(draft).items() if k.endswith("_") or k in private}
    return known | {
        "coefs_": coefs,
        "intercepts_": intercepts,
        "history_": monitor.make_history(),
        "n_iter_": monitor.n_epochs,
        "best_epoch_": monitor.find_best_epoch(),
        "backend_": backend.name,
        "device_": getattr(backend, "device", "CPU:0"),
    }


def _collect_fitted(draft, trainer, monitor):
    """All fitted attributes as of now."""
    backend = trainer.backend
    fitted = _collect_predictor(draft, backend, monitor)
    return fitted | {
        "callbacks_": list(trainer.hooks.callbacks),
        "_optimizer_state": backend.read_state(),
        "_trained_model": (fitted["coefs_"], backend.model),
    }


def _set_fitted(estimator, fitted):
    """Set the fitted attributes by a single update."""
    vars(estimator).update(fitted)
    if "feature_names_in_" not in fitted:  # an earlier fit may have set it
        vars(estimator).pop("feature_names_in_", None)


def build_keras_model(estimator):
    """Build the compiled Keras model of a fitted estimator."""
    from skimdb.neural_network._keras import _objects

    keras_params = dataclasses.replace(
        divide_keras_params(estimator, estimator._get_routed()),
        callbacks=None,
        callbacks_params={},
    )
    n_units = [len(intercept) for intercept in estimator.intercepts_]
    _, dropout = check_hidden_layers(tuple(n_units[:-1]), None, estimator.dropout)
    dtype = estimator.coefs_[0].dtype
    # Keras's loss smooths the labels itself.
    spec = make_spec(
        estimator, (estimator.n_features_in_, *n_units), dropout, dtype, 0.0
    )
    optimizer, loss, _ = _objects.make_objects(
        keras_params,
        output_activation=spec.output_activation,
        dtype=dtype,
    )
    model = _objects.build_model(estimator.coefs_, estimator.intercepts_, spec)
    _objects.compile_model(model, optimizer, loss)
    _objects.write_state(optimizer, estimator._optimizer_state)
    return model

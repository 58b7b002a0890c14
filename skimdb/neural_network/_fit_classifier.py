"""From the input of `fit` to the fitted attributes of the classifier."""

import numpy as np
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import (
    check_consistent_length,
    validate_data,
)

from skimdb._sklearn import _check_partial_fit_first_call, _check_sample_weight
from skimdb.neural_network._input_checks import check_hidden_layers, check_no_texts
from skimdb.neural_network._labels import (
    balance,
    check_labels,
    encode,
    find_classes,
    is_multilabel,
    same_classes,
)
from skimdb.neural_network._samples import Rows, hold_out


def fit_classifier(
    estimator,
    X,
    y,
    sample_weight=None,
    X_val=None,
    y_val=None,
    *,
    partial=False,
    classes=None,
):
    """Check the input of `fit` or `partial_fit`, train, and set what was fitted.

    Parameters
    ----------
    estimator : KerasMLPClassifier
    X, y, sample_weight, X_val, y_val, classes
        As in its methods.
    partial : bool, default=False
        Whether to train for one epoch, going on if there are weights.

    Returns
    -------
    estimator : KerasMLPClassifier
    """
    from skimdb.neural_network._fit_network import fit_network

    routed = estimator._check_routed()
    sizes, rates = check_hidden_layers(
        estimator.size, estimator.n_hidden_layers, estimator.dropout
    )
    warm = (partial or estimator.warm_start) and hasattr(estimator, "coefs_")
    given = {"X": X, "y": y, "metadata": None}
    if sample_weight is not None:
        given["metadata"] = {"sample_weight": sample_weight}
    check_no_texts(X)
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse="csr",
        dtype=estimator.coefs_[0].dtype if warm else [np.float64, np.float32],
        multi_output=True,
        reset=not warm,
    )
    y = check_labels(y, warn=True)
    weight = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    kept = weight > 0
    if not kept.all():
        X, y, weight = X[kept], y[kept], weight[kept]
    if warm:
        _check_goes_on(estimator, y, sizes, partial=partial, classes=classes)
    else:
        _start(estimator, y, classes, partial=partial)
    Y = encode(y, estimator.classes_)
    by_class = balance(estimator.class_weight, y, estimator.classes_, weight)
    validation = _validation_rows(estimator, X_val, y_val, X.dtype)
    early_stopping = estimator.early_stopping and not partial
    if validation is None and early_stopping and "val_" in estimator.monitor:
        held_out = hold_out(
            X,
            Y,
            estimator.validation_fraction,
            estimator._seeds[3],
            stratify=not is_multilabel(estimator.classes_),
        )
        if not held_out.any():
            raise ValueError(
                "Early stopping has nothing to hold out: no class has two "
                "different samples. Give X_val and y_val, or more samples."
            )
        validation = Rows.make(X[held_out], Y[held_out], weight[held_out])
        X, Y, weight = X[~held_out], Y[~held_out], weight[~held_out]
        by_class = by_class[~held_out]
    epochs = 1 if partial else estimator.epochs
    context = estimator._init_callback_context(max_subtasks=epochs)
    context.call_on_fit_task_begin(estimator=estimator, **given)
    fitted = fit_network(
        Rows.make(X, Y, weight, by_class),
        validation,
        estimator,
        sizes=sizes,
        dropout=rates,
        routed=routed,
        epochs=epochs,
        early_stopping=early_stopping,
        warm=warm,
        context=context,
        data=given,
    )
    vars(estimator).update(fitted)
    context.call_on_fit_task_end(
        estimator=estimator, **given, reconstruction_attributes={}
    )
    return estimator


def _start(estimator, y, classes, *, partial):
    """Set what a new network is made by: classes, output, seeds."""
    if partial and y.ndim == 1:
        _check_partial_fit_first_call(estimator, classes)
        estimator.classes_ = np.unique(check_labels(classes))
    else:
        estimator.classes_ = find_classes(y)
    if len(estimator.classes_) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs samples of at least 2 classes, but y "
            f"has only one class: {estimator.classes_.tolist()} (samples with a "
            "sample_weight of 0 do not count). Were the samples sorted by label "
            "and then cut? Shuffle or stratify them."
        )
    two = not is_multilabel(estimator.classes_) and len(estimator.classes_) == 2
    estimator.n_outputs_ = 1 if two else len(estimator.classes_)
    estimator.out_activation_ = (
        "sigmoid" if two or is_multilabel(estimator.classes_) else "softmax"
    )
    random_state = check_random_state(estimator.random_state)
    estimator._seeds = random_state.randint(2**31 - 1, size=4, dtype=np.int64)


def _check_goes_on(estimator, y, sizes, *, partial, classes):
    """Raise if training cannot go on with these labels and parameters."""
    before = tuple(len(intercept) for intercept in estimator.intercepts_[:-1])
    if sizes != before:
        raise ValueError(
            f"Training goes on with the network that there is, of hidden layers "
            f"of {before} units, but the parameters ask for {sizes}. Set them "
            "back, or fit a clone."
        )
    if partial:
        if classes is not None and not is_multilabel(estimator.classes_):
            _check_partial_fit_first_call(estimator, classes)
    elif not same_classes(estimator.classes_, find_classes(y)):
        raise ValueError(
            "warm_start can only be used where `y` has the same classes as in the "
            f"previous call to fit. Previously got {estimator.classes_}, `y` has "
            f"{find_classes(y)}"
        )


def _validation_rows(estimator, X_val, y_val, dtype):
    if X_val is None and y_val is None:
        return None
    if X_val is None or y_val is None:
        raise ValueError("X_val and y_val go together; only one of them is given.")
    check_no_texts(X_val)
    check_consistent_length(X_val, y_val)
    X_val = validate_data(
        estimator, X_val, accept_sparse="csr", dtype=dtype, reset=False
    )
    y_val = check_array(
        y_val,
        accept_sparse="csr",
        dtype=None,
        ensure_2d=False,
        input_name="y_val",
    )
    return Rows.make(X_val, encode(check_labels(y_val), estimator.classes_, "y_val"))

"""The two ways to train an estimator epoch by epoch.

An estimator with the parameters `epochs` and `metrics` trains in `fit`, and calls a
callback of scikit-learn after each epoch. Any other classifier or regressor trains by
`partial_fit`: one epoch is one call with all samples.
"""

import inspect

import numpy as np
from sklearn import config_context
from sklearn.base import ClassifierMixin, RegressorMixin, is_classifier, is_regressor
from sklearn.metrics import mean_squared_error


def trains_by_fit(estimator):
    """Whether `fit` trains for a number of epochs and calls callbacks after each."""
    has_callbacks = hasattr(estimator, "set_callbacks")  # quick; most have none
    return has_callbacks and {"epochs", "metrics"} <= {*estimator.get_params()}


def _is_regressor(estimator):
    # scikit-learn does not recognize estimators with their mixin in the wrong place.
    return is_regressor(estimator) or isinstance(estimator, RegressorMixin)


def can_train(estimator):
    """Whether the estimator trains epoch by epoch, in one of the two ways."""
    if trains_by_fit(estimator) or not hasattr(estimator, "partial_fit"):
        return trains_by_fit(estimator)
    is_classifying = is_classifier(estimator) or isinstance(estimator, ClassifierMixin)
    return is_classifying or _is_regressor(estimator)


def get_metrics(estimator):
    """Metrics that the estimator records itself."""
    return tuple(estimator.metrics) if trains_by_fit(estimator) else ()


def has_loss(estimator):
    """Whether the validation loss of an estimator is recorded."""
    has_proba = hasattr(estimator, "predict_proba")
    return trains_by_fit(estimator) or _is_regressor(estimator) or has_proba


class _AfterEpoch:
    """Callback of scikit-learn that calls a function after every epoch."""

    def __init__(self, function):
        self._function = function

    def setup(self, estimator, context):
        """Do nothing before a fit."""

    def teardown(self, estimator, context):
        """Do nothing after a fit."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing before an epoch."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        """Call the function, unless an error ended the epoch."""
        if context.task_name == "epoch" and fitted_estimator is not None:
            self._function(fitted_estimator)


def _train_by_fit(estimator, split, n_epochs, after_epoch):
    estimator.set_params(epochs=n_epochs)
    if hasattr(estimator, "history_"):
        estimator.warm_start = True  # not a parameter of some subclasses
    before = getattr(estimator, "_skl_callbacks", [])
    if split.parts:
        estimator.set_callbacks(*before, _AfterEpoch(after_epoch))
    try:
        estimator.fit(split.X, split.y, **split.fit_params, **split.validation)
    finally:
        if split.parts:
            estimator.set_callbacks(*before)
    return estimator.history_


def _train_by_partial_fit(estimator, split, n_epochs, after_epoch):
    names = ("X_val", "y_val", "sample_weight_val")
    parts = {
        "loss": (split.X, split.y, split.fit_params.get("sample_weight")),
        "val_loss": [split.validation.get(name) for name in names],
    }

    def score():
        losses = {k: _compute_loss(estimator, *part) for k, part in parts.items()}
        after_epoch(estimator, losses)

    fit_epochs(estimator, (split.X, split.y, split.fit_params), n_epochs, score)
    return {}


def train_epochs(estimator, split, n_epochs, after_epoch):
    """Train an estimator on a split for more epochs.

    Parameters
    ----------
    estimator : classifier or regressor
        New, or trained before.
    split : PreparedSplit
    n_epochs : int
    after_epoch : callable
        Called with the fitted estimator, and with a dict of losses that are not in the
        returned history.

    Returns
    -------
    history : dict of list of float
        Values that the estimator has recorded itself, of all epochs so far.
    """
    by_fit = trains_by_fit(estimator)
    train = _train_by_fit if by_fit else _train_by_partial_fit
    return train(estimator, split, n_epochs, after_epoch)


def fit_epochs(estimator, data, n_epochs, after_epoch=lambda: None):
    """Call `partial_fit` once per epoch; the first time, with the classes.

    Parameters
    ----------
    estimator : classifier or regressor
    data : tuple of (X, y, fit_params)
    n_epochs : int
    after_epoch : callable, default=do nothing
    """
    X, y, fit_params = data
    takes_classes = "classes" in inspect.signature(estimator.partial_fit).parameters
    params = fit_params
    if takes_classes and not hasattr(estimator, "classes_"):
        labels = np.asarray(y)
        is_indicator = labels.ndim == 2 and labels.shape[1] > 1
        classes = np.arange(labels.shape[1]) if is_indicator else np.unique(labels)
        params = {"classes": classes} | fit_params
    # The first call checks the parameters and the samples, which stay the same.
    checked = {"assume_finite": True, "skip_parameter_validation": True}
    for epoch in range(n_epochs):
        with config_context(**(checked if epoch else {})):
            estimator.partial_fit(X, y, **params)
        params = fit_params
        after_epoch()


def _compute_loss(estimator, X, y, weight):
    """Mean squared error or log loss; NaN if undefined or without samples."""
    if X is None or not has_loss(estimator):
        return np.nan
    try:
        if _is_regressor(estimator):
            return mean_squared_error(y, estimator.predict(X), sample_weight=weight)
        proba, y = estimator.predict_proba(X), np.asarray(y)
        if y.ndim == 1 or y.shape[1] == 1:
            is_class = y.reshape(-1, 1) == estimator.classes_
            return _compute_log_loss(is_class, proba, weight)
        losses = [
            _compute_log_loss(np.c_[1 - labels, labels], np.c_[1 - p, p], weight)
            for labels, p in zip(y.T, proba.T, strict=True)
        ]
        return np.mean(losses)
    except ValueError:  # predictions are not finite
        return np.nan


def _compute_log_loss(is_class, proba, weight):
    """Compute scikit-learn's `log_loss` without its checks, which are slow."""
    eps = np.finfo(proba.dtype).eps
    proba = np.clip(proba, eps, 1 - eps)
    losses = -np.where(is_class, np.log(proba), 0).sum(axis=1)
    return float(np.average(losses, weights=weight))

"""The tidy frame of epoch curves: written and read."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skimdb._directions import lower_is_better
from skimdb.model_selection import _results
from skimdb.model_selection._candidates import get_final_estimator
from skimdb.model_selection._epoch_training import get_metrics


def make_history(plan, results, n_repeats, error_score):
    """Put the history of every fit into a tidy frame.

    Parameters
    ----------
    plan : SearchPlan
    results : list of list of FitResult
        By candidate and split.
    n_repeats : int
        Repetitions of the cross-validation; the splits are ordered by repeat.
    error_score : float
        Value of all entries of a fit that failed.

    Returns
    -------
    frame : DataFrame
        See `skimdb.epoch_curve`.
    """
    params = dict.fromkeys(name for c in plan.candidates for name in c.params)
    metrics = _results.list_metrics(results)
    failed = dict.fromkeys(metrics, [error_score] * plan.max_epochs)
    rows = []
    for candidate, by_split in zip(plan.candidates, results, strict=True):
        configured = candidate.estimator.get_params()
        values = [candidate.name, *(configured.get(name) for name in params)]
        n_folds = len(by_split) // n_repeats
        for split, result in enumerate(by_split):
            history = result.history or failed
            missing = [np.nan] * len(history["loss"])
            curves = [history.get(name, missing) for name in metrics]
            for epoch, measured in enumerate(zip(*curves, strict=True), start=1):
                keys = [*values, *divmod(split, n_folds), epoch]
                rows.append([*keys, *map(float, measured), result.fit_time])
    names = ["candidate", *params, "repeat", "fold", "epoch", *metrics, "fit_time"]
    return pd.DataFrame(rows, columns=names, dtype=object).apply(make_column)


def make_column(values):
    """Put values into a column that keeps them: None, or 1 and 1.0 side by side.

    Parameters
    ----------
    values : sequence

    Returns
    -------
    column : Series
        Of dtype object if the values have several types.
    """
    column = pd.Series(values, dtype=object)
    return column.infer_objects() if column.map(type).nunique() == 1 else column


def find_history(source):
    """Find the tidy frame in an object that contains curves.

    Parameters
    ----------
    source : DataFrame, dict, EpochSearchCV, KerasMLPClassifier or Pipeline
        A frame as `skimdb.epoch_curve` returns it; the columns of one curve, with a
        row per epoch; or a fitted estimator with either in `history_`.

    Returns
    -------
    history : DataFrame

    Raises
    ------
    TypeError
        If the object contains no curves.
    ValueError
        If the frame is not a history.
    NotFittedError
        If the estimator is not fitted.
    """
    if isinstance(source, BaseEstimator):
        check_is_fitted(source)
        recorder = source.steps[-1][1] if isinstance(source, Pipeline) else source
        source = getattr(recorder, "history_", recorder)
    if not isinstance(source, Mapping | pd.DataFrame):
        raise TypeError(
            "Expected the frame of epoch_curve, a history_, or a fitted EpochSearchCV "
            f"or KerasMLPClassifier, got {type(source).__name__}, which records no "
            "epochs. Replace a GridSearchCV by an EpochSearchCV over the same grid."
        )
    frame = pd.DataFrame(source).rename(columns=str)
    if "candidate" not in frame and frame.columns.is_unique:
        frame = frame.reset_index(drop=True)
        keys = {"candidate": 0, "repeat": 0, "fold": 0, "epoch": frame.index + 1}
        frame = pd.DataFrame(keys | dict(frame))
    _check_history(frame)
    named = frame["candidate"].notna()  # pandas reads "None" as a missing value
    names = frame["candidate"].astype(object).where(named, "None")
    return frame if named.all() else frame.assign(candidate=names)


def _check_history(frame):
    """Raise if a frame is not a history."""
    keys = ["candidate", "repeat", "fold", "epoch"]
    if (
        frame.empty
        or not frame.columns.is_unique
        or not {*keys} <= {*frame}
        or frame[keys[1:]].isna().any(axis=None)
        or not is_numeric_dtype(frame["epoch"])
        or frame.duplicated(keys).any()
    ):
        raise ValueError(
            "Expected a history with one row per candidate, repeat, fold and numeric "
            f"epoch, got {len(frame)} rows with the columns {list(frame)}. Pass the "
            "frame of epoch_curve, or the history_ of a fitted EpochSearchCV."
        )


def read_direction(history, metric, estimator=None):
    """Sign that makes larger values of a metric better.

    Parameters
    ----------
    history : DataFrame
    metric : str
        Such as ``"val_loss"``.
    estimator : classifier or Pipeline, default=None
        Estimator whose epochs were recorded. If given, all columns but the loss and the
        metrics of its classifier are scores. Otherwise, the name of the column decides,
        and a column of negative values is a score, since errors are not negative.

    Returns
    -------
    direction : {1, -1}
    """
    name = metric.removeprefix("val_")
    recorded = estimator is None or name == "loss"
    recorded = recorded or name in get_metrics(get_final_estimator(estimator))
    is_error = recorded and lower_is_better(name)
    return -1 if is_error and not history[metric].mean() < 0 else 1


def read_metric(history, candidate, metric):
    """Read the curves of a metric, a row per split.

    Parameters
    ----------
    history : DataFrame
    candidate : str or int
    metric : str
        Such as ``"val_loss"``.

    Returns
    -------
    values : ndarray of shape (n_splits, n_epochs)
        NaN for values that are not finite and for epochs that were not trained.
    epochs : ndarray of shape (n_epochs,)

    Raises
    ------
    ValueError
        If the history has no such metric, or if a value is not a number.
    """
    if metric not in history:
        raise ValueError(
            f"Expected a column of the history, {list(history)}, got {metric!r}. To "
            "record another metric, add it to the classifier's metrics or to the "
            "scoring of a search."
        )
    rows = history[history["candidate"] == candidate]
    table = rows.pivot(index=["repeat", "fold"], columns="epoch", values=metric)
    values = table.to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan), table.columns.to_numpy()


def find_best(values, epochs, direction):
    """Find the best epoch of the mean curve and of each split.

    Parameters
    ----------
    values : ndarray of shape (n_splits, n_epochs)
    epochs : ndarray of shape (n_epochs,)
    direction : {1, -1}

    Returns
    -------
    epoch : float
        Best epoch of the mean curve; NaN if no epoch has a mean.
    found : ndarray of shape (n_splits,)
        Values of the splits at this epoch.
    split_epochs : ndarray of shape (n_splits,)
        Best epoch of each split by itself.
    """
    scores = direction * values
    position = _results.find_best_epoch(scores) - 1
    found = values[:, position]
    epoch = epochs[position] if np.isfinite(found).all() else np.nan
    return epoch, found, epochs[_results.find_split_epochs(scores) - 1]

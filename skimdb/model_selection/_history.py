"""The tidy frame of epoch curves: written, and read."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skimdb.model_selection._best_epoch import (
    find_best_epoch,
    find_split_epochs,
    get_direction,
    measure_standard_error,
)
from skimdb.model_selection._candidates import shorten_names
from skimdb.model_selection._results import list_metrics


def make_history(plan, results, n_repeats, error_score):
    """Put the history of every fit into a tidy frame.

    Parameters
    ----------
    plan : SearchPlan
    results : list of list of FitResult
        By candidate and split.
    n_repeats : int
        Repetitions of the cross-validation; the splits come repeat by repeat.
    error_score : float
        Fills the rows of a fit that failed.

    Returns
    -------
    frame : DataFrame
        See `skimdb.epoch_curve`.
    """
    params = dict.fromkeys(name for c in plan.candidates for name in c.params)
    metrics = list_metrics(results)
    before = ("candidate", *params, "repeat", "fold", "epoch")
    columns = {name: [] for name in (*before, *metrics, "fit_time")}
    failed = dict.fromkeys(metrics, [error_score] * plan.max_epochs)
    for candidate, by_split in zip(plan.candidates, results, strict=True):
        configured = candidate.estimator.get_params()
        n_folds = len(by_split) // n_repeats
        for split, result in enumerate(by_split):
            history = failed if result.history is None else result.history
            n_epochs = len(history["loss"])
            repeat, fold = divmod(split, n_folds)
            same = {"candidate": candidate.name, "repeat": repeat, "fold": fold}
            same |= {name: configured.get(name) for name in params}
            same |= {"fit_time": result.fit_time}
            for name, value in same.items():
                columns[name] += [value] * n_epochs
            columns["epoch"] += range(1, n_epochs + 1)
            for name in metrics:
                columns[name] += history.get(name, [np.nan] * n_epochs)
    for name in params:  # None among numbers stays None
        columns[name] = pd.Series(columns[name], dtype=object).infer_objects()
    frame = pd.DataFrame(columns).astype(dict.fromkeys(metrics, float))
    if plan.scorer_names:
        frame.attrs["scorer_names"] = list(plan.scorer_names)
    return frame


def find_history(source):
    """Find the tidy frame in whatever holds curves.

    Parameters
    ----------
    source : DataFrame, dict, EpochSearchCV, KerasMLPClassifier or Pipeline
        A frame as `skimdb.epoch_curve` returns it; the columns of one curve, which has
        a row per epoch; or what has been fitted and records either.

    Returns
    -------
    history : DataFrame

    Raises
    ------
    TypeError
        If it holds no curves.
    NotFittedError
        If it is not fitted.
    """
    if isinstance(source, BaseEstimator):
        recorder = source.steps[-1][1] if isinstance(source, Pipeline) else source
        can_record = hasattr(recorder, "max_epochs") or hasattr(recorder, "epochs")
        if not hasattr(recorder, "history_") and not can_record:
            raise TypeError(
                f"{type(recorder).__name__} records no epochs. EpochSearchCV searches "
                "the same grid and keeps every epoch of each candidate in history_; "
                "epoch_curve computes the curves alone."
            )
        check_is_fitted(recorder, "history_")
        source = recorder.history_
    if not isinstance(source, Mapping | pd.DataFrame):
        raise TypeError(
            "Curves are read from the frame of epoch_curve, from a history_, or from a "
            f"fitted EpochSearchCV or KerasMLPClassifier, but got {source!r}."
        )
    if "candidate" in source:
        return source
    frame = pd.DataFrame(source)
    if "epoch" not in frame:
        frame.insert(0, "epoch", np.arange(1, len(frame) + 1))
    known = [name for name in ("repeat", "fold") if name in frame]
    first = {"candidate": 0, "repeat": 0, "fold": 0}
    first |= {name: frame[name] for name in known}
    rest = frame.drop(columns=known).reset_index(drop=True)
    return pd.DataFrame(first, index=rest.index).join(rest)


def _format_value(value):
    return f"{value:g}" if isinstance(value, float) else f"{value}"


def label_candidates(history):
    """Label each candidate by its name, or by the parameters that vary.

    Parameters
    ----------
    history : DataFrame

    Returns
    -------
    labels : dict
        From candidate to label, in order.
    """
    columns = list(history.columns)
    names = columns[columns.index("candidate") + 1 : columns.index("repeat")]
    first = history.drop_duplicates("candidate").set_index("candidate")[names]
    varying = [n for n in names if len({repr(value) for value in first[n]}) > 1]
    short = shorten_names(varying)
    return {
        candidate: candidate
        if isinstance(candidate, str)
        else ", ".join(
            f"{short[n]}={_format_value(first.at[candidate, n])}" for n in varying
        )
        for candidate in first.index
    }


def list_columns(history):
    """Metrics in a history, without ``val_``."""
    after = list(history.columns[list(history.columns).index("epoch") + 1 :])
    names = (name.removeprefix("val_") for name in after if name != "fit_time")
    return list(dict.fromkeys(names))


def read_metric(history, candidate, metric):
    """Curves of a metric, a row per split.

    Parameters
    ----------
    history : DataFrame
    candidate : str or int
    metric : str
        Such as ``"val_loss"``.

    Returns
    -------
    values : ndarray of shape (n_splits, n_epochs)
    epochs : ndarray of shape (n_epochs,)

    Raises
    ------
    ValueError
        If there is no such metric.
    """
    if metric not in history:
        raise ValueError(
            f"{metric!r} is not in the history. Metrics there: "
            f"{', '.join(list_columns(history))}. To record another, name it in the "
            "classifier's metrics, or in the scoring of a search."
        )
    rows = history[history["candidate"] == candidate]
    table = rows.pivot(index=["repeat", "fold"], columns="epoch", values=metric)
    return table.to_numpy(), table.columns.to_numpy()


def read_best_epoch(history, candidate, metric):
    """Find the best epoch of the mean curve, and of each split.

    Parameters
    ----------
    history : DataFrame
    candidate : str or int
    metric : str
        Such as ``"val_loss"``.

    Returns
    -------
    epoch : int
        Best epoch of the mean curve.
    values : ndarray of shape (n_splits,)
        The splits' values at that epoch.
    split_epochs : ndarray of shape (n_splits,)
        Best epoch of each split by itself.
    """
    values, epochs = read_metric(history, candidate, metric)
    scores = get_direction(metric, history.attrs.get("scorer_names", ())) * values
    position = find_best_epoch(scores) - 1
    return epochs[position], values[:, position], epochs[find_split_epochs(scores) - 1]


def measure_spread(values, kind):
    """Spread over the splits, which are the first axis.

    Parameters
    ----------
    values : ndarray of shape (n_splits, ...)
    kind : {"sd", "se"}
        Standard deviation, or standard error of the mean.

    Returns
    -------
    spread : ndarray of shape (...)
        NaN for a single split.
    """
    if len(values) == 1:
        return np.full(values.shape[1:], np.nan)
    if kind == "se":
        return measure_standard_error(values)
    return values.std(axis=0, ddof=1)

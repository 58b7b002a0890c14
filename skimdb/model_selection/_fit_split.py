"""Fit candidates on one split: the piece of work that runs in parallel."""

import time
from contextlib import nullcontext
from traceback import format_exc
from typing import NamedTuple

from sklearn.base import clone
from sklearn.utils.metaestimators import _safe_split

from skimdb._sklearn import _check_method_params
from skimdb.model_selection._candidates import split_pipeline


class SplitData(NamedTuple):
    """Training and validation part of a split.

    Attributes
    ----------
    X, y
        To train on.
    X_val, y_val
        To validate on.
    fit_params : dict
        Further arguments of `fit`, cut to the rows of the training part.
    """

    X: object
    y: object
    X_val: object
    y_val: object
    fit_params: dict


class Prepared(NamedTuple):
    """A split after the preprocessing.

    Attributes
    ----------
    data : SplitData or None
        What the classifier is fitted on; None if preprocessing failed.
    error : Exception or None
    seconds : float
    """

    data: SplitData | None
    error: Exception | None
    seconds: float


class Member(NamedTuple):
    """What one fit of a candidate needs beside the data.

    Attributes
    ----------
    estimator : estimator
        With the candidate's parameters, not fitted.
    key : str or None
        What its outcome is kept under.
    context : CallbackContext or None
    """

    estimator: object
    key: str | None
    context: object


def cut(estimator, X, y, fit_params, train, validation):
    """Cut the data into the two parts of a split."""
    return SplitData(
        *_safe_split(estimator, X, y, train),
        *_safe_split(estimator, X, y, validation, train),
        _check_method_params(X, params=fit_params, indices=train),
    )


def _preprocess(estimator, data):
    """Fit the preprocessing on the training part, apply it to both parts."""
    steps, _, prefix = split_pipeline(estimator)
    if not prefix:
        return data
    routed = estimator._check_method_params("fit", data.fit_params)
    X, y, X_val = data.X, data.y, data.X_val
    for name, step in steps:
        if step is None or isinstance(step, str):  # "passthrough"
            continue
        step = clone(step)
        if hasattr(step, "fit_transform"):
            X = step.fit_transform(X, y, **routed[name].fit_transform)
        else:
            X = step.fit(X, y, **routed[name].fit).transform(X)
        X_val = step.transform(X_val, **routed[name].get("transform", {}))
    fit_params = routed[prefix.removesuffix("__")].fit
    return data._replace(X=X, X_val=X_val, fit_params=fit_params)


def prepare(estimator, data):
    """Preprocess a split, and remember if that fails.

    Parameters
    ----------
    estimator : estimator
        Classifier or Pipeline.
    data : SplitData

    Returns
    -------
    prepared : Prepared
    """
    start = time.perf_counter()
    try:
        data, error = _preprocess(estimator, data), None
    except Exception as raised:
        data, error = None, raised
    return Prepared(data, error, time.perf_counter() - start)


def _train(prepared, member, caller):
    """Train the classifier of a member; returns its outcome."""
    if prepared.error is not None:
        raise prepared.error
    start = time.perf_counter()
    data = prepared.data
    classifier = clone(split_pipeline(member.estimator)[1])
    with (
        nullcontext()
        if member.context is None
        else member.context.propagate_callback_context(classifier)
    ):
        classifier.fit(
            data.X, data.y, X_val=data.X_val, y_val=data.y_val, **data.fit_params
        )
    seconds = time.perf_counter() - start
    return {"history": classifier.history_, "fit_time": seconds, "error": None}


def keep_outcome(key, train):
    """Return what `train` returns; joblib.Memory keeps it under the key."""
    return train()


def fit_members(data, members, memory, error_score, caller):
    """Fit candidates that share their preprocessing on one split.

    Parameters
    ----------
    data : SplitData or Prepared
    members : list of Member
    memory : joblib.Memory
    error_score : "raise" or float
    caller : estimator or None
        Whom callbacks are told of.

    Returns
    -------
    outcomes : list of dict
        For each member its ``history`` (None if it failed), ``fit_time`` and
        ``error`` (None, or a traceback).
    """
    keep = memory.cache(keep_outcome, ignore=["train"])
    prepared = data if isinstance(data, Prepared) else None

    def train(member):
        nonlocal prepared
        if prepared is None:  # by the first member that has not been kept
            prepared = prepare(member.estimator, data)
        outcome = _train(prepared, member, caller)
        outcome["fit_time"] += prepared.seconds / len(members)
        return outcome

    outcomes = []
    for member in members:
        start = time.perf_counter()
        if member.context is not None:
            member.context.call_on_fit_task_begin(estimator=caller)
        try:
            outcome = keep(member.key, lambda member=member: train(member))
        except Exception:
            if error_score == "raise":
                raise
            seconds = time.perf_counter() - start
            outcome = {"history": None, "fit_time": seconds, "error": format_exc()}
        finally:
            if member.context is not None:
                member.context.call_on_fit_task_end(estimator=caller)
        outcomes.append(outcome)
    return outcomes

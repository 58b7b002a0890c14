"""Train candidates on the splits of a cross-validation, and tabulate every epoch."""

import time
import warnings
from traceback import format_exc
from typing import NamedTuple

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_method_params, check_memory

import skimdb
from skimdb._candidates import (
    configure,
    describe,
    group_by_preprocessing,
    split_pipeline,
)


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


class Member(NamedTuple):
    """What one fit of a candidate needs beside the data.

    Attributes
    ----------
    estimator : estimator
        With the candidate's parameters, not fitted.
    key : str or None
        What its outcome is kept under.
    """

    estimator: object
    key: str | None


def cut(estimator, X, y, fit_params, train, validation):
    """Cut the data into the two parts of a split."""
    return SplitData(
        *_safe_split(estimator, X, y, train),
        *_safe_split(estimator, X, y, validation, train),
        _check_method_params(X, params=fit_params, indices=train),
    )


def _preprocess(estimator, data):
    """Fit the preprocessing on the training part, apply it to both.

    Returns
    -------
    data : SplitData
        What the classifier is fitted on.
    """
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


def _keep(key, train):
    """Return what `train` returns; joblib.Memory keeps it under the key."""
    return train()


def _fit_members(data, members, memory, error_score):
    """Fit candidates that share their preprocessing on one split.

    Parameters
    ----------
    data : SplitData
    members : list of Member
    memory : joblib.Memory
    error_score : "raise" or float

    Returns
    -------
    outcomes : list of dict
        For each member its ``history`` (None if it failed), ``fit_time`` and
        ``error`` (None, or a traceback).
    """
    keep = memory.cache(_keep, ignore=["train"])
    prepared, share = None, 0.0

    def train(estimator):
        nonlocal prepared, share
        if prepared is None:  # by the first member that has not been kept
            start = time.perf_counter()
            prepared = _preprocess(estimator, data)
            share = (time.perf_counter() - start) / len(members)
        start = time.perf_counter()
        classifier = clone(split_pipeline(estimator)[1])
        classifier.fit(
            prepared.X,
            prepared.y,
            X_val=prepared.X_val,
            y_val=prepared.y_val,
            **prepared.fit_params,
        )
        seconds = time.perf_counter() - start + share
        return {"history": classifier.history_, "fit_time": seconds, "error": None}

    outcomes = []
    for member in members:
        start = time.perf_counter()
        try:
            outcome = keep(member.key, lambda member=member: train(member.estimator))
        except Exception:
            if error_score == "raise":
                raise
            seconds = time.perf_counter() - start
            outcome = {"history": None, "fit_time": seconds, "error": format_exc()}
        outcomes.append(outcome)
    return outcomes


def train_candidates(
    estimator,
    X,
    y,
    *,
    candidates,
    splits,
    settings,
    fit_params,
    n_jobs=None,
    error_score=np.nan,
    memory=None,
    after_candidate=None,
):
    """Train each candidate once per split.

    Parameters
    ----------
    estimator : estimator
        Classifier or Pipeline.
    X, y
        All samples.
    candidates : list of Candidate
    splits : list of (train, validation)
        Positions of rows.
    settings : dict
        Further parameters of the classifier.
    fit_params : dict
        Further arguments of `fit`.
    n_jobs : int or None
    error_score : "raise" or float
    memory : str, path, joblib.Memory or None
        Keeps each outcome.
    after_candidate : callable or None
        Called with the position and the outcomes of each candidate that is finished.

    Returns
    -------
    outcomes : list of list of dict
        See `_fit_members`; by candidate, then by split.
    """
    memory = check_memory(str(memory) if hasattr(memory, "__fspath__") else memory)
    estimators = []
    for candidate in candidates:
        configured = configure(estimator, candidate.params)
        prefix = split_pipeline(configured)[2]
        configured.set_params(**{prefix + k: v for k, v in settings.items()})
        estimators.append(configured)
    data_hash = (
        joblib.hash((skimdb.__version__, X, y, fit_params))
        if getattr(memory, "location", None) is not None
        else None
    )

    def member(candidate, split):
        if data_hash is None:
            return Member(estimators[candidate], None)
        configured = estimators[candidate]
        content = (data_hash, *splits[split], type(configured), configured.get_params())
        return Member(configured, joblib.hash(content))

    groups = group_by_preprocessing(estimator, candidates)
    pieces = [(group, split) for group in groups for split in range(len(splits))]
    parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    finished = parallel(
        delayed(_fit_members)(
            cut(estimator, X, y, fit_params, *splits[split]),
            [member(candidate, split) for candidate in group],
            memory,
            error_score,
        )
        for group, split in pieces
    )
    outcomes = [[None] * len(splits) for _ in candidates]
    for (group, split), results in zip(pieces, finished, strict=True):
        for candidate, outcome in zip(group, results, strict=True):
            outcomes[candidate][split] = outcome
            if split == len(splits) - 1 and after_candidate is not None:
                after_candidate(candidate, outcomes[candidate])
    return outcomes


def _diverged(history):
    """First epoch, from 1, at which a loss is not finite, or None."""
    losses = [history[name] for name in ("loss", "val_loss") if name in history]
    bad = ~np.isfinite(losses).all(axis=0)
    return int(bad.argmax()) + 1 if bad.any() else None


def check_failures(candidates, outcomes, error_score):
    """Warn of fits that failed or diverged, naming the candidates.

    Parameters
    ----------
    candidates : list of Candidate
    outcomes : list of list of dict
    error_score : "raise" or float

    Raises
    ------
    ValueError
        If all fits failed, or if one diverged and errors are to be raised.
    """
    messages, all_errors, n_fits = [], [], 0
    for candidate, by_split in zip(candidates, outcomes, strict=True):
        n_fits += len(by_split)
        errors = [o["error"] for o in by_split if o["error"] is not None]
        all_errors += errors
        epochs = [_diverged(o["history"]) for o in by_split if o["history"]]
        epochs = [epoch for epoch in epochs if epoch is not None]
        if epochs:
            messages.append(
                f"Candidate {describe(candidate)} diverged in {len(epochs)} of "
                f"{len(by_split)} splits: a loss is not finite from epoch "
                f"{min(epochs)} on. Such scores are set to {error_score}. A smaller "
                "learning_rate may help."
            )
        if errors:
            messages.append(
                f"Candidate {describe(candidate)} failed in {len(errors)} of "
                f"{len(by_split)} splits, whose scores are set to {error_score}. The "
                "last error (error_score='raise' stops at the first):\n"
                f"{errors[-1]}"
            )
    if len(all_errors) == n_fits:
        raise ValueError(
            f"All the {n_fits} fits failed. It is very likely that the estimator or "
            "the data is misconfigured. error_score='raise' stops at the first error. "
            f"The last one was:\n{all_errors[-1]}"
        )
    if messages and error_score == "raise":  # raised errors have not come this far
        raise ValueError(messages[0])
    for message in messages:
        warnings.warn(message, FitFailedWarning, stacklevel=3)


def tabulate(estimator, candidates, outcomes, *, n_repeats, max_epochs, error_score):
    """Put the history of every fit into a tidy frame.

    Parameters
    ----------
    estimator : estimator
    candidates : list of Candidate
    outcomes : list of list of dict
    n_repeats : int
        Repetitions of the cross-validation; the splits come repeat by repeat.
    max_epochs : int
    error_score : float
        Fills the rows of a fit that failed.

    Returns
    -------
    frame : DataFrame
        See `skimdb.epoch_curve`.
    """
    names = dict.fromkeys(name for c in candidates for name in c.params)
    entries = next(
        list(o["history"]) for by_split in outcomes for o in by_split if o["history"]
    )
    twins = [name for name in entries if not name.startswith("val_") and name != "loss"]
    columns = ["loss", "val_loss", *(v for t in twins for v in (t, f"val_{t}"))]
    tables = []
    for candidate, by_split in zip(candidates, outcomes, strict=True):
        configured = configure(estimator, candidate.params).get_params()
        n_folds = len(by_split) // n_repeats
        for split, outcome in enumerate(by_split):
            history = outcome["history"] or {
                name: np.full(max_epochs, error_score) for name in columns
            }
            n_epochs = len(history["loss"])
            repeat, fold = divmod(split, n_folds)
            table = {"candidate": [candidate.name] * n_epochs}
            table |= {name: [configured.get(name)] * n_epochs for name in names}
            table |= {"repeat": repeat, "fold": fold}
            table |= {"epoch": np.arange(1, n_epochs + 1)}
            table |= {name: np.asarray(history[name], float) for name in columns}
            table |= {"fit_time": outcome["fit_time"]}
            tables.append(pd.DataFrame(table))
    return pd.concat(tables, ignore_index=True)

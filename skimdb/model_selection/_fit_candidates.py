"""Train candidates on the splits of a cross-validation, and tabulate every epoch."""

import joblib
import numpy as np
import pandas as pd
from joblib.parallel import get_active_backend
from sklearn.exceptions import FitFailedWarning
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_memory

import skimdb
from skimdb._sklearn import _num_samples
from skimdb._warnings import warn
from skimdb.model_selection._candidates import (
    configure,
    describe,
    group_by_preprocessing,
    split_pipeline,
)
from skimdb.model_selection._fit_split import Member, cut, fit_members, prepare
from skimdb.model_selection._patience import train_patiently

# Samples of a fit that leaves cores idle.
_SMALL = 5000


def _make_members(estimator, candidates, splits, settings, contexts, data_hash):
    """Everything to fit, by candidate and split."""
    members = []
    for i, candidate in enumerate(candidates):
        configured = configure(estimator, candidate.params)
        prefix = split_pipeline(configured)[2]
        configured.set_params(**{prefix + k: v for k, v in settings.items()})
        content = (data_hash, type(configured), configured.get_params())
        members.append(
            [
                Member(
                    configured,
                    data_hash and joblib.hash((content, *split)),
                    contexts and contexts[i][j],
                )
                for j, split in enumerate(splits)
            ]
        )
    return members


def _fit_side_by_side(n_samples, n_jobs, estimators):
    """Whether the fits of a single job may run in threads.

    A small fit leaves cores idle between its epochs; a large one does not, and takes
    memory. Fits come one after the other, too, where they share something: the global
    random generator, the files of Keras callbacks, or the warning filters, which
    scorers set and Python has once for all threads.
    """
    backend, configured = get_active_backend()
    if n_jobs is not None or configured is not None or backend.nesting_level:
        return False
    if n_samples > _SMALL:
        return False
    all_params = [split_pipeline(e)[1].get_params(deep=False) for e in estimators]
    return all(
        params.get("random_state") is not None
        and params.get("callbacks") is None
        and set(params["metrics"]) <= {"accuracy"}
        for params in all_params
    )


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
    contexts=None,
    caller=None,
    after_candidate=lambda candidate, outcomes: None,
    monitor="val_loss",
    n_iter_no_change=None,
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
    contexts : list of list of CallbackContext, or None
        By candidate and split.
    caller : estimator or None
        Whom callbacks are told of.
    after_candidate : callable
        Called with the position and the outcomes of each candidate that is finished.
    monitor : str
        Entry that `n_iter_no_change` goes by.
    n_iter_no_change : int or None
        Epochs after the best of its mean curve at which a candidate ends.

    Returns
    -------
    outcomes : list of list of dict
        See `fit_members`; by candidate, then by split.
    """
    memory = check_memory(str(memory) if hasattr(memory, "__fspath__") else memory)
    data_hash = None
    if getattr(memory, "location", None) is not None:
        stopping = n_iter_no_change and (n_iter_no_change, monitor)
        data_hash = joblib.hash((skimdb.__version__, X, y, fit_params, stopping))
    members = _make_members(
        estimator, candidates, splits, settings, contexts, data_hash
    )
    groups = group_by_preprocessing(estimator, candidates)

    def rows(split):  # cut when a worker is free, so that few copies exist at a time
        return cut(estimator, X, y, fit_params, *splits[split])

    if n_iter_no_change is not None:
        return train_patiently(
            members,
            groups,
            rows,
            n_jobs=n_jobs,
            memory=memory,
            after_candidate=after_candidate,
            caller=caller,
            monitor=monitor,
            n_iter_no_change=n_iter_no_change,
            max_epochs=settings["epochs"],
            error_score=error_score,
        )
    pieces = [(group, split) for group in groups for split in range(len(splits))]
    parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    estimators = [by_split[0].estimator for by_split in members]
    if data_hash is None and _fit_side_by_side(_num_samples(X), n_jobs, estimators):
        # More threads than cores: each pauses between epochs.
        parallel = Parallel(
            n_jobs=2 * joblib.cpu_count(),
            backend="threading",
            return_as="generator",
            pre_dispatch="n_jobs",
        )
        # Preprocessing, which may be anybody's, is still done one by one.
        inputs = (
            (prepare(members[group[0]][split].estimator, rows(split)), group, split)
            for group, split in pieces
        )
    elif len(pieces) < joblib.effective_n_jobs(n_jobs) and len(candidates) > len(
        groups
    ):
        # Too few pieces for all workers: preprocess first, then fit one by one.
        prepared = parallel(
            delayed(prepare)(members[group[0]][split].estimator, rows(split))
            for group, split in pieces
        )
        inputs = [
            (one._replace(seconds=one.seconds / len(group)), [i], split)
            for (group, split), one in zip(pieces, prepared, strict=True)
            for i in group
        ]
    else:
        inputs = ((rows(split), group, split) for group, split in pieces)
    order = []

    def tasks():
        for data, group, split in inputs:
            order.append((group, split))
            yield delayed(fit_members)(
                data, [members[i][split] for i in group], memory, error_score, caller
            )

    outcomes = [[None] * len(splits) for _ in candidates]
    for position, results in enumerate(parallel(tasks())):
        group, split = order[position]
        for i, outcome in zip(group, results, strict=True):
            outcomes[i][split] = outcome
            if None not in outcomes[i]:
                after_candidate(i, outcomes[i])
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
        warn(message, FitFailedWarning)


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
    entries = dict.fromkeys(
        name
        for by_split in outcomes
        for outcome in by_split
        for name in outcome["history"] or ()
    )
    # A metric stands beside its twin on validation data, if it has one: a learning
    # rate that a callback changes has none.
    own = [n for n in entries if not n.startswith("val_") and n != "loss"]
    pairs = (pair for name in own for pair in (name, f"val_{name}"))
    columns = ["loss", "val_loss", *(name for name in pairs if name in entries)]
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
            missing = np.full(n_epochs, np.nan)
            table |= {
                name: np.asarray(history.get(name, missing), float) for name in columns
            }
            table |= {"fit_time": outcome["fit_time"]}
            tables.append(pd.DataFrame(table))
    return pd.concat(tables, ignore_index=True)

"""The fits of a search: planned, checked and run in parallel."""

import operator
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from joblib import effective_n_jobs

from skimdb._messages import warn
from skimdb.model_selection import _candidates, _epoch_training, _results
from skimdb.model_selection._fit_split import SplitFit
from skimdb.model_selection._prepare_split import prepare_split
from skimdb.model_selection._result_cache import read_result, write_result
from skimdb.model_selection._routing import make_splits, route_metadata
from skimdb.model_selection._scoring import EpochScoring, make_scoring
from skimdb.model_selection._workers import make_parallel, run_jobs, share


class Fit(NamedTuple):
    """One candidate on one split, by their positions."""

    candidate: int
    split: int


@dataclass(frozen=True)
class SearchPlan:
    """The fits of a search and how to run them.

    Attributes
    ----------
    search : EpochSearchCV
        The search, for its parameters.
    candidates : list of Candidate
    groups : list of list of int
        For each candidate, the positions of those that share its preprocessing.
    splits : list of (train, validation)
        Positions of samples.
    scoring : EpochScoring
    cache : dict
        Path of the file of each Fit whose result may be cached.
    make_task : callable or None
        Makes the task of a Fit, for scikit-learn's callbacks.
    """

    search: object
    candidates: list
    groups: list
    splits: list
    scoring: EpochScoring
    cache: dict = field(default_factory=dict)
    make_task: Callable | None = None

    @property
    def max_epochs(self):
        """Maximum number of epochs of each candidate."""
        return int(self.search.max_epochs)

    @property
    def n_fits(self):
        """Number of fits."""
        return len(self.candidates) * len(self.splits)


def make_plan(search, X, y, params):
    """Check the input of a search, and make the plan of its fits.

    Parameters
    ----------
    search : EpochSearchCV
    X, y
        All samples and labels.
    params : dict
        Arguments of `fit` of the search.

    Returns
    -------
    plan : SearchPlan
    data : SearchData
    n_repeats : int
        Number of repetitions of the cross-validation.
    """
    candidates = _candidates.make_candidates(
        search.estimator, search.param_grid, search.max_epochs
    )
    scoring = make_scoring(
        search.estimator,
        search.scoring,
        train=search.return_train_score,
        raise_errors=search.error_score == "raise",
    )
    data = route_metadata(search, X, y, params, scoring)
    splits, n_repeats = make_splits(search.cv, search.estimator, data)
    groups = _candidates.group_by_preprocessing(candidates)
    return SearchPlan(search, candidates, groups, splits, scoring), data, n_repeats


def check_recorded(monitor, names):
    """Raise an error if the monitored entry is not among the recorded names."""
    if monitor not in names:
        recorded = [name for name in names if name.startswith("val_")]
        raise ValueError(
            f"monitor={monitor!r} is not recorded on validation data (recorded: "
            f"{', '.join(recorded) or 'nothing'}). Set monitor to a recorded entry, or "
            "record a metric: scoring='accuracy', monitor='val_accuracy'."
        )


def check_plan(plan):
    """Raise an error for parameters of a search that do not fit together.

    Parameters
    ----------
    plan : SearchPlan
    """
    search = plan.search
    if isinstance(search.refit, str):
        raise ValueError(
            f"refit must be True, False or a callable, got {search.refit!r}. Use "
            f"monitor='val_{search.refit}' to search by this metric."
        )
    if search.rule == "one_se" and len(plan.splits) < 2:
        raise ValueError(
            "rule='one_se' needs the standard error over two or more splits, but "
            "cv gives one. Use rule='min', or more splits."
        )
    finals = [candidate.final for candidate in plan.candidates]
    names = [name for final in finals for name in _epoch_training.get_metrics(final)]
    names += ["loss"] if all(map(_epoch_training.has_loss, finals)) else []
    names += plan.scoring.names
    if search.monitor == "val_loss" and plan.scoring.scorer is not None:
        name = next(iter(plan.scoring.names), "score")
        warn(
            f"The search uses monitor='val_loss'; the scores of scoring are recorded "
            f"only. Set monitor='val_{name}' to search by a score."
        )
    # A function or a callback tells the names only when it is called.
    is_open = plan.scoring.scorers is None
    is_open |= any(getattr(final, "callbacks", None) is not None for final in finals)
    if not is_open or search.monitor == "val_loss":
        check_recorded(search.monitor, [f"val_{name}" for name in names])
    if search.n_iter_no_change is not None and any(map(_keeps_state, finals)):
        raise ValueError(
            "n_iter_no_change trains in steps, which is not the same as one fit for "
            "Keras callbacks and for optimizers with use_ema=True. Remove callbacks "
            "and set use_ema=False, or set n_iter_no_change=None."
        )


def _keeps_state(estimator):
    """Whether training in steps differs from training in one fit."""
    if not _epoch_training.trains_by_fit(estimator):
        return False
    optimizer = estimator.get_params().get("optimizer")
    averages = estimator.get_params().get("optimizer__use_ema")
    averages = averages or getattr(optimizer, "use_ema", False)
    return averages or estimator.callbacks is not None


def _list_batches(plan):
    """List the fits in batches, which are run one after the other.

    With patience, a batch is one candidate on all splits. Otherwise it takes one split
    per job, each with all candidates that share its preprocessing, or all fits without
    preprocessing. Processes that share a cache start at different positions.
    """
    splits = range(len(plan.splits))
    groups = [group for i, group in enumerate(plan.groups) if group[0] == i]
    if plan.search.n_iter_no_change is not None:
        parts = [[Fit(c, split) for split in splits] for group in groups for c in group]
        n_at_once = 1
    else:
        parts = [[Fit(c, split) for c in group] for group in groups for split in splits]
        is_plain = not _candidates.has_preprocessing(plan.candidates[0].estimator)
        n_at_once = len(parts) if is_plain else effective_n_jobs(plan.search.n_jobs)
    start = secrets.randbelow(len(parts)) if len(plan.cache) == plan.n_fits else 0
    parts = parts[start:] + parts[:start]
    batches = (parts[i : i + n_at_once] for i in range(0, len(parts), n_at_once))
    return [[fit for part in batch for fit in part] for batch in batches]


def _make_preparation(plan, fit):
    """Function that prepares the split of a fit, given all data."""
    return partial(
        prepare_split,
        plan.candidates[fit.candidate].estimator,
        rows=plan.splits[fit.split],
        scoring=plan.scoring,
        error_score=plan.search.error_score,
        n_sharing=len(plan.groups[fit.candidate]),
    )


def _run_fit(prepare, source, fit, n_epochs, is_last, task, path):
    """Train a fit for some epochs, in a worker.

    Parameters
    ----------
    prepare : callable or None
        Makes the PreparedSplit if the source is all data.
    source : PreparedSplit or SearchData
        Shared.
    fit : SplitFit
    n_epochs : int
    is_last : bool
        Whether training ends with these epochs.
    task : callable or None
    path : Path or None
        File in the cache, only if training begins and ends with these epochs.

    Returns
    -------
    result : FitResult
    fit : SplitFit or None
        To continue from; None if this was the last time.
    """
    if (result := read_result(path)) is not None:
        return result, None  # from another process, in the meantime
    split = source if prepare is None else prepare(source)
    result = fit.train(split, n_epochs, task)
    write_result(path, result)
    return result, None if is_last else fit


def _count_epochs(plan, results, n_done):
    """Count the epochs that a candidate trains for at least, with patience."""
    curves = _results.read_curves(plan, results, plan.search.monitor, n_done)
    until = _results.find_best_epoch(curves) + plan.search.n_iter_no_change
    return min(until, plan.max_epochs)


def _train(plan, sources, parallel):
    """Train fits side by side; yields each fit and its result.

    Without patience, they train to the last epoch at once. With patience, they train
    in steps: the mean curve tells how many more epochs its candidate trains at least.

    Parameters
    ----------
    plan : SearchPlan
    sources : dict
        By Fit, the first two arguments of `_run_fit`.
    parallel : joblib.Parallel
    """
    is_patient = plan.search.n_iter_no_change is not None
    fits = {
        fit: SplitFit(plan.candidates[fit.candidate].final, plan.search.error_score)
        for fit in sources
    }
    n_done, max_epochs = 0, plan.max_epochs
    until = min(int(plan.search.n_iter_no_change or max_epochs), max_epochs)
    while fits:
        is_last = until == max_epochs
        arguments = {
            fit: (
                *sources[fit],
                split_fit,
                until - n_done,
                is_last,
                plan.make_task and plan.make_task(fit),
                None if is_patient else plan.cache.get(fit),
            )
            for fit, split_fit in fits.items()
        }
        running, results = {}, {}
        for fit, (result, split_fit) in run_jobs(parallel, _run_fit, arguments):
            if is_last or result.error is not None:
                yield fit, result
            else:
                running[fit], results[fit] = split_fit, result
        fits, n_done = running, until
        if fits:
            ordered = [results[fit] for fit in sorted(results)]
            until = _count_epochs(plan, ordered, n_done)
        if until <= n_done:
            yield from results.items()
            return


def _run_batches(plan, data, parallel):
    """Run all fits that are not cached; yields each fit and its result."""
    data, prepared = share(data), {}
    for batch in _list_batches(plan):
        cached = {fit: read_result(plan.cache.get(fit)) for fit in batch}
        missing = [fit for fit in batch if cached[fit] is None]
        if missing and plan.search.n_iter_no_change is not None:
            missing = batch  # the splits stop together
        yield from ((fit, cached[fit]) for fit in batch if fit not in missing)
        sources = {fit: (_make_preparation(plan, fit), data) for fit in missing}
        if _candidates.has_preprocessing(plan.candidates[0].estimator):
            # A prepared split is stored by the first fit of those that share it.
            firsts = {f: Fit(plan.groups[f.candidate][0], f.split) for f in missing}
            prepared = {f: prepared[f] for f in prepared.keys() & firsts.values()}
            new = {firsts[f]: sources[f] for f in missing if firsts[f] not in prepared}
            for first, split in run_jobs(parallel, operator.call, new):
                prepared[first] = share(split)
            sources = {fit: (None, prepared[first]) for fit, first in firsts.items()}
        yield from _train(plan, sources, parallel)


def run_fits(plan, data, owner="EpochSearchCV"):
    """Fit each candidate on each split.

    Parameters
    ----------
    plan : SearchPlan
    data : SearchData
    owner : str, default="EpochSearchCV"
        Name in the lines that are printed if the search is verbose.

    Returns
    -------
    results : list of list of FitResult
        By candidate and split.
    """
    results = [[None] * len(plan.splits) for _ in plan.candidates]
    failure, n_done = None, 0
    with make_parallel(plan.search.n_jobs) as parallel:
        for fit, result in _run_batches(plan, data, parallel):
            failure = write_result(plan.cache.get(fit), result) or failure
            by_split = results[fit.candidate]
            by_split[fit.split] = result
            if None in by_split:
                continue
            if any(result.history for result in by_split):
                check_recorded(plan.search.monitor, _results.list_metrics([by_split]))
            n_done += 1
            if plan.search.verbose:
                line = _results.describe_result(plan, fit.candidate, by_split)
                print(f"[{owner}] {n_done}/{len(results)} {line}")
    if failure is not None:
        warn(
            f"Could not write to the folder of memory ({failure}). Is the disk full, "
            "or the folder read-only? The results of the search are complete."
        )
    _results.check_failures(plan, results)
    return results

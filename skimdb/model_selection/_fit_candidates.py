"""All fits of a search, in parallel, each with what came of it."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, product
from typing import NamedTuple

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator
from sklearn.utils.parallel import delayed

from skimdb.model_selection._best_epoch import get_direction
from skimdb.model_selection._candidates import group_by_preprocessing
from skimdb.model_selection._fit_split import SplitFit
from skimdb.model_selection._parallel import (
    MAX_LOSSES,
    Job,
    is_loss,
    make_parallel,
    share,
)
from skimdb.model_selection._patience import Patience, fit_until_no_change
from skimdb.model_selection._prepare_split import prepare_split
from skimdb.model_selection._result_store import ResultStore
from skimdb.model_selection._scoring import EpochScoring
from skimdb.model_selection._search_tasks import FitTask

# Seconds before another look at what other processes are at.
_PAUSE = 0.2


class Fit(NamedTuple):
    """One candidate on one split, by their positions."""

    candidate: int
    split: int


@dataclass(frozen=True)
class SearchPlan:
    """What a search fits, and how.

    Attributes
    ----------
    candidates : list of Candidate
    splits : list of (train, validation)
        Positions of samples.
    max_epochs : int
        Epochs that each candidate trains for at most.
    scoring : EpochScoring or None
        What is called after every epoch.
    n_jobs : int or None
    error_score : "raise" or float
    patience : Patience or None
        When a candidate ends before its last epoch.
    tasks : dict
        Task of each fit, for scikit-learn's callbacks; empty if there are none.
    store : ResultStore or None
        Keeps the results of fits.
    keys : dict
        Key of each fit in the store; without one, its result is not kept.
    """

    candidates: list
    splits: list
    max_epochs: int
    scoring: EpochScoring | None = None
    n_jobs: int | None = None
    error_score: str | float = np.nan
    patience: Patience | None = None
    tasks: dict = field(default_factory=dict)
    store: ResultStore | None = None
    keys: dict = field(default_factory=dict)

    @property
    def scorer_names(self):
        """Names of the scorers, as far as they are known beforehand."""
        return self.scoring.names if self.scoring and self.scoring.names else ()

    def get_direction(self, metric):
        """Sign that makes greater values of a metric better."""
        return get_direction(metric, self.scorer_names)

    def read_kept(self, fit):
        """Result of a fit that was kept, or None."""
        key = self.keys.get(fit)
        return None if key is None else self.store.get(key)

    def keep_result(self, fit, result):
        """Keep the result of a fit, unless a worker has, or it failed."""
        key = self.keys.get(fit)
        if key is None or result is None or not result.can_be_kept:
            return
        if not self.store.has(key):
            self.store.put(key, result)

    def count_kept(self):
        """Count the fits whose results were kept."""
        return sum(map(self.store.has, self.keys.values()))

    def is_taken(self, fit):
        """Whether another process works on a fit."""
        key = self.keys.get(fit)
        return key is not None and self.store.claims.is_taken(key)

    def claim(self, fit):
        """Claim a fit: a context, whose value is False if another process has it."""
        key = self.keys.get(fit)
        return nullcontext(True) if key is None else self.store.claims.hold(key)

    @property
    def has_preprocessing(self):
        """Whether there are steps before the classifier."""
        return bool(self.candidates[0].front)

    def describe(self, fit):
        """Describe a fit, the most telling words first."""
        candidate = self.candidates[fit.candidate]
        return f"split {fit.split} of candidate {candidate.describe()}"

    def make_preparation(self, fit):
        """What prepares the split of a fit when it is called with all data."""
        return partial(
            prepare_split,
            self.candidates[fit.candidate].estimator,
            rows=self.splits[fit.split],
            scoring=self.scoring,
            error_score=self.error_score,
        )

    def make_job(self, fit, n_sharing):
        """Make the job of a fit, which shares its preprocessing with some others."""
        return FitJob(
            self.candidates[fit.candidate].classifier,
            None if self.has_preprocessing else self.make_preparation(fit),
            n_sharing,
            self.error_score,
            self.tasks.get(fit),
            self.store,
            self.keys.get(fit),
        )


@dataclass(frozen=True)
class FitJob:
    """One fit, as it is sent to a worker.

    Attributes
    ----------
    classifier : estimator
        Of the candidate.
    prepare : callable or None
        Makes the split of all data; None if it is given a split that is prepared.
    n_sharing : int
        Fits that share the preprocessing.
    error_score : "raise" or float
    task : FitTask or None
    store : ResultStore or None
    key : str or None
    """

    classifier: BaseEstimator
    prepare: Callable | None
    n_sharing: int
    error_score: str | float
    task: FitTask | None
    store: ResultStore | None
    key: str | None

    def run(self, source):
        """Fit, and keep the result; None if another process works on this fit."""
        fit = partial(self._fit, source)
        return fit() if self.key is None else self.store.compute(self.key, fit)

    def _fit(self, source):
        split = source if self.prepare is None else self.prepare(source)
        fit = SplitFit(self.classifier, split.seconds / self.n_sharing)
        return fit.train(split, self.error_score, task=self.task).make_result()


def _prepare_splits(plan, data, fits, parallel):
    """Preprocess a split for each of some fits."""
    return list(
        parallel(
            delayed(Job(f"preprocess split {fit.split}", plan.make_preparation(fit)))(
                data
            )
            for fit in fits
        )
    )


def _fit_units(plan, data, units, parallel):
    """Fit candidates that train to their last epoch; yields fits and results.

    A unit are fits of one split that share their preprocessing. The result is None if
    another process works on the fit.
    """
    missing = []
    for unit in units:
        fits = []
        for fit in unit:
            result = plan.read_kept(fit)
            if result is None and not plan.is_taken(fit):
                fits.append(fit)
            else:
                yield fit, result
        if fits:
            missing.append(fits)
    sources = [data] * len(missing)
    if plan.has_preprocessing:
        firsts = [fits[0] for fits in missing]
        sources = map(share, _prepare_splits(plan, data, firsts, parallel))
    results = parallel(
        delayed(Job(plan.describe(fit), plan.make_job(fit, len(fits)).run))(source)
        for fits, source in zip(missing, sources, strict=True)
        for fit in fits
    )
    all_fits = (fit for fits in missing for fit in fits)
    for fit, result in zip(all_fits, results, strict=True):
        plan.keep_result(fit, result)
        yield fit, result


def _choose_units(plan, units, n_units):
    """Choose what to fit next: what no other process works on, if there is any."""
    free = (unit for unit in units if not any(map(plan.is_taken, unit)))
    return list(islice(free, n_units)) or units[:n_units]


def _fit_to_the_end(plan, data, groups, parallel):
    """Fit candidates that train to their last epoch.

    Preprocessing is done once for all candidates of a split that share it: for as many
    splits at a time as there are jobs, whose fits are then done in parallel. What other
    processes work on comes last, when it may be done. If a cluster loses the data, they
    are sent again, and what is not done yet is fitted then.
    """
    shared, n_losses = share(data), 0
    pairs = product(groups, range(len(plan.splits)))
    units = [tuple(Fit(each, split) for each in group) for group, split in pairs]
    n_at_once = effective_n_jobs(plan.n_jobs) if plan.has_preprocessing else len(units)
    while units:
        batch = _choose_units(plan, units, n_at_once)
        left = {fit for unit in batch for fit in unit}
        try:
            for fit, result in _fit_units(plan, shared, batch, parallel):
                if result is not None:
                    left.remove(fit)
                    yield fit, result
        except Exception as error:
            n_losses += 1
            if not is_loss(error) or n_losses > MAX_LOSSES:
                raise
            shared = share(data)
        if len(left) == sum(map(len, batch)):
            time.sleep(_PAUSE)
        chosen = set(batch)
        units = [unit for unit in units if unit not in chosen]
        rests = (tuple(fit for fit in unit if fit in left) for unit in batch)
        units += filter(None, rests)


def _fit_all_splits(plan, fits, sources, n_sharing, parallel):
    """Fit a candidate on all splits side by side, until its mean curve is done.

    The sources are pairs of each PreparedSplit and what is shared of it.
    """
    classifier = plan.candidates[fits[0].candidate].classifier
    prepared, shared = zip(*sources, strict=True)
    started = [SplitFit(classifier, split.seconds / n_sharing) for split in prepared]
    told = [
        (plan.tasks[fit], split)
        for fit, split in zip(fits, prepared, strict=True)
        if fit in plan.tasks
    ]
    for task, split in told:
        task.begin(split)
    names = list(map(plan.describe, fits))
    results = fit_until_no_change(
        started, shared, names, plan.patience, parallel, plan.error_score
    )
    for task, split in told:
        task.end(split)
    for fit, result in zip(fits, results, strict=True):
        plan.keep_result(fit, result)
    return results


def _fit_patiently(plan, data, groups, parallel):
    """Fit candidates that stop when their mean curve does not improve, one by one."""
    shared = share(data) if plan.has_preprocessing else None
    waiting = [(group, candidate) for group in groups for candidate in group]
    prepared_for = sources = None
    while waiting:
        waiting.sort(key=lambda pair: plan.is_taken(Fit(pair[1], 0)))
        group, candidate = waiting.pop(0)
        fits = [Fit(candidate, split) for split in range(len(plan.splits))]
        results = [plan.read_kept(fit) for fit in fits]
        if None in results:
            with plan.claim(fits[0]) as is_ours:
                if not is_ours:
                    waiting.append((group, candidate))
                    time.sleep(_PAUSE)
                    continue
                if prepared_for is not group:
                    if plan.has_preprocessing:
                        prepared = _prepare_splits(plan, shared, fits, parallel)
                    else:
                        prepared = [plan.make_preparation(fit)(data) for fit in fits]
                    sources = [(split, share(split)) for split in prepared]
                    prepared_for = group
                results = _fit_all_splits(plan, fits, sources, len(group), parallel)
        yield from zip(fits, results, strict=True)


def fit_candidates(plan, data):
    """Fit each candidate on each split.

    Parameters
    ----------
    plan : SearchPlan
    data : SearchData

    Yields
    ------
    fit : Fit
    result : FitResult
    """
    groups = group_by_preprocessing(plan.candidates)
    fit_groups = _fit_to_the_end if plan.patience is None else _fit_patiently
    with make_parallel(plan.n_jobs) as parallel:
        yield from fit_groups(plan, data, groups, parallel)


def complete_candidates(plan, data):
    """Fit all candidates.

    Parameters
    ----------
    plan : SearchPlan
    data : SearchData

    Yields
    ------
    position : int
        Of a candidate, all fits of which are done.
    results : list of FitResult
        Of its splits.
    """
    n_splits = len(plan.splits)
    results = [[None] * n_splits for _ in plan.candidates]
    for fit, result in fit_candidates(plan, data):
        by_split = results[fit.candidate]
        by_split[fit.split] = result
        if None not in by_split:
            yield fit.candidate, by_split

"""All fits of a search, in parallel, each with what came of it."""

from dataclasses import dataclass, field
from itertools import islice, product
from typing import NamedTuple

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

from skimdb.model_selection._best_epoch import get_direction
from skimdb.model_selection._candidates import group_by_preprocessing
from skimdb.model_selection._fit_split import SplitFit
from skimdb.model_selection._patience import Patience, fit_until_no_change
from skimdb.model_selection._prepare_split import prepare_split
from skimdb.model_selection._result_store import ResultStore
from skimdb.model_selection._routing import cut_split
from skimdb.model_selection._scoring import EpochScoring


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
        """Keep the result of a fit, unless it failed."""
        key = self.keys.get(fit)
        if key is not None and result.history is not None:
            self.store.put(key, result)


def _make_parallel(n_jobs):
    try:
        return Parallel(n_jobs=n_jobs, return_as="generator")
    except ValueError:  # the backend "multiprocessing" has lists only
        return Parallel(n_jobs=n_jobs)


def _prepare_splits(plan, data, units, parallel):
    """Preprocess splits, in parallel if there is preprocessing.

    Parameters
    ----------
    plan : SearchPlan
    data : SearchData
    units : list of list of Fit
        Fits of one split that share their preprocessing.
    parallel : Parallel

    Returns
    -------
    prepared : iterable of PreparedSplit
        One that is cut only when asked for, so that few copies exist at a time.
    """
    arguments = (
        (
            plan.candidates[fits[0].candidate].estimator,
            cut_split(plan.candidates[0].estimator, data, *plan.splits[fits[0].split]),
            plan.scoring,
            plan.error_score,
        )
        for fits in units
    )
    if plan.candidates[0].front:
        return list(parallel(delayed(prepare_split)(*each) for each in arguments))
    return (prepare_split(*each) for each in arguments)


def _fit_once(classifier, split, n_sharing, error_score, task):
    """Train a classifier on a prepared split, up to its last epoch."""
    fit = SplitFit(classifier, split.seconds / n_sharing)
    return fit.train(split, error_score, task=task).make_result()


def _fit_units(plan, data, units, parallel):
    """Fit candidates that train to their last epoch; yields fits and results."""
    missing = []
    for group, split in units:
        fits = []
        for candidate in group:
            fit = Fit(candidate, split)
            result = plan.read_kept(fit)
            if result is None:
                fits.append(fit)
            else:
                yield fit, result
        if fits:
            missing.append(fits)
    prepared = _prepare_splits(plan, data, missing, parallel)
    results = parallel(
        delayed(_fit_once)(
            plan.candidates[fit.candidate].classifier,
            split,
            len(fits),
            plan.error_score,
            plan.tasks.get(fit),
        )
        for fits, split in zip(missing, prepared, strict=True)
        for fit in fits
    )
    all_fits = (fit for fits in missing for fit in fits)
    for fit, result in zip(all_fits, results, strict=True):
        plan.keep_result(fit, result)
        yield fit, result


def _fit_patiently(plan, data, group, parallel):
    """Fit candidates that share their preprocessing, each on all splits at once."""
    prepared = None
    for candidate in group:
        fits = [Fit(candidate, split) for split in range(len(plan.splits))]
        results = [plan.read_kept(fit) for fit in fits]
        if None in results:
            if prepared is None:
                units = [[fit] for fit in fits]
                prepared = list(_prepare_splits(plan, data, units, parallel))
            classifier = plan.candidates[candidate].classifier
            started = [SplitFit(classifier, s.seconds / len(group)) for s in prepared]
            told = [
                (plan.tasks[fit], split)
                for fit, split in zip(fits, prepared, strict=True)
                if fit in plan.tasks
            ]
            for task, split in told:
                task.begin(split)
            results = fit_until_no_change(
                started, prepared, plan.patience, parallel, plan.error_score
            )
            for task, split in told:
                task.end(split)
            for fit, result in zip(fits, results, strict=True):
                plan.keep_result(fit, result)
        yield from zip(fits, results, strict=True)


def fit_candidates(plan, data):
    """Fit each candidate on each split.

    Preprocessing is done once for all candidates of a split that share it: for as many
    splits at a time as there are jobs, whose fits are then done in parallel.

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
    with _make_parallel(plan.n_jobs) as parallel:
        if plan.patience is not None:
            for group in groups:
                yield from _fit_patiently(plan, data, group, parallel)
            return
        units = product(groups, range(len(plan.splits)))
        n_at_once = effective_n_jobs(plan.n_jobs)
        if not plan.candidates[0].front:
            n_at_once = len(groups) * len(plan.splits)
        while batch := list(islice(units, n_at_once)):
            yield from _fit_units(plan, data, batch, parallel)


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

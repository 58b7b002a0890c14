"""All fits of a search, in parallel: each candidate on each split."""

import secrets
from contextlib import suppress
from functools import partial

from joblib import effective_n_jobs

from skimdb._messages import warn
from skimdb.model_selection._best_epoch import find_best_epoch
from skimdb.model_selection._candidates import (
    group_by_preprocessing,
    has_preprocessing,
)
from skimdb.model_selection._fit_split import SplitFit
from skimdb.model_selection._plan import Fit
from skimdb.model_selection._prepare_split import prepare_split
from skimdb.model_selection._results import get_direction, make_score_curves
from skimdb.model_selection._workers import make_parallel, run_jobs, share


def _list_batches(plan, groups):
    """List the fits in batches, which are run one after the other.

    With patience, a batch is one candidate on all splits. Otherwise it takes one split
    per job, each with all candidates that share its preprocessing, or all fits if there
    is no preprocessing. Processes that share a cache start at different positions.
    """
    splits = range(len(plan.splits))
    if plan.search.n_iter_no_change is not None:
        parts = [[Fit(c, split) for split in splits] for group in groups for c in group]
        n_at_once = 1
    else:
        parts = [[Fit(c, split) for c in group] for group in groups for split in splits]
        is_plain = not has_preprocessing(plan.candidates[0].estimator)
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
    )


def _call(function, argument):
    return function(argument)


def _prepare_splits(plan, data, fits, prepared, parallel):
    """Prepare the splits of some fits, unless they are prepared already.

    Parameters
    ----------
    plan : SearchPlan
    data : SearchData, shared
    fits : dict
        A Fit by the key of its split and preprocessing.
    prepared : dict
        Prepared splits by their keys.
    parallel : joblib.Parallel

    Returns
    -------
    prepared : dict
        The shared PreparedSplit of each key.
    """
    new = [key for key in fits if key not in prepared]
    arguments = ((_make_preparation(plan, fits[key]), data) for key in new)
    splits = [share(split) for split in run_jobs(parallel, _call, arguments)]
    kept = {key: split for key, split in prepared.items() if key in fits}
    return kept | dict(zip(new, splits, strict=True))


def _run_fit(source, prepare, fit, n_epochs, is_last, task, entry):
    """Train a fit for some epochs, in a worker.

    Parameters
    ----------
    source : PreparedSplit or SearchData
    prepare : callable or None
        Makes the PreparedSplit if the source is all data.
    fit : SplitFit
    n_epochs : int
    is_last : bool
        Whether training ends with these epochs.
    task : FitTask or None
    entry : CacheEntry or None
        Only if training begins and ends with these epochs.

    Returns
    -------
    result : FitResult
    fit : SplitFit or None
        To continue from; None if this was the last time.
    """
    if entry is not None and (result := entry.get()) is not None:
        return result, None  # from another process, in the meantime
    split = source if prepare is None else prepare(source)
    result = fit.train(split, n_epochs, task)
    if entry is not None and result.history is not None:
        with suppress(OSError):  # the process of the search tries again
            entry.put(result)
    return result, None if is_last else fit


def _count_epochs(plan, results, n_done):
    """Count the epochs that a candidate trains for at least, with patience."""
    search = plan.search
    direction = get_direction(plan, search.monitor)
    curves = make_score_curves(results, search.monitor, n_done, direction)
    until = find_best_epoch(curves) + search.n_iter_no_change
    return min(until, search.max_epochs)


def _train(plan, sources, n_sharing, parallel):
    """Train fits side by side; yields each fit and its result.

    Without patience, they train to the last epoch at once. With patience, they train
    in steps: the mean curve tells how many more epochs its candidate trains at least.

    Parameters
    ----------
    plan : SearchPlan
    sources : dict
        By Fit, the PreparedSplit or all data, shared.
    n_sharing : dict
        Number of candidates that share the preprocessing, by candidate.
    parallel : joblib.Parallel
    """
    is_plain = not has_preprocessing(plan.candidates[0].estimator)
    is_patient = plan.search.n_iter_no_change is not None
    fits = {
        fit: SplitFit(
            plan.candidates[fit.candidate].final,
            n_sharing[fit.candidate],
            plan.search.error_score,
        )
        for fit in sources
    }
    n_done, max_epochs = 0, plan.search.max_epochs
    until = min(plan.search.n_iter_no_change or max_epochs, max_epochs)
    while fits:
        is_last = until == max_epochs
        arguments = [
            (
                sources[fit],
                _make_preparation(plan, fit) if is_plain else None,
                split_fit,
                until - n_done,
                is_last,
                plan.make_task and plan.make_task(fit),
                None if is_patient else plan.cache.get(fit),
            )
            for fit, split_fit in fits.items()
        ]
        trained = run_jobs(parallel, _run_fit, arguments)
        running, results = {}, {}
        for fit, (result, split_fit) in zip(fits, trained, strict=True):
            if is_last or result.error is not None:
                yield fit, result
            else:
                running[fit], results[fit] = split_fit, result
        fits, n_done = running, until
        if fits:
            until = _count_epochs(plan, list(results.values()), n_done)
        if until <= n_done:
            yield from results.items()
            return


def _run_fits(plan, data, parallel):
    """Run all fits that are not cached; yields each fit and its result."""
    groups = group_by_preprocessing(plan.candidates)
    numbers = {c: i for i, group in enumerate(groups) for c in group}
    n_sharing = {c: len(group) for group in groups for c in group}
    data, prepared = share(data), {}
    for batch in _list_batches(plan, groups):
        entries = {fit: plan.cache[fit] for fit in batch if fit in plan.cache}
        cached = {fit: entry.get() for fit, entry in entries.items()}
        missing = [fit for fit in batch if cached.get(fit) is None]
        if missing and plan.search.n_iter_no_change is not None:
            missing = batch  # the splits stop together
        yield from ((fit, cached[fit]) for fit in batch if fit not in missing)
        sources = dict.fromkeys(missing, data)
        if has_preprocessing(plan.candidates[0].estimator):
            keys = {fit: (numbers[fit.candidate], fit.split) for fit in missing}
            firsts = {}
            for fit, key in keys.items():
                firsts.setdefault(key, fit)
            prepared = _prepare_splits(plan, data, firsts, prepared, parallel)
            sources = {fit: prepared[key] for fit, key in keys.items()}
        yield from _train(plan, sources, n_sharing, parallel)


def fit_candidates(plan, data):
    """Fit each candidate on each split.

    Parameters
    ----------
    plan : SearchPlan
    data : SearchData

    Yields
    ------
    position : int
        Position of a candidate whose fits are all done.
    results : list of FitResult
        Its results by split.
    """
    results = [[None] * len(plan.splits) for _ in plan.candidates]
    failure = None
    with make_parallel(plan.search.n_jobs) as parallel:
        for fit, result in _run_fits(plan, data, parallel):
            if fit in plan.cache and result.history is not None:
                try:
                    plan.cache[fit].put(result)
                except OSError as error:
                    failure = error
            by_split = results[fit.candidate]
            by_split[fit.split] = result
            if None not in by_split:
                yield fit.candidate, by_split
    if failure is not None:
        warn(
            f"Could not write to the folder of memory ({failure}). Is the disk full, "
            "or the folder read-only? The search went on without it."
        )

"""Results of a search: its curves, `cv_results_`, failures, a line per candidate."""

import collections
import itertools

import numpy as np
from sklearn.exceptions import FitFailedWarning

from skimdb._messages import warn
from skimdb.model_selection._best_epoch import find_best_epoch, find_split_epochs


def make_score_curves(results, metric, n_epochs, direction, error_score=np.nan):
    """Curves of a metric on all splits, greater is better.

    Parameters
    ----------
    results : list of FitResult
        One for each split.
    metric : str
    n_epochs : int
    direction : {1, -1}
        Sign that makes greater values of the metric better.
    error_score : float, default=nan
        Score of fits that failed, of epochs at which the metric is not finite, and of
        those that were not reached as training diverged.

    Returns
    -------
    scores : ndarray of shape (n_splits, n_epochs)
        NaN for epochs that were not run.
    """
    scores = np.full((len(results), n_epochs), np.nan)
    for row, result in zip(scores, results, strict=True):
        if result.error is not None:
            row[:] = error_score
        if result.history is not None:
            n_run = len(result.history["loss"])
            values = result.history.get(metric, [np.nan] * n_run)
            values = direction * np.asarray(values)
            row[:n_run] = np.where(np.isfinite(values), values, error_score)
    return scores


def read_curves(plan, results, metric):
    """Curves of a metric on all splits of a candidate, greater is better."""
    error_score = np.nan if plan.error_score == "raise" else plan.error_score
    direction = plan.get_direction(metric)
    return make_score_curves(results, metric, plan.max_epochs, direction, error_score)


def list_metrics(results):
    """Names in the histories, a metric beside its ``val_`` twin.

    Parameters
    ----------
    results : list of list of FitResult
        By candidate and split.

    Returns
    -------
    names : list of str
    """
    entries = {}
    for by_split in results:
        for result in by_split:
            entries |= dict.fromkeys(result.history or ())
    own = dict.fromkeys(name.removeprefix("val_") for name in entries)
    # A learning rate that a callback changes has no twin, a score may have no other.
    pairs = (pair for name in own if name != "loss" for pair in (name, f"val_{name}"))
    return ["loss", "val_loss", *(name for name in pairs if name in entries)]


def describe_result(owner, plan, position, results, monitor="val_loss"):
    """Describe what came of a candidate in a line.

    Parameters
    ----------
    owner : str
        Whose line it is.
    plan : SearchPlan
    position : int
        Of the candidate.
    results : list of FitResult
        Of its splits.
    monitor : str, default="val_loss"

    Returns
    -------
    line : str
    """
    scores = read_curves(plan, results, monitor)
    epoch = find_best_epoch(scores)
    mean = plan.get_direction(monitor) * scores.mean(axis=0)[epoch - 1]
    seconds = sum(result.fit_time + result.score_time for result in results)
    return (
        f"[{owner}] {position + 1}/{len(plan.candidates)} candidate "
        f"{plan.candidates[position].describe()}: best mean {monitor} {mean:.4f} at "
        f"epoch {epoch} ({len(results)} splits, {seconds:.1f} s)"
    )


def describe_kept(owner, plan):
    """Describe in a line how much a search finds in its memory."""
    n_fits = len(plan.candidates) * len(plan.splits)
    return f"[{owner}] {plan.count_kept()} of {n_fits} fits kept in {plan.store.folder}"


def choose_epochs(plan, results, monitor, rule):
    """Choose the epoch of each candidate, and of each of its splits by itself.

    Parameters
    ----------
    plan : SearchPlan
    results : list of list of FitResult
        By candidate and split.
    monitor : str
        Metric to choose by.
    rule : {"min", "one_se"}

    Returns
    -------
    epochs : list of int
        Best epoch of each candidate's mean curve.
    columns : dict
        Columns of `cv_results_` with the best epochs of the single splits.
    """
    curves = [read_curves(plan, by_split, monitor) for by_split in results]
    epochs = [find_best_epoch(scores, rule) for scores in curves]
    split_epochs = np.array([find_split_epochs(scores) for scores in curves])
    columns = {
        f"split{split}_best_epoch": column
        for split, column in enumerate(split_epochs.T)
    }
    columns["mean_best_epoch"] = split_epochs.mean(axis=1)
    columns["std_best_epoch"] = split_epochs.std(axis=1)
    return epochs, columns


def read_scores(plan, results, epochs, monitor):
    """Read the scores of each fit at the epoch of its candidate.

    Parameters
    ----------
    plan : SearchPlan
    results : list of list of FitResult
        By candidate and split.
    epochs : list of int
        Of each candidate.
    monitor : str
        Metric whose score is named ``"score"``.

    Returns
    -------
    fits : list of dict
        By candidate, then split, what `cv_results_` is made of: times, and
        ``test_scores`` and ``train_scores`` by name.
    """
    names = {"score": monitor.removeprefix("val_")}
    for metric in list_metrics(results):
        name = metric.removeprefix("val_")
        # A lone scorer may be named "score", too; what is monitored goes first.
        if metric != name and plan.get_direction(name) == 1:
            names.setdefault(name, name)
    fits = []
    for by_split, epoch in zip(results, epochs, strict=True):
        test, train = (
            {
                key: read_curves(plan, by_split, prefix + name)[:, epoch - 1]
                for key, name in names.items()
            }
            for prefix in ("val_", "")
        )
        fits += [
            {
                "fit_time": result.fit_time,
                "score_time": result.score_time,
                "test_scores": {key: column[i] for key, column in test.items()},
                "train_scores": {key: column[i] for key, column in train.items()},
            }
            for i, result in enumerate(by_split)
        ]
    return fits


def check_failures(plan, results):
    """Warn of fits that failed or diverged, naming the candidates.

    Parameters
    ----------
    plan : SearchPlan
    results : list of list of FitResult
        By candidate and split.

    Raises
    ------
    ValueError
        If all fits failed.
    """
    errors = [r.error for by_split in results for r in by_split if r.history is None]
    n_fits = len(plan.candidates) * len(plan.splits)
    if len(errors) == n_fits:
        raise ValueError(
            f"All the {n_fits} fits failed. It is very likely that the estimator or "
            "the data is misconfigured. error_score='raise' stops at the first error. "
            f"The last one was:\n{errors[-1]}"
        )
    for candidate, by_split in zip(plan.candidates, results, strict=True):
        _warn_of_divergence(candidate, by_split, plan.error_score)
        errors = [result.error for result in by_split if result.history is None]
        if errors:
            warn(
                f"Candidate {candidate.describe()} failed in {len(errors)} of "
                f"{len(by_split)} splits, whose scores are set to {plan.error_score}. "
                "The last error (error_score='raise' stops at the first):\n"
                f"{errors[-1]}",
                FitFailedWarning,
            )
        _warn_of_scorers(candidate, by_split, plan.error_score)
    _warn_of_unseen_labels(results[0])


def _warn_of_divergence(candidate, results, error_score):
    epochs = [len(result.history["loss"]) for result in results if result.diverged]
    if epochs:
        warn(
            f"Candidate {candidate.describe()} diverged in {len(epochs)} of "
            f"{len(results)} splits: a loss is not finite from epoch {min(epochs)} on. "
            f"Such scores are set to {error_score}. A smaller learning_rate may help.",
            FitFailedWarning,
        )


def _warn_of_scorers(candidate, results, error_score):
    failed = {}
    for result in results:
        for name, error in result.score_errors.items():
            failed.setdefault(name, []).append(error)
    for name, errors in failed.items():
        warn(
            f"The scorer {name!r} failed for candidate {candidate.describe()} in "
            f"{len(errors)} of {len(results)} splits, and such scores are set to "
            f"{error_score}. The last error (error_score='raise' stops at the first):\n"
            f"{errors[-1]}"
        )


def _warn_of_unseen_labels(results):
    for split, result in enumerate(results):
        if result.unseen:
            warn(
                f"The validation part of split {split} has labels that its training "
                f"part lacks: {result.unseen}. val_loss leaves such samples out, "
                "scores count them as misses. Stratified splits keep all labels in "
                "each part: cv=StratifiedKFold(...), or an int."
            )


def warn_of_missing_scores(results):
    """Warn of scorers that return no finite numbers, though nothing failed.

    Parameters
    ----------
    results : list of list of FitResult
        By candidate and split.
    """
    counts = collections.Counter()
    for result in itertools.chain.from_iterable(results):
        if result.history is not None and not result.diverged:
            missing = {
                name.removeprefix("val_")
                for name, values in result.history.items()
                if not np.isfinite(values).all()
            }
            counts.update(missing - result.score_errors.keys())
    for name, n_fits in counts.items():
        warn(
            f"{name} is not finite in {n_fits} of {sum(map(len, results))} fits: the "
            "scorer returns NaN or an infinity, or a callback logs it in some epochs "
            "only. A metric may not be defined where a class is missing: stratified "
            "splits keep all classes in each part."
        )

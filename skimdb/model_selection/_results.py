"""Results of a search: its curves, `cv_results_`, failures, a line per candidate."""

import numpy as np
from sklearn.exceptions import FitFailedWarning

from skimdb._directions import lower_is_better
from skimdb._messages import warn
from skimdb.model_selection._epoch_training import get_metrics


def get_direction(plan, metric):
    """Sign that makes greater values of a metric better.

    Scores are better when larger. The loss and the error metrics of Keras, among the
    metrics of the estimators, are better when smaller.

    Parameters
    ----------
    plan : SearchPlan
    metric : str
        Such as ``"val_loss"``.

    Returns
    -------
    direction : {1, -1}
    """
    name = metric.removeprefix("val_")
    if not lower_is_better(name) or name in plan.scoring.names:
        return 1
    own = (get_metrics(candidate.final) for candidate in plan.candidates)
    return -1 if name == "loss" or any(name in metrics for metrics in own) else 1


def read_curves(plan, results, metric, n_epochs=None):
    """Read the curves of a metric of a candidate on all splits; greater is better.

    Parameters
    ----------
    plan : SearchPlan
    results : list of FitResult
        Results by split.
    metric : str
    n_epochs : int, default=None
        Length of the curves; by default that of the plan.

    Returns
    -------
    scores : ndarray of shape (n_splits, n_epochs)
        NaN for epochs that were not run. `error_score` of the search for fits and
        scorers that failed, and for the epochs from which on training diverged.
    """
    error_score = plan.search.error_score
    error_score = np.nan if error_score == "raise" else error_score
    direction = get_direction(plan, metric)
    scores = np.full((len(results), n_epochs or plan.max_epochs), np.nan)
    for row, result in zip(scores, results, strict=True):
        if result.error is not None:
            row[:] = error_score
        if result.history is not None:
            n_run = len(result.history["loss"])
            values = result.history.get(metric, [np.nan] * n_run)
            row[:n_run] = direction * np.asarray(values)
            # A function that fails returns no names: its error is that of "score".
            has_failed = {metric.removeprefix("val_"), "score"} & {*result.score_errors}
            if result.diverged or has_failed:
                row[:n_run][~np.isfinite(row[:n_run])] = error_score
    return scores


def list_metrics(results):
    """Names in the histories, a metric next to its ``val_`` twin.

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


def describe_result(plan, position, results):
    """Describe the result of a candidate in a line.

    Parameters
    ----------
    plan : SearchPlan
    position : int
        Position of the candidate.
    results : list of FitResult
        Its results by split.

    Returns
    -------
    line : str
    """
    monitor = plan.search.monitor
    scores = read_curves(plan, results, monitor)
    epoch = find_best_epoch(scores)
    mean = get_direction(plan, monitor) * scores.mean(axis=0)[epoch - 1]
    seconds = sum(result.fit_time + result.score_time for result in results)
    return (
        f"candidate {plan.candidates[position].describe()}: best mean {monitor} "
        f"{mean:.4f} at epoch {epoch} ({len(results)} splits, {seconds:.1f} s)"
    )


def choose_epochs(plan, results, rule):
    """Choose the epoch of each candidate, and of each of its splits by itself.

    Parameters
    ----------
    plan : SearchPlan
    results : list of list of FitResult
        By candidate and split.
    rule : {"min", "one_se"}

    Returns
    -------
    epochs : list of int
        Best epoch of each candidate's mean curve.
    split_epochs : ndarray of int of shape (n_candidates, n_splits)
        Best epochs of the single splits.
    """
    curves = [read_curves(plan, by_split, plan.search.monitor) for by_split in results]
    epochs = [find_best_epoch(scores, rule) for scores in curves]
    return epochs, np.array([find_split_epochs(scores) for scores in curves])


def read_scores(plan, results, epochs):
    """Read the scores of each fit at the epoch of its candidate.

    Parameters
    ----------
    plan : SearchPlan
    results : list of list of FitResult
        By candidate and split.
    epochs : list of int
        Epoch of each candidate.

    Returns
    -------
    fits : list of dict
        By candidate and split, the times, ``test_scores`` and ``train_scores``. The
        monitored metric is named ``"score"``.
    """
    names = {"score": plan.search.monitor.removeprefix("val_")}
    for metric in list_metrics(results):
        name = metric.removeprefix("val_")
        # A lone scorer may be named "score", too; the monitored metric comes first.
        if metric != name and get_direction(plan, name) == 1:
            names.setdefault(name, name)

    def read(result, prefix, epoch):
        curves = {k: read_curves(plan, [result], prefix + n) for k, n in names.items()}
        return {key: curve[0, epoch - 1] for key, curve in curves.items()}

    return [
        {
            "fit_time": result.fit_time,
            "score_time": result.score_time,
            "test_scores": read(result, "val_", epoch),
            "train_scores": read(result, "", epoch),
        }
        for by_split, epoch in zip(results, epochs, strict=True)
        for result in by_split
    ]


def check_failures(plan, results):
    """Warn of fits and scorers that failed, naming the candidates.

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
    if len(errors) == plan.n_fits:
        raise ValueError(
            f"All the {plan.n_fits} fits failed. It is very likely that the estimator "
            "or the data is misconfigured. error_score='raise' raises the first error. "
            f"The last error was:\n{errors[-1]}"
        )
    for candidate, by_split in zip(plan.candidates, results, strict=True):
        _warn_of_failures(candidate.describe(), by_split, plan.search.error_score)
    for split, result in enumerate(results[0]):
        if result.unseen:
            warn(
                f"The validation part of split {split} has labels that its training "
                f"part lacks: {result.unseen}. val_loss leaves these samples out, "
                "scores count them as errors. Stratified splits keep all labels in "
                "each part: use an int as cv, or StratifiedKFold."
            )


def _warn_of_failures(name, results, error_score):
    """Warn of the fits and scorers of a candidate that failed."""
    n_splits = len(results)
    diverged = [len(result.history["loss"]) for result in results if result.diverged]
    if diverged:
        warn(
            f"Candidate {name} diverged in {len(diverged)} of {n_splits} splits: the "
            f"loss is not finite from epoch {min(diverged)}. These scores are set to "
            f"{error_score}. A smaller learning_rate may help.",
            FitFailedWarning,
        )
    failed = {"Fitting": [r.error for r in results if r.history is None]}
    for result in results:
        for scorer, error in result.score_errors.items():
            failed.setdefault(f"The scorer {scorer!r}", []).append(error)
    for subject, errors in failed.items():
        if errors:
            warn(
                f"{subject} failed for candidate {name} in {len(errors)} of {n_splits} "
                f"splits. These scores are set to {error_score}. The last error "
                f"(error_score='raise' raises the first):\n{errors[-1]}",
                FitFailedWarning if subject == "Fitting" else UserWarning,
            )


def measure_spread(values, kind="se"):
    """Measure the spread over the splits, which are the first axis.

    Parameters
    ----------
    values : ndarray of shape (n_splits, ...)
    kind : {"se", "sd"}, default="se"
        Standard error of the mean, or standard deviation.

    Returns
    -------
    spread : ndarray of shape (...)
        NaN for a single split.
    """
    if len(values) == 1:
        return np.full(values.shape[1:], np.nan)
    spread = values.std(axis=0, ddof=1)
    return spread / np.sqrt(len(values)) if kind == "se" else spread


def find_best_epoch(scores, rule="min"):
    """Find the best epoch of the mean curve.

    Parameters
    ----------
    scores : ndarray of shape (n_splits, n_epochs)
        Larger is better. Epochs with NaN on some split are left out.
    rule : {"min", "one_se"}, default="min"
        ``"one_se"`` takes the first epoch whose mean is within one standard error of
        the best mean. The standard error is computed from the splits' scores at the
        best epoch.

    Returns
    -------
    epoch : int
        Counted from 1; the last epoch if no epoch has a mean.
    """
    mean = scores.mean(axis=0)
    if np.isnan(mean).all():
        return scores.shape[1]
    best = np.nanargmax(mean)
    if rule == "one_se":
        best = np.argmax(mean >= mean[best] - measure_spread(scores[:, best]))
    return int(best) + 1


def find_split_epochs(scores):
    """Find the best epoch of each split by itself.

    Parameters
    ----------
    scores : ndarray of shape (n_splits, n_epochs)

    Returns
    -------
    epochs : ndarray of int of shape (n_splits,)
    """
    return np.array([find_best_epoch(curve[np.newaxis]) for curve in scores])

"""Pick the best epoch of a candidate's curves."""

import numpy as np

from skimdb.neural_network._metrics import lower_is_better


def score_sign(name):
    """Sign that makes greater values of a recorded entry better."""
    return -1 if lower_is_better(name) else 1


def score_curves(outcomes, name, max_epochs, error_score=np.nan):
    """Curves of one entry on all splits, greater is better.

    Parameters
    ----------
    outcomes : list of dict
        One per split, with its ``history``, None for a fit that failed.
    name : str
        Entry of the histories.
    max_epochs : int
    error_score : float
        Score of fits that failed and of epochs whose entry is not finite.

    Returns
    -------
    scores : ndarray of shape (n_splits, max_epochs)
        NaN for epochs that were not run.
    """
    scores = np.full((len(outcomes), max_epochs), np.nan)
    for row, outcome in zip(scores, outcomes, strict=True):
        if outcome["history"] is None:
            row[:] = error_score
        else:
            values = score_sign(name) * np.asarray(outcome["history"][name], float)
            row[: len(values)] = np.where(np.isfinite(values), values, error_score)
    return scores


def best_epoch(scores, rule="min"):
    """Best epoch of the mean curve.

    Parameters
    ----------
    scores : ndarray of shape (n_splits, n_epochs)
        Greater is better. Epochs with NaN on some split are left out.
    rule : {"min", "one_se"}, default="min"
        ``"one_se"`` takes the first epoch whose mean is within one standard error of
        the best mean; the standard error is that of the splits' scores at the best.

    Returns
    -------
    epoch : int
        Counted from 1; the last if no epoch has a mean.
    """
    mean = scores.mean(axis=0)
    if np.isnan(mean).all():
        return scores.shape[1]
    best = np.nanargmax(mean)
    if rule == "one_se":
        error = scores[:, best].std(ddof=1) / np.sqrt(len(scores))
        best = np.argmax(mean >= mean[best] - error)
    return int(best) + 1


def _scores_at(epoch, outcomes, names, max_epochs, error_score):
    """Scores of each split after an epoch, by name."""
    columns = {
        key: score_curves(outcomes, name, max_epochs, error_score)[:, epoch - 1]
        for key, name in names.items()
    }
    return [
        {key: column[split] for key, column in columns.items()}
        for split in range(len(outcomes))
    ]


def choose_epochs(outcomes, *, monitor, metrics, rule, max_epochs, error_score):
    """Choose the epoch of each candidate, and read all scores there.

    Parameters
    ----------
    outcomes : list of list of dict
        By candidate and split.
    monitor : str
        Entry to choose by.
    metrics : sequence of str
        Further metrics.
    rule : {"min", "one_se"}
    max_epochs : int
    error_score : float

    Returns
    -------
    epochs : list of int
        Best epoch of each candidate's mean curve.
    split_epochs : ndarray of shape (n_candidates, n_splits)
        Best epoch of each split by itself.
    scores : list of dict
        By candidate, then split, what `cv_results_` is made of: times, and
        ``test_scores`` and ``train_scores`` of the monitored entry, named ``score``,
        and of the metrics of which more is better.
    """
    names = {"score": monitor.removeprefix("val_")}
    names |= {name: name for name in metrics if not lower_is_better(name)}
    validation_names = {key: f"val_{name}" for key, name in names.items()}
    epochs, split_epochs, scores = [], [], []
    for by_split in outcomes:
        curves = score_curves(by_split, monitor, max_epochs, error_score)
        epoch = best_epoch(curves, rule)
        at_epoch = (epoch, by_split)
        test = _scores_at(*at_epoch, validation_names, max_epochs, error_score)
        train = _scores_at(*at_epoch, names, max_epochs, error_score)
        epochs.append(epoch)
        split_epochs.append([best_epoch(curve[np.newaxis]) for curve in curves])
        scores += [
            {
                "fit_time": outcome["fit_time"],
                "score_time": 0.0,  # scoring is part of training
                "test_scores": test[split],
                "train_scores": train[split],
            }
            for split, outcome in enumerate(by_split)
        ]
    return epochs, np.array(split_epochs), scores


def split_epoch_columns(split_epochs):
    """Columns of `cv_results_` with the best epochs of the single splits.

    Parameters
    ----------
    split_epochs : ndarray of shape (n_candidates, n_splits)

    Returns
    -------
    columns : dict
    """
    columns = {
        f"split{split}_best_epoch": epochs
        for split, epochs in enumerate(split_epochs.T)
    }
    columns["mean_best_epoch"] = split_epochs.mean(axis=1)
    columns["std_best_epoch"] = split_epochs.std(axis=1)
    return columns

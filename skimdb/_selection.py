"""Pick the best epoch of a candidate's curves."""

import numpy as np

from skimdb._metrics import lower_is_better


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

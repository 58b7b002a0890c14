"""The best epoch of a mean curve, and the spread over the splits."""

import numpy as np


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

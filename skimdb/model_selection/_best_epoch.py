"""Direction of a metric, and the best epoch of a mean curve."""

import numpy as np


def measure_standard_error(values):
    """Standard error of the mean over the splits, which are the first axis.

    Parameters
    ----------
    values : ndarray of shape (n_splits, ...)
        Values of two or more splits.

    Returns
    -------
    error : ndarray of shape (...)
    """
    return values.std(axis=0, ddof=1) / np.sqrt(len(values))


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
        best = np.argmax(mean >= mean[best] - measure_standard_error(scores[:, best]))
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

"""A candidate that trains until its mean curve over the splits stops improving."""

from dataclasses import dataclass

from sklearn.utils.parallel import delayed

from skimdb.model_selection._best_epoch import find_best_epoch
from skimdb.model_selection._parallel import Job
from skimdb.model_selection._results import make_score_curves


@dataclass(frozen=True)
class Patience:
    """When a candidate ends before its last epoch.

    Attributes
    ----------
    monitor : str
        Metric that counts.
    n_iter_no_change : int
        Epochs after the best of its mean curve at which a candidate ends.
    max_epochs : int
    direction : {1, -1}
        Sign that makes greater values of the metric better.
    """

    monitor: str
    n_iter_no_change: int
    max_epochs: int
    direction: int

    def count_epochs(self, results, n_done):
        """Epochs to train at least, after so many.

        Parameters
        ----------
        results : list of FitResult
            Of fits that have not failed.
        n_done : int

        Returns
        -------
        n_epochs : int
        """
        curves = make_score_curves(results, self.monitor, n_done, self.direction)
        until = find_best_epoch(curves) + self.n_iter_no_change
        return min(until, self.max_epochs)


def fit_until_no_change(fits, prepared, names, patience, parallel, error_score):
    """Train one candidate on all splits side by side.

    The splits train to the same epoch. The mean curve then tells how many more epochs
    there are at least before it has gone so many without improvement.

    Parameters
    ----------
    fits : list of SplitFit
        One for each split.
    prepared : list of PreparedSplit, shared
    names : list of str
        Of the fits, for a dashboard.
    patience : Patience
    parallel : Parallel
    error_score : "raise" or float

    Returns
    -------
    results : list of FitResult
    """
    fits = list(fits)
    n_done, until = 0, min(patience.n_iter_no_change, patience.max_epochs)
    while n_done < until:
        alive = [i for i, fit in enumerate(fits) if fit.error is None]
        trained = parallel(
            delayed(Job(names[i], fits[i].train))(
                prepared[i], error_score, n_more_epochs=until - n_done
            )
            for i in alive
        )
        for i, fit in zip(alive, trained, strict=True):
            fits[i] = fit
        n_done = until
        fine = [fit.make_result() for fit in fits if fit.error is None]
        if fine:
            until = patience.count_epochs(fine, n_done)
    return [fit.make_result() for fit in fits]

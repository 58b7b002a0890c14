"""The history of a fit, its best epoch, and patience."""

import numpy as np

from skimdb._directions import lower_is_better

# A loss so many times that of the first epoch will come down no more.
_DIVERGED = 1e10


def check_monitor(monitor, metrics, *, validated, early_stopping):
    """Raise for a monitored metric that will not be in the history.

    Parameters
    ----------
    monitor : str
    metrics : sequence of str
        Names of what is recorded beside the loss.
    validated : bool
        Whether there are validation data.
    early_stopping : bool
        Whether it is needed: without, a fit may go without a best epoch.
    """
    recorded = [*metrics, "loss"]
    if validated or not early_stopping:
        recorded += [f"val_{name}" for name in recorded]
    if monitor not in recorded:
        raise ValueError(
            f"monitor={monitor!r} is not recorded. Recorded here are "
            f"{', '.join(recorded)}; name a metric in `metrics`, or give validation "
            "data for the val_ entries."
        )


def check_finite(coefs, intercepts, state, monitor):
    """Raise if a fit has made something infinite or NaN.

    Parameters
    ----------
    coefs, intercepts : list of ndarray
    state : dict
        Of the optimizer.
    monitor : Monitor
    """
    if not all(np.isfinite(weight).all() for weight in [*coefs, *intercepts]):
        monitor.raise_diverged("weights are not finite")
    if not all(np.isfinite(value).all() for value in state["variables"].values()):
        # They divide the steps, which are then 0.
        monitor.raise_diverged(
            f"squares of the gradient are too large for {coefs[0].dtype}"
        )


class Monitor:
    """Follows a fit epoch by epoch.

    Parameters
    ----------
    name : str
        Name of the monitored metric.
    patience : int or inf
        Epochs without improvement after which to stop.
    tol : float
        What an improvement has to exceed.
    early_stopping : bool
        Whether the fit is to stop and to keep the best weights.
    history : dict of ndarray, default=None
        Of an earlier fit that goes on.

    Attributes
    ----------
    is_best : bool
        Whether the last epoch is the best so far.
    """

    def __init__(self, name, *, patience, tol, early_stopping, history=None):
        self.name = name
        self.early_stopping = early_stopping
        self._patience = patience
        self._tol = tol
        self._before = history or {}
        self._n_before = len(self._before.get("loss", ()))
        self._logs = []
        self._sign = -1 if lower_is_better(name) else 1
        self._best = self._reference = -np.inf
        self._waited = 0
        self.is_best = False

    @property
    def n_epochs(self):
        """Number of epochs, those of the earlier fit included."""
        return self._n_before + len(self._logs)

    def append(self, logs):
        """Take in the logs of an epoch.

        Parameters
        ----------
        logs : dict of float

        Returns
        -------
        exhausted : bool
            Whether patience has run out.

        Raises
        ------
        ValueError
            If training has diverged.
        """
        self._logs.append(logs)
        self._check_losses(logs.get("loss", 0.0), logs.get("val_loss", 0.0))
        value = self._sign * logs.get(self.name, np.nan)
        self.is_best = bool(value > self._best)
        if self.is_best:
            self._best = value
        if value > self._reference + self._tol:
            self._reference = value
            self._waited = 0
        else:
            self._waited += 1
        return self.early_stopping and self._waited >= self._patience

    def _check_losses(self, loss, val_loss):
        first = self._before.get("loss", [self._logs[0].get("loss", 0.0)])[0]
        if not np.isfinite(loss):
            self.raise_diverged(f"the loss is {loss}")
        if not np.isfinite(val_loss):
            self.raise_diverged(
                f"the validation loss is {val_loss}, though the loss is {loss:.3g}; "
                "does X_val have the scale of X?"
            )
        if loss > _DIVERGED * max(first, 1.0):
            self.raise_diverged(f"the loss grew from {first:.3g} to {loss:.3g}")

    def raise_diverged(self, what):
        """Raise the error of training that diverged, with the history so far."""
        error = ValueError(
            f"Training diverged in epoch {self.n_epochs}: {what}. Bring the columns of "
            "X to a similar scale (sklearn.preprocessing.MaxAbsScaler keeps it "
            "sparse), lower learning_rate or l2, or limit the gradient with "
            "optimizer__clipnorm=1.0."
        )
        error.history_ = self.make_history()
        raise error

    def make_history(self):
        """Join the histories, NaN where an epoch lacks an entry.

        Returns
        -------
        history : dict of ndarray of shape (n_iter,)
        """
        names = dict.fromkeys(self._before)
        for logs in self._logs:
            names |= dict.fromkeys(logs)
        missing = np.full(self._n_before, np.nan)
        return {
            name: np.concatenate(
                [
                    self._before.get(name, missing),
                    np.array([logs.get(name, np.nan) for logs in self._logs], float),
                ]
            )
            for name in names
        }

    def find_best_epoch(self):
        """Find the epoch, from 1, at which the monitored metric was best.

        With early stopping it is the epoch that the weights are of, so that only this
        fit counts.

        Returns
        -------
        epoch : int or None
            None if no epoch has the metric.
        """
        since = self._n_before if self.early_stopping else 0
        values = self._sign * self.make_history().get(self.name, np.array([]))[since:]
        if np.isnan(values).all():
            return None
        return since + int(np.nanargmax(values)) + 1

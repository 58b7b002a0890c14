"""The history of a fit, its best epoch, and patience."""

from itertools import chain

import numpy as np

from skimdb._directions import lower_is_better

# A loss that has grown by this factor since the first epoch will not recover.
_DIVERGED = 1e10


class Monitor:
    """Follows a fit epoch by epoch.

    Parameters
    ----------
    name : str
        Name of the monitored metric.
    patience : int, inf or None
        Number of epochs without improvement after which to stop. None trains all
        epochs.
    tol : float
        Minimum improvement that resets the patience.
    history : dict of ndarray
        History of an earlier fit that continues, or empty.

    Attributes
    ----------
    is_best : bool
        Whether the last epoch is the best so far.
    """

    def __init__(self, name, patience, tol, history):
        self._name = name
        self._patience = patience
        self._tol = tol
        self._before = history
        self._n_before = len(history.get("loss", ()))
        self._logs = []
        self._sign = -1 if lower_is_better(name) else 1
        self._best = self._reference = -np.inf
        self._waited = 0
        self.is_best = False

    @property
    def n_epochs(self):
        """Number of epochs, including the earlier fit."""
        return self._n_before + len(self._logs)

    def append(self, logs):
        """Append the logs of an epoch.

        Parameters
        ----------
        logs : dict of float

        Returns
        -------
        exhausted : bool
            Whether the patience has run out.

        Raises
        ------
        ValueError
            If training has diverged.
        """
        self._logs.append(logs)
        self._check_losses(logs.get("loss", 0.0), logs.get("val_loss", 0.0))
        value = self._sign * logs.get(self._name, np.nan)
        self.is_best = bool(value > self._best)
        self._best = value if self.is_best else self._best
        self._waited += 1
        if value > self._reference + self._tol:
            self._reference, self._waited = value, 0
        return self._patience is not None and self._waited >= self._patience

    def _check_losses(self, loss, val_loss):
        first = self._before.get("loss", [self._logs[0].get("loss", 0.0)])[0]
        if not np.isfinite(loss):
            self._raise_diverged(f"the loss is {loss}")
        if not np.isfinite(val_loss):
            self._raise_diverged(
                f"the validation loss is {val_loss}, though the loss is {loss:.3g}; "
                "does X_val have the scale of X?"
            )
        if loss > _DIVERGED * max(first, 1.0):
            self._raise_diverged(f"the loss grew from {first:.3g} to {loss:.3g}")

    def check_fitted(self, coefs, intercepts, state):
        """Raise an error if a fit has made something infinite or NaN.

        Parameters
        ----------
        coefs, intercepts : list of ndarray
        state : dict
            State of the optimizer.
        """
        if not all(np.isfinite(weight).all() for weight in [*coefs, *intercepts]):
            self._raise_diverged("weights are not finite")
        if not all(np.isfinite(value).all() for value in state["variables"].values()):
            # They divide the steps, which are then 0.
            self._raise_diverged(
                f"squares of the gradient are too large for {coefs[0].dtype}"
            )

    def _raise_diverged(self, reason):
        """Raise the error of training that diverged, with the history so far."""
        error = ValueError(
            f"Training diverged in epoch {self.n_epochs}: {reason}. Bring the columns "
            "of X to a similar scale (sklearn.preprocessing.MaxAbsScaler keeps it "
            "sparse), lower learning_rate or l2, or limit the gradient with "
            "optimizer__clipnorm=1.0."
        )
        error.history_ = self.make_history()
        raise error

    def make_history(self):
        """Join the histories, with NaN where an epoch lacks an entry.

        Returns
        -------
        history : dict of ndarray of shape (n_iter,)
        """
        missing = np.full(self._n_before, np.nan)
        return {
            name: np.append(
                self._before.get(name, missing),
                [logs.get(name, np.nan) for logs in self._logs],
            )
            for name in dict.fromkeys(chain(self._before, *self._logs))
        }

    def find_best_epoch(self):
        """Find the epoch, counted from 1, with the best value of the monitored metric.

        With early stopping, the weights are restored from this epoch, so only this fit
        counts.

        Returns
        -------
        epoch : int or None
            None if no epoch has the metric.
        """
        since = 0 if self._patience is None else self._n_before
        values = self._sign * self.make_history().get(self._name, np.array([]))[since:]
        if np.isnan(values).all():
            return None
        return since + int(np.nanargmax(values)) + 1

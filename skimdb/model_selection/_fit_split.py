"""One fit: an estimator trained epoch by epoch on a prepared split, and its result."""

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

import numpy as np
from sklearn.base import clone

from skimdb.model_selection._epoch_training import train_epochs
from skimdb.model_selection._prepare_split import format_error, join_pipeline


@dataclass
class FitResult:
    """Result of a fit.

    Attributes
    ----------
    history : dict of list of float, or None
        Values of each metric per epoch; None if the fit failed.
    fit_time, score_time : float
        Seconds of preprocessing and training, and of the scorers.
    error : str or None
        Traceback of a fit that failed.
    diverged : bool
        Whether training diverged, in the last epoch of the history.
    score_errors : dict of str
        Traceback of each scorer that failed.
    unseen : list
        Labels of the validation part that the training part lacks.
    """

    history: dict | None = None
    fit_time: float = 0.0
    score_time: float = 0.0
    error: str | None = None
    diverged: bool = False
    score_errors: dict = field(default_factory=dict)
    unseen: list = field(default_factory=list)


class SplitFit:
    """A fit on a split that can be continued.

    Parameters
    ----------
    estimator : classifier or regressor
        Cloned and trained.
    error_score : "raise" or float
        Whether to raise errors.
    """

    def __init__(self, estimator, error_score):
        self._estimator = clone(estimator)
        self._error_score = error_score
        self._scores = []
        self._result = FitResult()

    def train(self, split, n_epochs, task=None):
        """Train for more epochs.

        Parameters
        ----------
        split : PreparedSplit
        n_epochs : int
        task : callable, default=None
            Called with the estimator and the split; returns a context to train in.

        Returns
        -------
        result : FitResult
            Of all epochs so far.
        """
        result = self._result
        if result.history is None:
            result.fit_time = split.seconds
        result.error, result.unseen = split.error, split.unseen
        if split.error is not None:
            return result
        estimator, score = self._estimator, partial(self._score, split)
        start = time.perf_counter() - result.score_time
        try:
            with nullcontext() if task is None else task(estimator, split):
                history = train_epochs(estimator, split, n_epochs, score)
        except Exception as error:
            if self._error_score == "raise":
                raise
            history = getattr(error, "history_", None)  # until it diverged
            result.diverged = history is not None
            result.error = format_error(error)
        result.fit_time += time.perf_counter() - result.score_time - start
        result.history = self._join_history(history)
        return result

    def _score(self, split, estimator, losses=None):
        """Score the estimator after an epoch, and note its losses."""
        start = time.perf_counter()
        scores = dict(losses or {})
        for part in split.parts:
            scored = estimator
            if part.scoring.on_pipeline and split.preprocessing:
                scored = join_pipeline(split.preprocessing, estimator)
            found = part.scoring.score(scored, part.X, part.y, part.metadata)
            for name, score in found.items():
                if isinstance(score, str):
                    self._result.score_errors.setdefault(name, score)
                    score = np.nan
                scores[part.prefix + name] = score
        self._scores.append(scores)
        self._result.score_time += time.perf_counter() - start

    def _join_history(self, history):
        """Join the history of the estimator and the scores; NaN if one is missing."""
        if history is None:
            return None
        names = dict.fromkeys(chain.from_iterable(self._scores))
        curves = history | {k: [s.get(k, np.nan) for s in self._scores] for k in names}
        missing = [np.nan] * max(map(len, curves.values()), default=0)
        return {k: [*map(float, v), *missing[len(v) :]] for k, v in curves.items()}

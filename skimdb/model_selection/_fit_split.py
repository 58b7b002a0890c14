"""One fit: a classifier trained epoch by epoch on a prepared split, and its result."""

import copy
import time
from contextlib import nullcontext
from dataclasses import dataclass, field

import numpy as np
from sklearn.base import clone

from skimdb.model_selection._prepare_split import format_error


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


class _EpochScorer:
    """Callback of scikit-learn that scores a classifier after every epoch.

    Attributes
    ----------
    scores : list of dict
        Scores per epoch.
    errors : dict
        First traceback of each scorer that failed, by the name of the score.
    seconds : float
    """

    def __init__(self, split):
        self._split = split
        self.scores = []
        self.errors = {}
        self.seconds = 0.0

    def setup(self, estimator, context):
        """Do nothing before a fit."""

    def teardown(self, estimator, context):
        """Do nothing after a fit."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing before an epoch."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        """Score after an epoch, unless an error ended it."""
        if context.task_name != "epoch" or fitted_estimator is None:
            return
        start = time.perf_counter()
        scores = {}
        for part in self._split.parts:
            on_pipeline = part.scoring.on_pipeline and self._split.preprocessing
            scored = self._join(fitted_estimator) if on_pipeline else fitted_estimator
            found = part.scoring.score(scored, part.X, part.y, part.metadata)
            for name, score in found.items():
                if isinstance(score, str):
                    self.errors.setdefault(name, score)
                    score = np.nan
                scores[part.prefix + name] = score
        self.scores.append(scores)
        self.seconds += time.perf_counter() - start

    def _join(self, classifier):
        """Pipeline of the fitted preprocessing and the classifier."""
        pipeline = copy.copy(self._split.preprocessing)
        name, _ = pipeline.steps[-1]
        pipeline.steps = [*pipeline.steps[:-1], (name, classifier)]
        return pipeline


class SplitFit:
    """A fit on a split that can be continued.

    Parameters
    ----------
    classifier : estimator
        Cloned and trained.
    n_sharing : int
        Number of fits among which the time of the preprocessing is divided.
    error_score : "raise" or float
        Whether to raise errors.
    """

    def __init__(self, classifier, n_sharing, error_score):
        self._classifier = clone(classifier)
        self._n_sharing = n_sharing
        self._error_score = error_score
        self._scores = []
        self._result = FitResult()

    def train(self, split, n_epochs, task=None):
        """Train for more epochs.

        Parameters
        ----------
        split : PreparedSplit
        n_epochs : int
        task : FitTask, default=None

        Returns
        -------
        result : FitResult
            Of all epochs so far.
        """
        result = self._result
        if result.history is None:
            result.fit_time = split.seconds / self._n_sharing
        result.error, result.unseen = split.error, split.unseen
        if split.error is not None:
            return result
        classifier, scorer = self._classifier, _EpochScorer(split)
        start = time.perf_counter()
        try:
            with nullcontext() if task is None else task.run(classifier, split):
                self._fit(split, n_epochs, scorer)
            history = classifier.history_
        except Exception as error:
            if self._error_score == "raise":
                raise
            history = getattr(error, "history_", None)  # until it diverged
            result.diverged = history is not None
            result.error = format_error(error)
        result.score_time += scorer.seconds
        result.fit_time += time.perf_counter() - start - scorer.seconds
        result.score_errors = scorer.errors | result.score_errors
        self._scores += scorer.scores
        result.history = self._join_history(history)
        return result

    def _fit(self, split, n_epochs, scorer):
        classifier = self._classifier
        classifier.set_params(epochs=n_epochs)
        if hasattr(classifier, "history_"):
            classifier.warm_start = True  # not a parameter of some subclasses
        before = getattr(classifier, "_skl_callbacks", [])
        if split.parts:
            classifier.set_callbacks(*before, scorer)
        try:
            classifier.fit(split.X, split.y, **split.fit_params)
        finally:
            if split.parts:
                classifier.set_callbacks(*before)

    def _join_history(self, history):
        """Join the history of the classifier and the scores."""
        if history is None:
            return None
        missing = [np.nan] * (len(history["loss"]) - len(self._scores))
        names = dict.fromkeys(name for scores in self._scores for name in scores)
        return {k: np.asarray(v, float).tolist() for k, v in history.items()} | {
            name: [scores.get(name, np.nan) for scores in self._scores] + missing
            for name in names
        }

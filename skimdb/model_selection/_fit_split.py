"""One fit: a classifier trained on a prepared split, and what came of it."""

import copy
import time
from dataclasses import dataclass, field

import numpy as np
from sklearn.base import clone

from skimdb._fits import one_of_several
from skimdb.model_selection._errors import format_error
from skimdb.model_selection._search_tasks import tell_of_fit


@dataclass
class FitResult:
    """What came of a fit.

    Attributes
    ----------
    history : dict of list of float, or None
        Values of each metric, an epoch each; None if the fit failed.
    fit_time, score_time : float
        Seconds of preprocessing and training, and of the scorers.
    error : str or None
        Traceback of a fit that failed.
    diverged : bool
        Whether training ended, in the last epoch of the history, as it diverged.
    score_errors : dict of str
        Traceback of each scorer that failed.
    unseen : list
        Labels of the validation part that the training part lacks.
    """

    history: dict | None
    fit_time: float
    score_time: float = 0.0
    error: str | None = None
    diverged: bool = False
    score_errors: dict = field(default_factory=dict)
    unseen: list = field(default_factory=list)

    @property
    def can_be_kept(self):
        """Whether it can stand for the fit at another time: one that failed cannot."""
        return self.history is not None


class _EpochScorer:
    """Callback of scikit-learn that scores a classifier after every epoch.

    Attributes
    ----------
    scores : list of dict
        An epoch each.
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
        """Score at the end of an epoch, which is a leaf among the tasks."""
        if context.max_subtasks != 0 or fitted_estimator is None:  # ended by an error
            return
        start = time.perf_counter()
        scores = {}
        for part in self._split.parts:
            whole = part.scoring.whole and self._split.front is not None
            scored = self._join(fitted_estimator) if whole else fitted_estimator
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
        pipeline = copy.copy(self._split.front)
        name, _ = pipeline.steps[-1]
        pipeline.steps = [*pipeline.steps[:-1], (name, classifier)]
        return pipeline


class SplitFit:
    """A classifier that is trained on a split, at one go or in several.

    Parameters
    ----------
    classifier : estimator
        Not fitted; a copy of it is.
    seconds : float, default=0.0
        Share of the preprocessing.

    Attributes
    ----------
    seconds, score_seconds : float
        Seconds of preprocessing and training, and of the scorers.
    error : str or None
        Traceback, if training failed.
    """

    def __init__(self, classifier, seconds=0.0):
        self._classifier = clone(classifier)
        self._history = None
        self._scores = []
        self._score_errors = {}
        self._diverged = False
        self._unseen = []
        self.seconds, self.score_seconds = seconds, 0.0
        self.error = None

    def train(self, split, error_score, *, task=None, n_more_epochs=None):
        """Train the classifier.

        Parameters
        ----------
        split : PreparedSplit
        error_score : "raise" or float
        task : FitTask, default=None
        n_more_epochs : int, default=None
            Epochs to go on for; None for those of the classifier.

        Returns
        -------
        self : SplitFit
        """
        if n_more_epochs is not None:
            self._classifier.set_params(epochs=n_more_epochs)
            self._classifier.warm_start = True  # no parameter of some subclasses
        self.error, self._unseen = split.error, split.unseen
        scorer = _EpochScorer(split)
        start = time.perf_counter()
        try:
            with tell_of_fit(task, self._classifier, split):
                if split.error is None:
                    self._train(split, scorer)
                    self._history = self._classifier.history_
        except Exception as error:
            if error_score == "raise":
                raise
            self._history = getattr(error, "history_", None)  # up to divergence
            self._diverged = self._history is not None
            self.error = format_error(error)
        self.score_seconds += scorer.seconds
        self.seconds += time.perf_counter() - start - scorer.seconds
        self._scores += scorer.scores
        self._score_errors = scorer.errors | self._score_errors
        return self

    def _train(self, split, scorer):
        classifier = self._classifier
        before = getattr(classifier, "_skl_callbacks", [])
        if split.parts:
            classifier.set_callbacks(*before, scorer)
        token = one_of_several.set(True)
        try:
            classifier.fit(split.X, split.y, **split.fit_params)
        finally:
            one_of_several.reset(token)
            if split.parts:
                classifier.set_callbacks(*before)

    def make_result(self):
        """What came of it.

        Returns
        -------
        result : FitResult
        """
        history = self._history
        if history is not None:
            n_epochs = len(history["loss"])
            names = dict.fromkeys(name for scores in self._scores for name in scores)
            missing = [np.nan] * (n_epochs - len(self._scores))
            history = {k: np.asarray(v, float).tolist() for k, v in history.items()}
            history |= {
                name: [scores.get(name, np.nan) for scores in self._scores] + missing
                for name in names
            }
        return FitResult(
            history,
            self.seconds,
            self.score_seconds,
            self.error,
            self._diverged,
            self._score_errors,
            self._unseen,
        )

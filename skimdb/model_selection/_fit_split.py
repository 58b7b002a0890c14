"""One fit: preprocessing of a split, training on it, and what came of it."""

import copy
import queue
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from traceback import format_exception
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object

from skimdb._sklearn import _safe_indexing
from skimdb.model_selection._candidates import get_classifier
from skimdb.model_selection._scoring import EpochScoring, make_metric_scoring


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


class ScoredPart(NamedTuple):
    """Samples that are scored after every epoch.

    Attributes
    ----------
    prefix : {"val_", ""}
        Of the names of the scores: of the validation or of the training part.
    scoring : EpochScoring
        What is called.
    X, y, metadata
        What it is called with, beside the estimator.
    """

    prefix: str
    scoring: EpochScoring
    X: object
    y: object
    metadata: dict


@dataclass
class PreparedSplit:
    """A split after the preprocessing.

    Attributes
    ----------
    error : str or None
        Traceback of what made the preprocessing fail; the rest is missing then.
    seconds : float
        Seconds of the preprocessing.
    X, y
        What the classifier is fitted on.
    fit_params : dict
        Its further arguments, validation data included.
    parts : list of ScoredPart
        What is scored after every epoch.
    front : Pipeline or None
        Fitted preprocessing that ends in "passthrough", if there is any.
    unseen : list
        Labels of the validation part that the training part lacks.
    """

    error: str | None = None
    seconds: float = 0.0
    X: object = None
    y: object = None
    fit_params: dict = field(default_factory=dict)
    parts: list = field(default_factory=list)
    front: Pipeline | None = None
    unseen: list = field(default_factory=list)


def _format_error(error):
    """Traceback of an error, from its first cause on.

    joblib runs the tasks of a single job while it handles an empty queue, which is no
    cause.
    """
    link = error
    while link is not None:
        if isinstance(link.__context__, queue.Empty):
            link.__context__ = None
        link = link.__cause__ or link.__context__
    return "".join(format_exception(error))


class _Collector(BaseEstimator):
    """Last step of a pipeline that keeps what reaches the classifier in its place."""

    def __init__(self, classifier):
        self.classifier = classifier

    def fit(self, X, y=None, **params):
        self.collected_ = X, y, params
        return self

    def get_metadata_routing(self):
        return get_routing_for_object(self.classifier)


def _fit_front(estimator, data):
    """Fit the preprocessing on the training part.

    Returns
    -------
    split : PreparedSplit
        With what reaches the classifier.
    """
    if not isinstance(estimator, Pipeline):
        return PreparedSplit(X=data.X, y=data.y, fit_params=dict(data.fit_params))
    front = clone(estimator)
    name, classifier = front.steps[-1]
    front.steps[-1] = name, _Collector(classifier)
    front.fit(data.X, data.y, **data.fit_params)
    X, y, fit_params = front.steps[-1][1].collected_
    front.steps[-1] = name, "passthrough"
    return PreparedSplit(X=X, y=y, fit_params=dict(fit_params), front=front)


def _find_unseen(y, y_val):
    """Labels of `y_val` that `y` lacks, and which samples have none of them."""
    y, y_val = np.asarray(y), np.asarray(y_val)
    seen = np.full(len(y_val) if y_val.ndim else 0, True)
    if y.ndim != 1 or y_val.ndim != 1:  # an indicator matrix
        return [], seen
    try:
        seen = np.isin(y_val, np.unique(y))
        return np.unique(y_val[~seen]).tolist(), seen
    except TypeError:  # cannot be sorted, as the classifier will say
        return [], seen


def _add_validation(split, X_val, data):
    """Add what the classifier validates on to the arguments of its `fit`.

    A label that the training part lacks has no output, and so no loss: its samples
    are left out.
    """
    validation = {"X_val": X_val, "y_val": data.y_val}
    if data.weight_val is not None:
        validation["sample_weight_val"] = data.weight_val
    split.unseen, seen = _find_unseen(split.y, data.y_val)
    if split.unseen:
        rows = np.flatnonzero(seen)
        validation = {k: _safe_indexing(v, rows) for k, v in validation.items()}
        if not len(rows):
            validation = {}
    split.fit_params |= validation


def _add_scored_parts(split, X_val, data, scoring, metrics):
    """Add the parts of a split that are scored after every epoch.

    The classifier's metrics are scored here only where a label is unseen: scorers
    count it as a miss.
    """
    if split.unseen:
        weight = data.weight_val
        metadata = {} if weight is None else {"sample_weight": weight}
        stand_in = make_metric_scoring(metrics, data.y)
        split.parts.append(ScoredPart("val_", stand_in, X_val, data.y_val, metadata))
    if scoring is None:
        return
    whole = scoring.whole and split.front is not None
    X_scored = data.X_val if whole else X_val
    split.parts.append(
        ScoredPart("val_", scoring, X_scored, data.y_val, data.score_params)
    )
    if scoring.train:
        # What it was fitted on may have been resampled, or cross-fitted.
        again = split.front is not None and not whole
        X_scored = split.front.transform(data.X) if again else data.X
        split.parts.append(
            ScoredPart("", scoring, X_scored, data.y, data.train_score_params)
        )


def prepare_split(estimator, data, scoring, error_score):
    """Preprocess a split.

    Parameters
    ----------
    estimator : classifier or Pipeline
        Of any candidate of those that share the preprocessing.
    data : SplitData
    scoring : EpochScoring or None
    error_score : "raise" or float

    Returns
    -------
    split : PreparedSplit
    """
    start = time.perf_counter()
    try:
        split = _fit_front(estimator, data)
        front = split.front
        X_val = data.X_val if front is None else front.transform(data.X_val)
        metrics = get_classifier(estimator).metrics
        _add_validation(split, X_val, data)
        _add_scored_parts(split, X_val, data, scoring, metrics)
    except Exception as error:
        if error_score == "raise":
            raise
        split = PreparedSplit(error=_format_error(error))
    split.seconds = time.perf_counter() - start
    return split


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
        if context.max_subtasks != 0:
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


@contextmanager
def _tell_callbacks(task, classifier, split):
    """Tell scikit-learn's callbacks of the begin and the end of a fit."""
    if task is None:
        yield
        return
    metadata = {k: v for k, v in split.fit_params.items() if k == "sample_weight"}
    told = {"estimator": task.caller, "X": split.X, "y": split.y}
    told["metadata"] = metadata or None
    begun = False
    try:
        with task.context.propagate_callback_context(classifier):
            task.context.call_on_fit_task_begin(**told)
            begun = True
            yield
    finally:
        if begun:
            task.context.call_on_fit_task_end(**told)


class FitTask(NamedTuple):
    """A fit as scikit-learn's callbacks see it.

    Attributes
    ----------
    context : CallbackContext
    caller : estimator
        Estimator passed to the callbacks.
    """

    context: object
    caller: object


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
            self._classifier.set_params(epochs=n_more_epochs, warm_start=True)
        self.error, self._unseen = split.error, split.unseen
        scorer = _EpochScorer(split)
        start = time.perf_counter()
        try:
            with _tell_callbacks(task, self._classifier, split):
                if split.error is None:
                    self._train(split, scorer)
                    self._history = self._classifier.history_
        except Exception as error:
            if error_score == "raise":
                raise
            self._history = getattr(error, "history_", None)  # up to divergence
            self._diverged = self._history is not None
            self.error = _format_error(error)
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
        try:
            classifier.fit(split.X, split.y, **split.fit_params)
        finally:
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

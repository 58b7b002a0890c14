"""Scorers of a search: what is called after every epoch, as by `GridSearchCV`."""

import inspect
from dataclasses import dataclass
from numbers import Number

import numpy as np
from sklearn.metrics import check_scoring, get_scorer, get_scorer_names
from sklearn.utils.multiclass import type_of_target

from skimdb._sklearn import BaseScorer
from skimdb._messages import suggest_nearest
from skimdb.model_selection._errors import format_error

_RESERVED = {"loss", "epoch", "candidate", "repeat", "fold", "fit_time"}


@dataclass(frozen=True)
class EpochScoring:
    """Scores of a network after an epoch.

    Attributes
    ----------
    scorer : callable
        Called with an estimator, X, y and metadata; returns a score, or a dict.
    scorers : dict or None
        What it consists of, by name; None if only a call tells the names.
    whole : bool, default=False
        Whether it is called with the whole pipeline, and samples as they came; a
        scorer of scikit-learn is called with the classifier.
    train : bool, default=False
        Whether the training part is scored, too.
    raise_errors : bool, default=False
        Whether an error of a scorer is raised.
    """

    scorer: object
    scorers: dict | None
    whole: bool = False
    train: bool = False
    raise_errors: bool = False

    @property
    def names(self):
        """Names of the scores, None if only a call tells."""
        return None if self.scorers is None else tuple(self.scorers)

    def get_scorer(self, name):
        """Scorer of a name, or the only one; None if there is neither."""
        if self.scorers is None:
            return _PickedScore(self.scorer, name)
        if len(self.scorers) == 1:
            (only,) = self.scorers.values()
            return only
        return self.scorers.get(name)

    def score(self, estimator, X, y, metadata):
        """Score a fitted estimator.

        Returns
        -------
        scores : dict
            From each name to a float, or to the traceback of a scorer that failed.
        """
        try:
            scores = self.scorer(estimator, X, y, **metadata)
        except Exception as error:
            if self.raise_errors:
                raise
            return {"score": format_error(error)}
        if not isinstance(scores, dict):
            scores = {"score": scores}
        return {name: self._check_score(name, score) for name, score in scores.items()}

    def _check_score(self, name, score):
        if isinstance(score, str) and self.scorers is not None:
            return score  # the traceback of one among several
        value = score.item() if hasattr(score, "item") else score
        if not isinstance(value, Number):
            raise ValueError(
                f"scoring must return a number, but {name!r} is {score!r} "
                f"({type(score).__name__}). Let it return a float, or a dict of "
                "names and floats."
            )
        return float(value)


class _PickedScore:
    """One of the scores that a function returns in a dict, or else the accuracy."""

    def __init__(self, function, name):
        self._function = function
        self._name = name

    def __call__(self, estimator, X, y, **params):
        scores = self._function(estimator, X, y, **params)
        if not isinstance(scores, dict):
            return scores
        if self._name not in scores and len(scores) > 1:
            return estimator.score(X, y)
        return scores.get(self._name, next(iter(scores.values())))


class _PlainScorer:
    """Gives a function what scikit-learn asks of one scorer among several."""

    def __init__(self, function):
        self._function = function

    def __call__(self, estimator, X, y, **params):
        return self._function(estimator, X, y, **params)

    def _accept_sample_weight(self):
        return takes_weight(self._function)


class _MetricScorers:
    """Scorers that stand in for metrics of the classifier; take its weights."""

    def __init__(self, scorers):
        self._scorers = scorers

    def __call__(self, estimator, X, y, sample_weight=None):
        scores = {}
        for name, scorer in self._scorers.items():
            weighed = sample_weight is not None and takes_weight(scorer)
            weight = {"sample_weight": sample_weight} if weighed else {}
            try:
                scores[name] = scorer(estimator, X, y, **weight)
            except Exception as error:
                scores[name] = format_error(error)
        return scores


def takes_weight(scorer):
    """Whether a scorer, or None, takes sample weights."""
    if scorer is None:
        return False
    if hasattr(scorer, "_accept_sample_weight"):
        return scorer._accept_sample_weight()
    return "sample_weight" in inspect.signature(scorer).parameters


def find_scorer(name, y):
    """Scorer by its name, in scikit-learn's table; a copy that suits the labels.

    Scorers such as "f1" take the class 1 as the positive one, and fail if there is
    none, as among strings: here it is the last class then. Where a metric is not
    defined, as precision in an early epoch, it is 0 without a warning.
    """
    if name not in get_scorer_names():
        raise ValueError(
            f"Unknown metric {name!r} in scoring: scikit-learn has no scorer of that "
            "name (see sklearn.metrics.get_scorer_names())."
            f"{suggest_nearest(str(name), get_scorer_names())} Keras metrics belong "
            "in the parameter metrics of the classifier."
        )
    scorer = get_scorer(name)
    parameters = inspect.signature(scorer._score_func).parameters
    if "zero_division" in parameters:
        scorer._kwargs = {"zero_division": 0.0} | scorer._kwargs
    if "pos_label" in parameters and y is not None and type_of_target(y) == "binary":
        classes = np.unique(y)
        if parameters["pos_label"].default not in (None, *classes.tolist()):
            scorer._kwargs = {"pos_label": classes[-1]} | scorer._kwargs
    return scorer


def _name_scorers(scoring, y):
    """Dict from names to scorers."""
    if isinstance(scoring, BaseScorer):
        return {"score": scoring}
    if isinstance(scoring, str):
        scoring = [scoring]
    if not isinstance(scoring, dict):
        scoring = {name: name for name in scoring}
    for name in scoring:
        if not isinstance(name, str):
            raise ValueError(
                f"scoring has {name!r} for the name of a scorer. Give a list of names, "
                "or a dict from names of your own to scorers."
            )
        if name in _RESERVED or name.startswith("val_"):
            raise ValueError(
                f"scoring calls a scorer {name!r}, which is a column of the history "
                "already. Give it another name."
            )
    scorers = {}
    for name, scorer in scoring.items():
        if not callable(scorer):
            scorers[name] = find_scorer(scorer, y)
        elif isinstance(scorer, BaseScorer):
            scorers[name] = scorer
        else:
            scorers[name] = _PlainScorer(scorer)
    return scorers


def make_scoring(estimator, scoring, y=None, *, train=False, raise_errors=False):
    """Make what is called after every epoch.

    Parameters
    ----------
    estimator : classifier or Pipeline
    scoring : str, callable, list, tuple, dict or None
        As in `GridSearchCV`.
    y : array-like of shape (n_samples,), default=None
        All labels.
    train : bool, default=False
        Whether to score the training part, too.
    raise_errors : bool, default=False
        Whether an error of a scorer is raised.

    Returns
    -------
    scoring : EpochScoring or None
        None if there is nothing to score.

    Raises
    ------
    ValueError
        If `scoring` names no scorer.
    """
    options = {"train": train, "raise_errors": raise_errors}
    if scoring is None:
        return None
    if callable(scoring) and not isinstance(scoring, BaseScorer):
        scorer = check_scoring(estimator, scoring)
        return EpochScoring(scorer, None, whole=True, **options)
    scorers = _name_scorers(scoring, y)
    if not scorers:
        return None
    whole = not all(isinstance(scorer, BaseScorer) for scorer in scorers.values())
    scorer = check_scoring(estimator, scorers, raise_exc=raise_errors)
    return EpochScoring(scorer, scorers, whole=whole, **options)


def make_metric_scoring(names, y):
    """Make what stands in for those metrics of a classifier that are scorers.

    Parameters
    ----------
    names : sequence of str
        Metrics of the classifier.
    y : array-like of shape (n_samples,)

    Returns
    -------
    scoring : EpochScoring
    """
    known = [name for name in names if name in get_scorer_names()]
    scorers = {name: find_scorer(name, y) for name in known}
    return EpochScoring(_MetricScorers(scorers), scorers)

"""Scorers that a search calls after every epoch."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from traceback import format_exc

from sklearn.metrics import check_scoring, get_scorer, get_scorer_names

from skimdb._messages import suggest_nearest, warn
from skimdb._sklearn import BaseScorer

_RESERVED = {"loss", "epoch", "candidate", "repeat", "fold", "fit_time"}


class _PlainScorer:
    """A function with the interface of one scorer among several."""

    def __init__(self, function):
        self._function = function

    def __call__(self, estimator, X, y, **params):
        return self._function(estimator, X, y, **params)

    def _accept_sample_weight(self):
        return "sample_weight" in inspect.signature(self._function).parameters


@dataclass(frozen=True)
class EpochScoring:
    """Scores of an estimator after an epoch.

    Attributes
    ----------
    scorer : callable, default=None
        Called with an estimator, X, y and metadata; returns a score or a dict. None if
        there is nothing to score.
    scorers : dict or None
        Its scorers by name; None for a function, which may return any names.
    on_pipeline : bool, default=False
        Whether the scorers take the whole pipeline and the samples before the
        preprocessing, as functions do. Scorers of scikit-learn take the classifier.
    train : bool, default=False
        Whether to score the training part, too.
    raise_errors : bool, default=False
        Whether to raise the error of a scorer.
    """

    scorer: Callable | None = None
    scorers: dict | None = field(default_factory=dict)
    on_pipeline: bool = False
    train: bool = False
    raise_errors: bool = False

    @property
    def names(self):
        """Names of the scores; empty if only a call tells them."""
        return tuple(self.scorers or ())

    def get_scorer(self, name):
        """Scorer of this name, or the only scorer; None if there is neither."""
        if self.scorers is None:
            return self.scorer
        if len(self.scorers) == 1:
            return next(iter(self.scorers.values()))
        return self.scorers.get(name)

    def accept_weight(self):
        """Whether a scorer takes sample weights; warns of scorers that do not."""
        plain = {"score": _PlainScorer(self.scorer)}
        scorers = plain if self.scorers is None else self.scorers
        accept = {name: s._accept_sample_weight() for name, s in scorers.items()}
        for name, accepts in accept.items():
            if not accepts:
                warn(
                    f"The scorer {name!r} does not support sample_weight. Its scores "
                    "count all samples alike, although the estimator is fitted with "
                    "weights."
                )
        return any(accept.values())

    def score(self, estimator, X, y, metadata):
        """Score a fitted estimator.

        Returns
        -------
        scores : dict
            From each name to a float, or to the traceback of a scorer that failed.
        """
        try:
            scores = self.scorer(estimator, X, y, **metadata)
        except Exception:  # of the user's own code, as in GridSearchCV
            if self.raise_errors:
                raise
            return {"score": format_exc()}
        if not isinstance(scores, dict):
            scores = {"score": scores}
        return {name: self._check_score(name, score) for name, score in scores.items()}

    def _check_score(self, name, score):
        if isinstance(score, str) and self.scorers is not None:
            return score  # the traceback of one among several
        try:
            return float(score)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"scoring must return a number, got {score!r} for {name!r}."
            ) from error


def find_scorer(name):
    """Find a scorer by its name, in scikit-learn's table.

    Where a metric is undefined, such as precision in an early epoch, the scorer returns
    0 without a warning per epoch.
    """
    if name not in get_scorer_names():
        raise ValueError(
            f"Unknown metric {name!r} in scoring: scikit-learn has no scorer of this "
            "name (see sklearn.metrics.get_scorer_names())."
            f"{suggest_nearest(str(name), get_scorer_names())} For a metric of Keras, "
            "use the parameter metrics of the classifier."
        )
    scorer = get_scorer(name)  # a copy
    if "zero_division" in inspect.signature(scorer._score_func).parameters:
        scorer._kwargs = {"zero_division": 0.0} | scorer._kwargs
    return scorer


def _name_scorers(scoring):
    """Dict from names to scorers."""
    if isinstance(scoring, BaseScorer):
        return {"score": scoring}
    if isinstance(scoring, str):
        scoring = [scoring]
    if not isinstance(scoring, dict):
        scoring = {name: name for name in scoring}
    scorers = {}
    for name, scorer in scoring.items():
        if name in _RESERVED or not isinstance(name, str) or name.startswith("val_"):
            raise ValueError(
                f"scoring contains a scorer named {name!r}. Use another name, a str "
                "that is not a column of the history, in a dict from names to scorers."
            )
        found = scorer if callable(scorer) else find_scorer(scorer)
        is_scorer = isinstance(found, BaseScorer)
        scorers[name] = found if is_scorer else _PlainScorer(found)
    return scorers


def make_scoring(estimator, scoring, *, train=False, raise_errors=False):
    """Make the scoring that is called after every epoch.

    Parameters
    ----------
    estimator : classifier or Pipeline
    scoring : str, callable, list, tuple, dict or None
        As in `GridSearchCV`.
    train : bool, default=False
        Whether to score the training part, too.
    raise_errors : bool, default=False
        Whether to raise the error of a scorer.

    Returns
    -------
    scoring : EpochScoring

    Raises
    ------
    ValueError
        If `scoring` contains an unknown name.
    """
    if callable(scoring) and not isinstance(scoring, BaseScorer):
        scorer, scorers, on_pipeline = check_scoring(estimator, scoring), None, True
    else:
        scorers = _name_scorers(() if scoring is None else scoring)
        if not scorers:
            return EpochScoring()
        on_pipeline = any(isinstance(s, _PlainScorer) for s in scorers.values())
        scorer = check_scoring(estimator, scorers, raise_exc=raise_errors)
    return EpochScoring(scorer, scorers, on_pipeline, train, raise_errors)

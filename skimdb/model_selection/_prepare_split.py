"""A split made ready for the classifier: preprocessed, with what is scored."""

import time
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object

from skimdb._sklearn import _safe_indexing
from skimdb.model_selection._candidates import get_classifier
from skimdb.model_selection._errors import format_error
from skimdb.model_selection._routing import cut_split
from skimdb.model_selection._scoring import EpochScoring, make_metric_scoring


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
        Fitted preprocessing, with a last step that does nothing, if there is any.
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


class _Collector(BaseEstimator):
    """Last step of a pipeline that keeps what reaches it in the classifier's place.

    It is fitted and transforms, so that the pipeline does, whatever comes before.
    """

    def __init__(self, classifier):
        self.classifier = classifier

    def fit(self, X, y=None, **params):
        self.collected_ = X, y, params
        return self

    def transform(self, X):
        return X

    def pop_collected(self):
        collected, self.collected_ = self.collected_, None
        return collected

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
    collector = _Collector(classifier)
    front.steps[-1] = name, collector
    front.fit(data.X, data.y, **data.fit_params)
    X, y, fit_params = collector.pop_collected()
    return PreparedSplit(X=X, y=y, fit_params=dict(fit_params), front=front)


def _find_unseen(y, y_val, weight):
    """Labels of `y_val` that `y` lacks, and which samples have none of them.

    A sample without weight takes no part in training.
    """
    y, y_val = np.asarray(y), np.asarray(y_val)
    seen = np.full(len(y_val) if y_val.ndim else 0, True)
    if y.ndim != 1 or y_val.ndim != 1:  # an indicator matrix
        return [], seen
    if weight is not None:
        y = y[np.asarray(weight) > 0]
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
    split.unseen, seen = _find_unseen(
        split.y, data.y_val, split.fit_params.get("sample_weight")
    )
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


def prepare_split(estimator, data, rows, scoring, error_score):
    """Cut the data to a split and preprocess it.

    Parameters
    ----------
    estimator : classifier or Pipeline
        Of any candidate of those that share the preprocessing.
    data : SearchData
    rows : (train, validation)
        Positions of the samples.
    scoring : EpochScoring or None
    error_score : "raise" or float

    Returns
    -------
    split : PreparedSplit
    """
    start = time.perf_counter()
    data = cut_split(estimator, data, *rows)
    try:
        split = _fit_front(estimator, data)
        front = split.front
        X_val = data.X_val if front is None else front.transform(data.X_val)
        metrics = get_classifier(estimator).metrics
        _add_validation(split, X_val, data)
        _add_scored_parts(split, X_val, data, scoring, metrics)
        if scoring is None or not scoring.whole:
            split.front = None  # need not travel
    except Exception as error:
        if error_score == "raise":
            raise
        split = PreparedSplit(error=format_error(error))
    split.seconds = time.perf_counter() - start
    return split

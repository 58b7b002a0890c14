"""A split, preprocessed by the steps of the Pipeline and ready for the classifier."""

import copy
import time
from dataclasses import dataclass, field
from traceback import format_exception
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.metrics import get_scorer_names
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object

from skimdb._sklearn import _safe_indexing
from skimdb.model_selection._candidates import get_final_estimator
from skimdb.model_selection._epoch_training import get_metrics
from skimdb.model_selection._routing import find_weight
from skimdb.model_selection._scoring import EpochScoring, make_scoring


class ScoredPart(NamedTuple):
    """Samples that are scored after every epoch.

    Attributes
    ----------
    prefix : {"val_", ""}
        Prefix of the names of the scores: validation or training part.
    scoring : EpochScoring
    X, y, metadata
        Arguments of the scorers.
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
    X, y
        Training part, as it reaches the classifier.
    fit_params : dict
        Further arguments of `fit` of the estimator.
    validation : dict
        Validation data, named as arguments of `fit`; empty if no label is known.
    parts : list of ScoredPart
    preprocessing : Pipeline or None
        Fitted preprocessing with a last step that does nothing, for scorers that take
        the whole pipeline.
    unseen : list
        Labels of the validation part that the training part lacks.
    seconds : float
        Seconds of the preprocessing, divided among the fits that share it.
    error : str or None
        Traceback of an error in the preprocessing; the rest is then missing.
    """

    X: object = None
    y: object = None
    fit_params: dict = field(default_factory=dict)
    validation: dict = field(default_factory=dict)
    parts: list = field(default_factory=list)
    preprocessing: Pipeline | None = None
    unseen: list = field(default_factory=list)
    seconds: float = 0.0
    error: str | None = None


def format_error(error):
    """Format an error as its message, followed by its traceback."""
    return f"{type(error).__name__}: {error}\n" + "".join(format_exception(error))


class _CaptureStep(BaseEstimator):
    """Last step of a pipeline that captures the arguments of the classifier's `fit`.

    It also transforms, so that the pipeline does.
    """

    def __init__(self, classifier):
        self.classifier = classifier

    def fit(self, X, y=None, **params):
        self.captured_ = X, y, params
        return self

    def transform(self, X):
        return X

    def get_metadata_routing(self):
        return get_routing_for_object(self.classifier)


def join_pipeline(preprocessing, estimator):
    """Join fitted preprocessing, as `preprocess` returns it, and an estimator."""
    pipeline = copy.copy(preprocessing)
    name, _ = pipeline.steps[-1]
    pipeline.steps = [*pipeline.steps[:-1], (name, estimator)]
    return pipeline


def preprocess(estimator, data):
    """Fit the preprocessing of an estimator.

    Parameters
    ----------
    estimator : estimator or Pipeline
    data : SearchData

    Returns
    -------
    split : PreparedSplit
        The samples, labels and arguments that reach the last step.
    """
    if not isinstance(estimator, Pipeline):
        return PreparedSplit(data.X, data.y, data.fit_params)
    pipeline = clone(estimator)
    name, classifier = pipeline.steps[-1]
    capture = _CaptureStep(classifier)
    pipeline.steps[-1] = name, capture
    pipeline.fit(data.X, data.y, **data.fit_params)
    X, y, fit_params = capture.captured_
    capture.captured_ = None  # fitted, but no data
    return PreparedSplit(X, y, dict(fit_params), preprocessing=pipeline)


def _find_seen(y, y_val, weight, estimator):
    """Mask of the validation samples whose label the training part has, too."""
    y, y_val = np.asarray(y), np.asarray(y_val)
    if y.ndim != 1 or y_val.ndim != 1 or not is_classifier(estimator):
        return np.full(len(y_val), True)  # an indicator matrix, or numbers
    if weight is not None:  # samples without weight take no part in training
        y = y[np.asarray(weight) > 0]
    return pd.Series(y_val).isin(pd.unique(y)).to_numpy()


def _add_validation(split, X_val, y_val, weight_val, estimator):
    """Add the validation data, on which the loss is computed.

    Samples whose label the training part lacks have no loss. They are left out, and
    scorers that count them as errors replace the metrics of the estimator.
    """
    weight_train = split.fit_params.get("sample_weight")
    seen = _find_seen(split.y, y_val, weight_train, estimator)
    weight = {} if weight_val is None else {"sample_weight": weight_val}
    validation = {"X_val": X_val, "y_val": y_val}
    validation |= {f"{name}_val": value for name, value in weight.items()}
    if not seen.all():
        split.unseen = np.unique(np.asarray(y_val)[~seen]).tolist()
        rows = np.flatnonzero(seen)
        validation = {k: _safe_indexing(v, rows) for k, v in validation.items()}
        names = [n for n in get_metrics(estimator) if n in get_scorer_names()]
        if names:
            scoring = make_scoring(estimator, names)
            split.parts.append(ScoredPart("val_", scoring, X_val, y_val, weight))
    if seen.any() or not split.unseen:
        split.validation = validation


def _add_scoring(split, scoring, train, val, X_val):
    """Add the parts that the scorers of the search score."""
    on_pipeline = scoring.on_pipeline and split.preprocessing is not None
    X = val.X if on_pipeline else X_val
    split.parts.append(ScoredPart("val_", scoring, X, val.y, val.score_params))
    if scoring.train:
        # The classifier may be trained on other samples: resampled or cross-fitted.
        again = split.preprocessing is not None and not on_pipeline
        X = split.preprocessing.transform(train.X) if again else train.X
        split.parts.append(ScoredPart("", scoring, X, train.y, train.score_params))


def prepare_split(estimator, data, rows, scoring, error_score, n_sharing):
    """Cut the data to a split and preprocess it.

    Parameters
    ----------
    estimator : classifier or Pipeline
        Of any candidate of those that share the preprocessing.
    data : SearchData
    rows : (train, validation)
        Positions of the samples.
    scoring : EpochScoring
    error_score : "raise" or float
    n_sharing : int
        Number of fits that share the preprocessing.

    Returns
    -------
    split : PreparedSplit
        With the error if the preprocessing failed.
    """
    start = time.perf_counter()
    train, val = map(data.cut, rows)
    try:
        split = preprocess(estimator, train)
        has_steps = split.preprocessing is not None
        X_val = split.preprocessing.transform(val.X) if has_steps else val.X
        weight_val = find_weight(estimator, val.fit_params)
        _add_validation(split, X_val, val.y, weight_val, get_final_estimator(estimator))
        if scoring.scorer is not None:
            _add_scoring(split, scoring, train, val, X_val)
        if not scoring.on_pipeline:
            split.preprocessing = None  # need not travel
    except Exception as error:
        if error_score == "raise":
            raise
        split = PreparedSplit(error=format_error(error))
    split.seconds = (time.perf_counter() - start) / n_sharing
    return split

"""Data of a search: samples, labels, splits, and metadata with its recipients."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse
from sklearn import get_config
from sklearn.base import is_classifier
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import indexable
from sklearn.utils.metadata_routing import process_routing

from skimdb._checks import check_indices, check_labels_present
from skimdb._sklearn import _check_method_params, _safe_indexing
from skimdb.model_selection._candidates import get_prefix

# Arguments of `fit` of the classifier that a search sets itself.
_VALIDATION = {"X_val", "y_val", "sample_weight_val"}


@dataclass(frozen=True)
class SearchData:
    """Samples of a search, or of a part of a split, with their metadata.

    Attributes
    ----------
    X, y
        Samples and labels.
    fit_params : dict
        Arguments of `fit` of the estimator.
    score_params : dict
        Arguments of the scorers.
    split_params : dict
        Arguments of `split` of the splitter.
    """

    X: object
    y: object
    fit_params: dict
    score_params: dict
    split_params: dict

    def cut(self, rows):
        """Cut the samples, and the metadata that have a value per sample."""
        X, y = (_safe_indexing(array, rows) for array in (self.X, self.y))
        params = (self.fit_params, self.score_params, self.split_params)
        cut = (_check_method_params(self.X, each, indices=rows) for each in params)
        return SearchData(X, y, *cut)


def _check_names(params):
    for name in params:
        if str(name).rpartition("__")[2] in _VALIDATION:
            raise ValueError(
                f"A search validates on the splits of cv, but got {name}. To validate "
                "on your own samples, append them to X and y and use "
                "cv=PredefinedSplit(...), with -1 for training samples and 0 for "
                "validation samples."
            )


def route_metadata(search, X, y, params, scoring):
    """Check the data of a search, and route the metadata.

    Parameters
    ----------
    search : EpochSearchCV
    X, y
        All samples and labels.
    params : dict
        Arguments of `fit` of the search.
    scoring : EpochScoring

    Returns
    -------
    data : SearchData
    """
    if y is None:
        raise ValueError(
            "A search requires y to be passed, but the target y is None. Use fit(X, y)"
        )
    _check_names(params)
    for name, array in [("X", X), ("y", y)]:
        if scipy.sparse.issparse(array):  # before rows are taken from it
            check_indices(array, name)
    check_labels_present(y)
    X, y = indexable(X, y.toarray() if scipy.sparse.issparse(y) else y)
    params = _check_method_params(X, params=params)
    if get_config()["enable_metadata_routing"]:
        routed = process_routing(search, "fit", **params)
        is_scored = scoring.scorer is not None
        score_params = routed.epoch_scorer.score if is_scored else {}
        if hasattr(scoring.scorer, "get_metadata_routing"):
            # Several scorers route once more. Raise now rather than in each fit.
            process_routing(scoring.scorer, "score", **score_params)
        fit_params, split_params = routed.estimator.fit, routed.splitter.split
        return SearchData(X, y, fit_params, score_params, split_params)
    fit_params = {name: value for name, value in params.items() if name != "groups"}
    weight = params.get("sample_weight")
    is_weighted = weight is not None and scoring.accept_weight()
    score_params = {"sample_weight": weight} if is_weighted else {}
    return SearchData(X, y, fit_params, score_params, {"groups": params.get("groups")})


def find_weight(estimator, fit_params):
    """Find the sample weights that reach the classifier among the arguments of `fit`.

    Returns
    -------
    weight : array-like or None
    """
    if not isinstance(estimator, Pipeline):
        return fit_params.get("sample_weight")
    if get_config()["enable_metadata_routing"]:
        routed = process_routing(estimator, "fit", **fit_params)
        return routed[estimator.steps[-1][0]].fit.get("sample_weight")
    return fit_params.get(f"{get_prefix(estimator)}sample_weight")


def make_splits(cv, estimator, data):
    """List the splits.

    Parameters
    ----------
    cv : int, splitter, iterable or None
    estimator : estimator
        Splits are stratified if it is a classifier and `cv` is a number or None.
    data : SearchData

    Returns
    -------
    splits : list of (train, validation)
        Positions of samples, or boolean masks.
    n_repeats : int
        Number of repetitions of the cross-validation.

    Raises
    ------
    TypeError, ValueError
        If `cv` is not a splitter, or gives no split.
    """
    if isinstance(cv, type):
        raise TypeError(
            f"cv must be a splitter instance, got the class {cv.__name__}. Use "
            f"cv={cv.__name__}()."
        )
    splitter = check_cv(cv, data.y, classifier=is_classifier(estimator))
    splits = [
        (np.asarray(train), np.asarray(validation))
        for train, validation in splitter.split(data.X, data.y, **data.split_params)
    ]
    if not splits:
        raise ValueError(
            "No fits were performed: cv gives no split. Was the iterator empty, or "
            "used up by an earlier fit? Use a list or a splitter."
        )
    n_repeats = getattr(splitter, "n_repeats", 1)
    return splits, n_repeats if len(splits) % n_repeats == 0 else 1

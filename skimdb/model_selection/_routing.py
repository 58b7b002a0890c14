"""Metadata: divided between estimator, splitter and scorer, and cut to a split."""

from typing import NamedTuple

import numpy as np
import scipy.sparse
from sklearn import get_config
from sklearn.base import is_classifier
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import indexable
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)

from skimdb._checks import check_labels_present
from skimdb._sklearn import _check_method_params, _safe_indexing
from skimdb._checks import check_indices
from skimdb.model_selection._candidates import get_prefix
from skimdb.model_selection._scoring import takes_weight

# Arguments of `fit` of the classifier that a search gives itself.
_VALIDATION = {"X_val", "y_val", "sample_weight_val"}


class SearchData(NamedTuple):
    """All samples of a search, with their metadata.

    Attributes
    ----------
    X, y
        All samples.
    fit_params : dict
        Arguments of `fit` of the estimator.
    score_params : dict
        Arguments of the scorer.
    split_params : dict
        Arguments of `split` of the splitter.
    """

    X: object
    y: object
    fit_params: dict
    score_params: dict
    split_params: dict


class SplitData(NamedTuple):
    """Training and validation part of a split.

    Attributes
    ----------
    X, y
        Samples to train on.
    X_val, y_val
        Samples to validate on.
    fit_params : dict
        Arguments of `fit`, for the training part.
    weight_val : array-like or None
        Weights of the validation part, of the kind that the classifier trains with.
    score_params, train_score_params : dict
        Arguments of the scorer, for the validation and for the training part.
    """

    X: object
    y: object
    X_val: object
    y_val: object
    fit_params: dict
    weight_val: object
    score_params: dict
    train_score_params: dict


def make_router(owner, estimator, cv, scorer=None):
    """Make the router of a search: `fit` to estimator, splitter and scorer.

    Parameters
    ----------
    owner : estimator or str
    estimator : estimator
    cv : int, splitter, iterable or None
    scorer : callable or None

    Returns
    -------
    router : MetadataRouter
    """
    to_fit = MethodMapping().add(caller="fit", callee="fit")
    to_split = MethodMapping().add(caller="fit", callee="split")
    router = MetadataRouter(owner=owner)
    router.add(estimator=estimator, method_mapping=to_fit)
    router.add(splitter=cv, method_mapping=to_split)
    if scorer is not None:
        to_score = MethodMapping().add(caller="fit", callee="score")
        router.add(epoch_scorer=scorer, method_mapping=to_score)
    return router


def route_metadata(router, X, y, params, scorer=None):
    """Divide metadata between estimator, splitter and scorer.

    Parameters
    ----------
    router : MetadataRouter, or estimator that has one
    X, y
        All samples.
    params : dict
        Arguments of `fit` of the search.
    scorer : callable or None

    Returns
    -------
    data : SearchData
    """
    if y is None:
        raise ValueError(
            "A search requires y to be passed, but the target y is None. It scores "
            "predictions by labels: fit(X, y)."
        )
    for name in params:
        if not isinstance(name, str):
            raise TypeError(
                f"params leads from names of arguments, not from {name!r}: "
                "params={'sample_weight': weights}, for instance."
            )
        if name.rpartition("__")[2] in _VALIDATION:
            raise ValueError(
                f"{name} is given to a search, which validates on the splits of cv. "
                "To validate on samples of your own, append them to X and y, and give "
                "cv=PredefinedSplit(...), with -1 for those to train on and 0 for them."
            )
    for name, array in [("X", X), ("y", y)]:
        if scipy.sparse.issparse(array):  # before rows are taken of it
            check_indices(array, name)
    check_labels_present(y)
    X, y = indexable(X, y)
    params = _check_method_params(X, params=params)
    if get_config()["enable_metadata_routing"]:
        routed = process_routing(router, "fit", **params)
        score_params = {} if scorer is None else routed.epoch_scorer.score
        if hasattr(scorer, "get_metadata_routing"):
            # Several scorers divide it once more: raise now what they would then.
            process_routing(scorer, "score", **score_params)
        return SearchData(
            X, y, routed.estimator.fit, score_params, routed.splitter.split
        )
    fit_params = {name: value for name, value in params.items() if name != "groups"}
    weight = params.get("sample_weight")
    weighed = weight is not None and takes_weight(scorer)
    return SearchData(
        X,
        y,
        fit_params,
        {"sample_weight": weight} if weighed else {},
        {"groups": params.get("groups")},
    )


def _find_weight(estimator, fit_params):
    """Weights among the arguments of `fit` that reach the classifier, or None."""
    if not isinstance(estimator, Pipeline):
        return fit_params.get("sample_weight")
    if get_config()["enable_metadata_routing"]:
        routed = process_routing(estimator, "fit", **fit_params)
        return routed[estimator.steps[-1][0]].fit.get("sample_weight")
    return fit_params.get(f"{get_prefix(estimator)}sample_weight")


def cut_split(estimator, data, train, validation):
    """Cut the data into the two parts of a split.

    Parameters
    ----------
    estimator : classifier or Pipeline
    data : SearchData
    train, validation : array-like of int
        Positions of the samples.

    Returns
    -------
    split : SplitData
    """

    def cut_params(params, rows):
        return _check_method_params(data.X, params=params, indices=rows)

    try:
        parts = [
            _safe_indexing(array, rows)
            for rows in (train, validation)
            for array in (data.X, data.y)
        ]
    except (TypeError, ValueError) as error:
        error.add_note(
            "Raised as X and y were divided into the parts of a split. Are they "
            "arrays, lists, tables or sparse matrices that are not malformed?"
        )
        raise
    return SplitData(
        *parts,
        cut_params(data.fit_params, train),
        _find_weight(estimator, cut_params(data.fit_params, validation)),
        cut_params(data.score_params, validation),
        cut_params(data.score_params, train),
    )


def find_splitter(cv, y, estimator):
    """Find the splitter that `cv` stands for, as scikit-learn does."""
    if isinstance(cv, type):
        name = cv.__name__
        raise TypeError(f"cv is the class {name}: make a splitter of it, as {name}().")
    return check_cv(cv, y, classifier=is_classifier(estimator))


def _check_positions(rows, data):
    """Raise for positions that no sample has."""
    n_samples = data.y.shape[0] if hasattr(data.y, "shape") else len(data.y)
    numbers = np.asarray(rows)
    if (
        numbers.dtype != bool
        and numbers.size
        and not (-n_samples <= numbers.min() <= numbers.max() < n_samples)
    ):
        raise ValueError(
            f"A split has positions from {numbers.min()} to {numbers.max()}, but there "
            f"are {n_samples} samples, with positions from 0 to {n_samples - 1}. "
            "Were the splits made for other samples?"
        )
    return rows


def make_splits(cv, data):
    """List the splits.

    Parameters
    ----------
    cv : splitter
    data : SearchData

    Returns
    -------
    splits : list of (train, validation)
        Positions of samples.
    n_repeats : int
        How often the cross-validation is repeated.

    Raises
    ------
    ValueError
        If there is no split.
    """
    try:
        splits = [
            (_check_positions(train, data), _check_positions(validation, data))
            for train, validation in cv.split(data.X, data.y, **data.split_params)
        ]
    except (TypeError, ValueError) as error:
        error.add_note(
            f"Raised by cv={cv!r}. It must be a number of folds, a splitter such as "
            "KFold(5), or a list of pairs of positions: training part, validation part."
        )
        raise
    if not splits:
        raise ValueError(
            "No fits were performed: cv gives no split. Was the iterator empty, or "
            "has it been used up by an earlier fit? Give a list, or a splitter."
        )
    n_repeats = getattr(cv, "n_repeats", 1)
    return splits, n_repeats if len(splits) % n_repeats == 0 else 1

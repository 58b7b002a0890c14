"""Candidates of an epoch search: parameter settings of a classifier or pipeline."""

from collections.abc import Mapping
from typing import NamedTuple

import joblib
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import Pipeline


class Candidate(NamedTuple):
    """A setting of the parameters, all but the number of epochs.

    Attributes
    ----------
    name : str or int
        As displayed; the position if no name was given.
    params : dict
    """

    name: object
    params: dict


def split_pipeline(estimator):
    """Separate the classifier from the preprocessing before it.

    Parameters
    ----------
    estimator : estimator
        A classifier that records an epoch curve, or a Pipeline that ends in one.

    Returns
    -------
    steps : list of (str, transformer)
        Preprocessing, in order; empty for a classifier alone.
    classifier : estimator
    prefix : str
        What comes before the name of a parameter of the classifier.

    Raises
    ------
    TypeError
        If there is no such classifier.
    """
    steps, classifier, prefix = [], estimator, ""
    if isinstance(estimator, Pipeline) and estimator.steps:
        *steps, (name, classifier) = estimator.steps
        prefix = f"{name}__"
    get_params = getattr(classifier, "get_params", dict)
    if not {"epochs", "metrics"} <= get_params().keys():
        raise TypeError(
            "An epoch curve needs a KerasMLPClassifier, or a Pipeline whose last step "
            f"is one, but got {classifier!r}. scikit-learn's validation_curve takes "
            "any estimator."
        )
    return steps, classifier, prefix


def make_candidates(estimator, param_grid):
    """List the candidates of a grid.

    Parameters
    ----------
    estimator : estimator
        Classifier or Pipeline.
    param_grid : None, dict, list of dict, or mapping from names to dict
        See `skimdb.epoch_curve`.

    Returns
    -------
    candidates : list of Candidate

    Raises
    ------
    ValueError
        If a parameter does not exist or is the number of epochs, or if a classifier
        would stop early.
    """
    if (
        isinstance(param_grid, Mapping)
        and param_grid
        and all(isinstance(params, Mapping) for params in param_grid.values())
    ):
        candidates = [
            Candidate(name, dict(params)) for name, params in param_grid.items()
        ]
    else:
        grid = ParameterGrid({} if param_grid is None else param_grid)
        candidates = [Candidate(i, params) for i, params in enumerate(grid)]
    for candidate in candidates:
        _, classifier, prefix = split_pipeline(configure(estimator, candidate.params))
        if f"{prefix}epochs" in candidate.params:
            raise ValueError(
                f"{prefix}epochs is in param_grid, but every epoch up to max_epochs "
                "is a candidate already. Leave it out and set max_epochs."
            )
        if getattr(classifier, "early_stopping", False):
            raise ValueError(
                "early_stopping=True would end each fit on its own, before there is "
                "a curve to choose an epoch from. Set it to False."
            )
    return candidates


def configure(estimator, params):
    """Copy an estimator with other parameters, which are copied, too."""
    return clone(estimator).set_params(**clone(params, safe=False))


def group_by_preprocessing(estimator, candidates):
    """Group the positions of candidates that share their preprocessing.

    Parameters
    ----------
    estimator : estimator
    candidates : list of Candidate

    Returns
    -------
    groups : list of list of int
    """
    steps, _, prefix = split_pipeline(estimator)
    if not steps:  # nothing to share
        return [[i] for i in range(len(candidates))]
    groups = {}
    for i, candidate in enumerate(candidates):
        preprocessing = {
            name: value
            for name, value in candidate.params.items()
            if not f"{name}__".startswith(prefix)
        }
        groups.setdefault(joblib.hash(preprocessing), []).append(i)
    return list(groups.values())


def short_names(names):
    """Parameter names without what comes before the last ``__``, where unique.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    short : dict
        From each name to its short form.
    """
    last = [name.rpartition("__")[2] for name in names]
    return {
        name: short if last.count(short) == 1 else name
        for name, short in zip(names, last, strict=True)
    }


def describe(candidate):
    """Describe a candidate in a line.

    Parameters
    ----------
    candidate : Candidate

    Returns
    -------
    description : str
    """
    short = short_names(list(candidate.params))
    params = ", ".join(f"{short[k]}={v!r}" for k, v in candidate.params.items())
    if isinstance(candidate.name, int):
        return f"{candidate.name} ({params})" if params else f"{candidate.name}"
    return f"{candidate.name!r}" + (f" ({params})" if params else "")

"""Candidates of a search: an estimator with some parameters changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.pipeline import Pipeline

from skimdb.model_selection import _epoch_training


@dataclass(frozen=True)
class Candidate:
    """Parameters to try, all but the number of epochs.

    Attributes
    ----------
    name : str or int
        Display name, or the position if no name was given.
    params : dict
        Parameters that differ from the estimator of the search.
    estimator : classifier, regressor or Pipeline
        Unfitted estimator with these parameters.
    """

    name: str | int
    params: dict
    estimator: BaseEstimator

    @property
    def final(self):
        """The estimator that trains epoch by epoch: the estimator, or its last step."""
        return get_final_estimator(self.estimator)

    def describe(self):
        """Describe the candidate in a line, for messages."""
        short = shorten_names(list(self.params))
        params = ", ".join(f"{short[k]}={v!r}" for k, v in self.params.items())
        name = f"{self.name}" if isinstance(self.name, int) else f"{self.name!r}"
        return f"{name} ({params})" if params else name


def get_prefix(estimator):
    """Prefix of the classifier's parameters: empty without a Pipeline."""
    return f"{estimator.steps[-1][0]}__" if isinstance(estimator, Pipeline) else ""


def has_preprocessing(estimator):
    """Whether there are steps before the classifier."""
    return isinstance(estimator, Pipeline) and len(estimator.steps) > 1


def get_final_estimator(estimator):
    """Estimator that trains epoch by epoch: the estimator, or its last step.

    Parameters
    ----------
    estimator : classifier, regressor or Pipeline

    Returns
    -------
    final : classifier or regressor

    Raises
    ------
    TypeError
        If it cannot train epoch by epoch.
    """
    final = estimator
    if isinstance(estimator, Pipeline) and estimator.steps:
        final = estimator.steps[-1][1]
    if not _epoch_training.can_train(final):
        raise TypeError(
            "Expected a classifier or regressor that trains epoch by epoch, such as "
            "KerasMLPClassifier or any with partial_fit, or a Pipeline that ends in "
            f"one, got {final!r}. validation_curve accepts any estimator."
        )
    return final


def configure_estimator(estimator, params):
    """Clone an estimator and set parameters, which are cloned, too.

    An optimizer or a schedule of Keras is not: each fit makes its own copy anyway.
    """
    copies = {
        name: value if hasattr(value, "get_config") else clone(value, safe=False)
        for name, value in params.items()
    }
    return clone(estimator).set_params(**copies)


def _has_display_names(estimator, param_grid):
    """Whether a mapping leads from display names to parameters.

    Otherwise it is a grid, whose values may be dicts by mistake.
    """
    if not isinstance(param_grid, Mapping) or not param_grid:
        return False
    known = estimator.get_params().keys()
    return all(
        isinstance(params, Mapping)
        and all(isinstance(key, str) for key in params)
        and (name not in known or not params or params.keys() & known)
        for name, params in param_grid.items()
    )


def _list_params(estimator, param_grid):
    """Pairs of the name and the parameters of each candidate."""
    if _has_display_names(estimator, param_grid):
        return [(name, dict(params)) for name, params in param_grid.items()]
    if isinstance(param_grid, ParameterGrid | ParameterSampler):
        return list(enumerate(param_grid))
    grids = [param_grid] if isinstance(param_grid, Mapping) else param_grid or []
    items = [
        item for grid in grids if isinstance(grid, Mapping) for item in grid.items()
    ]
    for name, values in items:
        if not isinstance(name, str):
            raise TypeError(f"Keys of param_grid must be parameter names, got {name}.")
        if hasattr(values, "rvs"):
            raise TypeError(
                f"Expected a list of values for {name!r}, got a distribution. Draw the "
                "candidates: param_grid=ParameterSampler({...}, n_iter=10, "
                "random_state=0), from sklearn.model_selection."
            )
    return list(enumerate(ParameterGrid({} if param_grid is None else param_grid)))


def make_candidates(estimator, param_grid, max_epochs):
    """Make the candidates of a search.

    Parameters
    ----------
    estimator : classifier, regressor or Pipeline
    param_grid : None, dict, list of dict, mapping from names to dict, \
            ParameterGrid or ParameterSampler
        See `skimdb.epoch_curve`.
    max_epochs : int
        Epochs to train each candidate for.

    Returns
    -------
    candidates : list of Candidate

    Raises
    ------
    ValueError
        If a parameter does not exist or is the number of epochs, or if an estimator
        would stop early.
    """
    by_fit = _epoch_training.trains_by_fit(get_final_estimator(estimator))
    prefix = get_prefix(estimator)
    candidates = []
    for name, params in _list_params(estimator, param_grid):
        if by_fit and f"{prefix}epochs" in params:
            raise ValueError(
                f"param_grid contains {prefix}epochs, but the search already compares "
                "all epochs up to max_epochs. Leave it out and set max_epochs."
            )
        candidate = Candidate(name, params, configure_estimator(estimator, params))
        if getattr(candidate.final, "early_stopping", False):
            raise ValueError(
                "early_stopping=True would end each fit separately, and the search "
                "needs the curves of all splits. Set early_stopping=False; "
                "n_iter_no_change of the search stops by the mean curve."
            )
        if _epoch_training.trains_by_fit(candidate.final):
            candidate.final.set_params(epochs=max_epochs)
        candidates.append(candidate)
    if not candidates:
        raise ValueError(
            "No fits were performed: param_grid contains no candidate. Were its lists "
            "empty?"
        )
    return candidates


def _identify_value(value):
    """Key that two values share only if they are the same."""
    try:
        hash(value)
    except TypeError:
        return id(value)
    return type(value), value, repr(value)  # 1, 1.0 and True are equal


def group_by_preprocessing(candidates):
    """Group the positions of candidates that share their preprocessing.

    Parameters
    ----------
    candidates : list of Candidate

    Returns
    -------
    groups : list of list of int
        For each candidate, its group.
    """
    if not has_preprocessing(candidates[0].estimator):  # nothing to share
        return [[i] for i in range(len(candidates))]
    prefix = get_prefix(candidates[0].estimator)
    keys, groups = [], {}
    for i, candidate in enumerate(candidates):
        preprocessing = frozenset(
            (name, _identify_value(value))
            for name, value in candidate.params.items()
            if not f"{name}__".startswith(prefix)
        )
        # Splits with unseen labels score the metrics of the estimator.
        keys.append((preprocessing, _epoch_training.get_metrics(candidate.final)))
        groups.setdefault(keys[i], []).append(i)
    return [groups[key] for key in keys]


def shorten_names(names):
    """Drop the prefixes of parameter names that stay unique without them.

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

"""Candidates of a search: settings of the parameters of a classifier or pipeline."""

from collections.abc import Mapping
from dataclasses import dataclass

from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class Candidate:
    """A setting of the parameters, all but the number of epochs.

    Attributes
    ----------
    name : str or int
        As displayed; the position if no name was given.
    params : dict
        What differs from the estimator of the search.
    estimator : classifier or Pipeline
        With these parameters, not fitted.
    front : list of (str, transformer)
        Its steps before the classifier; empty for a classifier alone.
    classifier : estimator
        The classifier itself.
    """

    name: str | int
    params: dict
    estimator: BaseEstimator
    front: list
    classifier: BaseEstimator

    def describe(self):
        """Describe the candidate in a line, for messages."""
        short = shorten_names(list(self.params))
        params = ", ".join(f"{short[k]}={v!r}" for k, v in self.params.items())
        name = f"{self.name}" if isinstance(self.name, int) else f"{self.name!r}"
        return f"{name} ({params})" if params else name


def get_prefix(estimator):
    """What comes before the name of a parameter of the classifier."""
    return f"{estimator.steps[-1][0]}__" if isinstance(estimator, Pipeline) else ""


def get_classifier(estimator):
    """Classifier that records an epoch curve: the estimator, or its last step.

    Parameters
    ----------
    estimator : classifier or Pipeline

    Returns
    -------
    classifier : estimator

    Raises
    ------
    TypeError
        If there is no such classifier.
    """
    classifier = estimator
    if isinstance(estimator, Pipeline) and estimator.steps:
        classifier = estimator.steps[-1][1]
    known = getattr(classifier, "get_params", dict)()
    missing = [name for name in ("epochs", "metrics") if name not in known]
    if missing and all(hasattr(classifier, name) for name in missing):
        raise TypeError(
            f"A search sets how many epochs to train for, and reads what is recorded, "
            f"but {' and '.join(missing)} cannot be set for a "
            f"{type(classifier).__name__}: its constructor does not take "
            f"{'it' if len(missing) == 1 else 'them'}. Let __init__ take "
            f"{' and '.join(missing)}, and hand them on to that of its base class."
        )
    if missing:
        raise TypeError(
            "An epoch curve needs a KerasMLPClassifier, or a Pipeline whose last step "
            f"is one, but got {classifier!r}. scikit-learn's validation_curve takes "
            "any estimator."
        )
    return classifier


def configure_estimator(estimator, params):
    """Copy an estimator with other parameters, which are copied, too.

    An optimizer or a schedule of Keras is not, since it would be copied by its
    configuration, which need not know all; each fit has a copy of its own anyway.
    """
    copies = {
        name: value if hasattr(value, "get_config") else clone(value, safe=False)
        for name, value in params.items()
    }
    return clone(estimator).set_params(**copies)


def _names_candidates(estimator, param_grid):
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


def _name_params(estimator, param_grid):
    """Pairs of the name and the parameters of each candidate."""
    if isinstance(param_grid, ParameterGrid | ParameterSampler):
        return list(enumerate(param_grid))
    if _names_candidates(estimator, param_grid):
        return [(name, dict(params)) for name, params in param_grid.items()]
    grids = [param_grid] if isinstance(param_grid, Mapping) else param_grid or []
    settings = [grid for grid in grids if isinstance(grid, Mapping)]
    for name, values in (item for grid in settings for item in grid.items()):
        if not isinstance(name, str):
            raise TypeError(
                f"A grid leads from names of parameters, which are strings, to values; "
                f"got {name!r} as a name."
            )
        if hasattr(values, "rvs"):
            raise TypeError(
                f"The values of {name!r} are a distribution, which has no end. Draw "
                "candidates from it: param_grid=ParameterSampler({...}, n_iter=10, "
                "random_state=0), of sklearn.model_selection."
            )
    return list(enumerate(ParameterGrid({} if param_grid is None else param_grid)))


def make_candidates(estimator, param_grid, max_epochs):
    """Make the candidates of a search.

    Parameters
    ----------
    estimator : classifier or Pipeline
    param_grid : None, dict, list of dict, mapping from names to dict, \
            ParameterGrid or ParameterSampler
        See `skimdb.epoch_curve`.
    max_epochs : int
        Epochs that each is trained for.

    Returns
    -------
    candidates : list of Candidate

    Raises
    ------
    ValueError
        If a parameter does not exist or is the number of epochs, or if a classifier
        would stop early.
    """
    get_classifier(estimator)
    prefix = get_prefix(estimator)
    candidates = []
    for name, params in _name_params(estimator, param_grid):
        if f"{prefix}epochs" in params:
            raise ValueError(
                f"{prefix}epochs is in param_grid, but every epoch up to max_epochs "
                "is a candidate already. Leave it out and set max_epochs."
            )
        configured = configure_estimator(estimator, params)
        classifier = get_classifier(configured)
        if getattr(classifier, "early_stopping", False):
            raise ValueError(
                "early_stopping=True would end each fit on its own, before there is "
                "a curve to choose an epoch from. Set it to False."
            )
        classifier.set_params(epochs=max_epochs)
        front = configured.steps[:-1] if isinstance(configured, Pipeline) else []
        candidates.append(Candidate(name, params, configured, front, classifier))
    if not candidates:
        raise ValueError(
            "No fits were performed: param_grid holds no candidate. Were its lists "
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
    """
    if not candidates[0].front:  # nothing to share
        return [[i] for i in range(len(candidates))]
    prefix = get_prefix(candidates[0].estimator)
    groups = {}
    for i, candidate in enumerate(candidates):
        preprocessing = frozenset(
            (name, _identify_value(value))
            for name, value in candidate.params.items()
            if not f"{name}__".startswith(prefix)
        )
        # A split is prepared together with the scorers that stand in for metrics.
        key = preprocessing, repr(candidate.classifier.metrics)
        groups.setdefault(key, []).append(i)
    return list(groups.values())


def shorten_names(names):
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

"""The plan of a search: its fits and how to run them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from skimdb._messages import warn
from skimdb.model_selection._candidates import make_candidates
from skimdb.model_selection._epoch_training import (
    get_metrics,
    has_loss,
    trains_by_fit,
)
from skimdb.model_selection._routing import make_splits, route_metadata
from skimdb.model_selection._scoring import EpochScoring, make_scoring


class Fit(NamedTuple):
    """One candidate on one split, by their positions."""

    candidate: int
    split: int


@dataclass(frozen=True)
class SearchPlan:
    """The fits of a search and how to run them.

    Attributes
    ----------
    search : EpochSearchCV
        The search, for its parameters.
    candidates : list of Candidate
    splits : list of (train, validation)
        Positions of samples.
    scoring : EpochScoring or None
    cache : dict
        The CacheEntry of each Fit whose result may be cached.
    make_task : callable or None
        Makes the FitTask of a Fit, for scikit-learn's callbacks.
    """

    search: object
    candidates: list
    splits: list
    scoring: EpochScoring | None = None
    cache: dict = field(default_factory=dict)
    make_task: Callable | None = None

    @property
    def n_fits(self):
        """Number of fits."""
        return len(self.candidates) * len(self.splits)


def make_plan(search, X, y, params):
    """Check the input of a search, and make the plan of its fits.

    Parameters
    ----------
    search : EpochSearchCV
    X, y
        All samples and labels.
    params : dict
        Arguments of `fit` of the search.

    Returns
    -------
    plan : SearchPlan
    data : SearchData
    n_repeats : int
        Number of repetitions of the cross-validation.
    """
    candidates = make_candidates(search.estimator, search.param_grid, search.max_epochs)
    scoring = make_scoring(
        search.estimator,
        search.scoring,
        train=search.return_train_score,
        raise_errors=search.error_score == "raise",
    )
    data = route_metadata(search, X, y, params, scoring)
    splits, n_repeats = make_splits(search.cv, search.estimator, data)
    plan = SearchPlan(search, candidates, splits, scoring)
    return plan, data, n_repeats


def check_recorded(monitor, names):
    """Raise an error if the monitored entry is not among the recorded names."""
    if monitor not in names:
        recorded = [name for name in names if name.startswith("val_")]
        raise ValueError(
            f"monitor={monitor!r} is not recorded on validation data (recorded: "
            f"{', '.join(recorded) or 'nothing'}). Set monitor to a recorded entry, or "
            "record a metric: scoring='accuracy', monitor='val_accuracy'."
        )


def check_plan(plan):
    """Raise an error for parameters of a search that do not fit together.

    Parameters
    ----------
    plan : SearchPlan
    """
    search = plan.search
    if isinstance(search.refit, str):
        raise ValueError(
            f"refit must be True, False or a callable, got {search.refit!r}. Use "
            f"monitor='val_{search.refit}' to search by this metric."
        )
    if search.rule == "one_se" and len(plan.splits) < 2:
        raise ValueError(
            "rule='one_se' needs the standard error over two or more splits, but "
            "cv gives one. Use rule='min', or more splits."
        )
    finals = [candidate.final for candidate in plan.candidates]
    names = [name for final in finals for name in get_metrics(final)]
    names += ["loss"] if all(map(has_loss, finals)) else []
    scorers = plan.scoring.names if plan.scoring is not None else ()
    names += scorers
    if search.monitor == "val_loss" and plan.scoring is not None:
        name = scorers[0] if scorers else "score"
        warn(
            f"The search uses monitor='val_loss'; the scores of scoring are recorded "
            f"only. Set monitor='val_{name}' to search by a score."
        )
    # A function or a callback tells the names only when it is called.
    is_open = plan.scoring is not None and plan.scoring.scorers is None
    is_open |= any(getattr(final, "callbacks", None) is not None for final in finals)
    if not is_open or search.monitor == "val_loss":
        check_recorded(search.monitor, [f"val_{name}" for name in names])
    if search.n_iter_no_change is not None and any(map(_keeps_state, finals)):
        raise ValueError(
            "n_iter_no_change trains in steps, which is not the same as one fit for "
            "Keras callbacks and for optimizers with use_ema=True. Remove callbacks "
            "and set use_ema=False, or set n_iter_no_change=None."
        )


def _keeps_state(estimator):
    """Whether training in steps differs from training in one fit."""
    if not trains_by_fit(estimator):
        return False
    optimizer = estimator.get_params().get("optimizer")
    averages = estimator.get_params().get("optimizer__use_ema")
    averages = averages or getattr(optimizer, "use_ema", False)
    return averages or estimator.callbacks is not None

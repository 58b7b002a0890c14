"""EpochSearchCV: a search that compares all numbers of epochs in one training run."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from numbers import Integral
from typing import Any, Literal, Self

import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping

from skimdb._callbacks import describe_task, run_task
from skimdb._messages import warn
from skimdb._sklearn import (
    BaseSearchCV,
    HasMethods,
    Interval,
    StrOptions,
    _fit_context,
)
from skimdb.model_selection import _candidates
from skimdb.model_selection._epoch_training import fit_epochs, trains_by_fit
from skimdb.model_selection._fit_candidates import check_plan, make_plan, run_fits
from skimdb.model_selection._history import make_column, make_history
from skimdb.model_selection._prepare_split import join_pipeline, preprocess
from skimdb.model_selection._result_cache import find_paths
from skimdb.model_selection._results import choose_epochs, read_scores
from skimdb.model_selection._scoring import find_scorer, make_scoring
from skimdb.model_selection._tasks import has_callbacks, run_fit

Grid = Mapping[str, Any] | list[Any] | ParameterGrid | ParameterSampler | None
Scoring = str | Callable[..., Any] | list[str] | tuple[str, ...] | dict[str, Any] | None


class EpochSearchCV(BaseSearchCV):
    """Search for parameters and the number of epochs, training each candidate once.

    Each candidate is trained once per split, for `max_epochs` epochs. The validation
    curves of its splits are averaged, and the best epoch of the mean curve is chosen.
    The best candidate is then trained on all data for that number of epochs.

    Read more in the :ref:`User Guide <guide-epochs>`.

    Parameters
    ----------
    estimator : estimator or Pipeline
        `KerasMLPClassifier`, another classifier or regressor with ``partial_fit``, or a
        pipeline that ends in one. Preprocessing is fitted on the training part of each
        split only.
    param_grid : dict, list of dict, dict of str to dict, ParameterGrid or \
            ParameterSampler, default=None
        Candidates: a grid as in `GridSearchCV`, a list of grids, or a mapping from
        display names to the parameters of one candidate each. Use a
        `sklearn.model_selection.ParameterSampler` to draw them at random, as in
        `RandomizedSearchCV`. None searches the number of epochs only.
    max_epochs : int, default=30
        Number of epochs to train each candidate. It replaces the `epochs` of the
        classifier.
    cv : int, cross-validation generator or iterable, default=None
        Splitting strategy, as in scikit-learn: None for 5 folds, an int for this number
        of folds (both stratified), a splitter, or an iterable of (train, validation)
        positions.
    monitor : str, default="val_loss"
        Entry of `history_` to search by: ``"val_loss"``, or ``"val_"`` and the name
        of a metric of the classifier or of `scoring`.
    rule : {"min", "one_se"}, default="min"
        How to choose the epoch of a candidate. ``"min"`` takes the best epoch of the
        mean curve. ``"one_se"`` takes the first epoch that is at most one standard
        error worse; the standard error is computed over the splits at the best epoch.
        Candidates are ranked by their scores at these epochs.
    n_iter_no_change : int, default=None
        Stop training a candidate when its mean validation curve has not improved for
        this many epochs. Candidates are then trained one after the other, in steps,
        so Keras callbacks and optimizers with `use_ema` raise an error. None trains
        all candidates for `max_epochs` epochs.
    scoring : str, callable, list, tuple or dict, default=None
        Scorers to record in addition to the `metrics` of the classifier, as in
        `GridSearchCV`: a name, several names, a dict from names to scorers, the result
        of `make_scorer`, or a function ``scorer(estimator, X, y)`` that returns a
        number or a dict of numbers. They are called after every epoch. A single scorer
        without a name is recorded as ``score``: ``monitor="val_score"``.
    refit : bool or callable, default=True
        Whether to train the best candidate on all data. A callable takes
        `cv_results_` and returns the index of the candidate to use.
    n_jobs : int, default=None
        Number of parallel jobs. None means 1 unless in a `joblib.parallel_config`
        context, whose backend may be a cluster.
    memory : str, path, joblib.Memory or None, default=None
        Folder in which finished fits are cached, so that an interrupted search can
        resume. See the notes.
    verbose : int, default=0
        If positive, print a line per candidate, and first the number of cached fits.
    error_score : "raise" or float, default=np.nan
        Score of fits and scorers that fail, and of the epochs from which on training
        diverged. A warning names the candidate. ``"raise"`` raises the error instead.
    return_train_score : bool, default=False
        Whether to include scores of the training part in `cv_results_`, and to call
        the scorers of `scoring` on it. The loss and the classifier's metrics are
        recorded while training, so they include the effect of dropout.

    Attributes
    ----------
    best_epoch_ : int
        Best epoch of the mean curve of the best candidate, counted from 1.
    best_params_ : dict
        Parameters of the best candidate, including the number of epochs.
    best_score_ : float
        Mean score of the best candidate at this epoch. Larger is better: losses are
        negated.
    best_index_ : int
        Row of the best candidate in `cv_results_`.
    best_estimator_ : estimator
        Estimator trained on all data. Only if `refit`.
    split_best_epochs_ : ndarray of shape (n_splits,)
        Best epoch of the best candidate on each single split.
    cv_results_ : dict of ndarray
        Results of each candidate at the best epoch of its mean curve, with the keys of
        `GridSearchCV`. ``split0_best_epoch`` and so on, ``mean_best_epoch`` and
        ``std_best_epoch`` describe the best epochs of the single splits. Times are in
        seconds and include all epochs.
    history_ : DataFrame
        A row per candidate, split and epoch, as returned by `skimdb.epoch_curve`.
    n_splits_ : int
        Number of splits.
    refit_time_ : float
        Seconds to train on all data. Only if `refit`.
    scorer_ : callable
        Scorer that `score` uses: the monitored scorer, else the only scorer of
        `scoring`, else the accuracy.
    multimetric_ : bool
        False, because a single entry is monitored.
    classes_ : ndarray of shape (n_classes,)
        Class labels. Only if `refit`.
    n_features_in_ : int
        Number of features. Only if `refit` and the best estimator has it.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features. Only if `refit` and the best estimator has them.

    See Also
    --------
    skimdb.epoch_curve : Returns the curves only.
    skimdb.EpochCurveDisplay : Plots the curves.
    sklearn.model_selection.GridSearchCV : Trains from scratch for each number of
        epochs.

    Notes
    -----
    The best epoch of the mean curve usually differs from the mean of the best epochs
    of the splits. The best epoch of a single split is partly noise, so its score is
    too optimistic for any fixed number of epochs. The mean curve asks which single
    number of epochs serves all splits. `best_score_` is also slightly optimistic,
    because it is the best of many scores. For an unbiased estimate, use
    `cross_validate` around the search.

    `memory` caches each result under a hash of the data, the split, the parameters,
    the scorers, the configuration of scikit-learn and the versions of the libraries. A
    candidate is not cached, with a warning, if its fit may not be reproducible: if
    `random_state` is None, if it has callbacks or Keras objects, or if it contains
    functions or classes that are not part of an installed package, such as your own.
    The files contain JSON with a checksum; reading them executes nothing.

    If a process is killed, only the fits that it was running are lost. Several
    processes may share the folder: each uses the results that exist, computes those
    that are missing, and starts at a different position. The folder grows by about 100
    bytes per epoch and recorded metric for each fit, and is never emptied: delete it
    at any time.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.model_selection import cross_val_score
    >>> from skimdb import EpochSearchCV, KerasMLPClassifier
    >>> X, y = make_classification(random_state=0)
    >>> classifier = KerasMLPClassifier(learning_rate=0.03, random_state=0)
    >>> search = EpochSearchCV(classifier, {"size": [4, 16]}, max_epochs=20, cv=3)
    >>> search.fit(X, y).best_estimator_.n_iter_ == search.best_epoch_
    True
    >>> len(search.history_)  # 2 candidates, 3 splits, 20 epochs
    120

    Cross-validation around the search estimates the accuracy on new data:

    >>> cross_val_score(search, X, y, cv=2).shape
    (2,)
    """

    _parameter_constraints = {
        **BaseSearchCV._parameter_constraints,
        "estimator": [HasMethods(["fit"])],
        "param_grid": [dict, list, ParameterGrid, ParameterSampler, None],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "monitor": [str],
        "rule": [StrOptions({"min", "one_se"})],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), None],
        "scoring": [str, callable, list, tuple, dict, None],
        "refit": ["boolean", str, callable],
        "memory": "no_validation",  # by find_folder
    }
    _parameter_constraints.pop("pre_dispatch")

    best_epoch_: int
    best_params_: dict[str, Any]
    best_score_: float
    best_index_: int
    best_estimator_: Any
    split_best_epochs_: np.ndarray
    cv_results_: dict[str, Any]
    history_: pd.DataFrame
    n_splits_: int
    refit_time_: float
    scorer_: Callable[..., Any]
    multimetric_: bool
    classes_: np.ndarray
    n_features_in_: int
    feature_names_in_: np.ndarray

    def __init__(
        self,
        estimator: BaseEstimator,
        param_grid: Grid = None,
        *,
        max_epochs: int = 30,
        cv: Any = None,
        monitor: str = "val_loss",
        rule: Literal["min", "one_se"] = "min",
        n_iter_no_change: int | None = None,
        scoring: Scoring = None,
        refit: bool | Callable[[dict[str, Any]], int] = True,
        n_jobs: int | None = None,
        memory: str | os.PathLike[str] | joblib.Memory | None = None,
        verbose: int = 0,
        error_score: float | Literal["raise"] = np.nan,
        return_train_score: bool = False,
    ) -> None:
        self.estimator = estimator
        self.param_grid = param_grid
        self.max_epochs = max_epochs
        self.cv = cv
        self.monitor = monitor
        self.rule = rule
        self.n_iter_no_change = n_iter_no_change
        self.scoring = scoring
        self.refit = refit
        self.n_jobs = n_jobs
        self.memory = memory
        self.verbose = verbose
        self.error_score = error_score
        self.return_train_score = return_train_score

    def get_metadata_routing(self) -> MetadataRouter:
        """Get the routing of metadata.

        Returns
        -------
        routing : MetadataRouter
            `fit` passes metadata to `fit` of the estimator, `split` of the splitter and
            the scorers; `score` passes its own to the scorer.
        """
        router = MetadataRouter(owner=self)
        routes = {
            "estimator": (self.estimator, "fit", "fit"),
            "splitter": (self.cv, "fit", "split"),
            "scorer": (self._choose_scorer(), "score", "score"),
        }
        scoring = make_scoring(self.estimator, self.scoring)
        if scoring.scorer is not None:
            routes["epoch_scorer"] = (scoring.scorer, "fit", "score")
        for name, (recipient, caller, callee) in routes.items():
            mapping = MethodMapping().add(caller=caller, callee=callee)
            router.add(**{name: recipient}, method_mapping=mapping)
        return router

    def _choose_scorer(self):
        """Scorer of `score`: the monitored, the lone, or the estimator's own."""
        name = self.monitor.removeprefix("val_")
        scorer = make_scoring(self.estimator, self.scoring).get_scorer(name)
        if scorer is None and name in get_scorer_names():  # a metric of the classifier
            scorer = find_scorer(name)
        return check_scoring(self.estimator) if scorer is None else scorer

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Train every candidate on every split, and the best on all data.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples, in the form that the estimator takes.
        y : array-like of shape (n_samples,)
            Labels.
        **params : dict
            Further arguments of `fit` of the estimator, such as `sample_weight`, and
            `groups` for the splitter. As in `GridSearchCV`, scorers that accept
            `sample_weight` get the weights of the samples that they score.

        Returns
        -------
        self : EpochSearchCV
            The fitted search. It is left unchanged if fitting fails.

        Raises
        ------
        ValueError
            If a parameter is wrong, or if all fits fail.
        TypeError
            If the estimator has no epochs.
        """
        plan, data, n_repeats = make_plan(self, X, y, params)
        check_plan(plan)
        plan = replace(plan, cache=find_paths(plan, data))
        passed = describe_task(self, data.X, data.y, params.get("sample_weight"))
        n_tasks = plan.n_fits + bool(self.refit)
        is_patient = self.n_iter_no_change is not None
        root = self._init_callback_context(max_subtasks=None if is_patient else n_tasks)
        if has_callbacks(self, *(candidate.final for candidate in plan.candidates)):
            plan = replace(plan, make_task=partial(_make_task, self, root, plan))
        with run_task(root, passed):
            results = run_fits(plan, data)
            fitted = self._choose_best(plan, results)
            fitted |= {
                "history_": make_history(plan, results, n_repeats, np.nan),
                "n_splits_": len(plan.splits),
                "multimetric_": False,
                "scorer_": self._choose_scorer(),
            }
            if self.refit:
                best = _candidates.configure_estimator(
                    self.estimator, fitted["best_params_"]
                )
                task = root.subcontext("refit with best parameters")
                start = time.perf_counter()
                with task.propagate_callback_context(best), run_task(task, passed):
                    best = _refit(best, data, fitted["best_epoch_"])
                fitted["best_estimator_"] = best
                fitted["refit_time_"] = time.perf_counter() - start
                if hasattr(best, "feature_names_in_"):
                    fitted["feature_names_in_"] = best.feature_names_in_
            vars(self).update(fitted)
        return self

    def _choose_best(self, plan, results):
        """Fitted attributes of the candidates and the best of them."""
        epochs, split_epochs = choose_epochs(plan, results, self.rule)
        scores = read_scores(plan, results, epochs)
        name = f"{_candidates.get_prefix(self.estimator)}epochs"
        params = [
            candidate.params | ({name: epoch} if trains_by_fit(candidate.final) else {})
            for candidate, epoch in zip(plan.candidates, epochs, strict=True)
        ]
        columns = {
            f"split{split}_best_epoch": column
            for split, column in enumerate(split_epochs.T)
        }
        columns["mean_best_epoch"] = split_epochs.mean(axis=1)
        columns["std_best_epoch"] = split_epochs.std(axis=1)
        table = self._format_results(params, len(plan.splits), scores, columns)
        index = self._select_best_index(self.refit, "score", table)
        best = {
            "cv_results_": table,
            "best_index_": index,
            "best_params_": params[index],
            "best_epoch_": epochs[index],
            "split_best_epochs_": split_epochs[index],
        }
        if not callable(self.refit):
            best["best_score_"] = table["mean_test_score"][index]
        self._warn_of_last_epochs(plan, epochs, table["mean_test_score"])
        return best

    def _warn_of_last_epochs(self, plan, epochs, scores):
        """Warn of candidates whose curve may not have reached its best."""
        names = [
            candidate.describe()
            for candidate, epoch, score in zip(
                plan.candidates, epochs, scores, strict=True
            )
            if epoch == plan.max_epochs > 1 and np.isfinite(score)
        ]
        if names:
            warn(
                f"The best epoch is {self.max_epochs}, the last one trained, for "
                f"candidate {', '.join(names)}: {self.monitor} may not have reached "
                f"its best yet. Increase max_epochs (now {self.max_epochs}) or "
                "learning_rate.",
                ConvergenceWarning,
            )

    def score(self, X: Any, y: Any = None, **params: Any) -> float:
        """Score the best estimator with `scorer_`.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples.
        y : array-like of shape (n_samples,)
            Labels.
        **params : dict
            Metadata for the scorer.

        Returns
        -------
        score : float
            Of the monitored metric if that is a scorer, else of the lone scorer of
            `scoring`, else the accuracy.
        """
        score = super().score(X, y, **params)
        if not isinstance(score, dict):
            return score
        name = self.monitor.removeprefix("val_")
        return score[name] if name in score else self.best_estimator_.score(X, y)

    def __getstate__(self):
        # The history by columns, since skops writes no tables.
        state = super().__getstate__()
        if "history_" in state:
            columns = {k: column.to_numpy() for k, column in state["history_"].items()}
            state = state | {"history_": columns}
        return state

    def __setstate__(self, state):
        if "history_" in state:
            columns = {k: make_column(v) for k, v in state["history_"].items()}
            state = state | {"history_": pd.DataFrame(columns)}
        super().__setstate__(state)


def _refit(estimator, data, n_epochs):
    """Train an estimator on all data; returns the fitted estimator."""
    final = _candidates.get_final_estimator(estimator)
    if trains_by_fit(final):
        return estimator.fit(data.X, data.y, **data.fit_params)
    split = preprocess(estimator, data)
    fit_epochs(final, (split.X, split.y, split.fit_params), n_epochs)
    return join_pipeline(split.preprocessing, final) if split.preprocessing else final


def _make_task(search, root, plan, fit):
    """Make the task of a fit, for scikit-learn's callbacks."""
    name = f"split {fit.split} of candidate {plan.candidates[fit.candidate].describe()}"
    return partial(run_fit, root.subcontext(name), search)

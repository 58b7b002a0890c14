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

from skimdb._messages import warn
from skimdb._sklearn import (
    BaseSearchCV,
    HasMethods,
    Interval,
    StrOptions,
    _fit_context,
)
from skimdb.model_selection._candidates import (
    configure_estimator,
    get_prefix,
    make_candidates,
)
from skimdb.model_selection._fit_candidates import SearchPlan, fit_candidates
from skimdb.model_selection._history import make_history
from skimdb.model_selection._result_cache import find_folder, make_entries
from skimdb.model_selection._results import (
    check_failures,
    choose_epochs,
    describe_result,
    list_metrics,
    read_scores,
)
from skimdb.model_selection._routing import make_splits, route_metadata
from skimdb.model_selection._scoring import find_scorer, make_scoring
from skimdb.model_selection._tasks import FitTask, has_callbacks, run_task

Grid = Mapping[str, Any] | list[Any] | ParameterGrid | ParameterSampler | None
Scoring = str | Callable[..., Any] | list[str] | tuple[str, ...] | dict[str, Any] | None


class EpochSearchCV(BaseSearchCV):
    """Search for parameters and the number of epochs, training each candidate once.

    Each candidate is trained once per split, to `max_epochs`. Its curve of validation
    scores, averaged over the splits, gives its best epoch; the best candidate is
    trained again on all data for that many epochs.

    Parameters
    ----------
    estimator : KerasMLPClassifier or Pipeline
        A classifier, or a pipeline that ends in one. Preprocessing is fitted on the
        training part of each split only.
    param_grid : dict, list of dict, dict of str to dict, ParameterGrid or \
            ParameterSampler, default=None
        Candidates: a grid as in `GridSearchCV`, a list of grids, or a mapping from
        display names to the parameters of one candidate each. A
        `sklearn.model_selection.ParameterSampler` draws them, as in
        `RandomizedSearchCV`. None searches the number of epochs only.
    max_epochs : int, default=30
        Epochs to train each candidate, in place of the `epochs` of the classifier.
    cv : int, cross-validation generator or iterable, default=None
        As in scikit-learn: None for 5 folds, an int for that many (both stratified),
        a splitter, or an iterable of (train, validation) positions.
    monitor : str, default="val_loss"
        Entry of `history_` to search by: ``"val_loss"``, or ``"val_"`` and the name
        of a metric of the classifier or of `scoring`.
    rule : {"min", "one_se"}, default="min"
        ``"min"`` takes the best epoch of a mean curve; ``"one_se"`` the first epoch
        that is worse by no more than one standard error (of the splits' scores at the
        best epoch). Candidates are then ranked by their scores at these epochs.
    n_iter_no_change : int, default=None
        End a candidate when its mean curve has gone this many epochs without
        improvement. Its splits are then trained side by side, in steps. None trains
        all candidates to `max_epochs`.
    scoring : str, callable, list, tuple or dict, default=None
        Scorers to record beside the classifier's `metrics`, as in `GridSearchCV`: the
        name of one, several names, a dict from names of your own to scorers, what
        `make_scorer` returns, or a function ``scorer(estimator, X, y)`` that returns
        a number or a dict of numbers. Each is called after every epoch. A lone scorer
        without a name is recorded as ``score``: ``monitor="val_score"``. By name,
        scorers that need a positive class take the last if there is no class 1.
    refit : bool or callable, default=True
        Train the best candidate on all data. A callable takes `cv_results_` and
        returns the index of the candidate.
    n_jobs : int, default=None
        Parallel jobs; None means 1 unless in a `joblib.parallel_config` context, whose
        backend may be a cluster.
    memory : str, path, joblib.Memory or None, default=None
        Folder to keep each finished (candidate, split) in, so that a search that was
        interrupted goes on where it was. Several processes may share it, on one
        machine or many, and then share the work. See the notes.
    verbose : int, default=0
        Print a line per candidate, and before that how many fits `memory` has.
    error_score : "raise" or float, default=np.nan
        Score of fits that fail and of epochs at which the monitored entry is not
        finite, with a warning that names the candidate; ``"raise"`` raises.
    return_train_score : bool, default=False
        Include the scores on the training part in `cv_results_`, and call the scorers
        of `scoring` for it. The loss and the classifier's metrics are as recorded
        while training, so ``loss`` comes with penalty and dropout.

    Attributes
    ----------
    best_epoch_ : int
        Number of epochs of the best candidate, at the best epoch of its mean curve.
    best_params_ : dict
        Parameters of the best candidate, the number of epochs included.
    best_score_ : float
        Its mean score at that epoch; greater is better, so a loss is negated.
    best_index_ : int
        Its row in `cv_results_`.
    best_estimator_ : estimator
        Trained on all data. Only if `refit`.
    split_best_epochs_ : ndarray of shape (n_splits,)
        Best epoch of the best candidate on each split by itself.
    cv_results_ : dict of ndarray
        A row per candidate, at the best epoch of its mean curve, named as those of
        `GridSearchCV`. ``split0_best_epoch`` and so on, ``mean_best_epoch`` and
        ``std_best_epoch`` are the best epochs of the single splits. The times are
        those of all epochs.
    history_ : DataFrame
        A row per candidate, split and epoch, as `skimdb.epoch_curve` returns it.
    n_splits_ : int
        Number of splits.
    refit_time_ : float
        Seconds of the training on all data. Only if `refit`.
    scorer_ : callable
        What `score` uses: what is monitored if that is a scorer, else the lone scorer
        of `scoring`, else the accuracy.
    multimetric_ : bool
        False: one entry is monitored.
    classes_ : ndarray of shape (n_classes,)
        Class labels. Only if `refit`.
    n_features_in_ : int
        Number of features. Only if `refit` and the best estimator has it.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features. Only if `refit` and the best estimator has them.

    See Also
    --------
    skimdb.epoch_curve : The curves alone.
    skimdb.EpochCurveDisplay : Plots them.
    sklearn.model_selection.GridSearchCV : Trains each number of epochs anew.

    Notes
    -----
    The best epoch of the mean curve is in general not the mean of the best epochs of
    the splits. Each split's minimum is picked for its own noise, so the scores there
    are better than any number of epochs fixed beforehand can reach; the mean curve
    asks which one number serves all splits. Even `best_score_` is a little
    optimistic, as the best of many; `cross_validate` around the search gives the
    honest estimate.

    What `memory` keeps is found again by the content of the data, the split, the
    parameters and the scorers, by the code of your own functions and classes, and by
    the versions of the libraries. A candidate whose fit may turn out otherwise another
    time is not kept, with a warning: give `random_state` an int, and optimizers and
    schedules by name or class. A file that is damaged is noticed by its checksum, and
    computed anew. The files hold numbers and names, no code: whoever can write to the
    folder can change what a search finds, but cannot make it run anything.

    Searches that share the folder of `memory` claim each fit by a file before they
    begin it, and leave for later what another has claimed. A process that is killed
    loses what it had under way: one fit for each of its jobs or, with
    `n_iter_no_change`, one candidate. That is done again, at once on the same machine,
    and elsewhere when the claim has not been renewed for two minutes. No fit is done
    twice otherwise, but for fits that fail, which are not kept, and for a process that
    was suspended for so long. Preprocessing is not shared: each process preprocesses
    the splits that it works on. If the folder takes no files, each does all the work.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.model_selection import cross_val_score
    >>> from skimdb import EpochSearchCV, KerasMLPClassifier
    >>> X, y = make_classification(random_state=0)
    >>> classifier = KerasMLPClassifier(learning_rate=0.01, random_state=0)
    >>> search = EpochSearchCV(classifier, {"size": [4, 16]}, max_epochs=20, cv=3)
    >>> search.fit(X, y).best_estimator_.n_iter_ == search.best_epoch_
    True
    >>> len(search.history_)  # 2 candidates, 3 splits, 20 epochs
    120

    Cross-validation around it estimates how well the found model will do:

    >>> cross_val_score(search, X, y, cv=2).shape
    (2,)
    """

    _parameter_constraints = {
        **BaseSearchCV._parameter_constraints,
        "estimator": [HasMethods(["fit"])],
        "param_grid": [dict, list, ParameterGrid, ParameterSampler, None],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "monitor": [str],
        "n_jobs": [
            Interval(Integral, None, -1, closed="right"),
            Interval(Integral, 1, None, closed="left"),
            None,
        ],
        "rule": [StrOptions({"min", "one_se"})],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), None],
        "scoring": [str, callable, list, tuple, dict, None],
        "refit": ["boolean", str, callable],
        "memory": "no_validation",  # by check_memory
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
        if scoring is not None:
            routes["epoch_scorer"] = (scoring.scorer, "fit", "score")
        for name, (recipient, caller, callee) in routes.items():
            mapping = MethodMapping().add(caller=caller, callee=callee)
            router.add(**{name: recipient}, method_mapping=mapping)
        return router

    def _choose_scorer(self):
        """Scorer of `score`: the monitored, the lone, or the estimator's own."""
        scoring = make_scoring(self.estimator, self.scoring)
        name = self.monitor.removeprefix("val_")
        scorer = None if scoring is None else scoring.get_scorer(name)
        if scorer is None and name in get_scorer_names():  # a metric of the classifier
            scorer = find_scorer(name)
        return check_scoring(self.estimator) if scorer is None else scorer

    def _check_parameters(self, plan):
        """Raise an error for parameters that do not fit together."""
        if isinstance(self.refit, str):
            raise ValueError(
                f"refit must be True, False or a callable, got {self.refit!r}. Use "
                f"monitor='val_{self.refit}' to search by this metric."
            )
        if self.rule == "one_se" and len(plan.splits) < 2:
            raise ValueError(
                "rule='one_se' needs the standard error over two or more splits, but "
                "cv gives one. Use rule='min', or more splits."
            )
        classifiers = [candidate.classifier for candidate in plan.candidates]
        names = ["loss", *(name for c in classifiers for name in c.metrics)]
        names += plan.scoring.names if plan.scoring is not None else ()
        # A function or a callback tells the names only when it is called.
        is_open = plan.scoring is not None and plan.scoring.scorers is None
        if not is_open and all(c.callbacks is None for c in classifiers):
            self._check_recorded([f"val_{name}" for name in names])
        if self.n_iter_no_change is not None:
            for classifier in classifiers:
                _check_steps(classifier)

    def _check_recorded(self, names):
        if self.monitor not in names:
            recorded = ", ".join(name for name in names if name.startswith("val_"))
            raise ValueError(
                f"monitor={self.monitor!r} is not recorded on validation data. Choose "
                f"one of {recorded}, or add a metric with scoring."
            )

    def _make_plan(self, X, y, params):
        """Check the input, and make the plan of all fits.

        Returns
        -------
        plan : SearchPlan
        data : SearchData
        n_repeats : int
            Number of repetitions of the cross-validation.
        """
        candidates = make_candidates(self.estimator, self.param_grid, self.max_epochs)
        scoring = make_scoring(
            self.estimator,
            self.scoring,
            train=self.return_train_score,
            raise_errors=self.error_score == "raise",
        )
        data = route_metadata(self, X, y, params, scoring)
        splits, n_repeats = make_splits(self.cv, self.estimator, data)
        plan = SearchPlan(
            candidates,
            splits,
            int(self.max_epochs),
            self.monitor,
            self.n_iter_no_change,
            scoring,
            self.n_jobs,
            self.error_score,
        )
        return plan, data, n_repeats

    def _run_plan(self, plan, data, owner):
        """Run all fits; returns the results by candidate and split."""
        results = [None] * len(plan.candidates)
        for position, by_split in fit_candidates(plan, data):
            results[position] = by_split
            if any(result.history for result in by_split):
                self._check_recorded(list_metrics([by_split]))
            if self.verbose:
                print(describe_result(owner, plan, position, by_split))
        check_failures(plan, results)
        return results

    def _make_cache(self, plan, data):
        """Cache entries of all fits, if there is `memory`."""
        folder = find_folder(self.memory)
        if folder is None:
            return {}
        is_patient = self.n_iter_no_change is not None
        # With patience, a result depends on the other splits, too.
        patience = is_patient and (self.monitor, self.n_iter_no_change, plan.splits)
        common = (data.X, data.y, data.fit_params, data.score_params, plan.scoring)
        entries = make_entries(
            folder, self, plan.candidates, plan.splits, (*common, patience)
        )
        if self.verbose:
            n_cached = sum(entry.get() is not None for entry in entries.values())
            print(
                f"[{type(self).__name__}] {n_cached} of {plan.n_fits} fits are cached "
                f"in {folder}"
            )
        return entries

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
        plan, data, n_repeats = self._make_plan(X, y, params)
        self._check_parameters(plan)
        plan = replace(plan, cache=self._make_cache(plan, data))
        weight = params.get("sample_weight")
        metadata = None if weight is None else {"sample_weight": weight}
        passed = {"estimator": self, "X": data.X, "y": data.y, "metadata": metadata}
        n_tasks = plan.n_fits + bool(self.refit)
        is_patient = self.n_iter_no_change is not None
        root = self._init_callback_context(max_subtasks=None if is_patient else n_tasks)
        if has_callbacks(
            self, *(candidate.classifier for candidate in plan.candidates)
        ):
            plan = replace(plan, make_task=partial(_make_task, self, root, plan))
        with run_task(root, **passed):
            results = self._run_plan(plan, data, type(self).__name__)
            fitted = self._choose_best(plan, results)
            fitted |= {
                "history_": make_history(plan, results, n_repeats, np.nan),
                "n_splits_": len(plan.splits),
                "multimetric_": False,
                "scorer_": self._choose_scorer(),
            }
            if self.refit:
                best = configure_estimator(self.estimator, fitted["best_params_"])
                task = root.subcontext("refit with best parameters")
                start = time.perf_counter()
                with task.propagate_callback_context(best), run_task(task, **passed):
                    best.fit(data.X, data.y, **data.fit_params)
                fitted["best_estimator_"] = best
                fitted["refit_time_"] = time.perf_counter() - start
                if hasattr(best, "feature_names_in_"):
                    fitted["feature_names_in_"] = best.feature_names_in_
            vars(self).update(fitted)
        return self

    def _choose_best(self, plan, results):
        """Fitted attributes of the candidates and the best of them."""
        epochs, columns = choose_epochs(plan, results, self.rule)
        scores = read_scores(plan, results, epochs)
        prefix = get_prefix(self.estimator)
        params = [
            {**candidate.params, f"{prefix}epochs": epoch}
            for candidate, epoch in zip(plan.candidates, epochs, strict=True)
        ]
        table = self._format_results(params, len(plan.splits), scores, columns)
        index = self._select_best_index(self.refit, "score", table)
        best = {
            "cv_results_": table,
            "best_index_": index,
            "best_params_": params[index],
            "best_epoch_": epochs[index],
            "split_best_epochs_": np.array(
                [table[f"split{i}_best_epoch"][index] for i in range(len(plan.splits))]
            ),
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
                f"The best epoch is {plan.max_epochs}, the last one trained, for "
                f"candidate {', '.join(names)}: {self.monitor} may not have reached "
                f"its best yet. Increase max_epochs (now {plan.max_epochs}) or "
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
        if "history_" not in state:
            return state
        columns = {
            name: column.to_numpy() for name, column in state["history_"].items()
        }
        return state | {"history_": columns}

    def __setstate__(self, state):
        if "history_" in state:
            state = state | {"history_": pd.DataFrame(state["history_"])}
        super().__setstate__(state)


def _check_steps(classifier):
    """Raise an error if training in steps differs from training in one fit."""
    if classifier.callbacks is not None:
        raise ValueError(
            "n_iter_no_change trains in steps, in which the callbacks of Keras would "
            "start again each time. Remove callbacks, or set n_iter_no_change=None."
        )
    params = classifier.get_params()
    if params.get("optimizer__use_ema") or getattr(
        params.get("optimizer"), "use_ema", False
    ):
        raise ValueError(
            "n_iter_no_change trains in steps, but an optimizer with use_ema=True "
            "averages the weights at the end of each. Set use_ema=False, or "
            "n_iter_no_change=None."
        )


def _make_task(search, root, plan, fit):
    """Make the task of a fit, for scikit-learn's callbacks."""
    name = f"split {fit.split} of candidate {plan.candidates[fit.candidate].describe()}"
    return FitTask(root.subcontext(name), search)

"""A search for which the number of epochs costs nothing extra."""

import time
from numbers import Integral

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.model_selection import check_cv
from sklearn.utils import indexable
from sklearn.utils.metadata_routing import MethodMapping

from skimdb._sklearn import (
    BaseSearchCV,
    HasMethods,
    Interval,
    StrOptions,
    _check_method_params,
    _fit_context,
)
from skimdb.model_selection._best_epoch import choose_epochs, split_epoch_columns
from skimdb.model_selection._candidates import (
    configure,
    describe,
    make_candidates,
    split_pipeline,
)
from skimdb.model_selection._epoch_curve import (
    fit_router,
    make_splits,
    recorded_metrics,
    reporter,
    route_params,
)
from skimdb.model_selection._fit_candidates import (
    check_failures,
    tabulate,
    train_candidates,
)


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
    param_grid : dict, list of dict, or dict of str to dict, default=None
        Candidates: a grid as in `GridSearchCV`, a list of grids, or a mapping from
        display names to the parameters of one candidate each. None searches the
        number of epochs only.
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
    scoring : str, list or tuple of str, default=None
        Names of scikit-learn scorers to record beside the classifier's `metrics`. A
        single name is also what `score` returns, otherwise the accuracy.
    refit : bool or callable, default=True
        Train the best candidate on all data. A callable takes `cv_results_` and
        returns the index of the candidate.
    n_jobs : int, default=None
        Parallel jobs; None means 1 unless in a `joblib.parallel_config` context. With
        None, up to 5000 samples are trained on in several threads, with the same
        results, if `random_state` is set, no Keras callbacks are, and no metric but the
        accuracy is recorded.
    memory : str, path, joblib.Memory or None, default=None
        Where to keep each finished (candidate, split), so that a search that was
        interrupted goes on where it was. What is kept is found again by the content
        of data, split and parameters: give `random_state` an int, and optimizers and
        callbacks as names or classes, as Keras objects differ in every process.
    verbose : int, default=0
        Print a line per candidate.
    error_score : "raise" or float, default=np.nan
        Score of fits that fail and of epochs at which the monitored entry is not
        finite, with a warning that names the candidate; ``"raise"`` raises.
    return_train_score : bool, default=False
        Include the scores on the training part in `cv_results_`: as recorded while
        training, so ``loss`` comes with penalty and dropout.

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
        ``std_best_epoch`` are the best epochs of the single splits. Scoring is part
        of training, so ``mean_score_time`` is 0.
    history_ : DataFrame
        A row per candidate, split and epoch, as `skimdb.epoch_curve` returns it.
    n_splits_ : int
        Number of splits.
    refit_time_ : float
        Seconds of the training on all data. Only if `refit`.
    scorer_ : callable
        What `score` uses.
    multimetric_ : bool
        False: one entry is monitored.
    classes_ : ndarray of shape (n_classes,)
        Class labels. Only if `refit`.
    n_features_in_ : int
        Number of features. Only if `refit` and the best estimator has it.
    feature_names_in_ : ndarray of shape (n_features_in_,)
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
        "param_grid": [dict, list, None],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "monitor": [str],
        "rule": [StrOptions({"min", "one_se"})],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), None],
        "scoring": [StrOptions(set(get_scorer_names())), list, tuple, None],
        "refit": ["boolean", callable],
        "memory": "no_validation",  # by check_memory
    }
    _parameter_constraints.pop("pre_dispatch")

    def __init__(
        self,
        estimator,
        param_grid=None,
        *,
        max_epochs=30,
        cv=None,
        monitor="val_loss",
        rule="min",
        n_iter_no_change=None,
        scoring=None,
        refit=True,
        n_jobs=None,
        memory=None,
        verbose=0,
        error_score=np.nan,
        return_train_score=False,
    ):
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

    def _get_scorers(self):
        scoring = self.scoring if isinstance(self.scoring, str) else None
        return check_scoring(self.estimator, scoring), "score"

    def get_metadata_routing(self):
        """Say what metadata goes where.

        Returns
        -------
        routing : MetadataRouter
            To `fit` of the estimator and `split` of the splitter; `score` passes its
            own to the scorer.
        """
        scorer, _ = self._get_scorers()
        return fit_router(self, self.estimator, self.cv).add(
            scorer=scorer,
            method_mapping=MethodMapping().add(caller="score", callee="score"),
        )

    def _check_monitor(self, metrics, n_splits):
        recorded = ["val_loss", *(f"val_{name}" for name in metrics)]
        if self.monitor not in recorded:
            raise ValueError(
                f"monitor={self.monitor!r} is not recorded on validation data. "
                f"Recorded here are {', '.join(recorded)}; add a metric with scoring."
            )
        if self.rule == "one_se" and n_splits < 2:
            raise ValueError(
                "rule='one_se' needs the standard error over two or more splits, but "
                "cv gives one. Use rule='min', or more splits."
            )

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, **params):
        """Train every candidate on every split, and the best on all data.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples, as the estimator takes them.
        y : array-like of shape (n_samples,)
            Labels.
        **params : dict
            Further arguments of `fit` of the estimator, such as `sample_weight`, and
            `groups` for the splitter.

        Returns
        -------
        self : EpochSearchCV
            The fitted search. It is left as it was if fitting fails.

        Raises
        ------
        ValueError
            If a parameter is wrong, or all fits fail.
        TypeError
            If the estimator has no epochs.
        """
        scorer, _ = self._get_scorers()
        candidates = make_candidates(self.estimator, self.param_grid)
        X, y = indexable(X, y)
        params = _check_method_params(X, params=params)
        fit_params, split_params = route_params(self, params)
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        splits, n_repeats = make_splits(cv, X, y, split_params)
        metrics = recorded_metrics(self.estimator, self.scoring)
        self._check_monitor(metrics, len(splits))
        weight = params.get("sample_weight")
        metadata = None if weight is None else {"sample_weight": weight}
        told = {"estimator": self, "X": X, "y": y, "metadata": metadata}
        root = self._init_callback_context(
            max_subtasks=len(candidates) + bool(self.refit)
        ).call_on_fit_task_begin(**told)
        contexts = [
            root.subcontext(
                f"candidate {describe(candidate)}", max_subtasks=len(splits)
            ).call_on_fit_task_begin(**told)
            for candidate in candidates
        ]
        report = reporter(
            type(self).__name__, candidates, self.monitor, self.max_epochs, self.verbose
        )

        def after_candidate(position, outcomes):
            contexts[position].call_on_fit_task_end(**told)
            report(position, outcomes)

        outcomes = train_candidates(
            self.estimator,
            X,
            y,
            candidates=candidates,
            splits=splits,
            settings={"epochs": self.max_epochs, "metrics": metrics},
            fit_params=fit_params,
            n_jobs=self.n_jobs,
            error_score=self.error_score,
            memory=self.memory,
            contexts=[
                [context.subcontext(f"split {i}") for i in range(len(splits))]
                for context in contexts
            ],
            caller=self,
            after_candidate=after_candidate,
            monitor=self.monitor,
            n_iter_no_change=self.n_iter_no_change,
        )
        check_failures(candidates, outcomes, self.error_score)
        results = self._results(candidates, outcomes, metrics)
        fitted = {
            "cv_results_": results,
            "history_": tabulate(
                self.estimator,
                candidates,
                outcomes,
                n_repeats=n_repeats,
                max_epochs=self.max_epochs,
                error_score=np.nan,
            ),
            "n_splits_": len(splits),
            "multimetric_": False,
            "scorer_": scorer,
        }
        fitted |= self._best(results, len(splits))
        if self.refit:
            best = configure(self.estimator, fitted["best_params_"])
            context = root.subcontext("refit with best parameters")
            start = time.perf_counter()
            with context.propagate_callback_context(best):
                context.call_on_fit_task_begin(**told)
                best.fit(X, y, **fit_params)
            context.call_on_fit_task_end(**told)
            fitted |= {
                "best_estimator_": best,
                "refit_time_": time.perf_counter() - start,
            }
            if hasattr(best, "feature_names_in_"):
                fitted["feature_names_in_"] = best.feature_names_in_
        root.call_on_fit_task_end(**told)
        vars(self).update(fitted)
        return self

    def _results(self, candidates, outcomes, metrics):
        """`cv_results_`: each candidate at the best epoch of its mean curve."""
        epochs, split_epochs, scores = choose_epochs(
            outcomes,
            monitor=self.monitor,
            metrics=metrics,
            rule=self.rule,
            max_epochs=self.max_epochs,
            error_score=np.nan if self.error_score == "raise" else self.error_score,
        )
        prefix = split_pipeline(self.estimator)[2]
        params = [
            {**candidate.params, f"{prefix}epochs": epoch}
            for candidate, epoch in zip(candidates, epochs, strict=True)
        ]
        more = split_epoch_columns(split_epochs)
        return self._format_results(params, len(outcomes[0]), scores, more)

    def _best(self, results, n_splits):
        index = self._select_best_index(self.refit, "score", results)
        params = results["params"][index]
        prefix = split_pipeline(self.estimator)[2]
        best = {
            "best_index_": index,
            "best_params_": params,
            "best_epoch_": params[f"{prefix}epochs"],
            "split_best_epochs_": np.array(
                [results[f"split{i}_best_epoch"][index] for i in range(n_splits)]
            ),
        }
        if not callable(self.refit):
            best["best_score_"] = results["mean_test_score"][index]
        return best

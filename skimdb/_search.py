"""A search for which the number of epochs costs nothing extra."""

import time
from numbers import Integral

import numpy as np
from sklearn.base import _fit_context, clone, is_classifier
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.model_selection import check_cv
from sklearn.model_selection._search import BaseSearchCV  # has no public home
from sklearn.utils import indexable
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_method_params

from skimdb._candidates import make_candidates, split_pipeline
from skimdb._curves import check_failures, tabulate, train_candidates
from skimdb._epoch_curve import make_splits, recorded_metrics, reporter
from skimdb._selection import best_epoch, score_curves


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
    scoring : str, list or tuple of str, default=None
        Names of scikit-learn scorers to record beside the classifier's `metrics`. A
        single name is also what `score` returns, otherwise the accuracy.
    refit : bool or callable, default=True
        Train the best candidate on all data. A callable takes `cv_results_` and
        returns the index of the candidate.
    n_jobs : int, default=None
        Parallel jobs; None means 1 unless in a `joblib.parallel_config` context.
    memory : str, path, joblib.Memory or None, default=None
        Where to keep each finished (candidate, split), so that a search that was
        interrupted goes on where it was. What is kept is found again by the content
        of data, split and parameters; give `random_state` an int.
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
        routed = self._get_routed_params_for_fit(params)
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        splits, n_repeats = make_splits(cv, X, y, routed.splitter.split)
        metrics = recorded_metrics(self.estimator, self.scoring)
        self._check_monitor(metrics, len(splits))
        outcomes = train_candidates(
            self.estimator,
            X,
            y,
            candidates=candidates,
            splits=splits,
            settings={"epochs": self.max_epochs, "metrics": metrics},
            fit_params=routed.estimator.fit,
            n_jobs=self.n_jobs,
            error_score=self.error_score,
            memory=self.memory,
            after_candidate=reporter(
                type(self).__name__, candidates, self.monitor, self.max_epochs
            )
            if self.verbose
            else None,
        )
        check_failures(candidates, outcomes, self.error_score)
        results = self._results(candidates, outcomes)
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
            best = clone(self.estimator).set_params(
                **clone(fitted["best_params_"], safe=False)
            )
            start = time.time()
            best.fit(X, y, **routed.estimator.fit)
            fitted |= {"best_estimator_": best, "refit_time_": time.time() - start}
            if hasattr(best, "feature_names_in_"):
                fitted["feature_names_in_"] = best.feature_names_in_
        vars(self).update(fitted)
        return self

    def _results(self, candidates, outcomes):
        """`cv_results_`: each candidate at the best epoch of its mean curve."""
        error_score = np.nan if self.error_score == "raise" else self.error_score
        prefix = split_pipeline(self.estimator)[2]
        train_name = self.monitor.removeprefix("val_")
        all_params, scored, more = [], [], {}
        for candidate, by_split in zip(candidates, outcomes, strict=True):
            curves = score_curves(by_split, self.monitor, self.max_epochs, error_score)
            epoch = best_epoch(curves, self.rule)
            train_curves = score_curves(
                by_split, train_name, self.max_epochs, error_score
            )
            all_params.append({**candidate.params, f"{prefix}epochs": epoch})
            for split, outcome in enumerate(by_split):
                scored.append(
                    {
                        "fit_time": outcome["fit_time"],
                        "score_time": 0.0,
                        "test_scores": curves[split, epoch - 1],
                        "train_scores": train_curves[split, epoch - 1],
                    }
                )
            split_epochs = [best_epoch(curve[np.newaxis]) for curve in curves]
            for split, split_epoch in enumerate(split_epochs):
                more.setdefault(f"split{split}_best_epoch", []).append(split_epoch)
            more.setdefault("mean_best_epoch", []).append(np.mean(split_epochs))
            more.setdefault("std_best_epoch", []).append(np.std(split_epochs))
        return self._format_results(all_params, len(outcomes[0]), scored, more)

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

"""The epoch curve: every epoch of every candidate on every split."""

from numbers import Integral, Real

import numpy as np
from sklearn import get_config
from sklearn.base import is_classifier
from sklearn.metrics import get_scorer_names
from sklearn.model_selection import check_cv
from sklearn.utils import indexable
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)

from skimdb._sklearn import (
    HasMethods,
    Interval,
    StrOptions,
    _check_method_params,
    validate_params,
)
from skimdb.model_selection._best_epoch import best_epoch, score_curves, score_sign
from skimdb.model_selection._candidates import describe, make_candidates, split_pipeline
from skimdb.model_selection._fit_candidates import (
    check_failures,
    tabulate,
    train_candidates,
)


def recorded_metrics(estimator, scoring):
    """Metrics of the classifier, and those of `scoring` that it lacks."""
    metrics = list(split_pipeline(estimator)[1].metrics)
    scoring = [scoring] if isinstance(scoring, str) else scoring or []
    return tuple(dict.fromkeys([*metrics, *scoring]))


def fit_router(owner, estimator, cv):
    """Route metadata of a fit to the estimator and the splitter."""
    mapping = MethodMapping().add(caller="fit", callee="fit")
    to_splitter = MethodMapping().add(caller="fit", callee="split")
    return (
        MetadataRouter(owner=owner)
        .add(estimator=estimator, method_mapping=mapping)
        .add(splitter=cv, method_mapping=to_splitter)
    )


def route_params(router, params):
    """Divide metadata between `fit` of the estimator and `split` of the splitter.

    Parameters
    ----------
    router : MetadataRouter, or estimator that has one
    params : dict

    Returns
    -------
    fit_params : dict
    split_params : dict
    """
    if get_config()["enable_metadata_routing"]:
        routed = process_routing(router, "fit", **params)
        return routed.estimator.fit, routed.splitter.split
    fit_params = {name: value for name, value in params.items() if name != "groups"}
    return fit_params, {"groups": params.get("groups")}


def make_splits(cv, X, y, split_params):
    """Rows of each split, and how often the cross-validation is repeated."""
    splits = list(cv.split(X, y, **split_params))
    n_repeats = getattr(cv, "n_repeats", 1)
    return splits, n_repeats if len(splits) % n_repeats == 0 else 1


def reporter(owner, candidates, monitor, max_epochs, verbose):
    """Make a function that prints a line for a candidate, if verbose."""

    def report(candidate, outcomes):
        if not verbose:
            return
        scores = score_curves(outcomes, monitor, max_epochs)
        epoch = best_epoch(scores)
        mean = score_sign(monitor) * scores.mean(axis=0)[epoch - 1]
        seconds = sum(outcome["fit_time"] for outcome in outcomes)
        print(
            f"[{owner}] {candidate + 1}/{len(candidates)} candidate "
            f"{describe(candidates[candidate])}: best mean {monitor} {mean:.4f} at "
            f"epoch {epoch} ({len(outcomes)} splits, {seconds:.1f} s)"
        )

    return report


@validate_params(
    {
        "estimator": [HasMethods(["fit"])],
        "X": "no_validation",
        "y": "no_validation",
        "param_grid": [dict, list, None],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "cv": ["cv_object"],
        "groups": ["array-like", None],
        "scoring": [StrOptions(set(get_scorer_names())), list, tuple, None],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
        "error_score": [StrOptions({"raise"}), Real],
        "params": [dict, None],
    },
    prefer_skip_nested_validation=False,
)
def epoch_curve(
    estimator,
    X,
    y,
    *,
    param_grid=None,
    max_epochs=None,
    cv=None,
    groups=None,
    scoring=None,
    n_jobs=None,
    verbose=0,
    error_score=np.nan,
    params=None,
):
    """Loss and metrics after every epoch, on every split of a cross-validation.

    Each candidate is trained once per split. Preprocessing in a pipeline is fitted on
    the training part of a split only, and once for all candidates that share it.

    Parameters
    ----------
    estimator : KerasMLPClassifier or Pipeline
        A classifier, or a pipeline that ends in one.
    X : array-like of shape (n_samples, ...)
        Samples, as the estimator takes them: texts for a pipeline with a vectorizer.
    y : array-like of shape (n_samples,)
        Labels.
    param_grid : dict, list of dict, or dict of str to dict, default=None
        Candidates: a grid as in `GridSearchCV`, a list of grids, or a mapping from
        display names to the parameters of one candidate each. None is the estimator
        as it is.
    max_epochs : int, default=None
        Epochs to train; None takes the `epochs` of the classifier.
    cv : int, cross-validation generator or iterable, default=None
        As in scikit-learn: None for 5 folds, an int for that many (both stratified),
        a splitter, or an iterable of (train, validation) positions. A holdout is
        ``ShuffleSplit(n_splits=1)`` or `PredefinedSplit`.
    groups : array-like of shape (n_samples,), default=None
        Groups for a splitter like `GroupKFold`. With metadata routing enabled, pass
        them in `params`.
    scoring : str, list or tuple of str, default=None
        Names of scikit-learn scorers to record beside the classifier's `metrics`.
    n_jobs : int, default=None
        Parallel jobs; None means 1 unless in a `joblib.parallel_config` context. With
        None, up to 5000 samples are trained on in several threads, with the same
        results, if `random_state` is set, no Keras callbacks are, and no metric but the
        accuracy is recorded.
    verbose : int, default=0
        Print a line per candidate.
    error_score : "raise" or float, default=np.nan
        Value of all entries of a fit that fails, with a warning that names the
        candidate; ``"raise"`` raises the error.
    params : dict, default=None
        Further arguments of `fit` of the estimator, such as sample weights, which are
        cut to the training part; for a step of a pipeline they take its name as
        prefix. With metadata routing enabled, they go to whatever requests them.

    Returns
    -------
    frame : DataFrame
        A row per candidate, split and epoch, with the columns ``candidate`` (its
        position or display name), one per parameter of `param_grid`, ``repeat`` and
        ``fold`` (from 0, as scikit-learn numbers splits), ``epoch`` (from 1),
        ``loss``, ``val_loss``, each metric and its ``val_`` twin, and ``fit_time``
        (seconds of all epochs, with a share of the preprocessing).

    Raises
    ------
    ValueError
        If a parameter is wrong, or all fits fail.
    TypeError
        If the estimator has no epochs.

    See Also
    --------
    skimdb.EpochSearchCV : Picks the best candidate and epoch, and refits it.
    skimdb.EpochCurveDisplay : Plots the curves.
    sklearn.model_selection.learning_curve : Scores by size of the training set.

    Notes
    -----
    ``loss`` is what training minimizes, averaged over an epoch while the weights
    change and units drop out; ``val_loss`` is without penalty and of the weights at
    the end of the epoch.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skimdb import KerasMLPClassifier, epoch_curve
    >>> X, y = make_classification(random_state=0)
    >>> frame = epoch_curve(
    ...     KerasMLPClassifier(random_state=0), X, y,
    ...     param_grid={"size": [4, 16]}, max_epochs=3, cv=2,
    ... )
    >>> list(frame.columns)
    ['candidate', 'size', 'repeat', 'fold', 'epoch', 'loss', 'val_loss',
     'accuracy', 'val_accuracy', 'fit_time']
    >>> len(frame)  # 2 candidates, 2 splits, 3 epochs
    12
    """
    if groups is not None and get_config()["enable_metadata_routing"]:
        raise ValueError(
            "With metadata routing enabled, pass groups in params: "
            "params={'groups': groups}."
        )
    X, y, groups = indexable(X, y, groups)
    candidates = make_candidates(estimator, param_grid)
    cv = check_cv(cv, y, classifier=is_classifier(estimator))
    params = _check_method_params(X, params=params or {})
    if groups is not None:
        params["groups"] = groups
    router = fit_router("epoch_curve", estimator, cv)
    fit_params, split_params = route_params(router, params)
    splits, n_repeats = make_splits(cv, X, y, split_params)
    max_epochs = max_epochs or split_pipeline(estimator)[1].epochs
    outcomes = train_candidates(
        estimator,
        X,
        y,
        candidates=candidates,
        splits=splits,
        settings={
            "epochs": max_epochs,
            "metrics": recorded_metrics(estimator, scoring),
        },
        fit_params=fit_params,
        n_jobs=n_jobs,
        error_score=error_score,
        after_candidate=reporter(
            "epoch_curve", candidates, "val_loss", max_epochs, verbose
        ),
    )
    check_failures(candidates, outcomes, error_score)
    return tabulate(
        estimator,
        candidates,
        outcomes,
        n_repeats=n_repeats,
        max_epochs=max_epochs,
        error_score=error_score,
    )

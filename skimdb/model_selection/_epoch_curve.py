"""epoch_curve: every epoch of every candidate on every split."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn import get_config
from sklearn.base import BaseEstimator

from skimdb._sklearn import validate_parameter_constraints
from skimdb.model_selection._candidates import get_final_estimator
from skimdb.model_selection._fit_candidates import make_plan, run_fits
from skimdb.model_selection._history import make_history
from skimdb.model_selection._search import EpochSearchCV, Grid, Scoring


def epoch_curve(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    *,
    param_grid: Grid = None,
    max_epochs: int | None = None,
    cv: Any = None,
    groups: Any = None,
    scoring: Scoring = None,
    n_jobs: int | None = None,
    verbose: int = 0,
    error_score: float | Literal["raise"] = np.nan,
    params: dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Compute the loss and the metrics after every epoch, on every split.

    Each candidate is trained once per split. Preprocessing in a pipeline is fitted on
    the training part of each split only, and once for all candidates that share it.

    Read more in the :ref:`User Guide <guide-cross-validation>`.

    Parameters
    ----------
    estimator : estimator or Pipeline
        `KerasMLPClassifier`, another classifier or regressor with ``partial_fit``, or a
        pipeline that ends in one.
    X : array-like of shape (n_samples, ...)
        Samples in the form that the estimator takes, such as texts for a pipeline with
        a vectorizer.
    y : array-like of shape (n_samples,)
        Labels.
    param_grid : dict, list of dict, dict of str to dict, ParameterGrid or \
            ParameterSampler, default=None
        Candidates: a grid as in `GridSearchCV`, a list of grids, or a mapping from
        display names to the parameters of one candidate each. Use a
        `sklearn.model_selection.ParameterSampler` to draw them at random. None uses the
        estimator unchanged.
    max_epochs : int, default=None
        Number of epochs to train; None uses the `epochs` of the classifier.
    cv : int, cross-validation generator or iterable, default=None
        Splitting strategy, as in scikit-learn: None for 5 folds, an int for this number
        of folds (both stratified), a splitter, or an iterable of (train, validation)
        positions. For a holdout, use ``ShuffleSplit(n_splits=1)`` or `PredefinedSplit`.
    groups : array-like of shape (n_samples,), default=None
        Groups for a splitter such as `GroupKFold`. With metadata routing enabled, pass
        them in `params`.
    scoring : str, callable, list, tuple or dict, default=None
        Scorers to record in addition to the `metrics` of the classifier, as in
        `GridSearchCV`: a name, several names, a dict from names to scorers, the result
        of `make_scorer`, or a function ``scorer(estimator, X, y)`` that returns a
        number or a dict of numbers. They are called after every epoch on both parts of
        a split. A single scorer without a name is recorded as ``score``.
    n_jobs : int, default=None
        Number of parallel jobs. None means 1 unless in a `joblib.parallel_config`
        context, whose backend may be a cluster.
    verbose : int, default=0
        If positive, print a line per candidate.
    error_score : "raise" or float, default=np.nan
        Value of all entries of a fit that fails, with a warning that names the
        candidate; ``"raise"`` raises the error. The curve of a fit that diverges ends
        at that epoch.
    params : dict, default=None
        Further arguments of `fit` of the estimator, such as sample weights, which are
        cut to the training part. For a step of a pipeline, prefix them with its name.
        With metadata routing enabled, they go to every consumer that requests them.

    Returns
    -------
    frame : DataFrame
        A row per candidate, split and epoch, with the columns ``candidate`` (position
        or display name), one per parameter of `param_grid`, ``repeat`` and ``fold``
        (from 0, as scikit-learn numbers splits), ``epoch`` (from 1), ``loss``,
        ``val_loss``, each metric and its ``val_`` twin, and ``fit_time`` (seconds of
        all epochs, with a share of the preprocessing).

    Raises
    ------
    ValueError
        If a parameter is wrong, or all fits fail.
    TypeError
        If the estimator has no epochs.

    See Also
    --------
    skimdb.EpochSearchCV : Chooses the best candidate and epoch, and refits it.
    skimdb.EpochCurveDisplay : Plots the curves.
    sklearn.model_selection.learning_curve : Scores by the size of the training set.

    Notes
    -----
    ``loss`` is the training objective, penalty included. It is averaged over an epoch
    while the weights change and units drop out. ``val_loss`` excludes the penalty and
    uses the weights at the end of the epoch.

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
    validate_parameter_constraints(
        {"params": [dict, None], "groups": ["array-like", None]},
        {"params": params, "groups": groups},
        caller_name="epoch_curve",
    )
    if groups is not None and get_config()["enable_metadata_routing"]:
        raise ValueError(
            "With metadata routing enabled, pass groups in params: "
            "params={'groups': groups}."
        )
    if groups is not None:
        params = {**(params or {}), "groups": groups}
    search = EpochSearchCV(
        estimator,
        param_grid,
        max_epochs=getattr(get_final_estimator(estimator), "epochs", 30)
        if max_epochs is None
        else max_epochs,
        cv=cv,
        scoring=scoring,
        n_jobs=n_jobs,
        verbose=verbose,
        error_score=error_score,
        return_train_score=True,
    )
    search._validate_params()
    plan, data, n_repeats = make_plan(search, X, y, params or {})
    results = run_fits(plan, data, "epoch_curve")
    return make_history(plan, results, n_repeats, error_score)

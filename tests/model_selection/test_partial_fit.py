"""Estimators with partial_fit are trained as by a loop over it, to the last bit."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.cluster import MiniBatchKMeans
from sklearn.datasets import (
    make_classification,
    make_multilabel_classification,
    make_regression,
)
from sklearn.decomposition import IncrementalPCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import (
    LogisticRegression,
    Perceptron,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.metrics import get_scorer, log_loss, mean_squared_error
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from skimdb import (
    EpochCurveDisplay,
    EpochSearchCV,
    TextMultiHotVectorizer,
    epoch_curve,
)

N_EPOCHS = 5
CV = KFold(3)
MLP = {"hidden_layer_sizes": (4,), "random_state": 0}
ESTIMATORS = {
    "MLPClassifier": (MLPClassifier(**MLP, batch_size=16), None),
    "log_loss": (SGDClassifier(loss="log_loss", random_state=0), None),
    "hinge": (SGDClassifier(random_state=0), "accuracy"),
    "Perceptron": (Perceptron(random_state=0), "balanced_accuracy"),
    "MLPRegressor": (MLPRegressor(**MLP, batch_size=16), None),
    "SGDRegressor": (SGDRegressor(random_state=0), "r2"),
}


def make_data(target):
    if target == "multilabel":
        return make_multilabel_classification(60, 8, random_state=0)
    if target in ("one", "two"):
        return make_regression(60, 8, n_targets=1 + (target == "two"), random_state=0)
    X, y = make_classification(
        60, 8, n_informative=5, n_classes=2 + (target == "three"), random_state=0
    )
    return X, np.array(["a", "b", "c"])[y]


def compute_loss(estimator, X, y, weight=None):
    if hasattr(estimator, "predict_proba"):
        proba = estimator.predict_proba(X)
        if y.ndim == 2:
            columns = zip(y.T, proba.T, strict=True)
            return np.mean([log_loss(c, p, labels=[0, 1]) for c, p in columns])
        labels = estimator.classes_
        return log_loss(y, proba, sample_weight=weight, labels=labels)
    if hasattr(estimator, "classes_"):
        return np.nan
    return mean_squared_error(y, estimator.predict(X), sample_weight=weight)


def train_by_hand(estimator, X, y, n_epochs, scoring=None, weight=None):
    """Loop over partial_fit on each training part; returns a row per epoch."""
    rows = []
    for fold, (train, val) in enumerate(CV.split(X)):
        fitted, params = clone(estimator), {}
        if not isinstance(estimator, MLPRegressor | SGDRegressor):
            params = {"classes": np.arange(5) if y.ndim == 2 else np.unique(y[train])}
        for epoch in range(1, n_epochs + 1):
            weights = {} if weight is None else {"sample_weight": weight[train]}
            fitted.partial_fit(X[train], y[train], **params, **weights)
            params = {}
            parts = [(X[part], y[part]) for part in (train, val)]
            of_parts = [
                None if weight is None else weight[part] for part in (train, val)
            ]
            losses = [
                compute_loss(fitted, *part, each)
                for part, each in zip(parts, of_parts, strict=True)
            ]
            row = {
                "fold": fold,
                "epoch": epoch,
                "loss": losses[0],
                "val_loss": losses[1],
            }
            if scoring is not None:
                row[f"val_{scoring}"] = get_scorer(scoring)(fitted, *parts[1])
            rows.append(row)
    return pd.DataFrame(rows)


def assert_same_history(search, rows):
    history = search.history_.drop(columns=["candidate", "repeat", "fit_time"])
    pd.testing.assert_frame_equal(history, rows, check_exact=True)


def make_search(estimator, scoring=None, **params):
    monitor = "val_loss" if scoring is None else f"val_{scoring}"
    options = {"max_epochs": N_EPOCHS, "cv": CV, "scoring": scoring, "monitor": monitor}
    return EpochSearchCV(estimator, **options | params)


def fit_quietly(search, *args, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # short curves
        return search.fit(*args, **params)


CASES = [
    (name, target, form)
    for name, targets in {
        "MLPClassifier": ["binary", "three", "multilabel"],
        "log_loss": ["binary", "three"],
        "hinge": ["binary", "three"],
        "Perceptron": ["binary", "three"],
        "MLPRegressor": ["one", "two"],
        "SGDRegressor": ["one"],
    }.items()
    for target in targets
    for form in (np.asarray, np.float32, scipy.sparse.csr_array)
]


@pytest.mark.parametrize(
    ("name", "target", "form"),
    CASES,
    ids=lambda value: getattr(value, "__name__", value),
)
def test_history_and_refit_equal_a_loop_over_partial_fit(name, target, form):
    estimator, scoring = ESTIMATORS[name]
    X, y = make_data(target)
    X = form(X)
    search = fit_quietly(make_search(estimator, scoring), X, y)
    assert_same_history(search, train_by_hand(estimator, X, y, N_EPOCHS, scoring))
    best = clone(estimator)
    classes = {"classes": np.arange(5) if y.ndim == 2 else np.unique(y)}
    classes = classes if hasattr(search, "classes_") else {}
    for epoch in range(search.best_epoch_):
        best.partial_fit(X, y, **(classes if epoch == 0 else {}))
    np.testing.assert_array_equal(search.predict(X), best.predict(X))
    for attribute in ("coefs_", "coef_"):
        for ours, theirs in zip(
            getattr(search.best_estimator_, attribute, ()),
            getattr(best, attribute, ()),
            strict=True,
        ):
            np.testing.assert_array_equal(ours, theirs)
    assert search.best_params_ == {}


def test_texts_in_a_pipeline(texts_data):
    texts, y = texts_data
    texts = np.array(texts, dtype=object)
    vectorizer = TextMultiHotVectorizer(max_features=20)
    estimator = SGDClassifier(loss="log_loss", random_state=0)
    pipe = make_pipeline(vectorizer, estimator)
    grid = {"sgdclassifier__alpha": [1e-4, 1e-2]}
    search = fit_quietly(make_search(pipe, param_grid=grid, n_jobs=2), texts, y)
    for fold, (train, val) in enumerate(CV.split(texts)):  # noqa: B007
        fitted = clone(estimator)
        encoder = clone(vectorizer).fit(texts[train])
        losses = []
        for _ in range(N_EPOCHS):
            fitted.partial_fit(
                encoder.transform(texts[train]), y[train], classes=[0, 1]
            )
            proba = fitted.predict_proba(encoder.transform(texts[val]))
            losses.append(log_loss(y[val], proba))
        rows = search.history_.query("candidate == 0 and fold == @fold")
        np.testing.assert_array_equal(rows["val_loss"], losses)
    best = search.best_estimator_
    assert best.predict(texts).shape == y.shape
    assert best[-1].t_ == 1 + search.best_epoch_ * len(texts)
    assert set(search.best_params_) == {"sgdclassifier__alpha"}


def test_weights_groups_and_repeats():
    X, y = make_data("binary")
    weight = np.linspace(0.5, 2, 60)
    estimator, _ = ESTIMATORS["log_loss"]
    search = fit_quietly(make_search(estimator), X, y, sample_weight=weight)
    rows = train_by_hand(estimator, X, y, N_EPOCHS, weight=weight)
    assert_same_history(search, rows)
    groups = np.arange(60) % 4
    search = make_search(estimator, cv=GroupKFold(2))
    assert fit_quietly(search, X, y, groups=groups).n_splits_ == 2


@pytest.mark.parametrize("name", ["MLPClassifier", "SGDRegressor"])
def test_patience_stops_as_the_full_curve_says(name):
    estimator, scoring = ESTIMATORS[name]
    estimator = clone(estimator)
    estimator.set_params(**{"learning_rate_init": 0.1} if name[:3] == "MLP" else {})
    X, y = make_data("binary" if name == "MLPClassifier" else "one")
    full = fit_quietly(make_search(estimator, scoring, max_epochs=30), X, y)
    patient = make_search(estimator, scoring, max_epochs=30, n_iter_no_change=2)
    patient = fit_quietly(patient, X, y)
    n_epochs = patient.history_["epoch"].max()
    expected = full.history_.query("epoch <= @n_epochs").reset_index(drop=True)
    pd.testing.assert_frame_equal(
        patient.history_.drop(columns="fit_time"),
        expected.drop(columns="fit_time"),
        check_exact=True,
    )
    assert patient.best_epoch_ == n_epochs - 2 or n_epochs == 30


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_jobs_and_memory_change_nothing(tmp_path, backend):
    import joblib

    X, y = make_data("three")
    estimator, _ = ESTIMATORS["MLPClassifier"]
    grid = {"alpha": [1e-4, 1.0]}
    plain = fit_quietly(make_search(estimator, param_grid=grid), X, y)
    for _ in range(2):
        with joblib.parallel_config(backend, n_jobs=2):
            search = make_search(estimator, param_grid=grid, memory=tmp_path)
            fit_quietly(search, X, y)
        pd.testing.assert_frame_equal(
            search.history_.drop(columns="fit_time"),
            plain.history_.drop(columns="fit_time"),
        )
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 6


def test_other_epochs_are_not_reused(tmp_path):
    X, y = make_data("binary")
    estimator, _ = ESTIMATORS["log_loss"]
    for n_epochs in (3, 4):
        search = make_search(estimator, memory=tmp_path, max_epochs=n_epochs)
        assert len(fit_quietly(search, X, y).history_) == 3 * n_epochs


def test_plots_rules_and_train_scores():
    X, y = make_data("binary")
    estimator, _ = ESTIMATORS["MLPClassifier"]
    options = {"rule": "one_se", "return_train_score": True}
    search = make_search(estimator, "roc_auc", param_grid={"alpha": [0, 1]}, **options)
    fit_quietly(search, X, y)
    assert "mean_train_score" in search.cv_results_
    assert EpochCurveDisplay.from_search(search).mean_lines_.keys() == {
        (0, "val_roc_auc"),
        (1, "val_roc_auc"),
    }
    frame = epoch_curve(estimator, X, y, cv=CV, max_epochs=3)
    assert list(frame["epoch"].unique()) == [1, 2, 3]
    display = EpochCurveDisplay.from_estimator(estimator, X, y, max_epochs=2, cv=2)
    assert display.ax_.get_ylabel() == "Loss"

    def choose(results):
        return int(np.argmin(results["mean_test_score"]))

    search.set_params(refit=choose)
    assert fit_quietly(search, X, y).best_index_ == choose(search.cv_results_)


def test_scores_equal_grid_search_over_max_iter():
    """Without shuffling and stopping, fit trains as partial_fit."""
    X, y = make_data("binary")
    estimator = SGDClassifier(
        loss="log_loss", shuffle=False, tol=None, learning_rate="constant", eta0=0.01
    )
    search = fit_quietly(make_search(estimator, "neg_log_loss"), X, y)
    grid = {"max_iter": list(range(1, N_EPOCHS + 1))}
    other = GridSearchCV(estimator, grid, cv=CV, scoring="neg_log_loss").fit(X, y)
    for fold in range(3):
        curve = search.history_.query("fold == @fold")["val_neg_log_loss"]
        column = f"split{fold}_test_score"
        np.testing.assert_allclose(curve, other.cv_results_[column], rtol=1e-9)
    assert search.best_epoch_ == other.best_params_["max_iter"]


@pytest.mark.parametrize(
    ("estimator", "options", "error", "message"),
    [
        (LogisticRegression(), {}, TypeError, "trains epoch by epoch"),
        (StandardScaler(), {}, TypeError, "trains epoch by epoch"),
        (IncrementalPCA(), {}, TypeError, "trains epoch by epoch"),
        (MiniBatchKMeans(), {}, TypeError, "trains epoch by epoch"),
        (
            make_pipeline(StandardScaler(), IncrementalPCA()),
            {},
            TypeError,
            "trains epoch by epoch",
        ),
        (MLPClassifier(early_stopping=True), {}, ValueError, "early_stopping=False"),
        (
            SGDClassifier(),
            {"param_grid": {"early_stopping": [True]}},
            ValueError,
            "early_stopping=False",
        ),
        (SGDClassifier(), {}, ValueError, "scoring='accuracy', monitor='val_accuracy'"),
        (Perceptron(), {"monitor": "val_f1"}, ValueError, "scoring='accuracy'"),
    ],
    ids=str,
)
def test_wrong_estimators(estimator, options, error, message):
    X, y = make_data("binary")
    with pytest.raises(error, match=message):
        make_search(estimator, **options).fit(X, y)


def test_a_regressor_with_a_score_for_classes():
    X, y = make_data("one")
    with (
        pytest.warns(UserWarning, match="scorer 'f1' failed"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        search = fit_quietly(make_search(SGDRegressor(random_state=0), "f1"), X, y)
    assert np.isnan(search.best_score_)


def test_labels_that_only_the_validation_part_has():
    X, y = make_data("binary")
    y = y.astype(object)
    y[0] = "z"  # in the validation part of the first split only
    estimator, _ = ESTIMATORS["log_loss"]
    grid = GridSearchCV(estimator, {}, cv=CV, scoring="accuracy")
    grid.set_params(
        estimator__max_iter=1, estimator__tol=None, estimator__shuffle=False
    )
    search = make_search(estimator, "accuracy", max_epochs=1)
    search.set_params(estimator__shuffle=False, estimator__tol=None)
    with pytest.warns(UserWarning, match=r"split 0 has labels .* \['z'\]"):
        search.fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        grid.fit(X, y)
    for fold in range(3):
        column = f"split{fold}_test_score"
        assert search.cv_results_[column] == grid.cv_results_[column]
    assert np.isfinite(search.history_["val_loss"]).all()


def test_no_stratification_for_regressors():
    X, y = make_data("one")
    y = np.sign(y)  # looks like classes
    search = fit_quietly(make_search(SGDRegressor(random_state=0), cv=3), X, y)
    by_hand = KFold(3).split(X)
    _, first = next(by_hand)
    fitted = SGDRegressor(random_state=0).partial_fit(
        np.delete(X, first, axis=0), np.delete(y, first)
    )
    loss = mean_squared_error(y[first], fitted.predict(X[first]))
    assert search.history_["val_loss"][0] == loss
    assert isinstance(StratifiedKFold(3), StratifiedKFold)


def list_checks(search):
    return {
        getattr(check, "func", check).__name__
        + str(getattr(check, "keywords", "")): check
        for _, check in estimator_checks_generator(search)
    }


def passes(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            check(clone(estimator))
        except BaseException:  # also a skipped check
            return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator",
    [
        SGDClassifier(loss="log_loss", random_state=0),
        # Some checks need a fit that has converged.
        MLPClassifier(**MLP, learning_rate_init=0.1),
        MLPRegressor(**MLP),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_estimator_checks_that_grid_search_passes(estimator):
    """Every check that GridSearchCV over the estimator passes, passes here."""
    grid = {"alpha": [1e-4]}
    ours = EpochSearchCV(estimator, grid, max_epochs=10, cv=2, error_score="raise")
    theirs = GridSearchCV(estimator, grid, cv=2, error_score="raise")
    checks = list_checks(theirs)
    failed = [
        name
        for name, check in list_checks(ours).items()
        if not passes(ours, check) and name in checks and passes(theirs, checks[name])
    ]
    assert failed == []

"""The classifier inside scikit-learn's meta-estimators."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  (enables it)
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RepeatedKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from skimdb import KerasMLPClassifier

BASE = KerasMLPClassifier(
    8, epochs=15, batch_size=64, learning_rate=0.01, random_state=0
)


@pytest.fixture(scope="module")
def data():
    """Sparse rows, string labels: the first two columns decide."""
    rng = np.random.default_rng(0)
    X = scipy.sparse.random_array(
        (240, 12), density=0.5, format="csr", dtype=np.float32, rng=rng
    )
    signal = X[:, 0].toarray().ravel() - X[:, 1].toarray().ravel()
    return X, np.where(signal > 0, "good", "bad")


@pytest.fixture(scope="module")
def fitted(data):
    return clone(BASE).fit(*data)


def test_is_classifier():
    assert is_classifier(BASE)
    assert is_classifier(make_pipeline(MaxAbsScaler(), BASE))


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibrated(data, method):
    X, y = data
    calibrated = CalibratedClassifierCV(BASE, method=method, cv=3).fit(X, y)
    proba = calibrated.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert brier_score_loss(y == "good", proba[:, 1]) < 0.15
    assert calibrated.score(X, y) > 0.8


@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_voting(data, voting):
    members = [("mlp", BASE), ("linear", LogisticRegression())]
    vote = VotingClassifier(members, voting=voting).fit(*data)
    assert vote.score(*data) > 0.85


def test_stacking(data):
    stack = StackingClassifier(
        [("mlp", BASE), ("linear", LogisticRegression())], cv=3
    ).fit(*data)
    assert stack.score(*data) > 0.85
    assert stack.transform(data[0]).shape == (240, 2)


def test_bagging(data):
    """Bootstrapped by sample weights; members differ, and together predict well."""
    bag = BaggingClassifier(BASE, n_estimators=3, random_state=0).fit(*data)
    first, second = (member.coefs_[0] for member in bag.estimators_[:2])
    assert not np.array_equal(first, second)
    assert bag.score(*data) > 0.8


def test_one_vs_rest(data):
    X, y = data
    y = np.where(X[:, 2].toarray().ravel() > 0.7, "other", y)
    one_vs_rest = OneVsRestClassifier(BASE).fit(X, y)
    assert len(one_vs_rest.estimators_) == 3
    assert one_vs_rest.score(X, y) > 0.75


def test_multi_output(data):
    X, y = data
    Y = np.column_stack([y, np.where(X[:, 2].toarray().ravel() > 0.3, "x", "y")])
    assert MultiOutputClassifier(BASE).fit(X, Y).score(X, Y) > 0.6


def test_frozen(data, fitted):
    X, y = data
    frozen = FrozenEstimator(fitted)
    calibrated = CalibratedClassifierCV(frozen).fit(X[:100], y[:100])
    assert calibrated.score(X, y) > 0.8
    np.testing.assert_array_equal(
        clone(frozen).fit(X[:10], y[:10]).predict(X), fitted.predict(X)
    )


def test_tuned_threshold(data):
    """Told to find all of a class, it lowers the threshold."""
    X, y = data
    tuned = TunedThresholdClassifierCV(BASE, scoring="balanced_accuracy", cv=3)
    tuned.fit(X, y)
    assert 0 < tuned.best_threshold_ < 1
    assert tuned.score(X, y) > 0.8


def test_halving_over_epochs(data):
    halving = HalvingGridSearchCV(
        BASE,
        {"size": [1, 2, 8]},
        resource="epochs",
        min_resources=2,
        max_resources=18,
        factor=3,
        cv=2,
        random_state=0,
    ).fit(*data)
    assert halving.n_resources_ == [2, 6]
    assert halving.best_estimator_.n_iter_ == 6
    assert set(halving.cv_results_["n_resources"]) == {2, 6}


def test_permutation_importance(data, fitted):
    X, y = data
    result = permutation_importance(fitted, X.toarray(), y, n_repeats=3, random_state=0)
    assert set(np.argsort(result.importances_mean)[-2:]) == {0, 1}


def test_nested_cross_validation(data):
    """A search in each outer split, whose estimators come back and predict."""
    X, y = data
    search = GridSearchCV(
        make_pipeline(MaxAbsScaler(), BASE),
        {"kerasmlpclassifier__optimizer__momentum": [0.0, 0.9]},
        cv=2,
    )
    results = cross_validate(search, X, y, cv=2, return_estimator=True)
    assert results["test_score"].mean() > 0.75
    for estimator in results["estimator"]:
        assert estimator.best_params_.keys() == search.param_grid.keys()
        assert set(estimator.predict(X)) == {"good", "bad"}
        assert estimator.score(X, y) > 0.75


def test_grid_search_over_routed_parameters(data):
    grid = {"optimizer__rho": [0.5, 0.9], "loss__label_smoothing": [0.0, 0.3]}
    search = GridSearchCV(BASE, grid, cv=2).fit(*data)
    assert len(search.cv_results_["params"]) == 4
    assert len(set(search.cv_results_["mean_test_score"])) > 1
    best = search.best_estimator_.get_params()
    assert {name: best[name] for name in grid} == search.best_params_


@pytest.mark.slow
def test_same_scores_in_parallel(data):
    grid = {"size": [4, 8], "l2": [0, 0.002], "dropout": [0, 0.5]}
    search, again = (
        GridSearchCV(clone(BASE).set_params(epochs=3), grid, cv=2, n_jobs=n_jobs)
        for n_jobs in (1, 2)
    )
    search.fit(*data)
    again.fit(*data)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], again.cv_results_["mean_test_score"]
    )


def test_integer_cv_stratifies():
    """Sorted labels would leave a split without a class otherwise."""
    X = np.repeat([[0.0], [1.0]], 12, axis=0)
    y = np.repeat(["a", "b"], 12)
    scores = cross_val_score(clone(BASE).set_params(epochs=60), X, y, cv=4)
    assert scores.mean() > 0.9


def test_repeated_k_fold(data):
    cv = RepeatedKFold(n_splits=2, n_repeats=2, random_state=0)
    scores = cross_val_score(BASE, *data, cv=cv, scoring="roc_auc")
    assert scores.shape == (4,)
    assert scores.mean() > 0.85


@pytest.mark.parametrize(
    "method", ["predict_proba", "predict_log_proba", "decision_function"]
)
def test_cross_val_predict(data, method):
    X, y = data
    predicted = cross_val_predict(BASE, X, y, cv=3, method=method)
    score = predicted if predicted.ndim == 1 else predicted[:, 1] - predicted[:, 0]
    assert np.mean((score > 0) == (y == "good")) > 0.75

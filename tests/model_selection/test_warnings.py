"""Each warning points at the line of the user."""

import time
import warnings

import joblib
import numpy as np
import pytest
from sklearn import config_context, get_config
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.model_selection import KFold, cross_val_score

from skimdb import EpochSearchCV, KerasMLPClassifier, epoch_curve
from skimdb.model_selection._workers import make_parallel, run_jobs


def make_classifier(**params):
    defaults = {"size": 2, "learning_rate": 0.03, "batch_size": 32, "random_state": 0}
    return KerasMLPClassifier(**defaults | params)


def make_search(grid=None, **params):
    defaults = {"max_epochs": 30, "cv": KFold(3)}
    return EpochSearchCV(make_classifier(), grid, **defaults | params)


def assert_points_here(caught, category, n_warnings=1):
    assert len(caught) == n_warnings
    assert {warning.filename for warning in caught} == {__file__}
    with open(__file__) as source:
        lines = source.read().splitlines()
    for warning in caught:
        assert warning.category is category
        assert "# here" in lines[warning.lineno - 1]


FAILING = {"optimizer": ["rmsprop", "nonsense"]}
WILD = {"optimizer": ["sgd"], "learning_rate": [1e30], "activation": ["linear"]}
DIVERGING = [{"size": [2]}, WILD]


@pytest.mark.parametrize("grid", [FAILING, DIVERGING], ids=["failing", "diverging"])
def test_fits_that_fail(data, grid):
    X, y = data
    X, options = 100 * X, {"error_score": -9.0, "n_iter_no_change": 3}
    with pytest.warns(FitFailedWarning) as caught:
        make_search(grid, **options).fit(X, y)  # here
    assert_points_here(caught, FitFailedWarning)
    with pytest.warns(FitFailedWarning) as caught:
        epoch_curve(make_classifier(), X, y, param_grid=grid)  # here
    assert_points_here(caught, FitFailedWarning)


def fail(estimator, X, y):
    raise ArithmeticError("no score")


def test_scorers_that_fail(data):
    search = make_search(scoring={"own": fail, "f1": "f1"}, monitor="val_f1")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search.fit(*data)  # here
    ours = [w for w in caught if "non-finite" not in str(w.message)]
    assert_points_here(ours, UserWarning)
    with pytest.warns(UserWarning, match="no score") as caught:
        epoch_curve(make_classifier(), *data, scoring={"own": fail})  # here
    assert_points_here(caught, UserWarning)


def test_labels_that_training_lacks(data):
    X, y = data
    y = y.copy()
    y[0] = 2
    with pytest.warns(
        UserWarning, match="labels that its training part lacks"
    ) as caught:
        make_search().fit(X, y)  # here
    assert_points_here(caught, UserWarning)


def test_the_last_epoch_trained(data):
    with pytest.warns(
        ConvergenceWarning, match=r"Increase max_epochs \(now 2\)"
    ) as caught:
        make_search(max_epochs=2).fit(*data)  # here
    assert_points_here(caught, ConvergenceWarning)
    with pytest.warns(
        ConvergenceWarning, match=r"Increase max_epochs \(now 2\)"
    ) as caught:
        cross_val_score(make_search(max_epochs=2), *data, cv=3)  # here
    assert_points_here(caught, ConvergenceWarning)  # Python shows a line once


@pytest.mark.filterwarnings("error")
def test_no_warning_where_the_curve_has_turned(data):
    search = make_search().fit(*data)
    assert search.best_epoch_ < 30
    make_search(max_epochs=1).fit(*data)  # no other epoch to compare with
    make_search(n_iter_no_change=2).fit(*data)


def test_results_that_are_not_kept(data, tmp_path):
    with pytest.warns(UserWarning, match="are not cached") as caught:
        make_search({"random_state": [None]}, memory=tmp_path).fit(*data)  # here
    assert_points_here(caught, UserWarning)
    (tmp_path / "file").write_text("no folder")
    with pytest.warns(UserWarning, match="Could not write") as caught:
        make_search(memory=tmp_path / "file").fit(*data)  # here
    assert_points_here(caught, UserWarning)


def test_results_that_cannot_be_read(data, tmp_path):
    make_search(memory=tmp_path).fit(*data)
    for path in (tmp_path / "joblib" / "skimdb").iterdir():
        path.write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="Ignored a damaged") as caught:
        make_search(memory=tmp_path).fit(*data)  # here
    assert_points_here(caught, UserWarning, n_warnings=3)
    assert np.isfinite(make_search(memory=tmp_path).fit(*data).best_score_)


def test_threads_leave_the_filters_of_the_process_alone():
    """Two jobs that set and restored the filters would leave them changed."""
    before = warnings.filters

    def look(i):
        time.sleep(0.001 * (i % 3))
        return warnings.filters is before, get_config()["print_changed_only"]

    with (
        joblib.parallel_config("threading", n_jobs=4),
        config_context(print_changed_only=False),
        make_parallel(None) as parallel,
    ):
        seen = dict(run_jobs(parallel, look, {i: (i,) for i in range(100)}))
    assert set(seen.values()) == {(True, False)}
    assert warnings.filters is before

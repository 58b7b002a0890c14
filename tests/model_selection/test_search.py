import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RepeatedKFold,
    ShuffleSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skimdb import EpochSearchCV, KerasMLPClassifier, epoch_curve
from skimdb.model_selection._results import find_best_epoch

N_EPOCHS = 12
GRID = {"size": [2, 4]}


def make_classifier(**params):
    defaults = {"size": 4, "learning_rate": 0.03, "batch_size": 32, "random_state": 0}
    return KerasMLPClassifier(**defaults | params)


def make_scaled(**params):
    return make_pipeline(StandardScaler(), make_classifier(**params))


def make_search(*args, **params):
    defaults = {"max_epochs": N_EPOCHS, "cv": KFold(3)}
    return EpochSearchCV(*(args or (make_classifier(), GRID)), **defaults | params)


@parametrize_with_checks(
    [
        EpochSearchCV(
            make_classifier(batch_size=16),
            {"l2": [0.01]},
            max_epochs=3,
            cv=2,
            error_score="raise",
        )
    ]
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")  # of NaN, by
# the checks themselves
def test_estimator_checks(estimator, check):
    check(estimator)


def test_attributes(search, data):
    X, y = data
    assert search.best_params_ == {
        "size": GRID["size"][search.best_index_],
        "epochs": search.best_epoch_,
    }
    results = search.cv_results_
    assert search.best_score_ == results["mean_test_score"].max()
    assert results["rank_test_score"][search.best_index_] == 1
    assert search.n_splits_ == 3
    assert search.refit_time_ > 0
    assert list(search.classes_) == [0, 1]
    assert search.n_features_in_ == 10
    assert len(search.history_) == 2 * 3 * N_EPOCHS
    assert search.best_estimator_.n_iter_ == search.best_epoch_
    assert is_classifier(search)
    assert search.score(X, y) == np.mean(search.predict(X) == y)
    np.testing.assert_array_equal(
        search.predict_proba(X), search.best_estimator_.predict_proba(X)
    )
    assert not hasattr(search, "transform")


def test_history_is_the_epoch_curve(search, data):
    frame = epoch_curve(
        make_classifier(), *data, param_grid=GRID, max_epochs=N_EPOCHS, cv=KFold(3)
    )
    pd.testing.assert_frame_equal(
        search.history_.drop(columns="fit_time"), frame.drop(columns="fit_time")
    )


def test_results_are_those_at_the_best_epoch_of_the_mean_curve(search):
    results, history = search.cv_results_, search.history_
    mean = history.groupby(["candidate", "epoch"])["val_loss"].mean().unstack()
    epochs = mean.idxmin(axis=1)
    assert list(results["param_epochs"]) == list(epochs)
    np.testing.assert_allclose(results["mean_test_score"], -mean.min(axis=1))
    at = history.set_index(["candidate", "fold", "epoch"])
    for i, epoch in enumerate(epochs):
        for fold in range(3):
            row = at.loc[i, fold, epoch]
            assert results[f"split{fold}_test_score"][i] == -row["val_loss"]
            assert results[f"split{fold}_train_score"][i] == -row["loss"]
            assert results[f"split{fold}_test_accuracy"][i] == row["val_accuracy"]
            curve = at.loc[i, fold]["val_loss"]
            assert results[f"split{fold}_best_epoch"][i] == curve.idxmin()
    assert list(search.split_best_epochs_) == [
        results[f"split{fold}_best_epoch"][search.best_index_] for fold in range(3)
    ]


def test_results_have_the_columns_of_grid_search(search, data):
    grid = {"size": [2], "epochs": [1]}
    other = GridSearchCV(make_classifier(), grid, cv=KFold(3), return_train_score=True)
    columns = set(other.fit(*data).cv_results_)
    assert columns <= set(search.cv_results_)
    assert "mean_train_score" not in make_search(max_epochs=1).fit(*data).cv_results_


@pytest.mark.parametrize(
    ("monitor", "scoring"),
    [("val_loss", "neg_log_loss"), ("val_accuracy", "accuracy")],
)
def test_equals_grid_search_over_epochs(data, monitor, scoring):
    pipe = make_scaled()
    epochs = range(1, 5)
    grid = {"kerasmlpclassifier__l2": [0.0, 0.01]}
    ours = make_search(pipe, grid, monitor=monitor, max_epochs=4).fit(*data)
    other = GridSearchCV(
        pipe,
        grid | {"kerasmlpclassifier__epochs": epochs},
        cv=KFold(3),
        scoring=scoring,
    ).fit(*data)
    assert ours.best_score_ == pytest.approx(other.best_score_, abs=1e-6)
    # The grid search's row of our choice has our scores, and is as good as its best.
    row = other.cv_results_["params"].index(ours.best_params_)
    assert other.cv_results_["rank_test_score"][row] == 1
    for split in range(3):
        assert other.cv_results_[f"split{split}_test_score"][row] == pytest.approx(
            ours.cv_results_[f"split{split}_test_score"][ours.best_index_], abs=1e-6
        )


def test_best_epoch_of_curves():
    scores = -np.array([[5, 3, 2.0, 4], [5, 3, 2.5, 4], [5, 1, 2.0, 9]])
    assert find_best_epoch(scores) == 3
    noisy = -np.array([[5, 3, 1.0, 4], [5, 3, 3.0, 4], [5, 2, 2.0, 9]])
    assert find_best_epoch(noisy) == 3
    assert find_best_epoch(noisy, "one_se") == 3  # 2.67 > 2 + 0.58
    noisier = -np.array([[5, 2, 0.0, 4], [5, 3, 4.0, 4], [5, 2, 2.0, 9]])
    assert find_best_epoch(noisier, "one_se") == 2  # 2.33 < 2 + 1.15
    scores[0, 2] = np.nan
    assert find_best_epoch(scores) == 2
    assert find_best_epoch(np.full((2, 5), np.nan)) == 5


def test_one_se_takes_no_more_epochs(search, data):
    fewer = make_search(rule="one_se").fit(*data)
    for i, epoch in enumerate(fewer.cv_results_["param_epochs"]):
        assert epoch <= search.cv_results_["param_epochs"][i]
    assert fewer.best_estimator_.n_iter_ == fewer.best_epoch_
    with pytest.raises(ValueError, match="two or more splits"):
        make_search(rule="one_se", cv=ShuffleSplit(1)).fit(*data)


def test_named_candidates_and_pipeline(data):
    grid = {"small": {"kerasmlpclassifier__size": 2}, "as it is": {}}
    search = make_search(make_scaled(), grid, max_epochs=3).fit(*data)
    assert set(search.history_["candidate"]) == {"small", "as it is"}
    assert search.best_params_["kerasmlpclassifier__epochs"] == search.best_epoch_
    assert search.best_estimator_[-1].n_iter_ == search.best_epoch_
    size = search.cv_results_["param_kerasmlpclassifier__size"]
    assert list(size.mask) == [False, True]


def test_scoring(data):
    X, y = data
    search = make_search(
        make_classifier(), scoring="roc_auc", monitor="val_roc_auc", max_epochs=3
    ).fit(X, y)
    curve = search.history_.groupby("epoch")["val_roc_auc"].mean()
    assert search.best_score_ == pytest.approx(curve.max())
    assert "roc_auc" in str(search.scorer_)
    assert search.score(X, y) != np.mean(search.predict(X) == y)
    with pytest.warns(UserWarning, match="Set monitor='val_f1'"):
        several = make_search(scoring=["f1", "roc_auc"], max_epochs=2).fit(X, y)
    assert {"mean_test_f1", "mean_test_roc_auc"} <= set(several.cv_results_)


def test_without_refit(data):
    search = make_search(max_epochs=2, refit=False).fit(*data)
    assert search.best_params_["epochs"] == search.best_epoch_
    assert not hasattr(search, "best_estimator_")
    assert not hasattr(search, "predict")


def test_refit_callable(data):
    search = make_search(max_epochs=2, refit=lambda results: 1).fit(*data)
    assert search.best_index_ == 1
    assert search.best_estimator_.size == GRID["size"][1]
    assert not hasattr(search, "best_score_")


def test_nested_and_as_a_step(data):
    X, y = data
    search = make_search(make_classifier(), max_epochs=2)
    nested = cross_validate(search, X, y, cv=2, return_estimator=True)
    assert nested["test_score"].shape == (2,)
    assert all(hasattr(found, "best_epoch_") for found in nested["estimator"])
    pipe = make_pipeline(StandardScaler(), search).fit(X, y)
    assert pipe.predict(X).shape == (90,)


def test_strings_frames_and_pickle(data):
    X, y = data
    frame = pd.DataFrame(X).add_prefix("feature")
    labels = np.where(y == 1, "yes", "no")
    search = make_search(make_scaled(), max_epochs=2).fit(frame, labels)
    assert list(search.classes_) == ["no", "yes"]
    assert list(search.feature_names_in_) == list(frame.columns)
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict(frame), search.predict(frame))
    with pytest.raises(NotFittedError):
        clone(search).predict(frame)


def test_repeats(data):
    cv = RepeatedKFold(n_splits=2, n_repeats=2, random_state=0)
    search = make_search(cv=cv, max_epochs=2).fit(*data)
    assert search.n_splits_ == 4
    assert set(search.history_["repeat"]) == {0, 1}


def test_metadata(data):
    X, y = data
    weight, groups = np.linspace(0.1, 2, 90), np.arange(90) % 3
    search = make_search(make_classifier(), cv=GroupKFold(3), max_epochs=2)
    plain = clone(search).fit(X, y, sample_weight=weight, groups=groups)
    with config_context(enable_metadata_routing=True):
        asking = make_classifier().set_fit_request(sample_weight=True)
        routed = clone(search).set_params(estimator=asking)
        routed.fit(X, y, sample_weight=weight, groups=groups)
    pd.testing.assert_series_equal(plain.history_["loss"], routed.history_["loss"])
    for a, b in zip(
        plain.best_estimator_.coefs_, routed.best_estimator_.coefs_, strict=True
    ):
        np.testing.assert_array_equal(a, b)
    unweighted = clone(search).fit(X, y, groups=groups)
    assert (unweighted.history_["loss"] != plain.history_["loss"]).all()


def test_failing_candidate(data):
    grid = {"optimizer": ["rmsprop", "nonsense"]}
    with (
        pytest.warns(FitFailedWarning, match="optimizer='nonsense'"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        search = make_search(make_classifier(), grid, max_epochs=2).fit(*data)
    assert search.best_params_["optimizer"] == "rmsprop"
    assert np.isnan(search.cv_results_["mean_test_score"][1])
    assert list(search.cv_results_["rank_test_score"]) == [1, 2]
    with pytest.warns(FitFailedWarning):
        search = make_search(
            make_classifier(), grid, max_epochs=2, error_score=-9.0
        ).fit(*data)
    assert search.cv_results_["mean_test_score"][1] == -9
    with pytest.raises(ValueError, match="nonsense"):
        search.set_params(error_score="raise").fit(*data)
    assert search.best_params_["optimizer"] == "rmsprop"  # as it was


def test_diverging_candidate(data):
    X, y = data
    grid = {"fine": {}, "wild": {"optimizer": "sgd", "learning_rate": 1e30}}
    with (
        pytest.warns(FitFailedWarning, match=r"'wild' .* diverged in 3 of 3 splits"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        search = make_search(
            make_classifier(activation="linear"), grid, max_epochs=3
        ).fit(X.astype(np.float32), y)
    assert search.best_index_ == 0
    assert np.isnan(search.cv_results_["mean_test_score"][1])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"monitor": "val_f1"}, "or record a metric"),
        ({"monitor": "loss"}, "not recorded on validation data"),
        ({"rule": "best"}, "rule"),
        ({"max_epochs": 0}, "max_epochs"),
        ({"refit": "accuracy"}, "refit"),
        ({"param_grid": {"epochs": [1, 2]}}, "set max_epochs"),
    ],
)
def test_wrong_input(data, params, message):
    with pytest.raises(ValueError, match=message):
        make_search().set_params(**params).fit(*data)


def test_a_line_per_candidate(data, capsys):
    make_search(max_epochs=2, verbose=1).fit(*data)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "[EpochSearchCV] 1/2 candidate 0 (size=2)",
        "[EpochSearchCV] 2/2 candidate 1 (size=4)",
    ]


def test_lines_count_finished_candidates(data, capsys, tmp_path):
    """A search with a cache starts anywhere in the list."""
    for start in range(4):
        make_search(max_epochs=2, verbose=1, memory=str(tmp_path / f"{start}")).fit(
            *data
        )
        lines = capsys.readouterr().out.splitlines()[1:]
        assert [line.split()[1] for line in lines] == ["1/2", "2/2"]

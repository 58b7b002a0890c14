"""A search takes what GridSearchCV takes, and says what it does not take."""

import re
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from scipy import stats
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import accuracy_score, f1_score, fbeta_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    ParameterGrid,
    ParameterSampler,
)
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    StandardScaler,
)

from skimdb import EpochSearchCV, KerasMLPClassifier, epoch_curve

N_EPOCHS = 3


def make_classifier(**params):
    defaults = {"size": 4, "learning_rate": 0.03, "batch_size": 32, "random_state": 0}
    return KerasMLPClassifier(**defaults | params)


def make_search(estimator=None, grid=None, **params):
    defaults = {"max_epochs": N_EPOCHS, "cv": KFold(3)}
    return EpochSearchCV(estimator or make_classifier(), grid, **defaults | params)


def make_shifted():
    return make_pipeline(FunctionTransformer(), make_classifier())


def name_case(value):
    """Name a case alike in all processes of a run: without addresses."""
    return re.sub(r" at 0x\w+", "", str(value))


def score_accuracy(estimator, X, y):
    return accuracy_score(y, estimator.predict(X))


def score_several(estimator, X, y):
    return {"first": np.float32(1), "second": score_accuracy(estimator, X, y)}


def score_width(estimator, X, y):
    """Score that only the whole pipeline and raw samples give."""
    return len(estimator) + X.shape[1] / 100


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_values_that_cannot_be_pickled(data, backend):
    functions = [None, np.tanh, lambda X: X / 2, lambda X: X * 3]
    grid = {
        "functiontransformer__func": functions,
        "kerasmlpclassifier__size": [2, 4],
    }
    alone = make_search(make_shifted(), grid).fit(*data)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        search = make_search(make_shifted(), grid).fit(*data)
    assert search.cv_results_["params"] == alone.cv_results_["params"]
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )
    scores = alone.cv_results_["mean_test_score"].reshape(4, 2)
    assert len(np.unique(scores[:, 0])) == 4  # no two share their preprocessing


def test_values_that_are_equal_but_not_the_same(data):
    grid = {"functiontransformer__kw_args": [{"factor": 1}, {"factor": True}]}
    grid["functiontransformer__func"] = [lambda X, factor: X * (factor is True)]
    scores = make_search(make_shifted(), grid).fit(*data).cv_results_
    assert len(np.unique(scores["mean_test_score"])) == 2


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_backends(data, backend):
    alone = make_search(make_shifted(), {"kerasmlpclassifier__size": [2, 4]}).fit(*data)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        search = make_search(make_shifted(), {"kerasmlpclassifier__size": [2, 4]})
        search.fit(*data)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )


@pytest.mark.parametrize(
    ("scoring", "monitor"),
    [
        ("f1", "val_f1"),
        (["f1", "roc_auc"], "val_roc_auc"),
        (("f1",), "val_f1"),
        (make_scorer(fbeta_score, beta=2), "val_score"),
        (score_accuracy, "val_score"),
        (score_several, "val_second"),
        (score_width, "val_score"),
        ({"f1": "f1", "own": score_accuracy, "made": make_scorer(f1_score)}, "val_own"),
        ({"log_loss": "neg_log_loss"}, "val_log_loss"),
    ],
    ids=name_case,
)
def test_scoring_as_in_grid_search(data, scoring, monitor):
    X, y = data
    pipe = make_pipeline(StandardScaler(), make_classifier())
    search = make_search(pipe, scoring=scoring, monitor=monitor).fit(X, y)
    name = monitor.removeprefix("val_")
    several = isinstance(scoring, list | tuple | dict)
    several |= scoring is score_several
    grid = {"kerasmlpclassifier__epochs": [search.best_epoch_]}
    refit = name if several else True
    other = GridSearchCV(pipe, grid, cv=KFold(3), scoring=scoring, refit=refit)
    other.fit(X, y)
    assert search.best_score_ == pytest.approx(other.best_score_, abs=1e-6)
    assert search.score(X, y) == pytest.approx(other.score(X, y), abs=1e-6)
    for column in other.cv_results_:
        if column.startswith("split"):
            np.testing.assert_allclose(
                search.cv_results_[column], other.cv_results_[column], atol=1e-6
            )
    scores = search.history_.groupby("epoch")[monitor].mean()
    assert scores.max() == pytest.approx(search.best_score_)


@pytest.mark.filterwarnings("ignore:The search uses monitor")
def test_score_without_a_scorer_that_is_monitored(data):
    X, y = data
    accuracy = np.mean(make_search().fit(X, y).predict(X) == y)
    for scoring in (None, [], ["f1", "roc_auc"], score_several):
        search = make_search(scoring=scoring).fit(X, y)
        assert search.score(X, y) == pytest.approx(accuracy)
    lone = make_search(scoring="f1").fit(X, y)
    assert lone.score(X, y) == pytest.approx(f1_score(y, lone.predict(X)))


def test_sampled_candidates(data):
    distributions = {"l2": stats.loguniform(1e-4, 1e-1), "size": [2, 4, 8]}
    sampler = ParameterSampler(distributions, n_iter=4, random_state=0)
    search = make_search(grid=sampler).fit(*data)
    assert search.cv_results_["params"] == [
        {**params, "epochs": epoch}
        for params, epoch in zip(
            sampler, search.cv_results_["param_epochs"], strict=True
        )
    ]
    frame = epoch_curve(
        make_classifier(), *data, param_grid=ParameterGrid({"size": [2]}), cv=2
    )
    assert set(frame["size"]) == {2}


def test_steps_and_classifiers_as_values(data):
    pipe = make_pipeline(StandardScaler(), make_classifier())
    scalers = [StandardScaler(), "passthrough", MaxAbsScaler()]
    search = make_search(pipe, {"standardscaler": scalers}).fit(*data)
    assert len(np.unique(search.cv_results_["mean_test_score"])) == 3
    classifiers = [make_classifier(size=2), make_classifier(size=8)]
    search = make_search(pipe, {"kerasmlpclassifier": classifiers}).fit(*data)
    assert search.best_estimator_[-1].n_iter_ == search.best_epoch_


def test_frames_of_several_kinds_and_lists(data):
    X, y = data
    frame = pd.DataFrame({"colour": np.where(X[:, 0] > 0, "red", "blue"), "x": X[:, 1]})
    columns = make_column_transformer(
        (OneHotEncoder(), ["colour"]), remainder="passthrough"
    )
    search = make_search(make_pipeline(columns, make_classifier()), n_jobs=2)
    assert search.fit(frame, y).predict(frame).shape == y.shape
    assert make_search().fit(X.tolist(), y.tolist()).best_epoch_


def test_class_weights(data):
    search = make_search(grid={"class_weight": [{0: 1, 1: 5}, None]}).fit(*data)
    assert len(search.cv_results_["params"]) == 2


def test_monitor_of_the_classifier_itself(data):
    search = make_search(make_classifier(monitor="val_accuracy")).fit(*data)
    assert search.best_estimator_.best_epoch_ is None


@pytest.mark.parametrize(
    ("grid", "error", "message"),
    [
        ({"class_weight": {0: 1, 1: 5}}, TypeError, "wrapped in a list"),
        ({"callbacks": {"early": print}}, TypeError, "wrapped in a list"),
        ({"size": 3}, TypeError, "wrapped in a list"),
        ({"size": []}, ValueError, "non-empty"),
        ([], ValueError, "No fits were performed"),
        ({"l2": stats.uniform()}, TypeError, "ParameterSampler"),
        ([{"l2": stats.uniform()}], TypeError, "ParameterSampler"),
        ({"small": {"sise": 3}}, ValueError, "Did you mean 'size'"),
    ],
    ids=name_case,
)
def test_wrong_grids(data, grid, error, message):
    with pytest.raises(error, match=message):
        make_search(grid=grid).fit(*data)
    with pytest.raises(error, match=message):
        epoch_curve(make_classifier(), *data, param_grid=grid)


@pytest.mark.parametrize(
    ("scoring", "monitor", "message"),
    [
        ("accurracy", "val_loss", "Did you mean 'accuracy'"),
        (["roc_auc", "auc"], "val_loss", "Unknown metric 'auc'"),
        (["f1", score_accuracy], "val_loss", "dict from names"),
        ({3: "f1"}, "val_loss", "dict from names"),
        ({"loss": "f1"}, "val_loss", "another name"),
        ({"val_f1": "f1"}, "val_loss", "another name"),
        (accuracy_score, "val_score", "make_scorer"),
        (score_several, "val_third", "recorded: .*val_first"),
        (lambda estimator, X, y: "good", "val_score", "must return a number"),
    ],
    ids=name_case,
)
@pytest.mark.filterwarnings("ignore:The scorer", "ignore:One or more of the test")
def test_wrong_scoring(data, scoring, monitor, message):
    with pytest.raises(ValueError, match=message):
        make_search(scoring=scoring, monitor=monitor).fit(*data)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"cv": []}, "cv gives no split"),
        ({"cv": KFold(2).split([])}, "cv gives no split|n_samples"),
        ({"refit": "f1"}, "monitor='val_f1'"),
        ({"memory": 3}, "must be a folder"),
    ],
    ids=name_case,
)
def test_wrong_parameters(data, params, message):
    with pytest.raises(ValueError, match=message):
        make_search(**params).fit(*data)


def test_a_splitter_that_is_used_up(data):
    X, y = data
    search = make_search(cv=KFold(3).split(X)).fit(X, y)
    with pytest.raises(ValueError, match="used up by an earlier fit"):
        search.fit(X, y)


def test_wrong_arguments_of_fit(data):
    X, y = data
    with pytest.raises(ValueError, match="requires y to be passed"):
        make_search().fit(X)
    with pytest.raises(ValueError, match="PredefinedSplit"):
        make_search().fit(X, y, X_val=X, y_val=y)
    with pytest.raises(ValueError, match="PredefinedSplit"):
        epoch_curve(
            make_shifted(), X, y, params={"kerasmlpclassifier__X_val": X, "y_val": y}
        )
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        make_search().fit(X, y[:-1])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_cause_of_a_failure_comes_first(data, n_jobs):
    pipe = make_pipeline(MinMaxScaler((1, 0)), make_classifier())
    with pytest.raises(ValueError, match="All the 3 fits failed") as caught:
        make_search(pipe, n_jobs=n_jobs).fit(*data)
    lines = str(caught.value).splitlines()
    assert lines[1].startswith("ValueError: Minimum of desired feature range")
    assert "Empty" not in str(caught.value)
    with pytest.raises(ValueError, match=r"^Minimum of desired feature range"):
        make_search(pipe, n_jobs=n_jobs, error_score="raise").fit(*data)


@pytest.mark.parametrize(
    ("cv", "error", "message"),
    [
        (KFold, TypeError, r"got the class KFold. Use cv=KFold\(\)"),
        ([(range(30), range(30, 500))], IndexError, "out of bounds"),
        ([(range(30), range(-500, 0))], IndexError, "out of bounds"),
        ([(range(3), range(3), range(3))], ValueError, "unpack"),
        ([1, 2], TypeError, "unpack"),
    ],
)
def test_wrong_splits(data, cv, error, message):
    for call in (
        lambda: make_search(cv=cv).fit(*data),
        lambda: epoch_curve(make_classifier(), *data, cv=cv, max_epochs=1),
    ):
        with pytest.raises(error) as raised:
            call()
        words = [str(raised.value), *getattr(raised.value, "__notes__", ())]
        assert re.search(message, " ".join(words))


@pytest.mark.parametrize("n_jobs", [0, False, 0.5])
def test_no_jobs(data, n_jobs):
    with pytest.raises(ValueError, match="n_jobs"):
        make_search(n_jobs=n_jobs).fit(*data)
    with pytest.raises(ValueError, match="n_jobs"):
        epoch_curve(make_classifier(), *data, n_jobs=n_jobs)


def test_names_that_are_no_strings(data):
    for grid in ({3: [1]}, {None: [1]}, [{"l2": [0.1]}, {3: [1]}]):
        with pytest.raises(TypeError, match="must be parameter names"):
            make_search(grid=grid).fit(*data)
    for grid in ([None], [["l2", 0.1]]):
        with pytest.raises(TypeError, match="Parameter grid is not a dict"):
            make_search(grid=grid).fit(*data)


def test_samples_that_cannot_be_divided(data):
    X, y = data
    with pytest.raises(TypeError):
        make_search().fit(memoryview(np.ascontiguousarray(X)), y)


@pytest.mark.parametrize(
    ("array", "place", "value"),
    [
        ("indices", -1, 10_000),
        ("indices", 0, -3),
        ("indptr", -1, 10_000),
        ("indptr", -1, -5),
        ("indptr", 3, 0),
    ],
)
@pytest.mark.parametrize("form", [scipy.sparse.csr_array, scipy.sparse.csc_matrix])
def test_malformed_matrices_are_refused_before_they_are_divided(
    data, form, array, place, value
):
    X, y = form(data[0]), data[1]
    getattr(X, array)[place] = value
    with pytest.raises(ValueError, match="X is a malformed sparse matrix"):
        make_search().fit(X, y)
    with pytest.raises(ValueError, match="X is a malformed sparse matrix"):
        epoch_curve(make_classifier(), X, y, cv=2)


@pytest.mark.filterwarnings("ignore:The search uses monitor")
def test_a_lone_scorer_does_not_hide_what_is_monitored(data):
    grid = {"l2": [0.0, 0.1]}
    plain = make_search(grid=grid).fit(*data)
    for scorer in (lambda estimator, X, y: -float(estimator.l2), make_scorer(f1_score)):
        search = make_search(grid=grid, scoring=scorer).fit(*data)
        assert search.best_score_ == plain.best_score_
        assert search.best_params_ == plain.best_params_
        np.testing.assert_array_equal(
            search.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
        )


def test_a_scorer_that_returns_no_number_does_not_end_the_search(data):
    def score(estimator, X, y):
        return float("nan")

    plain = make_search().fit(*data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = make_search(scoring=score).fit(*data)
    assert search.best_score_ == plain.best_score_
    frame = epoch_curve(
        make_classifier(), *data, cv=KFold(3), scoring=score, max_epochs=2
    )
    assert frame["val_loss"].notna().all()
    assert frame["val_score"].isna().all()


def test_true_as_a_number_of_epochs(data):
    search = make_search(max_epochs=True, n_iter_no_change=True).fit(*data)
    assert search.best_epoch_ == 1


@pytest.mark.parametrize("form", [scipy.sparse.csr_array, scipy.sparse.csr_matrix])
@pytest.mark.parametrize(
    "classifier",
    [
        KerasMLPClassifier(2, batch_size=16, random_state=0),
        MLPClassifier(2, batch_size=16, random_state=0),
    ],
)
def test_a_sparse_indicator_is_as_good_as_a_dense_one(form, classifier):
    X, y = make_multilabel_classification(40, 6, random_state=0)
    search = EpochSearchCV(classifier, max_epochs=2, cv=2, scoring="f1_macro")
    search.set_params(monitor="val_f1_macro")
    expected = clone(search).fit(X, y).history_.drop(columns="fit_time")
    found = search.fit(X, form(y)).history_.drop(columns="fit_time")
    pd.testing.assert_frame_equal(found, expected)

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.datasets import make_classification
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimdb import KerasMLPClassifier, epoch_curve

N_EPOCHS = 4


@pytest.fixture(scope="module")
def data():
    return make_classification(80, 10, random_state=0)


def make_classifier(**params):
    defaults = {"size": 4, "learning_rate": 0.01, "batch_size": 32, "random_state": 0}
    return KerasMLPClassifier(**defaults | {"epochs": N_EPOCHS} | params)


def make_scaled(**params):
    return make_pipeline(StandardScaler(), make_classifier(**params))


class Recorder(CountVectorizer):
    """Remembers what each fit has seen, and how many fits there were."""

    fitted = []
    transformed = []

    def fit_transform(self, raw_documents, y=None):
        self.fitted.append(list(raw_documents))
        return super().fit_transform(raw_documents, y)

    def transform(self, raw_documents):
        self.transformed.append(list(raw_documents))
        return super().transform(raw_documents).astype(np.float32)


@pytest.fixture
def recorder():
    Recorder.fitted.clear()
    Recorder.transformed.clear()
    return Recorder


def test_a_row_per_candidate_split_and_epoch(data):
    frame = epoch_curve(
        make_classifier(), *data, param_grid={"size": [4, 6]}, max_epochs=3, cv=2
    )
    assert list(frame.columns) == [
        "candidate",
        "size",
        "repeat",
        "fold",
        "epoch",
        "loss",
        "val_loss",
        "accuracy",
        "val_accuracy",
        "fit_time",
    ]
    assert len(frame) == 2 * 2 * 3
    counts = frame.groupby(["candidate", "size", "fold"]).epoch.apply(list)
    assert counts.to_dict() == {
        (i, size, fold): [1, 2, 3] for i, size in enumerate([4, 6]) for fold in [0, 1]
    }
    assert (frame["fit_time"] > 0).all()
    assert frame[["loss", "val_loss"]].notna().all(axis=None)


def test_equals_the_history_of_a_plain_fit(data):
    X, y = data
    train, validation = next(KFold(4).split(X))
    frame = epoch_curve(make_scaled(), X, y, cv=[(train, validation)])
    scaler = StandardScaler().fit(X[train])
    plain = make_classifier().fit(
        scaler.transform(X[train]),
        y[train],
        X_val=scaler.transform(X[validation]),
        y_val=y[validation],
    )
    assert list(frame["epoch"]) == list(range(1, N_EPOCHS + 1))
    for name, values in plain.history_.items():
        np.testing.assert_array_equal(frame[name], values)


@pytest.mark.parametrize(
    ("cv", "n_repeats", "n_folds"),
    [
        (None, 1, 5),
        (2, 1, 2),
        (KFold(3), 1, 3),
        (RepeatedKFold(n_splits=2, n_repeats=3, random_state=0), 3, 2),
        (ShuffleSplit(n_splits=1, random_state=0), 1, 1),
        (PredefinedSplit([-1] * 60 + [0] * 20), 1, 1),
    ],
)
def test_splitters(data, cv, n_repeats, n_folds):
    frame = epoch_curve(make_classifier(), *data, cv=cv, max_epochs=1)
    assert sorted(zip(frame["repeat"], frame["fold"], strict=True)) == [
        (repeat, fold) for repeat in range(n_repeats) for fold in range(n_folds)
    ]


def test_integer_cv_stratifies(data):
    X, y = data
    order = np.argsort(y)  # in plain blocks, a class would be missing
    frame = epoch_curve(make_classifier(), X[order], y[order], cv=2)
    same = epoch_curve(make_classifier(), X[order], y[order], cv=StratifiedKFold(2))
    pd.testing.assert_series_equal(frame["val_loss"], same["val_loss"])


def test_groups_reach_the_splitter(data):
    X, y = data
    groups = np.arange(80) % 4
    cv = GroupKFold(4)
    frame = epoch_curve(make_classifier(), X, y, cv=cv, groups=groups)
    same = epoch_curve(make_classifier(), X, y, cv=list(cv.split(X, y, groups)))
    pd.testing.assert_series_equal(frame["val_loss"], same["val_loss"])
    with config_context(enable_metadata_routing=True):
        routed = epoch_curve(make_classifier(), X, y, cv=cv, params={"groups": groups})
        with pytest.raises(ValueError, match=r"pass groups in params"):
            epoch_curve(make_classifier(), X, y, cv=cv, groups=groups)
    pd.testing.assert_series_equal(frame["val_loss"], routed["val_loss"])


def test_sample_weight_is_cut_and_routed(data):
    X, y = data
    weight = np.linspace(0.1, 2, 80)
    train, validation = next(KFold(2).split(X))
    options = {"cv": [(train, validation)]}
    plain = make_classifier().fit(
        X[train],
        y[train],
        sample_weight=weight[train],
        X_val=X[validation],
        y_val=y[validation],
    )
    params = {"sample_weight": weight}
    frame = epoch_curve(make_classifier(), X, y, params=params, **options)
    np.testing.assert_array_equal(frame["loss"], plain.history_["loss"])

    pipe = make_scaled()
    prefixed = {"kerasmlpclassifier__sample_weight": weight}
    in_pipe = epoch_curve(pipe, X, y, params=prefixed, **options)
    with config_context(enable_metadata_routing=True):
        pipe = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            make_classifier().set_fit_request(sample_weight=True),
        )
        routed = epoch_curve(pipe, X, y, params=params, **options)
    pd.testing.assert_series_equal(in_pipe["loss"], routed["loss"])
    assert (in_pipe["loss"] != epoch_curve(pipe, X, y, **options)["loss"]).all()


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_jobs_and_backends_change_nothing(data, backend):
    options = {"cv": 3, "max_epochs": 2}
    options["param_grid"] = {
        "kerasmlpclassifier__size": [4, 8],
        "kerasmlpclassifier__dropout": [0.0, 0.5],
    }
    alone = epoch_curve(make_scaled(), *data, n_jobs=1, **options)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        together = epoch_curve(make_scaled(), *data, **options)
    pd.testing.assert_frame_equal(
        alone.drop(columns="fit_time"), together.drop(columns="fit_time")
    )


def test_threads_train_keras_optimizers_as_one_does(data):
    options = {"cv": 2, "max_epochs": 2}
    classifier = make_classifier(optimizer="adamw", dropout=0.5)
    alone = epoch_curve(classifier, *data, **options)
    with joblib.parallel_config(backend="threading", n_jobs=2):
        together = epoch_curve(classifier, *data, **options)
    pd.testing.assert_frame_equal(
        alone.drop(columns="fit_time"), together.drop(columns="fit_time")
    )


def test_the_global_generator_is_drawn_from_in_order(data):
    frames = []
    for _ in range(2):
        np.random.seed(0)  # noqa: NPY002
        frames.append(epoch_curve(make_classifier(random_state=None), *data, cv=4))
    pd.testing.assert_frame_equal(*(frame.drop(columns="fit_time") for frame in frames))


def test_preprocessing_never_sees_validation_rows(texts_data, recorder):
    X, y = texts_data
    pipe = make_pipeline(recorder(dtype=np.float32), make_classifier())
    epoch_curve(pipe, X, y, cv=KFold(3))
    splits = list(KFold(3).split(X))
    assert recorder.fitted == [[X[i] for i in train] for train, _ in splits]
    assert recorder.transformed == [[X[i] for i in held_out] for _, held_out in splits]


def test_shared_preprocessing_is_fitted_once(texts_data, recorder):
    X, y = texts_data
    pipe = make_pipeline(recorder(dtype=np.float32), make_classifier())
    grid = {
        "recorder__max_features": [3, 6],
        "kerasmlpclassifier__l2": [0.1, 0.2],
    }
    frame = epoch_curve(pipe, X, y, param_grid=grid, cv=KFold(2), max_epochs=1)
    assert len(frame) == 4 * 2
    assert len(recorder.fitted) == 2 * 2
    pipe.set_params(recorder__max_features=3, kerasmlpclassifier__l2=0.1)
    alone = epoch_curve(pipe, X, y, cv=KFold(2), max_epochs=1)
    found = frame.query("recorder__max_features == 3 and kerasmlpclassifier__l2 == 0.1")
    np.testing.assert_array_equal(found["val_loss"], alone["val_loss"])


@pytest.mark.parametrize("n_jobs", [2, 8])
def test_threads_change_nothing(texts_data, recorder, n_jobs):
    X, y = texts_data
    pipe = make_pipeline(recorder(dtype=np.float32), make_classifier())
    grid = {"kerasmlpclassifier__l2": [0, 0.1]}
    options = {"param_grid": grid, "cv": 2, "max_epochs": 2}
    alone = epoch_curve(pipe, X, y, **options)
    recorder.fitted.clear()
    with joblib.parallel_config(backend="threading", n_jobs=n_jobs):
        together = epoch_curve(pipe, X, y, **options)
    pd.testing.assert_frame_equal(
        alone.drop(columns="fit_time"), together.drop(columns="fit_time")
    )
    assert len(recorder.fitted) == 2  # with more jobs than splits, too


def test_named_candidates(data):
    grid = {"original": {}, "small": {"size": 2, "l2": 0.1}}
    frame = epoch_curve(make_classifier(), *data, param_grid=grid, max_epochs=1, cv=2)
    first = frame.drop_duplicates("candidate").set_index("candidate")
    assert first[["size", "l2"]].to_dict("index") == {
        "original": {"size": 4, "l2": 0.0},  # of the estimator
        "small": {"size": 2, "l2": 0.1},
    }


def test_list_of_grids_and_tuples(data):
    grid = [{"size": [2, (2, 3)]}, {"dropout": [(0.5, 0.0)]}]
    frame = epoch_curve(make_classifier(), *data, param_grid=grid, max_epochs=1, cv=2)
    first = frame.drop_duplicates("candidate")
    assert list(first["size"]) == [2, (2, 3), 4]
    assert list(first["dropout"]) == [0.0, 0.0, (0.5, 0.0)]


def test_scoring_adds_metrics(data):
    frame = epoch_curve(
        make_classifier(), *data, scoring=["roc_auc", "accuracy"], max_epochs=2, cv=2
    )
    metrics = ["accuracy", "val_accuracy", "roc_auc", "val_roc_auc"]
    assert list(frame.columns)[-5:] == [*metrics, "fit_time"]
    assert frame[metrics].apply(lambda column: column.between(0, 1)).all(axis=None)


# Keras's own callback converts a variable in a way that NumPy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_entries_that_only_some_candidates_have(data):
    import keras

    reduce = keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=1)
    frame = epoch_curve(
        KerasMLPClassifier(4, random_state=0),
        *data,
        param_grid={"plain": {}, "reducing": {"callbacks": [reduce]}},
        max_epochs=3,
        cv=2,
    )
    rates = frame.groupby("candidate")["learning_rate"]
    assert rates.count().to_dict() == {"plain": 0, "reducing": 6}
    assert "val_learning_rate" not in frame


def test_a_line_per_candidate(data, capsys):
    epoch_curve(
        make_classifier(),
        *data,
        param_grid={"size": [2, 4]},
        max_epochs=2,
        cv=2,
        verbose=1,
    )
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "1/2 candidate 0 (size=2): best mean val_loss" in lines[0]


def test_failing_candidate_is_named_and_the_rest_goes_on(data):
    grid = {"fine": {}, "broken": {"optimizer": "nonsense"}}
    with pytest.warns(FitFailedWarning, match=r"'broken' \(optimizer='nonsense'\)"):
        frame = epoch_curve(
            make_classifier(), *data, param_grid=grid, cv=2, error_score=-1.0
        )
    values = frame.set_index("candidate")[["loss", "val_loss", "val_accuracy"]]
    assert (values.loc["broken"] == -1).all(axis=None)
    assert (values.loc["fine"] >= 0).all(axis=None)
    assert len(frame) == 2 * 2 * N_EPOCHS
    with pytest.raises(ValueError, match="nonsense"):
        epoch_curve(
            make_classifier(), *data, param_grid=grid, cv=2, error_score="raise"
        )


def test_failing_preprocessing_is_a_failure_too(data):
    X, y = data
    grid = {"standardscaler__with_mean": [True, "wrong"]}
    with pytest.warns(FitFailedWarning, match="with_mean='wrong'"):
        frame = epoch_curve(make_scaled(), X, y, param_grid=grid, cv=2)
    assert frame.groupby("candidate")["val_loss"].count().to_dict() == {
        0: 2 * N_EPOCHS,
        1: 0,
    }


def test_all_fits_failing_is_an_error(data):
    with pytest.raises(ValueError, match=r"All the 2 fits failed(?s:.*)nonsense"):
        epoch_curve(make_classifier(optimizer="nonsense"), *data, cv=2)


@pytest.mark.parametrize(
    ("estimator", "options", "error", "message"),
    [
        (LogisticRegression(), {}, TypeError, "that ends in one"),
        (make_pipeline(StandardScaler(), None), {}, TypeError, "that ends in one"),
        (
            make_classifier(early_stopping=True),
            {},
            ValueError,
            "early_stopping=False",
        ),
        (
            make_scaled(),
            {"param_grid": {"kerasmlpclassifier__epochs": [1, 2]}},
            ValueError,
            "set max_epochs",
        ),
        (make_scaled(), {"param_grid": {"size": [1]}}, ValueError, "Invalid parameter"),
        (make_classifier(), {"max_epochs": 0}, ValueError, "max_epochs"),
        (make_classifier(), {"scoring": "nonsense"}, ValueError, "scoring"),
        (make_classifier(), {"scoring": ["nonsense"]}, ValueError, "Unknown metric"),
    ],
)
def test_wrong_input(data, estimator, options, error, message):
    with pytest.raises(error, match=message):
        epoch_curve(estimator, *data, cv=2, **options)


def test_errors_begin_with_their_cause(data):
    grid = {"standardscaler__with_mean": [True, "wrong"]}
    with pytest.warns(FitFailedWarning) as caught:
        epoch_curve(make_scaled(), *data, param_grid=grid, cv=2)
    assert "Empty" not in str(caught[0].message)
    assert "The 'with_mean' parameter of StandardScaler" in str(caught[0].message)

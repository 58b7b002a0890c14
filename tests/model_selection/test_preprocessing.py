"""The steps before the classifier hold as under GridSearchCV."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import make_classification
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler, TargetEncoder

from skimdb import EpochSearchCV, KerasMLPClassifier, epoch_curve

N_EPOCHS = 4


class CountingScaler(StandardScaler):
    """Counts its fits."""

    n_fits = 0

    def fit(self, X, y=None, sample_weight=None):
        type(self).n_fits += 1
        return super().fit(X, y, sample_weight)


class Doubler(BaseEstimator):
    """Learns nothing, and so never looks fitted."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return 2 * X


class Shifter(TransformerMixin, BaseEstimator):
    """Shifts by the mean weight of the samples that it is fitted on."""

    def fit(self, X, y=None, sample_weight=None):
        self.shift_ = 0.0 if sample_weight is None else np.mean(sample_weight)
        return self

    def transform(self, X):
        return X + self.shift_


@pytest.fixture(scope="module")
def data():
    return make_classification(120, 10, weights=[0.8], flip_y=0.1, random_state=0)


def make_classifier(**params):
    defaults = {"size": 4, "learning_rate": 0.03, "batch_size": 32, "random_state": 0}
    return KerasMLPClassifier(**defaults | params)


def assert_equals_grid_search(pipe, X, y, *, scoring="roc_auc", **params):
    """Compare all split scores with those at the epoch found."""
    name = f"{pipe.steps[-1][0]}__epochs"
    options = {"cv": StratifiedKFold(3), "scoring": scoring, "return_train_score": True}
    monitor = f"val_{scoring}" if isinstance(scoring, str) else "val_score"
    ours = EpochSearchCV(pipe, max_epochs=N_EPOCHS, monitor=monitor, **options)
    ours.fit(X, y, **params)
    epochs = {name: [ours.best_epoch_]}
    other = GridSearchCV(pipe, epochs, **options).fit(X, y, **params)
    for split in range(3):
        for part in ("test", "train"):
            column = f"split{split}_{part}_score"
            np.testing.assert_allclose(
                ours.cv_results_[column], other.cv_results_[column], atol=1e-6
            )
    np.testing.assert_allclose(ours.predict_proba(X), other.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("search", ["epoch_curve", "EpochSearchCV"])
def test_memory_of_the_pipeline(data, tmp_path, search):
    def fit(memory):
        pipe = Pipeline(
            [("scale", CountingScaler()), ("mlp", make_classifier())], memory=memory
        )
        if search == "epoch_curve":
            frame = epoch_curve(pipe, *data, cv=KFold(3), max_epochs=2)
        else:
            options = {"max_epochs": 2, "cv": KFold(3), "refit": False}
            frame = EpochSearchCV(pipe, **options).fit(*data).history_
        return frame.drop(columns="fit_time")

    plain = fit(None)
    CountingScaler.n_fits = 0
    written = fit(str(tmp_path))
    assert CountingScaler.n_fits == 3
    assert list(tmp_path.rglob("output.pkl"))
    read = fit(str(tmp_path))
    assert CountingScaler.n_fits == 3
    pd.testing.assert_frame_equal(plain, written)
    pd.testing.assert_frame_equal(plain, read)


def test_samplers_of_imbalanced_learn(data):
    over_sampling = pytest.importorskip("imblearn.over_sampling")
    from imblearn.pipeline import Pipeline as SamplingPipeline

    sampler = over_sampling.RandomOverSampler(random_state=0)
    middle = SamplingPipeline(
        [("scale", StandardScaler()), ("sample", sampler), ("mlp", make_classifier())]
    )
    assert_equals_grid_search(middle, *data)
    last = SamplingPipeline([("sample", sampler), ("mlp", make_classifier())])
    assert_equals_grid_search(last, *data, scoring="f1")


def test_transformers_that_fit_on_folds(data):
    y = data[1]
    rng = np.random.default_rng(0)
    codes = np.where(rng.random(len(y)) < 0.7, y, rng.integers(0, 5, len(y)))
    encoder = TargetEncoder(cv=StratifiedKFold(3))
    pipe = make_pipeline(encoder, make_classifier())
    assert_equals_grid_search(pipe, codes[:, np.newaxis], y)


def test_pipelines_of_the_classifier_alone(data):
    assert_equals_grid_search(Pipeline([("mlp", make_classifier())]), *data)
    steps = [("none", None), ("pass", "passthrough"), ("mlp", make_classifier())]
    assert_equals_grid_search(Pipeline(steps), *data)


def test_transformers_without_state(data):
    assert_equals_grid_search(make_pipeline(Doubler(), make_classifier()), *data)
    pipe = make_pipeline(StandardScaler(), Doubler(), make_classifier())
    assert_equals_grid_search(pipe, *data)


def test_weights_reach_the_steps(data):
    X, y = data
    weight = np.linspace(0.1, 3, len(y))
    pipe = make_pipeline(Shifter(), make_classifier())
    names = ["shifter__sample_weight", "kerasmlpclassifier__sample_weight"]
    assert_equals_grid_search(pipe, X, y, **dict.fromkeys(names, weight))
    with config_context(enable_metadata_routing=True):
        pipe = make_pipeline(
            Shifter().set_fit_request(sample_weight=True),
            make_classifier().set_fit_request(sample_weight=True),
        )
        for weighed in (False, True):
            scorer = get_scorer("roc_auc").set_score_request(sample_weight=weighed)
            options = {"scoring": scorer, "sample_weight": weight}
            assert_equals_grid_search(pipe, X, y, **options)
        for scoring in ("roc_auc", ["roc_auc", "accuracy"]):
            search = EpochSearchCV(pipe, max_epochs=1, scoring=scoring)
            with pytest.raises(UnsetMetadataPassedError, match="set_score_request"):
                search.fit(X, y, sample_weight=weight)


def test_transform_input_of_the_pipeline(data):
    X, y = data
    seen = []

    class Watcher(Shifter):
        def fit(self, X, y=None, X_more=None):
            seen.append(None if X_more is None else float(np.mean(X_more)))
            return super().fit(X, y)

    with config_context(enable_metadata_routing=True):
        pipe = make_pipeline(
            FunctionTransformer(np.zeros_like),
            Watcher().set_fit_request(X_more=True),
            make_classifier(),
            transform_input=["X_more"],
        )
        epoch_curve(pipe, X, y, cv=2, max_epochs=1, params={"X_more": np.ones((3, 10))})
    assert seen == [0.0, 0.0]


def test_verbose_of_the_pipeline(data, capsys):
    pipe = make_pipeline(StandardScaler(), make_classifier(), verbose=True)
    epoch_curve(pipe, *data, cv=2, max_epochs=1)
    assert capsys.readouterr().out.count("Processing standardscaler") == 2


def test_frames_and_output_settings(data):
    X, y = data
    frame = pd.DataFrame(X).add_prefix("column")
    pipe = make_pipeline(StandardScaler(), make_classifier())
    with config_context(transform_output="pandas"):
        framed = epoch_curve(pipe, frame, y, cv=2, max_epochs=2)
    plain = epoch_curve(pipe, X, y, cv=2, max_epochs=2)
    pd.testing.assert_series_equal(framed["val_loss"], plain["val_loss"])


def test_steps_are_left_as_they_were(data):
    scaler, classifier = StandardScaler(), make_classifier()
    epoch_curve(make_pipeline(scaler, classifier), *data, cv=2, max_epochs=1)
    assert not hasattr(scaler, "mean_")
    assert not hasattr(classifier, "coefs_")

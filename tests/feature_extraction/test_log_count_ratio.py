"""The scale of LogCountRatioTransformer, alone and with other estimators."""

import math
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import skops.io
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from skimdb import (
    EpochSearchCV,
    KerasMLPClassifier,
    LogCountRatioTransformer,
    TextMultiHotVectorizer,
)


@pytest.fixture(scope="module")
def counts():
    """Counts of 12 words in 60 documents of 4 classes, and weights."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 60)
    rates = rng.gamma(0.5, size=(4, 12))
    return rng.poisson(rates[y]).astype(float), y, rng.uniform(0.1, 3, 60)


def compute_ratios(X, belongs, weight, smoothing):
    """Wang and Manning's r, word by word as their paper writes it."""
    ratios = []
    p, q = [smoothing] * X.shape[1], [smoothing] * X.shape[1]
    for row, inside, w in zip(X.tolist(), belongs, weight, strict=True):
        sums = p if inside else q
        for j, count in enumerate(row):
            sums[j] += w * count
    for pj, qj in zip(p, q, strict=True):
        ratios.append(math.log((pj / sum(p)) / (qj / sum(q))))
    return ratios


@parametrize_with_checks(
    [LogCountRatioTransformer(), LogCountRatioTransformer(smoothing=0.01)]
)
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("smoothing", [1e-9, 0.5, 1, 20])
@pytest.mark.parametrize("to_input", [np.asarray, sp.csr_array, sp.csc_matrix])
def test_two_classes(counts, smoothing, to_input):
    X, y, weight = counts
    transformer = LogCountRatioTransformer(smoothing=smoothing)
    transformer.fit(to_input(X), y % 2, sample_weight=weight)
    expected = compute_ratios(X, y % 2 == 1, weight, smoothing)
    np.testing.assert_allclose(transformer.log_count_ratio_, [expected])
    np.testing.assert_allclose(transformer.scale_, expected)
    assert transformer.classes_.tolist() == [0, 1]


def test_many_classes(counts):
    X, y, weight = counts
    transformer = LogCountRatioTransformer().fit(X, y, sample_weight=weight)
    expected = np.array([compute_ratios(X, y == k, weight, 1) for k in range(4)])
    np.testing.assert_allclose(transformer.log_count_ratio_, expected)
    by_hand = [math.sqrt(sum(r * r for r in column) / 4) for column in expected.T]
    np.testing.assert_allclose(transformer.scale_, by_hand)


def test_indicator_matrix(counts):
    X, y, weight = counts
    Y = np.stack([y == 0, y >= 2, y % 2 == 1], axis=1).astype(int)
    transformer = LogCountRatioTransformer().fit(X, Y, sample_weight=weight)
    expected = [compute_ratios(X, labels == 1, weight, 1) for labels in Y.T]
    np.testing.assert_allclose(transformer.log_count_ratio_, expected)
    from_sparse = LogCountRatioTransformer().fit(X, sp.csr_array(Y), weight)
    np.testing.assert_array_equal(from_sparse.scale_, transformer.scale_)


def test_two_classes_as_two_labels_differ_by_the_sign(counts):
    X, y, _ = counts
    two = LogCountRatioTransformer().fit(X, y % 2)
    as_labels = LogCountRatioTransformer().fit(X, np.stack([y % 2, 1 - y % 2], axis=1))
    np.testing.assert_allclose(as_labels.scale_, np.abs(two.scale_))


@pytest.mark.parametrize("smoothing", [0.1, 1])
def test_ratio_is_that_of_naive_bayes(counts, smoothing):
    X, y, weight = counts
    transformer = LogCountRatioTransformer(smoothing=smoothing)
    transformer.fit(X, y % 2, sample_weight=weight)
    bayes = MultinomialNB(alpha=smoothing).fit(X, y % 2, sample_weight=weight)
    negative, positive = bayes.feature_log_prob_
    np.testing.assert_allclose(transformer.scale_, positive - negative)
    # and its decision is their sum, but for how frequent the classes are
    bias = np.subtract(*bayes.class_log_prior_[::-1])
    is_positive = transformer.transform(X).sum(axis=1) + bias > 0
    np.testing.assert_array_equal(is_positive, bayes.predict(X) == 1)


def test_blocks_of_columns_tell_a_linear_model_no_more(counts):
    X, y, _ = counts
    transformer = LogCountRatioTransformer().fit(X, y)
    blocks = np.hstack([X * ratio for ratio in transformer.log_count_ratio_])
    scaled = transformer.transform(X) * math.sqrt(4)
    model = LogisticRegression(C=0.1, tol=1e-8, max_iter=2000)
    np.testing.assert_allclose(
        clone(model).fit(blocks, y).predict_proba(blocks),
        clone(model).fit(scaled, y).predict_proba(scaled),
        atol=1e-4,
    )


def test_string_labels(counts):
    X, y, _ = counts
    names = np.array(["neg", "pos"])[y % 2]
    transformer = LogCountRatioTransformer().fit(X, names)
    assert transformer.classes_.tolist() == ["neg", "pos"]
    expected = LogCountRatioTransformer().fit(X, y % 2).scale_
    np.testing.assert_array_equal(transformer.scale_, expected)


def test_column_of_labels_warns(counts):
    X, y, _ = counts
    with pytest.warns(DataConversionWarning, match="column-vector"):
        transformer = LogCountRatioTransformer().fit(X, y[:, np.newaxis])
    assert transformer.classes_.tolist() == [0, 1, 2, 3]


def test_weights_are_repetitions(counts):
    X, y, _ = counts
    times = np.arange(len(y)) % 3  # some not at all
    weighted = LogCountRatioTransformer().fit(X, y, sample_weight=times)
    repeated = LogCountRatioTransformer().fit(X.repeat(times, 0), y.repeat(times))
    np.testing.assert_allclose(weighted.scale_, repeated.scale_)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "container", [sp.csr_array, sp.csr_matrix, sp.csc_array, np.asarray]
)
def test_output_is_as_the_input(counts, container, dtype):
    X, y, _ = counts
    given = container(X.astype(dtype))
    transformer = LogCountRatioTransformer().fit(given, y)
    transformed = transformer.transform(given)
    assert transformed.dtype == dtype
    as_array = transformed
    if container is not np.asarray:
        assert sp.issparse(transformed)
        assert transformed.format == given.format
        assert transformed.nnz == np.count_nonzero(X)
        as_array, given = transformed.toarray(), given.toarray()
    np.testing.assert_allclose(as_array, X * transformer.scale_, rtol=1e-6)
    np.testing.assert_array_equal(given, X)  # left as it was


def test_integers_become_floats(counts):
    X, y, _ = counts
    transformed = LogCountRatioTransformer().fit_transform(X.astype(int), y)
    assert transformed.dtype == np.float64


@pytest.mark.parametrize(
    ("interface", "expected"), [("spmatrix", sp.csr_matrix), ("sparray", sp.csr_array)]
)
def test_sparse_interface(counts, interface, expected):
    X, y, _ = counts
    with config_context(sparse_interface=interface):
        transformed = LogCountRatioTransformer().fit_transform(sp.csr_array(X), y)
    assert isinstance(transformed, expected)


def test_feature_names(counts):
    X, y, _ = counts
    names = [f"word{j}" for j in range(12)]
    transformer = LogCountRatioTransformer().fit(pd.DataFrame(X, columns=names), y)
    assert transformer.get_feature_names_out().tolist() == names
    unnamed = LogCountRatioTransformer().fit(X, y)
    assert unnamed.get_feature_names_out()[[0, -1]].tolist() == ["x0", "x11"]


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_set_output_like_scikit_learn(texts_data, output):
    # As for TfidfTransformer, output is never a table.
    texts, y = texts_data
    pipe = make_pipeline(TextMultiHotVectorizer(6), LogCountRatioTransformer())
    assert not hasattr(pipe[1], "set_output")
    expected = pipe.fit_transform(texts, y)
    with config_context(transform_output=output):
        assert (pipe.fit_transform(texts, y) != expected).nnz == 0
        assert (pipe.fit(texts, y).transform(texts) != expected).nnz == 0
        counts = pipe[0].transform(texts).toarray()
        array = LogCountRatioTransformer().fit_transform(counts, y)
    assert isinstance(array, np.ndarray)


def test_feature_names_after_a_vectorizer(texts_data):
    texts, y = texts_data
    pipe = make_pipeline(TextMultiHotVectorizer(6), LogCountRatioTransformer())
    pipe.fit(texts, y)
    words = list(pipe[0].vocabulary_)
    assert pipe.get_feature_names_out().tolist() == words
    scales = dict(zip(words, pipe[1].scale_, strict=True))
    assert max(scales, key=scales.get) == "bad"  # the word of class 1
    assert min(scales, key=scales.get) == "good"


def test_second_fit_forgets_the_first(counts):
    X, y, _ = counts
    transformer = LogCountRatioTransformer()
    transformer.fit(pd.DataFrame(X).add_prefix("word"), y).fit(X[:, :5], y % 2)
    assert transformer.n_features_in_ == 5
    assert not hasattr(transformer, "feature_names_in_")
    assert transformer.log_count_ratio_.shape == (1, 5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": -np.ones((60, 12))}, "Negative values in data.*after the vector"),
        ({"X": sp.csr_array(-np.eye(60, 12))}, "such as -1. Pass counts"),
        ({"y": np.full(60, "pos")}, "got 1 class, .*'pos'.*stratify"),
        ({"y": np.linspace(0, 1, 60)}, "Unknown label type"),
        ({"y": None}, "requires y"),
        ({"sample_weight": np.full(60, -1.0)}, "Negative values"),
        ({"sample_weight": np.zeros(60)}, "zero"),
        ({"smoothing": 0}, "'smoothing' parameter"),
        ({"smoothing": "laplace"}, "'smoothing' parameter"),
    ],
)
def test_failed_fit_leaves_the_old_one(counts, change, message):
    X, y, weight = counts
    transformer = LogCountRatioTransformer().fit(X[:, :3], y)
    transformer.set_params(smoothing=change.pop("smoothing", 1.0))
    before = pickle.dumps(transformer)
    with pytest.raises(ValueError, match=message):
        transformer.fit(**{"X": X, "y": y, "sample_weight": weight} | change)
    assert pickle.dumps(transformer) == before


def test_pickle_and_skops(counts):
    X, y, _ = counts
    transformer = LogCountRatioTransformer(smoothing=2).fit(sp.csr_array(X), y)
    expected = transformer.transform(X)
    file = skops.io.dumps(transformer)
    unknown = skops.io.get_untrusted_types(data=file)
    home = "skimdb.feature_extraction._log_count_ratio.LogCountRatioTransformer"
    assert unknown == [home]
    for copied in (
        pickle.loads(pickle.dumps(transformer)),
        skops.io.loads(file, trusted=unknown),
    ):
        np.testing.assert_array_equal(copied.transform(X), expected)


# In a Pipeline


@pytest.fixture(scope="module")
def noise():
    """Rare words and labels that have nothing to do with each other."""
    rng = np.random.default_rng(0)
    X = sp.random_array((200, 2000), density=0.01, format="csr", rng=rng)
    return (X > 0).astype(np.float32), rng.integers(0, 2, 200)


def test_no_label_leaks_in_cross_validation(noise):
    X, y = noise
    model = LogisticRegression()
    pipe = make_pipeline(LogCountRatioTransformer(), model)
    honest = cross_val_score(pipe, X, y, cv=5).mean()
    X_leaky = LogCountRatioTransformer().fit_transform(X, y)
    leaky = cross_val_score(model, X_leaky, y, cv=5).mean()
    assert honest < 0.6 < 0.9 < leaky


def test_no_label_leaks_in_epoch_search(noise, make_classifier):
    X, y = noise
    pipe = make_pipeline(LogCountRatioTransformer(), make_classifier())
    cv = KFold(4)
    search = EpochSearchCV(
        pipe,
        {"logcountratiotransformer__smoothing": [0.1, 1.0]},
        max_epochs=3,
        cv=cv,
        monitor="val_accuracy",
    ).fit(X, y)
    assert search.history_["val_accuracy"].max() < 0.75
    # Each split is scaled by the labels of its own training part.
    history = search.history_.query("candidate == 1 and epoch == 3")
    for (train, test), found in zip(cv.split(X), history["val_accuracy"], strict=True):
        by_hand = clone(pipe).set_params(kerasmlpclassifier__epochs=3)
        accuracy = by_hand.fit(X[train], y[train]).score(X[test], y[test])
        assert accuracy == pytest.approx(found)
    assert search.best_estimator_[0].scale_.shape == (2000,)


@pytest.mark.parametrize("vectorizer", [TextMultiHotVectorizer(), CountVectorizer()])
def test_grid_search(texts_data, vectorizer):
    texts, y = texts_data
    search = GridSearchCV(
        make_pipeline(vectorizer, LogCountRatioTransformer(), LinearSVC()),
        {"logcountratiotransformer__smoothing": [0.5, 2.0]},
        cv=3,
        error_score="raise",
    ).fit(texts, y)
    assert search.best_score_ > 0.6
    assert search.best_estimator_[1].scale_.shape == (6 + 60,)


def test_sample_weights_are_routed(counts):
    X, y, weight = counts
    scaler = LogCountRatioTransformer()
    pipe = make_pipeline(scaler, LinearSVC())
    with config_context(enable_metadata_routing=True):
        scaler.set_fit_request(sample_weight=True)
        pipe[1].set_fit_request(sample_weight=False)
        pipe.fit(X, y % 2, sample_weight=weight)
    expected = compute_ratios(X, y % 2 == 1, weight, 1)
    np.testing.assert_allclose(pipe[0].scale_, expected)


def test_scale_per_one_vs_rest_classifier(counts):
    X, y, _ = counts
    wrapped = OneVsRestClassifier(
        make_pipeline(LogCountRatioTransformer(), LinearSVC())
    )
    wrapped.fit(X, y)
    expected = LogCountRatioTransformer().fit(X, y).log_count_ratio_
    for pipe, ratio in zip(wrapped.estimators_, expected, strict=True):
        np.testing.assert_allclose(pipe[0].scale_, ratio)


def test_network_of_many_classes(counts):
    X, y, _ = counts
    network = KerasMLPClassifier(epochs=60, learning_rate=0.01, random_state=0)
    pipe = make_pipeline(LogCountRatioTransformer(), network)
    assert pipe.fit(sp.csr_array(X), y).score(sp.csr_array(X), y) > 0.8

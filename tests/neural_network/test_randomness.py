"""Seeds: the same gives the same, and nobody else's are touched."""

# ruff: noqa: NPY002  (NumPy's global generator is among what is tested)

import random
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import scipy.sparse
import tensorflow as tf
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import cross_validate

from skimdb import KerasMLPClassifier


@pytest.fixture(scope="module")
def data():
    """Sparse rows of ones."""
    rng = np.random.default_rng(0)
    X = scipy.sparse.random_array(
        (400, 60), density=0.2, format="csr", dtype=np.float32, rng=rng
    )
    X.data[:] = 1
    return X, (X[:, :3].sum(axis=1) > 0.5).astype(int)


def make(size=8, random_state=0, **params):
    return KerasMLPClassifier(
        size,
        dropout=0.3,
        epochs=3,
        batch_size=64,
        random_state=random_state,
        **params,
    )


def weights(classifier):
    return np.concatenate([coef.ravel() for coef in classifier.coefs_])


@pytest.mark.parametrize("size", [8, 40], ids=["narrow", "wide"])
@pytest.mark.parametrize("dense", [False, True], ids=["sparse", "dense"])
def test_same_seed_same_weights(data, size, dense):
    """Whatever ran before, and whatever runs beside it."""
    X, y = data
    X = X.toarray() if dense else X
    first = weights(make(size).fit(X, y))
    make(size, random_state=1).fit(X[:200], y[:200])
    np.random.seed(1)
    random.seed(1)
    tf.random.set_seed(1)
    with ThreadPoolExecutor(4) as executor:
        seeds = [0, 1, 0, 2, 0]
        fits = [executor.submit(make(size, seed).fit, X, y) for seed in seeds]
        others = [weights(fit.result()) for fit in fits]
    for seed, other in zip(seeds, others, strict=True):
        assert np.array_equal(first, other) == (seed == 0)


def test_threads_train_keras_models(data):
    """The models of fits in several threads do not share anything."""
    expected = [
        weights(make(random_state=i, optimizer="nadam").fit(*data)) for i in range(2)
    ]
    with ThreadPoolExecutor(2) as executor:
        classifiers = executor.map(
            lambda i: make(random_state=i, optimizer="nadam").fit(*data), range(2)
        )
        for classifier, expectation in zip(classifiers, expected, strict=True):
            np.testing.assert_array_equal(weights(classifier), expectation)


def test_global_seeds_untouched(data):
    def draws():
        return random.random(), np.random.random(), float(tf.random.uniform([]))

    def seed():
        random.seed(0)
        np.random.seed(0)
        tf.random.set_seed(0)

    seed()
    expected = draws()
    for params in (
        {},
        {"early_stopping": True},
        {"callbacks": keras.callbacks.History},
    ):
        seed()
        make(**params).fit(*data)
        assert draws() == expected


def test_random_state_instance_is_drawn_from(data):
    """As everywhere in scikit-learn: one instance, new draws in each fit."""
    random_state = np.random.RandomState(0)
    classifier = make(random_state=random_state)
    first = weights(classifier.fit(*data))
    second = weights(classifier.fit(*data))
    assert not np.array_equal(first, second)
    again = make(random_state=np.random.RandomState(0))
    np.testing.assert_array_equal(first, weights(again.fit(*data)))


def test_none_draws_anew(data):
    classifier = make(random_state=None)
    first = weights(classifier.fit(*data))
    assert not np.array_equal(first, weights(classifier.fit(*data)))
    np.random.seed(0)
    first = weights(classifier.fit(*data))
    np.random.seed(0)
    np.testing.assert_array_equal(first, weights(classifier.fit(*data)))


@pytest.mark.parametrize("random_state", [0, None])
def test_splits_draw_as_in_scikit_learn(random_state):
    """An int gives all splits the same initial weights, None each its own."""
    X, y = make_classification(40, random_state=0)
    classifier = make(random_state=random_state, optimizer="sgd", learning_rate=1e-30)
    results = cross_validate(classifier, X, y, cv=3, return_estimator=True)
    initial = [weights(estimator) for estimator in results["estimator"]]
    assert np.array_equal(initial[0], initial[1]) == (random_state == 0)
    assert np.array_equal(initial[1], initial[2]) == (random_state == 0)


def test_clone_of_fitted_repeats(data):
    classifier = make().fit(*data)
    np.testing.assert_array_equal(
        weights(classifier), weights(clone(classifier).fit(*data))
    )

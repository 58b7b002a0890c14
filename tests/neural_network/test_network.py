"""The network's gradient, activations, probabilities and losses."""

import copy

import keras
import numpy as np
import pytest
import scipy.sparse
import scipy.special
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skimdb import KerasMLPClassifier
from skimdb.neural_network._network import (
    ACTIVATIONS,
    DERIVATIVES,
    NetworkSpec,
    compute_log_probabilities,
    compute_loss,
    compute_probabilities,
)

N_SAMPLES, N_FEATURES = 12, 6


def draw_data(rng, task, *, sparse):
    """Samples, targets and sample weights."""
    X = rng.normal(size=(N_SAMPLES, N_FEATURES))
    if sparse:
        X = scipy.sparse.csr_array(X * (rng.random(X.shape) < 0.5))
    y = {
        "binary": np.arange(N_SAMPLES) % 2,
        "multiclass": np.arange(N_SAMPLES) % 3,
        "multilabel": rng.integers(0, 2, (N_SAMPLES, 4)),
    }[task]
    return X, y, rng.uniform(0.5, 2, N_SAMPLES)


def flatten(classifier):
    return np.concatenate(
        [w.ravel() for w in (*classifier.coefs_, *classifier.intercepts_)]
    )


def make_step(classifier, weights, data):
    """Loss at some weights, and the weights after a step."""
    X, y, sample_weight = data
    stepped, arrays, start = copy.copy(classifier), [], 0
    for old in (*classifier.coefs_, *classifier.intercepts_):
        arrays.append(weights[start : start + old.size].reshape(old.shape))
        start += old.size
    n_layers = len(classifier.coefs_)
    stepped.coefs_, stepped.intercepts_ = arrays[:n_layers], arrays[n_layers:]
    stepped.partial_fit(X, y, sample_weight=sample_weight)
    return stepped.history_["loss"][-1], flatten(stepped)


@settings(deadline=None, max_examples=100)
@given(
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    task=st.sampled_from(["binary", "multiclass", "multilabel"]),
    size=st.lists(st.integers(1, 6), min_size=1, max_size=3) | st.just([128, 3]),
    l2=st.sampled_from([0.0, 0.05]),
    smoothing=st.sampled_from([0.0, 0.2]),
    dropout=st.sampled_from([0.0, 0.4]),
    sparse=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_gradient(activation, task, size, l2, smoothing, dropout, sparse, seed):
    """A step of SGD at a rate of 1 moves by the gradient, as differences tell it."""
    rng = np.random.default_rng(seed)
    data = draw_data(rng, task, sparse=sparse)
    classifier = KerasMLPClassifier(
        size,
        activation=activation,
        l2=l2,
        dropout=dropout,
        optimizer="sgd",
        learning_rate=1.0,
        random_state=0,
        loss__label_smoothing=smoothing,
    ).partial_fit(*data[:2], None if task == "multilabel" else np.unique(data[1]))
    weights = flatten(classifier)
    weights += rng.normal(scale=0.3, size=weights.shape)
    loss, stepped = make_step(classifier, weights, data)
    gradient = weights - stepped
    direction = rng.normal(size=weights.shape)
    direction /= np.linalg.norm(direction)
    ahead, behind = (
        make_step(classifier, weights + sign * 1e-5 * direction, data)[0]
        for sign in (1, -1)
    )
    assert np.isfinite(loss)
    np.testing.assert_allclose(
        gradient @ direction, (ahead - behind) / 2e-5, rtol=1e-5, atol=1e-8
    )


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activations_are_those_of_keras(activation, dtype):
    """And their derivatives, far out as well."""
    z = np.concatenate([np.linspace(-6, 6, 200), [-1e30, -1e3, -88, 88, 1e3, 1e30]])
    z = z.astype(dtype)
    variable = tf.Variable(z)
    with tf.GradientTape() as tape:
        expected = keras.activations.get(activation)(variable)
    with np.errstate(over="ignore"):
        a = ACTIVATIONS[activation](z)
        derivative = DERIVATIVES[activation](z, a) * np.ones_like(z)
    assert a.dtype == dtype
    tolerance = 1e-6 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(a, expected, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(
        derivative, tape.gradient(expected, variable), rtol=tolerance, atol=tolerance
    )


def make_logits(n_outputs):
    """Logits of any size that a network in float64 may have."""
    return arrays(np.float64, (5, n_outputs), elements=st.floats(-1e150, 1e150))


@given(logits=make_logits(1) | make_logits(3))
@example(logits=np.array([[0.0], [750.0], [-750.0], [40.0], [-40.0]]))
def test_probabilities_of_sigmoids(logits):
    proba = compute_probabilities(logits, "sigmoid")
    log_proba = compute_log_probabilities(logits, "sigmoid")
    expected, expected_log = (
        scipy.special.expit(logits),
        scipy.special.log_expit(logits),
    )
    if logits.shape[1] == 1:
        np.testing.assert_allclose(proba.sum(axis=1), 1)
        assert np.isfinite(log_proba).all()
        np.testing.assert_allclose(
            log_proba[:, 0], scipy.special.log_expit(-logits[:, 0]), rtol=1e-12
        )
        proba, log_proba = proba[:, 1:], log_proba[:, 1:]
    np.testing.assert_array_equal(proba, expected)
    np.testing.assert_allclose(log_proba, expected_log, rtol=1e-12)


@given(logits=make_logits(2) | make_logits(4))
def test_probabilities_of_softmax(logits):
    np.testing.assert_allclose(
        compute_probabilities(logits, "softmax"),
        scipy.special.softmax(logits, axis=1),
        rtol=1e-12,
        atol=1e-300,
    )
    log_proba = compute_log_probabilities(logits, "softmax")
    assert np.isfinite(log_proba).all()
    np.testing.assert_allclose(
        log_proba, scipy.special.log_softmax(logits, axis=1), rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize(
    ("output_activation", "n_outputs"),
    [("sigmoid", 1), ("sigmoid", 4), ("softmax", 2), ("softmax", 5)],
)
def test_losses_are_those_of_keras(output_activation, smoothing, n_outputs):
    """For logits of any size, at which a probability may round to 0 and to 1."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(60, n_outputs)) * np.logspace(-2, 4, 60)[:, np.newaxis]
    if output_activation == "softmax":
        targets = np.eye(n_outputs)[rng.integers(0, n_outputs, 60)]
        cls = keras.losses.CategoricalCrossentropy
    else:
        targets = rng.integers(0, 2, (60, n_outputs)).astype(float)
        cls = keras.losses.BinaryCrossentropy
    spec = NetworkSpec(
        (1, n_outputs), "relu", output_activation, 0.0, (), smoothing, float
    )
    loss = cls(
        from_logits=True, label_smoothing=smoothing, reduction=None, dtype="float64"
    )
    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        expected = loss(targets, variable)
    losses, delta = compute_loss(logits, targets, spec)
    np.testing.assert_allclose(losses, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(
        delta, tape.gradient(expected, variable), rtol=1e-12, atol=1e-14
    )

"""Nothing that is not finite is returned without a word."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_classification

from skimdb import KerasMLPClassifier

X, Y = make_classification(60, n_features=6, random_state=0)


def make(**params):
    defaults = {"size": 4, "epochs": 3, "batch_size": 32, "random_state": 0}
    return KerasMLPClassifier(**defaults | params)


@settings(deadline=None, max_examples=60)
@given(
    optimizer=st.sampled_from(["rmsprop", "adam", "sgd"]),
    exponent=st.integers(-300, 300),
    l2=st.sampled_from([0.0, 1e-3, 1e5, 1e30]),
    rate=st.sampled_from([None, 1.0, 1e10]),
    activation=st.sampled_from(["linear", "relu", "silu", "softplus"]),
    size=st.sampled_from([4, 130]),
    dtype=st.sampled_from([np.float32, np.float64]),
    sparse=st.booleans(),
)
def test_all_is_finite_or_an_error(
    optimizer, exponent, l2, rate, activation, size, dtype, sparse
):
    """And no warning of NumPy gets through, the threads of wide networks included."""
    with np.errstate(over="ignore"):
        samples = np.nan_to_num((X * 10.0**exponent).astype(dtype))
    samples = scipy.sparse.csr_array(samples) if sparse else samples
    classifier = make(
        size=size, l2=l2, optimizer=optimizer, learning_rate=rate, activation=activation
    )
    before = dict(vars(classifier))
    error = None
    try:
        classifier.fit(samples, Y)
    except ValueError as raised:
        error = raised
    if error is not None:
        assert "diverged in epoch" in str(error)
        assert len(error.history_["loss"]) >= 1
        assert vars(classifier) == before
    else:
        assert np.isfinite(classifier.predict_log_proba(samples)).all()
        assert np.isfinite(classifier.history_["loss"]).all()


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("optimizer", ["rmsprop", "adam"])
def test_wide_networks_diverge_without_a_warning(sparse, optimizer):
    samples = np.tile(X, (1, 200)) * 1e160  # in several blocks
    samples = scipy.sparse.csr_array(samples) if sparse else samples
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="Training diverged in epoch"):
            make(size=200, optimizer=optimizer, activation="linear").fit(samples, Y)


@pytest.mark.parametrize("backend", ["numpy", "tensorflow"])
def test_squares_of_the_gradient_overflow(backend):
    """RMSprop divides by them, so it would make no step and say nothing."""
    with pytest.raises(ValueError, match=r"epoch 3: squares of the gradient .*float32"):
        make(backend=backend).fit((X * 1e30).astype(np.float32), Y)


def test_validation_data_of_another_scale():
    with pytest.raises(ValueError, match="does X_val have the scale of X"):
        make().fit(X, Y, X_val=X * 1e307, y_val=Y)


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
def test_samples_that_the_weights_overflow(method):
    fitted = make(learning_rate=1.0).fit(X, Y)
    with pytest.raises(ValueError, match=r"not finite for \d+ of 60 samples.*Scale X"):
        getattr(fitted, method)(X * 5e307)


def test_too_large_for_the_network():
    """Validation data are called by their name."""
    fitted = make().fit(X.astype(np.float32), Y)
    with pytest.raises(ValueError, match="X contains infinity or a value too large"):
        fitted.predict(X * 1e300)
    with pytest.raises(ValueError, match="X_val contains infinity or a value too"):
        fitted.fit(X.astype(np.float32), Y, X_val=X * 1e300, y_val=Y)


@pytest.mark.parametrize("scale", [5e-324, 1e-310, 1e-200, 1e200, 1e308])
def test_weights_of_any_scale(scale):
    """Only their proportions count."""
    expected = make().fit(X, Y).coefs_[0]
    weight = np.full(60, scale)
    for fitted in (
        make().fit(X, Y, sample_weight=weight),
        make().fit(X, Y, X_val=X, y_val=Y, sample_weight_val=weight),
        make(class_weight={0: scale, 1: scale}).fit(X, Y),
    ):
        np.testing.assert_array_equal(fitted.coefs_[0], expected)
        assert np.isfinite(list(fitted.history_.values())).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1, None, "1", 1j])
def test_class_weights_that_are_none(value):
    with pytest.raises(ValueError, match="finite numbers of at least 0"):
        make(class_weight={0: value, 1: 1}).fit(X, Y)
    with pytest.raises(ValueError, match="finite numbers of at least 0"):
        make(class_weight=[{0: 1, 1: 1}, {0: 1, 1: value}]).fit(
            X, np.column_stack([Y, 1 - Y])
        )


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_product_of_class_weights(scale):
    with pytest.raises(ValueError, match="over all labels multiplied, must be finite"):
        make(class_weight=[{0: scale, 1: scale}] * 2).fit(
            X, np.column_stack([Y, 1 - Y])
        )


NUMBERS = [
    "l2",
    "dropout",
    "learning_rate",
    "validation_fraction",
    "tol",
    "optimizer__learning_rate",
    "optimizer__rho",
    "optimizer__momentum",
    "optimizer__epsilon",
    "optimizer__weight_decay",
    "optimizer__clipnorm",
    "optimizer__clipvalue",
    "optimizer__global_clipnorm",
    "optimizer__ema_momentum",
    "optimizer__loss_scale_factor",
    "loss__label_smoothing",
]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, -0.5, "1", 1j])
@pytest.mark.parametrize("name", NUMBERS)
def test_parameters_that_cannot_be_right(name, value):
    """Before training, and on NumPy's way to the error."""
    if (name, value) == ("tol", 1e300):
        return
    with pytest.raises(ValueError, match=name):
        make(**{name: value}).fit(X, Y)


@pytest.mark.parametrize("name", NUMBERS[:9])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_scalars_of_numpy(name, kind):
    make(**{name: kind(0.5)}).fit(X, Y)


def test_a_loss_of_logits_is_refused():
    with pytest.raises(ValueError, match=r"gives probabilities.*decision_function"):
        make(loss__from_logits=True).fit(X, Y)
    make(loss__from_logits=False).fit(X, Y)

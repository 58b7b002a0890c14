"""Nothing that is not finite is taken, trained on or returned without a word."""

import copy
import re
import warnings

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning

from skimdb import EpochSearchCV, KerasMLPClassifier

X, y = make_classification(60, n_features=6, random_state=0)
NAN, INF = float("nan"), float("inf")


def make(**params):
    defaults = {"size": 4, "epochs": 3, "batch_size": 32, "random_state": 0}
    return KerasMLPClassifier(**defaults | params)


def is_finite(classifier):
    """Whether all that a fit has left and predicts is finite."""
    arrays = [
        *classifier.coefs_,
        *classifier.intercepts_,
        *classifier.history_.values(),
        classifier.predict_proba(X),
        classifier.predict_log_proba(X),
        classifier.decision_function(X),
    ]
    return all(np.isfinite(array).all() for array in arrays)


def fit_or_fail(classifier, X):
    """Fit, and return the error that left the classifier unfitted, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            classifier.fit(X, y)
    except ValueError as error:
        if hasattr(classifier, "coefs_"):
            raise
        return error
    return None


NUMBERS = [
    "size",
    "n_hidden_layers",
    "l2",
    "dropout",
    "learning_rate",
    "epochs",
    "batch_size",
    "validation_fraction",
    "n_iter_no_change",
    "tol",
    "optimizer__learning_rate",
    "optimizer__rho",
    "optimizer__momentum",
    "optimizer__epsilon",
    "loss__label_smoothing",
    "optimizer__clipnorm",
    "optimizer__clipvalue",
    "optimizer__global_clipnorm",
    "optimizer__weight_decay",
    "optimizer__ema_momentum",
    "optimizer__loss_scale_factor",
    "optimizer__gradient_accumulation_steps",
    "optimizer__ema_overwrite_frequency",
]
FRACTIONS = [
    "l2",
    "dropout",
    "learning_rate",
    "validation_fraction",
    "tol",
    "optimizer__learning_rate",
    "optimizer__rho",
    "optimizer__momentum",
    "optimizer__epsilon",
]
TAKE_ALL = {  # a tolerance or patience that is never met
    ("n_iter_no_change", INF),
    ("tol", 1e300),
}


@pytest.mark.parametrize(
    "value", [NAN, INF, -INF, 1e300, -1e300, np.float32("nan"), -0.5, "1", 1j]
)
@pytest.mark.parametrize("name", NUMBERS)
def test_parameters(name, value):
    classifier = make(early_stopping=True, **{name: value})
    before = dict(vars(classifier))
    if (name, value) in TAKE_ALL:
        assert is_finite(classifier.fit(X, y))
        return
    with pytest.raises(ValueError, match=name.rpartition("__")[2]):
        classifier.fit(X, y)
    assert vars(classifier) == before


@pytest.mark.parametrize("name", FRACTIONS)
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_scalars_of_numpy(name, kind):
    make(**{name: kind(0.5)}).fit(X, y)


def test_a_loss_of_logits_is_refused():
    with pytest.raises(ValueError, match=r"'loss__from_logits'.*{False}"):
        make(loss__from_logits=True).fit(X, y)
    make(loss__from_logits=False).fit(X, y)


@pytest.mark.parametrize("value", [NAN, INF, 1e300])
@pytest.mark.parametrize("name", ["beta_1", "beta_2", "epsilon"])
def test_parameters_of_adam(name, value):
    with pytest.raises(ValueError, match=name):
        make(optimizer="adam", **{f"optimizer__{name}": value}).fit(X, y)


@pytest.mark.parametrize("name", ["l2", "learning_rate", "optimizer__epsilon"])
@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "sgd"])
@pytest.mark.parametrize("value", [1e10, 1e20, 1e38])
def test_large_parameters_diverge_or_are_finite(name, optimizer, value):
    if (name, optimizer) == ("optimizer__epsilon", "sgd"):
        pytest.skip("SGD has no epsilon")
    classifier = make(optimizer=optimizer, epochs=4, **{name: value})
    error = fit_or_fail(classifier, X)
    if error is None:
        assert is_finite(classifier)
        return
    assert re.search("Training diverged in epoch .* lower learning_rate", str(error))
    assert len(error.history_["loss"]) >= 1


@pytest.mark.parametrize("value", [NAN, INF, -INF, None, "1", -1.0, 1j])
def test_class_weight(value):
    for weights in ({0: 1.0, 1: value}, {0: value, 1: 1.0}):
        with pytest.raises(ValueError, match=r"at least 0.*got class_weight="):
            make(class_weight=weights).fit(X, y)
    Y = np.column_stack([y, 1 - y])
    with pytest.raises(ValueError, match=r"at least 0.*got class_weight="):
        make(class_weight=[{0: 1.0, 1: value}, {0: 1.0, 1: 1.0}]).fit(X, Y)


def test_only_proportions_of_class_weights_count():
    expected = make(class_weight={0: 1.0, 1: 3.0}).fit(X, y)
    for factor in (1e-310, 1e-300, 1e-30, 1e30, 1e300):
        weights = {0: factor, 1: 3 * factor}
        fitted = make(class_weight=weights).fit(X, y)
        for coef, other in zip(fitted.coefs_, expected.coefs_, strict=True):
            np.testing.assert_allclose(coef, other, rtol=1e-6)


def test_class_weights_that_over_or_underflow():
    Y = np.ones((len(y), 3), int)
    Y[::2] = 0
    for value in (1e-200, 1e200, 0.0):
        with pytest.raises(ValueError, match="got class_weight="):
            make(class_weight=[{0: value, 1: value}] * 3).fit(X, Y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
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
        classifier.fit(samples, y)
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
            make(size=200, optimizer=optimizer, activation="linear").fit(samples, y)


@pytest.mark.parametrize("backend", ["numpy", "tensorflow"])
def test_squares_of_the_gradient_overflow(backend):
    """RMSprop divides by them, so it would make no step and say nothing."""
    with pytest.raises(ValueError, match=r"epoch 3: squares of the gradient .*float32"):
        make(backend=backend).fit((X * 1e30).astype(np.float32), y)


def test_too_large_for_the_network():
    """Validation data are called by their name."""
    fitted = make().fit(X.astype(np.float32), y)
    with pytest.raises(ValueError, match="X contains infinity or a value too large"):
        fitted.predict(X * 1e300)
    with pytest.raises(ValueError, match="X_val contains infinity or a value too"):
        fitted.fit(X.astype(np.float32), y, X_val=X * 1e300, y_val=y)


@pytest.mark.parametrize("scale", [5e-324, 1e-310, 1e-200, 1e200, 1e308])
def test_weights_of_any_scale(scale):
    """Only their proportions count."""
    expected = make().fit(X, y).coefs_[0]
    weight = np.full(60, scale)
    for fitted in (
        make().fit(X, y, sample_weight=weight),
        make().fit(X, y, X_val=X, y_val=y, sample_weight_val=weight),
        make(class_weight={0: scale, 1: scale}).fit(X, y),
    ):
        np.testing.assert_array_equal(fitted.coefs_[0], expected)
        assert np.isfinite(list(fitted.history_.values())).all()


def test_validation_loss_that_is_not_finite():
    with pytest.raises(ValueError, match="does X_val have the scale of X"):
        make().fit(X, y, X_val=X * 1e307, y_val=y)


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
@pytest.mark.parametrize("classes", [2, 3, "labels"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_predictions(method, classes):
    labels = {2: y, 3: np.arange(60) % 3, "labels": np.column_stack([y, 1 - y, y])}
    # Steps of 10 make weights that are large enough to overflow.
    classifier = make(activation="linear", learning_rate=10.0)
    classifier.fit(X.astype(np.float32), labels[classes])
    predict = getattr(classifier, method)
    for scale in (1e5, 1e20, 1e30):
        assert np.isfinite(predict(X * scale)).all()
    some = X.copy()
    some[7] *= 1e38 / abs(some[7]).max()
    with pytest.raises(ValueError, match="not finite for 1 of 60 samples: the largest"):
        predict(some)
    with pytest.raises(ValueError, match="contains infinity"):
        predict(X * 1e300)
    with pytest.raises(ValueError, match="contains NaN"):
        predict(np.full_like(X, np.nan))


def test_search_keeps_the_curve_up_to_there():
    search = EpochSearchCV(
        make(optimizer="sgd", activation="linear"),
        {"learning_rate": [0.01, 1e30]},
        max_epochs=4,
        cv=2,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search.fit(X, y)
    assert any("diverged" in str(warning.message) for warning in caught)
    assert search.best_params_["learning_rate"] == 0.01
    assert np.isfinite(search.best_score_)


def test_failed_continuation_leaves_the_classifier_alone():
    classifier = make(warm_start=True).fit(X, y)
    before = copy.copy(vars(classifier))
    for method in (classifier.fit, classifier.partial_fit):
        with pytest.raises(ValueError, match="diverged"):
            method(X * 1e300, y)
        assert all(vars(classifier)[name] is value for name, value in before.items())

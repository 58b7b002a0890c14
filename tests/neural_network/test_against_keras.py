"""Training against Keras's own fit, and the two backends against each other."""

import dataclasses
from contextlib import contextmanager
from dataclasses import dataclass, field

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone

from skimdb import KerasMLPClassifier

N_TRAIN = 240


@dataclass(frozen=True)
class Case:
    """What is trained on what."""

    optimizer: str = "rmsprop"
    options: dict = field(default_factory=dict)
    data: str = "synthetic"
    task: str = "binary"
    dtype: str = "float32"
    dense: bool = False
    weighted: bool = False
    smoothing: float = 0.0
    validated: bool = False  # which costs Keras another half of the time
    params: dict = field(default_factory=dict)

    def __str__(self):
        values = [self.optimizer, *self.options, self.data, self.task, self.dtype]
        values += ["dense"] * self.dense + ["weighted"] * self.weighted
        values += ["smoothed"] * (self.smoothing > 0) + ["validated"] * self.validated
        return " ".join([*values, *(f"{k}={v}" for k, v in self.params.items())])

    def make_classifier(self, **params):
        """A classifier of these parameters."""
        options = {f"optimizer__{name}": value for name, value in self.options.items()}
        if self.smoothing:
            options["loss__label_smoothing"] = self.smoothing
        defaults = {"size": 8, "epochs": 4, "batch_size": 150, "random_state": 0}
        return KerasMLPClassifier(
            optimizer=self.optimizer,
            **defaults | {"shuffle": False} | options | self.params | params,
        )

    def make_optimizer(self):
        """The same optimizer, from Keras."""
        rate = self.params.get("learning_rate")
        rate = {} if rate is None else {"learning_rate": rate}
        return OPTIMIZERS[self.optimizer](**rate, **self.options)


@dataclass(frozen=True)
class Data:
    """Samples to train and to validate on."""

    X: object
    y: np.ndarray
    X_val: object
    y_val: np.ndarray
    sample_weight: np.ndarray

    def fit(self, classifier, *, validated=True):
        """Fit a classifier on all of it."""
        validation = {"X_val": self.X_val, "y_val": self.y_val} if validated else {}
        weight = self.sample_weight
        return classifier.fit(self.X, self.y, sample_weight=weight, **validation)


@pytest.fixture
def make_data(make_network_data):
    def make(case):
        X, y = make_network_data(case.data, case.task)
        X = X.astype(case.dtype)
        X = X.toarray() if case.dense else X
        weight = None
        if case.weighted:
            # Of mean 1, and exact in float32, to which Keras casts them.
            weight = np.tile([0.5, 1, 1.5], N_TRAIN // 3)
            weight = np.random.default_rng(1).permutation(weight)
        return Data(X[:N_TRAIN], y[:N_TRAIN], X[N_TRAIN:], y[N_TRAIN:], weight)

    return make


def interleave(classifier):
    """Weights in Keras's order."""
    pairs = zip(classifier.coefs_, classifier.intercepts_, strict=True)
    return [weight for pair in pairs for weight in pair]


def encode(y, classes):
    """Targets as Keras takes them."""
    if y.ndim == 2:
        return y
    codes = np.searchsorted(classes, y)
    return codes[:, np.newaxis] if len(classes) == 2 else np.eye(len(classes))[codes]


@contextmanager
def set_precision(name):
    """Set what Keras computes in."""
    before = keras.config.floatx()
    keras.config.set_floatx(name)
    try:
        yield
    finally:
        keras.config.set_floatx(before)


def build_keras(case, still):
    """A compiled model of Keras's with the initial weights of an estimator."""
    regularizer = keras.regularizers.L2(still.l2) if still.l2 else None
    is_softmax = case.task == "multiclass"
    model = keras.Sequential([keras.Input((still.n_features_in_,), dtype=case.dtype)])
    for bias in still.intercepts_[:-1]:
        model.add(
            keras.layers.Dense(
                len(bias),
                still.activation,
                kernel_regularizer=regularizer,
                dtype=case.dtype,
            )
        )
    output = {"activation": "softmax" if is_softmax else "sigmoid"}
    if len(still.coefs_) == 1:
        output["kernel_regularizer"] = regularizer
    model.add(keras.layers.Dense(still.n_outputs_, dtype=case.dtype, **output))
    # Biases begin at 0; the least step away from it would matter to a unit at 0.
    model.set_weights([w if w.ndim == 2 else 0 * w for w in interleave(still)])
    losses = keras.losses
    loss = losses.CategoricalCrossentropy if is_softmax else losses.BinaryCrossentropy
    model.compile(
        optimizer=case.make_optimizer(),
        loss=loss(label_smoothing=case.smoothing, dtype=case.dtype),
        weighted_metrics=["accuracy"],
        run_eagerly=True,  # tracing takes longer than training
    )
    return model


def fit_keras(case, data):
    """Train with `keras.Model.fit`, on dense rows, from the same initial weights."""
    still = dataclasses.replace(case, optimizer="sgd", options={}).make_classifier()
    still.set_params(learning_rate=1e-30, epochs=1).fit(data.X, data.y)
    model = build_keras(case, still)
    X, X_val = (X if case.dense else X.toarray() for X in (data.X, data.X_val))
    Y, Y_val = (
        encode(y, still.classes_).astype(case.dtype) for y in (data.y, data.y_val)
    )
    # Of arrays Keras would make such batches itself, which takes half of its fit.
    arrays = (X, Y) if data.sample_weight is None else (X, Y, data.sample_weight)
    batches, validation = (
        tf.data.Dataset.from_tensor_slices(given).batch(still.batch_size)
        for given in (arrays, (X_val, Y_val))
    )
    history = model.fit(
        batches,
        validation_data=validation if case.validated else None,
        epochs=case.make_classifier().epochs,
        shuffle=False,
        verbose=0,
    )
    return model, history.history


OPTIMIZERS = {
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
    "sgd": keras.optimizers.SGD,
    "adamw": keras.optimizers.AdamW,
}
MOMENTUM, NESTEROV = {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}
BOTH = {"momentum": 0.5, "centered": True, "rho": 0.8, "epsilon": 1e-5}
BETAS = {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-5}
# Keras trains a penalized network in float64 only if all of it is set to float64, and
# then rounds nothing to float32. These values are the same in both.
EXACT_BETAS = {"amsgrad": True, "beta_1": 0.875, "beta_2": 1 - 2**-8}
EXACT_MOMENTUM = {"momentum": 0.875}
EXACT = {"l2": 2**-9, "learning_rate": 2**-6}

# Every option with every other in some case, as far as they go together.
CASES = [
    Case("rmsprop", {}, "reviews", weighted=True, validated=True, params={"l2": 0.002}),
    Case("rmsprop", {}, "rare", "multiclass", "float64", smoothing=0.1, validated=True),
    Case("rmsprop", MOMENTUM, "reviews", "multilabel", "float64", weighted=True),
    Case("rmsprop", {"centered": True}, "rare", params={"activation": "tanh"}),
    Case("rmsprop", BOTH, "synthetic", "multiclass", dense=True, params={"l2": 0.01}),
    Case("adam", {}, "reviews", "multiclass", weighted=True, params={"size": 130}),
    Case("adam", {}, "reviews", validated=True, params={"size": (), "l2": 0.002}),
    Case("sgd", MOMENTUM, "rare", "multilabel", "float64", params={"size": ()}),
    Case(
        "rmsprop",
        {},
        "synthetic",
        "multiclass",
        dense=True,
        weighted=True,
        params={"n_hidden_layers": 0, "dropout": 0.5},
    ),
    Case("adam", BETAS, "rare", "binary", "float64", weighted=True, smoothing=0.1),
    Case(
        "adam",
        EXACT_BETAS,
        "synthetic",
        "multilabel",
        "float64",
        dense=True,
        smoothing=0.2,
        params={"activation": "silu"} | EXACT,
    ),
    Case(
        "sgd",
        {},
        "rare",
        "multilabel",
        weighted=True,
        validated=True,
        params={"learning_rate": 1.0},
    ),
    Case(
        "sgd",
        EXACT_MOMENTUM,
        "reviews",
        "multiclass",
        "float64",
        params=EXACT,
    ),
    Case(
        "sgd",
        NESTEROV,
        "reviews",
        "binary",
        "float64",
        dense=True,
        weighted=True,
        params={"size": (160, 4), "activation": "elu"},
    ),
]
SCHEDULE = keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.7)
# What only Keras has. `test_every_keras_object.py` has its other optimizers.
DECAY = {"weight_decay": 0.01, "clipnorm": 0.1, "learning_rate": SCHEDULE}
AVERAGED = {"gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.8}
KERAS_CASES = [
    Case("adamw", DECAY),
    Case("sgd", AVERAGED, params={"learning_rate": 0.1}),
]


def assert_same_training(classifier, case, data, model, expected):
    """Loss, accuracy and predictions are Keras's, and in float64 the weights."""
    history = classifier.history_
    np.testing.assert_allclose(history["loss"], expected["loss"], atol=1e-4)
    names = ["accuracy"]
    if case.validated:
        names.append("val_accuracy")
        penalized = classifier.coefs_[:-1] or classifier.coefs_
        penalty = classifier.l2 * sum((w**2).sum() for w in penalized)
        np.testing.assert_allclose(
            history["val_loss"][-1] + penalty, expected["val_loss"][-1], atol=1e-4
        )
    if case.task != "multilabel":  # where scikit-learn's accuracy is of whole rows
        for name in names:
            np.testing.assert_allclose(history[name], expected[name], atol=1e-6)
    X_val = data.X_val if case.dense else data.X_val.toarray()
    theirs, rebuilt = np.asarray(model(X_val)), np.asarray(classifier.model_(X_val))
    ours = classifier.predict_proba(data.X_val)[:, -theirs.shape[1] :]
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    np.testing.assert_allclose(ours, rebuilt, atol=1e-6)
    if case.dtype == "float64":
        for one, other in zip(interleave(classifier), model.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-10)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_both_backends_train_as_keras(make_data, case):
    data = make_data(case)
    all_exact = case.dtype == "float64" and "l2" in case.params
    with set_precision("float64" if all_exact else "float32"):
        model, expected = fit_keras(case, data)
    for backend in ("numpy", "tensorflow"):
        classifier = case.make_classifier(backend=backend)
        data.fit(classifier, validated=case.validated)
        assert classifier.backend_ == backend
        assert_same_training(classifier, case, data, model, expected)


@pytest.mark.slow
@pytest.mark.parametrize("case", KERAS_CASES, ids=str)
def test_what_only_keras_has(make_data, case):
    data = make_data(case)
    model, expected = fit_keras(case, data)
    classifier = data.fit(case.make_classifier(), validated=case.validated)
    assert classifier.backend_ == "tensorflow"
    assert_same_training(classifier, case, data, model, expected)


# The backends draw the same initial weights, order and dropout.
SHARED = {"shuffle": True, "dropout": (0.5, 0.2)}
BACKEND_CASES = [
    Case("rmsprop", {}, "rare", dtype="float64", weighted=True, params=SHARED),
    Case("adam", {"amsgrad": True}, "reviews", dtype="float64", params=SHARED),
    Case(
        "sgd",
        NESTEROV,
        task="multiclass",
        params=SHARED | {"early_stopping": True, "class_weight": "balanced"},
    ),
]


def assert_same_fit(one, other, dtype):
    """History, predictions, weights and state of the optimizer agree."""
    weights_atol, history_atol = (1e-10, 1e-8) if dtype == "float64" else (1e-4, 1e-4)
    assert one.n_iter_ == other.n_iter_
    assert one.best_epoch_ == other.best_epoch_
    for name, values in one.history_.items():
        np.testing.assert_allclose(values, other.history_[name], atol=history_atol)
    for ours, theirs in zip(interleave(one), interleave(other), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=weights_atol)


@pytest.mark.parametrize("case", BACKEND_CASES, ids=str)
def test_backends_agree(make_data, case):
    data = make_data(case)
    one, other = (
        data.fit(case.make_classifier(backend=backend))
        for backend in ("numpy", "tensorflow")
    )
    assert (one.backend_, other.backend_) == ("numpy", "tensorflow")
    assert_same_fit(one, other, case.dtype)


@pytest.mark.parametrize("case", BACKEND_CASES[:2], ids=str)
def test_fit_goes_on_on_the_other_backend(make_data, case):
    """With `warm_start` and `partial_fit`, as if it had stayed on one."""
    data = make_data(case)
    whole = case.make_classifier(epochs=4, backend="numpy").fit(data.X, data.y)
    parts = clone(whole).set_params(warm_start=True, epochs=1)
    for backend in ("numpy", "tensorflow", "numpy"):
        parts.set_params(backend=backend).fit(data.X, data.y)
        assert parts.backend_ == backend
    parts.set_params(backend="tensorflow").partial_fit(data.X, data.y)
    assert parts.backend_ == "tensorflow"
    assert_same_fit(whole, parts, case.dtype)

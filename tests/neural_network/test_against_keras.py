"""Training against Keras's own fit, on the same initial weights."""

import keras
import numpy as np
import pytest
import scipy.sparse

from skimdb import KerasMLPClassifier

L2 = 0.002


@pytest.fixture(scope="module")
def reviews():
    """Multi-hot rows whose label depends on a few columns."""
    rng = np.random.default_rng(0)
    X = scipy.sparse.random_array(
        (300, 50), density=0.2, format="csr", dtype=np.float32, rng=rng
    )
    X.data[:] = 1
    signal = X[:, :5].sum(axis=1) - X[:, 5:10].sum(axis=1)
    y = np.digitize(signal + 0.1 * rng.normal(size=300), [-0.5, 0.5])
    return X, y


def keras_fit(start, X, y, X_val, y_val, *, optimizer, l2, sample_weight=None):
    """Continue from an estimator's weights with Keras's fit on dense rows."""
    model = start.model_
    outputs = model.output_shape[1]
    for layer in model.layers[:-1]:
        layer.kernel_regularizer = keras.regularizers.L2(l2) if l2 else None
    model.compile(
        optimizer=optimizer,
        loss="binary_crossentropy" if outputs == 1 else "categorical_crossentropy",
        weighted_metrics=["accuracy"],
    )

    def encode(labels):
        codes = np.searchsorted(start.classes_, labels)
        return codes[:, None] if outputs == 1 else np.eye(outputs)[codes]

    history = model.fit(
        X.toarray(),
        encode(y).astype("float32"),
        sample_weight=sample_weight,
        validation_data=(X_val.toarray(), encode(y_val).astype("float32")),
        batch_size=64,
        epochs=5,
        shuffle=False,
        verbose=0,
    )
    return model, history.history


OPTIMIZERS = {
    "rmsprop": keras.optimizers.RMSprop,
    "rmsprop with momentum": lambda: keras.optimizers.RMSprop(momentum=0.5),
    "adam": keras.optimizers.Adam,
    "sgd": keras.optimizers.SGD,
    "sgd with momentum": lambda: keras.optimizers.SGD(momentum=0.9),
    "sgd with nesterov": lambda: keras.optimizers.SGD(momentum=0.9, nesterov=True),
    "adamw": lambda: keras.optimizers.AdamW(weight_decay=0.01),
    "clipped": lambda: keras.optimizers.Adam(clipnorm=0.1),
    "schedule": lambda: keras.optimizers.RMSprop(
        keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.7)
    ),
    "nadam": keras.optimizers.Nadam,
    "accumulated": lambda: keras.optimizers.SGD(gradient_accumulation_steps=2),
}


CASES = [
    (optimizer, l2, weighted, 8, 2)
    for optimizer in ("rmsprop", "adam", "sgd with momentum")
    for l2 in (0, L2)
    for weighted in (False, True)
]
CASES += [("rmsprop", L2, False, 40, 2), ("adam", 0, True, 40, 3)]
CASES += [
    (name, 0, False, 8, 2)
    for name in sorted(OPTIMIZERS.keys() - {"rmsprop", "adam", "sgd with momentum"})
]


@pytest.mark.parametrize(("optimizer", "l2", "weighted", "size", "classes"), CASES)
def test_epochs_equal_keras(reviews, optimizer, l2, weighted, size, classes):
    X, y = reviews
    y = np.minimum(y, classes - 1)
    X, X_val, y, y_val = X[:200], X[200:], y[:200], y[200:]
    weight = np.random.default_rng(1).uniform(0.5, 2, 200) if weighted else np.ones(200)
    weight /= weight.mean()
    classifier = KerasMLPClassifier(
        size,
        l2=l2,
        optimizer="sgd",
        learning_rate=1e-30,
        epochs=1,
        batch_size=64,
        shuffle=False,
        random_state=0,
    ).fit(X, y)
    model, expected = keras_fit(
        classifier,
        X,
        y,
        X_val,
        y_val,
        optimizer=OPTIMIZERS[optimizer](),
        l2=l2,
        sample_weight=weight if weighted else None,
    )
    classifier.set_params(
        optimizer=OPTIMIZERS[optimizer](), learning_rate=None, epochs=5
    )
    classifier.fit(
        X, y, sample_weight=weight if weighted else None, X_val=X_val, y_val=y_val
    )
    np.testing.assert_allclose(classifier.history_["loss"], expected["loss"], atol=1e-4)
    np.testing.assert_allclose(
        classifier.history_["accuracy"], expected["accuracy"], atol=1e-6
    )
    np.testing.assert_allclose(
        classifier.history_["val_accuracy"], expected["val_accuracy"], atol=1e-6
    )
    penalty = l2 * sum((coef**2).sum() for coef in classifier.coefs_[:-1])
    np.testing.assert_allclose(
        classifier.history_["val_loss"][-1] + penalty,
        expected["val_loss"][-1],
        atol=1e-4,
    )
    ours = classifier.predict_proba(X_val)
    theirs = model.predict(X_val.toarray(), verbose=0)
    np.testing.assert_allclose(ours[:, -theirs.shape[1] :], theirs, atol=1e-4)
    rebuilt = classifier.model_.predict(X_val.toarray(), verbose=0)
    np.testing.assert_allclose(ours[:, -theirs.shape[1] :], rebuilt, atol=1e-6)

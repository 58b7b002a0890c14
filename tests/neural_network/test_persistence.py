"""Saving, copying and loading of fitted estimators.

`test_fresh_process.py` has what is loaded in another process.
"""

import copy
import pickle

import keras
import numpy as np
import pytest
import skops.io
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimdb import KerasMLPClassifier

TRUSTED = ["skimdb.neural_network._multilayer_perceptron.KerasMLPClassifier"]


@pytest.fixture(scope="module")
def data():
    X, y = make_classification(random_state=0)
    return X.astype(np.float32), np.where(y, "good", "bad")


@pytest.fixture(scope="module")
def classifier(data):
    """Fitted, with everything that might not be plain."""
    return KerasMLPClassifier(
        8,
        optimizer=keras.optimizers.Adam(0.01),
        callbacks=keras.callbacks.EarlyStopping("loss", patience=3),
        epochs=3,
        random_state=0,
    ).fit(*data)


@pytest.fixture(scope="module")
def pipe(data):
    classifier = KerasMLPClassifier(8, optimizer__momentum=0.5, epochs=3)
    return make_pipeline(StandardScaler(), classifier).fit(*data)


def test_plain_state(classifier):
    """Nothing fitted but the callbacks of the last fit is a Keras object."""

    def walk(value):
        if isinstance(value, (list, dict)):
            for item in value.values() if isinstance(value, dict) else value:
                yield from walk(item)
        else:
            yield value

    fitted = {
        name: value
        for name, value in classifier.__getstate__().items()
        if name.endswith("_") or name.startswith("_")
    }
    assert "coefs_" in fitted
    for value in walk(fitted):
        plain = (np.ndarray, np.generic, str, int, float, type(None))
        assert isinstance(value, plain), value


@pytest.mark.parametrize(
    "round_trip",
    [lambda e: pickle.loads(pickle.dumps(e)), copy.deepcopy, copy.copy],
    ids=["pickle", "deepcopy", "copy"],
)
@pytest.mark.parametrize("name", ["classifier", "pipe"])
def test_round_trip(name, round_trip, data, request):
    estimator = request.getfixturevalue(name)
    again = round_trip(estimator)
    np.testing.assert_array_equal(
        again.predict_proba(data[0]), estimator.predict_proba(data[0])
    )
    assert again.predict(data[0]).dtype == data[1].dtype


def test_skops_trusted_types(pipe, data):
    written = skops.io.dumps(pipe)
    assert skops.io.get_untrusted_types(data=written) == TRUSTED
    again = skops.io.loads(written, trusted=TRUSTED)
    np.testing.assert_array_equal(
        again.predict_proba(data[0]), pipe.predict_proba(data[0])
    )


def test_to_keras_is_compiled(classifier, data):
    """It evaluates, and trains on, with the optimizer and loss of the estimator."""
    X, y = data
    model = classifier.to_keras()
    assert isinstance(model.optimizer, keras.optimizers.Adam)
    loss, accuracy = model.evaluate(X, (y == "good").astype("float32"), verbose=0)
    assert accuracy == pytest.approx(classifier.score(X, y))
    assert loss == pytest.approx(
        -np.log(
            classifier.predict_proba(X)[np.arange(len(y)), (y == "good").astype(int)]
        ).mean(),
        rel=1e-4,
    )


def test_model_has_dropout_and_penalty(data):
    classifier = KerasMLPClassifier(8, epochs=1, l2=0.1, dropout=(0.5, 0.0))
    model = classifier.fit(*data).model_
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["Dense", "Dropout", "Dense", "Dense"]
    penalty = 0.1 * sum((coef**2).sum() for coef in classifier.coefs_[:-1])
    assert float(sum(model.losses)) == pytest.approx(penalty, rel=1e-5)

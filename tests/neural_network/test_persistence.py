"""Saving, copying and loading of fitted estimators."""

import copy
import pickle
import subprocess
import sys

import joblib
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


FRESH = """
import pickle, sys
import joblib, numpy, skops.io
folder = sys.argv[1]
X = numpy.load(folder + "/X.npy")
for name in ("classifier", "pipe"):
    expected = numpy.load(f"{folder}/{name}.npy")
    with open(f"{folder}/{name}.pickle", "rb") as file:
        pickled = pickle.load(file)
    numpy.testing.assert_array_equal(pickled.predict_proba(X), expected)
    loaded = joblib.load(f"{folder}/{name}.joblib")
    numpy.testing.assert_array_equal(loaded.predict_proba(X), expected)
    assert set(loaded.predict(X)) <= {"good", "bad"}
trusted = ["skimdb.neural_network._multilayer_perceptron.KerasMLPClassifier"]
loaded = skops.io.load(folder + "/pipe.skops", trusted=trusted)
numpy.testing.assert_array_equal(loaded.predict_proba(X), expected)
imported = {name.partition(".")[0] for name in sys.modules}
assert not imported & {"tensorflow", "keras", "scikeras"}, imported
"""


def test_fresh_process(pipe, data, tmp_path):
    """Loading and predicting: bit by bit the same, and no TensorFlow imported."""
    # An optimizer instance is a Keras object, and needs Keras to be unpickled.
    classifier = KerasMLPClassifier(8, epochs=2, dropout=0.5).fit(*data)
    np.save(tmp_path / "X.npy", data[0])
    for name, estimator in {"classifier": classifier, "pipe": pipe}.items():
        np.save(tmp_path / f"{name}.npy", estimator.predict_proba(data[0]))
        (tmp_path / f"{name}.pickle").write_bytes(pickle.dumps(estimator))
        joblib.dump(estimator, tmp_path / f"{name}.joblib")
    skops.io.dump(pipe, tmp_path / "pipe.skops")
    subprocess.run([sys.executable, "-c", FRESH, tmp_path], check=True)


WITHOUT_SKIMDB = """
import sys
sys.modules["skimdb"] = None  # importing it fails from here on
import keras, numpy
folder = sys.argv[1]
model = keras.models.load_model(folder + "/model.keras")
proba = model.predict(numpy.load(folder + "/X.npy"), verbose=0)
numpy.save(folder + "/proba.npy", proba)
"""


# Keras, when it saves a variable of TensorFlow.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_to_keras_needs_no_skimdb(classifier, data, tmp_path):
    model = classifier.to_keras()
    assert isinstance(model, keras.Sequential)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "X.npy", data[0])
    subprocess.run(
        [sys.executable, "-c", WITHOUT_SKIMDB, tmp_path],
        check=True,
        capture_output=True,
    )
    np.testing.assert_allclose(
        np.load(tmp_path / "proba.npy")[:, 0],
        classifier.predict_proba(data[0])[:, 1],
        atol=1e-6,
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

"""What only a process of its own shows: what is imported, and settings of Keras.

Starting one takes seconds, so each does several things in turn.
"""

import pickle

import joblib
import keras
import numpy as np
import pytest
import skops.io
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimdb import KerasMLPClassifier

pytestmark = pytest.mark.slow
X, Y = make_classification(80, n_features=6, random_state=0)


@pytest.fixture(scope="module")
def weights():
    """What NumPy trains in this process, which has imported Keras."""
    fitted = KerasMLPClassifier(4, epochs=2, dropout=0.3, random_state=0).fit(X, Y)
    return b"".join(coef.tobytes() for coef in fitted.coefs_).hex()


# Each script defines `train` by this.
TRAIN = """
def train():
    from sklearn.datasets import make_classification
    from skimdb import KerasMLPClassifier

    X, y = make_classification(80, n_features=6, random_state=0)
    fitted = KerasMLPClassifier(4, epochs=2, dropout=0.3, random_state=0).fit(X, y)
    return b"".join(coef.tobytes() for coef in fitted.coefs_).hex()
"""

WITHOUT_KERAS = """
import multiprocessing, os, pickle, sys, warnings
import joblib, numpy, skops.io
folder, expected_weights = sys.argv[1:]
warnings.simplefilter("ignore")

def imported():
    found = {name.partition(".")[0] for name in sys.modules}
    return found & {"tensorflow", "keras", "scikeras"}

# Loading and predicting.
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
assert not imported(), imported()

# A library for Keras that is not there.
import matplotlib
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from skimdb import EpochCurveDisplay, EpochSearchCV, KerasMLPClassifier

X, y = make_classification(60, random_state=0)
classifier = KerasMLPClassifier(4, epochs=2, random_state=0)

def use(backend):
    os.environ["KERAS_BACKEND"] = backend
    assert train() == expected_weights
    fitted = classifier.fit(X, y)
    for call in (
        lambda: KerasMLPClassifier(backend="tensorflow").fit(X, y),
        lambda: KerasMLPClassifier(optimizer="nadam").fit(X, y),
        lambda: KerasMLPClassifier(metrics=("AUC",)).fit(X, y),
        lambda: fitted.to_keras(),
        lambda: fitted.model_,
    ):
        try:
            call()
        except ImportError as error:
            assert "KERAS_BACKEND, set it to tensorflow" in str(error), error
            assert "backend='numpy'" in str(error), error
        else:
            raise AssertionError("no error")

fork = multiprocessing.get_context("fork")
for backend in ("jax", "nonsense"):
    child = fork.Process(target=use, args=(backend,))
    child.start()
    child.join()
    assert child.exitcode == 0, backend

# Constructing, fitting, searching, plotting, here and in workers.
def score(estimator, X, y):
    assert not imported(), imported()
    return estimator.score(X, y)

matplotlib.use("agg")
search = EpochSearchCV(classifier, {"size": [2, 4]}, max_epochs=3, cv=2).fit(X, y)
search.predict_proba(X)
EpochCurveDisplay.from_search(search)
pickle.loads(pickle.dumps(search)).score(X, y)
grid = {"size": [2, 4]}
GridSearchCV(classifier, grid, cv=2, n_jobs=2, scoring=score, error_score="raise").fit(
    X, y
)
assert not imported(), imported()
"""


def test_without_keras(run_in_fresh_process, tmp_path, weights):
    """Whatever needs no Keras imports none; what does says so, if it is set otherwise.

    Saved estimators predict bit by bit the same.
    """
    samples, y = make_classification(random_state=0)
    samples, y = samples.astype(np.float32), np.where(y, "good", "bad")
    # An optimizer instance is a Keras object, and needs Keras to be unpickled.
    classifier = KerasMLPClassifier(8, epochs=2, dropout=0.5).fit(samples, y)
    last = KerasMLPClassifier(8, optimizer__momentum=0.5, epochs=3)
    pipe = make_pipeline(StandardScaler(), last).fit(samples, y)
    np.save(tmp_path / "X.npy", samples)
    for name, estimator in {"classifier": classifier, "pipe": pipe}.items():
        np.save(tmp_path / f"{name}.npy", estimator.predict_proba(samples))
        (tmp_path / f"{name}.pickle").write_bytes(pickle.dumps(estimator))
        joblib.dump(estimator, tmp_path / f"{name}.joblib")
    skops.io.dump(pipe, tmp_path / "pipe.skops")
    run_in_fresh_process(TRAIN + WITHOUT_KERAS, tmp_path, weights)


WITHOUT_THE_EXTRA = """
import os, pickle, sys
folder, expected_weights = sys.argv[1:]
for name in ("tensorflow", "keras", "scikeras"):
    sys.modules[name] = None  # importing it fails, as if it were not installed

import numpy, joblib, skops.io
from sklearn.callback import ScoringMonitor
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV, cross_val_score
from skimdb import EpochSearchCV, KerasMLPClassifier, TextMultiHotVectorizer
from skimdb import epoch_curve

# All of this trains in NumPy.
assert train() == expected_weights
X, y = make_classification(60, random_state=0)
plain = dict(size=4, epochs=2, random_state=0)
options = dict(optimizer="adam", optimizer__beta_1=0.8, loss__label_smoothing=0.1)
metrics = dict(metrics=("accuracy", "roc_auc"), early_stopping=True, dropout=0.5)
fitted = KerasMLPClassifier(**plain, **options, **metrics).fit(X, y)
fitted.set_callbacks(ScoringMonitor(scoring="accuracy")).fit(X, y).partial_fit(X, y)
fitted.set_params(warm_start=True).fit(X, y)
cross_val_score(KerasMLPClassifier(**plain), X, y, cv=2)
EpochSearchCV(KerasMLPClassifier(**plain), {"size": [2]}, max_epochs=2, cv=2).fit(X, y)
epoch_curve(KerasMLPClassifier(**plain), X, y, max_epochs=2, cv=2)
texts = ["a good film", "a bad film"] * 20
matrix = TextMultiHotVectorizer().fit_transform(texts)
KerasMLPClassifier(**plain).fit(matrix, [1, 0] * 20)
numpy.testing.assert_array_equal(
    pickle.loads(pickle.dumps(fitted)).predict_proba(X), fitted.predict_proba(X)
)
skops.io.dumps(fitted)

# All of this needs the extra.
class Callback:  # any function counts as one that makes a callback
    pass

needs_keras = [
    lambda: KerasMLPClassifier(backend="tensorflow").fit(X, y),
    lambda: KerasMLPClassifier(optimizer="nadam").fit(X, y),
    lambda: KerasMLPClassifier(optimizer__clipnorm=1.0).fit(X, y),
    lambda: KerasMLPClassifier(optimizer__use_ema=True).fit(X, y),
    lambda: KerasMLPClassifier(learning_rate=lambda step: 0.1).fit(X, y),
    lambda: KerasMLPClassifier(callbacks=Callback).fit(X, y),
    lambda: KerasMLPClassifier(callbacks=Callback).partial_fit(X, y, [0, 1]),
    lambda: KerasMLPClassifier(metrics=("AUC",)).fit(X, y),
    lambda: fitted.to_keras(),
    lambda: fitted.model_,
    lambda: EpochSearchCV(
        KerasMLPClassifier(callbacks=Callback), max_epochs=1, cv=2, error_score="raise"
    ).fit(X, y),
]
def check_errors():
    for number, call in enumerate(needs_keras):
        try:
            call()
        except ImportError as error:
            assert 'pip install "skimdb[keras]"' in str(error), error
        else:
            raise AssertionError(number)
    assert "keras" not in dir(fitted) and "model_" not in dir(fitted)

check_errors()

# Keras alone does not suffice. TensorFlow logs some lines before it reads its level.
stderr, log = os.dup(2), os.open(folder + "/log.txt", os.O_RDWR | os.O_CREAT)
os.dup2(log, 2)
os.environ.pop("TF_CPP_MIN_LOG_LEVEL", None)
environment = dict(os.environ)
del sys.modules["tensorflow"], sys.modules["keras"]
check_errors()
del sys.modules["scikeras"]
KerasMLPClassifier(backend="tensorflow").fit(X, y)
os.dup2(stderr, 2)
assert os.environ == environment
lines = open(folder + "/log.txt").read().splitlines()
assert not [line for line in lines if line.startswith("W") and ".cc:" in line]
assert len(lines) < 10, lines
"""


def test_without_the_extra(run_in_fresh_process, tmp_path, weights):
    """NumPy trains, and each feature of Keras says how to install it.

    TensorFlow logs no warnings, and no environment variable stays.
    """
    run_in_fresh_process(TRAIN + WITHOUT_THE_EXTRA, tmp_path, weights)


WITH_KERAS = """
import sys
folder, expected = sys.argv[1:]

# A saved model is Keras's alone.
sys.modules["skimdb"] = None  # importing it fails
import keras, numpy
model = keras.models.load_model(folder + "/model.keras")
numpy.save(folder + "/proba.npy", model.predict(numpy.load(folder + "/X.npy")))
del sys.modules["skimdb"]
assert not [name for name in sys.modules if name.startswith("skimdb")]

# Settings of Keras, and of TensorFlow.
import tensorflow as tf
assert train() == expected
keras.config.set_floatx("float64")
assert train() == expected
keras.mixed_precision.set_global_policy("mixed_float16")
assert train() == expected
strategy = tf.distribute.MirroredStrategy(["CPU:0"])
with strategy.scope():
    assert train() == expected
with tf.Graph().as_default():
    assert train() == expected
tf.config.run_functions_eagerly(True)
assert train() == expected
tf.compat.v1.disable_eager_execution()
assert train() == expected
"""


# Keras, when it saves a variable of TensorFlow.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_with_keras(run_in_fresh_process, tmp_path, weights):
    """The model of `to_keras` needs no skimdb, and no setting changes NumPy's training.

    Of the settings: precision, distribution strategy, graph and eager mode.
    """
    samples = X.astype(np.float32)
    classifier = KerasMLPClassifier(
        8,
        optimizer=keras.optimizers.Adam(0.01),
        callbacks=keras.callbacks.EarlyStopping("loss", patience=3),
        epochs=3,
        random_state=0,
    ).fit(samples, Y)
    model = classifier.to_keras()
    assert isinstance(model, keras.Sequential)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "X.npy", samples)
    run_in_fresh_process(TRAIN + WITH_KERAS, tmp_path, weights)
    np.testing.assert_allclose(
        np.load(tmp_path / "proba.npy")[:, 0],
        classifier.predict_proba(samples)[:, 1],
        atol=1e-6,
    )

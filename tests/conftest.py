"""Data and factories that the tests of several folders share.

The process that deals out the tests reads this file, too, before it starts the others:
what takes time to import is imported where it is used.
"""

import gc
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import settings

# The same examples in every run. `pytest --hypothesis-profile=explore` draws new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("same")


def pytest_configure(config):
    """Divide the cores among the processes of a run, and take Ctrl-C."""
    if config.getoption("numprocesses", None):  # the workers inherit it
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Tests send Ctrl-C, which shells let jobs in the background ignore.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish():
    """Leave out of garbage collections what is kept to the end: tests and libraries."""
    gc.freeze()


@pytest.fixture(scope="session")
def dense_data():
    """Dense samples of two classes."""
    from sklearn.datasets import make_classification

    return make_classification(90, 10, flip_y=0.2, random_state=1)


@pytest.fixture(scope="session")
def multi_hot_data():
    """Sparse rows of ones, as of reviews, whose first columns decide between three.

    For two classes take ``y == 2``.
    """
    import scipy.sparse

    rng = np.random.default_rng(0)
    X = scipy.sparse.random_array(
        (300, 50), density=0.2, format="csr", dtype=np.float32, rng=rng
    )
    X.data[:] = 1
    signal = X[:, :5].sum(axis=1) - X[:, 5:10].sum(axis=1)
    return X, np.digitize(signal + 0.1 * rng.normal(size=300), [-0.5, 0.5])


@pytest.fixture(scope="session")
def texts_data():
    """Short texts with labels; each has a word that no other text has."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 60)
    words = np.array(["good", "bad", "film", "plot", "actor", "scene"])
    drawn = rng.integers(2, 6, (60, 5))
    drawn[:, 0] = np.where(rng.random(60) < 0.8, y, 1 - y)
    return [" ".join([*words[row], f"only{i}"]) for i, row in enumerate(drawn)], y


@pytest.fixture(scope="session")
def imdb_reviews():
    """Stanford's 25,000 training reviews and their labels, if they are at hand."""
    if "SKIMDB_DATA" not in os.environ:
        pytest.skip("SKIMDB_DATA names no folder of reviews")
    from skimdb.datasets import fetch_imdb

    return fetch_imdb(
        subset="train", source="stanford", download_if_missing=False, return_X_y=True
    )


@pytest.fixture(scope="session")
def make_classifier():
    """Return a function that makes a small classifier, which is quick to learn."""
    from skimdb import KerasMLPClassifier

    defaults = {
        "size": 4,
        "epochs": 4,
        "learning_rate": 0.03,
        "batch_size": 32,
        "random_state": 0,
    }
    return lambda **params: KerasMLPClassifier(**defaults | params)


@pytest.fixture(scope="session")
def run_in_fresh_process():
    """Return a function that runs code in a new interpreter, and gives its output."""

    def run(code, *arguments):
        command = [sys.executable, "-c", code, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run

"""Data and factories that the tests of several folders share.

The main process of pytest-xdist imports this file before it starts its workers. Slow
imports are therefore inside the fixtures that use them.
"""

import contextlib
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
    """Give each worker one thread, and let tests receive Ctrl-C."""
    if config.getoption("numprocesses", None):  # the workers inherit it
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Shells make background jobs ignore Ctrl-C, which some tests send to themselves.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish():
    """Exclude tests and libraries, which stay in memory, from garbage collection."""
    gc.freeze()


@pytest.fixture
def cores():
    """Return a context manager that runs its block as on a machine with n cores.

    Workers have one thread each (see `pytest_configure`), so tests about several cores
    use ``with cores(2):``. BLAS and skimdb then use that many threads, however many
    cores the machine has.
    """
    from threadpoolctl import threadpool_limits

    import skimdb

    for name in skimdb.__all__:  # imports the modules that count the cores
        getattr(skimdb, name)
    counter = "_openmp_effective_n_threads"
    users = [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("skimdb.") and counter in vars(module)
    ]

    @contextlib.contextmanager
    def run_on(n_cores):
        with pytest.MonkeyPatch.context() as patch, threadpool_limits(n_cores):
            for module in users:
                patch.setattr(module, counter, lambda: n_cores)
            yield

    return run_on


@pytest.fixture(scope="session")
def dense_data():
    """Dense samples of two classes."""
    from sklearn.datasets import make_classification

    return make_classification(90, 10, flip_y=0.2, random_state=1)


@pytest.fixture(scope="session")
def multi_hot_data():
    """Sparse rows of ones with three classes, which the first ten columns determine.

    Use ``y == 2`` for two classes.
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
    """Short texts with labels; each contains a word that is in no other text."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 60)
    words = np.array(["good", "bad", "film", "plot", "actor", "scene"])
    drawn = rng.integers(2, 6, (60, 5))
    drawn[:, 0] = np.where(rng.random(60) < 0.8, y, 1 - y)
    return [" ".join([*words[row], f"only{i}"]) for i, row in enumerate(drawn)], y


@pytest.fixture(scope="session")
def imdb_reviews():
    """Stanford's 25,000 training reviews and their labels, if they are available."""
    if "SKIMDB_DATA" not in os.environ:
        pytest.skip("SKIMDB_DATA is not set to a folder with the reviews")
    from skimdb.datasets import fetch_imdb

    return fetch_imdb(
        subset="train", source="stanford", download_if_missing=False, return_X_y=True
    )


@pytest.fixture(scope="session")
def make_classifier():
    """Return a function that makes a small classifier, which trains quickly."""
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
    """Return a function that runs code in a new interpreter and returns its output."""

    def run(code, *arguments):
        command = [sys.executable, "-c", code, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run

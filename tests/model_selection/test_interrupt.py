"""Ctrl-C in a search or a fit: it ends at once and leaves nothing behind."""

import signal
import threading
import time
import warnings

import numpy as np
import pytest
from scipy.sparse import random_array

from skimdb import EpochSearchCV, KerasMLPClassifier

N_MOMENTS = 20


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    X = random_array((400, 2000), density=0.02, format="csr", random_state=rng)
    return X.astype(np.float32), rng.integers(0, 2, 400)


def interrupt(fit, seconds):
    """Call `fit` and press Ctrl-C; returns the seconds until it ended."""
    pressed = []

    def press():
        pressed.append(time.perf_counter())
        signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(seconds, press)
    try:
        timer.start()
        fit()
    except KeyboardInterrupt:
        lasted = time.perf_counter() - pressed[0]
    timer.join()
    return lasted


ESTIMATORS = {
    "search": lambda epochs: EpochSearchCV(
        KerasMLPClassifier(8, random_state=0),
        {"l2": [0.0, 0.01]},
        cv=2,
        max_epochs=epochs,
    ),
    "wide, threads": lambda epochs: KerasMLPClassifier(
        256, epochs=epochs, random_state=0
    ),
}


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_ends_at_once_and_leaves_nothing(problem, kind):
    X, y = problem
    make = ESTIMATORS[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the best epoch is the last
        estimator = make(2).fit(X, y)
    before = {name: id(value) for name, value in vars(estimator).items()}
    proba = estimator.predict_proba(X)
    filters, threads = list(warnings.filters), threading.active_count()
    # It would go on for minutes.
    name = "max_epochs" if kind == "search" else "epochs"
    estimator.set_params(**{name: 100_000})
    before[name] = id(getattr(estimator, name))
    rng = np.random.default_rng(0)
    for seconds in rng.uniform(0, 0.2, N_MOMENTS):
        lasted = interrupt(lambda: estimator.fit(X, y), seconds)
        assert lasted < 30  # a second on a machine that has nothing else to do
        assert {name: id(value) for name, value in vars(estimator).items()} == before
        assert warnings.filters == filters
        # A thread that was just starting ends by itself.
        deadline = time.monotonic() + 30
        while threading.active_count() > threads and time.monotonic() < deadline:
            time.sleep(0.01)
        assert threading.active_count() == threads
    np.testing.assert_array_equal(estimator.predict_proba(X), proba)

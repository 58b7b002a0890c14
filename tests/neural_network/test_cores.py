"""Results do not depend on the number of cores, and BLAS is left as it was."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse
from threadpoolctl import threadpool_info, threadpool_limits

from skimdb import KerasMLPClassifier

RNG = np.random.default_rng(0)
# So many columns that a network of 130 units has a million weights.
X = scipy.sparse.random_array((700, 8200), density=0.005, format="csr", rng=RNG)
X = X.astype(np.float32)
Y = RNG.integers(0, 2, 700)


def make(size, **params):
    return KerasMLPClassifier(size, epochs=2, batch_size=333, random_state=0, **params)


@pytest.mark.parametrize("params", [{"l2": 0.01}, {"dropout": 0.3}], ids=str)
@pytest.mark.parametrize(("size", "dense"), [(40, False), (130, False), (130, True)])
def test_last_bits(size, dense, params):
    X_train = X.toarray() if dense else X
    all_cores = make(size, **params).fit(X_train, Y)
    with threadpool_limits(1):
        one_core = make(size, **params).fit(X_train, Y)
        proba = one_core.predict_proba(X_train)
    for ours, theirs in zip(all_cores.coefs_, one_core.coefs_, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(all_cores.predict_proba(X_train), proba)


def read_threads():
    return [library["num_threads"] for library in threadpool_info()]


@pytest.fixture
def three_threads():
    """As many threads of BLAS, whatever the machine."""
    with threadpool_limits(3, user_api="blas"):
        yield read_threads()


def test_blas_is_left_as_it_was(three_threads):
    classifier = make(130).fit(X, Y)
    assert read_threads() == three_threads
    classifier.predict(X)
    assert read_threads() == three_threads
    with pytest.raises(ValueError, match="learning_rate"):
        make(130, optimizer="sgd", learning_rate=1e30).fit(X, Y)
    assert read_threads() == three_threads


def test_blas_is_left_as_it_was_by_fits_side_by_side():
    before = read_threads()
    with ThreadPoolExecutor(3) as threads:
        fits = [threads.submit(make(130, l2=n / 100).fit, X, Y) for n in range(6)]
        weights = [fit.result().coefs_[0] for fit in fits]
    assert read_threads() == before
    expected = make(130, l2=0.05).fit(X, Y).coefs_[0]
    np.testing.assert_allclose(weights[-1], expected, rtol=0, atol=1e-5)

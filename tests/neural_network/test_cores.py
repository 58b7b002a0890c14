"""Large networks train on all cores, with the same bits on any number of cores.

BLAS uses one thread on sparse samples, and is afterwards as it was before.
"""

import functools
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse
from joblib import parallel_config
from sklearn.model_selection import cross_val_score
from threadpoolctl import OpenBLASController, ThreadpoolController, threadpool_limits

from skimdb import KerasMLPClassifier
from skimdb.neural_network import _network, _numpy_backend, _optimizers
from skimdb.neural_network._network import limit_blas_threads

RNG = np.random.default_rng(0)
X = scipy.sparse.random_array((700, 2000), density=0.01, format="csr", rng=RNG)
X = X.astype(np.float32)
Y = RNG.integers(0, 2, 700)


def make(size=64, batch_size=333, **params):
    return KerasMLPClassifier(
        size, epochs=2, batch_size=batch_size, random_state=0, **params
    )


@functools.cache
def list_blas():
    return ThreadpoolController().select(user_api="blas").lib_controllers


def read_threads():
    """Number of threads of each BLAS library."""
    return [library.num_threads for library in list_blas()]


def set_threads(n_threads):
    """Set the BLAS threads for a test, whatever cores the machine has."""
    return threadpool_limits(n_threads, user_api="blas")


@pytest.fixture(params=[2, 3])
def n_threads(request):
    with set_threads(request.param):
        assert set(read_threads()) == {request.param}
        yield request.param


@pytest.fixture
def seen_limits(monkeypatch):
    """Record the number of BLAS threads at each hidden layer and each update."""
    seen = set()
    relu = _network.ACTIVATIONS["relu"]
    compute_step = _optimizers.RMSprop._compute_step

    def record(z):
        seen.update(read_threads())
        return relu(z)

    def record_step(self, *arrays):
        seen.update(read_threads())
        return compute_step(self, *arrays)

    monkeypatch.setitem(_network.ACTIVATIONS, "relu", record)
    monkeypatch.setattr(_optimizers.RMSprop, "_compute_step", record_step)
    return seen


@pytest.fixture
def set_cores(monkeypatch):
    """Set the cores that a fit sees, whatever cores the machine has."""

    def set_cores(n_cores):
        monkeypatch.setattr(
            _numpy_backend, "_openmp_effective_n_threads", lambda: n_cores
        )

    return set_cores


@pytest.fixture
def working_threads(monkeypatch):
    """Names of the threads that update weights."""
    names = set()
    compute_step = _optimizers.RMSprop._compute_step

    def record(self, *arrays):
        names.add(threading.current_thread().name)
        return compute_step(self, *arrays)

    monkeypatch.setattr(_optimizers.RMSprop, "_compute_step", record)
    return names


@pytest.mark.parametrize(
    "params",
    [
        {"l2": 0.01},
        {"dropout": 0.3},
        {"size": 600},
        {"size": 600, "l2": 0.01, "dropout": 0.3},
        {"size": 600, "optimizer": "adam"},
        {"size": 600, "optimizer": "sgd", "optimizer__momentum": 0.9},
        {"size": (600, 500, 300), "batch_size": 20},
    ],
)
def test_sparse_results_have_the_same_bits_on_any_number_of_cores(params, set_cores):
    results = []
    for n_cores in (1, 2, 4):
        set_cores(n_cores)
        with set_threads(n_cores):
            classifier = make(**params).fit(X, Y, X_val=X, y_val=Y)
            results.append((classifier, classifier.predict_proba(X)))
    (expected, expected_proba), *others = results
    for classifier, proba in others:
        for ours, theirs in zip(classifier.coefs_, expected.coefs_, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_equal(classifier.history_, expected.history_)
        np.testing.assert_array_equal(proba, expected_proba)


@pytest.mark.parametrize("samples", [X, X.toarray()], ids=["sparse", "dense"])
def test_large_networks_train_on_all_cores(samples, set_cores, working_threads):
    set_cores(2)
    make(size=100).fit(samples, Y)
    assert working_threads == {"MainThread"}
    n_threads = threading.active_count()
    large = make(size=600).fit(samples, Y)
    assert len(working_threads) > 2
    assert threading.active_count() == n_threads
    set_cores(1)
    alone = make(size=600).fit(samples, Y)
    np.testing.assert_allclose(alone.coefs_[0], large.coefs_[0], atol=1e-4)


def test_fits_in_threads_start_no_threads(set_cores, working_threads):
    set_cores(2)
    with ThreadPoolExecutor(2, thread_name_prefix="user") as threads:
        list(threads.map(lambda seed: make(size=600).fit(X, Y), range(2)))
    assert all(name.startswith("user") for name in working_threads)


def test_errors_of_threads_are_those_of_one_core(set_cores, recwarn):
    set_cores(2)
    before = threading.active_count()
    with pytest.raises(ValueError, match="learning_rate"):
        make(size=600, optimizer="sgd", learning_rate=1e30).fit(X, Y)
    assert not recwarn.list  # NumPy keeps quiet in each thread
    assert threading.active_count() == before


def test_an_interrupt_ends_the_threads(set_cores, monkeypatch):
    def interrupt(self, *arrays):
        raise KeyboardInterrupt

    set_cores(2)
    monkeypatch.setattr(_optimizers.RMSprop, "_compute_step", interrupt)
    before = threading.active_count(), read_threads()
    classifier = make(size=600)
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(X, Y)
    assert (threading.active_count(), read_threads()) == before
    assert not hasattr(classifier, "coefs_")


def test_blas_is_limited_on_sparse_samples_only(n_threads, seen_limits):
    classifier = make().fit(X, Y)
    classifier.predict(X)
    assert seen_limits == {1}
    seen_limits.clear()
    classifier.fit(X.toarray(), Y).predict(X.toarray())
    make(size=16).fit(X, Y)  # no product is large enough for several threads
    assert seen_limits == {n_threads}


def test_blas_is_as_before(n_threads):
    before = read_threads()
    classifier = make().fit(X, Y)
    assert read_threads() == before
    classifier.predict(X)
    assert read_threads() == before
    with pytest.raises(ValueError, match="learning_rate"):
        make(optimizer="sgd", learning_rate=1e30).fit(X, Y)
    assert read_threads() == before


def run_in_threads(n_threads, function):
    with ThreadPoolExecutor(n_threads) as threads:
        return list(threads.map(function, range(2 * n_threads)))


@pytest.fixture
def three_threads_of_blas():
    """Three BLAS threads for the process, controlled by no thread of Python."""
    before = read_threads()
    threadpool_limits(3, user_api="blas")
    OpenBLASController.clear_controlling_thread(force=True)
    yield [3] * len(before)
    threadpool_limits(max(before), user_api="blas")
    OpenBLASController.clear_controlling_thread(force=True)


@pytest.mark.parametrize("n_workers", [2, 4, 8])
@pytest.mark.parametrize("work", ["fit", "predict", "both", "cross_val_score"])
def test_blas_is_as_before_after_threads(three_threads_of_blas, work, n_workers):
    fitted = make().fit(X, Y)
    if work == "cross_val_score":
        with parallel_config("threading", n_jobs=n_workers):
            cross_val_score(make(), X, Y, cv=n_workers)
    elif work == "fit":
        for coef in run_in_threads(n_workers, lambda i: make().fit(X, Y).coefs_[0]):
            np.testing.assert_array_equal(coef, fitted.coefs_[0])
    elif work == "predict":
        run_in_threads(n_workers, lambda i: fitted.predict(X))
    else:
        run_in_threads(
            n_workers, lambda i: make().fit(X, Y) if i % 2 else fitted.predict(X)
        )
    assert read_threads() == three_threads_of_blas


ORDERS = [
    order
    for order in itertools.permutations(["a+", "b+", "c+", "a-", "b-", "c-"])
    if all(order.index(f"{t}+") < order.index(f"{t}-") for t in "abc")
]


@pytest.mark.parametrize("ends", [False, True], ids=["threads live on", "threads end"])
def test_three_holders_in_every_order(three_threads_of_blas, ends):
    """Threads begin and end the limit in any order; some end, some stay alive."""
    assert len(ORDERS) == 90
    for order in ORDERS:
        pools = {name: ThreadPoolExecutor(1) for name in "abc"}
        limits = {}
        n_holders = 0
        for name, step in order:
            if step == "+":
                limits[name] = limit_blas_threads()
                pools[name].submit(limits[name].__enter__).result()
            else:
                pools[name].submit(limits[name].__exit__, None, None, None).result()
                if ends:
                    pools[name].shutdown()
            n_holders += 1 if step == "+" else -1
            expected = [1 if n_holders else 3] * len(three_threads_of_blas)
            assert read_threads() == expected, order
        for pool in pools.values():
            pool.shutdown()


@pytest.mark.parametrize("foreign", [1, 2])
def test_a_limit_of_another_thread_is_left_alone(three_threads_of_blas, foreign):
    """threadpoolctl lets one thread at a time control OpenBLAS: another one waits."""
    is_set, may_end = threading.Event(), threading.Event()

    def hold():
        with threadpool_limits(foreign, user_api="blas"):
            is_set.set()
            may_end.wait(30)

    with ThreadPoolExecutor(1) as other:
        held = other.submit(hold)
        is_set.wait(30)
        with limit_blas_threads():
            may_end.set()
            held.result()
        assert read_threads() == three_threads_of_blas

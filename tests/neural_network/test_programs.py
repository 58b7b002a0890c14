"""The cache of compiled programs, and the kernels of the first layer."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse

from skimdb import KerasMLPClassifier


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = scipy.sparse.random_array(
        (150, 40), density=0.2, format="csr", dtype=np.float32, rng=rng
    )
    X.data[:] = 1
    return X, rng.integers(0, 2, 150)


@pytest.fixture
def programs(monkeypatch):
    """Cache of programs, empty for this test."""
    from skimdb.neural_network._engine import _programs

    monkeypatch.setattr(
        _programs,
        "_programs",
        type(_programs._programs)(),
    )
    return lambda: _programs._programs


def fit(rows, **params):
    params = {"size": 4, "epochs": 2, "batch_size": 64, "random_state": 0} | params
    return KerasMLPClassifier(**params).fit(*rows)


def test_one_program_for_all_that_is_data(rows, programs):
    X, y = rows
    fit(rows, l2=0.1, dropout=0.5)
    fit(rows, l2=0.2, dropout=0.1, learning_rate=0.1, random_state=1, epochs=3)
    fit(rows, l2=0.3, dropout=0.2, batch_size=10, size=8, optimizer__rho=0.5)
    fit(rows)
    fit(rows, dropout=(0.0, 0.3))
    fit((X[:100, :20], y[:100]), l2=0.1, dropout=0.5)
    assert len(programs()) == 1


@pytest.mark.parametrize(
    "params",
    [
        {"optimizer": "adam"},
        {"activation": "tanh"},
        {"n_hidden_layers": 1},
    ],
    ids=str,
)
def test_another_program_where_the_computation_differs(rows, programs, params):
    fit(rows)
    fit(rows, **params)
    assert len(programs()) == 2


def test_the_cache_is_bounded(rows, programs, monkeypatch):
    monkeypatch.setattr("skimdb.neural_network._engine._programs._MAX_PROGRAMS", 2)
    for activation in ("relu", "tanh", "elu"):
        fit(rows, activation=activation)
    assert len(programs()) == 2
    assert {key[0].activation for key in programs()} == {"tanh", "elu"}


@pytest.mark.parametrize("optimizer", ["rmsprop", "adamw"])
def test_threads_do_not_disturb_each_other(rows, optimizer):
    seeds = range(6)
    alone = [fit(rows, random_state=s, optimizer=optimizer) for s in seeds]
    with ThreadPoolExecutor(3) as executor:
        beside = list(
            executor.map(
                lambda s: fit(rows, random_state=s, optimizer=optimizer), seeds
            )
        )
    for one, other in zip(alone, beside, strict=True):
        for a, b in zip(one.coefs_, other.coefs_, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("size", [8, 40, 100], ids=["parts", "blocks", "gather"])
@pytest.mark.parametrize("batch_size", [64, 63, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_kernel_gives_the_dense_result(rows, size, batch_size, dtype):
    X, y = rows
    X = X.astype(dtype)
    X.data[X.indptr[3] : X.indptr[4]] = 0  # an empty row
    X.eliminate_zeros()
    sparse = fit((X, y), size=size, batch_size=batch_size)
    dense = fit((X.toarray(), y), size=size, batch_size=batch_size)
    assert sparse.coefs_[0].dtype == dtype
    atol = 1e-4 if dtype == np.float32 else 1e-10
    for a, b in zip(sparse.coefs_, dense.coefs_, strict=True):
        np.testing.assert_allclose(a, b, atol=atol)
    np.testing.assert_allclose(
        sparse.history_["loss"], dense.history_["loss"], atol=atol
    )


@pytest.mark.parametrize("size", [8, 100])
def test_values_other_than_one_count(rows, size):
    X, y = rows
    X = X.copy()
    X.data[:] = np.random.default_rng(0).normal(size=X.nnz)
    sparse = fit((X, y), size=size)
    dense = fit((X.toarray(), y), size=size)
    np.testing.assert_allclose(sparse.coefs_[0], dense.coefs_[0], atol=1e-4)


@pytest.mark.parametrize("size", [16, 40, 128], ids=["parts", "blocks", "wide"])
@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "sgd", "adamw"])
def test_tiles_of_many_features_give_the_dense_result(size, optimizer):
    rng = np.random.default_rng(1)
    X = scipy.sparse.random_array(
        (90, 9001), density=0.005, format="csr", dtype=np.float64, rng=rng
    )
    X.data[:] = 1
    y = rng.integers(0, 2, 90)
    params = {"size": size, "batch_size": 40, "optimizer": optimizer, "l2": 0.001}
    sparse, dense = fit((X, y), **params), fit((X.toarray(), y), **params)
    for a, b in zip(sparse.coefs_, dense.coefs_, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-10)
    np.testing.assert_allclose(sparse.history_["loss"], dense.history_["loss"])


@pytest.mark.parametrize("size", [8, 100])
def test_entries_in_any_order_and_repeated(rows, size):
    """CSR may hold the columns of a row unsorted, and one of them several times."""
    X, y = rows
    rng = np.random.default_rng(0)
    order = np.concatenate(
        [
            first + rng.permutation(last - first)
            for first, last in zip(X.indptr[:-1], X.indptr[1:], strict=True)
        ]
    )
    halves = np.repeat(X.data[order] / 2, 2)
    shuffled = scipy.sparse.csr_array(
        (halves, np.repeat(X.indices[order], 2), 2 * X.indptr), shape=X.shape
    )
    np.testing.assert_allclose(
        fit((shuffled, y), size=size).coefs_[0],
        fit((X, y), size=size).coefs_[0],
        atol=1e-4,
    )


def test_epochs_laid_out_at_once_are_the_same(rows, monkeypatch):
    params = {"dropout": 0.5, "epochs": 5, "size": 8}
    at_once = fit(rows, **params)
    monkeypatch.setattr("skimdb.neural_network._engine._training._AT_ONCE", 1)
    one_by_one = fit(rows, **params)
    for a, b in zip(at_once.coefs_, one_by_one.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(at_once.history_["loss"], one_by_one.history_["loss"])

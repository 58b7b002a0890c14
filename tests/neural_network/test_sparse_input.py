"""Sparse matrices as they come: malformed ones, and every way to write a good one."""

import copy

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from skimdb import KerasMLPClassifier

N_SAMPLES, N_FEATURES = 24, 7
RNG = np.random.default_rng(0)
DENSE = RNG.integers(-2, 3, (N_SAMPLES, N_FEATURES)) * 0.5
DENSE[3] = 0  # a row without entries
X = scipy.sparse.csr_array(DENSE)
Y = np.arange(N_SAMPLES) % 2


def make():
    return KerasMLPClassifier(3, epochs=2, batch_size=10, random_state=0)


@pytest.fixture(scope="module")
def fitted():
    return make().fit(X, Y)


def build(data, indices, indptr, cls=scipy.sparse.csr_array):
    """A matrix of these arrays as they are, which no constructor would let through."""
    matrix = cls(X.shape)
    matrix.data, matrix.indices, matrix.indptr = data, indices, indptr
    return matrix


def name_uses(fitted, matrix):
    """Every method that takes samples, by its name in the error."""
    whole = {"X_val": matrix, "y_val": Y}
    return [
        ("X", lambda: make().fit(matrix, Y)),
        ("X", lambda: make().partial_fit(matrix, Y, classes=[0, 1])),
        ("X", lambda: make().partial_fit(iter([(X, Y), (matrix, Y)]), classes=[0, 1])),
        ("X", lambda: fitted.partial_fit(matrix, Y)),
        ("X_val", lambda: make().fit(X, Y, **whole)),
        ("X_val", lambda: fitted.partial_fit(X, Y, **whole)),
        ("X", lambda: fitted.predict(matrix)),
        ("X", lambda: fitted.predict_proba(matrix)),
        ("X", lambda: fitted.predict_log_proba(matrix)),
        ("X", lambda: fitted.decision_function(matrix)),
        ("X", lambda: fitted.score(matrix, Y)),
    ]


# Malformed


def shorten(array, n):
    return array[: len(array) - n]


def put(array, place, value):
    array = array.copy()
    array[place % len(array)] = value
    return array


def spoil(draw, kind, matrix):
    """Spoil the arrays of a matrix in one of some ways."""
    data, indices, indptr = matrix.data, matrix.indices, matrix.indptr
    place = draw(st.integers(0, 2**16))
    large = draw(st.sampled_from([1, 2, 1000, 2**31 - 1 - N_SAMPLES]))
    width = matrix.shape[1] if matrix.format == "csr" else matrix.shape[0]
    few = draw(st.integers(1, 5))
    spoilt = {
        "index too large": lambda: (
            data,
            put(indices, place, width - 1 + large),
            indptr,
        ),
        "index negative": lambda: (data, put(indices, place, -large), indptr),
        "pointer beyond": lambda: (data, indices, put(indptr, -1, len(data) + large)),
        "pointer negative": lambda: (data, indices, put(indptr, place, -large)),
        "first pointer": lambda: (data, indices, put(indptr, 0, few)),
        "pointers fall": lambda: (data, indices, indptr[::-1].copy()),
        "pointers too few": lambda: (data, indices, shorten(indptr, few)),
        "pointers too many": lambda: (data, indices, np.append(indptr, indptr[-1:])),
        "data too short": lambda: (shorten(data, few), indices, indptr),
        "indices too short": lambda: (data, shorten(indices, few), indptr),
        "no entries": lambda: (data[:0], indices[:0], indptr),
        "indices in rows": lambda: (data, np.atleast_2d(indices), indptr),
        "data in rows": lambda: (np.atleast_2d(data), indices, indptr),
        "fractions": lambda: (data, indices + 0.5, indptr),
        "NaN": lambda: (data, indices, put(indptr.astype(float), place, np.nan)),
    }
    return spoilt[kind]()


KINDS = [
    "index too large",
    "index negative",
    "pointer beyond",
    "pointer negative",
    "first pointer",
    "pointers fall",
    "pointers too few",
    "pointers too many",
    "data too short",
    "indices too short",
    "no entries",
    "indices in rows",
    "data in rows",
    "fractions",
    "NaN",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", ["csr", "csc"])
@settings(max_examples=5)
@given(data=st.data())
def test_malformed(fitted, kind, layout, data):
    """A clear error wherever samples are taken, and nothing is changed."""
    classes = [
        getattr(scipy.sparse, f"{layout}_{name}") for name in ("array", "matrix")
    ]
    cls = data.draw(st.sampled_from(classes))
    dtype = data.draw(st.sampled_from([np.int32, np.int64]))
    matrix = X.asformat(layout)
    matrix.indices, matrix.indptr = (
        array.astype(dtype) for array in (matrix.indices, matrix.indptr)
    )
    malformed = build(*spoil(data.draw, kind, matrix), cls)
    before = copy.deepcopy(vars(fitted))
    for name, use in name_uses(fitted, malformed):
        with pytest.raises(ValueError, match=rf"^{name} is a malformed sparse matrix"):
            use()
    np.testing.assert_equal(vars(fitted), before)


@pytest.mark.parametrize("value", [-1, N_FEATURES, N_SAMPLES, 2**40])
@pytest.mark.parametrize("axis", [0, 1])
def test_malformed_coordinates(fitted, axis, value):
    matrix = X.tocoo()
    coords = [array.astype(np.int64) for array in matrix.coords]
    if value == N_FEATURES and axis == 0:
        return  # a row that there is
    coords[axis][5] = value
    matrix.coords = tuple(coords)
    for name, use in name_uses(fitted, matrix):
        with pytest.raises(ValueError, match=rf"^{name} is a malformed sparse matrix"):
            use()


def test_malformed_lists_of_rows(fitted):
    matrix = X.tolil()
    for columns, entries in [([N_FEATURES], [1.0]), ([-9], [1.0]), ([0, 1], [1.0])]:
        matrix.rows[2], matrix.data[2] = columns, entries
        for name, use in name_uses(fitted, matrix):
            with pytest.raises(ValueError, match=rf"^{name} is a malformed sparse"):
                use()


# Every way to write a good one


def add_zeros(draw, matrix):
    """Explicit zeros where there was nothing, or between duplicates."""
    matrix = matrix.tocoo()
    n = draw(st.integers(1, 30))
    seed = np.random.default_rng(draw(st.integers(0, 9)))
    rows, columns = (seed.integers(0, length, n) for length in matrix.shape)
    coords = (
        np.concatenate([matrix.coords[0], rows]),
        np.concatenate([matrix.coords[1], columns]),
    )
    data = np.concatenate([matrix.data, np.zeros(n)])
    return stack_rows(coords, data, seed)


def split_entries(draw, matrix):
    """Each entry as two that sum to it, without rounding."""
    matrix = matrix.tocoo()
    seed = np.random.default_rng(draw(st.integers(0, 9)))
    part = seed.integers(-8, 8, matrix.nnz) * 0.25
    coords = [np.concatenate([each, each]) for each in matrix.coords]
    return stack_rows(coords, np.concatenate([part, matrix.data - part]), seed)


def shuffle_rows(draw, matrix):
    seed = np.random.default_rng(draw(st.integers(0, 9)))
    matrix = matrix.tocoo()
    return stack_rows(matrix.coords, matrix.data, seed)


def stack_rows(coords, data, rng):
    """CSR of entries that stand in any order within their row."""
    rows, columns = coords
    order = np.lexsort([rng.random(len(rows)), rows])
    indptr = np.searchsorted(rows[order], np.arange(N_SAMPLES + 1)).astype(np.int32)
    return build(data[order], columns[order].astype(np.int32), indptr)


def widen(draw, matrix):
    indices, indptr = matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)
    return build(matrix.data, indices, indptr)


def freeze(draw, matrix):
    matrix = matrix.copy()
    for array in (matrix.data, matrix.indices, matrix.indptr):
        array.flags.writeable = False
    return matrix


WAYS = {
    "zeros": add_zeros,
    "duplicates": split_entries,
    "unsorted": shuffle_rows,
    "wide indices": widen,
    "read-only": freeze,
}


@settings(max_examples=40)
@given(data=st.data())
def test_every_way_to_write_a_matrix(fitted, data):
    """Bit for bit the result of the canonical matrix, and the matrix is not changed."""
    matrix = X
    for way in data.draw(st.lists(st.sampled_from(list(WAYS)), min_size=1, max_size=3)):
        matrix = WAYS[way](data.draw, matrix)
    # Conversions of scipy are its own matter; the first is given as it stands.
    formats = ["csr", "csr", "csc", "coo", "bsr", "lil", "dok", "dia"]
    layout = data.draw(st.sampled_from(formats))
    matrix = matrix if layout == "csr" else matrix.tocsr().asformat(layout)
    if data.draw(st.booleans()):
        matrix = getattr(scipy.sparse, f"{layout}_matrix")(matrix)
    before = copy.deepcopy(vars(matrix))
    again = make().fit(matrix, Y, X_val=matrix, y_val=Y)
    plain = make().fit(X, Y, X_val=X, y_val=Y)
    np.testing.assert_equal(again.history_, plain.history_)
    for one, other in zip(again.coefs_, plain.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)
    streamed = make().partial_fit(iter([(matrix, Y)]), classes=[0, 1])
    parts = make().partial_fit(X, Y, classes=[0, 1])
    np.testing.assert_array_equal(streamed.coefs_[0], parts.coefs_[0])
    np.testing.assert_array_equal(fitted.predict_proba(matrix), fitted.predict_proba(X))
    np.testing.assert_equal(vars(matrix), before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_memory_mapped(fitted, tmp_path, dtype):
    """Arrays in files, as joblib hands them to its workers."""
    matrix = X.astype(dtype)
    parts = []
    for name in ("data", "indices", "indptr"):
        np.save(tmp_path / f"{name}.npy", getattr(matrix, name))
        parts.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    mapped = build(*parts)
    again, plain = (
        make().fit(each, Y, X_val=each, y_val=Y) for each in (mapped, matrix)
    )
    for one, other in zip(again.coefs_, plain.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(
        again.predict_proba(mapped), plain.predict_proba(matrix)
    )


@pytest.mark.parametrize("optimizer", ["rmsprop", "sgd", "adam"])
@pytest.mark.parametrize("kind", ["values", "ones"])
def test_features_that_a_batch_lacks_are_updated_as_from_a_dense_array(optimizer, kind):
    """With very many features, NumPy updates only the features in a batch."""
    rng = np.random.default_rng(0)
    matrix = scipy.sparse.random_array((60, 3000), density=0.01, format="csr", rng=rng)
    if kind == "ones":
        matrix.data[:] = 1
    labels = rng.integers(0, 3, 60)
    sparse, dense = (
        make().set_params(optimizer=optimizer).fit(samples, labels)
        for samples in (matrix, matrix.toarray())
    )
    np.testing.assert_allclose(sparse.coefs_[0], dense.coefs_[0], atol=1e-10)
    np.testing.assert_allclose(sparse.history_["loss"], dense.history_["loss"])

"""Checks of sparse matrices whose arrays were modified by hand."""

import copy

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from skimdb._checks import check_indices

COMPRESSED = [f"{name}_{kind}" for name in ("csr", "csc", "bsr") for kind in "am"]
N_ROWS, N_COLUMNS = 6, 8


def make_matrix(name):
    """Return a matrix such as "csr_a", an array, or "csr_m", a matrix."""
    rng = np.random.default_rng(0)
    dense = rng.integers(0, 2, (N_ROWS, N_COLUMNS)).astype(float)
    dense[[0, -1], [0, -1]] = 1
    kind = {"a": "array", "m": "matrix"}[name[-1]]
    X = getattr(scipy.sparse, f"coo_{kind}")(dense)
    return X.asformat(name[:-2])


def put(array, place, value):
    array = array.copy()
    array[place % len(array)] = value
    return array


CHANGES = {
    "negative": lambda array, place: put(array, place, -1),
    "smallest": lambda array, place: put(array, place, -(2**31)),
    "too large": lambda array, place: put(array, place, 2**30),
    "float": lambda array, place: array + 0.5,
    "whole float": lambda array, place: array.astype(float),
    "complex": lambda array, place: array.astype(complex),
    "bool": lambda array, place: array.astype(bool),
    "object": lambda array, place: array.astype(object),
    "str": lambda array, place: array.astype(str),
    "too short": lambda array, place: array[: place % len(array)],
    "two-dimensional": lambda array, place: array.reshape(1, -1),
    "scalar": lambda array, place: array[0],
    "list": lambda array, place: array.tolist(),
    "None": lambda array, place: None,
}
SHAPES = ["too short", "two-dimensional", "scalar", "list", "None"]


def check_refused(X):
    with pytest.raises(ValueError, match=r"^X_val is a malformed sparse matrix"):
        check_indices(X, "X_val")


@pytest.mark.parametrize("name", COMPRESSED)
@pytest.mark.parametrize("change", CHANGES)
@settings(max_examples=8)
@given(place=st.integers(0, 100))
def test_modified_compressed_matrix(name, change, place):
    for attribute in ("indices", "indptr", *(["data"] if change in SHAPES else [])):
        X = make_matrix(name)
        setattr(X, attribute, CHANGES[change](getattr(X, attribute), place))
        check_refused(X)


@pytest.mark.parametrize("name", COMPRESSED)
@settings(max_examples=8)
@given(place=st.integers(1, 100))
def test_decreasing_pointers(name, place):
    X = make_matrix(name)
    place = 1 + place % (len(X.indptr) - 2)
    X.indptr = put(X.indptr, place, X.indptr[place + 1] + 1)
    check_refused(X)
    X.indptr = X.indptr[::-1].copy()
    check_refused(X)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["coo_a", "coo_m"])
@settings(max_examples=8)
@given(place=st.integers(0, 100), axis=st.integers(0, 1))
def test_modified_coordinates(name, change, place, axis):
    X = make_matrix(name)
    coords = list(X.coords)
    coords[axis] = CHANGES[change](coords[axis], place)
    X.coords = tuple(coords)
    check_refused(X)
    if change in SHAPES:
        X = make_matrix(name)
        X.data = CHANGES[change](X.data, place)
        check_refused(X)


@pytest.mark.parametrize("change", ["negative", "too large", "float", "too short"])
@settings(max_examples=8)
@given(place=st.integers(0, 100))
def test_modified_array_of_one_dimension(change, place):
    X = scipy.sparse.coo_array(np.array([1.0, 0, 2]))
    check_indices(X, "X")
    X.coords = (CHANGES[change](X.coords[0], place),)
    check_refused(X)


@pytest.mark.parametrize("name", ["dia_a", "dia_m"])
@pytest.mark.parametrize("change", ["float", "str", *SHAPES])
def test_modified_diagonals(name, change):
    for attribute in ("offsets", "data"):
        if attribute == "offsets" or change in ("too short", "list", "None"):
            X = make_matrix(name)
            setattr(X, attribute, CHANGES[change](getattr(X, attribute), 1))
            check_refused(X)


@pytest.mark.parametrize("index", [-1, 800, 2**40, 2**70, 0.5, "a", None])
@pytest.mark.parametrize("kind", "am")
def test_modified_rows_and_keys(kind, index):
    X = make_matrix(f"lil_{kind}")
    X.rows[0][-1] = index
    check_refused(X)
    for key in [(0, index), (index, 0), (0, 0, 0), (0,), 3]:
        if key != (0, 0):
            X = make_matrix(f"dok_{kind}")
            X._dict[key] = 1.0
            check_refused(X)


@pytest.mark.parametrize("kind", "am")
def test_rows_of_other_lengths(kind):
    X = make_matrix(f"lil_{kind}")
    X.rows[0], X.data[1] = [*X.rows[0], 7], [*X.data[1], 1.0]
    check_refused(X)
    X = make_matrix(f"lil_{kind}")
    X.rows = X.rows[:-1]
    check_refused(X)
    X.data = X.data[:-1]
    check_refused(X)
    X = make_matrix(f"lil_{kind}")
    X.rows[0] = None
    check_refused(X)


@pytest.mark.parametrize("kind", "am")
@pytest.mark.parametrize("name", ["csr", "csc", "bsr", "coo", "lil", "dok", "dia"])
@settings(max_examples=8)
@given(seed=st.integers(0, 1000), dtype=st.sampled_from([np.int32, np.int64]))
def test_valid_matrices_pass_and_stay_unchanged(name, kind, seed, dtype):
    """Also with unsorted and duplicate entries, explicit zeros, and without entries."""
    X = make_matrix(f"coo_{kind}")
    rng = np.random.default_rng(seed)
    entries = rng.integers(0, X.nnz, seed % 50)
    coords = tuple(axis[entries].astype(dtype) for axis in X.coords)
    X = type(X)((rng.integers(0, 2, len(entries)), coords), shape=X.shape)
    X = X.asformat(name)
    if name in ("csr", "csc"):  # all entries in the first row or column, unsorted
        X.indices = X.indices[::-1].astype(dtype)
        X.indptr = np.array([0] + [X.nnz] * (len(X.indptr) - 1), dtype)
    before = copy.deepcopy(vars(X))
    check_indices(X, "X")
    assert vars(X).keys() == before.keys()
    for attribute, value in vars(X).items():
        np.testing.assert_equal(value, before[attribute])
        assert getattr(value, "dtype", None) == getattr(
            before[attribute], "dtype", None
        )

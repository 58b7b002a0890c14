"""What cannot be made an array: the error says what was given, and what to do."""

import copy

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse

from skimdb import KerasMLPClassifier

N = 20


def make_rows():
    return [[float(i), float(i % 2)] for i in range(N)]


def make_y():
    return [i % 2 for i in range(N)]


class Opaque:
    """Neither sized nor an array."""


WRONG = {
    "generator": (lambda: (row for row in make_rows()), "is a generator, which"),
    "map": (lambda: map(list, make_rows()), "is a map, which is no array"),
    "set": (lambda: {1.0, 2.0}, "is a set, which is no array"),
    "dict": (lambda: {"a": [1.0] * N}, "is a dict, which is no array"),
    "object": (Opaque, "is a Opaque, which is no array"),
    "lazy frame": (lambda: pl.DataFrame(make_rows()).lazy(), "is a LazyFrame, which"),
    "ragged": (
        lambda: [[1.0], *make_rows()[1:]],
        "has rows of different lengths, from 1 to 2",
    ),
    "dicts": (lambda: [{"a": 1.0}] * N, r"holds {'a': 1.0} at \[0\], of type dict"),
    "a text": (
        lambda: np.array([["a word", 1.0], *make_rows()[1:]], dtype=object),
        r"holds 'a word' at \[0, 0\], of type str",
    ),
    "records": (lambda: np.zeros(N, [("a", float)]), r"array of records, .*'a'"),
    "text column": (
        lambda: pd.DataFrame(make_rows(), columns=["a", "b"]).assign(city="Rome"),
        "has a column 'city' that does not hold numbers. Encode it",
    ),
    "polars text column": (
        lambda: pl.DataFrame({"a": [1.0] * N, "city": ["Rome"] * N}),
        "has a column 'city' that does not hold numbers",
    ),
    "categories": (
        lambda: pd.DataFrame({"a": pd.Categorical(["u", "v"] * (N // 2))}),
        "has a column 'a' that does not hold numbers",
    ),
    "names twice": (
        lambda: pd.DataFrame(make_rows(), columns=["a", "a"]),
        "has several columns of the name 'a'",
    ),
    "no columns": (pd.DataFrame, "is a table without columns"),
}


@pytest.fixture(scope="module")
def fitted():
    return KerasMLPClassifier(size=2, epochs=1, random_state=0).fit(
        make_rows(), make_y()
    )


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict", "score", "X_val"])
def test_samples(fitted, name, method):
    make, message = WRONG[name]
    if method == "partial_fit" and name in ("generator", "map"):
        message = (
            "Chunks bring their own labels"  # partial_fit takes iterators of those
        )
    estimator = copy.deepcopy(fitted)
    before = {key: id(value) for key, value in vars(estimator).items()}
    given = {"X": make(), "y": make_y()}
    if method == "predict":
        del given["y"]
    if method == "X_val":
        given = {"X": make_rows(), "y": make_y(), "X_val": make(), "y_val": make_y()}
    with pytest.raises((ValueError, TypeError), match=message):
        getattr(estimator, "fit" if method == "X_val" else method)(**given)
    assert {key: id(value) for key, value in vars(estimator).items()} == before


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (lambda: (label for label in make_y()), "y is a generator"),
        (lambda: {0, 1}, "y is a set"),
        (lambda: dict(enumerate(make_y())), "y is a dict"),
        (lambda: [[0], [1, 1]] * (N // 2), "y has rows of different lengths"),
    ],
)
def test_labels(fitted, y, message):
    for method, given in [
        ("fit", {"X": make_rows(), "y": y()}),
        ("partial_fit", {"X": make_rows(), "y": y()}),
    ]:
        with pytest.raises((ValueError, TypeError), match=message):
            getattr(copy.deepcopy(fitted), method)(**given)
    message = message.replace("y ", "y_val ", 1)
    with pytest.raises((ValueError, TypeError), match=message):
        KerasMLPClassifier().fit(make_rows(), make_y(), X_val=make_rows(), y_val=y())
    message = message.replace("y_val ", "classes ", 1)
    for estimator in (copy.deepcopy(fitted), KerasMLPClassifier()):
        with pytest.raises((ValueError, TypeError), match=message):
            estimator.partial_fit(make_rows(), make_y(), classes=y())


@pytest.mark.parametrize(
    "classes", [[0, None], [1, "a"], np.array([np.nan, "a"], object)]
)
def test_classes_of_several_kinds(fitted, classes):
    for estimator in (copy.deepcopy(fitted), KerasMLPClassifier()):
        with pytest.raises((ValueError, TypeError), match="classes"):
            estimator.partial_fit(make_rows(), make_y(), classes=classes)


@pytest.mark.parametrize("weight", [lambda: (1.0 for _ in range(N)), dict, Opaque])
def test_weights(weight):
    with pytest.raises((ValueError, TypeError), match="sample_weight is a "):
        KerasMLPClassifier().fit(make_rows(), make_y(), sample_weight=weight())


@pytest.mark.parametrize("library", [pd, pl])
@pytest.mark.parametrize("kind", ["datetime64[us]", "timedelta64[us]"])
def test_tables_with_a_column_of_dates(fitted, library, kind):
    columns = dict(zip("abcdef", np.array(make_rows(), float).T, strict=False))
    table = library.DataFrame(columns | {"b": np.arange(N).astype(kind)})
    message = "X.*, but its column 'b' holds dates or durations. Convert"
    for method, given in [("fit", {"y": make_y()}), ("predict", {})]:
        with pytest.raises(ValueError, match=message):
            getattr(copy.deepcopy(fitted), method)(table, **given)


@pytest.mark.parametrize("value", [-5, 1])
@pytest.mark.parametrize("place", [0, 3, -1])
def test_pointers_of_sparse_matrices(fitted, place, value):
    X = scipy.sparse.csr_array(np.array(make_rows()) + 1)
    X.indptr[place] = value
    for method, given in [("fit", {"y": make_y()}), ("predict", {})]:
        with pytest.raises(ValueError, match="malformed sparse matrix"):
            getattr(copy.deepcopy(fitted), method)(X, **given)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"size": 10**30}, "100000000 at most"),
        ({"size": (4, 10**12)}, "100000000 at most"),
        ({"n_hidden_layers": 10**30}, "hidden layers are too many"),
        ({"class_weight": [1, 2]}, "a list must hold a dict for each column"),
        ({"class_weight": [None]}, "a list must hold a dict for each column"),
    ],
)
def test_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        KerasMLPClassifier(**params).fit(make_rows(), make_y())


@pytest.mark.parametrize("kind", [np.uint8, np.uint64, np.int8])
def test_numbers_of_numpy_as_sizes(kind):
    params = {"size": kind(3), "epochs": kind(2), "batch_size": kind(4)}
    classifier = KerasMLPClassifier(**params, random_state=0)
    plain = KerasMLPClassifier(size=3, epochs=2, batch_size=4, random_state=0)
    for each in (classifier, plain):
        each.fit(make_rows(), make_y()).partial_fit(make_rows(), make_y())
    np.testing.assert_array_equal(classifier.coefs_[0], plain.coefs_[0])

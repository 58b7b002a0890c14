"""Odd values by kind: functions that make them anew, since some can be used once."""

import datetime
import decimal
import fractions
import io
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse as sp
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit

N_SAMPLES, N_FEATURES = 40, 6


def make_matrix():
    """Make the samples that nothing is wrong with."""
    return np.random.default_rng(0).normal(size=(N_SAMPLES, N_FEATURES))


def make_labels():
    """Make labels that the first two features decide."""
    return (make_matrix()[:, :2].sum(axis=1) > 0).astype(int)


def make_texts():
    """Make texts whose labels are 1 where they are good."""
    return [f"a {'good' if i % 2 else 'bad'} film {i % 7}" for i in range(N_SAMPLES)]


def make_sequences():
    """Make sequences of token ids."""
    return [[1, 4 + i % 2, 6 + i % 7] for i in range(N_SAMPLES)]


def give_up(*args, **kwargs):
    """Raise, as a user's own function may."""
    raise RuntimeError("the user's own function gave up")


def _raise_midway(items):
    yield from items[: len(items) // 2]
    give_up()


def _with_entry(value, row=3):
    X = make_matrix().astype(object if isinstance(value, str) else float)
    X[row, 2] = value
    return X


def _with_index(index, **changes):
    X = sp.csr_matrix(make_matrix())
    getattr(X, index)[-1] = changes.get("value", 10_000)
    return X


def _with_duplicates():
    X = sp.csr_matrix(make_matrix())
    X.indices[1] = X.indices[0]
    return X


def _object_row(value):
    rows = np.empty(N_SAMPLES, dtype=object)
    rows[:] = [value] * N_SAMPLES
    return rows


class Unhelpful:
    """Fails in whatever it is asked."""

    def __len__(self):
        return give_up()

    def __iter__(self):
        return give_up()

    def __array__(self, *args, **kwargs):
        return give_up()


SCALARS = {
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    "0": lambda: 0,
    "1": lambda: 1,
    "-1": lambda: -1,
    "3": lambda: 3,
    "10**30": lambda: 10**30,
    "0.0": lambda: 0.0,
    "0.5": lambda: 0.5,
    "-0.5": lambda: -0.5,
    "1.0": lambda: 1.0,
    "2.5": lambda: 2.5,
    "1e-320": lambda: 1e-320,
    "1e300": lambda: 1e300,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "-inf": lambda: -float("inf"),
    "np.int8(2)": lambda: np.int8(2),
    "np.uint64(2)": lambda: np.uint64(2),
    "np.float16(0.3)": lambda: np.float16(0.3),
    "np.float32(nan)": lambda: np.float32("nan"),
    "np.bool_(True)": lambda: np.bool_(True),
    "array(3)": lambda: np.array(3),
    "array([1, 2])": lambda: np.array([1, 2]),
    "array([])": lambda: np.array([]),
    "Decimal": lambda: decimal.Decimal("0.5"),
    "Fraction": lambda: fractions.Fraction(1, 2),
    "1j": lambda: 1j,
    "''": lambda: "",
    "'nonsense'": lambda: "nonsense",
    "'balanced'": lambda: "balanced",
    "'1'": lambda: "1",
    "b'bytes'": lambda: b"bytes",
    "[]": list,
    "()": tuple,
    "{}": dict,
    "set()": set,
    "[1]": lambda: [1],
    "(1,)": lambda: (1,),
    "(1, 2)": lambda: (1, 2),
    "(2, 1)": lambda: (2, 1),
    "(0.1, 0.2)": lambda: (0.1, 0.2),
    "[None]": lambda: [None],
    "['a', 'b']": lambda: ["a", "b"],
    "('a', 'b')": lambda: ("a", "b"),
    "['a', 1]": lambda: ["a", 1],
    "{'a', 'b'}": lambda: {"a", "b"},
    "{'a': 0, 'b': 1}": lambda: {"a": 0, "b": 1},
    "{'a': 1, 'b': 2}": lambda: {"a": 1, "b": 2},
    "{0: 1, 1: 2}": lambda: {0: 1, 1: 2},
    "{0: nan, 1: 1}": lambda: {0: float("nan"), 1: 1},
    "{None: None}": lambda: {None: None},
    "range(3)": lambda: range(3),
    "iterator of 'a', 'b'": lambda: iter(["a", "b"]),
    "generator of 'a', 'b'": lambda: (word for word in ["a", "b"]),
    "dict view": lambda: {"a": 0, "b": 1}.keys(),
    "Series of 'a', 'b'": lambda: pd.Series(["a", "b"]),
    "Arrow array of 'a', 'b'": lambda: pa.array(["a", "b"]),
    "DataFrame": lambda: pd.DataFrame({"a": [1]}),
    "object()": object,
    "class int": lambda: int,
    "class str": lambda: str,
    "str.split": lambda: str.split,
    "function that raises": lambda: give_up,
    "function that returns None": lambda: lambda *args, **kwargs: None,
    "pd.NA": lambda: pd.NA,
    "pd.NaT": lambda: pd.NaT,
    "datetime": lambda: datetime.datetime(2020, 1, 1),
    "Path": lambda: Path("no/such/path"),
    "Ellipsis": lambda: ...,
}

MATRICES = {
    "as it is": make_matrix,
    "float32": lambda: make_matrix().astype(np.float32),
    "float16": lambda: make_matrix().astype(np.float16),
    "int8": lambda: (make_matrix() * 10).astype(np.int8),
    "bool": lambda: make_matrix() > 0,
    "complex": lambda: make_matrix() + 1j,
    "Fortran order": lambda: np.asfortranarray(make_matrix()),
    "negative strides": lambda: make_matrix()[::-1, ::-1],
    "big-endian": lambda: make_matrix().astype(">f8"),
    "masked array": lambda: np.ma.masked_less(make_matrix(), 0),
    "structured": lambda: np.zeros(N_SAMPLES, dtype=[("a", float), ("b", float)]),
    "object of numbers": lambda: make_matrix().astype(object),
    "object with a text": lambda: _with_entry("a word"),
    "object with None": lambda: np.where(make_matrix() > 2, None, 1.0),
    "numbers as strings": lambda: make_matrix().astype(str),
    "numbers as objects of str": lambda: make_matrix().astype(str).astype(object),
    "bytes": lambda: make_matrix().astype("S"),
    "dates": lambda: np.full((N_SAMPLES, 6), np.datetime64("2020-01-01")),
    "durations": lambda: np.full((N_SAMPLES, 6), np.timedelta64(3, "D")),
    "a NaN": lambda: _with_entry(np.nan),
    "an infinity": lambda: _with_entry(np.inf),
    "1e300": lambda: make_matrix() * 1e300,
    "1e-320": lambda: make_matrix() * 1e-320,
    "float32 1e30": lambda: (make_matrix() * 1e30).astype(np.float32),
    "1e10": lambda: make_matrix() * 1e10,
    "an entry of 1e308": lambda: _with_entry(1e308),
    "zeros": lambda: np.zeros((N_SAMPLES, N_FEATURES)),
    "rows all alike": lambda: np.ones((N_SAMPLES, N_FEATURES)),
    "no rows": lambda: make_matrix()[:0],
    "one row": lambda: make_matrix()[:1],
    "a row too few": lambda: make_matrix()[:-1],
    "no columns": lambda: make_matrix()[:, :0],
    "one column": lambda: make_matrix()[:, :1],
    "a column too many": lambda: np.c_[make_matrix(), np.ones(N_SAMPLES)],
    "one-dimensional": lambda: make_matrix()[:, 0],
    "three-dimensional": lambda: make_matrix()[:, :, None],
    "0-dimensional": lambda: np.array(1.0),
    "object array of arrays": lambda: _object_row(np.ones(6)),
    "object array of lists": lambda: _object_row([1.0] * 6),
    "rows of unequal length": lambda: [[1.0] * (1 + i % 3) for i in range(N_SAMPLES)],
    "list of lists": lambda: make_matrix().tolist(),
    "list of arrays": lambda: list(make_matrix()),
    "tuple of tuples": lambda: tuple(map(tuple, make_matrix())),
    "list of dicts": lambda: [{"a": 1.0}] * N_SAMPLES,
    "generator of rows": lambda: (row for row in make_matrix()),
    "map": lambda: map(list, make_matrix()),
    "set": lambda: {1.0, 2.0},
    "dict": lambda: {"a": [1.0] * N_SAMPLES},
    "texts": make_texts,
    "array of texts": lambda: np.array(make_texts()),
    "Series of texts": lambda: pd.Series(make_texts()),
    "one text": lambda: "a good film",
    "a number": lambda: 3.0,
    "None": lambda: None,
    "object()": object,
    "unhelpful": Unhelpful,
    "memoryview": lambda: memoryview(make_matrix()),
    "np.matrix-like bytes": lambda: bytes(48),
    "DataFrame": lambda: pd.DataFrame(make_matrix()),
    "DataFrame with names": lambda: pd.DataFrame(make_matrix(), columns=list("abcdef")),
    "DataFrame, names mixed": lambda: pd.DataFrame(
        make_matrix(), columns=["a", 1, "b", 2, "c", 3]
    ),
    "DataFrame, names twice": lambda: pd.DataFrame(
        make_matrix(), columns=list("aabbcc")
    ),
    "DataFrame with a text column": lambda: pd.DataFrame(make_matrix()).assign(
        text="word"
    ),
    "DataFrame with NA": lambda: (
        pd.DataFrame(make_matrix()).convert_dtypes().mask(make_matrix() > 2)
    ),
    "DataFrame of categories": lambda: pd.DataFrame(
        {i: pd.Categorical(["u", "v"] * 20) for i in range(6)}
    ),
    "DataFrame of dates": lambda: pd.DataFrame(
        {i: pd.date_range("2020", periods=N_SAMPLES) for i in range(6)}
    ),
    "empty DataFrame": pd.DataFrame,
    "Series": lambda: pd.Series(make_matrix()[:, 0]),
    "polars frame": lambda: pl.DataFrame(make_matrix()),
    "polars lazy frame": lambda: pl.DataFrame(make_matrix()).lazy(),
    "Arrow table": lambda: pa.table(
        {str(i): column for i, column in enumerate(make_matrix().T)}
    ),
    "CSR": lambda: sp.csr_matrix(make_matrix()),
    "CSR array": lambda: sp.csr_array(make_matrix()),
    "CSC": lambda: sp.csc_matrix(make_matrix()),
    "COO": lambda: sp.coo_array(make_matrix()),
    "LIL": lambda: sp.lil_matrix(make_matrix()),
    "DOK": lambda: sp.dok_array(make_matrix()),
    "DIA": lambda: sp.dia_array(make_matrix()),
    "BSR": lambda: sp.bsr_array(make_matrix()),
    "CSR of integers": lambda: sp.csr_array((make_matrix() > 0).astype(np.int64)),
    "CSR of bool": lambda: sp.csr_array(make_matrix() > 0),
    "CSR of complex": lambda: sp.csr_array(make_matrix() + 1j),
    "CSR with a NaN": lambda: sp.csr_array(_with_entry(np.nan)),
    "CSR with 1e300": lambda: sp.csr_array(make_matrix() * 1e300),
    "CSR with duplicates": _with_duplicates,
    "CSR, index too large": lambda: _with_index("indices"),
    "CSR, index negative": lambda: _with_index("indices", value=-3),
    "CSR, pointer too large": lambda: _with_index("indptr"),
    "CSR, pointer negative": lambda: _with_index("indptr", value=-5),
    "CSR, pointers fall": lambda: _with_index("indptr", value=1),
    "CSR without entries": lambda: sp.csr_array((N_SAMPLES, N_FEATURES)),
    "CSR, no rows": lambda: sp.csr_array((0, N_FEATURES)),
    "CSR, a column too many": lambda: sp.csr_array(make_matrix(), shape=(40, 7)),
    "CSR of a vector": lambda: sp.coo_array(make_matrix()[:, 0]),
}

LABELS = {
    "as it is": make_labels,
    "strings": lambda: np.array(["no", "yes"])[make_labels()],
    "strings as objects": lambda: np.array(["no", "yes"], object)[make_labels()],
    "bytes": lambda: np.array([b"no", b"yes"])[make_labels()],
    "bool": lambda: make_labels() > 0,
    "floats": lambda: make_labels() * 1.0,
    "float 0.5": lambda: make_labels() * 0.5,
    "continuous": lambda: make_matrix()[:, 0],
    "a NaN": lambda: np.where(np.arange(N_SAMPLES) == 3, np.nan, make_labels()),
    "an infinity": lambda: np.where(np.arange(N_SAMPLES) == 3, np.inf, make_labels()),
    "object with None": lambda: np.where(
        np.arange(N_SAMPLES) == 3, None, make_labels()
    ),
    "object with NaN": lambda: np.array([np.nan, *["a", "b"] * 20][:N_SAMPLES], object),
    "numbers and strings": lambda: np.array([1, "a"] * 20, dtype=object),
    "complex": lambda: make_labels() + 1j,
    "dates": lambda: np.array(["2020-01-01", "2021-01-01"], "M8[D]")[make_labels()],
    "one class": lambda: np.zeros(N_SAMPLES, int),
    "two classes, one once": lambda: np.eye(1, N_SAMPLES, dtype=int)[0],
    "a class per sample": lambda: np.arange(N_SAMPLES),
    "three classes": lambda: np.arange(N_SAMPLES) % 3,
    "-1 and 1": lambda: make_labels() * 2 - 1,
    "10**18": lambda: make_labels() * 10**18,
    "uint8": lambda: make_labels().astype(np.uint8),
    "column": lambda: make_labels()[:, None],
    "row": lambda: make_labels()[None, :],
    "indicator": lambda: np.c_[make_labels(), 1 - make_labels()],
    "indicator of bool": lambda: np.c_[make_labels(), 1 - make_labels()] > 0,
    "indicator of 1 and 2": lambda: np.c_[make_labels(), 1 - make_labels()] + 1,
    "indicator of -1 and 1": lambda: 2 * np.c_[make_labels(), 1 - make_labels()] - 1,
    "indicator of floats": lambda: np.c_[make_labels(), make_labels()] * 1.0,
    "indicator with NaN": lambda: np.c_[make_labels(), np.full(N_SAMPLES, np.nan)],
    "indicator, a column constant": lambda: np.c_[make_labels(), make_labels() * 0],
    "indicator, sparse": lambda: sp.csr_array(np.c_[make_labels(), 1 - make_labels()]),
    "2-D of classes": lambda: np.c_[make_labels(), make_labels() * 3],
    "2-D of strings": lambda: np.array([["a", "b"]] * N_SAMPLES),
    "three-dimensional": lambda: make_labels()[:, None, None],
    "too short": lambda: make_labels()[:-1],
    "too long": lambda: np.r_[make_labels(), 0],
    "empty": lambda: make_labels()[:0],
    "0-dimensional": lambda: np.array(1),
    "list": lambda: make_labels().tolist(),
    "list of lists": lambda: [[0], [1, 1]] * 20,
    "list of tuples of labels": lambda: [("a", "b"), ("c",)] * 20,
    "generator": lambda: (int(label) for label in make_labels()),
    "set": lambda: {0, 1},
    "dict": lambda: dict(enumerate(make_labels())),
    "Series": lambda: pd.Series(make_labels(), index=np.arange(N_SAMPLES)[::-1]),
    "Series of categories": lambda: pd.Series(["no", "yes"] * 20, dtype="category"),
    "Series of pd.StringDtype": lambda: pd.Series(["no", "yes"] * 20, dtype="string"),
    "Series of nullable int": lambda: pd.Series([0, 1] * 20, dtype="Int64"),
    "Series with NA": lambda: pd.Series([0, pd.NA] * 20, dtype="Int64"),
    "DataFrame": lambda: pd.DataFrame({"y": make_labels()}),
    "polars series": lambda: pl.Series(make_labels()),
    "Arrow array": lambda: pa.array(make_labels()),
    "None": lambda: None,
    "a number": lambda: 1,
    "a text": lambda: "yes",
    "object()": object,
    "unhelpful": Unhelpful,
}

WEIGHTS = {
    "ones": lambda: np.ones(N_SAMPLES),
    "a number": lambda: 2.0,
    "zero": lambda: 0,
    "zeros": lambda: np.zeros(N_SAMPLES),
    "one class weighs nothing": lambda: make_labels() * 1.0,
    "negative": lambda: -np.ones(N_SAMPLES),
    "a NaN": lambda: np.where(np.arange(N_SAMPLES) == 3, np.nan, 1.0),
    "an infinity": lambda: np.where(np.arange(N_SAMPLES) == 3, np.inf, 1.0),
    "1e-320": lambda: np.full(N_SAMPLES, 1e-320),
    "1e300": lambda: np.full(N_SAMPLES, 1e300),
    "from 1e-300 to 1e300": lambda: np.logspace(-300, 300, N_SAMPLES),
    "strings": lambda: np.full(N_SAMPLES, "1"),
    "a string": lambda: "balanced",
    "bool": lambda: np.ones(N_SAMPLES, bool),
    "integers": lambda: np.arange(N_SAMPLES),
    "complex": lambda: np.ones(N_SAMPLES) + 1j,
    "objects": lambda: np.full(N_SAMPLES, None),
    "too short": lambda: np.ones(N_SAMPLES - 1),
    "column": lambda: np.ones((N_SAMPLES, 1)),
    "empty": lambda: np.ones(0),
    "list": lambda: [1.0] * N_SAMPLES,
    "generator": lambda: (1.0 for _ in range(N_SAMPLES)),
    "dict": lambda: {0: 1.0, 1: 2.0},
    "Series": lambda: pd.Series(np.ones(N_SAMPLES)),
    "sparse": lambda: sp.csr_array(np.ones((1, N_SAMPLES))),
    "dates": lambda: np.full(N_SAMPLES, np.datetime64("2020-01-01")),
    "object()": object,
}

DOCUMENTS = {
    "list": make_texts,
    "tuple": lambda: tuple(make_texts()),
    "set": lambda: set(make_texts()),
    "frozenset": lambda: frozenset(make_texts()),
    "dict": lambda: dict(enumerate(make_texts())),
    "dict view": lambda: dict(enumerate(make_texts())).values(),
    "generator": lambda: (text for text in make_texts()),
    "generator that raises": lambda: _raise_midway(make_texts()),
    "exhausted generator": lambda: iter(()),
    "map": lambda: map(str.upper, make_texts()),
    "StringIO": lambda: io.StringIO("\n".join(make_texts())),
    "BytesIO": lambda: io.BytesIO("\n".join(make_texts()).encode()),
    "array of str": lambda: np.array(make_texts()),
    "array of objects": lambda: np.array(make_texts(), dtype=object),
    "array of bytes": lambda: np.array(make_texts()).astype("S"),
    "0-dimensional array": lambda: np.array("a good film"),
    "column of texts": lambda: np.array(make_texts())[:, None],
    "two columns of texts": lambda: np.array([make_texts()] * 2).T,
    "Series": lambda: pd.Series(make_texts()),
    "Series with NA": lambda: pd.Series([*make_texts(), None]),
    "Series of categories": lambda: pd.Series(make_texts(), dtype="category"),
    "Index": lambda: pd.Index(make_texts()),
    "MultiIndex": lambda: pd.MultiIndex.from_arrays([make_texts(), make_texts()]),
    "DataFrame, one column": lambda: pd.DataFrame({"text": make_texts()}),
    "DataFrame, two columns": lambda: pd.DataFrame(
        {"text": make_texts(), "stars": np.arange(N_SAMPLES)}
    ),
    "DataFrame of ids": lambda: pd.DataFrame(make_sequences()),
    "DataFrame of ids, ragged": lambda: pd.DataFrame([[1, np.nan], [1, 2]] * 20),
    "empty DataFrame": pd.DataFrame,
    "polars series": lambda: pl.Series(make_texts()),
    "polars frame": lambda: pl.DataFrame({"text": make_texts()}),
    "polars frame of ids": lambda: pl.DataFrame(make_sequences(), orient="row"),
    "polars lazy frame": lambda: pl.DataFrame({"text": make_texts()}).lazy(),
    "Arrow array": lambda: pa.array(make_texts()),
    "Arrow table": lambda: pa.table({"text": make_texts()}),
    "Arrow structs": lambda: pa.array([{"text": text} for text in make_texts()]),
    "Arrow nulls": lambda: pa.nulls(3),
    "Arrow integers": lambda: pa.array([1, 2, 3]),
    "ids": make_sequences,
    "ids as tuples": lambda: [tuple(ids) for ids in make_sequences()],
    "ids as arrays": lambda: [np.array(ids) for ids in make_sequences()],
    "ids as Series": lambda: [pd.Series(ids) for ids in make_sequences()],
    "ids as sets": lambda: [set(ids) for ids in make_sequences()],
    "ids as generators": lambda: ((i for i in ids) for ids in make_sequences()),
    "ids, 2-D array": lambda: np.array(make_sequences()),
    "ids, 2-D array of floats": lambda: np.array(make_sequences(), float),
    "ids, 2-D array with NaN": lambda: np.where(np.eye(3) > 0, np.nan, 1.0),
    "ids, 3-D array": lambda: np.array([make_sequences()]),
    "ids, array of uint64": lambda: np.array(make_sequences(), np.uint64),
    "ids of 2**63": lambda: [[2**63, 1], [1]],
    "ids of 10**30": lambda: [[10**30, 1], [1]],
    "ids of three million": lambda: [[3_000_000], [1]],
    "ids of 2**40": lambda: [[2**40], [1]],
    "ids as floats": lambda: [[1.0, 2.0], [2.0]],
    "ids as strings": lambda: [["1", "2"], ["2"]],
    "ids as bool": lambda: [[True, False], [True]],
    "ids as dates": lambda: [[datetime.date(2020, 1, 1)]] * 3,
    "ids with None": lambda: [[1, None], [2]],
    "ids with NaN": lambda: [[1, np.nan], [2]],
    "ids negative": lambda: [[1, -2], [2]],
    "ids nested twice": lambda: [[[1, 2], [3]], [[4]]],
    "ids and texts": lambda: [[1, 2], "a text"],
    "texts and ids": lambda: ["a text", [1, 2]],
    "empty sequences": lambda: [[], [], []],
    "sparse matrix": lambda: sp.csr_array(np.eye(3)),
    "numbers": lambda: [1, 2, 3],
    "floats": lambda: [1.5, 2.5],
    "array of numbers": lambda: np.arange(5),
    "array of dates": lambda: np.full(3, np.datetime64("2020-01-01")),
    "lists of words": lambda: [text.split() for text in make_texts()],
    "dicts": lambda: [{"text": text} for text in make_texts()],
    "one text": lambda: "a good film",
    "bytes": lambda: b"a good film",
    "texts as bytes": lambda: [text.encode() for text in make_texts()],
    "texts as bytearray": lambda: [bytearray(b"a good film")] * 3,
    "bytes that do not decode": lambda: [b"caf\xe9", b"film"],
    "texts and None": lambda: [*make_texts(), None],
    "texts and NaN": lambda: [*make_texts(), np.nan],
    "texts and a number": lambda: [*make_texts(), 3],
    "empty list": list,
    "blank texts": lambda: ["", " ", "\n\t"],
    "only punctuation": lambda: ["!", "?!", "..."],
    "lone surrogates": lambda: ["\ud800 film", "film"],
    "zero bytes": lambda: ["a\0b film", "\0"],
    "a long word": lambda: ["x" * 1_000_000, "film"],
    "emoji and right to left": lambda: ["\U0001f44d\U0001f3fd film", "\u202eabc"],
    "str subclass": lambda: [np.str_(text) for text in make_texts()],
    "paths": lambda: [Path(f"no/such/{i}") for i in range(3)],
    "open files": lambda: [io.BytesIO(text.encode()) for text in make_texts()],
    "open text files": lambda: [io.StringIO(text) for text in make_texts()],
    "closed files": lambda: [_close(io.BytesIO(b"film"))],
    "None": lambda: None,
    "a number": lambda: 7,
    "object()": object,
    "unhelpful": Unhelpful,
    "range": lambda: range(3),
    "lists of None": lambda: [[None], [None]],
}


def _close(file):
    file.close()
    return file


# A grid whose parameters exist here and, by `cases.PEER_NAMES`, in MLPClassifier.
GRIDS = {
    "two values": lambda: {"l2": [0.0, 0.1]},
    "an array": lambda: {"l2": np.array([0.0, 0.1])},
    "no values": lambda: {"l2": []},
    "no list": lambda: {"l2": 0.1},
    "a text": lambda: {"activation": "relu"},
    "a dict for a list": lambda: {"l2": {0: 1, 1: 5}},
    "a generator": lambda: {"l2": (value for value in (0.0, 0.1))},
    "a set": lambda: {"l2": {0.0, 0.1}},
    "a Series": lambda: {"l2": pd.Series([0.0, 0.1])},
    "two-dimensional": lambda: {"l2": np.array([[0.0, 0.1]])},
    "unknown name": lambda: {"nonsense": [1, 2]},
    "no text as name": lambda: {3: [1, 2]},
    "None as name": lambda: {None: [1, 2]},
    "one bad value": lambda: {"l2": [0.1, -1.0]},
    "bad values only": lambda: {"l2": [-1.0, "a"]},
    "unhashable values": lambda: {"size": [[4], [4, 4]]},
    "lambdas": lambda: {"activation": [lambda x: x, "relu"]},
    "None among seeds": lambda: {"random_state": [None, 0]},
    "a NaN": lambda: {"l2": [float("nan"), 0.1]},
    "twice the same": lambda: {"l2": [0.1, 0.1]},
    "empty dict": dict,
    "empty list": list,
    "list of dicts": lambda: [{"l2": [0.1]}, {"size": [4]}],
    "list with None": lambda: [None],
    "list of lists": lambda: [["l2", 0.1]],
    "None": lambda: None,
    "a number": lambda: 3,
    "a string": lambda: "l2",
    "generator of dicts": lambda: ({"l2": [value]} for value in (0.0, 0.1)),
    "a tuple": lambda: ({"l2": [0.1]},),
    "DataFrame": lambda: pd.DataFrame({"l2": [0.0, 0.1]}),
}

SPLITTERS = {
    "2": lambda: 2,
    "1": lambda: 1,
    "0": lambda: 0,
    "-1": lambda: -1,
    "as many as samples": lambda: N_SAMPLES,
    "more than samples": lambda: 1000,
    "2.0": lambda: 2.0,
    "a string": lambda: "kfold",
    "a class": lambda: KFold,
    "holdout": lambda: ShuffleSplit(n_splits=1, random_state=0),
    "groups without groups": lambda: GroupKFold(2),
    "blocks": lambda: KFold(2),
    "one split by hand": lambda: [(np.arange(30), np.arange(30, 40))],
    "generator of splits": lambda: KFold(2).split(np.zeros(N_SAMPLES)),
    "masks": lambda: [(np.arange(40) < 30, np.arange(40) >= 30)],
    "lists": lambda: [(list(range(30)), list(range(30, 40)))],
    "floats": lambda: [(np.arange(30.0), np.arange(30.0, 40.0))],
    "beyond the samples": lambda: [(np.arange(30), np.arange(30, 50))],
    "negative": lambda: [(np.arange(30), np.arange(-10, 0))],
    "no training part": lambda: [(np.arange(0), np.arange(40))],
    "no validation part": lambda: [(np.arange(40), np.arange(0))],
    "the same twice": lambda: [(np.arange(40), np.arange(40))],
    "triples": lambda: [(np.arange(9), np.arange(9), np.arange(9))],
    "no splits": list,
    "numbers": lambda: [1, 2],
    "training part of one class": lambda: [
        (np.flatnonzero(make_labels()), np.flatnonzero(make_labels() == 0))
    ],
    "a splitter that raises": lambda: _Splitter(),
}

SCORING = {
    "accuracy": lambda: "accuracy",
    "roc_auc": lambda: "roc_auc",
    "average_precision": lambda: "average_precision",
    "neg_log_loss": lambda: "neg_log_loss",
    "r2": lambda: "r2",
    "adjusted_rand_score": lambda: "adjusted_rand_score",
    "unknown": lambda: "acuracy",
    "empty string": lambda: "",
    "list": lambda: ["accuracy", "f1"],
    "twice the same": lambda: ["accuracy", "accuracy"],
    "list with unknown": lambda: ["accuracy", "nonsense"],
    "tuple": lambda: ("accuracy", "f1"),
    "set": lambda: {"accuracy"},
    "empty list": list,
    "empty dict": dict,
    "dict": lambda: {"a": "accuracy", "b": make_scorer(f1_score)},
    "dict with None": lambda: {"a": None},
    "dict with numbers as names": lambda: {1: "accuracy"},
    "make_scorer": lambda: make_scorer(f1_score),
    "a metric, no scorer": lambda: f1_score,
    "list of callables": lambda: [make_scorer(f1_score)],
    "function": lambda: lambda estimator, X, y: 0.5,
    "function that returns None": lambda: lambda estimator, X, y: None,
    "function that returns NaN": lambda: lambda estimator, X, y: float("nan"),
    "function that returns inf": lambda: lambda estimator, X, y: float("inf"),
    "function that returns a string": lambda: lambda estimator, X, y: "good",
    "function that returns an array": lambda: lambda estimator, X, y: np.ones(2),
    "function that returns a 0-d array": lambda: lambda *args: np.array(0.5),
    "function that returns True": lambda: lambda estimator, X, y: True,
    "function that returns a complex": lambda: lambda estimator, X, y: 1j,
    "function that returns a dict": lambda: lambda *args: {"a": 0.5, "b": 1},
    "function that returns a dict of None": lambda: lambda *args: {"a": None},
    "function that returns an empty dict": lambda: lambda *args: {},
    "function that raises": lambda: give_up,
    "function without arguments": lambda: lambda: 0.5,
    "a number": lambda: 3,
    "None": lambda: None,
    "a class": lambda: int,
}


class _Splitter(KFold):
    def split(self, X, y=None, groups=None):
        return give_up()

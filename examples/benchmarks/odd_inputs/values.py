"""Odd values by kind: dicts from names to functions that make a new value.

Each case needs a new value, since a call may change it or use it up.
"""

import copy
import datetime
import decimal
import fractions
import io
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse as sp
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit

N_SAMPLES, N_FEATURES = 40, 6
NAN, INF = float("nan"), float("inf")
X = np.random.default_rng(0).normal(size=(N_SAMPLES, N_FEATURES))
Y = (X[:, :2].sum(axis=1) > 0).astype(int)
FIRST = np.arange(N_SAMPLES) == 3
TEXTS = [f"a {'good' if i % 2 else 'bad'} film {i % 7}" for i in range(N_SAMPLES)]
IDS = [[1, 4 + i % 2, 6 + i % 7] for i in range(N_SAMPLES)]


def copies(*values, **named):
    """Return a table of values that can be copied, named by `repr` or by keyword."""
    named = {name.replace("_", " "): value for name, value in named.items()}
    named = {repr(value): value for value in values} | named
    return {name: partial(copy.deepcopy, value) for name, value in named.items()}


make_matrix, make_labels, make_texts, make_sequences = copies(X, Y, TEXTS, IDS).values()


def give_up(*args, **kwargs):
    """Raise, as a user's own function may."""
    raise RuntimeError("the user's own function gave up")


def _raise_midway():
    yield from TEXTS[:20]
    give_up()


class Unhelpful:
    """Raises from every method."""

    __len__ = __iter__ = __array__ = give_up


class BadSplitter(KFold):
    """Raises from `split`."""

    split = give_up


def _with_entry(value):
    odd = X.astype(object if isinstance(value, str | None) else float)
    odd[3, 2] = value
    return odd


def _malform(name, value):
    odd = sp.csr_matrix(X)
    getattr(odd, name)[-1] = value
    return odd


def _repeat_index():
    odd = sp.csr_matrix(X)
    odd.indices[1] = odd.indices[0]
    return odd


def _split(n_train, start, stop):
    return [(np.arange(n_train), np.arange(start, stop))]


def _close(file):
    file.close()
    return [file]


ANYTHING = copies(None, 3.0, "a good film", object=object(), unhelpful=Unhelpful())

SCALARS = {
    **copies(None, True, False, 0, 1, -1, 3, 10**30, 0.0, 0.5, -0.5, 1.0, 2.5),
    **copies(1e-320, 1e300, NAN, INF, -INF, 1j, decimal.Decimal("0.5"), pd.NA, pd.NaT),
    **copies(np.int8(2), np.uint64(2), np.float16(0.3), np.float32(NAN), np.True_),
    **copies(np.array(3), np.array([1, 2]), np.array([]), fractions.Fraction(1, 2)),
    **copies("", "nonsense", "balanced", "1", b"bytes", Path("no/such/path"), ...),
    **copies([], (), {}, set(), [1], (1,), (1, 2), (2, 1), (0.1, 0.2), [None]),
    **copies(["a", "b"], ("a", "b"), ["a", 1], {"a", "b"}, range(3), int, str),
    **copies({"a": 0, "b": 1}, {"a": 1, "b": 2}, {0: 1, 1: 2}, {0: NAN}, {None: None}),
    **copies(Series=pd.Series(["a", "b"]), Arrow_array=pa.array(["a", "b"])),
    **copies(DataFrame=pd.DataFrame({"a": [1]}), split=str.split, object=object()),
    **copies(date=datetime.datetime(2020, 1, 1), function_that_raises=give_up),
    "iterator": lambda: iter(["a", "b"]),
    "dict view": lambda: {"a": 0, "b": 1}.keys(),
    "function that returns None": lambda: lambda *args, **kwargs: None,
}

SPARSE = ["csr_matrix", "csr_array", "csc_matrix", "coo_array", "lil_matrix"]
SPARSE += ["dok_array", "dia_array", "bsr_array"]
DTYPES = ["f8", "f4", "f2", "i1", "?", "c16", ">f8", "O", "U", "S"]
SHAPES = [(0, 6), (1, 6), (39, 6), (40, 0), (40, 1), (40, 7), (40,), (40, 6, 1), ()]
# SciPy reads and writes beyond the arrays of such a matrix, so no peer gets them.
MALFORMED = {
    f"CSR, last of {name} {value}": partial(_malform, name, value)
    for name, values in [("indices", [10_000, -3]), ("indptr", [10_000, -5, 1])]
    for value in values
}
TABLE = pd.DataFrame(X, columns=list("abcdef"))
MATRICES = {
    **{f"dtype {d}": partial(X.astype, d) for d in DTYPES},
    **{f"times {f:g}": partial(np.multiply, X, f) for f in (0, 1e300, 1e-320, 1e10)},
    **{f"entry {v}": partial(_with_entry, v) for v in (NAN, INF, 1e308, "word", None)},
    **{f"shape {shape}": partial(np.resize, X, shape) for shape in SHAPES},
    **{kind: partial(getattr(sp, kind), X) for kind in SPARSE},
    **{f"CSR of {d}": partial(sp.csr_array(X).astype, d) for d in ("i8", "?", "c16")},
    **MALFORMED,
    **ANYTHING,
    **copies(float32_1e30=(X * 1e30).astype("f4"), negative_strides=X[::-1, ::-1]),
    **copies(masked=np.ma.masked_less(X, 0), dates=X.astype("M8[D]")),
    **copies(structured=np.zeros(N_SAMPLES, dtype=[("a", float), ("b", float)])),
    **copies(arrays=pd.Series(list(X)).to_numpy(), lists=X.tolist()),
    **copies(unequal_rows=[[1.0] * (1 + i % 3) for i in range(N_SAMPLES)]),
    **copies(texts=TEXTS, Series_of_texts=pd.Series(TEXTS), Series=TABLE["a"]),
    **copies(DataFrame=TABLE, empty_DataFrame=pd.DataFrame(), Arrow=pa.table(TABLE)),
    **copies(mixed_names=TABLE.set_axis(["a", 1, "b", 2, "c", 3], axis=1)),
    **copies(names_twice=TABLE.set_axis(list("aabbcc"), axis=1), set={1.0, 2.0}),
    **copies(DataFrame_with_NA=TABLE.convert_dtypes().mask(X > 2)),
    **copies(categories=pd.DataFrame([["u", "v"] * 3] * 40).astype("category")),
    **copies(polars=pl.DataFrame(X)),
    **copies(CSR_with_NaN=sp.csr_array(_with_entry(NAN)), duplicates=_repeat_index()),
    **copies(CSR_without_entries=sp.csr_array(X.shape), vector=sp.coo_array(X[:, 0])),
    "generator of rows": lambda: iter(X),
    "memoryview": lambda: memoryview(X),
}

LABELS = {
    **{f"dtype {d}": partial(Y.astype, d) for d in ("i8", "u1", "?", "f8", "c16")},
    **{f"times {f}": partial(np.multiply, Y, f) for f in (0, 0.5, 10**18)},
    **copies(one_and_two=np.c_[Y, 1 - Y] + 1, signs=2 * np.c_[Y, 1 - Y] - 1),
    **ANYTHING,
    **copies(strings=np.array(["no", "yes"])[Y], numbers_and_strings=[1, "a"] * 20),
    **copies(continuous=X[:, 0], a_NaN=np.where(FIRST, NAN, Y), set={0, 1}),
    **copies(object_with_None=np.where(FIRST, None, Y), dates=Y.astype("M8[D]")),
    **copies(object_with_NaN=np.array([NAN, *["a", "b"] * 20][:N_SAMPLES], object)),
    **copies(one_once=FIRST.astype(int), a_class_per_sample=np.arange(N_SAMPLES)),
    **copies(three_classes=np.arange(N_SAMPLES) % 3, column=Y[:, None]),
    **copies(indicator=np.c_[Y, 1 - Y], indicator_with_NaN=np.c_[Y, Y * NAN]),
    **copies(constant_column=np.c_[Y, Y * 0], sparse=sp.csr_array(np.c_[Y, 1 - Y])),
    **copies(two_columns_of_classes=np.c_[Y, Y * 3], too_short=Y[:-1], empty=Y[:0]),
    **copies(lists=[[0], [1, 1]] * 20, Series=pd.Series(Y, range(40, 0, -1))),
    **copies(categories=pd.Series(["no", "yes"] * 20, dtype="category")),
    **copies(Series_with_NA=pd.Series([0, pd.NA] * 20, dtype="Int64")),
    **copies(DataFrame=pd.DataFrame({"y": Y}), polars=pl.Series(Y), Arrow=pa.array(Y)),
    "generator": lambda: iter(Y),
}

ONES = np.ones(N_SAMPLES)
WEIGHTS = {
    **{f"all {w}": partial(np.full, N_SAMPLES, w) for w in (1, 0, -1, 1e-320, 1e300)},
    **{f"all {w!r}": partial(np.full, N_SAMPLES, w) for w in ("1", True, 1j, None)},
    **ANYTHING,
    **copies(one_class_weighs_nothing=Y * 1.0, a_NaN=np.where(FIRST, NAN, 1.0)),
    **copies(of_all_sizes=np.logspace(-300, 300, N_SAMPLES), dict={0: 1.0, 1: 2.0}),
    **copies(too_short=ONES[:-1], column=ONES[:, None]),
    **copies(sparse=sp.csr_array(ONES[None]), dates=ONES.astype("M8[D]")),
    "generator": lambda: iter(ONES),
}

DOCUMENTS = {
    **ANYTHING,
    **copies([1, 2, 3], [1.5, 2.5], [], ["", " ", "\n\t"], ["!", "?!"], range(3)),
    **copies(["\ud800 film", "film"], ["a\0b film", "\0"], ["\U0001f44d\U0001f3fd"]),
    **copies(b"a good film", [b"caf\xe9", b"film"], [bytearray(b"a film")] * 3),
    **copies([[2**63, 1], [1]], [[10**30], [1]], [[3_000_000], [1]], [[2**40], [1]]),
    **copies([[1.0, 2.0], [2.0]], [["1", "2"], ["2"]], [[True, False], [True]]),
    **copies([[1, None], [2]], [[1, NAN], [2]], [[1, -2], [2]], [[None], [None]]),
    **copies([[[1, 2], [3]], [[4]]], [[1, 2], "a text"], ["a text", [1, 2]], [[], []]),
    **copies(texts=TEXTS, set=set(TEXTS), dict=dict(enumerate(TEXTS))),
    **copies(array_of_objects=np.array(TEXTS, object), one_column=np.array([TEXTS]).T),
    **copies(no_dimensions=np.array("a good film"), paths=[Path("no/such/file")] * 3),
    **copies(Series=pd.Series(TEXTS), Series_with_NA=pd.Series([*TEXTS, None])),
    **copies(MultiIndex=pd.MultiIndex.from_arrays([TEXTS, TEXTS])),
    **copies(DataFrame=pd.DataFrame({"text": TEXTS}), empty_DataFrame=pd.DataFrame()),
    **copies(DataFrame_with_two_columns=pd.DataFrame({"text": TEXTS, "stars": 3})),
    **copies(polars_series=pl.Series(TEXTS), polars_frame=pl.DataFrame({"a": TEXTS})),
    **copies(Arrow_array=pa.array(TEXTS), Arrow_table=pa.table({"text": TEXTS})),
    **copies(Arrow_structs=pa.array([{"text": text} for text in TEXTS])),
    **copies(Arrow_nulls=pa.nulls(3), Arrow_integers=pa.array([1, 2, 3])),
    **copies(ids=IDS, ids_as_arrays=list(map(np.array, IDS)), array=np.array(IDS)),
    **copies(ids_of_uint64=np.array(IDS, "u8"), a_long_word=["x" * 1_000_000, "film"]),
    **copies(ids_with_NaN=np.where(np.eye(3) > 0, NAN, 1), frame=pd.DataFrame(IDS)),
    **copies(dates=[[datetime.date(2020, 1, 1)]] * 3),
    **copies(sparse_matrix=sp.csr_array(np.eye(3)), array_of_numbers=np.arange(5)),
    **copies(lists_of_words=[text.split() for text in TEXTS]),
    **copies(dicts=[{"text": t} for t in TEXTS], array_of_bytes=np.array(TEXTS, "S")),
    **copies(texts_as_bytes=[text.encode() for text in TEXTS]),
    **copies(texts_and_None=[*TEXTS, None], texts_and_a_number=[*TEXTS, 3]),
    "generator": lambda: iter(TEXTS),
    "generator that raises": _raise_midway,
    "exhausted generator": lambda: iter(()),
    "ids as generators": lambda: map(iter, IDS),
    "StringIO": lambda: io.StringIO("\n".join(TEXTS)),
    "open files": lambda: [io.BytesIO(text.encode()) for text in TEXTS],
    "closed files": lambda: _close(io.BytesIO(b"film")),
}

# The parameters exist here and, by `cases.PEER_NAMES`, in MLPClassifier.
GRIDS = {
    **copies(None, 3, "l2", {}, [], [None], [["l2", 0.1]], ({"l2": [0.1]},)),
    **copies({"l2": [0.0, 0.1]}, {"l2": []}, {"l2": 0.1}, {"l2": {0: 1, 1: 5}}),
    **copies({"nonsense": [1, 2]}, {3: [1, 2]}, {None: [1, 2]}, {"l2": [0.1, -1.0]}),
    **copies({"l2": [-1.0, "a"]}, {"size": [[4], [4, 4]]}, {"l2": [NAN, 0.1]}),
    **copies({"l2": [0.1, 0.1]}, [{"l2": [0.1]}, {"size": [4]}], {"l2": {0.0, 0.1}}),
    **copies({"l2": np.array([0.0, 0.1])}, {"l2": np.array([[0.0, 0.1]])}),
    **copies({"activation": "relu"}, {"random_state": [None, 0]}),
    **copies(Series={"l2": pd.Series([0.0])}, DataFrame=pd.DataFrame({"l2": [0.1]})),
    **copies(functions={"activation": [np.tanh, "relu"]}),
    "generator": lambda: {"l2": iter([0.0, 0.1])},
    "generator of dicts": lambda: iter([{"l2": [0.0]}, {"l2": [0.1]}]),
}

PARTS = [(30, 30, 40), (30, 30, 50), (30, -10, 0), (0, 0, 40), (40, 0, 0), (40, 0, 40)]
SPLIT = "first {}, validated on {} to {}"
SPLITTERS = {
    **copies(2, 1, 0, -1, N_SAMPLES, 1000, 2.0, "kfold", KFold, GroupKFold(2)),
    **copies(KFold(2), [], [1, 2], ShuffleSplit(1, random_state=0), BadSplitter()),
    **{
        "first {}, validated on {} to {}".format(*part): partial(_split, *part)
        for part in PARTS
    },
    **copies(masks=[(np.arange(40) < 30, np.arange(40) >= 30)]),
    **copies(lists=[([*range(30)], [*range(30, 40)])], triples=[(np.arange(9),) * 3]),
    **copies(floats=[(np.arange(30.0), np.arange(30.0, 40.0))]),
    **copies(training_part_of_one_class=[(np.flatnonzero(Y), np.flatnonzero(Y == 0))]),
    "generator": lambda: KFold(2).split(X),
}

RETURNED = [0.5, None, NAN, INF, "good", np.ones(2), np.array(0.5), True, 1j]
RETURNED += [{"a": 0.5, "b": 1}, {"a": None}, {}]
SCORING = {
    **copies(None, 3, int, "accuracy", "roc_auc", "average_precision", "neg_log_loss"),
    **copies("r2", "adjusted_rand_score", "acuracy", "", [], {}, {"accuracy"}),
    **copies(["accuracy", "f1"], ["accuracy", "accuracy"], ["accuracy", "nonsense"]),
    **copies(("accuracy", "f1"), {"a": None}, {1: "accuracy"}),
    **copies(scorer=make_scorer(f1_score), scorers=[make_scorer(f1_score)]),
    **copies(dict_of_scorers={"a": "accuracy", "b": make_scorer(f1_score)}),
    **copies(metric=f1_score, raises=give_up),
    **{
        f"function that returns {value!r}": lambda value=value: lambda *args: value
        for value in RETURNED
    },
    "function without arguments": lambda: lambda: 0.5,
}

ROWS = [
    {"candidate": c, "size": s, "repeat": 0, "fold": f, "epoch": e, "val_loss": 1 / e}
    for c, s in [("None", None), ("wide", 16)]
    for f in range(2)
    for e in range(1, 4)
]
HISTORY = pd.DataFrame(ROWS)


def _read_back(write, read):
    file = io.BytesIO()
    write(HISTORY, file)
    file.seek(0)
    return read(file)


FILES = {
    "CSV": (partial(pd.DataFrame.to_csv, index=False), pd.read_csv),
    "CSV with the index": (pd.DataFrame.to_csv, pd.read_csv),
    "CSV of text": (pd.DataFrame.to_csv, partial(pd.read_csv, dtype=str)),
    "CSV, Arrow": (
        pd.DataFrame.to_csv,
        partial(pd.read_csv, dtype_backend="pyarrow", engine="pyarrow"),
    ),
    "JSON": (pd.DataFrame.to_json, pd.read_json),
    "pickle": (pd.DataFrame.to_pickle, pd.read_pickle),
    "Parquet": (pd.DataFrame.to_parquet, pd.read_parquet),
    "Feather": (pd.DataFrame.to_feather, pd.read_feather),
}
HISTORIES = {
    **{name: partial(_read_back, *pair) for name, pair in FILES.items()},
    **{f"without {name}": partial(HISTORY.drop, columns=name) for name in HISTORY},
    **ANYTHING,
    **copies(rows=ROWS, twice=pd.concat([HISTORY, HISTORY]), empty=HISTORY[:0]),
    **copies(reversed=HISTORY[::-1], polars=pl.DataFrame(ROWS), one_epoch=HISTORY[:1]),
    **copies(index=HISTORY.set_index(["candidate", "fold"]), columns=dict(HISTORY)),
    **copies(one_curve={"loss": [1.0, 0.5]}, lists=HISTORY.to_dict("list")),
    **copies(NaN=HISTORY.assign(val_loss=NAN), infinite=HISTORY.assign(val_loss=INF)),
    **copies(texts=HISTORY.assign(val_loss="a"), objects=HISTORY.astype(object)),
    **copies(missing_epoch=HISTORY.assign(epoch=[NAN, *range(11)])),
}


def make_callback(method, act):
    """Make a callback of Keras that acts on the logs after each batch or epoch."""
    from keras.callbacks import Callback

    callback = Callback()
    setattr(callback, method, lambda number, logs=None: act(callback, logs))
    return callback


def _stop(callback, logs):
    callback.model.stop_training = True


ACTIONS = {
    "raises": give_up,
    "stops": _stop,
    "clears the logs": lambda callback, logs: logs.clear(),
    "adds text": lambda callback, logs: logs.update(note="text"),
    "adds an array": lambda callback, logs: logs.update(note=np.ones(3)),
    "changes the loss": lambda callback, logs: logs.update(loss="low"),
    "sets weights": lambda callback, logs: callback.model.set_weights(
        [w * 0 for w in callback.model.get_weights()]
    ),
}
CALLBACKS = {
    f"{method} {name}": partial(make_callback, method, act)
    for method in ("on_train_batch_end", "on_epoch_end", "on_test_batch_end")
    for name, act in ACTIONS.items()
}

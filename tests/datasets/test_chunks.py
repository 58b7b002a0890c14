"""A stream of tables, shuffled in a buffer."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skimdb.datasets import shuffle_chunks


def cut(n_rows, sizes):
    """Yield tables of numbers and their names, with the given sizes in turn."""
    start = 0
    while start < n_rows:
        for size in sizes:
            rows = np.arange(start, min(start + size, n_rows))
            yield pd.DataFrame({"number": rows, "name": rows.astype(str)})
            start += size


def gather(chunks):
    return pa.concat_tables(chunks).to_pydict()


@settings(deadline=None, max_examples=30)
@given(
    n_rows=st.integers(1, 300),
    sizes=st.lists(st.integers(1, 80), min_size=1, max_size=3),
    buffer_size=st.integers(2, 120),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_row_comes_once(n_rows, sizes, buffer_size, seed):
    chunks = list(
        shuffle_chunks(cut(n_rows, sizes), buffer_size=buffer_size, random_state=seed)
    )
    assert all(len(chunk) >= buffer_size // 2 for chunk in chunks[:-1])
    rows = gather(chunks)
    assert sorted(rows["number"]) == list(range(n_rows))
    assert rows["name"] == [str(number) for number in rows["number"]]


def test_order_depends_on_the_seed_alone():
    one, same, other = (
        gather(shuffle_chunks(cut(500, [30]), buffer_size=100, random_state=seed))
        for seed in (0, 0, 1)
    )
    assert one == same
    assert one != other
    assert one["number"][:100] != sorted(one["number"][:100])


def test_rows_meet_those_of_other_chunks():
    """A row moves by about the size of the buffer."""
    chunks = shuffle_chunks(cut(10_000, [500]), buffer_size=2000, random_state=0)
    number = np.array(gather(chunks)["number"])
    moved = np.abs(number - np.arange(10_000))
    assert 500 < moved.mean() < 2000
    # Neighbours in the output were far apart in the input.
    assert np.abs(np.diff(number)).mean() > 400


def test_reads_no_more_than_fits_into_the_buffer():
    read = []

    def watch():
        for i, chunk in enumerate(cut(1000, [10])):
            read.append(i)
            yield chunk

    shuffled = shuffle_chunks(watch(), buffer_size=100)
    assert not read
    next(shuffled)
    assert len(read) == 10
    next(shuffled)
    assert len(read) == 15


@pytest.mark.parametrize(
    "convert",
    [
        pa.Table.from_pandas,
        pa.RecordBatch.from_pandas,
        lambda frame: frame.set_index(frame["number"] + 7),
        lambda frame: {name: frame[name].to_numpy() for name in frame},
    ],
)
def test_tables_of_all_kinds(convert):
    given_frames = shuffle_chunks(cut(50, [9]), buffer_size=20, random_state=0)
    converted = map(convert, cut(50, [9]))
    others = shuffle_chunks(converted, buffer_size=20, random_state=0)
    assert gather(given_frames) == gather(others)


COLUMNS = {
    "int": [1, 2],
    "float": [0.5, None],
    "bool": [True, False],
    "object": [True, None],
    "text": ["a", "b"],
    "lists": [[1], []],
    "category": pd.Categorical(["a", "b"]),
    "wide category": pd.Categorical([str(i) for i in range(300)]),
    "date": pd.to_datetime(["2020-01-01", None]),
    "zone": pd.to_datetime(["2020-01-01", None], utc=True),
    "period": pd.period_range("2020", periods=2, freq="D"),
    "string": pd.array(["a", None], "string"),
    "arrow": pd.array(["a", None], "string[pyarrow]"),
    "Int64": pd.array([1, None], "Int64"),
    "boolean": pd.array([True, None], "boolean"),
}
JOINED = [
    {"int", "float", "Int64"},
    {"bool", "object", "boolean"},
    {"text", "string", "arrow"},
    {"category", "wide category"},
    *({name} for name in ("lists", "date", "zone", "period")),
]
WITHOUT_VALUES = [
    [np.nan, np.nan],  # as in an empty column of pandas.read_csv
    [None, None],
    [pd.NaT, pd.NaT],
    pd.Categorical([None, None]),
    pd.Categorical([None, None], categories=[1.5]),
    pd.array([pd.NA, pd.NA], "Int64"),
    pd.array([pd.NA, pd.NA], "string"),
    [],
    None,  # no such column
]


def make_chunk(values):
    column = {} if values is None else {"a": values}
    n_rows = 2 if values is None else len(values)
    return pd.DataFrame({"n": np.zeros(n_rows)} | column)


def list_values(tables):
    """Return the values of the column "a" without nulls, sorted, as strings."""
    tables = [table for table in tables if "a" in table.column_names]
    values = [value for table in tables for value in table["a"].to_pylist()]
    return sorted(str(value) for value in values if value is not None)


@pytest.mark.parametrize("kind", COLUMNS)
def test_column_without_values_in_some_chunks(kind):
    frame = make_chunk(COLUMNS[kind])
    for other in map(make_chunk, WITHOUT_VALUES):
        for frames in ([frame, other], [other, frame], [other, other, frame, other]):
            expected = list_values([pa.Table.from_pandas(frame)])
            for size in (2, 5, 1000):
                shuffled = list(shuffle_chunks(frames, buffer_size=size))
                assert list_values(shuffled) == expected
                assert sum(map(len, shuffled)) == sum(map(len, frames))


@pytest.mark.parametrize("first", COLUMNS)
def test_types_are_joined_without_loss_or_refused(first):
    joined = {first}
    for second in COLUMNS:
        frames = [make_chunk(COLUMNS[name]) for name in (first, second)]
        try:
            rows = list(shuffle_chunks(frames))
        except TypeError as error:
            message = str(error)
            assert re.search("Expected chunks with .* Got .* Field a has", message)
        else:
            joined.add(second)
            tables = map(pa.Table.from_pandas, frames)
            expected = list_values(tables)
            assert [v.removesuffix(".0") for v in list_values(rows)] == expected
    assert any(group >= joined for group in JOINED)


def test_columns_in_another_order():
    frames = [make_chunk([1, 2]), make_chunk([3, 4])[["a", "n"]]]
    assert sorted(gather(shuffle_chunks(frames))["a"]) == [1, 2, 3, 4]


def test_missing_column_is_filled_with_nulls():
    frames = [make_chunk([1, 2]), *[make_chunk(None)] * 3]
    chunks = list(shuffle_chunks(frames, buffer_size=2, random_state=0))
    assert len(chunks) > 3
    assert list_values(chunks) == ["1", "2"]


def test_same_schema_is_kept():
    schema = pa.schema({"text": pa.large_string(), "y": pa.int8()})
    chunks = [pa.table([["a"], [None]], schema=schema)] * 5
    shuffled = list(shuffle_chunks(chunks, buffer_size=2))
    assert all(chunk.schema == schema for chunk in shuffled)


@pytest.mark.parametrize(
    "frames",
    [
        [{"a": [2**60 + 1]}, {"a": [0.5]}],  # not exact as a float
        [{"a": ["007"]}, {"a": [7]}],
        [{"a": [True]}, {"a": [1]}],
    ],
)
def test_types_that_differ_are_refused(frames):
    with pytest.raises(TypeError, match=r"Expected chunks with the same .* dtype in"):
        list(shuffle_chunks(map(pd.DataFrame, frames)))


def test_nothing_from_nothing():
    assert list(shuffle_chunks([])) == []


@pytest.mark.parametrize(
    "chunk",
    [
        [1, 2],
        np.zeros(3),
        "text",
        pd.Series([1]),
        {"a": [1], "b": [1, 2]},
        pd.DataFrame({"a": [1, "text"]}),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"a": [1j]}),
    ],
)
def test_chunk_that_is_not_a_table(chunk):
    name = type(chunk).__name__
    with pytest.raises(TypeError, match=f"Expected chunks that are .* got {name}"):
        list(shuffle_chunks([chunk]))


def test_wrong_parameters():
    with pytest.raises(ValueError, match="buffer_size"):
        shuffle_chunks([], buffer_size=1)

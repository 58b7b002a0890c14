"""A stream of tables, shuffled in a buffer."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skimdb.datasets import shuffle_chunks


def cut(n_rows, sizes):
    """Tables of the numbers from 0 and their names, of these sizes in turn."""
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
    """Two halves of one label each: a row moves by about the size of the buffer."""
    chunks = shuffle_chunks(cut(10_000, [500]), buffer_size=2000, random_state=0)
    number = np.array(gather(chunks)["number"])
    moved = np.abs(number - np.arange(10_000))
    assert 500 < moved.mean() < 2000
    # Neighbours in the output came from places far apart.
    assert np.abs(np.diff(number)).mean() > 400


def test_no_more_is_read_than_the_buffer_holds():
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


def test_columns_whose_type_differs_between_chunks():
    """As of a CSV file, of which only some chunks have missing values."""
    frames = [pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [0.5, None]})]
    rows = gather(shuffle_chunks(frames, buffer_size=3, random_state=0))
    assert sorted(map(str, rows["a"])) == ["0.5", "1.0", "2.0", "None"]


def test_nothing_from_nothing():
    assert list(shuffle_chunks([])) == []


@pytest.mark.parametrize("chunk", [[1, 2], np.zeros(3), "text"])
def test_no_table(chunk):
    with pytest.raises(TypeError, match="Chunks must be tables"):
        list(shuffle_chunks([chunk]))


def test_wrong_parameters():
    with pytest.raises(ValueError, match="buffer_size"):
        shuffle_chunks([], buffer_size=1)

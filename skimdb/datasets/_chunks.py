"""Shuffle a stream of tables in a buffer."""

from collections.abc import Iterable, Iterator
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.utils import check_random_state

from skimdb._sklearn import HasMethods, Interval, validate_params

# The built-in bases of the errors that pyarrow raises for unsuitable data
_ARROW_ERRORS = (TypeError, ValueError, NotImplementedError)


@validate_params(
    {
        "chunks": [HasMethods("__iter__")],
        "buffer_size": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def shuffle_chunks(
    chunks: Iterable[Any],
    *,
    buffer_size: int = 100_000,
    random_state: int | np.random.RandomState | None = None,
) -> Iterator[pa.Table]:
    """Shuffle the rows of a stream of tables that does not fit in memory.

    Rows are collected in a buffer. When the buffer is full, a random half of its rows
    is yielded in random order. A row therefore moves by about `buffer_size` rows. If
    the files are sorted, for example by label, shuffle them as a whole when you write
    them.

    Read more in the :ref:`User Guide <guide-streaming>`.

    Parameters
    ----------
    chunks : iterable of pyarrow.RecordBatch, pyarrow.Table, pandas.DataFrame or dict
        Tables with the same columns, for example from
        `pyarrow.dataset.Dataset.to_batches` or from `pandas.read_csv` with a
        `chunksize`. A dict contains arrays of equal length. Columns are matched by
        name. If a chunk lacks a column of earlier chunks, nulls replace it. Integers
        become floats if another chunk contains floats. Other types must be the same
        in all chunks, except in chunks where all values of the column are missing.
    buffer_size : int, default=100_000
        Number of rows in memory, in addition to the current chunk.
    random_state : int, RandomState instance or None, default=None
        Determines the order. Pass a different int for each epoch.

    Returns
    -------
    chunks : generator of pyarrow.Table
        Tables of at least ``buffer_size // 2`` rows. The last table contains the
        remaining rows.

    Raises
    ------
    TypeError
        If a chunk is not a table, or its columns do not match other chunks.

    Examples
    --------
    >>> import pandas as pd
    >>> from skimdb.datasets import shuffle_chunks
    >>> chunks = [pd.DataFrame({"label": [i, i, i]}) for i in range(3)]
    >>> for chunk in shuffle_chunks(chunks, buffer_size=6, random_state=0):
    ...     print(chunk["label"].to_pylist())
    [1, 0, 0]
    [0, 2, 2]
    [1, 2, 1]
    """
    return _shuffle(chunks, buffer_size, check_random_state(random_state))


def _shuffle(chunks, buffer_size, random_state):
    tables, n_rows = [], 0
    for chunk in chunks:
        tables.append(_make_table(chunk))
        n_rows += len(tables[-1])
        if n_rows >= buffer_size:
            n_kept = buffer_size - buffer_size // 2
            drawn, kept = _draw_rows(tables, n_rows - n_kept, random_state)
            tables, n_rows = [kept], n_kept
            yield drawn
            del drawn  # before more is read
    if n_rows:
        yield _draw_rows(tables, n_rows, random_state)[0]


def _draw_rows(tables, n_drawn, random_state):
    """Return two tables in random order: the drawn rows, and the other rows."""
    if not all(table.schema.equals(tables[0].schema) for table in tables):
        tables = map(_untype_nulls, tables)
    try:
        rows = pa.concat_tables(tables, promote_options="permissive")
        order = random_state.permutation(len(rows))
        return rows.take(order[:n_drawn]), rows.take(order[n_drawn:])
    except _ARROW_ERRORS as error:
        raise TypeError(
            "Expected chunks with the same columns and types. Set the types when you "
            f"read the chunks, for example with dtype in pandas.read_csv. Got {error}"
        ) from error


def _untype_nulls(table):
    """Give columns without values the null type, which matches every other type."""
    for place, column in enumerate(table.columns):
        if column.null_count == len(column):
            nulls = pa.nulls(len(column))
            table = table.set_column(place, table.column_names[place], nulls)
    return table


def _make_table(chunk):
    try:
        if isinstance(chunk, pd.DataFrame):
            return pa.Table.from_pandas(chunk, preserve_index=False)
        return pa.table(chunk)
    except _ARROW_ERRORS as error:
        raise TypeError(
            "Expected chunks that are tables of pyarrow or pandas, or dicts of equally "
            f"long arrays, got {type(chunk).__name__}: {error}"
        ) from error

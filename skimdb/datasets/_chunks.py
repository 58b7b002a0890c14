"""A stream of tables, shuffled in a buffer."""

from numbers import Integral

import pandas as pd
import pyarrow as pa
from sklearn.utils import check_random_state

from skimdb._sklearn import HasMethods, Interval, validate_params


@validate_params(
    {
        "chunks": [HasMethods("__iter__")],
        "buffer_size": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def shuffle_chunks(chunks, *, buffer_size=100_000, random_state=None):
    """Shuffle the rows of a stream of tables, of which a part is in memory.

    Rows are collected in a buffer. Whenever it is full, a random half of it is given
    out, in random order. So rows move by about a buffer's size, and those that are
    farther apart hardly meet: shuffle files that are sorted, by label say, as a whole
    when they are written.

    Parameters
    ----------
    chunks : iterable of pyarrow.RecordBatch, pyarrow.Table, pandas.DataFrame or dict
        Tables of the same columns, such as `pyarrow.dataset.Dataset.to_batches` or
        `pandas.read_csv` with a `chunksize` give; a dict is of equally long arrays.
    buffer_size : int, default=100_000
        Rows in memory, together with the chunk that is read.
    random_state : int, RandomState instance or None, default=None
        Determines the order. Give each epoch its own.

    Returns
    -------
    chunks : generator of pyarrow.Table
        Of ``buffer_size // 2`` rows or more each; the last has those that are left.

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
    """Draw rows of tables: those, and the others, both in random order."""
    rows = pa.concat_tables(tables, promote_options="permissive")
    order = random_state.permutation(len(rows))
    return rows.take(order[:n_drawn]), rows.take(order[n_drawn:])


def _make_table(chunk):
    if isinstance(chunk, pd.DataFrame):
        return pa.Table.from_pandas(chunk, preserve_index=False)
    try:
        return pa.table(chunk)
    except (TypeError, ValueError) as error:
        raise TypeError(
            "Chunks must be tables of pyarrow or pandas, or dicts of equally long "
            f"arrays. {type(chunk).__name__} is none: {error}"
        ) from error

"""Documents: from any container to chunks of texts, items or token ids."""

import math
import os
import reprlib
from itertools import chain, islice

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api.types import is_object_dtype

from skimdb._checks import describe_rows

# Large enough to make the cost per chunk negligible, small enough to save memory.
CHUNK_BYTES = 2**19
FIRST_CHUNK_ROWS = 512
ARROW_ROWS = 4096  # to convert at a time
# At most this many short documents are analyzed one by one, which starts sooner:
# examples/benchmarks/bench_training.py, section "predict_one".
_FEW = 4


class Documents:
    """Documents, which can be read once, chunk by chunk.

    Parameters
    ----------
    X : iterable
        Arrow data, also from pandas and polars, is converted in parts.
    input : {"content", "file", "filename", "sequences"}
        Kind of the documents. With "content", sequences of ids are recognized.
    any_kind : bool
        Whether a callable takes the documents, which therefore need not be texts.
    short : int
        Size below which a few documents are faster to analyze one by one.

    Attributes
    ----------
    are_ids : bool
        Whether the documents are sequences of token ids.
    n_documents : int or float
        Number of documents; infinity if it is not known.
    are_few : bool
        Whether the documents are known to be too few for bulk processing to pay.
    """

    def __init__(self, X, input, any_kind, short):  # noqa: A002
        X = _open_container(X, input)
        self.n_documents = len(X) if hasattr(X, "__len__") else math.inf
        if isinstance(X, pa.ChunkedArray):
            X = _iterate_arrow(X)
        may_be_few = input == "content" and self.n_documents <= _FEW
        if may_be_few:
            X = list(X)
        first, self._rest = _look_ahead(X)
        nested = isinstance(first, list | tuple | range | np.ndarray)
        self.are_ids = input == "sequences" or (
            input == "content" and nested and not any_kind
        )
        sizes = (len(item) for item in X if isinstance(item, str | bytes))
        self.are_few = may_be_few and sum(sizes) <= short
        self._input = input
        self._any_kind = any_kind

    def read_items(self, function):
        """Yield lists of ``function(item)``."""

        def convert(row, items):
            if self._input != "content" or not self._any_kind:
                self._check_items(row, items)
            return _call_each(function, row, items)

        return self._read_chunks(convert)

    def read_texts(self, decode):
        """Yield lists of texts (str).

        `decode` makes a str from bytes, a file or the name of a file.
        """

        def convert(row, items):
            are_texts = all(issubclass(kind, str) for kind in set(map(type, items)))
            if self._input == "content" and are_texts:
                return items
            self._check_items(row, items)
            return _call_each(decode, row, items)

        return self._read_chunks(convert)

    def read_ids(self):
        """Yield the token ids, as Arrow arrays of lists of int64."""
        return self._read_chunks(_to_ids)

    def _check_items(self, row, items):
        """Raise an error for an item that is not of the kind that `input` names."""
        expected, is_right = {
            "content": ("a text (str or bytes)", lambda x: isinstance(x, str | bytes)),
            "file": ("an open file", lambda x: hasattr(x, "read")),
            "filename": ("a file name", lambda x: isinstance(x, str | os.PathLike)),
        }[self._input]
        for i, item in enumerate(items, row):
            if not is_right(item):
                raise ValueError(
                    f"Expected {expected} as document {i} (counted from 0), got "
                    f"{_describe(item)}. Set `input` to the kind of the documents: "
                    "'content' for texts, 'file' or 'filename' for files, 'sequences' "
                    "for token ids. For lists of words, set analyzer=list."
                )

    def _read_chunks(self, convert):
        row, n_rows = 0, FIRST_CHUNK_ROWS
        while items := list(islice(self._rest, n_rows)):
            if set(map(type, items)) != {str} and _find_missing(items).any():
                _raise_missing(row + _find_missing([*items, *self._rest]).nonzero()[0])
            chunk = convert(row, items)
            yield chunk
            row += len(items)
            n_rows = _choose_chunk_size(n_rows, chunk)


def _call_each(function, row, items):
    """List ``function(item)`` of each item; errors name the row of the document."""
    results = []
    for i, item in enumerate(items, row):
        try:
            results.append(function(item))
        except UnicodeDecodeError as error:
            raise ValueError(
                f"Could not decode document {i} (counted from 0): {error}. Set its "
                "`encoding`, or decode_error='replace' or 'ignore'."
            ) from error
        except Exception as error:
            error.add_note(
                f"Raised for document {i} (counted from 0): {_describe(item)}"
            )
            raise
    return results


def _choose_chunk_size(n_rows, chunk):
    """Choose the number of rows of the next chunk, to make it about `CHUNK_BYTES`."""
    n_bytes = chunk.nbytes if isinstance(chunk, pa.Array) else sum(map(len, chunk))
    return min(max(n_rows * CHUNK_BYTES // max(n_bytes, 1), 1), 4 * n_rows)


def _open_container(X, input):  # noqa: A002
    """Return documents as a ChunkedArray if they are Arrow data, else an iterable."""
    shape = getattr(X, "shape", None)
    n_dimensions = 1 if shape is None else len(shape)
    is_table = hasattr(X, "columns") or n_dimensions == 2
    if input == "sequences" and is_table and hasattr(X, "__array__"):
        return np.asarray(X)
    has_items = hasattr(X, "__iter__") or hasattr(X, "__arrow_c_stream__")
    is_one = isinstance(X, str | bytes | dict | set | frozenset)
    if not has_items or is_one or is_table or n_dimensions != 1:
        described = f" of shape {tuple(shape)}" if shape is not None else ""
        raise ValueError(
            "Expected an ordered one-dimensional collection of documents, got "
            f"{type(X).__name__}{described}. Pass a list or an array of documents, "
            "[text] for a single text, or one column of a table, such as table['text']."
        )
    if isinstance(X, pa.Array):
        X = pa.chunked_array([X])
    elif hasattr(X, "__arrow_c_stream__") and not is_object_dtype(X):
        X = pa.chunked_array(X)
    elif hasattr(X, "__array__"):  # of pandas, NumPy, or a library of tensors
        X = np.asarray(X)
    return X


def _iterate_arrow(X):
    """Iterate over the items of Arrow data. Only some of them are in memory twice."""
    starts = range(0, len(X), ARROW_ROWS)
    return chain.from_iterable(X.slice(i, ARROW_ROWS).to_pylist() for i in starts)


def _look_ahead(X):
    """Return the first item of an iterable, if any, and an iterator over all."""
    rest = iter(X)
    for first in rest:
        rest = chain([first], rest)
        if hasattr(first, "__array__") and not isinstance(
            first, np.ndarray | np.generic
        ):
            rest = map(_read_tensor, rest)
            first = _read_tensor(first)
        return first, rest
    if rest is X:
        raise ValueError(
            "Expected documents, got an iterator without any. A generator can be read "
            "only once: create a new one, or pass a list."
        )
    return None, rest


def _read_tensor(item):
    """Return the text, or the array of token ids, that a tensor contains."""
    array = np.asarray(item)
    return array if array.ndim else array.item()


def _find_missing(items):
    return pd.isna(np.fromiter(items, object, len(items)))


def _raise_missing(rows):
    raise ValueError(
        f"Expected documents, got None or NaN {len(rows)} times, in "
        f"{describe_rows(rows)}. Drop these documents and their labels, or replace "
        "them by ''."
    )


def _to_ids(row, sequences):
    """Return sequences of token ids as an Arrow array of lists of int64."""
    try:
        return _convert_ids(sequences)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        for i, item in enumerate(sequences, row):
            try:
                _convert_ids([item])
            except (pa.ArrowException, TypeError, ValueError, OverflowError):
                raise ValueError(
                    f"Expected a sequence of integers from 0 to 2**63 - 1 as document "
                    f"{i} (counted from 0), got {_describe(item)}. Convert floats to "
                    "integers, and leave out negative padding. For lists of words, set "
                    "analyzer=list."
                ) from error
        raise


def _convert_ids(sequences):
    try:
        array = pa.array(sequences)
    except (pa.ArrowException, TypeError):  # such as ranges, or Series
        array = pa.array([list(sequence) for sequence in sequences])
    kind = getattr(array.type, "value_type", array.type)
    if not (pa.types.is_integer(kind) or pa.types.is_null(kind)):
        raise TypeError(f"they are of type {array.type}")
    array = array.cast(pa.large_list(pa.int64()))
    ids = array.flatten()
    if ids.null_count or (pc.min(ids).as_py() or 0) < 0:
        raise ValueError("an id is missing or negative")
    return array


def _describe(item):
    return f"{type(item).__name__} {reprlib.repr(item)}"

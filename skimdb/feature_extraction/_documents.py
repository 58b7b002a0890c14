"""Reading documents: from whatever holds them to chunks in Arrow."""

from itertools import chain, islice

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api.types import is_object_dtype

from skimdb.feature_extraction._tokenize import POOL

# Large enough that calls per chunk cost nothing, small enough for little memory.
CHUNK_BYTES = 2**19
FIRST_CHUNK_ROWS = 512
# Documents that are read sooner one by one: examples/benchmarks/bench_training.py,
# section "predict_one".
_FEW = 4


class Documents:
    """Documents, readable once, chunk by chunk.

    Parameters
    ----------
    X : iterable
        Arrow data, also of pandas and polars, is read without a copy.
    input : {"content", "file", "filename", "sequences"}
        What the items are. As "content", sequences of ids are recognized.
    any_kind : bool
        Whether the items may be anything, so that only `read_items` reads them.

    Attributes
    ----------
    are_ids : bool
        Whether the items are sequences of token ids.
    are_few : bool
        Whether it is known that bulk processing would take longer than it saves.
    """

    def __init__(self, X, input, any_kind=False):  # noqa: A002
        _check_container(X, input)
        self._array, self._rest = _to_arrow(X), None
        if self._array is not None:
            nested = pa.types.is_nested(self._array.type)
        else:
            first, self._rest = _look_ahead(X)
            nested = isinstance(first, list | tuple | range | np.ndarray)
        self.are_ids = input == "sequences" or (
            input == "content" and nested and not any_kind
        )
        self.are_few = hasattr(X, "__len__") and len(X) <= _FEW
        self._input = input
        self._any_kind = any_kind

    def read_items(self):
        """Yield ``(first row, list of items)``, the items as they are."""
        row = 0
        while len(chunk := self._take(row, FIRST_CHUNK_ROWS)):
            items = _to_list(chunk)
            if self._input == "content" and not self._any_kind:
                for i, item in enumerate(items, row):
                    _check_text(i, item)
            yield row, items
            row += len(items)

    def read_texts(self, decode):
        """Yield Arrow arrays of large_binary: the texts in UTF-8.

        `decode` makes a str of bytes, a file or a file's name.
        """

        def convert(row, chunk):
            if self._input in ("file", "filename"):
                chunk = _decode_items(row, _to_list(chunk), decode)
            return _to_utf8(row, chunk, decode)

        return self._read_chunks(convert)

    def read_ids(self):
        """Yield Arrow arrays of lists of int64: the token ids."""
        return self._read_chunks(_to_ids)

    def _take(self, row, n_rows):
        if self._array is not None:
            return self._array.slice(row, n_rows)
        chunk = list(islice(self._rest, n_rows))
        missing = [row + i for i, item in enumerate(chunk) if _is_missing(item)]
        if missing:
            rest = enumerate(self._rest, row + len(chunk))
            missing += [i for i, item in rest if _is_missing(item)]
            raise ValueError(_describe_missing(missing))
        return chunk

    def _read_chunks(self, convert):
        """Yield chunks of about `CHUNK_BYTES`.

        How many rows that is, the chunk before tells.
        """
        row, n_rows = 0, FIRST_CHUNK_ROWS
        while len(chunk := self._take(row, n_rows)):
            array = convert(row, chunk)
            yield array
            row += len(chunk)
            fitting = n_rows * CHUNK_BYTES // max(array.nbytes, 1)
            n_rows = min(max(fitting, 1), 4 * n_rows)


def analyze_items(row, items, analyze):
    """Yield the tokens of each item, or raise an error that names its row."""
    for i, item in enumerate(items, row):
        try:
            yield list(analyze(item))
        except UnicodeDecodeError as error:
            raise ValueError(_describe_undecodable(i, error)) from error


def _check_container(X, input):  # noqa: A002
    kind = type(X).__name__
    if isinstance(X, str | bytes):
        raise ValueError(
            "Iterable over raw text documents expected, string object received. For a "
            "single document pass a list that holds it."
        )
    if not (hasattr(X, "__iter__") or hasattr(X, "__arrow_c_stream__")):
        raise ValueError(f"Iterable over raw text documents expected, got {kind}.")
    shape = getattr(X, "shape", None)
    flat = shape is None or len(shape) == 1
    padded_ids = input == "sequences" and isinstance(X, np.ndarray) and len(shape) == 2
    if not (flat or padded_ids) or isinstance(X, dict) or hasattr(X, "columns"):
        described = kind if shape is None else f"{kind} of shape {shape}"
        raise ValueError(
            f"A one-dimensional collection of documents expected, got {described}. Of "
            "a table pass the one column that holds the texts; rows of token ids are "
            "read with input='sequences'."
        )


def _to_arrow(X):
    """Arrow data, without a copy, as a ChunkedArray; None for anything else."""
    if isinstance(X, pa.Array):
        X = pa.chunked_array([X])
    elif hasattr(X, "__arrow_c_stream__") and not is_object_dtype(X):
        X = pa.chunked_array(X)
    if not isinstance(X, pa.ChunkedArray):
        return None
    if pa.types.is_dictionary(X.type):
        X = pa.chunked_array([_decode_dictionary(part) for part in X.chunks])
    if X.null_count:
        raise ValueError(_describe_missing(np.flatnonzero(pc.is_null(X).to_numpy())))
    return X


def _look_ahead(X):
    """First item of an iterable, None if there is none, and an iterator of all."""
    rest = iter(X)
    for first in rest:
        return first, chain([first], rest)
    if rest is X:
        raise ValueError(
            "The iterator of documents has nothing (more) to give. A generator can be "
            "read only once: make a new one, or pass a list."
        )
    return None, rest


def _is_missing(item):
    return item is None or item is pd.NA or (isinstance(item, float) and item != item)


def _describe_missing(rows):
    shown = ", ".join(map(str, rows[:10])) + (", ..." if len(rows) > 10 else "")
    return (
        f"{len(rows)} of the documents are missing (None or NaN), in rows {shown} "
        "(counted from 0). Drop them, with their labels, or put '' in their place."
    )


def _describe_undecodable(row, error):
    return (
        f"Document {row} (counted from 0) does not decode: {error}. Pass the encoding "
        "it has, or decode_error='replace' or 'ignore'."
    )


def _check_text(row, item):
    if not isinstance(item, str | bytes):
        raise ValueError(
            f"Documents must be texts (str or bytes), but document {row} (counted from "
            f"0) is of type {type(item).__name__}: {str(item)[:50]}. Sequences of "
            "token ids are read with input='sequences'."
        )


def _decode_items(row, items, decode):
    """Texts of items, or an error that names the row."""
    texts = []
    for i, item in enumerate(items, row):
        try:
            text = decode(item)
        except UnicodeDecodeError as error:
            raise ValueError(_describe_undecodable(i, error)) from error
        _check_text(i, text)
        texts.append(text)
    return texts


def _to_utf8(row, chunk, decode):
    if isinstance(chunk, pa.ChunkedArray):
        if _is_text(chunk.type):
            texts = chunk.cast(pa.large_string()).combine_chunks(memory_pool=POOL)
            return texts.view(pa.large_binary())
        chunk = chunk.to_pylist()
    if not all(issubclass(kind, str) for kind in set(map(type, chunk))):
        chunk = _decode_items(row, chunk, decode)
    try:
        texts = pa.array(chunk, pa.large_string(), memory_pool=POOL)
        return texts.view(pa.large_binary())
    except UnicodeEncodeError:  # lone surrogates
        encoded = [item.encode("utf-8", "surrogatepass") for item in chunk]
        return pa.array(encoded, pa.large_binary())


def _to_ids(row, chunk):
    if not isinstance(chunk, pa.ChunkedArray):
        try:
            chunk = pa.chunked_array([pa.array(chunk)])
        except (pa.ArrowException, TypeError):  # ranges, say, or several kinds
            chunk = pa.chunked_array([pa.array(_check_sequences(row, chunk))])
    if not pa.types.is_nested(chunk.type):
        _check_sequences(row, chunk.to_pylist())
    array = chunk.combine_chunks(memory_pool=POOL)
    kind = array.type.value_type
    if not (pa.types.is_integer(kind) or pa.types.is_null(kind)):
        raise ValueError(
            f"Token ids must be integers, but in the sequences from row {row} on there "
            f"are values of type {kind}. (Texts already split into words are read with "
            "analyzer=list, a callable that leaves them as they are.)"
        )
    array = array.cast(pa.large_list(pa.int64()))
    ids = array.flatten()
    wrong = pc.or_kleene(pc.is_null(ids), pc.less(ids, 0))
    if pc.any(wrong).as_py():
        first = pc.index(wrong, True).as_py()
        raise ValueError(
            f"Token ids must be 0 or more, but document "
            f"{row + pc.list_parent_indices(array)[first].as_py()} (counted from 0) "
            f"holds {ids[first].as_py()}."
        )
    return array


def _check_sequences(row, items):
    for row, item in enumerate(items, row):  # noqa: B020
        if isinstance(item, str | bytes) or not hasattr(item, "__iter__"):
            raise ValueError(
                "Sequences of token ids expected, but document "
                f"{row} (counted from 0) is of type {type(item).__name__}: "
                f"{str(item)[:50]}"
            )
    return [list(item) for item in items]


def _is_text(kind):
    return (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
    )


def _decode_dictionary(array):
    values = array.dictionary
    if _is_text(values.type):  # not all kinds of strings can be taken from
        values = values.cast(pa.large_string())
    return values.take(array.indices)


def _to_list(chunk):
    return chunk.to_pylist() if isinstance(chunk, pa.ChunkedArray) else chunk

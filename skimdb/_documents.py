"""Reading documents: from whatever holds them to chunks in Arrow."""

import collections
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

# Large enough that calls per chunk cost nothing, small enough for little memory.
CHUNK_BYTES = 2**22
FIRST_CHUNK_ROWS = 1024


def map_chunks(function, chunks):
    """Yield ``function(chunk)`` in order, on all cores.

    NumPy, pandas and Arrow leave the interpreter's lock alone for most of their work.
    Only a few chunks are read ahead, so a stream stays a stream.
    """
    threads = min(joblib.cpu_count(), 8)
    with ThreadPoolExecutor(threads) as pool:
        pending = collections.deque()
        for chunk in chunks:
            pending.append(pool.submit(function, chunk))
            if len(pending) > threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


class Documents:
    """Documents, readable once, chunk by chunk.

    Parameters
    ----------
    X : iterable
        Arrow data, also of pandas and polars, is read without a copy.
    input : {"content", "file", "filename", "sequences"}
        What the items are. Among "content", sequences of ids are recognized.

    Attributes
    ----------
    are_sequences : bool
        Whether the items are sequences of token ids.
    """

    def __init__(self, X, input):  # noqa: A002
        _check_container(X, input)
        if isinstance(X, pa.Array):
            X = pa.chunked_array([X])
        elif hasattr(X, "__arrow_c_stream__") and X.dtype != object:
            X = pa.chunked_array(X)
        if isinstance(X, pa.ChunkedArray):
            if pa.types.is_dictionary(X.type):
                X = X.cast(X.type.value_type)
            if X.null_count:
                raise ValueError(_describe_missing(np.flatnonzero(pc.is_null(X))))
            self._array, self._rest, first = X, None, None
            nested = pa.types.is_nested(X.type)
        else:
            self._array, self._rest = None, iter(X)
            nothing = object()
            first = next(self._rest, nothing)
            if first is not nothing:
                self._rest = chain([first], self._rest)
            elif X is iter(X):
                raise ValueError(
                    "The iterator of documents has nothing (more) to give. A generator "
                    "can be read only once: make a new one, or pass a list."
                )
            nested = isinstance(first, list | tuple | range | np.ndarray)
        self.are_sequences = input == "sequences" or (input == "content" and nested)

    def lists(self, n_rows=FIRST_CHUNK_ROWS):
        """Yield ``(first row, list of items)``."""
        row = 0
        while chunk := self._take(row, n_rows):
            if isinstance(chunk, pa.ChunkedArray):
                chunk = chunk.to_pylist()
            yield row, chunk
            row += len(chunk)

    def texts(self, decode):
        """Yield Arrow arrays of large_binary: the texts in UTF-8.

        `decode` makes str of what is not str.
        """
        return self._arrow_chunks(lambda row, chunk: _to_utf8(row, chunk, decode))

    def sequences(self):
        """Yield Arrow arrays of lists of int64: the token ids."""
        return self._arrow_chunks(_to_ids)

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

    def _arrow_chunks(self, convert):
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
            f"A one-dimensional collection of documents expected, got {described}. Of a "
            "table pass the one column that holds the texts; rows of token ids are "
            "read with input='sequences'."
        )


def _is_missing(item):
    return item is None or item is pd.NA or (isinstance(item, float) and item != item)


def _describe_missing(rows):
    shown = ", ".join(map(str, rows[:10])) + (", ..." if len(rows) > 10 else "")
    return (
        f"{len(rows)} of the documents are missing (None or NaN), in rows {shown} "
        "(counted from 0). Drop them, with their labels, or put '' in their place."
    )


def _to_utf8(row, chunk, decode):
    if isinstance(chunk, pa.ChunkedArray):
        if _is_text(chunk.type):
            return _one_array(chunk.cast(pa.large_string())).view(pa.large_binary())
        chunk = chunk.to_pylist()
    if not all(issubclass(kind, str) for kind in set(map(type, chunk))):
        chunk = [decode_item(row + i, item, decode) for i, item in enumerate(chunk)]
    try:
        return pa.array(chunk, pa.large_string()).view(pa.large_binary())
    except UnicodeEncodeError:  # lone surrogates
        encoded = [item.encode("utf-8", "surrogatepass") for item in chunk]
        return pa.array(encoded, pa.large_binary())


def decode_item(row, item, decode):
    """Text of an item, or an error that names its row."""
    try:
        text = decode(item)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"Document {row} (counted from 0) does not decode: {error}. Pass the "
            "encoding it has, or decode_error='replace' or 'ignore'."
        ) from error
    if not isinstance(text, str):
        raise ValueError(
            f"Documents must be texts (str or bytes), but document {row} (counted from "
            f"0) is of type {type(item).__name__}: {str(item)[:50]}. Sequences of token "
            "ids are read with input='sequences'."
        )
    return text


def _to_ids(row, chunk):
    if isinstance(chunk, pa.ChunkedArray):
        array = _one_array(chunk)
    else:
        try:
            array = pa.array(chunk)
        except (pa.ArrowException, TypeError):  # ranges, say, or kinds mixed
            array = pa.array([_to_list(row + i, item) for i, item in enumerate(chunk)])
    if not pa.types.is_nested(array.type):
        _to_list(
            row, chunk[0].as_py() if isinstance(chunk, pa.ChunkedArray) else chunk[0]
        )
    kind = array.type.value_type
    if not (pa.types.is_integer(kind) or pa.types.is_null(kind)):
        raise ValueError(
            f"Token ids must be integers, but among the documents from row {row} on "
            f"there are values of type {kind}."
        )
    array = array.cast(pa.list_(pa.int64()))
    ids = array.flatten()
    if ids.null_count or pc.any(pc.less(ids, 0)).as_py():
        parents = pc.list_parent_indices(array)
        wrong = pc.or_kleene(pc.is_null(ids), pc.less(ids, 0))
        culprit = pc.index(wrong, True).as_py()
        raise ValueError(
            "Token ids must be 0 or more, but document "
            f"{row + parents[culprit].as_py()} (counted from 0) holds {ids[culprit]}."
        )
    return array


def _to_list(row, item):
    if isinstance(item, str | bytes) or not hasattr(item, "__iter__"):
        raise ValueError(
            "With input='sequences' every document is a sequence of token ids, but "
            f"document {row} (counted from 0) is of type {type(item).__name__}."
        )
    return list(item)


def _is_text(kind):
    return (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
    )


def _one_array(chunked):
    chunks = chunked.chunks
    return chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)

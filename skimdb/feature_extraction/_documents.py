"""Reading documents: from whatever holds them to chunks in Arrow."""

import os
from itertools import chain, islice

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from pandas.api.types import is_object_dtype

from skimdb._checks import describe_rows
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
        X = _open_container(X, input)
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
        self._example = None  # the first document that is not blank

    def read_items(self):
        """Yield ``(first row, list of items)``, the items as they are."""
        row = 0
        while len(chunk := self._take(row, FIRST_CHUNK_ROWS)):
            items = _to_list(chunk)
            self._check_items(row, items)
            if self._input != "file":  # those are no texts yet
                self._find_example(items)
            yield row, items
            row += len(items)

    def read_texts(self, decode):
        """Yield Arrow arrays of large_binary: the texts in UTF-8.

        `decode` makes a str of bytes, a file or a file's name.
        """

        def convert(row, chunk):
            if self._input in ("file", "filename"):
                items = _to_list(chunk)
                self._check_items(row, items)
                chunk = _decode_items(row, items, decode)
            texts = _to_utf8(row, chunk, decode)
            self._find_example(str(text.as_py(), "utf-8", "replace") for text in texts)
            return texts

        return self._read_chunks(convert)

    def read_ids(self):
        """Yield Arrow arrays of lists of int64: the token ids."""
        return self._read_chunks(_to_ids)

    def describe_lack(self, n_documents):
        """Say why documents that have all been read have no terms."""
        lack = f"empty vocabulary: none of the {n_documents} documents has a token"
        if self._example is not None:
            return (
                f"{lack}, not even {str(self._example)[:50]!r}. Perhaps they only "
                "contain stop words, or only what separates tokens."
            )
        if self._input == "file":
            return f"{lack}. Are all files blank? An open file can be read only once."
        return f"{lack}: all are blank."

    def _check_items(self, row, items):
        """Raise for what is not of the kind that `input` names."""
        for i, item in enumerate(items, row):
            if self._input == "content" and not self._any_kind:
                _check_text(i, item)
            elif self._input == "file" and not hasattr(item, "read"):
                raise ValueError(_describe_item(i, item, "an open file"))
            elif self._input == "file" and getattr(item, "closed", False):
                raise ValueError(
                    f"Document {i} (counted from 0) is a closed file. Was it opened in "
                    "a with block that has ended? Pass names of files with "
                    "input='filename'."
                )
            elif self._input == "filename" and not isinstance(item, str | os.PathLike):
                raise ValueError(_describe_item(i, item, "the name of a file"))

    def _find_example(self, items):
        if self._example is None:
            self._example = next((item for item in items if not _is_blank(item)), None)

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
        tokens = _call(analyze, i, item)
        if not hasattr(tokens, "__iter__"):
            raise TypeError(
                "The tokenizer or analyzer must return a list of tokens, but for "
                f"document {i} (counted from 0) it returned {tokens!r}."
            )
        yield list(tokens)


def _call(function, row, item):
    """Call a function of documents; what it raises is to name the row."""
    try:
        return function(item)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"Document {row} (counted from 0) does not decode: {error}. Pass the "
            "encoding it has, or decode_error='replace' or 'ignore'."
        ) from error
    except Exception as error:
        error.add_note(f"Raised for document {row} (counted from 0): {item!r:.50}")
        raise


def _open_container(X, input):  # noqa: A002
    """Check what holds the documents; make arrays of tensors and tables of ids."""
    kind = type(X).__name__
    if isinstance(X, str | bytes):
        raise ValueError(
            "Iterable over raw text documents expected, string object received. For a "
            "single document pass a list that holds it."
        )
    if isinstance(X, set | frozenset):
        raise ValueError(
            "The documents of a set have no order, so no row could be told from "
            "another. Pass a list of them, such as sorted(X)."
        )
    if not (hasattr(X, "__iter__") or hasattr(X, "__arrow_c_stream__")):
        raise ValueError(
            f"Iterable over raw text documents expected, got {kind}. Pass a list, an "
            "array or a Series of documents."
        )
    shape = getattr(X, "shape", None)
    n_dimensions = 1 if shape is None else len(shape)
    is_table = hasattr(X, "columns") or n_dimensions == 2
    if input == "sequences" and is_table and hasattr(X, "__array__"):
        return np.asarray(X)
    if n_dimensions != 1 or is_table or isinstance(X, dict):
        described = kind if shape is None else f"{kind} of shape {tuple(shape)}"
        raise ValueError(
            f"A one-dimensional collection of documents expected, got {described}. "
            f"{_advise_on_container(X, input, n_dimensions, is_table)}"
        )
    is_read_as_is = isinstance(X, pd.Series | pa.Array) or hasattr(
        X, "__arrow_c_stream__"
    )
    is_tensor = hasattr(X, "__array__") and not is_read_as_is
    return np.asarray(X) if is_tensor else X


def _advise_on_container(X, input, n_dimensions, is_table):  # noqa: A002
    if n_dimensions == 0:
        return "For a single document pass a list that holds it."
    if isinstance(X, dict):
        return "Pass list(X.values()) if its values are the documents."
    if input == "sequences":
        return "Pass a list of sequences of token ids, or a table with one per row."
    columns = getattr(X, "column_names", None) or getattr(X, "columns", ())
    names = [name for name in columns if isinstance(name, str)]
    column = f"X[{names[0]!r}]" if names else "X[:, 0]"
    if is_table and not sp.issparse(X):
        return (
            f"Of a table pass the one column that holds the texts, such as {column}; a "
            "ColumnTransformer takes its name as a string, not in a list. Rows of "
            "token ids are read with input='sequences'."
        )
    return "What is a matrix of numbers already needs no vectorizer."


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
        rest = chain([first], rest)
        if hasattr(first, "__array__") and not isinstance(
            first, np.ndarray | np.generic
        ):
            rest = map(_read_tensor, rest)
            first = _read_tensor(first)
        return first, rest
    if rest is X:
        raise ValueError(
            "The iterator of documents has nothing (more) to give. A generator can be "
            "read only once: make a new one, or pass a list."
        )
    return None, rest


def _read_tensor(item):
    """Text, or array of token ids, that a tensor holds."""
    array = np.asarray(item)
    return array if array.ndim else array.item()


def _is_blank(item):
    if isinstance(item, str | bytes):
        return not item.strip()
    return isinstance(item, list | tuple) and not item


def _is_missing(item):
    return item is None or item is pd.NA or (isinstance(item, float) and item != item)


def _describe_missing(rows):
    return (
        f"{len(rows)} of the documents are missing (None or NaN), in "
        f"{describe_rows(rows)}. Drop them, with their labels, or put '' in their "
        "place."
    )


def _check_text(row, item):
    if not isinstance(item, str | bytes):
        raise ValueError(_describe_item(row, item, "a text (str or bytes)"))


def _describe_item(row, item, expected):
    """Say what a document is instead of what was expected, and what to do."""
    if hasattr(item, "read"):
        remedy = "Open files are read with input='file'."
    elif isinstance(item, list | tuple | np.ndarray) or hasattr(item, "__next__"):
        remedy = (
            "Sequences of token ids are read with input='sequences', texts already "
            "split into words with analyzer=list."
        )
    elif isinstance(item, os.PathLike):
        remedy = "Files by their names are read with input='filename'."
    elif isinstance(item, str | bytes):
        remedy = "Texts themselves are read with input='content'."
    else:
        remedy = "Is this the column of the documents? str(...) makes it a text."
    return (
        f"Each document must be {expected}, but document {row} (counted from 0) is of "
        f"type {type(item).__name__}: {str(item)[:50]}. {remedy}"
    )


def _decode_items(row, items, decode):
    """Texts of items, or an error that names the row."""
    texts = []
    for i, item in enumerate(items, row):
        text = _call(decode, i, item)
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
    try:
        if not isinstance(chunk, pa.ChunkedArray):
            chunk = _make_lists(row, chunk)
        if not _is_list(chunk.type):
            _check_sequences(row, chunk.to_pylist())
        array = chunk.combine_chunks(memory_pool=POOL)
        kind = array.type.value_type
        if not (pa.types.is_integer(kind) or pa.types.is_null(kind)):
            raise ValueError(_describe_no_integers(row, kind))
        array = array.cast(pa.large_list(pa.int64()))
    except (pa.ArrowException, OverflowError) as error:
        raise ValueError(
            f"Token ids must be integers below 2**63, but those from row {row} on "
            f"(counted from 0) cannot be read as such: {error}"
        ) from error
    ids = array.flatten()
    wrong = pc.or_kleene(pc.is_null(ids), pc.less(ids, 0))
    if pc.any(wrong).as_py():
        first = pc.index(wrong, True).as_py()
        raise ValueError(
            f"Token ids must be 0 or more, but document "
            f"{row + pc.list_parent_indices(array)[first].as_py()} (counted from 0) "
            f"holds {ids[first].as_py()}. Does it stand for padding or an unknown "
            "word? Leave such ids out."
        )
    return array


def _make_lists(row, items):
    try:
        return pa.chunked_array([pa.array(items)])
    # Ranges, say, or several kinds, or texts.
    except (pa.ArrowException, TypeError, UnicodeEncodeError):
        return pa.chunked_array([pa.array(_check_sequences(row, items))])


def _describe_no_integers(row, kind):
    if pa.types.is_floating(kind):
        remedy = "Fill what is missing with 0, and convert them by astype(int)."
    else:
        remedy = (
            "Texts already split into words are read with analyzer=list and "
            "input='content', the default."
        )
    return (
        f"Token ids must be integers, but in the sequences from row {row} on (counted "
        f"from 0) there are values of type {kind}. {remedy}"
    )


def _check_sequences(row, items):
    """Lists of items that are sequences, or an error."""
    for row, item in enumerate(items, row):  # noqa: B020
        is_text = isinstance(item, str | bytes | dict) or hasattr(item, "read")
        if is_text or not hasattr(item, "__iter__"):
            raise ValueError(
                "Sequences of token ids expected, but document "
                f"{row} (counted from 0) is of type {type(item).__name__}: "
                f"{str(item)[:50]}. Each document is a list of ids; a single one "
                "needs a list around it: [[1, 14, 22]]."
            )
    return [list(item) for item in items]


def _is_list(kind):
    return (
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    )


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

"""Which terms are columns, and which cells of the matrix are set."""

from collections.abc import Mapping
from numbers import Integral
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from sklearn import get_config


# Keras's encoding: four columns come before the most frequent word's.
KERAS_NAMES = ("<pad>", "<start>", "<oov>", "<unused>")


class Layout(NamedTuple):
    """Where things are among the columns.

    Attributes
    ----------
    first : int
        Column of the most frequent term; the others follow.
    n_columns : int
        Number of columns.
    oov : int or None
        Column set where a document has tokens outside the vocabulary.
    start : int or None
        Column set in every row.
    """

    first: int
    n_columns: int
    oov: int | None = None
    start: int | None = None


def plan_columns(n_terms, *, index, oov):
    """The `Layout` of so many terms."""
    if index == "keras":
        return Layout(first=4, n_columns=4 + n_terms, oov=2, start=1)
    if oov == "indicator":
        return Layout(first=0, n_columns=n_terms + 1, oov=n_terms)
    return Layout(first=0, n_columns=n_terms)


def find_columns(terms, words, layout):
    """Column of each term, that of the words outside the vocabulary, or -1."""
    outside = -1 if layout.oov is None else layout.oov
    if not len(terms) or not len(words):
        return np.full(len(terms), outside, np.int32)
    if terms.type != words.type:
        raise ValueError(
            "The vocabulary is of token ids but the documents are texts, or the other "
            "way round. Transform the kind of documents that was fitted."
        )
    found = pc.index_in(terms, value_set=words).fill_null(-1).to_numpy()
    return np.where(found < 0, np.int32(outside), found + np.int32(layout.first))


def place(tokens, columns, layout):
    """Cells of the tokens, given the column of each of their terms (`set_cells`)."""
    rows, columns = tokens.rows, columns[tokens.codes]
    if layout.start is not None:
        every_row = np.arange(tokens.n_rows, dtype=rows.dtype)
        rows = np.concatenate([rows, every_row])
        columns = np.concatenate([columns, np.full_like(every_row, layout.start)])
    return set_cells(rows, columns, tokens.n_rows, layout.n_columns)


def merge_terms(arrays):
    """Distinct terms of several arrays, and where each array's terms are in them."""
    filled = [array for array in arrays if len(array)] or arrays[:1]
    if len({array.type for array in filled}) > 1:
        raise TypeError("Terms must be all strings or all integers, got both.")
    encoded = pa.chunked_array(filled).combine_chunks().dictionary_encode()
    ends = np.cumsum([len(array) for array in arrays])
    return encoded.dictionary, np.split(encoded.indices.to_numpy(), ends[:-1])


def count_documents(tokens):
    """In how many documents each term of the tokens is: ndarray of int64."""
    indices, _ = set_cells(tokens.rows, tokens.codes, tokens.n_rows, len(tokens.terms))
    return np.bincount(indices, minlength=len(tokens.terms))


def set_cells(rows, columns, n_rows, n_columns):
    """Cells of a binary matrix, each named once or often, as CSR.

    Columns below zero are left out.

    Returns
    -------
    indices : ndarray of int32, shape (n_cells,)
        Columns, sorted within each row.
    n_cells : ndarray of int64, shape (n_rows,)
        Number of cells in each row.
    """
    # One integer per cell, as small as can be: sorting those is what takes the time.
    kind = np.uint32 if n_rows * n_columns < 2**32 else np.uint64
    keys = rows.astype(kind)
    keys *= kind(n_columns)
    keys += columns.astype(kind)
    inside = columns >= 0
    if not inside.all():
        keys = keys[inside]
    keys.sort()
    is_new = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=is_new[1:])
    keys = keys[is_new]
    row_starts = np.arange(n_rows + 1, dtype=kind) * kind(n_columns)
    n_cells = np.diff(np.searchsorted(keys, row_starts))
    keys -= np.repeat(row_starts[:-1], n_cells)
    return keys.astype(np.int32), n_cells


def build_matrix(blocks, n_columns, dtype):
    """CSR matrix of the blocks of rows that `set_cells` gives."""
    blocks = list(blocks)
    n_cells = np.concatenate([[0], *(n_cells for _, n_cells in blocks)])
    indptr = np.cumsum(n_cells, dtype=np.int64)
    kind = np.int32 if indptr[-1] < 2**31 else np.int64
    indices = np.concatenate([np.empty(0, kind), *(indices for indices, _ in blocks)])
    container = {"spmatrix": sp.csr_matrix, "sparray": sp.csr_array}
    matrix = container[get_config()["sparse_interface"]](
        (np.ones(len(indices), dtype), indices, indptr.astype(kind)),
        shape=(len(indptr) - 1, n_columns),
    )
    matrix.has_canonical_format = True
    return matrix


def select_terms(terms, counts, n_documents, *, document_counts, min_df, max_df, limit):
    """Positions of the terms to keep, by falling count and then alphabetically.

    Parameters
    ----------
    terms : pyarrow.Array
        Distinct terms.
    counts : ndarray of int64
        How often each occurs.
    n_documents : int
        Number of documents.
    document_counts : ndarray of int64 or None
        In how many documents each is; None if all are to be kept.
    min_df, max_df : int or float
        As in `CountVectorizer`.
    limit : int or None
        The most terms to keep.

    Returns
    -------
    order : ndarray of int64
    """
    candidates = np.arange(len(terms))
    if document_counts is not None:
        lowest, highest = document_limits(min_df, max_df, n_documents)
        fits = (document_counts >= lowest) & (document_counts <= highest)
        candidates = np.flatnonzero(fits)
    if limit is not None and limit < len(candidates):
        threshold = -np.partition(-counts[candidates], limit - 1)[limit - 1]
        candidates = candidates[counts[candidates] >= threshold]
    table = pa.table({"count": counts[candidates], "term": terms.take(candidates)})
    order = pc.sort_indices(table, [("count", "descending"), ("term", "ascending")])
    return candidates[order.to_numpy()][:limit]


def document_limits(min_df, max_df, n_documents):
    """Smallest and largest number of documents."""
    lowest = min_df if isinstance(min_df, Integral) else min_df * n_documents
    highest = max_df if isinstance(max_df, Integral) else max_df * n_documents
    return lowest, highest


def check_vocabulary(vocabulary, first):
    """Terms of a given vocabulary, in the order of their numbers.

    `first` is the number the first term has.
    """
    if isinstance(vocabulary, Mapping):
        by_number = {number: term for term, number in vocabulary.items()}
        if len(by_number) != len(vocabulary):
            raise ValueError("Vocabulary contains repeated indices.")
        numbers = range(first, first + len(vocabulary))
        for number in numbers:
            if number not in by_number:
                raise ValueError(
                    f"Vocabulary of size {len(vocabulary)} doesn't contain index "
                    f"{number}: its numbers must run from {numbers[0]} to {numbers[-1]}."
                )
        words = [by_number[number] for number in numbers]
    else:
        is_set = isinstance(vocabulary, set | frozenset)
        words = sorted(vocabulary) if is_set else list(vocabulary)
        seen = set()
        for word in words:
            if word in seen:
                raise ValueError(f"Duplicate term in vocabulary: {word!r}")
            seen.add(word)
    if not words:
        raise ValueError("empty vocabulary passed to fit")
    return words


def pack_terms(terms):
    """Arrow terms as plain arrays, which pickle and skops know."""
    if pa.types.is_integer(terms.type):
        return {"ids": terms.to_numpy()}
    terms = pa.concat_arrays([terms])
    offsets = np.frombuffer(terms.buffers()[1], np.int64)[: len(terms) + 1]
    letters = np.frombuffer(terms.buffers()[2] or b"", np.uint8)
    return {"offsets": offsets.copy(), "letters": letters.copy()}


def unpack_terms(packed):
    """Inverse of `pack_terms`."""
    if "ids" in packed:
        return pa.array(packed["ids"])
    buffers = [None, pa.py_buffer(packed["offsets"]), pa.py_buffer(packed["letters"])]
    return pa.Array.from_buffers(pa.large_binary(), len(packed["offsets"]) - 1, buffers)

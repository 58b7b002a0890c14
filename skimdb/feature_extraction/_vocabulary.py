"""Which terms are columns, and which cells of the matrix are set."""

from numbers import Integral
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from sklearn import get_config

from skimdb.feature_extraction._tokenize import POOL

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
    ids_are_columns : bool
        Whether the terms are token ids and each is its own column.
    """

    first: int
    n_columns: int
    oov: int | None = None
    start: int | None = None
    ids_are_columns: bool = False


def plan_columns(n_terms, *, index, oov, sequences):
    """Plan the `Layout` of so many terms."""
    if index == "keras" and sequences:
        return Layout(first=0, n_columns=n_terms, ids_are_columns=True)
    if index == "keras":
        return Layout(first=4, n_columns=4 + n_terms, oov=2, start=1)
    if oov == "indicator":
        return Layout(first=0, n_columns=n_terms + 1, oov=n_terms)
    return Layout(first=0, n_columns=n_terms)


def find_columns(terms, words, layout):
    """Column of each term, that of the words outside the vocabulary, or -1."""
    outside = np.int32(-1 if layout.oov is None else layout.oov)
    if not len(terms) or not len(words):
        return np.full(len(terms), outside)
    if terms.type != words.type:
        raise ValueError(
            "The vocabulary is of token ids but the documents are texts, or the other "
            "way round. Transform the kind of documents that was fitted."
        )
    found = pc.index_in(terms, value_set=words, memory_pool=POOL)
    found = pc.fill_null(found, -1).to_numpy()
    unknown = found < 0
    if layout.ids_are_columns and unknown.any():
        raise ValueError(
            f"Token id {terms.filter(pa.array(unknown))[0]} is beyond the last of "
            f"{layout.n_columns} columns. Raise max_features, read the sequences with "
            "fewer words, or set index='compact'."
        )
    return np.where(unknown, outside, found + np.int32(layout.first))


def place(tokens, columns, layout):
    """Cells of the tokens, given the column of each of their terms (`set_cells`)."""
    rows, columns = tokens.rows, columns[tokens.codes]
    if layout.start is not None:
        every_row = np.arange(tokens.n_rows, dtype=np.int32)
        rows = np.concatenate([rows, every_row])
        columns = np.concatenate([columns, np.full_like(every_row, layout.start)])
    return set_cells(rows, columns, tokens.n_rows, layout.n_columns)


def merge_terms(arrays):
    """Distinct terms of several arrays, and where each array's terms are in them."""
    nothing = np.zeros(0, np.int32)
    filled = [array for array in arrays if len(array)]
    if not filled:
        return arrays[0], [nothing] * len(arrays)
    if len({array.type for array in filled}) > 1:
        raise TypeError("Terms must be all strings or all integers, got both.")
    encoded = pc.dictionary_encode(pa.chunked_array(filled), memory_pool=POOL)
    positions = iter(part.indices.to_numpy() for part in encoded.chunks)
    return encoded.chunk(0).dictionary, [
        next(positions) if len(array) else nothing for array in arrays
    ]


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


def count_columns(matrix):
    """Rows in which each column is set: ndarray of int64."""
    counts = np.zeros(matrix.shape[1], np.int64)
    for start in range(0, matrix.nnz, 2**18):  # bincount makes a wider copy
        indices = matrix.indices[start : start + 2**18]
        counts += np.bincount(indices, minlength=len(counts))
    return counts


def select_terms(
    terms, counts, n_documents, *, document_counts, min_df, max_df, limit, final=True
):
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
    final : bool, default=True
        Whether it is an error that none is left.

    Returns
    -------
    order : ndarray of int64
    """
    if final and not len(terms):
        raise ValueError(
            "empty vocabulary; perhaps the documents only contain stop words"
        )
    candidates = np.arange(len(terms))
    if document_counts is not None:
        lowest = min_df if isinstance(min_df, Integral) else min_df * n_documents
        highest = max_df if isinstance(max_df, Integral) else max_df * n_documents
        if final and highest < lowest:
            raise ValueError(
                "max_df corresponds to < documents than min_df: of "
                f"{n_documents} documents, at most {highest} and at least {lowest}."
            )
        fits = (document_counts >= lowest) & (document_counts <= highest)
        candidates = np.flatnonzero(fits)
        if final and not len(candidates):
            raise ValueError(
                "After pruning, no terms remain. Try a lower min_df or a higher max_df."
            )
    if limit is not None and limit < len(candidates):
        threshold = -np.partition(-counts[candidates], limit - 1)[limit - 1]
        candidates = candidates[counts[candidates] >= threshold]
    table = pa.table({"count": counts[candidates], "term": terms.take(candidates)})
    order = pc.sort_indices(table, [("count", "descending"), ("term", "ascending")])
    return candidates[order.to_numpy()][:limit]


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

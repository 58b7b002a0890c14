"""Passes over a corpus: count its terms, and encode its tokens."""

import collections
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skimdb._sklearn import _openmp_effective_n_threads
from skimdb.feature_extraction._matrix import sort_cells
from skimdb.feature_extraction._tokenize import POOL, make_array


class TermCounts(NamedTuple):
    """Number of occurrences of terms.

    Attributes
    ----------
    terms : pyarrow.Array
        Distinct terms.
    counts : ndarray of int64, shape (n_terms,)
        Number of occurrences of each.
    document_counts : ndarray of int64, shape (n_terms,)
        Number of documents that contain each. Zeros if not counted.
    n_documents : int
        Number of documents.
    """

    terms: pa.Array
    counts: np.ndarray
    document_counts: np.ndarray
    n_documents: int

    def pack(self):
        """Pack into plain arrays, which pickle and skops support."""
        terms = pa.concat_arrays([self.terms])
        if pa.types.is_integer(terms.type):
            return {"ids": terms.to_numpy(), "counts": self[1:]}
        offsets = np.frombuffer(terms.buffers()[1], np.int64)[: len(terms) + 1]
        letters = np.frombuffer(terms.buffers()[2] or b"", np.uint8)
        packed = {"offsets": offsets.copy(), "letters": letters.copy()}
        return packed | {"counts": self[1:]}

    @classmethod
    def unpack(cls, packed):
        """Undo `pack`."""
        if "ids" in packed:
            return cls(pa.array(packed["ids"]), *packed["counts"])
        terms = make_array(packed["letters"], packed["offsets"])
        return cls(terms, *packed["counts"])


def map_chunks(function, chunks):
    """Yield ``function(chunk)`` in order, on the cores that this process may use.

    NumPy, pandas and Arrow release the GIL for most of their work. Only a few chunks
    are read ahead, so a stream stays a stream.
    """
    threads = min(_openmp_effective_n_threads(), 8)
    chunks = iter(chunks)
    ahead = list(islice(chunks, 2))
    if len(ahead) < 2 or threads == 1:  # threads would take longer to start
        yield from map(function, chain(ahead, chunks))
        return
    with ThreadPoolExecutor(threads) as pool:
        pending = collections.deque()
        for chunk in chain(ahead, chunks):
            pending.append(pool.submit(function, chunk))
            if len(pending) > threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def count_terms(tokens, in_documents=True):
    """Count the terms of a chunk: `TermCounts`.

    Without `in_documents`, which takes a sort, only occurrences are counted.
    """
    n_terms = len(tokens.terms)
    document_counts = np.zeros(n_terms, np.int64)
    if in_documents:
        cells, _ = sort_cells(tokens.rows, tokens.codes, tokens.n_rows, n_terms)
        document_counts = np.bincount(cells, minlength=n_terms)
    counts = np.bincount(tokens.codes, minlength=n_terms)
    return TermCounts(tokens.terms, counts, document_counts, tokens.n_rows)


def add_counts(parts):
    """Add up the counts of several chunks.

    Returns
    -------
    total : TermCounts
    positions : list of ndarray of int, or of a slice
        Positions of the terms of each part among the terms of the total.
    """
    parts = list(parts)
    if not parts:
        raise ValueError("Expected at least one document, got an empty collection.")
    if len(parts) == 1:  # nothing to merge
        return parts[0], [slice(None)]
    terms, positions = _merge_terms([part.terms for part in parts])
    counts, document_counts = np.zeros((2, len(terms)), np.int64)
    for part, position in zip(parts, positions, strict=True):
        counts[position] += part.counts
        document_counts[position] += part.document_counts
    n_documents = sum(part.n_documents for part in parts)
    return TermCounts(terms, counts, document_counts, n_documents), positions


def merge_counts(parts, new):
    """Add counts to the counts of earlier chunks, both packed.

    Parts are merged only with parts of about their size, so the cost of a call grows
    with the call and not with the vocabulary.

    Returns
    -------
    merged : list of dict
        Counts whose sizes at least halve from one to the next.
    """
    merged = [*parts, new]
    _check_one_kind("ids" in part for part in merged if _count_terms(part))
    while len(merged) > 1 and 2 * _count_terms(merged[-1]) > _count_terms(merged[-2]):
        pair = map(TermCounts.unpack, merged[-2:])
        merged[-2:] = [add_counts(pair)[0].pack()]
    return merged


def _count_terms(packed):
    return len(packed["counts"][0])


def encode_tokens(tokens, columns, layout):
    """Return the cells of a chunk (`sort_cells`), given the columns of its terms."""
    rows, columns = tokens.rows, columns[tokens.codes]
    if layout.start is not None:
        every_row = np.arange(tokens.n_rows, dtype=np.int32)
        rows = np.concatenate([rows, every_row])
        columns = np.concatenate([columns, np.full_like(every_row, layout.start)])
    return sort_cells(rows, columns, tokens.n_rows, layout.n_columns)


def use_up(items):
    """Yield the items of a list and remove them from it, to free their memory."""
    items.reverse()
    while items:
        yield items.pop()


def _merge_terms(arrays):
    """Return the distinct terms of several arrays, and the positions of each array's.

    Empty arrays do not count: the type of their terms is unknown.
    """
    nothing = np.zeros(0, np.int32)
    filled = [array for array in arrays if len(array)]
    if not filled:
        return arrays[0], [nothing] * len(arrays)
    _check_one_kind(array.type for array in filled)
    encoded = pc.dictionary_encode(pa.chunked_array(filled), memory_pool=POOL)
    positions = iter(part.indices.to_numpy() for part in encoded.chunks)
    return encoded.chunk(0).dictionary, [
        next(positions) if len(array) else nothing for array in arrays
    ]


def _check_one_kind(kinds):
    if len(set(kinds)) > 1:
        raise TypeError(
            "Expected documents of one kind, got texts and sequences of token ids. "
            "Earlier calls of `partial_fit` count too."
        )

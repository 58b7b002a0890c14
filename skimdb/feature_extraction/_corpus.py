"""From documents to a vocabulary, and by a vocabulary to a matrix."""

import warnings
from functools import partial
from numbers import Integral

import numpy as np
import pyarrow as pa

from skimdb.feature_extraction._documents import Documents, decode_items, map_chunks
from skimdb.feature_extraction._options import (
    as_count_vectorizer,
    check_vocabulary,
    has_fast_path,
    takes_any_document,
    warn_of_capitals,
)
from skimdb.feature_extraction._tokenize import (
    encode_lists,
    encode_sequences,
    encode_texts,
    from_terms,
    to_terms,
)
from skimdb.feature_extraction._vocabulary import (
    build_matrix,
    count_documents,
    find_columns,
    merge_terms,
    place,
    plan_columns,
    select_terms,
)


def open_documents(vectorizer, X):
    """Open the `Documents` of a vectorizer's input."""
    return Documents(X, vectorizer.input, any_kind=takes_any_document(vectorizer))


def plan(vectorizer, n_words, sequences):
    """Plan the `Layout` of a vectorizer's columns."""
    return plan_columns(
        n_words, index=vectorizer.index, oov=vectorizer.oov, sequences=sequences
    )


def encode(vectorizer, documents, words):
    """Matrix of the documents, given the words of the vocabulary in their order."""
    layout = plan(vectorizer, len(words), documents.are_sequences)
    words = to_terms(words)

    def block(tokens):
        return place(tokens, find_columns(tokens.terms, words, layout), layout)

    blocks = _map_tokens(block, vectorizer, documents)
    return build_matrix(blocks, layout.n_columns, vectorizer.dtype)


def learn(vectorizer, documents):
    """Words of the vocabulary, in their order, the layout, and the matrix."""
    chunks = list(map(_shrink, _map_tokens(lambda x: x, vectorizer, documents)))
    terms, positions = _merge([tokens.terms for tokens in chunks])
    counts = _add_up(
        (np.bincount(tokens.codes, minlength=len(tokens.terms)) for tokens in chunks),
        positions,
        len(terms),
    )
    document_counts = None
    if _needs_document_counts(vectorizer):
        of_chunks = map_chunks(count_documents, chunks)
        document_counts = _add_up(of_chunks, positions, len(terms))
    n_documents = sum(tokens.n_rows for tokens in chunks)
    words, columns, layout = choose(
        vectorizer,
        terms,
        counts,
        document_counts,
        n_documents,
        documents.are_sequences,
    )
    blocks = map_chunks(
        lambda chunk: place(chunk[0], columns[chunk[1]], layout),
        _use_up(chunks, positions),
    )
    return words, layout, build_matrix(blocks, layout.n_columns, vectorizer.dtype)


def count(vectorizer, documents):
    """Count all terms of the documents.

    Returns
    -------
    terms : pyarrow.Array
    counts, document_counts : ndarray of int64, shape (n_terms,)
    n_documents : int
    """

    def count_chunk(tokens):
        counts = np.bincount(tokens.codes, minlength=len(tokens.terms))
        return tokens.terms, counts, count_documents(tokens), tokens.n_rows

    return add_counts(_map_tokens(count_chunk, vectorizer, documents))


def add_counts(parts):
    """Several results of `count` as one."""
    parts = list(parts)
    terms, positions = _merge([part[0] for part in parts])
    counts = _add_up([part[1] for part in parts], positions, len(terms))
    document_counts = _add_up([part[2] for part in parts], positions, len(terms))
    return terms, counts, document_counts, sum(part[3] for part in parts)


def choose(
    vectorizer, terms, counts, document_counts, n_documents, sequences, *, final=True
):
    """Choose the words to keep, the column of each term, and the layout.

    Without any word left, an error, unless more documents are to come.
    """
    if vectorizer.vocabulary is not None:
        words = check_vocabulary(vectorizer)
        warn_of_capitals(vectorizer, words)
        layout = plan(vectorizer, len(words), sequences)
        return words, find_columns(terms, to_terms(words), layout), layout
    if sequences and vectorizer.index == "keras":  # every id is its own column
        largest = int(np.max(terms.to_numpy(), initial=-1))
        n_columns = vectorizer.max_features or largest + 1
        layout = plan(vectorizer, n_columns, sequences)
        words = range(n_columns)
        return words, find_columns(terms, to_terms(words), layout), layout
    limit = vectorizer.max_features
    if vectorizer.index == "keras" and limit is not None:
        limit -= plan(vectorizer, 0, sequences).first
    order = select_terms(
        terms,
        counts,
        n_documents,
        document_counts=document_counts,
        min_df=vectorizer.min_df,
        max_df=vectorizer.max_df,
        limit=limit,
        final=final,
    )
    layout = plan(vectorizer, len(order), sequences)
    columns = np.full(len(terms), -1 if layout.oov is None else layout.oov, np.int32)
    columns[order] = np.arange(layout.first, layout.first + len(order), dtype=np.int32)
    return from_terms(terms.take(pa.array(order))), columns, layout


def _shrink(tokens):
    """Tokens in the smallest integers: those of a whole corpus are kept for a while."""
    return tokens._replace(
        codes=tokens.codes.astype(np.min_scalar_type(len(tokens.terms))),
        rows=tokens.rows.astype(np.min_scalar_type(tokens.n_rows)),
    )


def _use_up(*lists):
    """Zip lists, and forget each item once it is given out."""
    for items in lists:
        items.reverse()
    while lists[0]:
        yield tuple(items.pop() for items in lists)


def _needs_document_counts(vectorizer):
    return vectorizer.min_df != 1 or (
        isinstance(vectorizer.max_df, Integral) or vectorizer.max_df < 1
    )


def _merge(arrays):
    if not arrays:
        raise ValueError("Found no documents: an empty collection was given.")
    return merge_terms(arrays)


def _add_up(arrays, positions, n_terms):
    total = np.zeros(n_terms, np.int64)
    for array, position in zip(arrays, positions, strict=True):
        total[position] += array
    return total


def _map_tokens(function, vectorizer, documents):
    """Yield ``function(tokens)`` of each chunk of documents."""
    if documents.are_sequences:
        return map_chunks(
            lambda chunk: function(encode_sequences(chunk)), documents.sequences()
        )
    decode = as_count_vectorizer(vectorizer).decode
    # What is decoded here is not to be decoded again.
    counter = as_count_vectorizer(vectorizer, input="content")
    if has_fast_path(vectorizer):
        stop_words = counter.get_stop_words()
        encode_chunk = partial(
            encode_texts,
            pattern=counter.token_pattern,
            lowercase=counter.lowercase,
            strip_accents=counter.strip_accents,
            preprocess=counter.build_preprocessor(),
            stop_words=stop_words and to_terms(sorted(stop_words)),
            ngram_range=counter.ngram_range,
        )
        return map_chunks(
            lambda chunk: function(encode_chunk(chunk)), documents.texts(decode)
        )
    with warnings.catch_warnings():  # `fit` has warned
        warnings.filterwarnings("ignore", "Your stop_words may be inconsistent")
        analyze = counter.build_analyzer()
    any_kind = takes_any_document(vectorizer)

    def analyze_chunk(chunk):
        row, items = chunk
        items = decode_items(row, items, decode, any_kind=any_kind)
        return function(encode_lists(map(analyze, items)))

    # Python's own code, and callables that may not bear threads.
    return map(analyze_chunk, documents.lists())

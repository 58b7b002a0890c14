"""The terms to keep: selected by their counts, or given as a vocabulary."""

from collections.abc import Mapping
from functools import partial
from numbers import Integral

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.feature_extraction.text import CountVectorizer

from skimdb.feature_extraction._columns import make_lookup, number_ids, plan_layout
from skimdb.feature_extraction._tokenize import from_terms, to_terms


def choose_words(params, counts, are_ids, *, final=True):
    """Choose the words of the vocabulary by the counts of all terms.

    Parameters
    ----------
    params : TextMultiHotVectorizer
        Its parameters.
    counts : TermCounts
    are_ids : bool
        Whether the documents are sequences of token ids.
    final : bool, default=True
        Whether to raise an error if no term remains.

    Returns
    -------
    words : sequence of str or int
    layout : Layout
    columns : ndarray of int32
        Column of each counted term.
    """
    plan = partial(plan_layout, index=params.index, oov=params.oov)
    if params.vocabulary is None and not (are_ids and params.index == "keras"):
        limit = params.max_features
        if limit is not None:
            limit -= plan(0).first
        order = select_terms(
            counts, min_df=params.min_df, max_df=params.max_df, limit=limit, final=final
        )
        layout = plan(len(order))
        words = from_terms(counts.terms.take(pa.array(order)))
        return words, layout, layout.number_terms(order, len(counts.terms))
    if params.vocabulary is not None:
        words = list_given_words(params)
        layout = plan(len(words))
    else:
        n_columns = params.max_features
        if n_columns is None:
            n_columns = int(np.max(counts.terms.to_numpy(), initial=-1)) + 1
        words = number_ids(n_columns)
        layout = plan(n_columns, ids_are_columns=True)
    find_columns = make_lookup(layout.make_vocabulary(words), layout)
    return words, layout, find_columns(counts.terms)


def list_given_words(params):
    """List the terms of the given vocabulary in the order of their numbers.

    `CountVectorizer` checks that each term and each number occurs once.
    """
    vocabulary = params.vocabulary
    first = 1 if params.index == "keras" else 0
    is_table = hasattr(vocabulary, "columns") or getattr(vocabulary, "ndim", 1) != 1
    if isinstance(vocabulary, str | bytes | type) or is_table:
        raise ValueError(
            "Expected a vocabulary that is a list of terms, or a mapping from terms to "
            f"numbers, got {type(vocabulary).__name__}. Pass [term] for a single term, "
            "or one column of a table."
        )
    if isinstance(vocabulary, pa.Array | pa.ChunkedArray):
        vocabulary = vocabulary.to_pylist()
    to_terms(vocabulary)  # all strings, or all integers
    if isinstance(vocabulary, frozenset):
        vocabulary = set(vocabulary)  # which CountVectorizer sorts
    if isinstance(vocabulary, Mapping):
        smallest = min(vocabulary.values(), default=first)
        if smallest != first:
            raise ValueError(
                f"Expected numbers from {first} in the vocabulary, got numbers from "
                f"{smallest}. Use ranks from 1 (as in Keras's word index) for "
                "index='keras', and columns from 0 for index='compact'."
            )
        vocabulary = {word: number - first for word, number in vocabulary.items()}
    checked = CountVectorizer(vocabulary=vocabulary, lowercase=False).fit([])
    return sorted(checked.vocabulary_, key=checked.vocabulary_.get)


def limits_documents(min_df, max_df):
    """Tell whether `min_df` or `max_df` may exclude a term."""
    keeps_rare = min_df <= 1 if isinstance(min_df, Integral) else min_df == 0
    keeps_common = not isinstance(max_df, Integral) and max_df == 1
    return not (keeps_rare and keeps_common)


def select_terms(counts, *, min_df, max_df, limit, final=True):
    """Select the terms to keep.

    Parameters
    ----------
    counts : TermCounts
    min_df, max_df : int or float
        As in `CountVectorizer`.
    limit : int or None
        Maximum number of terms to keep.
    final : bool, default=True
        Whether to raise an error if no term remains.

    Returns
    -------
    order : ndarray of int64
        Positions in ``counts.terms``, by falling count and then alphabetically.
    """
    candidates = np.arange(len(counts.terms))
    if limits_documents(min_df, max_df):
        n = counts.n_documents
        lowest = min_df if isinstance(min_df, Integral) else min_df * n
        highest = max_df if isinstance(max_df, Integral) else max_df * n
        fits = (counts.document_counts >= lowest) & (counts.document_counts <= highest)
        candidates = np.flatnonzero(fits)
        if final and not len(candidates):
            cause = (
                "max_df corresponds to < documents than min_df"
                if highest < lowest
                else "After pruning, no terms remain"
            )
            raise ValueError(
                f"{cause}. Expected terms in {lowest:g} to {highest:g} of {n} "
                f"documents; the most common term is in {counts.document_counts.max()}."
                " Lower min_df or raise max_df."
            )
    frequencies = counts.counts[candidates]
    if limit is not None and limit < len(candidates):
        threshold = -np.partition(-frequencies, limit - 1)[limit - 1]
        candidates = candidates[frequencies >= threshold]
    table = pa.table(
        {"count": counts.counts[candidates], "term": counts.terms.take(candidates)}
    )
    order = pc.sort_indices(table, [("count", "descending"), ("term", "ascending")])
    return candidates[order.to_numpy()][:limit]

"""Which terms are kept: those selected by their counts, or a vocabulary given."""

from collections import Counter
from collections.abc import Iterator, Mapping, MappingView
from numbers import Integral, Real

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def keep_given(vocabulary):
    """Keep what can be read only once, or not be copied, as a list."""
    once = isinstance(vocabulary, Iterator | MappingView)
    return list(vocabulary) if once else vocabulary


def list_given_words(vocabulary, first):
    """List the terms of a given vocabulary in the order of their numbers.

    Parameters
    ----------
    vocabulary : mapping or iterable
        The vectorizer's parameter.
    first : int
        The smallest number that a mapping must have.
    """
    is_table = hasattr(vocabulary, "columns") or getattr(vocabulary, "ndim", 1) != 1
    if isinstance(vocabulary, str | bytes | type) or is_table:
        raise ValueError(
            "A vocabulary is a list of terms, or a mapping from terms to numbers; got "
            f"{type(vocabulary).__name__}. A single term needs a list around it, and "
            "of a table one column is to be passed."
        )
    if isinstance(vocabulary, pa.Array | pa.ChunkedArray):
        vocabulary = vocabulary.to_pylist()
    words = list(vocabulary)
    kinds = (str, int | np.integer)
    if not any(all(isinstance(word, kind) for word in words) for kind in kinds):
        raise TypeError(
            "The terms of a vocabulary must be all strings or all integers (token "
            f"ids), got {sorted({type(word).__name__ for word in words})}."
        )
    if isinstance(vocabulary, Mapping):
        words = _order_by_number(vocabulary, first)
    elif isinstance(vocabulary, set | frozenset):
        words = sorted(words)
    if not words:
        raise ValueError(
            "empty vocabulary passed to fit: it must have a term. With "
            "vocabulary=None it is learnt from the documents."
        )
    if len(set(words)) < len(words):
        twice = next(word for word, n in Counter(words).items() if n > 1)
        raise ValueError(
            f"Duplicate term in vocabulary: {twice!r}. Give each term once, such as by "
            "list(dict.fromkeys(terms))."
        )
    return words


def _order_by_number(vocabulary, first):
    """Terms of a mapping in the order of their numbers, which must be without gaps."""
    numbers = list(vocabulary.values())
    if not all(isinstance(number, Real) for number in numbers):
        raise TypeError(
            "A vocabulary that is a mapping must map terms to integers, their columns: "
            "{'bad': 0, 'good': 1}."
        )
    by_number = dict(zip(numbers, vocabulary, strict=True))
    if len(by_number) != len(vocabulary):
        raise ValueError(
            "Vocabulary contains repeated indices: each term needs a number of its own."
        )
    expected = range(first, first + len(vocabulary))
    for number in expected:
        if number not in by_number:
            if first:
                cause = "With index='keras' the numbers are ranks, which begin with 1."
            else:
                cause = "Ranks from 1, as in Keras's word index, need index='keras'."
            raise ValueError(
                f"Vocabulary of size {len(vocabulary)} doesn't contain index {number}: "
                f"it must have all from {expected[0]} to {expected[-1]}. {cause}"
            )
    return [by_number[number] for number in expected]


def has_capitals(words):
    """Tell whether any of the words, or token ids, has an upper case letter."""
    return any(
        letter.isupper() for word in words if isinstance(word, str) for letter in word
    )


def select_terms(counts, *, min_df, max_df, limit, final=True):
    """Select the terms to keep.

    Parameters
    ----------
    counts : TermCounts
    min_df, max_df : int or float
        As in `CountVectorizer`. Ignored where documents were not counted.
    limit : int or None
        The most terms to keep.
    final : bool, default=True
        Whether it is an error that none is left.

    Returns
    -------
    order : ndarray of int64
        Their positions in ``counts.terms``, by falling count and then alphabetically.
    """
    candidates = np.arange(len(counts.terms))
    if counts.document_counts is not None:
        n = counts.n_documents
        lowest = min_df if isinstance(min_df, Integral) else min_df * n
        highest = max_df if isinstance(max_df, Integral) else max_df * n
        if final and highest < lowest:
            raise ValueError(
                f"max_df corresponds to < documents than min_df: of {n} documents, at "
                f"most {highest:g} and at least {lowest:g}. An integer is a number of "
                "documents, a float a fraction of them; lower min_df or raise max_df."
            )
        fits = (counts.document_counts >= lowest) & (counts.document_counts <= highest)
        candidates = np.flatnonzero(fits)
        if final and not len(candidates):
            in_most = counts.document_counts.max()
            raise ValueError(
                "After pruning, no terms remain. Try a lower min_df or a higher "
                f"max_df. They keep terms in {lowest:g} to {highest:g} of {n} "
                f"documents; the most common term is in {in_most}."
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

"""Which terms are kept: those selected by their counts, or a vocabulary given."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def list_given_words(vocabulary, first):
    """List the terms of a given vocabulary in the order of their numbers.

    Parameters
    ----------
    vocabulary : mapping or iterable
        The vectorizer's parameter.
    first : int
        The smallest number that a mapping must have.
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
                    f"{number}: it must have all from {numbers[0]} to {numbers[-1]}."
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
    if final and not len(counts.terms):
        raise ValueError(
            "empty vocabulary; perhaps the documents only contain stop words"
        )
    candidates = np.arange(len(counts.terms))
    if counts.document_counts is not None:
        n = counts.n_documents
        lowest = min_df if isinstance(min_df, Integral) else min_df * n
        highest = max_df if isinstance(max_df, Integral) else max_df * n
        if final and highest < lowest:
            raise ValueError(
                f"max_df corresponds to < documents than min_df: of {n} documents, at "
                f"most {highest} and at least {lowest}."
            )
        fits = (counts.document_counts >= lowest) & (counts.document_counts <= highest)
        candidates = np.flatnonzero(fits)
        if final and not len(candidates):
            raise ValueError(
                "After pruning, no terms remain. Try a lower min_df or a higher max_df."
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

"""Columns of the encoded matrix: their layout, and the column of each term."""

from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skimdb.feature_extraction._tokenize import from_terms, to_terms

# Keras's encoding: four columns come before the column of the most frequent word.
KERAS_NAMES = ("<pad>", "<start>", "<oov>", "<unused>")
MAX_ID_COLUMNS = 2**24  # `vocabulary_` has an entry for each


class Layout(NamedTuple):
    """Column layout of the encoded matrix.

    Attributes
    ----------
    first : int
        Column of the first term of the vocabulary; the others follow.
    n_columns : int
        Number of columns.
    oov : int or None
        Column that is set for documents with tokens outside the vocabulary.
    start : int or None
        Column that is set in every row.
    ids_are_columns : bool
        Whether the terms are token ids and each is its own column.
    """

    first: int
    n_columns: int
    oov: int | None = None
    start: int | None = None
    ids_are_columns: bool = False

    def name_columns(self, words):
        """Name all columns, given the words of the vocabulary in their order."""
        names = [*KERAS_NAMES[: self.first], *map(str, words)]
        return names + ["<oov>"] * (self.n_columns - len(names))

    def make_vocabulary(self, words):
        """Map words, in the order of their columns, to their columns."""
        return dict(zip(words, range(self.first, self.first + len(words)), strict=True))

    def number_terms(self, order, n_terms):
        """Number terms by columns, given the positions of the words among them."""
        columns = np.full(n_terms, self.outside, np.int32)
        columns[order] = np.arange(self.first, self.first + len(order))
        return columns

    @property
    def outside(self):
        """Column of terms outside the vocabulary, or -1."""
        return -1 if self.oov is None else self.oov


def plan_layout(n_words, index, oov, ids_are_columns=False):
    """Plan the `Layout` of a number of words, or of token ids."""
    if ids_are_columns:
        return Layout(first=0, n_columns=n_words, ids_are_columns=True)
    if index == "keras":
        return Layout(first=4, n_columns=4 + n_words, oov=2, start=1)
    if oov == "indicator":
        return Layout(first=0, n_columns=n_words + 1, oov=n_words)
    return Layout(first=0, n_columns=n_words)


def number_ids(n_columns):
    """List the token ids that are their own columns."""
    if n_columns > MAX_ID_COLUMNS:
        raise ValueError(
            f"Expected token ids below {MAX_ID_COLUMNS} for index='keras', where each "
            f"id is its own column, got {n_columns} columns. Set max_features to the "
            "number of words that the encoding has, or index='compact'."
        )
    return range(n_columns)


def make_lookup(vocabulary, layout, few=False):
    """Make the function that finds the columns of terms.

    Parameters
    ----------
    vocabulary : dict
        Column of each word, or token id, in the order of the columns.
    layout : Layout
    few : bool, default=False
        Whether the function finds few terms per call. The cost then depends on their
        number and not on the size of the vocabulary.

    Returns
    -------
    find_columns : callable
        From an Arrow array of terms to an array of int32. Terms outside the
        vocabulary have the column ``layout.oov``, or -1.
    """
    outside = layout.outside
    are_ids = isinstance(next(iter(vocabulary), 0), int | np.integer)
    if layout.ids_are_columns:
        find = partial(_check_ids, n_columns=layout.n_columns)
    elif few:

        def find(terms):
            columns = (vocabulary.get(term, outside) for term in from_terms(terms))
            return np.fromiter(columns, np.int32, len(terms))

    else:
        words = to_terms(vocabulary)

        def find(terms):
            found = pc.fill_null(pc.index_in(terms, value_set=words), -1).to_numpy()
            return np.where(found < 0, outside, found + np.int32(layout.first))

    def find_columns(terms):
        if not len(terms):
            return np.zeros(0, np.int32)
        if are_ids != pa.types.is_integer(terms.type):
            kinds = ["texts", "sequences of token ids"]
            expected, given = kinds[::-1] if are_ids else kinds
            raise ValueError(
                f"Expected {expected}, like the vocabulary, got {given}. Pass the kind "
                "of documents that was fitted."
            )
        return find(terms)

    return find_columns


def _check_ids(terms, n_columns):
    """Return token ids, each of which is its own column."""
    ids = terms.to_numpy()
    if ids.max() >= n_columns:
        raise ValueError(
            f"Expected token ids below {n_columns}, the number of columns, got "
            f"{ids.max()}. Encode the texts with fewer words (Keras's num_words), "
            "increase max_features before fit, or set index='compact'."
        )
    return ids.astype(np.int32)

"""Which column a term has."""

from collections.abc import Mapping
from numbers import Integral
from threading import Lock
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skimdb.feature_extraction._tokenize import POOL, from_terms, to_terms

# Keras's encoding: four columns come before the most frequent word's.
KERAS_NAMES = ("<pad>", "<start>", "<oov>", "<unused>")
MAX_COLUMNS = 2**31 - 1  # columns are numbered by integers of 32 bits


class Layout(NamedTuple):
    """Where things are among the columns.

    Attributes
    ----------
    first : int
        Column of the first term of the vocabulary; the others follow.
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

    def name_columns(self, words):
        """Names of all columns, given the words of the vocabulary in their order."""
        names = [*KERAS_NAMES[: self.first], *map(str, words)]
        return names + ["<oov>"] * (self.n_columns - len(names))


def plan_layout(n_words, *, index, oov, are_ids):
    """Plan the `Layout` of so many words, or token ids."""
    if index == "keras" and are_ids:
        return Layout(first=0, n_columns=n_words, ids_are_columns=True)
    if index == "keras":
        return Layout(first=4, n_columns=4 + n_words, oov=2, start=1)
    if oov == "indicator":
        return Layout(first=0, n_columns=n_words + 1, oov=n_words)
    return Layout(first=0, n_columns=n_words)


class OwnColumns(Mapping):
    """The vocabulary of token ids that are their own columns: it takes no memory.

    Parameters
    ----------
    n_columns : int
        The ids are from 0 to the last column.
    """

    def __init__(self, n_columns):
        self._n_columns = n_columns

    def __getitem__(self, token_id):
        if isinstance(token_id, Integral) and 0 <= token_id < self._n_columns:
            return int(token_id)
        raise KeyError(token_id)

    def __iter__(self):
        return iter(range(self._n_columns))

    def __len__(self):
        return self._n_columns

    def __repr__(self):
        return f"{type(self).__name__}({self._n_columns})"


def make_vocabulary(words, layout):
    """Make the mapping from words, in the order of their columns, to these."""
    if isinstance(words, OwnColumns):
        return words
    columns = range(layout.first, layout.first + len(words))
    return dict(zip(words, columns, strict=True))


def number_ids(n_columns):
    """Make the vocabulary of token ids that are their own columns."""
    if n_columns > MAX_COLUMNS:
        raise ValueError(
            f"With index='keras' each token id is its own column, which would be "
            f"{n_columns} columns. Set max_features to the number of words that were "
            "kept when the texts were encoded, or index='compact'."
        )
    return OwnColumns(n_columns)


class ColumnLookup:
    """Finds the columns of terms.

    What few terms cost depends on their number and not on that of the words.

    Parameters
    ----------
    vocabulary : dict or OwnColumns
        Column of each word, or token id, in the order of the columns.
    layout : Layout
    """

    def __init__(self, vocabulary, layout):
        self._vocabulary = vocabulary
        self._layout = layout
        self._outside = np.int32(-1 if layout.oov is None else layout.oov)
        self._lock = Lock()
        self._words = None  # the words in Arrow, made for the first long chunk

    def find_columns(self, terms):
        """Find the column of each term.

        Parameters
        ----------
        terms : pyarrow.Array

        Returns
        -------
        columns : ndarray of int32, shape (n_terms,)
            Terms outside the vocabulary have the column ``layout.oov``, or -1.
        """
        if not len(terms) or not self._vocabulary:
            return np.full(len(terms), self._outside)
        are_ids = isinstance(next(iter(self._vocabulary)), int | np.integer)
        if are_ids != pa.types.is_integer(terms.type):
            known, given = "words", "sequences of token ids"
            if are_ids:
                known, given = "token ids", "texts"
            raise ValueError(
                f"The vocabulary is of {known}, but the documents are {given}. Pass "
                "the kind of documents that was fitted, or that the vocabulary is for."
            )
        if isinstance(self._vocabulary, OwnColumns):
            return self._check_ids(terms)
        few = 4 * len(terms) < len(self._vocabulary)
        if few and not self._layout.ids_are_columns:
            get_column, outside = self._vocabulary.get, int(self._outside)
            columns = (get_column(term, outside) for term in from_terms(terms))
            return np.fromiter(columns, np.int32, len(terms))
        with self._lock:
            if self._words is None:
                self._words = to_terms(self._vocabulary)
        found = pc.index_in(terms, value_set=self._words, memory_pool=POOL)
        found = pc.fill_null(found, -1).to_numpy()
        if self._layout.ids_are_columns and (found < 0).any():
            self._raise_beyond(terms.to_numpy()[found < 0][0])
        return np.where(found < 0, self._outside, found + np.int32(self._layout.first))

    def _check_ids(self, terms):
        """Token ids, each of which is its own column."""
        ids = terms.to_numpy()
        beyond = ids[ids >= self._layout.n_columns]
        if len(beyond):
            self._raise_beyond(beyond[0])
        return ids.astype(np.int32)

    def _raise_beyond(self, token_id):
        raise ValueError(
            f"Token id {token_id} is beyond the last of {self._layout.n_columns} "
            "columns. Encode the texts with fewer words (Keras's num_words), raise "
            "max_features before fit, or set index='compact'."
        )


def order_by_word(values, columns, layout, n_words):
    """Order values of terms by the words of the vocabulary; words unseen have 0."""
    is_word = (columns >= layout.first) & (columns < layout.first + n_words)
    ordered = np.zeros(n_words, values.dtype)
    ordered[columns[is_word] - layout.first] = values[is_word]
    return ordered

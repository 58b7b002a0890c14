"""Texts, or sequences of token ids, to a binary sparse matrix."""

import warnings
from collections.abc import Mapping
from functools import partial
from numbers import Integral

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import check_array

from skimdb._documents import Documents, decode_item, map_chunks
from skimdb._options import (
    as_count_vectorizer,
    check_options,
    has_fast_path,
    takes_any_document,
)
from skimdb._tokenize import (
    KERAS_PATTERN,
    encode_lists,
    encode_sequences,
    encode_texts,
    from_terms,
    to_terms,
)
from skimdb._vocabulary import (
    find_columns,
    place,
    plan_columns,
    build_matrix,
    check_vocabulary,
    count_documents,
    document_limits,
    merge_terms,
    pack_terms,
    select_terms,
    set_cells,
    unpack_terms,
)

# Keras's encoding of a text: four columns before the most frequent word's.
KERAS_NAMES = ["<pad>", "<start>", "<oov>", "<unused>"]
KERAS_START, KERAS_OOV, KERAS_FIRST = 1, 2, 4


class TextMultiHotVectorizer(TransformerMixin, BaseEstimator):
    """Binary matrix of which words are in which text."""

    _parameter_constraints: dict = {
        "max_features": [Interval(Integral, 1, None, closed="left"), None],
        "input": [StrOptions({"content", "file", "filename", "sequences"})],
        "encoding": [str],
        "decode_error": [StrOptions({"strict", "ignore", "replace"})],
        "strip_accents": [StrOptions({"ascii", "unicode"}), None, callable],
        "lowercase": ["boolean"],
        "preprocessor": [callable, None],
        "tokenizer": [callable, None],
        "stop_words": [StrOptions({"english"}), list, tuple, set, frozenset, None],
        "token_pattern": [str, None],
        "ngram_range": [tuple],
        "analyzer": [StrOptions({"word", "char", "char_wb"}), callable],
        "max_df": [
            Interval(RealNotInt, 0, 1, closed="both"),
            Interval(Integral, 1, None, closed="left"),
        ],
        "min_df": [
            Interval(RealNotInt, 0, 1, closed="both"),
            Interval(Integral, 1, None, closed="left"),
        ],
        "vocabulary": [Mapping, HasMethods("__iter__"), None],
        "oov": [StrOptions({"ignore", "indicator"})],
        "index": [StrOptions({"compact", "keras"})],
        "sparse_output": ["boolean"],
        "dtype": "no_validation",  # delegate to numpy
    }

    def __init__(
        self,
        max_features=10_000,
        *,
        input="content",  # noqa: A002
        encoding="utf-8",
        decode_error="strict",
        strip_accents=None,
        lowercase=True,
        preprocessor=None,
        tokenizer=None,
        stop_words=None,
        token_pattern=None,
        ngram_range=(1, 1),
        analyzer="word",
        max_df=1.0,
        min_df=1,
        vocabulary=None,
        oov="ignore",
        index="compact",
        sparse_output=True,
        dtype=np.float32,
    ):
        self.max_features = max_features
        self.input = input
        self.encoding = encoding
        self.decode_error = decode_error
        self.strip_accents = strip_accents
        self.lowercase = lowercase
        self.preprocessor = preprocessor
        self.tokenizer = tokenizer
        self.stop_words = stop_words
        self.token_pattern = token_pattern
        self.ngram_range = ngram_range
        self.analyzer = analyzer
        self.max_df = max_df
        self.min_df = min_df
        self.vocabulary = vocabulary
        self.oov = oov
        self.index = index
        self.sparse_output = sparse_output
        self.dtype = dtype

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the vocabulary."""
        self._fit(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Learn the vocabulary and return the matrix."""
        self._check_output()
        return self._output(self._fit(X))

    def transform(self, X):
        """Matrix of the texts."""
        words = self._get_words()
        self._check_output()
        documents = Documents(X, self.input)
        return self._output(self._encode(documents, words))

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Learn from one more chunk."""
        return self

    def _fit(self, X):
        check_options(self)
        documents = Documents(X, self.input)
        if self.vocabulary is not None:
            words = check_vocabulary(self.vocabulary, int(self.index == "keras"))
            matrix = self._encode(documents, words)
        else:
            words, matrix = self._learn(documents)
        layout = self._plan(len(words))
        counts = np.bincount(matrix.indices, minlength=layout.n_columns)
        self.vocabulary_ = dict(zip(words, range(layout.first, layout.n_columns)))
        self.document_frequency_ = counts[layout.first :][: len(words)]
        self.n_documents_ = matrix.shape[0]
        self.fixed_vocabulary_ = self.vocabulary is not None
        return matrix

    def _learn(self, documents):
        chunks = list(self._tokens(documents))
        terms, positions = merge_terms([tokens.terms for tokens in chunks])
        counts = np.zeros(len(terms), np.int64)
        for tokens, position in zip(chunks, positions, strict=True):
            counts[position] += np.bincount(tokens.codes, minlength=len(position))
        n_documents = sum(tokens.n_rows for tokens in chunks)
        document_counts = None
        if self.min_df != 1 or self.max_df != 1.0 or isinstance(self.max_df, Integral):
            document_counts = np.zeros(len(terms), np.int64)
            for tokens, position in zip(chunks, positions, strict=True):
                document_counts[position] += count_documents(tokens)
        order = self._select(terms, counts, n_documents, document_counts)
        words = from_terms(terms.take(pa.array(order)))
        layout = self._plan(len(words))
        columns = np.full(
            len(terms), -1 if layout.oov is None else layout.oov, np.int32
        )
        columns[order] = np.arange(len(words), dtype=np.int32) + layout.first
        blocks = map_chunks(
            lambda chunk: place(chunk[0], columns[chunk[1]], layout),
            zip(chunks, positions, strict=True),
        )
        return words, build_matrix(blocks, layout.n_columns, self.dtype)

    def _select(self, terms, counts, n_documents, document_counts):
        return select_terms(
            terms,
            counts,
            n_documents,
            document_counts=document_counts,
            min_df=self.min_df,
            max_df=self.max_df,
            limit=self.max_features,
        )

    def _plan(self, n_words):
        return plan_columns(n_words, index=self.index, oov=self.oov)

    def _encode(self, documents, words):
        layout = self._plan(len(words))
        words = to_terms(words)
        blocks = self._tokens(
            documents,
            lambda tokens: place(
                tokens, find_columns(tokens.terms, words, layout), layout
            ),
        )
        return build_matrix(blocks, layout.n_columns, self.dtype)

    def _tokens(self, documents, then=lambda tokens: tokens):
        """Yield what `then` makes of the `Tokens` of each chunk."""
        if documents.are_sequences:
            chunks, encode = documents.sequences(), encode_sequences
        else:
            counter = as_count_vectorizer(self)
            chunks = documents.texts(counter.decode)
            encode = partial(
                encode_texts,
                pattern=self.token_pattern or KERAS_PATTERN,
                lowercase=self.lowercase,
                preprocess=counter.build_preprocessor(),
                stop_words=None,
                ngram_range=self.ngram_range,
            )
        return map_chunks(lambda chunk: then(encode(chunk)), chunks)

    def _get_words(self):
        if not hasattr(self, "vocabulary_"):
            raise NotFittedError("Vocabulary not fitted or provided")
        return list(self.vocabulary_)

    def _check_output(self):
        pass

    def _output(self, matrix):
        return matrix

    def get_feature_names_out(self, input_features=None):
        """Names of the columns."""
        return np.asarray(self._get_words(), dtype=object)

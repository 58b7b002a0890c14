"""Texts, or sequences of token ids, to a binary sparse matrix."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from skimdb._sklearn import (
    HasMethods,
    Interval,
    RealNotInt,
    StrOptions,
    _fit_context,
    _get_output_config,
)
from skimdb.feature_extraction._columns import ColumnsMixin
from skimdb.feature_extraction._corpus import (
    add_counts,
    choose,
    count,
    encode,
    learn,
    open_documents,
)
from skimdb.feature_extraction._options import as_count_vectorizer, check_options
from skimdb.feature_extraction._vocabulary import (
    count_columns,
    pack_terms,
    unpack_terms,
)


class TextMultiHotVectorizer(ColumnsMixin, TransformerMixin, BaseEstimator):
    r"""Encode texts, or sequences of token ids, as a sparse binary matrix.

    What `CountVectorizer(binary=True)` does, several times faster: one row per
    document, one column per word, the most frequent words first, and 1 where the
    document has the word. The matrix is the same for the same tokenization, which by
    default is that of Keras: lower-case the text, turn its punctuation, tabs and
    newlines into blanks and split on blanks.

    Parameters
    ----------
    max_features : int or None, default=10_000
        Keep so many terms: those that occur most often, in all documents together;
        terms equally frequent in alphabetical order. None keeps all. Ignored if a
        `vocabulary` is given.
    input : {"content", "file", "filename", "sequences"}, default="content"
        What the documents are: texts (str, or bytes to be decoded), open files, names
        of files, or sequences of token ids, which are integers from 0. Among the
        content, lists, tuples and arrays are taken for sequences of token ids too.
    encoding : str, default="utf-8"
        Encoding of bytes and files.
    decode_error : {"strict", "ignore", "replace"}, default="strict"
        What to do about bytes that do not decode.
    strip_accents : {"ascii", "unicode"}, callable or None, default=None
        Replace characters with accents by those without.
    lowercase : bool, default=True
        Whether to lower-case, as `str.lower` does.
    preprocessor : callable or None, default=None
        From a document to a text, in place of lower-casing and stripping accents.
    tokenizer : callable or None, default=None
        From a text to a list of tokens, in place of `token_pattern`.
    stop_words : {"english"}, collection of str or None, default=None
        Words to leave out, before n-grams are made.
    token_pattern : str or None, default=None
        Regular expression of a token. None is Keras's rule; scikit-learn's is
        ``r"(?u)\b\w\w+\b"``. These two are fast.
    ngram_range : tuple (min_n, max_n), default=(1, 1)
        Smallest and largest number of words, or characters, in a term.
    analyzer : {"word", "char", "char_wb"} or callable, default="word"
        Whether terms are made of words or characters; a callable takes a document and
        gives all its terms.
    max_df, min_df : float or int, default=1.0 and 1
        Leave out terms in more, or fewer, documents than that: a fraction of the
        documents if float, their number if int. Ignored if a `vocabulary` is given.
    vocabulary : mapping, iterable or None, default=None
        The terms to use in place of learned ones: in the order of their columns, or
        with numbers from 0; with ``index="keras"`` ranks from 1, as in Keras's word
        index.
    oov : {"ignore", "indicator"}, default="ignore"
        What to do about terms outside the vocabulary. The indicator is one more
        column, the last, that says whether the document has any.
    index : {"compact", "keras"}, default="compact"
        Which number a column has. Compact: one column per term, from 0. Keras: the
        term of frequency rank r, from 1, has column r + 3, as `max_features` columns
        in all; column 1 is set in every row, column 2 in those with a term outside
        the vocabulary, columns 0 and 3 in none. Sequences of token ids in Keras's
        encoding already have these numbers: column i is id i.
    sparse_output : bool, default=True
        Whether the matrix is sparse or a dense array.
    dtype : dtype, default=numpy.float32
        Type of the matrix.

    Attributes
    ----------
    vocabulary_ : dict
        Column of each term (str; int for token ids), in the order of the columns.
    document_frequency_ : ndarray of int64, shape (len(vocabulary_),)
        Number of documents that have each term, in the order of `vocabulary_`.
    n_documents_ : int
        Number of documents learned from.
    fixed_vocabulary_ : bool
        Whether the vocabulary was given.

    See Also
    --------
    sklearn.feature_extraction.text.CountVectorizer : Counts, alphabetically.

    Notes
    -----
    With ``analyzer="word"``, one of the two patterns above, and neither
    `preprocessor`, `tokenizer` nor a callable `strip_accents`, texts are processed in
    bulk, on all cores. All else takes the way of `CountVectorizer`, text by text, to
    the same matrix.

    Keras's blank is the blank alone: carriage returns, non-breaking spaces and other
    white space are part of a word.

    Examples
    --------
    >>> from skimdb import TextMultiHotVectorizer
    >>> texts = ["A good film!", "A bad, bad film.", "Good."]
    >>> vectorizer = TextMultiHotVectorizer(max_features=3)
    >>> vectorizer.fit_transform(texts).toarray()
    array([[1., 0., 1.],
           [1., 1., 1.],
           [0., 0., 0.]], dtype=float32)
    >>> vectorizer.get_feature_names_out()
    array(['a', 'bad', 'film'], dtype=object)
    """

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
        """Learn the vocabulary of the documents.

        Parameters
        ----------
        X : iterable of length n_samples
            The documents: list, generator, NumPy, pandas, polars or Arrow array.
        y : None
            Ignored.

        Returns
        -------
        self : TextMultiHotVectorizer
            The fitted vectorizer.
        """
        self._fit(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Learn the vocabulary and return the matrix; faster than one by one.

        Parameters
        ----------
        X : iterable of length n_samples
            The documents.
        y : None
            Ignored.

        Returns
        -------
        X_new : csr_matrix or ndarray of shape (n_samples, n_features)
            1 where a document has the column's word, 0 elsewhere.
        """
        self._check_output()
        return self._output(self._fit(X))

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Learn from one more chunk of a corpus, which need not fit in memory.

        After the last chunk the vocabulary is the one that `fit` learns from all
        documents at once. What has been counted so far is kept, and pickled, so that
        more can follow.

        Parameters
        ----------
        X : iterable
            The next documents.
        y : None
            Ignored.

        Returns
        -------
        self : TextMultiHotVectorizer
            The vectorizer, ready to transform.
        """
        counted = getattr(self, "_counted", None)
        if hasattr(self, "vocabulary_") and counted is None:
            raise ValueError(
                "`fit` keeps no counts that `partial_fit` could go on from. Begin with "
                "`partial_fit` on an unfitted vectorizer, `sklearn.base.clone` of this."
            )
        check_options(self)
        documents = open_documents(self, X)
        parts = [count(self, documents)]
        if counted is not None:
            parts.insert(0, (unpack_terms(counted), *counted["counts"]))
        terms, *counts = add_counts(parts)
        words, columns, layout = choose(
            self, terms, *counts, documents.are_sequences, final=False
        )
        document_frequency = np.zeros(layout.first + len(words) + 1, np.int64)
        document_frequency[columns] = counts[1]
        self._counted = pack_terms(terms) | {"counts": tuple(counts)}
        self._remember(words, layout, document_frequency, counts[2])
        return self

    def transform(self, X):
        """Encode documents with the vocabulary learned, or given.

        Parameters
        ----------
        X : iterable of length n_samples
            The documents.

        Returns
        -------
        X_new : csr_matrix or ndarray of shape (n_samples, n_features)
            1 where a document has the column's word, 0 elsewhere.
        """
        vocabulary = self._get_vocabulary()
        self._check_output()
        return self._output(encode(self, open_documents(self, X), list(vocabulary)))

    def build_analyzer(self):
        """Return the function from one document to its tokens.

        Returns
        -------
        analyzer : callable
            Takes a document, gives a list of tokens, as
            `sklearn.feature_extraction.text.CountVectorizer.build_analyzer`.
        """
        if self.input == "sequences":
            return list
        return as_count_vectorizer(self).build_analyzer()

    def _fit(self, X):
        check_options(self)
        documents = open_documents(self, X)
        words, layout, matrix = learn(self, documents)
        document_frequency = count_columns(matrix)
        self._remember(words, layout, document_frequency, matrix.shape[0])
        vars(self).pop("_counted", None)
        return matrix

    def _remember(self, words, layout, document_frequency, n_documents):
        end = layout.first + len(words)
        self.vocabulary_ = dict(zip(words, range(layout.first, end), strict=True))
        self.document_frequency_ = document_frequency[layout.first : end]
        self.n_documents_ = n_documents
        self.fixed_vocabulary_ = self.vocabulary is not None

    def _check_output(self):
        output = _get_output_config("transform", self)["dense"]
        if self.sparse_output and output != "default":
            raise ValueError(
                f"{output.capitalize()} output does not support sparse data. Set "
                f"sparse_output=False to output {output} dataframes or disable "
                f"{output.capitalize()} output via "
                '`set_output(transform="default")`.'
            )

    def _output(self, matrix):
        return matrix if self.sparse_output else matrix.toarray()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags

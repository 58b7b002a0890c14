"""Texts, or sequences of token ids, to a binary sparse matrix."""

from collections.abc import Mapping
from functools import partial
from numbers import Integral
from operator import attrgetter

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, check_is_fitted

from skimdb._sklearn import (
    HasMethods,
    Interval,
    RealNotInt,
    StrOptions,
    _fit_context,
)
from skimdb._checks import check_indices, make_dense
from skimdb._messages import warn
from skimdb.feature_extraction._columns import (
    ColumnLookup,
    make_vocabulary,
    number_ids,
    order_by_word,
    plan_layout,
)
from skimdb.feature_extraction._corpus import (
    TermCounts,
    add_counts,
    count_terms,
    encode_tokens,
    map_chunks,
    use_up,
)
from skimdb.feature_extraction._documents import Documents, analyze_items
from skimdb.feature_extraction._matrix import build_matrix
from skimdb.feature_extraction._options import (
    TokenOptions,
    check_dtype,
    check_limits,
    check_texts,
    drop_stop_words,
    find_missing_stop_words,
)
from skimdb.feature_extraction._output import SparseOutputMixin
from skimdb.feature_extraction._tokenize import (
    BulkTokenizer,
    from_terms,
    shrink_tokens,
    to_terms,
    tokenize_ids,
    tokenize_lists,
)
from skimdb.feature_extraction._vocabulary import (
    has_capitals,
    keep_given,
    list_given_words,
    select_terms,
)


class TextMultiHotVectorizer(SparseOutputMixin, BaseEstimator):
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
        of files, or sequences of token ids, which are integers from 0; these may also
        be the rows of a table or of a two-dimensional array. Among the content, lists,
        tuples and arrays are taken for sequences of token ids too.
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
        Whether the matrix is sparse or a dense array. A dense one becomes a table if
        `set_output` or ``sklearn.set_config(transform_output="pandas")`` asks for it;
        a sparse one stays what it is, as that of `CountVectorizer`, and is an error
        if `set_output` asks for a table.
    dtype : dtype, default=numpy.float32
        Type of the matrix.

    Attributes
    ----------
    vocabulary_ : dict
        Column of each term (str; int for token ids), in the order of the columns. A
        mapping like a dict where each token id is its own column.
    document_frequency_ : ndarray of int64, shape (n_terms,)
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

    def __setattr__(self, name, value):
        # Each fit, clone and pickle needs the vocabulary: an iterator gives it once.
        super().__setattr__(name, keep_given(value) if name == "vocabulary" else value)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the vocabulary of the documents.

        Parameters
        ----------
        X : iterable of length n_samples
            The documents: list, generator, NumPy, pandas, polars or Arrow array, or
            tensor. Not a set, whose documents have no order.
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
        return self._convert_output(self._fit(X))

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
        self._check_options()
        self._warn_of_options()
        documents = self._open_documents(X)
        parts = self._map_tokens(count_terms, documents)
        if counted is not None:
            parts = [TermCounts.unpack(counted), *parts]
        counts, _ = add_counts(parts)
        words, layout, columns = self._choose_words(
            counts, documents.are_ids, final=False
        )
        document_frequency = order_by_word(
            counts.document_counts, columns, layout, len(words)
        )
        self._set_fitted(
            words, layout, document_frequency, counts.n_documents, counts.pack()
        )
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
        if self.vocabulary is not None and not hasattr(self, "vocabulary_"):
            self._validate_params()
            self._check_options()
        vocabulary = self._get_vocabulary()
        documents = self._open_documents(X)
        layout = self._plan_layout(len(vocabulary), documents.are_ids)
        lookup = ColumnLookup(vocabulary, layout)

        def encode_chunk(tokens):
            return encode_tokens(tokens, lookup.find_columns(tokens.terms), layout)

        blocks = self._map_tokens(encode_chunk, documents)
        matrix = build_matrix(blocks, layout.n_columns, self.dtype)
        return self._convert_output(matrix)

    def inverse_transform(self, X):
        """List the words of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Matrix as `transform` gives it; all that is not zero counts.

        Returns
        -------
        X_original : list of n_samples arrays
            The words, or token ids, by falling frequency. Columns that stand for
            no word are left out.
        """
        layout, words = self._get_layout(), self._get_words()
        if sp.issparse(X):
            check_indices(X, "X")
        X = sp.csr_array(check_array(X, accept_sparse="csr"))
        if X.shape[1] != layout.n_columns:
            raise ValueError(
                f"X has {X.shape[1]} columns, but {type(self).__name__} has "
                f"{layout.n_columns}. Pass a matrix that its transform has made."
            )
        rows, columns = X.nonzero()
        columns = columns - layout.first
        is_word = (columns >= 0) & (columns < len(words))
        n_words = np.bincount(rows[is_word], minlength=X.shape[0])
        return np.split(words[columns[is_word]], np.cumsum(n_words)[:-1])

    def decode(self, ids):
        """Turn column numbers into the words that they stand for.

        With ``index="keras"`` these are the ids of Keras's encoding of a text.

        Parameters
        ----------
        ids : array-like of int, shape (n_tokens,)
            Numbers of columns, in the order of the text or any other.

        Returns
        -------
        text : str
            The words, with blanks between. ``"?"`` is for a column of no word.
        """
        layout, words = self._get_layout(), self._get_words()
        ids = check_array(ids, ensure_2d=False, ensure_min_samples=0, dtype=None)
        if ids.ndim != 1 or (ids.size and not np.issubdtype(ids.dtype, np.integer)):
            raise ValueError(
                "One sequence of integer ids expected, got an array of shape "
                f"{ids.shape} and type {ids.dtype}. Pass the ids of one text at a "
                "time."
            )
        if ids.size and not 0 <= ids.min() <= ids.max() < layout.n_columns:
            raise ValueError(
                f"Ids must be from 0 to {layout.n_columns - 1}, the last column; got "
                f"ids from {ids.min()} to {ids.max()}. Was the text encoded with "
                "another vocabulary?"
            )
        names = np.full(layout.n_columns, "?", dtype=object)
        names[layout.first : layout.first + len(words)] = words
        return " ".join(map(str, names[ids.astype(int)]))

    def get_feature_names_out(self, input_features=None):
        """Get the names of the columns.

        Parameters
        ----------
        input_features : None
            Ignored, there by convention.

        Returns
        -------
        feature_names_out : ndarray of str objects, shape (n_features,)
            The words. Other columns are ``"<oov>"`` and, with ``index="keras"``,
            ``"<pad>"``, ``"<start>"`` and ``"<unused>"``.
        """
        names = self._get_layout().name_columns(self._get_words())
        return np.array(names, dtype=object)

    def build_preprocessor(self):
        """Return the function from a text to the text that is split into tokens.

        Returns
        -------
        preprocessor : callable
            As `sklearn.feature_extraction.text.CountVectorizer.build_preprocessor`.
        """
        return self._get_token_options().make_count_vectorizer().build_preprocessor()

    def build_tokenizer(self):
        """Return the function from a text to the list of its words.

        Returns
        -------
        tokenizer : callable
            As `sklearn.feature_extraction.text.CountVectorizer.build_tokenizer`.
        """
        return self._get_token_options().make_count_vectorizer().build_tokenizer()

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
        changes = {}
        if not callable(self.analyzer):
            changes["preprocessor"] = self.build_preprocessor()
        if self.analyzer == "word":
            tokenize = drop_stop_words(self.build_tokenizer(), self._get_stop_words())
            changes |= {"tokenizer": tokenize, "stop_words": None}
        counter = self._get_token_options().make_count_vectorizer(**changes)
        return counter.build_analyzer()

    def _fit(self, X):
        self._check_options()
        self._warn_of_options()
        documents = self._open_documents(X)
        is_limited = (self.min_df, self.max_df) not in [(1, 1.0), (0.0, 1.0)]
        count = partial(count_terms, in_documents=is_limited)
        chunks, parts = [], []
        for tokens, part in self._map_tokens(
            lambda tokens: (shrink_tokens(tokens), count(tokens)), documents
        ):
            chunks.append(tokens)
            parts.append(part)
        counts, positions = add_counts(parts)
        if self.vocabulary is None and not len(counts.terms):
            raise ValueError(documents.describe_lack(counts.n_documents))
        words, layout, columns = self._choose_words(counts, documents.are_ids)
        blocks = map_chunks(
            lambda chunk: encode_tokens(chunk[0], columns[chunk[1]], layout),
            zip(use_up(chunks), use_up(positions), strict=True),
        )
        matrix = build_matrix(blocks, layout.n_columns, self.dtype)
        frequency = np.bincount(matrix.indices, minlength=layout.n_columns)
        frequency = frequency[layout.first :][: len(words)]
        self._set_fitted(words, layout, frequency, counts.n_documents)
        return matrix

    def _get_token_options(self):
        return TokenOptions._make(attrgetter(*TokenOptions._fields)(self))

    def _get_stop_words(self):
        return self._get_token_options().make_count_vectorizer().get_stop_words()

    def _check_options(self):
        """Raise for options that cannot be."""
        check_limits(
            self.ngram_range, self.min_df, self.max_df, self.max_features, self.index
        )
        check_dtype(self.dtype)
        check_texts(self._get_token_options())
        self.build_analyzer()  # raises for a pattern of several groups

    def _warn_of_options(self):
        """Warn of options without effect, and of stop words that may miss some."""
        options = self._get_token_options()
        for name, cause in options.find_unused():
            warn(f"The parameter {name!r} will not be used since {cause}")
        if options.uses_stop_words():
            missing = find_missing_stop_words(
                self._get_stop_words(),
                self.build_preprocessor(),
                self.build_tokenizer(),
            )
            if missing:
                warn(
                    "Your stop_words may be inconsistent with the tokenization, which "
                    f"makes of them words that are not among them: {missing}. These "
                    "stay in the documents; add them to stop_words to leave them out."
                )

    def _open_documents(self, X):
        any_kind = self._get_token_options().takes_any_document()
        return Documents(X, self.input, any_kind)

    def _map_tokens(self, function, documents):
        """Yield ``function(tokens)`` of each chunk of documents."""
        options = self._get_token_options()
        if documents.are_ids:
            chunks, tokenize = documents.read_ids(), tokenize_ids
        elif self._is_bulk(options, documents):
            decode = options.make_count_vectorizer().decode
            chunks, tokenize = documents.read_texts(decode), self._make_bulk_tokenizer()
        else:  # Python's own code, and callables that may not bear threads
            analyze = self.build_analyzer()
            return (
                function(tokenize_lists(analyze_items(row, items, analyze)))
                for row, items in documents.read_items()
            )
        return map_chunks(lambda chunk: function(tokenize(chunk)), chunks)

    def _is_bulk(self, options, documents):
        """Whether to process texts in bulk, rather than one by one by the analyzer."""
        builders = ("build_analyzer", "build_preprocessor", "build_tokenizer")
        overridden = any(
            getattr(type(self), name) is not getattr(TextMultiHotVectorizer, name)
            for name in builders
        )
        return options.has_fast_path() and not (overridden or documents.are_few)

    def _make_bulk_tokenizer(self):
        counter = self._get_token_options().make_count_vectorizer()
        stop_words = counter.get_stop_words()
        return BulkTokenizer(
            pattern=counter.token_pattern,
            lowercase=counter.lowercase,
            strip_accents=counter.strip_accents,
            preprocess=counter.build_preprocessor(),
            stop_words=to_terms(sorted(stop_words)) if stop_words else None,
            ngram_range=counter.ngram_range,
        )

    def _plan_layout(self, n_words, are_ids):
        return plan_layout(n_words, index=self.index, oov=self.oov, are_ids=are_ids)

    def _choose_words(self, counts, are_ids, *, final=True):
        """Choose the words of the vocabulary by the counts of all terms.

        Without any word left, an error, unless more documents are to come.

        Returns
        -------
        words : sequence of str or int
        layout : Layout
        columns : ndarray of int32
            The column of each counted term.
        """
        if self.vocabulary is not None:
            words = self._list_given_words()
            if self.lowercase and has_capitals(words):
                warn(
                    "Upper case characters found in vocabulary while 'lowercase' is "
                    "True. These entries will not be matched with any documents: write "
                    "them in lower case, or set lowercase=False."
                )
        elif are_ids and self.index == "keras":  # every id is its own column
            largest = int(np.max(counts.terms.to_numpy(), initial=-1))
            words = number_ids(self.max_features or largest + 1)
        else:
            return self._select_words(counts, are_ids, final)
        layout = self._plan_layout(len(words), are_ids)
        lookup = ColumnLookup(make_vocabulary(words, layout), layout)
        return words, layout, lookup.find_columns(counts.terms)

    def _select_words(self, counts, are_ids, final):
        """Choose the most frequent words: see `_choose_words`."""
        limit = self.max_features
        if self.index == "keras" and limit is not None:
            limit -= self._plan_layout(0, are_ids).first
        order = select_terms(
            counts, min_df=self.min_df, max_df=self.max_df, limit=limit, final=final
        )
        layout = self._plan_layout(len(order), are_ids)
        outside = -1 if layout.oov is None else layout.oov
        columns = np.full(len(counts.terms), outside, np.int32)
        columns[order] = np.arange(layout.first, layout.first + len(order))
        return from_terms(counts.terms.take(pa.array(order))), layout, columns

    def _set_fitted(self, words, layout, document_frequency, n_documents, counted=None):
        """Set all fitted attributes at once, so that an interrupt leaves them whole."""
        vars(self).update(
            vocabulary_=make_vocabulary(words, layout),
            document_frequency_=document_frequency,
            n_documents_=n_documents,
            fixed_vocabulary_=self.vocabulary is not None,
            _counted=counted,
        )

    def _list_given_words(self):
        # Keras's ranks are from 1.
        return list_given_words(self.vocabulary, 1 if self.index == "keras" else 0)

    def _get_vocabulary(self):
        """Column of each term, in the order of the columns."""
        if self.vocabulary is None:
            check_is_fitted(self)
        if hasattr(self, "vocabulary_"):
            if not self.vocabulary_:
                raise ValueError(
                    "The vocabulary is empty: so far, no term of the documents that "
                    "`partial_fit` was given satisfies min_df, max_df and stop_words. "
                    "Lower min_df, or give more documents first."
                )
            return self.vocabulary_
        words = self._list_given_words()
        return make_vocabulary(words, self._plan_layout(len(words), are_ids=False))

    def _get_words(self):
        vocabulary = self._get_vocabulary()
        words = np.empty(len(vocabulary), dtype=object)
        words[:] = list(vocabulary)
        return words

    def _get_layout(self):
        vocabulary = self._get_vocabulary()
        # Only token ids that are columns themselves begin at 0 with index="keras".
        return self._plan_layout(len(vocabulary), are_ids=0 in vocabulary.values())

    def _convert_output(self, matrix):
        if self.sparse_output:
            return matrix
        remedy = "Set sparse_output=True, or a smaller max_features."
        return make_dense(matrix, "The output", remedy)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags

"""Encode texts, or sequences of token ids, as a binary sparse matrix."""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property, partial
from typing import Any, Literal, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils.validation import check_array, check_is_fitted

from skimdb._checks import check_indices, make_dense
from skimdb._sklearn import HasMethods, StrOptions, _fit_context
from skimdb.feature_extraction._analyzer import AnalyzerMixin
from skimdb.feature_extraction._columns import Layout, make_lookup, plan_layout
from skimdb.feature_extraction._corpus import (
    TermCounts,
    add_counts,
    count_terms,
    encode_tokens,
    map_chunks,
    merge_counts,
    use_up,
)
from skimdb.feature_extraction._matrix import build_matrix
from skimdb.feature_extraction._tokenize import shrink_tokens
from skimdb.feature_extraction._vocabulary import (
    choose_words,
    limits_documents,
    list_given_words,
)

# Fitted attributes that only some of the methods that fit set.
_FITTED = ("vocabulary_", "document_frequency_", "_layout", "_counted", "_are_ids")
Matrix = sp.csr_matrix | sp.csr_array | np.ndarray


class TextMultiHotVectorizer(
    AnalyzerMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    r"""Encode texts, or sequences of token ids, as a sparse binary matrix.

    There is one row per document and one column per word, with the most frequent words
    first. A cell is 1 if the document contains the word. With the same tokenization and
    vocabulary, `CountVectorizer(binary=True)` returns the same matrix, several times
    slower. The default tokenization is Keras's: lower-case the text, replace
    punctuation, tabs and newlines by blanks, and split on blanks.

    Read more in the :ref:`User Guide <guide-encoding>`.

    Parameters
    ----------
    max_features : int or None, default=10_000
        Size of the vocabulary. Terms are ordered by their total count over the corpus,
        ties alphabetically. (`CountVectorizer(binary=True)` counts documents instead.)
        None keeps all terms. Ignored if a `vocabulary` is given.
    input : {"content", "file", "filename", "sequences"}, default="content"
        Kind of the documents: texts (str, or bytes to be decoded), open files, file
        names, or sequences of token ids, which are integers from 0. Such sequences may
        also be the rows of a table or of a two-dimensional array. With "content",
        lists, tuples and arrays are recognized as sequences of token ids too. In files,
        all kinds of line ends become newlines.
    encoding : str, default="utf-8"
        Encoding of bytes and files.
    decode_error : {"strict", "ignore", "replace"}, default="strict"
        How to handle byte sequences that cannot be decoded.
    strip_accents : {"ascii", "unicode"}, callable or None, default=None
        Replace characters with accents by characters without.
    lowercase : bool, default=True
        Whether to lower-case texts, like `str.lower`.
    preprocessor : callable or None, default=None
        Function from a document to a text. It replaces lower-casing and stripping
        accents.
    tokenizer : callable or None, default=None
        Function from a text to a list of tokens. It replaces `token_pattern`.
    stop_words : {"english"}, collection of str or None, default=None
        Words to leave out before n-grams are built.
    token_pattern : str or None, default=None
        Regular expression of a token. None is Keras's rule; scikit-learn's is
        ``r"(?u)\b\w\w+\b"``. These two are fast.
    ngram_range : tuple (min_n, max_n), default=(1, 1)
        Smallest and largest number of words, or characters, in a term.
    analyzer : {"word", "char", "char_wb"} or callable, default="word"
        Whether terms consist of words or characters. A callable takes a document and
        returns all its terms.
    max_df, min_df : float or int, default=1.0 and 1
        Leave out terms that are in more, or in fewer, documents: a fraction of the
        documents if float, a number of documents if int. Ignored if a `vocabulary` is
        given.
    vocabulary : mapping, iterable or None, default=None
        Terms to use instead of learned ones: in the order of their columns, or mapped
        to numbers from 0. For ``index="keras"``, the numbers are ranks from 1, as in
        Keras's word index.
    oov : {"ignore", "indicator"}, default="ignore"
        How to handle terms outside the vocabulary. The indicator is an additional
        last column, which is 1 if the document contains any.
    index : {"compact", "keras"}, default="compact"
        Numbering of the columns. Compact: one column per term, from 0. Keras:
        `max_features` columns in total, and the term of frequency rank r, from 1, has
        column r + 3. Column 1 is set in every row, column 2 in rows with a term
        outside the vocabulary, columns 0 and 3 in none. Sequences of token ids in
        Keras's encoding already have these numbers: column i is id i.
    sparse_output : bool, default=True
        Whether to return a sparse matrix or a dense array.
    dtype : dtype, default=numpy.float32
        Type of the matrix.

    Attributes
    ----------
    vocabulary_ : dict
        Column of each term (str; int for token ids), in the order of the columns.
        After `partial_fit`, terms are selected when this attribute is first needed.
    document_frequency_ : ndarray of int64, shape (n_terms,)
        Number of documents that contain each term, in the order of `vocabulary_`.
    n_documents_ : int
        Number of documents in the training data.
    fixed_vocabulary_ : bool
        Whether the vocabulary was given.

    See Also
    --------
    sklearn.feature_extraction.text.CountVectorizer : Count terms, in alphabetical
        order.

    Notes
    -----
    Texts are processed in bulk, on all cores, with ``analyzer="word"`` and one of the
    two patterns above, and with ``analyzer="char"`` and ``"char_wb"``. A
    `preprocessor`, a `tokenizer`, callables and other patterns fall back to
    `CountVectorizer`'s document-by-document path and give the same matrix.

    Like Keras, only blanks, tabs and newlines separate words: carriage returns,
    non-breaking spaces and other white space become part of a word.

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

    n_documents_: int
    fixed_vocabulary_: bool

    _parameter_constraints: dict = {
        **CountVectorizer._parameter_constraints,
        "input": [StrOptions({"content", "file", "filename", "sequences"})],
        "stop_words": [StrOptions({"english"}), list, tuple, set, frozenset, None],
        "vocabulary": [HasMethods(["__iter__", "__len__"]), None],
        "oov": [StrOptions({"ignore", "indicator"})],
        "index": [StrOptions({"compact", "keras"})],
        "sparse_output": ["boolean"],
    }
    del _parameter_constraints["binary"]

    def __init__(
        self,
        max_features: int | None = 10_000,
        *,
        input: Literal["content", "file", "filename", "sequences"] = "content",  # noqa: A002
        encoding: str = "utf-8",
        decode_error: Literal["strict", "ignore", "replace"] = "strict",
        strip_accents: Literal["ascii", "unicode"] | Callable | None = None,
        lowercase: bool = True,
        preprocessor: Callable | None = None,
        tokenizer: Callable | None = None,
        stop_words: Literal["english"] | Collection[str] | None = None,
        token_pattern: str | None = None,
        ngram_range: tuple[int, int] = (1, 1),
        analyzer: Literal["word", "char", "char_wb"] | Callable = "word",
        max_df: float = 1.0,
        min_df: float = 1,
        vocabulary: Mapping | Iterable | None = None,
        oov: Literal["ignore", "indicator"] = "ignore",
        index: Literal["compact", "keras"] = "compact",
        sparse_output: bool = True,
        dtype: Any = np.float32,
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
    def fit(self, X: Iterable, y: object = None) -> Self:
        """Learn the vocabulary of the documents.

        Parameters
        ----------
        X : iterable of length n_samples
            Documents: a list, a generator, a NumPy, pandas, polars or Arrow array, or a
            tensor. Not a set, which has no order.
        y : None
            Ignored.

        Returns
        -------
        self : TextMultiHotVectorizer
            Fitted vectorizer.
        """
        self._fit(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Iterable, y: object = None) -> Matrix:
        """Learn the vocabulary and return the document-term matrix.

        This is faster than `fit` followed by `transform`.

        Parameters
        ----------
        X : iterable of length n_samples
            Documents.
        y : None
            Ignored.

        Returns
        -------
        X_new : csr_matrix or ndarray of shape (n_samples, n_features)
            1 if a document contains the word of the column, else 0.
        """
        return self._convert_output(self._fit(X))

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Iterable, y: object = None) -> Self:
        """Learn from one more chunk of a corpus, which need not fit in memory.

        After the last chunk, the vocabulary is the one that `fit` learns from all
        documents. The counts are kept, and pickled, for further calls.

        Parameters
        ----------
        X : iterable
            Next documents.
        y : None
            Ignored.

        Returns
        -------
        self : TextMultiHotVectorizer
            Fitted vectorizer.
        """
        counted = getattr(self, "_counted", [])
        if not counted and hasattr(self, "n_documents_"):
            raise ValueError(
                "partial_fit cannot continue from `fit`, which keeps no counts. Use "
                "sklearn.base.clone(vectorizer).partial_fit instead."
            )
        documents = self._open_documents(X)
        if not counted:
            self._check_params()
        counts, _ = add_counts(self._map_tokens(count_terms, documents))
        merged = merge_counts(counted, counts.pack())
        self._set_fitted(
            n_documents_=counts.n_documents + getattr(self, "n_documents_", 0),
            _counted=merged,
            _are_ids=documents.are_ids,
        )
        return self

    @cached_property
    def vocabulary_(self) -> dict:
        """Column of each term."""
        return self._select_counted("vocabulary_")

    @cached_property
    def document_frequency_(self) -> np.ndarray:
        """Number of documents that contain each term."""
        return self._select_counted("document_frequency_")

    def _select_counted(self, name):
        """Set the attributes that follow from the counts, and return one of them."""
        if not getattr(self, "_counted", None):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}.")
        counts, _ = add_counts(map(TermCounts.unpack, self._counted))
        words, layout, columns = choose_words(self, counts, self._are_ids, final=False)
        frequency = np.zeros(layout.n_columns + 1, np.int64)  # -1 is the last column
        frequency[columns] = counts.document_counts
        vars(self).update(
            vocabulary_=layout.make_vocabulary(words),
            document_frequency_=frequency[layout.first :][: len(words)],
            _layout=tuple(layout),
        )
        return vars(self)[name]

    def transform(self, X: Iterable) -> Matrix:
        """Encode documents with the learned or given vocabulary.

        Parameters
        ----------
        X : iterable of length n_samples
            Documents.

        Returns
        -------
        X_new : csr_matrix or ndarray of shape (n_samples, n_features)
            1 if a document contains the word of the column, else 0.
        """
        vocabulary, layout = self._get_vocabulary()
        documents = self._open_documents(X)
        # A document has about 100 distinct words, or 2,000 n-grams of characters.
        n_terms = 100 if self.analyzer == "word" else 2000
        few = n_terms * documents.n_documents < len(vocabulary)
        find_columns = make_lookup(vocabulary, layout, few)

        def encode_chunk(tokens):
            return encode_tokens(tokens, find_columns(tokens.terms), layout)

        blocks = self._map_tokens(encode_chunk, documents)
        matrix = build_matrix(blocks, layout.n_columns, self.dtype)
        return self._convert_output(matrix)

    def inverse_transform(self, X: Any) -> list[np.ndarray]:
        """List the words of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Matrix like the one that `transform` returns. Every value except 0 counts.

        Returns
        -------
        X_original : list of n_samples arrays
            Words, or token ids, in the order of the columns. Columns without a word are
            left out.
        """
        vocabulary, layout = self._get_vocabulary()
        if sp.issparse(X):
            check_indices(X, "X")
        X = sp.csr_array(check_array(X, accept_sparse="csr"))
        if X.shape[1] != layout.n_columns:
            raise ValueError(
                f"X has {X.shape[1]} columns, but {type(self).__name__} has "
                f"{layout.n_columns}. Pass a matrix that its transform returned."
            )
        words = np.array(list(vocabulary), dtype=object)
        X = X[:, layout.first : layout.first + len(words)].copy()
        X.eliminate_zeros()
        return np.split(words[X.indices], X.indptr[1:-1])

    def decode(self, ids: Any) -> str:
        """Turn column numbers into the words of these columns.

        For ``index="keras"``, these are the ids of Keras's encoding of a text.

        Parameters
        ----------
        ids : array-like of int, shape (n_tokens,)
            Column numbers, in the order of the text or any other.

        Returns
        -------
        text : str
            Words, separated by blanks. ``"?"`` stands for a column without a word.
        """
        vocabulary, layout = self._get_vocabulary()
        ids = check_array(ids, ensure_2d=False, ensure_min_samples=0, dtype=None)
        if ids.ndim != 1 or (ids.size and not np.issubdtype(ids.dtype, np.integer)):
            raise ValueError(
                "Expected one sequence of integer ids, got an array of shape "
                f"{ids.shape} and type {ids.dtype}. Pass the ids of one text at a time."
            )
        if ids.size and not 0 <= ids.min() <= ids.max() < layout.n_columns:
            raise ValueError(
                f"Expected ids from 0 to {layout.n_columns - 1}, the last column, got "
                f"ids from {ids.min()} to {ids.max()}. Pass ids of this vocabulary."
            )
        words = {column: str(word) for word, column in vocabulary.items()}
        return " ".join(words.get(i, "?") for i in ids.tolist())

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Get the names of the columns.

        Parameters
        ----------
        input_features : None
            Ignored, for API consistency.

        Returns
        -------
        feature_names_out : ndarray of str objects, shape (n_features,)
            The words. Other columns are ``"<oov>"`` and, for ``index="keras"``,
            ``"<pad>"``, ``"<start>"`` and ``"<unused>"``.
        """
        vocabulary, layout = self._get_vocabulary()
        return np.array(layout.name_columns(vocabulary), dtype=object)

    def _fit(self, X):
        self._check_params()
        documents = self._open_documents(X)
        chunks = list(self._map_tokens(shrink_tokens, documents))
        in_documents = limits_documents(self.min_df, self.max_df)
        parts = map_chunks(partial(count_terms, in_documents=in_documents), chunks)
        counts, positions = add_counts(parts)
        if self.vocabulary is None and not len(counts.terms):
            raise ValueError(
                f"empty vocabulary: no token in {counts.n_documents} documents. Are "
                "they blank, or only contain stop words? Open files can be read once."
            )
        words, layout, columns = choose_words(self, counts, documents.are_ids)
        blocks = map_chunks(
            lambda chunk: encode_tokens(chunk[0], columns[chunk[1]], layout),
            zip(use_up(chunks), use_up(positions), strict=True),
        )
        matrix = build_matrix(blocks, layout.n_columns, self.dtype)
        frequency = np.bincount(matrix.indices, minlength=layout.n_columns)
        frequency = frequency[layout.first :][: len(words)]
        self._set_fitted(
            vocabulary_=layout.make_vocabulary(words),
            document_frequency_=frequency,
            n_documents_=counts.n_documents,
            _layout=tuple(layout),
        )
        return matrix

    def _check_params(self):
        """Check the parameters, warn of those without effect, return given words."""
        if self.index == "keras" and self.max_features in range(5):
            raise ValueError(
                "Expected max_features of at least 5 for index='keras', which reserves "
                f"four columns, got {self.max_features}."
            )
        words = None if self.vocabulary is None else list_given_words(self)
        self._check_analyzer(words if words and isinstance(words[0], str) else ["_"])
        return words

    def _set_fitted(self, **fitted):
        """Replace the fitted attributes at once, so that an interrupt changes none."""
        kept = {k: value for k, value in vars(self).items() if k not in _FITTED}
        is_given = self.vocabulary is not None
        self.__dict__ = kept | {"fixed_vocabulary_": is_given} | fitted

    def _get_vocabulary(self):
        """Return the vocabulary and its layout; a given one needs no `fit`."""
        if not hasattr(self, "vocabulary_"):
            if self.vocabulary is None:
                check_is_fitted(self)
            self._validate_params()
            words = self._check_params()
            layout = plan_layout(len(words), self.index, self.oov)
            vocabulary = layout.make_vocabulary(words)
            self._set_fitted(vocabulary_=vocabulary, _layout=tuple(layout))
        if not self.vocabulary_:
            raise ValueError(
                "The vocabulary is empty: no term so far satisfies min_df, max_df and "
                "stop_words. Lower min_df, or pass more documents to partial_fit."
            )
        return self.vocabulary_, Layout(*self._layout)

    def _convert_output(self, matrix):
        if self.sparse_output:
            return matrix
        remedy = "Set sparse_output=True, or a smaller max_features."
        return make_dense(matrix, "the output", remedy)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags

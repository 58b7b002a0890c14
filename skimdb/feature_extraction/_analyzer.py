"""From documents to tokens: the parameters shared with `CountVectorizer`."""

from collections.abc import Callable
from functools import partial
from numbers import Integral
from typing import Any, Self

from sklearn.feature_extraction.text import CountVectorizer

from skimdb.feature_extraction._characters import CharacterTokenizer
from skimdb.feature_extraction._corpus import map_chunks
from skimdb.feature_extraction._documents import Documents
from skimdb.feature_extraction._tokenize import (
    KERAS_PATTERN,
    SKLEARN_PATTERN,
    BulkTokenizer,
    tokenize_ids,
    tokenize_lists,
)

_SHARED = "input encoding decode_error strip_accents lowercase preprocessor tokenizer "
_SHARED += "token_pattern ngram_range analyzer"


# Names of these parameters in Keras.
_OTHER_NAMES = {
    "num_words": "max_features",
    "max_tokens": "max_features",
    "ngrams": "ngram_range",
    "lower": "lowercase",
    "split": "token_pattern or tokenizer",
    "binary": "no such parameter: the output is always binary",
}


class _Counter(CountVectorizer):
    def decode(self, doc):
        """Decode a document; in files, all kinds of line ends become newlines."""
        text = super().decode(doc)
        if self.input == "content":
            return text
        return text.replace("\r\n", "\n").replace("\r", "\n")


class AnalyzerMixin:
    """Split documents into tokens, in bulk or by a `CountVectorizer`."""

    def __new__(cls, *args, **params):
        _check_names(params)
        return super().__new__(cls)

    def set_params(self, **params: Any) -> Self:
        """Set parameters.

        Parameters
        ----------
        **params : dict
            Parameters by name.

        Returns
        -------
        self : TextMultiHotVectorizer
            Estimator.
        """
        _check_names(params)
        return super().set_params(**params)

    def get_stop_words(self) -> frozenset | None:
        """Return the words to leave out.

        Returns
        -------
        stop_words : frozenset or None
            Like `sklearn.feature_extraction.text.CountVectorizer.get_stop_words`.
        """
        return self._make_counter().get_stop_words()

    def build_preprocessor(self) -> Callable:
        """Return the function that prepares a text for tokenization.

        Returns
        -------
        preprocessor : callable
            Like `sklearn.feature_extraction.text.CountVectorizer.build_preprocessor`.
        """
        return self._make_counter().build_preprocessor()

    def build_tokenizer(self) -> Callable:
        """Return the function that splits a text into a list of words.

        Returns
        -------
        tokenizer : callable
            Like `sklearn.feature_extraction.text.CountVectorizer.build_tokenizer`.
        """
        return self._make_counter().build_tokenizer()

    def build_analyzer(self) -> Callable:
        """Return the function that turns a document into a list of tokens.

        Returns
        -------
        analyzer : callable
            Like `sklearn.feature_extraction.text.CountVectorizer.build_analyzer`.
        """
        if self.input == "sequences":
            return list
        changes = {}
        if not callable(self.analyzer):
            changes["preprocessor"] = self.build_preprocessor()
        if self.analyzer == "word":
            changes |= {"tokenizer": self.build_tokenizer(), "stop_words": None}
            # CountVectorizer would warn of its stop words in `transform` too.
            if stop_words := self.get_stop_words():
                changes["tokenizer"] = partial(
                    _tokenize_without, stop_words, changes["tokenizer"]
                )
        return self._make_counter(**changes).build_analyzer()

    def _make_counter(self, **changes):
        """Make the `CountVectorizer` that splits documents into the same tokens."""
        params = {name: getattr(self, name) for name in _SHARED.split()}
        if self.token_pattern is None:
            params["token_pattern"] = KERAS_PATTERN
        if self.input == "sequences":
            params["input"] = "content"
        stop_words = self.stop_words
        if stop_words is not None and not isinstance(stop_words, str):
            stop_words = list(stop_words)
        return _Counter(**params | {"stop_words": stop_words} | changes)

    def _check_analyzer(self, given_words):
        """Let `CountVectorizer` check the shared parameters, on a blank document.

        It raises an error for wrong parameters and warns of those without effect.
        """
        are_integers = all(isinstance(n, Integral) for n in self.ngram_range)
        lengths = (1, *self.ngram_range)
        if not are_integers or len(lengths) != 3 or lengths != tuple(sorted(lengths)):
            raise ValueError(
                "Expected ngram_range to be two integers, the smallest and the largest "
                f"n, with 1 <= min_n <= max_n; got {self.ngram_range}."
            )
        for word in self.get_stop_words() or ():
            if not isinstance(word, str):
                raise ValueError(
                    f"Expected stop_words to be words (str), got {word!r}. Convert "
                    "them to strings."
                )
        changes = {"input": "content", "dtype": self.dtype, "vocabulary": given_words}
        if self.tokenizer is not None or self.analyzer != "word":
            changes["token_pattern"] = self.token_pattern  # warns unless None
        # Functions of the user's own may not accept a blank.
        has_functions = callable(self.strip_accents) or self.tokenizer is not None
        has_functions = has_functions or self._takes_any_document()
        blank = [] if has_functions else [" ".encode(self.encoding)]
        self._make_counter(**changes).fit_transform(blank)

    def _takes_any_document(self):
        """Tell whether a callable gets documents as they are, texts or not."""
        return (
            callable(self.analyzer)
            or self.preprocessor is not None
            or (
                self.tokenizer is not None
                and not self.lowercase
                and self.strip_accents is None
            )
        )

    def _make_bulk_tokenizer(self):
        """Make the tokenizer for bulk processing, if one supports the parameters."""
        builders = ("build_analyzer", "build_preprocessor", "build_tokenizer")
        if (
            self.preprocessor is not None
            or callable(self.strip_accents)
            or any(
                getattr(type(self), name) is not getattr(AnalyzerMixin, name)
                for name in builders
            )
        ):
            return None
        counter = self._make_counter()
        if self.analyzer in ("char", "char_wb"):
            return CharacterTokenizer(counter)
        has_pattern = counter.token_pattern in (KERAS_PATTERN, SKLEARN_PATTERN)
        if self.analyzer == "word" and self.tokenizer is None and has_pattern:
            return BulkTokenizer(counter)
        return None

    def _open_documents(self, X):
        short = 2**14 if self.analyzer == "word" else 2**10
        return Documents(X, self.input, self._takes_any_document(), short)

    def _map_tokens(self, function, documents):
        """Yield ``function(tokens)`` for each chunk of documents."""
        if documents.are_ids:
            chunks, tokenize = documents.read_ids(), tokenize_ids
        elif not documents.are_few and (tokenize := self._make_bulk_tokenizer()):
            chunks = documents.read_texts(self._make_counter().decode)
        else:  # Python code, which holds the GIL, and functions that may not be safe
            analyze = self.build_analyzer()
            chunks = documents.read_items(lambda item: list(analyze(item)))
            return (function(tokenize_lists(chunk)) for chunk in chunks)
        return map_chunks(lambda chunk: function(tokenize(chunk)), chunks)


def _check_names(params):
    for name in _OTHER_NAMES.keys() & params.keys():
        raise TypeError(
            f"Expected a parameter of TextMultiHotVectorizer, got {name!r}. Use "
            f"{_OTHER_NAMES[name]}."
        )


def _tokenize_without(stop_words, tokenize, text):
    return [token for token in tokenize(text) if token not in stop_words]

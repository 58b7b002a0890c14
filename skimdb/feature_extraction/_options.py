"""The options that decide on tokens: their checks, and scikit-learn's equivalent."""

import codecs
import re
from collections.abc import Callable, Collection
from functools import partial
from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from skimdb.feature_extraction._tokenize import KERAS_PATTERN, SKLEARN_PATTERN


class TokenOptions(NamedTuple):
    """The parameters that decide which tokens a document has."""

    input: str
    encoding: str
    decode_error: str
    strip_accents: str | Callable | None
    lowercase: bool
    preprocessor: Callable | None
    tokenizer: Callable | None
    stop_words: str | Collection | None
    token_pattern: str | None
    ngram_range: tuple
    analyzer: str | Callable

    def make_count_vectorizer(self, **changes):
        """Make the `CountVectorizer` with the same tokenization."""
        params = self._asdict()
        if self.token_pattern is None:
            params["token_pattern"] = KERAS_PATTERN
        if self.input == "sequences":
            params["input"] = "content"
        return CountVectorizer(**params | changes)

    def has_fast_path(self):
        """Tell whether `BulkTokenizer` honours the options."""
        return (
            self.analyzer == "word"
            and self.tokenizer is None
            and self.preprocessor is None
            and not callable(self.strip_accents)
            and self.token_pattern in (None, KERAS_PATTERN, SKLEARN_PATTERN)
        )

    def takes_any_document(self):
        """Tell whether a callable gets the document as it is, so it may be no text."""
        return (
            callable(self.analyzer)
            or self.preprocessor is not None
            or (
                self.tokenizer is not None
                and not self.lowercase
                and self.strip_accents is None
            )
        )

    def uses_stop_words(self):
        """Tell whether there are stop words, and they have an effect."""
        return (
            self.stop_words is not None
            and self.analyzer == "word"
            and self.input != "sequences"
        )

    def find_unused(self):
        """Find the parameters without effect.

        Returns
        -------
        unused : list of (str, str)
            The name of each, and the cause.
        """
        given = {
            name
            for name in ("tokenizer", "token_pattern", "stop_words", "preprocessor")
            if getattr(self, name) is not None
        }
        if tuple(self.ngram_range) != (1, 1):
            given.add("ngram_range")
        if self.input == "sequences":
            return [(name, "'input' is 'sequences'") for name in sorted(given)]
        unused = []
        if self.analyzer != "word":
            words_only = {"tokenizer", "token_pattern", "stop_words"} & given
            unused = [(name, "'analyzer' != 'word'") for name in sorted(words_only)]
        elif {"tokenizer", "token_pattern"} <= given:
            unused = [("token_pattern", "'tokenizer' is not None")]
        if callable(self.analyzer):
            ignored = {"preprocessor", "ngram_range"} & given
            unused += [(name, "'analyzer' is callable") for name in sorted(ignored)]
        return unused


def check_limits(ngram_range, min_df, max_df, max_features, index):
    """Raise for limits that nothing can satisfy."""
    are_two = len(ngram_range) == 2 and all(
        isinstance(n, Integral) for n in ngram_range
    )
    if not are_two or not 1 <= ngram_range[0] <= ngram_range[1]:
        raise ValueError(
            f"Invalid value for ngram_range={ngram_range}: it must be two whole "
            "numbers, the smallest and the largest n, such as (1, 2); the lower "
            "boundary at least 1 and not larger than the upper boundary."
        )
    same_kind = isinstance(min_df, Integral) == isinstance(max_df, Integral)
    if same_kind and max_df < min_df:
        raise ValueError(
            f"max_df corresponds to < documents than min_df: max_df={max_df}, "
            f"min_df={min_df}. No term can satisfy both: "
            "lower min_df or raise max_df."
        )
    if index == "keras" and max_features is not None and max_features < 5:
        raise ValueError(
            "With index='keras' the first four columns are reserved, so max_features "
            f"must be at least 5, got {max_features}."
        )


def check_dtype(dtype):
    """Raise for a type that no sparse matrix of numbers can have."""
    try:
        found = np.dtype(dtype)
    except (TypeError, ValueError):
        found = None
    if found is None or found.kind not in "buifc" or found == np.float16:
        raise ValueError(
            f"dtype={dtype!r} is no type of numbers that a sparse matrix can hold. Use "
            "numpy.float32, numpy.float64, an integer type or bool."
        )


def check_texts(options):
    """Raise for what is no encoding, no pattern, or no stop word.

    Parameters
    ----------
    options : TokenOptions
    """
    try:
        codecs.lookup(options.encoding)
    except (LookupError, ValueError) as error:
        raise ValueError(
            f"encoding={options.encoding!r} is not known: {error}. The usual ones are "
            "'utf-8', 'latin-1' and 'cp1252'."
        ) from error
    try:
        re.compile(options.token_pattern or "")
    except re.error as error:
        raise ValueError(
            f"token_pattern={options.token_pattern!r} is no regular expression: "
            f"{error}. Brackets are to be closed, and such characters as . * + ( that "
            "stand for themselves preceded by a backslash, in a raw string: r'\\+'."
        ) from error
    for word in [] if isinstance(options.stop_words, str) else options.stop_words or []:
        if not isinstance(word, str):
            raise ValueError(
                f"stop_words must be words (str), but hold {word!r} of type "
                f"{type(word).__name__}. Leave it out, or convert it to a string."
            )


def drop_stop_words(tokenize, stop_words):
    """Make a tokenizer that leaves out stop words."""
    return partial(_tokenize_without, tokenize, stop_words) if stop_words else tokenize


def _tokenize_without(tokenize, stop_words, text):
    return [token for token in tokenize(text) if token not in stop_words]


def find_missing_stop_words(stop_words, preprocess, tokenize):
    """Find tokens of stop words that are no stop words: these were to be left out too.

    Returns
    -------
    missing : list of str
        Sorted. Empty too where the user's functions do not take single words.
    """
    try:
        tokens = {token for word in stop_words for token in tokenize(preprocess(word))}
        return sorted(tokens - set(stop_words))
    except Exception:
        # The functions may be made for other documents than texts, such as dicts, and
        # raise whatever they like for a word: then there is nothing to warn of. What
        # they raise for a document is not caught.
        return []

"""The vectorizer's options: their check, and what scikit-learn makes of them."""

from collections.abc import Mapping
from numbers import Integral

from sklearn.feature_extraction.text import CountVectorizer

from skimdb._warnings import warn
from skimdb.feature_extraction._tokenize import KERAS_PATTERN, SKLEARN_PATTERN


def as_count_vectorizer(vectorizer, **changes):
    """Return the `CountVectorizer` with the same tokenization."""
    names = CountVectorizer().get_params().keys() - {"binary"}
    options = {name: getattr(vectorizer, name) for name in names}
    if options["token_pattern"] is None:
        options["token_pattern"] = KERAS_PATTERN
    if options["input"] == "sequences":
        options["input"] = "content"
    return CountVectorizer(**options | changes)


def has_fast_path(vectorizer):
    """Whether `encode_texts` honours the options."""
    return (
        vectorizer.analyzer == "word"
        and vectorizer.tokenizer is None
        and vectorizer.preprocessor is None
        and not callable(vectorizer.strip_accents)
        and vectorizer.token_pattern in (None, KERAS_PATTERN, SKLEARN_PATTERN)
    )


def takes_any_document(vectorizer):
    """Whether a callable gets the document as it is, so that it need not be text."""
    return (
        callable(vectorizer.analyzer)
        or vectorizer.preprocessor is not None
        or (
            vectorizer.tokenizer is not None
            and not vectorizer.lowercase
            and vectorizer.strip_accents is None
        )
    )


def check_options(vectorizer):
    """Raise for options that contradict each other, warn of those without effect."""
    smallest, largest = vectorizer.ngram_range
    if not 1 <= smallest <= largest:
        raise ValueError(
            f"Invalid value for ngram_range={vectorizer.ngram_range}: its lower "
            "boundary must be at least 1 and not larger than the upper boundary."
        )
    min_df, max_df = vectorizer.min_df, vectorizer.max_df
    same_kind = isinstance(min_df, Integral) == isinstance(max_df, Integral)
    if same_kind and max_df < min_df:
        raise ValueError(
            f"max_df corresponds to < documents than min_df: max_df={max_df}, "
            f"min_df={min_df}. No term can satisfy both."
        )
    limit = vectorizer.max_features
    if vectorizer.index == "keras" and limit is not None and limit < 5:
        raise ValueError(
            "With index='keras' the first four columns are reserved, so max_features "
            f"must be at least 5, got {limit}."
        )
    if vectorizer.input != "sequences":
        # Raises for a wrong pattern, warns of stop words that no token can be.
        as_count_vectorizer(vectorizer).build_analyzer()
    for name, cause in _without_effect(vectorizer):
        warn(
            f"The parameter {name!r} will not be used since {cause}",
            UserWarning,
        )


def check_vocabulary(vectorizer):
    """Terms of the given vocabulary, in the order of their numbers."""
    vocabulary = vectorizer.vocabulary
    first = 1 if vectorizer.index == "keras" else 0  # Keras's ranks are from 1
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


def warn_of_capitals(vectorizer, words):
    """Warn of words in a given vocabulary that no text has, once in lower case."""
    if vectorizer.lowercase and any(
        letter.isupper() for word in words if isinstance(word, str) for letter in word
    ):
        warn(
            "Upper case characters found in vocabulary while 'lowercase' is True. "
            "These entries will not be matched with any documents",
            UserWarning,
        )


def _without_effect(vectorizer):
    given = {
        name
        for name in ("tokenizer", "token_pattern", "stop_words", "preprocessor")
        if getattr(vectorizer, name) is not None
    }
    if tuple(vectorizer.ngram_range) != (1, 1):
        given.add("ngram_range")
    if vectorizer.input == "sequences":
        return [(name, "'input' is 'sequences'") for name in sorted(given)]
    unused = []
    if vectorizer.analyzer != "word":
        words_only = {"tokenizer", "token_pattern", "stop_words"} & given
        unused = [(name, "'analyzer' != 'word'") for name in sorted(words_only)]
    elif {"tokenizer", "token_pattern"} <= given:
        unused = [("token_pattern", "'tokenizer' is not None")]
    if callable(vectorizer.analyzer):
        ignored = {"preprocessor", "ngram_range"} & given
        unused += [(name, "'analyzer' is callable") for name in sorted(ignored)]
    return unused

"""From texts to n-grams of characters, in bulk."""

import re

import numpy as np

from skimdb.feature_extraction._tokenize import (
    BLANK,
    NOTHING,
    Tokens,
    add_ngrams,
    number_codes,
    number_rows,
    to_terms,
)


class CharacterTokenizer:
    """Split texts into n-grams of characters in bulk.

    Characters are numbered, so a short n-gram is a small integer, which indexes a
    table. Text in one script has few characters, and tables are faster than hashing.

    Parameters
    ----------
    counter : CountVectorizer
        Its parameters apply. `analyzer` is "char" or "char_wb".
    """

    def __init__(self, counter):
        self.in_words = counter.analyzer == "char_wb"
        self.ngram_range = counter.ngram_range
        self.preprocess = counter.build_preprocessor()

    def __call__(self, texts):
        """Return the `Tokens` of a list of texts."""
        texts = [self._prepare(text) for text in texts]
        encoded = "".join(texts).encode("utf-32-le", "surrogatepass")
        points = np.frombuffer(encoded, np.uint32)
        codes, used = number_codes(points, int(points.max(initial=0)) + 1)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        terms = to_terms(map(chr, used.tolist()))
        tokens = Tokens(terms, codes, number_rows(lengths), len(texts))
        if self.in_words:  # a word ends between two blanks
            is_blank = points == BLANK
            starts = np.flatnonzero(is_blank[1:] & is_blank[:-1]) + 1
            lengths = np.diff(starts, prepend=0, append=len(points))
        return add_ngrams(tokens, lengths, self.ngram_range, NOTHING, self.in_words)

    def _prepare(self, text):
        """Normalize white space; with "char_wb", put a blank on each side of a word."""
        text = self.preprocess(text)
        if not self.in_words:
            return re.sub(r"\s\s+", " ", text)
        words = text.split()
        return f" {'  '.join(words)} " if words else ""

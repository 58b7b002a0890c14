"""From texts to token codes, in bulk.

A chunk of documents becomes `Tokens`: its distinct terms, and for each token the
number of its term and the number of its row. All later steps work on these numbers.
"""

import re
from functools import cache
from itertools import chain
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# Keras's rule as a regular expression: a token lies between punctuation, tabs, newlines
# and blanks. Other white space (\r, non-breaking spaces) is part of a token.
KERAS_PATTERN = r"""[^!"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~\t\n ]+"""
SKLEARN_PATTERN = r"(?u)\b\w\w+\b"

BLANK = ord(" ")
WORD = 8  # bytes of a token that fit in one integer
# Memory for whole chunks. Arrow's default pool keeps it, or is slow to release it.
POOL = pa.system_memory_pool()
BETWEEN_WORDS = pa.scalar(b" ", pa.large_binary())
NOTHING = pa.scalar(b"", pa.large_binary())

# UTF-8 never contains the byte 0xFF, so padded tokens differ from all other tokens.
_PADDING = np.array(
    [[0] * n + [0xFF] * (WORD - n) for n in range(WORD + 1)], dtype=np.uint8
).view(np.uint64)[:, 0]

# Marks the integers that number long tokens: UTF-8 never contains 0xFE either.
_LONG = np.uint64(0xFEFE_FEFE_0000_0000)
_LONG_MASK = np.uint64(0xFFFF_FFFF_0000_0000)


class Tokens(NamedTuple):
    """Tokens of a chunk of documents.

    Attributes
    ----------
    terms : pyarrow.Array of large_binary (UTF-8) or int64
        Distinct terms, in no particular order.
    codes : ndarray of integers, shape (n_tokens,)
        Position of each token in `terms`.
    rows : ndarray of integers, shape (n_tokens,)
        Row of the document of each token.
    n_rows : int
        Number of documents.
    """

    terms: pa.Array
    codes: np.ndarray
    rows: np.ndarray
    n_rows: int


def shrink_tokens(tokens):
    """Store tokens in the smallest integers, to save memory."""
    return tokens._replace(
        codes=tokens.codes.astype(np.min_scalar_type(len(tokens.terms))),
        rows=tokens.rows.astype(np.min_scalar_type(tokens.n_rows)),
    )


def to_terms(words):
    """Convert words (str), or token ids (int), to an Arrow array.

    Lone surrogates are encoded too, although they are not valid UTF-8.
    """
    words = list(words)
    kinds = set(map(type, words))
    if all(issubclass(kind, str) for kind in kinds):
        try:
            return pa.array(words, pa.large_string()).view(pa.large_binary())
        except UnicodeEncodeError:
            encoded = [word.encode("utf-8", "surrogatepass") for word in words]
            return pa.array(encoded, pa.large_binary())
    if not all(issubclass(kind, int | np.integer) for kind in kinds):
        raise TypeError(
            "Expected terms that are all strings or all integers, got "
            f"{sorted(kind.__name__ for kind in kinds)}. Convert the terms of the "
            "analyzer, the tokenizer or the vocabulary to strings."
        )
    try:
        return pa.array(map(int, words), pa.int64())
    except OverflowError as error:
        raise ValueError(
            f"Expected integer terms below 2**63, got {max(words)}. Convert the terms "
            "to strings."
        ) from error


def from_terms(terms):
    """Convert an Arrow array of terms to a list of str or int."""
    if pa.types.is_integer(terms.type):
        return terms.to_pylist()
    try:
        return terms.view(pa.large_string()).to_pylist()
    except UnicodeDecodeError:  # lone surrogates
        return [str(term, "utf-8", "surrogatepass") for term in terms.to_pylist()]


class BulkTokenizer:
    """Split texts into tokens in bulk: the fast path.

    Parameters
    ----------
    counter : CountVectorizer
        Its parameters apply. `token_pattern` is one of the two patterns above.
    """

    def __init__(self, counter):
        stop_words = counter.get_stop_words()
        self.stop_words = to_terms(stop_words) if stop_words else None
        self.pattern = counter.token_pattern
        self.lowercase = counter.lowercase
        self.strip_accents = counter.strip_accents
        self.ngram_range = counter.ngram_range
        self.preprocess = counter.build_preprocessor()

    def __call__(self, texts):
        """Return the `Tokens` of a list of texts."""
        data, offsets = self._separate_tokens(texts)
        edges = _find_edges(data)
        integers, long_terms = _read_integers(data, edges)
        codes, distinct = pd.factorize(integers)
        terms = _write_terms(distinct, long_terms)
        n_tokens = np.diff(np.searchsorted(edges[::2], offsets))
        rows = number_rows(n_tokens)
        tokens = Tokens(terms, codes.astype(np.int32), rows, len(texts))
        if self.pattern == SKLEARN_PATTERN:  # at least two characters
            lengths = pc.utf8_length(terms.view(pa.large_string()))
            tokens = _drop_terms(tokens, pc.less(lengths, 2))
        if self.stop_words is not None:
            dropped = pc.is_in(tokens.terms, value_set=self.stop_words)
            tokens = _drop_terms(tokens, dropped)
        if self.ngram_range[1] == 1:
            return tokens
        lengths = np.bincount(tokens.rows, minlength=len(texts))
        return add_ngrams(tokens, lengths, self.ngram_range, BETWEEN_WORDS)

    def _separate_tokens(self, texts):
        """Join the bytes of all texts, with only blanks between tokens.

        Returns
        -------
        data : ndarray of uint8
            It ends with blanks, so that the last token can be read as an integer.
        offsets : ndarray of int64, shape (n_texts + 1,)
            Start of each text, and end of the last.
        """
        in_python = self.strip_accents is not None
        texts = [
            self._prepare(text) if in_python or not text.isascii() else text
            for text in texts
        ]
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        # One pass over the bytes lower-cases them and replaces separators by blanks.
        # Stripping accents may produce a capital, which CountVectorizer keeps.
        table = _make_byte_table(self.pattern, self.lowercase and not in_python)
        # A blank after each document keeps tokens from spanning two documents.
        data = " ".join([*texts, " " * WORD]).encode("latin-1").translate(table)
        offsets = np.concatenate([[0], np.cumsum(lengths + 1)])
        return np.frombuffer(data, np.uint8), offsets

    def _prepare(self, text):
        """Prepare a text in Python, which knows all characters.

        Lower-casing, accents and scikit-learn's word characters depend on Unicode.
        Keras's separators are all ASCII. The result has a character for each byte in
        UTF-8, to be joined with texts in ASCII: one encoding of many is faster.
        """
        text = self.preprocess(text)
        if self.pattern == SKLEARN_PATTERN and not text.isascii():
            text = re.sub(r"\W+", " ", text)
        return text.encode("utf-8", "surrogatepass").decode("latin-1")


def tokenize_lists(token_lists):
    """Return the `Tokens` of lists of tokens: the slow path."""
    tokens = list(chain.from_iterable(token_lists))
    try:
        numbers = {term: i for i, term in enumerate(dict.fromkeys(tokens))}
    except TypeError:  # a token that cannot be hashed, whose type this error names
        to_terms(tokens)
        raise
    codes = np.fromiter(map(numbers.get, tokens), np.int32, len(tokens))
    rows = number_rows(list(map(len, token_lists)))
    return Tokens(to_terms(numbers), codes, rows, len(token_lists))


def tokenize_ids(sequences):
    """Return the `Tokens` of sequences of token ids, an Arrow array of lists."""
    lengths = pc.list_value_length(sequences).to_numpy(zero_copy_only=False)
    codes, ids = pd.factorize(sequences.flatten().to_numpy())
    codes = codes.astype(np.int32)
    return Tokens(
        pa.array(ids, pa.int64()), codes, number_rows(lengths), len(sequences)
    )


def number_rows(lengths):
    return np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)


@cache
def _make_byte_table(pattern, lowercase):
    """Make the table that translates each byte of a prepared text."""
    table = bytearray(range(256))
    token = re.compile(r"\w" if pattern == SKLEARN_PATTERN else pattern, re.ASCII)
    for byte in range(128):
        if not token.fullmatch(chr(byte)):
            table[byte] = BLANK
        elif lowercase:
            table[byte] = ord(chr(byte).lower())
    return bytes(table)


def _find_edges(data):
    """Return the offsets where tokens start and end, alternately."""
    solid = data != BLANK
    edges = np.flatnonzero(solid[1:] != solid[:-1])
    edges += 1
    return np.concatenate([[0], edges]) if solid[0] else edges


def _read_integers(data, edges):
    r"""Read each token as one integer of eight bytes, so that equal tokens are equal.

    The integer of a token of at most eight bytes consists of these bytes, padded with
    0xFF. Hashing integers is several times faster than hashing strings. Only longer
    tokens are hashed as strings; their integer is 0xFEFEFEFE and a number.

    Returns
    -------
    integers : ndarray of uint64, shape (n_tokens,)
    long_terms : pyarrow.LargeBinaryArray
        Distinct tokens of more than eight bytes, in the order of their numbers.

    Examples
    --------
    >>> data = np.frombuffer(b"an excellent film" + b" " * 8, np.uint8)
    >>> integers, long_terms = _read_integers(data, np.array([0, 2, 3, 12, 13, 17]))
    >>> for integer in integers:  # its lowest byte is the first of the token
    ...     print(int(integer).to_bytes(8, "little"))
    b'an\xff\xff\xff\xff\xff\xff'
    b'\x00\x00\x00\x00\xfe\xfe\xfe\xfe'
    b'film\xff\xff\xff\xff'
    >>> long_terms.to_pylist()
    [b'excellent']
    >>> _write_terms(integers, long_terms).to_pylist()
    [b'an', b'excellent', b'film']
    """
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    # Unaligned reads: an integer starts at each byte.
    integers = np.lib.stride_tricks.as_strided(
        data[:WORD].view(np.uint64), shape=(len(data) - WORD + 1,), strides=(1,)
    )
    integers = integers[starts]
    integers |= _PADDING.take(lengths, mode="clip")
    long = np.flatnonzero(lengths > WORD)
    # Between the edges lie tokens and, at odd positions, their separators.
    pieces = pc.take(make_array(data, edges), pa.array(2 * long), memory_pool=POOL)
    encoded = pc.dictionary_encode(pieces, memory_pool=POOL)
    integers[long] = encoded.indices.to_numpy().astype(np.uint64) + _LONG
    return integers, encoded.dictionary


def _write_terms(integers, long_terms):
    """Convert distinct integers back to terms: the inverse of `_read_integers`."""
    is_long = integers & _LONG_MASK == _LONG
    letters = integers[~is_long].view(np.uint8).reshape(-1, WORD)
    used = letters != 0xFF
    offsets = np.concatenate([[0], np.cumsum(used.sum(axis=1), dtype=np.int64)])
    short_terms = make_array(letters[used], offsets)
    terms = pa.concat_arrays([short_terms, long_terms], POOL)
    order = np.cumsum(~is_long) - 1
    order[is_long] = integers[is_long] - _LONG + len(short_terms)
    return pc.take(terms, pa.array(order), memory_pool=POOL)


def make_array(data, offsets):
    """Make an Arrow array from the bytes between offsets, without a copy."""
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    length = max(len(offsets) - 1, 0)
    return pa.Array.from_buffers(pa.large_binary(), length, buffers)


def _drop_terms(tokens, dropped):
    """Leave out the terms that the Arrow mask `dropped` marks."""
    kept = ~dropped.to_numpy(zero_copy_only=False)
    if kept.all():
        return tokens
    stays = kept[tokens.codes]
    codes = (np.cumsum(kept, dtype=np.int32) - 1)[tokens.codes[stays]]
    terms = pc.filter(tokens.terms, pa.array(kept))
    return Tokens(terms, codes, tokens.rows[stays], tokens.n_rows)


def number_codes(codes, n_possible):
    """Number the distinct codes, which are integers below `n_possible`.

    Returns
    -------
    numbers : ndarray of int32
        Number of each code.
    distinct : ndarray of int
        Distinct codes, in the order of their numbers.
    """
    if n_possible > 8 * len(codes) + 1000:  # for a table, which is faster than hashing
        numbers, distinct = pd.factorize(codes)
        return numbers.astype(np.int32), distinct
    is_used = np.zeros(n_possible, bool)
    is_used[codes] = True
    return np.cumsum(is_used, dtype=np.int32)[codes] - 1, np.flatnonzero(is_used)


def add_ngrams(tokens, lengths, ngram_range, joiner, keep_short=False):
    """Return the tokens of all n-grams.

    An n-gram consists of its first n - 1 words (or characters), already numbered, and
    one more word.

    Parameters
    ----------
    tokens : Tokens
        Words or characters.
    lengths : ndarray of int
        Lengths of the consecutive groups of tokens. An n-gram lies in one group.
    ngram_range : tuple of int
        Smallest and largest n.
    joiner : pyarrow.Scalar
        Bytes between the words.
    keep_short : bool, default=False
        Whether groups that are too short for an n-gram become one term each.
    """
    smallest, largest = ngram_range
    if largest == 1:
        return tokens
    words, codes, rows, n_rows = tokens
    ends = np.cumsum(lengths)
    room = np.repeat(ends, lengths) - np.arange(len(codes))  # tokens left in the group
    terms, starts, kept = words, np.arange(len(codes)), []
    for n in range(1, largest + 1):
        if n > 1:
            inside = room[starts] >= n
            starts, codes = starts[inside], codes[inside]
            n_possible = len(terms) * len(words)
            kind = np.int32 if n_possible < 2**31 else np.int64
            codes = codes.astype(kind) * kind(len(words)) + tokens.codes[starts + n - 1]
            codes, pairs = number_codes(codes, n_possible)
            prefixes, last_words = np.divmod(pairs, max(len(words), 1))
            terms = pc.binary_join_element_wise(
                pc.take(terms, pa.array(prefixes)),
                pc.take(words, pa.array(last_words)),
                joiner,
            )
        if n >= smallest:
            kept.append((terms, codes, rows[starts]))
        elif keep_short:
            short = np.searchsorted(starts, (ends - lengths)[lengths == n])
            numbers, used = number_codes(codes[short], len(terms))
            kept.append((terms.take(pa.array(used)), numbers, rows[starts[short]]))
        if not len(starts) and kept:  # no group is that long
            break
    terms, codes, rows = map(list, zip(*kept, strict=True))
    shifts = np.cumsum([0, *map(len, terms[:-1])], dtype=np.int32)
    codes = np.concatenate(list(map(np.add, codes, shifts)))
    return Tokens(pa.concat_arrays(terms), codes, np.concatenate(rows), n_rows)

"""The vectorizer against scikit-learn's, cell for cell, on whatever Unicode has."""

import os
import re
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from skimdb import TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb
from skimdb.feature_extraction import _corpus, _documents

KERAS = r"""[^!"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~\t\n ]+"""
SKLEARN = r"(?u)\b\w\w+\b"

# Capitals that change their length, or with their neighbours, when lower-cased;
# combining marks, joiners, emoji; white space and controls that are no blanks;
# letters of one to four bytes; what the bulk path uses internally.
LETTERS = list(
    "abIAZ09_'-. \t\n\r\v\f\x00\x1c\x85"
    "\u00a0\u2003\u200b\u200d\ufeff\u0301\u0307\u00e9\u00c9\u00df\u1e9e"
    "\u017f\u0130\u0131\u03a3\u03c3\u03c2\u212a\u00c5\u01c5\ufb01\u4e2d"
    "\u6587\ud55c\u0627\u0661\u00b2\U0001f44d\U0001f3fd\U0001d518\ud800"
)
WORDS = [
    "a",
    "the",
    "The",
    "eightbyt",
    "ninebytes",
    "stra\u00dfe",
    "\u03a3\u0391\u03a3",
    "non-breaking\xa0s",
]
TEXTS = st.lists(
    st.one_of(
        st.text(st.sampled_from(LETTERS), max_size=30),
        st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join),
        st.text(max_size=20),
    ),
    min_size=1,
    max_size=8,
)
OPTIONS = st.fixed_dictionaries(
    {"token_pattern": st.sampled_from([KERAS, SKLEARN])},
    optional={
        "lowercase": st.booleans(),
        "strip_accents": st.sampled_from([None, "ascii", "unicode"]),
        "ngram_range": st.sampled_from([(1, 2), (2, 2), (1, 3), (2, 4)]),
        "stop_words": st.just(["a", "the"]),
        "min_df": st.sampled_from([1, 1.0, 2, 0.3, 0.0]),
        "max_df": st.sampled_from([1, 1.0, 0.7, 3, 0.0]),
    },
)


def expect(texts, **options):
    """Words and dense matrix as scikit-learn's counts have them."""
    counter = CountVectorizer(**options)
    counts = counter.fit_transform(texts).toarray()
    words = counter.get_feature_names_out()
    total = counts.sum(axis=0)
    order = sorted(range(len(words)), key=lambda i: (-total[i], words[i]))
    return words[order].tolist(), counts[:, order] > 0


def check(texts, options, **changes):
    vectorizer = TextMultiHotVectorizer(max_features=None, **options | changes)
    try:
        words, cells = expect(texts, **options)
    except ValueError as error:
        with pytest.raises(ValueError, match=re.escape(str(error)[:16])):
            vectorizer.fit(texts)
        return
    matrix = vectorizer.fit_transform(texts)
    assert vectorizer.get_feature_names_out().tolist() == words
    np.testing.assert_array_equal(matrix.toarray(), cells)
    assert matrix.has_sorted_indices
    assert (matrix.data == 1).all()
    again = vectorizer.transform(texts)
    np.testing.assert_array_equal(again.toarray(), cells)
    assert vectorizer.n_documents_ == len(texts)
    np.testing.assert_array_equal(vectorizer.document_frequency_, cells.sum(axis=0))


@settings(max_examples=200, deadline=None)
@given(texts=TEXTS, options=OPTIONS)
def test_fast_path_is_exact(texts, options):
    check(texts, options)


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS, options=OPTIONS)
def test_slow_path_is_exact(texts, options):
    # A tokenizer of one's own, here the same, is called text by text.
    tokenizer = re.compile(options["token_pattern"]).findall
    check(texts, options, tokenizer=tokenizer, token_pattern=None)


# The first article of the Universal Declaration of Human Rights, in eight scripts.
ARTICLES = [
    "All human beings are born free and equal in dignity and rights.",
    "Tous les êtres humains naissent libres et égaux en dignité et en droits.",
    "Όλοι οι άνθρωποι γεννιούνται ΕΛΕΥΘΕΡΟΙ και ίσοι.",  # noqa: RUF001
    "Все люди рождаются свободными и равными.",  # noqa: RUF001
    "كل النّاس أحرار متساوون في الكرامة.",
    "人人生而自由，在尊严和权利上一律平等。　他们",  # noqa: RUF001
    "すべての人間は、生まれながらにして自由であり",
    "सभी मनुष्यों को गौरव 👍🏽 𝔘",  # noqa: RUF001
]
CHARACTER_OPTIONS = st.fixed_dictionaries(
    {
        "analyzer": st.sampled_from(["char", "char_wb"]),
        "ngram_range": st.tuples(st.integers(1, 7), st.integers(1, 7)).map(
            lambda n: tuple(sorted(n))
        ),
    },
    optional={
        "lowercase": st.booleans(),
        "strip_accents": st.sampled_from(["ascii", "unicode"]),
        "min_df": st.sampled_from([1, 2, 0.3, 1.0]),
        "max_df": st.sampled_from([1.0, 0.7, 3]),
    },
)


@settings(max_examples=200, deadline=None)
@given(
    texts=st.lists(st.one_of(TEXTS.map(" ".join), st.sampled_from(ARTICLES))),
    options=CHARACTER_OPTIONS,
    few=st.sampled_from([0, 4]),
)
def test_characters(texts, options, few):
    texts = [*texts, "The end"]
    with mock.patch.object(_documents, "_FEW", few):
        check(texts, options)
        vectorizer = TextMultiHotVectorizer(max_features=20, **options)
        for text in texts:
            vectorizer.partial_fit([text])
        if vectorizer.vocabulary_:
            oracle = CountVectorizer(
                binary=True, vocabulary=vectorizer.vocabulary_, **options
            )
            np.testing.assert_array_equal(
                vectorizer.transform(ARTICLES).toarray(),
                oracle.transform(ARTICLES).toarray(),
            )


@pytest.mark.parametrize("analyzer", ["char", "char_wb"])
@pytest.mark.parametrize("ngram_range", [(1, 1), (2, 4), (5, 9)])
def test_characters_in_many_chunks(analyzer, ngram_range, monkeypatch):
    monkeypatch.setattr(_corpus, "_openmp_effective_n_threads", lambda: 2)
    monkeypatch.setattr(_documents, "FIRST_CHUNK_ROWS", 32)
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(ARTICLES, 3)) for _ in range(150)]
    check(texts, {"analyzer": analyzer, "ngram_range": ngram_range})


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS, cut=st.integers(1, 7), options=OPTIONS)
def test_partial_fit_learns_what_fit_learns(texts, cut, options):
    whole = TextMultiHotVectorizer(max_features=5, **options)
    try:
        whole.fit(texts)
    except ValueError:
        return
    parts = TextMultiHotVectorizer(max_features=5, **options).partial_fit(texts[:cut])
    if texts[cut:]:
        parts.partial_fit(texts[cut:])
    assert parts.vocabulary_ == whole.vocabulary_
    assert list(parts.vocabulary_) == list(whole.vocabulary_)
    assert parts.n_documents_ == whole.n_documents_
    np.testing.assert_array_equal(parts.document_frequency_, whole.document_frequency_)


@pytest.mark.parametrize("max_df", [1, 1.0, np.int64(1), np.float32(1), 0.5, 3])
@pytest.mark.parametrize("min_df", [1, 1.0, np.int64(1), np.float32(1), 0.0, 0.5, 2])
def test_numbers_and_shares_of_documents(min_df, max_df):
    texts = ["good film", "bad film", "film", "a good bad film"]
    options = {"token_pattern": KERAS, "min_df": min_df, "max_df": max_df}
    check(texts, options)
    check(texts * 200, options)


@settings(max_examples=30, deadline=None)
@given(texts=TEXTS, new_texts=TEXTS, options=OPTIONS)
def test_transform_of_new_texts(texts, new_texts, options):
    vectorizer = TextMultiHotVectorizer(max_features=6, **options)
    try:
        vectorizer.fit(texts)
    except ValueError:
        return
    oracle = CountVectorizer(
        binary=True, vocabulary=list(vectorizer.vocabulary_), **options
    )
    np.testing.assert_array_equal(
        vectorizer.transform(new_texts).toarray(),
        oracle.transform(new_texts).toarray(),
    )


@pytest.mark.parametrize("pattern", [KERAS, SKLEARN])
@pytest.mark.parametrize(
    "text",
    ["Stra\xdfe, na\xefve; " * 500_000, "x" * 10_000_000, "\u4e2d" * 3_500_000],
    ids=["words", "one word", "one word beyond ASCII"],
)
def test_ten_megabyte_document(text, pattern):
    check(["short", text, ""], {"token_pattern": pattern})


def test_documents_are_not_joined():
    # No blank at the end of one or the beginning of the next.
    texts = ["ab", "cd", "", "", "ef gh", "ij"] * 1000
    words, cells = expect(texts, ngram_range=(1, 2))
    vectorizer = TextMultiHotVectorizer(ngram_range=(1, 2))
    np.testing.assert_array_equal(vectorizer.fit_transform(texts).toarray(), cells)
    assert list(vectorizer.vocabulary_) == words


@pytest.mark.parametrize("cores", [1, 4])
def test_many_chunks(cores, monkeypatch):
    monkeypatch.setattr(_corpus, "_openmp_effective_n_threads", lambda: cores)
    rng = np.random.default_rng(0)
    vocabulary = np.array([f"{'w' * (i % 12)}{i}" for i in range(3000)])
    texts = [
        " ".join(vocabulary[(rng.pareto(1, size=n) * 5).astype(int) % 3000])
        for n in rng.integers(0, 400, size=2_500)
    ]
    check(texts, {"token_pattern": KERAS})


@pytest.fixture(scope="module")
def reviews():
    return fetch_imdb(
        subset="train", source="stanford", download_if_missing=False, return_X_y=True
    )[0]


needs_reviews = pytest.mark.skipif(
    "SKIMDB_DATA" not in os.environ, reason="SKIMDB_DATA names no folder of reviews"
)


@pytest.fixture(scope="module")
def vocabulary(reviews):
    """All words of the reviews."""
    return TextMultiHotVectorizer(max_features=None).fit(reviews).vocabulary_


@pytest.fixture(scope="module")
def counts(reviews, vocabulary):
    """How often each review has each word, as scikit-learn counts."""
    counter = CountVectorizer(token_pattern=KERAS, vocabulary=vocabulary)
    return counter.transform(reviews)


@pytest.mark.slow
@needs_reviews
def test_reviews_vocabulary(vocabulary, counts):
    counts = np.asarray(counts.sum(axis=0)).ravel()
    assert len(counts) == 88_582
    known = {"this": 11, "was": 13, "film": 19, "just": 40}
    known |= {"casting": 970, "location": 1619, "woody": 2289}
    for word, rank in known.items():
        count = counts[vocabulary[word]]
        assert (counts > count).sum() < rank <= (counts >= count).sum()


@pytest.mark.slow
@needs_reviews
def test_reviews_matrix(reviews, vocabulary, counts):
    vectorizer = TextMultiHotVectorizer()
    matrix = vectorizer.fit_transform(reviews)
    assert matrix.shape == (25_000, 10_000)
    assert list(vectorizer.vocabulary_) == list(vocabulary)[:10_000]
    assert (matrix != (counts[:, :10_000] > 0)).nnz == 0
    assert (matrix != vectorizer.transform(reviews)).nnz == 0


@needs_reviews
def test_reviews_matrix_by_the_pattern_of_scikit_learn(reviews):
    texts = reviews[:3000]
    vectorizer = TextMultiHotVectorizer(token_pattern=SKLEARN)
    matrix = vectorizer.fit_transform(texts)
    oracle = CountVectorizer(
        binary=True, dtype=np.float32, vocabulary=vectorizer.vocabulary_
    )
    assert matrix.shape == (3000, 10_000)
    assert (matrix != oracle.transform(texts)).nnz == 0


@needs_reviews
@pytest.mark.parametrize("analyzer", ["char", "char_wb"])
def test_reviews_by_characters(reviews, analyzer):
    texts = list(reviews[:300])
    options = {"analyzer": analyzer, "ngram_range": (2, 4)}
    vectorizer = TextMultiHotVectorizer(max_features=None, **options)
    matrix = vectorizer.fit_transform(texts)
    oracle = CountVectorizer(binary=True, dtype=np.float32, **options)
    expected = oracle.fit_transform(texts)
    order = [vectorizer.vocabulary_[n] for n in oracle.get_feature_names_out()]
    assert (matrix[:, order] != expected).nnz == 0
    assert matrix.shape == expected.shape


@needs_reviews
def test_reviews_keras_index(reviews):
    texts = reviews[:1000]
    ranks = TextMultiHotVectorizer(max_features=None).fit(texts).vocabulary_
    vectorizer = TextMultiHotVectorizer(index="keras")
    matrix = vectorizer.fit_transform(texts)
    assert matrix.shape == (1000, 10_000)
    split = re.compile(KERAS).findall
    for row, text in zip(matrix, texts, strict=True):
        ids = [1] + [ranks[word] + 4 for word in split(text.lower())]
        ids = [i if i < 10_000 else 2 for i in ids]
        assert sorted(set(ids)) == row.indices.tolist()
    assert vectorizer.decode(ids) == " ".join(
        ["?"]
        + [word if ranks[word] + 4 < 10_000 else "?" for word in split(text.lower())]
    )

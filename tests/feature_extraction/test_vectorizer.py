"""What TextMultiHotVectorizer gives, and how it gets on with others."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import skops.io
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import SkipTestWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator

from skimdb import TextMultiHotVectorizer

TEXTS = ["The cat, the dog.", "A dog!", "", "the END of the dog"]
WORDS = ["the", "dog", "a", "cat", "end", "of"]
CELLS = [
    [1, 1, 0, 1, 0, 0],
    [0, 1, 1, 0, 0, 0],
    [0, 0, 0, 0, 0, 0],
    [1, 1, 0, 0, 1, 1],
]
IDS = [[1, 14, 22, 14], [1, 22], [], [1, 22, 2, 7]]


def dense(X):
    return X.toarray().tolist()


def vectorizer(**options):
    return TextMultiHotVectorizer(**options)


def test_defaults():
    vec = vectorizer()
    X = vec.fit_transform(TEXTS)
    assert sp.issparse(X)
    assert X.format == "csr"
    assert X.dtype == np.float32
    assert X.indices.dtype == np.int32
    assert dense(X) == CELLS
    assert vec.get_feature_names_out().tolist() == WORDS
    assert vec.vocabulary_ == {word: i for i, word in enumerate(WORDS)}
    assert vec.document_frequency_.tolist() == [2, 3, 1, 1, 1, 1]
    assert vec.n_documents_ == 4
    assert dense(vec.transform(["dog of mine", "mine"])) == [
        [0, 1, 0, 0, 0, 1],
        [0] * 6,
    ]


def test_the_same_whatever_the_order():
    one = vectorizer(max_features=4).fit(TEXTS)
    other = vectorizer(max_features=4).fit(TEXTS[::-1])
    assert list(one.vocabulary_) == list(other.vocabulary_) == WORDS[:4]


@pytest.mark.parametrize("dtype", [np.float64, bool, "int8"])
def test_dtype(dtype):
    X = vectorizer(dtype=dtype).fit_transform(TEXTS)
    assert X.dtype == dtype
    assert X.toarray().astype(int).tolist() == CELLS


def test_sparse_interface():
    with config_context(sparse_interface="sparray"):
        assert isinstance(vectorizer().fit_transform(TEXTS), sp.csr_array)
    assert isinstance(vectorizer().fit_transform(TEXTS), sp.csr_matrix)


def test_dense_output():
    X = vectorizer(sparse_output=False).fit_transform(TEXTS)
    assert isinstance(X, np.ndarray)
    assert X.tolist() == CELLS


def test_indicator():
    vec = vectorizer(max_features=2, oov="indicator")
    X = vec.fit_transform(TEXTS)
    assert dense(X) == [[1, 1, 1], [0, 1, 1], [0, 0, 0], [1, 1, 1]]
    assert dense(vec.transform(["dog", "mouse", ""])) == [
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 0],
    ]
    assert vec.get_feature_names_out().tolist() == ["the", "dog", "<oov>"]
    assert vec.inverse_transform(X)[1].tolist() == ["dog"]
    assert vec.document_frequency_.tolist() == [2, 3]


def test_keras_index():
    vec = vectorizer(max_features=6, index="keras")
    X = vec.fit_transform(TEXTS)
    assert vec.vocabulary_ == {"the": 4, "dog": 5}
    names = ["<pad>", "<start>", "<oov>", "<unused>", "the", "dog"]
    assert vec.get_feature_names_out().tolist() == names
    assert dense(X) == [
        [0, 1, 1, 0, 1, 1],
        [0, 1, 1, 0, 0, 1],
        [0, 1, 0, 0, 0, 0],
        [0, 1, 1, 0, 1, 1],
    ]
    assert (vec.transform(TEXTS) != X).nnz == 0
    assert vec.decode([1, 4, 2, 5]) == "? the ? dog"
    assert [words.tolist() for words in vec.inverse_transform(X)] == [
        ["the", "dog"],
        ["dog"],
        [],
        ["the", "dog"],
    ]


def test_keras_word_index_as_vocabulary():
    vec = vectorizer(vocabulary={"dog": 2, "the": 1, "cat": 3}, index="keras")
    X = vec.transform(["the dog", "a cat"])
    assert dense(X) == [[0, 1, 0, 0, 1, 1, 0], [0, 1, 1, 0, 0, 0, 1]]
    assert vec.decode([6, 5]) == "cat dog"


def test_decode():
    vec = vectorizer(oov="indicator").fit(TEXTS)
    assert vec.decode([0, 1, 3, 6]) == "the dog cat ?"
    assert vec.decode(np.array([5])) == "of"
    assert vec.decode([]) == ""
    for wrong in ([7], [-1], [0.5], [[0]], ["the"]):
        with pytest.raises(ValueError, match=r"from 0 to 6|sequence of integer"):
            vec.decode(wrong)


def test_inverse_transform():
    vec = vectorizer()
    X = vec.fit_transform(TEXTS)
    expected = [["the", "dog", "cat"], ["dog", "a"], [], ["the", "dog", "end", "of"]]
    for form in (X, X.toarray(), X.tocsc()):
        assert [words.tolist() for words in vec.inverse_transform(form)] == expected
    with pytest.raises(ValueError, match=r"X has 5 columns, but .* has 6"):
        vec.inverse_transform(X[:, :5])


def test_build_analyzer():
    assert vectorizer().build_analyzer()("The cat, the dog.") == [
        "the",
        "cat",
        "the",
        "dog",
    ]
    analyze = vectorizer(analyzer="char", ngram_range=(2, 2)).build_analyzer()
    assert analyze("Abc") == ["ab", "bc"]


# Among others


def test_check_estimator():
    # The checks all feed numbers in two dimensions; for what wants texts, as the tags
    # say, `check_estimator` runs none of them, here as with `CountVectorizer`.
    with pytest.warns(SkipTestWarning, match="requires input"):
        check_estimator(vectorizer())


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_mixin_order,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_param_validation,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_set_params,
        estimator_checks.check_valid_tag_types,
    ],
)
def test_checks_that_need_no_numbers(check):
    check("TextMultiHotVectorizer", vectorizer())


def test_tags_are_those_of_count_vectorizer():
    ours, theirs = vectorizer().__sklearn_tags__(), CountVectorizer().__sklearn_tags__()
    assert ours.input_tags == theirs.input_tags
    assert ours.target_tags == theirs.target_tags


def test_names_are_those_of_count_vectorizer():
    ours, theirs = vectorizer().get_params(), CountVectorizer().get_params()
    assert theirs.keys() - ours.keys() == {"binary"}


def test_grid_search():
    texts, y = [*TEXTS * 6, *["bad cat"] * 24], ["good"] * 24 + ["bad"] * 24
    pipe = make_pipeline(vectorizer(), LogisticRegression())
    grid = {
        "textmultihotvectorizer__max_features": [2, 10],
        "textmultihotvectorizer__ngram_range": [(1, 1), (1, 2)],
    }
    search = GridSearchCV(pipe, grid, cv=2, n_jobs=2).fit(texts, y)
    assert search.best_score_ > 0.8
    assert clone(search.best_estimator_).fit(texts, y).predict(["bad cat"]) == ["bad"]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_column_transformer(frame):
    table = frame({"text": TEXTS, "stars": [1.0, 2.0, 3.0, 4.0]})
    columns = ColumnTransformer(
        [("words", vectorizer(), "text")], remainder="passthrough"
    )
    X = columns.fit_transform(table)
    assert X.shape == (4, 7)
    assert columns.get_feature_names_out()[0] == "words__the"


def test_set_output():
    vec = vectorizer(sparse_output=False).set_output(transform="pandas")
    table = vec.fit_transform(pd.Series(TEXTS, index=list("wxyz")))
    assert table.columns.tolist() == WORDS
    assert table.index.tolist() == list("wxyz")
    assert table.to_numpy().tolist() == CELLS
    table = vec.set_output(transform="polars").transform(TEXTS)
    assert table.columns == WORDS
    assert isinstance(table, pl.DataFrame)
    vec = vectorizer().set_output(transform="pandas").fit(TEXTS)
    with pytest.raises(ValueError, match="outputs a scipy sparse matrix"):
        vec.transform(TEXTS)


def test_pickle_and_skops():
    for vec in (
        vectorizer(ngram_range=(1, 2)).fit(TEXTS),
        vectorizer().partial_fit(TEXTS),
    ):
        content = skops.io.dumps(vec)
        untrusted = skops.io.get_untrusted_types(data=content)
        assert all(name.startswith("skimdb.") for name in untrusted)
        for copy in (
            pickle.loads(pickle.dumps(vec)),
            skops.io.loads(content, untrusted),
        ):
            assert copy.vocabulary_ == vec.vocabulary_
            assert (copy.transform(TEXTS) != vec.transform(TEXTS)).nnz == 0
            assert copy.get_params().keys() == vec.get_params().keys()


def test_pickle_holds_the_vocabulary_once():
    words = [f"{i:030}" for i in range(1000)]
    vec = vectorizer().fit([" ".join(words)] * 3)
    assert len(pickle.dumps(vec)) < 60_000


def test_no_tensorflow():
    code = (
        "import sys; from skimdb import TextMultiHotVectorizer as V;"
        "V().fit_transform(['a b']); assert 'tensorflow' not in sys.modules;"
        "assert 'keras' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class _Stemming(TextMultiHotVectorizer):
    """scikit-learn's recipe: an analyzer that changes each token."""

    def build_analyzer(self):
        analyze = super().build_analyzer()
        return lambda document: [token.removesuffix("s") for token in analyze(document)]


class _Splitting(TextMultiHotVectorizer):
    def build_tokenizer(self):
        return lambda text: text.split("-")


class _Shouting(TextMultiHotVectorizer):
    def build_preprocessor(self):
        return str.upper


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        (_Stemming, ["film", "a", "b"]),
        (_Splitting, ["film", "films", "a", "b"]),
        (_Shouting, ["FILM", "FILMS", "A", "B"]),
    ],
)
@pytest.mark.parametrize("n_documents", [3, 600])
def test_overridden_builders_are_honoured(cls, words, n_documents):
    texts = (["film", "films", "a-b"] * n_documents)[:n_documents]
    vec = cls().fit(texts)
    assert set(vec.get_feature_names_out()) == set(words)
    matrix = vec.transform(texts)
    one_by_one = [vec.transform([text]).toarray()[0].tolist() for text in texts[:3]]
    assert matrix.toarray()[:3].tolist() == one_by_one


@pytest.mark.parametrize(
    "options", [{}, {"stop_words": ["the"]}, {"ngram_range": (1, 2)}]
)
def test_few_documents_give_the_rows_of_many(options):
    texts = ["The film, the Film!", "caf\u00e9 \u0130stanbul", "", "a\xa0b c\rd"] * 200
    vec = TextMultiHotVectorizer(**options).fit(texts)
    many = vec.transform(texts).toarray()
    for n in (1, 2, 4, 5):
        np.testing.assert_array_equal(vec.transform(texts[:n]).toarray(), many[:n])


def test_long_ngrams_of_short_texts_take_no_time():
    vec = TextMultiHotVectorizer(ngram_range=(1, 3000)).fit(["a b c"] * 20)
    assert len(vec.vocabulary_) == 6


def test_no_stop_words_of_any_kind():
    for nothing in ([], (), set(), frozenset()):
        vec = TextMultiHotVectorizer(stop_words=nothing).fit(["a b"] * 20)
        assert len(vec.vocabulary_) == 2

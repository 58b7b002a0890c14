"""The output of TextMultiHotVectorizer, alone and with other estimators."""

import itertools
import pickle
import signal
import threading
import time
import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
import skops.io
from joblib import Parallel, delayed, parallel_config
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import SkipTestWarning
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator

from skimdb import TextMultiHotVectorizer


def test_defaults(texts, words, cells, dense, vectorizer):
    vec = vectorizer()
    X = vec.fit_transform(texts)
    assert sp.issparse(X)
    assert X.format == "csr"
    assert X.dtype == np.float32
    assert X.indices.dtype == np.int32
    assert dense(X) == cells
    assert vec.get_feature_names_out().tolist() == words
    assert vec.vocabulary_ == {word: i for i, word in enumerate(words)}
    assert vec.document_frequency_.tolist() == [2, 3, 1, 1, 1, 1]
    assert vec.n_documents_ == 4
    assert dense(vec.transform(["dog of mine", "mine"])) == [
        [0, 1, 0, 0, 0, 1],
        [0] * 6,
    ]


def test_the_same_whatever_the_order(texts, words, vectorizer):
    one = vectorizer(max_features=4).fit(texts)
    other = vectorizer(max_features=4).fit(texts[::-1])
    assert list(one.vocabulary_) == list(other.vocabulary_) == words[:4]


@pytest.mark.parametrize("dtype", [np.float64, bool, "int8"])
def test_dtype(dtype, texts, cells, vectorizer):
    X = vectorizer(dtype=dtype).fit_transform(texts)
    assert X.dtype == dtype
    assert X.toarray().astype(int).tolist() == cells


def test_sparse_interface(texts, vectorizer):
    with config_context(sparse_interface="sparray"):
        assert isinstance(vectorizer().fit_transform(texts), sp.csr_array)
    assert isinstance(vectorizer().fit_transform(texts), sp.csr_matrix)


def test_dense_output(texts, cells, vectorizer):
    X = vectorizer(sparse_output=False).fit_transform(texts)
    assert isinstance(X, np.ndarray)
    assert X.tolist() == cells


def test_indicator(texts, dense, vectorizer):
    vec = vectorizer(max_features=2, oov="indicator")
    X = vec.fit_transform(texts)
    assert dense(X) == [[1, 1, 1], [0, 1, 1], [0, 0, 0], [1, 1, 1]]
    assert dense(vec.transform(["dog", "mouse", ""])) == [
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 0],
    ]
    assert vec.get_feature_names_out().tolist() == ["the", "dog", "<oov>"]
    assert vec.inverse_transform(X)[1].tolist() == ["dog"]
    assert vec.document_frequency_.tolist() == [2, 3]


def test_keras_index(texts, dense, vectorizer):
    vec = vectorizer(max_features=6, index="keras")
    X = vec.fit_transform(texts)
    assert vec.vocabulary_ == {"the": 4, "dog": 5}
    names = ["<pad>", "<start>", "<oov>", "<unused>", "the", "dog"]
    assert vec.get_feature_names_out().tolist() == names
    assert dense(X) == [
        [0, 1, 1, 0, 1, 1],
        [0, 1, 1, 0, 0, 1],
        [0, 1, 0, 0, 0, 0],
        [0, 1, 1, 0, 1, 1],
    ]
    assert (vec.transform(texts) != X).nnz == 0
    assert vec.decode([1, 4, 2, 5]) == "? the ? dog"
    assert [words.tolist() for words in vec.inverse_transform(X)] == [
        ["the", "dog"],
        ["dog"],
        [],
        ["the", "dog"],
    ]


def test_keras_word_index_as_vocabulary(dense, vectorizer):
    vec = vectorizer(vocabulary={"dog": 2, "the": 1, "cat": 3}, index="keras")
    X = vec.transform(["the dog", "a cat"])
    assert dense(X) == [[0, 1, 0, 0, 1, 1, 0], [0, 1, 1, 0, 0, 0, 1]]
    assert vec.decode([6, 5]) == "cat dog"


def test_decode(texts, vectorizer):
    vec = vectorizer(oov="indicator").fit(texts)
    assert vec.decode([0, 1, 3, 6]) == "the dog cat ?"
    assert vec.decode(np.array([5])) == "of"
    assert vec.decode([]) == ""
    for wrong in ([7], [-1], [0.5], [[0]], ["the"]):
        with pytest.raises(ValueError, match=r"from 0 to 6|sequence of integer"):
            vec.decode(wrong)


def test_inverse_transform(texts, vectorizer):
    vec = vectorizer()
    X = vec.fit_transform(texts)
    expected = [["the", "dog", "cat"], ["dog", "a"], [], ["the", "dog", "end", "of"]]
    for form in (X, X.toarray(), X.tocsc()):
        assert [words.tolist() for words in vec.inverse_transform(form)] == expected
    with pytest.raises(ValueError, match=r"X has 5 columns, but .* has 6"):
        vec.inverse_transform(X[:, :5])
    X.indptr[-1] = 10_000
    with pytest.raises(ValueError, match="malformed sparse matrix"):
        vec.inverse_transform(X)


def test_build_analyzer(vectorizer):
    assert vectorizer().build_analyzer()("The cat, the dog.") == [
        "the",
        "cat",
        "the",
        "dog",
    ]
    analyze = vectorizer(analyzer="char", ngram_range=(2, 2)).build_analyzer()
    assert analyze("Abc") == ["ab", "bc"]


# Among others


def test_check_estimator(vectorizer):
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
def test_checks_that_need_no_numbers(check, vectorizer):
    check("TextMultiHotVectorizer", vectorizer())


def test_tags_are_those_of_count_vectorizer(vectorizer):
    ours, theirs = vectorizer().__sklearn_tags__(), CountVectorizer().__sklearn_tags__()
    assert ours.input_tags == theirs.input_tags
    assert ours.target_tags == theirs.target_tags


def test_names_are_those_of_count_vectorizer(vectorizer):
    ours, theirs = vectorizer().get_params(), CountVectorizer().get_params()
    assert theirs.keys() - ours.keys() == {"binary"}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("num_words", "max_features"),
        ("max_tokens", "max_features"),
        ("ngrams", "ngram_range"),
        ("binary", "always binary"),
    ],
)
def test_names_of_other_libraries(name, hint, vectorizer):
    with pytest.raises(TypeError, match=f"got '{name}'. Use .*{hint}"):
        vectorizer(**{name: 10})
    with pytest.raises(TypeError, match=f"got '{name}'. Use .*{hint}"):
        vectorizer().set_params(**{name: 10})


def test_names_of_no_library(vectorizer):
    with pytest.raises(TypeError, match="unexpected keyword argument 'maximum'"):
        vectorizer(maximum=10)
    with pytest.raises(ValueError, match="Invalid parameter 'maximum'"):
        vectorizer().set_params(maximum=10)


def test_methods_are_those_of_count_vectorizer(vectorizer):
    theirs = {name for name in dir(CountVectorizer) if not name.startswith("_")}
    # Metadata requests for `raw_documents` do not apply.
    assert theirs - set(dir(vectorizer())) <= {"set_output"}
    for stop_words in ("english", ["the", "a"], None):
        options = {"stop_words": stop_words}
        expected = CountVectorizer(**options).get_stop_words()
        assert vectorizer(**options).get_stop_words() == expected


def test_given_vocabulary_is_set_by_transform(texts, vectorizer):
    for make in (CountVectorizer, vectorizer):
        for method in ("transform", "inverse_transform", "get_feature_names_out"):
            vec = make(vocabulary=["dog", "cat"])
            assert not hasattr(vec, "vocabulary_")
            arguments = {
                "transform": [texts],
                "inverse_transform": [np.eye(2)],
                "get_feature_names_out": [],
            }[method]
            getattr(vec, method)(*arguments)
            assert vec.vocabulary_ == {"dog": 0, "cat": 1}
            assert vec.fixed_vocabulary_
    assert vec.partial_fit(texts).document_frequency_.tolist() == [3, 1]


def test_grid_search(texts, vectorizer):
    texts, y = [*texts * 6, *["bad cat"] * 24], ["good"] * 24 + ["bad"] * 24
    pipe = make_pipeline(vectorizer(), LogisticRegression())
    grid = {
        "textmultihotvectorizer__max_features": [2, 10],
        "textmultihotvectorizer__ngram_range": [(1, 1), (1, 2)],
    }
    search = GridSearchCV(pipe, grid, cv=2).fit(texts, y)
    assert search.best_score_ > 0.8
    assert clone(search.best_estimator_).fit(texts, y).predict(["bad cat"]) == ["bad"]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_column_transformer(frame, texts, vectorizer):
    table = frame({"text": texts, "stars": [1.0, 2.0, 3.0, 4.0]})
    columns = ColumnTransformer(
        [("words", vectorizer(), "text")], remainder="passthrough"
    )
    X = columns.fit_transform(table)
    assert X.shape == (4, 7)
    assert columns.get_feature_names_out()[0] == "words__the"


def test_set_output_like_scikit_learn(texts, cells, dense, vectorizer):
    # As for TfidfTransformer, output is never a table.
    assert not hasattr(vectorizer(), "set_output")
    for output in ("pandas", "polars"):
        with config_context(transform_output=output):
            pipe = make_pipeline(vectorizer(), TfidfTransformer(), LogisticRegression())
            assert pipe.fit(texts, [1, 0, 0, 1]).predict(texts).shape == (4,)
            assert dense(vectorizer().fit_transform(texts)) == cells
            assert dense(_Stemming().fit(texts).transform(texts)) == cells
            array = vectorizer(sparse_output=False).fit_transform(texts)
            assert isinstance(array, np.ndarray)


def test_feature_names_in_a_pipeline(texts, words, vectorizer):
    pipe = make_pipeline(vectorizer(), TfidfTransformer()).fit(texts)
    assert pipe.get_feature_names_out().tolist() == words


def test_pickle_and_skops(texts, vectorizer):
    for vec in (
        vectorizer(ngram_range=(1, 2)).fit(texts),
        vectorizer().partial_fit(texts),
    ):
        content = skops.io.dumps(vec)
        untrusted = skops.io.get_untrusted_types(data=content)
        assert all(name.startswith("skimdb.") for name in untrusted)
        for copy in (
            pickle.loads(pickle.dumps(vec)),
            skops.io.loads(content, untrusted),
        ):
            assert copy.vocabulary_ == vec.vocabulary_
            assert (copy.transform(texts) != vec.transform(texts)).nnz == 0
            assert copy.get_params().keys() == vec.get_params().keys()


def test_pickle_holds_the_vocabulary_once(vectorizer):
    words = [f"{i:030}" for i in range(1000)]
    vec = vectorizer().fit([" ".join(words)] * 3)
    assert len(pickle.dumps(vec)) < 60_000


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


@pytest.mark.parametrize("index", ["compact", "keras"])
def test_few_documents_are_looked_up_one_by_one_in_a_large_vocabulary(index):
    """The cost of a single text does not depend on the size of the vocabulary."""
    words = [f"word{i}" for i in range(1000)] + ["caf\u00e9", "\ud800x"]
    vec = TextMultiHotVectorizer(index=index, token_pattern=r"\S+").fit(words)
    for text in ("word7 caf\u00e9 word999 unknown", "\ud800x word7 word7", ""):
        many = vec.transform([text, *words])
        assert (vec.transform([text]) != many[:1]).nnz == 0
    ids = TextMultiHotVectorizer(index="compact").fit([range(300)])
    assert ids.transform([[5, 7, 5, 300]]).indices.tolist() == [5, 7]


def test_long_ngrams_of_short_texts_take_no_time():
    vec = TextMultiHotVectorizer(ngram_range=(1, 3000)).fit(["a b c"] * 20)
    assert len(vec.vocabulary_) == 6


def test_no_stop_words_of_any_kind():
    for nothing in ([], (), set(), frozenset()):
        vec = TextMultiHotVectorizer(stop_words=nothing).fit(["a b"] * 20)
        assert len(vec.vocabulary_) == 2


@pytest.mark.parametrize(
    "vocabulary",
    [
        lambda: ["dog", "cat"],
        lambda: ("dog", "cat"),
        lambda: {"dog": 0, "cat": 1},
        lambda: np.array(["dog", "cat"]),
        lambda: pd.Series(["dog", "cat"]),
        lambda: pl.Series(["dog", "cat"]),
        lambda: pa.array(["dog", "cat"]),
    ],
)
def test_given_vocabulary_of_any_kind_works_again_and_again(
    vocabulary, texts, dense, vectorizer
):
    expected = [[1, 1], [1, 0], [0, 0], [1, 0]]
    vec = vectorizer(vocabulary=vocabulary())
    given = vec.get_params()["vocabulary"]
    for each in (vec, clone(vec), pickle.loads(pickle.dumps(vec))):
        for _ in range(2):
            assert dense(each.transform(texts)) == expected
            assert dense(each.fit_transform(texts)) == expected
            assert dense(clone(each).partial_fit(texts).transform(texts)) == expected
    assert vec.get_params()["vocabulary"] is given
    vec.set_params(vocabulary=vocabulary())
    for _ in range(2):
        assert dense(vec.fit_transform(texts)) == expected


@pytest.mark.parametrize("iterator", [iter(["a"]), map(str, [1]), (w for w in "ab")])
def test_iterators_as_vocabulary(iterator, texts, vectorizer):
    for method in ("fit", "transform"):  # an iterator works only once
        with pytest.raises(ValueError, match=r"'vocabulary' parameter .* '__len__'"):
            getattr(vectorizer(vocabulary=iterator), method)(texts)


def test_given_vocabulary_as_a_set_is_sorted(texts, vectorizer):
    for kind in (set, frozenset):
        vec = vectorizer(vocabulary=kind(["dog", "cat"]))
        for each in (vec, clone(vec), pickle.loads(pickle.dumps(vec))):
            for _ in range(2):
                assert list(each.fit(texts).vocabulary_) == ["cat", "dog"]


def test_options_are_checked_where_nothing_is_fitted(texts, vectorizer):
    for wrong in ({"input": "url"}, {"dtype": str}, {"ngram_range": (1,)}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            vectorizer(vocabulary=["dog"], **wrong).transform(texts)


def test_ids_that_are_columns(sequences, vectorizer):
    vec = vectorizer(index="keras", max_features=None)
    X = vec.fit_transform([[300_000, 1], [2]])
    assert (vec.transform([[300_000, 1], [2]]) != X).nnz == 0
    assert X.shape == (2, 300_001)
    assert X.indices.tolist() == [1, 300_000, 2]
    vec.fit(sequences)
    assert vec.vocabulary_ == {i: i for i in range(23)}
    content = skops.io.dumps(vec)
    copy = skops.io.loads(content, skops.io.get_untrusted_types(data=content))
    assert (copy.transform(sequences) != vec.transform(sequences)).nnz == 0


def test_ids_that_are_too_many_columns(vectorizer):
    for options in ({"max_features": None}, {"max_features": 2**24 + 1}):
        vec = vectorizer(index="keras", **options)
        with pytest.raises(ValueError, match="each id is its own column"):
            vec.fit([[2**40], [1]])
        assert not hasattr(vec, "vocabulary_")


def _break_off(texts, error):
    yield from texts
    raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("no more")])
@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("n_read", [0, 1, 5000])
def test_partial_fit_broken_off_counts_nothing(error, slow, n_read, texts, vectorizer):
    options = {"min_df": 2, "tokenizer": str.split if slow else None}
    more = ["a new cat"] * n_read
    vec, undisturbed = (vectorizer(**options) for _ in range(2))
    with pytest.raises(type(error)):
        vec.partial_fit(_break_off(more, error))
    assert not hasattr(vec, "vocabulary_")
    vec.partial_fit(texts)
    state = pickle.dumps(vec)
    with pytest.raises(type(error)):
        vec.partial_fit(_break_off(more, error))
    assert pickle.dumps(vec) == state
    vec.partial_fit(["the dog"])
    undisturbed.partial_fit(texts).partial_fit(["the dog"])
    assert vec.vocabulary_ == undisturbed.vocabulary_
    assert vec.n_documents_ == undisturbed.n_documents_ == 5
    assert pickle.dumps(vec) == pickle.dumps(undisturbed)


@pytest.mark.parametrize("given", [False, True])
def test_partial_fit_costs_as_much_as_its_chunk(given):
    words = [f"w{i}" for i in range(100_000)]
    vec = TextMultiHotVectorizer(vocabulary=words if given else None)
    chunk, sizes = ["a good film"] * 10, []
    for texts in (chunk, [" ".join(words)], chunk):
        vec.partial_fit(texts)
        tracemalloc.start()
        for _ in range(5):
            vec.partial_fit(chunk)
        sizes.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(sizes) < 1.2 * sizes[0] + 20_000
    assert vec.n_documents_ == 171
    assert len(vec.vocabulary_) == (100_000 if given else 10_000)


def test_partial_fit_in_many_chunks_learns_what_fit_learns(vectorizer):
    rng = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(500)])
    texts = [" ".join(words[rng.integers(0, 500, n)]) for n in rng.integers(0, 9, 300)]
    vec, start = vectorizer(max_features=50, min_df=2), 0
    while start < len(texts):
        stop = start + int(rng.integers(1, 40))
        vec.partial_fit(texts[start:stop])
        start = stop
        if rng.random() < 0.3:
            assert len(vec.vocabulary_) <= 50
    whole = vectorizer(max_features=50, min_df=2).fit(texts)
    assert list(vec.vocabulary_.items()) == list(whole.vocabulary_.items())
    np.testing.assert_array_equal(vec.document_frequency_, whole.document_frequency_)


def test_four_long_documents_take_no_longer_than_five(vectorizer):
    text = " ".join(f"w{i % 5000}" for i in range(200_000))
    seconds = {4: [], 5: []}
    for _ in range(3):
        for n, taken in seconds.items():
            start = time.process_time()
            vectorizer().fit_transform([text] * n)
            taken.append(time.process_time() - start)
    assert min(seconds[4]) < 1.2 * min(seconds[5])


def count_threads(texts):
    """Count the threads that encode texts."""
    from skimdb.feature_extraction import _corpus

    pool, sizes = _corpus.ThreadPoolExecutor, []
    _corpus.ThreadPoolExecutor = lambda n: sizes.append(n) or pool(n)
    try:
        TextMultiHotVectorizer().fit(texts)
    finally:
        _corpus.ThreadPoolExecutor = pool
    return max(sizes, default=1)


@pytest.mark.slow
def test_worker_of_joblib_uses_its_share_of_the_cores():
    texts = ["a good film"] * 5000
    with parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
        found = Parallel()(delayed(count_threads)(texts) for _ in range(2))
    assert found == [1, 1]


def test_ctrl_c_in_partial_fit_counts_nothing(texts, vectorizer):
    vec = vectorizer().partial_fit(texts)
    state = pickle.dumps(vec)
    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])

    def read_without_end():
        timer.start()
        yield from itertools.repeat("the dog and a cat " * 50)

    with pytest.raises(KeyboardInterrupt):
        vec.partial_fit(read_without_end())
    timer.join()
    assert pickle.dumps(vec) == state


def test_partial_fit_of_texts_and_then_of_ids(texts, sequences, vectorizer):
    vec = vectorizer().partial_fit(texts)
    state = pickle.dumps(vec)
    with pytest.raises(TypeError, match="got texts and sequences of token ids"):
        vec.partial_fit(sequences)
    assert pickle.dumps(vec) == state


def test_dense_output_that_fits_into_no_memory():
    vocabulary = [f"w{i}" for i in range(200_000)]
    vec = TextMultiHotVectorizer(
        vocabulary=vocabulary, sparse_output=False, dtype=np.float64
    )
    message = r"convert the output to a dense array: 800,000 .*1,280\.0 GB.*max_feat"
    with pytest.raises(MemoryError, match=message):
        vec.transform(["w1"] * 800_000)

"""What TextMultiHotVectorizer takes, gives and refuses."""

import io
import pickle
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
import skops.io
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError, SkipTestWarning
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


# What it gives


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


# What it takes


@pytest.mark.parametrize(
    "container",
    [
        list,
        tuple,
        iter,
        np.array,
        lambda texts: np.array(texts, dtype=object),
        lambda texts: np.array(texts, dtype=np.dtypes.StringDType()),
        lambda texts: pd.Series(texts, index=[9, 8, 7, 6]),
        lambda texts: pd.Series(texts, dtype=object),
        lambda texts: pd.Series(texts, dtype="category"),
        lambda texts: pd.Series(texts, dtype=pd.ArrowDtype(pa.string())),
        pl.Series,
        lambda texts: pl.Series(texts, dtype=pl.Categorical),
        pa.array,
        lambda texts: pa.array(["x", *texts, "y"])[1:-1],
        lambda texts: pa.array(texts, pa.large_string()),
        lambda texts: pa.array(texts, pa.string_view()),
        lambda texts: pa.array([text.encode() for text in texts]),
        lambda texts: pa.chunked_array([texts[:1], [], texts[1:]]),
        lambda texts: [text.encode() for text in texts],
        lambda texts: [texts[0].encode(), *texts[1:]],
        lambda texts: dict.fromkeys(texts).keys(),
    ],
)
@pytest.mark.parametrize("slow", [False, True])
def test_containers(container, slow):
    tokenizer = re.compile("[a-z]+").findall if slow else None
    vec = vectorizer(tokenizer=tokenizer)
    assert dense(vec.fit_transform(container(TEXTS))) == CELLS
    assert dense(vec.transform(container(TEXTS))) == CELLS


@pytest.mark.parametrize("slow", [False, True])
def test_files(tmp_path, slow):
    tokenizer = re.compile("[a-z\xe9]+").findall if slow else None
    names = []
    for i, text in enumerate([*TEXTS, "caf\xe9"]):
        names.append(tmp_path / f"{i}.txt")
        names[-1].write_text(text, encoding="latin-1")
    options = {"encoding": "latin-1", "tokenizer": tokenizer}
    vec = vectorizer(input="filename", **options).fit(map(str, names))
    assert "caf\xe9" in vec.vocabulary_
    files = [io.BytesIO(name.read_bytes()) for name in names]
    other = vectorizer(input="file", **options).fit(files)
    assert other.vocabulary_ == vec.vocabulary_


def test_decode_error():
    texts = ["caf\xe9".encode("latin-1"), "dog"]
    assert "caf" in vectorizer(decode_error="ignore").fit(texts).vocabulary_
    assert "caf\ufffd" in vectorizer(decode_error="replace").fit(texts).vocabulary_
    assert "caf\xe9" in vectorizer(encoding="latin-1").fit(texts).vocabulary_


@pytest.mark.parametrize(
    "container",
    [
        list,
        tuple,
        iter,
        lambda ids: [np.array(row, dtype=int) for row in ids],
        lambda ids: [tuple(row) for row in ids],
        lambda ids: [np.array(row, np.int32) if row else row for row in ids],
        lambda ids: pd.Series(ids),
        lambda ids: pl.Series(ids, dtype=pl.List(pl.Int64)),
        lambda ids: pa.array(ids),
    ],
)
@pytest.mark.parametrize("given", ["content", "sequences"])
def test_sequences(container, given):
    vec = vectorizer(max_features=3, input=given)
    X = vec.fit_transform(container(IDS))
    assert vec.vocabulary_ == {1: 0, 22: 1, 14: 2}
    assert dense(X) == [[1, 1, 1], [1, 1, 0], [0, 0, 0], [1, 1, 0]]
    assert dense(vec.transform(container(IDS))) == dense(X)
    assert vec.get_feature_names_out().tolist() == ["1", "22", "14"]
    assert vec.inverse_transform(X)[0].tolist() == [1, 22, 14]


def test_sequences_of_other_kinds():
    vec = vectorizer(input="sequences")
    assert vec.fit([range(3), np.array([1]), [2, 2]]).vocabulary_ == {2: 0, 1: 1, 0: 2}
    assert vec.fit(np.array([[1, 2], [2, 3]])).vocabulary_ == {2: 0, 1: 1, 3: 2}


def test_sequences_with_keras_index_are_column_numbers():
    vec = vectorizer(max_features=30, input="sequences", index="keras")
    X = vec.fit_transform(IDS)
    expected = np.zeros((4, 30))
    for i, row in enumerate(IDS):  # the notebook's vectorize_sequences
        expected[i, row] = 1
    np.testing.assert_array_equal(X.toarray(), expected)
    np.testing.assert_array_equal(vec.transform(IDS).toarray(), expected)
    assert vec.get_feature_names_out()[22] == "22"
    assert vec.document_frequency_[[1, 14, 29]].tolist() == [3, 1, 0]
    assert (
        vectorizer(index="keras", max_features=None).fit_transform(IDS).shape[1] == 23
    )


def test_texts_split_already():
    lists = [text.lower().replace(",", "").split() for text in TEXTS]
    vec = vectorizer(analyzer=list)
    assert vec.fit(lists).vocabulary_["the"] == 0
    vec = vectorizer(tokenizer=list, lowercase=False)
    assert vec.fit(lists).vocabulary_["the"] == 0


def test_callables():
    texts = ["ab", "b"]
    assert list(vectorizer(analyzer=list).fit(texts).vocabulary_) == ["b", "a"]
    vec = vectorizer(preprocessor=str.upper).fit(["a b", "b"])
    assert list(vec.vocabulary_) == ["B", "A"]
    vec = vectorizer(strip_accents=lambda text: text[::-1]).fit(["ab"])
    assert list(vec.vocabulary_) == ["ba"]
    ids = vectorizer(analyzer=lambda text: [len(text)]).fit(texts)
    assert ids.vocabulary_ == {1: 0, 2: 1}


@pytest.mark.parametrize(
    "vocabulary", [["dog", "cat"], {"cat": 1, "dog": 0}, iter(["dog", "cat"])]
)
def test_given_vocabulary(vocabulary):
    vec = vectorizer(vocabulary=vocabulary, max_features=1, min_df=4)
    X = vec.fit_transform(TEXTS)
    assert dense(X) == [[1, 1], [1, 0], [0, 0], [1, 0]]
    assert vec.fixed_vocabulary_
    assert vec.document_frequency_.tolist() == [3, 1]
    assert list(vec.vocabulary_) == ["dog", "cat"]


def test_given_vocabulary_needs_no_fit():
    vec = vectorizer(vocabulary={"dog", "cat", "a dog"}, ngram_range=(1, 2))
    assert dense(vec.transform(["A dog", "cat"])) == [[1, 0, 1], [0, 1, 0]]
    assert vec.get_feature_names_out().tolist() == ["a dog", "cat", "dog"]
    assert not hasattr(vec, "vocabulary_")


def test_partial_fit_is_a_stream():
    vec = vectorizer(max_features=3, min_df=2)
    for text in TEXTS:
        vec.partial_fit(iter([text]))
    assert (
        vec.vocabulary_ == vectorizer(max_features=3, min_df=2).fit(TEXTS).vocabulary_
    )
    copy = pickle.loads(pickle.dumps(vec)).partial_fit(["cat end"] * 9)
    assert list(copy.vocabulary_) == ["cat", "end", "the"]
    vec.set_params(max_features=None, min_df=1).partial_fit(["cat"])
    assert set(vec.vocabulary_) == set(WORDS)


def test_partial_fit_of_sequences():
    vec = vectorizer(index="keras", max_features=None)
    for row in IDS:
        vec.partial_fit([row])
    assert len(vec.vocabulary_) == 23
    assert vec.document_frequency_[[1, 7, 8]].tolist() == [3, 1, 0]


def test_partial_fit_before_anything_fits():
    vec = vectorizer(min_df=2).partial_fit(["a"]).partial_fit([""])
    with pytest.raises(ValueError, match="vocabulary is empty"):
        vec.transform(["a"])
    assert vec.partial_fit(["a"]).vocabulary_ == {"a": 0}


def test_partial_fit_with_given_vocabulary():
    vec = vectorizer(vocabulary=["dog"]).partial_fit(TEXTS[:2]).partial_fit(TEXTS[2:])
    assert vec.document_frequency_.tolist() == [3]
    assert vec.n_documents_ == 4


def test_partial_fit_after_fit():
    with pytest.raises(ValueError, match="Begin with `partial_fit`"):
        vectorizer().fit(TEXTS).partial_fit(TEXTS)


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
    with pytest.raises(ValueError, match="Pandas output does not support sparse data"):
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


# What it refuses


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("one string", "string object received.*pass a list"),
        (b"bytes", "string object received"),
        (7, "Iterable over raw text documents expected, got int"),
        (None, "Iterable over raw text documents expected, got NoneType"),
        ([1, 2], "document 0 .* is of type int"),
        (["a", 2.5], "document 1 .* is of type float"),
        (np.arange(3), "document 0 .* is of type int64"),
        (pd.Series([1, 2]), "document 0 .* is of type int"),
        (np.eye(2), r"one-dimensional.*ndarray of shape \(2, 2\)"),
        (sp.eye(2).tocsr(), "one-dimensional"),
        (pd.DataFrame({"text": TEXTS}), "one column"),
        (pl.DataFrame({"text": TEXTS}), "one column"),
        (pa.table({"text": TEXTS}), "one column"),
        ({"text": TEXTS}, "one column"),
        (["a", None, "b", np.nan, pd.NA], r"3 of .* missing .*rows 1, 3, 4"),
        (pd.Series(["a", None, "b", None]), r"2 of .* missing .*rows 1, 3 "),
        (pl.Series(["a", None]), "missing .*rows 1 "),
        (pa.array([None, "a"]), "missing .*rows 0 "),
        (["a"] * 3000 + [None] + ["b"] * 3000 + [None], "rows 3000, 6001 "),
        ([None] * 30, r"30 of .*rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, \.\.\."),
        (["a", b"caf\xe9"], "Document 1 .* does not decode.*decode_error="),
        ([], "Found no documents"),
        (["", "!"], "empty vocabulary"),
        ([[1, -2]], "must be 0 or more, but document 0 .* holds -2"),
        ([[1], [2, 3], [3, -5, -6]], "document 2 .* holds -5"),
        ([[1, 2.5]], "must be integers"),
        ([["a", "b"]], "must be integers.*analyzer=list"),
        ([[1], 3], "document 1 .* is of type int"),
        ([[1], "a"], "document 1 .* is of type str"),
        ([[1, None]], "must be 0 or more.* None"),
    ],
)
def test_wrong_documents(X, message):
    vec = vectorizer().fit(TEXTS)
    state = pickle.dumps(vec)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        vec.fit(X)
    assert pickle.dumps(vec) == state  # a failed fit leaves all as it was


@pytest.mark.parametrize("slow", [False, True])
def test_wrong_documents_to_transform(slow):
    tokenizer = re.compile("[a-z]+").findall if slow else None
    vec = vectorizer(tokenizer=tokenizer).fit(TEXTS)
    for wrong, message in [
        ("one string", "string object received"),
        (["a", None], "in rows 1 "),
        (["a", 1], "document 1 "),
        ([b"caf\xe9"], "Document 0 "),
        (pd.DataFrame(), "one column"),
    ]:
        with pytest.raises(ValueError, match=message):
            vec.transform(wrong)


def test_generator_already_consumed():
    texts = (text for text in TEXTS)
    vec = vectorizer().fit(texts)
    for method in (vec.fit, vec.transform, vec.fit_transform, vec.partial_fit):
        with pytest.raises(ValueError, match=r"can be read only once|Begin with"):
            method(texts)
    assert vec.transform([]).shape == (0, 6)


def test_texts_where_ids_were_fitted_and_the_other_way_round():
    for index in ("compact", "keras"):
        vec = vectorizer(index=index)
        with pytest.raises(ValueError, match="kind of documents that was fitted"):
            vec.fit(IDS).transform(TEXTS)
        with pytest.raises(ValueError, match="kind of documents that was fitted"):
            vec.fit(TEXTS).transform(IDS)


def test_ids_beyond_the_columns():
    vec = vectorizer(max_features=20, input="sequences", index="keras")
    with pytest.raises(
        ValueError, match="Token id 22 is beyond the last of 20 columns"
    ):
        vec.fit(IDS)
    vec.fit([[1, 2]])
    with pytest.raises(ValueError, match="Token id 20 is beyond"):
        vec.transform([[3], [19, 20]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_df": 1, "min_df": 2}, "max_df corresponds to < documents than min_df"),
        ({"max_df": 0.1, "min_df": 0.5}, "max_df corresponds to < documents"),
        ({"max_df": 0.25, "min_df": 2}, "max_df corresponds to < documents"),
        ({"min_df": 4}, "After pruning, no terms remain"),
        ({"ngram_range": (2, 1)}, "ngram_range"),
        ({"ngram_range": (0, 1)}, "ngram_range"),
        ({"ngram_range": 1}, "ngram_range"),
        ({"max_features": 0}, "max_features"),
        ({"max_features": 4, "index": "keras"}, "at least 5"),
        ({"vocabulary": []}, "empty vocabulary"),
        ({"vocabulary": ["a", "b", "a"]}, "Duplicate term in vocabulary: 'a'"),
        ({"vocabulary": {"a": 0, "b": 2}}, "doesn't contain index 1"),
        ({"vocabulary": {"a": 0, "b": 0}}, "repeated indices"),
        ({"input": "url"}, "input"),
        ({"oov": "error"}, "oov"),
        ({"index": "tf"}, "index"),
        ({"token_pattern": "(a)(b)"}, "More than 1 capturing group"),
        ({"stop_words": "german"}, "stop_words"),
        ({"analyzer": lambda text: [text, 1]}, "all strings or all integers"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        vectorizer(**options).fit(TEXTS)


def test_not_fitted():
    for method in (vectorizer().transform, vectorizer().inverse_transform):
        with pytest.raises(NotFittedError):
            method(TEXTS)
    with pytest.raises(NotFittedError):
        vectorizer().get_feature_names_out()
    with pytest.raises(NotFittedError):
        vectorizer().decode([1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tokenizer": str.split, "token_pattern": "a"}, "'token_pattern' will not"),
        ({"analyzer": "char", "stop_words": ["a"]}, "'stop_words' will not be used"),
        ({"analyzer": list, "ngram_range": (1, 2)}, "'ngram_range' will not be used"),
        ({"stop_words": ["don-t"]}, "Your stop_words may be inconsistent"),
        ({"vocabulary": ["Dog"]}, "Upper case characters found in vocabulary"),
    ],
)
def test_warnings(options, message):
    with pytest.warns(UserWarning, match=message):
        vec = vectorizer(**options).fit(TEXTS)
    vec.transform(TEXTS)  # does not warn again


def test_warns_of_options_that_sequences_do_not_use():
    with pytest.warns(UserWarning, match="'stop_words' will not be used since 'input'"):
        vectorizer(input="sequences", stop_words=["a"]).fit(IDS)

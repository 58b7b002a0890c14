"""Documents and parameters that TextMultiHotVectorizer accepts and rejects."""

import io
import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError


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
def test_containers(container, slow, texts, cells, dense, vectorizer):
    tokenizer = re.compile("[a-z]+").findall if slow else None
    vec = vectorizer(tokenizer=tokenizer)
    assert dense(vec.fit_transform(container(texts))) == cells
    assert dense(vec.transform(container(texts))) == cells


@pytest.mark.parametrize("slow", [False, True])
def test_files(tmp_path, slow, texts, vectorizer):
    tokenizer = re.compile("[a-z\xe9]+").findall if slow else None
    names = []
    for i, text in enumerate([*texts, "caf\xe9"]):
        names.append(tmp_path / f"{i}.txt")
        names[-1].write_text(text, encoding="latin-1")
    options = {"encoding": "latin-1", "tokenizer": tokenizer}
    vec = vectorizer(input="filename", **options).fit(map(str, names))
    assert "caf\xe9" in vec.vocabulary_
    files = [io.BytesIO(name.read_bytes()) for name in names]
    other = vectorizer(input="file", **options).fit(files)
    assert other.vocabulary_ == vec.vocabulary_


@pytest.mark.parametrize("options", [{}, {"tokenizer": str.split}, {"analyzer": list}])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_files(end, encoding, options, tmp_path, vectorizer):
    # Line ends in files are newlines, as in text mode, whatever the system wrote.
    texts = ["a film\nand a\n\nfilm\n", "a\nplot\n"]
    vec = vectorizer(**options).fit(texts)
    names = [tmp_path / f"{i}.txt" for i in range(2)]
    for name, text in zip(names, texts, strict=True):
        name.write_bytes(text.replace("\n", end).encode(encoding))
    options = options | {"encoding": encoding}
    by_name = vectorizer(input="filename", **options)
    assert by_name.fit(names * 3).vocabulary_ == vec.vocabulary_
    assert by_name.build_analyzer()(names[0]) == vec.build_analyzer()(texts[0])
    open_files = [name.open("rb") for name in names]
    open_files += [name.open(encoding=encoding, newline="") for name in names]
    by_file = vectorizer(input="file", **options).fit(open_files)
    assert by_file.vocabulary_ == vec.vocabulary_
    for file in open_files:
        file.close()


def test_decode_error(vectorizer):
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
def test_sequences(container, given, sequences, dense, vectorizer):
    vec = vectorizer(max_features=3, input=given)
    X = vec.fit_transform(container(sequences))
    assert vec.vocabulary_ == {1: 0, 22: 1, 14: 2}
    assert dense(X) == [[1, 1, 1], [1, 1, 0], [0, 0, 0], [1, 1, 0]]
    assert dense(vec.transform(container(sequences))) == dense(X)
    assert vec.get_feature_names_out().tolist() == ["1", "22", "14"]
    assert vec.inverse_transform(X)[0].tolist() == [1, 22, 14]


def test_sequences_of_other_kinds(vectorizer):
    vec = vectorizer(input="sequences")
    assert vec.fit([range(3), np.array([1]), [2, 2]]).vocabulary_ == {2: 0, 1: 1, 0: 2}
    assert vec.fit(np.array([[1, 2], [2, 3]])).vocabulary_ == {2: 0, 1: 1, 3: 2}


def test_sequences_with_keras_index_are_column_numbers(sequences, vectorizer):
    vec = vectorizer(max_features=30, input="sequences", index="keras")
    X = vec.fit_transform(sequences)
    expected = np.zeros((4, 30))
    for i, row in enumerate(sequences):  # the notebook's vectorize_sequences
        expected[i, row] = 1
    np.testing.assert_array_equal(X.toarray(), expected)
    np.testing.assert_array_equal(vec.transform(sequences).toarray(), expected)
    assert vec.get_feature_names_out()[22] == "22"
    assert vec.document_frequency_[[1, 14, 29]].tolist() == [3, 1, 0]
    assert (
        vectorizer(index="keras", max_features=None).fit_transform(sequences).shape[1]
        == 23
    )


def test_texts_split_already(texts, vectorizer):
    lists = [text.lower().replace(",", "").split() for text in texts]
    vec = vectorizer(analyzer=list)
    assert vec.fit(lists).vocabulary_["the"] == 0
    vec = vectorizer(tokenizer=list, lowercase=False)
    assert vec.fit(lists).vocabulary_["the"] == 0


def test_callables(vectorizer):
    texts = ["ab", "b"]
    assert list(vectorizer(analyzer=list).fit(texts).vocabulary_) == ["b", "a"]
    vec = vectorizer(preprocessor=str.upper).fit(["a b", "b"])
    assert list(vec.vocabulary_) == ["B", "A"]
    vec = vectorizer(strip_accents=lambda text: text[::-1]).fit(["ab"])
    assert list(vec.vocabulary_) == ["ba"]
    ids = vectorizer(analyzer=lambda text: [len(text)]).fit(texts)
    assert ids.vocabulary_ == {1: 0, 2: 1}


@pytest.mark.parametrize("vocabulary", [["dog", "cat"], {"cat": 1, "dog": 0}])
def test_given_vocabulary(vocabulary, texts, dense, vectorizer):
    vec = vectorizer(vocabulary=vocabulary, max_features=1, min_df=4)
    X = vec.fit_transform(texts)
    assert dense(X) == [[1, 1], [1, 0], [0, 0], [1, 0]]
    assert vec.fixed_vocabulary_
    assert vec.document_frequency_.tolist() == [3, 1]
    assert list(vec.vocabulary_) == ["dog", "cat"]


def test_given_vocabulary_needs_no_fit(dense, vectorizer):
    vec = vectorizer(vocabulary={"dog", "cat", "a dog"}, ngram_range=(1, 2))
    assert dense(vec.transform(["A dog", "cat"])) == [[1, 0, 1], [0, 1, 0]]
    assert vec.get_feature_names_out().tolist() == ["a dog", "cat", "dog"]
    # set by `transform`, as in CountVectorizer
    assert vec.vocabulary_ == {"a dog": 0, "cat": 1, "dog": 2}
    assert vec.fixed_vocabulary_
    assert not hasattr(vec, "document_frequency_")


def test_partial_fit_is_a_stream(texts, words, vectorizer):
    vec = vectorizer(max_features=3, min_df=2)
    for text in texts:
        vec.partial_fit(iter([text]))
    assert (
        vec.vocabulary_ == vectorizer(max_features=3, min_df=2).fit(texts).vocabulary_
    )
    copy = pickle.loads(pickle.dumps(vec)).partial_fit(["cat end"] * 9)
    assert list(copy.vocabulary_) == ["cat", "end", "the"]
    vec.set_params(max_features=None, min_df=1).partial_fit(["cat"])
    assert set(vec.vocabulary_) == set(words)


def test_partial_fit_of_sequences(sequences, vectorizer):
    vec = vectorizer(index="keras", max_features=None)
    for row in sequences:
        vec.partial_fit([row])
    assert len(vec.vocabulary_) == 23
    assert vec.document_frequency_[[1, 7, 8]].tolist() == [3, 1, 0]


def test_partial_fit_before_anything_fits(vectorizer):
    vec = vectorizer(min_df=2).partial_fit(["a"]).partial_fit([""])
    with pytest.raises(ValueError, match="vocabulary is empty"):
        vec.transform(["a"])
    assert vec.partial_fit(["a"]).vocabulary_ == {"a": 0}


def test_partial_fit_with_given_vocabulary(texts, vectorizer):
    vec = vectorizer(vocabulary=["dog"]).partial_fit(texts[:2]).partial_fit(texts[2:])
    assert vec.document_frequency_.tolist() == [3]
    assert vec.n_documents_ == 4


def test_partial_fit_after_fit(texts, vectorizer):
    with pytest.raises(ValueError, match="cannot continue from `fit`"):
        vectorizer().fit(texts).partial_fit(texts)


COLLECTION = "ordered one-dimensional collection of documents, got "


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("one string", f"{COLLECTION}str.*for a single text"),
        (b"bytes", f"{COLLECTION}bytes"),
        (7, f"{COLLECTION}int"),
        (None, f"{COLLECTION}NoneType"),
        (np.eye(2), rf"{COLLECTION}ndarray of shape \(2, 2\)"),
        (sp.eye(2).tocsr(), rf"{COLLECTION}csr_matrix of shape \(2, 2\)"),
        (pd.DataFrame({"n": [1], "text": ["a"]}), f"{COLLECTION}DataFrame.*column"),
        (pl.DataFrame({"text": ["a"]}), f"{COLLECTION}DataFrame"),
        (pa.table({"text": ["a"]}), f"{COLLECTION}Table"),
        (np.array("a text"), rf"{COLLECTION}ndarray of shape \(\)"),
        ({"text": ["a"]}, f"{COLLECTION}dict"),
        ({"a", "b"}, f"{COLLECTION}set"),
        ([1, 2], "a text .* document 0 .* got int 1"),
        (["a", 2.5], "a text .* document 1 .* got float"),
        (np.arange(3), "document 0 .* got int64"),
        (pd.Series([1, 2]), "document 0 .* got int"),
        ([io.BytesIO(b"a")], "got BytesIO.*'file' or 'filename' for files"),
        ([Path("a")], "got PosixPath"),
        (["a", ["b"]], r"got list \['b'\].*analyzer=list"),
        ([{"text": "a"}], "document 0 .* got dict"),
        (["a" * 99, 7 * [7]], "document 1 .*got list"),
        (["a", None, "b", np.nan, pd.NA], r"None or NaN 3 times, in rows 1, 3, 4 "),
        (pd.Series(["a", None, "b", None]), "2 times, in rows 1, 3 "),
        (pl.Series(["a", None]), "1 times, in rows 1 "),
        (pa.array([None, "a"]), "rows 0 "),
        (["a"] * 3000 + [None] + ["b"] * 3000 + [None], "rows 3000, 6001 "),
        ([None] * 30, r"30 times.*rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, \.\.\."),
        (["a", b"caf\xe9"], "not decode document 1 .*decode_error="),
        ([], "at least one document"),
        (["", " ", "\n\t"], "no token in 3 documents"),
        ([[], []], "no token in 2 documents"),
        (pa.array([{"a": 1}]), "document 0 .* got dict"),
        ([[2**63]], "sequence of integers .* as document 0"),
        ([[10**30]], "sequence of integers .* as document 0"),
        ([[1.0, 2.0]], r"document 0 .*got list \[1\.0, 2\.0\].* floats to integers"),
        ([[1, -2]], r"document 0 .*got list \[1, -2\]. .*negative padding"),
        ([[1], [2, 3], [3, -5, -6]], "document 2 .*got list"),
        ([[1, 2.5]], "document 0 .*got list"),
        ([["a", "b"]], "got list .*analyzer=list"),
        ([[1], 3], "document 1 .*got int 3"),
        ([[1], "a"], "document 1 .*got str 'a'"),
        ([[1, None]], "document 0 .*got list"),
    ],
)
def test_wrong_documents(X, message, texts, vectorizer):
    vec = vectorizer().fit(texts)
    state = pickle.dumps(vec)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        vec.fit(X)
    assert pickle.dumps(vec) == state  # a failed fit changes nothing


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([1, 2], "document 0 .*got int 1"),
        (["1 2"], "document 0 .*got str '1 2'"),
        (np.ones((2, 2, 2), int), f"{COLLECTION}ndarray of shape"),
        (np.array([[1.5, 2], [3, 4]]), "got ndarray .* floats to integers"),
        (pd.DataFrame([[1, np.nan], [1, 2]]), "document 0 .*got ndarray"),
        (pd.DataFrame({"text": ["a"]}), "document 0 .*analyzer=list"),
        (sp.eye(2).tocsr(), COLLECTION),
        ([[[1, 2]], [[3]]], "document 0 .*got list"),
        ([[True]], "document 0 .*got list"),
        ([[None]], "document 0 .*got list"),
        ([{"a": 1}], "document 0 .*got dict"),
        ([[], []], "no token in 2 documents"),
    ],
)
@pytest.mark.parametrize("index", ["compact", "keras"])
def test_wrong_sequences(X, message, index, sequences, vectorizer):
    vec = vectorizer(input="sequences", index=index).fit(sequences)
    state = pickle.dumps(vec)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        vec.fit(X)
    assert pickle.dumps(vec) == state


@pytest.mark.parametrize(
    "table",
    [
        np.array,
        pd.DataFrame,
        lambda rows: pd.DataFrame(rows, dtype="Int64"),
        lambda rows: pl.DataFrame(rows, orient="row"),
        lambda rows: pa.table(pd.DataFrame(rows, columns=["a", "b"])),
    ],
)
def test_tables_of_ids(table, dense, vectorizer):
    vec = vectorizer(input="sequences")
    assert dense(vec.fit_transform(table([[1, 2], [2, 3]]))) == [[1, 1, 0], [1, 0, 1]]


class Tensor:
    """Gives arrays, and items that do, as tensors of any library do."""

    def __init__(self, values):
        self._array = np.asarray(values)

    shape = property(lambda self: self._array.shape)

    def __len__(self):
        return len(self._array)

    def __iter__(self):
        return map(Tensor, self._array)

    def __array__(self, dtype=None, copy=None):
        return self._array


def test_tensors(texts, cells, dense, vectorizer):
    encoded = np.array([text.encode() for text in texts], dtype=object)
    for X in (Tensor(encoded), [*Tensor(encoded)], iter(Tensor(encoded))):
        assert dense(vectorizer().fit_transform(X)) == cells
    rows = [[1, 1, 0], [1, 0, 1]]
    ids = Tensor([[1, 2], [2, 3]])
    assert dense(vectorizer(input="sequences").fit_transform(ids)) == rows
    for X in ([*ids], iter(ids), [pd.Series([1, 2]), pd.Series([2, 3])]):
        assert dense(vectorizer().fit_transform(X)) == rows


@pytest.mark.parametrize(
    ("given", "X", "message"),
    [
        ("file", ["a text"], "an open file .*'content' for texts"),
        ("file", [7], "Expected an open file as document 0 .*got int 7"),
        ("filename", [7], "Expected a file name as document 0"),
        ("filename", [io.BytesIO(b"a")], "a file name .*got BytesIO"),
    ],
)
@pytest.mark.parametrize("slow", [False, True])
def test_wrong_files(given, X, message, slow, vectorizer):
    vec = vectorizer(input=given, tokenizer=str.split if slow else None)
    with pytest.raises(ValueError, match=message):
        vec.fit(X)


def test_files_are_read_once(vectorizer):
    files = [io.BytesIO(b"a film") for _ in range(3)]
    vec = vectorizer(input="file").fit(files)
    with pytest.raises(ValueError, match="files can be read once"):
        vec.fit(files)
    files[1].close()
    with pytest.raises(ValueError, match="closed file") as raised:
        vec.fit(files)
    assert "document 1 " in raised.value.__notes__[0]


@pytest.mark.parametrize("name", ["preprocessor", "tokenizer", "analyzer"])
def test_errors_of_own_functions_name_the_document(name, vectorizer):
    def refuse(text):
        if text == "b":
            raise LookupError("not this one")
        return text if name == "preprocessor" else [text]

    with pytest.raises(LookupError, match="not this one") as raised:
        vectorizer(**{name: refuse}).fit(["a", "b"])
    assert "document 1 " in raised.value.__notes__[0]


@pytest.mark.parametrize("name", ["tokenizer", "analyzer"])
def test_own_functions_that_return_no_list(name, vectorizer):
    for returned in (None, 3):
        with pytest.raises(TypeError, match="object is not iterable") as raised:
            vectorizer(**{name: lambda text, value=returned: value}).fit(["a", "b"])
        assert "document 0 " in raised.value.__notes__[0]
    with pytest.raises(TypeError, match="all strings or all integers"):
        vectorizer(**{name: lambda text: [["a"]]}).fit(["a", "b"])


@pytest.mark.parametrize("slow", [False, True])
def test_wrong_documents_to_transform(slow, texts, vectorizer):
    tokenizer = re.compile("[a-z]+").findall if slow else None
    vec = vectorizer(tokenizer=tokenizer).fit(texts)
    for wrong, message in [
        ("one string", COLLECTION),
        (["a", None], "in rows 1 "),
        (["a", 1], "document 1 "),
        ([b"caf\xe9"], "document 0 "),
        (pd.DataFrame(), COLLECTION),
    ]:
        with pytest.raises(ValueError, match=message):
            vec.transform(wrong)


def test_generator_already_consumed(texts, vectorizer):
    used = (text for text in texts)
    vec = vectorizer().fit(used)
    for method in (vec.fit, vec.transform, vec.fit_transform, vec.partial_fit):
        with pytest.raises(ValueError, match=r"only once|cannot continue from `fit`"):
            method(used)
    assert vec.transform([]).shape == (0, 6)


def test_texts_where_ids_were_fitted_and_the_other_way_round(
    texts, sequences, vectorizer
):
    for index in ("compact", "keras"):
        vec = vectorizer(index=index)
        with pytest.raises(ValueError, match="ids, like the vocabulary, got texts"):
            vec.fit(sequences).transform(texts)
        with pytest.raises(ValueError, match="got sequences of token ids"):
            vec.fit(texts).transform(sequences)


def test_ids_beyond_the_columns(sequences, vectorizer):
    vec = vectorizer(max_features=20, input="sequences", index="keras")
    with pytest.raises(ValueError, match="ids below 20, the number of columns, got 22"):
        vec.fit(sequences)
    vec.fit([[1, 2]])
    with pytest.raises(ValueError, match=r"below 20, .* got 20"):
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
        ({"ngram_range": (1,)}, "two integers"),
        ({"ngram_range": (1, 2.0)}, "two integers"),
        ({"ngram_range": ("a", "b")}, "two integers"),
        ({"dtype": "nonsense"}, "nonsense"),
        ({"dtype": str}, "does not support dtype"),
        ({"dtype": object}, "does not support dtype"),
        ({"dtype": np.float16}, "does not support dtype"),
        ({"encoding": "klingon"}, "unknown encoding: klingon"),
        ({"token_pattern": "(a"}, "unterminated subpattern"),
        ({"stop_words": ["the", 3]}, "stop_words to be words .*got 3"),
        ({"vocabulary": "the"}, "for a single term"),
        ({"vocabulary": pd.DataFrame({"a": ["the"]})}, "one column of a table"),
        ({"vocabulary": [["a"], ["b"]]}, "all strings or all integers"),
        ({"vocabulary": {"a", 1}}, "all strings or all integers"),
        ({"vocabulary": {"a": "b"}}, "numbers from 0 .* from b"),
        ({"vocabulary": {"a": 1, "b": 2}}, "ranks from 1 .* index='keras'"),
        (
            {"vocabulary": {"a": 0, "b": 1}, "index": "keras"},
            "Expected numbers from 1 .* from 0",
        ),
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
def test_wrong_options(options, message, texts, vectorizer):
    with pytest.raises((ValueError, TypeError, LookupError, re.error), match=message):
        vectorizer(**options).fit(texts)


def test_not_fitted(texts, vectorizer):
    for method in (vectorizer().transform, vectorizer().inverse_transform):
        with pytest.raises(NotFittedError):
            method(texts)
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
def test_warnings(options, message, texts, vectorizer):
    with pytest.warns(UserWarning, match=message):
        vec = vectorizer(**options).fit(texts)
    vec.transform(texts)  # does not warn again

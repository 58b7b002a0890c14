"""`partial_fit` on a stream of chunks: the same as `fit` on all samples at once."""

import numpy as np
import pandas as pd
import pyarrow.dataset
import pyarrow.parquet
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from skimdb import EpochCurveDisplay, KerasMLPClassifier, TextMultiHotVectorizer
from skimdb.datasets import shuffle_chunks

RNG = np.random.default_rng(0)
N = 200
X = scipy.sparse.random_array(
    (N, 30), density=0.2, format="csr", dtype=np.float32, rng=RNG
)
# So many columns that those which a batch lacks are skipped.
X_RARE = scipy.sparse.random_array(
    (N, 4000), density=0.002, format="csr", dtype=np.float32, rng=RNG
)
Y = (X[:, :15].sum(axis=1) > X[:, 15:].sum(axis=1)).astype(int)
MATRICES = {"sparse": X, "dense": X.toarray(), "rare": X_RARE}
VALIDATION = {"X_val": X[:50], "y_val": Y[:50]}


def make(**params):
    defaults = {"size": 4, "batch_size": 32, "shuffle": False, "random_state": 0}
    return KerasMLPClassifier(**defaults | params)


def cut(X, y, sizes, *weights):
    """Chunks of these sizes in turn."""
    start = 0
    while start < X.shape[0]:
        for size in sizes:
            rows = slice(start, start + size)
            yield (X[rows], y[rows], *(weight[rows] for weight in weights))
            start += size


def assert_same_weights(one, other):
    for ours, theirs in zip(
        [*one.coefs_, *one.intercepts_],
        [*other.coefs_, *other.intercepts_],
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


def assert_same_history(one, other):
    assert one.history_.keys() == other.history_.keys()
    for name, values in one.history_.items():
        np.testing.assert_allclose(values, other.history_[name], rtol=1e-5)
    assert one.best_epoch_ == other.best_epoch_
    assert one.n_iter_ == other.n_iter_


@settings(deadline=None, max_examples=10)
@given(
    kind=st.sampled_from(list(MATRICES)),
    optimizer=st.sampled_from(["rmsprop", "adam", "sgd"]),
    dropout=st.sampled_from([0.0, 0.4]),
    size=st.sampled_from([4, 128]),
    batch_size=st.sampled_from([7, 32, 100, 512]),
    sizes=st.lists(st.integers(5, 130), min_size=1, max_size=3),
)
def test_weights_are_those_of_fit(kind, optimizer, dropout, size, batch_size, sizes):
    """To the last bit, wherever the chunks end."""
    X = MATRICES[kind]
    params = {"optimizer": optimizer, "dropout": dropout, "size": size}
    whole = make(epochs=2, batch_size=batch_size, **params)
    whole.fit(X, Y, X_val=X[:50], y_val=Y[:50])
    streamed = make(batch_size=batch_size, **params)
    for _ in range(2):
        streamed.partial_fit(
            cut(X, Y, sizes), classes=[0, 1], X_val=X[:50], y_val=Y[:50]
        )
    assert_same_weights(whole, streamed)
    assert_same_history(whole, streamed)


@pytest.mark.parametrize("params", [{}, {"optimizer__centered": True}])
def test_skipped_features_go_on_to_the_last_bit(params):
    """As in one call, although the averages are stored before their decay."""
    whole = make(epochs=20, **params).fit(X_RARE, Y)
    warm = make(epochs=10, warm_start=True, **params).fit(X_RARE, Y).fit(X_RARE, Y)
    assert whole._optimizer_state["decay"] != 1
    assert_same_weights(whole, warm)


def test_tensorflow():
    whole = make(backend="tensorflow", epochs=2, dropout=0.3)
    whole.fit(X, Y, **VALIDATION)
    streamed = make(backend="tensorflow", dropout=0.3)
    for _ in range(2):
        streamed.partial_fit(cut(X, Y, [45, 3]), classes=[0, 1], **VALIDATION)
    assert_same_weights(whole, streamed)
    assert_same_history(whole, streamed)


def test_keras_callback_sees_the_batches_of_the_epoch():
    from keras.callbacks import LambdaCallback

    seen = []
    watch = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    make(callbacks=watch).partial_fit(cut(X, Y, [90]), classes=[0, 1])
    assert seen == list(range(7))


def test_labels_of_several_classes_and_indicators():
    labels = np.array(["a", "b", "c"], dtype=object)[
        Y + X[:, [0]].toarray().ravel().astype(bool)
    ]
    indicators = np.column_stack([Y, 1 - Y])
    for y, classes in [(labels, ["a", "b", "c"]), (indicators, None)]:
        whole = make(epochs=1).fit(X, y)
        streamed = make().partial_fit(cut(X, y, [45]), classes=classes)
        assert_same_weights(whole, streamed)


def test_order_is_drawn_within_each_chunk():
    one, same, other = (make(shuffle=True, random_state=seed) for seed in (0, 0, 1))
    for classifier in (one, same, other):
        classifier.partial_fit(cut(X, Y, [100]), classes=[0, 1])
    assert_same_weights(one, same)
    unshuffled = make().partial_fit(cut(X, Y, [100]), classes=[0, 1])
    assert not np.array_equal(one.coefs_[0], other.coefs_[0])
    assert not np.array_equal(one.coefs_[0], unshuffled.coefs_[0])
    # A single chunk is what `fit` takes, in the same order.
    single = make(shuffle=True).partial_fit(cut(X, Y, [N]), classes=[0, 1])
    assert_same_weights(single, make(shuffle=True, epochs=1).fit(X, Y))


def test_validation_of_a_single_chunk():
    parts = make(shuffle=True)
    for _ in range(3):
        parts.partial_fit(X, Y, classes=[0, 1], **VALIDATION)
    whole = make(shuffle=True, epochs=3).fit(X, Y, **VALIDATION)
    assert_same_weights(whole, parts)
    assert_same_history(whole, parts)


def test_sample_weights_come_with_the_chunks():
    weight = np.where(np.arange(N) % 3, 1.0, 0.0)
    kept = weight > 0
    weighted = make().partial_fit(cut(X, Y, [45], weight), classes=[0, 1])
    assert_same_weights(weighted, make(epochs=1).fit(X[kept], Y[kept]))
    # Proportions count, within a chunk.
    doubled = np.repeat([3.0, 1.0], [96, N - 96])
    scaled = make().partial_fit(cut(X, Y, [96], doubled), classes=[0, 1])
    assert_same_weights(scaled, make(epochs=1).fit(X, Y))


def test_a_chunk_may_be_dense_or_empty():
    chunks = [(X[:60], Y[:60]), (X[:0], Y[:0]), (X[60:].toarray(), Y[60:].tolist())]
    mixed = make().partial_fit(iter(chunks), classes=[0, 1])
    assert_same_weights(mixed, make(epochs=1).fit(X, Y))


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([], "yielded no samples"),
        ([(X[:0], Y[:0])], "yielded no samples"),
        ([X], "iterator to yield tuples"),
        ([(X, Y), (X,)], "iterator to yield tuples"),
        ([(X, Y), (X[:, :9], Y)], "9 features"),
        ([(X, Y), (X, Y + 5)], "not among the classes"),
        ([(X, Y), (X, Y[:9])], "inconsistent numbers of samples"),
        ([(["a text"], [1])], "got texts"),
    ],
)
def test_wrong_chunks_leave_the_estimator_as_it_was(chunks, message):
    for classifier in (make(), make(epochs=1).fit(X, Y)):
        before = vars(classifier).copy()
        with pytest.raises(ValueError, match=message):
            classifier.partial_fit(iter(chunks), classes=[0, 1])
        assert vars(classifier) == before


def test_an_error_of_the_reader_leaves_the_estimator_as_it_was():
    def read():
        yield X, Y
        raise OSError("the disk is gone")

    classifier = make(epochs=1).fit(X, Y)
    before = vars(classifier).copy()
    with pytest.raises(OSError, match="the disk is gone"):
        classifier.partial_fit(read())
    assert vars(classifier) == before


def test_labels_beside_chunks():
    with pytest.raises(ValueError, match="only in the chunks"):
        make().partial_fit(cut(X, Y, [50]), Y, classes=[0, 1])
    with pytest.raises(ValueError, match="only in the chunks"):
        make().partial_fit(cut(X, Y, [50]), classes=[0, 1], sample_weight=np.ones(N))


def test_only_partial_fit_takes_chunks():
    with pytest.raises(ValueError, match="Only partial_fit"):
        make().fit(cut(X, Y, [50]), Y)
    with pytest.raises(ValueError, match="Only partial_fit"):
        make().fit(X, Y).predict(cut(X, Y, [50]))


def write_parquet(folder, frame):
    for i, part in enumerate(np.array_split(np.arange(len(frame)), 3)):
        table = pyarrow.Table.from_pandas(frame.iloc[part])
        pyarrow.parquet.write_table(table, folder / f"{i}.parquet", row_group_size=11)
    reviews = pyarrow.dataset.dataset(folder)
    return lambda: reviews.to_batches(batch_size=16)


def write_csv(folder, frame):
    frame.to_csv(folder / "reviews.csv", index=False)
    return lambda: pd.read_csv(folder / "reviews.csv", chunksize=16)


@pytest.mark.parametrize("write", [write_parquet, write_csv])
def test_files_in_chunks_are_a_corpus_in_memory(write, tmp_path, texts_data):
    texts, y = texts_data
    frame = pd.DataFrame({"text": texts, "label": y})
    read = write(tmp_path, frame)
    in_memory = TextMultiHotVectorizer(max_features=20).fit(texts)
    vectorizer = TextMultiHotVectorizer(max_features=20)
    for chunk in read():
        vectorizer.partial_fit(chunk["text"])
    assert vectorizer.vocabulary_ == in_memory.vocabulary_

    def read_encoded(seed):
        for chunk in shuffle_chunks(read(), buffer_size=24, random_state=seed):
            yield vectorizer.transform(chunk["text"]), chunk["label"]

    whole = make(epochs=1, warm_start=True)
    streamed = make()
    X_val, y_val = in_memory.transform(texts), y
    for epoch in range(3):
        order = list(shuffle_chunks(read(), buffer_size=24, random_state=epoch))
        order = pyarrow.concat_tables(order)
        whole.fit(
            in_memory.transform(order["text"].to_pylist()),
            order["label"].to_numpy(),
            X_val=X_val,
            y_val=y_val,
        )
        streamed.partial_fit(
            read_encoded(epoch), classes=[0, 1], X_val=X_val, y_val=y_val
        )
    assert_same_weights(whole, streamed)
    assert_same_history(whole, streamed)


def test_curve_of_a_stream():
    import matplotlib

    matplotlib.use("agg")
    classifier = make()
    for _ in range(3):
        classifier.partial_fit(cut(X, Y, [50]), classes=[0, 1], **VALIDATION)
    axes = EpochCurveDisplay.from_fitted(classifier).ax_
    drawn = {len(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) > 1}
    assert 3 in drawn


def test_class_weights_where_a_chunk_has_one_class():
    order = np.argsort(Y, kind="stable")
    weighted = make(class_weight={0: 1.0, 1: 3.0})
    weighted.partial_fit(cut(X[order], Y[order], [50]), classes=[0, 1])
    plain = make().partial_fit(cut(X[order], Y[order], [50]), classes=[0, 1])
    assert not np.array_equal(weighted.coefs_[0], plain.coefs_[0])

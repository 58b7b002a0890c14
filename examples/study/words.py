"""Which words matter: what a prediction loses if a word is taken away."""

import numpy as np
import pandas as pd
import scipy.sparse

MAX_CELLS = 20_000_000  # of all texts with a word taken away: a few seconds


def measure_words(pipe, texts):
    """Take each word out of each text, and see how the probabilities change.

    Parameters
    ----------
    pipe : Pipeline
        A fitted vectorizer and a fitted classifier.
    texts : sequence of str
        The first ones serve; how many, depends on their length.

    Returns
    -------
    effects : DataFrame
        A row per word, and a column per class: how much the word adds to the
        probability of the class, on average over the texts that have it.
    counts : Series
        How many texts have the word.
    n_texts : int
        How many texts served.
    """
    X = pipe[:-1].transform(texts)
    n_cells = np.diff(X.indptr).astype(np.int64) ** 2
    n_texts = max(1, int(np.searchsorted(np.cumsum(n_cells), MAX_CELLS)))
    X = X[:n_texts]
    whole = pipe[-1].predict_proba(X)
    n_words, n_classes = X.shape[1], whole.shape[1]
    total, counts = np.zeros((n_words, n_classes)), np.zeros(n_words, dtype=np.int64)
    for row in range(n_texts):
        words = X.indices[X.indptr[row] : X.indptr[row + 1]]
        if len(words):
            without = pipe[-1].predict_proba(_leave_one_out(words, X))
            total[words] += whole[row] - without
            counts[words] += 1
    seen = counts > 0
    names = pipe[0].get_feature_names_out()[seen]
    counts = pd.Series(counts[seen], index=names)
    effects = pd.DataFrame(total[seen], index=names, columns=pipe.classes_)
    return effects.div(counts, axis=0), counts, n_texts


def _leave_one_out(words, X):
    """Return a row for each of the words of a text, without this word."""
    n = len(words)
    others = np.tile(words, (n, 1))[~np.eye(n, dtype=bool)]
    indptr = np.arange(n + 1) * (n - 1)
    cells = (np.ones(len(others), dtype=X.dtype), others, indptr)
    return scipy.sparse.csr_array(cells, shape=(n, X.shape[1]))


def list_words(effects, counts, n_texts, n_words=10):
    """Tabulate the words that speak most for each class.

    Words that are in few of the texts are left out.
    """
    frequent = counts[counts >= max(3, n_texts // 200)].index
    rows = []
    for name in effects:
        best = effects.loc[frequent, name].nlargest(n_words)
        rows += [
            {"class": name, "word": word, "points": 100 * effect, "texts": counts[word]}
            for word, effect in best[best > 0].items()
        ]
    return pd.DataFrame(rows, columns=["class", "word", "points", "texts"])


def join_words(table):
    """Tabulate a line per class of what `list_words` returns."""
    lines = {
        name: ", ".join(
            f"{word} {points:+.0f}" if points >= 0.5 else f"{word} {points:+.1f}"
            for word, points in zip(rows["word"], rows["points"], strict=True)
        )
        for name, rows in table.groupby("class", sort=False)
    }
    return pd.DataFrame(lines.items(), columns=["class", "words that speak for it"])

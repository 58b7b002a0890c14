"""The plots of the studies that are not curves by epoch."""

import unicodedata

import matplotlib.pyplot as plt
from matplotlib.font_manager import findfont, get_font
from matplotlib.ticker import PercentFormatter
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

MAX_CLASSES = 20  # in a plot


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


def plot_confusion(y, predicted, classes):
    """Plot a confusion matrix."""
    labels = list(classes)[:MAX_CLASSES]
    names = list(map(write_label, labels))
    side = 2.6 + 0.42 * len(labels)
    figure, ax = plt.subplots(figsize=(side + 0.6, side), layout="constrained")
    matrix = confusion_matrix(y, predicted, labels=labels)
    rotation = 90 if len(labels) > 2 or max(map(len, names)) > 10 else 0
    fonts = {"fontsize": 10 if len(labels) <= 8 else 7}
    style = {"cmap": "Blues", "colorbar": False, "text_kw": fonts}
    display = ConfusionMatrixDisplay(matrix, display_labels=names)
    display.plot(ax=ax, xticks_rotation=rotation, **style)
    return figure


def plot_accuracy(table, x):
    """Plot the accuracy and two standard errors by a column of a table."""
    figure, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
    is_share = table[x].max() <= 1
    if is_share:
        low = table[[x, "accuracy"]].min().min()
        ax.plot([low, 1], [low, 1], ":", color="gray", label="Perfect calibration")
        ax.xaxis.set_major_formatter(PercentFormatter(1))
    else:
        ax.set(xscale="log")
        ax.set_xticks(table[x], [f"{n:,}" for n in table[x]])
        ax.minorticks_off()
    error = 2 * table["accuracy_error"]
    label = "Accuracy, two standard errors"
    ax.errorbar(table[x], table["accuracy"], error, fmt="o-", capsize=3, label=label)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set(
        xlabel=f"{x.capitalize()} of the prediction" if is_share else f"Training {x}"
    )
    ax.legend()
    return figure

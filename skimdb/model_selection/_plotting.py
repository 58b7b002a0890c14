"""Colours, lines, axes and legends of the plots of epoch curves."""

import itertools
from textwrap import fill

import numpy as np

from skimdb.model_selection._candidates import shorten_names
from skimdb.model_selection._history import measure_spread

# Colours by Okabe and Ito, which colour-blind readers can distinguish, without the
# yellow, which is hard to see on white. Line style and marker distinguish 16 candidates
# in grey.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#000000", "#CC79A7", "#E69F00", "#56B4E9")
_LINE_STYLES = ("-", "--", "-.", ":")
_MARKERS = ("", "o", "s", "^")
_MAX_WIDTH = 40  # longer labels are broken into lines, to leave room for the axes
SPREADS = {"sd": "standard deviation", "se": "standard error"}


def escape(text):
    """Escape a text of the user: matplotlib shows it as it is, also in legends.

    A pair of ``$`` would be a formula. A label with a leading underscore would not
    appear in ``ax.legend()``.
    """
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def _format_values(values):
    """Format the values of a parameter briefly, but different values differently."""
    values = list(values.astype(object).where(values.notna(), None))
    for form in (_format_briefly, str, repr):
        texts = [form(value) for value in values]
        if len(set(texts)) == len({repr(value) for value in values}):
            break
    return texts


def _format_briefly(value):
    return f"{value:g}" if isinstance(value, float) else str(value)


def label_candidates(history):
    """Label each candidate by its name, or by the parameters that vary.

    Parameters
    ----------
    history : DataFrame

    Returns
    -------
    labels : dict
        From candidate to label, in order. Labels that would be equal or empty contain
        the position.
    """
    columns = list(history.columns)
    names = columns[columns.index("candidate") + 1 : columns.index("repeat")]
    first = history.drop_duplicates("candidate")
    texts = {name: _format_values(first[name]) for name in names}
    varying = [name for name in names if len(set(texts[name])) > 1]
    short = shorten_names(varying)
    settings = [
        [f"{short[name]}={texts[name][row]}" for name in varying]
        for row in range(len(first))
    ]
    labels = {}
    for candidate, params in zip(first["candidate"], settings, strict=True):
        if not params or settings.count(params) > 1:
            params = [*params, f"candidate={candidate}"]
        label = candidate if isinstance(candidate, str) else ", ".join(params)
        short_enough = len(label) <= _MAX_WIDTH
        labels[candidate] = escape(label if short_enough else fill(label, _MAX_WIDTH))
    return labels


def name_columns(*columns):
    """Name of a column of the history, or of both columns of a metric."""
    part = "validation" if columns[0].startswith("val_") else "training"
    metric = escape(columns[0].removeprefix("val_")).replace("_", " ").strip()
    name = f"{part} {metric}" if len(columns) == 1 else metric
    return name[:1].upper() + name[1:]


def style_curve(position, is_train, alone):
    """Style of a curve: of one of several candidates, or of the only one."""
    if alone:
        style = {"color": COLORS[int(is_train)], "linestyle": "--" if is_train else "-"}
    else:
        style = {
            "color": COLORS[position % len(COLORS)],
            "linestyle": _LINE_STYLES[position % len(_LINE_STYLES)],
            "marker": _MARKERS[position // len(_LINE_STYLES) % len(_MARKERS)],
        }
    return {"linewidth": 2, "markersize": 5} | style


def draw_curve(ax, values, epochs, style, options):
    """Draw the mean over the splits, a line per split and the band around the mean.

    Parameters
    ----------
    ax : Axes
    values : ndarray of shape (n_splits, n_epochs)
    epochs : ndarray of shape (n_epochs,)
    style : dict
        Style of the line of the mean.
    options : dict
        The options ``splits`` and ``band`` of a plot.

    Returns
    -------
    line : Line2D
    splits : list of Line2D
    band : PolyCollection or None
    """
    mean = values.mean(axis=0)
    splits, band = [], None
    if options["splits"] and len(values) > 1:
        dot = "." if len(epochs) == 1 else ""  # a line needs two points
        faint = {"linewidth": 0.7, "alpha": 0.45, "marker": dot, "label": None}
        splits = ax.plot(epochs, values.T, **style | faint)
    if options["band"] is not None and len(values) > 1:
        width = measure_spread(values, options["band"])
        shade = {"color": style["color"], "alpha": 0.15}
        band = ax.fill_between(epochs, mean - width, mean + width, **shade)
    n_drawn = np.isfinite(mean).sum()
    if n_drawn == 1:  # a line needs two points
        style = style | {"marker": style.get("marker") or "o"}
    (line,) = ax.plot(epochs, mean, markevery=max(1, n_drawn // 8), **style)
    return line, splits, band


def draw_best(ax, epoch, value, line):
    """Mark the best epoch of a line; returns the marker."""
    diamond = {"marker": "D", "markersize": 8, "markeredgecolor": "white"}
    style = {"color": line.get_color(), "linestyle": "none", "zorder": 5}
    (marker,) = ax.plot([epoch], [value], **style, **diamond)
    return marker


def draw_summary(left, right, found, spreads):
    """Draw the best values and epochs of candidates, one below the other.

    Parameters
    ----------
    left, right : Axes
        Axes of the values and of the epochs.
    found : list of tuple
        Best epoch, values and best epochs of the splits of each candidate.
    spreads : list of float
        Lengths of the bars of the values.

    Returns
    -------
    error_bars : tuple of 2 ErrorbarContainer
    """
    rows = np.arange(len(found))
    means = np.array([values.mean() for _, values, _ in found])
    epochs = np.array([epoch for epoch, _, _ in found])
    low = np.fmin(epochs, [splits.min() for _, _, splits in found])
    high = np.fmax(epochs, [splits.max() for _, _, splits in found])
    style = {"fmt": "o", "color": COLORS[0], "capsize": 3}
    for ax in (left, right):
        ax.grid(axis="y", alpha=0.3)
    return (
        left.errorbar(means, rows, xerr=spreads, **style),
        right.errorbar(epochs, rows, xerr=(epochs - low, high - epochs), **style),
    )


def limit_height(ax, lines):
    """Limit the vertical axis if a loss that diverges squeezes the other curves.

    Parameters
    ----------
    ax : Axes
    lines : list of Line2D
        Mean loss of each candidate. The labels of those that exceed the limit say so.
    """
    curves = [line.get_ydata() for line in lines]
    tops = [np.max(curve, where=np.isfinite(curve), initial=0) for curve in curves]
    ranked = sorted(filter(None, tops))
    # A third of the candidates is visible as a whole.
    limit = 4 * ranked[(len(ranked) - 1) // 3] if ranked else np.inf
    for line, top in zip(lines, tops, strict=True):
        if top > limit:
            ax.set_ylim(0, 1.5 * max(each for each in tops if each <= limit))
            line.set_label(f"{line.get_label()} (leaves the panel)")


def use_log_scale(ax):
    """Make the vertical axis logarithmic and label it with plain numbers."""
    from matplotlib.ticker import LogLocator

    ax.set_yscale("log")
    low, high = ax.get_ylim()
    digits = range(1, 10) if high < 10 * low else (1, 2, 5)
    ax.yaxis.set_major_locator(LogLocator(subs=digits))
    ax.yaxis.set(major_formatter="{x:g}", minor_formatter="")


def make_axes(ax, n_axes, n_rows=None):
    """Make axes side by side in a new figure, or take the axes of the user.

    Parameters
    ----------
    ax : Axes, array of Axes or None
        Axes of the user.
    n_axes : int
    n_rows : int, default=None
        Rows of text that the axes share; None for curves, which share the epochs.

    Returns
    -------
    axes : ndarray of Axes of shape (n_axes,)

    Raises
    ------
    ValueError
        If the user passed another number of axes.
    """
    import matplotlib.pyplot as plt

    if ax is not None:
        axes = np.ravel(np.array(ax, dtype=object))
        if len(axes) != n_axes:
            raise ValueError(
                f"This plot needs {n_axes} axes, but ax holds {len(axes)}. Make them "
                f"with plt.subplots(1, {n_axes}), or leave ax out."
            )
        return axes
    if n_rows is not None:
        options = {"figsize": (8, 1.2 + 0.32 * n_rows), "sharey": True}
    else:
        size = (8, 4.5) if n_axes == 1 else (4 * n_axes, 3.8)
        options = {"figsize": size, "sharex": True}
    _, axes = plt.subplots(1, n_axes, squeeze=False, layout="constrained", **options)
    return axes[0]


def label_epochs(ax, epochs):
    """Label the first and last epoch, and round numbers between them."""
    first, last = min(epochs), max(epochs)
    steps = (m * 10**power for power in itertools.count() for m in (1, 5))
    step = next(step for step in steps if last - first <= 10 * step)
    room = (last - first) / 12
    between = [
        epoch
        for epoch in range(0, int(last), step)
        if epoch - first >= room and last - epoch >= room
    ]
    ax.margins(x=0.02)
    ax.update_datalim([(first, 0), (last, 0)], updatey=False)
    ax.autoscale_view(scaley=False)
    ax.set_xticks(sorted({first, *between, last}))


def list_entries(display, candidates, columns, band):
    """List the entries of a legend.

    Parameters
    ----------
    display : EpochCurveDisplay
    candidates : list
    columns : list of str
        Columns of one metric.
    band : {"sd", "se"} or None

    Returns
    -------
    entries : list of tuple (str, Artist or tuple of Artist)
        Elements that several candidates share are grey.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    alone = len(candidates) == 1
    shown = columns if alone else columns[:1]
    keys = [(candidate, column) for candidate in candidates for column in shown]
    lines = [display.mean_lines_[key] for key in keys]
    entries = [(line.get_label(), line) for line in lines]
    if not alone and len(columns) == 2:
        thin = Line2D([], [], color="grey", linewidth=1)
        entries.append(("Training (thin)", thin))
    if display.split_lines_:
        grey = Line2D([], [], color="grey", linewidth=0.7, alpha=0.6)
        splits = tuple(display.split_lines_[key][0] for key in keys)
        entries.append(("Single splits", splits if alone else grey))
    if display.bands_:
        grey = Patch(color="grey", alpha=0.3)
        bands = tuple(display.bands_[key] for key in keys)
        entries.append((f"± {SPREADS[band]}", bands if alone else grey))
    if display.best_markers_:
        markers = list(display.best_markers_.values())
        epochs = {marker.get_xdata()[0] for marker in markers}
        only = f": {min(epochs):g}" if len(epochs) == 1 else ""
        grey = Line2D([], [], color="grey", marker="D", linestyle="none")
        entries.append((f"Best epoch{only}", markers[0] if alone else grey))
    return entries


def add_legend(axes, entries, place):
    """Add one legend for all axes.

    Parameters
    ----------
    axes : ndarray of Axes
    entries : list of tuple (str, Artist or tuple of Artist)
    place : {"inside", "above", "right"}
        Inside the last axes, or next to all of them.

    Returns
    -------
    legend : Legend
    """
    from matplotlib.legend_handler import HandlerTuple

    labels, handles = zip(*entries, strict=True)
    style = {
        "labels": labels,
        "handles": handles,
        "handler_map": {tuple: HandlerTuple(ndivide=None)},
        "handlelength": 3.5,  # long enough for the dashes
    }
    if place == "inside":
        return axes[-1].legend(loc="best", fontsize="small", **style)
    if place == "above":
        style["ncols"] = min(len(entries), 4)
        return axes[0].figure.legend(loc="outside upper center", **style)
    corner = {"loc": "upper left", "bbox_to_anchor": (1.02, 1), "borderaxespad": 0}
    return axes[-1].legend(**corner, **style)

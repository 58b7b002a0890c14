"""Labels, colours, axes and legends of the plots of epoch curves."""

import itertools
from textwrap import fill

import numpy as np
from sklearn.isotonic import isotonic_regression

from skimdb.model_selection._candidates import shorten_names

# Colours by Okabe and Ito, which colour-blind readers can distinguish, without the
# yellow, which is hard to see on white. Line style and marker distinguish 16 candidates
# in grey.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#000000", "#CC79A7", "#E69F00", "#56B4E9")
_LINE_STYLES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "v")
_MAX_WIDTH = 40  # longer labels are broken into lines, to leave room for the axes
# Hollow, so that best epochs close to each other stay visible.
DIAMOND = {"marker": "D", "fillstyle": "none", "ms": 10, "mew": 2, "zorder": 5}
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
    values = values.astype(object).where(values.notna(), None)
    exact = [repr(value) for value in values]
    brief = [f"{v:g}" if isinstance(v, float) else str(v) for v in values]
    return brief if len(set(brief)) == len(set(exact)) else exact


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
    names = list(history.loc[:, "candidate":"repeat"])[1:-1]
    first = history.drop_duplicates("candidate")
    texts = {name: _format_values(first[name]) for name in names}
    varying = [name for name in names if len(set(texts[name])) > 1]
    short = shorten_names(varying)
    columns = [[f"{short[name]}={text}" for text in texts[name]] for name in varying]
    settings = [*zip(*columns, strict=True)] or [()] * len(first)
    labels = {}
    for candidate, params in zip(first["candidate"], settings, strict=True):
        if not params or settings.count(params) > 1:
            params = [*params, f"candidate={candidate}"]
        label = candidate if isinstance(candidate, str) else ", ".join(params)
        labels[candidate] = escape(fill(label, _MAX_WIDTH, replace_whitespace=False))
    return labels


def name_columns(*columns):
    """Name of a column of the history, or of both columns of a metric."""
    part = "validation" if columns[0].startswith("val_") else "training"
    metric = escape(columns[0].removeprefix("val_")).replace("_", " ").strip()
    name = f"{part} {metric}" if len(columns) == 1 else metric
    return name[:1].upper() + name[1:]


def style_curve(position):
    """Style of the curve at a position."""
    return {
        "color": COLORS[position % len(COLORS)],
        "linestyle": _LINE_STYLES[position % len(_LINE_STYLES)],
        "marker": _MARKERS[position // len(_LINE_STYLES) % len(_MARKERS)],
        "markersize": 4,
    }


def limit_height(ax, curves):
    """Limit the vertical axis if a loss that diverges squeezes the other curves.

    Parameters
    ----------
    ax : Axes
    curves : list of ndarray
        Mean loss of each candidate, by epoch.
    """
    tops = np.sort([np.fmax.reduce(curve) for curve in curves])
    tops = tops[tops > 0]  # without NaN
    # At least a third of the candidates stay visible as a whole.
    limit = 4 * tops[: (len(tops) + 2) // 3].max(initial=0)
    if tops.max(initial=0) > limit:
        ax.set_ylim(0, 1.5 * tops[tops <= limit].max())
        ax.set_title("Larger losses are cut off", loc="right", fontsize="small")


def use_log_scale(ax):
    """Make the vertical axis logarithmic and label it with plain numbers."""
    from matplotlib.ticker import LogLocator

    ax.set_yscale("log")
    low, high = ax.get_ylim()
    digits = range(1, 10) if high < 10 * low else (1, 2, 5)
    ax.yaxis.set_major_locator(LogLocator(subs=digits))
    ax.yaxis.set(major_formatter="{x:g}", minor_formatter="")


def make_axes(ax, n_axes, **options):
    """Make axes side by side in a new figure, or take the axes of the user.

    Parameters
    ----------
    ax : Axes, array of Axes or None
        Axes of the user.
    n_axes : int
    **options : dict
        Options of `matplotlib.pyplot.subplots` for a new figure.

    Returns
    -------
    axes : ndarray of Axes of shape (n_axes,)

    Raises
    ------
    ValueError
        If the user passed another number of axes.
    """
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(1, n_axes, layout="constrained", **options)
    axes = np.ravel(ax)
    if len(axes) != n_axes:
        raise ValueError(
            f"Expected {n_axes} axes, got {len(axes)} in ax. Make them with "
            f"plt.subplots(1, {n_axes}), or leave ax out."
        )
    return axes


def label_epochs(ax, epochs):
    """Label the first and last epoch, and round numbers between them."""
    from matplotlib.ticker import MaxNLocator

    first, last = min(epochs), max(epochs)
    room = (last - first) / 12
    ticks = MaxNLocator(10, steps=[1, 5, 10], integer=True).tick_values(first, last)
    between = ticks[(ticks >= first + room) & (ticks <= last - room)]
    ax.margins(x=0.02)
    ax.update_datalim([(first, 0), (last, 0)], updatey=False)
    ax.autoscale_view(scaley=False)
    ax.set_xticks(sorted({first, *between, last}))


def list_lines(display, candidates, names):
    """List the lines that need a label: of several candidates, one line each."""
    shown = names[:1] if len(candidates) > 1 else names
    return [display.mean_lines_[key] for key in itertools.product(candidates, shown)]


def label_ends(ax, lines):
    """Label each line to the right of the axes, next to its end.

    Labels that would overlap are moved apart.

    Parameters
    ----------
    ax : Axes
    lines : list of Line2D
    """
    to_axes = ax.transScale + ax.transLimits  # from data to fractions of the axes
    known = {line: line.get_xydata()[np.isfinite(line.get_ydata())] for line in lines}
    ends = {line: to_axes.transform(xy[-1])[1] for line, xy in known.items() if len(xy)}
    ordered = sorted(ends, key=ends.get)
    n_rows = np.array([1 + line.get_label().count("\n") for line in ordered])
    points = ax.bbox.height * 72 / ax.figure.dpi  # height of the axes
    offsets = 14 / points * (np.cumsum(n_rows) - n_rows / 2)  # 14 points apart
    heights = np.clip([ends[line] for line in ordered], 0, 1)
    heights = isotonic_regression(heights - offsets) + offsets if ends else heights
    style = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points"}
    style |= {"verticalalignment": "center", "annotation_clip": False}
    for line, height in zip(ordered, heights, strict=True):
        end, shift = (1, known[line][-1, 1]), (6, points * (height - ends[line]))
        ax.annotate(line.get_label(), end, shift, color=line.get_color(), **style)


def add_legend(display, axes, candidates, columns, options):
    """Add a legend of the kinds of elements, and of lines that have no label yet.

    Elements that several candidates share are grey in the legend.

    Parameters
    ----------
    display : EpochCurveDisplay
    axes : ndarray of Axes
    candidates : collection
    columns : list of list of str
        Columns of each metric.
    options : dict
        Options of the plot. The legend is to the right of all axes in a new figure
        without labels at the ends of lines, otherwise in the last axes.

    Returns
    -------
    legend : Legend or None
        None if there is nothing to explain.
    """
    from matplotlib.legend_handler import HandlerTuple
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    names, several = max(columns, key=len), len(candidates) > 1
    lines = list_lines(display, candidates, names)
    colors = ["grey"] if several else [line.get_color() for line in lines]
    entries = {x.get_label(): x for x in lines if not options["label_ends"]}
    if several and len(names) == 2:
        entries["Training (thin)"] = Line2D([], [], color="grey", linewidth=1)
    if display.split_lines_:
        entries["Single splits"] = tuple(Line2D([], [], c=c, lw=0.7) for c in colors)
    if display.bands_:
        label = f"± {SPREADS[options['band']]}"
        entries[label] = tuple(Patch(color=c, alpha=0.3) for c in colors)
    if display.best_markers_:
        epochs = {marker.get_xdata()[0] for marker in display.best_markers_.values()}
        by = f" by {name_columns(columns[0][0]).lower()}" if len(axes) > 1 else ""
        label = f"Best epoch{by}" + (f": {min(epochs):g}" if len(epochs) == 1 else "")
        entries[label] = Line2D([], [], c=colors[0], linestyle="", **DIAMOND)
    style = {"handles": [*entries.values()], "labels": [*entries], "handlelength": 3.5}
    style["handler_map"] = {tuple: HandlerTuple(ndivide=None)}  # side by side
    if options["new"] and not options["label_ends"]:
        return axes[0].figure.legend(loc="outside right upper", **style)
    return axes[-1].legend(loc="best", fontsize="small", **style) if entries else None

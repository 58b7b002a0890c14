"""Colours, lines, panels and legends of the plots of epoch curves."""

import numpy as np

# Okabe and Ito's colours, which the colour-blind tell apart, without the yellow, which
# is lost on white. In grey, line style and marker tell 16 candidates apart.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#000000", "#CC79A7", "#E69F00", "#56B4E9")
_LINE_STYLES = ("-", "--", "-.", ":")
_MARKERS = ("", "o", "s", "^")

# A loss that leaves less than a fifth of the height to the other candidates is cut off
# where they have a third.
_SQUEEZED, _SHARE = 5, 3


def name_quantity(metric):
    """Name of a metric, as on an axis."""
    name = metric.replace("_", " ")
    return name[:1].upper() + name[1:]


def name_curve(metric):
    """Name of a column of the history, as in a legend."""
    part = "validation" if metric.startswith("val_") else "training"
    return name_quantity(f"{part} {metric.removeprefix('val_')}")


def style_candidate(position):
    """Style of a candidate among several in a panel."""
    return {
        "color": COLORS[position % len(COLORS)],
        "linestyle": _LINE_STYLES[position % len(_LINE_STYLES)],
        "marker": _MARKERS[position // len(_LINE_STYLES) % len(_MARKERS)],
        "markersize": 5,
    }


def style_lone(is_train):
    """Style of the validation or the training curve of a candidate alone."""
    return {"color": COLORS[int(is_train)], "linestyle": "--" if is_train else "-"}


def draw_splits(ax, epochs, values, style):
    """Draw a faint line per split; returns the lines."""
    faint = {"linewidth": 0.7, "alpha": 0.45, "marker": "", "label": None}
    return ax.plot(epochs, values.T, **style | faint)


def draw_band(ax, epochs, values, width, style):
    """Shade the mean ± a width; returns the band."""
    mean = values.mean(axis=0)
    return ax.fill_between(
        epochs, mean - width, mean + width, color=style["color"], alpha=0.15
    )


def draw_mean(ax, epochs, values, style):
    """Draw the mean over the splits; returns the line."""
    every = max(1, len(epochs) // 8)
    (line,) = ax.plot(epochs, values.mean(axis=0), markevery=every, **style)
    return line


def limit_height(ax, lines):
    """Cut off losses that would squeeze the other curves of a panel.

    Parameters
    ----------
    ax : Axes
    lines : list of Line2D
        Mean curve of each candidate; smaller is better.

    Returns
    -------
    cut : list of Line2D
        Those that leave the panel.
    """
    drawn = [line.get_ydata()[np.isfinite(line.get_ydata())] for line in lines]
    drawn = [values for values in drawn if len(values)]
    if len(drawn) < 2:
        return []
    lows = sorted(values.min() for values in drawn)
    # What has to be seen: all of some candidate, and the best of half of them.
    top = max(min(values.max() for values in drawn), lows[(len(lows) - 1) // 2])
    bottom = lows[0]
    may_reach = max(bottom + _SQUEEZED * (top - bottom), 3 * top)
    cut = [line for line in lines if (line.get_ydata() > may_reach).any()]
    if cut:
        panels = {line.axes for line in lines}
        everything = np.concatenate([n.get_ydata() for p in panels for n in p.lines])
        bottom = np.nanmin(everything[np.isfinite(everything)])
        height = max(_SHARE * (top - bottom), 2 * top - bottom)
        ax.set_ylim(bottom - 0.05 * height, bottom + height)
    return cut


def use_log_scale(ax):
    """Make the vertical axis of a panel logarithmic, and label it in plain numbers."""
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    within = high < 10 * low  # a decade has at most one power of ten to label
    ax.yaxis.set(major_formatter="{x:g}", minor_formatter="{x:g}" if within else "")


def draw_best(ax, marks):
    """Mark best epochs; those that coincide lie one around the other.

    Parameters
    ----------
    ax : Axes
    marks : list of (epoch, value, color)

    Returns
    -------
    markers : list of Line2D
    """
    low, high = ax.get_ylim()
    markers = []
    for i, (epoch, value, color) in enumerate(marks):
        n_inside = sum(
            other_epoch == epoch and abs(other - value) < 0.04 * (high - low)
            for other_epoch, other, _ in marks[i + 1 :]
        )
        (marker,) = ax.plot(
            [epoch],
            [value],
            marker="D",
            markersize=8 + 6 * n_inside,
            color=color,
            markeredgecolor="white",
            linestyle="none",
            zorder=5,
        )
        markers.append(marker)
    return markers


def make_panels(n_rows, n_columns, *, sharey):
    """Make a figure with panels.

    Parameters
    ----------
    n_rows, n_columns : int
    sharey : bool or "row"

    Returns
    -------
    axes : ndarray of Axes of shape (n_rows, n_columns)
    """
    import matplotlib.pyplot as plt

    size = (8, 4.5)
    if n_rows * n_columns > 1:
        size = (2.6 * n_columns + 2.4, 2.3 * n_rows + 0.5)
    if not sharey:  # side by side, below their legend
        size = (4 * n_columns, 3.8)
    _, axes = plt.subplots(
        n_rows,
        n_columns,
        figsize=size,
        sharex=True,
        sharey=sharey,
        squeeze=False,
        layout="constrained",
    )
    for panel in axes.flat:
        panel.margins(x=0.02)  # epochs begin at 1: no tick at 0
    return axes


def arrange_panels(n_panels):
    """Make a figure with panels of candidates, in rows and columns.

    Parameters
    ----------
    n_panels : int

    Returns
    -------
    axes : ndarray of Axes of shape (n_panels,)
    """
    n_columns = int(np.ceil(np.sqrt(n_panels)))
    axes = make_panels(-(-n_panels // n_columns), n_columns, sharey=True)
    for unused in axes.flat[n_panels:]:
        unused.remove()
    return axes.flatten()[:n_panels]


def make_summary_panels(n_rows):
    """Make a figure with two panels that share a few rows, one per candidate."""
    import matplotlib.pyplot as plt

    size = (8, 1.2 + 0.32 * n_rows)
    _, axes = plt.subplots(1, 2, sharey=True, figsize=size, layout="constrained")
    return axes


def take_axes(ax, n_axes):
    """Axes that were given, as an array.

    Raises
    ------
    ValueError
        If it is not the number that is needed.
    """
    axes = np.ravel(np.array(ax, dtype=object))
    if len(axes) != n_axes:
        raise ValueError(
            f"This plot needs {n_axes} axes, but ax holds {len(axes)}. Make them by "
            f"plt.subplots(1, {n_axes}), or leave ax out."
        )
    return axes


def name_axes(axes, ylabel, *, own_figure):
    """Name the axes, on the outer panels if the figure is our own."""
    from matplotlib.ticker import MaxNLocator

    bottom = {}
    for panel in axes:
        place = panel.get_subplotspec()
        outer = not own_figure or place is None
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        if outer or place.is_first_col():
            panel.set_ylabel(ylabel)
        bottom[panel if outer else place.colspan.start] = panel
    for panel in bottom.values():
        panel.set_xlabel("Epoch")
        panel.xaxis.set_tick_params(labelbottom=True)


def name_summary_axes(left, right, *, labels, value, spread):
    """Name the axes of a summary.

    Parameters
    ----------
    left, right : Axes
        Of the values, and of the epochs.
    labels : list of str
        Of the candidates, the first on top.
    value : str
        Name of the values.
    spread : str or None
        What the bars of the values show; None without bars.
    """
    from matplotlib.ticker import MaxNLocator

    left.set_yticks(range(len(labels)), labels)
    left.set_ylim(len(labels) - 0.5, -0.5)
    left.set_xlabel(value if spread is None else f"{value} (± {spread})")
    bar = "" if spread is None else " (bar: best epochs of splits)"
    right.set_xlabel(f"Best epoch{bar}")
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    for panel in (left, right):
        panel.grid(axis="y", alpha=0.3)


def make_handles(*, training, splits, band, best_epochs):
    """Handles of a legend for what is not a candidate's mean curve.

    Parameters
    ----------
    training : bool
        Whether thin lines are training curves.
    splits : bool
        Whether faint lines are single splits.
    band : str or None
        What the bands show.
    best_epochs : set of int
        Epochs that are marked.

    Returns
    -------
    handles : list of Artist
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = []
    if training:
        handles.append(Line2D([], [], color="grey", lw=1, label="Training (thin)"))
    if splits:
        faint = {"color": "grey", "lw": 0.7, "alpha": 0.6}
        handles.append(Line2D([], [], **faint, label="Single splits"))
    if band is not None:
        handles.append(Patch(color="grey", alpha=0.3, label=f"± {band}"))
    if best_epochs:
        only = f": {min(best_epochs)}" if len(best_epochs) == 1 else ""
        diamond = {"marker": "D", "linestyle": "none", "color": "grey"}
        handles.append(Line2D([], [], **diamond, label=f"Best epoch{only}"))
    return handles


def add_legend(axes, handles, *, own_figure, above=False):
    """Put a legend beside or above the data, or within the axes of somebody else."""
    style = {"handles": handles, "handlelength": 3.5}  # long enough for the dashes
    if not own_figure:
        return axes[-1].legend(loc="best", fontsize="small", **style)
    if above:
        n_columns = min(len(handles), 4)
        return axes[0].figure.legend(
            loc="outside upper center", ncols=n_columns, **style
        )
    if len(axes) > 1:
        return axes[0].figure.legend(loc="outside right upper", **style)
    return axes[-1].legend(
        loc="upper left", bbox_to_anchor=(1.02, 1), borderaxespad=0, **style
    )

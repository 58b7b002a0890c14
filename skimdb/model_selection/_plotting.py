"""Colours, panels and legends of the plots of epoch curves."""

import numpy as np

# Okabe and Ito's colours, which the colour-blind tell apart, without the yellow, which
# is lost on white. In grey, line style and marker tell 16 candidates apart.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#000000", "#CC79A7", "#E69F00", "#56B4E9")
_LINE_STYLES = ("-", "--", "-.", ":")
_MARKERS = ("", "o", "s", "^")


def quantity(metric):
    """Name of a metric, as on an axis."""
    name = metric.replace("_", " ")
    return name[:1].upper() + name[1:]


def readable(name):
    """Name of an entry of the history, as in a legend."""
    part = "validation" if name.startswith("val_") else "training"
    return quantity(f"{part} {name.removeprefix('val_')}")


def candidate_style(position):
    """Style of a candidate among several in a panel."""
    return {
        "color": COLORS[position % len(COLORS)],
        "linestyle": _LINE_STYLES[position % len(_LINE_STYLES)],
        "marker": _MARKERS[position // len(_LINE_STYLES) % len(_MARKERS)],
        "markersize": 5,
    }


def lone_style(train):
    """Style of the validation or the training curve of a candidate alone."""
    return {"color": COLORS[int(train)], "linestyle": "--" if train else "-"}


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


def draw_best(ax, epoch, value, color):
    """Mark a best epoch; returns the marker."""
    (marker,) = ax.plot(
        [epoch],
        [value],
        marker="D",
        markersize=8,
        color=color,
        markeredgecolor="white",
        linestyle="none",
        zorder=5,
    )
    return marker


def new_panels(n_panels):
    """Make a figure.

    Parameters
    ----------
    n_panels : int

    Returns
    -------
    axes : ndarray of Axes of shape (n_panels,)
    """
    import matplotlib.pyplot as plt

    n_columns = int(np.ceil(np.sqrt(n_panels)))
    n_rows = -(-n_panels // n_columns)
    _, axes = plt.subplots(
        n_rows,
        n_columns,
        figsize=(8, 4.5)
        if n_panels == 1
        else (2.6 * n_columns + 2.4, 2.3 * n_rows + 0.5),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for unused in axes.flat[n_panels:]:
        unused.remove()
    return axes.flatten()[:n_panels]


def new_rows(n_rows):
    """Make a figure with two panels that share a few rows, one per candidate."""
    import matplotlib.pyplot as plt

    size = (8, 1.2 + 0.32 * n_rows)
    _, axes = plt.subplots(1, 2, sharey=True, figsize=size, layout="constrained")
    return axes


def given_axes(ax, n_axes):
    """Axes that were given, as an array.

    Raises
    ------
    ValueError
        If it is not the number that is needed.
    """
    axes = np.ravel(np.array(ax, dtype=object))
    if len(axes) != n_axes:
        raise ValueError(f"This plot needs {n_axes} axes, but ax holds {len(axes)}.")
    return axes


def name_axes(axes, ylabel, own_figure):
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


def explanations(*, training, splits, band, best_epochs):
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


def add_legend(axes, handles, own_figure):
    """Put a legend outside the data."""
    style = {"handles": handles, "handlelength": 3.5}  # long enough for the dashes
    if len(axes) > 1 and own_figure:
        return axes[0].figure.legend(loc="outside right upper", **style)
    return axes[-1].legend(
        loc="upper left", bbox_to_anchor=(1.02, 1), borderaxespad=0, **style
    )

"""Plots of epoch curves."""

import inspect

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils._param_validation import StrOptions, validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from skimdb._curve_table import best, curves, labels, spread
from skimdb._epoch_curve import epoch_curve

# Okabe and Ito's colours, which the colour-blind tell apart, without the yellow, which
# is lost on white. In grey, line style and marker tell 16 candidates apart.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
_LINE_STYLES = ("-", "--", "-.", ":")
_MARKERS = ("", "o", "s", "^")
_MAX_BANDS = 5  # bands of more candidates in one panel hide each other
_SPREADS = {"sd": "standard deviation", "se": "standard error"}


def _readable(name):
    """Name of an entry of the history, as on an axis."""
    return name.replace("val_", "validation ").replace("_", " ").capitalize()


def _candidate_style(position):
    return {
        "color": _COLORS[position % len(_COLORS)],
        "linestyle": _LINE_STYLES[position % len(_LINE_STYLES)],
        "marker": _MARKERS[position // len(_LINE_STYLES) % len(_MARKERS)],
        "markersize": 5,
    }


def _new_panels(n_panels):
    import matplotlib.pyplot as plt

    n_columns = int(np.ceil(np.sqrt(n_panels)))
    n_rows = -(-n_panels // n_columns)
    size = (7.5, 4.5) if n_panels == 1 else (3 * n_columns + 2, 2.5 * n_rows + 0.5)
    _, axes = plt.subplots(
        n_rows,
        n_columns,
        figsize=size,
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for unused in axes.flat[n_panels:]:
        unused.remove()
    for last in axes.flat[max(0, n_panels - n_columns) : n_panels]:
        last.xaxis.set_tick_params(labelbottom=True)
    return axes.ravel()[:n_panels]


def _given_axes(ax, n_axes, reason):
    axes = np.ravel(np.array(ax, dtype=object))
    if len(axes) != n_axes:
        raise ValueError(f"ax holds {len(axes)} axes, but {reason} {n_axes}.")
    return axes


class EpochCurveDisplay:
    """Curves of loss or metric by epoch, for one or several candidates.

    Make it with `from_search` or `from_estimator`, or of the frame that
    `skimdb.epoch_curve` returns.

    Parameters
    ----------
    history : DataFrame
        As `skimdb.epoch_curve` returns it, or `EpochSearchCV.history_`.
    metric : str, default="loss"
        What to plot, without ``val_``.

    Attributes
    ----------
    ax_ : Axes, or ndarray of Axes
        Several with panels and in the summary.
    figure_ : Figure
    legend_ : Legend or None
    mean_lines_ : dict
        Line of the mean over splits, by (candidate, entry), where the entry is
        ``"val_loss"``, ``"loss"`` and so on.
    split_lines_ : dict
        List of the lines of single splits, by (candidate, entry).
    bands_ : dict
        Band around the mean, by (candidate, entry).
    best_markers_ : dict
        Marker of the best epoch, by candidate.
    error_bars_ : tuple of 2 ErrorbarContainer
        Best values and best epochs of the summary.

    See Also
    --------
    skimdb.epoch_curve : Computes the curves.
    skimdb.EpochSearchCV : Picks the best candidate and epoch.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")  # draws without a screen
    >>> from sklearn.datasets import make_classification
    >>> from skimdb import EpochCurveDisplay, KerasMLPClassifier
    >>> X, y = make_classification(random_state=0)
    >>> display = EpochCurveDisplay.from_estimator(
    ...     KerasMLPClassifier(random_state=0), X, y,
    ...     param_grid={"size": [4, 16]}, max_epochs=5, cv=2,
    ... )
    >>> display.ax_.get_ylabel()
    'Validation loss'
    >>> summary = display.plot_summary()
    """

    def __init__(self, history, *, metric="loss"):
        self.history = history
        self.metric = metric

    @classmethod
    def from_search(cls, search, **plot_options):
        """Plot the curves of a fitted search.

        Parameters
        ----------
        search : EpochSearchCV
            Fitted.
        **plot_options : dict
            Parameters of `plot`; `metric` defaults to what the search monitors.

        Returns
        -------
        display : EpochCurveDisplay
        """
        check_matplotlib_support(f"{cls.__name__}.from_search")
        check_is_fitted(search, "history_")
        metric = search.monitor.removeprefix("val_")
        return cls(search.history_, metric=metric).plot(**plot_options)

    @classmethod
    def from_estimator(cls, estimator, X, y, **options):
        """Compute epoch curves and plot them.

        Parameters
        ----------
        estimator : KerasMLPClassifier or Pipeline
        X : array-like of shape (n_samples, ...)
        y : array-like of shape (n_samples,)
        **options : dict
            Parameters of `skimdb.epoch_curve` and of `plot`.

        Returns
        -------
        display : EpochCurveDisplay
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        plot_names = inspect.signature(cls.plot).parameters
        plot_options = {k: v for k, v in options.items() if k in plot_names}
        options = {k: v for k, v in options.items() if k not in plot_names}
        return cls(epoch_curve(estimator, X, y, **options)).plot(**plot_options)

    def plot(
        self,
        ax=None,
        *,
        metric=None,
        score_type="auto",
        splits="auto",
        band="auto",
        mark_best=True,
        panels=False,
        log_scale=False,
    ):
        """Draw the mean curve of each candidate.

        Parameters
        ----------
        ax : Axes or array of Axes, default=None
            Where to draw: one, or with `panels` one per candidate. None makes a new
            figure.
        metric : str, default=None
            What to draw, without ``val_``; None for the display's `metric`.
        score_type : {"auto", "validation", "train", "both"}, default="auto"
            Curves to draw; ``"auto"`` is both for one candidate in a panel, and the
            validation curves for several.
        splits : bool or "auto", default="auto"
            Draw a thin line per split; ``"auto"`` does for one candidate in a panel.
        band : {"auto", "sd", "se"} or None, default="auto"
            Shade the mean ± the standard deviation of the splits, or the standard
            error of the mean; ``"auto"`` shades the standard error if no lines of
            splits are drawn, for up to 5 candidates.
        mark_best : bool, default=True
            Mark the best epoch of each mean validation curve.
        panels : bool, default=False
            Draw each candidate in a panel of its own.
        log_scale : bool, default=False
            Logarithmic vertical axis.

        Returns
        -------
        self : EpochCurveDisplay
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        validate_parameter_constraints(
            {
                "score_type": [StrOptions({"auto", "validation", "train", "both"})],
                "splits": ["boolean", StrOptions({"auto"})],
                "band": [StrOptions({"auto", "sd", "se"}), None],
            },
            {"score_type": score_type, "splits": splits, "band": band},
            caller_name=f"{type(self).__name__}.plot",
        )
        metric = metric or self.metric
        candidates = labels(self.history)
        n_panels = len(candidates) if panels else 1
        axes = (
            _new_panels(n_panels)
            if ax is None
            else _given_axes(ax, n_panels, "the panels to draw number")
        )
        alone = panels or len(candidates) == 1
        if score_type == "auto":
            score_type = "both" if alone else "validation"
        names = {
            "validation": [f"val_{metric}"],
            "train": [metric],
            "both": [f"val_{metric}", metric],
        }[score_type]
        splits = alone if splits == "auto" else splits
        if band == "auto":
            few = alone or len(candidates) <= _MAX_BANDS
            band = "se" if few and not splits else None
        self.mean_lines_, self.split_lines_ = {}, {}
        self.bands_, self.best_markers_ = {}, {}
        for position, (candidate, label) in enumerate(candidates.items()):
            panel = axes[position if panels else 0]
            for name in names:
                if alone:
                    train = name == metric
                    style = {"color": _COLORS[train], "linestyle": "-" if not train else "--"}
                else:
                    style = _candidate_style(position)
                    style["linewidth"] = 0.8 if name == metric and len(names) > 1 else 2
                self._draw(panel, candidate, name, style, splits, band)
                line = self.mean_lines_[candidate, name]
                line.set_label(_readable(name) if alone else label)
            if mark_best and f"val_{metric}" in names:
                self._mark_best(panel, candidate, f"val_{metric}")
            if panels:
                panel.set_title(label, fontsize="medium")
        self._finish(axes, names, metric, log_scale)
        self.ax_ = axes if panels else axes[0]
        return self

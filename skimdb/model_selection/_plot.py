"""Plots of epoch curves."""

import inspect

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skimdb._sklearn import (
    StrOptions,
    check_matplotlib_support,
    validate_parameter_constraints,
)
from skimdb.model_selection._epoch_curve import epoch_curve
from skimdb.model_selection._history import (
    label_candidates,
    measure_spread,
    read_best_epoch,
    read_metric,
)
from skimdb.model_selection._plotting import (
    COLORS,
    add_legend,
    candidate_style,
    draw_band,
    draw_best,
    draw_mean,
    draw_splits,
    explanations,
    given_axes,
    lone_style,
    name_axes,
    new_panels,
    new_rows,
    quantity,
    readable,
)

_MAX_BANDS = 5  # bands of more candidates in one panel hide each other
_SPREADS = {"sd": "standard deviation", "se": "standard error"}


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
        candidates = label_candidates(self.history)
        n_panels = len(candidates) if panels else 1
        axes = new_panels(n_panels) if ax is None else given_axes(ax, n_panels)
        alone = panels or len(candidates) == 1
        if score_type == "auto":
            score_type = "both" if alone else "validation"
        names = {
            "validation": [f"val_{metric}"],
            "train": [metric],
            "both": [f"val_{metric}", metric],
        }[score_type]
        if splits == "auto":
            splits = alone
        if band == "auto":
            few = alone or len(candidates) <= _MAX_BANDS
            band = "se" if few and not splits else None
        self.mean_lines_, self.split_lines_ = {}, {}
        self.bands_, self.best_markers_ = {}, {}
        for position, (candidate, label) in enumerate(candidates.items()):
            panel = axes[position if panels else 0]
            for name in names:
                train = name == metric
                style = lone_style(train) if alone else candidate_style(position)
                style["linewidth"] = 1 if train and score_type == "both" else 2
                style["label"] = readable(name) if alone else label
                key = candidate, name
                values, epochs = read_metric(self.history, *key)
                several = len(values) > 1
                if splits and several:
                    self.split_lines_[key] = draw_splits(panel, epochs, values, style)
                if band is not None and several:
                    width = measure_spread(values, band)
                    self.bands_[key] = draw_band(panel, epochs, values, width, style)
                self.mean_lines_[key] = draw_mean(panel, epochs, values, style)
            if mark_best and f"val_{metric}" in names:
                epoch, values, _ = read_best_epoch(
                    self.history, candidate, f"val_{metric}"
                )
                self.best_markers_[candidate] = draw_best(
                    panel, epoch, values.mean(), COLORS[0] if alone else style["color"]
                )
            if panels:
                panel.set_title(label, fontsize="medium")
            if log_scale:
                panel.set_yscale("log")
        handles = (
            [self.mean_lines_[next(iter(candidates)), name] for name in names]
            if alone
            else [self.mean_lines_[candidate, names[0]] for candidate in candidates]
        )
        handles += explanations(
            training=not alone and score_type == "both",
            splits=bool(self.split_lines_),
            band=_SPREADS[band] if self.bands_ else None,
            best_epochs={m.get_xdata()[0] for m in self.best_markers_.values()},
        )
        ylabel = readable(names[0]) if len(names) == 1 else quantity(metric)
        name_axes(axes, ylabel, own_figure=ax is None)
        self.legend_ = add_legend(axes, handles, own_figure=ax is None)
        self.ax_ = axes if panels else axes[0]
        self.figure_ = axes[0].figure
        return self

    def plot_summary(self, ax=None, *, metric=None, error="se"):
        """Draw the best value and its epoch, a row per candidate.

        Parameters
        ----------
        ax : array of 2 Axes, default=None
            Where to draw values and epochs. None makes a new figure.
        metric : str, default=None
            What to draw, without ``val_``; None for the display's `metric`.
        error : {"se", "sd"}, default="se"
            Bars of the values, over the splits at the best epoch of the mean curve:
            standard error of the mean, or standard deviation. The bars of the epochs
            span the best epochs of the single splits.

        Returns
        -------
        self : EpochCurveDisplay
        """
        check_matplotlib_support(f"{type(self).__name__}.plot_summary")
        if error not in _SPREADS:
            raise ValueError(f"error={error!r} is not one of {list(_SPREADS)}.")
        from matplotlib.ticker import MaxNLocator

        name = f"val_{metric or self.metric}"
        candidates = label_candidates(self.history)
        left, right = new_rows(len(candidates)) if ax is None else given_axes(ax, 2)
        found = [
            read_best_epoch(self.history, candidate, name) for candidate in candidates
        ]
        rows = np.arange(len(candidates))
        style = {"fmt": "o", "color": COLORS[0], "capsize": 3}
        self.error_bars_ = (
            left.errorbar(
                np.array([values.mean() for _, values, _ in found]),
                rows,
                xerr=[measure_spread(values, error) for _, values, _ in found],
                **style,
            ),
            right.errorbar(
                np.array([epoch for epoch, _, _ in found]),
                rows,
                xerr=np.transpose(
                    [
                        (max(0, epoch - by_split.min()), max(0, by_split.max() - epoch))
                        for epoch, _, by_split in found
                    ]
                ),
                **style,
            ),
        )
        left.set_yticks(rows, candidates.values())
        left.set_ylim(len(candidates) - 0.5, -0.5)  # the first on top
        several = any(len(values) > 1 for _, values, _ in found)
        left.set_xlabel(
            f"Best {readable(name).lower()}"
            + (f" (± {_SPREADS[error]})" if several else "")
        )
        right.set_xlabel(
            "Best epoch" + (" (bar: best epochs of splits)" if several else "")
        )
        right.xaxis.set_major_locator(MaxNLocator(integer=True))
        for panel in (left, right):
            panel.grid(axis="y", alpha=0.3)
        self.ax_ = np.array([left, right])
        self.figure_, self.legend_ = left.figure, None
        return self

"""Plots of epoch curves."""

from typing import NamedTuple

import numpy as np

from skimdb._sklearn import (
    StrOptions,
    check_matplotlib_support,
    validate_parameter_constraints,
)
from skimdb.model_selection._best_epoch import get_direction
from skimdb.model_selection._epoch_curve import epoch_curve
from skimdb.model_selection._history import (
    find_history,
    label_candidates,
    measure_spread,
    read_best_epoch,
    read_metric,
)
from skimdb.model_selection._plotting import (
    COLORS,
    add_legend,
    arrange_panels,
    draw_band,
    draw_best,
    draw_mean,
    draw_splits,
    limit_height,
    make_handles,
    make_panels,
    make_summary_panels,
    name_axes,
    name_curve,
    name_quantity,
    name_summary_axes,
    style_candidate,
    style_lone,
    take_axes,
    use_log_scale,
)
from skimdb.model_selection._search import EpochSearchCV

_MAX_BANDS = 5  # bands of more candidates in one panel hide each other
_SPREADS = {"sd": "standard deviation", "se": "standard error"}


class _Look(NamedTuple):
    """What is drawn of each candidate."""

    alone: bool
    splits: bool
    band: str | None
    mark_best: bool
    log_scale: bool
    own_figure: bool


class EpochCurveDisplay:
    """Curves of loss or metric by epoch, for one or several candidates.

    `from_search`, `from_fitted` and `from_estimator` make it and draw. Made by itself
    it draws when `plot` or `plot_summary` is called.

    Parameters
    ----------
    history : DataFrame, dict, EpochSearchCV, KerasMLPClassifier or Pipeline
        As `skimdb.epoch_curve` returns it; the ``history_`` of a classifier, or a frame
        with the columns of one such curve; or the fitted search or classifier itself.
    metric : str or sequence of str, default=None
        What to plot, such as ``"loss"``, or ``"val_loss"`` for the validation curve
        only; several are drawn side by side. None for what a search monitors, and
        otherwise the loss.

    Attributes
    ----------
    history : DataFrame
        The curves, as `skimdb.epoch_curve` returns them.
    ax_ : Axes, or ndarray of Axes
        Several with panels, several metrics, and in the summary.
    figure_ : Figure
    legend_ : Legend or None
    mean_lines_ : dict
        Line of the mean over splits, by (candidate, column), where the column is
        ``"val_loss"``, ``"loss"`` and so on.
    split_lines_ : dict
        List of the lines of single splits, by (candidate, column).
    bands_ : dict
        Band around the mean, by (candidate, column).
    best_markers_ : dict
        Marker of the best epoch, by candidate; of several metrics, by (candidate,
        column).
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
    >>> display
    EpochCurveDisplay(metric='loss': 2 candidates, 2 splits, 5 epochs)
    >>> display.ax_.get_ylabel()
    'Validation loss'

    The first picture of a single fit, loss and accuracy side by side:

    >>> classifier = KerasMLPClassifier(epochs=5, random_state=0)
    >>> classifier = classifier.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    >>> display = EpochCurveDisplay.from_fitted(
    ...     classifier, metric=["loss", "accuracy"]
    ... )
    """

    def __init__(self, history, *, metric=None):
        if metric is None:
            is_search = isinstance(history, EpochSearchCV)
            metric = history.monitor.removeprefix("val_") if is_search else "loss"
        self.history = find_history(history)
        self.metric = metric

    def __repr__(self):
        counts = {
            "candidate": self.history["candidate"].nunique(),
            "split": len(self.history[["repeat", "fold"]].drop_duplicates()),
            "epoch": self.history["epoch"].nunique(),
        }
        listed = ", ".join(f"{n} {name}{'s'[: n != 1]}" for name, n in counts.items())
        return f"{type(self).__name__}(metric={self.metric!r}: {listed})"

    @classmethod
    def from_search(
        cls,
        search,
        *,
        ax=None,
        metric=None,
        score_type="auto",
        splits="auto",
        band="auto",
        mark_best=True,
        panels=False,
        log_scale=False,
    ):
        """Plot the curves of a fitted search.

        For the summary alone: ``EpochCurveDisplay(search).plot_summary()``.

        Parameters
        ----------
        search : EpochSearchCV
            Fitted.
        ax : Axes or array of Axes, default=None
            Where to draw, see `plot`.
        metric : str or sequence of str, default=None
            What to plot; None for what the search monitors.
        score_type : {"auto", "validation", "train", "both"}, default="auto"
            Curves to draw, see `plot`.
        splits : bool or "auto", default="auto"
            Draw a thin line per split, see `plot`.
        band : {"auto", "sd", "se"} or None, default="auto"
            What to shade around the mean, see `plot`.
        mark_best : bool, default=True
            Mark the best epoch of each mean validation curve.
        panels : bool, default=False
            Draw each candidate in a panel of its own.
        log_scale : bool, default=False
            Logarithmic vertical axis.

        Returns
        -------
        display : EpochCurveDisplay
            The display, which has been drawn.
        """
        check_matplotlib_support(f"{cls.__name__}.from_search")
        return cls(search, metric=metric).plot(
            ax,
            score_type=score_type,
            splits=splits,
            band=band,
            mark_best=mark_best,
            panels=panels,
            log_scale=log_scale,
        )

    @classmethod
    def from_fitted(
        cls,
        estimator,
        *,
        ax=None,
        metric="loss",
        score_type="auto",
        mark_best=True,
        log_scale=False,
    ):
        """Plot the curve of a single fit.

        Parameters
        ----------
        estimator : KerasMLPClassifier or Pipeline
            Fitted; without validation data it has a training curve only.
        ax : Axes or array of Axes, default=None
            Where to draw, see `plot`.
        metric : str or sequence of str, default="loss"
            What to plot.
        score_type : {"auto", "validation", "train", "both"}, default="auto"
            Curves to draw, see `plot`.
        mark_best : bool, default=True
            Mark the best epoch of each mean validation curve.
        log_scale : bool, default=False
            Logarithmic vertical axis.

        Returns
        -------
        display : EpochCurveDisplay
            The display, which has been drawn.
        """
        check_matplotlib_support(f"{cls.__name__}.from_fitted")
        return cls(estimator, metric=metric).plot(
            ax, score_type=score_type, mark_best=mark_best, log_scale=log_scale
        )

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        param_grid=None,
        max_epochs=None,
        cv=None,
        groups=None,
        scoring=None,
        n_jobs=None,
        verbose=0,
        error_score=np.nan,
        params=None,
        ax=None,
        metric="loss",
        score_type="auto",
        splits="auto",
        band="auto",
        mark_best=True,
        panels=False,
        log_scale=False,
    ):
        """Compute epoch curves and plot them.

        Parameters
        ----------
        estimator : KerasMLPClassifier or Pipeline
            A classifier, or a pipeline that ends in one.
        X : array-like of shape (n_samples, ...)
            Samples, as the estimator takes them.
        y : array-like of shape (n_samples,)
            Labels.
        param_grid : dict, list of dict, dict of str to dict, ParameterGrid or \
                ParameterSampler, default=None
            Candidates, see `skimdb.epoch_curve`.
        max_epochs : int, default=None
            Epochs to train; None takes the `epochs` of the classifier.
        cv : int, cross-validation generator or iterable, default=None
            Splits, as in scikit-learn.
        groups : array-like of shape (n_samples,), default=None
            Groups for a splitter like `GroupKFold`.
        scoring : str, callable, list, tuple or dict, default=None
            Scorers to record beside the classifier's `metrics`.
        n_jobs : int, default=None
            Parallel jobs; None means 1 unless in a `joblib.parallel_config` context.
        verbose : int, default=0
            Print a line per candidate.
        error_score : "raise" or float, default=np.nan
            Value of all entries of a fit that fails; ``"raise"`` raises the error.
        params : dict, default=None
            Further arguments of `fit` of the estimator.
        ax : Axes or array of Axes, default=None
            Where to draw, see `plot`.
        metric : str or sequence of str, default="loss"
            What to plot.
        score_type : {"auto", "validation", "train", "both"}, default="auto"
            Curves to draw, see `plot`.
        splits : bool or "auto", default="auto"
            Draw a thin line per split, see `plot`.
        band : {"auto", "sd", "se"} or None, default="auto"
            What to shade around the mean, see `plot`.
        mark_best : bool, default=True
            Mark the best epoch of each mean validation curve.
        panels : bool, default=False
            Draw each candidate in a panel of its own.
        log_scale : bool, default=False
            Logarithmic vertical axis.

        Returns
        -------
        display : EpochCurveDisplay
            The display, which has been drawn.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        history = epoch_curve(
            estimator,
            X,
            y,
            param_grid=param_grid,
            max_epochs=max_epochs,
            cv=cv,
            groups=groups,
            scoring=scoring,
            n_jobs=n_jobs,
            verbose=verbose,
            error_score=error_score,
            params=params,
        )
        return cls(history, metric=metric).plot(
            ax,
            score_type=score_type,
            splits=splits,
            band=band,
            mark_best=mark_best,
            panels=panels,
            log_scale=log_scale,
        )

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
            Where to draw: one for each metric, or with `panels` one for each metric
            and candidate. None makes a new figure.
        metric : str or sequence of str, default=None
            What to draw; ``"val_loss"`` is the validation curve only. None for the
            display's `metric`.
        score_type : {"auto", "validation", "train", "both"}, default="auto"
            Curves to draw; ``"auto"`` is both for one candidate in a panel, as far as
            there are both, and the validation curves for several.
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
            Logarithmic vertical axis. On a linear one, the curve of a loss that
            diverges leaves the panel, as the legend says.

        Returns
        -------
        self : EpochCurveDisplay
            The display.
        """
        name = f"{type(self).__name__}.plot"
        check_matplotlib_support(name)
        validate_parameter_constraints(
            {
                "score_type": [StrOptions({"auto", "validation", "train", "both"})],
                "splits": ["boolean", StrOptions({"auto"})],
                "band": [StrOptions({"auto", "sd", "se"}), None],
            },
            {"score_type": score_type, "splits": splits, "band": band},
            caller_name=name,
        )
        candidates = label_candidates(self.history)
        alone = panels or len(candidates) == 1
        if splits == "auto":
            splits = alone
        if band == "auto":
            few = alone or len(candidates) <= _MAX_BANDS
            band = "se" if few and not splits else None
        look = _Look(alone, splits, band, mark_best, log_scale, own_figure=ax is None)
        metric = metric or self.metric
        metrics = [metric] if isinstance(metric, str) else list(metric)
        columns = [self._choose_columns(name, score_type, alone) for name in metrics]
        self.mean_lines_, self.split_lines_ = {}, {}
        self.bands_, self.best_markers_ = {}, {}
        grid = self._make_axes(ax, len(metrics), len(candidates) if panels else 1)
        for row, names in zip(grid, columns, strict=True):
            self._draw_metric(row, candidates, names, look)
        if len(metrics) == 1:
            self.best_markers_ = {c: m for (c, _), m in self.best_markers_.items()}
        self._name_axes(grid, metrics, columns, look)
        self._add_legend(grid, columns, candidates, look)
        if grid.size == 1:
            self.ax_ = grid[0, 0]
        else:
            self.ax_ = grid.ravel() if 1 in grid.shape else grid
        self.figure_ = grid[0, 0].figure
        return self

    def _choose_columns(self, metric, score_type, alone):
        """Columns of the history to draw of a metric."""
        bare = metric.removeprefix("val_")
        both = [f"val_{bare}", bare]
        if score_type != "auto":
            return {"validation": both[:1], "train": both[1:], "both": both}[score_type]
        if metric != bare:
            return [metric]
        present = [name for name in both if name in self.history] or both[:1]
        return present if alone else present[:1]

    def _make_axes(self, ax, n_metrics, n_panels):
        """Axes, of shape (n_metrics, n_panels)."""
        if ax is not None:
            return take_axes(ax, n_metrics * n_panels).reshape(n_metrics, n_panels)
        if n_metrics == 1:
            return arrange_panels(n_panels)[np.newaxis]
        if n_panels == 1:
            return make_panels(1, n_metrics, sharey=False).T
        return make_panels(n_metrics, n_panels, sharey="row")

    def _draw_metric(self, axes, candidates, columns, look):
        """Draw a metric of all candidates, in one panel or in one each."""
        panels = dict.fromkeys(candidates, axes[0])
        if len(axes) > 1:
            panels = dict(zip(candidates, axes, strict=True))
        for position, (candidate, label) in enumerate(candidates.items()):
            for column in columns:
                is_train = not column.startswith("val_")
                style = (
                    style_lone(is_train) if look.alone else style_candidate(position)
                )
                style["linewidth"] = 1 if is_train and len(columns) == 2 else 2
                style["label"] = name_curve(column) if look.alone else label
                self._draw_curve(panels[candidate], (candidate, column), style, look)
            if len(axes) > 1:
                title = candidates[candidate]
                panels[candidate].set_title(title, fontsize="medium")
        for panel in axes:
            if look.log_scale:
                use_log_scale(panel)
        if not look.log_scale and (look.own_figure or len(axes) == 1):
            self._limit_height(panels, columns[0])
        if look.mark_best and columns[0].startswith("val_"):
            self._mark_best(panels, columns[0])

    def _draw_curve(self, panel, key, style, look):
        """Draw the mean curve, the splits and the band of one column."""
        values, epochs = read_metric(self.history, *key)
        several = len(values) > 1
        if look.splits and several:
            self.split_lines_[key] = draw_splits(panel, epochs, values, style)
        if look.band is not None and several:
            width = measure_spread(values, look.band)
            self.bands_[key] = draw_band(panel, epochs, values, width, style)
        self.mean_lines_[key] = draw_mean(panel, epochs, values, style)

    def _limit_height(self, panels, column):
        """Let a loss that diverges leave the panel, and say so."""
        if get_direction(column, self.history.attrs.get("scorer_names", ())) == 1:
            return
        lines = {self.mean_lines_[candidate, column]: candidate for candidate in panels}
        for line in limit_height(next(iter(panels.values())), list(lines)):
            if (lines[line], column) in self.bands_:  # it would cover the others
                self.bands_.pop((lines[line], column)).remove()
            title = line.axes.get_title()
            if title:  # of the panel of one candidate
                line.axes.set_title(f"{title} (leaves the panel)", fontsize="medium")
            else:
                line.set_label(f"{line.get_label()} (leaves the panel)")

    def _mark_best(self, panels, column):
        """Mark the best epoch of each candidate."""
        marks = {}
        for candidate, panel in panels.items():
            epoch, values, _ = read_best_epoch(self.history, candidate, column)
            line = self.mean_lines_[candidate, column]
            if np.isfinite(values.mean()):
                mark = epoch, values.mean(), line.get_color()
                marks.setdefault(panel, {})[candidate, column] = mark
        for panel, by_key in marks.items():
            markers = draw_best(panel, list(by_key.values()))
            self.best_markers_ |= dict(zip(by_key, markers, strict=True))

    def _name_axes(self, grid, metrics, columns, look):
        """Name the axes by what all metrics show."""
        for row, metric, names in zip(grid, metrics, columns, strict=True):
            name = metric.removeprefix("val_")
            ylabel = name_curve(names[0]) if len(names) == 1 else name_quantity(name)
            # Side by side, each metric has an axis of its own.
            outer_only = look.own_figure and (len(grid) == 1 or len(row) > 1)
            name_axes(row, ylabel, own_figure=outer_only)

    def _add_legend(self, grid, columns, candidates, look):
        """Add the legend, one for all panels."""
        names = max(columns, key=len)
        if look.alone:
            handles = [self.mean_lines_[next(iter(candidates)), name] for name in names]
            if len(grid) > 1:
                for line in self.mean_lines_.values():
                    is_train = line.get_linestyle() == "--"
                    line.set_label("Training" if is_train else "Validation")
        else:
            handles = [
                self.mean_lines_[candidate, names[0]] for candidate in candidates
            ]
        handles += make_handles(
            training=not look.alone and len(names) == 2,
            splits=bool(self.split_lines_),
            band=_SPREADS[look.band] if self.bands_ else None,
            best_epochs={m.get_xdata()[0] for m in self.best_markers_.values()},
        )
        side_by_side = len(grid) > 1 and grid.shape[1] == 1
        lone = look.alone and grid.size == 1  # few entries, which fit into a row
        self.legend_ = add_legend(
            grid.ravel(),
            handles,
            own_figure=look.own_figure,
            above=side_by_side or lone,
        )

    def plot_summary(self, ax=None, *, metric=None, error="se"):
        """Draw the best value and its epoch, a row per candidate.

        Parameters
        ----------
        ax : array of 2 Axes, default=None
            Where to draw values and epochs. None makes a new figure.
        metric : str, default=None
            What to draw; None for the display's `metric`.
        error : {"se", "sd"}, default="se"
            Bars of the values, over the splits at the best epoch of the mean curve:
            standard error of the mean, or standard deviation. The bars of the epochs
            span the best epochs of the single splits.

        Returns
        -------
        self : EpochCurveDisplay
            The display.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot_summary")
        if error not in _SPREADS:
            raise ValueError(f"error={error!r} is not one of {list(_SPREADS)}.")
        metric = metric or self.metric
        first = metric if isinstance(metric, str) else metric[0]
        column = f"val_{first.removeprefix('val_')}"
        candidates = label_candidates(self.history)
        if ax is None:
            left, right = make_summary_panels(len(candidates))
        else:
            left, right = take_axes(ax, 2)
        found = [read_best_epoch(self.history, each, column) for each in candidates]
        rows = np.arange(len(candidates))
        style = {"fmt": "o", "color": COLORS[0], "capsize": 3}
        spreads = [measure_spread(values, error) for _, values, _ in found]
        means = np.array([values.mean() for _, values, _ in found])
        epochs = np.array([epoch for epoch, _, _ in found])
        ranges = [
            (max(0, epoch - by_split.min()), max(0, by_split.max() - epoch))
            for epoch, _, by_split in found
        ]
        self.error_bars_ = (
            left.errorbar(means, rows, xerr=spreads, **style),
            right.errorbar(epochs, rows, xerr=np.transpose(ranges), **style),
        )
        several = any(len(values) > 1 for _, values, _ in found)
        name_summary_axes(
            left,
            right,
            labels=list(candidates.values()),
            value=f"Best {name_curve(column).lower()}",
            spread=_SPREADS[error] if several else None,
        )
        self.ax_ = np.array([left, right])
        self.figure_, self.legend_ = left.figure, None
        return self

"""The display of epoch curves."""

import inspect
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from skimdb._sklearn import (
    StrOptions,
    check_matplotlib_support,
    validate_parameter_constraints,
)
from skimdb.model_selection import _history, _plotting
from skimdb.model_selection._epoch_curve import epoch_curve
from skimdb.model_selection._results import measure_spread
from skimdb.model_selection._search import EpochSearchCV

if TYPE_CHECKING:  # matplotlib is optional
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.container import ErrorbarContainer
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

_MAX_BANDS = 5  # bands and labels of more candidates hide each other
_OPTIONS = {
    "metric": [str, list, tuple],
    "score_type": [StrOptions({"auto", "validation", "train", "both"})],
    "splits": ["boolean", StrOptions({"auto"})],
    "band": [StrOptions({"auto", "sd", "se"}), None],
    "mark_best": ["boolean"],
    "log_scale": ["boolean"],
    "error": [StrOptions({"se", "sd"})],
}


class EpochCurveDisplay:
    """Curves of loss or metric by epoch, for one or several candidates.

    `from_search`, `from_fitted` and `from_estimator` create a display and draw it. A
    display that you create yourself draws when you call `plot` or `plot_summary`.

    Read more in the :ref:`User Guide <guide-cross-validation>`.

    Parameters
    ----------
    history : DataFrame, dict, EpochSearchCV, KerasMLPClassifier or Pipeline
        The frame that `skimdb.epoch_curve` returns, also after reading it from a file;
        the ``history_`` of a classifier, or a frame with the columns of one such curve;
        or the fitted search or classifier itself.
    metric : str or sequence of str, default=None
        Metric to plot, such as ``"loss"``, or ``"val_loss"`` for the validation curve
        only. Several metrics are drawn side by side. If None, the metric that a search
        monitors, otherwise the loss.

    Attributes
    ----------
    history : DataFrame
        The curves, as `skimdb.epoch_curve` returns them.
    metric : str or sequence of str
        Metric to plot.
    ax_ : Axes, or ndarray of Axes
        An array for several metrics and for the summary.
    figure_ : Figure
        The figure of the axes.
    legend_ : Legend or None
        The legend; None for the summary, and if all elements have labels.
    mean_lines_ : dict
        Line of the mean over splits, by (candidate, column). The column is
        ``"val_loss"``, ``"loss"`` and so on.
    split_lines_ : dict
        List of the lines of single splits, by (candidate, column).
    bands_ : dict
        Band around the mean, by (candidate, column).
    best_markers_ : dict
        Marker of the best epoch, by (candidate, column).
    error_bars_ : tuple of 2 ErrorbarContainer
        Best values and best epochs of the summary.

    See Also
    --------
    skimdb.epoch_curve : Computes the curves.
    skimdb.EpochSearchCV : Picks the best candidate and epoch.

    Notes
    -----
    The best epoch of a loss, or of a metric of Keras that measures an error, is its
    smallest value. The best epoch of every other metric is its largest value, and so
    is the best epoch of each score from `scoring`. A frame does not tell which columns
    come from `scoring`: there, names decide, and a column of negative values is a
    score.

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

    Loss and accuracy of a single fit, side by side:

    >>> classifier = KerasMLPClassifier(epochs=5, random_state=0)
    >>> classifier = classifier.fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    >>> display = EpochCurveDisplay.from_fitted(
    ...     classifier, metric=["loss", "accuracy"]
    ... )
    """

    history: pd.DataFrame
    metric: str | Sequence[str]
    ax_: "Axes | NDArray[np.object_]"
    figure_: "Figure"
    legend_: "Legend | None"
    mean_lines_: "dict[tuple[Any, str], Line2D]"
    split_lines_: "dict[tuple[Any, str], list[Line2D]]"
    bands_: "dict[tuple[Any, str], PolyCollection]"
    best_markers_: "dict[tuple[Any, str], Line2D]"
    error_bars_: "tuple[ErrorbarContainer, ErrorbarContainer]"

    def __init__(
        self,
        history: pd.DataFrame | Mapping[str, Any] | BaseEstimator,
        *,
        metric: str | Sequence[str] | None = None,
    ) -> None:
        self.history = _history.find_history(history)
        self._estimator = None  # of the search, if the curves come from one
        if isinstance(history, EpochSearchCV):
            self._estimator = history.estimator
            metric = metric or history.monitor.removeprefix("val_")
        self.metric = metric or "loss"

    def __repr__(self) -> str:
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
        search: EpochSearchCV,
        *,
        ax: Any = None,
        metric: str | Sequence[str] | None = None,
        **plot_options: Any,
    ) -> Self:
        """Plot the curves of a fitted search.

        For the summary alone, use ``EpochCurveDisplay(search).plot_summary()``.

        Parameters
        ----------
        search : EpochSearchCV
            Fitted search.
        ax : Axes or array of Axes, default=None
            Axes to draw in, one for each metric. If None, make a new figure.
        metric : str or sequence of str, default=None
            Metric to plot. If None, the metric that the search monitors.
        **plot_options : dict
            Options of `plot`: `score_type`, `splits`, `band`, `mark_best` and
            `log_scale`.

        Returns
        -------
        display : EpochCurveDisplay
            The display after drawing.
        """
        return cls(search, metric=metric).plot(ax, **plot_options)

    @classmethod
    def from_fitted(
        cls,
        estimator: BaseEstimator,
        *,
        ax: Any = None,
        metric: str | Sequence[str] = "loss",
        **plot_options: Any,
    ) -> Self:
        """Plot the curve of a single fit.

        Parameters
        ----------
        estimator : KerasMLPClassifier or Pipeline
            Fitted estimator. Without validation data, only its training curve is drawn.
        ax : Axes or array of Axes, default=None
            Axes to draw in, one for each metric. If None, make a new figure.
        metric : str or sequence of str, default="loss"
            Metric to plot.
        **plot_options : dict
            Options of `plot`: `score_type`, `mark_best` and `log_scale`.

        Returns
        -------
        display : EpochCurveDisplay
            The display after drawing.
        """
        return cls(estimator, metric=metric).plot(ax, **plot_options)

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Any,
        y: Any,
        *,
        param_grid: Any = None,
        max_epochs: int | None = None,
        cv: Any = None,
        groups: Any = None,
        scoring: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        error_score: float | Literal["raise"] = np.nan,
        params: dict[str, Any] | None = None,
        ax: Any = None,
        metric: str | Sequence[str] = "loss",
        **plot_options: Any,
    ) -> Self:
        """Compute epoch curves and plot them.

        Parameters
        ----------
        estimator : estimator or Pipeline
            `KerasMLPClassifier`, another classifier or regressor with ``partial_fit``,
            or a pipeline that ends in one.
        X : array-like of shape (n_samples, ...)
            Samples, as the estimator accepts them.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels or targets.
        param_grid : dict, list of dict, dict of str to dict, ParameterGrid or \
                ParameterSampler, default=None
            Candidates, see `skimdb.epoch_curve`.
        max_epochs : int, default=None
            Number of epochs to train. If None, the `epochs` of the classifier.
        cv : int, cross-validation generator or iterable, default=None
            Splits, as in scikit-learn.
        groups : array-like of shape (n_samples,), default=None
            Groups for a splitter such as `GroupKFold`.
        scoring : str, callable, list, tuple or dict, default=None
            Scorers to record in addition to the classifier's `metrics`.
        n_jobs : int, default=None
            Number of parallel jobs. None means 1 unless in a `joblib.parallel_config`
            context.
        verbose : int, default=0
            If positive, print a line per candidate.
        error_score : "raise" or float, default=np.nan
            Value of all entries of a fit that fails. If ``"raise"``, raise the error.
        params : dict, default=None
            Further arguments for `fit` of the estimator.
        ax : Axes or array of Axes, default=None
            Axes to draw in, one for each metric. If None, make a new figure.
        metric : str or sequence of str, default="loss"
            Metric to plot.
        **plot_options : dict
            Options of `plot`: `score_type`, `splits`, `band`, `mark_best` and
            `log_scale`.

        Returns
        -------
        display : EpochCurveDisplay
            The display after drawing.
        """
        given = locals()
        caller = f"{cls.__name__}.from_estimator"
        check_matplotlib_support(caller)
        # Before training, raise for options that do not exist or have a wrong value.
        bound = inspect.signature(cls.plot).bind(None, metric=metric, **plot_options)
        validate_parameter_constraints(_OPTIONS, bound.kwargs, caller_name=caller)
        shared = inspect.signature(epoch_curve).parameters
        history = epoch_curve(**{name: given[name] for name in shared})
        display = cls(history, metric=metric)
        display._estimator = estimator
        return display.plot(ax, **plot_options)

    def plot(
        self,
        ax: Any = None,
        *,
        metric: str | Sequence[str] | None = None,
        score_type: Literal["auto", "validation", "train", "both"] = "auto",
        splits: bool | Literal["auto"] = "auto",
        band: Literal["auto", "sd", "se"] | None = "auto",
        mark_best: bool = True,
        log_scale: bool = False,
    ) -> Self:
        """Draw the mean curve of each candidate.

        In a new figure, up to 5 candidates have their labels at the ends of the curves.
        Otherwise, the labels are in the legend.

        Parameters
        ----------
        ax : Axes or array of Axes, default=None
            Axes to draw in, one for each metric. If None, make a new figure.
        metric : str or sequence of str, default=None
            Metric to draw; ``"val_loss"`` is the validation curve only. If None, the
            `metric` of the display.
        score_type : {"auto", "validation", "train", "both"}, default="auto"
            Curves to draw. ``"auto"`` draws both curves of a single candidate, if
            recorded, and the validation curves of several candidates.
        splits : bool or "auto", default="auto"
            Draw a thin line per split. ``"auto"`` does so for a single candidate.
        band : {"auto", "sd", "se"} or None, default="auto"
            Shade the mean ± the standard deviation of the splits, or the standard
            error of the mean. ``"auto"`` shades the standard error of up to 5
            candidates if there are no lines of splits.
        mark_best : bool, default=True
            Mark the best epoch of each mean validation curve. With several metrics, the
            first one decides, and the same epoch is marked in all axes.
        log_scale : bool, default=False
            Use a logarithmic vertical axis. On a linear axis, the curve of a loss that
            diverges is cut off if it would squeeze the other curves; a title says so.

        Returns
        -------
        self : EpochCurveDisplay
            The display.
        """
        caller = f"{type(self).__name__}.plot"
        check_matplotlib_support(caller)
        metric = metric or self.metric
        options = {"metric": metric, "score_type": score_type, "splits": splits}
        options |= {"band": band, "mark_best": mark_best, "log_scale": log_scale}
        validate_parameter_constraints(_OPTIONS, options, caller_name=caller)
        labels = _plotting.label_candidates(self.history)
        alone, few = len(labels) == 1, len(labels) <= _MAX_BANDS
        options["splits"] = alone if splits == "auto" else splits
        if band == "auto":
            options["band"] = "se" if few and not options["splits"] else None
        options |= {"new": ax is None, "label_ends": ax is None and few}
        metrics = [metric] if isinstance(metric, str) else metric
        columns = [self._choose_columns(name, score_type, alone) for name in metrics]
        keys = itertools.product(labels, itertools.chain(*columns))
        curves = {key: _history.read_metric(self.history, *key) for key in keys}
        axes = _plotting.make_axes(ax, len(metrics), figsize=(3 + 4 * len(metrics), 4))
        first = columns[0][0]  # decides which epochs are marked, in all axes
        marked = mark_best and first.startswith("val_")
        best = self._find_best(first, labels) if marked else {}
        self.mean_lines_, self.split_lines_ = {}, {}
        self.bands_, self.best_markers_ = {}, {}
        for panel, names in zip(axes, columns, strict=True):
            self._draw_metric(panel, names, labels, curves, best, options)
        self.legend_ = _plotting.add_legend(self, axes, labels, columns, options)
        self.ax_, self.figure_ = axes if len(axes) > 1 else axes[0], axes[0].figure
        return self

    def _choose_columns(self, metric, score_type, alone):
        """Columns of the history to draw of a metric."""
        bare = metric.removeprefix("val_")
        both = [f"val_{bare}", bare]
        present = [name for name in both if name in self.history] or both[:1]
        auto = [metric] if metric != bare else present if alone else present[:1]
        chosen = {"validation": both[:1], "train": both[1:], "both": both, "auto": auto}
        return chosen[score_type]

    def _find_best(self, column, labels):
        """Best epoch of each candidate, see `_history.find_best`."""
        curves = {c: _history.read_metric(self.history, c, column) for c in labels}
        direction = _history.read_direction(self.history, column, self._estimator)
        return {c: _history.find_best(*curves[c], direction) for c in labels}

    def _draw_metric(self, ax, names, labels, curves, best, options):
        """Draw the columns of a metric for all candidates."""
        alone = len(labels) == 1
        for row, (candidate, name) in enumerate(itertools.product(labels, names)):
            is_train = not name.startswith("val_")
            part = "Training" if is_train else "Validation"
            style = _plotting.style_curve(int(is_train) if alone else row // len(names))
            style["label"] = part if alone else labels[candidate]
            if is_train and len(names) == 2 and not alone:
                style["linewidth"] = 0.8
            self._draw_curve(ax, (candidate, name), curves, best, style, options)
        lines = _plotting.list_lines(self, labels, names)
        direction = _history.read_direction(self.history, names[0], self._estimator)
        if options["log_scale"]:
            _plotting.use_log_scale(ax)
        elif direction == -1 and not alone:
            _plotting.limit_height(ax, [line.get_ydata() for line in lines])
        _plotting.label_epochs(ax, self.history["epoch"])
        scale = " (log scale)" if options["log_scale"] else ""
        ax.set(xlabel="Epoch", ylabel=f"{_plotting.name_columns(*names)}{scale}")
        if options["label_ends"]:
            _plotting.label_ends(ax, lines)

    def _draw_curve(self, ax, key, curves, best, style, options):
        """Draw the mean over the splits, a line per split, band and best epoch."""
        values, epochs = curves[key]
        mean = values.mean(axis=0)
        color = style["color"]
        style["markevery"] = max(1, np.isfinite(mean).sum() // 8)
        if options["splits"] and len(values) > 1:
            faint = {"linewidth": 0.7, "markersize": 2, "alpha": 0.45, "label": None}
            self.split_lines_[key] = ax.plot(epochs, values.T, **style | faint)
        if options["band"] is not None and len(values) > 1:
            width = measure_spread(values, options["band"])
            edges = mean - width, mean + width
            self.bands_[key] = ax.fill_between(epochs, *edges, color=color, alpha=0.15)
        (self.mean_lines_[key],) = ax.plot(epochs, mean, **style)
        at_best = epochs == best.get(key[0], [None])[0]
        if key[1].startswith("val_") and at_best.any():
            point = epochs[at_best], mean[at_best]
            (self.best_markers_[key],) = ax.plot(*point, c=color, **_plotting.DIAMOND)

    def plot_summary(
        self,
        ax: Any = None,
        *,
        metric: str | Sequence[str] | None = None,
        error: Literal["se", "sd"] = "se",
    ) -> Self:
        """Draw the best value and its epoch, a row per candidate.

        Parameters
        ----------
        ax : array of 2 Axes, default=None
            Axes to draw values and epochs in. If None, make a new figure.
        metric : str, default=None
            Metric to draw. If None, the `metric` of the display.
        error : {"se", "sd"}, default="se"
            Bars of the values: standard error of the mean, or standard deviation, over
            the splits at the best epoch of the mean curve. The bars of the epochs span
            the best epochs of the single splits.

        Returns
        -------
        self : EpochCurveDisplay
            The display.
        """
        caller = f"{type(self).__name__}.plot_summary"
        check_matplotlib_support(caller)
        metric = metric or self.metric
        validate_parameter_constraints(_OPTIONS, {"error": error}, caller_name=caller)
        first = metric if isinstance(metric, str) else metric[0]
        column = f"val_{first.removeprefix('val_')}"
        labels = _plotting.label_candidates(self.history)
        found = self._find_best(column, labels).values()
        epochs, values, splits = zip(*found, strict=True)
        means, epochs = np.array([[each.mean() for each in values], epochs])
        spreads = [measure_spread(each, error) for each in values]
        before = np.subtract(epochs, [each.min() for each in splits])
        after = np.subtract([each.max() for each in splits], epochs)
        size = (8, 1.6 + 0.32 * "\n".join(labels.values()).count("\n"))
        axes = left, right = _plotting.make_axes(ax, 2, figsize=size, sharey=True)
        rows = np.arange(len(labels))
        style = {"fmt": "o", "color": _plotting.COLORS[0], "capsize": 3}
        means = left.errorbar(means, rows, xerr=spreads, **style)
        spans = np.maximum([before, after], 0)
        self.error_bars_ = means, right.errorbar(epochs, rows, xerr=spans, **style)
        left.set_yticks(rows, list(labels.values()))
        left.set_ylim(len(labels) - 0.5, -0.5)
        left.grid(axis="y", alpha=0.3)
        right.grid(axis="y", alpha=0.3)
        _plotting.label_epochs(right, self.history["epoch"])
        quantity = _plotting.name_columns(column).lower()
        left.set_xlabel(f"Best {quantity}\n(bar: {_plotting.SPREADS[error]})")
        right.set_xlabel("Best epoch\n(bar: best epochs of splits)")
        self.ax_, self.figure_, self.legend_ = axes, left.figure, None
        return self

import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgba
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError

from skimdb import EpochCurveDisplay, EpochSearchCV, KerasMLPClassifier

matplotlib.use("Agg")
# Searches are short here, and end before the curve has turned.
pytestmark = pytest.mark.filterwarnings(
    "ignore:The best epoch is:sklearn.exceptions.ConvergenceWarning"
)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def make_history(n_candidates, n_splits=3, n_epochs=10, names=None):
    """History whose candidate i is best at epoch i % n_epochs + 1 on every split."""
    rows = []
    for i in range(n_candidates):
        for split in range(n_splits):
            for epoch in range(1, n_epochs + 1):
                loss = 0.3 + 0.01 * i + 0.02 * split
                loss += 0.01 * (epoch - i % n_epochs - 1) ** 2
                rows.append(
                    {
                        "candidate": names[i] if names else i,
                        "kerasmlpclassifier__size": 2**i,
                        "kerasmlpclassifier__l2": 0.5,
                        "repeat": 0,
                        "fold": split,
                        "epoch": epoch,
                        "loss": 1 / epoch,
                        "val_loss": loss,
                        "accuracy": 1 - 1 / epoch,
                        "val_accuracy": 1 - loss / 2,
                        "fit_time": 1.0,
                    }
                )
    return pd.DataFrame(rows)


def mean_curve(history, candidate, name):
    return history[history["candidate"] == candidate].groupby("epoch")[name].mean()


def legend_texts(display):
    return [text.get_text() for text in display.legend_.get_texts()]


def test_one_candidate():
    history = make_history(1)
    display = EpochCurveDisplay(history)
    assert display.plot() is display
    for name in ("loss", "val_loss"):
        expected = mean_curve(history, 0, name)
        line = display.mean_lines_[0, name]
        np.testing.assert_array_equal(line.get_xdata(), expected.index)
        np.testing.assert_allclose(line.get_ydata(), expected)
        splits = display.split_lines_[0, name]
        assert len(splits) == 3
        np.testing.assert_allclose(
            splits[1].get_ydata(), history[history["fold"] == 1][name]
        )
    assert display.bands_ == {}
    assert display.best_markers_[0].get_xdata() == [1]
    assert display.ax_.get_xlabel() == "Epoch"
    assert display.ax_.get_ylabel() == "Loss"
    assert display.figure_ is display.ax_.figure
    assert legend_texts(display) == [
        "Validation loss",
        "Training loss",
        "Single splits",
        "Best epoch: 1",
    ]


def test_several_candidates_in_one_panel():
    history = make_history(3)
    display = EpochCurveDisplay(history).plot()
    assert set(display.mean_lines_) == {(i, "val_loss") for i in range(3)}
    assert [m.get_xdata()[0] for m in display.best_markers_.values()] == [1, 2, 3]
    assert display.ax_.get_ylabel() == "Validation loss"
    # Parameters that vary, by their short names.
    assert legend_texts(display)[:3] == ["size=1", "size=2", "size=4"]
    np.testing.assert_allclose(
        display.best_markers_[1].get_ydata(), mean_curve(history, 1, "val_loss").min()
    )


@pytest.mark.parametrize("band", ["sd", "se"])
def test_bands(band):
    history = make_history(2)
    display = EpochCurveDisplay(history).plot(band=band)
    curves = history[history["candidate"] == 1].pivot(
        index="fold", columns="epoch", values="val_loss"
    )
    spread = curves.std() / (np.sqrt(3) if band == "se" else 1)
    path = display.bands_[1, "val_loss"].get_paths()[0].vertices
    assert path[:, 1].max() == pytest.approx((curves.mean() + spread).max())
    assert path[:, 1].min() == pytest.approx((curves.mean() - spread).min())


def test_options():
    display = EpochCurveDisplay(make_history(2))
    display.plot(score_type="train", metric="accuracy", mark_best=False)
    assert set(display.mean_lines_) == {(0, "accuracy"), (1, "accuracy")}
    assert display.best_markers_ == {}
    assert display.ax_.get_ylabel() == "Training accuracy"
    display.plot(score_type="both", splits=True, band=None, log_scale=True)
    assert len(display.mean_lines_) == len(display.split_lines_) == 4
    assert display.ax_.get_yscale() == "log"
    assert "Training (thin)" in legend_texts(display)


def test_accuracy_is_best_where_greatest():
    history = make_history(2)
    display = EpochCurveDisplay(history, metric="accuracy").plot()
    assert display.best_markers_[1].get_ydata() == [
        mean_curve(history, 1, "val_accuracy").max()
    ]


def test_panels():
    display = EpochCurveDisplay(make_history(5, names="abcde")).plot(panels=True)
    assert [panel.get_title() for panel in display.ax_] == list("abcde")
    assert all(len(panel.lines) > 2 for panel in display.ax_)
    assert len(display.figure_.axes) == 5
    named = [panel.get_xlabel() for panel in display.ax_]
    assert named == ["", "", "Epoch", "Epoch", "Epoch"]  # the lowest of each column


def test_given_axes():
    figure, axes = plt.subplots(1, 2)
    one = EpochCurveDisplay(make_history(1)).plot(ax=axes[0])
    assert one.ax_ is axes[0]
    assert one.figure_ is figure
    two = EpochCurveDisplay(make_history(2)).plot(ax=axes, panels=True)
    assert list(two.ax_) == list(axes)
    summary = EpochCurveDisplay(make_history(2)).plot_summary(ax=axes)
    assert list(summary.ax_) == list(axes)
    with pytest.raises(ValueError, match=r"needs 3 axes, but ax holds 2"):
        EpochCurveDisplay(make_history(3)).plot(ax=axes, panels=True)


def test_twelve_candidates_stay_apart():
    display = EpochCurveDisplay(make_history(12)).plot()
    lines = [display.mean_lines_[i, "val_loss"] for i in range(12)]
    # Without colour, too.
    styles = {(line.get_linestyle(), line.get_marker()) for line in lines}
    assert len(styles) == 12
    assert len({to_rgba(line.get_color()) for line in lines}) == 7
    assert display.bands_ == {}
    display.figure_.draw_without_rendering()
    legend = display.legend_.get_window_extent()
    axes = display.ax_.get_window_extent()
    assert legend.x0 >= axes.x1  # outside the data
    assert legend.x1 <= display.figure_.bbox.x1
    assert legend.y0 >= display.figure_.bbox.y0


def test_legend_of_panels_is_outside():
    display = EpochCurveDisplay(make_history(12)).plot(panels=True)
    display.figure_.draw_without_rendering()
    legend = display.legend_.get_window_extent()
    assert all(legend.x0 >= panel.get_window_extent().x1 for panel in display.ax_)


def test_summary():
    history = make_history(3)
    history.loc[(history["fold"] == 2) & (history["epoch"] == 9), "val_loss"] = 0.0
    display = EpochCurveDisplay(history)
    assert display.plot_summary(error="sd") is display
    values, epochs = display.error_bars_
    means = history.groupby(["candidate", "epoch"])["val_loss"].mean().unstack()
    np.testing.assert_allclose(values.lines[0].get_xdata(), means.min(axis=1))
    assert list(epochs.lines[0].get_xdata()) == list(means.idxmin(axis=1))
    ranges = [segment[:, 0] for segment in epochs.lines[2][0].get_segments()]
    np.testing.assert_array_equal(ranges, [[i + 1, 9] for i in range(3)])
    left, right = display.ax_
    labels = [label.get_text() for label in left.get_yticklabels()]
    assert labels == ["size=1", "size=2", "size=4"]
    assert "standard deviation" in left.get_xlabel()
    assert right.get_xlabel().startswith("Best epoch")


def test_single_split():
    display = EpochCurveDisplay(make_history(2, n_splits=1))
    assert display.plot().bands_ == {}
    assert display.plot_summary().ax_[0].get_xlabel() == "Best validation loss"


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_saved(tmp_path, suffix):
    display = EpochCurveDisplay(make_history(5)).plot()
    path = tmp_path / f"curves.{suffix}"
    display.figure_.savefig(path)
    assert path.stat().st_size > 1000


def test_from_search_and_estimator():
    X, y = make_classification(60, random_state=0)
    classifier = KerasMLPClassifier(size=2, random_state=0)
    search = EpochSearchCV(classifier, max_epochs=3, cv=2, monitor="val_accuracy")
    with pytest.raises(NotFittedError):
        EpochCurveDisplay.from_search(search)
    display = EpochCurveDisplay.from_search(search.fit(X, y), mark_best=True)
    assert display.ax_.get_ylabel() == "Accuracy"
    assert display.best_markers_[0].get_xdata() == [search.best_epoch_]
    ax = plt.figure().add_subplot()
    other = EpochCurveDisplay.from_estimator(
        classifier, X, y, max_epochs=3, cv=2, ax=ax, metric="accuracy"
    )
    assert other.ax_ is ax
    np.testing.assert_array_equal(
        other.mean_lines_[0, "val_accuracy"].get_ydata(),
        display.mean_lines_[0, "val_accuracy"].get_ydata(),
    )
    with pytest.raises(TypeError, match="colour"):
        EpochCurveDisplay.from_estimator(classifier, X, y, colour="red")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "f1"}, "Metrics there: loss, accuracy"),
        ({"score_type": "test"}, "score_type"),
        ({"band": "wide"}, "band"),
    ],
)
def test_wrong_input(options, message):
    with pytest.raises(ValueError, match=message):
        EpochCurveDisplay(make_history(1)).plot(**options)
    with pytest.raises(ValueError, match="error"):
        EpochCurveDisplay(make_history(1)).plot_summary(error="none")


def test_matplotlib_settings_are_untouched_and_imported_late():
    before = dict(matplotlib.rcParams)
    EpochCurveDisplay(make_history(2)).plot()
    assert dict(matplotlib.rcParams) == before
    code = (
        "import sys, skimdb.model_selection._plot\n"
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

import functools
import html
import inspect
import itertools
import pickle
from copy import copy

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgba
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skimdb import (
    EpochCurveDisplay,
    EpochSearchCV,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
    epoch_curve,
)

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    plt.close("all")
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


def list_labels(display):
    """List the labels at the ends of the lines, in the order of the candidates."""
    texts = [text.get_text() for text in np.ravel(display.ax_)[-1].texts]
    lines = [line.get_label() for line in np.ravel(display.ax_)[-1].lines]
    return sorted(texts, key=lines.index)


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
    assert display.best_markers_[0, "val_loss"].get_xdata() == [1]
    assert display.ax_.get_xlabel() == "Epoch"
    assert display.ax_.get_ylabel() == "Loss"
    assert display.figure_ is display.ax_.figure
    assert list_labels(display) == ["Validation", "Training"]
    assert legend_texts(display) == ["Single splits", "Best epoch: 1"]


def test_several_candidates_in_one_panel():
    history = make_history(3)
    display = EpochCurveDisplay(history).plot()
    assert set(display.mean_lines_) == {(i, "val_loss") for i in range(3)}
    assert [m.get_xdata()[0] for m in display.best_markers_.values()] == [1, 2, 3]
    assert display.ax_.get_ylabel() == "Validation loss"
    # Parameters that vary, by their short names.
    assert list_labels(display) == ["size=1", "size=2", "size=4"]
    np.testing.assert_allclose(
        display.best_markers_[1, "val_loss"].get_ydata(),
        mean_curve(history, 1, "val_loss").min(),
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
    assert display.best_markers_[1, "val_accuracy"].get_ydata() == [
        mean_curve(history, 1, "val_accuracy").max()
    ]


def test_given_axes():
    figure, axes = plt.subplots(1, 2)
    one = EpochCurveDisplay(make_history(1)).plot(ax=axes[0])
    assert one.ax_ is axes[0]
    assert one.figure_ is figure
    two = EpochCurveDisplay(make_history(2)).plot(axes, metric=["loss", "accuracy"])
    assert list(two.ax_) == list(axes)
    summary = EpochCurveDisplay(make_history(2)).plot_summary(ax=axes)
    assert list(summary.ax_) == list(axes)
    with pytest.raises(ValueError, match=r"Expected 3 axes, got 2"):
        EpochCurveDisplay(make_history(3)).plot(ax=axes, metric=["loss"] * 3)


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


@pytest.mark.parametrize("n_candidates", [1, 4, 6])
def test_labels_are_next_to_the_axes(n_candidates):
    """Of few curves at their ends, of many in a legend; within the figure."""
    names = [f"{first}{' with a long description' * 3}" for first in "abcdef"]
    history = make_history(n_candidates, names=names[:n_candidates])
    for metric in ("loss", ["loss", "accuracy"]):
        display = EpochCurveDisplay(history, metric=metric).plot()
        display.figure_.draw_without_rendering()
        axes = np.ravel(display.ax_)
        if n_candidates > 5:
            boxes = [(axes[-1], display.legend_.get_window_extent())]
        else:
            boxes = [(ax, t.get_window_extent()) for ax in axes for t in ax.texts]
            assert len(boxes) == max(2, n_candidates) * len(axes)
        for ax, box in boxes:
            assert box.x0 >= ax.get_window_extent().x1
            assert box.x1 <= display.figure_.bbox.x1
            assert box.y0 >= display.figure_.bbox.y0
            assert box.y1 <= display.figure_.bbox.y1
        if len(axes) == 2 and n_candidates <= 5:
            right = max(text.get_window_extent().x1 for text in axes[0].texts)
            assert right <= axes[1].get_window_extent().x0


@pytest.mark.parametrize("log_scale", [True, False])
def test_labels_are_at_the_ends_and_do_not_overlap(log_scale):
    history = make_history(5, names=[*"abcd", "two\nlines"])
    crowded = history["candidate"].isin([*"abc", "two\nlines"])
    last = history["epoch"] == 10
    history.loc[crowded & last, "val_loss"] = 0.4
    history.loc[(history["candidate"] == "c") & last, "val_loss"] = np.nan
    history.loc[(history["candidate"] == "d") & last, "val_loss"] = 1.2
    display = EpochCurveDisplay(history).plot(log_scale=log_scale)
    display.figure_.draw_without_rendering()
    boxes = {t.get_text(): t.get_window_extent() for t in display.ax_.texts}
    assert set(boxes) == {*"abcd", "two\nlines"}
    ordered = sorted(boxes.values(), key=lambda box: box.y0)
    for lower, upper in itertools.pairwise(ordered):
        assert lower.y1 <= upper.y0
    ends = {text: display.mean_lines_[text, "val_loss"].get_xydata() for text in "cd"}
    for text, points in ends.items():
        end = points[np.isfinite(points[:, 1])][-1]
        height = display.ax_.transData.transform(end)[1]
        assert boxes[text].y0 < height < boxes[text].y1
    colors = {text.get_text(): text.get_color() for text in display.ax_.texts}
    assert colors["a"] == display.mean_lines_["a", "val_loss"].get_color()


def test_labels_stay_at_the_ends_if_the_limits_change():
    display = EpochCurveDisplay(make_history(2)).plot()
    display.ax_.set_ylim(0.5, 3)
    display.figure_.draw_without_rendering()
    ends = {x.get_label(): x.get_xydata()[-1] for x in display.mean_lines_.values()}
    for text in display.ax_.texts:
        box = text.get_window_extent()
        _, height = display.ax_.transData.transform(ends[text.get_text()])
        assert box.y0 < height < box.y1


def test_no_legend_if_all_elements_have_labels():
    display = EpochCurveDisplay(make_history(1, n_splits=1)).plot(mark_best=False)
    assert display.legend_ is None
    assert list_labels(display) == ["Validation", "Training"]


@pytest.mark.parametrize("n_epochs", [10, 40])
def test_axis_of_epochs_has_no_epoch_0(n_epochs):
    display = EpochCurveDisplay(make_history(1, n_epochs=n_epochs)).plot()
    assert 0 < display.ax_.get_xlim()[0] < 1


@pytest.mark.parametrize("factor", [1, 0.01])
def test_log_scale_has_plain_numbers(factor):
    history = make_history(1)
    history["loss"] *= factor
    display = EpochCurveDisplay(history).plot(log_scale=True)
    display.figure_.draw_without_rendering()
    low, high = display.ax_.get_ylim()
    labels = display.ax_.get_yticklabels(which="both")
    texts = [label.get_text().replace("\N{MINUS SIGN}", "-") for label in labels]
    numbers = [float(text) for text in texts if text]
    assert sum(low <= number <= high for number in numbers) >= 2


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
    values, _ = display.plot_summary().error_bars_
    np.testing.assert_allclose(values.lines[0].get_xdata(), [0.3, 0.31])


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
    marker = display.best_markers_[0, "val_accuracy"]
    assert marker.get_xdata() == [search.best_epoch_]
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


@pytest.fixture(scope="module")
def fitted():
    X, y = make_classification(90, random_state=0)
    classifier = KerasMLPClassifier(size=2, epochs=4, random_state=0)
    return classifier.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])


def test_one_fit_from_all_types_with_a_history(fitted):
    frame = pd.DataFrame(fitted.history_)
    pipe = make_pipeline(StandardScaler(), fitted)
    for source in (
        fitted,
        fitted.history_,
        frame,
        frame.rename_axis("epoch").reset_index().assign(epoch=lambda f: f.epoch + 1),
        pipe,
    ):
        display = EpochCurveDisplay(source).plot()
        assert set(display.mean_lines_) == {(0, "val_loss"), (0, "loss")}
        for name in ("val_loss", "loss"):
            line = display.mean_lines_[0, name]
            np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4])
            np.testing.assert_array_equal(line.get_ydata(), fitted.history_[name])
        marker = display.best_markers_[0, "val_loss"]
        assert marker.get_xdata() == [fitted.best_epoch_]
    assert EpochCurveDisplay.from_fitted(pipe).ax_.get_ylabel() == "Loss"


def test_one_fit_without_validation_data():
    X, y = make_classification(60, random_state=0)
    classifier = KerasMLPClassifier(size=2, epochs=3, random_state=0).fit(X, y)
    display = EpochCurveDisplay.from_fitted(classifier)
    assert set(display.mean_lines_) == {(0, "loss")}
    assert display.best_markers_ == {}
    assert display.ax_.get_ylabel() == "Training loss"
    with pytest.raises(ValueError, match="got 'val_loss'"):
        display.plot(score_type="validation")


def test_metrics_side_by_side(fitted):
    display = EpochCurveDisplay.from_fitted(fitted, metric=["loss", "accuracy"])
    assert [panel.get_ylabel() for panel in display.ax_] == ["Loss", "Accuracy"]
    assert [panel.get_xlabel() for panel in display.ax_] == ["Epoch", "Epoch"]
    assert set(display.best_markers_) == {(0, "val_loss"), (0, "val_accuracy")}
    assert list_labels(display) == ["Validation", "Training"]
    assert len(display.figure_.axes) == 2
    several = EpochCurveDisplay(make_history(3), metric=["loss", "accuracy"])
    assert [len(panel.lines) for panel in several.plot().ax_] == [6, 6]
    _, axes = plt.subplots(2, 1)
    assert list(several.plot(axes).ax_) == list(axes)
    assert several.plot_summary().ax_[0].get_xlabel().startswith("Best validation loss")


def test_metric_selects_the_curves():
    display = EpochCurveDisplay(make_history(1))
    assert set(display.plot(metric="val_loss").mean_lines_) == {(0, "val_loss")}
    assert display.ax_.get_ylabel() == "Validation loss"
    assert set(display.plot(metric="loss").mean_lines_) == {
        (0, "val_loss"),
        (0, "loss"),
    }
    assert set(display.plot(metric="loss", score_type="train").mean_lines_) == {
        (0, "loss")
    }
    display = EpochCurveDisplay(make_history(2), metric="val_accuracy").plot()
    assert display.ax_.get_ylabel() == "Validation accuracy"
    display.plot_summary()
    assert display.ax_[0].get_xlabel().startswith("Best validation accuracy")


def test_constructor_does_not_draw():
    X, y = make_classification(60, random_state=0)
    classifier = KerasMLPClassifier(size=2, random_state=0)
    search = EpochSearchCV(classifier, max_epochs=3, cv=2, monitor="val_accuracy")
    display = EpochCurveDisplay(search.fit(X, y))
    assert plt.get_fignums() == []
    display.plot_summary()
    assert len(plt.get_fignums()) == 1
    assert display.ax_[0].get_xlabel().startswith("Best validation accuracy")
    EpochCurveDisplay.from_search(search)
    assert len(plt.get_fignums()) == 2


def test_scores_without_a_training_curve():
    X, y = make_classification(60, random_state=0)
    classifier = KerasMLPClassifier(size=2, random_state=0)
    options = {"max_epochs": 3, "cv": 2, "scoring": {"log_loss": "neg_log_loss"}}
    search = EpochSearchCV(classifier, monitor="val_log_loss", **options).fit(X, y)
    display = EpochCurveDisplay.from_search(search)
    assert set(display.mean_lines_) == {(0, "val_log_loss")}
    marker = display.best_markers_[0, "val_log_loss"]
    assert marker.get_xdata() == [search.best_epoch_]


def test_legend_within_given_axes():
    figure, axes = plt.subplots(1, 2)
    for ax in axes:
        display = EpochCurveDisplay(make_history(4)).plot(ax=ax)
        figure.draw_without_rendering()
        legend = display.legend_.get_window_extent()
        panel = ax.get_window_extent()
        assert panel.x0 <= legend.x0
        assert legend.x1 <= panel.x1
        assert panel.y0 <= legend.y0
        assert legend.y1 <= panel.y1


@pytest.mark.parametrize("score_type", ["validation", "both"])
def test_a_diverging_candidate_leaves_the_panel(score_type):
    history = make_history(3, names=["fine", "wild", "good"])
    wild = history["candidate"] == "wild"
    history.loc[wild, "val_loss"] *= np.linspace(1, 500, wild.sum())
    display = EpochCurveDisplay(history).plot(score_type=score_type)
    low, high = display.ax_.get_ylim()
    for (candidate, _), line in display.mean_lines_.items():
        if candidate != "wild":
            assert low <= line.get_ydata().min()
            assert line.get_ydata().max() <= high
    fine = display.mean_lines_["fine", "val_loss"].get_ydata()
    assert (fine.max() - fine.min()) / (high - low) > 0.2
    wild = display.mean_lines_["wild", "val_loss"].get_ydata()
    assert wild.max() > high
    assert "cut off" in display.ax_.get_title(loc="right")
    assert display.plot(log_scale=True).ax_.get_ylim()[1] > wild.max()


def test_nothing_else_leaves_the_panel():
    history = make_history(3)
    history.loc[history["candidate"] == 2, "val_loss"] *= 2
    for metric in ("loss", "accuracy"):
        display = EpochCurveDisplay(history).plot(metric=metric)
        assert display.ax_.get_title(loc="right") == ""
        low, high = display.ax_.get_ylim()
        for line in display.mean_lines_.values():
            assert low <= line.get_ydata().min()
            assert line.get_ydata().max() <= high


@pytest.mark.parametrize("n_failed", [1, 2])
def test_candidates_without_values(n_failed):
    history = make_history(2)
    history.loc[history["candidate"] >= 2 - n_failed, "val_loss"] = np.nan
    display = EpochCurveDisplay(history).plot()
    assert set(display.best_markers_) == {(i, "val_loss") for i in range(2 - n_failed)}
    display.figure_.draw_without_rendering()


def test_repr():
    assert repr(EpochCurveDisplay(make_history(2))) == (
        "EpochCurveDisplay(metric='loss': 2 candidates, 3 splits, 10 epochs)"
    )


def test_error_for_objects_without_curves():
    X, y = make_classification(60, random_state=0)
    classifier = KerasMLPClassifier(size=2, epochs=2, random_state=0)
    grid = GridSearchCV(classifier, {"size": [2]}, cv=2).fit(X, y)
    with pytest.raises(TypeError, match="GridSearchCV, which records no epochs"):
        EpochCurveDisplay.from_search(grid)
    with pytest.raises(TypeError, match="LogisticRegression, which records"):
        EpochCurveDisplay.from_fitted(LogisticRegression().fit(X, y))
    with pytest.raises(NotFittedError):
        EpochCurveDisplay.from_fitted(classifier)
    with pytest.raises(TypeError, match="frame of epoch_curve"):
        EpochCurveDisplay([0.1, 0.2])


def test_from_estimator_takes_all_parameters_of_epoch_curve():
    parameters = inspect.signature(EpochCurveDisplay.from_estimator).parameters
    for name, parameter in inspect.signature(epoch_curve).parameters.items():
        assert parameters[name].kind is parameter.kind
        assert parameters[name].default in (parameter.default, np.nan)


def test_wrong_options_raise_before_training():
    for options in ({"colour": "red"}, {"band": "wide"}, {"metric": 3}):
        with pytest.raises((TypeError, ValueError), match=next(iter(options))):
            EpochCurveDisplay.from_estimator(None, None, None, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "f1"}, "'val_accuracy', 'fit_time'], got 'val_f1'"),
        ({"score_type": "test"}, "score_type"),
        ({"band": "wide"}, "band"),
    ],
)
def test_wrong_input(options, message):
    with pytest.raises(ValueError, match=message):
        EpochCurveDisplay(make_history(1)).plot(**options)
    with pytest.raises(ValueError, match="error"):
        EpochCurveDisplay(make_history(1)).plot_summary(error="none")


def test_matplotlib_settings_are_untouched():
    before = dict(matplotlib.rcParams)
    EpochCurveDisplay(make_history(2)).plot()
    assert dict(matplotlib.rcParams) == before


def mark_epochs(display):
    """Best epoch that the plot of each column marks."""
    epochs = {}
    for name in display.history.filter(like="val_"):
        (marker,) = display.plot(metric=name).best_markers_.values()
        epochs[name] = int(marker.get_xdata()[0])
        plt.close(display.figure_)
    return epochs


def test_the_first_metric_decides_which_epoch_is_marked():
    history = make_history(2)
    history["val_accuracy"] = 1 / history["epoch"]
    display = EpochCurveDisplay(history, metric=["loss", "accuracy"]).plot()
    markers = display.best_markers_
    assert {key: marker.get_xdata()[0] for key, marker in markers.items()} == {
        (0, "val_loss"): 1,
        (0, "val_accuracy"): 1,
        (1, "val_loss"): 2,
        (1, "val_accuracy"): 2,
    }
    assert markers[1, "val_accuracy"].get_ydata() == [1 / 2]
    assert legend_texts(display)[-1] == "Best epoch by validation loss"
    display.plot(metric=["accuracy", "loss"])
    assert {m.get_xdata()[0] for m in display.best_markers_.values()} == {1}


# Column of a history, and whether smaller values are better.
DIRECTIONS = {
    "loss": True,
    "mse": True,
    "MeanSquaredError": True,
    "kl_divergence": True,
    "accuracy": False,
    "f1": False,
    "neg_log_loss": False,
    "low_error": False,
    "loss_ratio": False,
    "false_alarms": False,
}


@pytest.fixture
def many_metrics():
    """History with a column of each direction, best at epoch 3 or, if larger, 7."""
    history = make_history(1)[["candidate", "repeat", "fold", "epoch"]]
    for name in DIRECTIONS:
        history[f"val_{name}"] = 1 + (history["epoch"] - 3) ** 2 * (
            10 - history["fold"]
        )
        history.loc[history["epoch"] == 7, f"val_{name}"] = 1000
    return history


def reread_csv(history, folder, index=False):
    history.to_csv(folder / "history.csv", index=index)
    return pd.read_csv(folder / "history.csv")


def reread_parquet(history, folder):
    history.to_parquet(folder / "history.parquet")
    return pd.read_parquet(folder / "history.parquet")


COPIES = {
    "none": lambda history, folder: history,
    "CSV": reread_csv,
    "CSV with index": functools.partial(reread_csv, index=True),
    "Parquet": reread_parquet,
    "pickle": lambda history, folder: pickle.loads(pickle.dumps(history)),
    "nullable types": lambda history, folder: history.convert_dtypes(),
    "columns": lambda history, folder: history.to_dict("list"),
}


@pytest.mark.parametrize("copy_history", COPIES.values(), ids=COPIES)
def test_direction_of_a_column_in_a_frame(many_metrics, copy_history, tmp_path):
    display = EpochCurveDisplay(copy_history(many_metrics, tmp_path))
    assert mark_epochs(display) == {
        f"val_{name}": 3 if smaller else 7 for name, smaller in DIRECTIONS.items()
    }


def test_negative_values_are_scores():
    history = make_history(1)
    history["val_mse"] = -history["val_loss"]
    display = EpochCurveDisplay(history, metric="mse").plot()
    assert display.best_markers_[0, "val_mse"].get_xdata() == [1]


def score_all(estimator, X, y):
    """Scores, all larger when better, under names of errors."""
    proba = estimator.predict_proba(X)[:, 1]
    score = 1 - ((proba - y) ** 2).mean()
    return {"dice": score, "mse": score, "mean_error": score, "hinge_loss": score}


@pytest.mark.parametrize(
    ("scoring", "monitor"),
    [
        (score_all, "val_mse"),
        ({"mse": "neg_brier_score", "dice": "f1", "cost_error": "roc_auc"}, "val_mse"),
    ],
    ids=["function", "dict"],
)
def test_copied_searches_know_their_scores(scoring, monitor):
    X, y = make_classification(80, flip_y=0.2, random_state=0)
    classifier = KerasMLPClassifier(size=4, learning_rate=0.05, random_state=0)
    search = EpochSearchCV(
        classifier, max_epochs=8, cv=2, scoring=scoring, monitor=monitor
    ).fit(X, y)
    means = search.history_.groupby("epoch").mean().filter(like="val_")
    expected = means.idxmax().to_dict() | {"val_loss": means["val_loss"].idxmin()}
    assert expected[monitor] == search.best_epoch_
    for one in (search, pickle.loads(pickle.dumps(search)), copy(search)):
        assert mark_epochs(EpochCurveDisplay(one)) == expected
    if scoring is not score_all:
        drawn = EpochCurveDisplay.from_estimator(
            classifier, X, y, max_epochs=8, cv=2, scoring=scoring, metric="dice"
        )
        marker = drawn.best_markers_[0, "val_dice"]
        assert marker.get_xdata() == [expected["val_dice"]]


@pytest.mark.parametrize(
    ("name", "values", "labels"),
    [
        ("class_weight", [None, "balanced"], ["None", "balanced"]),
        ("learning_rate", [0.01, 0.5], ["0.01", "0.5"]),
        ("dropout", [0, 0.5], ["0", "0.5"]),
        ("shuffle", [True, False], ["True", "False"]),
        ("size", [2, (2, 3)], ["2", "(2, 3)"]),
        ("random_state", [None, 1], ["None", "1"]),
        ("class_weight", [None, {0: 1, 1: 2}], ["None", "{0: 1, 1: 2}"]),
        ("vectorizer__stop_words", [None, "english"], ["None", "english"]),
        ("vectorizer__max_features", [None, 3], ["None", "3"]),
        ("vectorizer__min_df", [1, 1.0], ["1", "1.0"]),
        ("learning_rate", [0.1, 0.1 + 1e-9], ["0.1", "0.100000001"]),
    ],
)
def test_values_of_parameters_stay_as_they_are(name, values, labels, tmp_path):
    texts = [f"{word} film number{i}" for i in range(10) for word in ("bad", "good")]
    pipe = Pipeline(
        [
            ("vectorizer", TextMultiHotVectorizer()),
            ("net", KerasMLPClassifier(2, random_state=0)),
        ]
    )
    column = name if "__" in name else f"net__{name}"
    search = EpochSearchCV(pipe, {column: values}, max_epochs=1, cv=2, refit=False)
    search.fit(texts, [0, 1] * 10)
    for one in (search, pickle.loads(pickle.dumps(search))):
        found = one.history_.drop_duplicates("candidate")[column].tolist()
        assert list(map(repr, found)) == list(map(repr, values))
        display = EpochCurveDisplay(one).plot()
        expected = [f"{name.rpartition('__')[2]}={label}" for label in labels]
        assert list_labels(display) == expected
    if None in values:
        display = EpochCurveDisplay(reread_csv(search.history_, tmp_path)).plot()
        assert list_labels(display)[0] == expected[0]


def test_equal_candidates_have_different_labels():
    history = make_history(3)
    history["kerasmlpclassifier__size"] = 4
    display = EpochCurveDisplay(history).plot()
    assert list_labels(display) == [f"candidate={i}" for i in range(3)]
    history.loc[history["candidate"] == 2, "kerasmlpclassifier__size"] = 8
    display.plot_summary()
    labels = [label.get_text() for label in display.ax_[0].get_yticklabels()]
    assert labels == [f"candidate={i}" for i in range(3)]
    display = EpochCurveDisplay(history).plot()
    expected = ["size=4, candidate=0", "size=4, candidate=1", "size=8"]
    assert list_labels(display) == expected


STRANGE = [
    "a$b$c",
    "$x^{$",
    r"\$5 \$",
    "$",
    "_hidden",
    "_",
    "100 % {x} #1",
    "ä ✓",
    "a\nb",
]


def test_texts_of_the_user_are_shown_as_they_are(tmp_path):
    history = make_history(len(STRANGE), names=STRANGE)
    metric = "cost_in_$_and_$"
    history = history.rename(columns=lambda name: name.replace("accuracy", metric))
    drawings = {
        "curves": EpochCurveDisplay(history, metric=metric).plot(),
        "alone": EpochCurveDisplay(history.query("candidate == '$'"), metric=metric),
        "summary": EpochCurveDisplay(history, metric=metric).plot_summary(),
    }
    drawings["alone"].plot()
    for name, display in drawings.items():
        with matplotlib.rc_context({"svg.fonttype": "none"}):  # texts, not paths
            display.figure_.savefig(tmp_path / f"{name}.svg")
        content = html.unescape((tmp_path / f"{name}.svg").read_text(encoding="utf-8"))
        assert "ost in $ and $" in content
        if name != "alone":
            for text in STRANGE:
                assert all(f"{line}</text>" in content for line in text.split("\n"))
    assert len(drawings["curves"].ax_.legend().get_texts()) == len(STRANGE)


def test_long_labels_leave_room_for_the_axes():
    names = [f"{first}{' with a long description' * 6}" for first in "abc"] + [
        "d" * 150
    ]
    display = EpochCurveDisplay(make_history(4, names=names))
    for axes in (display.plot().ax_, display.plot_summary().ax_[0]):
        axes.figure.draw_without_rendering()
        assert axes.get_window_extent().width > axes.figure.bbox.width / 5


def test_values_of_parameters_are_escaped():
    history = make_history(2)
    history["kerasmlpclassifier__l2"] = history["candidate"].map({0: "$a$", 1: "^$"})
    display = EpochCurveDisplay(history).plot()
    assert list_labels(display)[0] == r"size=1, l2=\$a\$"
    display.figure_.draw_without_rendering()


@pytest.mark.parametrize(
    ("history", "message"),
    [
        (pd.DataFrame(), "got 0 rows"),
        ({}, "got 0 rows"),
        (make_history(1).iloc[:0], "got 0 rows"),
        ({"loss": []}, "got 0 rows"),
        ({"loss": [1.0], "val_loss": [1.0, 2.0]}, "same length"),
        ({"loss": 0.5}, "scalar"),
        (make_history(1).drop(columns="epoch"), "with the columns"),
        (make_history(1).drop(columns=["repeat", "fold"]), "with the columns"),
        (pd.concat([make_history(1)] * 2), "Expected a history with one row per"),
        (make_history(1).assign(epoch=None), "numeric epoch"),
        (make_history(1).assign(epoch="first"), "numeric epoch"),
        (make_history(1).assign(fold=None), "numeric epoch"),
        (make_history(1).assign(val_loss="low"), "to float: 'low'"),
        (make_history(1).set_axis(range(11), axis=1), "got 'val_loss'"),
        (pd.concat([make_history(1)] * 2, axis=1), "with the columns"),
        (pd.DataFrame([[1.0, 2.0]], columns=["loss"] * 2), "with the columns"),
    ],
)
def test_wrong_frames(history, message):
    for draw in (EpochCurveDisplay.plot, EpochCurveDisplay.plot_summary):
        with pytest.raises(ValueError, match=message):
            draw(EpochCurveDisplay(history))
    assert plt.get_fignums() == []


@pytest.mark.parametrize("history", [None, [1.0], "history.csv", np.ones((3, 2))])
def test_wrong_types(history):
    with pytest.raises(TypeError, match="Expected the frame of epoch_curve"):
        EpochCurveDisplay(history)


@pytest.mark.parametrize("names", [["None", "4 units"], ["None", "4.5"]])
def test_candidate_named_none_in_a_file(names, tmp_path):
    history = reread_csv(make_history(2, names=names), tmp_path)
    labels = list_labels(EpochCurveDisplay(history).plot())
    assert labels == ["None", "4 units" if "4 units" in names else "size=2"]


def test_summary_has_no_best_epoch_without_scores():
    history = make_history(3)
    history.loc[history["candidate"] == 1, "val_loss"] = np.nan
    history.loc[(history["candidate"] == 2) & (history["fold"] == 0), "val_loss"] = (
        np.inf
    )
    display = EpochCurveDisplay(history).plot_summary()
    labels = [label.get_text() for label in display.ax_[0].get_yticklabels()]
    assert labels == ["size=1", "size=2", "size=4"]
    values, epochs = display.error_bars_
    assert np.isfinite(values.lines[0].get_xdata()).tolist() == [True, False, False]
    np.testing.assert_array_equal(epochs.lines[0].get_xdata(), [1, np.nan, np.nan])


@pytest.mark.parametrize("n_epochs", [1, 2, 3, 10, 11, 12, 18, 28, 30, 41, 100, 365])
def test_first_and_last_epoch_are_labelled(n_epochs):
    display = EpochCurveDisplay(make_history(1, n_splits=1, n_epochs=n_epochs)).plot()
    ticks = display.ax_.get_xticks()
    assert ticks[0] == 1
    assert ticks[-1] == n_epochs
    assert len(ticks) <= 12
    assert (np.diff(ticks) >= (n_epochs - 1) / 12).all()
    assert all(tick % 5 == 0 for tick in ticks[1:-1]) or n_epochs <= 11
    low, high = display.ax_.get_xlim()
    assert low < 1
    assert high > n_epochs


def test_summary_shows_all_epochs():
    right = EpochCurveDisplay(make_history(3, n_epochs=30)).plot_summary().ax_[1]
    assert right.get_xticks().tolist() == [1, 5, 10, 15, 20, 25, 30]
    low, high = right.get_xlim()
    assert low < 1
    assert high > 30


def test_two_displays_in_one_axes_are_both_whole():
    ax = plt.figure().add_subplot()
    for n_epochs in (20, 5):
        EpochCurveDisplay(make_history(1, n_epochs=n_epochs)).plot(ax)
    assert ax.get_xlim()[1] > 20


def test_single_points_are_visible():
    display = EpochCurveDisplay(make_history(1, n_epochs=1)).plot(mark_best=False)
    for line in [*display.mean_lines_.values(), *display.split_lines_[0, "loss"]]:
        assert line.get_marker() not in ("", "None")
    history = make_history(2)
    history.loc[(history["candidate"] == 0) & (history["epoch"] != 2), "val_loss"] = (
        np.nan
    )
    line = EpochCurveDisplay(history).plot().mean_lines_[0, "val_loss"]
    assert line.get_marker() == "o"


@pytest.mark.parametrize("n_candidates", [1, 3])
def test_every_element_is_in_the_legend(n_candidates):
    display = EpochCurveDisplay(make_history(n_candidates))
    display.plot(score_type="both", splits=True, band="sd")
    curves = ["Validation", "Training"]
    elements = ["Single splits", "± standard deviation", "Best epoch: 1"]
    if n_candidates > 1:
        curves = ["size=1", "size=2", "size=4"]
        elements = ["Training (thin)", *elements[:2], "Best epoch"]
    assert list_labels(display) == curves
    assert legend_texts(display) == elements
    _, ax = plt.subplots()
    display.plot(ax, score_type="both", splits=True, band="sd")
    assert legend_texts(display) == [*curves, *elements]
    assert not ax.texts
    display.plot(log_scale=True)
    assert display.ax_.get_ylabel().endswith("oss (log scale)")

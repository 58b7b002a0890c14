"""The tables of the benchmarks, and their pages."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from skimdb import TextMultiHotVectorizer

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "examples" / "benchmarks"
SCALING, TRAINING = (
    (ROOT / "docs" / name).read_text(encoding="utf-8")
    for name in ("scaling.md", "benchmarks.md")
)


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


@pytest.mark.parametrize("script", sorted(p.name for p in BENCHMARKS.glob("bench_*")))
def test_every_benchmark_is_listed(script):
    assert f"`{script}`" in (BENCHMARKS / "README.md").read_text(encoding="utf-8")


def test_comparison_pairs_runs_and_notes_who_wins():
    from harness.report import Measure, compare

    runs = {
        "skimdb": [{"s": 1.0}, {"s": 2.0}, {"s": 1.0}],
        "skimdb in pieces": [{"s": 0.1}],
        "slow": [{"s": 2.0}, {"s": 8.0}, {"s": 3.0}],
        "fast": [{"s": 0.5}, None, {"s": 0.5}],
        "broken": [None, None, None],
    }
    header, rows, wins = compare(runs, [Measure("s", "s", ("skimdb",))])
    assert header == ("", "runs", "s", "times skimdb's")
    rows = {peer: cells for peer, *cells in rows}
    assert rows["slow"] == ["3", "2.00 - 3.00 - 8.00", "2.00 - 3.00 - 4.00"]
    assert rows["fast"] == ["2", "0.50 - 0.50 - 0.50", "0.50 - 0.50 - 0.50"]
    assert rows["broken"] == ["0", "failed", "failed"]
    assert wins == ["s: fast needs 0.50 times as much as skimdb."]


def test_tables_are_put_in_their_places(tmp_path):
    from harness.report import write_blocks

    text = (
        "Before.\n\n<!-- a -->\nold\n<!-- end -->\n\n<!-- b -->\n<!-- end -->\nAfter."
    )
    page = tmp_path / "page.md"
    page.write_text(text)
    for _ in range(2):
        write_blocks(page, {"a": ["| new |"]})
        assert page.read_text() == text.replace("old", "\n| new |\n")
    with pytest.raises(ValueError, match="<!-- c -->"):
        write_blocks(page, {"c": []})


def test_every_section_has_a_place():
    from harness.report import fill_in
    from scaling import sections as scaling
    from training import sections as training

    for page, names in [
        (SCALING, ["machine", *scaling.SECTIONS]),
        (TRAINING, ["machine", "wins", *training.SECTIONS, "corpora"]),
    ]:
        assert all("| new |" in fill_in(page, name, ["| new |"]) for name in names)
        assert page.count("<!-- end -->") == len(names)


def test_numbers_of_the_pages_are_those_of_the_plans():
    from scaling import plans as scaling
    from training import plans as training

    plan = scaling.FULL
    sizes = f"{plan.sizes[0]} to {plan.sizes[-1]}"
    assert f"{plan.n_candidates} candidates ({sizes} units" in SCALING
    assert f"on {plan.n_splits} splits of {plan.n_reviews:,} vector" in SCALING
    assert f"{plan.epochs} epochs: {plan.n_candidates * plan.n_splits} fits" in SCALING
    plan, page = training.FULL, " ".join(TRAINING.split())
    for network in (plan.holdout, plan.wide, plan.kfold, plan.accuracy):
        assert str(network) in page
    assert f"{plan.n_validation:,} reviews after each epoch" in page
    assert f"{plan.script_epochs} epochs) on 4 folds" in page
    n_networks = len(plan.grid_sizes) * len(plan.grid_l2) * len(plan.grid_dropout)
    assert f"{plan.grid_epochs} epochs: {4 * n_networks} networks" in page


def change_and_raise(estimator):
    estimator.size_ = 3
    raise ValueError("changed")


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (change_and_raise, "the estimator is changed after the error"),
        (lambda _: np.array([np.nan]), "not finite, without a warning"),
        (lambda _: np.random.seed(0), "changed for all: NumPy's global generator"),  # noqa: NPY002
    ],
)
def test_odd_inputs_find_faults(call, expected):
    from odd_inputs.judge import run

    estimator = BaseEstimator()
    assert run(lambda: (estimator, lambda: call(estimator)))["faults"] == [expected]


@pytest.mark.parametrize(
    ("call", "where"),
    [
        (lambda: TextMultiHotVectorizer().fit("a text"), "skimdb"),
        (lambda: TextMultiHotVectorizer(max_features="a").fit([]), "sklearn"),
        (lambda: np.ones(3) @ np.ones(2), "test_benchmarks.py"),
        (lambda: TextMultiHotVectorizer().fit(["a"]), "None"),
    ],
)
def test_odd_inputs_find_the_source_of_an_error(call, where):
    from odd_inputs.judge import run

    assert where in str(run(lambda: (None, call))["where"])

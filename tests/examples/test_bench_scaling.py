"""The tables of the scaling benchmark have their places in docs/scaling.md."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "examples" / "benchmarks")
    return importlib.import_module("bench_scaling")


def test_tables_are_put_in_their_places(bench):
    page = (
        "Before.\n\n<!-- a -->\nold\n<!-- end -->\n\n<!-- b -->\n<!-- end -->\nAfter.\n"
    )
    once = bench.fill_in(page, "a", ["| new |", ""])
    assert once == page.replace("old", "\n| new |\n")
    assert bench.fill_in(once, "a", ["| new |"]) == once
    with pytest.raises(ValueError, match="no place <!-- c -->"):
        bench.fill_in(page, "c", [])


def test_every_table_has_a_place(bench):
    for name in ["machine", *bench.SECTIONS]:
        assert "| new |" in bench.fill_in(PAGE, name, ["| new |"])
    assert PAGE.count("<!-- end -->") == 1 + len(bench.SECTIONS)


def test_numbers_of_the_page_are_those_of_the_plan(bench):
    plan = bench.FULL
    assert (
        f"{plan.n_candidates} candidates ({plan.sizes[0]} to {plan.sizes[-1]}" in PAGE
    )
    assert f"on {plan.n_splits} splits of {plan.n_reviews:,} vectorized reviews" in PAGE
    assert f"{plan.epochs} epochs: {plan.n_candidates * plan.n_splits} fits" in PAGE

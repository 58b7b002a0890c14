"""Timings in the README and on the landing page are medians of the benchmarks."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FIGURE = re.compile(r"(\d[\d,.]*) (s|MB)\b")


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def list_medians(section):
    """List the medians of a section of the benchmarks, rounded as in the README."""
    text = re.split(r"^##+ ", read("docs/benchmarks.md"), flags=re.MULTILINE)
    (part,) = (part for part in text if part.startswith(section))
    medians = re.findall(r"[\d.]+ - ([\d.]+) - [\d.]+", part)
    return {f"{float(m):.1f} s" for m in medians} | {
        f"{float(m):,.0f} MB" for m in medians
    }


def find_part(page, start, end):
    """Return the text between two strings."""
    return read(page).partition(start)[2].partition(end)[0]


def list_cards():
    """List the cards of the landing page that contain figures."""
    cards = re.findall(
        r":::\{grid-item-card\} (\d.*?)\n:::", read("docs/index.md"), re.S
    )
    assert len(cards) == 3
    return cards


@pytest.mark.parametrize(
    ("text", "section"),
    [
        (find_part("README.md", "| a script with", "\n"), "A cross-validation"),
        (find_part("README.md", "| four folds", "\n"), "K-fold with curves"),
        (find_part("README.md", "| one fit", "\n"), "One fit"),
        *zip(list_cards(), ["A cross-validation"] * 2 + ["K-fold"], strict=True),
    ],
    ids=["script", "folds", "fit", "card of time", "card of memory", "card of folds"],
)
def test_figures_are_measured(text, section):
    figures = {" ".join(figure) for figure in FIGURE.findall(text)}
    assert len(figures) >= 2
    assert figures <= list_medians(section)

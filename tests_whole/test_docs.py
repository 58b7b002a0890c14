"""The code in the documentation runs and prints the output shown."""

import doctest
import re
from functools import cache
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import skimdb
import skimdb.datasets
from skimdb.datasets import _imdb

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLES = DOCS.parent / "examples"
# Their code needs a cluster or large files. plot_cluster.py and
# plot_larger_than_memory.py in the gallery run similar code.
NEED_A_CLUSTER_OR_FILES = {"scaling.md", "streaming.md"}
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def read_code(text):
    """Keep the Python blocks of a page at their line numbers."""
    lines, inside = [], False
    for line in text.splitlines():
        is_fence = line.startswith("```")
        inside = line == "```python" if is_fence else inside
        lines.append(line if inside and not is_fence else "")
    return "\n".join(lines) + "\n"


PAGES = {
    path.relative_to(DOCS).as_posix(): read_code(path.read_text(encoding="utf-8"))
    for path in sorted(DOCS.rglob("*.md"))
}


@pytest.fixture(scope="module")
def _reviews_are_read_once():
    """Most pages fetch the same reviews."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_imdb, "read_movie_reviews", cache(_imdb.read_movie_reviews))
        yield


@pytest.mark.usefixtures("_reviews_are_read_once")
@pytest.mark.parametrize(
    "page", [page for page, code in PAGES.items() if ">>>" in code]
)
@pytest.mark.filterwarnings("ignore:__array__ implementation")  # Keras saves a model
def test_code_runs(page, tmp_path, monkeypatch):
    plt.switch_backend("agg")  # draws without a screen
    monkeypatch.chdir(tmp_path)  # pages may write files
    parser = doctest.DocTestParser()
    examples = parser.get_doctest(PAGES[page], {}, page, str(DOCS / page), 0)
    report = []
    doctest.DocTestRunner(optionflags=OPTIONS).run(examples, out=report.append)
    plt.close("all")
    assert not report, "".join(report)


def test_all_code_is_tested():
    """Only blocks with a prompt are tested, so all must have one."""
    for page in PAGES:
        text = (DOCS / page).read_text(encoding="utf-8")
        for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
            if not block.startswith(">>> "):
                assert page in NEED_A_CLUSTER_OR_FILES, (page, block)
                compile(block, page, "exec")


def test_pages_print_results():
    """A number or a table tells the reader more than a comparison that is True."""
    outputs = [
        line
        for code in PAGES.values()
        for line in code.splitlines()
        if re.match(r"\(?True\b", line)
    ]
    assert outputs == []


def list_guide():
    """List the pages of the user guide, by its tables of contents."""
    folder = DOCS / "user_guide"
    tables = re.findall(
        r"```{toctree}\n(.*?)```", (folder / "index.md").read_text(), re.S
    )
    names = re.findall(r"^[\w./]+$", "\n".join(tables), flags=re.MULTILINE)
    names.remove("../benchmarks")  # its scripts are not in the gallery
    return [folder / f"{name}.md" for name in names]


@pytest.mark.parametrize("page", list_guide(), ids=lambda path: path.stem)
def test_guide_page_ends_with_examples(page):
    text = page.read_text(encoding="utf-8")
    assert re.match(r"\([\w-]+\)=\n# ", text)  # docstrings link to this label
    examples = text.rpartition("## Examples\n")[2].split()
    assert {*examples[::2]} == {"-"}
    for example in examples[1::2]:
        name = re.fullmatch(r"{ref}`sphx_glr_auto_examples_(\w+\.py)`", example)[1]
        assert (EXAMPLES / name).is_file()


def test_figures_are_from_the_gallery():
    figures = []
    for page in list_guide():
        text = page.read_text(encoding="utf-8")
        figures += re.findall(r"/sphx_glr_(\w+)_\d{3}\.png\n:target: .*?/(\w+)\.", text)
    assert len(figures) >= 12
    for picture, target in figures:
        assert picture == target
        assert (EXAMPLES / f"{target}.py").is_file()


def test_reference_lists_public_names():
    page = (DOCS / "api/index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^   ([\w.]+)$", page, flags=re.MULTILINE)
    public = {*skimdb.__all__} - {"__version__", "datasets"}
    public |= {f"datasets.{name}" for name in skimdb.datasets.__all__}
    assert sorted(listed) == sorted(public)

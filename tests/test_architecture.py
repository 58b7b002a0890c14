"""The import rule of docs/architecture.md, and the limits of files and functions."""

import ast
import re
from pathlib import Path

import pytest

import skimdb

PACKAGE = Path(skimdb.__file__).parent
SOURCES = {
    path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
}

KERAS = "skimdb.neural_network._keras"
ROOT_FILES = {f"skimdb.{path.stem}" for path in PACKAGE.glob("_*.py")}
# Beginnings of the paths that may import a package.
IMPORTED_BY = {
    "keras": "neural_network/_keras/",
    "matplotlib": "model_selection/_plot",
    "pooch": "datasets/_download.py",
    "scikeras": "neural_network/_keras/",
    "tensorflow": "neural_network/_keras/",
}


def list_imports(source):
    """Yield the line and dotted name of each import, and whether a function has it.

    Attributes such as ``sklearn.utils._tags`` count as imports.
    """
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = {node for function in functions for node in ast.walk(function)}
    for_editors = {  # nothing runs these imports
        node
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in ast.walk(branch)
    }
    for node in set(ast.walk(tree)) - for_editors:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            names = [f"{module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute):
            names = [ast.unparse(node)]
            names = [name for name in names if name.startswith("sklearn.")]
        for name in names:
            yield node.lineno, name, node in inside


def is_in(name, package):
    return f"{name}.".startswith(f"{package}.")


def may_import(path, name, in_function):
    """Whether the import rule allows a file to import a name."""
    top, *rest = name.split(".")
    folder = path.rpartition("/")[0].replace("/", ".")
    if top == "":
        return False  # relative
    if top == "skimdb" and path != "__init__.py":  # which imports from all folders
        own = bool(folder) and is_in(name, f"skimdb.{folder}")
        own &= in_function or folder.endswith("_keras") or not is_in(name, KERAS)
        return own or any(is_in(name, file) for file in ROOT_FILES)
    if top == "sklearn":
        private = any(re.match("_(?!_)", part) for part in rest)
        return path == "_sklearn.py" or not private
    if top == "matplotlib" and not in_function:
        return False
    return path.startswith(IMPORTED_BY.get(top, ""))


def test_files_import_what_they_may():
    forbidden = [
        f"skimdb/{path}:{line} imports {name}"
        for path, source in SOURCES.items()
        for line, name, in_function in list_imports(source)
        if not may_import(path, name, in_function)
    ]
    assert forbidden == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("datasets/_a.py", "import skimdb.model_selection._search"),
        ("datasets/_a.py", "from ..model_selection import _search"),
        ("datasets/_a.py", "from sklearn.utils import _safe_indexing"),
        ("datasets/_a.py", "import sklearn\nsklearn.utils._tags()"),
        ("model_selection/_a.py", "from skimdb.neural_network import _metrics"),
        ("model_selection/_plot.py", "from matplotlib import cm"),
        ("neural_network/_a.py", "from skimdb.neural_network import _keras"),
        ("neural_network/_a.py", "def call():\n    import tensorflow.nn"),
        ("neural_network/_keras/_a.py", "from skimdb.neural_network import _network"),
    ],
)
def test_forbidden_import_is_found(path, source):
    assert not all(may_import(path, *found) for _, *found in list_imports(source))


def count_code_lines(node, lines):
    """Count lines without docstring, comments and blank lines."""
    numbers = set(range(node.lineno, node.end_lineno + 1))
    if ast.get_docstring(node) is not None:
        docstring = node.body[0]
        numbers -= set(range(docstring.lineno, docstring.end_lineno + 1))
    code = [lines[number - 1].strip() for number in numbers]
    return sum(bool(line) and not line.startswith("#") for line in code)


def test_functions_are_small():
    """Constructors are exempt, and the parameters of public functions and methods."""
    public = [skimdb, *(getattr(skimdb, name) for name in skimdb.__all__)]
    exempt = {name for each in public for name in dir(each) if name[0] != "_"}
    large = []
    for path, source in SOURCES.items():
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.FunctionDef) or node.name == "__init__":
                continue
            n_lines = count_code_lines(node, source.splitlines())
            names = {
                each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)
            }
            n_parameters = len(names - {"self", "cls"})
            if n_lines > 60 or (n_parameters > 7 and node.name not in exempt):
                large.append((path, node.name, n_lines, n_parameters))
    assert large == []


def test_files_are_few_and_short():
    assert len(SOURCES) <= 60
    lengths = {path: len(source.splitlines()) for path, source in SOURCES.items()}
    assert {path: n for path, n in lengths.items() if n > 500} == {}


def test_documented_tree_is_the_tree():
    page = Path(__file__).parents[1].joinpath("docs", "architecture.md")
    tree = page.read_text(encoding="utf-8").split("```")[1]
    documented = re.findall(r"^ +(\w+\.py)", tree, flags=re.MULTILINE)
    names = {Path(path).name for path in SOURCES if not path.endswith("/__init__.py")}
    assert sorted(names.symmetric_difference(documented)) == []

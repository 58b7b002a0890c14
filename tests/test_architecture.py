"""The import rule of docs/architecture.md, and the size of functions.

An import is ``(line, dotted name, whether it stands in a function)``; a rule says
whether a file may have it.
"""

import ast
import re
from pathlib import Path

import pytest

import skimdb
import skimdb.datasets

PACKAGE = Path(skimdb.__file__).parent
SOURCES = {
    path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
}
PUBLIC = {*skimdb.__all__, *skimdb.datasets.__all__}
MAX_LINES = 60
MAX_PARAMETERS = 7

GROUND = ["skimdb._checks", "skimdb._fits", "skimdb._messages", "skimdb._sklearn"]
GROUND += ["skimdb._version"]
KERAS = "neural_network/_keras"
# What the files of a folder may import of skimdb; the last one that fits counts.
MAY_IMPORT = {
    "": GROUND,
    "datasets/": [*GROUND, "skimdb.datasets"],
    "feature_extraction/": [*GROUND, "skimdb.feature_extraction"],
    "model_selection/": [
        *GROUND,
        "skimdb.model_selection",
        "skimdb.neural_network._metrics",
    ],
    "neural_network/": [*GROUND, "skimdb.neural_network"],
    f"{KERAS}/": [*GROUND, "skimdb.neural_network._keras"],
}


def find_imports(source):
    """Yield the imports of a source, and what it takes from `sklearn` by its path."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = {node for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
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


def is_below(name, packages):
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


def keeps_folders(path, name, in_function):
    """A folder imports its own files, the ground files, and little else of skimdb."""
    if path == "__init__.py" or not name.startswith(("skimdb", ".")):
        return True  # the public names point into all folders
    allowed = [names for folder, names in MAY_IMPORT.items() if path.startswith(folder)]
    return is_below(name, allowed[-1])


def keeps_keras_for_functions(path, name, in_function):
    """The folder `_keras` is imported by functions only, when they need it."""
    of_keras = is_below(name, ["skimdb.neural_network._keras"])
    return in_function or path.startswith(f"{KERAS}/") or not of_keras


def keeps_tensorflow(path, name, in_function):
    """Only the files below `_keras` import TensorFlow, Keras and scikeras."""
    heavy = is_below(name, ["tensorflow", "keras", "scikeras"])
    return path.startswith(f"{KERAS}/") or not heavy


def keeps_matplotlib(path, name, in_function):
    """Only the plots import matplotlib, and only when they are drawn."""
    draws = path.startswith("model_selection/_plot") and in_function
    return draws or not is_below(name, ["matplotlib"])


def keeps_pooch(path, name, in_function):
    """Only the download imports pooch."""
    return path == "datasets/_download.py" or not is_below(name, ["pooch"])


def keeps_sklearn(path, name, in_function):
    """Only `_sklearn.py` takes what is private in scikit-learn."""
    private = any(p.startswith("_") and p[-2:] != "__" for p in name.split("."))
    return path == "_sklearn.py" or not (private and is_below(name, ["sklearn"]))


IMPORT_RULES = [
    keeps_folders,
    keeps_keras_for_functions,
    keeps_tensorflow,
    keeps_matplotlib,
    keeps_pooch,
    keeps_sklearn,
]


def find_forbidden_imports(rule, path, source):
    """Return the places where a source breaks an import rule."""
    return [
        f"skimdb/{path}:{line} imports {name}"
        for line, name, in_function in find_imports(source)
        if not rule(path, name, in_function)
    ]


def find_large_functions(path, source):
    """Return the functions with too many lines of code or parameters.

    Constructors are left out, and the parameters of what is public: they are as many
    as users need. Docstrings, comments and blank lines do not count.
    """
    tree, lines = ast.parse(source), source.splitlines()
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    users = {child for node in classes if node.name in PUBLIC for child in node.body}
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef) or node.name == "__init__":
            continue
        has_docstring = ast.get_docstring(node) is not None
        start = node.body[0].end_lineno if has_docstring else node.lineno - 1
        code = [line.strip() for line in lines[start : node.end_lineno]]
        n_lines = sum(bool(line) and not line.startswith("#") for line in code)
        n_lines += node.body[0].lineno - node.lineno if has_docstring else 0
        arguments = ast.iter_child_nodes(node.args)
        names = {part.arg for part in arguments if isinstance(part, ast.arg)}
        n_parameters = len(names - {"self", "cls"})
        public = node in users and not node.name.startswith("_")
        public = public or node.name in PUBLIC
        where = f"skimdb/{path}:{node.lineno} {node.name}"
        if n_lines > MAX_LINES:
            found.append(f"{where} has {n_lines} lines of code")
        if n_parameters > MAX_PARAMETERS and not public:
            found.append(f"{where} has {n_parameters} parameters")
    return found


@pytest.mark.parametrize("rule", IMPORT_RULES)
def test_import_rule_holds(rule):
    broken = [
        place
        for path, source in SOURCES.items()
        for place in find_forbidden_imports(rule, path, source)
    ]
    if broken:
        pytest.fail("\n".join([rule.__doc__, *broken]), pytrace=False)


def test_functions_are_small():
    large = [
        place
        for path, source in SOURCES.items()
        for place in find_large_functions(path, source)
    ]
    if large:
        pytest.fail("\n".join(["Too large:", *large]), pytrace=False)


def test_documented_tree_is_the_tree():
    page = Path(__file__).parents[1].joinpath("docs", "architecture.md")
    tree = page.read_text(encoding="utf-8").split("```")[1]
    documented = re.findall(r"^ +(\w+\.py)", tree, flags=re.MULTILINE)
    names = {Path(path).name for path in SOURCES if not path.endswith("/__init__.py")}
    assert sorted(names.symmetric_difference(documented)) == []


# The rules themselves: each is broken, and next to it kept.

IN_FUNCTION = "def call():\n    "


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        (keeps_folders, "datasets/_a.py", "import skimdb.model_selection._search"),
        (keeps_folders, "datasets/_a.py", "from skimdb import KerasMLPClassifier"),
        (keeps_folders, "datasets/_a.py", "from ..model_selection import _search"),
        (keeps_folders, "datasets/_a.py", f"{IN_FUNCTION}import skimdb"),
        (keeps_folders, "feature_extraction/_a.py", "from skimdb import datasets"),
        (keeps_folders, "neural_network/_a.py", "import skimdb.feature_extraction._b"),
        (
            keeps_folders,
            f"{KERAS}/_a.py",
            f"{IN_FUNCTION}from skimdb.neural_network._network import NetworkSpec",
        ),
        (
            keeps_folders,
            "model_selection/_a.py",
            "from skimdb.neural_network import _monitor",
        ),
        (keeps_folders, "_messages.py", "from skimdb.datasets import fetch_imdb"),
        (
            keeps_keras_for_functions,
            "neural_network/_keras_params.py",
            "from skimdb.neural_network import _keras",
        ),
        (
            keeps_tensorflow,
            "neural_network/_a.py",
            f"{IN_FUNCTION}import tensorflow.nn",
        ),
        (keeps_tensorflow, "neural_network/_keras_params.py", "from keras import ops"),
        (keeps_tensorflow, "model_selection/_a.py", "import scikeras"),
        (keeps_matplotlib, "model_selection/_plot.py", "from matplotlib import cm"),
        (keeps_matplotlib, "datasets/_a.py", f"{IN_FUNCTION}import matplotlib.cm"),
        (keeps_pooch, "datasets/_imdb.py", f"{IN_FUNCTION}import pooch"),
        (keeps_sklearn, "datasets/_a.py", "from sklearn.utils import _safe_indexing"),
        (keeps_sklearn, "datasets/_a.py", "from sklearn.utils._tags import Tags"),
        (keeps_sklearn, "datasets/_a.py", "import sklearn.utils._tags"),
        (keeps_sklearn, "datasets/_a.py", "import sklearn\nsklearn.utils._tags()"),
    ],
)
def test_broken_import_rule_is_found(rule, path, source):
    (place,) = find_forbidden_imports(rule, path, source)
    line = len(source.splitlines())
    assert place.startswith(f"skimdb/{path}:{line} imports ")


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("__init__.py", "from skimdb.model_selection._search import EpochSearchCV"),
        ("_sklearn.py", "from sklearn.utils._tags import Tags"),
        ("datasets/_a.py", "from skimdb._messages import warn"),
        ("datasets/_a.py", "from skimdb.datasets import _download"),
        ("datasets/_a.py", "import sklearn\nsklearn.__version__"),
        ("datasets/_download.py", f"{IN_FUNCTION}import pooch"),
        (
            "neural_network/_training.py",
            f"{IN_FUNCTION}from skimdb.neural_network._keras import _backend",
        ),
        ("neural_network/_a.py", "import skimdb.neural_network._keras_params"),
        (
            f"{KERAS}/_backend.py",
            "import keras\nfrom skimdb.neural_network._keras import _objects",
        ),
        (
            "model_selection/_a.py",
            "from skimdb.neural_network import _metrics\nfrom skimdb import _sklearn",
        ),
        ("model_selection/_plotting.py", f"{IN_FUNCTION}import matplotlib"),
    ],
)
def test_kept_import_rule_finds_nothing(path, source):
    for rule in IMPORT_RULES:
        assert find_forbidden_imports(rule, path, source) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def do():\n" + "    a = 1\n" * 60, "has 61 lines of code"),
        ('def do():\n    """A."""\n' + "    a = 1\n" * 60, "has 61 lines of code"),
        ("class A:\n  def do(self):\n" + "    a = 1\n" * 60, "has 61 lines of code"),
        ("def do(a, b, c, d, *e, f, g, **h): ...", "has 8 parameters"),
        ("class A:\n  def fit(self, a, b, c, d, e, f, g, h): ...", "has 8 parameters"),
    ],
)
def test_large_function_is_found(source, expected):
    (place,) = find_large_functions("_a.py", source)
    assert place.endswith(expected)


@pytest.mark.parametrize(
    "source",
    [
        "def do():\n" + "    a = 1\n" * 59,
        'def do():\n    """A.\n' + "    B.\n" * 80 + '    """\n' + "    # C\n\n" * 80,
        "class A:\n  def do(self, a, b, c, d, e, f, g): ...",
        "class A:\n  def __init__(self, a, b, c, d, e, f, g, h): ...",
        "def epoch_curve(a, b, c, d, e, f, g, h): ...",
        "class EpochCurveDisplay:\n  def plot(self, a, b, c, d, e, f, g, h): ...",
    ],
)
def test_small_function_is_not_found(source):
    assert find_large_functions("_a.py", source) == []

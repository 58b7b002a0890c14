"""The public names: which there are, where they live, and what an editor sees."""

import ast
import importlib
import pickle
from pathlib import Path

import jedi
import pytest

import skimdb
import skimdb.datasets

# Where the classes live is a promise: pickles and skops files name these paths.
HOMES = {
    "EpochCurveDisplay": "skimdb.model_selection._plot",
    "EpochSearchCV": "skimdb.model_selection._search",
    "KerasMLPClassifier": "skimdb.neural_network._multilayer_perceptron",
    "LogCountRatioTransformer": "skimdb.feature_extraction._log_count_ratio",
    "TextMultiHotVectorizer": "skimdb.feature_extraction._vectorizer",
    "epoch_curve": "skimdb.model_selection._epoch_curve",
}
PACKAGE = Path(skimdb.__file__).parent


def test_public_names():
    assert sorted(skimdb.__all__) == sorted([*HOMES, "__version__", "datasets"])
    assert sorted(skimdb.datasets.__all__) == [
        "decode_review",
        "fetch_imdb",
        "shuffle_chunks",
    ]


def test_dir_lists_public_names():
    assert set(skimdb.__all__) <= set(dir(skimdb))
    assert set(skimdb.datasets.__all__) <= set(dir(skimdb.datasets))


@pytest.mark.parametrize("name", ["no_such_name", "KerasMLPRegressor"])
def test_unknown_name(name):
    with pytest.raises(AttributeError, match=name):
        getattr(skimdb, name)


@pytest.mark.parametrize(("name", "home"), HOMES.items())
def test_home(name, home):
    public = getattr(skimdb, name)
    assert (public.__module__, public.__qualname__) == (home, name)
    assert getattr(importlib.import_module(home), name) is public


@pytest.mark.parametrize(("name", "home"), HOMES.items())
def test_pickle_names_the_home(name, home):
    public = getattr(skimdb, name)
    pickled = pickle.dumps(public)
    assert home.encode() in pickled
    assert pickle.loads(pickled) is public


def test_is_typed():
    assert (PACKAGE / "py.typed").is_file()


def test_editors_are_told_the_homes():
    """The imports that only type checkers read name the homes that all others use."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    told = {alias.name: node.module for node in block.body for alias in node.names}
    assert told == HOMES | {"datasets": "skimdb"}


@pytest.fixture(scope="module")
def ask_editor():
    """Return a function that makes a jedi script of some code."""
    project = jedi.Project(PACKAGE.parent)
    environment = jedi.InterpreterEnvironment()
    return lambda code: jedi.Script(code, project=project, environment=environment)


def test_editor_completes_public_names(ask_editor):
    for start, name in [
        ("K", "KerasMLPClassifier"),
        ("Epoch", "EpochSearchCV"),
        ("Log", "LogCountRatioTransformer"),
    ]:
        code = f"from skimdb import {start}"
        assert name in {found.name for found in ask_editor(code).complete()}


def test_editor_shows_parameters(ask_editor):
    code = "from skimdb import KerasMLPClassifier\nKerasMLPClassifier("
    (signature,) = ask_editor(code).get_signatures()
    names = [parameter.name for parameter in signature.params]
    assert names[0] == "size"
    assert {"epochs", "l2", "dropout", "random_state"} <= set(names)
    assert "sparse" in signature.docstring()

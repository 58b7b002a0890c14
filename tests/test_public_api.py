"""The public names, their modules, and completion in editors."""

import ast
import pickle
from pathlib import Path

import jedi
import pytest

import skimdb
import skimdb.datasets

# These modules must not change: pickles and skops files contain their names.
HOMES = {
    "EpochCurveDisplay": "skimdb.model_selection._plot",
    "EpochSearchCV": "skimdb.model_selection._search",
    "KerasMLPClassifier": "skimdb.neural_network._multilayer_perceptron",
    "LogCountRatioTransformer": "skimdb.feature_extraction._log_count_ratio",
    "TextMultiHotVectorizer": "skimdb.feature_extraction._vectorizer",
    "epoch_curve": "skimdb.model_selection._epoch_curve",
}
PACKAGE = Path(skimdb.__file__).parent
CLASSIFIER = "skimdb.KerasMLPClassifier"
SEARCH = "skimdb.EpochSearchCV"


def test_public_names():
    assert sorted(skimdb.__all__) == sorted([*HOMES, "__version__", "datasets"])
    assert sorted(skimdb.datasets.__all__) == [
        "decode_review",
        "fetch_imdb",
        "shuffle_chunks",
    ]
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
    pickled = pickle.dumps(public)
    assert home.encode() in pickled
    assert pickle.loads(pickled) is public


def test_is_typed():
    assert (PACKAGE / "py.typed").is_file()


def test_type_checkers_read_the_same_homes():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    homes = {alias.name: node.module for node in block.body for alias in node.names}
    assert homes == HOMES | {"datasets": "skimdb"}


@pytest.fixture(scope="module")
def complete():
    """Return a function that lists an editor's completions at the end of some code."""
    project = jedi.Project(PACKAGE.parent)
    environment = jedi.InterpreterEnvironment()

    def complete(code):
        script = jedi.Script(code, project=project, environment=environment)
        return {completion.name for completion in script.complete()}

    return complete


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from skimdb import K", "KerasMLPClassifier"),
        ("from skimdb import Epoch", "EpochSearchCV"),
        ("from skimdb import Log", "LogCountRatioTransformer"),
        (f"{CLASSIFIER}(drop", "dropout="),
        (f"{CLASSIFIER}().fit([], []).hist", "history_"),
        (f"{CLASSIFIER}().fit([], []).history_.ite", "items"),
        (f"{SEARCH}({CLASSIFIER}()).fit([], []).best_ep", "best_epoch_"),
    ],
)
def test_editor_completes(complete, code, expected):
    assert expected in complete(f"import skimdb\n{code}")

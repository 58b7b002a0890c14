"""What a search keeps is what it would compute, or it is computed anew."""

import json
import os
import re
import types
from threading import Lock

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.callback import ProgressBar
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skimdb import EpochSearchCV, KerasMLPClassifier
from skimdb.model_selection._result_keys import hash_content
from skimdb.model_selection._result_store import ResultStore


class Counting(KerasMLPClassifier):
    """Counts its fits."""

    n_fits = 0

    def fit(self, X, y, **params):
        type(self).n_fits += 1
        return super().fit(X, y, **params)


def make_classifier(**params):
    defaults = {"size": 2, "learning_rate": 0.03, "batch_size": 32, "random_state": 0}
    return Counting(**defaults | params)


def make_search(memory, estimator=None, grid=None, **params):
    defaults = {"max_epochs": 2, "cv": KFold(3), "refit": False, "memory": memory}
    return EpochSearchCV(estimator or make_classifier(), grid, **defaults | params)


def count_fits(search, *args, **params):
    Counting.n_fits = 0
    search.fit(*args, **params)
    return Counting.n_fits


def find_entries(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def assert_same_results(one, other):
    assert one.cv_results_.keys() == other.cv_results_.keys()
    for name in one.cv_results_.keys() - {
        *("mean_fit_time", "std_fit_time", "mean_score_time", "std_score_time")
    }:
        np.testing.assert_array_equal(
            one.cv_results_[name], other.cv_results_[name], err_msg=name
        )
    pd.testing.assert_frame_equal(
        one.history_.drop(columns="fit_time"), other.history_.drop(columns="fit_time")
    )


def test_a_folder_that_is_given_in_any_way(data, tmp_path):
    for memory in (str(tmp_path / "a"), tmp_path / "b", joblib.Memory(tmp_path / "c")):
        assert count_fits(make_search(memory), *data) == 3
        assert count_fits(make_search(memory), *data) == 0
    memory.clear(warn=False)
    assert count_fits(make_search(memory), *data) == 3
    assert count_fits(make_search(joblib.Memory(None)), *data) == 3
    assert count_fits(make_search(None), *data) == 3


def test_results_are_the_same_to_the_last_digit(data, tmp_path):
    options = {"scoring": ["roc_auc", "f1"], "return_train_score": True}
    grid = {"l2": [0, 0.1], "dropout": [0, 0.5]}
    plain = make_search(None, grid=grid, **options).fit(*data)
    assert count_fits(make_search(tmp_path, grid=grid, **options), *data) == 12
    kept = make_search(tmp_path, grid=grid, **options).fit(*data)
    assert Counting.n_fits == 12
    assert_same_results(plain, kept)


@pytest.mark.parametrize(
    "changed",
    [
        {"max_epochs": 3},
        {"cv": KFold(3, shuffle=True, random_state=0)},
        {"cv": StratifiedKFold(3)},
        {"scoring": "f1"},
        {"return_train_score": True, "scoring": "f1"},
        {"n_iter_no_change": 1},
        {"estimator": make_classifier(learning_rate=0.1)},
        {"estimator": make_classifier(size=(2,))},
        {"estimator": make_classifier(random_state=1)},
        {"estimator": make_classifier(random_state=np.random.RandomState(0))},
        {"estimator": make_classifier(optimizer="sgd")},
        {"estimator": make_classifier(optimizer="sgd", optimizer__momentum=0.9)},
        {"estimator": make_classifier(class_weight={0: 1, 1: 2})},
        {"estimator": make_classifier(metrics=["f1"])},
        {"estimator": make_pipeline(StandardScaler(), make_classifier())},
        {"estimator": make_pipeline(FunctionTransformer(), make_classifier())},
    ],
    # Without addresses, for all processes of a run to name the cases alike.
    ids=lambda changed: re.sub(r" at 0x\w+", "", str(changed)),
)
def test_what_differs_is_not_taken_for_the_same(data, tmp_path, changed):
    make_search(tmp_path).fit(*data)
    n_entries = len(find_entries(tmp_path))
    make_search(tmp_path, **changed).fit(*data)
    assert len(find_entries(tmp_path)) > n_entries
    Counting.n_fits = 0
    make_search(tmp_path, **changed).fit(*data)
    assert Counting.n_fits == 0


def test_data_that_differ_are_other_data(data, tmp_path):
    X, y = data
    weight = np.linspace(0.5, 1.5, 90)
    variants = [
        ((X, y), {}),
        ((X + 1e-12, y), {}),
        ((X.astype(np.float32), y), {}),
        ((X, 1 - y), {}),
        ((X, y.astype(str)), {}),
        ((scipy.sparse.csr_array(X), y), {}),
        ((scipy.sparse.csr_array(X + np.eye(90, 10)), y), {}),
        ((pd.DataFrame(X).add_prefix("x"), y), {}),
        ((X, y), {"sample_weight": weight}),
        ((X, y), {"sample_weight": weight[::-1]}),
    ]
    for args, params in variants:
        assert count_fits(make_search(tmp_path), *args, **params) == 3
    for args, params in variants:
        assert count_fits(make_search(tmp_path), *args, **params) == 0


def test_equal_data_are_the_same_data(tmp_path):
    words = ["good", "bad", "film", "plot", "actor"]
    rng = np.random.default_rng(0)
    X = [" ".join(rng.choice(words, 6)) for _ in range(60)]
    y = rng.integers(0, 2, 60)
    pipe = make_pipeline(CountVectorizer(stop_words=["film"]), make_classifier())
    assert count_fits(make_search(tmp_path, pipe), X, y) == 3
    again = [text.encode().decode() for text in X]  # other objects
    assert count_fits(make_search(tmp_path, pipe), again, y.tolist()) == 3  # a list
    assert count_fits(make_search(tmp_path, pipe), again, y.copy()) == 0
    again[7] += " bad"
    assert count_fits(make_search(tmp_path, pipe), again, y) == 3


def test_use_does_not_change_a_matrix(tmp_path):
    matrix = scipy.sparse.random_array((60, 8), density=0.3, rng=0, format="csr")
    y = np.arange(60) % 2
    search = make_search(tmp_path)
    assert count_fits(search, matrix, y) == 3
    matrix.has_canonical_format, matrix.has_sorted_indices  # noqa: B018
    assert count_fits(search, matrix, y) == 0


def make_function(body):
    """Function of a module of its own, as if it was edited there."""
    module = types.ModuleType("edited")
    exec(body, vars(module))
    return module.shift


BODIES = [
    "def shift(X): return X + 1",
    "def shift(X): return X + 2",
    "def shift(X, by=1): return X + by",
    "def shift(X, by=2): return X + by",
    "by = 1\ndef shift(X): return X + by",
    "by = 2\ndef shift(X): return X + by",
    "def deep(X): return X * 1\ndef shift(X): return deep(X)",
    "def deep(X): return X * 2\ndef shift(X): return deep(X)",
    "def make(by):\n  def shift(X): return X + by\n  return shift\nshift = make(1)",
    "def make(by):\n  def shift(X): return X + by\n  return shift\nshift = make(2)",
    "import numpy as np\ndef shift(X): return np.tanh(X)",
    "import numpy as np\ndef shift(X): return np.sinh(X)",
    "shift = lambda X: [x for x in [X]][0] * 1",
    "shift = lambda X: [x for x in [X]][0] * 2",
    "class C:\n  by = 1\n  def go(self, X): return X + self.by\nshift = C().go",
    "class C:\n  by = 2\n  def go(self, X): return X + self.by\nshift = C().go",
    "class B:\n  def go(self, X): return X\nclass C(B): pass\nshift = C().go",
    "class B:\n  def go(self, X): return -X\nclass C(B): pass\nshift = C().go",
    "from functools import partial\nshift = partial(lambda X, by: X + by, by=1)",
    "from functools import partial\nshift = partial(lambda X, by: X + by, by=2)",
    "def shift(X, n=2): return X if n == 0 else shift(X, n - 1)",
    "def shift(X): return X if 'a' in {'a', 'b'} else 0",
    "def shift(X): return X if 'a' in {'c', 'b'} else 0",
]


def test_functions_and_classes_count_with_their_code(data, tmp_path):
    digests = [hash_content(make_function(body)) for body in BODIES]
    assert len(set(digests)) == len(BODIES)
    assert digests == [hash_content(make_function(body)) for body in BODIES]
    for body in BODIES[:4]:
        pipe = make_pipeline(
            FunctionTransformer(make_function(body)), make_classifier()
        )
        assert count_fits(make_search(tmp_path, pipe), *data) == 3
        pipe = make_pipeline(
            FunctionTransformer(make_function(body)), make_classifier()
        )
        assert count_fits(make_search(tmp_path, pipe), *data) == 0


VALUES = [{"b", "a", "c"}, frozenset("xyz"), {"a": {1, 2}, "b": None}]


def test_digests_do_not_depend_on_the_process(run_in_fresh_process, monkeypatch):
    code = (
        "import json, types\n"
        "from skimdb.model_selection._result_keys import hash_content\n"
        "def make(body):\n"
        "    module = types.ModuleType('edited')\n"
        "    exec(body, vars(module))\n"
        "    return module.shift\n"
        f"bodies = {BODIES!r}\n"
        f"values = {VALUES!r}\n"
        "functions = [hash_content(make(body)) for body in bodies]\n"
        "print(json.dumps([functions, [hash_content(value) for value in values]]))\n"
    )
    # Sets and dicts are in another order there than here.
    is_taken = os.environ.get("PYTHONHASHSEED") == "1"
    monkeypatch.setenv("PYTHONHASHSEED", "2" if is_taken else "1")
    functions, values = json.loads(run_in_fresh_process(code))
    assert functions == [hash_content(make_function(body)) for body in BODIES]
    assert values == [hash_content(value) for value in VALUES]
    assert len(set(values)) == 3


def test_scorers_count_with_their_code(data, tmp_path):
    def weigh(factor):
        def score(estimator, X, y):
            return factor * estimator.score(X, y)

        return score

    options = {"monitor": "val_score"}
    for scoring in (weigh(1), weigh(2), make_scorer(f1_score), "accuracy"):
        name = "val_accuracy" if scoring == "accuracy" else "val_score"
        search = make_search(tmp_path, scoring=scoring, monitor=name)
        assert count_fits(search, *data) == 3
        assert count_fits(search, *data) == 0
    found = make_search(tmp_path, scoring=weigh(2), **options).fit(*data)
    plain = make_search(None, scoring=weigh(2), **options).fit(*data)
    assert found.best_score_ == plain.best_score_


@pytest.mark.parametrize(
    ("library", "version"), [("numpy", "0.1"), ("scikit-learn", "99"), ("skimdb", "9")]
)
def test_versions_of_libraries_count(data, tmp_path, monkeypatch, library, version):
    import skimdb.model_selection._result_keys as keys

    assert count_fits(make_search(tmp_path), *data) == 3
    true_version = keys.version
    monkeypatch.setattr(
        keys, "version", lambda name: version if name == library else true_version(name)
    )
    if library == "skimdb":
        monkeypatch.setattr(keys, "__version__", version)
    assert count_fits(make_search(tmp_path), *data) == 3
    monkeypatch.undo()
    assert count_fits(make_search(tmp_path), *data) == 0


def test_settings_of_scikit_learn_count(data, tmp_path):
    assert count_fits(make_search(tmp_path), *data) == 3
    with config_context(enable_metadata_routing=True):
        assert count_fits(make_search(tmp_path), *data) == 3


def test_with_patience_other_splits_count(data, tmp_path):
    X, y = data
    splits = list(KFold(3).split(X))
    options = {"n_iter_no_change": 1, "max_epochs": 6}
    assert count_fits(make_search(tmp_path, cv=splits, **options), X, y) > 0
    fewer = splits[:2]
    plain = make_search(None, cv=fewer, **options).fit(X, y)
    kept = make_search(tmp_path, cv=fewer, **options).fit(X, y)
    assert_same_results(plain, kept)
    assert count_fits(make_search(tmp_path, cv=fewer, **options), X, y) == 0
    # Without, a split stands for itself.
    assert count_fits(make_search(tmp_path, cv=splits), X, y) == 3
    assert count_fits(make_search(tmp_path, cv=fewer), X, y) == 0


class Watching:
    """Callback of scikit-learn that does nothing."""

    def setup(self, estimator, context):
        pass

    on_fit_task_begin = on_fit_task_end = teardown = setup


class Keyless(TransformerMixin, BaseEstimator):
    """Holds what has no content that could be compared."""

    def __init__(self, thing=None):
        self.thing = thing

    def __sklearn_clone__(self):
        return Keyless(self.thing)

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: make_classifier(random_state=None), r"random_state=None draws anew"),
        (
            lambda: make_pipeline(TruncatedSVD(2), make_classifier()),
            r"truncatedsvd__random_state=None",
        ),
        (lambda: make_classifier(callbacks=[]), "callbacks do more"),
        (lambda: make_classifier().set_callbacks(Watching()), "its callbacks"),
        (lambda: make_pipeline(Keyless(Lock()), make_classifier()), "cannot pickle"),
    ],
)
def test_what_cannot_be_keyed_is_not_kept(data, tmp_path, make, message):
    search = make_search(tmp_path, make(), cv=KFold(2))
    for _ in range(2):
        with pytest.warns(
            UserWarning, match=rf"keeps no result of candidate 0.*{message}"
        ):
            assert count_fits(search, *data) == 2
    assert find_entries(tmp_path) == []


def test_objects_of_keras_are_not_kept(data, tmp_path):
    import keras

    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)
    optimizer = keras.optimizers.SGD()
    for params in (
        {"learning_rate": schedule},
        {"learning_rate": None, "optimizer": optimizer},
    ):
        classifier = make_classifier(**params)
        search = make_search(tmp_path, classifier, max_epochs=1, cv=KFold(2))
        with pytest.warns(UserWarning, match="is an object of Keras"):
            assert count_fits(search, *data) == 2
    classifier = make_classifier(optimizer=keras.optimizers.SGD)
    search = make_search(tmp_path, classifier, cv=KFold(2))
    assert count_fits(search, *data) == 2
    assert count_fits(search, *data) == 0


def test_classes_registered_with_keras_count_with_their_code(data, tmp_path):
    import keras

    for nesterov in (False, True):

        class Own(keras.optimizers.SGD):
            def __init__(self, nesterov=nesterov, momentum=0.9, **params):
                super().__init__(nesterov=nesterov, momentum=momentum, **params)

        with keras.saving.custom_object_scope({"own": Own}):
            classifier = make_classifier(optimizer=Own)
            search = make_search(tmp_path, classifier, cv=KFold(2))
            assert count_fits(search, *data) == 2
            assert count_fits(search, *data) == 0


def test_classes_that_packages_register_with_keras_do_not_count(data, tmp_path):
    """As scikeras does when it is imported."""
    import keras

    search = make_search(tmp_path)
    assert count_fits(search, *data) == 3
    with keras.saving.custom_object_scope({"theirs": KFold}):
        assert count_fits(search, *data) == 0


def test_files_may_change(tmp_path):
    files = []
    for i in range(20):
        files.append(str(tmp_path / f"{i}.txt"))
        (tmp_path / f"{i}.txt").write_text(f"word{i % 2} film plot")
    pipe = make_pipeline(CountVectorizer(input="filename"), make_classifier())
    search = make_search(tmp_path / "memory", pipe)
    with pytest.warns(UserWarning, match="reads files, which may change"):
        search.fit(files, np.arange(20) % 2)


def test_callbacks_of_the_search_see_all_fits(data, tmp_path):
    search = make_search(tmp_path).set_callbacks(ProgressBar())
    with pytest.warns(UserWarning, match="the search has callbacks"):
        assert count_fits(search, *data) == 3


def test_of_several_candidates_those_are_kept_that_can_be(data, tmp_path):
    grid = {"random_state": [0, None]}
    for n_fits in (6, 3):
        with pytest.warns(UserWarning, match=r"candidate 1 \(random_state=None\)"):
            assert count_fits(make_search(tmp_path, grid=grid), *data) == n_fits


def test_failures_are_not_kept(data, tmp_path):
    grid = {"optimizer": ["rmsprop", "nonsense"]}
    search = make_search(tmp_path, grid=grid, error_score=-9.0)
    for n_fits in (6, 3):
        with pytest.warns(FitFailedWarning, match="nonsense"):
            assert count_fits(search, *data) == n_fits


def flip_byte(path, position, mask):
    content = bytearray(path.read_bytes())
    content[position] ^= mask
    path.write_bytes(content)


@pytest.mark.parametrize("n_iter_no_change", [None, 1])
def test_every_flipped_byte_is_noticed(data, tmp_path, n_iter_no_change):
    splitter = ShuffleSplit(1, random_state=0)
    options = {"cv": splitter, "n_iter_no_change": n_iter_no_change}
    plain = make_search(None, **options).fit(*data)
    make_search(tmp_path, **options).fit(*data)
    (path,) = find_entries(tmp_path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    store = ResultStore(path.parent)
    for position, mask in enumerate(rng.integers(1, 256, len(content))):
        path.write_bytes(content)
        flip_byte(path, position, int(mask))
        with pytest.warns(UserWarning, match="cannot be read"):
            assert store.get(path.name) is None
    positions = rng.choice(len(content), 20, replace=False)
    for position in [*positions, 0, 63, 64, 65, len(content) - 1]:
        path.write_bytes(content)
        flip_byte(path, position, int(rng.integers(1, 256)))
        search = make_search(tmp_path, **options)
        with pytest.warns(UserWarning, match="cannot be read"):
            assert count_fits(search, *data) > 0
        assert_same_results(plain, search)
        assert count_fits(search, *data) == 0  # kept again


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:100]),
        lambda path: path.write_bytes(path.read_bytes() * 2),
        lambda path: path.write_bytes(b"\x80\x04." * 50),
    ],
    ids=["empty", "cut off", "twice", "pickle"],
)
def test_damaged_entries_are_computed_anew(data, tmp_path, damage):
    plain = make_search(None).fit(*data)
    make_search(tmp_path).fit(*data)
    damage(find_entries(tmp_path)[0])
    search = make_search(tmp_path)
    with pytest.warns(UserWarning, match="cannot be read"):
        assert count_fits(search, *data) == 1
    assert_same_results(plain, search)


def test_an_entry_of_another_fit_is_not_taken(data, tmp_path):
    plain = make_search(None).fit(*data)
    make_search(tmp_path).fit(*data)
    first, second, _ = find_entries(tmp_path)
    second.write_bytes(first.read_bytes())
    search = make_search(tmp_path)
    with pytest.warns(UserWarning, match="checksum"):
        search.fit(*data)
    assert_same_results(plain, search)


def test_nothing_in_the_folder_is_run(data, tmp_path):
    make_search(tmp_path).fit(*data)
    for path in find_entries(tmp_path):
        checksum, content = path.read_bytes().split(b"\n", 1)
        assert len(checksum) == 64
        assert set(json.loads(content)) >= {"history", "fit_time"}


def test_a_folder_that_takes_nothing_is_named(data, tmp_path):
    (tmp_path / "file").write_text("no folder")
    plain = make_search(None).fit(*data)
    search = make_search(tmp_path / "file")
    with pytest.warns(UserWarning, match=r"cannot be kept in .*file") as caught:
        search.fit(*data)
    assert len([w for w in caught if "cannot be kept" in str(w.message)]) == 1
    assert_same_results(plain, search)


def test_a_full_disk_is_named(data, tmp_path, monkeypatch):
    def write_bytes(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", write_bytes)
    plain = make_search(None).fit(*data)
    search = make_search(tmp_path)
    with pytest.warns(UserWarning, match="No space left on device") as caught:
        search.fit(*data)
    assert len([w for w in caught if "cannot be kept" in str(w.message)]) == 1
    assert_same_results(plain, search)
    assert find_entries(tmp_path) == []


def test_jobs_keep_too(data, tmp_path):
    pipe = make_pipeline(StandardScaler(), KerasMLPClassifier(2, random_state=0))
    grid = {"kerasmlpclassifier__l2": [0, 0.1]}
    plain = make_search(None, pipe, grid).fit(*data)
    make_search(tmp_path, pipe, grid, n_jobs=2).fit(*data)
    assert len(find_entries(tmp_path)) == 6
    find_entries(tmp_path)[2].unlink()
    assert_same_results(plain, make_search(tmp_path, pipe, grid, n_jobs=2).fit(*data))

"""memory returns the result that a fit would compute, or the fit is computed."""

import functools
import json
import pickle
import sys
import types
from contextlib import nullcontext
from fractions import Fraction
from importlib.metadata import version as find_version
from threading import Lock

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.callback import ProgressBar
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    StandardScaler,
)

from skimdb import EpochSearchCV, KerasMLPClassifier, TextMultiHotVectorizer

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 4))
Y = (X[:, 0] + 0.3 * rng.normal(size=40) > 0).astype(int)
WEIGHT = np.linspace(0.5, 1.5, 40)
TEXTS = [" ".join(rng.choice(["good", "bad", "film", "plot"], 6)) for _ in range(40)]


def make_classifier(**params):
    defaults = {"size": 2, "learning_rate": 0.03, "batch_size": 32, "random_state": 0}
    return KerasMLPClassifier(**defaults | params)


def make_search(memory, estimator=None, grid=None, **params):
    defaults = {"max_epochs": 2, "cv": KFold(2), "refit": False, "memory": memory}
    return EpochSearchCV(estimator or make_classifier(), grid, **defaults | params)


def list_files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def assert_same_results(one, other):
    assert one.cv_results_.keys() == other.cv_results_.keys()
    for name in one.cv_results_:
        if "_time" not in name:
            np.testing.assert_array_equal(
                one.cv_results_[name], other.cv_results_[name]
            )
    pd.testing.assert_frame_equal(
        one.history_.drop(columns="fit_time"), other.history_.drop(columns="fit_time")
    )


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("n_iter_no_change", [None, 1])
def test_cached_results_equal_computed_results(
    tmp_path, count_fits, n_jobs, n_iter_no_change
):
    options = {
        "scoring": ["roc_auc", "f1"],
        "monitor": "val_f1",
        "return_train_score": True,
        "n_iter_no_change": n_iter_no_change,
        "max_epochs": 4,
    }
    pipe = make_pipeline(StandardScaler(), make_classifier())
    grid = {
        f"kerasmlpclassifier__{k}": v for k, v in [("l2", [0, 1]), ("size", [1, 2])]
    }
    plain = make_search(None, pipe, grid, **options).fit(X, Y)
    with joblib.parallel_config("threading", n_jobs=n_jobs):
        assert count_fits(make_search(tmp_path, pipe, grid, **options), X, Y) >= 8
        assert len(list_files(tmp_path)) == 8
        list_files(tmp_path)[3].unlink()
        again = make_search(tmp_path, pipe, grid, **options)
        assert 1 <= count_fits(again, X, Y) <= 2 * 4  # patience fits all splits
    assert_same_results(plain, again)
    assert count_fits(make_search(tmp_path, pipe, grid, **options), X, Y) == 0


def test_memory_is_a_folder_in_any_form(tmp_path, count_fits):
    for memory in (str(tmp_path / "a"), tmp_path / "b", joblib.Memory(tmp_path / "c")):
        assert count_fits(make_search(memory), X, Y) == 2
        assert count_fits(make_search(memory), X, Y) == 0
    memory.clear(warn=False)
    assert count_fits(make_search(memory), X, Y) == 2
    assert count_fits(make_search(joblib.Memory(None)), X, Y) == 2
    with pytest.raises(ValueError, match="must be a folder"):
        make_search(3).fit(X, Y)


# Variations: each gives the arguments of a search that another search must not reuse.

CLASSIFIERS = [
    *({"size": size} for size in [3, (2,), (2, 2), [2, 2]]),
    *({"learning_rate": rate} for rate in [0.1, np.float32(0.03)]),
    *({"batch_size": size} for size in [16, 40]),
    *({"l2": l2} for l2 in [0.1, 1e-12]),
    *({"dropout": dropout} for dropout in [0.5, (0.5, 0)]),
    *({"activation": name} for name in ["tanh", "linear"]),
    *({"optimizer": name} for name in ["sgd", "adam"]),
    {"optimizer": "sgd", "optimizer__momentum": 0.9},
    {"optimizer": "sgd", "optimizer__momentum": 0.9, "optimizer__nesterov": True},
    {"optimizer__rho": 0.8},
    {"optimizer__epsilon": 1e-3},
    *({"random_state": seed} for seed in [1, np.random.RandomState(0)]),
    {"random_state": np.random.RandomState(1)},
    *({"class_weight": weight} for weight in ["balanced", {0: 1, 1: 2}, {0: 1, 1: 3}]),
    *({"metrics": names} for names in [["f1"], ["accuracy", "f1"], ["f1", "accuracy"]]),
    *({"n_hidden_layers": n} for n in [0, 1]),
    {"shuffle": False},
    *({"loss__label_smoothing": share} for share in [0.1, 0.2]),
    {"optimizer": "sgd", "optimizer__momentum": 0.8},
    {"optimizer": "adam", "optimizer__amsgrad": True},
    {"optimizer__centered": True},
]
SHIFT = {"functiontransformer__kw_args": {"a_min": 0, "a_max": 1}}
STEPS = [
    [StandardScaler()],
    [StandardScaler(with_mean=False)],
    [MinMaxScaler()],
    [MaxAbsScaler()],
    [StandardScaler(), MaxAbsScaler()],
    [MaxAbsScaler(), StandardScaler()],
    ["passthrough"],
    [FunctionTransformer()],
    [FunctionTransformer(np.tanh)],
    [FunctionTransformer(np.sinh)],
    [FunctionTransformer(scipy.special.expit)],
    [FunctionTransformer(functools.partial(np.multiply, 2))],
    [FunctionTransformer(functools.partial(np.multiply, 3))],
    [FunctionTransformer(np.clip, kw_args={"a_min": 0, "a_max": 1})],
    [FunctionTransformer(np.clip, kw_args={"a_min": 0, "a_max": 2})],
    [FunctionTransformer(np.clip, kw_args={"a_max": 2, "a_min": 0})],  # the order
    [TruncatedSVD(2, random_state=0)],
    [TruncatedSVD(2, random_state=1)],
]
OPTIONS = [
    {"max_epochs": 3},
    *({"n_iter_no_change": n} for n in [1, 2]),
    {"n_iter_no_change": 1, "monitor": "val_accuracy"},
    {"n_iter_no_change": 1, "cv": KFold(2, shuffle=True, random_state=0)},
    *({"cv": cv} for cv in [KFold(3), KFold(2, shuffle=True, random_state=0)]),
    {"cv": StratifiedKFold(2, shuffle=True, random_state=1)},
    {"cv": ShuffleSplit(1, random_state=0)},
    {"cv": [(range(1, 20), range(20, 40))]},
    *(
        {"scoring": scoring, "monitor": monitor}
        for scoring, monitor in [
            ("f1", "val_f1"),
            ("roc_auc", "val_roc_auc"),
            (["f1", "roc_auc"], "val_f1"),
            ({"a": "f1"}, "val_a"),
            ({"b": "f1"}, "val_b"),
            (make_scorer(f1_score), "val_score"),
            (make_scorer(f1_score, average="macro"), "val_score"),
            (make_scorer(f1_score, average="micro"), "val_score"),
        ]
    ),
    {"scoring": "f1", "monitor": "val_f1", "return_train_score": True},
]
FRAME = pd.DataFrame(X).add_prefix("x")
DATA = [
    (X + 1e-12, Y, {}),
    (X.astype(np.float32), Y, {}),
    (X[::-1], Y, {}),
    (np.asfortranarray(X)[:, ::-1], Y, {}),
    (X, 1 - Y, {}),
    (X, Y[::-1], {}),
    (X, Y.astype(str), {}),
    (X, Y.astype(bool), {}),
    (X, Y.astype(np.int8), {}),
    (X, Y.tolist(), {}),
    (X.tolist(), Y, {}),
    (scipy.sparse.csr_array(X), Y, {}),
    (scipy.sparse.csr_matrix(X), Y, {}),
    (scipy.sparse.csr_array(X * (X > 0)), Y, {}),
    (FRAME, Y, {}),
    (FRAME.add_prefix("y"), Y, {}),
    (X, pd.Series(Y), {}),
    (X, Y, {"sample_weight": WEIGHT}),
    (X, Y, {"sample_weight": WEIGHT[::-1]}),
    (X, Y, {"sample_weight": WEIGHT.astype(np.float32)}),
]
VARIATIONS = [
    *({"estimator": make_classifier(**params)} for params in CLASSIFIERS),
    *({"estimator": make_pipeline(*steps, make_classifier())} for steps in STEPS),
    *({"options": options} for options in OPTIONS),
    *({"data": data} for data in DATA),
]


def run_variation(memory, count, estimator=None, options=(), data=(X, Y, {})):
    samples, labels, params = data
    search = make_search(memory, estimator, **dict(options))
    return count(search, samples, labels, **params)


def test_no_variation_reuses_the_results_of_another(tmp_path, count_fits):
    """Each search is computed once, although all share a folder, and then reused."""
    assert len(VARIATIONS) >= 90
    run_variation(tmp_path, count_fits)
    for variation in VARIATIONS:
        assert run_variation(tmp_path, count_fits, **variation) > 0, variation
    for variation in [{}, *VARIATIONS]:
        assert run_variation(tmp_path, count_fits, **variation) == 0, variation


@pytest.mark.parametrize(
    ("library", "version"), [("numpy", "0.1"), ("scikit-learn", "99"), ("keras", "9")]
)
def test_versions_of_libraries_count(
    tmp_path, monkeypatch, count_fits, library, version
):
    import skimdb.model_selection._result_cache as cache

    assert count_fits(make_search(tmp_path), X, Y) == 2
    found = {library: version}
    monkeypatch.setattr(
        cache, "version", lambda name: found.get(name) or find_version(name)
    )
    assert count_fits(make_search(tmp_path), X, Y) == 2
    monkeypatch.undo()
    assert len(list_files(tmp_path)) == 4


def test_the_version_of_another_package_counts(tmp_path, fitlog, monkeypatch):
    from fitlog import Logging

    import skimdb.model_selection._result_cache as cache

    monkeypatch.setenv("FITS_FOLDER", str(tmp_path))
    monkeypatch.setenv("FIT_SECONDS", "0")
    for version, n_files in [("1.0", 2), ("1.0", 2), ("2.0", 4)]:
        monkeypatch.setattr(
            cache, "version", lambda name, v=version: v if name == "fitlog" else "1"
        )
        cache._find_version.cache_clear()
        make_search(tmp_path / "memory", Logging(2, random_state=0)).fit(X, Y)
        assert len(list_files(tmp_path / "memory")) == n_files
    cache._find_version.cache_clear()


def test_settings_count(tmp_path, count_fits):
    assert count_fits(make_search(tmp_path), X, Y) == 2
    for settings in ({"enable_metadata_routing": True}, {"transform_output": "pandas"}):
        with config_context(**settings):
            assert count_fits(make_search(tmp_path), X, Y) == 2
    with config_context(print_changed_only=False, display="text"):
        assert count_fits(make_search(tmp_path), X, Y) == 0
    keras = pytest.importorskip("keras")
    keras.config.set_floatx("float64")
    try:
        assert count_fits(make_search(tmp_path), X, Y) == 2
    finally:
        keras.config.set_floatx("float32")
    assert count_fits(make_search(tmp_path), X, Y) == 0


def make_text_search(memory, **params):
    vectorizer = TextMultiHotVectorizer(**params)
    return make_search(memory, make_pipeline(vectorizer, make_classifier()))


STOP_WORDS = ["film", "plot", "the"]


def test_equal_searches_reuse_results(tmp_path, count_fits, monkeypatch):
    pipe = make_pipeline(StandardScaler(), make_classifier())
    matrix = scipy.sparse.csr_array(X)
    first = [
        (make_search(tmp_path, pipe), X),
        (make_search(tmp_path), matrix),
        (make_search(tmp_path), FRAME),
        (make_text_search(tmp_path, stop_words=frozenset(STOP_WORDS)), TEXTS),
    ]
    for search, samples in first:
        assert count_fits(search, samples, Y) == 2
    matrix.has_canonical_format, matrix.has_sorted_indices  # noqa: B018
    copies = [text.encode().decode() for text in TEXTS]
    monkeypatch.chdir(tmp_path.parent)
    again = [
        (make_search(tmp_path, make_pipeline(*(s for _, s in pipe.steps))), X.copy()),
        (make_search(tmp_path, pipe, n_jobs=2), np.asfortranarray(X).copy("C")),
        (make_search(tmp_path, clone(pipe)), X),
        (make_search(tmp_path, pickle.loads(pickle.dumps(pipe))), X),
        (make_search(tmp_path, pipe, cv=tuple(KFold(2).split(X))), X),
        (make_search(tmp_path, pipe, refit=True, rule="one_se"), X),
        (make_search(tmp_path, pipe, verbose=1), X),
        (make_search(tmp_path, pipe, error_score=0.0), X),
        (make_search(tmp_path, pipe, monitor="val_accuracy"), X),
        (make_search(tmp_path.name, pipe), X),
        (make_search(tmp_path, pipe, cv=2, grid={}), X[:]),
        (make_search(tmp_path, pipe, cv=list(KFold(2).split(X))), X),
        (make_search(tmp_path, pipe, {"standardscaler__copy": [True]}), X),
        (make_search(tmp_path, pipe, {"named": {"kerasmlpclassifier__size": 2}}), X),
        (make_search(tmp_path), matrix),
        (make_search(tmp_path), matrix.copy()),
        (make_search(tmp_path), matrix.tocsc()),  # a search cuts rows from CSR
        (make_search(tmp_path), FRAME.copy()),
        (make_text_search(tmp_path, stop_words=frozenset(STOP_WORDS[::-1])), TEXTS),
        (make_text_search(tmp_path, stop_words=frozenset(STOP_WORDS)), copies),
    ]
    for i, (search, samples) in enumerate(again):
        if search.cv == 2:
            search.set_params(cv=KFold(2))
        n_refits = int(search.refit)
        assert count_fits(search, samples, Y) == n_refits, i
    groups = np.arange(40) % 2
    for cv, n_fits in [
        (GroupKFold(2), 2),
        (list(GroupKFold(2).split(X, Y, groups)), 0),
    ]:
        search = make_search(tmp_path, pipe, cv=cv)
        assert count_fits(search, X, Y, groups=groups) == n_fits


@pytest.mark.slow
def test_keys_do_not_depend_on_the_process(tmp_path, monkeypatch, run_in_fresh_process):
    code = (
        "import sys\n"
        "import numpy as np\n"
        "from sklearn.model_selection import KFold\n"
        "from sklearn.pipeline import make_pipeline\n"
        "from sklearn.preprocessing import FunctionTransformer\n"
        "from skimdb import EpochSearchCV, KerasMLPClassifier, TextMultiHotVectorizer\n"
        f"X = {TEXTS!r}\n"
        "stop_words = {'film', 'the', 'a', 'of'}\n"
        "pipe = make_pipeline(TextMultiHotVectorizer(stop_words=frozenset(stop_words)),"
        " FunctionTransformer(np.tanh), KerasMLPClassifier(2, random_state=0))\n"
        "EpochSearchCV(pipe, max_epochs=1, cv=KFold(2), memory=sys.argv[1], verbose=1,"
        " refit=False).fit(X, np.arange(40) % 2)\n"
    )
    for seed, n_cached in [("1", 0), ("2", 2)]:  # sets have another order
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        printed = run_in_fresh_process(code, tmp_path)
        assert printed.startswith(f"[EpochSearchCV] {n_cached} of 2 fits are cached")


# The user's own code is not cached, since nobody can tell whether it has changed.


def halve(X):
    return X / 2


def make_halving():
    def halve_again(X):
        return X / 2

    return halve_again


def score_by_hand(estimator, X, y):
    return estimator.score(X, y)


class Halving(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X / 2

    def __call__(self, X):
        return X / 2


class Holding(Halving):
    """Transformer with a parameter of any kind."""

    def __init__(self, thing=None):
        self.thing = thing

    def __sklearn_clone__(self):
        return Holding(self.thing)


class Renamed(KerasMLPClassifier):
    pass


class Watching:
    """Callback of scikit-learn that does nothing."""

    def setup(self, estimator, context):
        pass

    on_fit_task_begin = on_fit_task_end = teardown = setup


OWN_CODE = {
    "function": halve,
    "lambda": lambda X: X / 2,
    "closure": make_halving(),
    "partial": functools.partial(halve),
    "method": Halving().transform,
    "callable object": Halving(),
    "cached": functools.lru_cache(halve),
    "vectorized": np.vectorize(halve),
    "ufunc": np.frompyfunc(halve, 1, 1),
    "installed closure": functools.singledispatch(lambda X: X / 2),
    "wrapped": joblib.wrap_non_picklable_objects(halve),
}


@pytest.mark.filterwarnings("ignore:Fitting failed")
@pytest.mark.parametrize("kind", OWN_CODE)
def test_own_functions_are_not_cached(tmp_path, count_fits, kind):
    pipe = make_pipeline(FunctionTransformer(), make_classifier())
    grid = {"functiontransformer__func": [None, OWN_CODE[kind]]}
    for n_fits in (4, 2):
        search = make_search(tmp_path, pipe, grid, error_score=0.0, max_epochs=1)
        with pytest.warns(UserWarning, match="candidate 1 .* are not cached") as caught:
            assert count_fits(search, X, Y) <= n_fits
        assert sum("not cached" in str(w.message) for w in caught) == 1
    assert len(list_files(tmp_path)) == 2


@pytest.mark.filterwarnings("ignore:The search uses")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimator": make_classifier(random_state=None)}, "Use an int"),
        (
            {"estimator": make_pipeline(TruncatedSVD(2), make_classifier())},
            "truncatedsvd__random_state=None",
        ),
        ({"estimator": make_classifier(callbacks=[])}, "callbacks may do more"),
        (
            {"estimator": Renamed(2, random_state=0)},
            r"test_memory\.Renamed is not part",
        ),
        ({"estimator": make_pipeline(Halving(), make_classifier())}, "Halving"),
        ({"estimator": make_pipeline(Holding(Lock()), make_classifier())}, "Holding"),
        (
            {"estimator": make_pipeline(CountVectorizer(input="file"), Renamed())},
            "reads files",
        ),
        ({"scoring": score_by_hand, "monitor": "val_score"}, "score_by_hand"),
        ({"scoring": {"own": score_by_hand}, "monitor": "val_own"}, "score_by_hand"),
        ({"scoring": make_scorer(lambda y, p: 1.0), "monitor": "val_score"}, "lambda"),
    ],
    ids=lambda value: None if isinstance(value, str) else "",
)
def test_fits_that_may_differ_are_not_cached(tmp_path, count_fits, options, message):
    samples = X if "reads" not in message else [Fraction(1)] * 40
    search = make_search(tmp_path, error_score=0.0, **options)
    fails = pytest.raises(ValueError, match="fits failed")
    with (
        pytest.warns(UserWarning, match=rf"candidate 0.* are not cached.*{message}"),
        fails if "reads" in message else nullcontext(),
    ):
        search.fit(samples, Y)
    assert list_files(tmp_path) == []


def test_edited_modules_are_not_mixed_up(tmp_path, count_fits, monkeypatch):
    """A helper in a module of the user, edited between two searches."""
    sources = ["def scale(X): return X", "def scale(X): return X * 0", "scale = len"]
    grid = {"functiontransformer__func": []}
    for source in sources:
        module = types.ModuleType("helpers")
        exec(source, vars(module))
        monkeypatch.setitem(sys.modules, "helpers", module)
        grid["functiontransformer__func"] = [module.scale]
        pipe = make_pipeline(FunctionTransformer(), make_classifier())
        search = make_search(tmp_path, pipe, grid, error_score=0.0)
        if source == "scale = len":
            with pytest.raises(ValueError, match="fits failed"):
                search.fit(X, Y)
        else:
            with pytest.warns(UserWarning, match=r"helpers\.scale is not part"):
                assert count_fits(search, X, Y) == 2
    assert list_files(tmp_path) == []


def test_objects_of_keras_are_not_cached(tmp_path, count_fits, monkeypatch):
    keras = pytest.importorskip("keras")
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)
    for params in (
        {"learning_rate": schedule},
        {"learning_rate": None, "optimizer": keras.optimizers.SGD()},
    ):
        search = make_search(tmp_path, make_classifier(**params), max_epochs=1)
        with pytest.warns(UserWarning, match="is a Keras object"):
            assert count_fits(search, X, Y) == 2
    monkeypatch.setitem(keras.saving.get_custom_objects(), "own>Renamed", Renamed)
    with pytest.warns(UserWarning, match="Renamed is not part of an installed"):
        assert count_fits(make_search(tmp_path), X, Y) == 2
    assert list_files(tmp_path) == []


@pytest.mark.parametrize("of_search", [True, False])
def test_callbacks_see_all_fits(tmp_path, count_fits, of_search):
    callback = ProgressBar() if of_search else Watching()
    search = make_search(tmp_path)
    (search if of_search else search.estimator).set_callbacks(callback)
    with pytest.warns(UserWarning, match="callbacks may do more"):
        assert count_fits(search, X, Y) == 2


def test_failures_are_not_cached(tmp_path, count_fits):
    grid = {"optimizer": ["rmsprop", "nonsense"]}
    search = make_search(tmp_path, grid=grid, error_score=-9.0)
    for n_fits in (4, 2):
        with pytest.warns(FitFailedWarning, match="nonsense"):
            assert count_fits(search, X, Y) == n_fits


def test_labels_that_json_lacks(tmp_path, count_fits):
    """Dates, one of which is in a validation part only."""
    y = np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[D]")[Y]
    y[3] = np.datetime64("2026-02-01")
    search = make_search(tmp_path)
    for n_fits in (2, 0):
        with pytest.warns(UserWarning, match="split 0 has labels"):
            assert count_fits(search, X, y) == n_fits


# Files


@pytest.mark.parametrize("n_iter_no_change", [None, 1])
def test_every_flipped_byte_is_noticed(tmp_path, count_fits, n_iter_no_change):
    options = {"cv": ShuffleSplit(1, random_state=0), "max_epochs": 1}
    options["n_iter_no_change"] = n_iter_no_change
    plain = make_search(None, **options).fit(X, Y)
    make_search(tmp_path, **options).fit(X, Y)
    (path,) = list_files(tmp_path)
    content = path.read_bytes()
    masks = np.random.default_rng(0).integers(1, 256, len(content))
    for position in {*range(0, len(content), 7), 0, 63, 64, 65, len(content) - 1}:
        damaged = bytearray(content)
        damaged[position] ^= masks[position]
        path.write_bytes(damaged)
        search = make_search(tmp_path, **options)
        with pytest.warns(UserWarning, match="Ignored a damaged result"):
            assert count_fits(search, X, Y) > 0
    assert_same_results(plain, search)
    assert count_fits(search, X, Y) == 0  # cached again


def forge(path, **changes):
    """Change the content of a file, with a right checksum."""
    from skimdb.model_selection._result_cache import _compute_checksum

    content = json.loads(path.read_bytes().partition(b"\n")[2])
    content = json.dumps({**content, **changes}).encode()
    checksum = _compute_checksum(path, content)
    path.write_bytes(checksum + b"\n" + content)


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "twice": lambda path: path.write_bytes(path.read_bytes() * 2),
    "a pickle": lambda path: path.write_bytes(b"\x80\x04." * 50),
    "no history": lambda path: forge(path, history={}),
    "another type": lambda path: forge(path, history=[1]),
    "no loss": lambda path: forge(path, history={"val_loss": [1.0, 2.0]}),
    "lengths": lambda path: forge(path, history={"loss": [1.0], "val_loss": []}),
    "a field": lambda path: forge(path, unknown=1),
    "another fit": lambda path: path.write_bytes(
        next(p for p in list_files(path.parent) if p != path).read_bytes()
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_ignored(tmp_path, count_fits, damage):
    plain = make_search(None).fit(X, Y)
    make_search(tmp_path).fit(X, Y)
    DAMAGES[damage](list_files(tmp_path)[0])
    search = make_search(tmp_path)
    with pytest.warns(UserWarning, match="Ignored a damaged result"):
        assert count_fits(search, X, Y) == 1
    assert_same_results(plain, search)
    assert len(list_files(tmp_path)) == 2


def test_files_contain_json(tmp_path):
    make_search(tmp_path).fit(X, Y)
    for path in list_files(tmp_path):
        checksum, _, content = path.read_bytes().partition(b"\n")
        assert len(checksum) == 64
        assert set(json.loads(content)) >= {"history", "fit_time"}


@pytest.mark.parametrize("n_iter_no_change", [None, 1])
def test_a_folder_that_cannot_be_written_to(tmp_path, n_iter_no_change):
    (tmp_path / "file").write_text("not a folder")
    plain = make_search(None, n_iter_no_change=n_iter_no_change).fit(X, Y)
    search = make_search(tmp_path / "file", n_iter_no_change=n_iter_no_change)
    with pytest.warns(UserWarning, match="Could not write to the folder") as caught:
        search.fit(X, Y)
    assert len([w for w in caught if "Could not write" in str(w.message)]) == 1
    assert_same_results(plain, search)


def test_a_full_disk(tmp_path, monkeypatch):
    def write_bytes(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", write_bytes)
    plain = make_search(None).fit(X, Y)
    search = make_search(tmp_path)
    with pytest.warns(UserWarning, match="No space left on device"):
        search.fit(X, Y)
    assert_same_results(plain, search)
    assert list_files(tmp_path) == []


def test_worker_processes_cache_their_results(tmp_path, count_fits):
    pipe = make_pipeline(StandardScaler(), make_classifier())
    plain = make_search(None, pipe).fit(X, Y)
    make_search(tmp_path, pipe, n_jobs=2).fit(X, Y)
    assert len(list_files(tmp_path)) == 2
    again = make_search(tmp_path, pipe)
    assert count_fits(again, X, Y) == 0
    assert_same_results(plain, again)


def test_verbose_tells_how_many_fits_are_cached(tmp_path, capsys):
    for n_cached in (0, 2):
        make_search(tmp_path, verbose=1).fit(X, Y)
        first = capsys.readouterr().out.splitlines()[0]
        assert first.startswith(f"[EpochSearchCV] {n_cached} of 2 fits are cached in ")


# Processes


@pytest.mark.slow
def test_a_killed_search_resumes(script, all_scores, tmp_path, run_script, monkeypatch):
    """Two processes share a folder; one of them is killed, twice."""
    (found,), _ = run_script("kill-beside", "sequential", tmp_path)
    assert found["scores"] == all_scores
    assert found["exit"] == 0
    assert found["n_killed"] > 0
    monkeypatch.setenv("FITS_FOLDER", str(tmp_path))
    n_begun = script.count_begun(tmp_path)
    rest = script.search_epochs(tmp_path / "memory")
    assert script.read_scores(rest) == all_scores
    assert script.count_begun(tmp_path) == n_begun  # all is cached

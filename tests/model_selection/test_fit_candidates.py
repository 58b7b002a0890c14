"""How a search works: jobs, callbacks, patience, and going on where it was."""

import signal
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimdb import EpochSearchCV, KerasMLPClassifier

N_EPOCHS = 12
GRID = {"size": [2, 4]}


def make_classifier(**params):
    defaults = {"size": 4, "learning_rate": 0.03, "batch_size": 32, "random_state": 0}
    return KerasMLPClassifier(**defaults | params)


def make_search(*args, **params):
    defaults = {"max_epochs": N_EPOCHS, "cv": KFold(3)}
    return EpochSearchCV(*(args or (make_classifier(), GRID)), **defaults | params)


class Tasks:
    """Callback that notes where in the tree of tasks each one ends."""

    max_propagation_depth = None

    def __init__(self):
        self.paths = []

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        path = []
        while context is not None:
            path.insert(0, context.task_id)
            context = context.parent
        self.paths.append(tuple(path))

    def teardown(self, estimator, context):
        pass


class Balance(Tasks):
    """Callback that notes what each begin and each end is told."""

    def __init__(self):
        super().__init__()
        self.begun, self.ended = [], []

    def on_fit_task_begin(self, estimator, context, *, X, y, metadata):
        assert len(X) == len(y) == len(metadata["sample_weight"])
        super().on_fit_task_end(estimator, context)
        self.begun.append(self.paths.pop())

    def on_fit_task_end(self, estimator, context, *, X, y, metadata):
        assert len(X) == len(y) == len(metadata["sample_weight"])
        super().on_fit_task_end(estimator, context)
        self.ended.append(self.paths.pop())


@pytest.mark.parametrize("params", [{}, {"n_iter_no_change": 1}, {"scoring": "f1"}])
def test_callbacks_see_as_many_ends_as_begins(data, params):
    balance = Balance()
    search = make_search(max_epochs=2, **params).set_callbacks(balance)
    search.fit(*data, sample_weight=np.ones(90))
    assert sorted(balance.begun) == sorted(balance.ended)
    assert len(set(balance.begun)) == len(balance.begun)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_callbacks_follow_candidates_splits_and_epochs(data, n_jobs):
    tasks = Tasks()
    search = make_search(max_epochs=2).set_callbacks(tasks)
    with joblib.parallel_config(backend="threading", n_jobs=n_jobs):
        search.fit(*data)
    places = [(0, candidate, split) for candidate in (0, 1) for split in (0, 1, 2)]
    epochs = [(*place, epoch) for place in places for epoch in (0, 1)]
    refit = [(0, 2), *((0, 2, epoch) for epoch in range(search.best_epoch_))]
    expected = [(0,), (0, 0), (0, 1), *places, *epochs, *refit]
    assert sorted(tasks.paths) == sorted(expected)


def assert_same_results(one, other):
    assert one.keys() == other.keys()
    for name in one.keys() - {"mean_fit_time", "std_fit_time"}:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_jobs_change_nothing(search, data):
    same = make_search(return_train_score=True, n_jobs=2).fit(*data)
    assert_same_results(search.cv_results_, same.cv_results_)


def test_patience_ends_candidates_past_their_minimum(search, data):
    patient = make_search(n_iter_no_change=3, return_train_score=True).fit(*data)
    full = search.history_.set_index(["candidate", "fold", "epoch"])
    ended = patient.history_.set_index(["candidate", "fold", "epoch"])
    for name in ("loss", "val_loss", "accuracy", "val_accuracy"):
        np.testing.assert_allclose(ended[name], full.loc[ended.index, name], rtol=1e-6)
    mean = full.groupby(["candidate", "epoch"])["val_loss"].mean()
    for candidate in range(len(GRID["size"])):
        curve = mean.loc[candidate]
        bests = {until: curve.loc[:until].idxmin() for until in curve.index}
        last = next((u for u, best in bests.items() if u - best >= 3), N_EPOCHS)
        assert ended.loc[candidate].index.get_level_values("epoch").max() == last
        assert patient.cv_results_["param_epochs"][candidate] == bests[last]
    assert len(ended) < len(full)


def test_patience_with_memory_jobs_and_failures(data, tmp_path):
    classifier = Counting(size=2, learning_rate=0.1, random_state=0)
    grid = {"optimizer": ["rmsprop", "nonsense"]}
    search = make_search(
        make_pipeline(StandardScaler(), classifier),
        {f"counting__{name}": values for name, values in grid.items()},
        n_iter_no_change=2,
        memory=tmp_path,
        error_score=-9.0,
    )
    found = []
    for n_jobs in (1, 2):
        Counting.n_fits = 0
        with (
            joblib.parallel_config(backend="threading", n_jobs=n_jobs),
            pytest.warns(FitFailedWarning, match="nonsense"),
        ):
            found.append(clone(search).fit(*data))
        n_fits = Counting.n_fits
    assert n_fits == 3 + 1  # the broken candidate again, and the refit
    assert_same_results(found[0].cv_results_, found[1].cv_results_)
    assert found[0].best_params_["counting__optimizer"] == "rmsprop"
    with pytest.raises(ValueError, match="nonsense"):
        search.set_params(error_score="raise").fit(*data)


class Counting(KerasMLPClassifier):
    """Counts its fits."""

    n_fits = 0

    def fit(self, X, y, **params):
        type(self).n_fits += 1
        return super().fit(X, y, **params)


@pytest.mark.parametrize("as_object", [False, True])
def test_memory_repeats_nothing(data, tmp_path, as_object):
    X, y = data
    memory = joblib.Memory(tmp_path, verbose=0) if as_object else tmp_path
    classifier = Counting(size=2, batch_size=32, random_state=0)
    grid = {"l2": [0, 0.1]}
    search = make_search(classifier, grid, memory=memory, max_epochs=2, refit=False)
    Counting.n_fits = 0
    first = clone(search).fit(X, y)
    assert Counting.n_fits == 6
    again = clone(search).fit(X, y)
    assert Counting.n_fits == 6
    assert_same_results(first.cv_results_, again.cv_results_)
    np.testing.assert_array_equal(  # times are those of the fits
        first.cv_results_["mean_fit_time"], again.cv_results_["mean_fit_time"]
    )
    clone(search).set_params(param_grid={"l2": [0, 0.2]}).fit(X, y)
    assert Counting.n_fits == 9  # one new candidate
    clone(search).fit(X + 1, y)
    assert Counting.n_fits == 15  # other data


def test_memory_keeps_no_failures(data, tmp_path):
    grid = {"optimizer": ["rmsprop", "nonsense"]}
    search = make_search(
        make_classifier(), grid, memory=tmp_path, max_epochs=1, error_score=-9.0
    )
    for _ in range(2):
        with pytest.warns(FitFailedWarning, match="nonsense"):
            search.fit(*data)


RESUMABLE = """
import os
import signal
import sys
from pathlib import Path

from sklearn.datasets import make_classification
from sklearn.model_selection import KFold

from skimdb import EpochSearchCV, KerasMLPClassifier

FOLDER = Path(__file__).parent


class Logging(KerasMLPClassifier):
    def fit(self, X, y, **params):
        super().fit(X, y, **params)
        with open(FOLDER / "fits.txt", "a") as log:
            log.write("fit\\n")
        if sys.argv[-1] == "be killed" and count_fits() in (7, 20):
            os.kill(os.getpid(), signal.SIGKILL)
        return self


def count_fits():
    return len((FOLDER / "fits.txt").read_text().splitlines())


def search(memory):
    X, y = make_classification(90, 10, random_state=1)
    return EpochSearchCV(
        Logging(size=2, batch_size=16, random_state=0),
        {"learning_rate": [0.001, 0.01, 0.1], "l2": [0, 0.01, 0.02, 0.1]},
        max_epochs=4,
        cv=KFold(4),
        memory=memory,
        refit=False,
    ).fit(X, y)


if __name__ == "__main__":
    from resumable import search  # the same module as in the test

    for _ in range(2):
        child = os.fork()  # quicker than another process
        if child == 0:
            search(FOLDER / "memory")
            os._exit(1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_killed_search_goes_on(tmp_path, monkeypatch):
    (tmp_path / "resumable.py").write_text(RESUMABLE)
    command = [sys.executable, tmp_path / "resumable.py", "be killed"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.split() == [str(-signal.SIGKILL)] * 2
    monkeypatch.syspath_prepend(tmp_path)
    import resumable

    assert resumable.count_fits() == 20
    resumed = resumable.search(tmp_path / "memory")
    # Each kill cut off a fit before it was kept.
    assert resumable.count_fits() == 48 + 2
    assert_same_results(resumed.cv_results_, resumable.search(None).cv_results_)

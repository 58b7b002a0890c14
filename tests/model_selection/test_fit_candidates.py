"""How a search runs its fits: jobs, callbacks, patience."""

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


@pytest.mark.parametrize(
    "params", [{}, {"n_iter_no_change": 1}, {"scoring": "f1", "monitor": "val_f1"}]
)
def test_callbacks_see_as_many_ends_as_begins(data, params):
    balance = Balance()
    search = make_search(max_epochs=2, **params).set_callbacks(balance)
    search.fit(*data, sample_weight=np.ones(90))
    assert sorted(balance.begun) == sorted(balance.ended)
    assert len(set(balance.begun)) == len(balance.begun)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_callbacks_follow_fits_and_epochs(data, n_jobs):
    tasks = Tasks()
    search = make_search(max_epochs=2).set_callbacks(tasks)
    with joblib.parallel_config(backend="threading", n_jobs=n_jobs):
        search.fit(*data)
    fits = [(0, fit) for fit in range(2 * 3)]
    epochs = [(*fit, epoch) for fit in fits for epoch in (0, 1)]
    refit = [(0, 6), *((0, 6, epoch) for epoch in range(search.best_epoch_))]
    expected = [(0,), *fits, *epochs, *refit]
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


def test_patience_with_memory_jobs_and_failures(data, tmp_path, count_fits):
    classifier = make_classifier(size=2, learning_rate=0.1)
    grid = {"optimizer": ["rmsprop", "nonsense"]}
    search = make_search(
        make_pipeline(StandardScaler(), classifier),
        {f"kerasmlpclassifier__{name}": values for name, values in grid.items()},
        n_iter_no_change=2,
        memory=tmp_path,
        error_score=-9.0,
    )
    found = []
    for n_jobs in (1, 2):
        found.append(clone(search))
        with (
            joblib.parallel_config(backend="threading", n_jobs=n_jobs),
            pytest.warns(FitFailedWarning, match="nonsense"),
        ):
            n_fits = count_fits(found[-1], *data)
    assert n_fits == 3 + 1  # the broken candidate again, and the refit
    assert_same_results(found[0].cv_results_, found[1].cv_results_)
    assert found[0].best_params_["kerasmlpclassifier__optimizer"] == "rmsprop"
    with pytest.raises(ValueError, match="nonsense"):
        search.set_params(error_score="raise").fit(*data)


def score_by_division(estimator, X, y, sample_weight=None):
    return 1 / 0


@pytest.mark.parametrize("n_iter_no_change", [None, 1])
def test_callbacks_see_the_end_of_fits_that_fail(data, n_iter_no_change):
    balance = Balance()
    search = make_search(
        scoring=score_by_division,
        monitor="val_score",
        n_iter_no_change=n_iter_no_change,
        error_score="raise",
    ).set_callbacks(balance)
    with pytest.raises(ZeroDivisionError):
        search.fit(*data, sample_weight=np.ones(90))
    assert sorted(balance.begun) == sorted(balance.ended)
    assert (0, 0) in balance.begun


def test_a_callback_that_fails_at_the_end_does_not_hide_the_error(data):
    class Failing(Tasks):
        def on_fit_task_end(self, estimator, context):
            if context.task_name != "epoch":
                raise KeyError

    search = make_search(
        scoring=score_by_division, monitor="val_score", error_score="raise"
    )
    with pytest.raises(ZeroDivisionError) as caught:
        search.set_callbacks(Failing()).fit(*data)
    assert all("KeyError" in note for note in caught.value.__notes__)


def test_each_candidate_is_asked_for_its_metrics_equally_often(data, monkeypatch):
    calls, get_params = [], KerasMLPClassifier.get_params

    def count_and_get(self, deep=True):
        calls.append(self)
        return get_params(self, deep)

    monkeypatch.setattr(KerasMLPClassifier, "get_params", count_and_get)
    counts = []
    for n_candidates in (1, 2, 4):
        calls.clear()
        grid = {"l2": [0.01 * i for i in range(n_candidates)]}
        make_search(make_classifier(), grid, max_epochs=1).fit(*data)
        counts.append(len(calls))
    assert counts[2] - counts[1] == 2 * (counts[1] - counts[0])


class Recording:
    """Stands for a callback of Keras."""


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"callbacks": [Recording]}, "Remove callbacks"),
        ({"optimizer__use_ema": True}, "set use_ema=False"),
    ],
)
def test_patience_refuses_fits_that_cannot_be_continued(data, params, message):
    search = make_search(make_classifier(**params), n_iter_no_change=2)
    with pytest.raises(ValueError, match=message):
        search.fit(*data)
    grid = {name: [value] for name, value in params.items()}
    with pytest.raises(ValueError, match=message):
        make_search(make_classifier(), grid, n_iter_no_change=2).fit(*data)

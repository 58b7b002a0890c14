"""The classifier goes where scikit-learn's own classifiers go."""

import pickle

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from skimdb import EpochSearchCV, KerasMLPClassifier

X, y = make_classification(60, 8, random_state=0)
SETTINGS = {"epochs": 2, "random_state": 0, "backend": "numpy"}


# An indicator matrix, beside MLPClassifier


def make_pair():
    """The classifier and its peer."""
    return (
        KerasMLPClassifier(3, **SETTINGS),
        MLPClassifier((3, 3), max_iter=2, random_state=0),
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n_labels", [2, 3, 5])
@pytest.mark.parametrize("dtype", [np.int64, np.int8, bool, float])
def test_classes_of_an_indicator_matrix(n_labels, dtype):
    _, Y = make_multilabel_classification(60, 8, n_classes=n_labels, random_state=0)
    Y = Y.astype(dtype)
    ours, peer = (classifier.fit(X, Y) for classifier in make_pair())
    np.testing.assert_array_equal(ours.classes_, peer.classes_)
    assert ours.classes_.dtype == peer.classes_.dtype
    assert ours.predict_proba(X).shape == peer.predict_proba(X).shape
    assert ours.predict(X).dtype == dtype
    streamed = KerasMLPClassifier(3, **SETTINGS)
    streamed.partial_fit(iter([(X[:30], Y[:30]), (X[30:], Y[30:])]))
    np.testing.assert_array_equal(streamed.classes_, peer.classes_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
@pytest.mark.parametrize("n_labels", [2, 4])
def test_cross_val_predict(method, n_labels):
    _, Y = make_multilabel_classification(60, 8, n_classes=n_labels, random_state=0)
    ours, peer = (
        cross_val_predict(classifier, X, Y, cv=2, method=method)
        for classifier in make_pair()
    )
    assert ours.shape == peer.shape
    halves = np.arange(60) < 30  # KFold for an indicator matrix
    for test in (halves, ~halves):
        classifier = clone(make_pair()[0]).fit(X[~test], Y[~test])
        np.testing.assert_array_equal(ours[test], getattr(classifier, method)(X[test]))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("passthrough", [False, True])
def test_stacking(passthrough):
    _, Y = make_multilabel_classification(60, 8, n_classes=3, random_state=0)
    stacks = [
        StackingClassifier(
            [("network", classifier), ("neighbours", KNeighborsClassifier())],
            final_estimator=KNeighborsClassifier(),
            passthrough=passthrough,
            cv=2,
        ).fit(X, Y)
        for classifier in make_pair()
    ]
    ours, peer = (stack.transform(X) for stack in stacks)
    assert ours.shape == peer.shape
    assert stacks[0].predict(X).shape == stacks[1].predict(X).shape


# Subclasses with a constructor of their own


class Narrow(KerasMLPClassifier):
    """Fewer parameters, and no further ones."""

    def __init__(self, size=3, epochs=2, metrics=()):
        super().__init__(
            size, epochs=epochs, metrics=metrics, random_state=0, backend="numpy"
        )


class Wide(KerasMLPClassifier):
    """A parameter more."""

    def __init__(self, size=3, epochs=2, metrics=(), *, scale=1.0, **routed):
        super().__init__(
            size,
            epochs=epochs,
            metrics=metrics,
            random_state=0,
            backend="numpy",
            **routed,
        )
        self.scale = scale

    def fit(self, X, y, **params):
        return super().fit(X * self.scale, y, **params)


SUBCLASSES = [
    Narrow(),
    Narrow(2, epochs=3),
    Wide(),
    Wide(2, scale=3.0, optimizer__rho=0.8),
]


@pytest.mark.parametrize("estimator", SUBCLASSES, ids=repr)
def test_subclass(estimator):
    params = estimator.get_params()
    copy = clone(estimator)
    assert type(copy) is type(estimator)
    assert copy.get_params() == params
    fitted = copy.fit(X, y)
    assert fitted.get_params() == params
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    other = clone(estimator).set_params(size=5).fit(X, y)
    assert other.coefs_[0].shape == (8, 5)
    with pytest.raises(ValueError, match="Invalid parameter"):
        estimator.set_params(sise=5)
    assert KerasMLPClassifier(7, l2=0.5).get_params()["l2"] == 0.5


@pytest.mark.parametrize("estimator", SUBCLASSES, ids=repr)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_search_of_a_subclass(estimator):
    grid = {"size": [2, 4]}
    search = EpochSearchCV(estimator, grid, max_epochs=2, cv=2).fit(X, y)
    best = search.best_estimator_
    assert type(best) is type(estimator)
    peer = GridSearchCV(
        clone(estimator).set_params(epochs=search.best_epoch_),
        grid,
        scoring="neg_log_loss",
        cv=2,
    ).fit(X, y)
    scores = peer.cv_results_["mean_test_score"]
    place = peer.cv_results_["params"].index({"size": best.size})
    assert search.best_score_ == pytest.approx(scores[place], abs=1e-6)


def test_routed_parameters_of_subclasses():
    wide = Wide(optimizer__rho=0.8)
    assert clone(wide).fit(X, y).get_params()["optimizer__rho"] == 0.8
    assert not any("__" in name for name in Narrow().get_params())


class Closed(KerasMLPClassifier):
    """It lets nobody say how long to train."""

    def __init__(self, size=3, metrics=()):
        super().__init__(size, epochs=2, metrics=metrics)


@pytest.mark.filterwarnings("ignore:The best epoch is 3")
@pytest.mark.parametrize("prefix", ["", "closed__"])
def test_search_of_a_subclass_that_takes_no_epochs(prefix):
    """The search trains it by partial_fit."""
    estimator = make_pipeline(MaxAbsScaler(), Closed()) if prefix else Closed()
    grid = {f"{prefix}size": [2]}
    search = EpochSearchCV(estimator, grid, cv=2, max_epochs=3).fit(X, y)
    best = search.best_estimator_
    closed = best[-1] if prefix else best
    assert closed.n_iter_ == search.best_epoch_
    assert len(closed.intercepts_[0]) == 2


# Files of skops


def find_best(estimator):
    return EpochSearchCV(estimator, {"l2": [0.0, 0.1]}, max_epochs=2, cv=2)


NETWORK = KerasMLPClassifier(3, **SETTINGS)
WRITTEN = {
    "classifier": NETWORK,
    "pipeline": make_pipeline(MaxAbsScaler(), NETWORK),
    "search": find_best(NETWORK),
    "search of a pipeline": EpochSearchCV(
        make_pipeline(MaxAbsScaler(), NETWORK),
        {"kerasmlpclassifier__l2": [0.0, 0.1]},
        max_epochs=2,
        cv=2,
    ),
    "stacking": StackingClassifier(
        [("network", NETWORK)], final_estimator=LogisticRegression(), cv=2
    ),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", WRITTEN)
def test_skops(name):
    fitted = clone(WRITTEN[name]).fit(X, y)
    content = skops.io.dumps(fitted)
    untrusted = skops.io.get_untrusted_types(data=content)
    assert any("skimdb" in kind for kind in untrusted)
    again = skops.io.loads(content, trusted=untrusted)
    assert type(again) is type(fitted)
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert again.get_params().keys() == fitted.get_params().keys()
    if hasattr(fitted, "best_score_"):
        pd.testing.assert_frame_equal(again.history_, fitted.history_)
        assert again.best_score_ == fitted.best_score_
        assert again.best_params_ == fitted.best_params_
    clone(again).fit(X, y)


def test_skops_of_an_indicator_matrix():
    _, Y = make_multilabel_classification(60, 8, n_classes=3, random_state=0)
    fitted = clone(NETWORK).fit(X, Y)
    content = skops.io.dumps(fitted)
    again = skops.io.loads(content, trusted=skops.io.get_untrusted_types(data=content))
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    again.partial_fit(X, Y)


@pytest.mark.parametrize("version", [0, 1, 2, 3, 5, None])
def test_states_of_other_versions(version):
    state = clone(NETWORK).fit(X, y).__getstate__()
    if version is None:  # as saved by the first version
        del state["_state_version"]
    else:
        state["_state_version"] = version
    with pytest.raises(ValueError, match="Load it with the version of skimdb that"):
        KerasMLPClassifier().__setstate__(state)

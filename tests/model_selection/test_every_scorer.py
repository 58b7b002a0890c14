"""Every scorer for classifiers gives the scores of GridSearchCV, in every epoch."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.exceptions import FitFailedWarning, UndefinedMetricWarning
from sklearn.metrics import get_scorer_names
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neural_network import MLPClassifier

from skimdb import EpochSearchCV, KerasMLPClassifier

# Scorers that accept any numbers compare regressions and clusterings.
OF_LABELS = ("accuracy", "average_precision", "brier", "f1", "jaccard", "log_loss")
OF_LABELS += (
    "matthews",
    "precision",
    "recall",
    "roc_auc",
    "top_k",
    "d2_",
    "likelihood",
)
NAMES = [name for name in get_scorer_names() if any(part in name for part in OF_LABELS)]
# With one class in the validation part, these return NaN and warn.
NAN_IF_UNDEFINED = {name for name in NAMES if name.startswith(("roc_auc", "d2_"))}
N_EPOCHS = 3


def make_data(target):
    X, y = make_classification(
        90, 8, n_informative=6, n_classes=3, flip_y=0.2, random_state=0
    )
    if target == "multilabel":
        return make_multilabel_classification(90, 8, random_state=0)
    return X, {
        "binary": y % 2,
        "strings": np.where(y % 2, "good", "bad"),
        "three": y,
        "one class": np.where(np.arange(90) < 30, y % 2, 1),
    }[target]


def fit_and_list_warnings(search, X, y, params):
    """Messages of scorers that failed; the metrics that were undefined are ignored."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        search.fit(X, y, **params)
    return [str(w.message) for w in caught if w.category is not FitFailedWarning]


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "target", ["binary", "strings", "three", "one class", "multilabel"]
)
def test_every_epoch_of_every_scorer(target, weighted):
    assert len(NAMES) >= 25
    X, y = make_data(target)
    params = {"sample_weight": np.linspace(0.1, 2, 90)} if weighted else {}
    classifier = KerasMLPClassifier(2, batch_size=16, random_state=0)
    options = {"cv": KFold(3), "scoring": NAMES, "refit": False}
    search = EpochSearchCV(
        classifier, max_epochs=N_EPOCHS, monitor="val_accuracy", **options
    )
    grid = {"epochs": list(range(1, N_EPOCHS + 1))}
    other = GridSearchCV(classifier, grid, **options)
    ours = fit_and_list_warnings(search, X, y, params)
    theirs = fit_and_list_warnings(other, X, y, params)
    of_fitted = [other.cv_results_[f"split{i}_test_accuracy"] for i in range(3)]
    for name in NAMES:
        found = search.history_.pivot(
            index="epoch", columns="fold", values=f"val_{name}"
        )
        expected = [other.cv_results_[f"split{i}_test_{name}"] for i in range(3)]
        np.testing.assert_allclose(
            found, np.transpose(expected), rtol=1e-5, atol=1e-6, err_msg=name
        )
        has_failed = np.isnan(expected) & np.isfinite(of_fitted)
        told = any(f"The scorer {name!r} failed" in message for message in ours)
        assert not has_failed.any() or told or name in NAN_IF_UNDEFINED, name
    assert any("Scoring failed" in message for message in theirs) == any(
        message.startswith("The scorer") for message in ours
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("target", ["binary", "strings", "three", "multilabel"])
def test_every_scorer_by_partial_fit(target, weighted):
    """A loop over `partial_fit` needs no classifier of ours."""
    X, y = make_data(target)
    weights = np.linspace(0.1, 2, 90)
    params = {"sample_weight": weights} if weighted else {}
    classifier = MLPClassifier(2, batch_size=16, random_state=0)
    cv, options = KFold(3), {"scoring": NAMES, "refit": False}
    search = EpochSearchCV(
        classifier, max_epochs=1, cv=cv, monitor="val_accuracy", **options
    )
    other = GridSearchCV(classifier, {"max_iter": [1]}, cv=cv, **options)
    fit_and_list_warnings(search, X, y, params)
    fit_and_list_warnings(other, X, y, params)
    for name in NAMES:
        found = search.history_[f"val_{name}"]
        expected = [other.cv_results_[f"split{i}_test_{name}"][0] for i in range(3)]
        np.testing.assert_array_equal(found, expected, err_msg=name)

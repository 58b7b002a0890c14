"""Which backend trains, and that NumPy's leaves the process alone.

`test_fresh_process.py` has what NumPy's leaves alone of TensorFlow and Keras.
"""

import multiprocessing
import warnings

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning

from skimdb import EpochSearchCV, KerasMLPClassifier

X, Y = make_classification(80, n_features=6, random_state=0)


def make(**params):
    defaults = {"size": 4, "epochs": 2, "batch_size": 32, "random_state": 0}
    return KerasMLPClassifier(**defaults | params)


REASONS = {
    "nadam": {"optimizer": "nadam"},
    "clipnorm": {"optimizer__clipnorm": 1.0},
    "axis": {"loss__axis": 1},
    "callbacks": {"callbacks": []},
    "AUC": {"metrics": ("accuracy", "AUC")},
    "schedule": {"learning_rate": lambda: 0.001},
}


@pytest.mark.parametrize("reason", REASONS)
def test_numpy_names_what_it_lacks(reason):
    with pytest.raises(ValueError, match=f"(?i)backend='numpy'.*{reason}.*'auto'"):
        make(backend="numpy", **REASONS[reason]).fit(X, Y)


@pytest.mark.parametrize("optimizer", ["rmsprop", "Adam", "SGD"])
def test_auto_takes_numpy(optimizer):
    params = {"optimizer__clipnorm": None, "loss__label_smoothing": 0.1}
    fitted = make(optimizer=optimizer, metrics=("f1",), **params).fit(X, Y)
    assert fitted.backend_ == "numpy"


@pytest.mark.parametrize(
    "params",
    [
        {"optimizer__momentum": np.float32(0.9)},
        {"learning_rate": 1},
        {"learning_rate": np.float32(0.01), "l2": 0, "dropout": 0},
        {"optimizer": "sgd", "optimizer__momentum": 1},
    ],
    ids=str,
)
def test_whole_numbers_and_numpy_scalars_pass(params):
    make(**params).fit(X, Y)


@pytest.mark.parametrize(
    "params",
    [
        {"optimizer__rho": 1.5},
        {"optimizer__momentum": "much"},
        {"loss__label_smoothing": np.nan},
        {"optimizer": "adam", "optimizer__epsilon": 0.0},
    ],
    ids=str,
)
def test_values_of_options_are_checked(params):
    with pytest.raises(ValueError, match=next(iter(reversed(params)))):
        make(**params).fit(X, Y)


def _fit_in_child(queue):
    queue.put(make().fit(X, Y).coefs_[0])


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")
def test_fit_in_a_forked_child():
    expected = make().fit(X, Y).coefs_[0]
    make(size=200).fit(X, Y)  # with the threads of BLAS
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_fit_in_child, args=(queue,))
    child.start()
    np.testing.assert_array_equal(queue.get(timeout=30), expected)
    child.join(30)
    assert child.exitcode == 0


def test_warning_filters_are_the_same_objects():
    def list_filters():
        return warnings.filters, list(map(id, warnings.filters))

    before = list_filters()
    classifier = make(metrics=("accuracy", "precision")).fit(X, Y, X_val=X, y_val=Y)
    classifier.partial_fit(X, Y)
    classifier.predict_proba(X)
    classifier.score(X, Y)
    search = EpochSearchCV(classifier, {"size": [2, 4]}, max_epochs=3, cv=2, n_jobs=2)
    with pytest.warns(ConvergenceWarning, match="last"):
        search.fit(X, Y)
    assert list_filters()[0] is before[0]
    assert list_filters()[1] == before[1]


@pytest.mark.parametrize(
    ("params", "factor"),
    [
        ({"optimizer": "sgd", "learning_rate": 0.1, "activation": "linear"}, 1e5),
        ({"optimizer": "sgd", "learning_rate": 0.1, "activation": "linear"}, 1e30),
    ],
    ids=str,
)
def test_training_that_diverges_is_an_error(params, factor):
    classifier = make(epochs=20, **params)
    before = dict(vars(classifier))
    with pytest.raises(ValueError, match=r"diverged.*epoch \d.*MaxAbsScaler") as error:
        classifier.fit(X * factor, Y)
    assert len(error.value.history_["loss"]) >= 1
    assert vars(classifier) == before


@pytest.mark.parametrize("codes", [(1, 2), (-1, 1), (0, 2)])
def test_other_codes_are_no_indicator(codes):
    labels = np.array(codes)[(X[:, :2] > 0).astype(int)]
    for call in (make().fit, make().partial_fit):
        with pytest.raises(ValueError, match="values other than 0 and 1"):
            call(X, labels)
    with pytest.raises(ValueError, match=r"y_val .*values other than 0 and 1"):
        make().fit(X, (X[:, :2] > 0).astype(int), X_val=X, y_val=labels)

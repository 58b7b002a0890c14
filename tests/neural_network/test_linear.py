"""A network without hidden layers: logistic or softmax regression.

`test_against_keras.py` compares it with Keras.
"""

import pickle

import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from skimdb import EpochSearchCV, KerasMLPClassifier

TRUSTED = ["skimdb.neural_network._multilayer_perceptron.KerasMLPClassifier"]
TASKS = ["binary", "multiclass", "multilabel"]
params = {"n_hidden_layers": 0, "epochs": 4, "batch_size": 64, "random_state": 0}


@pytest.mark.parametrize("task", TASKS)
def test_predictions_are_linear(make_network_data, task):
    X, y = make_network_data("rare", task)
    classifier = KerasMLPClassifier(**params).fit(X, y)
    (coef,), (intercept,) = classifier.coefs_, classifier.intercepts_
    assert coef.shape == (4000, classifier.n_outputs_)
    logits = classifier.decision_function(X).reshape(len(y), -1)
    np.testing.assert_allclose(logits, X @ coef + intercept, atol=1e-5)
    dense = clone(classifier).set_params(size=(), n_hidden_layers=2, dropout=0.5)
    dense.fit(X.toarray(), y)
    np.testing.assert_allclose(dense.coefs_[0], coef, atol=1e-5)


@pytest.mark.parametrize("task", TASKS[:2])
def test_converges_to_logistic_regression(make_network_data, task):
    X, y = make_network_data("synthetic", task)
    X, l2 = X.astype(np.float64), 0.01
    expected = LogisticRegression(C=1 / (2 * len(y) * l2), tol=1e-8).fit(X, y)
    long = {"epochs": 400, "batch_size": len(y), "optimizer": "adam"}
    classifier = KerasMLPClassifier(**params | long, l2=l2, learning_rate=0.03)
    classifier.fit(X, y)
    np.testing.assert_allclose(
        classifier.predict_proba(X), expected.predict_proba(X), atol=1e-4
    )
    penalty = l2 * (classifier.coefs_[0] ** 2).sum()
    last = classifier.history_["loss"][-1]
    classifier.set_params(warm_start=True, epochs=1).fit(X, y, X_val=X, y_val=y)
    assert classifier.history_["val_loss"][-1] + penalty == pytest.approx(last, 1e-4)


def test_continuing_equals_one_fit(make_network_data):
    X, y = make_network_data("reviews")
    whole = KerasMLPClassifier(**params).fit(X, y)
    warm = KerasMLPClassifier(**params | {"epochs": 2}, warm_start=True)
    warm.fit(X, y).fit(X, y)
    parts = KerasMLPClassifier(**params)
    for _ in range(4):
        parts.partial_fit(X, y, classes=[0, 1])
    for other in (warm, parts):
        np.testing.assert_array_equal(whole.coefs_[0], other.coefs_[0])
    with pytest.raises(ValueError, match="cannot change the architecture"):
        parts.set_params(n_hidden_layers=1).partial_fit(X, y)


@pytest.mark.filterwarnings("ignore:The best epoch")
def test_search(make_network_data):
    X, y = make_network_data("reviews")
    grid = {"n_hidden_layers": [0, 1], "dropout": [0.0, 0.5]}
    classifier = KerasMLPClassifier(4, batch_size=64, random_state=0)
    search = EpochSearchCV(classifier, grid, max_epochs=3, cv=2).fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    names = search.cv_results_["param_n_hidden_layers"]
    linear = {score for score, name in zip(scores, names, strict=True) if name == 0}
    assert len(linear) == 1  # whatever the dropout


def test_copies_and_files(make_network_data):
    X, y = make_network_data("reviews", "multiclass")
    classifier = KerasMLPClassifier(**params, l2=0.1).fit(X, y)
    expected = classifier.predict_proba(X)
    for copied in (
        pickle.loads(pickle.dumps(classifier)),
        skops.io.loads(skops.io.dumps(classifier), trusted=TRUSTED),
    ):
        np.testing.assert_array_equal(copied.predict_proba(X), expected)
    model = classifier.to_keras()
    assert [layer.name for layer in model.layers] == ["output"]
    np.testing.assert_allclose(np.asarray(model(X.toarray())), expected, atol=1e-6)

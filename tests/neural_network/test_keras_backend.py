"""Keras set to compute by another library than TensorFlow."""

import importlib
import sys

import keras
import numpy as np
import pytest
from sklearn.datasets import make_classification

from skimdb import KerasMLPClassifier

OTHER_BACKEND = """
import numpy as np
from sklearn.datasets import make_classification
from skimdb import KerasMLPClassifier

X, y = make_classification(80, n_features=6, random_state=0)
classifier = KerasMLPClassifier(4, epochs=2, dropout=0.3, random_state=0).fit(X, y)
print(np.concatenate([w.ravel() for w in classifier.coefs_]).tobytes().hex())
for call in (
    lambda: KerasMLPClassifier(backend="tensorflow").fit(X, y),
    lambda: KerasMLPClassifier(optimizer="nadam").fit(X, y),
    lambda: KerasMLPClassifier(metrics=("AUC",)).fit(X, y),
    lambda: classifier.to_keras(),
    lambda: classifier.model_,
):
    try:
        call()
    except ImportError as error:
        assert "KERAS_BACKEND=tensorflow" in str(error), error
        assert "backend='numpy'" in str(error), error
    else:
        raise AssertionError("no error")
"""


@pytest.mark.parametrize("backend", ["jax", "nonsense"])
def test_a_backend_that_is_not_there(run_in_fresh_process, monkeypatch, backend):
    """NumPy trains all the same; where Keras is needed, the error says what to do."""
    X, y = make_classification(80, n_features=6, random_state=0)
    fitted = KerasMLPClassifier(4, epochs=2, dropout=0.3, random_state=0).fit(X, y)
    expected = np.concatenate([w.ravel() for w in fitted.coefs_]).tobytes().hex()
    monkeypatch.setenv("KERAS_BACKEND", backend)
    assert run_in_fresh_process(OTHER_BACKEND).strip() == expected


def test_another_backend_that_is_there(monkeypatch):
    name = "skimdb.neural_network._keras"
    importlib.import_module(name)
    for module in [module for module in sys.modules if module.startswith(name)]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delattr(importlib.import_module("skimdb.neural_network"), "_keras")
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    X, y = make_classification(40, random_state=0)
    with pytest.raises(ImportError, match=r"its torch backend.*KERAS_BACKEND=tens"):
        KerasMLPClassifier(backend="tensorflow").fit(X, y)

"""Keras set to compute by another library than TensorFlow.

`test_fresh_process.py` has libraries that are not there.
"""

import importlib
import sys

import keras
import pytest
from sklearn.datasets import make_classification

from skimdb import KerasMLPClassifier


def test_another_backend_that_is_there(monkeypatch):
    name = "skimdb.neural_network._keras"
    importlib.import_module(name)
    for module in [module for module in sys.modules if module.startswith(name)]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delattr(importlib.import_module("skimdb.neural_network"), "_keras")
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    X, y = make_classification(40, random_state=0)
    with pytest.raises(ImportError, match=r"its torch backend.*set it to tensorflow"):
        KerasMLPClassifier(backend="tensorflow").fit(X, y)

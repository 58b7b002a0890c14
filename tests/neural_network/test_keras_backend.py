"""Keras set to compute by another library than TensorFlow.

`test_fresh_process.py` has libraries that are not there.
"""

import importlib
import sys

import keras
import pytest
import tensorflow as tf
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


def test_the_device_is_reported():
    X, y = make_classification(40, random_state=0)
    for backend in ("numpy", "tensorflow"):
        with tf.device("CPU:0"):
            fitted = KerasMLPClassifier(4, epochs=1, backend=backend).fit(X, y)
        assert fitted.device_ == "CPU:0"

"""Keras set to compute by another library than TensorFlow.

`test_fresh_process.py` has libraries that are not there.
"""

import gc
import importlib
import os
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
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "1")
    X, y = make_classification(40, random_state=0)
    with pytest.raises(ImportError, match=r"its torch backend.*set it to tensorflow"):
        KerasMLPClassifier(backend="tensorflow").fit(X, y)
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "1"


def test_the_device_is_reported():
    X, y = make_classification(40, random_state=0)
    for backend in ("numpy", "tensorflow"):
        with tf.device("CPU:0"):
            fitted = KerasMLPClassifier(4, epochs=1, backend=backend).fit(X, y)
        assert fitted.device_ == "CPU:0"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {
            "optimizer": "sgd",
            "optimizer__use_ema": True,
            "optimizer__gradient_accumulation_steps": 2,
        },
        {
            "optimizer": keras.optimizers.AdamW(clipnorm=1.0),
            "callbacks": keras.callbacks.TerminateOnNaN,
        },
    ],
    ids=["default", "options", "objects"],
)
def test_a_fit_leaves_nothing_behind(params):
    X, y = make_classification(40, random_state=0)
    classifier = KerasMLPClassifier(4, epochs=1, backend="tensorflow", **params)

    def fit_and_count():
        model = classifier.fit(X, y, X_val=X, y_val=y).model_
        # TensorFlow keeps some 40 kB for each name that a variable ever had.
        names = [variable.path for variable in model.optimizer.variables]
        del model, classifier._trained_model
        gc.collect()
        graphs = [o for o in gc.get_objects() if type(o).__name__ == "FuncGraph"]
        return len(graphs), names

    assert fit_and_count() == fit_and_count()

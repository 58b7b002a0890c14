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
        {"dropout": 0.5, "metrics": ["accuracy", "AUC", "mse", "f1"]},
        {
            "optimizer": "sgd",
            "optimizer__use_ema": True,
            "optimizer__gradient_accumulation_steps": 2,
        },
        {
            "optimizer": keras.optimizers.AdamW(clipnorm=1.0),
            "callbacks": keras.callbacks.TerminateOnNaN,
        },
        {"optimizer": "Muon"},
        {"optimizer": keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())},
    ],
    ids=["default", "dropout and metrics", "options", "objects", "Muon", "wrapped"],
)
def test_a_fit_leaves_nothing_behind(params):
    X, y = make_classification(40, random_state=0)
    X = X.astype("float32")  # Muon cannot train in double precision
    classifier = KerasMLPClassifier(4, epochs=1, backend="tensorflow", **params)
    names = []

    def create_variable(create, **options):
        variable = create(**options)
        names.append(variable.name)
        return variable

    def fit_and_count():
        # TensorFlow keeps some 40 kB for each name that a variable ever had.
        names.clear()
        with tf.variable_creator_scope(create_variable):
            classifier.fit(X, y, X_val=X, y_val=y)
        del classifier._trained_model
        gc.collect()
        return count_graphs(), sorted(names)

    assert fit_and_count() == fit_and_count()
    assert len(names) > 4


def count_graphs():
    return sum(type(o).__name__ == "FuncGraph" for o in gc.get_objects())


def test_many_fits_leave_few_graphs_to_the_garbage_collector():
    X, y = make_classification(40, random_state=0)
    gc.collect()
    before = count_graphs()
    gc.disable()
    try:
        for _ in range(12):
            KerasMLPClassifier(4, epochs=1, backend="tensorflow").fit(X, y)
        assert count_graphs() - before < 12
    finally:
        gc.enable()


def test_names_of_the_user_keep_their_numbers():
    X, y = make_classification(40, random_state=0)
    before = keras.layers.Dropout(0.5).seed_generator.name
    params = {"dropout": 0.5, "metrics": ["AUC"], "backend": "tensorflow"}
    KerasMLPClassifier(4, epochs=1, **params).fit(X, y).to_keras()
    after = keras.layers.Dropout(0.5).seed_generator.name
    number = int(before.rpartition("_")[2]) if before[-1].isdigit() else 0
    assert after == f"seed_generator_{number + 1}"

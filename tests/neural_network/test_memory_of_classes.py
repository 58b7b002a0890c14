"""Memory of a fit with many classes, in matrices of samples x classes in float32."""

import tracemalloc

import numpy as np
import pytest

from skimdb import KerasMLPClassifier

N_SAMPLES, N_CLASSES = 6000, 300


@pytest.mark.parametrize(
    ("params", "limit"),
    [
        ({"metrics": ()}, 1.7),
        ({}, 1.9),
        ({"validation": True}, 2.1),
        ({"early_stopping": True}, 1.9),
    ],
    ids=str,
)
def test_peak(params, limit):
    rng = np.random.default_rng(0)
    X = rng.random((N_SAMPLES, 4), dtype=np.float32)
    y = np.arange(N_SAMPLES) % N_CLASSES
    params = {"size": 4, "epochs": 1, "batch_size": 256, "random_state": 0} | params
    validation = {"X_val": X, "y_val": y} if params.pop("validation", False) else {}
    classifier = KerasMLPClassifier(**params).fit(X, y)
    tracemalloc.start()
    try:
        classifier.fit(X, y, **validation)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak / (N_SAMPLES * N_CLASSES * 4) < limit

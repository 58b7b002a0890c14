"""The measurements; each runs in a new process and returns a dict."""

import logging
import multiprocessing
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from itertools import cycle, islice, product
from pathlib import Path

import joblib
import numpy as np
import scipy.sparse as sp
from harness.gauges import clock, peak_memory
from harness.reviews import write
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from training.scripts.reading import read

from skimdb import EpochSearchCV, KerasMLPClassifier


class GaugedClassifier(KerasMLPClassifier):
    """Writes the peak memory of the process that fits it."""

    def fit(self, X, y, **params):
        """Fit, and write the memory to a file of this process."""
        super().fit(X, y, **params)
        path = Path(os.environ["PEAKS_FOLDER"]) / f"{os.getpid()}"
        path.write_text(f"{peak_memory()}")
        return self


def enter_backend(stack, backend, n_workers):
    """Enter the context of a backend of joblib."""
    if backend == "dask":
        from dask.distributed import Client, LocalCluster

        quiet = {"dashboard_address": None, "silence_logs": logging.ERROR}
        cluster = LocalCluster(n_workers=n_workers, threads_per_worker=1, **quiet)
        stack.enter_context(Client(stack.enter_context(cluster)))
    if backend == "ray":
        import ray
        from ray.util.joblib import register_ray

        quiet = {"include_dashboard": False, "log_to_driver": False}
        ray.init("local", num_cpus=n_workers, **quiet)
        stack.callback(ray.shutdown)
        register_ray()
    name, _, method = backend.partition(", ")
    if method:
        multiprocessing.set_start_method(method, force=True)
    if name != "sequential":
        stack.enter_context(joblib.parallel_config(name, n_jobs=n_workers))


def search_grid(folder, plan, backend, n_workers, n_candidates, n_splits):
    """Search the grid: seconds of the start, of a small search, of both searches."""
    start = time.perf_counter()
    X, y = read(folder, "small")
    peaks = Path(tempfile.mkdtemp(dir=folder))
    os.environ["PEAKS_FOLDER"] = str(peaks)  # workers inherit it
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)  # and these modules
    classifier = GaugedClassifier(epochs=plan.epochs, batch_size=256)
    values = cycle(product(plan.sizes, plan.l2, plan.dropout))
    grid = [
        {"size": [size], "l2": [l2], "dropout": [dropout], "random_state": [i]}
        for i, (size, l2, dropout) in enumerate(islice(values, n_candidates))
    ]
    options = {"cv": StratifiedKFold(n_splits), "refit": False}
    seeds = {"random_state": range(n_workers)}  # keeps each worker busy for a moment
    small = GridSearchCV(classifier, seeds, cv=2, refit=False)
    plain = GridSearchCV(classifier, grid, **options)
    search = EpochSearchCV(classifier, grid, max_epochs=plan.epochs, **options)
    found = {}
    with ExitStack() as stack:
        enter_backend(stack, backend, n_workers)
        small.fit(X[:50], y[:50])
        found["start"] = time.perf_counter() - start
        found["call"], _ = clock(small.fit, X[:50], y[:50])
        found["GridSearchCV"], _ = clock(plain.fit, X, y)
        found["EpochSearchCV"], _ = clock(search.fit, X, y)
    paths = list(peaks.iterdir())
    others = [path for path in paths if path.name != f"{os.getpid()}"]
    found["peak"] = max(float(path.read_text()) for path in others or paths)
    names = [name for name in plain.cv_results_ if "_test_score" in name]
    scores = [plain.cv_results_[name].tolist() for name in names]
    scores += search.history_.drop(columns="fit_time").to_numpy(float).tolist()
    return found | {"scores": joblib.hash(scores)}


def write_rows(folder, plan, n_rows, n_columns):
    """Write reviews drawn with replacement, each without a tenth of its words.

    Columns beyond the vocabulary are words of the reviews under other names.
    """
    X, y = read(folder, "matrix")
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, X.shape[0], n_rows)
    X = X[drawn]
    X.data[:] = rng.random(X.nnz) >= 0.1
    X.eliminate_zeros()
    n_names = -(-n_columns // X.shape[1])
    names = rng.integers(0, n_names, X.nnz)
    cells = X.data, X.indices + names * X.shape[1], X.indptr
    X = sp.csr_array(cells, (n_rows, n_names * X.shape[1]))
    X.sort_indices()
    write(folder, "rows", X[:, :n_columns], y[drawn])
    return {}


def fit(folder, plan, n_units):
    """Fit: seconds per epoch, and the size of the matrix."""
    X, y = read(folder, "rows")
    params = {"epochs": 1, "batch_size": 512, "random_state": 0}
    classifier = KerasMLPClassifier(n_units, backend="numpy", **params)
    classifier.fit(X[:100], y[:100])  # a first call in a process takes longer
    first, _ = clock(classifier.fit, X, y)
    classifier.set_params(epochs=1 + plan.fit_epochs)
    seconds, _ = clock(classifier.fit, X, y)
    return {
        "epoch": (seconds - first) / plan.fit_epochs,
        "cells": X.nnz / X.shape[0],
        "matrix": (X.data.nbytes + X.indices.nbytes + X.indptr.nbytes) / 1e6,
    }

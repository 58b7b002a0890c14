"""One measurement in this process, whose last line of output is JSON.

python -m scaling.worker TASK FOLDER [--quick] [ARGUMENTS]
"""

import argparse
import hashlib
import json
import logging
import multiprocessing
import os
import shutil
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
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from scaling.plans import FULL, QUICK
from skimdb import EpochSearchCV, KerasMLPClassifier


class GaugedClassifier(KerasMLPClassifier):
    """Writes down the peak memory of the process that fits it."""

    def fit(self, X, y, **params):
        """Fit, and note the memory in a file of the process."""
        super().fit(X, y, **params)
        path = Path(os.environ["PEAKS_FOLDER"]) / f"{os.getpid()}"
        path.write_text(f"{peak_memory()}")
        return self


def enter_backend(stack, backend, n_workers):
    """Enter the context of a backend."""
    if backend == "sequential":
        return
    if backend == "dask":
        from dask.distributed import Client, LocalCluster

        cluster = LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=logging.ERROR,
        )
        stack.enter_context(Client(stack.enter_context(cluster)))
    if backend == "ray":
        import ray
        from ray.util.joblib import register_ray

        ray.init(
            "local", num_cpus=n_workers, include_dashboard=False, log_to_driver=False
        )
        stack.callback(ray.shutdown)
        register_ray()
    name, _, method = backend.partition(", ")
    if method:
        multiprocessing.set_start_method(method)
    stack.enter_context(joblib.parallel_config(name, n_jobs=n_workers))


def make_grid(plan, n_candidates):
    """Return parameters of candidates; of more than the plan has, by their seeds."""
    values = product(plan.sizes, plan.l2, plan.dropout)
    chosen = islice(enumerate(cycle(values)), n_candidates)
    return [
        {"size": [size], "l2": [l2], "dropout": [dropout], "random_state": [i]}
        for i, (size, l2, dropout) in chosen
    ]


def read_scores(search):
    """Return all scores of a search as bytes."""
    table = search.cv_results_
    names = sorted(name for name in table if "_test_score" in name)
    scores = np.concatenate([table[name] for name in names])
    curves = getattr(search, "history_", None)
    if curves is not None:
        curves = curves.drop(columns="fit_time").to_numpy(float)
        scores = np.concatenate([scores, curves.ravel()])
    return scores.tobytes()


def search_grid(folder, plan, backend, n_workers, n_candidates, n_splits):
    """Search the grid on a backend: seconds of the start, of a call, of the grids."""
    start = time.perf_counter()
    X, y = sp.load_npz(folder / "grid.npz"), np.load(folder / "grid_y.npy")
    X = sp.csr_array(X)
    peaks = Path(tempfile.mkdtemp())
    os.environ["PEAKS_FOLDER"] = f"{peaks}"  # workers inherit it
    cv = StratifiedKFold(n_splits)
    classifier = GaugedClassifier(epochs=plan.epochs, batch_size=256)
    options = {"cv": cv, "refit": False}
    grid = make_grid(plan, n_candidates)
    found = {}
    with ExitStack() as stack:
        enter_backend(stack, backend, n_workers)
        small = clone_small(classifier, n_workers)
        clock(small.fit, X[:50], y[:50])
        found["start"] = time.perf_counter() - start
        found["call"], _ = clock(small.fit, X[:50], y[:50])
        searches = {
            "GridSearchCV": GridSearchCV(classifier, grid, **options),
            "EpochSearchCV": EpochSearchCV(
                classifier, grid, max_epochs=plan.epochs, **options
            ),
        }
        scores = b""
        for name, search in searches.items():
            found[name], _ = clock(search.fit, X, y)
            scores += read_scores(search)
    files = [path for path in peaks.iterdir() if path.name != f"{os.getpid()}"]
    files = files or list(peaks.iterdir())  # all in this process
    found["memory"] = max(float(path.read_text()) for path in files)
    found["scores"] = hashlib.sha256(scores).hexdigest()
    shutil.rmtree(peaks)
    return found


def clone_small(classifier, n_workers):
    """Return a search that keeps each worker busy for a moment."""
    grid = {"random_state": list(range(n_workers))}
    return GridSearchCV(classifier, grid, cv=2, refit=False)


def write_rows(folder, plan, n_rows, n_columns):
    """Write reviews drawn with replacement, each without a tenth of its words.

    More columns than the reviews have are words of theirs under further names.
    """
    X, y = sp.load_npz(folder / "reviews.npz"), np.load(folder / "reviews_y.npy")
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, X.shape[0], n_rows)
    X = sp.csr_array(X)[drawn]
    X.data[:] = rng.random(X.nnz) >= 0.1
    X.eliminate_zeros()
    n_names = -(-n_columns // X.shape[1])
    if n_names > 1:
        names = rng.integers(0, n_names, X.nnz)
        indices = X.indices + names * X.shape[1]
        X = sp.csr_array((X.data, indices, X.indptr), (n_rows, n_names * X.shape[1]))
        X.sort_indices()
    sp.save_npz(folder / "rows.npz", X[:, :n_columns], compressed=False)
    np.save(folder / "rows_y.npy", y[drawn])
    return {}


def fit_once(folder, plan, n_units):
    """Fit: seconds per epoch, peak memory, and what the matrix takes of it."""
    X, y = sp.load_npz(folder / "rows.npz"), np.load(folder / "rows_y.npy")
    classifier = KerasMLPClassifier(
        n_units, epochs=1, batch_size=512, backend="numpy", random_state=0
    )
    classifier.fit(X[:100], y[:100])  # a first call in a process takes longer
    first, _ = clock(classifier.fit, X, y)
    classifier.set_params(epochs=1 + plan.fit_epochs)
    seconds, _ = clock(classifier.fit, X, y)
    return {
        "epoch": (seconds - first) / plan.fit_epochs,
        "memory": peak_memory(),
        "cells": X.nnz / X.shape[0],
        "matrix": (X.data.nbytes + X.indices.nbytes + X.indptr.nbytes) / 1e6,
    }


def prepare(folder, plan, source):
    """Fetch the reviews, vectorize them, and write them down; say how long it takes."""
    from skimdb import TextMultiHotVectorizer
    from skimdb.datasets import fetch_imdb

    texts, y = fetch_imdb(subset="train", source=source, return_X_y=True)
    vectorizer = TextMultiHotVectorizer(max_features=10_000)
    vectorizer.fit(texts)
    seconds, X = clock(vectorizer.transform, texts)
    sp.save_npz(folder / "reviews.npz", X, compressed=False)
    np.save(folder / "reviews_y.npy", y)
    n = plan.n_reviews
    X = vectorizer.fit_transform(texts[:n])
    sp.save_npz(folder / "grid.npz", X, compressed=False)
    np.save(folder / "grid_y.npy", y[:n])
    return {
        "rows": len(texts),
        "bytes": sum(len(text.encode()) for text in texts) / len(texts),
        "vectorize": seconds / len(texts),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("task")
    parser.add_argument("folder", type=Path)
    parser.add_argument("arguments", nargs="*")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    tasks = {"prepare": prepare, "grid": search_grid}
    tasks |= {"rows": write_rows, "fit": fit_once}
    arguments = [int(a) if a.isdigit() else a for a in options.arguments]
    result = tasks[options.task](options.folder, plan, *arguments)
    sys.stdout.flush()
    print(json.dumps(result))


if __name__ == "__main__":
    main()

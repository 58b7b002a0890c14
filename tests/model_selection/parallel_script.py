"""Searches on a backend of joblib, in a process of their own.

    python parallel_script.py ACTION BACKEND [FOLDER]

Prints the scores as JSON. With a folder, each fit adds a line to its file ``fits.txt``,
and takes a moment, in which a worker can be killed.
"""

import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import joblib
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimdb import EpochSearchCV, KerasMLPClassifier, epoch_curve

GRID = {"learning_rate": [0.001, 0.01, 0.1], "l2": [0, 0.01, 0.02, 0.1]}
N_FITS = 48
BACKENDS = ["loky", "threading", "multiprocessing", "spawn", "dask", "ray"]


class Logging(KerasMLPClassifier):
    """Notes when a fit begins and ends, and by which process, in a folder."""

    def __init__(self, folder=None, **params):
        super().__init__(**params)
        self.folder = folder

    def fit(self, X, y, **params):
        self._note("begin")
        time.sleep(0.02)
        super().fit(X, y, **params)
        self._note("end")
        return self

    def _note(self, what):
        line = f"{what} {self.learning_rate} {self.l2} {os.getpid()}\n"
        with open(Path(self.folder) / "fits.txt", "a") as log:
            log.write(line)  # at one go


def make_data():
    return make_classification(120, 10, random_state=1)


def make_classifier(folder=None):
    params = {"size": 2, "batch_size": 32, "random_state": 0}
    if folder is None:
        return KerasMLPClassifier(**params)
    return Logging(folder, **params)


def search_epochs(folder=None, memory=None, n_jobs=None, **params):
    """Search over 12 candidates and 4 splits."""
    search = EpochSearchCV(
        make_classifier(folder),
        GRID,
        max_epochs=4,
        cv=KFold(4),
        scoring="roc_auc",
        refit=False,
        memory=memory,
        n_jobs=n_jobs,
        **params,
    )
    return search.fit(*make_data())


def read_scores(search):
    """Scores of a search, all of its curves included."""
    table = search.cv_results_
    names = sorted(name for name in table if "_test_" in name)
    scores = [table[name].tolist() for name in names]
    if hasattr(search, "history_"):
        curves = search.history_.drop(columns="fit_time").to_numpy(float)
        scores.append(curves.tolist())
    return scores


def search_all(n_jobs=None):
    """What a cluster is there for: searches and cross-validations, small ones."""
    X, y = make_data()
    classifier, cv = make_classifier(), KFold(3)
    grid = {"size": [1, 2]}
    pipe = make_pipeline(StandardScaler(), classifier)
    pipe_grid = {f"kerasmlpclassifier__{name}": v for name, v in grid.items()}
    options = {"cv": cv, "n_jobs": n_jobs}
    curves = epoch_curve(pipe, X, y, param_grid=pipe_grid, max_epochs=3, **options)
    search = EpochSearchCV(classifier, grid, max_epochs=3, refit=False, **options)
    patient = EpochSearchCV(
        pipe, pipe_grid, max_epochs=3, n_iter_no_change=1, refit=False, **options
    )
    return {
        "GridSearchCV": read_scores(
            GridSearchCV(classifier, grid, refit=False, **options).fit(X, y)
        ),
        "cross_val_score": cross_val_score(pipe, X, y, **options).tolist(),
        "epoch_curve": curves.drop(columns="fit_time").to_numpy(float).tolist(),
        "EpochSearchCV": read_scores(search.fit(X, y)),
        "with patience": read_scores(patient.fit(X, y)),
    }


def start_backend(stack, backend, n_jobs=2):
    """Enter the context of a backend, with two workers; returns dask's client."""
    client = None
    if backend == "spawn":
        multiprocessing.set_start_method("spawn")
        backend = "multiprocessing"
    if backend == "dask":
        from dask.distributed import Client, LocalCluster

        cluster = LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        )
        client = stack.enter_context(Client(stack.enter_context(cluster)))
        stack.enter_context(joblib.parallel_config("dask"))  # all workers
        return client
    if backend == "ray":
        import ray
        from ray.util.joblib import register_ray

        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        stack.callback(ray.shutdown)
        register_ray()
        restart = {"max_restarts": -1, "max_task_retries": -1}
        stack.enter_context(
            joblib.parallel_config("ray", n_jobs=n_jobs, ray_remote_args=restart)
        )
        return None
    stack.enter_context(joblib.parallel_config(backend, n_jobs=n_jobs))
    return None


def read_log(folder):
    """Lines on the fits: begin or end, parameters, and process."""
    path = Path(folder) / "fits.txt"
    return path.read_text().splitlines() if path.exists() else []


def kill_worker(folder, n_fits=10):
    """Kill the worker that has just begun a fit, when some fits are done."""
    while len(read_log(folder)) < 2 * n_fits:
        time.sleep(0.005)
    last = [line for line in read_log(folder) if line.startswith("begin")][-1]
    os.kill(int(last.split()[-1]), signal.SIGKILL)


def main(action, backend, folder=None):
    with ExitStack() as stack:
        client = start_backend(stack, backend)
        if action == "search":
            found = search_all()
            if client is not None:
                transitions = client.run_on_scheduler(
                    lambda dask_scheduler: [
                        key for key, *_ in dask_scheduler.transition_log
                    ]
                )
                found["tasks"] = sorted(set(map(str, transitions)))
        else:
            if action == "kill":
                threading.Thread(
                    target=kill_worker, args=(folder,), daemon=True
                ).start()
            memory = Path(folder) / "memory" if "memory" in action else None
            found = read_scores(search_epochs(folder, memory))
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])

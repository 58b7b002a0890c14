"""Searches on a backend of joblib, in a process of their own.

    python parallel_script.py ACTIONS BACKEND FOLDER [ACTIONS BACKEND FOLDER ...]

The actions are some of those in `run`, with commas. Prints what they found as JSON,
one after the other. In the folder each fit writes lines into a file ``fits.txt``, and
takes a moment, in which it can be killed.

What follows the first folder is done next, by the same process, which is quicker than
one for each.
"""

import json
import multiprocessing
import os
import random
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


def make_data():
    return make_classification(120, 10, random_state=1)


def make_classifier(cls=KerasMLPClassifier):
    return cls(size=2, batch_size=32, random_state=0)


def search_epochs(memory=None, n_jobs=None, **params):
    """Search over 12 candidates and 4 splits."""
    from fitlog import Logging  # installed by a fixture

    search = EpochSearchCV(
        make_classifier(Logging),
        GRID,
        max_epochs=4,
        cv=KFold(4),
        scoring="roc_auc",
        monitor="val_roc_auc",
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


def search_briefly(n_jobs=None):
    """Scores of a search among two candidates."""
    grid, cv = {"size": [1, 2]}, KFold(3)
    search = EpochSearchCV(
        make_classifier(), grid, max_epochs=3, cv=cv, n_jobs=n_jobs, refit=False
    )
    return read_scores(search.fit(*make_data()))


def search_all():
    """What a cluster is there for: searches and cross-validations, small ones."""
    X, y = make_data()
    classifier, cv = make_classifier(), KFold(3)
    pipe = make_pipeline(StandardScaler(), classifier)
    grid = {"kerasmlpclassifier__size": [1, 2]}
    curves = epoch_curve(pipe, X, y, param_grid=grid, max_epochs=3, cv=cv)
    patient = EpochSearchCV(
        pipe, grid, max_epochs=3, n_iter_no_change=1, refit=False, cv=cv
    )
    plain = GridSearchCV(pipe, grid, refit=False, cv=cv)
    return {
        "GridSearchCV": read_scores(plain.fit(X, y)),
        "cross_val_score": cross_val_score(pipe, X, y, cv=cv).tolist(),
        "epoch_curve": curves.drop(columns="fit_time").to_numpy(float).tolist(),
        "with patience": read_scores(patient.fit(X, y)),
        "n_jobs of the context": search_briefly(),
        "n_jobs named": search_briefly(n_jobs=2),
    }


def start_backend(stack, backend):
    """Enter the context of a backend, with two workers.

    "dask, one core" is dask with one worker of one thread.
    """
    if backend == "sequential":
        return
    if backend == "spawn":
        before = multiprocessing.get_start_method()
        stack.callback(multiprocessing.set_start_method, before, force=True)
        multiprocessing.set_start_method("spawn", force=True)
        backend = "multiprocessing"
    if backend.startswith("dask"):
        import dask
        from dask.distributed import Client, LocalCluster
        from distributed.utils import get_mp_context

        # Workers are forked from a process that has imported what they need.
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
        needed = ["distributed", "sklearn.pipeline", "skimdb.model_selection._search"]
        get_mp_context().set_forkserver_preload(needed)
        cluster = LocalCluster(
            n_workers=2 if backend == "dask" else 1,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            env={"FITS_FOLDER": os.environ["FITS_FOLDER"]},
        )
        client = stack.enter_context(Client(stack.enter_context(cluster)))
        client.wait_for_workers(len(cluster.worker_spec))
        stack.enter_context(joblib.parallel_config("dask"))  # all workers
        return
    if backend == "ray":
        import ray
        from ray.util.joblib import register_ray

        ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
        stack.callback(ray.shutdown)
        register_ray()
        restart = {"max_restarts": 2, "max_task_retries": 2}
        stack.enter_context(
            joblib.parallel_config("ray", n_jobs=2, ray_remote_args=restart)
        )
        return
    stack.enter_context(joblib.parallel_config(backend, n_jobs=2))


def read_log(folder):
    """Lines on the fits: begin or end, parameters, and process."""
    path = Path(folder) / "fits.txt"
    return path.read_text().splitlines() if path.exists() else []


def count_begun(folder):
    """Number of fits that were begun."""
    return sum(line.startswith("begin") for line in read_log(folder))


def kill_worker(folder, n_fits=10):
    """Kill the worker that has just begun a fit, when some fits are done."""
    while len(read_log(folder)) < 2 * n_fits:
        time.sleep(0.005)
    last = [line for line in read_log(folder) if line.startswith("begin")][-1]
    os.kill(int(last.split()[-1]), signal.SIGKILL)
    (Path(folder) / "killed.txt").write_text(last)


def search_and_kill(folder, memory=None):
    """Scores of a search during which a worker is killed."""
    threading.Thread(target=kill_worker, args=(folder,), daemon=True).start()
    return read_scores(search_epochs(memory))


def kill_at_random(folder, process, rng):
    """Kill a search at a random time after it began its first fit, or let it end."""
    while process.is_alive():
        if any(line.endswith(f" {process.pid}") for line in read_log(folder)):
            time.sleep(rng.uniform(0, 0.1))
            process.kill()
            process.join()
        time.sleep(0.001)
    return process.exitcode == -signal.SIGKILL


def search_beside_killed(folder, memory, n_kills=2, seed=0):
    """Two processes on one folder, one of which is killed and started again.

    Returns the scores of the other, and how many were killed.
    """
    # Forks are quick to start. Their keys of the fits are compared with those of
    # another process by the test.
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    all_killed = signal.SIGUSR1
    signal.signal(all_killed, lambda *_: os.environ.update(FIT_SECONDS="0"))

    def search_steadily():
        # So slow that the others begin, until all of them are killed.
        os.environ["FIT_SECONDS"] = "0.1"
        sender.send(read_scores(search_epochs(memory)))

    steady = context.Process(target=search_steadily)
    steady.start()
    sender.close()
    rng, n_killed = random.Random(seed), 0
    for _ in range(n_kills):
        process = context.Process(target=search_epochs, args=(memory,))
        process.start()
        n_killed += kill_at_random(folder, process, rng)
    if steady.is_alive():
        os.kill(steady.pid, all_killed)
    scores = receiver.recv()
    steady.join()
    return {"scores": scores, "exit": steady.exitcode, "n_killed": n_killed}


def run(actions, backend, folder=None):
    """Take some actions on a backend."""
    if folder is not None:
        os.environ["FITS_FOLDER"] = str(folder)  # workers inherit it
    print(f"Backend {backend}:", file=sys.stderr, flush=True)
    memory = Path(folder or "") / "memory"
    with ExitStack() as stack:
        start_backend(stack, backend)
        functions = {
            "all": search_all,
            "brief": search_briefly,
            "kill": lambda: search_and_kill(folder),
            "kill-memory": lambda: search_and_kill(folder, memory),
            "kill-beside": lambda: search_beside_killed(folder, memory),
        }
        for action in actions.split(","):
            print(json.dumps(functions[action]()), flush=True)


if __name__ == "__main__":
    for start in range(1, len(sys.argv), 3):
        run(*sys.argv[start : start + 3])

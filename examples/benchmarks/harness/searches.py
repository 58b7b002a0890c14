"""Grid searches, with one job and with two."""

import numpy as np

from harness import peers
from harness.gauges import clock


def _search(peer, plan, seed, cv):
    from sklearn.model_selection import GridSearchCV

    if peer == "MLPClassifier":
        estimator = peers.make_sklearn(plan.grid, seed)
        grid = {
            "hidden_layer_sizes": [(size, size) for size in plan.grid_sizes],
            "alpha": plan.grid_l2,
            # It has no dropout: fits with another seed make up the number.
            "random_state": [seed + i for i in range(len(plan.grid_dropout))],
        }
    else:
        scikeras = peer.startswith("scikeras")
        make = peers.make_scikeras if scikeras else peers.make_skimdb
        estimator = make(plan.grid, seed)
        grid = {
            "size": plan.grid_sizes,
            "l2": plan.grid_l2,
            "dropout": plan.grid_dropout,
        }
    # Candidates are compared, none is refitted.
    return GridSearchCV(estimator, grid, cv=cv, refit=False, error_score="raise")


def _grid_data(peer, data, plan):
    from sklearn.model_selection import StratifiedKFold

    X, y = peers.densify(peer, data.matrix()[: plan.n_small]), data.y()[: plan.n_small]
    return X, y, list(StratifiedKFold(4).split(X, y))


def grid(peer, data, plan, seed):
    """A grid search: skimdb's on 4 folds; its peers' on the first, times 4."""
    X, y, folds = _grid_data(peer, data, plan)
    used = folds if peer == "skimdb" else folds[:1]
    search = _search(peer, plan, seed, used)
    seconds, _ = clock(search.fit, X, y)
    scores = search.cv_results_["split0_test_score"]
    return {
        "seconds": [seconds * len(folds) / len(used)],
        "accuracy": float(np.mean(scores)),
    }


def jobs(peer, data, plan, seed):
    """The grid search with one job and with two, all in one process."""
    from joblib import parallel_config

    X, y, folds = _grid_data(peer, data, plan)
    seconds = {}
    for name, backend, n_jobs in [
        ("n_jobs=1, first call", "threading", 1),
        ("loky, first call", "loky", 2),
        ("n_jobs=1", "threading", 1),
        ("threading", "threading", 2),
        ("loky", "loky", 2),
        ("n_jobs=1, again", "threading", 1),
    ]:
        with parallel_config(backend=backend, n_jobs=n_jobs):
            seconds[name], _ = clock(_search(peer, plan, seed, folds).fit, X, y)
    return {"seconds": list(seconds.values()), "names": list(seconds)}

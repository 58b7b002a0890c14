"""Tasks of `training.worker` that search: a grid, and the number of epochs."""

import numpy as np
from harness.gauges import clock

from training import peers


def search_grid(peer, data, plan, seed):
    """A grid search: skimdb's on 4 folds; its peers' on the first, times 4."""
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    X, y = data.read_matrix()
    X, y = peers.densify(peer, X[: plan.n_small]), y[: plan.n_small]
    if peer == peers.SKLEARN:
        estimator = peers.make_sklearn(plan.grid, seed)
        grid = {
            "hidden_layer_sizes": [(size, size) for size in plan.grid_sizes],
            "alpha": plan.grid_l2,
            # It has no dropout: fits with another seed make up the number.
            "random_state": [seed + i for i in range(len(plan.grid_dropout))],
        }
    else:
        scikeras = peer == peers.SCIKERAS
        make = peers.make_scikeras if scikeras else peers.make_skimdb
        estimator = make(plan.grid, seed)
        grid = {
            "size": plan.grid_sizes,
            "l2": plan.grid_l2,
            "dropout": plan.grid_dropout,
        }
    folds = list(StratifiedKFold(4).split(X, y))
    used = folds if peer.startswith("skimdb") else folds[:1]
    search = GridSearchCV(
        estimator,
        grid,
        cv=used,
        n_jobs=2 if peer.endswith("n_jobs=2") else None,
        refit=False,  # candidates are compared
        error_score="raise",
    )
    seconds, _ = clock(search.fit, X, y)
    scores = search.cv_results_["split0_test_score"]
    return {
        "calls": [seconds * len(folds) / len(used)],
        "accuracy": float(np.mean(scores)),
    }


def search_epochs(peer, data, plan, seed):
    """Find the number of epochs, the vectorizer fitted anew on each split."""
    from sklearn.model_selection import GridSearchCV, KFold
    from sklearn.pipeline import make_pipeline

    from skimdb import EpochSearchCV, TextMultiHotVectorizer

    texts, y = data.read_texts()
    pipe = make_pipeline(
        TextMultiHotVectorizer(max_features=10_000),
        peers.make_skimdb(plan.kfold, seed),
    )
    if peer == "EpochSearchCV":
        search = EpochSearchCV(pipe, max_epochs=plan.kfold.epochs, cv=KFold(4))
    else:
        grid = {"kerasmlpclassifier__epochs": range(1, plan.kfold.epochs + 1)}
        search = GridSearchCV(pipe, grid, cv=KFold(4), scoring="neg_log_loss")
    seconds, _ = clock(search.fit, texts, y)
    best = getattr(search, "best_epoch_", None)
    return {
        "calls": [seconds],
        "best_epoch": best or search.best_params_["kerasmlpclassifier__epochs"],
        "best_loss": -search.best_score_,
    }

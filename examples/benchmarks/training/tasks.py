"""The measurements: one peer and one task in a new process.

A task takes the name of a peer, the folder of the data, a `Plan` and a seed. It returns
a dict with the seconds of its ``first`` and ``second`` call, and with losses and
accuracies.
"""

import statistics
import sys
from dataclasses import replace
from functools import partial

import numpy as np
from harness.gauges import clock

from training import peers
from training.plans import Network
from training.scripts.reading import read


def run(task, peer, *arguments):
    """Run a task after the imports, which are not timed."""
    peers.import_library(peer)
    return task(peer, *arguments)


def judge_curve(curve):
    """Return validation loss and accuracy at the best epoch and after the last."""
    losses, accuracies = (list(curve[name]) for name in peers.CURVE)
    best = int(np.argmin(losses))
    return {
        "best_loss": losses[best],
        "best_accuracy": accuracies[best],
        "best_epoch": best + 1,
        "final_loss": losses[-1],
        "final_accuracy": accuracies[-1],
    }


def judge(fitted, X_val, y_val):
    """Return the results of the curve, or loss and accuracy without a curve."""
    if fitted.curve:
        return judge_curve(fitted.curve)
    from sklearn.metrics import log_loss

    proba = np.clip(fitted.predict(X_val).astype(np.float64), 1e-7, 1 - 1e-7)
    accuracy = np.mean((proba > 0.5) == (y_val == 1))
    return {"final_loss": log_loss(y_val, proba), "final_accuracy": float(accuracy)}


def _split_holdout(peer, folder, plan):
    """Return training data, validation data, and the data of the curve or None."""
    X, y = read(folder, "matrix")
    X, n = peers.densify(peer, X), plan.n_validation
    validation = X[:n], y[:n]
    return (X[n:], y[n:]), validation, None if "without" in peer else validation


def _fit_in_turn(peer, folder, plan, seed, *networks):
    """Fit networks that differ in their epochs; return seconds and results."""
    training, validation, shown = _split_holdout(peer, folder, plan)
    result, model = {}, None
    for call, network in zip(("first", "second"), networks, strict=False):
        arguments = peer, training, shown, network, seed, model
        result[call], fitted = clock(peers.fit, *arguments)
        model = fitted.model
    return result | judge(fitted, *validation)


def fit_holdout(peer, folder, plan, seed):
    """Fit the network of the holdout twice to a vectorized matrix."""
    return _fit_in_turn(peer, folder, plan, seed, plan.holdout, plan.holdout)


def fit_wide(peer, folder, plan, seed):
    """Measure seconds per epoch: a first call with one epoch, and a second call."""
    networks = replace(plan.wide, epochs=1), plan.wide
    result = _fit_in_turn(peer, folder, plan, seed, *networks)
    return result | {"second": result["second"] / plan.wide.epochs}


def fit_seed(peer, folder, plan, seed):
    """Fit the network of the comparison of seeds."""
    return _fit_in_turn(peer, folder, plan, seed, plan.accuracy)


def fit_folds(peer, folder, plan, seed):
    """Cross-validate twice, with curves."""
    from sklearn.model_selection import KFold

    X, y = read(folder, "matrix")
    X, y, cv = peers.densify(peer, X[: plan.n_small]), y[: plan.n_small], KFold(4)

    def draw_curves():
        from skimdb import epoch_curve

        frame = epoch_curve(peers.make_skimdb(plan.kfold, seed), X, y, cv=cv)
        return judge_curve(frame.groupby("epoch")[list(peers.CURVE)].mean())

    def loop_over_folds():
        folds = []
        for train, test in cv.split(X):
            data = (X[train], y[train]), (X[test], y[test])
            fitted = peers.fit(peer, *data, plan.kfold, seed)
            folds.append(fitted.curve or judge(fitted, *data[1]))
        mean = {name: np.mean([f[name] for f in folds], axis=0) for name in folds[0]}
        return judge_curve(mean) if "val_loss" in mean else mean

    validate = draw_curves if "skimdb" in peer else loop_over_folds
    (first, _), (second, results) = clock(validate), clock(validate)
    return {"first": first, "second": second} | results


def search_grid(peer, folder, plan, seed):
    """Search a grid: skimdb on 4 folds; its peers on the first, multiplied by 4."""
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    X, y = read(folder, "matrix")
    X, y = peers.densify(peer, X[: plan.n_small]), y[: plan.n_small]
    makers = {peers.SKLEARN: peers.make_sklearn, peers.SCIKERAS: peers.make_scikeras}
    estimator = makers.get(peer, peers.make_skimdb)(
        Network(epochs=plan.grid_epochs), seed
    )
    grid = {"size": plan.grid_sizes, "l2": plan.grid_l2, "dropout": plan.grid_dropout}
    if peer == peers.SKLEARN:
        grid = {
            "hidden_layer_sizes": [(size, size) for size in plan.grid_sizes],
            "alpha": plan.grid_l2,
            # It has no dropout: fits with another seed make up the number.
            "random_state": [seed + i for i in range(len(plan.grid_dropout))],
        }
    folds = list(StratifiedKFold(4).split(X, y))
    used = folds if "skimdb" in peer else folds[:1]
    n_jobs = 2 if peer.endswith("n_jobs=2") else None
    options = {"n_jobs": n_jobs, "refit": False, "error_score": "raise"}
    search = GridSearchCV(estimator, grid, cv=used, **options)
    seconds, _ = clock(search.fit, X, y)
    scores = search.cv_results_["split0_test_score"]
    seconds *= len(folds) / len(used)
    return {"first": seconds, "accuracy": float(np.mean(scores))}


def search_epochs(peer, folder, plan, seed):
    """Search the number of epochs; each split has its own vocabulary."""
    from sklearn.model_selection import GridSearchCV, KFold
    from sklearn.pipeline import make_pipeline

    from skimdb import EpochSearchCV, TextMultiHotVectorizer

    network = peers.make_skimdb(plan.kfold, seed)
    pipe = make_pipeline(TextMultiHotVectorizer(max_features=10_000), network)
    if "EpochSearchCV" in peer:
        search = EpochSearchCV(pipe, max_epochs=plan.kfold.epochs, cv=KFold(4))
    else:
        grid = {"kerasmlpclassifier__epochs": range(1, plan.kfold.epochs + 1)}
        search = GridSearchCV(pipe, grid, cv=KFold(4), scoring="neg_log_loss")
    seconds, _ = clock(search.fit, *read(folder, "texts"))
    best = getattr(search, "best_epoch_", None)
    return {
        "first": seconds,
        "best_epoch": best or search.best_params_["kerasmlpclassifier__epochs"],
        "best_loss": -search.best_score_,
    }


def multiply_batches(peer, folder, plan, seed):
    """Measure seconds per epoch in TensorFlow for sparse or dense products."""
    from skimdb.neural_network._keras import _backend

    units, form = peer.split(" units, ")
    _backend._SPARSE_UNITS = 0 if form == "dense" else sys.maxsize
    training, _, _ = _split_holdout(peer, folder, plan)
    network = Network(int(units), epochs=1)
    fit = partial(peers.fit, peers.TENSORFLOW, training, None)
    fit(network, seed)  # the first call traces
    seconds, _ = clock(fit, replace(network, epochs=plan.wide.epochs), seed)
    return {"second": seconds / plan.wide.epochs}


def predict_all(peer, folder, plan, seed):
    """Predict all reviews twice; the preparation is not timed."""
    X, y = read(folder, "matrix")
    network = replace(plan.holdout, epochs=1)
    options = {}
    if "skimdb" in peer:
        model = peers.make_skimdb(network, seed).fit(X[:512], y[:512])
    else:
        from training.scripts.dense_keras import build_network

        model = build_network(X.shape[1], network.size)
        batch_size = None if "default" in peer else 512
        options = {"batch_size": batch_size, "verbose": 0}
    X = peers.densify(peer, X)

    def predict():
        return model.predict(X.toarray() if "densified" in peer else X, **options)

    return {"first": clock(predict)[0], "second": clock(predict)[0]}


def predict_one(peer, folder, plan, seed):
    """Measure the milliseconds from one text to its label in a fitted pipeline."""
    from sklearn.pipeline import make_pipeline

    texts, y = read(folder, "texts")
    network = replace(plan.kfold, epochs=1)
    if peer == peers.SKLEARN:
        from sklearn.feature_extraction.text import CountVectorizer

        vectorizer, make = CountVectorizer(binary=True), peers.make_sklearn
    else:
        from skimdb import TextMultiHotVectorizer

        vectorizer, make = TextMultiHotVectorizer(), peers.make_skimdb
    vectorizer.set_params(max_features=10_000)
    pipe = make_pipeline(vectorizer, make(network, seed)).fit(texts, y)
    pipe.predict(texts[:1])
    seconds = [clock(pipe.predict, [text])[0] for text in texts[: plan.n_single]]
    return {"first": 1e3 * statistics.median(seconds)}

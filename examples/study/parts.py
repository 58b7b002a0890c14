"""The experiments: one function each, from data and a pipeline to the report.

All take the data as a Bunch: ``texts`` and ``y`` to train and validate on, ``groups``
or None, ``test_texts`` and ``y_test`` that nothing is chosen by, and ``noun``, what
the texts are called.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from skimdb import EpochCurveDisplay, epoch_curve
from study import conclusions, plots, tables, words
from study.splits import order_evenly

REFERENCE = "16 units"


def do_parts(parts, report, *arguments):
    """Do the parts that were not done before an interruption."""
    for title, part in parts.items():
        if report.has_part(title):
            report.progress(f"{title}: done before the interruption")
            continue
        report.begin_part(title)
        # Threads for matrices as small as these cost more than they gain.
        with threadpool_limits(1, user_api="blas"):
            part(*arguments, report)
        report.end_part(title, len(parts))


def select(data, positions):
    """Return the data with these texts only to train and to validate on."""
    groups = None if data.groups is None else data.groups[positions]
    chosen = {"texts": data.texts[positions], "y": data.y[positions], "groups": groups}
    return type(data)(**{**data, **chosen})


def describe_network(classifier, n_classes):
    """Say in words what network a classifier trains, and in which batches."""
    layers = f"{classifier.n_hidden_layers} hidden layers of {classifier.size} ReLU"
    output = "a sigmoid" if n_classes == 2 else f"a softmax over {n_classes} classes"
    return f"{layers} units and {output}, in batches of {classifier.batch_size}"


def look_at_data(data, report):
    """Count texts, words and classes."""
    report.table(tables.count_texts(data), "data_counts", f"The {data.noun}")
    classes = tables.count_classes(data)
    report.table(classes.head(30), "data_classes", f"The {data.noun} of each class")


def holdout(data, pipe, split, drawn, report):
    """Train a network to the end, and once more to its best epoch.

    Parameters
    ----------
    data : Bunch
    pipe : Pipeline
        A vectorizer and a classifier.
    split : tuple of ndarray
        Positions to train on, and to validate on.
    drawn : str
        How the validation texts were taken, such as ``"the first"``.
    report : Report
    """
    train, validation = split
    last = pipe[-1]
    n_classes = len(np.unique(data.y))
    report.text(
        f"{len(validation):,} {data.noun}, {drawn}, are set aside to validate on. A "
        f"network with {describe_network(last, n_classes)}, is trained on the other "
        f"{len(train):,} by RMSprop for {last.epochs} epochs, and after each epoch we "
        "look how well it does on the validation texts. Then the weights of the best "
        "epoch and those of the last are tested on texts that had no part in any of "
        "this."
    )
    X, y = pipe[0].fit_transform(data.texts[train]), data.y[train]
    X_val, y_val = pipe[0].transform(data.texts[validation]), data.y[validation]
    X_test = pipe[0].transform(data.test_texts)

    # Early stopping with endless patience runs all epochs, then restores the weights of
    # the best; the same seed without it keeps those of the last.
    best = clone(last).set_params(
        early_stopping=True, n_iter_no_change=np.inf, verbose=1
    )
    best.fit(X, y, X_val=X_val, y_val=y_val)
    report.progress("The same once more, to keep the weights of the last epoch")
    last.fit(X, y, X_val=X_val, y_val=y_val)

    curve = pd.DataFrame(best.history_)
    curve.insert(0, "epoch", curve.index + 1)
    report.data(curve, "holdout_curve")
    models = {"best": (best.best_epoch_, best), "last": (last.n_iter_, last)}
    table = tables.compare_epochs(curve, models, X_test, data.y_test)
    report.table(table, "holdout", "The best epoch and the last")
    figure, axes = plt.subplots(2, sharex=True, figsize=(7.5, 6), layout="constrained")
    for metric, ax in zip(["loss", "accuracy"], axes, strict=True):
        display = EpochCurveDisplay(curve.assign(candidate="", repeat=0, fold=0))
        display.plot(ax, metric=metric)
    report.figure(figure, "holdout", "Training and validation curve of the holdout")
    report.conclude(
        *conclusions.on_holdout(
            curve,
            best.predict(X_test) == data.y_test,
            last.predict(X_test) == data.y_test,
        )
    )


def kfold(data, search, report):
    """Search the number of epochs by K-fold, and test what it finds.

    Parameters
    ----------
    data : Bunch
    search : EpochSearchCV
        Of a pipeline without variants, not fitted yet; `cv` is a list of splits.
    report : Report
    """
    classifier = search.estimator[-1]
    report.text(
        "A single validation set is a matter of luck, the more so with few texts. So "
        f"{len(search.cv)} folds of {len(data.y):,} {data.noun} take turns: vectorizer "
        f"and network (two hidden layers of {classifier.size} units, batches of "
        f"{classifier.batch_size}) are fitted to the others and validated on the fold, "
        f"for {search.max_epochs} epochs. The mean of the curves says how many epochs "
        "are best; that long the network is trained on all of them, and tested."
    )
    search.fit(data.texts, data.y)
    report.facts["kfold_best_epoch"] = int(search.best_epoch_)
    report.data(search.history_, "kfold_curves")
    table = tables.compare_folds(search)
    report.table(
        table,
        "kfold",
        f"Each fold at the best epoch of the mean curve, {search.best_epoch_}, and at "
        "its own",
    )
    figure = EpochCurveDisplay.from_search(search).figure_
    report.figure(figure, "kfold", "The folds, their mean and its best epoch")
    report.conclude(
        *conclusions.on_kfold(
            search.best_epoch_,
            search.max_epochs,
            search.split_best_epochs_,
            table["val_accuracy"],
            search.predict(data.test_texts) == data.y_test,
        )
    )


def list_variants(large):
    """List networks that differ in one thing from the one with 16 units."""
    return {
        REFERENCE: {"kerasmlpclassifier__size": 16},
        "4 units": {"kerasmlpclassifier__size": 4},
        f"{large} units": {"kerasmlpclassifier__size": large},
        "16 units + L2 0.002": {"kerasmlpclassifier__l2": 0.002},
        "16 units + dropout 0.5": {"kerasmlpclassifier__dropout": (0.5, 0.0)},
    }


def regularization(data, search, report):
    """Compare networks that memorize more or less easily.

    Parameters
    ----------
    data : Bunch
    search : EpochSearchCV
        Of `list_variants`, not fitted yet.
    report : Report

    Returns
    -------
    search : EpochSearchCV
        The same, fitted.
    """
    search.fit(data.texts, data.y)
    curves = search.history_
    report.data(curves, "regularization_curves")
    table = tables.compare_variants(curves, REFERENCE)
    report.table(
        table,
        "regularization",
        "Each network's mean curve at its best epoch and at its last, and how much "
        f"higher than with {REFERENCE} it ends",
    )
    display = EpochCurveDisplay(curves).plot(log_scale=True)
    display.ax_.yaxis.set(major_formatter="{x:g}", minor_formatter="{x:g}")
    report.figure(
        display.figure_, "regularization", "Validation loss of each network by epoch"
    )
    report.conclude(*conclusions.on_regularization(table, REFERENCE, search.max_epochs))
    return search


def judge(data, pipe, report):
    """Test a fitted pipeline: what it mistakes for what."""
    classes = pipe.classes_
    probabilities = pipe.predict_proba(data.test_texts)
    confidence = probabilities.max(axis=1)
    predicted = classes[probabilities.argmax(axis=1)]
    report.text(
        f"The network that was chosen reads the {len(data.y_test):,} test texts. "
        "Precision: how many of the texts that it gives to a class belong there. "
        "Recall: how many of the texts of a class it gives to it."
    )
    report.table(
        tables.compare_classes(data.y_test, predicted, classes),
        "test_classes",
        "Each class on the test texts",
    )
    figure = plots.plot_confusion(data.y_test, predicted, classes)
    report.figure(figure, "confusion_matrix", "Which class is taken for which")
    mistakes = tables.list_mistakes(data.test_texts, data.y_test, predicted, confidence)
    if len(mistakes):
        report.table(
            mistakes,
            "mistakes",
            "The mistakes that it is surest of; some may be wrong labels",
        )
    report.conclude(*conclusions.on_test(data.y_test, predicted, confidence))


def calibration(data, pipe, report):
    """Compare how sure a fitted pipeline is with how often it is right."""
    probabilities = pipe.predict_proba(data.test_texts)
    confidence = probabilities.max(axis=1)
    right = pipe.classes_[probabilities.argmax(axis=1)] == data.y_test
    n_bins = int(np.clip(len(right) // 30, 2, 10))
    report.text(
        "Can its probabilities be taken at their word? The predictions on the test "
        f"texts are sorted by the probability that the network gives them, in {n_bins} "
        "groups of as many each: of those that it is 90 % sure of, 90 % should be "
        "right."
    )
    table = tables.compare_confidence(confidence, right, n_bins)
    report.table(table, "calibration", "How sure, and how often right")
    figure = plots.plot_calibration(table)
    report.figure(figure, "calibration", "How often it is right by how sure it is")
    report.conclude(*conclusions.on_calibration(confidence, right))


def which_words(data, pipe, report):
    """List the words that speak for each class."""
    effects, counts, n_texts = words.measure_words(pipe, data.test_texts)
    table = words.list_words(effects, counts, n_texts)
    report.text(
        f"Each word is taken out of each of {n_texts:,} test texts in turn. The number "
        "beside a word is by how many points the probability of the class then falls, "
        "on average over the texts that have it."
    )
    report.data(table, "words")
    report.table(
        words.join_words(table), "words_by_class", "The words that speak for each class"
    )


def learning_curve(data, pipe, max_epochs, options, report):
    """Train on half, a quarter and an eighth of the texts, each to its best epoch."""
    report.text(
        "Would more texts help? The same network on parts of the training texts, "
        f"validated on the same {len(data.splits)} folds, each with the number of "
        f"epochs that suits it best: of {max_epochs} for all texts, and of more for "
        "fewer, which make fewer steps an epoch."
    )
    curves = {}
    for part in (8, 4, 2, 1):
        parts = []
        for train, validation in data.splits:
            order = order_evenly(data.y[train], options.seed)
            n_kept = max(len(train) // part, len(np.unique(data.y)))
            parts.append((train[order[:n_kept]], validation))
        size = round(float(np.mean([len(train) for train, _ in parts])))
        curves[size] = epoch_curve(
            pipe,
            data.texts,
            data.y,
            max_epochs=max_epochs * min(part, 2),
            cv=parts,
            n_jobs=options.n_jobs,
        )
        report.progress(f"{size:,} texts")
    table = tables.compare_sizes(curves)
    report.table(table, "learning_curve", "By number of training texts")
    figure = plots.plot_learning_curve(table)
    report.figure(figure, "learning_curve", "Accuracy by number of training texts")
    report.conclude(*conclusions.on_sizes(table))

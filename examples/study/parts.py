"""The parts of both studies: from data and a pipeline to the report.

The data are a Bunch: ``texts`` and ``y`` for training and validation, ``groups`` or
None, ``test_texts`` and ``y_test`` for the test only, and ``noun``, the name of the
texts.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from threadpoolctl import threadpool_limits

from skimdb import EpochCurveDisplay
from study import conclusions, plots, tables, words
from study.search import lacks_blanks
from study.splits import order_evenly

REFERENCE = "16 units"
RESULT = "The result"  # title of the part that a page begins with


def do_parts(parts, report, *arguments):
    """Do all parts of a study."""
    for title, part in parts.items():
        # Threads for such small matrices cost more than they gain.
        on_top = title == RESULT
        with report.part(title, on_top), threadpool_limits(1, user_api="blas"):
            part(*arguments, report)


def look_at_data(data, report):
    """Count texts, words and classes."""
    report.table(tables.count_texts(data), "data_counts", f"The {data.noun}")
    classes = tables.count_classes(data)
    report.table(classes.head(30), "data_classes", f"The {data.noun} of each class")


def holdout(data, pipe, split, report):
    """Train a network to the last epoch, and again to its best epoch.

    Parameters
    ----------
    data : Bunch
    pipe : Pipeline
        A vectorizer and a classifier.
    split : tuple of ndarray
        Positions for training and for validation.
    report : Report
    """
    train, validation = split
    last = pipe[-1]
    report.text(
        f"{len(validation):,} {data.noun}, the first, are set aside for validation. A "
        f"network with {last.n_hidden_layers} hidden layers of {last.size} ReLU units "
        f"and a sigmoid is trained on the other {len(train):,} in batches of "
        f"{last.batch_size} with RMSprop for {last.epochs} epochs, and validated after "
        "each. Then the weights of the best epoch and of the last epoch are tested on "
        "texts that had no part in this."
    )
    X, y = pipe[0].fit_transform(data.texts[train]), data.y[train]
    validation_data = {
        "X_val": pipe[0].transform(data.texts[validation]),
        "y_val": data.y[validation],
    }
    X_test = pipe[0].transform(data.test_texts)

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
    table = tables.compare_epochs(curve, models, X_test, data.y_test)
    report.table(table, "holdout", "The best epoch and the last")
    figure, axes = plt.subplots(2, sharex=True, figsize=(7.5, 6), layout="constrained")
    display = EpochCurveDisplay(curve.assign(candidate="", repeat=0, fold=0))
    for metric, ax in zip(["loss", "accuracy"], axes, strict=True):
        display.plot(ax, metric=metric)
    report.figure(figure, "holdout", "Training and validation curve of the holdout")
    rights = [model.predict(X_test) == data.y_test for model in (best, last)]
    report.conclude(*conclusions.on_holdout(curve, *rights))


def kfold(data, search, report):
    """Search the number of epochs with K-fold, and test the result.

    Parameters
    ----------
    data : Bunch
    search : EpochSearchCV
        The unfitted search of a pipeline without variants; `cv` is a list of splits.
    report : Report
    """
    classifier = search.estimator[-1]
    report.text(
        "A single validation set depends on luck, especially with few texts. So "
        f"{len(search.cv)} folds of {len(data.y):,} {data.noun} take turns: vectorizer "
        f"and network (two hidden layers of {classifier.size} units, batches of "
        f"{classifier.batch_size}) are fitted to the other folds and validated on the "
        f"fold, for {search.max_epochs} epochs. The network is then trained on all of "
        "them for the best number of epochs of the mean curve, and tested."
    )
    search.fit(data.texts, data.y)
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
            search.predict(data.test_texts) == data.y_test,
        )
    )


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


def regularization(data, search, report):
    """Compare networks that memorize more or less easily.

    Parameters
    ----------
    data : Bunch
    search : EpochSearchCV
        The unfitted search of `list_variants`.
    report : Report
    """
    search.fit(data.texts, data.y)
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


def test_model(data, pipe, report):
    """Test a fitted pipeline: accuracy of each class, and mistakes."""
    classes = pipe.classes_
    probabilities = pipe.predict_proba(data.test_texts)
    confidence = probabilities.max(axis=1)
    predicted = classes[probabilities.argmax(axis=1)]
    report.text(
        f"The saved model predicts the classes of the {len(data.y_test):,} test "
        "texts. Precision is the share of its predictions of a class that are right. "
        "Recall is the share of the texts of a class that it finds."
    )
    table = tables.compare_classes(data.y_test, predicted, classes)
    report.table(table, "test_classes", "Each class on the test texts")
    figure = plots.plot_confusion(data.y_test, predicted, classes)
    report.figure(figure, "confusion_matrix", "Confusion matrix on the test texts")
    mistakes = tables.list_mistakes(data.test_texts, data.y_test, predicted, confidence)
    if len(mistakes):
        caption = "The most confident mistakes; some labels may be wrong"
        report.table(mistakes, "mistakes", caption)
    report.conclude(*conclusions.on_test(data.y_test, predicted, confidence))


def calibration(data, pipe, report):
    """Compare the confidence of a fitted pipeline with its accuracy."""
    confidence = pipe.predict_proba(data.test_texts).max(axis=1)
    right = pipe.predict(data.test_texts) == data.y_test
    n_bins = int(np.clip(len(right) // 30, 2, 10))
    report.text(
        "Can you trust the probabilities? The predictions on the test texts are sorted "
        f"by their probability into {n_bins} equal groups. Of predictions with a "
        "probability of 90 %, 90 % should be right."
    )
    table = tables.compare_confidence(confidence, right, n_bins)
    report.table(table, "calibration", "Confidence and accuracy")
    figure = plots.plot_accuracy(table, "confidence")
    report.figure(figure, "calibration", "Accuracy by confidence")
    report.conclude(*conclusions.on_calibration(confidence, right))


def which_words(data, pipe, report):
    """List the words with the strongest effect for each class."""
    blanks = not lacks_blanks(data.texts)
    effects, n_texts = words.measure_words(pipe, data.test_texts, blanks)
    table = words.list_words(effects)
    report.text(
        f"Each word is removed from each of {n_texts:,} test texts in turn. The number "
        "next to a word is the mean fall of the probability of the class in points. "
        "The words are ranked by a lower bound of this mean, so that words in few "
        "texts do not come first by chance."
    )
    report.data(table, "words")
    caption = "The words with the strongest effect for each class"
    report.table(words.join_words(table), "words_by_class", caption)


def learning_curve(data, model, options, report):
    """Train a model on a quarter and on half of the training texts, too."""
    report.text(
        "Would more texts help? The saved model is trained on a quarter and on half of "
        f"the training texts, and scored on the same {len(data.splits)} folds. A "
        "network has smaller batches of fewer texts, so that it makes as many steps."
    )
    scores = {}
    for part in (4, 2):
        pipe, splits = clone(model.pipe), []
        for train, validation in data.splits:
            order = order_evenly(data.y[train], options.seed)
            splits.append((train[order[: -(-len(train) // part)]], validation))
        if "batch_size" in pipe["classifier"].get_params():
            size = max(1, pipe["classifier"].batch_size // part)
            pipe.set_params(classifier__batch_size=size)
        n_texts = len(splits[0][0])
        scores[n_texts] = cross_val_score(pipe, data.texts, data.y, cv=splits)
        report.progress(f"{n_texts:,} texts: {scores[n_texts].mean():.1%}")
    scores = pd.DataFrame(scores | {len(data.splits[0][0]): model.scores})
    table = pd.DataFrame({"accuracy": scores.mean(), "accuracy_error": scores.sem()})
    table = table.rename_axis("texts").reset_index()
    report.table(table, "learning_curve", "By number of training texts")
    figure = plots.plot_accuracy(table, "texts")
    report.figure(figure, "learning_curve", "Accuracy by number of training texts")
    report.conclude(*conclusions.on_sizes(table))

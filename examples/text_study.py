"""The study of your own texts: from a file to a tested model.

It compares the columns (words, pairs of words, characters; with and without idf) with
a linear model, networks on the best columns, and the usual baselines, all on the same
folds. Run

    python examples/text_study.py reviews.csv --text review --label sentiment

and open ``text_study/report.html``. The report begins with the result on texts that had
no part in the search. The file is CSV, TSV, Parquet, JSON lines or a JSON array with a
column of texts and a column of labels. Columns that you do not name are guessed. Labels
stay as they are in the file. ``--group film`` keeps all rows with the same film on one
side of every split. ``--quick`` gives a first impression; ``--sizes``, ``--ngrams`` and
``--epochs`` widen the search. The best model is saved in ``text_study/pipeline.skops``,
and the last printed lines load it. If you interrupt the study and start it again, it
uses the finished networks.
"""

import argparse
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from study import conclusions, plots, search, tables, words
from study.cleaning import clean_rows
from study.files import FileError, read_file
from study.parts import RESULT, do_parts, look_at_texts
from study.report import Report
from study.splits import list_splits, order_evenly, split_test

from skimdb import EpochCurveDisplay

matplotlib.use("agg")  # plots go to files

INTRODUCTION = (
    "This study searches for the best classifier of your texts. The training texts are "
    "split into folds. Each model is trained on all folds but one and scored on the "
    "remaining one. The model with the highest mean accuracy is then trained on all "
    "training texts, and tested on texts that had no part in the search."
)
N_FOLDS = 4
MODEL = "pipeline.skops"
QUICK_TEXTS = 2000


def load_texts(options):
    """Read the file, remove rows that cannot be used, and hold out the test texts."""
    path = Path(options.file)
    wanted = {kind: getattr(options, kind) for kind in ("text", "label", "group")}
    dialect = options.encoding, options.separator, options.quotes
    frame, names = read_file(path, wanted, *dialect)
    rows = f"{len(frame):,} rows"
    if len(frame) > options.max_texts:
        rows = f"{options.max_texts:,} of {rows}, drawn at random"
        frame = frame.sample(options.max_texts, random_state=options.seed)
    cleaned, table, notes = clean_rows(frame, path.name, names["label"])
    data = split_test(cleaned, options.seed)
    columns = [f"{kind}s from the column {name!r}" for kind, name in names.items()]
    data.update(
        noun="texts",
        description=f"{path.name}: {rows}; {', '.join(columns)}.",
        notes=notes,
        cleaning=table,
        splits=list_splits(data.y, data.groups, N_FOLDS, options.seed),
    )
    return data


# %%
# 1. A look at the data
# ---------------------
# The rows of the file, the removed rows, the classes, and the lengths of the texts.


def look_at_data(data, options, report):
    report.text(data.description)
    if data.notes:
        report.text(" ".join(data.notes))
    report.table(data.cleaning, "data_rows", "Rows of the file")
    look_at_texts(data, report)


# %%
# 2. Linear models
# ----------------
# Baselines, and one linear model with different columns.


def linear_models(data, options, report):
    columns = search.list_columns(data.texts, options.ngrams, options.quick)
    report.text(
        "Which columns should the matrix have? TextMultiHotVectorizer makes "
        f"{len(columns)} kinds, with zeros and ones or with larger weights for rare "
        "words (idf). LinearSVC compares them, since it trains quickly. The baselines "
        "use the words of scikit-learn's CountVectorizer."
    )
    baselines = search.list_baselines()
    report.expect_fits(len(data.splits) * (len(columns) + len(baselines)))
    models = search.compare_columns(data, columns, report)
    best = max(models, key=lambda kind: models[kind].accuracy)
    if best.analyzer == "word" and best.longest == max(options.ngrams):
        report.expect_fits(len(data.splits))
        longer = best._replace(longest=best.longest + 1)
        models |= search.compare_columns(data, [longer], report)
    baselines = search.score_models(baselines, "baseline", data, report)
    scored = [*models.values(), *baselines]
    report.table(
        tables.compare_scores(scored), "linear_models", "Accuracy on the folds"
    )
    best, second, *_ = sorted(models, key=lambda c: -models[c].accuracy)
    longest = max(c.longest for c in models if c.analyzer == best.analyzer)
    report.conclude(*conclusions.on_columns(best, longest, models[best]))
    report.facts.update(columns=[best, second], n_columns=len(models))
    report.facts["models"] = [models[best], *baselines]


# %%
# 3. Networks
# -----------
# On the best columns; each trains until its mean validation loss has turned.


def networks(data, options, report):
    best = report.facts["columns"]
    report.text(
        "Wide networks are trained with the best two kinds of columns "
        f"({best[0].name}; {best[1].name}), a linear and a narrow one with the best, "
        f"and the notebook's with plain words. Each trains on the same {N_FOLDS} folds "
        "until its mean validation loss has not improved for "
        f"{search.PATIENCE} epochs, and for {options.epochs} epochs at most. It is "
        "scored at its best epoch."
    )
    grid = search.list_networks(best, [(1, size) for size in options.sizes])
    grid |= search.list_networks(best[:1], [search.LINEAR, search.NARROW])
    grid |= search.list_networks([search.PLAIN], [search.NARROW])
    models, curves = search.search_networks(data, grid, options, report)
    report.data(curves, "network_curves")
    table = tables.compare_scores(models)
    report.table(table, "networks", "Accuracy on the folds at the best epoch")
    figure = EpochCurveDisplay(curves).plot(log_scale=True).figure_
    report.figure(figure, "networks", "Validation loss of each network by epoch")
    report.conclude(*conclusions.on_networks(models, options.epochs))
    report.facts["models"] += models


# %%
# The result
# ----------
# All models on the test texts. The best on the folds is saved.


def result(data, options, report):
    models = report.facts["models"]
    report.expect_fits(len(models))
    for model in models:
        search.test_model(model, data)
        report.count_fit(f"{model.name} on all training texts")
    saved = max(models, key=lambda model: model.rank)
    n_baselines = sum(model.kind == "baseline" for model in models)
    report.text(
        f"{report.facts['n_columns']} kinds of columns with LinearSVC, "
        f"{len(models) - n_baselines - 1} networks on the best of them and "
        f"{n_baselines} baselines were compared on the same {N_FOLDS} folds of "
        f"{len(data.y):,} training texts."
    )
    verdict, *more = conclusions.on_models(saved, models)
    report.conclude(verdict)
    for comparison in more:
        report.text(comparison)
    report.table(tables.compare_models(models, saved), "models", "All models")
    pipe = search.add_probabilities(saved, data)
    report.facts.update(saved=saved, pipe=pipe)
    save(pipe, options)


def save(pipe, options):
    from skops.io import dump

    dump(pipe, Path(options.output, MODEL))


# %%
# 4. The saved model
# ------------------
# Its mistakes, its calibration, and the words that matter. Would more texts help?


def test(data, options, report):
    pipe = report.facts["pipe"]
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
    report.conclude(*conclusions.on_test(data.y_test, predicted))


def calibration(data, options, report):
    pipe = report.facts["pipe"]
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


def which_words(data, options, report):
    pipe = report.facts["pipe"]
    blanks = not search.lacks_blanks(data.texts)
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


def learning_curve(data, options, report):
    model = report.facts["saved"]
    report.text(
        "Would more texts help? The saved model is trained on a quarter and on half of "
        f"the training texts, and scored on the same {len(data.splits)} folds. A "
        "network has smaller batches of fewer texts, so that it makes as many steps."
    )
    scores = {}
    report.expect_fits(2 * len(data.splits))
    for part in (4, 2):
        pipe, splits = clone(model.pipe), []
        for train, validation in data.splits:
            order = order_evenly(data.y[train], options.seed)
            splits.append((train[order[: -(-len(train) // part)]], validation))
        if "batch_size" in pipe["classifier"].get_params():
            size = max(1, pipe["classifier"].batch_size // part)
            pipe.set_params(classifier__batch_size=size)
        n_texts = len(splits[0][0])
        name = f"{n_texts:,} texts"
        scores[n_texts] = search.score_folds(name, pipe, data, splits, report)
    scores = pd.DataFrame(scores | {len(data.splits[0][0]): model.scores})
    table = pd.DataFrame({"accuracy": scores.mean(), "accuracy_error": scores.sem()})
    table = table.rename_axis("texts").reset_index()
    report.table(table, "learning_curve", "By number of training texts")
    figure = plots.plot_accuracy(table, "texts")
    report.figure(figure, "learning_curve", "Accuracy by number of training texts")
    report.conclude(*conclusions.on_sizes(table))


# %%
# 5. Predictions
# --------------


def use(data, options, report):
    report.text("The model is saved with its vectorizer. Three lines load it:")
    report.facts["lines"] = write_lines(data, options)
    report.code(report.facts["lines"])


def write_lines(data, options):
    """Write the lines that load the pipeline and predict."""
    from skops.io import get_untrusted_types

    path = Path(options.output, MODEL)
    shortest = min(data.test_texts, key=len)
    return "\n".join(
        [
            "from skops.io import load",
            f"pipe = load({str(path)!r}, trusted={get_untrusted_types(file=path)!r})",
            f"pipe.predict([{shortest!r}])",
        ]
    )


PARTS = {
    "1. The texts": look_at_data,
    "2. Columns and baselines": linear_models,
    "3. Networks": networks,
    RESULT: result,
    "4. The saved model on the test texts": test,
    "5. Calibration": calibration,
    "6. Which words matter": which_words,
    "7. More texts": learning_curve,
    "8. Load it and predict": use,
}


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", help="*.csv, *.tsv, *.parquet, *.jsonl or *.json")
    parser.add_argument("--text", help="column of the texts")
    parser.add_argument("--label", help="column of the labels")
    parser.add_argument("--group", help="column of groups that no split divides")
    parser.add_argument("--output", default="text_study", help="folder for the results")
    parser.add_argument("--max-texts", type=int, default=20_000, help="rows to study")
    parser.add_argument("--encoding", help="of CSV, TSV and JSON (default: UTF-8)")
    parser.add_argument("--separator", help="of CSV and TSV (default: found)")
    parser.add_argument("--quotes", choices=["yes", "no"], help="in CSV and TSV")
    parser.add_argument("--epochs", type=int, default=100, help="maximum (100)")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[128], help="units of wide networks"
    )
    parser.add_argument(
        "--ngrams", type=int, nargs="+", default=[1, 2], help="longest n-grams of words"
    )
    parser.add_argument(
        "--quick", action="store_true", help="2,000 texts, no characters, 20 epochs"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.quick:
        options.max_texts = min(options.max_texts, QUICK_TEXTS)
        options.epochs, options.ngrams = min(options.epochs, 20), [1]
    for name in ("max_texts", "epochs", "sizes", "ngrams"):
        smallest = np.min(getattr(options, name))
        if smallest < 1:
            option = name.replace("_", "-")
            sys.exit(f"Expected --{option} of at least 1, got {smallest}.")
    if options.separator is not None and len(options.separator) != 1:
        sys.exit(f"Expected one character as --separator, got {options.separator!r}.")
    if not 0 <= options.seed < 2**32:
        sys.exit(f"Expected --seed from 0 to 2**32 - 1, got {options.seed}.")
    return options


def main(arguments=None):
    options = parse_arguments(arguments)
    if find_spec("skops") is None:
        sys.exit('The study saves the model with skops: pip install "skimdb[skops]"')
    try:
        with Report.break_silence("Reading the file"):
            data = load_texts(options)
        title = f"A study of {Path(options.file).name}"
        report = Report(options.output, title, INTRODUCTION)
    except FileError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"--output {options.output} cannot be written: {error.strerror}.")
    warnings.simplefilter("ignore", ConvergenceWarning)  # the conclusions mention it
    try:
        do_parts(PARTS, report, data, options)
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. Start the study again to use the finished networks.")
    report.finish("How this was made", f"text_study.py --seed {options.seed}")
    print(f"\nLoad the model and predict:\n\n{report.facts['lines']}")


if __name__ == "__main__":
    main()

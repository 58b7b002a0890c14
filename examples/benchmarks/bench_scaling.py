"""Time and memory as work grows: backends, rows, columns, units, candidates, workers.

    python examples/benchmarks/bench_scaling.py --write docs/scaling.md

prints the tables of that page and puts them in their places there; the words around
them stay. The grid of 24 candidates and 4 splits on 2,000 reviews, on every backend of
joblib that is installed, is ``--sections backends``.
"""

import re
import sys
import tempfile
import time
from pathlib import Path

from harness.options import make_parser
from harness.report import Report, describe_machine
from scaling.plans import FULL, QUICK
from scaling.sections import SECTIONS, Bench


def parse_arguments():
    parser = make_parser(__doc__)
    parser.add_argument(
        "--sections",
        type=lambda text: text.split(","),
        default=list(SECTIONS),
        help=f"some of {','.join(SECTIONS)}",
    )
    parser.add_argument(
        "--quick", action="store_true", help="does it work: small data, few sizes"
    )
    parser.add_argument("--write", metavar="PAGE", help="put the tables in that page")
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"No section is called {', '.join(sorted(unknown))}.")
    if options.quick and options.write:
        parser.error("--quick measures nothing that is worth writing.")
    return options


def fill_in(page, name, lines):
    """Return a page with lines in the place of that name."""
    place = re.compile(f"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not place.search(page):
        raise ValueError(f"The page has no place <!-- {name} --> ... <!-- end -->.")
    text = "\n".join(lines).strip("\n")
    return place.sub(lambda match: f"{match[1]}\n{text}\n\n{match[2]}", page)


def main():
    options = parse_arguments()
    start = time.monotonic()

    def log(line):
        elapsed = time.monotonic() - start
        print(f"[{elapsed:5.0f} s] {line}", file=sys.stderr, flush=True)

    plan, blocks = QUICK if options.quick else FULL, {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder, quick=options.quick, log=log)
        bench.facts = bench.run("prepare", options.source)
        facts = describe_machine("joblib", "distributed", "ray")
        blocks["machine"] = [f"- {line}" for line in facts]
        for name in options.sections:
            report = Report()
            report.section(name)
            report.table(*SECTIONS[name](bench, plan))
            blocks[name] = report.lines[2:]
    if options.write:
        page = Path(options.write)
        text = page.read_text(encoding="utf-8")
        for name, lines in blocks.items():
            text = fill_in(text, name, lines)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

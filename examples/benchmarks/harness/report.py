"""Results as text and as Markdown, and the pages of docs/ that show them."""

import platform
import re
import statistics
import sys
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from joblib import cpu_count

PACKAGES = ["numpy", "scipy", "scikit-learn", "tensorflow", "keras", "scikeras"]
START = time.monotonic()


def log(line):
    """Print progress to stderr, with the seconds since the start."""
    print(f"[{time.monotonic() - START:5.0f} s] {line}", file=sys.stderr, flush=True)


def add_installed(names, *packages):
    """Return a list of names, and those of `packages` that are installed."""
    return [*names, *(package for package in packages if find_spec(package))]


def spread(values, digits=2):
    """Return minimum, median and maximum as text."""
    if not values:
        return "failed"
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    middle = statistics.median(values)
    return " - ".join(f"{v:.{digits}f}" for v in (min(values), middle, max(values)))


def describe_machine(*more):
    """Return lines on the cores, the system and the versions; `more` are packages."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    versions = [f"Python {platform.python_version()}"]
    for package in [*PACKAGES, *more]:
        with suppress(PackageNotFoundError):
            versions.append(f"{package} {version(package)}")
    return [
        f"{cpu_count()} cores, {models[0] if models else platform.machine()}",
        f"{platform.system()}, {', '.join(versions)}",
    ]


class Measure(NamedTuple):
    """A column of a comparison: minimum, median and maximum of a result.

    Attributes
    ----------
    name : str
        Heading, with the unit.
    key : str
        Key in a result.
    baselines : tuple of str
        Peers that the others are divided by, each in a further column.
    digits : int
    """

    name: str
    key: str
    baselines: tuple = ()
    digits: int = 2


def compare(runs, measures, results=()):
    """Make a table with a row for each peer.

    Parameters
    ----------
    runs : dict of str to list of dict or None
        As `harness.processes.alternate` returns them.
    measures : iterable of Measure
    results : iterable of (str, str, str), default=()
        Further columns with medians: heading, key in a result, format.

    Returns
    -------
    header, rows : tuple of str, list of tuple of str
    wins : list of str
        Sentences on peers that need clearly less than a baseline.
    """
    done = {peer: [run for run in all_ if run] for peer, all_ in runs.items()}
    columns = [["", *runs], ["runs", *(str(len(all_)) for all_ in done.values())]]
    wins = []
    for name, key, baselines, digits in measures:
        cells = [spread([run[key] for run in all_], digits) for all_ in done.values()]
        columns.append([name, *cells])
        for baseline in baselines:
            cells = [f"times {baseline}'s"]
            for peer, all_ in runs.items():
                pairs = zip(all_, runs[baseline], strict=False)
                ratios = [a[key] / b[key] for a, b in pairs if a and b]
                cells.append("1" if peer == baseline else spread(ratios))
                median = statistics.median(ratios) if ratios else 1
                if "skimdb" not in peer and median < 0.95:
                    needs = f"{peer} needs {median:.2f} times as much as {baseline}."
                    wins.append(f"{name}: {needs}")
            columns.append(cells)
    for name, key, form in results:
        values = [[run[key] for run in all_ if key in run] for all_ in done.values()]
        if any(values):
            medians = [statistics.median(all_) if all_ else None for all_ in values]
            cells = ["" if m is None else format(m, form) for m in medians]
            columns.append([name, *cells])
    header, *rows = zip(*columns, strict=True)
    return header, rows, wins


def format_table(header, rows):
    """Return the lines of a Markdown table with aligned columns."""
    rows = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    padded = [[c.ljust(w) for c, w in zip(row, widths, strict=True)] for row in rows]
    return [f"| {' | '.join(cells)} |" for cells in padded]


def write_blocks(path, blocks):
    """Replace blocks of lines in a page, by their names."""
    page = Path(path)
    text = page.read_text(encoding="utf-8")
    for name, lines in blocks.items():
        text = fill_in(text, name, lines)
    page.write_text(text, encoding="utf-8")


def fill_in(page, name, lines):
    """Return the text of a page with `lines` in the block of that name."""
    block = re.compile(f"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not block.search(page):
        raise ValueError(f"Expected <!-- {name} --> ... <!-- end --> in the page.")
    text = "\n".join(lines)
    return block.sub(lambda match: f"{match[1]}\n{text}\n\n{match[2]}", page)


def run_sections(bench, sections, names):
    """Run sections and print their tables.

    Parameters
    ----------
    bench : object
        Argument of the sections.
    sections : dict of str to callable
        Each returns the header and the rows of a table, and sentences on peers that
        need clearly less. Its docstring is the title.
    names : list of str
        Sections to run.

    Returns
    -------
    blocks : dict of str to list of str
        The lines of each table.
    wins : list of str
        All sentences, with the title of their section.
    """
    blocks, wins = {}, []
    for name in names:
        title = sections[name].__doc__.rstrip(".")
        log(title)
        print(f"## {title}\n", flush=True)
        header, rows, won = sections[name](bench)
        wins += [f"{title}, {win}" for win in won]
        blocks[name] = format_table(header, rows)
        print(*blocks[name], "", sep="\n", flush=True)
    return blocks, wins

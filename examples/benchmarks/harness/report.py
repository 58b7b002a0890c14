"""Figures as text and as Markdown."""

import os
import platform
import statistics
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

PACKAGES = ["numpy", "scipy", "scikit-learn", "tensorflow", "keras", "scikeras"]


def installed(package):
    """Return the version of a package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def spread(values, digits=2):
    """Minimum, median and maximum, or what there is."""
    if not values:
        return "failed"
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    middle = statistics.median(values)
    return " - ".join(f"{v:.{digits}f}" for v in (min(values), middle, max(values)))


def paired_ratios(theirs, ours, value):
    """Ratios of `value` of the runs that took turns, theirs to ours."""
    pairs = zip(theirs, ours, strict=False)
    return [value(a) / value(b) for a, b in pairs if a and b]


def describe_machine(*more):
    """Return lines on the cores, the system and the versions; `more` are packages."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    cores = os.cpu_count()
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    versions = [f"{name} {installed(name)}" for name in PACKAGES + list(more)]
    versions = [text for text in versions if not text.endswith("None")]
    return [
        f"{cores} cores, {models[0] if models else platform.machine()}",
        f"{platform.system()}, Python {platform.python_version()}, "
        f"{', '.join(versions)}",
    ]


class Measure(NamedTuple):
    """A column of a comparison.

    Attributes
    ----------
    name : str
        Heading, with the unit.
    value : callable
        From a result to a number.
    baselines : tuple of str
        Peers that the others are divided by, each a further column.
    digits : int
    """

    name: str
    value: object
    baselines: tuple = ()
    digits: int = 2


class Report:
    """Prints Markdown section by section, and keeps it.

    Attributes
    ----------
    lines : list of str
        What was printed.
    wins : list of str
        Where a peer needs clearly less than a baseline.
    """

    def __init__(self):
        self.lines = []
        self.wins = []
        self._title = ""

    def say(self, *lines):
        """Print lines."""
        self.lines += lines
        print(*lines, sep="\n", flush=True)

    def section(self, title, *paragraphs, level=2):
        """Print a heading and what is below it."""
        self._title = title
        self.say(f"{'#' * level} {title}", "")
        for paragraph in paragraphs:
            self.say(paragraph, "")

    def table(self, header, rows):
        """Print a table whose columns line up."""
        rows = [[str(cell) for cell in row] for row in (header, *rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        rows.insert(1, ["-" * width for width in widths])
        for row in rows:
            cells = (c.ljust(w) for c, w in zip(row, widths, strict=True))
            self.say(f"| {' | '.join(cells)} |")
        self.say("")

    def compare(self, runs, measures, results=()):
        """Print a table with a row for each peer.

        Parameters
        ----------
        runs : dict of str to list of dict or None
            As `alternate` returns them.
        measures : iterable of Measure
        results : iterable of (str, str, str), default=()
            Further columns: heading, key in a result, format. They show the median.
        """
        done = {peer: [run for run in all_ if run] for peer, all_ in runs.items()}
        columns = [["", *runs], ["runs", *map(len, done.values())]]
        for measure in measures:
            values = [[measure.value(run) for run in done[peer]] for peer in runs]
            shown = [spread(value, measure.digits) for value in values]
            columns.append([measure.name, *shown])
            for baseline in measure.baselines:
                columns.append(self._divide(runs, measure, baseline))
        for heading, key, form in results:
            values = [[run[key] for run in done[peer] if key in run] for peer in runs]
            if any(values):
                cells = [
                    format(statistics.median(v), form) if v else "" for v in values
                ]
                columns.append([heading, *cells])
        header, *rows = zip(*columns, strict=True)
        self.table(header, rows)

    def _divide(self, runs, measure, baseline):
        """Return the column of ratios to a baseline, and note where peers win."""
        cells = [f"times {baseline}'s"]
        for peer, results in runs.items():
            ratios = paired_ratios(results, runs[baseline], measure.value)
            cells.append(spread(ratios) if peer != baseline else "1")
            # What is called by the bare name is skimdb in one of its forms.
            own = peer.startswith("skimdb") and not peer.startswith("skimdb's")
            if not own and ratios and statistics.median(ratios) < 0.95:
                self.wins.append(
                    f"{self._title}, {measure.name}: {peer} needs "
                    f"{statistics.median(ratios):.2f} times as much as {baseline}."
                )
        return cells

"""Run measurements in processes of their own, and report them as Markdown."""

import json
import os
import platform
import statistics
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = [
    "skimdb",
    "numpy",
    "scipy",
    "scikit-learn",
    "tensorflow",
    "keras",
    "scikeras",
    "torch",
]

# What a table of costs has beside seconds, where there is any.
COLUMNS = [
    ("peak MB", "memory", ".0f"),
    ("of it imports", "imports", ".0f"),
    ("best loss", "best_loss", ".4f"),
    ("accuracy there", "best_accuracy", ".4f"),
    ("final loss", "final_loss", ".4f"),
    ("final accuracy", "final_accuracy", ".4f"),
    ("mean accuracy", "accuracy", ".4f"),
]


def installed(package):
    """Return the version of a package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def processor():
    """Return the name of the processor's model."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.machine()


def n_cores():
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


class Bench:
    """Starts a process for each measurement.

    The process that starts them must be small: on Linux a new process counts what
    its parent held as memory of its own. So it imports nothing but this.
    """

    def __init__(self, script, folder, *, quick, repeats, log):
        self.command = [sys.executable, script, "--worker"]
        self.folder = folder
        self.quick = quick
        self.repeats = repeats
        self.log = log

    @property
    def few(self):
        """Repeats of what takes more than a minute."""
        return (self.repeats + 1) // 2

    def run(self, peer, task, seed=0):
        """Measure once; None, with a note, if that fails."""
        command = [*self.command, peer, task, "--folder", self.folder]
        command += ["--seed", str(seed)] + ["--quick"] * self.quick
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            self.log(f"{task}, {peer}: FAILED\n{done.stderr[-3000:]}")
            return None
        result = json.loads(done.stdout.splitlines()[-1])
        took = [f"{seconds:.2f} s" for seconds in result.get("seconds", [])]
        self.log(f"{task}, {peer}, run {seed + 1}: {', '.join(took) or 'done'}")
        return result

    def alternate(self, task, peers):
        """Let peers take turns: each by its number of runs, A B A B.

        Returns a dict from peer to its results.
        """
        runs = {peer: [] for peer in peers}
        for i in range(max(peers.values())):
            for peer, repeats in peers.items():
                if i < repeats:
                    runs[peer].append(self.run(peer, task, seed=i))
        return runs


def pair(theirs, ours, value):
    """Ratios of `value`, peer to skimdb, of the runs that took turns."""
    pairs = zip(theirs, ours, strict=False)
    return [value(a) / value(b) for a, b in pairs if a and b]


def call(number):
    """Return the function from a result to the seconds of a call."""
    return lambda result: result["seconds"][number]


def memory(result):
    """Return a result's peak memory."""
    return result["memory"]


def own_memory(result):
    """Return the part of it that is not of imports."""
    return result["memory"] - result["imports"]


def spread(values, digits=2):
    """Minimum, median and maximum, or what there is."""
    if not values:
        return "failed"
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    middle = statistics.median(values)
    return " - ".join(f"{v:.{digits}f}" for v in (min(values), middle, max(values)))


def _median(results, key, form):
    values = [result[key] for result in results if key in result]
    return format(statistics.median(values), form) if values else ""


class Report:
    """Prints Markdown, and keeps it."""

    def __init__(self):
        self.lines = []

    def say(self, *lines):
        """Print lines."""
        self.lines += lines
        print(*lines, sep="\n", flush=True)

    def section(self, title, *paragraphs):
        """Print a heading and what is below it."""
        self.say(f"## {title}", "")
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

    def costs(self, runs, calls=("seconds",)):
        """Print seconds of each call, memory, losses and accuracies of each peer."""
        runs = {
            peer: [result for result in results if result]
            for peer, results in runs.items()
        }
        columns = {"": runs, "runs": [len(results) for results in runs.values()]}
        for i, name in enumerate(calls):
            columns[name] = [
                spread([result["seconds"][i] for result in results])
                for results in runs.values()
            ]
        for name, key, form in COLUMNS:
            cells = [_median(results, key, form) for results in runs.values()]
            if any(cells):
                columns[name] = cells
        self.table(columns, zip(*columns.values(), strict=True))

    def bars(self, rows, title="times skimdb's"):
        """Print (what, ratios, bar) with whether the median meets the bar."""
        table = []
        for what, ratios, bar in rows:
            if not ratios:
                verdict = "failed"
            elif bar is None:
                verdict = ""
            else:
                verdict = "met" if statistics.median(ratios) >= bar else "NOT MET"
            shown = "none" if bar is None else f"at least {bar:g}"
            table.append([what, spread(ratios), shown, verdict])
        self.table([title, "ratio", "bar", ""], table)

    def environment(self, source):
        """Print versions, machine and where the reviews come from."""
        versions = [
            f"{name} {version}"
            for name, version in [(name, installed(name)) for name in PACKAGES]
            if version
        ]
        python = f"Python {platform.python_version()}"
        self.say(
            f"- {n_cores()} cores, {processor()}",
            f"- {platform.system()}, {', '.join([python, *versions])}",
            f"- {source}",
            "",
        )

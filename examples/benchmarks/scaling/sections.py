"""The tables of docs/scaling.md.

A section takes a `Bench`, and returns the heading and the rows of a table, and no
sentences on other libraries.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.processes import run_task
from harness.report import add_installed, log

from scaling import tasks
from scaling.plans import Plan

SEQUENTIAL = "sequential"


@dataclass(frozen=True)
class Bench:
    """The settings of a run.

    Attributes
    ----------
    folder : Path
        Folder of the data.
    plan : Plan
    bytes, vectorize : float
        Size of a text, and seconds to vectorize it.
    """

    folder: Path
    plan: Plan
    bytes: float
    vectorize: float

    def search(self, backend, n_workers=1, n_candidates=None, n_splits=None):
        """Measure searches of the grid on a backend."""
        plan = self.plan
        sizes = n_candidates or plan.n_candidates, n_splits or plan.n_splits
        log(f"search: {backend}, {n_workers}, {sizes}")
        return run_task(
            tasks.search_grid, self.folder, plan, backend, n_workers, *sizes
        )


@cache
def fit(bench, n_rows, n_columns, n_units):
    """Measure a fit; each size only once."""
    log(f"fit: {n_rows:,} rows, {n_columns:,} columns, {n_units} units")
    run_task(tasks.write_rows, bench.folder, bench.plan, n_rows, n_columns)
    return run_task(tasks.fit, bench.folder, bench.plan, n_units)


def backends(bench):
    """Compare the backends of joblib that are installed."""
    names = [SEQUENTIAL, "loky", "threading", "multiprocessing, fork"]
    names = add_installed([*names, "multiprocessing, spawn"], "dask", "ray")
    first = bench.search(SEQUENTIAL)
    rows = []
    for name in names:
        try:
            run = first if name == SEQUENTIAL else bench.search(name, 2)
        except Exception as error:
            log(f"{name}: FAILED\n{error}")
            rows.append([name, *["failed"] * 6])
            continue
        row = [name, *(f"{run[key]:.1f}" for key in ("start", "call"))]
        for key in ("GridSearchCV", "EpochSearchCV"):
            row.append(f"{run[key]:.1f} ({first[key] / run[key]:.2f} x)")
        same = "the same" if run["scores"] == first["scores"] else "OTHERS"
        rows.append([*row, f"{run['peak']:.0f}", same])
    heading = ["", "start, s", "a small search, s", "GridSearchCV, s"]
    return [*heading, "EpochSearchCV, s", "peak MB of a worker", "scores"], rows, []


def _tabulate(heading, columns, runs):
    """Return a table with a row per run; `columns` maps headings to key and format."""
    rows = [
        [size, *(format(run[key], form) for key, form in columns.values())]
        for size, run in runs.items()
    ]
    return [heading, *columns], rows, []


FIT = {
    "s per epoch": ("epoch", ".3f"),
    "peak MB": ("memory", ".0f"),
    "of which X": ("matrix", ".0f"),
}
SEARCH = {
    "GridSearchCV, s": ("GridSearchCV", ".1f"),
    "EpochSearchCV, s": ("EpochSearchCV", ".1f"),
    "peak MB": ("peak", ".0f"),
}


def rows(bench):
    """Fit a growing number of rows."""
    runs = {f"{n:,}": fit(bench, n, 10_000, 16) for n in bench.plan.rows}
    return _tabulate("rows", FIT, runs)


def columns(bench):
    """Fit a growing number of columns."""
    plan = bench.plan
    runs = {f"{n:,}": fit(bench, plan.fit_rows, n, 16) for n in plan.columns}
    return _tabulate("columns", FIT, runs)


def units(bench):
    """Fit networks of a growing width."""
    plan = bench.plan
    runs = {f"{n:,}": fit(bench, plan.fit_rows, 10_000, n) for n in plan.units}
    return _tabulate("units", FIT, runs)


def candidates(bench):
    """Search a growing number of candidates."""
    sizes = bench.plan.candidates
    runs = {n: bench.search(SEQUENTIAL, n_candidates=n) for n in sizes}
    return _tabulate("candidates", SEARCH, runs)


def splits(bench):
    """Search on a growing number of splits."""
    runs = {n: bench.search(SEQUENTIAL, n_splits=n) for n in bench.plan.splits}
    return _tabulate("splits", SEARCH, runs)


def workers(bench):
    """Search with a growing number of workers of loky."""
    runs = {n: bench.search("loky", n) for n in bench.plan.workers}
    return _tabulate("workers", SEARCH, runs)


def paper(bench):
    """Compute the cost of a billion reviews from the measurements."""
    plan, day = bench.plan, 86_400
    run = fit(bench, plan.rows[-1], 10_000, 16)
    cells, epoch = run["cells"], run["epoch"] / plan.rows[-1]
    n_fits = plan.n_candidates * plan.n_splits
    text, vectorize, share = bench.bytes, bench.vectorize, 1 - 1 / plan.n_splits
    us, us_epoch = f"{vectorize * 1e6:.0f}", f"{epoch * 1e6:.1f}"
    days = 1e9 * vectorize / day, 1e9 * epoch / day
    hours = f"{1e9 * epoch / 3600:.1f} hours"
    one = f"{plan.epochs} x {plan.n_splits - 1}/{plan.n_splits} x {hours}"
    candidate = plan.epochs * share * days[1]
    grid = f"a grid of {n_fits} fits with {plan.epochs} epochs, one after another"
    # A cell takes 4 bytes for the value and 8 for the index.
    matrix = f"({cells:.0f} cells x 12 + 8) bytes", f"{(12 * cells + 8) / 1e3:.1f} TB"
    streaming = f"10⁹ x ({us} + {us_epoch}) µs", f"{sum(days):.1f} days"
    rows = [
        ("texts", f"10⁹ x {text:,.0f} bytes", f"{text / 1e3:.1f} TB"),
        ("the matrix", f"10⁹ x {matrix[0]}", matrix[1]),
        ("vectorizing once", f"10⁹ x {us} µs", f"{days[0]:.1f} days"),
        ("an epoch of 16 units, vectorized", f"10⁹ x {us_epoch} µs", hours),
        ("an epoch with vectorizing", *streaming),
        (grid, f"{n_fits} x {one}", f"{n_fits * candidate:,.0f} days"),
        (f"the same on {n_fits} workers", one, f"{candidate:.1f} days"),
    ]
    return ["a billion reviews", "arithmetic", "makes"], rows, []


ORDER = backends, rows, columns, units, candidates, splits, workers, paper
SECTIONS = {section.__name__: section for section in ORDER}

"""The tables of docs/scaling.md.

A section takes a `Bench`, and returns the heading and the rows of a table.
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
    names = [*names, "multiprocessing, spawn", *add_installed([], "dask", "ray")]
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
    return [*heading, "EpochSearchCV, s", "peak MB of a worker", "scores"], rows


def _list_fits(bench, heading, shapes):
    rows = []
    for size, shape in shapes.items():
        run = fit(bench, *shape)
        memory = f"{run['memory']:.0f}", f"{run['matrix']:.0f}"
        rows.append([f"{size:,}", f"{run['epoch']:.3f}", *memory])
    return [heading, "s per epoch", "peak MB", "of which X"], rows


def rows(bench):
    """Fit a growing number of rows."""
    return _list_fits(bench, "rows", {n: (n, 10_000, 16) for n in bench.plan.rows})


def columns(bench):
    """Fit a growing number of columns."""
    shapes = {n: (bench.plan.fit_rows, n, 16) for n in bench.plan.columns}
    return _list_fits(bench, "columns", shapes)


def units(bench):
    """Fit networks of a growing width."""
    shapes = {n: (bench.plan.fit_rows, 10_000, n) for n in bench.plan.units}
    return _list_fits(bench, "units", shapes)


def _list_searches(bench, heading, options):
    rows = []
    for size, given in options.items():
        run = bench.search(**{"backend": SEQUENTIAL} | given)
        seconds = f"{run['GridSearchCV']:.1f}", f"{run['EpochSearchCV']:.1f}"
        rows.append([size, *seconds, f"{run['peak']:.0f}"])
    return [heading, "GridSearchCV, s", "EpochSearchCV, s", "peak MB"], rows


def candidates(bench):
    """Search a growing number of candidates."""
    options = {n: {"n_candidates": n} for n in bench.plan.candidates}
    return _list_searches(bench, "candidates", options)


def splits(bench):
    """Search on a growing number of splits."""
    options = {n: {"n_splits": n} for n in bench.plan.splits}
    return _list_searches(bench, "splits", options)


def workers(bench):
    """Search with a growing number of workers of loky."""
    options = {n: {"backend": "loky", "n_workers": n} for n in bench.plan.workers}
    return _list_searches(bench, "workers", options)


def paper(bench):
    """Compute the cost of a billion reviews from the measurements."""
    plan, day = bench.plan, 86_400
    run = fit(bench, plan.rows[-1], 10_000, 16)
    cells, epoch = run["cells"], run["epoch"] / plan.rows[-1]
    n_fits = plan.n_candidates * plan.n_splits
    kept = f"{plan.n_splits - 1}/{plan.n_splits}"
    hours = f"{1e9 * epoch / 3600:.1f} hours"
    candidate = plan.epochs * (1 - 1 / plan.n_splits) * 1e9 * epoch / day
    text, vectorize = bench.bytes, bench.vectorize
    us, us_epoch = f"{vectorize * 1e6:.0f}", f"{epoch * 1e6:.1f}"
    # A cell takes 4 bytes for the value and 8 for the index.
    rows = [
        ("texts", f"{text:,.0f} bytes", f"{text / 1e3:.1f} TB"),
        (
            "the matrix",
            f"({cells:.0f} cells x 12 + 8) bytes",
            f"{(12 * cells + 8) / 1e3:.1f} TB",
        ),
        ("vectorizing once", f"{us} µs", f"{1e9 * vectorize / day:.1f} days"),
        ("an epoch of 16 units, vectorized", f"{us_epoch} µs", hours),
        (
            "an epoch with vectorizing",
            f"({us} + {us_epoch}) µs",
            f"{1e9 * (vectorize + epoch) / day:.1f} days",
        ),
    ]
    rows = [(name, f"10⁹ x {arithmetic}", cost) for name, arithmetic, cost in rows]
    one = f"{plan.epochs} x {kept} x {hours}"
    grid = f"a grid of {n_fits} fits with {plan.epochs} epochs, one after another"
    rows += [
        (grid, f"{n_fits} x {one}", f"{n_fits * candidate:,.0f} days"),
        (f"the same on {n_fits} workers", one, f"{candidate:.1f} days"),
    ]
    return ["a billion reviews", "arithmetic", "makes"], rows


SECTIONS = {
    section.__name__: section
    for section in (backends, rows, columns, units, candidates, splits, workers, paper)
}

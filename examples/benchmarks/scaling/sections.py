"""The tables of docs/scaling.md: what is measured for each of them.

A section takes a `Bench` and a `Plan`, and returns the heading and the rows of a table.
"""

from pathlib import Path

from harness.processes import run_python
from harness.report import installed

BENCHMARKS = Path(__file__).parents[1]
SEQUENTIAL = "sequential"
N_WORKERS = 2


class Bench:
    """Runs tasks of `scaling.worker` in processes of their own.

    Parameters
    ----------
    folder : str
        Where the data are.
    facts : dict
        What `prepare` found.
    quick : bool
    log : callable
        Is told what goes on.
    """

    def __init__(self, folder, *, quick, log):
        self.folder = folder
        self.quick = quick
        self.log = log
        self.facts = {}
        self._fits = {}

    def run(self, task, *arguments):
        """Run a task."""
        quick = ["--quick"] * self.quick
        module = ["-P", "-m", "scaling.worker"]
        result = run_python(
            *module, task, self.folder, *arguments, *quick, path=[BENCHMARKS]
        )
        self.log(f"{task} {' '.join(map(str, arguments))}: {result['seconds']:.0f} s")
        return result

    def fit(self, n_rows, n_columns, n_units):
        """Measure a fit; each only once."""
        sizes = n_rows, n_columns, n_units
        if sizes not in self._fits:
            self.run("rows", n_rows, n_columns)
            self._fits[sizes] = self.run("fit", n_units)
        return self._fits[sizes]

    def search(self, plan, backend, n_workers=1, n_candidates=None, n_splits=None):
        """Measure the grid on a backend."""
        n_candidates, n_splits = (
            n_candidates or plan.n_candidates,
            n_splits or plan.n_splits,
        )
        return self.run("grid", backend, n_workers, n_candidates, n_splits)


def list_backends():
    """Return the backends that are installed."""
    names = [SEQUENTIAL, "loky", "threading", "multiprocessing, fork"]
    names += ["multiprocessing, spawn"]
    names += ["dask"] * (installed("distributed") is not None)
    return names + ["ray"] * (installed("ray") is not None)


def backends(bench, plan):
    """The grid on every backend."""
    found = {}
    for name in list_backends():
        try:
            found[name] = bench.search(plan, name, 1 if name == SEQUENTIAL else 2)
        except RuntimeError as error:
            bench.log(f"{name}: FAILED\n{error}")
            found[name] = None
    first = found[SEQUENTIAL]
    rows = []
    for name, run in found.items():
        if run is None:
            rows.append([name, *["failed"] * 6])
            continue
        seconds = [f"{run[key]:.1f}" for key in ("start", "call")]
        for key in ("GridSearchCV", "EpochSearchCV"):
            seconds.append(f"{run[key]:.1f} ({first[key] / run[key]:.2f} x)")
        same = "the same" if run["scores"] == first["scores"] else "OTHERS"
        rows.append([name, *seconds, f"{run['memory']:.0f}", same])
    heading = ["", "start, s", "a small search, s", "GridSearchCV, s"]
    return [*heading, "EpochSearchCV, s", "peak MB of a worker", "scores"], rows


def _list_fits(bench, heading, sizes):
    rows = []
    for size, shape in sizes.items():
        run = bench.fit(*shape)
        memory = f"{run['memory']:.0f}", f"{run['matrix']:.0f}"
        rows.append([f"{size:,}", f"{run['epoch']:.3f}", *memory])
    return [heading, "s per epoch", "peak MB", "of which X"], rows


def rows(bench, plan):
    """Fits of more and more rows."""
    sizes = {n: (n, 10_000, 16) for n in plan.rows}
    return _list_fits(bench, "rows", sizes)


def columns(bench, plan):
    """Fits of more and more columns."""
    sizes = {n: (plan.fit_rows, n, 16) for n in plan.columns}
    return _list_fits(bench, "columns", sizes)


def units(bench, plan):
    """Fits of wider and wider networks."""
    sizes = {n: (plan.fit_rows, 10_000, n) for n in plan.units}
    return _list_fits(bench, "units", sizes)


def _list_searches(heading, searches):
    rows = []
    for size, run in searches.items():
        seconds = f"{run['GridSearchCV']:.1f}", f"{run['EpochSearchCV']:.1f}"
        rows.append([size, *seconds, f"{run['memory']:.0f}"])
    return [heading, "GridSearchCV, s", "EpochSearchCV, s", "peak MB"], rows


def candidates(bench, plan):
    """Searches among more and more candidates."""
    searches = {
        n: bench.search(plan, SEQUENTIAL, n_candidates=n) for n in plan.candidates
    }
    return _list_searches("candidates", searches)


def splits(bench, plan):
    """Searches on more and more splits."""
    searches = {n: bench.search(plan, SEQUENTIAL, n_splits=n) for n in plan.splits}
    return _list_searches("splits", searches)


def workers(bench, plan):
    """Searches by more and more workers of loky."""
    searches = {n: bench.search(plan, "loky", n) for n in plan.workers}
    return _list_searches("workers", searches)


def paper(bench, plan):
    """What a billion reviews would take, by what was measured."""
    n, days = 1e9, 86_400
    run = bench.fit(plan.rows[-1], 10_000, 16)
    cells, an_epoch = run["cells"], run["epoch"] / plan.rows[-1]
    a_row = 12 * cells + 8  # 4 bytes for a value, 8 for an index
    text, vectorize = bench.facts["bytes"], bench.facts["vectorize"]
    n_fits = plan.n_candidates * plan.n_splits
    kept = f"{plan.n_splits - 1}/{plan.n_splits}"
    share = 1 - 1 / plan.n_splits
    pass_days = n * (vectorize + an_epoch) / days
    rows = [
        ["texts", f"10⁹ x {text:,.0f} bytes", f"{n * text / 1e12:.1f} TB"],
        [
            "the matrix",
            f"10⁹ x ({cells:.0f} cells x 12 + 8) bytes",
            f"{n * a_row / 1e12:.1f} TB",
        ],
        [
            "vectorizing once",
            f"10⁹ x {vectorize * 1e6:.0f} µs",
            f"{n * vectorize / days:.1f} days",
        ],
        [
            "an epoch of 16 units, vectorized",
            f"10⁹ x {an_epoch * 1e6:.1f} µs",
            f"{n * an_epoch / 3600:.1f} hours",
        ],
        [
            "an epoch that vectorizes on its way",
            f"10⁹ x ({vectorize * 1e6:.0f} + {an_epoch * 1e6:.1f}) µs",
            f"{pass_days:.1f} days",
        ],
        [
            f"a grid of {n_fits} fits with {plan.epochs} epochs, one after another",
            f"{n_fits} x {plan.epochs} x {kept} x {n * an_epoch / 3600:.1f} hours",
            f"{n_fits * plan.epochs * share * n * an_epoch / days:,.0f} days",
        ],
        [
            f"the same on {n_fits} workers",
            f"{plan.epochs} x {kept} x {n * an_epoch / 3600:.1f} hours",
            f"{plan.epochs * share * n * an_epoch / days:.1f} days",
        ],
    ]
    return ["a billion reviews", "arithmetic", "makes"], rows


SECTIONS = {
    section.__name__: section
    for section in (backends, rows, columns, units, candidates, splits, workers, paper)
}

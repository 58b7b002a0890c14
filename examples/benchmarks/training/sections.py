"""The tables of docs/benchmarks.md, which describes the measurements.

A section takes a `Bench`, and returns the header and the rows of a table, and
sentences on peers that need clearly less than skimdb.
"""

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness.processes import alternate, run_script, run_task
from harness.report import Measure, add_installed, compare

from training import tasks
from training.peers import (
    DENSE_KERAS,
    NO_CURVE,
    OTHER_VERSION,
    SCIKERAS,
    SKIMDB,
    SKLEARN,
    TENSORFLOW,
    TORCH,
)
from training.plans import Plan

SCRIPTS = Path(__file__).parent / "scripts"
LIBRARIES = {SKLEARN: "sklearn", DENSE_KERAS: "keras", SCIKERAS: "scikeras"}
ACCURACY = ("mean accuracy", "accuracy", ".4f")
RESULTS = [
    ("best loss", "best_loss", ".4f"),
    ("accuracy there", "best_accuracy", ".4f"),
    ("last loss", "final_loss", ".4f"),
    ("last accuracy", "final_accuracy", ".4f"),
]
MEMORY = Measure("peak MB", "memory", digits=0)
WHOLE = Measure("seconds", "seconds", (SKIMDB,)), MEMORY._replace(baselines=(SKIMDB,))


def measure_calls(unit="s", first=(), second=()):
    """List the columns of two calls and of the memory, with their baselines."""
    calls = [
        Measure(f"first call, {unit}", "first", first),
        Measure(f"second call, {unit}", "second", second),
    ]
    return [*calls, MEMORY]


@dataclass
class Bench:
    """The settings of a run.

    Attributes
    ----------
    folder : Path
        Folder of the data.
    plan : Plan
    repeats : int
    other_version : Path or None
        Checkout of another version of skimdb, which becomes another peer.
    """

    folder: Path
    plan: Plan
    repeats: int
    other_version: Path | None

    @property
    def few(self):
        """Repeats of tasks that take more than a minute."""
        return (self.repeats + 1) // 2

    def alternate(self, measure, repeats):
        """Let peers take turns, and the other version of skimdb if there is one."""
        if self.other_version is not None and SKIMDB in repeats:
            repeats |= {OTHER_VERSION: repeats[SKIMDB]}
        paths = {OTHER_VERSION: self.other_version}
        return alternate(lambda peer, i: measure(peer, i, paths.get(peer)), repeats)

    def run_tasks(self, task, repeats):
        """Let peers take turns at a task; `repeats` is a dict of their runs."""

        def measure(peer, i, path):
            arguments = peer, self.folder, self.plan, i
            return run_task(tasks.run, task, *arguments, path=path)

        return self.alternate(measure, repeats)

    def compare_tasks(self, task, names, repeats, *columns):
        """Return a table of peers and their results at a task."""
        return compare(self.run_tasks(task, dict.fromkeys(names, repeats)), *columns)

    def compare_scripts(self, kind, names, epochs, results, with_logs=False):
        """Return a table of peers and their whole scripts of a kind."""

        def measure(peer, i, path):
            script = SCRIPTS / f"{kind}_{LIBRARIES.get(peer, 'skimdb')}.py"
            with tempfile.TemporaryDirectory() as logs:
                arguments = [self.folder, epochs, i, *[logs] * with_logs]
                return run_script(script, *arguments, path=path)

        runs = self.alternate(measure, dict.fromkeys(names, self.repeats))
        return compare(runs, WHOLE, results)


def script_crossval(bench):
    """The whole script: a cross-validation."""
    names, epochs = [SKIMDB, *LIBRARIES], bench.plan.script_epochs
    return bench.compare_scripts("crossval", names, epochs, [ACCURACY])


def script_holdout(bench, with_logs=False):
    """The whole script: a holdout."""
    names, epochs = [SKIMDB, DENSE_KERAS], bench.plan.holdout.epochs
    return bench.compare_scripts("holdout", names, epochs, RESULTS[:2], with_logs)


def script_callbacks(bench):
    """The whole script: the holdout with two Keras callbacks."""
    return script_holdout(bench, with_logs=True)


def kfold(bench):
    """K-fold with curves."""
    names = SKIMDB, DENSE_KERAS, SKLEARN
    columns = measure_calls("s", (SKIMDB,), (SKIMDB,)), RESULTS
    return bench.compare_tasks(tasks.fit_folds, names, bench.repeats, *columns)


def holdout(bench):
    """One fit, first and second call."""
    names = add_installed([SKIMDB, NO_CURVE, TENSORFLOW, SKLEARN], TORCH)
    columns = measure_calls("s", first=(SKIMDB, NO_CURVE)), RESULTS
    return bench.compare_tasks(tasks.fit_holdout, names, bench.repeats, *columns)


def wide(bench):
    """A wide network."""
    names = [
        SKIMDB,
        NO_CURVE,
        TENSORFLOW,
        DENSE_KERAS,
        SKLEARN,
    ]
    names = add_installed(names, TORCH)
    columns = measure_calls("s/epoch", second=(SKIMDB, NO_CURVE)), RESULTS
    return bench.compare_tasks(tasks.fit_wide, names, bench.few, *columns)


def grid(bench):
    """A grid search."""
    repeats = dict.fromkeys([SKIMDB, f"{SKIMDB}, n_jobs=2", SKLEARN], bench.few)
    runs = bench.run_tasks(tasks.search_grid, repeats | {SCIKERAS: 1})
    return compare(runs, [Measure("seconds", "first", (SKIMDB,))], [ACCURACY])


def epochs(bench):
    """The number of epochs."""
    names = "EpochSearchCV", "GridSearchCV"
    best = [("best epoch", "best_epoch", ".0f"), ("loss there", "best_loss", ".6f")]
    columns = [Measure("seconds", "first", names[:1])], best
    return bench.compare_tasks(tasks.search_epochs, names, bench.few, *columns)


def predict_one(bench):
    """The label of one review."""
    names, columns = (
        (SKIMDB, SKLEARN),
        [Measure("ms", "first", (SKIMDB,), digits=3)],
    )
    return bench.compare_tasks(tasks.predict_one, names, bench.repeats, columns)


def predict_all(bench):
    """The labels of all reviews."""
    ours = f"{SKIMDB}, CSR", f"{SKIMDB}, dense"
    keras = "Keras, CSR", "Keras, densified", DENSE_KERAS, "Keras default, dense"
    columns = measure_calls(second=ours)
    return bench.compare_tasks(tasks.predict_all, ours + keras, bench.few, columns)


def tensorflow(bench):
    """Products in TensorFlow."""
    units = bench.plan.product_units
    names = [f"{n} units, {form}" for n in units for form in ("sparse", "dense")]
    columns = [Measure("s/epoch", "second", digits=3)]
    return bench.compare_tasks(tasks.multiply_batches, names, bench.few, columns)


def accuracy(bench):
    """Accuracy with several seeds."""
    names = dict.fromkeys([SKIMDB, DENSE_KERAS], bench.plan.n_seeds)
    rows = []
    for peer, runs in bench.run_tasks(tasks.fit_seed, names).items():
        done = [run for run in runs if run]
        losses, accuracies, epochs = (
            [run[key] for run in done]
            for key in ("best_loss", "best_accuracy", "best_epoch")
        )
        means = [f"{statistics.mean(all_ or [0]):.4f}" for all_ in (losses, accuracies)]
        shown = " ".join(f"{loss:.4f}" for loss in losses) or "failed"
        rows.append([peer, shown, *means, " ".join(map(str, epochs))])
    return ["", "best losses", "mean", "mean accuracy there", "best epochs"], rows, []


ORDER = [script_crossval, script_holdout, script_callbacks, kfold, holdout, wide, grid]
ORDER += [epochs, predict_one, predict_all, tensorflow, accuracy]
SECTIONS = {section.__name__: section for section in ORDER}

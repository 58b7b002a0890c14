"""The tables of docs/benchmarks.md, which describes the measurements.

A section takes a `Bench`, and returns the header and the rows of a table.
"""

import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from harness.processes import alternate, run_script, run_task
from harness.report import Measure, add_installed, compare, log

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
ACCURACY = ("mean accuracy", "accuracy", ".4f")
RESULTS = [
    ("best loss", "best_loss", ".4f"),
    ("accuracy there", "best_accuracy", ".4f"),
    ("last loss", "final_loss", ".4f"),
    ("last accuracy", "final_accuracy", ".4f"),
]
MEMORY = Measure("peak MB", "memory", digits=0)


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
    wins : list of str
        Sentences on peers that need clearly less than skimdb.
    """

    folder: Path
    plan: Plan
    repeats: int
    other_version: Path | None
    wins: list = field(default_factory=list)

    @property
    def few(self):
        """Repeats of tasks that take more than a minute."""
        return (self.repeats + 1) // 2

    def _alternate(self, measure, repeats):
        """Let peers take turns, and the other version of skimdb if there is one."""
        if self.other_version is not None and SKIMDB in repeats:
            repeats |= {OTHER_VERSION: repeats[SKIMDB]}
        paths = {OTHER_VERSION: self.other_version}
        return alternate(lambda peer, i: measure(peer, i, paths.get(peer)), repeats)

    def _compare(self, title, runs, *columns):
        header, rows, wins = compare(runs, *columns)
        self.wins += [f"{title}, {win}" for win in wins]
        return header, rows

    def run_tasks(self, task, repeats):
        """Let peers take turns at a task; `repeats` is a dict of their runs."""
        log(task.__name__)

        def measure(peer, i, path):
            arguments = peer, self.folder, self.plan, i
            return run_task(tasks.run, task, *arguments, path=path)

        return self._alternate(measure, repeats)

    def compare_tasks(self, task, repeats, *columns):
        """Return a table of peers and their results at a task."""
        title = task.__doc__.partition(".")[0]
        return self._compare(title, self.run_tasks(task, repeats), *columns)

    def compare_scripts(self, names, epochs, result, with_logs=False):
        """Return a table of whole scripts; `names` is a dict from peers to files."""
        log(f"{names[SKIMDB]}, whole scripts")

        def measure(peer, i, path):
            script = SCRIPTS / f"{names.get(peer, names[SKIMDB])}.py"
            with tempfile.TemporaryDirectory() as logs:
                arguments = [self.folder, epochs, i, *[logs] * with_logs]
                return run_script(script, *arguments, path=path)

        measures = [
            Measure("seconds", "seconds", (SKIMDB,)),
            Measure("peak MB", "memory", (SKIMDB,), digits=0),
        ]
        runs = self._alternate(measure, dict.fromkeys(names, self.repeats))
        return self._compare(f"Whole script {names[SKIMDB]}", runs, measures, result)


def script_crossval(bench):
    """The whole script: a cross-validation."""
    names = {
        SKIMDB: "crossval_skimdb",
        SKLEARN: "crossval_sklearn",
        DENSE_KERAS: "crossval_keras",
        SCIKERAS: "crossval_scikeras",
    }
    return bench.compare_scripts(names, bench.plan.script_epochs, [ACCURACY])


def script_holdout(bench, with_logs=False):
    """The whole script: a holdout."""
    names = {SKIMDB: "holdout_skimdb", DENSE_KERAS: "holdout_keras"}
    epochs = bench.plan.holdout.epochs
    return bench.compare_scripts(names, epochs, RESULTS[:2], with_logs)


def script_callbacks(bench):
    """The whole script: the holdout with two Keras callbacks."""
    return script_holdout(bench, with_logs=True)


def kfold(bench):
    """K-fold with curves."""
    peers = dict.fromkeys([SKIMDB, DENSE_KERAS, SKLEARN], bench.repeats)
    measures = [
        Measure("first call, s", "first", (SKIMDB,)),
        Measure("second call, s", "second", (SKIMDB,)),
        MEMORY,
    ]
    return bench.compare_tasks(tasks.fit_folds, peers, measures, RESULTS)


def holdout(bench):
    """One fit, first and second call."""
    peers = add_installed([SKIMDB, NO_CURVE, TENSORFLOW, SKLEARN], TORCH)
    measures = [
        Measure("first call, s", "first", (SKIMDB, NO_CURVE)),
        Measure("second call, s", "second"),
        MEMORY,
    ]
    repeats = dict.fromkeys(peers, bench.repeats)
    return bench.compare_tasks(tasks.fit_holdout, repeats, measures, RESULTS)


def wide(bench):
    """A wide network."""
    peers = [SKIMDB, NO_CURVE, TENSORFLOW, DENSE_KERAS, SKLEARN]
    measures = [
        Measure("first call, s/epoch", "first"),
        Measure("second call, s/epoch", "second", (SKIMDB, NO_CURVE)),
        MEMORY,
    ]
    repeats = dict.fromkeys(add_installed(peers, TORCH), bench.few)
    return bench.compare_tasks(tasks.fit_wide, repeats, measures, RESULTS)


def grid(bench):
    """A grid search."""
    peers = dict.fromkeys([SKIMDB, f"{SKIMDB}, n_jobs=2", SKLEARN], bench.few)
    measures = [Measure("seconds", "first", (SKIMDB,))]
    peers |= {SCIKERAS: 1}
    return bench.compare_tasks(tasks.search_grid, peers, measures, [ACCURACY])


def epochs(bench):
    """The number of epochs."""
    peers = dict.fromkeys(["EpochSearchCV", "GridSearchCV"], bench.few)
    measures = [Measure("seconds", "first", ("EpochSearchCV",))]
    best = [("best epoch", "best_epoch", ".0f"), ("loss there", "best_loss", ".6f")]
    return bench.compare_tasks(tasks.search_epochs, peers, measures, best)


def predict_one(bench):
    """The label of one review."""
    peers = dict.fromkeys([SKIMDB, SKLEARN], bench.repeats)
    measures = [Measure("ms", "first", (SKIMDB,), digits=3)]
    return bench.compare_tasks(tasks.predict_one, peers, measures)


def predict_all(bench):
    """The labels of all reviews."""
    sparse, dense = f"{SKIMDB}, CSR", f"{SKIMDB}, dense"
    keras = ["Keras, CSR", "Keras, densified", DENSE_KERAS, "Keras default, dense"]
    peers = dict.fromkeys([sparse, dense, *keras], bench.few)
    measures = [
        Measure("first call, s", "first"),
        Measure("second call, s", "second", (sparse, dense)),
        MEMORY,
    ]
    return bench.compare_tasks(tasks.predict_all, peers, measures)


def tensorflow(bench):
    """Products in TensorFlow."""
    units = bench.plan.product_units
    names = [f"{n} units, {form}" for n in units for form in ("sparse", "dense")]
    measures = [Measure("s/epoch", "second", digits=3)]
    repeats = dict.fromkeys(names, bench.few)
    return bench.compare_tasks(tasks.multiply_batches, repeats, measures)


def accuracy(bench):
    """Accuracy with several seeds."""
    peers = dict.fromkeys([SKIMDB, DENSE_KERAS], bench.plan.n_seeds)
    rows = []
    for peer, runs in bench.run_tasks(tasks.fit_seed, peers).items():
        done = [run for run in runs if run]
        losses, accuracies, epochs = (
            [run[key] for run in done]
            for key in ("best_loss", "best_accuracy", "best_epoch")
        )
        means = [f"{statistics.mean(all_ or [0]):.4f}" for all_ in (losses, accuracies)]
        shown = " ".join(f"{loss:.4f}" for loss in losses) or "failed"
        rows.append([peer, shown, *means, " ".join(map(str, epochs))])
    return ["", "best losses", "mean", "mean accuracy there", "best epochs"], rows


SECTIONS = {
    section.__name__: section
    for section in (
        script_crossval,
        script_holdout,
        script_callbacks,
        kfold,
        holdout,
        wide,
        grid,
        epochs,
        predict_one,
        predict_all,
        tensorflow,
        accuracy,
    )
}

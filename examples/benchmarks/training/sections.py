"""The sections of docs/benchmarks.md: what is measured, and what it means.

A section takes a `Bench`, a `Plan` and a `Report`.
"""

import statistics
import tempfile
from pathlib import Path

from harness.processes import alternate, run_python
from harness.report import Measure, installed

from training.peers import (
    DENSE_KERAS,
    FIRST_VERSION,
    NO_CURVE,
    SCIKERAS,
    SKIMDB,
    SKLEARN,
    TENSORFLOW,
    TORCH,
)

BENCHMARKS = Path(__file__).parents[1]
SCRIPTS = Path(__file__).parent / "scripts"
RESULTS = [
    ("best loss", "best_loss", ".4f"),
    ("accuracy there", "best_accuracy", ".4f"),
    ("last loss", "final_loss", ".4f"),
    ("last accuracy", "final_accuracy", ".4f"),
]


class Bench:
    """Measures tasks and scripts in processes of their own.

    Parameters
    ----------
    folder : str
        Where the data are.
    quick : bool
    repeats : int
    log : callable
        Is told what goes on.
    first_version : path-like or None
        Checkout of an earlier version of skimdb, another peer.
    """

    def __init__(self, folder, *, quick, repeats, log, first_version=None):
        self.folder = folder
        self.quick = quick
        self.repeats = repeats
        self.log = log
        self.first_version = first_version

    @property
    def few(self):
        """Repeats of what takes more than a minute."""
        return (self.repeats + 1) // 2

    @property
    def first_versions(self):
        """The first version of skimdb, if there is a checkout of it."""
        return [FIRST_VERSION] if self.first_version else []

    def _find_path(self, peer):
        return [self.first_version] if peer.startswith(FIRST_VERSION) else []

    def run_task(self, task, peer, *options):
        """Run a task of `training.worker`."""
        path = [*self._find_path(peer), BENCHMARKS]
        options = [*options, *["--quick"] * self.quick]
        module = ["-P", "-m", "training.worker"]  # -P: not from the working directory
        return run_python(*module, task, peer, self.folder, *options, path=path)

    def compare_tasks(self, task, peers):
        """Let peers take turns at a task, each by its number of runs."""
        self.log(task)
        return alternate(
            lambda peer, i: self.run_task(task, peer, "--seed", i), peers, self.log
        )

    def compare_scripts(self, names, repeats, epochs, with_logs=False):
        """Let whole scripts take turns; `names` is a dict from peers to files."""

        def run_script(peer, i):
            path = self._find_path(peer)
            with tempfile.TemporaryDirectory() as logs:
                more = [logs] if with_logs else []
                script = SCRIPTS / f"{names[peer]}.py"
                return run_python(script, self.folder, epochs, i, *more, path=path)

        self.log(f"{next(iter(names.values()))}, whole scripts")
        return alternate(run_script, repeats, self.log)


def call(number=0):
    """Return the function from a result to the seconds of a call."""
    return lambda result: result["calls"][number]


def read_memory(result):
    """Return a result's peak memory."""
    return result["memory"]


def with_torch(peers):
    """Add torch to the peers if it is installed."""
    return [*peers, TORCH] if installed("torch") else peers


def whole_script(bench, plan, report):
    measures = [
        Measure("seconds", lambda result: result["seconds"], (SKIMDB,)),
        Measure("peak MB", read_memory, (SKIMDB,), digits=0),
    ]
    report.section(
        "The whole script",
        "What you wait for, and what your machine must hold, from `python script.py` "
        "to its end: imports, vectorizing, training, everything. The scripts are in "
        "`examples/benchmarks/training/scripts/`.",
    )
    report.section(
        "A cross-validation",
        f"{plan.n_small:,} reviews as texts, `cross_val_score` of vectorizer and "
        f"network (32-32-1, {plan.script_epochs} epochs) on 4 folds. Here imports "
        "weigh more than the work: what trains in NumPy starts at once, what needs "
        "TensorFlow waits for it.",
        level=3,
    )
    names = {
        SKIMDB: "crossval_skimdb",
        SKLEARN: "crossval_sklearn",
        DENSE_KERAS: "crossval_keras",
        SCIKERAS: "crossval_scikeras",
    } | dict.fromkeys(bench.first_versions, "crossval_skimdb")
    repeats = dict.fromkeys(names, bench.repeats)
    runs = bench.compare_scripts(names, repeats, plan.script_epochs)
    report.compare(runs, measures, [("mean accuracy", "accuracy", ".4f")])

    n_training = plan.n_reviews - plan.n_validation
    report.section(
        "A holdout",
        f"{plan.n_reviews:,} reviews as lists of word ids, as Keras "
        f"gives them; {n_training:,} to train on, {plan.n_validation:,} to draw the "
        f"validation curve from ({plan.holdout}). The notebook's way turns them into a "
        "dense array of float64; sparse rows need neither the time nor the memory.",
        level=3,
    )
    names = {SKIMDB: "holdout_skimdb", DENSE_KERAS: "holdout_keras"}
    repeats = dict.fromkeys(names, bench.repeats)
    epochs = plan.holdout.epochs
    report.compare(bench.compare_scripts(names, repeats, epochs), measures, RESULTS[:2])

    report.section(
        "The holdout with two callbacks of Keras",
        "TensorBoard and ModelCheckpoint of the best epoch. They need a Keras model, "
        "so skimdb trains in TensorFlow here and imports it, too.",
        level=3,
    )
    runs = bench.compare_scripts(names, repeats, epochs, with_logs=True)
    report.compare(runs, measures, RESULTS[:2])


def kfold(bench, plan, report):
    report.section(
        "K-fold with curves",
        f"4 folds of {plan.n_small:,} vectorized reviews, {plan.kfold}, imports done: "
        "the first call in a process, and the second. skimdb by `epoch_curve`, the "
        "others by a loop over the folds. MLPClassifier draws no curve. What you get: "
        "the curves of a small experiment while you look at the screen.",
    )
    runs = bench.compare_tasks(
        "fit_folds", dict.fromkeys([SKIMDB, DENSE_KERAS, SKLEARN], bench.repeats)
    )
    measures = [
        Measure("first call, s", call(0), (SKIMDB,)),
        Measure("second call, s", call(1), (SKIMDB,)),
        Measure("peak MB", read_memory, digits=0),
    ]
    report.compare(runs, measures, RESULTS)


def holdout(bench, plan, report):
    n_training = plan.n_reviews - plan.n_validation
    report.section(
        "One fit, first and second call",
        f"{n_training:,} vectorized reviews, {plan.holdout}, imports done. "
        "MLPClassifier and one row of skimdb draw no curve; the others validate on "
        f"{plan.n_validation:,} reviews after each epoch. MLPClassifier has Adam in "
        "place of RMSprop.",
    )
    peers = with_torch([SKIMDB, NO_CURVE, TENSORFLOW, SKLEARN])
    runs = bench.compare_tasks("fit_holdout", dict.fromkeys(peers, bench.repeats))
    measures = [
        Measure("first call, s", call(0), (SKIMDB, NO_CURVE)),
        Measure("second call, s", call(1)),
        Measure("peak MB", read_memory, digits=0),
    ]
    report.compare(runs, measures, RESULTS)


def wide(bench, plan, report):
    report.section(
        "A wide network",
        f"{plan.wide}, otherwise the same. Seconds per epoch: of a first call with one "
        f"epoch, then of a second with {plan.wide.epochs}. Keras goes on with its "
        "first model in the second call, so that nothing is traced again. At this "
        "width the arithmetic decides, and no import.",
    )
    names = with_torch([SKIMDB, NO_CURVE, TENSORFLOW, DENSE_KERAS, SKLEARN])
    names += [f"{name}, without a curve" for name in bench.first_versions]
    runs = bench.compare_tasks("fit_wide", dict.fromkeys(names, bench.few))
    measures = [
        Measure("first call, s/epoch", call(0)),
        Measure("second call, s/epoch", call(1), (SKIMDB, NO_CURVE)),
        Measure("peak MB", read_memory, digits=0),
    ]
    report.compare(runs, measures, RESULTS)


def grid(bench, plan, report):
    sizes = ", ".join(map(str, plan.grid_sizes))
    n_candidates = plan.n_grid_candidates
    report.section(
        "A grid search",
        f"`GridSearchCV` on {plan.n_small:,} vectorized reviews: {sizes} units, "
        f"{len(plan.grid_l2)} values of L2, {len(plan.grid_dropout)} of dropout, 4 "
        f"folds, {plan.grid.epochs} epochs: {4 * n_candidates} networks. Of "
        f"MLPClassifier and scikeras only the {n_candidates} of the first fold are "
        "trained, and their seconds multiplied by 4. MLPClassifier has no dropout and "
        "trains as many networks with other seeds; scikeras takes a dense array. With "
        "`n_jobs=2` the start of the two workers is included.",
    )
    peers = dict.fromkeys([SKIMDB, f"{SKIMDB}, n_jobs=2", SKLEARN], bench.few)
    runs = bench.compare_tasks("search_grid", peers | {SCIKERAS: 1})
    report.compare(
        runs,
        [Measure("seconds", call(), (SKIMDB,))],
        [("mean accuracy", "accuracy", ".4f")],
    )


def epochs(bench, plan, report):
    report.section(
        "The number of epochs",
        f"1 to {plan.kfold.epochs} epochs on {plan.n_small:,} reviews as texts, 4 "
        "folds, the vectorizer fitted anew on each; first call in a process. "
        "`EpochSearchCV` trains each fold once and looks at every epoch on the way; "
        "`GridSearchCV` trains each number of epochs anew. Both find the same.",
    )
    names = ["EpochSearchCV", "GridSearchCV"]
    runs = bench.compare_tasks("search_epochs", dict.fromkeys(names, bench.few))
    report.compare(
        runs,
        [Measure("seconds", call(), ("EpochSearchCV",))],
        [("best epoch", "best_epoch", ".0f"), ("loss there", "best_loss", ".6f")],
    )


def predict_one(bench, plan, report):
    report.section(
        "The label of one review",
        "A fitted pipeline of vectorizer and network is given one text, as a web "
        f"service is. Milliseconds, the median of {plan.n_single} texts; MLPClassifier "
        "comes after CountVectorizer.",
    )
    runs = bench.compare_tasks(
        "predict_one", dict.fromkeys([SKIMDB, SKLEARN], bench.repeats)
    )
    report.compare(runs, [Measure("ms", call(), (SKIMDB,), digits=3)])


def predict_all(bench, plan, report):
    report.section(
        f"The labels of {plan.n_reviews:,} reviews",
        "Vectorized already. Keras predicts in batches of 512: on CSR; on CSR made "
        "dense within the time; on an array that is dense already; and on that in its "
        "default batches of 32.",
    )
    sparse, dense = f"{SKIMDB}, CSR", f"{SKIMDB}, dense"
    keras = ["Keras, CSR", "Keras, densified", DENSE_KERAS, "Keras default, dense"]
    keras = keras[:1] if bench.quick else keras
    runs = bench.compare_tasks(
        "predict_all", dict.fromkeys([sparse, dense, *keras], bench.few)
    )
    measures = [
        Measure("first call, s", call(0)),
        Measure("second call, s", call(1), (sparse, dense)),
        Measure("peak MB", read_memory, digits=0),
    ]
    report.compare(runs, measures)


def scaling(bench, plan, report):
    report.section(
        "Cost as the work grows",
        f"Seconds per epoch of skimdb, second call, {plan.scaling.epochs} epochs, no "
        "curve. More rows are the same rows without a random tenth of their non-zeros. "
        "More columns are rarer words and pairs of words, with random non-zeros left "
        "out until all widths have as many: what a larger vocabulary costs by itself. "
        "Growth is against the first line of each kind.",
    )
    points = map(str, range(len(plan.list_scaling_points())))
    runs = bench.compare_tasks("scale_work", dict.fromkeys(points, bench.few))
    header = ["what grows", "rows", "columns", "units", "non-zeros", "parameters"]
    header += ["s/epoch", "growth", "peak MB"]
    rows, firsts = [], {}
    for results in runs.values():
        done = [result for result in results if result]
        if not done:
            rows.append(["failed", *[""] * (len(header) - 1)])
            continue
        facts, seconds = done[0], statistics.median(map(call(), done))
        first = firsts.setdefault(facts["grows"], seconds)
        keys = ("rows", "columns", "units", "non_zeros", "parameters")
        row = [facts["grows"], *(f"{facts[key]:,}" for key in keys)]
        memory = max(map(read_memory, done))
        row += [f"{seconds:.3f}", f"{seconds / first:.1f}", f"{memory:.0f}"]
        rows.append(row)
    report.table(header, rows)


def tensorflow(bench, plan, report):
    report.section(
        "Products in TensorFlow",
        "How skimdb multiplies sparse batches in TensorFlow: as they are in narrow "
        f"networks, made dense in wide ones. Seconds per epoch ({plan.product}, other "
        "widths): either way at each width, second call.",
    )
    names = [f"{n} units, {f}" for n in plan.product_units for f in ("sparse", "dense")]
    runs = bench.compare_tasks("multiply_batches", dict.fromkeys(names, bench.few))
    report.compare(runs, [Measure("s/epoch", call(), digits=3)])


def accuracy(bench, plan, report):
    report.section(
        "Is it as good?",
        f"The holdout, {plan.accuracy}, with {plan.n_seeds} seeds: what the best epoch "
        "reaches. The same network and the same optimizer, so nothing but the draws "
        "should differ.",
    )
    runs = bench.compare_tasks("compare_seeds", {SKIMDB: 1, DENSE_KERAS: 1})
    header = ["", "best losses", "mean", "mean accuracy there", "best epochs"]
    rows = []
    for peer, (result,) in runs.items():
        if result is None:
            rows.append([peer, "failed", "", "", ""])
            continue
        losses = " ".join(f"{loss:.4f}" for loss in result["losses"])
        means = [statistics.mean(result[name]) for name in ("losses", "accuracies")]
        means = [f"{mean:.4f}" for mean in means]
        rows.append([peer, losses, *means, " ".join(map(str, result["epochs"]))])
    report.table(header, rows)


SECTIONS = {
    section.__name__: section
    for section in (
        whole_script,
        kfold,
        holdout,
        wide,
        grid,
        epochs,
        predict_one,
        predict_all,
        scaling,
        tensorflow,
        accuracy,
    )
}

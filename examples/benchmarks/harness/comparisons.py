"""The comparisons: what is run, what it is held against, how it is reported."""

import statistics

from harness.measuring import call, installed, memory, own_memory, pair
from harness.plans import describe

SCRIPT = "Keras, dense"
SKLEARN = "MLPClassifier"


def with_torch(peers, repeats):
    """Add torch to the peers if it is installed."""
    return peers | ({"torch": repeats} if installed("torch") else {})


def against_script(runs):
    """Seconds and memory of the notebook's script by skimdb's, with their bars."""
    theirs, ours = runs[SCRIPT], runs["skimdb"]
    return [
        (f"{SCRIPT}: seconds", pair(theirs, ours, call(0)), 10),
        (f"{SCRIPT}: peak memory", pair(theirs, ours, memory), 8),
        (
            f"{SCRIPT}: peak memory without imports",
            pair(theirs, ours, own_memory),
            None,
        ),
    ]


def holdout(bench, plan, report):
    n_training = plan.n_reviews - plan.n_validation
    rows = f"{n_training:,}/{plan.n_validation:,} x 10,000"
    peers = {"skimdb": bench.repeats, SCRIPT: bench.repeats}
    slow = ["scikeras, dense", "scikeras, CSR"]
    runs = bench.alternate("holdout", peers | dict.fromkeys(slow, 1))
    report.section(
        f"Holdout: {rows}, {describe(plan.holdout)}, validation after each epoch",
        "From sequences of ids (a list per review) to a trained network: "
        "vectorize and fit, in a new process. scikeras on CSR has its matrix made by "
        "skimdb's vectorizer.",
    )
    report.costs(runs)
    ours = runs["skimdb"]
    rows = against_script(runs)
    for peer in slow:
        rows.append((f"{peer}: seconds", pair(runs[peer], ours, call(0)), None))
    report.bars(rows)

    runs = bench.alternate("notebook", {"skimdb": 1, SCRIPT: 1})
    report.section(
        "The notebook's whole script",
        f"As it goes on: another {plan.n_reviews:,} reviews are vectorized too, to "
        "test on, and predicted at the end. (The training reviews again; what matters "
        "is their number.)",
    )
    report.costs(runs)
    report.bars(against_script(runs))

    peers = dict.fromkeys(["skimdb", "skimdb, no curve", SKLEARN], bench.repeats)
    runs = bench.alternate("second_call", with_torch(peers, bench.repeats))
    report.section(
        "The same fit, first and second call in a process",
        "The matrix is ready. MLPClassifier has no validation curve (and Adam in "
        "place of RMSprop); torch has one.",
    )
    report.costs(runs, ["first call, s", "second call, s"])
    rows = []
    for peer, bar in {"skimdb": 1, "skimdb, no curve": 1.5}.items():
        ratios = pair(runs[SKLEARN], runs[peer], call(1))
        rows.append((f"{SKLEARN} against {peer}: second call", ratios, bar))
    if "torch" in runs:
        ratios = pair(runs["torch"], runs["skimdb"], call(1))
        rows.append(("torch against skimdb: second call", ratios, None))
    report.bars(rows)


def wide(bench, plan, report):
    names = ["skimdb", "skimdb, no curve", SCRIPT, SKLEARN]
    peers = with_torch(dict.fromkeys(names, bench.few), bench.few)
    runs = bench.alternate("wide", peers)
    n_epochs = plan.wide.epochs
    report.section(
        f"Wide: {describe(plan.wide)}, same data",
        f"Seconds per epoch: of a first call with one epoch, then of a second with "
        f"{n_epochs}, the same for all. Keras goes on with its first model, so that "
        "its second call traces nothing and its losses are of one epoch more; its "
        "array is float32 and ready. With validation after each epoch, except "
        "MLPClassifier and where it says so.",
    )
    report.costs(runs, ["first call, s/epoch", "second call, s/epoch"])
    ours, plain = runs["skimdb"], runs["skimdb, no curve"]
    rows = [
        (f"{SKLEARN} against skimdb, no curve", pair(runs[SKLEARN], plain, call(1)), 3),
        (f"{SKLEARN} against skimdb", pair(runs[SKLEARN], ours, call(1)), 3),
        (f"{SCRIPT} against skimdb", pair(runs[SCRIPT], ours, call(1)), 4),
    ]
    if "torch" in runs:
        rows.append(("torch against skimdb", pair(runs["torch"], ours, call(1)), 1))
    report.bars(rows)


def kfold(bench, plan, report):
    runs = bench.alternate(
        "kfold", dict.fromkeys(["skimdb", SCRIPT, SKLEARN], bench.few)
    )
    report.section(
        f"4-fold on {plan.n_small:,} reviews: {describe(plan.kfold)}, with curves",
        "skimdb by epoch_curve, the others by a loop over the folds; all folds in a "
        "first and again in a second call. Losses are of the mean curve. "
        "MLPClassifier has no curve.",
    )
    report.costs(runs, ["first call, s", "second call, s"])
    ours = runs["skimdb"]
    report.bars(
        [
            (f"{SCRIPT}: first call", pair(runs[SCRIPT], ours, call(0)), 7),
            (f"{SCRIPT}: second call", pair(runs[SCRIPT], ours, call(1)), 12),
            (f"{SKLEARN}: first call", pair(runs[SKLEARN], ours, call(0)), None),
            (f"{SKLEARN}: second call", pair(runs[SKLEARN], ours, call(1)), 1.5),
        ]
    )


def _grid_title(plan):
    sizes = ", ".join(map(str, plan.grid_sizes))
    return (
        f"GridSearchCV on {plan.n_small:,} reviews: sizes {sizes} x 2 l2 x 2 dropout "
        f"x 4 folds, {plan.grid.epochs} epochs"
    )


def grid(bench, plan, report):
    scikeras = "scikeras, dense"
    peers = {"skimdb": bench.few, SKLEARN: bench.few, scikeras: 1}
    runs = bench.alternate("grid", peers)
    report.section(
        _grid_title(plan),
        f"skimdb trains all {4 * plan.n_grid_candidates} networks, tracing included. "
        f"Of the others only the {plan.n_grid_candidates} of the first fold are "
        "trained, and their seconds multiplied by 4. MLPClassifier has no dropout; "
        "it trains as many networks with other seeds. scikeras takes a dense array. "
        "No refit.",
    )
    report.costs(runs)
    ours = runs["skimdb"]
    report.bars(
        [
            (scikeras, pair(runs[scikeras], ours, call(0)), 12),
            (SKLEARN, pair(runs[SKLEARN], ours, call(0)), 1),
        ]
    )


def jobs(bench, plan, report):
    result = bench.run("skimdb", "jobs")
    report.section(
        "The same grid with n_jobs=2 against n_jobs=1",
        "All in one process, one after the other. The first call of loky starts its "
        "workers, which import TensorFlow.",
    )
    if result is None:
        report.say("failed", "")
        return
    seconds = dict(zip(result["names"], result["seconds"], strict=True))
    report.table(["skimdb", "seconds"], [[n, f"{s:.2f}"] for n, s in seconds.items()])
    # Those with one job, before and after, tell how steady the machine was.
    single = [seconds["n_jobs=1"], seconds["n_jobs=1, again"]]
    bars = {"threading": 1.3, "loky": 1, "loky, first call": None}
    report.bars(
        [
            (name, [s / seconds[name] for s in single], bar)
            for name, bar in bars.items()
        ],
        title="seconds of n_jobs=1 by those of",
    )


def predict(bench, plan, report):
    ours = ["skimdb, CSR", "skimdb, dense"]
    keras = ["Keras, CSR", "Keras, densified", "Keras, dense", "Keras default, dense"]
    runs = bench.alternate("predict", dict.fromkeys([*ours, *keras], bench.few))
    report.section(
        f"Prediction of {plan.n_reviews:,} reviews",
        "Keras's predict in batches of 512, on CSR; on CSR that is made dense within "
        "the time; on an array that is dense already; and on that with its default "
        "batches of 32.",
    )
    report.costs(runs, ["first call, s", "second call, s"])
    sparse, dense = (runs[peer] for peer in ours)
    rows = [
        (f"{peer} against skimdb, CSR", pair(runs[peer], sparse, call(1)), 5)
        for peer in keras
    ]
    both = pair(runs["Keras, dense"], dense, call(1))
    rows.append(("Keras, dense against skimdb, dense", both, None))
    report.bars(rows)


def scaling(bench, plan, report):
    results = {}
    for point in dict.fromkeys(point[0] for point in plan.scaling_points()):
        results[point] = bench.run(point, "scaling")
    report.section(
        "Cost as the work grows",
        f"Seconds per epoch of a second call with {plan.scaling.epochs} epochs, "
        "without a curve. Rows are repeated without a random tenth of their non-zeros;"
        " columns are the most frequent words and pairs of words. Work is what one "
        "epoch multiplies in the forward pass plus the parameters it updates.",
    )
    header = ["", "rows", "columns", "units", "non-zeros", "parameters", "s/epoch"]
    header += ["ns per work", "peak MB", "without imports"]
    rows, costs = [], {}
    for point, result in results.items():
        if result is None:
            rows.append([point, *["failed"] * (len(header) - 1)])
            continue
        seconds = result["seconds"][0]
        costs[point] = seconds / result["work"] * 1e9
        counts = ("rows", "columns", "size", "non_zeros", "parameters")
        row = [point, *(f"{result[key]:,}" for key in counts)]
        row += [f"{seconds:.3f}", f"{costs[point]:.2f}", f"{result['memory']:.0f}"]
        rows.append([*row, f"{result['memory'] - result['imports']:.0f}"])
    report.table(header, rows)
    _growth(report, {point: results[point] for point in costs})


def _growth(report, results):
    """Print how much more the largest of each kind costs than the smallest."""
    rows = []
    for kind in ("rows", "columns", "size"):
        points = [point for point in results if point.startswith(kind)]
        if len(points) < 2:
            continue
        first, last = results[points[0]], results[points[-1]]

        def grew(value, first=first, last=last):
            return value(last) / value(first)

        work = grew(lambda result: result["work"])
        seconds = grew(lambda result: result["seconds"][0])
        numbers = grew(lambda result: result["non_zeros"] + result["parameters"])
        held = grew(lambda result: result["memory"] - result["imports"])
        linear = seconds <= 1.5 * work and held <= 1.5 * numbers
        grown = [f"{value:.1f}" for value in (work, seconds, numbers, held)]
        name = f"{points[0]} to {points[-1]}"
        rows.append([name, *grown, "met" if linear else "NOT MET"])
    header = ["grows by a factor", "work", "time", "non-zeros + parameters", "memory"]
    report.table([*header, "linear, or less, within 1.5"], rows)


def accuracy(bench, plan, report):
    runs = {peer: bench.run(peer, "accuracy") for peer in ("skimdb", SCRIPT)}
    report.section(
        f"Accuracy: best validation loss of {plan.n_seeds} seeds",
        f"The holdout, {describe(plan.accuracy)}; the best epoch is among these.",
    )
    if None in runs.values():
        report.say("failed", "")
        return
    rows, means = [], {}
    for peer, result in runs.items():
        losses = [judged["best_loss"] for judged in result["judged"]]
        means[peer] = statistics.mean(losses)
        accuracies = [judged["best_accuracy"] for judged in result["judged"]]
        epochs = [judged["best_epoch"] for judged in result["judged"]]
        rows.append(
            [
                peer,
                " ".join(f"{loss:.4f}" for loss in losses),
                f"{means[peer]:.4f}",
                f"{statistics.mean(accuracies):.4f}",
                " ".join(map(str, epochs)),
            ]
        )
    header = ["", "best losses", "mean", "mean accuracy there", "best epochs"]
    report.table(header, rows)
    difference = means["skimdb"] - means[SCRIPT]
    verdict = "met" if abs(difference) <= 0.01 else "NOT MET"
    report.say(f"Difference of the means {difference:+.4f}, bar 0.01: {verdict}.", "")


COMPARISONS = {
    comparison.__name__: comparison
    for comparison in (
        holdout,
        wide,
        kfold,
        grid,
        jobs,
        predict,
        scaling,
        accuracy,
    )
}

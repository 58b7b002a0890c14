"""Many fits in a row: resident memory and seconds per fit must not grow.

    python examples/benchmarks/bench_memory.py [--fits 50]

Fits of one architecture, of ten in turn, and of matrices with another number of columns
each time, on 1,000 reviews. Growth is from the tenth fit of a series to its last. Linux
only.
"""

import statistics

from harness.gauges import clock, resident_memory
from harness.options import count, make_parser

from skimdb import KerasMLPClassifier, TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb

TEN = [
    {"size": 8},
    {"size": 16, "dropout": 0.5},
    {"size": 16, "l2": 0.002},
    {"size": 32},
    {"size": 32, "optimizer": "adam"},
    {"size": 64},
    {"size": 64, "n_hidden_layers": 3},
    {"size": 16, "optimizer": "sgd"},
    {"size": 16, "activation": "tanh"},
    {"size": (16, 8, 4), "dropout": 0.2, "l2": 0.001},
]


def measure_series(name, architectures, matrices, y, n_fits):
    """Fit architectures and matrices in turn, and print what grows."""
    memory, seconds = [], []
    for i in range(n_fits):
        params = architectures[i % len(architectures)]
        classifier = KerasMLPClassifier(**params, epochs=20, random_state=i)
        elapsed, _ = clock(classifier.fit, matrices[i % len(matrices)], y)
        seconds.append(elapsed)
        memory.append(resident_memory())
    growth = memory[-1] / memory[9] - 1
    early = statistics.median(seconds[10:20])
    late = statistics.median(seconds[-10:])
    print(
        f"{name}: {n_fits} fits; resident {memory[0]:.0f} MB after the first, "
        f"{memory[9]:.0f} after the tenth, {memory[-1]:.0f} after the last "
        f"({growth:+.1%}); median seconds a fit {early:.3f} in fits 11 to 20, "
        f"{late:.3f} in the last 10 ({late / early:.2f} x)",
        flush=True,
    )


def main():
    parser = make_parser(__doc__)
    parser.add_argument("--fits", type=count, default=50, help="at least 20")
    options = parser.parse_args()
    n_fits = max(options.fits, 20)
    texts, y = fetch_imdb(subset="train", source=options.source, return_X_y=True)
    X = TextMultiHotVectorizer(max_features=10_000).fit_transform(texts[:1000])
    y = y[:1000]
    del texts
    widths = [X[:, : X.shape[1] - i].copy() for i in range(n_fits)]
    measure_series("One architecture", [{}], [X], y, n_fits)
    measure_series("Ten architectures in turn", TEN, [X], y, n_fits)
    measure_series("Another width each time", [{}], widths, y, n_fits)


if __name__ == "__main__":
    main()

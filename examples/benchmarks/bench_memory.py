"""Many fits in a row: resident memory and seconds per fit must not grow.

    python examples/benchmarks/bench_memory.py [--fits 50]

Fits of one architecture, of ten in turn, and of matrices with another number of columns
each time, on 1,000 reviews. Growth is from the tenth fit of a series to its last. Linux
only.
"""

import statistics
from itertools import cycle, islice

from harness.gauges import clock, resident_memory
from harness.options import count, make_parser

from skimdb import KerasMLPClassifier, TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb

TEN = [
    {"size": size, "n_hidden_layers": n_layers, "dropout": 0.5 * (n_layers == 2)}
    for size in (4, 8, 16, 32, 64)
    for n_layers in (2, 3)
]


def measure_series(name, architectures, matrices, y):
    """Fit architectures and matrices in turn, and print the growth."""
    memory, seconds = [], []
    for seed, (params, X) in enumerate(zip(cycle(architectures), matrices)):
        classifier = KerasMLPClassifier(**params, epochs=20, random_state=seed)
        seconds.append(clock(classifier.fit, X, y)[0])
        memory.append(resident_memory())
    growth = memory[-1] / memory[9] - 1
    early = statistics.median(seconds[10:20])
    late = statistics.median(seconds[-10:])
    print(
        f"{name}: {len(memory)} fits; resident {memory[0]:.0f} MB after the first, "
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
    same = list(islice(cycle([X]), n_fits))
    widths = (X[:, : X.shape[1] - i].copy() for i in range(n_fits))
    measure_series("One architecture", [{}], same, y)
    measure_series("Ten architectures in turn", TEN, same, y)
    measure_series("Another width each time", [{}], widths, y)


if __name__ == "__main__":
    main()

"""Fifty fits in a row: resident memory and seconds per fit must not grow.

    python examples/benchmarks/bench_memory.py

First all fits are of one architecture, then of ten in turn, on 1,000 reviews. Growth
is from the tenth fit of a series to its last; of the ten architectures each has been
compiled once by then.
"""

import argparse
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from skimdb import KerasMLPClassifier, TextMultiHotVectorizer
from skimdb.datasets import fetch_imdb

ONE = [{}]
TEN = [
    {"size": 8},
    {"size": 16, "dropout": 0.5},
    {"size": 16, "l2": 0.002},
    {"size": 32},
    {"size": 32, "optimizer": "adam"},
    {"size": 64},
    {"size": 64, "n_hidden_layers": 3},
    {"size": 16, "optimizer": "nadam"},
    {"size": 16, "activation": "tanh"},
    {"size": (16, 8, 4), "dropout": 0.2, "l2": 0.001},
]


def resident_mebibytes():
    """Memory of this process that is in use now."""
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def run(name, architectures, X, y, n_fits):
    """Fit, and print what grows."""
    memory, seconds = [], []
    for fit in range(n_fits):
        params = architectures[fit % len(architectures)]
        start = time.perf_counter()
        KerasMLPClassifier(**params, epochs=20, random_state=fit).fit(X, y)
        seconds.append(time.perf_counter() - start)
        memory.append(resident_mebibytes())
    growth = memory[-1] / memory[9] - 1
    early = statistics.median(seconds[10:20])
    late = statistics.median(seconds[-10:])
    print(
        f"{name}: {n_fits} fits; resident {memory[0]:.0f} MiB after the first, "
        f"{memory[9]:.0f} after the tenth, {memory[-1]:.0f} after the last "
        f"({growth:+.1%}); median seconds a fit {early:.3f} in fits 11 to 20, "
        f"{late:.3f} in the last 10 ({late / early:.2f} x)",
        flush=True,
    )


def main():
    """Run both series."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--fits", type=int, default=50)
    parser.add_argument("--source", default="auto")
    options = parser.parse_args()
    texts, y = fetch_imdb(subset="train", source=options.source, return_X_y=True)
    X = TextMultiHotVectorizer(max_features=10_000).fit_transform(texts[:1000])
    y = y[:1000]
    del texts
    run("One architecture", ONE, X, y, options.fits)
    run("Ten architectures in turn", TEN, X, y, options.fits)


if __name__ == "__main__":
    main()

"""TextMultiHotVectorizer against CountVectorizer, Keras and the notebook.

One paired run: the two take turns, so that what else the machine does hits both
alike. Each peak of memory is that of a process of its own, which holds the texts,
imports one of the two and calls ``fit_transform`` once.

    python examples/benchmarks/bench_vectorizer.py [--repeat 3] [--source auto]
"""

import argparse
import gc
import os
import pickle
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

REVIEWS = "25,000 reviews, 10,000 words"
BIGRAMS = "25,000 reviews, 200,000 words and bigrams"
SHORT = "1,000,000 short texts, 10,000 words"
CASES = {
    REVIEWS: {"max_features": 10_000},
    BIGRAMS: {"max_features": 200_000, "ngram_range": (1, 2)},
    SHORT: {"max_features": 10_000},
}
GOALS = {
    (REVIEWS, "fit_transform"): 5,
    (REVIEWS, "transform"): 5,
    (BIGRAMS, "fit_transform"): 2,
    (BIGRAMS, "transform"): 2,
    (SHORT, "fit_transform"): 3,
    (SHORT, "transform"): 3,
}


def make_vectorizer(kind, case):
    # Imported here: a process that measures memory has only one of the two.
    if kind == "CountVectorizer":
        from sklearn.feature_extraction.text import CountVectorizer

        return CountVectorizer(binary=True, **CASES[case])
    from skimdb import TextMultiHotVectorizer

    return TextMultiHotVectorizer(**CASES[case])


def cut(texts, n_texts=1_000_000):
    """Short texts: pieces of the reviews, all of about the same number of words."""
    words = [text.split() for text in texts]
    size = max(1, sum(map(len, words)) // n_texts)
    pieces = [
        " ".join(review[i : i + size])
        for review in words
        for i in range(0, len(review), size)
    ]
    return (pieces * (1 + n_texts // len(pieces)))[:n_texts]


def seconds(function, *arguments):
    gc.collect()
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def spread(values, unit="s", digits=2):
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{low:.{digits}f} - {middle:.{digits}f} - {high:.{digits}f} {unit}"


def compare(case, texts, repeat):
    times = {}
    for _ in range(repeat):
        for kind in ("CountVectorizer", "TextMultiHotVectorizer"):
            vectorizer = make_vectorizer(kind, case)
            for method in ("fit_transform", "transform"):
                elapsed, _ = seconds(getattr(vectorizer, method), texts)
                times.setdefault((method, kind), []).append(elapsed)
    print(f"\n{case}: minimum - median - maximum of {repeat}")
    for method in ("fit_transform", "transform"):
        theirs = times[method, "CountVectorizer"]
        ours = times[method, "TextMultiHotVectorizer"]
        ratios = [a / b for a, b in zip(theirs, ours, strict=True)]
        print(f"  {method:14} CountVectorizer        {spread(theirs)}")
        print(f"  {'':14} TextMultiHotVectorizer {spread(ours)}")
        goal = GOALS[case, method]
        print(
            f"  {'':14} times faster           {spread(ratios, 'x', 1)} (goal {goal})"
        )


def measure_memory(case, path):
    print(f"\n{case}: peak memory of a process that does only fit_transform")
    for kind in ("CountVectorizer", "TextMultiHotVectorizer"):
        command = [sys.executable, __file__, "--memory", kind, case, str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        print(f"  {kind:22} {done.stdout.strip()}")


def report_memory(kind, case, path):
    def peak():  # in MB; a child's `ru_maxrss` on Linux is at least its parent's
        status = Path("/proc/self/status")
        if status.exists():
            return int(status.read_text().split("VmHWM:")[1].split()[0]) / 2**10
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

    with open(path, "rb") as file:
        texts = pickle.load(file)
    vectorizer = make_vectorizer(kind, case)
    before = peak()
    vectorizer.fit_transform(texts)
    print(f"{peak():.0f} MB, {before:.0f} MB of it texts and imports")


def time_keras(texts):
    import tensorflow as tf
    from keras.layers import TextVectorization

    layer = TextVectorization(max_tokens=10_000, output_mode="multi_hot")
    batches = tf.data.Dataset.from_tensor_slices(list(texts)).batch(512)
    adapted, _ = seconds(layer.adapt, batches)
    called, _ = seconds(lambda: [layer(batch) for batch in batches])
    print("\nKeras, TextVectorization(output_mode='multi_hot'), dense, once")
    print(f"  adapt {adapted:.2f} s, call {called:.2f} s")


def time_notebook(texts):
    import numpy as np

    from skimdb import TextMultiHotVectorizer

    vectorizer = TextMultiHotVectorizer(index="keras").fit(texts)
    analyze, ids = vectorizer.build_analyzer(), vectorizer.vocabulary_
    sequences = [[1, *(ids.get(word, 2) for word in analyze(text))] for text in texts]

    def vectorize_sequences(sequences, dimension=10_000):
        results = np.zeros((len(sequences), dimension))
        for i, sequence in enumerate(sequences):
            results[i, sequence] = 1.0
        return results

    theirs, dense = seconds(vectorize_sequences, sequences)
    of_ids = TextMultiHotVectorizer(index="keras", input="sequences")
    ours, sparse = seconds(of_ids.fit_transform, sequences)
    of_texts, same = seconds(vectorizer.fit_transform, texts)
    equal = all(
        np.array_equal(np.flatnonzero(dense[i]), matrix[i].indices)
        for matrix in (sparse, same)
        for i in range(len(texts))
    )
    print("\nThe notebook's vectorize_sequences, once")
    print(f"  ids to {dense.nbytes / 2**20:.0f} MB of float64  {theirs:.2f} s")
    print(f"  TextMultiHotVectorizer(index='keras', input='sequences') {ours:.2f} s")
    print(f"  TextMultiHotVectorizer(index='keras') of texts {of_texts:.2f} s")
    print(f"  the same matrix, cell for cell: {equal}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--source", default="auto", help="source of fetch_imdb")
    parser.add_argument("--memory", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        report_memory(*options.memory)
        return

    from skimdb.datasets import fetch_imdb

    packages = ["numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "keras"]
    print(
        platform.platform(), f"{os.cpu_count()} cores, Python", sys.version.split()[0]
    )
    print(", ".join(f"{package} {version(package)}" for package in packages))
    texts, _ = fetch_imdb(subset="train", source=options.source, return_X_y=True)
    texts = list(texts)
    short = cut(texts)
    compare(REVIEWS, texts, options.repeat)
    compare(SHORT, short, max(options.repeat - 1, 1))
    compare(BIGRAMS, texts, max(options.repeat - 1, 1))
    with tempfile.TemporaryDirectory() as folder:
        for case, content in {REVIEWS: texts, SHORT: short, BIGRAMS: texts}.items():
            path = Path(folder) / "texts.pickle"
            path.write_bytes(pickle.dumps(content))
            measure_memory(case, path)
    time_notebook(texts)
    time_keras(texts)


if __name__ == "__main__":
    main()

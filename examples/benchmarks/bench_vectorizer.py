"""Compare TextMultiHotVectorizer with CountVectorizer, Keras and the notebook.

    python examples/benchmarks/bench_vectorizer.py

The vectorizers take turns, so other work on the machine affects both. CountVectorizer
has no ``partial_fit``; its ``fit`` is measured instead. Each peak of memory is measured
in a new process, which loads the texts, imports one vectorizer and calls
``fit_transform`` once.
"""

import pickle
import tempfile
from functools import partial
from pathlib import Path

from harness.gauges import clock, peak_memory
from harness.options import make_parser
from harness.processes import run_task
from harness.report import describe_machine, spread

PEERS = ("CountVectorizer", "TextMultiHotVectorizer")
N_GRAMS = {"analyzer": "char", "ngram_range": (2, 4)}
ALL, WITHIN_WORDS = {"max_features": None}, {"analyzer": "char_wb"}
WORDS = {"max_features": 10_000}
PAIRS = {"max_features": 200_000, "ngram_range": (1, 2)}
CASES = {  # texts, as `main` names them, and parameters
    "25,000 reviews, 10,000 words": ("all", WORDS),
    "1,000,000 short texts, 10,000 words": ("short", WORDS),
    "25,000 reviews, 200,000 words and bigrams": ("all", PAIRS),
    "3,000 reviews, 10,000 words": ("few", WORDS),
    "3,000 reviews, all n-grams of 2 to 4 characters": ("few", N_GRAMS | ALL),
    "3,000 reviews, all n-grams of 2 to 4 characters within words": (
        "few",
        N_GRAMS | ALL | WITHIN_WORDS,
    ),
    "30 reviews, n-grams of 2 to 4 characters": ("thirty", N_GRAMS),
    "30 reviews, n-grams of 2 to 4 characters within words": (
        "thirty",
        N_GRAMS | WITHIN_WORDS,
    ),
    "1 review, words": ("one", {}),
    "1 review, n-grams of 2 to 4 characters": ("one", N_GRAMS),
}


def make_vectorizer(peer, case):
    # A process that measures memory imports only one of the two.
    if peer == "CountVectorizer":
        from sklearn.feature_extraction.text import CountVectorizer

        return CountVectorizer(binary=True, **CASES[case][1])
    from skimdb import TextMultiHotVectorizer

    return TextMultiHotVectorizer(**CASES[case][1])


def cut_texts(texts, n_texts=1_000_000):
    """Return short texts: pieces of the reviews, all of about the same length."""
    words = [text.split() for text in texts]
    size = max(1, sum(map(len, words)) // n_texts)
    pieces = [
        " ".join(review[i : i + size])
        for review in words
        for i in range(0, len(review), size)
    ]
    return (pieces * (1 + n_texts // len(pieces)))[:n_texts]


def learn_vocabulary(vectorizer, texts):
    """Call `partial_fit` where it exists; it selects the terms at the first access."""
    learn = getattr(vectorizer, "partial_fit", vectorizer.fit)
    return learn(texts).vocabulary_


def compare_times(case, texts, repeats):
    times, digits = {}, 2
    if len(texts) <= 30:
        repeats, digits = repeats * 100 // len(texts), 5
    for _ in range(repeats):
        for peer in PEERS:
            vectorizer = make_vectorizer(peer, case)
            tasks = {
                "partial_fit": partial(learn_vocabulary, make_vectorizer(peer, case)),
                "fit_transform": vectorizer.fit_transform,
                "transform": vectorizer.transform,
            }
            for name, task in tasks.items():
                times.setdefault((name, peer), []).append(clock(task, texts)[0])
    print(f"\n{case}: seconds, minimum - median - maximum of {repeats}")
    for name in tasks:
        theirs, ours = (times[name, peer] for peer in PEERS)
        ratios = [a / b for a, b in zip(theirs, ours, strict=True)]
        print(f"  {name:14} CountVectorizer        {spread(theirs, digits)}")
        print(f"  {'':14} TextMultiHotVectorizer {spread(ours, digits)}")
        print(f"  {'':14} times faster           {spread(ratios, 1)}")


def compare_memory(case, texts, folder):
    path = Path(folder) / "texts.pickle"
    path.write_bytes(pickle.dumps(texts))
    print(f"\n{case}: peak memory of a process that runs only fit_transform")
    for peer in PEERS:
        result = run_task(measure_memory, peer, case, path)
        print(
            f"  {peer:22} {result['memory']:.0f} MB, {result['before']:.0f} of it "
            "texts and imports"
        )


def measure_memory(peer, case, path):
    texts = pickle.loads(path.read_bytes())
    vectorizer = make_vectorizer(peer, case)
    before = peak_memory()
    vectorizer.fit_transform(texts)
    return {"before": before}


def time_keras(texts):
    import tensorflow as tf
    from keras.layers import TextVectorization

    layer = TextVectorization(max_tokens=10_000, output_mode="multi_hot")
    batches = tf.data.Dataset.from_tensor_slices(list(texts)).batch(512)
    adapted, _ = clock(layer.adapt, batches)
    called, _ = clock(lambda: [layer(batch) for batch in batches])
    print("\nKeras, TextVectorization(output_mode='multi_hot'), dense, once")
    print(f"  adapt {adapted:.2f} s, call {called:.2f} s")


def time_notebook(texts):
    import numpy as np
    from training.scripts.dense_keras import vectorize_sequences

    from skimdb import TextMultiHotVectorizer

    vectorizer = TextMultiHotVectorizer(index="keras").fit(texts)
    analyze, ids = vectorizer.build_analyzer(), vectorizer.vocabulary_
    sequences = [[1, *(ids.get(word, 2) for word in analyze(text))] for text in texts]
    theirs, dense = clock(vectorize_sequences, sequences)
    of_ids = TextMultiHotVectorizer(index="keras", input="sequences")
    ours, sparse = clock(of_ids.fit_transform, sequences)
    of_texts, same = clock(vectorizer.fit_transform, texts)
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
    options = make_parser(__doc__, repeats=3).parse_args()

    from skimdb.datasets import fetch_imdb

    print(*describe_machine("pandas", "pyarrow"), sep="\n")
    texts, _ = fetch_imdb(subset="train", source=options.source, return_X_y=True)
    texts = list(texts)
    contents = {"all": texts, "short": cut_texts(texts)}
    contents |= {"few": texts[:3000], "thirty": texts[:30], "one": texts[:1]}
    for case, (name, _) in CASES.items():
        compare_times(case, contents[name], options.repeats)
    with tempfile.TemporaryDirectory() as folder:
        for case, (name, _) in CASES.items():
            if name in ("all", "short"):
                compare_memory(case, contents[name], folder)
    time_notebook(texts)
    time_keras(texts)


if __name__ == "__main__":
    main()

"""A corpus larger than memory: reviews per second and memory of one pass and one epoch.

    python examples/benchmarks/bench_streaming.py [--reviews 5000000] [--chunk 65536]

The script writes simulated short reviews to Parquet files in a temporary folder and
reads them in chunks. A review consists of two sentences of real training reviews with
the same label. Each library runs in a new process:

- skimdb: a pass of `TextMultiHotVectorizer.partial_fit` for the 10,000 most frequent
  words, then an epoch of `KerasMLPClassifier.partial_fit`, 16-16-1, batches of 512.
- HashingVectorizer + SGDClassifier.partial_fit, a linear model, with their defaults
  (2 ** 20 columns) and the logistic loss.
- HashingVectorizer + MLPClassifier.partial_fit, with the same layers and batches and
  2 ** 14 columns, the power of two above 10,000; 2 ** 20 would slow it down.

The total time divides into reading files, making matrices (skimdb does so twice: for
the vocabulary and for the matrices) and training. Memory is the peak of the process,
imports included. The accuracy is measured on reviews of other sentences.
"""

import tempfile
import time
from collections import defaultdict
from pathlib import Path
from pkgutil import resolve_name

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from harness.options import count, make_parser
from harness.processes import run_task

N_VALIDATION = 20_000

# The corpus


def list_sentences(texts, y):
    """Return the sentences of the negative and of the positive reviews."""
    parts = [
        pc.split_pattern_regex(pa.array(texts[y == k]), r"[.!?]+\s+|<br />")
        for k in (0, 1)
    ]
    parts = [pc.list_flatten(part) for part in parts]
    return [part.filter(pc.greater(pc.utf8_length(part), 20)) for part in parts]


def draw_reviews(sentences, n_reviews, rng):
    """Draw reviews of two sentences with the same label, as a table."""
    label = rng.integers(0, 2, n_reviews)
    pool = pa.concat_arrays(sentences)
    first = np.array([0, len(sentences[0])])[label]
    size = np.array([len(part) for part in sentences])[label]
    one, two = (pool.take(first + rng.integers(0, size)) for _ in range(2))
    text = pc.binary_join_element_wise(one, two, ". ")
    return pa.table({"text": text, "label": label})


def write_corpus(folder, source, n_reviews, chunk_size):
    """Write training reviews to `folder`/train, and validation reviews to `folder`."""
    from skimdb.datasets import fetch_imdb

    texts, y = fetch_imdb(
        subset="train", source=source, random_state=0, return_X_y=True
    )
    rng = np.random.default_rng(0)
    n_train = len(texts) * 4 // 5
    held_out = list_sentences(texts[n_train:], y[n_train:])
    pq.write_table(draw_reviews(held_out, N_VALIDATION, rng), folder / "val.parquet")
    sentences = list_sentences(texts[:n_train], y[:n_train])
    (folder / "train").mkdir()
    n_bytes = 0
    for start in range(0, n_reviews, chunk_size):
        size = min(chunk_size, n_reviews - start)
        table = draw_reviews(sentences, size, rng)
        pq.write_table(table, folder / "train" / f"{start:012}.parquet")
        n_bytes += table["text"].nbytes
    sample = table["text"][:1000].to_pylist()
    n_words = sum(len(text.split()) for text in sample) / len(sample)
    return {"megabytes": n_bytes / 1e6, "words": n_words}


# Streams


class Stages:
    """Adds up the seconds of stages that take turns."""

    def __init__(self):
        self.seconds = defaultdict(float)
        self._stage, self._since = None, time.perf_counter()

    def enter(self, stage):
        """Begin a stage, and end the last one."""
        now = time.perf_counter()
        self.seconds[self._stage] += now - self._since
        self._stage, self._since = stage, now


def read_chunks(folder, stages):
    """Yield the chunks; the work of the caller on a chunk counts as vectorizing."""
    for path in sorted((folder / "train").iterdir()):
        stages.enter("reading")
        table = pq.read_table(path)
        stages.enter("vectorizing")
        yield table["text"], table["label"].to_numpy()
    stages.enter(None)


def read_validation(folder):
    table = pq.read_table(folder / "val.parquet")
    return table["text"].to_pylist(), table["label"].to_numpy()


def stream_skimdb(folder, stages):
    from skimdb import KerasMLPClassifier, TextMultiHotVectorizer

    vectorizer = TextMultiHotVectorizer(max_features=10_000)
    start = time.perf_counter()
    for texts, _ in read_chunks(folder, stages):
        vectorizer.partial_fit(texts)
    first_pass = time.perf_counter() - start

    def encode():
        for texts, y in read_chunks(folder, stages):
            X = vectorizer.transform(texts)
            stages.enter("training")
            yield X, y

    texts, y = read_validation(folder)
    X_val = vectorizer.transform(texts)
    classifier = KerasMLPClassifier(random_state=0)
    classifier.partial_fit(encode(), classes=[0, 1], X_val=X_val, y_val=y)
    accuracy = classifier.history_["val_accuracy"][-1]
    return {"first_pass": first_pass, "accuracy": accuracy}


def stream_hashed(folder, stages, n_features, classifier, **params):
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(n_features=n_features)
    classifier = resolve_name(classifier)(random_state=0, **params)
    for texts, y in read_chunks(folder, stages):
        X = vectorizer.transform(texts.to_pylist())
        stages.enter("training")
        classifier.partial_fit(X, y, classes=[0, 1])
    texts, y = read_validation(folder)
    return {"accuracy": classifier.score(vectorizer.transform(texts), y)}


SGD = {"classifier": "sklearn.linear_model:SGDClassifier", "loss": "log_loss"}
SGD |= {"n_features": 2**20}
MLP = {"classifier": "sklearn.neural_network:MLPClassifier", "batch_size": 512}
MLP |= {"n_features": 2**14, "hidden_layer_sizes": (16, 16)}
PEERS = {  # functions and further arguments
    "skimdb": (stream_skimdb, {}),
    "HashingVectorizer + SGDClassifier": (stream_hashed, SGD),
    "HashingVectorizer + MLPClassifier": (stream_hashed, MLP),
}


def stream(peer, folder):
    """Measure a peer."""
    stages = Stages()
    function, options = PEERS[peer]
    return function(folder, stages, **options) | stages.seconds


def report(name, result, n_reviews):
    """Print the figures of a peer."""
    seconds = {name: result[name] for name in ("reading", "vectorizing", "training")}
    total = sum(seconds.values())
    parts = ", ".join(f"{name} {value:.1f} s" for name, value in seconds.items())
    print(
        f"{name}: {total:.1f} s ({parts}); {n_reviews / total:,.0f} reviews per "
        f"second, {n_reviews / result['training']:,.0f} in training alone; peak "
        f"{result['memory']:.0f} MB; accuracy {result['accuracy']:.3f}",
        flush=True,
    )
    if "first_pass" in result:
        passes = result["first_pass"], total - result["first_pass"]
        rates = [f"{t:.1f} s, {n_reviews / t:,.0f} reviews per second" for t in passes]
        told = "  of that the vectorizer's pass {}; the epoch {}"
        print(told.format(*rates), flush=True)


def main():
    parser = make_parser(__doc__)
    parser.add_argument("--reviews", type=count, default=5_000_000)
    parser.add_argument("--chunk", type=count, default=2**16, help="reviews in a chunk")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, n_reviews = Path(name), options.reviews
        corpus = run_task(
            write_corpus, folder, options.source, n_reviews, options.chunk
        )
        print(
            f"{n_reviews:,} reviews of {corpus['words']:.0f} words, "
            f"{corpus['megabytes']:,.0f} MB of text; chunks of {options.chunk:,}",
            flush=True,
        )
        for peer in PEERS:
            report(peer, run_task(stream, peer, folder), n_reviews)


if __name__ == "__main__":
    main()

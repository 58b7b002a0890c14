"""A corpus larger than memory: reviews per second and memory of one pass and one epoch.

    python examples/benchmarks/bench_streaming.py [--reviews 5000000] [--chunk 65536]

Simulated short reviews, of two sentences of real training reviews of one label, are
written to Parquet files in a temporary folder, and read in chunks. Each library has a
process of its own:

- skimdb: a pass of `TextMultiHotVectorizer.partial_fit` for the 10,000 most frequent
  words, then an epoch of `KerasMLPClassifier.partial_fit`, 16-16-1, batches of 512.
- HashingVectorizer + SGDClassifier.partial_fit, a linear model, with their defaults
  (2 ** 20 columns) and the logistic loss.
- HashingVectorizer + MLPClassifier.partial_fit, of the same layers and batches, with
  2 ** 14 columns, the power of two above 10,000; 2 ** 20 would slow it down.

The first three columns of times are parts of the whole: reading files, making matrices
(skimdb does so twice: the vocabulary, then the matrices) and training. Memory is the
process's peak, imports included. The accuracy is on reviews of other sentences.
"""

import json
import tempfile
import time
from itertools import chain
from pathlib import Path

from harness.gauges import peak_memory
from harness.options import count, make_parser
from harness.processes import run_python

N_VALIDATION = 20_000
PEERS = {
    "skimdb": "skimdb",
    "sgd": "HashingVectorizer + SGDClassifier",
    "mlp": "HashingVectorizer + MLPClassifier",
}


# The corpus


def list_sentences(texts, y):
    """Arrow arrays of the sentences of the negative and of the positive reviews."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def split(texts):
        parts = pc.list_flatten(pc.split_pattern_regex(texts, r"[.!?]+\s+|<br />"))
        return parts.filter(pc.greater(pc.utf8_length(parts), 20))

    return [
        split(pa.array([t for t, label in zip(texts, y, strict=True) if label == k]))
        for k in (0, 1)
    ]


def draw_reviews(sentences, n_reviews, rng):
    """Draw reviews of two sentences of one label, as a table."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    label = rng.integers(0, 2, n_reviews)
    pool = pa.concat_arrays(sentences)
    first = np.array([0, len(sentences[0])])[label]
    size = np.array([len(part) for part in sentences])[label]
    one, two = (pool.take(first + rng.integers(0, size)) for _ in range(2))
    text = pc.binary_join_element_wise(one, two, ". ")
    return pa.table({"text": text, "label": label})


def write_corpus(folder, source, n_reviews, chunk_size):
    """Write the reviews to `folder`/train, some to validate on to `folder`."""
    import numpy as np
    import pyarrow.parquet as pq

    from skimdb.datasets import fetch_imdb

    texts, y = fetch_imdb(
        subset="train", source=source, shuffle=True, random_state=0, return_X_y=True
    )
    rng = np.random.default_rng(0)
    n_train = len(texts) * 4 // 5
    held_out = list_sentences(texts[n_train:], y[n_train:])
    pq.write_table(draw_reviews(held_out, N_VALIDATION, rng), folder / "val.parquet")
    sentences = list_sentences(texts[:n_train], y[:n_train])
    (folder / "train").mkdir()
    n_bytes = n_words = 0
    per_file = 4 * chunk_size
    for i, start in enumerate(range(0, n_reviews, per_file)):
        path = folder / "train" / f"{i:04}.parquet"
        with pq.ParquetWriter(path, draw_reviews(sentences, 1, rng).schema) as writer:
            stop = min(start + per_file, n_reviews)
            for first in range(start, stop, chunk_size):
                size = min(chunk_size, stop - first)
                table = draw_reviews(sentences, size, rng)
                writer.write_table(table)
                n_bytes += table["text"].nbytes
    sample = table["text"][:1000].to_pylist()
    n_words = sum(len(text.split()) for text in sample) / len(sample)
    return {"megabytes": n_bytes / 1e6, "words": n_words}


# Streams


class Stages:
    """Adds up the seconds of stages that take turns."""

    def __init__(self):
        self.seconds = {"reading": 0.0, "vectorizing": 0.0, "training": 0.0}
        self._stage, self._since = None, 0.0

    def enter(self, stage):
        """Begin a stage, and end the last; None only ends it."""
        now = time.perf_counter()
        if self._stage is not None:
            self.seconds[self._stage] += now - self._since
        self._stage, self._since = stage, now


def read_batches(folder, chunk_size, stages):
    """Yield the record batches; what the caller does with one is vectorizing."""
    import pyarrow.parquet as pq

    stages.enter("reading")
    paths = sorted((folder / "train").iterdir())
    for batch in chain.from_iterable(
        pq.ParquetFile(path).iter_batches(chunk_size) for path in paths
    ):
        stages.enter("vectorizing")
        yield batch
        stages.enter("reading")
    stages.enter(None)


def read_validation(folder):
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "val.parquet")
    return table["text"].to_pylist(), table["label"].to_numpy()


def run_skimdb(folder, chunk_size, stages):
    from skimdb import KerasMLPClassifier, TextMultiHotVectorizer

    vectorizer = TextMultiHotVectorizer(max_features=10_000)
    start = time.perf_counter()
    for batch in read_batches(folder, chunk_size, stages):
        vectorizer.partial_fit(batch["text"])
    first_pass = time.perf_counter() - start

    def encode():
        for batch in read_batches(folder, chunk_size, stages):
            X = vectorizer.transform(batch["text"])
            stages.enter("training")
            yield X, batch["label"]

    texts, y = read_validation(folder)
    classifier = KerasMLPClassifier(random_state=0)
    classifier.partial_fit(
        encode(), classes=[0, 1], X_val=vectorizer.transform(texts), y_val=y
    )
    accuracy = classifier.history_["val_accuracy"][-1]
    return {"first_pass": first_pass, "accuracy": accuracy}


def run_hashing(folder, chunk_size, stages, classifier, n_features):
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(n_features=n_features)
    for batch in read_batches(folder, chunk_size, stages):
        X, y = (
            vectorizer.transform(batch["text"].to_pylist()),
            batch["label"].to_numpy(),
        )
        stages.enter("training")
        classifier.partial_fit(X, y, classes=[0, 1])
    texts, y = read_validation(folder)
    return {"accuracy": classifier.score(vectorizer.transform(texts), y)}


def run_peer(peer, folder, chunk_size):
    """Measure one peer in this process."""
    stages = Stages()
    if peer == "skimdb":
        result = run_skimdb(folder, chunk_size, stages)
    elif peer == "sgd":
        from sklearn.linear_model import SGDClassifier

        classifier = SGDClassifier(loss="log_loss", random_state=0)
        result = run_hashing(folder, chunk_size, stages, classifier, 2**20)
    else:
        from sklearn.neural_network import MLPClassifier

        classifier = MLPClassifier((16, 16), batch_size=512, random_state=0)
        result = run_hashing(folder, chunk_size, stages, classifier, 2**14)
    return result | stages.seconds | {"peak": peak_memory()}


# The table


def report(name, result, n_reviews):
    """Print the figures of a peer."""
    parts = [
        f"{stage} {result[stage]:.1f} s"
        for stage in ("reading", "vectorizing", "training")
    ]
    total = result["reading"] + result["vectorizing"] + result["training"]
    print(
        f"{name}: {total:.1f} s ({', '.join(parts)}); {n_reviews / total:,.0f} reviews "
        f"per second, {n_reviews / result['training']:,.0f} in training alone; "
        f"peak {result['peak']:.0f} MB; accuracy {result['accuracy']:.3f}",
        flush=True,
    )
    if "first_pass" in result:
        first = result["first_pass"]
        print(
            f"  of that the vectorizer's pass {first:.1f} s, {n_reviews / first:,.0f} "
            f"reviews per second; the epoch {total - first:.1f} s, "
            f"{n_reviews / (total - first):,.0f} reviews per second",
            flush=True,
        )


def main():
    parser = make_parser(__doc__)
    parser.add_argument("--reviews", type=count, default=5_000_000)
    parser.add_argument("--chunk", type=count, default=2**16, help="reviews in a chunk")
    parser.add_argument("--peers", default=",".join(PEERS), help="these alone")
    parser.add_argument("--run", nargs=2, metavar=("TASK", "FOLDER"), help="internal")
    options = parser.parse_args()
    if options.run:
        task, folder = options.run[0], Path(options.run[1])
        if task == "write":
            args = options.source, options.reviews, options.chunk
            result = write_corpus(folder, *args)
        else:
            result = run_peer(task, folder, options.chunk)
        print(json.dumps(result))
        return
    with tempfile.TemporaryDirectory() as folder:

        def run(task):
            arguments = ["--source", options.source, "--reviews", options.reviews]
            arguments += ["--chunk", options.chunk, "--run", task, folder]
            return run_python(__file__, *arguments)

        corpus = run("write")
        print(
            f"{options.reviews:,} reviews of {corpus['words']:.0f} words, "
            f"{corpus['megabytes']:,.0f} MB of text; chunks of {options.chunk:,}",
            flush=True,
        )
        for peer in options.peers.split(","):
            report(PEERS[peer], run(peer), options.reviews)


if __name__ == "__main__":
    main()

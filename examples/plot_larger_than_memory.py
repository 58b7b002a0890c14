"""
A corpus larger than memory: epochs over chunks
===============================================

A corpus that does not fit in memory is read in chunks: once to learn the vocabulary and
once per epoch. Memory contains a chunk, a buffer for shuffling, and the network.

:doc:`/streaming` explains chunks, shuffling and interrupts.
"""

# %%
# A corpus on disk
# ----------------
# We write 300,000 reviews of 40 random words to Parquet files. Each word leans towards
# one of the labels and is more frequent in its reviews. Every tenth label is wrong.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from skimdb import EpochCurveDisplay, KerasMLPClassifier, TextMultiHotVectorizer
from skimdb.datasets import shuffle_chunks

rng = np.random.default_rng(0)
words = pa.array([f"word{i}" for i in range(20_000)])
frequency = 1 / np.arange(10, 20_010)
leaning = rng.normal(0, 0.2, 20_000)
cumulated = [np.cumsum(frequency * np.exp(sign * leaning)) for sign in (-1, 1)]


def draw_reviews(n_reviews):
    """Return a table of random texts and labels."""
    y = rng.integers(0, 2, n_reviews)
    drawn = np.empty((n_reviews, 40), int)
    for label, sums in enumerate(cumulated):
        shape = (np.count_nonzero(y == label), 40)
        drawn[y == label] = np.searchsorted(sums, rng.uniform(0, sums[-1], shape))
    offsets = np.arange(0, drawn.size + 1, 40, dtype=np.int32)
    lists = pa.ListArray.from_arrays(offsets, words.take(pa.array(drawn.ravel())))
    y = np.where(rng.random(n_reviews) < 0.1, 1 - y, y)
    return pa.table({"text": pc.binary_join(lists, " "), "label": y})


folder = tempfile.TemporaryDirectory()
corpus_size = 0
for i in range(12):
    table = draw_reviews(25_000)
    corpus_size += table["text"].nbytes / 1e6
    path = Path(folder.name, f"reviews-{i:02}.parquet")
    pq.write_table(table, path, row_group_size=5000)
validation = draw_reviews(10_000)
del table
print(f"{corpus_size:.0f} MB of text")

# %%
# Training
# --------
# We read Parquet files in batches. `shuffle_chunks` mixes the reviews of neighbouring
# batches, and a call of `partial_fit` trains on all of them for an epoch. For CSV
# files, ``pandas.read_csv("reviews.csv", chunksize=5000)`` gives chunks.
memory = []


def read(columns=None):
    """Yield the chunks of the corpus, and record the memory in use."""
    for path in sorted(Path(folder.name).iterdir()):
        for chunk in pq.ParquetFile(path).iter_batches(5000, columns=columns):
            memory.append(resident_memory())
            yield chunk


def encode(chunks):
    """Yield chunks in the form that the classifier accepts."""
    for chunk in chunks:
        yield vectorizer.transform(chunk["text"]), chunk["label"]


def resident_memory():
    """Return the memory that this process uses, in MB (on Linux)."""
    status = Path("/proc/self/status")
    kilobytes = (
        status.read_text().split("VmRSS:")[1].split()[0] if status.exists() else 0
    )
    return int(kilobytes) * 1024 / 1e6


before = resident_memory()
vectorizer = TextMultiHotVectorizer(max_features=10_000)
for chunk in read(columns=["text"]):
    vectorizer.partial_fit(chunk["text"])

classifier = KerasMLPClassifier(random_state=0)
X_val, y_val = vectorizer.transform(validation["text"]), validation["label"]
for epoch in range(3):
    chunks = shuffle_chunks(read(), buffer_size=10_000, random_state=epoch)
    classifier.partial_fit(encode(chunks), classes=[0, 1], X_val=X_val, y_val=y_val)

print("best epoch", classifier.best_epoch_)
print("validation accuracy", classifier.history_["val_accuracy"].round(3))

# %%
# The curve, and the memory
# -------------------------
# Each call is an epoch and a point of the curve. After one epoch over 300,000 reviews,
# the network has learned nearly everything: a large corpus needs few epochs. The passes
# over the files need a fraction of the memory of the corpus. They would need no more
# for a hundred times as many files.
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
EpochCurveDisplay.from_fitted(classifier, ax=left)
left.set_ylim(0.4, 0.6)
used = np.array(memory) - min(before, *memory)  # above the libraries
right.plot(range(1, len(used) + 1), used, color="#0072B2", label="passes over files")
right.axhline(corpus_size, color="black", linestyle="--", label="text of the corpus")
right.set(xlabel="Chunks read", ylabel="Memory in MB", xlim=(1, len(used)))
right.set_ylim(0, None)
right.legend(loc="center right")
print(f"at most {max(used):.0f} MB, for {corpus_size:.0f} MB of text")
folder.cleanup()

"""The reviews as word ids: the two files behind ``keras.datasets.imdb``."""

import io
import json

import numpy as np
from sklearn.utils import Bunch

from skimdb.datasets._download import RemoteFile, read_verified

# Addresses and checksums as Keras publishes them, keras/src/datasets/imdb.py.
ENCODED = RemoteFile(
    "imdb.npz",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb.npz",
    "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
)
WORD_INDEX = RemoteFile(
    "imdb_word_index.json",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb_word_index.json",
    "md5:bfafd718b763782e994055a2d397834f",
)
START_ID = 1
INDEX_FROM = 3


def read_encoded(data_home, halves, download_if_missing):
    """Return the sequences of ids of `halves`, in the order of the file."""
    content = read_verified(ENCODED, data_home, download_if_missing)
    # The sequences are pickled: safe to load, since the checksum was verified.
    with np.load(io.BytesIO(content), allow_pickle=True) as arrays:
        sequences = [x for half in halves for x in arrays[f"x_{half}"]]
        targets = [arrays[f"y_{half}"] for half in halves]
    ids = [
        f"{half}/{place}"
        for half, target in zip(halves, targets, strict=True)
        for place in range(len(target))
    ]
    return Bunch(
        # fromiter, since array() would stack sequences of one length
        data=np.fromiter(map(_encode, sequences), dtype=object, count=len(sequences)),
        target=np.concatenate(targets).astype(np.int64),
        ids=np.array(ids, dtype=object),
        ratings=None,
    )


def _encode(ranks):
    """Turn frequency ranks into Keras's default ids, the start marked.

    >>> _encode([1, 7])
    array([ 1,  4, 10], dtype=int32)
    """
    return np.r_[START_ID, np.asarray(ranks) + INDEX_FROM].astype(np.int32)


def read_word_index(data_home, download_if_missing):
    """Return Keras's mapping from words to frequency ranks."""
    return json.loads(read_verified(WORD_INDEX, data_home, download_if_missing))

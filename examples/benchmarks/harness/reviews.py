"""The reviews of the benchmarks, written to a folder for other processes."""

import pickle

from harness.gauges import clock


def prepare_reviews(folder, source, n_reviews, n_small):
    """Fetch the training reviews, and write them as texts, word ids and a matrix.

    Parameters
    ----------
    folder : Path
    source : str
        As in :func:`skimdb.datasets.fetch_imdb`.
    n_reviews, n_small : int
        Number of reviews, and of those that are written as texts and as a small matrix.

    Returns
    -------
    facts : dict
        ``source``; ``rows``, ``columns`` and ``non_zeros`` of the matrix; mean
        ``bytes`` of a review, and mean seconds to ``vectorize`` one.
    """
    from skimdb import TextMultiHotVectorizer
    from skimdb.datasets import fetch_imdb

    reviews = fetch_imdb(subset="train", source=source)
    texts, y = reviews.data[:n_reviews], reviews.target[:n_reviews]
    vectorizer = TextMultiHotVectorizer(max_features=10_000, index="keras").fit(texts)
    seconds, X = clock(vectorizer.transform, texts)
    analyze, column = vectorizer.build_analyzer(), vectorizer.vocabulary_
    ids = [[1, *(column.get(word, 2) for word in analyze(text))] for text in texts]
    write(folder, "texts", list(texts[:n_small]), y[:n_small])
    write(folder, "ids", ids, y)
    write(folder, "matrix", X, y)
    write(folder, "small", X[:n_small], y[:n_small])
    facts = dict(zip(("rows", "columns"), X.shape, strict=True))
    n_bytes = sum(len(text.encode()) for text in texts)
    means = {"bytes": n_bytes / len(texts), "vectorize": seconds / len(texts)}
    return facts | means | {"source": reviews.source, "non_zeros": X.nnz}


def write(folder, name, X, y):
    """Write samples and their labels."""
    (folder / f"{name}.pickle").write_bytes(pickle.dumps((X, y)))

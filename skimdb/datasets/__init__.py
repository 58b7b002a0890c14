"""The IMDB movie reviews, by scikit-learn's ``fetch_*`` conventions."""

from skimdb.datasets._decode import decode_review
from skimdb.datasets._imdb import fetch_imdb

__all__ = ["decode_review", "fetch_imdb"]

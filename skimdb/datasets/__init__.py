"""The IMDB movie reviews, and a shuffled stream of tables."""

from skimdb.datasets._chunks import shuffle_chunks
from skimdb.datasets._imdb import fetch_imdb
from skimdb.datasets._keras import decode_review

__all__ = ["decode_review", "fetch_imdb", "shuffle_chunks"]

"""A few documents, and what becomes of them."""

import pytest

from skimdb import TextMultiHotVectorizer


@pytest.fixture
def texts():
    return ["The cat, the dog.", "A dog!", "", "the END of the dog"]


@pytest.fixture
def words():
    """Words of the texts, the most frequent first."""
    return ["the", "dog", "a", "cat", "end", "of"]


@pytest.fixture
def cells():
    """Multi-hot rows of the texts, a column for each of the words."""
    return [
        [1, 1, 0, 1, 0, 0],
        [0, 1, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 1, 1],
    ]


@pytest.fixture
def sequences():
    """Token ids, as of texts in Keras's encoding."""
    return [[1, 14, 22, 14], [1, 22], [], [1, 22, 2, 7]]


@pytest.fixture
def dense():
    """Return a function from a sparse matrix to lists."""
    return lambda X: X.toarray().tolist()


@pytest.fixture
def vectorizer():
    """Return a function that makes a vectorizer with some options."""
    return lambda **options: TextMultiHotVectorizer(**options)

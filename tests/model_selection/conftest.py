"""What the tests of this folder share."""

import pytest
from sklearn.datasets import make_classification


def pytest_itemcollected(item):
    """Searches are short here, and end before the curve has turned."""
    ignored = "ignore:The best epoch is:sklearn.exceptions.ConvergenceWarning"
    item.add_marker(pytest.mark.filterwarnings(ignored), append=False)


@pytest.fixture(scope="session")
def data():
    return make_classification(90, 10, flip_y=0.2, random_state=1)

"""What the tests of this folder share."""

import pytest
from sklearn.model_selection import KFold


def pytest_itemcollected(item):
    """Searches are short here, and end before the curve has turned."""
    ignored = "ignore:The best epoch is:sklearn.exceptions.ConvergenceWarning"
    item.add_marker(pytest.mark.filterwarnings(ignored), append=False)


@pytest.fixture(scope="session")
def data(dense_data):
    """Dense samples of two classes."""
    return dense_data


@pytest.fixture(scope="session")
def search(data):
    """Fitted search over two candidates, three splits and twelve epochs."""
    from skimdb import EpochSearchCV, KerasMLPClassifier

    classifier = KerasMLPClassifier(
        size=4, learning_rate=0.03, batch_size=32, random_state=0
    )
    return EpochSearchCV(
        classifier,
        {"size": [2, 4]},
        max_epochs=12,
        cv=KFold(3),
        return_train_score=True,
    ).fit(*data)

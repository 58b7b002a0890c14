"""What the tests of this folder share."""

import importlib.util
from pathlib import Path

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


@pytest.fixture(scope="session")
def script():
    """Module `parallel_script`, which is run in processes of its own, too."""
    path = Path(__file__).parent / "parallel_script.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def all_scores(script, tmp_path_factory):
    """Scores of the longer search in that module, undisturbed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FITS_FOLDER", str(tmp_path_factory.mktemp("fits")))
        return script.read_scores(script.search_epochs())

"""What the tests of this folder share."""

import importlib.util
import json
import os
import subprocess
import sys
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


FITLOG = '''"""A classifier that logs its fits."""

import os
import time
from pathlib import Path

from skimdb import KerasMLPClassifier


class Logging(KerasMLPClassifier):
    """Logs when a fit begins and ends, and in which process."""

    def fit(self, X, y, **params):
        self._log("begin")
        time.sleep(float(os.environ.get("FIT_SECONDS", 0.02)))
        super().fit(X, y, **params)
        self._log("end")
        return self

    def _log(self, what):
        line = f"{what} {self.learning_rate} {self.l2} {os.getpid()}\\n"
        with open(Path(os.environ["FITS_FOLDER"]) / "fits.txt", "a") as log:
            log.write(line)
'''


@pytest.fixture(scope="session", autouse=True)
def fitlog(tmp_path_factory):
    """Install a package `fitlog`, whose classifier memory accepts."""
    from skimdb.model_selection import _result_cache

    folder = tmp_path_factory.mktemp("installed") / "site-packages"
    info = folder / "fitlog-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "fitlog.py").write_text(FITLOG)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: fitlog\nVersion: 1.0\n"
    )
    (info / "top_level.txt").write_text("fitlog\n")
    _result_cache._map_packages.cache_clear()  # an earlier test may have listed them
    _result_cache._find_version.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv(
            "PYTHONPATH",
            os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]),
        )
        yield folder


@pytest.fixture
def count_fits(monkeypatch):
    """Return a function that fits a search and counts the fits of classifiers."""
    from skimdb import KerasMLPClassifier

    calls, fit = [], KerasMLPClassifier.fit

    def count_and_fit(self, *args, **params):
        calls.append(self)
        return fit(self, *args, **params)

    monkeypatch.setattr(KerasMLPClassifier, "fit", count_and_fit)

    def count(search, *args, **params):
        calls.clear()
        search.fit(*args, **params)
        return len(calls)

    return count


@pytest.fixture(scope="session")
def script(fitlog):
    """Module `parallel_script`, which is run in processes of its own, too."""
    path = Path(__file__).parent / "parallel_script.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def run_script(script):
    """Return a function that runs the script.

    It returns what that prints as JSON, and the process that is done.
    """

    def run_script(*arguments, check=True):
        environment = os.environ | {
            "PYTHONWARNINGS": "ignore",
            "RAY_AUTH_MODE": "disabled",
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        done = subprocess.run(
            [sys.executable, script.__file__, *map(str, arguments)],
            env=environment,
            timeout=240,  # some machines are slow, none takes so long
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        printed = done.stdout.splitlines()
        lines = [line for line in printed if line.startswith(("[", "{"))]
        return [json.loads(line) for line in lines if "raylet" not in line], done

    return run_script


@pytest.fixture(scope="session")
def all_scores(script, tmp_path_factory):
    """Scores of the longer search in that module, undisturbed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FITS_FOLDER", str(tmp_path_factory.mktemp("fits")))
        patch.setenv("FIT_SECONDS", "0")
        return script.read_scores(script.search_epochs())

"""Every backend of joblib gives the same scores, and killed workers change nothing.

The searches run in a few processes of their own, with a limit on their time: see
`parallel_script`.
"""

import importlib.util
import json
from contextlib import ExitStack

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def expected(script):
    """What the script finds without a backend."""
    return json.loads(json.dumps(script.search_all()))


def test_scores_are_the_same_in_threads(expected, script):
    with ExitStack() as stack:
        script.start_backend(stack, "threading")
        assert json.loads(json.dumps(script.search_all())) == expected


needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="dask is not installed"
)
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is not installed"
)


@needs_dask
def test_dask(expected, all_scores, tmp_path, script, run_script):
    """Two workers, of which one is killed, and one worker of one core."""
    two, one = tmp_path / "two", tmp_path / "one"
    two.mkdir()
    one.mkdir()
    (found, killed, found_by_one), done = run_script(
        *("all,kill", "dask", two),
        *("brief", "dask, one core", one),
    )
    assert found == expected
    assert killed == all_scores
    assert "WARNING - Restarting worker" in done.stderr
    assert (two / "killed.txt").exists()
    assert found_by_one == expected["n_jobs named"]


@needs_ray
def test_ray(expected, all_scores, tmp_path, script, run_script):
    (found, killed), _ = run_script("brief,kill", "ray", tmp_path)
    assert found == expected["n_jobs named"]
    assert killed == all_scores
    assert (tmp_path / "killed.txt").exists()


def test_processes_and_a_worker_killed_which_is_its_error_and_memory_goes_on(
    expected, all_scores, tmp_path, script, run_script, monkeypatch
):
    """Forked ones, spawned ones, and those of loky, one of which is killed."""
    (forked, spawned, found), done = run_script(
        *("all", "multiprocessing", tmp_path),
        *("brief", "spawn", tmp_path),
        *("all,kill-memory", "loky", tmp_path),
        check=False,
    )
    assert forked == expected
    assert spawned == expected["n_jobs named"]
    assert found == expected
    assert done.returncode != 0
    assert "TerminatedWorkerError" in done.stderr
    n_begun = script.count_begun(tmp_path)
    assert n_begun < script.N_FITS
    monkeypatch.setenv("FITS_FOLDER", str(tmp_path))
    monkeypatch.setenv("FIT_SECONDS", "0")
    search = script.search_epochs(tmp_path / "memory")
    assert script.read_scores(search) == all_scores
    assert (
        script.count_begun(tmp_path) <= script.N_FITS + 2
    )  # a fit a worker was under way

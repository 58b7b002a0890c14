"""Every backend of joblib gives the same scores, and killed workers change nothing.

Each search runs in a process of its own, with a limit on its time: see
`parallel_script`.
"""

import importlib.util
import json
import os
import subprocess
import sys
from contextlib import ExitStack

import pytest

SECONDS = 240  # some machines are slow, none takes so long


def run_script(script, *arguments, check=True):
    """Run the script; return what it prints as JSON, and the process that is done."""
    environment = os.environ | {
        "PYTHONWARNINGS": "ignore",
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    done = subprocess.run(
        [sys.executable, script.__file__, *map(str, arguments)],
        env=environment,
        timeout=SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith(("[", "{"))]
    return [json.loads(line) for line in lines if "raylet" not in line], done


@pytest.fixture(scope="module")
def expected(script):
    """What the script finds without a backend."""
    return json.loads(json.dumps(script.search_all()))


def test_scores_are_the_same_in_forked_processes(expected, script):
    (found,), _ = run_script(script, "all", "multiprocessing")
    assert found == expected


def test_scores_are_the_same_in_threads(expected, script):
    with ExitStack() as stack:
        script.start_backend(stack, "threading")
        assert json.loads(json.dumps(script.search_all())) == expected


def test_scores_are_the_same_in_spawned_processes(expected, script):
    (found,), _ = run_script(script, "brief", "spawn")
    assert found == expected["n_jobs named"]


needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="dask is not installed"
)
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is not installed"
)


@needs_dask
def test_dask(expected, all_scores, tmp_path, script):
    (found, tasks, killed), done = run_script(
        script, "all,tasks,kill", "dask", tmp_path
    )
    assert found == expected
    assert killed == all_scores
    assert "WARNING - Restarting worker" in done.stderr
    assert (tmp_path / "killed.txt").exists()
    names = {name.rpartition("-")[0] for name in tasks}
    for split in range(3):
        assert f"batch_of_preprocess split {split}_1_calls" in names
        assert any(f"split {split} of candidate 1 (size=2)" in name for name in names)
    # All data are sent once a search: two of a pipeline, two without.
    assert sum(name.startswith("SearchData-") for name in tasks) == 4
    assert sum(name.startswith("PreparedSplit-") for name in tasks) == 2 * 3


@needs_dask
def test_dask_loses_the_data_with_a_worker(all_scores, tmp_path, script):
    """As it may where one worker has the last copy: they are sent again."""
    (killed,), done = run_script(script, "kill", "dask, alone", tmp_path)
    assert killed == all_scores
    assert "lose scattered data" in done.stderr


@needs_dask
def test_dask_of_one_core(expected, script):
    """Where joblib does all in this process."""
    (found,), _ = run_script(script, "brief", "dask, one core")
    assert found == expected["n_jobs named"]


@needs_ray
def test_ray(expected, all_scores, tmp_path, script):
    (found, killed), _ = run_script(script, "brief,kill", "ray", tmp_path)
    assert found == expected["n_jobs named"]
    assert killed == all_scores
    assert (tmp_path / "killed.txt").exists()


def test_loky_and_a_worker_killed_which_is_its_error_and_memory_goes_on(
    expected, all_scores, tmp_path, script, monkeypatch
):
    (found,), done = run_script(
        script, "all,kill-memory", "loky", tmp_path, check=False
    )
    assert found == expected
    assert done.returncode != 0
    assert "TerminatedWorkerError" in done.stderr
    n_begun = script.count_begun(tmp_path)
    assert n_begun < script.N_FITS
    monkeypatch.setenv("FITS_FOLDER", str(tmp_path))
    search = script.search_epochs(tmp_path / "memory")
    assert script.read_scores(search) == all_scores
    assert (
        script.count_begun(tmp_path) <= script.N_FITS + 2
    )  # a fit a worker was under way

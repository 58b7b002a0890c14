"""Processes that search in one folder: none does what another does or has done."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import numpy as np
import pytest
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimdb import EpochSearchCV
from skimdb.model_selection import _fit_candidates, _result_claims
from skimdb.model_selection._fit_split import FitResult
from skimdb.model_selection._result_claims import Claims
from skimdb.model_selection._result_store import ResultStore

SECONDS = 240  # some machines are slow, none takes so long


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(_fit_candidates, "_PAUSE", 0.01)


@pytest.fixture
def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(SECONDS)
    return process.pid


def write_claim(folder, key, owner, turn=0):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{key}.{turn}.claim"
    path.write_text(owner)
    return path


# Claims


def test_a_claim_is_held_by_one(tmp_path):
    ours, theirs = Claims(tmp_path), Claims(tmp_path)
    with ours.hold("a") as is_ours:
        assert is_ours
        assert theirs.is_taken("a")
        assert not theirs.is_taken("b")
        with theirs.hold("a") as is_theirs, theirs.hold("b") as other:
            assert not is_theirs
            assert other
        assert theirs.is_taken("a")
    assert not theirs.is_taken("a")
    assert list(tmp_path.iterdir()) == []


def test_an_error_ends_a_claim(tmp_path):
    claims = Claims(tmp_path)
    with pytest.raises(KeyboardInterrupt), claims.hold("a"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_of_a_dead_process_nothing_is_left(tmp_path, dead_pid):
    claims = Claims(tmp_path)
    for turn in range(3):
        write_claim(tmp_path, "a", f"{socket.gethostname()} {dead_pid}", turn)
    assert not claims.is_taken("a")
    with claims.hold("a") as is_ours:
        assert is_ours
        assert claims.is_taken("a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("owner", ["another-machine 1", "", "damaged", "\n 1 2"])
def test_what_is_not_renewed_is_taken_over(tmp_path, monkeypatch, owner):
    path = write_claim(tmp_path, "a", owner)
    claims = Claims(tmp_path)
    assert claims.is_taken("a")
    monkeypatch.setattr(_result_claims, "_SILENCE", 60)
    os.utime(path, (time.time() - 50,) * 2)
    assert claims.is_taken("a")
    os.utime(path, (time.time() - 70,) * 2)
    assert not claims.is_taken("a")


def test_who_works_renews_its_claim(tmp_path, monkeypatch):
    monkeypatch.setattr(_result_claims, "_RENEWAL", 0.02)
    claims = Claims(tmp_path)
    with claims.hold("a"):
        (path,) = tmp_path.iterdir()
        os.utime(path, (0, 0))
        limit = time.monotonic() + SECONDS
        while path.stat().st_mtime == 0:
            assert time.monotonic() < limit
            time.sleep(0.01)


@pytest.mark.parametrize("n_dead", [0, 2])
def test_of_many_at_once_one_has_the_claim(tmp_path, dead_pid, n_dead):
    for turn in range(n_dead):
        write_claim(tmp_path, "a", f"{socket.gethostname()} {dead_pid}", turn)
    barrier, done = Barrier(8), Event()

    def hold(_):
        claims = Claims(tmp_path)
        barrier.wait(SECONDS)
        with claims.hold("a") as is_ours:
            if is_ours:
                done.wait(SECONDS)
            return is_ours

    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(hold, i) for i in range(8)]
        limit = time.monotonic() + SECONDS
        while sum(each.done() for each in found) < 7:
            assert time.monotonic() < limit
            time.sleep(0.001)
        done.set()
        assert sum(each.result(SECONDS) for each in found) == 1
    assert list(tmp_path.iterdir()) == []


# Results that workers keep


def make_result():
    return FitResult({"loss": [1.0], "val_loss": [float("nan")]}, 1.0)


def test_who_was_killed_after_it_kept_a_result_leaves_no_claim(tmp_path, dead_pid):
    store = ResultStore(tmp_path)
    store.put("a", make_result())
    write_claim(tmp_path, "a", f"{socket.gethostname()} {dead_pid}")
    assert store.get("a").fit_time == 1.0
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    path = write_claim(tmp_path, "a", f"{socket.gethostname()} {os.getpid()}")
    assert store.get("a").fit_time == 1.0
    assert path.exists()  # who works ends its claim itself


def test_a_worker_keeps_what_it_computes(tmp_path):
    store = ResultStore(tmp_path)
    assert store.compute("key", make_result).history["loss"] == [1.0]
    assert ResultStore(tmp_path).get("key").fit_time == 1.0
    assert store.compute("key", pytest.fail).history["loss"] == [1.0]
    with store.claims.hold("other"):
        assert store.compute("other", pytest.fail) is None


def test_a_worker_that_does_not_see_the_folder_computes(tmp_path):
    store = ResultStore(tmp_path / "memory")
    shutil.rmtree(tmp_path / "memory")
    result = store.compute("key", make_result)
    assert result.history["loss"] == [1.0]
    assert not (tmp_path / "memory").exists()
    assert not store.has("key")
    store.put("key", result)  # as the process of the search does
    assert store.has("key")


def test_a_worker_keeps_no_failure(tmp_path):
    store = ResultStore(tmp_path)
    store.compute("key", lambda: FitResult(None, 1.0, error="failed"))
    assert list(tmp_path.iterdir()) == []


# Searches


def make_search(script, memory, pipeline=False, **params):
    classifier = script.make_classifier(script.Logging)
    grid = {"l2": [0, 0.01, 0.1, 0.2]}
    if pipeline:
        classifier = make_pipeline(StandardScaler(), classifier)
        grid = {"logging__l2": grid["l2"]}
    defaults = {"max_epochs": 2, "cv": KFold(3), "refit": False, "memory": memory}
    return EpochSearchCV(classifier, grid, **defaults | params)


@pytest.fixture
def log(tmp_path, monkeypatch):
    """Folder in which fits are noted."""
    monkeypatch.setenv("FITS_FOLDER", str(tmp_path))
    return tmp_path


def read_scores(search):
    scores = search.history_.drop(columns="fit_time").to_numpy(float)
    return np.append(scores, search.cv_results_["mean_test_score"])


@pytest.mark.parametrize("pipeline", [False, True])
@pytest.mark.parametrize("params", [{}, {"n_iter_no_change": 2}], ids=str)
def test_searches_at_once_share_the_fits(
    script, data, log, monkeypatch, pipeline, params
):
    with monkeypatch.context() as patch:
        patch.setenv("FIT_SECONDS", "0")
        expected = make_search(script, None, pipeline, **params).fit(*data)
    (log / "fits.txt").unlink()
    with ThreadPoolExecutor(3) as pool:
        searches = [
            make_search(script, log / "memory", pipeline, **params) for _ in range(3)
        ]
        found = [pool.submit(search.fit, *data) for search in searches]
        found = [each.result(SECONDS) for each in found]
    for search in found:
        np.testing.assert_array_equal(read_scores(search), read_scores(expected))
    assert script.count_begun(log) == 12
    assert not list(log.rglob("*.claim"))


@pytest.mark.parametrize("params", [{}, {"n_iter_no_change": 2}], ids=str)
def test_a_search_waits_for_another_and_takes_over(
    script, data, log, monkeypatch, params
):
    monkeypatch.setenv("FIT_SECONDS", "0")
    expected = make_search(script, log / "memory", **params).fit(*data)
    folder = log / "memory" / "joblib" / "skimdb"
    start = time.monotonic()
    for path in list(folder.iterdir()):
        path.unlink()
        write_claim(folder, path.name, "another-machine 1")
    monkeypatch.setattr(_result_claims, "_SILENCE", 1)
    (log / "fits.txt").unlink()
    found = make_search(script, log / "memory", **params).fit(*data)
    assert time.monotonic() - start > 0.9
    np.testing.assert_array_equal(read_scores(found), read_scores(expected))
    assert script.count_begun(log) == 12


def test_a_search_says_how_much_is_kept(script, data, log, monkeypatch, capsys):
    monkeypatch.setenv("FIT_SECONDS", "0")
    make_search(script, log / "memory", verbose=1).fit(*data)
    assert re.match(
        r"\[EpochSearchCV\] 0 of 12 fits kept in .*skimdb\n", capsys.readouterr().out
    )
    first, second, *_ = (log / "memory" / "joblib" / "skimdb").iterdir()
    first.unlink()
    second.write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="cannot be read"):
        make_search(script, log / "memory", verbose=1).fit(*data)
    assert capsys.readouterr().out.startswith("[EpochSearchCV] 10 of 12 fits kept in")
    make_search(script, None, verbose=1).fit(*data)
    assert "kept" not in capsys.readouterr().out


# Processes


def test_processes_on_one_folder_of_which_one_is_killed(
    script, run_script, all_scores, tmp_path, monkeypatch
):
    (found,), _ = run_script("kill-beside", "sequential", tmp_path)
    assert found["scores"] == all_scores
    assert found["exit"] == 0
    assert found["n_killed"] > 0
    n_begun = script.count_begun(tmp_path)
    assert script.N_FITS <= n_begun <= script.N_FITS + found["n_killed"]
    monkeypatch.setenv("FITS_FOLDER", str(tmp_path))
    rest = script.search_epochs(tmp_path / "memory")
    assert script.read_scores(rest) == all_scores
    assert script.count_begun(tmp_path) == n_begun  # all was kept
    assert not list(tmp_path.rglob("*.claim"))

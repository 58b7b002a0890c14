"""The harness of the benchmarks: what it measures is what it says."""

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "examples" / "benchmarks"


@pytest.fixture(autouse=True)
def _harness_importable(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


def test_a_process_is_measured_from_start_to_end():
    from harness.processes import run_python

    code = "import time; b = bytes(200_000_000); time.sleep(0.3); print('{\"a\": 1}')"
    result = run_python("-c", code)
    assert result["a"] == 1
    assert 0.3 < result["seconds"] < 30
    assert result["memory"] > 200


def test_a_process_imports_from_the_path_it_is_given(tmp_path):
    from harness.processes import run_python

    (tmp_path / "skimdb.py").write_text("name = 'another'")
    code = 'import skimdb; print(\'{"name": "%s"}\' % skimdb.name)'
    assert run_python("-P", "-c", code, path=[tmp_path])["name"] == "another"


def test_a_process_that_fails_says_why():
    from harness.processes import run_python

    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        run_python("-c", "1 / 0")


def test_peers_take_turns_and_failures_are_kept():
    from harness.processes import alternate

    calls, told = [], []

    def measure(peer, i):
        calls.append((peer, i))
        if peer == "b":
            raise RuntimeError("no")
        return {"calls": [i]}

    runs = alternate(measure, {"a": 2, "b": 1}, told.append)
    assert calls == [("a", 0), ("b", 0), ("a", 1)]
    assert runs == {"a": [{"calls": [0]}, {"calls": [1]}], "b": [None]}
    assert "b: FAILED\nno" in told


def test_comparison_pairs_runs_and_notes_who_wins(capsys):
    from harness.report import Measure, Report

    report = Report()
    report.section("Work")
    runs = {
        "skimdb": [{"s": 1.0}, {"s": 2.0}, {"s": 1.0}],
        "skimdb in pieces": [{"s": 0.1}],
        "slow": [{"s": 2.0}, {"s": 8.0}, {"s": 3.0}],
        "fast": [{"s": 0.5}, None, {"s": 0.5}],
        "broken": [None, None, None],
    }
    report.compare(runs, [Measure("s", lambda run: run["s"], ("skimdb",))])
    rows = {
        line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]]
        for line in report.lines
        if line.startswith("|")
    }
    assert rows["slow"] == ["3", "2.00 - 3.00 - 8.00", "2.00 - 3.00 - 4.00"]
    assert rows["fast"] == ["2", "0.50 - 0.50 - 0.50", "0.50 - 0.50 - 0.50"]
    assert rows["broken"] == ["0", "failed", "failed"]
    assert report.wins == ["Work, s: fast needs 0.50 times as much as skimdb."]
    assert "\n".join(report.lines) == capsys.readouterr().out.rstrip("\n") + "\n"


@pytest.mark.parametrize("script", sorted(p.name for p in BENCHMARKS.glob("bench_*")))
def test_every_benchmark_is_listed(script):
    assert f"`{script}`" in (BENCHMARKS / "README.md").read_text(encoding="utf-8")

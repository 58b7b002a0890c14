"""The processes of the benchmarks."""

import json
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "examples" / "benchmarks"
NEED_KERAS = ("tensorflow", "callbacks", "optimizer", "metrics", "learning_rate")


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


def test_script_is_measured_from_start_to_end(tmp_path):
    from harness.processes import run_script

    script = tmp_path / "script.py"
    code = (
        "import time, name; b = b'x' * 200_000_000; time.sleep(0.3); print(name.json)"
    )
    script.write_text(code)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "name.py").write_text(f"json = {json.dumps({'a': 1})!r}")
    result = run_script(script, path=tmp_path / "other")
    assert result["a"] == 1
    assert 0.3 < result["seconds"] < 60
    assert result["memory"] > 200
    with pytest.raises(RuntimeError, match="No module named 'name'"):
        run_script(script)


def test_some_odd_inputs():
    """One of 120, without cases that may need TensorFlow."""
    from bench_odd_inputs import judge
    from odd_inputs.cases import list_cases
    from odd_inputs.processes import run_cases

    cases = [case.name for case in list_cases()]
    assert len(cases) > 2000
    numbers = [
        number
        for number in range(0, len(cases), 120)
        if not any(word in cases[number].lower() for word in NEED_KERAS)
    ]
    outcomes = run_cases(list_cases, numbers, limit=120, jobs=1)
    for number in numbers:
        ours, theirs = outcomes[number, "ours"], outcomes.get((number, "theirs"))
        problems, _ = judge(cases[number], ours, theirs)
        assert problems == [], cases[number]


def test_crashes_and_hangs_are_noticed(monkeypatch):
    from odd_inputs import processes

    monkeypatch.syspath_prepend(Path(__file__).parent)
    from bad_cases import list_bad_cases

    monkeypatch.setattr(processes, "STARTUP", 30)
    outcomes = processes.run_cases(list_bad_cases, [0, 1, 2, 3, 4], limit=3, jobs=1)
    assert "ended with -6" in outcomes[1, "ours"]["crash"]
    assert "not done" in outcomes[3, "ours"]["crash"]
    assert all(outcomes[n, "ours"]["faults"] == [] for n in (0, 2, 4))

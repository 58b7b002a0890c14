"""Some of the bad and odd inputs, and how what comes of them is found out."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator

BENCHMARKS = Path(__file__).parents[2] / "examples" / "benchmarks"
NEED_KERAS = ("tensorflow", "callbacks", "optimizer", "metrics", "learning_rate")


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


def test_some_cases():
    """One of 120, without what may need TensorFlow; `bench_odd_inputs.py` has all."""
    from bench_odd_inputs import judge
    from odd_inputs.cases import list_cases
    from odd_inputs.processes import run_cases

    cases = list_cases()
    assert len(cases) == len({case.name for case in cases}) > 2000
    numbers = [
        number
        for number in range(0, len(cases), 120)
        if not any(word in cases[number].name.lower() for word in NEED_KERAS)
    ]
    outcomes = run_cases(numbers, limit=120, jobs=1)
    for number in numbers:
        ours, theirs = outcomes[number, "ours"], outcomes.get((number, "theirs"))
        problems, _ = judge(cases[number].name, ours, theirs)
        assert problems == [], cases[number].name


WORKER = """
import json, os, sys, time
for number in map(int, sys.argv[1:]):
    print(json.dumps({"number": number, "side": "ours"}), flush=True)
    if number == 1:
        os.abort()
    if number == 3:
        time.sleep(600)
    done = {"error": None, "where": None, "faults": []}
    print(json.dumps({"number": number, "side": "ours", **done}), flush=True)
"""


def test_crashes_and_hangs_are_noticed(tmp_path, monkeypatch):
    from odd_inputs import processes

    worker = tmp_path / "worker.py"
    worker.write_text(WORKER)
    monkeypatch.setattr(processes, "WORKER", worker)
    outcomes = processes.run_cases([0, 1, 2, 3, 4], limit=3, jobs=1)
    assert "ended with -6" in outcomes[1, "ours"]["crash"]
    assert "not done" in outcomes[3, "ours"]["crash"]
    assert all(outcomes[n, "ours"]["faults"] == [] for n in (0, 2, 4))


class Estimator(BaseEstimator):
    def __init__(self, fault=None):
        self.fault = fault

    def fit(self):
        if self.fault == "by itself":
            np.ones(3) @ np.ones(2)
        if self.fault == "changed":
            self.size_ = 3
            raise ValueError("changed")
        if self.fault == "not finite":
            self.coefs_ = [np.array([np.nan])]
        if self.fault == "for all":
            np.random.seed(0)  # noqa: NPY002
        return self


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("changed", "the estimator is changed after the error"),
        ("not finite", "not finite, without a word"),
        ("for all", "changed for all: NumPy's global generator"),
    ],
)
def test_faults_are_found(fault, expected):
    from odd_inputs.judge import run

    estimator = Estimator(fault)
    assert run(lambda: (estimator, estimator.fit))["faults"] == [expected]


def test_whose_words_an_error_has():
    from odd_inputs.judge import run

    from skimdb import TextMultiHotVectorizer

    def locate(call):
        return run(lambda: (None, call))["where"]

    assert locate(lambda: TextMultiHotVectorizer().fit("a text")) == "skimdb"
    assert locate(lambda: TextMultiHotVectorizer(max_features="a").fit([])) == "sklearn"
    assert "test_odd_inputs.py" in locate(Estimator("by itself").fit)
    assert locate(lambda: TextMultiHotVectorizer().fit(["a"])) is None


@pytest.mark.parametrize("fault", ["crash", "difference", "known", "wordless"])
def test_what_is_to_be_looked_at(fault):
    from bench_odd_inputs import judge

    fine = {"error": None, "where": None, "faults": []}
    error = {"error": "ValueError: no", "where": "skimdb", "faults": []}
    ours = {"crash": {"crash": "signal"}, "wordless": error | {"where": "numpy.py:3"}}
    name = "vectorizer encoding: ''" if fault == "known" else "classifier l2: 0"
    problems, known = judge(name, ours.get(fault, error), fine)
    assert len(problems) == {"known": 0, "wordless": 2}.get(fault, 1)
    assert len(known) == (fault == "known")

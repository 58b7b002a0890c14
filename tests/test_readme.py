"""The README's code runs as it stands there."""

import re
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt

README = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")


def test_code_runs():
    matplotlib.use("agg")
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(blocks) == 4
    names = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    plt.close("all")
    assert (
        names["classifier"].score(
            names["vectorizer"].transform(names["X_new"]), names["y_new"]
        )
        > 0.75
    )
    assert names["search"].score(names["X_new"], names["y_new"]) > 0.75


def test_commands_stand_alone():
    commands = re.findall(r"```bash\n(.*?)\n```", README, flags=re.DOTALL)
    assert commands == [
        'pip install -e ".[imdb,plot]" && python examples/imdb_study.py',
        'pip install -e ".[test]" && pytest',
    ]


def test_is_short():
    assert len(README.splitlines()) < 100

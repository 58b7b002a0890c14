"""The README's code runs as it stands there."""

import re
from pathlib import Path

import matplotlib as mpl

README = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")


def test_code_runs():
    mpl.use("agg")  # draws without a screen
    names = {}
    for block in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL):
        exec(block, names)
    X_new, y_new = names["X_new"], names["y_new"]
    for fitted in ("pipe", "search"):
        assert names[fitted].score(X_new, y_new) > 0.75


def test_commands_stand_alone():
    assert re.findall(r"```bash\n(.*?)\n```", README, flags=re.DOTALL) == [
        'pip install -e ".[imdb,plot,skops]" && python examples/imdb_study.py',
        "python examples/text_study.py reviews.csv --text review --label sentiment",
        'pip install -e ".[test]" && pytest',
    ]


def test_is_short():
    assert len(README.splitlines()) < 100

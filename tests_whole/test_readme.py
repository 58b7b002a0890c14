"""The README's code runs, and its claims about other libraries are true."""

import re
import tomllib
from inspect import signature
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import scipy.sparse
import skops.io
from sklearn.base import is_classifier
from sklearn.neural_network import MLPClassifier

ROOT = Path(__file__).parents[1]
README = ROOT.joinpath("README.md").read_text(encoding="utf-8")


def test_code_prints_what_is_shown(capsys):
    mpl.use("agg")  # draws without a screen
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    exec(code, {})
    shown = re.findall(r"^# (.*)$", code, flags=re.MULTILINE)
    assert shown
    assert capsys.readouterr().out.splitlines() == shown


def test_commands_stand_alone():
    assert re.findall(r"```bash\n(.*?)\n```", README, flags=re.DOTALL) == [
        'pip install -e ".[imdb,plot,skops]" && python examples/imdb_study.py',
        "python examples/text_study.py reviews.csv --text review --label sentiment",
        'pip install -e ".[test]" && pytest',
    ]


def test_is_short():
    assert len(README.splitlines()) < 100


def test_links_lead_to_files():
    targets = re.findall(r"\]\((.*?)\)", README)
    assert "docs/images/search.png" in targets
    for target in targets:
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_package_index_shows_no_relative_link():
    """The build leaves out the picture, and keeps only the text of such links."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    text = README
    for rule in project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"][
        "substitutions"
    ]:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    assert "User guide" in text
    assert not re.findall(r"\]\((?!https://).*?\)", text)
    assert "![" not in text


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_comparison_holds_for_mlp_classifier():
    X = scipy.sparse.random_array((60, 9), density=0.3, format="csr", rng=0)
    y = np.arange(60) % 2
    other = MLPClassifier(max_iter=5, early_stopping=True, n_iter_no_change=9)
    other.fit(X, y)
    assert is_classifier(other)
    assert len(other.validation_scores_) == other.n_iter_
    assert not {"X_val", "validation_data"} & {*signature(other.fit).parameters}
    assert "dropout" not in other.get_params()
    assert (
        skops.io.loads(
            skops.io.dumps(other),
            skops.io.get_untrusted_types(data=skops.io.dumps(other)),
        ).n_iter_
        == other.n_iter_
    )


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # by Keras
def test_comparison_holds_for_scikeras(monkeypatch):
    import keras
    from scikeras.wrappers import KerasClassifier

    def build(meta):
        layers = [keras.Input((9,)), keras.layers.Dense(1, "sigmoid")]
        return keras.Sequential(layers)

    formats = []
    fit = keras.Model.fit

    def spy(self, x, *args, **kwargs):
        formats.append(getattr(x, "format", None))
        return fit(self, x, *args, **kwargs)

    monkeypatch.setattr(keras.Sequential, "fit", spy, raising=False)
    other = KerasClassifier(build, loss="binary_crossentropy", verbose=0)
    assert not is_classifier(other)
    y = np.arange(60) % 2
    X = scipy.sparse.random(60, 9, density=0.3, format="csr", random_state=0)
    other.fit(X, y)
    assert formats == ["lil"]
    X = X.toarray()
    other.fit(X, y, validation_data=(X, y))
    assert "val_loss" in other.history_
    with pytest.raises(RecursionError):
        skops.io.dumps(other)

"""Importing skimdb imports few other packages."""

import pytest

USES = {
    "the package": ("import skimdb", {"sklearn", "numpy", "pandas"}),
    "the names": (
        """
import skimdb
skimdb.EpochSearchCV(
    skimdb.KerasMLPClassifier(8, optimizer__momentum=0.9, callbacks__patience=3)
)
skimdb.TextMultiHotVectorizer().fit_transform(["a b"])
skimdb.LogCountRatioTransformer()
skimdb.epoch_curve
skimdb.EpochCurveDisplay
skimdb.datasets.fetch_imdb
repr(skimdb.KerasMLPClassifier(8)._repr_html_())
""",
        {"pooch", "requests"},
    ),
}
PRINT = "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"


@pytest.mark.parametrize("use", USES)
def test_imports_nothing_heavy(use, run_in_fresh_process):
    code, missing = USES[use]
    imported = run_in_fresh_process(code + PRINT).split()
    assert "skimdb" in imported
    missing = missing | {"tensorflow", "keras", "scikeras", "matplotlib"}
    assert not missing & set(imported)

"""Importing skimdb is cheap."""

import subprocess
import sys

import pytest

CONSTRUCT = """
import sys
import skimdb
skimdb.EpochSearchCV(
    skimdb.KerasMLPClassifier(8, optimizer__momentum=0.9, callbacks__patience=3)
)
skimdb.TextMultiHotVectorizer()
skimdb.epoch_curve
repr(skimdb.KerasMLPClassifier(8)._repr_html_())
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_no_keras_until_fit():
    done = subprocess.run(
        [sys.executable, "-c", CONSTRUCT], check=True, capture_output=True, text=True
    )
    imported = done.stdout.split()
    assert "sklearn" in imported
    assert not {"tensorflow", "keras", "scikeras", "matplotlib"} & set(imported)


@pytest.mark.parametrize("name", ["no_such_name", "KerasMLPRegressor"])
def test_unknown_name(name):
    import skimdb

    with pytest.raises(AttributeError, match=name):
        getattr(skimdb, name)


def test_dir_lists_public_names():
    import skimdb

    assert set(skimdb.__all__) <= set(dir(skimdb))

"""Warnings point at the user's line."""

import warnings

import pytest
from joblib import Parallel, delayed
from sklearn.preprocessing import FunctionTransformer

from skimdb._messages import warn


@pytest.mark.parametrize(
    "call",
    [
        warn,
        FunctionTransformer(warn).transform,
        lambda message: Parallel(1)([delayed(warn)(message)]),
    ],
    ids=["directly", "through scikit-learn", "through joblib"],
)
def test_points_here(call):
    with pytest.warns(UserWarning, match="^Look$") as caught:
        call("Look")
    assert [warning.filename for warning in caught] == [__file__]


def test_category():
    with pytest.warns(RuntimeWarning):
        warn("Look", RuntimeWarning)


def test_once_per_line_of_the_user():
    """Python's default filter shows a warning once per line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            warn("Again")
        warn("Again")
    assert len(caught) == 2

"""The docstrings of all public names are as numpydoc asks."""

import inspect

import pytest
from numpydoc.validate import validate

import skimdb
import skimdb.datasets

# Every check of numpydoc is made, but for these.
LEFT_OUT = {
    "GL01",  # the summary begins in the first line, as everywhere in scientific Python
    "ES01",  # a summary may say all
    "SA01",  # not everything has a relative
    "RT02",  # what is returned has a name, as in scikit-learn
}
# A method is seen in the example of its class.
LEFT_OUT_OF_METHODS = {"EX01"}


def list_public():
    """List the dotted names of functions, classes and their own methods."""
    names = []
    for module in (skimdb, skimdb.datasets):
        for name in set(module.__all__) - {"__version__", "datasets"}:
            public = getattr(module, name)
            names.append(f"{module.__name__}.{name}")
            if inspect.isclass(public):
                names += [f"{names[-1]}.{own}" for own in list_own(public)]
    return sorted(names)


def list_own(public):
    """List the public methods and properties that a class defines itself."""
    return [
        name
        for name, value in vars(public).items()
        if not name.startswith("_")
        and (inspect.isroutine(value) or isinstance(value, property))
        # scikit-learn makes set_fit_request and its like.
        and not (name.startswith("set_") and name.endswith("_request"))
    ]


@pytest.mark.parametrize("name", list_public())
def test_docstring(name):
    left_out = set(LEFT_OUT)
    if name.count(".") > 1 and not name.startswith("skimdb.datasets."):
        left_out |= LEFT_OUT_OF_METHODS
    errors = validate(name)["errors"]
    assert not [error for error in errors if error[0] not in left_out]

"""The docstrings of all public names follow numpydoc."""

import inspect

import pytest
from numpydoc.validate import validate

import skimdb
import skimdb.datasets

# All checks of numpydoc apply except these.
LEFT_OUT = {
    "GL01",  # the summary starts on the first line, as in scikit-learn
    "ES01",  # a summary may be enough
    "SA01",  # not every name has related names
    "RT02",  # returned values have names, as in scikit-learn
}
# The example of a class shows its methods.
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
        # scikit-learn generates set_fit_request and similar methods.
        and not (name.startswith("set_") and name.endswith("_request"))
    ]


@pytest.mark.parametrize("name", list_public())
def test_docstring(name):
    left_out = set(LEFT_OUT)
    if name.count(".") > 1 and not name.startswith("skimdb.datasets."):
        left_out |= LEFT_OUT_OF_METHODS
    errors = validate(name)["errors"]
    assert not [error for error in errors if error[0] not in left_out]

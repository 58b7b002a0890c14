"""Public signatures and fitted attributes have types, which editors show."""

import inspect
import runpy
from pathlib import Path

import pytest
from numpydoc.docscrape import ClassDoc

import skimdb
import skimdb.datasets

FUNCTIONS = [skimdb.epoch_curve]
FUNCTIONS += [getattr(skimdb.datasets, name) for name in skimdb.datasets.__all__]
CLASSES = [
    public
    for public in (getattr(skimdb, name) for name in skimdb.__all__)
    if inspect.isclass(public)
]


def list_methods(cls):
    """Yield the constructor and the public methods that a class defines itself."""
    for name, value in vars(cls).items():
        made_by_sklearn = name.startswith("set_") and name.endswith("_request")
        if name == "__init__" or not (name.startswith("_") or made_by_sklearn):
            value = value.fget if isinstance(value, property) else value
            value = getattr(value, "__func__", value)  # of class methods
            if inspect.isfunction(value):
                yield value


def find_untyped(function):
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    found = [p.name for p in parameters if p.annotation is p.empty]
    is_constructor = function.__name__ == "__init__"
    if signature.return_annotation is signature.empty and not is_constructor:
        found.append("return")
    return set(found) - {"self", "cls"}


@pytest.mark.parametrize(
    "function",
    FUNCTIONS + [method for cls in CLASSES for method in list_methods(cls)],
    ids=lambda function: function.__qualname__,
)
def test_signature_is_annotated(function):
    assert find_untyped(inspect.unwrap(function)) == set()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_fitted_attributes_are_annotated(cls):
    annotated = {
        name
        for base in cls.__mro__
        if base.__module__.startswith("skimdb.")
        for name in [*inspect.get_annotations(base), *vars(base)]  # and properties
    }
    documented = {
        name.strip()
        for names, _, _ in ClassDoc(cls)["Attributes"]
        for name in names.split(",")
    }
    assert documented - annotated == set()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_typed_script_runs():
    runpy.run_path(str(Path(__file__).with_name("typed_usage.py")), run_name="__main__")

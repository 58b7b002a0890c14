"""The IMDB reviews study as ordinary scikit-learn.

Public names are imported on first use (PEP 562), so ``import skimdb`` is cheap
and imports no TensorFlow.
"""

import importlib

__version__ = "0.1.0.dev0"

_HOMES = {
    "EpochCurveDisplay": "_display",
    "EpochSearchCV": "_search",
    "KerasMLPClassifier": "_classifier",
    "TextMultiHotVectorizer": "_vectorizer",
    "epoch_curve": "_epoch_curve",
}

__all__ = [
    "EpochCurveDisplay",
    "EpochSearchCV",
    "KerasMLPClassifier",
    "TextMultiHotVectorizer",
    "datasets",
    "epoch_curve",
]


def __getattr__(name):
    if name == "datasets":
        return importlib.import_module("skimdb.datasets")
    if name in _HOMES:
        return getattr(importlib.import_module(f"skimdb.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(set(globals()) | set(__all__))

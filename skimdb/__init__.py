"""Small neural networks for text, the scikit-learn way.

Public names are imported on first use (PEP 562), so that ``import skimdb`` is quick.
"""

import importlib
from typing import TYPE_CHECKING

from skimdb._version import __version__

if TYPE_CHECKING:  # editors and type checkers read these lines; nothing runs them
    from skimdb import datasets
    from skimdb.feature_extraction._log_count_ratio import LogCountRatioTransformer
    from skimdb.feature_extraction._vectorizer import TextMultiHotVectorizer
    from skimdb.model_selection._epoch_curve import epoch_curve
    from skimdb.model_selection._plot import EpochCurveDisplay
    from skimdb.model_selection._search import EpochSearchCV
    from skimdb.neural_network._multilayer_perceptron import KerasMLPClassifier

__all__ = [
    "EpochCurveDisplay",
    "EpochSearchCV",
    "KerasMLPClassifier",
    "LogCountRatioTransformer",
    "TextMultiHotVectorizer",
    "__version__",
    "datasets",
    "epoch_curve",
]

_MODULES = {
    "EpochCurveDisplay": "model_selection._plot",
    "EpochSearchCV": "model_selection._search",
    "KerasMLPClassifier": "neural_network._multilayer_perceptron",
    "LogCountRatioTransformer": "feature_extraction._log_count_ratio",
    "TextMultiHotVectorizer": "feature_extraction._vectorizer",
    "epoch_curve": "model_selection._epoch_curve",
}


def __getattr__(name):
    if name == "datasets":
        return importlib.import_module("skimdb.datasets")
    if name in _MODULES:
        return getattr(importlib.import_module(f"skimdb.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)

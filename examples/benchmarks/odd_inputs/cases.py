"""The cases: an object, an odd value that it gets, and a peer that gets the same."""

import copy
import inspect
from functools import cache, partial
from typing import NamedTuple

from matplotlib.figure import Figure
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from odd_inputs import values
from odd_inputs.values import (
    CALLBACKS,
    DOCUMENTS,
    GRIDS,
    HISTORIES,
    LABELS,
    MATRICES,
    SCALARS,
    SCORING,
    SPLITTERS,
    WEIGHTS,
    make_labels,
    make_matrix,
    make_sequences,
    make_texts,
)
from skimdb import (
    EpochCurveDisplay,
    EpochSearchCV,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
    epoch_curve,
)
from skimdb.datasets import decode_review, fetch_imdb

# Names of the parameters in MLPClassifier.
PEER_NAMES = {
    "size": "hidden_layer_sizes",
    "l2": "alpha",
    "optimizer": "solver",
    "learning_rate": "learning_rate_init",
    "epochs": "max_iter",
}
# Values that the code would use as they are: as the number of epochs or processes.
TOO_MUCH = {
    "epochs": {repr(10**30)},
    "max_epochs": {repr(10**30)},
    "n_jobs": {repr(10**30), "-1", "3", "np.int8(2)", "np.uint64(2)", "True"},
}
GOOD = {"X": make_matrix, "y": make_labels}


class Case(NamedTuple):
    """An odd value and the object that gets it.

    Attributes
    ----------
    name : str
        Such as ``"classifier.fit X: entry nan"``.
    ours, theirs : callable
        Makes a new value, and returns an estimator or None, and a function to call.
        `theirs` is None without a peer.
    """

    name: str
    ours: object
    theirs: object = None


# The estimators


def make_classifier(**params):
    defaults = {"size": 4, "epochs": 3, "batch_size": 16, "random_state": 0}
    return KerasMLPClassifier(**defaults | params)


def make_peer_classifier(**params):
    defaults = {"hidden_layer_sizes": 4, "max_iter": 3, "random_state": 0}
    return MLPClassifier(**defaults | params)


def make_search():
    return EpochSearchCV(make_classifier(), {"l2": [0.0, 0.1]}, max_epochs=3, cv=2)


def make_peer_search():
    return GridSearchCV(make_peer_classifier(), {"alpha": [0.0, 0.1]}, cv=2)


def make_text_search():
    pipe = make_pipeline(TextMultiHotVectorizer(), make_classifier())
    return EpochSearchCV(pipe, max_epochs=2, cv=2)


def make_peer_text_search():
    pipe = make_pipeline(CountVectorizer(), LogisticRegression())
    return GridSearchCV(pipe, {"logisticregression__C": [1.0]}, cv=2)


CLASSIFIERS = make_classifier, make_peer_classifier
VECTORIZERS = TextMultiHotVectorizer, CountVectorizer
SEARCHES = make_search, make_peer_search
TEXT_SEARCHES = make_text_search, make_peer_text_search
IN_TENSORFLOW = (partial(make_classifier, backend="tensorflow"),)


@cache
def _fit_once(make, X):
    return make().fit(X(), make_labels())


def _call(make, method, given, fitted_to=make_matrix, **params):
    """Prepare the call of a method of a fitted estimator with new arguments."""

    def prepare():
        estimator = copy.deepcopy(_fit_once(make, fitted_to))
        estimator.set_params(**{name: value() for name, value in params.items()})
        arguments = {name: value() for name, value in given.items()}
        X = arguments.pop("X")  # CountVectorizer has another name for it
        return estimator, lambda: getattr(estimator, method)(X, **arguments)

    return prepare


def _call_function(function, given):
    def prepare():
        arguments = {name: value() for name, value in given.items()}
        return None, lambda: function(**arguments)

    return prepare


# The lists


def _list_calls(who, makes, method, given, argument, odd):
    """List the calls of a method in which one argument is odd."""
    for name, value in odd.items():
        used = makes[:1] if name in values.MALFORMED else makes
        calls = (_call(make, method, given | {argument: value}) for make in used)
        yield Case(f"{who}.{method} {argument}: {name}", *calls)


def _list_method_calls():
    """List all methods of the classifier and of the search."""
    for method in ("fit", "partial_fit", "predict", "predict_proba", "score"):
        odd = {"X": MATRICES}
        if method in ("fit", "partial_fit", "score"):
            odd |= {"y": LABELS, "sample_weight": WEIGHTS}
        given = {name: GOOD[name] for name in odd if name in GOOD}
        for argument in odd:
            data = method, given, argument, odd[argument]
            yield from _list_calls("classifier", CLASSIFIERS, *data)
    both = GOOD | {"X_val": make_matrix, "y_val": make_labels}
    odd = {"X_val": MATRICES, "y_val": LABELS, "sample_weight_val": WEIGHTS}
    for argument in odd:
        data = "fit", both, argument, odd[argument]
        yield from _list_calls("classifier", CLASSIFIERS[:1], *data)
    data = "partial_fit", GOOD, "classes", LABELS
    yield from _list_calls("classifier", CLASSIFIERS, *data)
    for method, given, argument, odd in [
        ("fit", GOOD, "X", MATRICES),
        ("fit", GOOD, "y", LABELS),
        ("predict", {}, "X", MATRICES),
        ("score", GOOD, "X", MATRICES),
    ]:
        yield from _list_calls("search", SEARCHES, method, given, argument, odd)
    for name, X in DOCUMENTS.items():
        calls = (partial(_prepare_search, make, X) for make in TEXT_SEARCHES)
        yield Case(f"search.fit of a Pipeline: {name}", *calls)


def _prepare_search(make, X):
    search, documents = make(), X()
    return search, lambda: search.fit(documents, make_labels())


def _list_params(who, makes, X, odd):
    """List fits in which one parameter is odd; `odd` is a dict from parameters."""
    theirs_have = makes[1]().get_params() if len(makes) > 1 else {}
    given = {"X": X, "y": make_labels}
    for param, odd_values in odd.items():
        peer_param = PEER_NAMES.get(param, param) if who == "classifier" else param
        used = makes if peer_param in theirs_have else makes[:1]
        for name, value in odd_values.items():
            if name in TOO_MUCH.get(param, ()):
                continue
            theirs = partial(_rename, value) if param == "param_grid" else value
            pair = ({param: value}, {peer_param: theirs})
            calls = (
                _call(make, "fit", given, X, **params)
                for make, params in zip(used, pair, strict=False)
            )
            yield Case(f"{who} {param}: {name}", *calls)


def _rename(make_grid):
    """Use the names of MLPClassifier in a grid."""
    grid = make_grid()
    if isinstance(grid, dict):
        return {PEER_NAMES.get(name, name): value for name, value in grid.items()}
    return grid


def _list_all_params():
    """List all parameters of the classifier, of the vectorizer and of the search."""
    odd = dict.fromkeys(KerasMLPClassifier().get_params(), SCALARS)
    yield from _list_params("classifier", CLASSIFIERS, make_matrix, odd)
    odd = dict.fromkeys(TextMultiHotVectorizer().get_params(), SCALARS)
    yield from _list_params("vectorizer", VECTORIZERS, make_texts, odd)
    odd = dict.fromkeys(make_search().get_params(deep=False), SCALARS)
    odd |= {"cv": SPLITTERS, "scoring": SCORING, "param_grid": GRIDS}
    del odd["memory"]
    yield from _list_params("search", SEARCHES, make_matrix, odd)
    for param in ("optimizer__momentum", "optimizer__rho", "loss__label_smoothing"):
        for name, value in SCALARS.items():
            make = partial(_construct_and_fit, param)
            yield Case(
                f"classifier {param}: {name}", _call_function(make, {"value": value})
            )
    for param in ("bacth_size", "alpha", "", "optimizer__nonsense", "callbacks__x"):
        call = _call_function(partial(_construct_and_fit, param), {"value": lambda: 1})
        yield Case(f"classifier constructor: {param!r}", call)


def _construct_and_fit(param, value):
    return make_classifier(**{param: value}).fit(make_matrix(), make_labels())


def _list_documents():
    """List documents of all kinds for vectorizers of all kinds."""
    kinds = {
        "default": ({}, make_texts, True),
        "one by one": (
            {"tokenizer": str.split, "token_pattern": None},
            make_texts,
            True,
        ),
        "lists of words": ({"analyzer": list}, make_texts, True),
        "sequences": ({"input": "sequences"}, make_sequences, False),
        "keras": ({"index": "keras", "max_features": None}, make_sequences, False),
        "files": ({"input": "file"}, None, True),
        # CountVectorizer takes numbers for files of the process, and closes them.
        "names": ({"input": "filename"}, None, False),
    }
    for kind, (options, good, has_peer) in kinds.items():
        for method in ("fit_transform", "partial_fit", "transform"):
            if method == "transform" and good is None:
                continue
            for name, X in DOCUMENTS.items():
                used = (
                    VECTORIZERS
                    if has_peer and method != "partial_fit"
                    else VECTORIZERS[:1]
                )
                calls = (
                    partial(_vectorize, cls, options, method, good, X) for cls in used
                )
                yield Case(f"vectorizer.{method} ({kind}): {name}", *calls)


def _vectorize(cls, options, method, good, X):
    vectorizer = cls(**options)
    if good is not None and method != "fit_transform":
        getattr(vectorizer, "fit" if method == "transform" else method)(good())
    documents = X()
    return vectorizer, lambda: getattr(vectorizer, method)(documents)


def _list_functions():
    """List the functions, with one odd argument each."""
    curve = GOOD | {"cv": lambda: 2, "max_epochs": lambda: 2}
    odd = {"X": MATRICES, "y": LABELS, "cv": SPLITTERS}
    odd |= {"scoring": SCORING, "param_grid": GRIDS}
    others = ("max_epochs", "groups", "n_jobs", "verbose", "error_score", "params")
    odd |= dict.fromkeys(others, SCALARS)
    yield from _list_function(partial(epoch_curve, make_classifier()), curve, odd)
    nowhere = {
        "source": lambda: "stanford",
        "data_home": lambda: "no/such/folder",
        "download_if_missing": lambda: False,
    }
    odd = dict.fromkeys(inspect.signature(fetch_imdb).parameters, SCALARS)
    del odd["download_if_missing"]
    yield from _list_function(fetch_imdb, nowhere, odd)
    given = {"sequence": lambda: [1, 2], "word_index": lambda: {"a": 1}}
    odd = dict.fromkeys(("word_index", "index_from", "oov_token"), SCALARS)
    yield from _list_function(decode_review, given, {"sequence": DOCUMENTS} | odd)
    yield from _list_function(draw_curves, {}, {"history": HISTORIES})


def draw_curves(history):
    """Draw the validation loss of a history into a figure without a screen."""
    return EpochCurveDisplay(history).plot(Figure().subplots())


def _list_function(function, given, odd):
    called = getattr(function, "func", function).__name__
    for argument, odd_values in odd.items():
        for name, value in odd_values.items():
            if name not in TOO_MUCH.get(argument, ()):
                call = _call_function(function, given | {argument: value})
                yield Case(f"{called} {argument}: {name}", call)


def _list_tensorflow():
    """List some of the same cases in TensorFlow, and its tensors."""
    params = {
        "optimizer": ["None", "''", "'nonsense'", "object", "<class 'int'>", "[]"],
        "learning_rate": ["nan", "1e+300", "object", "split"],
        "callbacks": ["[None]", "'nonsense'", "<class 'int'>", "function that raises"],
        "metrics": ["['a', 'b']", "[None]", "[1]", "()"],
        "l2": ["1e+300", "nan"],
        "random_state": ["-1", repr(10**30)],
    }
    odd = {p: {name: SCALARS[name] for name in names} for p, names in params.items()}
    who = "classifier in TensorFlow"
    yield from _list_params(who, IN_TENSORFLOW, make_matrix, odd)
    with_val = GOOD | {"X_val": make_matrix, "y_val": make_labels}
    for name, callback in CALLBACKS.items():
        call = _call(*IN_TENSORFLOW, "fit", with_val, callbacks=callback)
        yield Case(f"{who} callback: {name}", call)
    yield from _list_calls(who, IN_TENSORFLOW, "fit", GOOD, "X", MATRICES)
    yield from _list_calls(who, IN_TENSORFLOW, "fit", GOOD, "y", LABELS)
    tensors = {"texts": make_texts, "ids": make_sequences, "matrix": make_matrix}
    tensors = {
        f"tensor of {name}": partial(_make_tensor, X) for name, X in tensors.items()
    }
    yield from _list_calls("classifier", CLASSIFIERS, "predict", {}, "X", tensors)
    for name, X in tensors.items():
        for kind in ("content", "sequences"):
            options = {"input": kind}, "fit_transform", None, X
            call = partial(_vectorize, TextMultiHotVectorizer, *options)
            yield Case(f"vectorizer.fit_transform (tensorflow, {kind}): {name}", call)


def _make_tensor(X):
    import tensorflow

    return tensorflow.constant(X())


def list_cases():
    """List all cases, in an order that is always the same."""
    lists = _list_method_calls, _list_all_params, _list_documents
    lists += _list_functions, _list_tensorflow
    return [case for make in lists for case in make()]

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
from skimdb import (
    EpochCurveDisplay,
    EpochSearchCV,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
    epoch_curve,
)
from skimdb.datasets import decode_review, fetch_imdb

# Names of the parameters in MLPClassifier.
PEER_NAMES = {"size": "hidden_layer_sizes", "l2": "alpha", "optimizer": "solver"}
PEER_NAMES |= {"learning_rate": "learning_rate_init", "epochs": "max_iter"}
# Values that the code would use as they are: as the number of epochs or processes.
TOO_MUCH = {
    "epochs": {repr(10**30)},
    "max_epochs": {repr(10**30)},
    "n_jobs": {repr(10**30), "-1", "3", "np.int8(2)", "np.uint64(2)", "True"},
}
GOOD = {"X": values.make_matrix, "y": values.make_labels}
WITH_VAL = GOOD | {"X_val": values.make_matrix, "y_val": values.make_labels}
ODD = {"X": values.MATRICES, "y": values.LABELS}
FIT = ODD | {"sample_weight": values.WEIGHTS}
ODD_SEARCH = {"cv": values.SPLITTERS, "scoring": values.SCORING}
ODD_SEARCH |= {"param_grid": values.GRIDS}
IN_TENSORFLOW = "classifier in TensorFlow"


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


@cache
def _fit_once(make, X):
    return make().fit(X(), values.make_labels())


def _copy_fitted(make, X=values.make_matrix):
    return copy.deepcopy(_fit_once(make, X))


def _make_vectorizer(cls, options, method, good):
    vectorizer = cls(**options)
    return vectorizer if method is None else getattr(vectorizer, method)(good())


def _list_fitted(*makes, X=values.make_matrix):
    return [partial(_copy_fitted, make, X) for make in makes]


CLASSIFIERS = make_classifier, make_peer_classifier
TENSORFLOW = (partial(make_classifier, backend="tensorflow"),)
VECTORIZERS = TextMultiHotVectorizer, CountVectorizer
SEARCHES = make_search, make_peer_search
NONE = type(None)  # makes the estimator of a function
TEXT_SEARCHES = make_text_search, make_peer_text_search


# A side of a case, for each way to give it the odd value


def _find(method, estimator):
    return method if callable(method) else getattr(estimator, method)


def _call(make, method, given, argument, value):
    """Prepare the call of a method, or of a function, with an odd argument."""

    def prepare():
        estimator = make()
        arguments = {name: new() for name, new in (given | {argument: value}).items()}
        # CountVectorizer has another name for X.
        X = [arguments.pop("X")] if "X" in arguments else []
        return estimator, lambda: _find(method, estimator)(*X, **arguments)

    return prepare


def _set(make, param, given, value):
    """Prepare a fit with an odd parameter."""

    def prepare():
        odd = value()
        if make_peer_search in make.args and isinstance(odd, dict):  # a grid
            odd = {PEER_NAMES.get(name, name): new for name, new in odd.items()}
        odd_make = partial(make().set_params, **{param: odd})
        return _call(odd_make, "fit", given, "X", given["X"])()

    return prepare


# The lists


def _list(label, odd, *sides):
    """List a case for each odd value. Each side prepares its own call with it."""
    skipped = TOO_MUCH.get(label.rpartition(" ")[2], ())
    for name, value in odd.items():
        used = sides[:1] if name in values.MALFORMED else sides
        if name not in skipped:
            yield Case(f"{label}: {name}", *(side(value) for side in used))


def _list_calls(who, makes, method, given, odd):
    """List the calls of a method in which one argument is odd."""
    makes = _list_fitted(*makes)
    for argument, odd_values in odd.items():
        sides = [partial(_call, make, method, given, argument) for make in makes]
        yield from _list(f"{who}.{method} {argument}", odd_values, *sides)


def _list_method_calls():
    """List all methods of the classifier and of the search."""
    for method in ("fit", "partial_fit", "predict", "predict_proba", "score"):
        odd = {"X": values.MATRICES} if method.startswith("predict") else FIT
        given = {name: GOOD[name] for name in odd if name in GOOD}
        yield from _list_calls("classifier", CLASSIFIERS, method, given, odd)
    odd = {f"{name}_val": odd_values for name, odd_values in FIT.items()}
    yield from _list_calls("classifier", CLASSIFIERS[:1], "fit", WITH_VAL, odd)
    odd = {"classes": values.LABELS}
    yield from _list_calls("classifier", CLASSIFIERS, "partial_fit", GOOD, odd)
    for method, given, odd in [
        ("fit", GOOD, ODD),
        ("predict", {}, {"X": values.MATRICES}),
        ("score", GOOD, {"X": values.MATRICES}),
    ]:
        yield from _list_calls("search", SEARCHES, method, given, odd)
    sides = [partial(_call, make, "fit", GOOD, "X") for make in TEXT_SEARCHES]
    yield from _list("search.fit of a Pipeline", values.DOCUMENTS, *sides)


def _list_params(who, makes, X, odd):
    """List fits in which one parameter is odd; `odd` is a dict from parameters."""
    given = {"X": X, "y": values.make_labels}
    theirs_have = makes[1]().get_params() if len(makes) > 1 else {}
    for param, odd_values in odd.items():
        names = [param, PEER_NAMES.get(param, param) if who == "classifier" else param]
        used = _list_fitted(*makes[: 1 + (names[1] in theirs_have)], X=X)
        pairs = zip(used, names, strict=False)
        sides = [partial(_set, make, name, given) for make, name in pairs]
        yield from _list(f"{who} {param}", odd_values, *sides)


def _list_all_params():
    """List all parameters of the classifier, of the vectorizer and of the search."""
    odd = dict.fromkeys(KerasMLPClassifier().get_params(), values.SCALARS)
    yield from _list_params("classifier", CLASSIFIERS, values.make_matrix, odd)
    odd = dict.fromkeys(TextMultiHotVectorizer().get_params(), values.SCALARS)
    yield from _list_params("vectorizer", VECTORIZERS, values.make_texts, odd)
    odd = dict.fromkeys(make_search().get_params(deep=False), values.SCALARS)
    odd |= {
        "cv": values.SPLITTERS,
        "scoring": values.SCORING,
        "param_grid": values.GRIDS,
    }
    del odd["memory"]
    yield from _list_params("search", SEARCHES, values.make_matrix, odd)
    for param in ("optimizer__momentum", "optimizer__rho", "loss__label_smoothing"):
        side = partial(_call, NONE, construct_and_fit, {}, param)
        yield from _list(f"classifier {param}", values.SCALARS, side)
    for param in ("bacth_size", "alpha", "", "optimizer__nonsense", "callbacks__x"):
        call = _call(NONE, construct_and_fit, {}, param, lambda: 1)
        yield Case(f"classifier constructor: {param!r}", call)


def construct_and_fit(**params):
    return make_classifier(**params).fit(values.make_matrix(), values.make_labels())


def _list_documents():
    """List documents of all kinds for vectorizers of all kinds."""
    own_tokenizer = {"tokenizer": str.split, "token_pattern": None}
    kinds = {
        "default": ({}, values.make_texts),
        "one by one": (own_tokenizer, values.make_texts),
        "lists of words": ({"analyzer": list}, values.make_texts),
        "sequences": ({"input": "sequences"}, values.make_sequences),
        "keras": ({"index": "keras", "max_features": None}, values.make_sequences),
        "files": ({"input": "file"}, None),
        "names": ({"input": "filename"}, None),
    }
    # CountVectorizer takes numbers for files of the process, and closes them.
    ours_only = {"sequences", "keras", "names", "partial_fit"}
    for kind, (options, good) in kinds.items():
        first = {"fit_transform": None, "partial_fit": None}
        if good is not None:
            first |= {"partial_fit": "partial_fit", "transform": "fit"}
        for method, before in first.items():
            used = VECTORIZERS[: 1 if {kind, method} & ours_only else 2]
            makes = [
                partial(_make_vectorizer, cls, options, before, good) for cls in used
            ]
            sides = [partial(_call, make, method, {}, "X") for make in makes]
            yield from _list(f"vectorizer.{method} ({kind})", values.DOCUMENTS, *sides)


def _list_functions():
    """List the functions, with one odd argument each."""
    curve = GOOD | {"cv": lambda: 2, "max_epochs": lambda: 2}
    odd = ODD | ODD_SEARCH
    others = ("max_epochs", "groups", "n_jobs", "verbose", "error_score", "params")
    odd |= dict.fromkeys(others, values.SCALARS)
    yield from _list_function(partial(epoch_curve, make_classifier()), curve, odd)
    nowhere = {
        "source": lambda: "stanford",
        "data_home": lambda: "no/such/folder",
        "download_if_missing": lambda: False,
    }
    odd = dict.fromkeys(inspect.signature(fetch_imdb).parameters, values.SCALARS)
    del odd["download_if_missing"]
    yield from _list_function(fetch_imdb, nowhere, odd)
    given = {"sequence": lambda: [1, 2], "word_index": lambda: {"a": 1}}
    odd = dict.fromkeys(("word_index", "index_from", "oov_token"), values.SCALARS)
    yield from _list_function(
        decode_review, given, {"sequence": values.DOCUMENTS} | odd
    )
    yield from _list_function(draw_curves, {}, {"history": values.HISTORIES})


def draw_curves(history):
    """Draw the validation loss of a history into a figure without a screen."""
    return EpochCurveDisplay(history).plot(Figure().subplots())


def _list_function(function, given, odd):
    called = getattr(function, "func", function).__name__
    for argument, odd_values in odd.items():
        side = partial(_call, NONE, function, given, argument)
        yield from _list(f"{called} {argument}", odd_values, side)


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
    odd = {
        p: {name: values.SCALARS[name] for name in names} for p, names in params.items()
    }
    yield from _list_params(IN_TENSORFLOW, TENSORFLOW, values.make_matrix, odd)
    side = partial(_set, *_list_fitted(*TENSORFLOW), "callbacks", WITH_VAL)
    yield from _list(f"{IN_TENSORFLOW} callback", values.CALLBACKS, side)
    odd = {"X": values.MATRICES, "y": values.LABELS}
    yield from _list_calls(IN_TENSORFLOW, TENSORFLOW, "fit", GOOD, odd)
    tensors = {
        "texts": values.make_texts,
        "ids": values.make_sequences,
        "matrix": values.make_matrix,
    }
    tensors = {
        f"tensor of {name}": partial(_make_tensor, X) for name, X in tensors.items()
    }
    yield from _list_calls("classifier", CLASSIFIERS, "predict", {}, {"X": tensors})
    for kind in ("content", "sequences"):
        make = partial(TextMultiHotVectorizer, input=kind)
        side = partial(_call, make, "fit_transform", {}, "X")
        label = f"vectorizer.fit_transform (tensorflow, {kind})"
        yield from _list(label, tensors, side)


def _make_tensor(X):
    import tensorflow

    return tensorflow.constant(X())


def list_cases():
    """List all cases, in an order that is always the same."""
    lists = _list_method_calls, _list_all_params, _list_documents
    lists += _list_functions, _list_tensorflow
    return [case for make in lists for case in make()]

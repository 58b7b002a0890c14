"""The cases: who is given what, and which peer is given the same."""

import copy
import inspect
from functools import cache, partial
from typing import NamedTuple

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from odd_inputs.values import (
    DOCUMENTS,
    GRIDS,
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
    EpochSearchCV,
    KerasMLPClassifier,
    TextMultiHotVectorizer,
    epoch_curve,
)
from skimdb.datasets import decode_review, fetch_imdb

# What MLPClassifier calls the parameters that it has, too.
PEER_NAMES = {
    "size": "hidden_layer_sizes",
    "l2": "alpha",
    "activation": "activation",
    "optimizer": "solver",
    "learning_rate": "learning_rate_init",
    "epochs": "max_iter",
    "batch_size": "batch_size",
    "shuffle": "shuffle",
    "early_stopping": "early_stopping",
    "validation_fraction": "validation_fraction",
    "n_iter_no_change": "n_iter_no_change",
    "tol": "tol",
    "random_state": "random_state",
    "verbose": "verbose",
    "warm_start": "warm_start",
}
# Numbers that mean what they say: so many epochs or processes would be run.
TOO_MUCH = {
    "epochs": {"10**30"},
    "max_epochs": {"10**30"},
    "n_jobs": {"10**30", "-1", "3", "np.int8(2)", "np.uint64(2)", "True"},
}


# SciPy reads and writes beyond the arrays of such a matrix. Who does not look first
# ends with signal 11 or 6, or damages what a later case needs, so no peer is given it.
MALFORMED = {
    name for name in MATRICES if name.startswith(("CSR, index", "CSR, pointer"))
}


class Case(NamedTuple):
    """Something odd, and who is given it.

    Attributes
    ----------
    name : str
        Such as ``"classifier.fit X: a NaN"``.
    ours, theirs : callable
        Makes the input anew, and returns an estimator, or None, and a function that
        is to be called. `theirs` is None where no peer has the like.
    """

    name: str
    ours: object
    theirs: object = None


def make_classifier(**params):
    """Make a small classifier of ours."""
    defaults = {"size": 4, "epochs": 3, "batch_size": 16, "random_state": 0}
    return KerasMLPClassifier(**defaults | params)


def make_peer_classifier(**params):
    """Make a small MLPClassifier."""
    defaults = {"hidden_layer_sizes": 4, "max_iter": 3, "random_state": 0}
    return MLPClassifier(**defaults | params)


@cache
def _fit_once(make, X):
    return make().fit(X(), make_labels())


def _copy_fitted(make, X=make_matrix):
    return copy.deepcopy(_fit_once(make, X))


def _call(make, method, **arguments):
    """Call a method of a fitted estimator with arguments that are made anew."""

    def prepare():
        estimator = _copy_fitted(make)
        given = {name: value() for name, value in arguments.items()}
        return estimator, lambda: getattr(estimator, method)(**given)

    return prepare


def _fit_with(make, name, value, X, y):
    """Fit again with a parameter that is set to something odd."""

    def prepare():
        estimator = _copy_fitted(make, X)
        estimator.set_params(**{name: value()})
        data = X(), y()
        return estimator, lambda: estimator.fit(*data)

    return prepare


def _construct(make, name, value, X, y):
    """Construct with a parameter, then fit."""

    def prepare():
        return None, lambda: make(**{name: value()}).fit(X(), y())

    return prepare


def _list_classifier_data():
    pair = (make_classifier, make_peer_classifier)
    for method in ("fit", "partial_fit", "predict", "predict_proba", "score"):
        takes_y = method in ("fit", "partial_fit", "score")
        for name, X in MATRICES.items():
            given = {"X": X, "y": make_labels} if takes_y else {"X": X}
            makes = pair[: 1 if name in MALFORMED else 2]
            calls = (_call(make, method, **given) for make in makes)
            yield Case(f"classifier.{method} X: {name}", *calls)
        for name, y in LABELS.items() if takes_y else ():
            calls = (_call(make, method, X=make_matrix, y=y) for make in pair)
            yield Case(f"classifier.{method} y: {name}", *calls)
        for name, weight in WEIGHTS.items() if takes_y else ():
            given = {"X": make_matrix, "y": make_labels, "sample_weight": weight}
            calls = (_call(make, method, **given) for make in pair)
            yield Case(f"classifier.{method} sample_weight: {name}", *calls)


def _list_validation_data():
    """Validation data and classes, which MLPClassifier does not take in `fit`."""
    data = {"X": make_matrix, "y": make_labels}
    both = data | {"X_val": make_matrix, "y_val": make_labels}
    odd = [("X_val", MATRICES), ("y_val", LABELS), ("sample_weight_val", WEIGHTS)]
    for argument, odd_values in odd:
        for name, value in odd_values.items():
            call = _call(make_classifier, "fit", **both | {argument: value})
            yield Case(f"classifier.fit {argument}: {name}", call)
    for name, value in LABELS.items():
        given = data | {"classes": value}
        calls = (
            _call(make, "partial_fit", **given)
            for make in (make_classifier, make_peer_classifier)
        )
        yield Case(f"classifier.partial_fit classes: {name}", *calls)


def _list_classifier_params():
    for param in _list_params(KerasMLPClassifier):
        peer = PEER_NAMES.get(param)
        for name, value in SCALARS.items():
            if name in TOO_MUCH.get(param, ()):
                continue
            data = (value, make_matrix, make_labels)
            ours = _fit_with(make_classifier, param, *data)
            theirs = peer and _fit_with(make_peer_classifier, peer, *data)
            yield Case(f"classifier {param}: {name}", ours, theirs)
    misspelt = ["bacth_size", "hidden_layer_sizes", "alpha", "max_iter", "loss", ""]
    for param in [*misspelt, "optimizer__nonsense", "loss__nonsense", "callbacks__x"]:
        data = (lambda: 1, make_matrix, make_labels)
        pair = (make_classifier, make_peer_classifier)
        calls = (_construct(make, param, *data) for make in pair)
        yield Case(f"classifier constructor: {param!r}", *calls)
    for param in ("optimizer__momentum", "optimizer__rho", "loss__label_smoothing"):
        for name, value in SCALARS.items():
            call = _construct(make_classifier, param, value, make_matrix, make_labels)
            yield Case(f"classifier {param}: {name}", call)


def _make_vectorizer(**params):
    return TextMultiHotVectorizer(**params)


def _make_peer_vectorizer(**params):
    return CountVectorizer(**params)


def _list_vectorizer_params():
    theirs_have = CountVectorizer().get_params()
    for param in _list_params(TextMultiHotVectorizer):
        for name, value in SCALARS.items():
            data = (value, make_texts, make_labels)
            ours = _fit_with(_make_vectorizer, param, *data)
            theirs = _fit_with(_make_peer_vectorizer, param, *data)
            theirs = theirs if param in theirs_have else None
            yield Case(f"vectorizer {param}: {name}", ours, theirs)


def _list_documents():
    """Documents of all kinds to vectorizers of all kinds."""
    kinds = {
        "default": ({}, make_texts),
        "one by one": ({"tokenizer": str.split, "token_pattern": None}, make_texts),
        "lists of words": ({"analyzer": list}, make_texts),
        "sequences": ({"input": "sequences"}, make_sequences),
        "keras": ({"index": "keras", "max_features": None}, make_sequences),
        "files": ({"input": "file"}, None),
        "names": ({"input": "filename"}, None),
    }
    for kind, (options, good) in kinds.items():
        theirs_have = all(
            option in CountVectorizer().get_params() for option in options
        )
        # It takes numbers for files of the process, and closes them.
        theirs_have &= options.get("input") not in ("sequences", "filename")
        methods = ["fit_transform", "partial_fit"]
        methods += ["transform"] if good else []
        for method in methods:
            for name, X in DOCUMENTS.items():
                pair = [
                    _vectorize(cls, options, method, good, X)
                    for cls in (TextMultiHotVectorizer, CountVectorizer)
                ]
                if not theirs_have or method == "partial_fit":
                    pair.pop()
                yield Case(f"vectorizer.{method} ({kind}): {name}", *pair)


def _vectorize(cls, options, method, good, X):
    def prepare():
        vectorizer = cls(**options)
        if method == "transform":
            vectorizer.fit(good())
        elif method == "partial_fit" and good:
            vectorizer.partial_fit(good())
        documents = X()
        return vectorizer, lambda: getattr(vectorizer, method)(documents)

    return prepare


def _list_search_params():
    odd = {"cv": SPLITTERS, "scoring": SCORING, "param_grid": GRIDS}
    theirs_have = inspect.signature(GridSearchCV).parameters
    for param in _list_params(EpochSearchCV):
        if param in ("estimator", "memory"):
            continue
        for name, value in odd.get(param, SCALARS).items():
            if name in TOO_MUCH.get(param, ()):
                continue
            data = (make_matrix, make_labels)
            ours = _fit_with(_make_search, param, value, *data)
            if param == "param_grid":
                value = partial(_make_peer_grid, value)
            theirs = _fit_with(_make_peer_search, param, value, *data)
            theirs = theirs if param in theirs_have else None
            yield Case(f"search {param}: {name}", ours, theirs)
    for name, value in SCALARS.items():
        pair = (
            _fit_with(make, "estimator", value, make_matrix, make_labels)
            for make in (_make_search, _make_peer_search)
        )
        yield Case(f"search estimator: {name}", *pair)


def _make_search(**params):
    defaults = {"param_grid": {"l2": [0.0, 0.1]}, "max_epochs": 3, "cv": 2}
    return EpochSearchCV(make_classifier(), **defaults | params)


def _make_peer_search(**params):
    defaults = {"param_grid": {"alpha": [0.0, 0.1]}, "cv": 2}
    return GridSearchCV(make_peer_classifier(), **defaults | params)


def _make_peer_grid(make_grid):
    return _rename_grid(make_grid())


def _rename_grid(grid):
    """Bring the names of a grid to those that MLPClassifier has."""
    if isinstance(grid, dict):
        return {PEER_NAMES.get(name, name): value for name, value in grid.items()}
    return [_rename_grid(part) for part in grid] if isinstance(grid, list) else grid


def _list_search_data():
    pair = (_make_search, _make_peer_search)
    for argument, odd in [("X", MATRICES), ("y", LABELS)]:
        for name, value in odd.items():
            given = {"X": make_matrix, "y": make_labels} | {argument: value}
            makes = pair[: 1 if name in MALFORMED else 2]
            calls = (_call(make, "fit", **given) for make in makes)
            yield Case(f"search.fit {argument}: {name}", *calls)
    for method in ("predict", "score"):
        for name, X in MATRICES.items():
            given = {"X": X, "y": make_labels} if method == "score" else {"X": X}
            makes = pair[: 1 if name in MALFORMED else 2]
            calls = (_call(make, method, **given) for make in makes)
            yield Case(f"search.{method} X: {name}", *calls)
    for name, X in DOCUMENTS.items():
        calls = (_fit_texts(make, X) for make in (_search_texts, _search_texts_peer))
        yield Case(f"search.fit of a Pipeline: {name}", *calls)


def _search_texts():
    pipe = make_pipeline(TextMultiHotVectorizer(), make_classifier())
    return EpochSearchCV(pipe, max_epochs=2, cv=2)


def _search_texts_peer():
    pipe = make_pipeline(CountVectorizer(), LogisticRegression())
    return GridSearchCV(pipe, {"logisticregression__C": [1.0]}, cv=2)


def _fit_texts(make, X):
    def prepare():
        search, documents = make(), X()
        return search, lambda: search.fit(documents, make_labels())

    return prepare


def _list_curves():
    odd = {
        "X": MATRICES,
        "y": LABELS,
        "cv": SPLITTERS,
        "scoring": SCORING,
        "param_grid": GRIDS,
        **dict.fromkeys(
            ("max_epochs", "groups", "n_jobs", "verbose", "error_score", "params"),
            SCALARS,
        ),
    }
    for argument, odd_values in odd.items():
        for name, value in odd_values.items():
            if name not in TOO_MUCH.get(argument, ()):
                yield Case(
                    f"epoch_curve {argument}: {name}", _draw_curve(argument, value)
                )


def _draw_curve(argument, value):
    def prepare():
        classifier = make_classifier(epochs=2)
        given = {"X": make_matrix(), "y": make_labels(), "cv": 2}
        given[argument] = value()
        return classifier, lambda: epoch_curve(classifier, **given)

    return prepare


def _list_datasets():
    nowhere = {
        "source": lambda: "stanford",
        "data_home": lambda: "no/such/folder",
        "download_if_missing": lambda: False,
    }
    for param in inspect.signature(fetch_imdb).parameters:
        for name, value in SCALARS.items():
            if param != "download_if_missing":
                yield Case(
                    f"fetch_imdb {param}: {name}", _fetch(nowhere | {param: value})
                )
    for name, value in DOCUMENTS.items():
        yield Case(f"decode_review: {name}", _decode({"sequence": value}))
    for param in ("word_index", "index_from", "oov_token"):
        for name, value in SCALARS.items():
            given = {"sequence": lambda: [1, 2], "word_index": lambda: {"a": 1}}
            yield Case(
                f"decode_review {param}: {name}", _decode(given | {param: value})
            )


def _fetch(given):
    def prepare():
        made = {name: value() for name, value in given.items()}
        return None, lambda: len(fetch_imdb(**made).data)

    return prepare


def _decode(given):
    def prepare():
        made = {name: value() for name, value in given.items()}
        return None, lambda: decode_review(**made)

    return prepare


def _list_tensorflow():
    """Some of the above in TensorFlow, and its tensors."""
    import_late = _import_tensorflow
    tensors = {
        "tensor of texts": lambda: import_late().constant(make_texts()),
        "tensor of ids": lambda: import_late().constant(make_sequences()),
        "ragged tensor of ids": lambda: import_late().ragged.constant([[1], [1, 2]]),
        "data set of texts": lambda: import_late().data.Dataset.from_tensor_slices(
            make_texts()
        ),
        "list of tensors": lambda: list(import_late().constant(make_sequences())),
        "tensor": lambda: import_late().constant(make_matrix()),
        "sparse tensor": lambda: import_late().sparse.from_dense(make_matrix()),
        "variable": lambda: import_late().Variable(make_matrix()),
    }
    for name, X in tensors.items():
        for kind in ("content", "sequences"):
            call = _vectorize(
                TextMultiHotVectorizer, {"input": kind}, "fit_transform", None, X
            )
            yield Case(f"vectorizer.fit_transform (tensorflow, {kind}): {name}", call)
        pair = (
            _call(make, "predict", X=X)
            for make in (make_classifier, make_peer_classifier)
        )
        yield Case(f"classifier.predict (tensorflow): {name}", *pair)
    in_tensorflow = {
        "optimizer": ["None", "''", "'nonsense'", "object()", "class int", "[]"],
        "learning_rate": ["nan", "1e300", "object()", "str.split"],
        "callbacks": ["[None]", "'nonsense'", "class int", "function that raises"],
        "metrics": ["['a', 'b']", "[None]", "[1]", "()"],
        "l2": ["1e300", "nan"],
        "random_state": ["-1", "10**30"],
    }
    for param, names in in_tensorflow.items():
        for name in names:
            call = _fit_with(
                _make_keras_classifier, param, SCALARS[name], make_matrix, make_labels
            )
            yield Case(f"classifier in TensorFlow, {param}: {name}", call)
    for name in ("1e300", "a NaN", "CSR, index too large", "no rows", "complex"):
        call = _call(_make_keras_classifier, "fit", X=MATRICES[name], y=make_labels)
        yield Case(f"classifier in TensorFlow, X: {name}", call)
    for name in ("continuous", "indicator of 1 and 2", "a NaN", "one class"):
        call = _call(_make_keras_classifier, "fit", X=make_matrix, y=LABELS[name])
        yield Case(f"classifier in TensorFlow, y: {name}", call)


def _make_keras_classifier(**params):
    return make_classifier(backend="tensorflow", **params)


def _import_tensorflow():
    import tensorflow

    return tensorflow


def _list_params(cls):
    return cls._get_param_names()


def list_cases():
    """List all cases, in an order that is always the same."""
    lists = [
        _list_classifier_data,
        _list_validation_data,
        _list_classifier_params,
        _list_vectorizer_params,
        _list_documents,
        _list_search_params,
        _list_search_data,
        _list_curves,
        _list_datasets,
        _list_tensorflow,
    ]
    return [case for make in lists for case in make()]

"""Checks of parameters and input of the classifier."""

from contextlib import contextmanager
from numbers import Integral, Real

# Where scikit-learn keeps what it tears down after a fit that failed, too.
_CALLBACK_STATE = ("_callback_fit_ctx", "_skl_callbacks_to_teardown")


@contextmanager
def all_or_nothing(estimator):
    """Put an estimator back as it was if fitting fails or is interrupted.

    With `warm_start` the weights of the finished epochs are kept, if there are any.
    """
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        now = vars(estimator)
        if not (estimator.warm_start and now.get("coefs_") is not before.get("coefs_")):
            kept = {name: now[name] for name in _CALLBACK_STATE if name in now}
            now.clear()
            now.update(before | kept)
        raise


def check_no_texts(X):
    """Raise for raw texts, which only a vectorizer can take."""
    if isinstance(X, (list, tuple)) or getattr(X, "ndim", 2) == 1:
        X = next(iter(X), None)
    if isinstance(X, (str, bytes)):
        raise ValueError(
            "KerasMLPClassifier takes a matrix of numbers, but got texts. Put a "
            "vectorizer before it: make_pipeline(TextMultiHotVectorizer(), "
            "KerasMLPClassifier())."
        )


def _per_layer(value, n_layers, name):
    """One value per hidden layer, from a scalar or one value each."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * n_layers
    if len(values) != n_layers:
        raise ValueError(
            f"{name}={value!r} has {len(values)} entries for {n_layers} hidden "
            f"layer(s); give one number for all, or one entry per hidden layer."
        )
    return values


def check_hidden_layers(size, n_hidden_layers, dropout):
    """Units and dropout rate of each hidden layer.

    Parameters
    ----------
    size : int, tuple or list of int
    n_hidden_layers : int
        Not used if `size` has an entry per layer.
    dropout : float, tuple or list of float

    Returns
    -------
    sizes : tuple of int
    rates : tuple of float

    Raises
    ------
    ValueError
        If an entry is out of range, or their numbers differ.
    """
    n_layers = len(size) if isinstance(size, (tuple, list)) else n_hidden_layers
    sizes = _per_layer(size, n_layers, "size")
    if not sizes or any(
        not isinstance(n, Integral) or isinstance(n, bool) or n < 1 for n in sizes
    ):
        raise ValueError(
            f"size={size!r}: each hidden layer needs a whole number of units, 1 or "
            "more."
        )
    rates = _per_layer(dropout, n_layers, "dropout")
    if any(not isinstance(r, Real) or not 0 <= r < 1 for r in rates):
        raise ValueError(f"dropout={dropout!r}: a rate is at least 0 and less than 1.")
    return tuple(int(n) for n in sizes), tuple(float(r) for r in rates)

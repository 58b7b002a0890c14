"""Checks of what `fit` and `predict` are given."""

from collections.abc import Iterator
from itertools import pairwise
from numbers import Integral, Real

import numpy as np
import scipy.sparse
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length, validate_data

from skimdb._checks import check_labels_present
from skimdb._sklearn import _check_partial_fit_first_call, _check_sample_weight
from skimdb._checks import check_indices, make_dense
from skimdb.neural_network._explain_input import explain_input
from skimdb.neural_network._labels import (
    check_labels,
    find_classes,
    have_same_classes,
    is_multilabel,
)

# Of these, one kernel or all layers together would fill the largest memory.
MOST_LAYERS, MOST_UNITS = 10_000, 10**8


def check_hidden_layers(size, n_hidden_layers, dropout):
    """Check units and dropout rate of each hidden layer.

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
    if n_layers > MOST_LAYERS:
        raise ValueError(
            f"{n_layers} hidden layers are too many: {MOST_LAYERS} at most. The number "
            "of units is given by size."
        )
    sizes = _repeat_per_layer(size, n_layers, "size")
    if not sizes or any(
        not isinstance(n, Integral) or isinstance(n, bool) or not 1 <= n <= MOST_UNITS
        for n in sizes
    ):
        raise ValueError(
            f"size={size!r}: each hidden layer needs a whole number of units, 1 or "
            f"more, and {MOST_UNITS} at most."
        )
    rates = _repeat_per_layer(dropout, n_layers, "dropout")
    if any(not isinstance(r, Real) or not 0 <= r < 1 for r in rates):
        raise ValueError(
            f"dropout={dropout!r}: a rate is at least 0 and less than 1, the share of "
            "outputs that are dropped; 0.5 drops half."
        )
    return tuple(int(n) for n in sizes), tuple(float(r) for r in rates)


def _repeat_per_layer(value, n_layers, name):
    """One value per hidden layer, from a scalar or one value each."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * n_layers
    if len(values) != n_layers:
        raise ValueError(
            f"{name}={value!r} has {len(values)} entries for {n_layers} hidden "
            f"layer(s); give one number for all, or one entry per hidden layer."
        )
    return values


@explain_input("X", "y", "sample_weight")
def check_training(estimator, X, y, sample_weight, dtype=None):
    """Check training data, and leave out samples without weight.

    Parameters
    ----------
    estimator : estimator
        Its `n_features_in_` and `feature_names_in_` are set, or compared if there is
        a `dtype`.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_labels)
    sample_weight : array-like of shape (n_samples,) or None
    dtype : dtype, default=None
        That of the network, if training goes on.

    Returns
    -------
    X : ndarray or CSR of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
    sample_weight : ndarray of float64 of shape (n_samples,)
    """
    _check_raw(X, "X")
    check_labels_present(y)
    with _ignore_overflow():
        X, y = validate_data(
            estimator,
            X,
            y,
            accept_sparse="csr",
            dtype=[np.float64, np.float32] if dtype is None else dtype,
            multi_output=True,
            reset=dtype is None,
        )
    y = check_labels(y, warn=True)
    weight = check_weight(sample_weight, X)
    kept = weight > 0
    if not kept.all():
        X, y, weight = X[kept], y[kept], weight[kept]
    return _canonicalize(X), y, weight


@explain_input("X")
def check_matrix(estimator, X, *, dtype, name="X"):
    """Check samples, and bring sparse ones into canonical form.

    Parameters
    ----------
    estimator : estimator
        Its `n_features_in_` and `feature_names_in_` are compared.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
    dtype : dtype
    name : str, default="X"
        Name of `X` in error messages.

    Returns
    -------
    X : ndarray or CSR
        Sorted, without duplicates and explicit zeros, with indices of 32 bits where
        they do. The input is not changed.

    Raises
    ------
    ValueError
        If it holds texts or other things than numbers, or is malformed.
    """
    _check_raw(X, name)
    with _ignore_overflow():
        if name != "X":  # whose name validate_data would put into its messages
            check_array(X, accept_sparse="csr", dtype=dtype, input_name=name)
        X = validate_data(estimator, X, accept_sparse="csr", dtype=dtype, reset=False)
    return _canonicalize(X)


def _ignore_overflow():
    """Values too large for the dtype are an error of scikit-learn's check."""
    return np.errstate(over="ignore", invalid="ignore")


def _check_raw(X, name):
    """Raise for what is no matrix of numbers, in words that tell what to do."""
    if scipy.sparse.issparse(X):
        check_indices(X, name)
    if isinstance(X, Iterator):
        raise ValueError(
            f"KerasMLPClassifier takes a matrix of numbers as {name}, but got an "
            f"iterator ({type(X).__name__}). Only partial_fit takes one, of chunks "
            "(X, y), and trains for one epoch on them."
        )
    first = X
    if isinstance(X, (list, tuple)) or getattr(X, "ndim", 2) == 1:
        first = next(iter(X), None)
    if isinstance(first, (str, bytes)):
        remedy = (
            "In a Pipeline let the vectorizer transform it, too: "
            "make_pipeline(..., transform_input=['X_val']), with metadata routing "
            "enabled and set_fit_request(X_val=True, y_val=True) on the classifier; or "
            "transform it beforehand."
            if name == "X_val"
            else "Put a vectorizer before it: make_pipeline(TextMultiHotVectorizer(), "
            "KerasMLPClassifier())."
        )
        raise ValueError(
            f"KerasMLPClassifier takes a matrix of numbers as {name}, but got texts. "
            f"{remedy}"
        )
    kind = getattr(getattr(X, "dtype", None), "kind", "")
    if kind in ("M", "m", "S", "U"):
        what = {"M": "dates", "m": "durations"}.get(kind, "strings")
        raise ValueError(
            f"KerasMLPClassifier takes a matrix of numbers as {name}, but got {what} "
            f"(dtype {X.dtype}). Convert them to numbers first."
        )
    column = _find_dates(X)
    if column is not None:
        raise ValueError(
            f"KerasMLPClassifier takes a matrix of numbers as {name}, but its column "
            f"{column!r} holds dates or durations. Convert them to numbers first, such "
            "as the days since the first of them."
        )


def _find_dates(X):
    """First column of a table of pandas or polars that holds dates or durations."""
    if not (hasattr(X, "columns") and hasattr(X, "dtypes")):
        return None
    for column, dtype in zip(X.columns, X.dtypes, strict=True):
        is_temporal = getattr(dtype, "is_temporal", lambda: False)  # polars
        if getattr(dtype, "kind", "") in ("M", "m") or is_temporal():
            return column
    return None


def _canonicalize(X):
    """Sort the indices, and leave out duplicates and explicit zeros."""
    if not scipy.sparse.issparse(X):
        return X
    # A flag may be wrong where the arrays were changed by hand.
    fresh = type(X)((X.data, X.indices, X.indptr), shape=X.shape)
    if not fresh.has_canonical_format or not fresh.data.all():
        fresh = fresh.copy()
        fresh.sum_duplicates()
        fresh.eliminate_zeros()
    if fresh.indices.dtype != np.int32 and max(*fresh.shape, fresh.nnz) < 2**31:
        indices, indptr = (
            array.astype(np.int32) for array in (fresh.indices, fresh.indptr)
        )
        fresh = type(X)((fresh.data, indices, indptr), shape=X.shape)
    return fresh


def check_memory(spec, n_rows):
    """Raise before training if what it needs would not fit into memory.

    Parameters
    ----------
    spec : NetworkSpec
    n_rows : int
        Samples of the largest batch.
    """
    sizes = spec.layer_sizes
    n_weights = sum((n_inputs + 1) * n_units for n_inputs, n_units in pairwise(sizes))
    # Initial and current weights, their gradient and one slot of the optimizer, at
    # least; the output of each unit and its gradient for each sample of a batch.
    n_bytes = (4 * n_weights + 2 * n_rows * sum(sizes[1:])) * spec.dtype.itemsize
    try:
        np.empty(n_bytes, np.uint8)  # asked for, but not touched
    except (MemoryError, ValueError) as error:  # the latter if beyond any memory
        layers = " x ".join(f"{size:,}" for size in sizes)
        raise MemoryError(
            f"The network does not fit into memory. Its {n_weights:,} weights (layers "
            f"of {layers}: features, units, outputs) in {spec.dtype}, their gradient, "
            f"the state of the optimizer and batches of {n_rows:,} samples take at "
            f"least {n_bytes / 1e9:,.1f} GB. Use fewer features (max_features of the "
            "vectorizer), a smaller size or batch_size, or X in float32."
        ) from error


def check_finite_logits(logits, X):
    """Raise if a network overflows for some samples.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_outputs)
    X : ndarray or CSR of shape (n_samples, n_features)
    """
    n_overflowed = np.count_nonzero(~np.isfinite(logits).all(axis=1))
    if n_overflowed:
        largest = abs(X.data if scipy.sparse.issparse(X) else X).max()
        raise ValueError(
            f"The output of the network is not finite for {n_overflowed} of "
            f"{len(logits)} samples: X has values of up to {largest:.3g}, which times "
            f"the weights is too large for {logits.dtype}. Scale X as it was scaled "
            "for fit."
        )


def check_weight(sample_weight, X, name="sample_weight"):
    """Check sample weights; None stands for ones.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or None
    X : ndarray or CSR of shape (n_samples, n_features)
    name : str, default="sample_weight"
        Name of the weights in error messages.

    Returns
    -------
    sample_weight : ndarray of float64 of shape (n_samples,)
        Scaled to a maximum of 1 where they are very small or large.
    """
    weight = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    largest = weight.max(initial=0.0)
    if not largest > 0:
        raise ValueError(
            f"{name} must have at least one non-zero weight. Samples of weight 0 do "
            f"not count; without {name} all count the same."
        )
    # Only proportions count, and a sum must neither underflow nor overflow.
    return weight if 1e-100 < largest < 1e100 else weight / largest


@explain_input("X_val", "y_val", "sample_weight_val")
def check_validation(estimator, X_val, y_val, sample_weight_val, X):
    """Check validation data.

    Parameters
    ----------
    estimator : estimator
        Knows the features.
    X_val : {array-like, sparse matrix} of shape (n_val_samples, n_features) or None
    y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_labels) or None
    sample_weight_val : array-like of shape (n_val_samples,) or None
    X : ndarray or CSR of shape (n_samples, n_features)
        Checked training samples, whose dtype and kind the validation samples get.

    Returns
    -------
    validation : tuple or None
        Checked samples, labels and weights.
    """
    if X_val is None and y_val is None:
        if sample_weight_val is not None:
            raise ValueError(
                "sample_weight_val is given without X_val and y_val, whose weights it "
                "holds. Weights of X are called sample_weight."
            )
        return None
    if X_val is None or y_val is None:
        raise ValueError(
            "X_val and y_val go together; only one of them is given. Give both, or "
            "let early_stopping hold out a part of X."
        )
    X_val = check_matrix(estimator, X_val, dtype=X.dtype, name="X_val")
    X_val = match_kind(X_val, X)
    check_labels_present(y_val, "y_val")
    y_val = check_array(
        y_val, accept_sparse=True, dtype=None, ensure_2d=False, input_name="y_val"
    )
    check_consistent_length(X_val, y_val)
    weight = check_weight(sample_weight_val, X_val, "sample_weight_val")
    return X_val, check_labels(y_val, "y_val"), weight


def read_chunks(chunks, y, sample_weight):
    """Yield the chunks of a stream, and raise for what is none.

    Parameters
    ----------
    chunks : iterator of tuple
        Of samples, labels and perhaps sample weights.
    y, sample_weight : None
        Chunks have them.

    Yields
    ------
    X, y, sample_weight : object
        Unchecked. Empty chunks are left out.
    """
    if y is not None or sample_weight is not None:
        raise ValueError(
            "Chunks bring their own labels and weights: let the iterator yield (X, y) "
            "or (X, y, sample_weight), and give neither y nor sample_weight."
        )
    n_chunks = 0
    for chunk in chunks:
        if not isinstance(chunk, tuple) or len(chunk) not in (2, 3):
            raise ValueError(
                "An iterator must yield chunks as tuples, (X, y) or (X, y, "
                f"sample_weight), but yielded {type(chunk).__name__}."
            )
        if np.shape(chunk[0])[:1] != (0,):
            n_chunks += 1
            yield (*chunk, None)[:3]
    if not n_chunks:
        raise ValueError(
            "The iterator has no samples. Was it used up, by an epoch before? A "
            "generator can be gone through once: make a new one for each epoch."
        )


def match_kind(X, other):
    """Return `X` as a CSR matrix if the other is one, else as an array."""
    if scipy.sparse.issparse(X) and not scipy.sparse.issparse(other):
        return make_dense(X, "X_val", "Give X and X_val both sparse.")
    if scipy.sparse.issparse(other) and not scipy.sparse.issparse(X):
        return scipy.sparse.csr_array(X)
    return X


@explain_input("classes")
def check_classes(estimator, y, classes, *, partial):
    """Check the classes of a new network.

    Parameters
    ----------
    estimator : estimator
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        Checked labels.
    classes : array-like of shape (n_classes,) or None
        As given to `partial_fit`.
    partial : bool

    Returns
    -------
    classes : ndarray of shape (n_classes,), or list of ndarray
    """
    if partial and y.ndim == 1:
        if classes is None:
            raise ValueError(
                "classes must be passed on the first call to partial_fit. A part may "
                "lack some, so name all: classes=[0, 1]."
            )
        classes = np.unique(check_labels(classes, "classes"))
    else:
        classes = find_classes(y)
    if len(classes) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs samples of at least 2 classes, but y "
            f"has only one class: {classes.tolist()} (samples with a sample_weight of "
            "0 do not count). Were the samples sorted by label and then cut? Shuffle "
            "or stratify them."
        )
    return classes


@explain_input("classes")
def check_continues(estimator, y, sizes, classes, *, partial):
    """Raise if training cannot go on with these labels and parameters.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        Checked labels.
    sizes : tuple of int
        Units of each hidden layer, as the parameters ask for.
    classes : array-like of shape (n_classes,) or None
        As given to `partial_fit`.
    partial : bool
    """
    before = tuple(len(intercept) for intercept in estimator.intercepts_[:-1])
    if sizes != before:
        raise ValueError(
            f"Training goes on with the network that there is, of hidden layers "
            f"of {before} units, but the parameters ask for {sizes}. Set them "
            "back, or fit a clone."
        )
    if partial:
        if classes is not None and not is_multilabel(estimator._label_classes):
            _check_partial_fit_first_call(estimator, check_labels(classes, "classes"))
    elif not have_same_classes(estimator._label_classes, find_classes(y)):
        raise ValueError(
            "warm_start can only be used where `y` has the same classes as in the "
            f"previous call to fit. Previously got {estimator.classes_}, `y` has "
            f"{find_classes(y)}. Set warm_start=False to begin anew."
        )

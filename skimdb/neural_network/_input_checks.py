"""Checks of the arguments of `fit` and `predict`."""

from collections.abc import Iterator
from numbers import Integral, Real

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length, validate_data

from skimdb._checks import check_indices, check_labels_present, make_dense
from skimdb._sklearn import (
    Interval,
    _check_sample_weight,
    validate_parameter_constraints,
)
from skimdb.neural_network._samples import check_labels, find_classes, is_multilabel

Matrix = ArrayLike | scipy.sparse.sparray | scipy.sparse.spmatrix
# A larger network would not fit in any memory.
LAYERS = Interval(Integral, 0, 10_000, closed="both")
UNITS = Interval(Integral, 1, 10**8, closed="both")
RATE = Interval(Real, 0, 1, closed="left")


def check_hidden_layers(size, n_hidden_layers, dropout):
    """Check the number of units and the dropout rate of each hidden layer.

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
        If an entry is out of range, or if there is not one entry per layer.
    """
    n_layers = len(size) if isinstance(size, (tuple, list)) else n_hidden_layers
    sizes, rates = (
        tuple(value) if isinstance(value, (tuple, list)) else (value,) * n_layers
        for value in (size, dropout)
    )
    for name, kind, values in (("size", UNITS, sizes), ("dropout", RATE, rates)):
        for value in values:
            validate_parameter_constraints(
                {name: [kind]}, {name: value}, caller_name="KerasMLPClassifier"
            )
    if len(rates) != n_layers:
        raise ValueError(
            f"Expected dropout to be a number or {n_layers} numbers, one per hidden "
            f"layer, got {len(rates)}: dropout={dropout!r}."
        )
    return tuple(int(n) for n in sizes), tuple(float(r) for r in rates)


def check_training(estimator, X, y, sample_weight, dtype=None):
    """Check training data and drop samples without weight.

    Parameters
    ----------
    estimator : estimator
        Without `dtype`, its `n_features_in_` and `feature_names_in_` are set; with
        it, they are compared.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_labels)
    sample_weight : array-like of shape (n_samples,) or None
    dtype : dtype, default=None
        Type of the network's weights, if training continues.

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


def check_matrix(estimator, X, *, dtype, name="X"):
    """Check samples and convert sparse ones to canonical CSR.

    Parameters
    ----------
    estimator : estimator
        Estimator that knows the features.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
    dtype : dtype
    name : str, default="X"
        Name of `X` in error messages.

    Returns
    -------
    X : ndarray or CSR
        CSR is sorted and without duplicates and explicit zeros, with 32-bit indices
        if they suffice. The input is not changed.

    Raises
    ------
    ValueError
        If `X` contains texts or other values than numbers, or is malformed.
    """
    _check_raw(X, name)
    with _ignore_overflow():
        if name != "X":  # validate_data would call it X in its messages
            check_array(X, accept_sparse="csr", dtype=dtype, input_name=name)
        X = validate_data(estimator, X, accept_sparse="csr", dtype=dtype, reset=False)
    return _canonicalize(X)


def _ignore_overflow():
    """Silence NumPy: scikit-learn raises an error for values that overflow."""
    return np.errstate(over="ignore", invalid="ignore")


def _check_raw(X, name):
    """Raise an error for malformed sparse matrices, iterators and texts."""
    if scipy.sparse.issparse(X):
        check_indices(X, name)
    if isinstance(X, Iterator):
        raise ValueError(
            f"Expected {name} to be a matrix of numbers, got an iterator. Only "
            "partial_fit accepts an iterator, of chunks (X, y)."
        )
    is_flat = isinstance(X, (list, tuple)) or getattr(X, "ndim", 2) == 1
    if isinstance(next(iter(X), None) if is_flat else X, (str, bytes)):
        example = "make_pipeline(TextMultiHotVectorizer(), KerasMLPClassifier())"
        if name == "X_val":
            example = "make_pipeline(..., transform_input=['X_val'])"
        raise ValueError(
            f"Expected {name} to be a matrix of numbers, got texts: put a vectorizer "
            f"before it, as in {example}."
        )


def _canonicalize(X):
    """Sort the indices, sum duplicates and drop explicit zeros."""
    if not scipy.sparse.issparse(X):
        return X
    # The flags may be wrong if the arrays were modified in place.
    fresh = type(X)((X.data, X.indices, X.indptr), shape=X.shape)
    if not fresh.has_canonical_format or not fresh.data.all():
        fresh = fresh.copy()
        fresh.sum_duplicates()
        fresh.eliminate_zeros()
    if max(*fresh.shape, fresh.nnz) < 2**31:
        fresh.indices = fresh.indices.astype(np.int32, copy=False)
        fresh.indptr = fresh.indptr.astype(np.int32, copy=False)
    return fresh


def check_finite_logits(logits, X):
    """Raise an error if the network overflows for some samples.

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
            f"{len(logits)} samples: the largest value of X, {largest:.3g}, times the "
            f"weights overflows in {logits.dtype}. Scale X as in fit."
        )


def check_weight(sample_weight, X, name="sample_weight"):
    """Check sample weights. None stands for equal weights.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or None
    X : ndarray or CSR of shape (n_samples, n_features)
    name : str, default="sample_weight"
        Name of the weights in error messages.

    Returns
    -------
    sample_weight : ndarray of float64 of shape (n_samples,)
        Very small and very large weights are scaled to a maximum of 1.
    """
    weight = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    largest = weight.max(initial=0.0)
    if not largest > 0:
        raise ValueError(
            f"Expected at least one non-zero weight in {name}, got none. Leave out "
            f"{name} to weight all samples equally."
        )
    # Only proportions count, and a sum must neither underflow nor overflow.
    return weight if 1e-100 < largest < 1e100 else weight / largest


def check_validation(estimator, X_val, y_val, sample_weight_val, X):
    """Check validation data.

    Parameters
    ----------
    estimator : estimator
        Estimator that knows the features.
    X_val : {array-like, sparse matrix} of shape (n_val_samples, n_features) or None
    y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_labels) or None
    sample_weight_val : array-like of shape (n_val_samples,) or None
    X : ndarray or CSR of shape (n_samples, n_features)
        Checked training samples. The validation samples get their dtype and are
        sparse if they are.

    Returns
    -------
    validation : tuple or None
        Checked samples, labels and weights.
    """
    arguments = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
    given = [name for name, value in arguments.items() if value is not None]
    if not given:
        return None
    if X_val is None or y_val is None:
        raise ValueError(
            f"Expected both X_val and y_val, got only {' and '.join(given)}. Pass "
            "both, or use early_stopping=True to hold out a part of X."
        )
    X_val = check_matrix(estimator, X_val, dtype=X.dtype, name="X_val")
    X_val = match_kind(X_val, X, "X_val")
    check_labels_present(y_val, "y_val")
    y_val = check_array(
        y_val, accept_sparse=True, dtype=None, ensure_2d=False, input_name="y_val"
    )
    check_consistent_length(X_val, y_val)
    weight = check_weight(sample_weight_val, X_val, "sample_weight_val")
    return X_val, check_labels(y_val, "y_val"), weight


def read_chunks(chunks, y, sample_weight):
    """Yield the chunks of a stream, and raise an error for other items.

    Parameters
    ----------
    chunks : iterator of tuple
        Samples, labels and optionally sample weights.
    y, sample_weight : None
        Must be None, because the chunks contain them.

    Yields
    ------
    X, y, sample_weight : object
        Unchecked. Empty chunks are dropped.
    """
    if y is not None or sample_weight is not None:
        raise ValueError(
            "Expected chunks (X, y) or (X, y, sample_weight) without further "
            "arguments, got y or sample_weight, too. Pass labels and weights only in "
            "the chunks."
        )
    is_empty = True
    for chunk in chunks:
        if not isinstance(chunk, tuple) or len(chunk) not in (2, 3):
            raise ValueError(
                "Expected the iterator to yield tuples (X, y) or (X, y, "
                f"sample_weight), got {chunk!r:.50}."
            )
        if np.shape(chunk[0])[:1] != (0,):
            is_empty = False
            yield (*chunk, None)[:3]
    if is_empty:
        raise ValueError(
            "The iterator yielded no samples. A generator is exhausted after one "
            "epoch: create a new one for each."
        )


def match_kind(X, other, name):
    """Return `X` as a CSR matrix if the other is one, else as an array."""
    if scipy.sparse.issparse(X) and not scipy.sparse.issparse(other):
        return make_dense(X, name, "Pass sparse training samples, too.")
    if scipy.sparse.issparse(other) and not scipy.sparse.issparse(X):
        return scipy.sparse.csr_array(X)
    return X


def check_classes(y, classes, *, partial):
    """Check the classes of a new network.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        Checked labels.
    classes : array-like of shape (n_classes,) or None
        Argument of `partial_fit`.
    partial : bool

    Returns
    -------
    classes : ndarray of shape (n_classes,), or list of ndarray
    """
    if partial and y.ndim == 1:
        if classes is None:
            raise ValueError(
                "classes must be passed on the first call to partial_fit, because the "
                "first samples may lack some. Pass all classes: classes=[0, 1]."
            )
        classes = np.unique(check_labels(classes, "classes"))
    else:
        classes = find_classes(y)
    if len(classes) < 2:
        raise ValueError(
            f"Expected y to have at least 2 classes with a positive sample_weight, got "
            f"only one class: {classes.tolist()}. If the samples are sorted by label, "
            "shuffle or stratify them before splitting."
        )
    return classes


def check_continues(estimator, y, sizes, classes, *, partial):
    """Raise an error if training cannot continue with these labels and parameters.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        Checked labels.
    sizes : tuple of int
        Number of units of each hidden layer according to the parameters.
    classes : array-like of shape (n_classes,) or None
        Argument of `partial_fit`.
    partial : bool
    """
    before = tuple(len(intercept) for intercept in estimator.intercepts_[:-1])
    if sizes != before:
        raise ValueError(
            "warm_start and partial_fit cannot change the architecture: the network "
            f"has hidden layers of {before} units, but size={sizes}. Restore the old "
            "size, or fit a clone."
        )
    if partial and (classes is None or is_multilabel(estimator._label_classes)):
        return
    new = np.unique(check_labels(classes, "classes")) if partial else find_classes(y)
    if not np.array_equal(estimator._label_classes, new):
        raise ValueError(
            "Expected the same classes as in the previous call to fit or partial_fit, "
            f"{estimator.classes_}, got {new}. To start from scratch, fit a clone."
        )

"""Labels y, targets Y of the network, and samples as plain arrays."""

from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from numbers import Real

import numpy as np
import scipy.sparse
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from skimdb.neural_network._sparse_rows import SparseRows


def check_labels(y, name="y", *, warn=False):
    """Check labels or an indicator matrix.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_labels)
    name : str, default="y"
        Name of `y` in error messages.
    warn : bool, default=False
        Warn if the labels are a single column.

    Returns
    -------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)

    Raises
    ------
    ValueError
        If `y` is neither class labels nor an indicator matrix.
    """
    y = y.toarray() if scipy.sparse.issparse(y) else np.asarray(y)
    try:
        np.unique(y)
    except TypeError as error:
        kinds = sorted({type(label).__name__ for label in y.ravel()})
        raise ValueError(
            f"Expected {name} to have labels of one type, got {' and '.join(kinds)}, "
            "which cannot be sorted. Convert them all to strings or all to numbers."
        ) from error
    kind = type_of_target(y, input_name=name)
    check_classification_targets(y)
    if y.ndim == 2 and y.shape[1] > 1:
        # For scikit-learn, any matrix of two values is a "multilabel-indicator".
        if kind == "multilabel-indicator" and np.isin(y, (0, 1)).all():
            return y
        raise ValueError(
            f"{name} has {y.shape[1]} columns but contains values other than 0 and 1. "
            "For multilabel targets, use 1 if a sample has the label and 0 otherwise. "
            "For several targets, use sklearn.multioutput.MultiOutputClassifier."
        )
    return column_or_1d(y, warn=warn)


def find_classes(y):
    """Classes of checked labels.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)

    Returns
    -------
    classes : ndarray of shape (n_classes,), or list of ndarray
        For an indicator matrix, a list of 0 and 1 for each column, in the dtype of y.
    """
    if y.ndim == 1:
        return np.unique(y)
    return [np.array([0, 1]).astype(y.dtype) for _ in range(y.shape[1])]


def is_multilabel(classes):
    """Tell whether these are the classes of an indicator matrix."""
    return isinstance(classes, list)


def encode_labels(y, classes, name="y"):
    """Convert labels to targets of the network.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
    classes : ndarray of shape (n_classes,), or list of ndarray
    name : str, default="y"
        Name of `y` in error messages.

    Returns
    -------
    Y : ndarray of uint8 of shape (n_samples, n_outputs)
        A column for two classes, else one per class or label.

    Raises
    ------
    ValueError
        If y has other labels.
    """
    if is_multilabel(classes) or y.ndim == 2:
        if not np.array_equal(classes, find_classes(y)):
            raise ValueError(
                f"Expected {name} to have the same form as in the first fit, labels or "
                f"an indicator matrix with the same columns, got shape {y.shape}. To "
                "change it, fit a clone."
            )
        return y.astype(np.uint8)
    unknown = sorted(set(y.tolist()) - set(classes.tolist()), key=str)
    if unknown:
        raise ValueError(
            f"{name} has labels that are not among the classes {classes.tolist()}: "
            f"{unknown}. Drop these samples, or include the labels in y (in classes on "
            "the first call to partial_fit)."
        )
    codes = np.searchsorted(classes, y)
    if len(classes) == 2:
        return codes[:, np.newaxis].astype(np.uint8)
    Y = np.zeros((len(y), len(classes)), np.uint8)
    Y[np.arange(len(y)), codes] = 1
    return Y


def weigh_classes(class_weight, y, classes, sample_weight):
    """Compute the weight of each sample from the weights of its classes.

    Parameters
    ----------
    class_weight : dict, list of dict, "balanced" or None
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
    classes : ndarray of shape (n_classes,), or list of ndarray
    sample_weight : ndarray of shape (n_samples,)

    Returns
    -------
    weight : ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If weights are negative or not finite, or zero for all samples.
    """
    if class_weight is None:
        return np.ones(len(y))
    is_list = isinstance(class_weight, list)
    if is_list and not is_multilabel(classes):
        raise ValueError(
            "Expected class_weight to be a dict from classes to weights, got "
            f"{class_weight!r}. A list is for an indicator matrix: a dict per label."
        )
    given = class_weight if is_list else [class_weight]
    values = [v for each in given if isinstance(each, dict) for v in each.values()]
    with np.errstate(over="ignore"):
        if not all(isinstance(value, Real) for value in values):
            weight = np.zeros(len(y))
        elif is_multilabel(classes):
            weight = compute_sample_weight(class_weight, y)
        else:
            weight = compute_class_weight(
                class_weight, classes=classes, y=y, sample_weight=sample_weight
            )[np.searchsorted(classes, y)]
    largest = weight.max()
    if not (weight.min() >= 0 and 0 < largest < np.inf) or not (
        (weight / largest * sample_weight).any()
    ):
        raise ValueError(
            "Expected class weights that are finite, at least 0, and positive for some "
            f"sample, got class_weight={class_weight!r}. Only their proportions count, "
            "so use numbers around 1."
        )
    return weight / largest


def decode_labels(proba, classes):
    """Find the most probable class or labels of each sample.

    Parameters
    ----------
    proba : ndarray of shape (n_samples, n_classes)
    classes : ndarray of shape (n_classes,), or list of ndarray

    Returns
    -------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        In the dtype of the classes.
    """
    if is_multilabel(classes):
        return classes[0][(proba > 0.5).astype(int)]
    return classes[proba.argmax(axis=1)]


@dataclass(frozen=True)
class Samples:
    """Training or validation samples.

    Attributes
    ----------
    X : ndarray, CSR or SparseRows of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
        Targets of the network: 0 and 1.
    sample_weight : ndarray of shape (n_samples,)
        Weights in the loss, with a mean of 1, in the dtype of `X`.
    metric_weight : ndarray of shape (n_samples,)
        Weights in the metrics, with a mean of 1. They exclude class weights.
    """

    X: object
    Y: np.ndarray
    sample_weight: np.ndarray
    metric_weight: np.ndarray

    def __len__(self):
        return len(self.Y)

    def select(self, rows):
        """Return the samples in some rows, with their targets in the dtype of `X`."""
        Y = self.Y[rows].astype(self.sample_weight.dtype, copy=False)
        weights = self.sample_weight[rows], self.metric_weight[rows]
        return Samples(self.X[rows], Y, *weights)

    def view_sparse(self):
        """Return the samples with sparse features as `SparseRows`, without a copy."""
        if not scipy.sparse.issparse(self.X):
            return self
        X = self.X
        X = SparseRows(X.data, X.indices, X.indptr, X.shape)
        return Samples(X, self.Y, self.sample_weight, self.metric_weight)


def make_samples(X, Y, sample_weight, class_weight=1.0):
    """Scale the weights to a mean of 1, in the dtype of `X`.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,)
    class_weight : float or ndarray of shape (n_samples,), default=1.0
        Further weights, used in the loss only.

    Returns
    -------
    samples : Samples
    """
    in_loss, in_metrics = (
        (weight / np.mean(weight)).astype(X.dtype)
        for weight in (sample_weight * class_weight, sample_weight)
    )
    return Samples(X, Y, in_loss, in_metrics)


def fill_batches(chunks, batch_size):
    """Move samples across the borders of chunks, so that batches are full.

    Parameters
    ----------
    chunks : iterator of Samples
        At least one.
    batch_size : int

    Yields
    ------
    block : Samples
        A block per chunk, in the same order. All blocks but the last consist of full
        batches.
    """
    held = next(chunks)
    for chunk in chunks:
        stop = len(held) // batch_size * batch_size
        if stop:
            yield held.select(slice(stop))
        held = _join_samples(held.select(slice(stop, None)), chunk)
    yield held


def _join_samples(*parts):
    is_sparse = scipy.sparse.issparse(parts[0].X)
    stack = partial(scipy.sparse.vstack, format="csr") if is_sparse else np.vstack
    return Samples(
        stack([part.X for part in parts]),
        np.vstack([part.Y for part in parts]),
        np.concatenate([part.sample_weight for part in parts]),
        np.concatenate([part.metric_weight for part in parts]),
    )


def number_distinct_rows(X, Y):
    """Number the distinct rows in an order that depends only on their content.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
        Rows with different targets are distinct, too.

    Returns
    -------
    numbers : ndarray of int of shape (n_samples,)
    """
    X = scipy.sparse.csr_array(X)
    indices = X.indices.astype(np.int64, copy=False)
    digests = [
        blake2b(
            indices[begin:end].tobytes()
            + X.data[begin:end].tobytes()
            + row.astype(float).tobytes(),
            digest_size=16,
        ).digest()
        for begin, end, row in zip(X.indptr[:-1], X.indptr[1:], Y, strict=True)
    ]
    numbers = {digest: number for number, digest in enumerate(sorted(set(digests)))}
    return np.array([numbers[digest] for digest in digests])


def choose_held_out(X, Y, fraction, seed, *, stratify=True):
    """Choose the samples to hold out. Equal samples stay together.

    A sample that is in both parts would make the held-out part too easy.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
    fraction : float
    seed : int
    stratify : bool, default=True
        Hold out the same share of each class.

    Returns
    -------
    held_out : ndarray of bool of shape (n_samples,)
        At least one distinct sample of each class that has two or more.
    """
    rng = np.random.default_rng(seed)
    numbers = number_distinct_rows(X, Y)
    _, first = np.unique(numbers, return_index=True)
    classes = Y[first] if stratify else np.zeros_like(Y[first])
    strata = np.unique(classes, axis=0, return_inverse=True)[1].ravel()
    chosen = np.zeros(len(first), bool)
    for stratum in range(strata.max() + 1):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        n_held_out = np.clip(round(fraction * len(members)), 1, len(members) - 1)
        chosen[members[:n_held_out]] = True
    if not chosen.any():
        raise ValueError(
            "Early stopping has nothing to hold out: no class has two different "
            "samples. Pass X_val and y_val, or more samples."
        )
    return chosen[numbers]

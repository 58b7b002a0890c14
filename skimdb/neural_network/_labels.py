"""Labels and targets of the network: from y to Y, and back."""

from numbers import Real

import numpy as np
import scipy.sparse
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d


def check_labels(y, name="y", *, warn=False):
    """Check labels, or an indicator matrix with a column per label.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_labels)
    name : str, default="y"
        Name of `y` in error messages.
    warn : bool, default=False
        Warn of a single column.

    Returns
    -------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)

    Raises
    ------
    ValueError
        If they are no classes.
    """
    y = y.toarray() if scipy.sparse.issparse(y) else np.asarray(y)
    try:
        np.unique(y)
    except TypeError as error:
        kinds = sorted({type(label).__name__ for label in y.ravel()})
        raise ValueError(
            f"{name} has labels of types that cannot be sorted together, "
            f"{' and '.join(kinds)}. Make them all strings or all numbers."
        ) from error
    kind = type_of_target(y, input_name=name)
    check_classification_targets(y)
    if y.ndim == 2 and y.shape[1] > 1:
        # "multilabel-indicator" is any matrix of two codes, such as 1 and 2.
        if kind == "multilabel-indicator" and np.isin(y, (0, 1)).all():
            return y
        raise ValueError(
            f"{name} has {y.shape[1]} columns, but is no indicator matrix of 0 and 1. "
            "Code a label that a sample has as 1, and one that it has not as 0. For "
            "several targets at once, fit one classifier each: "
            "sklearn.multioutput.MultiOutputClassifier does."
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
        The list has 0 and 1, in the dtype of y, for each column of an indicator.
    """
    if y.ndim == 1:
        return np.unique(y)
    return [np.array([0, 1]).astype(y.dtype) for _ in range(y.shape[1])]


def is_multilabel(classes):
    """Whether these are the classes of an indicator matrix."""
    return isinstance(classes, list)


def _describe(classes):
    if is_multilabel(classes):
        return f"{len(classes)} labels in an indicator matrix"
    return f"the classes {classes.tolist()}"


def have_same_classes(classes, others):
    """Whether two results of `find_classes` agree."""
    if is_multilabel(classes) or is_multilabel(others):
        return type(classes) is type(others) and len(classes) == len(others)
    return set(classes.tolist()) == set(others.tolist())


def encode_labels(y, classes, name="y"):
    """Turn labels into targets of the network.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
    classes : ndarray of shape (n_classes,), or list of ndarray
    name : str, default="y"
        Name of `y` in error messages.

    Returns
    -------
    Y : ndarray of shape (n_samples, n_outputs)
        A column for two classes, else one per class or label.

    Raises
    ------
    ValueError
        If y has other labels.
    """
    if is_multilabel(classes) or y.ndim == 2:
        if not have_same_classes(classes, find_classes(y)):
            raise ValueError(
                f"{name} has {_describe(find_classes(y))}, but the classifier "
                f"was fitted on {_describe(classes)}. Code them in the same way, or "
                "fit a clone."
            )
        return y.astype(np.float64)
    unknown = sorted(set(y.tolist()) - set(classes.tolist()), key=str)
    if unknown:
        raise ValueError(
            f"{name} has labels that are not among {_describe(classes)}: {unknown}. "
            "The network has no output for them. Leave such samples out, or let it "
            "know them from the first: in y, or in the classes of partial_fit."
        )
    codes = np.searchsorted(classes, y)
    if len(classes) == 2:
        return codes[:, np.newaxis].astype(np.float64)
    return np.eye(len(classes))[codes]


def weigh_classes(class_weight, y, classes, sample_weight):
    """Weight of each sample by its classes.

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
    _check_class_weight(class_weight)
    if is_multilabel(classes):
        with np.errstate(over="ignore"):
            weight = compute_sample_weight(class_weight, y)
    else:
        per_class = compute_class_weight(
            class_weight, classes=classes, y=y, sample_weight=sample_weight
        )
        weight = per_class[np.searchsorted(classes, y)]
    largest = weight.max()
    if not 0 < largest < np.inf or not (weight / largest * sample_weight).any():
        raise ValueError(
            f"class_weight={class_weight!r}: the weight of a sample, over all labels "
            "multiplied, must be finite, and for some sample more than 0. Only "
            "proportions count, so give numbers around 1."
        )
    return weight / largest


def _check_class_weight(class_weight):
    """Raise for a weight that is no finite number of at least 0."""
    if isinstance(class_weight, str):
        return
    dicts = class_weight if isinstance(class_weight, list) else [class_weight]
    if not all(isinstance(one, dict) for one in dicts):
        raise ValueError(
            f"class_weight={class_weight!r}: a list must hold a dict for each column "
            "of an indicator matrix. For other labels give a dict: {0: 1.0, 1: 2.0}."
        )
    for value in (value for one in dicts for value in dict(one).values()):
        if not (isinstance(value, Real) and 0 <= value < np.inf):
            raise ValueError(
                f"class_weight={class_weight!r}: weights must be finite numbers of at "
                f"least 0, got {value!r}."
            )


def decode_labels(proba, classes):
    """Most probable labels.

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

"""Labels y and targets Y of the network."""

import numpy as np
import scipy.sparse
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d


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


def _describe(classes):
    if is_multilabel(classes):
        return f"{len(classes)} labels in an indicator matrix"
    return f"the classes {classes.tolist()}"


def have_same_classes(classes, others):
    """Tell whether two results of `find_classes` agree."""
    if is_multilabel(classes) or is_multilabel(others):
        return type(classes) is type(others) and len(classes) == len(others)
    return set(classes.tolist()) == set(others.tolist())


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
        if not have_same_classes(classes, find_classes(y)):
            raise ValueError(
                f"Expected {name} to have {_describe(classes)}, as in the first fit, "
                f"got {_describe(find_classes(y))}. Encode it in the same way, or fit "
                "a clone."
            )
        return y.astype(np.uint8)
    unknown = sorted(set(y.tolist()) - set(classes.tolist()), key=str)
    if unknown:
        raise ValueError(
            f"{name} has labels that are not among {_describe(classes)}: {unknown}. "
            "Drop these samples, or include the labels in y (in classes on the first "
            "call to partial_fit)."
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
    if is_multilabel(classes):
        with np.errstate(over="ignore"):
            weight = compute_sample_weight(class_weight, y)
    else:
        per_class = compute_class_weight(
            class_weight, classes=classes, y=y, sample_weight=sample_weight
        )
        weight = per_class[np.searchsorted(classes, y)]
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

"""Scale columns by how much more often they occur in one class."""

import copy
from numbers import Real
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.sparsefuncs import inplace_column_scale
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from skimdb._checks import check_labels_present
from skimdb._sklearn import (
    Interval,
    _align_api_if_sparse,
    _check_sample_weight,
    _fit_context,
)


class LogCountRatioTransformer(
    OneToOneFeatureMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Scale each column by its naive-Bayes log-count ratio.

    A word that is equally frequent in positive and negative documents gets a scale
    near 0. A word that occurs almost only in one class gets a large scale. A penalized
    or briefly trained classifier then spends its weights on the words that distinguish
    the classes. The scale is learned from the labels of the training documents, so the
    transformer belongs in a Pipeline, before the classifier. Cross-validation of the
    Pipeline learns it from the training part of each split.

    Read more in the :ref:`User Guide <guide-beyond>`.

    Parameters
    ----------
    smoothing : float, default=1.0
        Count that is added to each column in each class. Larger values move the ratios
        of rare words towards 0. Must be greater than 0, since a word that never occurs
        in one class would otherwise have an infinite ratio.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels. For an indicator matrix, the column numbers.
    log_count_ratio_ : ndarray of float64, shape (n_classes, n_features)
        Log-count ratio of each class against all others. For two classes, the shape is
        (1, n_features), with the ratio of the second class, ``classes_[1]``.
    scale_ : ndarray of float64, shape (n_features,)
        Factor of each column: the ratio itself for two classes, or for an indicator
        matrix with one column; the root mean square of the ratios for more classes.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if `X` has names that are all strings.

    See Also
    --------
    skimdb.TextMultiHotVectorizer : Encode texts as a matrix.
    sklearn.feature_extraction.text.TfidfTransformer : Scale columns by their document
        frequency, without labels.
    sklearn.naive_bayes.MultinomialNB : Classify by these ratios alone.

    Notes
    -----
    Let ``p`` be the column sums of the documents of a class, and ``q`` the column sums
    of all other documents, both with `smoothing` added. The ratio is [1]_ ::

        r = log((p / sum(p)) / (q / sum(q)))

    A weight of 2 counts a sample twice. The values of `X` are used without changes.
    Zeros and ones (`TextMultiHotVectorizer`) usually give better results than counts
    (`CountVectorizer`).

    The output has the same columns as the input, for any number of classes. A block of
    columns per class would not help a linear model, since the blocks are multiples of
    each other: with an L2 penalty, they are equivalent to one column scaled by the root
    of the sum of their squares. To scale the columns separately for each one-vs-rest
    classifier, as in a support vector machine with naive-Bayes features, wrap both:
    ``OneVsRestClassifier(make_pipeline(LogCountRatioTransformer(), LinearSVC()))``.

    References
    ----------
    .. [1] Wang, S. and Manning, C. D. (2012). Baselines and Bigrams: Simple, Good
       Sentiment and Topic Classification. Proceedings of the 50th Annual Meeting of
       the Association for Computational Linguistics, 90-94.
       https://aclanthology.org/P12-2018/

    Examples
    --------
    >>> from skimdb import LogCountRatioTransformer, TextMultiHotVectorizer
    >>> texts = ["a good film", "a good plot", "a bad film", "a bad plot"]
    >>> y = ["pos", "pos", "neg", "neg"]
    >>> vectorizer = TextMultiHotVectorizer()
    >>> X = vectorizer.fit_transform(texts)
    >>> transformer = LogCountRatioTransformer().fit(X, y)
    >>> for word, scale in zip(vectorizer.vocabulary_, transformer.scale_):
    ...     print(f"{word:4} {scale:5.2f}")
    a     0.00
    bad  -1.10
    film  0.00
    good  1.10
    plot  0.00
    >>> transformer.transform(X).shape
    (4, 5)
    """

    _parameter_constraints: dict = {
        "smoothing": [Interval(Real, 0, None, closed="neither")],
    }

    classes_: np.ndarray
    log_count_ratio_: np.ndarray
    scale_: np.ndarray
    n_features_in_: int
    feature_names_in_: np.ndarray

    def __init__(self, *, smoothing: float = 1.0):
        self.smoothing = smoothing

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn the ratio of each column from the labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training samples: counts, or 1 if a document contains a word.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels, or an indicator matrix.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. None stands for equal weights.

        Returns
        -------
        self : LogCountRatioTransformer
            Fitted transformer.

        Raises
        ------
        ValueError
            If `X` or `sample_weight` has negative values, or `y` has only one class.
        """
        fitted = copy.copy(self)  # a failed fit leaves the estimator unchanged
        X, y, weight = fitted._check_training(X, y, sample_weight)
        binarizer = LabelBinarizer()
        # A column per class or label, a single one for two classes.
        members = binarizer.fit_transform(y).astype(np.float64)
        if y.ndim == 1 and len(binarizer.classes_) < 2:
            raise ValueError(
                "Expected at least two classes in y, got 1 class, "
                f"{binarizer.classes_[0]!r}. For parts of a split, stratify the split."
            )
        inside = _compute_log_shares(X, weight * members, self.smoothing)
        outside = _compute_log_shares(X, weight * (1 - members), self.smoothing)
        ratio = inside - outside
        fitted.classes_ = binarizer.classes_
        fitted.log_count_ratio_ = ratio
        several = len(ratio) > 1
        fitted.scale_ = np.sqrt(np.mean(ratio**2, axis=0)) if several else ratio[0]
        self.__dict__ = vars(fitted)
        return self

    def _check_training(self, X, y, sample_weight):
        """Return the checked matrix, labels and weights (as a column)."""
        check_labels_present(y)
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=("csr", "csc"),
            dtype=[np.float64, np.float32],
            multi_output=True,
        )
        smallest = (X.data if sp.issparse(X) else X).min(initial=0)
        if smallest < 0:
            raise ValueError(
                f"Negative values in data passed to {type(self).__name__}, such as "
                f"{smallest:g}. Pass counts, or 1 if a document contains a word. Use "
                "it after the vectorizer and before any step that centers columns."
            )
        check_classification_targets(y)
        if not type_of_target(y).startswith("multilabel"):
            y = column_or_1d(y, warn=True)
        weight = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
        return X, y, weight[:, np.newaxis]

    def transform(self, X: Any) -> np.ndarray | sp.spmatrix | sp.sparray:
        """Scale the columns.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples, which are not modified.

        Returns
        -------
        X_new : ndarray or sparse matrix of shape (n_samples, n_features)
            Columns times `scale_`: sparse if `X` is sparse, in the dtype of `X` if it
            is float32 or float64.
        """
        check_is_fitted(self)
        X = validate_data(
            self,
            X,
            accept_sparse=("csr", "csc"),
            dtype=[np.float64, np.float32],
            copy=True,
            reset=False,
        )
        scale = self.scale_.astype(X.dtype)
        if not sp.issparse(X):
            return X * scale
        inplace_column_scale(X, scale)
        return _align_api_if_sparse(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _compute_log_shares(X, members, smoothing):
    """Compute the logarithm of the share of each column in a group's counts.

    There is one row per group. `members` has one column per group: the weights of the
    samples in it.
    """
    counts = (X.T @ members).T + smoothing
    return np.log(counts) - np.log(counts.sum(axis=1, keepdims=True))

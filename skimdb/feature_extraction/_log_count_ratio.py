"""Columns scaled by how much more often they are found in one class."""

import copy
from numbers import Real

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

    A word that positive and negative documents have equally often says nothing, and
    its column is scaled to nearly 0; a word that almost only one class has gets a
    large scale. A penalized or briefly trained classifier then spends its weights on
    the words that tell the classes apart. The scale is learned from the labels of the
    training documents, so the transformer belongs into a Pipeline, before the
    classifier; a cross-validation of the Pipeline learns it anew in each split.

    Parameters
    ----------
    smoothing : float, default=1.0
        Count that is added to each column in each class. The larger, the closer to 0
        the ratios of rare words. Must be greater than 0, since a word that one class
        never has would otherwise have an infinite ratio.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels. Of an indicator matrix the numbers of its columns.
    log_count_ratio_ : ndarray of float64, shape (n_classes, n_features)
        Log-count ratio of each class against all others; shape (1, n_features) for
        two classes, where it is that of the second, ``classes_[1]``.
    scale_ : ndarray of float64, shape (n_features,)
        What each column is multiplied by: the ratio itself for two classes, the root
        of the mean square of the ratios for more. Of an indicator matrix with one
        column, it is the ratio of that column.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if `X` had any that are all strings.

    See Also
    --------
    skimdb.TextMultiHotVectorizer : Makes the matrix of texts.
    sklearn.feature_extraction.text.TfidfTransformer : Scales columns by how rare they
        are, whatever the labels.
    sklearn.naive_bayes.MultinomialNB : Classifies by these ratios alone.

    Notes
    -----
    With ``p`` the column sums of the documents of a class, ``q`` those of all
    other documents, both with `smoothing` added, the ratio is [1]_ ::

        r = log((p / sum(p)) / (q / sum(q)))

    Samples count as often as their weight says. The values of `X` are used as they
    are. Whether a document has a word (`TextMultiHotVectorizer`) mostly serves
    better than how often (`CountVectorizer`).

    There is one column out for each column in, whatever the number of classes. A
    block of columns for each class would not tell a linear model more, since the
    blocks are multiples of each other: an L2 penalty treats them as it does one
    column with the root of the sum of their squares as scale. For a scale of its own
    in each one-vs-rest classifier, as for a support vector machine with naive-Bayes
    features, wrap both:
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

    def __init__(self, *, smoothing=1.0):
        self.smoothing = smoothing

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Learn the ratio of each column from the labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training samples: counts, or 1 where a document has a word.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels, or an indicator matrix.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None weighs all alike.

        Returns
        -------
        self : LogCountRatioTransformer
            The fitted transformer.

        Raises
        ------
        ValueError
            If `X` has negative values, `sample_weight` has, or `y` has 1 class only.
        """
        fitted = copy.copy(self)  # a fit that fails leaves this one as it was
        X, y, weight = fitted._check_training(X, y, sample_weight)
        binarizer = LabelBinarizer()
        # A column per class or label, a single one for two classes.
        members = binarizer.fit_transform(y).astype(np.float64)
        if y.ndim == 1 and len(binarizer.classes_) < 2:
            raise ValueError(
                f"y has 1 class only, {binarizer.classes_[0]!r}, and a ratio needs two "
                "or more. If y is a part of the samples, stratify the split."
            )
        inside = _compute_log_shares(X, weight * members, self.smoothing)
        outside = _compute_log_shares(X, weight * (1 - members), self.smoothing)
        ratio = inside - outside
        fitted.classes_ = binarizer.classes_
        fitted.log_count_ratio_ = ratio
        fitted.scale_ = (
            ratio[0].copy() if len(ratio) == 1 else np.sqrt(np.mean(ratio**2, axis=0))
        )
        self.__dict__ = vars(fitted)
        return self

    def _check_training(self, X, y, sample_weight):
        """Return what `fit` is given as matrix, labels and column of weights."""
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
                f"{smallest:g}. It takes counts, or 1 where a document has a word: put "
                "it right after the vectorizer, before any step that centers columns."
            )
        check_classification_targets(y)
        if not type_of_target(y).startswith("multilabel"):
            y = column_or_1d(y, warn=True)
        weight = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
        return X, y, weight[:, np.newaxis]

    def transform(self, X):
        """Scale the columns.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples; left as they are.

        Returns
        -------
        X_new : ndarray or sparse matrix of shape (n_samples, n_features)
            The columns times `scale_`, sparse if `X` is, in its dtype if that is
            float32 or float64.
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
    """Logarithm of what each column has of a group's counts, a row per group.

    `members` has a column per group, with the weight of each sample in it.
    """
    counts = (X.T @ members).T + smoothing
    return np.log(counts) - np.log(counts.sum(axis=1, keepdims=True))

"""What the columns of a vectorizer stand for."""

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_array, check_is_fitted

from skimdb.feature_extraction._corpus import plan
from skimdb.feature_extraction._options import check_vocabulary
from skimdb.feature_extraction._vocabulary import KERAS_NAMES


class ColumnsMixin:
    """The way back from columns to words, given `vocabulary_`."""

    def inverse_transform(self, X):
        """Words of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Matrix as `transform` gives it; all that is not zero counts.

        Returns
        -------
        X_original : list of n_samples arrays
            The words, or token ids, by falling frequency. Columns that stand for
            no word are left out.
        """
        layout = self._get_layout()
        words = self._get_words()
        X = sp.csr_array(check_array(X, accept_sparse="csr"))
        if X.shape[1] != layout.n_columns:
            raise ValueError(
                f"X has {X.shape[1]} columns, but {type(self).__name__} has "
                f"{layout.n_columns}."
            )
        rows, columns = X.nonzero()
        columns = columns - layout.first
        is_word = (columns >= 0) & (columns < len(words))
        n_words = np.bincount(rows[is_word], minlength=X.shape[0])
        return np.split(words[columns[is_word]], np.cumsum(n_words)[:-1])

    def decode(self, ids):
        """Words that column numbers stand for.

        With ``index="keras"`` these are the ids of Keras's encoding of a text.

        Parameters
        ----------
        ids : array-like of int, shape (n_tokens,)
            Numbers of columns, in the order of the text or any other.

        Returns
        -------
        text : str
            The words, with blanks between. ``"?"`` is for a column of no word.
        """
        layout = self._get_layout()
        ids = check_array(ids, ensure_2d=False, ensure_min_samples=0, dtype=None)
        if ids.ndim != 1 or (ids.size and not np.issubdtype(ids.dtype, np.integer)):
            raise ValueError(
                "One sequence of integer ids expected, got an array of shape "
                f"{ids.shape} and type {ids.dtype}."
            )
        if ids.size and not 0 <= ids.min() <= ids.max() < layout.n_columns:
            raise ValueError(
                f"Ids must be from 0 to {layout.n_columns - 1}, the last column; got "
                f"ids from {ids.min()} to {ids.max()}."
            )
        names = np.full(layout.n_columns, "?", dtype=object)
        words = self._get_words()
        names[layout.first : layout.first + len(words)] = words
        return " ".join(map(str, names[ids.astype(int)]))

    def get_feature_names_out(self, input_features=None):
        """Names of the columns.

        Parameters
        ----------
        input_features : None
            Ignored, there by convention.

        Returns
        -------
        feature_names_out : ndarray of str objects, shape (n_features,)
            The words. Other columns are ``"<oov>"`` and, with ``index="keras"``,
            ``"<pad>"``, ``"<start>"`` and ``"<unused>"``.
        """
        layout = self._get_layout()
        before = KERAS_NAMES[: layout.first]
        names = [*before, *map(str, self._get_words())]
        names += ["<oov>"] * (layout.n_columns - len(names))
        return np.array(names, dtype=object)

    def _get_vocabulary(self):
        """Column of each term, in the order of the columns."""
        if self.vocabulary is None:
            check_is_fitted(self)
        if hasattr(self, "vocabulary_"):
            if not self.vocabulary_:
                raise ValueError("The vocabulary is empty: no term fits the options.")
            return self.vocabulary_
        words = check_vocabulary(self)
        first = plan(self, len(words), sequences=False).first
        return dict(zip(words, range(first, first + len(words)), strict=True))

    def _get_words(self):
        vocabulary = self._get_vocabulary()
        words = np.empty(len(vocabulary), dtype=object)
        words[:] = list(vocabulary)
        return words

    def _get_layout(self):
        vocabulary = self._get_vocabulary()
        # Only token ids that are columns themselves begin at 0 with index="keras".
        return plan(self, len(vocabulary), sequences=0 in vocabulary.values())

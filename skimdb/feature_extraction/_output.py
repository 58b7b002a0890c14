"""What `transform` returns where `sklearn.set_config` asks for tables."""

from functools import wraps

import scipy.sparse as sp
from sklearn.base import TransformerMixin

from skimdb._sklearn import _wrap_data_with_container, has_own_output


class SparseOutputMixin(TransformerMixin):
    """Let sparse matrices pass where tables are asked for globally.

    A table cannot hold a sparse matrix, so `TransformerMixin` raises for one, be it
    `set_output` that asked for tables or `set_config`. `CountVectorizer` knows no
    tables and works under any configuration, and so must every pipeline of texts: only
    what was asked of the transformer itself is an error. Dense arrays become tables
    either way.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name in ("transform", "fit_transform"):
            if name in vars(cls):
                setattr(cls, name, _pass_sparse(vars(cls)[name]))


def _pass_sparse(method):
    """Put a wrapper of ours in the place of scikit-learn's, which raises."""
    compute = method.__wrapped__

    @wraps(compute)
    def call(self, X, *args, **kwargs):
        result = compute(self, X, *args, **kwargs)
        if sp.issparse(result) and not has_own_output(self):
            return result
        return _wrap_data_with_container("transform", result, X, self)

    return call


# scikit-learn wraps what a class defines, as it makes the class.
SparseOutputMixin.fit_transform = _pass_sparse(TransformerMixin.fit_transform)

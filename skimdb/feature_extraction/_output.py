"""What `transform` returns where `sklearn.set_config` asks for tables."""

from functools import wraps

from sklearn.base import TransformerMixin

from skimdb._sklearn import has_own_output


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
    """Go around scikit-learn's wrapper, which raises, where it is not wanted."""

    @wraps(method)
    def call(self, *args, **kwargs):
        is_asked = not self.sparse_output or has_own_output(self)
        return (method if is_asked else method.__wrapped__)(self, *args, **kwargs)

    return call

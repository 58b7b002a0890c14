"""Every name of scikit-learn in use that is private or lives in a private module.

No other file imports one. Each line gives the reason for its use.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

# What `make_scorer` returns: tells a scorer, which has a name and a metric, from any
# other callable.
from sklearn.metrics._scorer import _BaseScorer as BaseScorer

# `GridSearchCV` is the public way to its base, and brings the exhaustive grid along.
from sklearn.model_selection._search import BaseSearchCV

# Indexes arrays, sparse matrices, lists and frames alike; the public
# `sklearn.utils.resample` draws.
# `_align_api_if_sparse` gives the sparse matrices or arrays that `set_config` asks for.
from sklearn.utils import _align_api_if_sparse, _safe_indexing

# Cores that this process may use, which joblib's workers and containers limit.
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

# Says how to install matplotlib, in scikit-learn's words.
from sklearn.utils._optional_dependencies import check_matplotlib_support

# Constraints of parameters, and their check in functions.
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    RealNotInt,
    StrOptions,
    validate_parameter_constraints,
)

# Cut fit parameters to the rows of a split; check sample weights: the checks behind
# `fit` everywhere.
from sklearn.utils.validation import _check_method_params, _check_sample_weight

if TYPE_CHECKING:  # scikit-learn has no types, so decorated functions would lose theirs
    _Function = TypeVar("_Function", bound=Callable)

    def _fit_context(
        *, prefer_skip_nested_validation: bool
    ) -> Callable[[_Function], _Function]: ...

    def validate_params(
        parameter_constraints: dict, *, prefer_skip_nested_validation: bool
    ) -> Callable[[_Function], _Function]: ...

else:
    # Validate parameters in `fit` and in functions, as scikit-learn's own do; see
    # `sklearn.base.BaseEstimator`, which documents no public decorator.
    from sklearn.base import _fit_context
    from sklearn.utils._param_validation import validate_params

"""The tasks of a search, as scikit-learn's callbacks see them."""

from contextlib import contextmanager

from skimdb._callbacks import describe_task, run_task


@contextmanager
def run_fit(context, search, estimator, split):
    """Run the task of training an estimator, below the task of a search.

    The epochs of the estimator become its subtasks.

    Parameters
    ----------
    context : CallbackContext
    search : EpochSearchCV
        Passed to the callbacks.
    estimator : classifier or regressor
    split : PreparedSplit
    """
    weight = split.fit_params.get("sample_weight")
    params = describe_task(search, split.X, split.y, weight)
    with context.propagate_callback_context(estimator), run_task(context, params):
        yield


def has_callbacks(*estimators):
    """Whether any of the estimators has callbacks of scikit-learn."""
    return any(getattr(estimator, "_skl_callbacks", None) for estimator in estimators)

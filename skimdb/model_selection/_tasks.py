"""The tasks of a search, as scikit-learn's callbacks see them."""

from contextlib import contextmanager
from typing import NamedTuple


@contextmanager
def run_task(context, **params):
    """Tell scikit-learn's callbacks where a task begins and where it ends.

    It also ends by an error.

    Parameters
    ----------
    context : CallbackContext
    **params : dict
        Estimator and data, passed to the callbacks.
    """
    context.call_on_fit_task_begin(**params)
    try:
        yield
    finally:
        context.call_on_fit_task_end(**params)


class FitTask(NamedTuple):
    """The task of training an estimator, below the task of a search.

    Attributes
    ----------
    context : CallbackContext
    search : EpochSearchCV
        Passed to the callbacks.
    """

    context: object
    search: object

    @contextmanager
    def run(self, estimator, split):
        """Run the task; the epochs of the estimator become its subtasks."""
        weight = split.fit_params.get("sample_weight")
        metadata = None if weight is None else {"sample_weight": weight}
        with (
            self.context.propagate_callback_context(estimator),
            run_task(
                self.context,
                estimator=self.search,
                X=split.X,
                y=split.y,
                metadata=metadata,
            ),
        ):
            yield


def has_callbacks(*estimators):
    """Whether any of the estimators has callbacks of scikit-learn."""
    return any(getattr(estimator, "_skl_callbacks", None) for estimator in estimators)

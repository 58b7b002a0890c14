"""scikit-learn's callbacks: the tasks of a fit or a search."""

from contextlib import contextmanager
from types import SimpleNamespace


def describe_task(estimator, X, y, sample_weight):
    """Return the arguments of scikit-learn's callbacks at a task.

    Parameters
    ----------
    estimator : estimator
        The one whose callbacks are called.
    X, y, sample_weight : object
        Data of the task; the weights may be None.

    Returns
    -------
    params : dict
    """
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    return {"estimator": estimator, "X": X, "y": y, "metadata": metadata}


@contextmanager
def run_task(context, params, fitted=None):
    """Run a task of scikit-learn's callbacks: a search, a fit or an epoch.

    Parameters
    ----------
    context : CallbackContext
    params : dict
        Result of `describe_task`.
    fitted : dict or callable, default=None
        Fitted attributes at the end, or a function that returns them. If None, the
        callbacks get no fitted estimator.

    Yields
    ------
    outcome : SimpleNamespace
        After the task, `stop` tells whether a callback asks to stop.
    """
    outcome = SimpleNamespace(stop=False)
    context.call_on_fit_task_begin(**params)
    end_task = context.call_on_fit_task_end
    try:
        yield outcome
    except BaseException as error:
        try:
            end_task(**params)
        except Exception as other:
            error.add_note(
                f"A callback of scikit-learn failed when {context.task_name!r} ended "
                f"by this error: {other!r}"
            )
        raise
    outcome.stop = end_task(**params, reconstruction_attributes=fitted)

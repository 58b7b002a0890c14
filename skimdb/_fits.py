"""What fits of a classifier and of a search share."""

from contextvars import ContextVar

# Whether a fit is one of several: what it writes, the others must not write, too.
one_of_several = ContextVar("one_of_several", default=False)


def end_failed_task(context, error, **params):
    """Tell scikit-learn's callbacks that a task has ended by an error.

    They get no fitted estimator. If one of them fails, that is noted in the error.

    Parameters
    ----------
    context : CallbackContext
    error : BaseException
    **params : dict
        Estimator and data.
    """
    try:
        context.call_on_fit_task_end(**params)
    except Exception as other:
        error.add_note(
            f"A callback of scikit-learn, told that {context.task_name!r} has ended by "
            f"this error, failed itself: {other!r}"
        )

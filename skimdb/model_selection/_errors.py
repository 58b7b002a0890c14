"""The error of a fit as text, which travels between processes."""

import queue
from traceback import format_exception


def format_error(error):
    """Text of an error: what it says, and its traceback from the first cause on.

    joblib runs the tasks of a single job while it handles an empty queue, which is no
    cause.

    Parameters
    ----------
    error : Exception

    Returns
    -------
    text : str
    """
    link = error
    while link is not None:
        if isinstance(link.__context__, queue.Empty):
            link.__context__ = None
        link = link.__cause__ or link.__context__
    return f"{type(error).__name__}: {error}\n" + "".join(format_exception(error))

"""Work for joblib's workers, on this machine or on a cluster."""

from joblib.parallel import get_active_backend
from sklearn.utils.parallel import Parallel

# So much of a name is shown in the dashboard of dask.
_NAME_LENGTH = 50


class Job:
    """A function under a name that tells what a call of it does.

    Parameters
    ----------
    name : str
        What a dashboard shows.
    function : callable
    """

    def __init__(self, name, function):
        self.__name__ = name[:_NAME_LENGTH]
        self._function = function

    def __call__(self, *args, **kwargs):
        """Call the function."""
        return self._function(*args, **kwargs)


def make_parallel(n_jobs):
    """Make what runs jobs.

    Parameters
    ----------
    n_jobs : int or None

    Returns
    -------
    parallel : Parallel
        Its results are a generator, or a list where the backend has lists only, as
        joblib's "multiprocessing" and Ray.
    """
    try:
        return Parallel(n_jobs=n_jobs, return_as="generator")
    except ValueError:
        return Parallel(n_jobs=n_jobs)


def share(obj):
    """Send to all workers of a cluster what many jobs are given.

    Each worker of dask then has it once, so that it is not lost with one of them.

    Parameters
    ----------
    obj : object

    Returns
    -------
    shared : object
        To give to jobs in its place. Other backends take the object itself.
    """
    backend, _ = get_active_backend()
    client = getattr(backend, "client", None)  # dask's
    if client is None:
        return obj
    return client.scatter([obj], hash=False, broadcast=True)[0]

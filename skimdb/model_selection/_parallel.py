"""Work for joblib's workers, on this machine or on a cluster."""

from concurrent.futures import CancelledError
from functools import partial

import joblib
from joblib.parallel import get_active_backend
from sklearn import config_context, get_config
from sklearn.utils.parallel import Parallel

# How often a search sends its data anew, after a worker was lost with them.
MAX_LOSSES = 10
# So much of a name is shown in the dashboard of dask.
_NAME_LENGTH = 50


class LostDataError(RuntimeError):
    """What jobs share is no longer in the cluster, such as after a worker was lost."""


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
        """Call the function.

        Raises
        ------
        LostDataError
            If dask has kept a reference to an argument, but not the argument.
        """
        if any(type(arg).__module__.startswith("distributed.") for arg in args):
            raise LostDataError("The data were lost with a worker. Fit once more.")
        return self._function(*args, **kwargs)


class _Threads(joblib.Parallel):
    """Runs jobs in threads of this process, or in the calling one.

    Like `sklearn.utils.parallel.Parallel` it gives them scikit-learn's configuration.
    That one also sets the warning filters in each job. But these are the process's: of
    two threads that set them at a time, one takes back what the other has set.
    """

    def __call__(self, jobs):
        """Run jobs made by `sklearn.utils.parallel.delayed`."""
        config = get_config()
        return super().__call__(
            (partial(_call_configured, config, job.function), args, kwargs)
            for job, args, kwargs in jobs
        )


def _call_configured(config, function, *args, **kwargs):
    with config_context(**config):
        return function(*args, **kwargs)


def make_parallel(n_jobs):
    """Make what runs jobs.

    Parameters
    ----------
    n_jobs : int or None

    Returns
    -------
    parallel : joblib.Parallel
        Its results are a generator, or a list where the backend has lists only, as
        joblib's "multiprocessing" and Ray.
    """
    backend, _ = get_active_backend()
    uses_threads = getattr(backend, "uses_threads", False)
    is_here = uses_threads or joblib.effective_n_jobs(n_jobs) == 1
    kind = _Threads if is_here else Parallel
    try:
        return kind(n_jobs=n_jobs, return_as="generator")
    except ValueError:
        return kind(n_jobs=n_jobs)


def share(obj):
    """Send to all workers of a cluster what many jobs are given.

    Each worker of dask then has it once. While few jobs are left, dask keeps fewer
    copies, and the last of them can be lost with a worker: see `is_loss`.

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
    if client is None or backend.effective_n_jobs(-1) == 1:  # joblib sends nothing
        return obj
    return client.scatter([obj], hash=False, broadcast=True)[0]


def is_loss(error):
    """Tell whether a job failed because what it shares was lost with a worker.

    Parameters
    ----------
    error : Exception

    Returns
    -------
    is_loss : bool
        Of a cluster of dask, never of this machine.
    """
    is_cancelled = isinstance(error, CancelledError)
    is_of_dask = type(error).__module__.startswith("distributed.")
    return isinstance(error, LostDataError) or (is_cancelled and is_of_dask)

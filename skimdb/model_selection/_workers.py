"""joblib's workers, on this machine or in a cluster."""

import joblib
from joblib.parallel import get_active_backend
from sklearn import config_context, get_config
from sklearn.utils.parallel import Parallel, delayed


def make_parallel(n_jobs):
    """Make the Parallel that runs jobs in joblib's active backend.

    scikit-learn's Parallel sets the warning filters in each job. In threads, the
    filters belong to the process: two jobs that overlap would leave them changed.
    Threads, and jobs in the calling thread, therefore use joblib's Parallel.

    Parameters
    ----------
    n_jobs : int or None

    Returns
    -------
    parallel : joblib.Parallel
        Its results are a generator, or a list for backends without generators, such as
        "multiprocessing" and Ray.
    """
    backend, _ = get_active_backend()
    in_threads = getattr(backend, "uses_threads", False)
    in_threads |= joblib.effective_n_jobs(n_jobs) == 1
    kind = joblib.Parallel if in_threads else Parallel
    try:
        return kind(n_jobs=n_jobs, return_as="generator_unordered")
    except ValueError:
        return kind(n_jobs=n_jobs)


def _call(config, key, function, arguments):
    with config_context(**config):
        return key, function(*arguments)


def run_jobs(parallel, function, arguments):
    """Call a function with each of several tuples of arguments, in parallel.

    Parameters
    ----------
    parallel : joblib.Parallel
    function : callable
    arguments : dict of tuple

    Returns
    -------
    results : iterable of (key, result)
        In the order in which the calls finish.
    """
    delay = delayed if isinstance(parallel, Parallel) else joblib.delayed
    config = get_config()
    return parallel(
        delay(_call)(config, key, function, each) for key, each in arguments.items()
    )


def share(obj):
    """Send an argument of many jobs to all workers of a cluster of dask, once.

    Parameters
    ----------
    obj : object

    Returns
    -------
    shared : object
        To pass to jobs instead of the object; the object itself in other backends.
    """
    backend, _ = get_active_backend()
    client = getattr(backend, "client", None)  # dask's
    if client is None or backend.effective_n_jobs(-1) == 1:  # joblib sends nothing
        return obj
    return client.scatter([obj], hash=False, broadcast=True)[0]

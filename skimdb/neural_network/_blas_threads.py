"""Products of NumPy on one core, while a step is divided among threads of our own.

The threads of OpenBLAS spin for a while after a product. So they would take a third of
the cores from ours, which have the sparse products and the update to do.
"""

import contextlib
import functools
import threading

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_n_users = 0
_n_threads = []


@contextlib.contextmanager
def limit_blas_threads():
    """Let BLAS use the calling thread alone, as `sklearn.cluster.KMeans` does.

    The number of its threads is one for the whole process. Where several threads of
    the process come here at a time, the last to leave sets it back.
    """
    global _n_users, _n_threads
    libraries = _find_blas()
    with _lock:
        if _n_users == 0:
            _n_threads = [library.get_num_threads() for library in libraries]
            for library in libraries:
                library.set_num_threads(1)
        _n_users += 1
    try:
        yield
    finally:
        with _lock:
            _n_users -= 1
            if _n_users == 0:
                for library, n_threads in zip(libraries, _n_threads, strict=True):
                    library.set_num_threads(n_threads)


@functools.cache
def _find_blas():
    return ThreadpoolController().select(user_api="blas").lib_controllers

"""Limit BLAS to one thread during a fit or a prediction.

Between the products of a network come sparse products and updates, which take one
core. The threads of OpenBLAS spin while they wait, which costs several times the CPU
time and slows down everything else that runs.
"""

import threading
from contextlib import contextmanager

from threadpoolctl import OpenBLASController, ThreadpoolController

_lock = threading.Lock()
_n_holders = 0
_limited = []  # pairs of a library and its number of threads before


@contextmanager
def limit_blas_threads():
    """Limit BLAS to one thread, for the whole process.

    The first holder sets the limit and the last one takes it back, in any threads.
    """
    global _n_holders
    with _lock:
        if _n_holders == 0:
            _set_limit()
        _n_holders += 1
    try:
        yield
    finally:
        with _lock:
            _n_holders -= 1
            if _n_holders == 0:
                _take_back_limit()


def _set_limit():
    for library in ThreadpoolController().select(user_api="blas").lib_controllers:
        n_threads = library.num_threads
        library.set_num_threads(1)
        # Nothing changes while another thread limits BLAS through threadpoolctl.
        if library.num_threads != n_threads:
            _limited.append((library, n_threads))
    # threadpoolctl ignores all threads but the one that sets a limit, until then.
    OpenBLASController.clear_controlling_thread()


def _take_back_limit():
    while _limited:
        library, n_threads = _limited.pop()
        library.set_num_threads(n_threads)
    OpenBLASController.clear_controlling_thread()

"""Products of NumPy on one core each, while all cores have work from us.

The threads of OpenBLAS spin for a while after a product. So they would take a third of
the cores from ours, which have sparse products and updates to do, too. And the last
bits of a product depend on how many they are.
"""

import functools
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import ThreadpoolController

from skimdb._sklearn import _openmp_effective_n_threads


def limit_blas_threads():
    """Let BLAS use the calling thread alone, as `sklearn.cluster.KMeans` does.

    Of several threads that come here at a time, threadpoolctl lets the first set the
    limit, which is of the process, and take it back.

    Returns
    -------
    limit : context manager
    """
    return _find_blas().limit(limits=1)


def map_on_all_cores(function, parts):
    """Call a function with each part, on as many threads as there are cores.

    Parameters
    ----------
    function : callable
    parts : list

    Returns
    -------
    results : list
    """
    n_threads = min(len(parts), _openmp_effective_n_threads())
    with limit_blas_threads():
        if n_threads == 1:
            return [function(part) for part in parts]
        with ThreadPoolExecutor(n_threads) as threads:
            return list(threads.map(function, parts))


@functools.cache
def _find_blas():
    return ThreadpoolController().select(user_api="blas")

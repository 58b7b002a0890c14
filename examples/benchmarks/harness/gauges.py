"""Seconds and memory."""

import resource
import sys
import time


def peak_memory():
    """Return the most memory that this process has used so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def clock(function, *args, **kwargs):
    """Return the seconds that a call takes, and its result."""
    start = time.perf_counter()
    result = function(*args, **kwargs)
    return time.perf_counter() - start, result

"""Seconds and memory of this process."""

import gc
import os
import resource
import sys
import time
from pathlib import Path

UNIT = 1 if sys.platform == "darwin" else 1024  # bytes, of `ru_maxrss`


def clock(function, *args, **kwargs):
    """Return the seconds that a call takes, and its result."""
    gc.collect()
    start = time.perf_counter()
    result = function(*args, **kwargs)
    return time.perf_counter() - start, result


def peak_memory():
    """Return the peak memory of this process in MB.

    On Linux, `ru_maxrss` of a new process is at least the memory of its parent, so
    this function reads the status of the process instead.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT / 1e6


def resident_memory():
    """Return the current memory of this process in MB (Linux only)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

"""Measurements in new processes.

The process that starts a script must be small: on Linux a new process counts the
memory of its parent as its own. So this module imports the standard library only.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from harness.gauges import peak_memory
from harness.report import log

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's notes on the machine


def run_task(task, *arguments, path=None):
    """Call a function in a new process.

    Parameters
    ----------
    task : callable
        A function of a module that returns a dict.
    *arguments : object
        Arguments of the function; they are pickled.
    path : path-like, default=None
        Folder that imports are taken from first.

    Returns
    -------
    result : dict
        The result of the function, and the peak memory of the process in MB as
        ``memory``.
    """
    with ProcessPoolExecutor(
        1, get_context("spawn"), initializer=_import_from, initargs=(path,)
    ) as pool:
        return pool.submit(_measure, task, arguments).result()


def _import_from(path):
    if path is not None:
        sys.path.insert(0, str(path))


def _measure(task, arguments):
    result = task(*arguments)
    return result | {"memory": peak_memory()}


def run_script(script, *arguments, path=None):
    """Run a Python script in a new process, and measure it from start to end.

    Returns
    -------
    result : dict
        ``seconds`` and ``memory`` (peak, in MB) of the process, and the JSON in the
        last line of its output.

    Raises
    ------
    RuntimeError
        If the script fails; the message is the end of its error output.
    """
    folders = [path, os.environ.get("PYTHONPATH")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(str(folder) for folder in folders if folder)
    }
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *map(str, (script, *arguments))],
            stdout=output,
            stderr=errors,
            env=environment,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0), errors.seek(0)
        if process.returncode:
            raise RuntimeError(errors.read()[-3000:])
        lines = output.read().splitlines()
    memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    return {"seconds": seconds, "memory": memory} | json.loads(lines[-1])


def alternate(measure, peers):
    """Let peers take turns (A B A B), so that other load affects all of them.

    Parameters
    ----------
    measure : callable
        Takes the name of a peer and the number of the round, and returns a result.
    peers : dict of str to int
        Number of runs of each peer.

    Returns
    -------
    runs : dict of str to list of dict or None
        The results of each peer by round; None where the run failed.
    """
    runs = {peer: [] for peer in peers}
    for i in range(max(peers.values())):
        for peer in (peer for peer, repeats in peers.items() if i < repeats):
            start = time.perf_counter()
            try:
                runs[peer].append(measure(peer, i))
            except Exception as error:
                runs[peer].append(None)
                log(f"{peer}: FAILED\n{error}")
            else:
                log(f"{peer}, run {i + 1}: {time.perf_counter() - start:.1f} s")
    return runs

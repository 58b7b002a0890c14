"""Measurements in new processes.

On Linux a new process counts the memory of its parent as its own. So commands start
from a new process, too, which is smaller than what they measure.
"""

import json
import os
import resource
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context

from harness.gauges import UNIT, clock, peak_memory
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
        paths = [str(path), *filter(None, [os.environ.get("PYTHONPATH")])]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)


def _measure(task, arguments):
    result = task(*arguments)
    for worker in active_children():  # the workers of loky would stay for minutes
        worker.terminate()
    return {"memory": peak_memory()} | result


def run_script(script, *arguments, path=None):
    """Run a Python script in a new process, and measure it from start to end.

    Returns
    -------
    result : dict
        As of `run_command`, and the JSON in the last line of the output.

    Raises
    ------
    RuntimeError
        If the script fails; the message is the end of its error output.
    """
    result = run_task(run_command, sys.executable, script, *arguments, path=path)
    return result | json.loads(result.pop("output").splitlines()[-1])


def run_command(*command):
    """Run a command; the process must not have run other commands before.

    Returns
    -------
    result : dict
        ``seconds``, ``cpu_seconds``, ``memory`` (peak, in MB) and ``output``.
    """
    options = {"capture_output": True, "text": True}
    seconds, done = clock(subprocess.run, list(map(str, command)), **options)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss * UNIT / 1e6,
        "output": done.stdout,
    }


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
            try:
                seconds, result = clock(measure, peer, i)
                log(f"{peer}, run {i + 1}: {seconds:.1f} s")
            except Exception as error:
                result = None
                log(f"{peer}: FAILED\n{error}")
            runs[peer].append(result)
    return runs

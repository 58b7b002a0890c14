"""Measurements in processes of their own.

The process that starts them must be small: on Linux a new process counts what its
parent held as memory of its own. So nothing here imports more than Python.
"""

import json
import os
import subprocess
import sys
import tempfile
import time


def run_python(*arguments, path=()):
    """Run Python in a new process, and measure it from its start to its end.

    Parameters
    ----------
    *arguments : str or path-like
        What follows ``python`` on the command line.
    path : iterable of str or path-like, default=()
        Folders that imports are taken from before all others.

    Returns
    -------
    result : dict
        ``seconds`` and ``memory`` (peak, in MB) of the process, then what the last
        line of its output says as JSON, which may say better.

    Raises
    ------
    RuntimeError
        If the process fails; the message is the end of what it said.
    """
    folders = [*map(str, path), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = {
        "TF_CPP_MIN_LOG_LEVEL": "2",  # no notes on the machine
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, folders)),
    }
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
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
    unit = 1 if sys.platform == "darwin" else 1024
    memory = usage.ru_maxrss * unit / 1e6
    return {"seconds": seconds, "memory": memory} | json.loads(lines[-1])


def alternate(measure, peers, log):
    """Let peers take turns, A B A B, so that the machine's moods hit all alike.

    Parameters
    ----------
    measure : callable
        Takes a peer's name and the number of the round, and returns a result.
    peers : dict of str to int
        How often each is measured.
    log : callable
        Is told what was measured.

    Returns
    -------
    runs : dict of str to list of dict or None
        The results of each peer by round; None where the process failed.
    """
    runs = {peer: [] for peer in peers}
    for i in range(max(peers.values())):
        for peer, repeats in peers.items():
            if i >= repeats:
                continue
            start = time.perf_counter()
            try:
                runs[peer].append(measure(peer, i))
            except RuntimeError as error:
                runs[peer].append(None)
                log(f"{peer}: FAILED\n{error}")
            else:
                log(f"{peer}, run {i + 1}: {time.perf_counter() - start:.1f} s in all")
    return runs

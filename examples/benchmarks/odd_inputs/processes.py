"""Run cases in processes that may crash or hang."""

import json
import queue
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WORKER = Path(__file__).with_name("worker.py")


def run_cases(numbers, *, limit, jobs):
    """Run cases, and start anew after one that ends its process.

    Parameters
    ----------
    numbers : list of int
        Which cases.
    limit : float
        Seconds that one side of a case may take; the first of a process may take 60
        more, since it imports everything.
    jobs : int
        Processes at a time.

    Returns
    -------
    outcomes : dict
        From ``(number, side)`` to what `judge.run` says, or to
        ``{"crash": how it ended}``.
    """
    outcomes = {}
    parts = [numbers[start::jobs] for start in range(jobs)]
    with ThreadPoolExecutor(jobs) as pool:
        for part in pool.map(lambda part: _run_part(part, limit), parts):
            outcomes |= part
    return outcomes


def _run_part(numbers, limit):
    outcomes, left = {}, list(numbers)
    while left:
        done, crash = _run_process(left, limit)
        outcomes |= done
        if crash is None:
            return outcomes
        (number, side), how = crash
        outcomes[number, side] = {"crash": how}
        left = left[left.index(number) + 1 :]
    return outcomes


def _run_process(numbers, limit):
    """Run until the end or the first crash: outcomes, and where and how it crashed."""
    command = [sys.executable, str(WORKER), *map(str, numbers)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        lines, errors = queue.Queue(), []
        readers = [
            threading.Thread(target=_pass_on, args=(process.stdout, lines)),
            threading.Thread(target=lambda: errors.append(process.stderr.read())),
        ]
        for reader in readers:
            reader.start()
        outcomes, current, how = {}, (numbers[0], "ours"), None
        patience = limit + 60
        try:
            while (line := lines.get(timeout=patience)) is not None:
                message = json.loads(line)
                current = message.pop("number"), message.pop("side")
                if message:
                    outcomes[current] = message
                    patience = limit
        except queue.Empty:
            how = f"not done after {patience:.0f} s"
        if how is not None:
            process.kill()
        for reader in readers:
            reader.join()
        if process.wait() and how is None:
            how = f"ended with {process.returncode}: {errors[0][-300:]}"
    return outcomes, None if how is None else (current, how)


def _pass_on(stream, lines):
    for line in stream:
        lines.put(line)
    lines.put(None)

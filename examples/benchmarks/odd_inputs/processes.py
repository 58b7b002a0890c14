"""Run cases in processes that may crash or hang."""

import os
import resource
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context

MOST_MEMORY = 24 * 2**30  # address space; TensorFlow reserves some of it
STARTUP = 60  # seconds for the imports of a new process


def run_cases(list_cases, numbers, *, limit, jobs):
    """Run cases, and start a new process after each crash.

    Parameters
    ----------
    list_cases : callable
        Returns all cases; a new process calls it once.
    numbers : list of int
        Numbers of the cases to run.
    limit : float
        Seconds for each side of a case.
    jobs : int
        Number of processes at a time.

    Returns
    -------
    outcomes : dict
        From ``(number, side)`` to the result of `judge.run`, or to
        ``{"crash": description}``.
    """
    outcomes = {}
    parts = [numbers[start::jobs] for start in range(jobs)]
    with ThreadPoolExecutor(jobs) as pool:
        for part in pool.map(lambda part: _run_part(list_cases, part, limit), parts):
            outcomes |= part
    return outcomes


def _run_part(list_cases, numbers, limit):
    outcomes, context, process = {}, get_context("spawn"), None
    for key in [(number, side) for number in numbers for side in ("ours", "theirs")]:
        patience = limit
        if process is None:
            here, there = context.Pipe()
            process = context.Process(target=_work, args=(there, list_cases))
            process.start()
            there.close()  # so that the end of the process is seen here
            patience += STARTUP
        here.send(key)
        try:
            if here.poll(patience):
                outcomes[key] = here.recv()
                continue
            how = f"not done after {patience:.0f} s"
        except (EOFError, ConnectionError):
            process.join()
            how = f"ended with {process.exitcode}"
        process.kill()
        process.join()
        process, outcomes[key] = None, {"crash": how}
    if process is not None:
        here.close()
        process.join()
    return {key: outcome for key, outcome in outcomes.items() if outcome is not None}


def _work(connection, list_cases):
    """Run the cases that the connection names, and discard their output."""
    from odd_inputs.judge import run

    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    cases = list_cases()
    while True:
        try:
            number, side = connection.recv()
        except EOFError:
            return
        prepare = getattr(cases[number], side)
        connection.send(prepare and run(prepare))

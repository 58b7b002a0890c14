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
    keys = [(number, side) for number in numbers for side in ("ours", "theirs")]
    outcomes, context = {}, get_context("spawn")
    while len(outcomes) < len(keys):
        here, there = context.Pipe(duplex=False)
        rest, patience = keys[len(outcomes) :], limit + STARTUP
        process = context.Process(target=_work, args=(there, list_cases, rest))
        process.start()
        there.close()  # so that the end of the process is seen here
        try:
            for key in rest:
                if not here.poll(patience):
                    outcomes[key] = {"crash": f"not done after {patience:.0f} s"}
                    break
                outcomes[key], patience = here.recv(), limit
        except (EOFError, ConnectionError):
            process.join()
            outcomes[key] = {"crash": f"ended with {process.exitcode}"}
        process.kill()
        process.join()
    return {key: outcome for key, outcome in outcomes.items() if outcome is not None}


def _work(connection, list_cases, keys):
    """Run cases, send their outcomes, and discard their output."""
    from odd_inputs.judge import run

    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    cases = list_cases()
    for number, side in keys:
        prepare = getattr(cases[number], side)
        connection.send(prepare and run(prepare))

"""Cases of odd inputs that crash or hang, for the processes that run cases."""

import os
import time


def prepare_crash():
    return None, os.abort


def prepare_hang():
    return None, lambda: time.sleep(600)


def prepare_nothing():
    return None, lambda: None


def list_bad_cases():
    from odd_inputs.cases import Case

    prepare = [prepare_nothing, prepare_crash, prepare_nothing, prepare_hang]
    return [Case("", ours) for ours in [*prepare, prepare_nothing]]

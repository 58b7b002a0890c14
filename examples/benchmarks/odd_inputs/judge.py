"""What came of a case: found out in the process that runs it."""

import dis
import hashlib
import os
import pickle
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
import sklearn
from harness.gauges import peak_memory
from sklearn.base import BaseEstimator

import skimdb

MUCH_MEMORY = 1000  # MB that no case has a reason to take
OURS = os.path.dirname(skimdb.__file__)
SKLEARN = os.path.dirname(sklearn.__file__)
CASES = str(Path(__file__).parent)


def run(prepare):
    """Run one side of a case.

    Returns
    -------
    outcome : dict
        ``error``, None or what was raised; ``where`` it was raised, see `locate`;
        ``faults``, a list of what was wrong beyond that; ``seconds``.
    """
    outcome = {"error": None, "where": None, "faults": []}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        estimator, call = prepare()
        state = fingerprint(estimator)
        memory, before = peak_memory(), _describe_process()
        warned.clear()
        start = time.perf_counter()
        try:
            result = call()
        except Exception as error:
            outcome["error"] = f"{type(error).__name__}: {error}"
            has_note = bool(getattr(error, "__notes__", ()))  # words of ours
            outcome["where"] = "skimdb" if has_note else locate(error)
            if fingerprint(estimator) != state:
                outcome["faults"].append("the estimator is changed after the error")
        else:
            if not warned and not is_finite([result, _get_fitted(estimator)]):
                outcome["faults"].append("not finite, without a word")
    outcome["seconds"] = time.perf_counter() - start
    for what, value in _describe_process().items():
        if value != before[what]:
            outcome["faults"].append(f"changed for all: {what}")
    if peak_memory() - memory > MUCH_MEMORY:
        outcome["faults"].append(f"takes {peak_memory() - memory:.0f} MB")
    return outcome


def locate(error):
    """Say whose words an error is in.

    Returns
    -------
    where : str
        ``"skimdb"``, ``"sklearn"`` or ``"user"`` where a ``raise`` of theirs was
        executed last, ``"call"`` where Python refused the call, and otherwise the
        file and line at which the error arose by itself.
    """
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    raised = dis.opname[code.co_code[trace.tb_lasti]] == "RAISE_VARARGS"
    for name, folder in [("skimdb", OURS), ("sklearn", SKLEARN), ("user", CASES)]:
        if code.co_filename.startswith(folder + os.sep):
            if name == "user":
                return "user" if raised else "call"
            if raised:
                return name
    if isinstance(error, OSError) and error.filename is not None:
        return "skimdb"  # the system names the file
    return f"{code.co_filename}:{trace.tb_lineno}"


def fingerprint(value):
    """Digest of all that an estimator holds."""
    digest = hashlib.sha256()
    _feed(digest, value, set())
    return digest.hexdigest()


def _feed(digest, value, seen):
    digest.update(type(value).__name__.encode())
    if isinstance(value, np.ndarray) and value.dtype != object:
        digest.update(f"{value.dtype}{value.shape}".encode() + value.tobytes())
    elif isinstance(value, int | float | str | bytes | None | np.generic):
        digest.update(repr(value).encode())
    elif id(value) in seen:
        return
    elif isinstance(value, dict):
        seen.add(id(value))
        for key, entry in value.items():
            digest.update(repr(key).encode())
            _feed(digest, entry, seen)
    elif isinstance(value, list | tuple | np.ndarray):
        seen.add(id(value))
        for entry in value:
            _feed(digest, entry, seen)
    elif isinstance(value, pd.DataFrame):
        digest.update(pickle.dumps(value))
    elif isinstance(value, BaseEstimator):
        seen.add(id(value))
        _feed(digest, vars(value), seen)
    else:
        digest.update(str(id(value)).encode())


def is_finite(value):
    """Tell whether all numbers that something holds are finite."""
    if isinstance(value, dict):
        return all(map(is_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(is_finite, value))
    if isinstance(value, pd.DataFrame):
        # Parameters stand there, too, and may be None, which a table makes NaN.
        value = value.select_dtypes(float).drop(columns="random_state", errors="ignore")
        value = value.to_numpy()
    if sp.issparse(value):
        value = value.data
    if isinstance(value, BaseEstimator):
        return is_finite(_get_fitted(value))
    if np.ma.isMaskedArray(value):
        value = value.compressed()
    is_number = isinstance(value, float | np.ndarray | np.floating)
    value = np.asarray(value) if is_number else np.zeros(0)
    return value.dtype.kind not in "fc" or bool(np.isfinite(value).all())


def _get_fitted(estimator):
    if not isinstance(estimator, BaseEstimator):
        return {}
    return {
        name: value
        for name, value in vars(estimator).items()
        if name.endswith("_") and not name.startswith("_")
    }


def _describe_process():
    """Describe what no call has to change for all others."""
    state = np.random.get_state()  # noqa: NPY002, the legacy generator is global
    return {
        "NumPy's global generator": (state[1].tobytes(), state[2]),
        "NumPy's handling of errors": np.geterr(),
        "environment": dict(os.environ),
        "working directory": os.getcwd(),
        "path of imports": tuple(sys.path),
        "scikit-learn's configuration": sklearn.get_config(),
    }

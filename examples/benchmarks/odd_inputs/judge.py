"""Judge one case, in the process that runs it."""

import dis
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

MUCH_MEMORY = 1000  # MB
FOLDERS = {
    "skimdb": os.path.dirname(skimdb.__file__),
    "sklearn": os.path.dirname(sklearn.__file__),
    "user": str(Path(__file__).parent),
}


def run(prepare):
    """Run one side of a case.

    Returns
    -------
    outcome : dict
        ``error``, None or the error as text; ``where`` it was raised, see `locate`;
        ``faults``, a list of other problems; ``seconds``.
    """
    outcome = {"error": None, "where": None, "faults": []}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        estimator, call = prepare()
        state, memory, before = _dump(estimator), peak_memory(), _describe_process()
        warned.clear()
        start = time.perf_counter()
        try:
            result = call()
        except Exception as error:
            outcome["error"] = f"{type(error).__name__}: {error}"
            has_note = bool(getattr(error, "__notes__", ()))  # skimdb adds notes
            outcome["where"] = "skimdb" if has_note else locate(error)
            if _dump(estimator) != state:
                outcome["faults"].append("the estimator is changed after the error")
        else:
            if not warned and not is_finite([result, estimator]):
                outcome["faults"].append("not finite, without a warning")
    outcome["seconds"] = time.perf_counter() - start
    for name, value in _describe_process().items():
        if value != before[name]:
            outcome["faults"].append(f"changed for all: {name}")
    if peak_memory() - memory > MUCH_MEMORY:
        outcome["faults"].append(f"takes {peak_memory() - memory:.0f} MB")
    return outcome


def locate(error):
    """Find out where an error was raised.

    Returns
    -------
    where : str
        ``"skimdb"``, ``"sklearn"`` or ``"user"`` if a ``raise`` statement there was
        executed last, ``"call"`` if Python rejected the call, and otherwise the file
        and line of the failing operation.
    """
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    raised = dis.opname[code.co_code[trace.tb_lasti]] == "RAISE_VARARGS"
    for name, folder in FOLDERS.items():
        if code.co_filename.startswith(folder + os.sep) and (raised or name == "user"):
            return name if raised else "call"
    if isinstance(error, OSError) and error.filename is not None:
        return "skimdb"  # the system names the file
    return f"{code.co_filename}:{trace.tb_lineno}"


def _get_state(estimator):
    """Return all attributes that are not parameters, such as fitted ones."""
    if not isinstance(estimator, BaseEstimator):
        return {}
    params = estimator.get_params(deep=False)
    return {k: value for k, value in vars(estimator).items() if k not in params}


def _dump(estimator):
    """Return the state as bytes, or None for objects that cannot be pickled."""
    try:
        return pickle.dumps(_get_state(estimator))
    except (pickle.PicklingError, TypeError, AttributeError):
        return None


def is_finite(value):
    """Return whether all numbers in an object are finite."""
    if isinstance(value, BaseEstimator):
        value = _get_state(value)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return all(map(is_finite, value))
    if isinstance(value, pd.DataFrame):
        # A parameter that is None is NaN there.
        value = value.drop(columns="random_state", errors="ignore")
        value = value.select_dtypes(float).to_numpy()
    if sp.issparse(value):
        value = value.data
    if np.ma.isMaskedArray(value):
        value = value.compressed()
    is_number = isinstance(value, float | np.ndarray | np.floating)
    value = np.asarray(value) if is_number else np.zeros(0)
    return value.dtype.kind not in "fc" or bool(np.isfinite(value).all())


def _describe_process():
    """Return the global state that a call must not change."""
    state = np.random.get_state()  # noqa: NPY002, the legacy generator is global
    return {
        "NumPy's global generator": (state[1].tobytes(), state[2]),
        "NumPy's handling of errors": np.geterr(),
        "environment": dict(os.environ),
        "working directory": os.getcwd(),
        "path of imports": tuple(sys.path),
        "scikit-learn's configuration": sklearn.get_config(),
    }

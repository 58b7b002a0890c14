"""memory: a folder that caches the results of fits, so that a search can resume."""

import functools
import hashlib
import json
import os
import pickle
import sys
import types
import uuid
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import scipy.sparse
import scipy.special
from joblib.hashing import NumpyHasher
from sklearn import get_config

from skimdb._messages import warn
from skimdb._version import __version__
from skimdb.model_selection._fit_split import FitResult
from skimdb.model_selection._tasks import has_callbacks

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "pandas", "pyarrow", "keras")
_LIBRARIES += ("tensorflow",)
# Settings of scikit-learn that change no result.
_DISPLAY = ("display", "print_changed_only", "working_memory")
# Packages whose objects contain pickled code, in which references are not seen.
_CODE_PICKLERS = ("cloudpickle", "dill", "joblib.externals")


class NotReproducibleError(Exception):
    """A fit cannot be recognized as the same at another time."""


@functools.cache
def _find_version(module_name):
    """Version of the installed package of a module; None for the user's own code."""
    top = module_name.partition(".")[0]
    if top == "skimdb" or (top in sys.stdlib_module_names and top != "__main__"):
        return "that of skimdb or Python"
    file = getattr(sys.modules.get(module_name), "__file__", None) or ""
    is_installed = {"site-packages", "dist-packages"} & {*Path(file).parts}
    if not is_installed or module_name.startswith(_CODE_PICKLERS):
        return None
    names = _map_packages().get(top, ())
    return ", ".join(f"{name} {version(name)}" for name in sorted(names)) or None


_map_packages = functools.cache(packages_distributions)


class _Hasher(NumpyHasher):
    """Hash of the pickle of an object, in which equal objects are not told apart.

    Functions and classes are pickled by reference, so their code is not part of the
    pickle. They must belong to an installed package, whose version is hashed instead.
    """

    def memoize(self, obj):
        """Do nothing, so that a second appearance is pickled like the first."""

    def save(self, obj):
        """Pickle an object."""
        if isinstance(obj, set | frozenset):  # in an order that is always the same
            obj = (type(obj).__name__, sorted(map(_hash, obj)))
        elif isinstance(obj, np.ufunc):  # pickled by any module that imports it
            name = obj.__name__
            if obj not in [getattr(m, name, None) for m in (np, scipy.special)]:
                raise NotReproducibleError(f"{obj!r} is not a ufunc of NumPy or SciPy")
            obj = ("ufunc", name)
        elif isinstance(obj, types.BuiltinFunctionType) and isinstance(
            obj.__self__, types.ModuleType
        ):
            return self.save_global(obj)  # by its name alone, otherwise
        elif scipy.sparse.issparse(obj):  # without the flags that SciPy sets on use
            matrix = obj if obj.format in ("csr", "csc") else obj.tocsr()
            arrays = (matrix.data, matrix.indices, matrix.indptr)
            obj = (type(obj).__name__, obj.shape, arrays)
        return super().save(obj)

    def save_global(self, obj, name=None):
        """Pickle a function or class by reference, with the version of its package."""
        pickle._Pickler.save_global(self, obj, name)
        module_name = pickle.whichmodule(obj, name or obj.__qualname__)
        package = _find_version(module_name)
        if package is None:
            raise NotReproducibleError(
                f"{module_name}.{getattr(obj, '__qualname__', name)} is not part of an "
                "installed package, and its code may change"
            )
        self.save(package)

    def _batch_setitems(self, items, *args):
        """Pickle dict items in their order, which may matter."""
        pickle._Pickler._batch_setitems(self, items, *args)

    dispatch = NumpyHasher.dispatch | {
        type: pickle._Pickler.save_type,
        types.FunctionType: save_global,
    }


def _hash(obj):
    """Hash an object by its content.

    Raises
    ------
    NotReproducibleError
        If it contains code that is not part of an installed package.
    """
    try:
        return _Hasher("sha256").hash(obj)
    except NotReproducibleError:
        raise
    except Exception as error:
        raise NotReproducibleError(
            f"{type(error).__name__}: {error.args[0]}"
        ) from error


def _describe_configuration():
    """Versions and settings of the libraries, and the user's own code in Keras."""
    versions = {"python": sys.version, "skimdb": __version__}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    settings = {k: v for k, v in get_config().items() if k not in _DISPLAY}
    keras = sys.modules.get("keras")
    floatx = "float32" if keras is None else keras.config.floatx()
    registered = {} if keras is None else keras.saving.get_custom_objects()
    own = [o for o in registered.values() if _find_version(o.__module__) is None]
    return versions, settings, floatx, own


def _check_reproducible(search, estimator):
    """Raise an error if two fits of an estimator in a search may differ."""
    params = estimator.get_params()
    if has_callbacks(search, estimator, *params.values()):
        raise NotReproducibleError("callbacks may do more than train")
    for name, value in params.items():
        last = name.rpartition("__")[2]
        if last == "random_state" and value is None:
            raise NotReproducibleError(f"{name}=None is random. Use an int")
        if last == "input" and value in ("file", "filename"):
            raise NotReproducibleError(f"{name}={value!r} reads files")
        if any(c.__module__.startswith("keras.") for c in type(value).__mro__):
            raise NotReproducibleError(
                f"{name} is a Keras object, which keeps state. Use a name or a class, "
                "and optimizer__ parameters"
            )
        if last == "callbacks" and value is not None:
            raise NotReproducibleError(f"{name}: callbacks may do more than train")


def read_result(path):
    """Read a result from the cache. Nothing that is read is executed.

    Parameters
    ----------
    path : Path or None

    Returns
    -------
    result : FitResult or None
        None if the file is missing or damaged.
    """
    try:
        checksum, _, content = path.read_bytes().partition(b"\n")
    except (AttributeError, OSError):  # None, or a path without a file
        return None
    try:
        if checksum != _compute_checksum(path, content):
            raise ValueError("wrong checksum")
        result = FitResult(**json.loads(content))
        pd.DataFrame(result.history)["loss"]  # all entries are equally long
        return result
    except (KeyError, TypeError, ValueError) as error:
        warn(f"Ignored a damaged result in memory: {path} ({error}).")
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return None


def write_result(path, result):
    """Write a result to the cache, below the checksum of its content.

    The file appears complete or not at all. If it exists, or if the fit failed, this
    function does nothing.

    Parameters
    ----------
    path : Path or None
    result : FitResult

    Returns
    -------
    error : OSError or None
        Why the result could not be written.
    """
    if path is None or result.history is None or path.exists():
        return None
    content = json.dumps(asdict(result), default=str).encode()
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(_compute_checksum(path, content) + b"\n" + content)
        part.replace(path)
    except OSError as error:
        return error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _compute_checksum(path, content):
    return hashlib.sha256(path.name.encode() + content).hexdigest().encode()


def find_folder(memory):
    """Find the folder of the cache.

    Parameters
    ----------
    memory : str, path, joblib.Memory or None
        The location of a `joblib.Memory` is used, so that its `clear` empties the
        cache, too.

    Returns
    -------
    folder : Path or None

    Raises
    ------
    ValueError
        For any other value.
    """
    location = memory.location if isinstance(memory, joblib.Memory) else memory
    if location is None:
        return None
    if not isinstance(location, str | os.PathLike) or not os.fspath(location):
        raise ValueError(
            f"memory must be a folder or a joblib.Memory with a folder, got {memory!r}."
        )
    return Path(location).absolute() / "joblib" / "skimdb"  # workers may work elsewhere


def find_paths(plan, data):
    """Find the files of all fits in the cache.

    Parameters
    ----------
    plan : SearchPlan
    data : SearchData

    Returns
    -------
    paths : dict
        From (candidate, split) to Path; empty if the search has no `memory`. A warning
        names the candidates whose results are not cached.
    """
    search, reasons, paths = plan.search, {}, {}
    folder = find_folder(search.memory)
    if folder is None:
        return {}
    is_patient = search.n_iter_no_change is not None
    # With patience, a result depends on the other splits, too.
    patience = is_patient and (search.monitor, search.n_iter_no_change, plan.splits)
    common = (_describe_configuration(), plan.scoring, plan.max_epochs, patience)
    common += (data.X, data.y, data.fit_params, data.score_params)
    shared = None
    rows = [_hash(split) for split in plan.splits]
    for i, candidate in enumerate(plan.candidates):
        try:
            _check_reproducible(search, candidate.estimator)
            own, shared = _hash(candidate.estimator), shared or _hash(common)
        except NotReproducibleError as error:
            reasons.setdefault(str(error), []).append(candidate)
            continue
        for j, row in enumerate(rows):
            key = hashlib.sha256(f"{shared}{own}{row}".encode()).hexdigest()
            paths[i, j] = folder / key
    for reason, uncached in reasons.items():
        names = ", ".join(candidate.describe() for candidate in uncached)
        warn(
            f"Results of candidate {names} are not cached, because the fit may not be "
            f"reproducible: {reason}."
        )
    if search.verbose:
        n_cached = sum(read_result(path) is not None for path in paths.values())
        print(
            f"[{type(search).__name__}] {n_cached} of {plan.n_fits} fits are cached in "
            f"{folder}"
        )
    return paths

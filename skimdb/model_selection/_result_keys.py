"""Keys under which results of fits are kept: all that can change them."""

import dis
import hashlib
import pickle
import sys
import types
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import SimpleNamespace

import scipy.sparse
from joblib.hashing import NumpyHasher
from sklearn import get_config

from skimdb._version import __version__
from skimdb._messages import warn

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "pandas", "pyarrow", "keras")
_LIBRARIES += ("tensorflow", "imbalanced-learn")
_SETTINGS = ("enable_metadata_routing", "transform_output", "array_api_dispatch")
# What Python itself writes into a class.
_BOOKKEEPING = {
    "__annotations__",
    "__dict__",
    "__doc__",
    "__firstlineno__",
    "__module__",
    "__static_attributes__",
    "__weakref__",
    "_abc_impl",
}


class CannotBeKeyedError(Exception):
    """There is no telling whether a thing is the same as at another time."""


def _find_version(module_name):
    """Version of the installed package that a module is of, None for a user's own."""
    top = (module_name or "__main__").partition(".")[0]
    if top in sys.stdlib_module_names and top != "__main__":
        return "Python's"
    module = sys.modules.get(top)
    folders = Path(getattr(module, "__file__", None) or "").parts
    installed = {"site-packages", "dist-packages"} & set(folders)
    return (
        getattr(module, "__version__", None) if installed or top == "skimdb" else None
    )


def _list_codes(code):
    """A code object, and those of the functions in it."""
    codes = [code]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            codes += _list_codes(constant)
    return codes


def _list_assigned(cls):
    """Names of attributes that methods of a class assign: its state."""
    functions = (getattr(value, "__func__", value) for value in vars(cls).values())
    codes = (f.__code__ for f in functions if isinstance(f, types.FunctionType))
    return {
        instruction.argval
        for top in codes
        for code in _list_codes(top)
        for instruction in dis.get_instructions(code)
        if instruction.opname == "STORE_ATTR"
    }


class _ContentHasher(NumpyHasher):
    """Hashes by content what joblib hashes by name or by identity.

    Functions and classes count with their code and all that it refers to, those of an
    installed package with its version. Equal values count as equal, whether or not
    they are one object.
    """

    def __init__(self):
        super().__init__("sha256")
        self._described = {}

    def memoize(self, obj):
        """Take no note: a second appearance is saved like the first."""

    def save(self, obj):
        """Save an object, or what stands for it."""
        if isinstance(obj, types.FunctionType | type):
            obj = self._describe(obj)
        elif isinstance(obj, types.ModuleType):
            obj = ("module", obj.__name__, _find_version(obj.__name__))
        elif isinstance(obj, types.CodeType):
            obj = self._describe_code(obj)
        elif isinstance(obj, set | frozenset):
            obj = (type(obj).__name__, sorted(map(hash_content, obj)))
        elif isinstance(obj, staticmethod | classmethod):
            obj = (type(obj).__name__, obj.__func__)
        elif isinstance(obj, property):
            obj = ("property", obj.fget, obj.fset)
        elif scipy.sparse.issparse(obj):
            obj = self._describe_sparse(obj)
        elif _is_of_keras(obj):
            raise CannotBeKeyedError(_describe_keras(obj))
        super().save(obj)

    def _describe(self, obj):
        if id(obj) in self._described:
            return "described", self._described[id(obj)]
        self._described[id(obj)] = len(self._described)
        module = getattr(obj, "__module__", None)
        package = _find_version(module)
        if package is not None:
            return "installed", module, obj.__qualname__, package
        if isinstance(obj, type):
            return self._describe_class(obj)
        return self._describe_function(obj)

    def _describe_class(self, cls):
        state = _list_assigned(cls) | _BOOKKEEPING
        attributes = {k: v for k, v in vars(cls).items() if k not in state}
        return "class", cls.__qualname__, cls.__bases__, attributes

    def _describe_function(self, function):
        names = {name for c in _list_codes(function.__code__) for name in c.co_names}
        scope = function.__globals__
        return (
            "function",
            function.__code__,
            function.__defaults__,
            function.__kwdefaults__,
            [cell.cell_contents for cell in function.__closure__ or ()],
            {name: scope[name] for name in names if name in scope},
        )

    def _describe_code(self, code):
        return "code", code.co_code, code.co_consts, code.co_names, code.co_varnames

    def _describe_sparse(self, matrix):
        if matrix.format not in ("csr", "csc"):
            matrix = matrix.tocsr()
        arrays = (matrix.data, matrix.indices, matrix.indptr)
        return "sparse", type(matrix), matrix.shape, arrays


def hash_content(obj):
    """Hash an object by its content.

    Parameters
    ----------
    obj : object

    Returns
    -------
    digest : str

    Raises
    ------
    CannotBeKeyedError
        If there is no telling what it contains.
    """
    try:
        return _ContentHasher().hash(obj)
    except CannotBeKeyedError:
        raise
    except Exception as error:
        raise CannotBeKeyedError(f"{type(obj).__name__}: {error}") from error


def _hash_documents(X):
    """Hash samples; lists, which may be long, without a look at each element."""
    if type(X) is not list:
        return hash_content(X)
    digest = hashlib.sha256()
    pickler = pickle.Pickler(SimpleNamespace(write=digest.update), protocol=4)
    pickler.fast = True  # takes no note of which elements are one object
    pickler.dump(X)
    return digest.hexdigest()


def _describe_setting():
    """Versions and settings of the libraries that compute."""
    versions = {"python": sys.version, "skimdb": __version__}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    settings = {name: get_config().get(name) for name in _SETTINGS}
    keras = sys.modules.get("keras")
    known = {} if keras is None else keras.saving.get_custom_objects()
    # Classes of the user's that Keras knows by name. Packages register theirs when they
    # are imported, which changes nothing.
    registered = {
        name: obj
        for name, obj in known.items()
        if _find_version(getattr(obj, "__module__", None)) is None
    }
    return versions, settings, registered


def _is_of_keras(obj):
    return any(c.__module__.startswith("keras.") for c in type(obj).__mro__)


def _describe_keras(obj):
    return (
        f"{obj!r} is an object of Keras, which keeps state and forgets arguments. Give "
        "a name or a class, and its parameters with optimizer__"
    )


def _find_obstacle(estimator):
    """Why a fit of an estimator cannot be kept, or None."""
    if getattr(estimator, "_skl_callbacks", None):
        return "its callbacks do more than a result tells"
    for name, value in estimator.get_params().items():
        last = name.rpartition("__")[2]
        if last == "random_state" and value is None:
            return f"{name}=None draws anew each time. Give it an int"
        if last == "callbacks" and value is not None:
            return f"{name} do more than a result tells"
        if last == "input" and value in ("file", "filename"):
            return f"{name}={value!r} reads files, which may change"
        if _is_of_keras(value):
            return _describe_keras(value)
        if getattr(value, "_skl_callbacks", None):
            return f"the callbacks of {name} do more than a result tells"
    return None


def make_keys(plan, data):
    """Make the keys of all fits whose results can be kept.

    Parameters
    ----------
    plan : SearchPlan
    data : SearchData

    Returns
    -------
    keys : dict
        From (candidate, split) to key. A warning names the candidates that have none.
    """
    obstacles, keys = {}, {}
    callers = [task.caller for task in plan.tasks.values()]
    try:
        if any(getattr(caller, "_skl_callbacks", None) for caller in callers):
            raise CannotBeKeyedError("the search has callbacks, which do more")
        # With patience the other splits have a say.
        splits = plan.patience and (plan.patience, plan.splits)
        scoring = (plan.scoring, data.y, data.fit_params, data.score_params)
        everywhere = [
            _hash_documents(data.X),
            hash_content((_describe_setting(), scoring, splits)),
        ]
        rows = [hash_content(split) for split in plan.splits]
    except CannotBeKeyedError as error:
        obstacles[f"{error}"] = [c.describe() for c in plan.candidates]
        rows = []
    for position, candidate in enumerate(plan.candidates if rows else []):
        obstacle = _find_obstacle(candidate.estimator)
        try:
            setting = "" if obstacle else hash_content(candidate.estimator)
        except CannotBeKeyedError as error:
            obstacle = f"{error}"
        if obstacle:
            obstacles.setdefault(obstacle, []).append(candidate.describe())
            continue
        for split, row in enumerate(rows):
            parts = "".join([*everywhere, setting, row])
            keys[position, split] = hashlib.sha256(parts.encode()).hexdigest()
    for obstacle, names in obstacles.items():
        warn(
            f"memory keeps no result of candidate {', '.join(names)}, as another fit "
            f"may have another: {obstacle}."
        )
    return keys

"""A folder that keeps the results of fits, so that a search goes on where it was."""

import hashlib
import json
import os
import uuid
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from joblib import Memory

from skimdb._messages import warn
from skimdb.model_selection._fit_split import FitResult
from skimdb.model_selection._result_claims import Claims


class ResultStore:
    """Results of fits by their keys, a file each.

    A file is JSON below the checksum of its content: nothing that is read from the
    folder is run. It is written under another name first, so that one that is cut off
    is never found.

    Parameters
    ----------
    folder : path
        Made if it can be.

    Attributes
    ----------
    folder : Path
    claims : Claims
        Which fits are under way.
    """

    def __init__(self, folder):
        self.folder = Path(folder).absolute()  # workers may work elsewhere
        self.claims = Claims(self.folder)
        self._has_failed = False
        with suppress(OSError):  # which is said when there is a result to keep
            self.folder.mkdir(parents=True, exist_ok=True)

    def has(self, key):
        """Whether a result was kept and is not damaged."""
        with suppress(OSError, ValueError, TypeError):
            return self._read(key) is not None
        return False

    def get(self, key):
        """Get a result, None if it was not kept or is damaged, with a warning."""
        try:
            result = self._read(key)
        except (OSError, ValueError, TypeError) as error:
            warn(
                f"A result that was kept cannot be read ({error}), and is computed "
                f"anew: {self.folder / key}."
            )
            return None
        if result is not None:  # by a process that may have been killed right after
            self.claims.clear(key)
        return result

    def put(self, key, result):
        """Keep a result; warn once if the folder takes none."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write(key, result)
        except OSError as error:
            if not self._has_failed:
                warn(
                    f"Results cannot be kept in {self.folder} ({error}): is the disk "
                    "full, or the folder not yours? The search goes on without."
                )
            self._has_failed = True

    def compute(self, key, function):
        """Compute a result and keep it, in a worker.

        What cannot be kept here is left to the process of the search, which may see
        the folder where a worker of another machine does not.

        Parameters
        ----------
        key : str
        function : callable
            Returns a FitResult.

        Returns
        -------
        result : FitResult or None
            None if another process is at it.
        """
        with self.claims.hold(key) as is_ours:
            if not is_ours:
                return None
            with suppress(OSError, ValueError, TypeError):
                if (result := self._read(key)) is not None:  # of another, just now
                    return result
            result = function()
            if result.can_be_kept:
                with suppress(OSError):
                    self._write(key, result)
            return result

    def _read(self, key):
        try:
            checksum, content = (self.folder / key).read_bytes().split(b"\n", 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if checksum != self._checksum(key, content):
            raise ValueError("its checksum is wrong")
        return FitResult(**json.loads(content))

    def _write(self, key, result):
        content = json.dumps(asdict(result)).encode()
        part = self.folder / f".{uuid.uuid4().hex}.part"
        try:
            part.write_bytes(self._checksum(key, content) + b"\n" + content)
            part.replace(self.folder / key)
        finally:
            part.unlink(missing_ok=True)

    @staticmethod
    def _checksum(key, content):
        """Checksum of the content of a file, which also knows its key."""
        return hashlib.sha256(key.encode() + content).hexdigest().encode()


def open_store(memory):
    """Open the store of a search.

    Parameters
    ----------
    memory : str, path, joblib.Memory or None
        Of a `joblib.Memory` its folder is taken, so that its `clear` empties the
        store, too.

    Returns
    -------
    store : ResultStore or None

    Raises
    ------
    ValueError
        If it is none of these.
    """
    location = memory.location if isinstance(memory, Memory) else memory
    if location is None:
        return None
    if not isinstance(location, str | os.PathLike) or not os.fspath(location):
        raise ValueError(
            "memory has to be the path of a folder or a joblib.Memory that keeps its "
            f"results in one, got {memory!r}."
        )
    return ResultStore(Path(location) / "joblib" / "skimdb")

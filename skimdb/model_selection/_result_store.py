"""A folder that keeps the results of fits, so that a search goes on where it was."""

import hashlib
import json
import os
import uuid
from dataclasses import asdict
from pathlib import Path

from joblib import Memory

from skimdb._warnings import warn
from skimdb.model_selection._fit_split import FitResult


class ResultStore:
    """Results of fits by their keys, a file each.

    A file is JSON below the checksum of its content: nothing that is read from the
    folder is run. It is written under another name first, so that one that is cut off
    is never found.

    Parameters
    ----------
    folder : path
        Made when the first result is kept.
    """

    def __init__(self, folder):
        self._folder = Path(folder)
        self._has_failed = False

    def get(self, key):
        """Get a result, None if it was not kept or is damaged."""
        path = self._folder / key
        try:
            checksum, content = path.read_bytes().split(b"\n", 1)
            if checksum != self._checksum(key, content):
                raise ValueError("its checksum is wrong")
            return FitResult(**json.loads(content))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, TypeError) as error:
            warn(
                f"A result that was kept cannot be read ({error}), and is computed "
                f"anew: {path}."
            )
            return None

    def put(self, key, result):
        """Keep a result; warn once if the folder takes none."""
        content = json.dumps(asdict(result)).encode()
        part = self._folder / f".{uuid.uuid4().hex}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                part.write_bytes(self._checksum(key, content) + b"\n" + content)
                part.replace(self._folder / key)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            if not self._has_failed:
                warn(
                    f"Results cannot be kept in {self._folder} ({error}): is the disk "
                    "full, or the folder not yours? The search goes on without."
                )
            self._has_failed = True

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

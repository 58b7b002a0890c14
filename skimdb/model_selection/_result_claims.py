"""Claims: files that say who works on a fit, so that nobody else does it, too."""

import os
import socket
import threading
import time
import uuid
from contextlib import contextmanager, suppress

# Seconds. A claim is renewed as long as its owner works. One that has not been renewed
# for long stands for nothing; a network folder may show that a minute late.
_RENEWAL = 10
_SILENCE = 120


def _is_running(pid):
    """Whether there is a process of this machine, as far as the system tells."""
    if os.name != "posix":  # asking would end it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


class Claims:
    """Claims of keys in a folder that several processes and machines share.

    A claim is a file that only one process can create. If its owner is gone, the next
    one creates another file, the claim's next turn: so two never take over at a time.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder):
        self._folder = folder

    def is_taken(self, key):
        """Whether another process, or another thread, works on a key."""
        return self._find_turn(key) is None

    @contextmanager
    def hold(self, key):
        """Claim a key while a `with` block runs.

        Parameters
        ----------
        key : str

        Yields
        ------
        is_ours : bool
            False if another process works on it. A folder that takes no files has no
            claims: True.
        """
        turn = self._find_turn(key)
        try:
            if turn is not None:
                self._create(key, turn)
        except FileExistsError:
            turn = None
        except OSError:
            yield True
            return
        if turn is None:
            yield False
            return
        ended = threading.Event()
        path = self._make_path(key, turn)
        renewing = threading.Thread(target=self._renew, args=(path, ended), daemon=True)
        renewing.start()
        try:
            yield True
        finally:
            ended.set()
            renewing.join()
            self._unlink(key, turn + 1)

    def clear(self, key):
        """Remove what owners that are gone have left of a key that is done."""
        self._unlink(key, self._find_turn(key) or 0)

    def _unlink(self, key, n_turns):
        for turn in range(n_turns):
            with suppress(OSError):  # it ages, then
                self._make_path(key, turn).unlink()

    def _make_path(self, key, turn):
        return self._folder / f"{key}.{turn}.claim"

    def _create(self, key, turn):
        with open(self._make_path(key, turn), "x") as file:
            file.write(f"{socket.gethostname()} {os.getpid()}")

    def _renew(self, path, ended):
        while not ended.wait(_RENEWAL):
            with suppress(OSError):  # perhaps next time
                os.utime(path)

    def _find_turn(self, key):
        """First turn that can be created, None if the owner of one is at work."""
        turn = 0
        while (is_abandoned := self._is_abandoned(self._make_path(key, turn))) is True:
            turn += 1
        return turn if is_abandoned is None else None

    def _is_abandoned(self, path):
        """Whether the owner of a claim is gone; None if there is no such claim."""
        try:
            host, _, pid = path.read_text().rpartition(" ")
            renewed = path.stat().st_mtime
        except OSError:
            return None
        if host == socket.gethostname() and pid.isdigit() and not _is_running(int(pid)):
            return True
        return self._read_clock() - renewed > _SILENCE

    def _read_clock(self):
        """Time by the clock of the folder, which may be another machine's."""
        probe = self._folder / f".{uuid.uuid4().hex}.part"
        try:
            probe.touch()
            return probe.stat().st_mtime
        except OSError:
            return time.time()
        finally:
            with suppress(OSError):
                probe.unlink()

"""Bring one published file into the data home, or say within seconds why not."""

import hashlib
import os
import threading
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from sklearn.datasets import get_data_home

ANSWER_SECONDS = 5  # how long a server may stay silent at first
N_RETRIES = 2  # after a transfer that broke off or came out wrong


class RemoteFile(NamedTuple):
    """A published file: its name in the data home, its address, its checksum."""

    name: str
    url: str
    checksum: str  # SHA-256, or another algorithm's with its name before a colon


class UnavailableError(OSError):
    """The data are not at hand and cannot be fetched."""


def find_data_home(data_home):
    """Return the data home as a path, made if need be.

    An explicit `data_home` wins over the environment variable ``SKIMDB_DATA``,
    which wins over scikit-learn's own data home.
    """
    if data_home is None:
        data_home = os.environ.get("SKIMDB_DATA") or None
    try:
        return Path(get_data_home(data_home))
    except OSError as error:
        raise UnavailableError(
            f"The data home cannot be made ({error}). Name another folder with "
            "data_home or the environment variable SKIMDB_DATA."
        ) from error


def is_writable(folder):
    """Tell whether files may be added to `folder`."""
    # A folder without write permission is meant to stay as it is, also where the
    # system would let root write to it.
    return os.access(folder, os.W_OK) and bool(folder.stat().st_mode & 0o222)


def has_checksum(content, checksum):
    """Tell whether the bytes `content` have the published `checksum`."""
    algorithm, _, digest = checksum.rpartition(":")
    return hashlib.new(algorithm or "sha256", content).hexdigest() == digest


def read_verified(file, data_home, download_if_missing):
    """Return the bytes of `file`, downloaded if need be, once they are verified.

    What is checked is what is returned: the file is read once.
    """
    path = data_home / file.name
    if not path.is_file():
        if not download_if_missing:
            raise UnavailableError(
                f"{file.name} is not in {data_home}, and download_if_missing is "
                f"False. Put the file from {file.url} there, or allow the download."
            )
        download(file, data_home)
    content = path.read_bytes()
    if not has_checksum(content, file.checksum):
        raise OSError(
            f"{path} is not the published file: its checksum is not "
            f"{file.checksum}. A copy or download was probably interrupted, or it is "
            f"another version. Put the file from {file.url} in its place, or move it "
            f"out of {data_home} and call again: then it is downloaded."
        )
    return content


def download(file, data_home):
    """Download `file` into `data_home`; what fails leaves nothing behind."""
    import pooch  # brings requests along, which only a download needs

    try:
        if not is_writable(data_home):
            raise PermissionError(f"{data_home} is read-only")
        _wait_for_answer(file.url)
        pooch.create(
            path=data_home,
            base_url="",
            registry={file.name: file.checksum},
            urls={file.name: file.url},
            retry_if_failed=N_RETRIES,
        ).fetch(
            file.name,
            downloader=pooch.HTTPDownloader(
                progressbar=True, chunk_size=2**16, timeout=2 * ANSWER_SECONDS
            ),
        )
    # requests' errors are OSErrors; a wrong checksum is pooch's ValueError.
    except (OSError, ValueError) as error:
        raise UnavailableError(
            f"{file.name} could not be downloaded from {file.url}, and nothing of "
            f"it was kept: {error}. Check the connection and call again, or put "
            f"the file into {data_home} yourself."
        ) from error


def _wait_for_answer(url):
    """Raise an OSError unless `url` begins to answer within seconds.

    Timeouts of sockets do not cover the look-up of the name, and count anew for
    each address of a host: only waiting from outside bounds the whole.
    """
    import requests

    host = urlsplit(url).netloc
    errors = [TimeoutError(f"{host} did not answer within {2 * ANSWER_SECONDS} s")]

    def ask():
        try:
            with requests.get(url, stream=True, timeout=ANSWER_SECONDS) as response:
                response.raise_for_status()
        except requests.Timeout:
            errors[0] = TimeoutError(f"{host} did not answer within {ANSWER_SECONDS} s")
        except requests.ConnectionError as error:  # its own text is a page long
            errors[0] = OSError(f"no connection to {host} ({type(error).__name__})")
        except requests.RequestException as error:
            errors[0] = error
        else:
            errors.clear()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(2 * ANSWER_SECONDS)
    if errors:
        raise errors[0]

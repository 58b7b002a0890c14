"""Download published files into the data home, and verify their checksums."""

import hashlib
import os
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from sklearn.datasets import get_data_home

ANSWER_SECONDS = 10  # longest silence of a server
MAX_BYTES = 2**27  # the largest published file has 84 MB
START_SECONDS, BYTES_PER_SECOND = 30, 10_000  # a slower transfer is stopped
N_RETRIES = 2  # after a transfer that broke off or has a wrong checksum


class RemoteFile(NamedTuple):
    """A published file: its name in the data home, its address, its checksum."""

    name: str
    url: str
    checksum: str  # SHA-256, or the name of another algorithm, a colon and its digest


class UnavailableError(OSError):
    """The data are neither on this machine nor can they be downloaded."""


def find_data_home(data_home):
    """Return the data home as a path. Create it if it does not exist.

    An explicit `data_home` takes precedence over the environment variable
    ``SKIMDB_DATA``, which takes precedence over scikit-learn's own data home.
    """
    if data_home is None:
        data_home = os.environ.get("SKIMDB_DATA") or None
    try:
        return Path(get_data_home(data_home))
    except OSError as error:
        raise UnavailableError(
            f"Could not create the data home: {error}. Set data_home or the "
            "environment variable SKIMDB_DATA to another folder."
        ) from error


def is_writable(folder):
    """Return whether `folder` has write permission. It also binds root here."""
    return os.access(folder, os.W_OK) and bool(folder.stat().st_mode & 0o222)


def has_checksum(content, checksum):
    """Return whether the bytes `content` have the published `checksum`."""
    algorithm, _, digest = checksum.rpartition(":")
    return hashlib.new(algorithm or "sha256", content).hexdigest() == digest


def read_verified(file, data_home, download_if_missing):
    """Return the verified bytes of `file`, downloaded if necessary.

    The file is read once, so the verified bytes are the returned bytes.
    """
    path = data_home / file.name
    if not path.is_file():
        if not download_if_missing:
            raise UnavailableError(
                f"Expected {file.name} in {data_home}, which does not contain it, and "
                f"download_if_missing is False. Put the file from {file.url} there, "
                "or allow the download."
            )
        download(file, data_home)
    content = path.read_bytes()
    if not has_checksum(content, file.checksum):
        raise OSError(
            f"Expected the published file in {path}, got another checksum than "
            f"{file.checksum}. Put the file from {file.url} in its place, or move it "
            f"out of {data_home} and call again to download it."
        )
    return content


def download(file, data_home):
    """Download `file` into `data_home`. A failed download leaves no file there."""
    import pooch  # imports requests, which only a download needs

    try:
        if not is_writable(data_home):
            raise PermissionError(f"{data_home} is read-only")
        pooch.create(
            path=data_home,
            base_url="",
            registry={file.name: file.checksum},
            urls={file.name: file.url},
            retry_if_failed=N_RETRIES,
        ).fetch(file.name, downloader=_transfer)
    # The errors of requests are OSErrors. Pooch raises a ValueError for a checksum.
    except (OSError, ValueError) as error:
        raise UnavailableError(
            f"Could not download {file.name} from {file.url}, and nothing of it was "
            f"kept: {error}. Check the connection and call again, or put the file "
            f"into {data_home} yourself."
        ) from error


def _transfer(url, path, _):
    """Write the file at `url` to `path`, as pooch's downloaders do.

    pooch repeats a transfer after the errors of requests, but not after an OSError.
    """
    import requests
    from tqdm import tqdm
    from urllib3.exceptions import HTTPError

    host, start = urlsplit(url).netloc, time.monotonic()
    try:
        # Without compression, which would change the size and the checksum.
        response = requests.get(
            url,
            stream=True,
            timeout=ANSWER_SECONDS,
            headers={"Accept-Encoding": "identity"},
        )
    except requests.RequestException as error:  # its own message is very long
        raise OSError(f"no answer from {host} ({type(error).__name__})") from error
    with response, open(path, "wb") as file, tqdm(unit="B", unit_scale=True) as bar:
        response.raise_for_status()
        bar.total = response.raw.length_remaining
        try:
            while block := response.raw.read1(2**16):  # does not wait for all 64 kB
                bar.update(file.write(block))
                seconds = time.monotonic() - start
                least = (seconds - START_SECONDS) * BYTES_PER_SECOND
                if not least <= bar.n <= MAX_BYTES:
                    raise OSError(
                        f"{host} sent {bar.n:,} bytes in {seconds:.0f} s, expected at "
                        f"most {MAX_BYTES:,}, at {BYTES_PER_SECOND:,} per second"
                    )
        except HTTPError as error:
            raise requests.ConnectionError(error) from error

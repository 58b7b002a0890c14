"""The Large Movie Review Dataset: Stanford's archive, or its unpacked folder."""

import gzip
import hashlib
import io
import os
import re
import tarfile
import uuid
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sklearn.utils import Bunch

from skimdb._messages import warn
from skimdb.datasets._download import (
    RemoteFile,
    UnavailableError,
    download,
    is_writable,
)

ARCHIVE = RemoteFile(
    "aclImdb_v1.tar.gz",
    "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
)
FOLDER = "aclImdb"
CACHE = "aclImdb_v1.parquet"
SCHEMA = pa.schema({"half": pa.string(), "id": pa.string(), "text": pa.string()})
CACHE_LAYOUT = 2  # to be raised when the columns of the cache change
# The most that is read of an archive: bytes when unpacked, and files. The published one
# has some 300 MB and 100,000 files.
MAX_BYTES = 2**29
MAX_MEMBERS = 300_000

# The only members ever read: aclImdb/{train,test}/{neg,pos}/NUMBER_RATING.txt
REVIEW_PATH = re.compile(
    r"(?:\./)?aclImdb/((?:train|test)/(?:neg|pos)/\d+_(?:10|[1-9]))\.txt", re.ASCII
)


def read_stanford(data_home, halves, download_if_missing):
    """Return the reviews of `halves` as a Bunch, in the order of official paths."""
    archive, folder = data_home / ARCHIVE.name, data_home / FOLDER
    if archive.is_file():
        return _to_bunch(_read_archive(archive, halves), halves, archive)
    if folder.is_dir():
        return _to_bunch(_read_folder(folder, halves), halves, folder)
    if not download_if_missing:
        raise UnavailableError(
            f"The reviews are not in the data home {data_home}, neither as "
            f"{ARCHIVE.name} nor as a folder {FOLDER}, and download_if_missing is "
            f"False. Put the archive from {ARCHIVE.url} there, or allow the download."
        )
    download(ARCHIVE, data_home)
    return _to_bunch(_read_archive(archive, halves), halves, archive)


def _read_folder(folder, halves):
    """Read the unpacked folder: quick enough, and free to change, to need no cache."""
    texts = {}
    for half in halves:
        for label in ("neg", "pos"):
            if not (folder / half / label).is_dir():
                continue  # reported with what is missing, by _to_bunch
            with os.scandir(folder / half / label) as entries:
                for entry in entries:
                    name = f"{FOLDER}/{half}/{label}/{entry.name}"
                    match = REVIEW_PATH.fullmatch(name)
                    if match and entry.is_file():
                        content = Path(entry).read_bytes()
                        texts[match[1]] = _decode(content, entry.path)
    return _to_table(texts)


def _decode(content, path):
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise OSError(
            f"{path} is not in UTF-8, as the published reviews are: {error}. It "
            "was probably saved by an editor, or is no review: put the "
            "published file in its place."
        ) from error


def _read_archive(archive, halves):
    """Read the archive, or the Parquet cache beside it if that is of this archive."""
    cache = archive.with_name(CACHE)
    status = archive.stat()
    stamp = f"{CACHE_LAYOUT} {status.st_size} {status.st_mtime_ns}".encode()
    table = _read_cache(cache, stamp, halves)
    if table is None:
        table = _to_table(_unpack(archive))
        _write_cache(table, cache, stamp)
        table = table.filter(pc.is_in(table["half"], pa.array(halves)))
    return table


def _unpack(archive):
    """Read every review into memory, as ``{id: text}``; nothing is extracted."""
    try:
        # As a whole, since tarfile ends at the first block that is no header: only
        # the checksum at the end of the gzip stream shows that nothing is missing.
        with gzip.open(archive) as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise OSError(_describe_excess(archive))
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as members:
            return _read_members(members, content, archive)
    except (EOFError, gzip.BadGzipFile, tarfile.TarError, zlib.error) as error:
        raise OSError(
            f"{archive} is damaged, cut off or another file ({error}). A copy or "
            f"download was probably interrupted. {_advise(archive)}"
        ) from error


def _read_members(members, content, archive):
    """Read the reviews among the members of a tar, whose bytes are `content`."""
    texts = {}
    for number, member in enumerate(members):
        if number > MAX_MEMBERS:
            raise OSError(_describe_excess(archive))
        match = REVIEW_PATH.fullmatch(member.name)
        if match and member.isreg():
            start = member.offset_data
            text = content[start : start + member.size]
            texts[match[1]] = _decode(text, f"{archive}, {member.name}")
    return texts


def _describe_excess(archive):
    return (
        f"{archive} is not the published archive: it unpacks to far more, and was "
        f"read no further. {_advise(archive)}"
    )


def _advise(origin):
    return (
        "Put the published one in its place, or move it out of "
        f"{origin.parent} and call again: then it is downloaded."
    )


def _read_cache(cache, stamp, halves):
    """Read the cache; None unless it is of this archive, and as it was written."""
    try:
        table = pq.read_table(cache, filters=[("half", "in", halves)])
        if not table.schema.equals(SCHEMA):
            return None
        known = table.schema.metadata or {}
        whole = {half: _compute_checksum(table, half) for half in halves}
        if known[b"archive"] == stamp and all(
            known[half.encode()] == checksum for half, checksum in whole.items()
        ):
            return table
    # Not written yet, not a file of ours, or damaged in whatever way a file can be:
    # the archive has it all.
    except (OSError, ValueError, KeyError, MemoryError, pa.ArrowException):
        pass
    return None


def _write_cache(table, cache, stamp):
    """Write the cache, whole or not at all."""
    if not is_writable(cache.parent):
        return
    halves = table["half"].unique().to_pylist()
    checksums = {half: _compute_checksum(table, half) for half in halves}
    table = table.replace_schema_metadata({"archive": stamp} | checksums)
    temporary = cache.with_name(f"{cache.name}.{uuid.uuid4().hex}")
    try:
        pq.write_table(table, temporary, compression="zstd", row_group_size=25_000)
        os.replace(temporary, cache)
    except OSError:
        pass  # a full disk, say: the cache only saves time, the reviews are at hand
    finally:
        temporary.unlink(missing_ok=True)


def _compute_checksum(table, half):
    """SHA-256 of the reviews of a half, of their lengths, ids and texts."""
    table = table.filter(pc.equal(table["half"], half))
    digest = hashlib.sha256()
    for column in ("id", "text"):
        values = table[column].to_pylist()
        digest.update(repr([len(value) for value in values]).encode())
        digest.update("".join(values).encode())
    return digest.hexdigest().encode()


def _to_table(texts):
    ids = sorted(texts, key=_official_order)
    halves = [id_.split("/")[0] for id_ in ids]
    return pa.table([halves, ids, [texts[id_] for id_ in ids]], schema=SCHEMA)


def _official_order(id_):
    """Sort train before test, neg before pos, then by number: neighbours share films.

    >>> sorted(["test/neg/0_2", "train/pos/9_8", "train/pos/10_7"], key=_official_order)
    ['train/pos/9_8', 'train/pos/10_7', 'test/neg/0_2']
    """
    half, label, name = id_.split("/")
    return half != "train", label, int(name.split("_")[0])


def _to_bunch(table, halves, origin):
    ids = table["id"].to_pylist()
    labels = [id_.split("/")[1] for id_ in ids]
    for half in halves:
        counts = {
            label: sum(id_.startswith(f"{half}/{label}/") for id_ in ids)
            for label in ("neg", "pos")
        }
        if 0 in counts.values():
            raise OSError(
                f"{origin} holds {counts['neg']} negative and {counts['pos']} positive "
                f"{half} reviews under {FOLDER}/{half}/, where some of each belong. "
                "Ask for a subset that it has. If it should have them, it was packed "
                f"or unpacked only in part. {_advise(origin)}"
            )
        if counts["neg"] != counts["pos"]:
            warn(
                f"{origin} holds {counts['neg']} negative and {counts['pos']} positive "
                f"{half} reviews; the published data are balanced. Was it packed or "
                f"unpacked only in part? {_advise(origin)}"
            )
    return Bunch(
        data=table["text"].to_numpy(),
        target=np.array([label == "pos" for label in labels], dtype=np.int64),
        ids=np.array(ids, dtype=object),
        ratings=np.array([int(id_.split("_")[1]) for id_ in ids], dtype=np.int64),
    )

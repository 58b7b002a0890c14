"""The Large Movie Review Dataset: the published archive, or its unpacked folder."""

import gzip
import io
import os
import re
import tarfile
import uuid
import zlib
from collections import Counter

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
SCHEMA = pa.schema({"id": pa.string(), "text": pa.string()})
CACHE_LAYOUT = 3  # increase it when the format of the cache changes
# Limits for an archive: unpacked bytes, and members. The published archive has about
# 300 MB and 100,000 members.
MAX_BYTES = 2**29
MAX_MEMBERS = 300_000

# The only members that are read: aclImdb/{train,test}/{neg,pos}/NUMBER_RATING.txt
REVIEW_PATH = re.compile(
    r"(?:\./)?aclImdb/((?:train|test)/(?:neg|pos)/\d{1,9}_(?:10|[1-9]))\.txt", re.ASCII
)


def read_stanford(data_home, halves, download_if_missing):
    """Return the reviews of `halves` as a Bunch, in the order of official paths."""
    archive, folder = data_home / ARCHIVE.name, data_home / FOLDER
    if not archive.is_file():
        if folder.is_dir():
            return _to_bunch(_read_folder(folder, halves), halves, folder)
        if not download_if_missing:
            raise UnavailableError(
                f"Expected {ARCHIVE.name} or a folder {FOLDER} in the data home "
                f"{data_home}, got neither, and download_if_missing is False. Put "
                f"the archive from {ARCHIVE.url} there, or allow the download."
            )
        download(ARCHIVE, data_home)
    return _to_bunch(_read_archive(archive, halves), halves, archive)


def _read_folder(folder, halves):
    """Read the unpacked folder. It is fast to read and may change: no cache."""
    texts = {}
    for half in halves:
        for label in ("neg", "pos"):
            for path in (folder / half / label).glob("*.txt"):
                match = REVIEW_PATH.fullmatch(f"{FOLDER}/{half}/{label}/{path.name}")
                if match and path.is_file():
                    texts[match[1]] = _decode(path.read_bytes(), path)
    return _to_table(texts)


def _decode(content, path):
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise OSError(
            f"Expected a review in UTF-8, got other bytes in {path}: {error}. Put the "
            "published file in its place."
        ) from error


def _read_archive(archive, halves):
    """Read the archive, or its Parquet cache if the archive has not changed."""
    cache = archive.with_name(CACHE)
    status = archive.stat()
    stamp = f"{CACHE_LAYOUT} {status.st_size} {status.st_mtime_ns}".encode()
    table = _read_cache(cache, stamp)
    if table is None:
        table = _to_table(_unpack(archive))
        _write_cache(table, cache, stamp)
    wanted = pc.match_substring_regex(table["id"], f"^({'|'.join(halves)})/")
    return table.filter(wanted)


def _unpack(archive):
    """Read every review into memory, as ``{id: text}``. Nothing is extracted."""
    try:
        # Only the checksum at the end of the gzip stream proves that it is complete.
        with gzip.open(archive) as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise tarfile.TarError(f"it unpacks to more than {MAX_BYTES:,} bytes")
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as members:
            return _read_members(members, content)
    except (
        *(gzip.BadGzipFile, zlib.error, tarfile.TarError, EOFError),
        *(ValueError, OverflowError, RecursionError),  # tarfile, of malformed headers
    ) as error:
        raise OSError(
            f"Expected the published archive in {archive}, got a damaged or another "
            f"file ({error}). {_advise(archive)}"
        ) from error


def _read_members(members, content):
    """Read the reviews among the members of a tar whose bytes are `content`."""
    texts = {}
    for number, member in enumerate(members):
        if number > MAX_MEMBERS:
            raise tarfile.TarError(f"it has more than {MAX_MEMBERS:,} members")
        match = REVIEW_PATH.fullmatch(member.name)
        if match:
            # Links and devices have no text here, sparse files only a part of it.
            if not member.isreg() or member.issparse() or member.size < 0:
                raise tarfile.TarError(f"{member.name} is not a regular file")
            if match[1] in texts:
                raise tarfile.TarError(f"it contains {member.name} twice")
            start = member.offset_data
            texts[match[1]] = _decode(content[start : start + member.size], member.name)
    # tarfile stops at a zero block, at the end, and without an error at other blocks.
    if content[members.offset : members.offset + 512].strip(b"\0"):
        raise tarfile.TarError("it contains a malformed header")
    return texts


def _advise(origin):
    return (
        "Put the published one in its place, or move it out of "
        f"{origin.parent} and call again to download it."
    )


def _read_cache(cache, stamp):
    """Read the cache. Return None if it is missing, damaged or of another archive."""
    try:
        table = pq.read_table(cache, page_checksum_verification=True)
    except (OSError, ValueError, MemoryError, pa.ArrowException):
        return None
    is_intact = table.schema.equals(SCHEMA.with_metadata(_describe(table, stamp)), True)
    return table if is_intact else None


def _write_cache(table, cache, stamp):
    """Write the cache under a temporary name, then rename it."""
    if not is_writable(cache.parent):
        return
    temporary = cache.with_name(f"{cache.name}.{uuid.uuid4().hex}")
    try:
        pq.write_table(
            table.replace_schema_metadata(_describe(table, stamp)),
            temporary,
            compression="zstd",
            write_page_checksum=True,
            write_statistics=False,  # they have no checksum
        )
        os.replace(temporary, cache)
    except OSError:
        pass  # for example a full disk: the cache only saves time
    finally:
        temporary.unlink(missing_ok=True)


def _describe(table, stamp):
    """Return the metadata of the cache. Its pages have checksums, its length not."""
    return {"archive": stamp, "n_rows": str(len(table))}


def _to_table(texts):
    ids = sorted(texts, key=_official_order)
    return pa.table([ids, [texts[id_] for id_ in ids]], schema=SCHEMA)


def _official_order(id_):
    """Sort train before test, neg before pos, then by number: neighbours share films.

    >>> sorted(["test/neg/0_2", "train/pos/9_8", "train/pos/10_7"], key=_official_order)
    ['train/pos/9_8', 'train/pos/10_7', 'test/neg/0_2']
    """
    half, label, name = id_.split("/")
    return half != "train", label, int(name.split("_")[0])


def _to_bunch(table, halves, origin):
    ids = table["id"].to_pylist()
    counts = Counter(id_.rpartition("/")[0] for id_ in ids)
    for half in halves:
        neg, pos = counts[f"{half}/neg"], counts[f"{half}/pos"]
        found = (
            f"Expected as many negative as positive {half} reviews in {origin}, got "
            f"{neg} and {pos}. "
        )
        if not (neg and pos):
            raise OSError(f"{found}Load a subset that it contains. {_advise(origin)}")
        if neg != pos:
            warn(f"{found}Some files may be missing. {_advise(origin)}")
    return Bunch(
        data=table["text"].to_numpy(),
        target=np.array(["/pos/" in id_ for id_ in ids], dtype=np.int64),
        ids=np.array(ids, dtype=object),
        ratings=np.array([int(id_.split("_")[1]) for id_ in ids], dtype=np.int64),
    )

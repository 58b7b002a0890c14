"""The Large Movie Review Dataset: Stanford's archive, or its unpacked folder."""

import gzip
import io
import os
import re
import tarfile
import uuid
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sklearn.utils import Bunch

from skimdb._warnings import warn
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
CACHE_LAYOUT = 1  # to be raised when the columns of the cache change

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
            for entry in os.scandir(folder / half / label):
                match = REVIEW_PATH.fullmatch(f"{FOLDER}/{half}/{label}/{entry.name}")
                if match and entry.is_file():
                    with open(entry.path, "rb") as file:
                        texts[match[1]] = file.read().decode()
    return _to_table(texts)


def _read_archive(archive, halves):
    """Read the archive, or the Parquet cache beside it if that is of this archive."""
    cache = archive.with_name(CACHE)
    status = archive.stat()
    stamp = f"{CACHE_LAYOUT} {status.st_size} {status.st_mtime_ns}".encode()
    try:
        table = pq.read_table(cache, filters=[("half", "in", halves)])
        if (table.schema.metadata or {}).get(b"archive") == stamp:
            return table
    except (OSError, pa.ArrowException):
        pass  # not written yet, or not a file of ours: the archive has it all
    table = _to_table(_unpack(archive)).replace_schema_metadata({"archive": stamp})
    _write_cache(table, cache)
    return table.filter(pc.is_in(table["half"], pa.array(halves)))


def _unpack(archive):
    """Read every review into memory, as ``{id: text}``; nothing is extracted."""
    texts = {}
    try:
        # As a whole, since tarfile ends at the first block that is no header: only
        # the checksum at the end of the gzip stream shows that nothing is missing.
        content = gzip.decompress(archive.read_bytes())
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as members:
            for member in members:
                match = REVIEW_PATH.fullmatch(member.name)
                if match and member.isreg():
                    start = member.offset_data
                    texts[match[1]] = content[start : start + member.size].decode()
    except (
        EOFError,
        UnicodeDecodeError,
        gzip.BadGzipFile,
        tarfile.TarError,
        zlib.error,
    ) as error:
        raise OSError(
            f"{archive} is damaged or cut off ({error}). A copy or download was "
            "probably interrupted. Delete it and call again."
        ) from error
    return texts


def _write_cache(table, cache):
    """Write the cache, whole or not at all."""
    if not is_writable(cache.parent):
        return
    temporary = cache.with_name(f"{cache.name}.{uuid.uuid4().hex}")
    try:
        pq.write_table(table, temporary, compression="zstd", row_group_size=25_000)
        os.replace(temporary, cache)
    except OSError:
        pass  # a full disk, say: the cache only saves time, the reviews are at hand
    finally:
        temporary.unlink(missing_ok=True)


def _to_table(texts):
    ids = sorted(texts, key=_official_order)
    return pa.table(
        {
            "half": pa.array([id_.split("/")[0] for id_ in ids], pa.string()),
            "id": pa.array(ids, pa.string()),
            "text": pa.array([texts[id_] for id_ in ids], pa.string()),
        }
    )


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
                f"{half} reviews under {FOLDER}/{half}/, where some of each belong. It "
                "is another file, or was packed or unpacked only in part. Delete it "
                "and call again."
            )
        if counts["neg"] != counts["pos"]:
            warn(
                f"{origin} holds {counts['neg']} negative and {counts['pos']} positive "
                f"{half} reviews; the published data are balanced. If it was packed "
                "or unpacked only in part, delete it and call again.",
                UserWarning,
            )
    return Bunch(
        data=table["text"].to_numpy(),
        target=np.array([label == "pos" for label in labels], dtype=np.int64),
        ids=np.array(ids, dtype=object),
        ratings=np.array([int(id_.split("_")[1]) for id_ in ids], dtype=np.int64),
    )

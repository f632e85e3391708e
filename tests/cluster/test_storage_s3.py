"""Object storage with moto's S3 server on loopback, through s3fs: kills, cuts and corruption lose nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest

pytest.importorskip("s3fs", reason="needs warraq[s3]")
pytest.importorskip("moto.server", reason="needs the group `cluster`: make cluster-test")

from archive import warc
from archive.archive import Archive
from archive.collection.upload import upload
from archive.errors import StorageError
from archive.index import files, open_store
from archive.maintain import verify
from archive.storage import StoredFile, open_storage, s3
from tests.archive.maintain.conftest import FIRST, MOMENT, SECOND, collection, keep  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.collection import Collection
    from archive.storage import Storage

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
]  # commands start a dozen processes, on machines that do other things
ROOT = Path(__file__).parents[2]
NAME = "archive/NEWS-1.warc.gz"
DATA = bytes(range(256)) * 3000
HOP = {"connection", "transfer-encoding", "content-length", "host"}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Wire:
    """A proxy before the server that counts what the server sends, and can slow down or corrupt what it is sent.

    `endless` are a method, how the answers about files to it begin, and the seconds between two bytes that they go on with for ever.
    """

    url: str
    served: int = 0
    asked: list[str] = field(default_factory=list)
    slow: float = 0.0
    corrupt: bool = False
    cut: int = 0
    endless: tuple[str, bytes, float] | None = None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wire: Wire
    port: int

    def do_GET(self) -> None:
        data = self._body()
        range_ = self.headers.get("Range", "")
        self.wire.asked.append(f"{self.command} {self.path.partition('?')[0]} {range_}".strip())
        if self.wire.endless and self.wire.endless[0] == self.command and "/archive/" in self.path.partition("?")[0]:
            self._give_for_ever(*self.wire.endless[1:])
            return
        if self.wire.slow and self.command == "PUT":
            time.sleep(self.wire.slow)
        if self.wire.corrupt and self.command == "PUT" and data:
            data = data[:-1] + bytes([data[-1] ^ 1])
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        behind = HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(behind):
            behind.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in ({"Host": self.headers["Host"], "Content-Length": str(len(data))} | headers).items():
                behind.putheader(name, value)
            behind.endheaders(data)
            answer = behind.getresponse()
            self._give(answer.status, answer.headers, answer.read())

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET  # noqa: N815 - what http.server calls

    def _give_for_ever(self, start: bytes, seconds: float) -> None:
        self.wfile.write(start)
        with contextlib.suppress(OSError):  # the client has hung up
            while self.wire.endless:
                time.sleep(seconds)
                self.wfile.write(b"x" if start else b"")

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            data = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _give(self, status: int, headers: object, body: bytes) -> None:
        if self.wire.cut and self.command == "GET" and status == 206:
            body = body[: self.wire.cut]
        self.send_response(status)
        for name, value in headers.items():  # type: ignore[attr-defined]
            if name.lower() not in HOP and not (name.lower() == "date" or name.lower() == "server"):
                self.send_header(name, value)
        length = headers["Content-Length"] if self.command == "HEAD" else str(len(body))  # type: ignore[index]
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
            self.wire.served += len(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    port = free_port()
    log = subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), urlopen(f"{url}/moto-api/", timeout=5):
                break
            time.sleep(0.2)
        yield url
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def wire(server: str) -> Iterator[Wire]:
    handler = type("Handler", (_Handler,), {"port": int(server.rpartition(":")[2])})
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.wire = Wire(url=f"http://127.0.0.1:{proxy.server_port}")
    thread = Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    yield handler.wire
    handler.wire.endless = None
    proxy.shutdown()
    proxy.server_close()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTONLY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-secret-4711")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))


@pytest.fixture
def url(wire: Wire, request: pytest.FixtureRequest) -> str:
    bucket = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:50].strip("-")
    urlopen(Request(f"{wire.url}/{bucket}", method="PUT"), timeout=30).close()
    return f"s3://{bucket}/press/news?endpoint_url={wire.url}"


@pytest.fixture
def storage(url: str) -> Storage:
    return open_storage(url)


def a_file(folder: Path, data: bytes = DATA) -> tuple[Path, str]:
    path = folder / "local.warc.gz"
    path.write_bytes(data)
    return path, hashlib.sha256(data).hexdigest()


def put(storage: Storage, folder: Path, data: bytes = DATA, *, replace: bool = False) -> str:
    path, sha256 = a_file(folder, data)
    return storage.put_verified(path, NAME, sha256=sha256, replace=replace)


def command(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "archive", "--archive", str(folder), *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_file_goes_there_with_its_sha256_and_the_server_proves_it(storage: Storage, tmp_path: Path) -> None:
    assert storage.stat(NAME) is None
    assert put(storage, tmp_path) == "etag"
    found = storage.stat(NAME)
    assert found is not None
    assert (found.size, found.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())
    assert storage.read_range(NAME, 1000, 70_000) == DATA[1000:71_000]


def test_the_contract_of_replacing_holds(storage: Storage, tmp_path: Path) -> None:
    put(storage, tmp_path)
    with pytest.raises(StorageError, match="another file"):
        put(storage, tmp_path, b"other bytes")
    assert put(storage, tmp_path, b"other bytes", replace=True) == "etag"
    assert storage.read_range(NAME, 0, 5) == b"other"
    with pytest.raises(StorageError, match="SHA-256"):
        storage.prove(a_file(tmp_path)[0], NAME, sha256=a_file(tmp_path)[1])


def test_a_large_file_goes_in_parts_and_is_proved(storage: Storage, tmp_path: Path, wire: Wire) -> None:
    data = os.urandom(1 << 20) * 40
    assert put(storage, tmp_path, data) == "etag"
    assert sum(asked.startswith("PUT") and "archive" in asked for asked in wire.asked) == 3
    assert storage.read_range(NAME, (33 << 20) - 5, 10) == data[(33 << 20) - 5 :][:10]


def test_only_the_range_that_is_asked_for_is_sent(storage: Storage, tmp_path: Path, wire: Wire) -> None:
    put(storage, tmp_path)
    before = wire.served
    assert len(storage.read_range(NAME, 5000, 321)) == 321
    assert wire.served - before == 321


def test_a_short_answer_is_a_named_error(storage: Storage, tmp_path: Path, wire: Wire) -> None:
    put(storage, tmp_path)
    wire.cut = 100
    with pytest.raises(StorageError, match="100 B of"):
        storage.read_range(NAME, 5000, 321)


IN_HEADERS = b"HTTP/1.1 200 OK\r\nX-Slow: "
IN_BODY = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 321\r\n\r\n"


@pytest.mark.parametrize("start", [IN_HEADERS, IN_BODY, b""], ids=["in the headers", "in the body", "before it begins"])
@pytest.mark.parametrize("method", ["HEAD", "PUT", "GET"])
def test_an_answer_that_never_ends_is_given_up(
    storage: Storage, tmp_path: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch, method: str, start: bytes
) -> None:
    if (method, start) == ("HEAD", IN_BODY):
        pytest.skip("answers to HEAD have no body")
    if method == "GET":
        put(storage, tmp_path)
    monkeypatch.setattr(s3, "ANSWER_S", 1.0)
    wire.endless = (method, start, 0.1)
    with pytest.raises(StorageError, match="no complete response within") as caught:
        storage.read_range(NAME, 5000, 321) if method == "GET" else put(storage, tmp_path)
    assert caught.value.transient


def test_bytes_that_are_corrupted_on_the_way_are_not_taken(storage: Storage, tmp_path: Path, wire: Wire) -> None:
    wire.corrupt = True
    with pytest.raises(StorageError):
        put(storage, tmp_path)
    wire.corrupt = False
    put(storage, tmp_path, replace=True)
    assert storage.read_range(NAME, 0, len(DATA)) == DATA


def test_an_upload_that_is_killed_leaves_no_file_and_is_finished_by_the_next(
    storage: Storage, url: str, tmp_path: Path, wire: Wire
) -> None:
    path, sha256 = a_file(tmp_path, os.urandom(1 << 20) * 80)
    wire.slow = 1.0
    code = "import sys; from pathlib import Path; from archive.storage import open_storage; "
    code += "open_storage(sys.argv[1]).put_verified(Path(sys.argv[2]), sys.argv[3], sha256=sys.argv[4])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, url, str(path), NAME, sha256], env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    deadline = time.monotonic() + 60
    while not any(asked.startswith("PUT") and "news" in asked for asked in wire.asked) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wire.slow = 0.0
    assert storage.stat(NAME) is None
    begun = storage.fs.call_s3("list_multipart_uploads", Bucket=url.split("/")[2])  # type: ignore[attr-defined]
    assert len(begun.get("Uploads", [])) == 1
    assert storage.put_verified(path, NAME, sha256=sha256) == "etag"
    begun = storage.fs.call_s3("list_multipart_uploads", Bucket=url.split("/")[2])  # type: ignore[attr-defined]
    assert begun.get("Uploads", []) == []


def test_reading_on_asks_for_every_byte_once(storage: Storage, tmp_path: Path, wire: Wire) -> None:
    put(storage, tmp_path)
    before = wire.served
    with StoredFile(storage, NAME, size=len(DATA)).open() as file:
        assert file.read() == DATA
    assert wire.served - before == len(DATA)


class TestArchive:
    """A whole archive in a bucket."""

    @pytest.fixture
    def moved(self, collection: Collection, url: str) -> Collection:  # noqa: F811
        done = upload(collection, to=url, clock=lambda: MOMENT, remove_after_days=0)
        assert (len(done.uploaded), len(done.removed), done.failed) == (2, 2, {})
        return collection

    def test_a_record_costs_its_own_bytes(self, moved: Collection, wire: Wire) -> None:
        with Archive(moved.folder) as archive:
            row = archive.article(FIRST)
            wire.served = 0
            assert archive.record(row).url == FIRST
            assert wire.served == row["warc_record_length"]

    def test_the_commands_work(self, moved: Collection, tmp_path: Path) -> None:
        assert command(moved.folder, "show", FIRST).returncode == 0
        done = command(moved.folder, "export", "-f", "wacz", "-o", str(tmp_path / "all.wacz"))
        assert done.returncode == 0, done.stderr
        done = command(moved.folder, "verify", "--remote", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["files"] == 2
        done = command(moved.folder, "reindex")
        assert done.returncode == 0, done.stderr
        with open_store(moved.database) as store:
            assert store.db.conn.execute("SELECT count(*) FROM captures").fetchone()[0] == 5

    def test_an_object_that_changed_is_found(self, moved: Collection, storage: Storage, tmp_path: Path) -> None:
        with open_store(moved.database) as store:
            row = next(iter(files.rows(store.db).values()))
        key = f"archive/{row.filename}"
        data = bytearray(storage.read_range(key, 0, row.bytes))
        data[-20] ^= 1
        path, sha256 = a_file(tmp_path, bytes(data))
        storage.put_verified(path, key, sha256=sha256, replace=True)
        with open_store(moved.database) as store:
            report = verify(moved, store, clock=lambda: MOMENT, remote=True)
        assert ("storage", row.filename) in {(one.kind, one.file) for one in report.problems}

    def test_no_secret_is_kept(self, moved: Collection) -> None:
        for path in moved.folder.rglob("*"):
            if path.is_file():
                assert b"not-a-real-secret" not in path.read_bytes()
                assert b"AKIATESTONLY" not in path.read_bytes()

    def test_a_server_that_is_down_is_named_with_what_to_do(self, moved: Collection) -> None:
        gone = f"http://127.0.0.1:{free_port()}"
        with open_store(moved.database) as store, store.atomic():
            store.db.conn.execute("UPDATE files SET storage = ?", (f"s3://bucket/news?endpoint_url={gone}",))
        done = command(moved.folder, "explain", FIRST)
        assert done.returncode == 14
        assert "no answer" in done.stderr
        assert "can this machine reach it" in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_server_that_drips_loses_nothing_and_the_next_run_uploads(
        self,
        collection: Collection,  # noqa: F811
        url: str,
        wire: Wire,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        here = len(warc.closed_files(collection.warcs))
        with monkeypatch.context() as short:
            short.setattr(s3, "ANSWER_S", 1.0)
            wire.endless = ("PUT", IN_BODY, 0.1)
            done = upload(collection, to=url, clock=lambda: MOMENT, remove_after_days=0)
        assert (done.uploaded, done.removed, len(done.failed), len(done.waiting)) == ([], [], 1, here)
        assert len(warc.closed_files(collection.warcs)) == here
        wire.endless = None
        assert len(upload(collection, to=url, clock=lambda: MOMENT).uploaded) == here

    def test_wrong_credentials_are_named_and_nothing_is_lost(self, collection: Collection, url: str) -> None:  # noqa: F811
        none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        done = command(collection.folder, "upload", "--to", url, "--remove-local", **none)
        assert done.returncode == 14, done.stdout + done.stderr
        assert "AWS_ACCESS_KEY_ID" in done.stderr
        assert len(warc.closed_files(collection.warcs)) == 2

    def test_a_bucket_that_is_not_there_is_named(self, collection: Collection, wire: Wire) -> None:  # noqa: F811
        done = command(collection.folder, "upload", "--to", f"s3://never-made/x?endpoint_url={wire.url}")
        assert done.returncode == 14
        assert "bucket" in done.stderr.lower()

    def test_what_is_redacted_is_replaced_and_old_versions_are_told(
        self,
        collection: Collection,  # noqa: F811
        url: str,
        storage: Storage,
    ) -> None:
        bucket = url.split("/")[2]
        versioning = {"Status": "Enabled"}
        storage.fs.call_s3("put_bucket_versioning", Bucket=bucket, VersioningConfiguration=versioning)  # type: ignore[attr-defined]
        upload(collection, to=url, clock=lambda: MOMENT, remove_after_days=0)
        done = command(collection.folder, "redact", FIRST, "--reason", "court order", "--yes")
        assert done.returncode == 0, done.stderr
        assert "KEEPS THE OLD FILE" in done.stderr
        done = command(collection.folder, "verify", "--remote")
        assert done.returncode == 0, done.stdout
        assert command(collection.folder, "show", SECOND).returncode == 0

"""The configuration of docs/how-to/proxy.md: nginx with those lines in front of the reading room."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING

import pytest

from archive.collection import Collection
from archive.ingest import open_writer
from tests.archive.maintain.conftest import MOMENT, keep
from tests.support import PATIENCE
from tests.support.program import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PAGE = ROOT / "docs" / "how-to" / "proxy.md"
NAME = "archive.example.org"
PASSWORD = base64.b64encode(b"reader:tajriba").decode()
MAIN = """daemon off; pid {0}/pid; error_log {0}/error.log; {1}
events {{ worker_connections 512; }}
http {{
access_log off; client_body_temp_path {0}/a; proxy_temp_path {0}/b;
fastcgi_temp_path {0}/c; uwsgi_temp_path {0}/d; scgi_temp_path {0}/e;
include {0}/archive.conf; }}
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not NGINX, reason="nginx is not installed (Debian: apt-get install nginx-light)"),
    pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed"),
]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Proxied:
    """The room behind nginx: ports of nginx, what the room logs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.plain, self.secure = folder, free_port(), free_port()
        self._trust = ssl.create_default_context()

    @contextlib.contextmanager
    def running(self) -> Iterator[Proxied]:
        command = [
            sys.executable,
            "-m",
            "warraq",
            "--archive",
            str(self.folder / "news"),
            "serve",
            "--port",
            "0",
            "--name",
            NAME,
            "-v",
        ]
        with (
            (self.folder / "room").open("wb") as log,
            subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT) as room,
        ):
            try:
                self._write_files(self._wait(lambda: re.search(r"127\.0\.0\.1:(\d+)", self.said()))[1])
                with subprocess.Popen(
                    [NGINX, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"]
                ) as nginx:
                    try:
                        self._wait(self._answers)
                        yield self
                    finally:
                        nginx.terminate()
            finally:
                room.terminate()

    def _wait(self, look):
        latest = time.monotonic() + PATIENCE
        while time.monotonic() < latest:
            if found := look():
                return found
            time.sleep(0.05)
        raise AssertionError(f"{self.said()}\n{self.errors()}")

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.secure)):
            return True
        return False

    def said(self) -> str:
        return (self.folder / "room").read_text()

    def errors(self) -> str:
        path = self.folder / "error.log"
        return path.read_text() if path.exists() else ""

    def _write_files(self, port: str) -> None:
        key, certificate = self.folder / "privkey.pem", self.folder / "fullchain.pem"
        subject = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-keyout",
            key,
            "-out",
            certificate,
            *subject,
        ]
        subprocess.run(command, check=True, capture_output=True)
        self._trust.load_verify_locations(certificate)
        hashed = subprocess.run(
            ["openssl", "passwd", "-apr1", "tajriba"], check=True, capture_output=True, text=True
        ).stdout
        (self.folder / "archive.htpasswd").write_text(f"reader:{hashed}")
        lines = re.search(r"```nginx\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[1]
        places = {
            "listen 80;": f"listen 127.0.0.1:{self.plain};", "listen 443 ": f"listen 127.0.0.1:{self.secure} ",
            f"/etc/letsencrypt/live/{NAME}": str(self.folder), "/etc/nginx": str(self.folder), "127.0.0.1:8765": f"127.0.0.1:{port}",
        }  # fmt: skip
        for theirs, ours in places.items():
            assert theirs in lines
            lines = lines.replace(theirs, ours)
        (self.folder / "archive.conf").write_text(lines)
        user = "" if os.geteuid() else "user root;"
        (self.folder / "nginx.conf").write_text(MAIN.format(self.folder, user))

    def get(
        self, path: str, *, source: str, password: str = PASSWORD, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Ask over TLS, verified against the certificate, from that address of loopback."""
        connection = HTTPSConnection(
            "127.0.0.1", self.secure, timeout=PATIENCE, source_address=(source, 0), context=self._trust
        )
        sock = socket.create_connection(("127.0.0.1", self.secure), PATIENCE, (source, 0))
        connection.sock = self._trust.wrap_socket(sock, server_hostname=NAME)
        with contextlib.closing(connection):
            wanted = {"Host": NAME, "Authorization": f"Basic {password}"} | {
                name.replace("_", "-"): value for name, value in headers.items()
            }
            connection.request("GET", path, headers={name: value for name, value in wanted.items() if value})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()

    def raw(self, data: bytes, *, source: str) -> bytes:
        with (
            socket.create_connection(("127.0.0.1", self.secure), PATIENCE, (source, 0)) as sock,
            self._trust.wrap_socket(sock, server_hostname=NAME) as secure,
        ):
            secure.sendall(data)
            return secure.recv(4096)


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    folder = tmp_path_factory.mktemp("proxy")
    writer = open_writer(Collection(folder / "news"), info={"software": "test"}, clock=lambda: MOMENT)
    keep(writer, "https://news.example/ferry", "The council of the harbour town met about the ferry")
    writer.close()
    with Proxied(folder).running() as running:
        yield running


def test_nobody_reads_without_the_password_and_nothing_goes_in_the_clear(proxied):
    assert proxied.get("/", source="127.0.2.1", password="")[0] == 401
    assert proxied.get("/", source="127.0.2.1", password=base64.b64encode(b"reader:other").decode())[0] == 401
    status, headers, body = proxied.get("/search?q=ferry", source="127.0.2.1")
    assert status == 200
    assert "ferry" in body
    assert headers["strict-transport-security"]
    assert "default-src 'none'" in headers["content-security-policy"]
    plain = HTTPConnection("127.0.0.1", proxied.plain, timeout=PATIENCE)
    with contextlib.closing(plain):
        plain.request("GET", "/search?q=ferry", headers={"Host": NAME})
        answer = plain.getresponse()
        assert (answer.status, answer.headers["Location"]) == (301, f"https://{NAME}/search?q=ferry")


def test_the_room_knows_its_public_address_and_who_asks_whatever_the_client_says(proxied):
    feed = proxied.get("/feed.atom", source="127.0.2.2", X_Forwarded_For="9.9.9.9", X_Forwarded_Proto="gopher")[2]
    assert f"https://{NAME}/" in feed
    assert "gopher" not in feed
    lines = [line for line in proxied.said().splitlines() if "/feed.atom" in line]
    assert [line.split()[1].partition(":")[0] for line in lines] == ["127.0.2.2"]
    assert proxied.get("/", source="127.0.2.2", Host="evil.example")[0] in {400, 421}


def test_who_asks_too_fast_is_told_so_and_the_others_are_served(proxied):
    statuses = [proxied.get("/health", source="127.0.2.3")[0] for _ in range(120)]
    assert 429 in statuses
    assert statuses[:40].count(200) == 40
    assert proxied.get("/", source="127.0.2.4")[0] == 200


def test_slow_clients_and_requests_that_could_be_two_cost_the_others_nothing(proxied):
    with contextlib.ExitStack() as stack:
        for number in range(60):
            slow = stack.enter_context(
                socket.create_connection(("127.0.0.1", proxied.secure), PATIENCE, (f"127.0.3.{number + 1}", 0))
            )
            slow.send(b"\x16\x03\x01")
        assert proxied.get("/", source="127.0.2.5")[0] == 200
    head = f"POST / HTTP/1.1\r\nHost: {NAME}\r\nAuthorization: Basic {PASSWORD}\r\n"
    both = f"{head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert b" 400 " in proxied.raw(both.encode(), source="127.0.2.6").split(b"\r\n")[0]
    large = f"{head}Content-Length: 99999999\r\n\r\n"
    assert b" 413 " in proxied.raw(large.encode(), source="127.0.2.6").split(b"\r\n")[0]

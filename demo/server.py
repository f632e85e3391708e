"""Serve the demo site on loopback: `python -m demo.server --edition 1` prints its address; tests use `DemoServer`.

HTTP/1.1 with keep-alive, ETag and Last-Modified with conditional GET (RFC 9110, section 13), gzip, br and zstd by
Accept-Encoding, and a second edition, of the next day, with the changes of a typical news site: see `README.md` in this folder.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import re
import sys
import threading
import time
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import unquote, urlsplit

import brotli

from demo.site import Resource, build, missing

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from types import TracebackType

_CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, mtime=0),
    "br": lambda body: brotli.compress(body, quality=5),
    "zstd": zstd.compress,
}
_HOST = re.compile(r"[\w.-]+(:\d+)?\Z|\[[0-9a-fA-F:]+\](:\d+)?\Z")
_ALIVE = 15  # seconds that a silent connection is kept


class Request(NamedTuple):
    """One line of the server's log."""

    method: str
    path: str
    status: int


class DemoServer:
    """The site, served in a thread: a context manager with `url`, the log `requests`, and `edition`, which can be set while it runs."""

    def __init__(self, *, port: int = 0, edition: int = 1) -> None:
        self.edition = edition
        self.requests: list[Request] = []
        self._http = _Server(("127.0.0.1", port), self)
        self.url = f"http://127.0.0.1:{self._http.server_port}/"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True

    def __init__(self, address: tuple[str, int], demo: DemoServer) -> None:
        self.demo = demo
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:  # type: ignore[override]
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that close their connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def server_close(self) -> None:
        for connection in list(self._open):  # a kept-alive client would hold its thread until it goes silent
            self.shutdown_request(connection)
        super().server_close()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "daftar"
    sys_version = ""
    timeout = _ALIVE
    wbufsize = -1  # head and body leave in one piece
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer GET and HEAD."""
        host = self.headers.get("Host", "")
        if not _HOST.match(host):
            host = f"127.0.0.1:{self.server.server_port}"
        base = f"http://{host}"
        resource = build(self.server.demo.edition, base).get(_key(self.path)) or missing(base)
        self._answer(resource)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def _answer(self, resource: Resource) -> None:
        coding = _negotiate(resource, self.headers.get("Accept-Encoding", ""))
        body = _encoded(resource.body, coding)
        fields = [*resource.headers, ("Content-Type", resource.content_type)]
        if coding:
            fields.append(("Content-Encoding", coding))
        if resource.coding:
            fields.append(("Vary", "Accept-Encoding"))
        status = resource.status
        if status == 200 and not any(name == "Cache-Control" for name, _ in fields):
            fields.append(("Cache-Control", "no-cache"))  # a browser asks again, so that the second edition is seen
            etag = _etag(resource.body, coding)
            fields.append(("ETag", etag))
            if resource.modified:
                fields.append(("Last-Modified", format_datetime(resource.modified.astimezone(UTC), usegmt=True)))
            if self._unchanged(etag, resource.modified):
                status = 304
        self.server.demo.requests.append(Request(self.command, self.path, status))
        chunked = resource.chunked and self.request_version != "HTTP/1.0"
        self._write(status, fields, body, chunked=chunked)

    def _unchanged(self, etag: str, modified: datetime | None) -> bool:
        tags = self.headers.get("If-None-Match")
        if tags is not None:  # it takes precedence over the date (RFC 9110, 13.2.2)
            return tags.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        since = self.headers.get("If-Modified-Since")
        if since is None or modified is None:
            return False
        try:
            return modified.replace(microsecond=0) <= parsedate_to_datetime(since)
        except (TypeError, ValueError):
            return False

    def _write(self, status: int, fields: list[tuple[str, str]], body: bytes, *, chunked: bool) -> None:
        named = {name for name, _ in fields}
        self.send_response_only(status)
        if "Server" not in named:
            self.send_header("Server", self.server_version)
        self.send_header("Date", self.date_time_string())
        for name, value in fields:
            if status != 304 or name in {"Cache-Control", "ETag", "Last-Modified", "Vary"}:
                self.send_header(name, value)
        if status == 304:
            self.end_headers()
            return
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if chunked:
            half = len(body) // 2
            for piece in (body[:half], body[half:]):
                if piece:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Log nothing to the terminal; the log is `DemoServer.requests`."""


def _key(target: str) -> str:
    """Return the resource's name for a request target: its unquoted path, with `p=` of the query only."""
    parts = urlsplit(target)
    if parts.path in {"", "/"} and re.fullmatch(r"p=\d+", parts.query):
        return f"/?{parts.query}"
    return unquote(parts.path)


def _negotiate(resource: Resource, accepted: str) -> str:
    """Return the content-coding to use: the resource's own if the client accepts it, else gzip, else none."""
    if not resource.coding or not resource.body:
        return ""
    offers = set()
    for offer in accepted.lower().split(","):
        name, _, weight = offer.partition(";")
        if not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight):
            offers.add(name.strip())
    return next((coding for coding in (resource.coding, "gzip") if coding in offers), "")


@lru_cache(maxsize=512)
def _encoded(body: bytes, coding: str) -> bytes:
    return _CODERS[coding](body) if coding else body


def _etag(body: bytes, coding: str) -> str:
    digest = hashlib.sha256(body).hexdigest()[:20]
    return f'"{digest}{"-" + coding if coding else ""}"'


def main() -> None:
    """Serve until interrupted; print the address first."""
    parser = argparse.ArgumentParser(prog="python -m demo.server", description="Serves the demo news site on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose one (default)")
    parser.add_argument("--edition", type=int, choices=(1, 2), default=1, help="1 is the first day, 2 the next")
    chosen = parser.parse_args()
    with DemoServer(port=chosen.port, edition=chosen.edition) as server:
        print(server.url, flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)


if __name__ == "__main__":
    main()

"""A CDX server on loopback for the WARC files of a folder; it imitates existing servers and bad ones.

    with CdxServer(folder, manner="table", paging="key") as server:
        server.cdx, server.base, server.asked

`manner`: objects (pywb, Common Crawl), table (OpenWayback), cdxj, cdx (11 fields). `paging`: pages, key, none. `spoil` changes
the bytes of a record before they go out; `ignores_range` sends whole files; `endless` are the beginning of a path, what the answers
there go on with for ever, and the seconds between two of it.
"""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from archive.files.clock import warc_timestamp
from archive.urls.surt import surt
from archive.warc import read_records
from archive.warc.cdxj import lines_of, parse_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PER_PAGE = 2
NAMES = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length", "offset", "filename")


class CdxServer:
    """`folder` holds the WARC files; `asked` are the targets of the requests, `ranges` their Range fields."""

    def __init__(
        self, folder: Path, *, manner: str = "objects", paging: str = "none", ignores_range: bool = False
    ) -> None:
        self.folder, self.manner, self.paging, self.ignores_range = folder, manner, paging, ignores_range
        self.spoil: Callable[[bytes], bytes] = bytes
        self.refuses = False
        self.endless: tuple[str, bytes, float] | None = None
        self.closed = threading.Event()
        self.places = True
        self.asked: list[str] = []
        self.ranges: list[str] = []
        self._http = _Quiet(("127.0.0.1", 0), _handler(self))
        origin = f"http://127.0.0.1:{self._http.server_port}"
        self.cdx, self.base, self.replay = f"{origin}/cdx", f"{origin}/warcs/", f"{origin}/web/"
        self.moment = ""

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closed.set()
        self._http.shutdown()
        self._http.server_close()

    def rows(self, asked: dict[str, str]) -> list[dict[str, str]]:
        """Return the captures that match a query, in the order of the index, as rows of fields."""
        lines = sorted(line for path in sorted(self.folder.glob("*.warc.gz")) for line in lines_of(path))
        key, first, last = surt(asked["url"]), asked.get("from", ""), asked.get("to", "")
        rows = []
        for line in lines:
            one = parse_line(line)
            below = one.urlkey == key if asked.get("matchType") == "exact" else one.urlkey.startswith(key.rstrip("/"))
            if below and one.timestamp[: len(first)] >= first and one.timestamp[: len(last)] <= last:
                values = (one.urlkey, one.timestamp, one.url, one.mime, one.status, one.digest.removeprefix("sha1:"))
                place = (str(one.location.length), str(one.location.offset), one.location.filename)
                rows.append(dict(zip(NAMES, (*values, *(place if self.places else ("-", "-", "-"))), strict=True)))
        return rows

    def answer(self, asked: dict[str, str]) -> bytes:
        """Return the response to a query."""
        rows, more = self.rows(asked), ""
        if self.paging == "pages":
            if asked.get("showNumPages"):
                return json.dumps({"pages": -(-len(rows) // PER_PAGE), "pageSize": 1, "blocks": 1}).encode()
            start = int(asked.get("page", "0")) * PER_PAGE
            rows = rows[start : start + PER_PAGE]
        elif self.paging == "key" and asked.get("showResumeKey"):
            start = int(asked.get("resumeKey", "0"))
            more = str(start + PER_PAGE) if len(rows) > start + PER_PAGE else ""
            rows = rows[start : start + PER_PAGE]
        return self.written(rows, more)

    def written(self, rows: list[dict[str, str]], more: str) -> bytes:
        """Return the rows in the server's format, with the resume key."""
        if self.manner == "table":
            table: list[list[str]] = [list(NAMES), *(list(row.values()) for row in rows)]
            return json.dumps([*table, *([[], [more]] if more else [])]).encode()
        lines = [self.line(row) for row in rows] + (["", more] if more else [])
        return "".join(f"{line}\n" for line in lines).encode()

    def line(self, row: dict[str, str]) -> str:
        """Return a row as a line."""
        ours = {"original": "url", "mimetype": "mime", "statuscode": "status"}
        fields = {ours.get(name, name): value for name, value in row.items()}
        if self.manner == "cdx":
            row = {name: value or "-" for name, value in row.items()}
            return " ".join([*list(row.values())[:6], "-", "-", *list(row.values())[6:]])
        if self.manner == "cdxj":
            return f"{fields.pop('urlkey')} {fields.pop('timestamp')} {json.dumps(fields)}"
        return json.dumps(fields)


class Replies(BaseHTTPRequestHandler):
    """Sends complete responses, and logs nothing."""

    def send(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Ignore clients that close their connection."""


def _handler(server: CdxServer) -> Any:
    class Handler(Replies):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.asked.append(self.path)
            parts = urlsplit(self.path)
            if server.endless and parts.path.startswith(server.endless[0]):
                self.send_for_ever(*server.endless[1:])
            elif parts.path == "/cdx" and not server.refuses:
                self.send(200, server.answer({name: values[0] for name, values in parse_qs(parts.query).items()}))
            elif parts.path.startswith("/web/") and not server.refuses:
                self.send_replayed(*self.path.removeprefix("/web/").split("id_/", 1))
            elif parts.path.startswith("/warcs/") and not server.refuses:
                self.send_part(server.folder / parts.path.rpartition("/")[2])
            else:
                self.send(404 if parts.path == "/robots.txt" else 500, b"")

        def send_for_ever(self, data: bytes, seconds: float) -> None:
            self.send_response(206 if self.headers["Range"] else 200)
            self.send_header("Connection", "close")  # where the answer would end
            self.end_headers()
            while not server.closed.wait(seconds):
                self.wfile.write(data)

        def send_replayed(self, timestamp: str, url: str) -> None:
            for path in sorted(server.folder.glob("*.warc.gz")):
                for record in read_records(path):
                    if record.is_capture and (record.url, warc_timestamp(record.date)) == (url, timestamp):
                        moment = datetime.strptime(server.moment or timestamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
                        memento = ("Memento-Datetime", moment.strftime("%a, %d %b %Y %H:%M:%S GMT"))
                        body = record.http.body if record.http else b""
                        self.send(200, server.spoil(body), memento, ("Content-Type", "text/html; charset=utf-8"))
                        return
            self.send(404, b"")

        def send_part(self, path: Path) -> None:
            server.ranges.append(self.headers["Range"])
            first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
            data = path.read_bytes()
            if server.ignores_range:
                self.send(200, data)
                return
            given = f"bytes {first}-{last}/{len(data)}"
            self.send(206, server.spoil(data[first : last + 1]), ("Content-Range", given))

    return Handler


if __name__ == "__main__":  # python -m tests.support.cdx collections/demo/archive
    import sys
    import time
    from pathlib import Path

    with CdxServer(Path(sys.argv[1])) as served:
        print(f"--cdx {served.cdx} --warc-base {served.base}", flush=True)
        while True:
            time.sleep(60)

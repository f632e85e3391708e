"""Common Crawl's CC-NEWS on loopback: a folder with its layout, served with lists of files and HTTP Range."""

from __future__ import annotations

import gzip
import threading
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from tests.support.cdx import Replies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class CcNewsServer:
    """`files` are WARC files by their time (14 digits); `asked` are paths and ranges of requests; `strike` is called for each range."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.served: dict[str, bytes] = {}
        months: dict[str, list[str]] = {}
        for time, data in files.items():
            month = f"crawl-data/CC-NEWS/{time[:4]}/{time[4:6]}"
            path = f"{month}/CC-NEWS-{time}-00001.warc.gz"
            self.served[f"/{path}"] = data
            months.setdefault(month, []).append(path)
        for month, paths in months.items():
            self.served[f"/{month}/warc.paths.gz"] = gzip.compress("".join(f"{path}\n" for path in paths).encode())
        self.asked: list[tuple[str, str]] = []
        self.strike: Callable[[], None] = lambda: None
        self.refuses: frozenset[str] = frozenset()
        self.ignores_range = False
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.base = f"http://127.0.0.1:{self._http.server_port}/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def pieces(self) -> list[tuple[str, str]]:
        """Return the requests for ranges of files: time of the file, range."""
        return [(path.rpartition("CC-NEWS-")[2][:14], given) for path, given in self.asked if given]


def _handler(server: CcNewsServer) -> Any:
    class Handler(Replies):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # noqa: N802 - the name in the base class
            asked = self.headers["Range"] or ""
            server.asked.append((self.path, asked))
            data = server.served.get(self.path)
            if data is None or any(part in self.path for part in server.refuses):
                self.send(404 if data is None else 503, b"")
            elif asked and not server.ignores_range:
                server.strike()
                first, last = map(int, asked.removeprefix("bytes=").split("-"))
                piece = data[first : last + 1]
                self.send(206, piece, ("Content-Range", f"bytes {first}-{first + len(piece) - 1}/{len(data)}"))
            else:
                self.send(200, data)

    return Handler

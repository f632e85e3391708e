"""Serve the saved pages of the corpora as a local news site: `python bench/support/realsite.py --port 8400`.

Pages are served gzipped under /HOST/ID.html; the home page, section pages and a sitemap list them. Relative links are changed to other
pages of this site, so that a crawl finds as many known links as on a real site, and does not request thousands of missing pages. Pages
are otherwise unchanged.
"""

from __future__ import annotations

import argparse
import gzip
import html
import json
import os
import re
import sys
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CORPORA = Path(os.environ.get("WARRAQ_CORPORA", "../shared/corpora"))
PAGES_PER_SECTION = 200
INNER_LINK = re.compile(rb"""(<a\b[^>]*?\bhref=["'])(?![a-zA-Z]+:|//|\#)[^"']*""")


def load(corpora: Path, limit: int) -> dict[str, bytes]:
    """Return gzipped pages by path, at most `limit`, spread over the corpora."""
    found: dict[str, bytes] = {}
    lists = [
        (file.parent, [json.loads(line) for line in file.open(encoding="utf-8")])
        for file in sorted(corpora.glob("*/pages.jsonl"))
    ]
    for at in range(max(len(rows) for _, rows in lists)):
        for folder, rows in lists:
            if at < len(rows) and len(found) < limit:
                row = rows[at]
                found[f"/{row.get('domain') or folder.name}/{row['id']}.html"] = (folder / row["html"]).read_bytes()
    paths = [path.encode() for path in found]
    return {path: _relinked(page, paths) for path, page in found.items()}


def _relinked(page: bytes, paths: list[bytes]) -> bytes:
    """Return the page with its relative links pointing to `paths`, the same link always to the same path."""
    body = gzip.decompress(page)
    body = INNER_LINK.sub(lambda link: link[1] + paths[zlib.crc32(link[0]) % len(paths)], body)
    return gzip.compress(body, 6, mtime=0)


def announce(pages: dict[str, bytes], base: str) -> dict[str, tuple[str, bytes]]:
    """Return the pages that list the others: path to content type and body."""
    paths = list(pages)
    sections = [paths[at : at + PAGES_PER_SECTION] for at in range(0, len(paths), PAGES_PER_SECTION)]
    made: dict[str, tuple[str, bytes]] = {}

    def listing(title: str, links: list[str]) -> bytes:
        items = "".join(f'<li><a href="{html.escape(path)}">{html.escape(path)}</a></li>' for path in links)
        return f"<!DOCTYPE html><html><head><title>{title}</title></head><body><ul>{items}</ul></body></html>".encode()

    for number, section in enumerate(sections):
        made[f"/section/{number}/"] = ("text/html; charset=utf-8", listing(f"Section {number}", section))
    made["/"] = (
        "text/html; charset=utf-8",
        listing("A site of saved pages", [f"/section/{n}/" for n in range(len(sections))]),
    )
    urls = "".join(f"<url><loc>{base}{html.escape(path)}</loc></url>" for path in paths)
    sitemap = f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    made["/sitemap.xml"] = ("application/xml", sitemap.encode())
    made["/robots.txt"] = ("text/plain", f"User-agent: *\nAllow: /\nSitemap: {base}/sitemap.xml\n".encode())
    return made


class Handler(BaseHTTPRequestHandler):
    """Serves the contents of `pages` and `made`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # otherwise the body waits 40 ms for the acknowledgement of the head
    wbufsize = -1
    pages: dict[str, bytes]
    made: dict[str, tuple[str, bytes]]

    def do_GET(self) -> None:
        if page := self.pages.get(self.path):
            self._answer(200, "text/html", page, "gzip")
        elif found := self.made.get(self.path):
            self._answer(200, *found, "")
        else:
            self._answer(404, "text/html", b"not here", "")

    def _answer(self, status: int, kind: str, body: bytes, coding: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if coding:
            self.send_header("Content-Encoding", coding)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library names it
        """Suppress the log."""


class Server(ThreadingHTTPServer):
    """Ignores closed connections."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore errors, because crawlers close idle connections."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8400)
    parser.add_argument("--pages", type=int, default=2000)
    options = parser.parse_args()
    if not CORPORA.is_dir():
        print(f"no corpora in {CORPORA} (set WARRAQ_CORPORA): nothing to serve", file=sys.stderr)
        return 3
    Handler.pages = load(CORPORA, options.pages)
    Handler.made = announce(Handler.pages, f"http://127.0.0.1:{options.port}")
    server = Server(("127.0.0.1", options.port), Handler)
    print(f"http://127.0.0.1:{options.port}/ serves {len(Handler.pages)} pages", flush=True)
    gzip_bytes = sum(map(len, Handler.pages.values()))
    print(f"{gzip_bytes / 1e6:.1f} MB gzipped", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

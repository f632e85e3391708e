"""Measure the cost of keeping requisites: requests, bytes, CPU and disk of a crawl with `none`, `pictures` and `page`, and of a recrawl.

Run as `python bench/requisites.py [PAGES]`. It crawls the demo site, and a generated site of PAGES articles (500), each with a photograph
in three sizes, and all with the same two style sheets and a font; then it compares 50 of these pages rendered in a browser and as
served. CPU includes the crawl's workers and its browser.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from demo.server import DemoServer

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVELS = ("none", "pictures", "page")
WIDTHS = (300, 1024, 2048)
"""Widths of a photograph as WordPress scales them."""
WORDS = (
    "the",
    "council",
    "of",
    "harbour",
    "town",
    "met",
    "to",
    "decide",
    "about",
    "a",
    "new",
    "ferry",
    "line",
    "islands",
    "tide",
)


def page(number: int) -> bytes:
    chance = random.Random(number)
    text = "".join(f"<p>{' '.join(chance.choices(WORDS, k=60)).capitalize()}.</p>" for _ in range(6))
    sizes = ", ".join(f"/photo/{number}-{width}.jpg {width}w" for width in WIDTHS)
    picture = f'<img src="/photo/{number}-1024.jpg" srcset="{sizes}" sizes="700px" alt="A view">'
    title = f"Story number {number} of the harbour"
    head = f'<title>{title}</title><meta property="og:type" content="article"><link rel=stylesheet href="/main.css">'
    return f"<html lang=en><head>{head}</head><body><article><h1>{title}</h1>{picture}{text}</article></body></html>".encode()


@cache
def photograph(width: int) -> bytes:
    """Return a picture of soft noise, which takes as many bytes as a photograph."""
    out = io.BytesIO()
    small = Image.effect_noise((width // 8, width * 9 // 128), 90)
    small.resize((width, width * 9 // 16), Image.Resampling.BICUBIC).convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()


def answer(path: str, pages: int) -> tuple[str, bytes] | None:
    if path == "/":
        links = "".join(
            f'<li><a href="/2026/11/{n}/story-number-{n}-of-the-harbour">Story number {n} of the harbour</a>'
            for n in range(pages)
        )
        return "text/html", f"<html lang=en><title>News</title><body><ul>{links}</ul></body></html>".encode()
    if path.startswith("/2026/11/"):
        return "text/html", page(int(path.split("/")[3]))
    if path.startswith("/photo/"):
        width = int(path.rpartition("-")[2].removesuffix(".jpg"))
        return "image/jpeg", photograph(width) + path.encode()  # bytes after the picture make it a different file
    shared = {
        "/main.css": ("text/css", b"@import 'type.css'; body{color:#222}" + b"/* rules */" * 4000),
        "/type.css": ("text/css", b"@font-face{font-family:F;src:url(f.woff2)}"),
        "/f.woff2": ("font/woff2", b"wOF2" + random.Random(1).randbytes(60_000)),
    }
    return shared.get(path)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pages = 500

    def do_GET(self) -> None:
        found = answer(self.path, self.pages)
        kind, body = found or ("text/plain", b"not here")
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        same = found and self.headers.get("If-None-Match") == tag
        self.send_response(304 if same else 200 if found else 404)
        self.send_header("ETag", tag)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", "0" if same else str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if same else body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def made_up(pages: int) -> Iterator[str]:
    handler = type("Pages", (Handler,), {"pages": pages})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@contextmanager
def demo() -> Iterator[str]:
    with DemoServer() as server:
        yield server.url


def crawl(url: str, folder: Path, level: str, *more: str) -> tuple[dict[str, object], float]:
    settings = {"ARCHIVE_DIR": folder, "WARRAQ_REQUISITES": level, "DOWNLOAD_DELAY": 0, "WARRAQ_SUMMARY_JSON": 1}
    command = [
        sys.executable,
        "-m",
        "scrapy",
        "crawl",
        "news",
        "-a",
        f"url={url}",
        "-s",
        "WARRAQ_OPEN_NETWORKS=127.0.0.0/8",
    ]
    command += [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, *more], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout.splitlines()[-1]), cpu


def rendered(pages: int) -> None:
    """Print the cost of pages rendered in a browser, and of the same pages as served."""
    from crawler.rendering.browser import missing_browser

    if problem := missing_browser():
        print(f"no rendered pages: {problem}")
        return
    print(
        f"{'pages':>6} {'render':8} {'articles':>8} {'requests':>8} {'CPU s':>6} {'CPU s/page':>10} {'wall s/page':>11}"
    )
    for mode in ("never", "always"):
        with made_up(pages) as url, tempfile.TemporaryDirectory() as place:
            begun = time.monotonic()
            said, cpu = crawl(
                url, Path(place, "a"), "none", "-s", f"WARRAQ_RENDER={mode}", "-s", "WARRAQ_RENDER_SECONDS=60"
            )
            wall = time.monotonic() - begun
        asked = said["pages_fetched"] + said["requisites"]["fetched"]
        print(
            f"{pages:6} {mode:8} {said['articles_new']:8} {asked:8} {cpu:6.1f} {cpu / pages:10.2f} {wall / pages:11.2f}"
        )


def main() -> None:
    pages = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    print(
        f"{'site':10} {'level':9} {'crawl':8} {'articles':>8} {'pages':>6} {'requisites':>10} {'MB':>7} {'CPU s':>6} {'disk MB':>8}"
    )
    for name, site in (("demo", demo()), (f"{pages} pages", made_up(pages))):
        with site as url, tempfile.TemporaryDirectory() as place:
            for level in LEVELS:
                for which, more in (("first", ()), ("again", ("-a", "recheck=all"))):
                    folder = Path(place, level)
                    said, cpu = crawl(url, folder, level, *more)
                    loaded = said["requisites"]
                    disk = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
                    articles = said["articles_new"] + said["articles_unchanged"]
                    print(
                        f"{name:10} {level:9} {which:8} {articles:8} {said['pages_fetched']:6} {loaded['fetched']:10} "
                        f"{(said['bytes_received'] + loaded['bytes_received']) / 1e6:7.1f} {cpu:6.1f} {disk / 1e6:8.1f}",
                        flush=True,
                    )
    rendered(min(pages, 50))


if __name__ == "__main__":
    main()

"""Serve a site of article pages of realistic size on loopback, with nginx if installed.

Pages come from the corpora (only those of 58 to 122 kB) or, without corpora, are generated at that size. If more are needed, variants
have their words in another order. They are served gzipped under dated URLs; a sitemap lists them all, a home page and sections link
to them, and every link within the site leads to an existing page.
"""

from __future__ import annotations

import gzip
import html
import json
import os
import random
import re
import shutil
import socket
import subprocess
import time
import urllib.request
import zlib
from contextlib import contextmanager
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from bench.support import realsite

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPORA = Path(os.environ.get("WARRAQ_CORPORA", "../shared/corpora"))
SIZES = range(58_000, 122_001)
SECTIONS = ("politics", "world", "business", "sport", "culture", "science", "health", "opinion", "local")
OWN_LINK = re.compile(rb"""(<(?:a|area)\b[^>]*?\bhref\s*=\s*["'])(?![a-zA-Z][a-zA-Z0-9+.-]*:|//|\#)[^"']*""")
OWN_FEED = re.compile(rb"""<link\b[^>]*?\bhref\s*=\s*["'](?![a-zA-Z]+:|//)[^>]*>""")
PARAGRAPH = re.compile(rb"(<p\b[^>]*>)([^<]{60,})")
CONFIG = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
events {{ worker_connections 256; }}
http {{
  access_log off; types {{ text/html html; application/xml xml; text/plain txt; }}
  default_type text/html; charset utf-8; keepalive_requests 100000;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; root {folder}/site; index index.html; gzip_static always; location / {{ }} }}
}}
"""


def pages(count: int, corpora: Path = CORPORA) -> tuple[dict[str, bytes], str]:
    """Return `count` pages by path, and one line on their origin. Deterministic."""
    found = list(saved(corpora))[:count]
    origin = f"{len(found)} saved pages of 58 to 122 kB"
    if not found:
        chance = random.Random(8)
        vocabulary = [made_up_word(chance) for _ in range(6000)]
        found = [made_up(chance, vocabulary, number) for number in range(min(count, 200))]
        origin = f"{len(found)} made-up pages of 60 to 120 kB (no corpora in {corpora}: set WARRAQ_CORPORA)"
    if len(found) < count:
        origin += f" and {count - len(found)} variants of them"
    first = date(2026, 11, 20)
    paths = [
        f"/{first - timedelta(days=number // 12):%Y/%m/%d}/{SECTIONS[number % 9]}-story-{number:05}.html"
        for number in range(count)
    ]
    links = [path.encode() for path in paths]
    return {
        path: gzip.compress(relinked(variant(found[number % len(found)], number // len(found)), links), 6, mtime=0)
        for number, path in enumerate(paths)
    }, origin


def saved(corpora: Path) -> Iterator[bytes]:
    """Yield the pages of usual size from the corpora in turn."""
    lists = [
        iter([folder.parent / json.loads(line)["html"] for line in folder.open(encoding="utf-8")])
        for folder in sorted(corpora.glob("*/pages.jsonl"))
    ]
    while lists:
        for rows in list(lists):
            file = next(rows, None)
            if file is None:
                lists.remove(rows)
                continue
            page = gzip.decompress(file.read_bytes())
            if len(page) in SIZES:
                yield page


def variant(page: bytes, number: int) -> bytes:
    """Return the page with the words of its paragraphs rotated by `number`; unchanged for 0."""

    def turned(found: re.Match[bytes]) -> bytes:
        words = found[2].split()
        at = 3 * number % max(len(words), 1)
        return found[1] + b" ".join(words[at:] + words[:at])

    return PARAGRAPH.sub(turned, page) if number else page


def relinked(page: bytes, paths: list[bytes]) -> bytes:
    """Return the page without feeds, and with its internal links pointing to `paths`, the same link always to the same path."""
    page = OWN_FEED.sub(b"", page)
    return OWN_LINK.sub(lambda link: link[1] + paths[zlib.crc32(link[0]) % len(paths)], page)


def made_up_word(chance: random.Random) -> str:
    return "".join(chance.choice("bdfgklmnprst") + chance.choice("aeiou") for _ in range(chance.randint(1, 4)))


def made_up(chance: random.Random, vocabulary: list[str], number: int) -> bytes:
    """Return an article page of realistic size: 600 words of text, 150 links, script and style."""

    def words(count: int) -> str:
        return " ".join(chance.choices(vocabulary, k=count))

    title = words(9).capitalize()
    declared = json.dumps(
        {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": title,
            "datePublished": f"2026-11-{number % 20 + 1:02}T08:00:00Z",
            "author": {"@type": "Person", "name": words(2).title()},
            "articleSection": "World",
        }
    )
    links = "".join(
        f'<li class="nav-item"><a class="nav-link" href="/old/{number}/{n}">{words(5)}</a></li>' for n in range(150)
    )
    text = "".join(f"<p>{words(50).capitalize()}.</p>" for _ in range(12))
    filler = ";".join(f'window.{words(1)}={{"{words(1)}":"{words(6)}"}}' for _ in range(chance.randint(500, 1300)))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<script type="application/ld+json">{declared}</script>'
        f"<script>{filler}</script></head><body><nav><ul>{links}</ul></nav><main><article><h1>{title}</h1>{text}</article></main>"
        f"<footer><p>{words(30)}</p></footer></body></html>"
    ).encode()


@contextmanager
def serving(count: int, folder: Path) -> Iterator[tuple[str, int, str]]:
    """Serve `count` pages during the `with` block; yield the URL, the server's process id, and a description."""
    made, origin = pages(count)
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    announced = realsite.announce(made, base)
    if nginx := shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        process = start_nginx(nginx, folder, port, made, announced)
        pid, stop, server = process.pid, process.terminate, "nginx"
    else:
        realsite.Handler.pages, realsite.Handler.made = made, announced
        server = realsite.Server(("127.0.0.1", port), realsite.Handler)
        child = get_context("fork").Process(target=server.serve_forever, daemon=True)
        child.start()
        pid, stop, server = child.pid or 0, child.terminate, "Python's http.server (install nginx for a lighter one)"
    try:
        wait_for(f"{base}/robots.txt")
        yield f"{base}/", pid, f"{origin}; served by {server}"
    finally:
        stop()


def start_nginx(
    nginx: str, folder: Path, port: int, made: dict[str, bytes], announced: dict[str, tuple[str, bytes]]
) -> subprocess.Popen[bytes]:
    files = dict(made)
    for path, (_, body) in announced.items():
        files[f"{path}index.html" if path.endswith("/") else path] = gzip.compress(body, 6, mtime=0)
    for path, data in files.items():
        file = folder / "site" / f"{html.unescape(path).lstrip('/')}.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        if file.name == "index.html.gz":
            file.with_suffix("").touch()  # nginx looks for an index of this name first
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(CONFIG.format(folder=folder, port=port, user=user), encoding="utf-8")
    return subprocess.Popen([nginx, "-c", str(config), "-e", str(folder / "error.log")])


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(url: str) -> None:
    for _ in range(100):
        try:
            with urllib.request.urlopen(url):
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing answers at {url}")

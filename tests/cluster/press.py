"""Several news sites on loopback, each on its own host (127.0.0.x), that record their requests.

`Press.visits` are (host, monotonic seconds, process id from the User-Agent, path), in order of arrival.
"""

import random
import re
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SYLLABLES = (
    ("bar", "cor", "del", "fen", "gul", "mar", "nol", "per", "sil", "tor", "ved"),
    ("an", "eth", "ix", "ol", "und", "ery"),
)
WORDS = [first + last for first in SYLLABLES[0] for last in SYLLABLES[1]]


HOSTS = (20, 21, 22, 31)
"""Last numbers of the sites' addresses, chosen so that nodes named `one` and `two` get two sites each."""


@dataclass(frozen=True)
class Visit:
    host: str
    at: float
    process: int
    path: str


class Press:
    """`names` are the sites, `articles` the number that each has; `site(name)` gives its address."""

    def __init__(self, names, *, articles):
        self.articles, self.visits = articles, []
        self._lock = threading.Lock()
        self._servers = {name: _Server(self, f"127.0.0.{HOSTS[n]}", name) for n, name in enumerate(names)}

    def __enter__(self):
        for server in self._servers.values():
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(self, *_):
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    def url(self, name):
        host, port = self._servers[name].server_address
        return f"http://{host}:{port}/"

    def host(self, name):
        return self._servers[name].server_address[0]

    def expected(self, *names):
        return {
            f"{self.url(name)}2026/11/24/{slug(name, n)}"
            for name in names or self._servers
            for n in range(self.articles)
        }

    def note(self, visit):
        with self._lock:
            self.visits.append(visit)

    def of(self, name):
        host = self.host(name)
        with self._lock:
            return [visit for visit in self.visits if visit.host == host]

    def served(self, name):
        """Return the number of different articles of the site that were requested."""
        return len({visit.path for visit in self.of(name) if visit.path.startswith("/2026/")})


def slug(name, number):
    words = random.Random(f"{name} {number}").choices(WORDS, k=5)
    return f"{'-'.join(words)}-{number}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, press, host, name):
        super().__init__((host, 0), _Handler)
        self.press, self.name = press, name

    def handle_error(self, *_):
        """Ignore connections that are closed by killed crawls."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self):
        server, now = self.server, time.monotonic()
        process = re.search(r"process (\d+)", self.headers.get("User-Agent", ""))
        server.press.note(Visit(server.server_address[0], now, int(process.group(1)) if process else 0, self.path))
        status, body = self._page(server.name, server.press.articles)
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _page(self, name, articles):
        if self.path == "/":
            rows = "".join(
                f'<li><a href="/2026/11/24/{slug(name, n)}">{slug(name, n).replace("-", " ")}</a></li>'
                for n in range(articles)
            )
            return (
                200,
                f"<html lang=en><head><title>{name}</title></head><body><h1>{name}</h1><ul>{rows}</ul></body></html>",
            )
        number = re.fullmatch(r"/2026/11/24/.*-(\d+)", self.path)
        if not number or self.path != f"/2026/11/24/{slug(name, int(number.group(1)))}":
            return 404, "<h1>Not found</h1>"
        choose = random.Random(self.path)
        title = " ".join(choose.choices(WORDS, k=6)).capitalize()
        text = "".join(f"<p>{' '.join(choose.choices(WORDS, k=30)).capitalize()}.</p>" for _ in range(6))
        head = f'<title>{title}</title><meta property="og:type" content="article">'
        return 200, f"<html lang=en><head>{head}</head><body><article><h1>{title}</h1>{text}</article></body></html>"

    def log_message(self, *_):
        pass

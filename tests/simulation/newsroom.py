"""A news site with a known history, served on loopback: articles by day, edits, deletions, an outage, a redesign and a ban.

`Newsroom.day` is the current day of its server; the lists below are its history, which an archive should find.
"""

import random
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FIRST = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DAYS = 14
A_DAY = 6
OUTAGE, REDESIGN, BAN = 8, 10, 12
DELETED, MOVED_HOME, BLIP = (2, 1), (3, 2), (4, 3)
"""Articles by (day, number): 410 from day 4 on, a redirect to the front page from day 5 on, 404 on day 6 only."""
DELETED_ON, MOVED_ON, BLIP_ON = 4, 5, 6

SYLLABLES = (
    ("bar", "cor", "del", "fen", "gul", "mar", "nol", "per", "sil", "tor", "ved"),
    ("an", "eth", "ix", "ol", "und", "ery"),
)
WORDS = [first + last for first in SYLLABLES[0] for last in SYLLABLES[1]]


@dataclass(frozen=True)
class Story:
    day: int
    number: int

    @property
    def path(self):
        moment = FIRST + timedelta(days=self.day)
        return f"/{moment:%Y/%m/%d}/{'-'.join(self._words('slug', 5))}-{self.day}{self.number}"

    @property
    def title(self):
        return " ".join(self._words("title", 7)).capitalize()

    @property
    def published(self):
        return FIRST + timedelta(days=self.day, minutes=self.number)

    @property
    def is_edited(self):
        """The first story of each day is corrected a day later, except those that could only be seen in one state."""
        return self.number == 0 and self.day not in {OUTAGE, BAN - 1, BAN, DAYS - 1}

    def paragraphs(self, today):
        texts = [" ".join(self._words(f"text {n}", 30)).capitalize() + "." for n in range(6)]
        if self.is_edited and today > self.day:
            texts[2] = f"{texts[2]} Correction: {' '.join(self._words('correction', 12))}."
        return texts

    def _words(self, what, n):
        return random.Random(f"{self.day} {self.number} {what}").choices(WORDS, k=n)


STORIES = [Story(day, number) for day in range(DAYS) for number in range(A_DAY)]


@dataclass
class Newsroom:
    """The server in a thread: a context manager with `url`, `day`, which can be set, and `requests` as (day, path, status)."""

    day: int = 0
    requests: list = field(default_factory=list)

    def __enter__(self):
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.newsroom = self
        self.url = f"http://127.0.0.1:{self._http.server_port}/"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()

    def answer(self, path):
        """Return status, content type, body and Location."""
        if self.day == OUTAGE:
            return 503, "text/html", "<h1>Service Unavailable</h1>", ""
        if path == "/robots.txt":
            return 200, "text/plain", f"User-agent: *\nDisallow: {'/' if self.day == BAN else '/admin/'}\n", ""
        known = [story for story in STORIES if story.day <= self.day]
        if path == "/":
            return 200, "text/html; charset=utf-8", self.home(known[::-1][:15]), ""
        if path == "/feed/":
            return 200, "application/rss+xml; charset=utf-8", self.feed(known[::-1][:20]), ""
        story = next((story for story in known if story.path == path), None)
        if story is None:
            return 404, "text/html", "<h1>Not found</h1>", ""
        key = (story.day, story.number)
        if key == DELETED and self.day >= DELETED_ON:
            return 410, "text/html", "<h1>Gone</h1>", ""
        if key == MOVED_HOME and self.day >= MOVED_ON:
            return 302, "text/html", "", "/"
        if key == BLIP and self.day == BLIP_ON:
            return 404, "text/html", "<h1>Not found</h1>", ""
        return 200, "text/html; charset=utf-8", self.page(story), ""

    def home(self, stories):
        items = "".join(f'<li><a href="{story.path}">{story.title}</a></li>' for story in stories)
        feed = '<link rel="alternate" type="application/rss+xml" href="/feed/">'
        head = f'<html lang="en"><head><title>The Simulated Times</title>{feed}</head>'
        return f"{head}<body><h1>The Simulated Times</h1><ul>{items}</ul></body></html>"

    def feed(self, stories):
        items = "".join(
            f"<item><title>{story.title}</title><link>{self.url.rstrip('/')}{story.path}</link>"
            f"<pubDate>{format_datetime(story.published)}</pubDate></item>"
            for story in stories
        )
        head = f"<title>The Simulated Times</title><link>{self.url}</link><description>News</description>"
        return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>{head}{items}</channel></rss>'

    def page(self, story):
        """Add a counter and today's date, which change with every visit and every day without any news."""
        counter = len(self.requests) * 37 + 1000
        noise = f'<div class="topbar">Today is {FIRST + timedelta(days=self.day):%A %d %B %Y}</div>'
        text = "".join(f"<p>{paragraph}</p>" for paragraph in story.paragraphs(self.day))
        if self.day >= REDESIGN:
            return (
                f'<!doctype html><html lang="en"><head><title>{story.title}</title></head><body>{noise}<main><div class="story-wrap">'
                f'<h2 class="headline">{story.title}</h2><div class="story-text">{text}</div></div></main>'
                f'<aside><span class="views">{counter} views</span></aside></body></html>'
            )
        head = (
            f'<title>{story.title}</title><meta property="og:type" content="article">'
            f'<meta property="og:title" content="{story.title}"><meta name="author" content="Reporter {"ABCDEF"[story.number]}nderson">'
            f'<meta property="article:published_time" content="{story.published.isoformat()}">'
        )
        body = f'{noise}<article><h1>{story.title}</h1>{text}</article><div class="post-views">{counter} views</div>'
        return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Ignore connections that a crawl closes at its end."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self):
        status, kind, body, location = self.server.newsroom.answer(self.path)
        self.server.newsroom.requests.append((self.server.newsroom.day, self.path, status))
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass

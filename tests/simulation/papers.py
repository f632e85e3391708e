"""Three unreliable news sites with a known history: two years of news, edits, deletions, outages, moves and paywalls.

`Paper.answer` is the response of a site on its `day`. `PAPERS` has the history of each, from which the expected archive follows.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.support.simulated import no_such_host

if TYPE_CHECKING:
    from scrapy import Request

FIRST = datetime(2025, 1, 6, 6, tzinfo=UTC)  # a Monday
DAYS = 730
LISTED = 12
"""Number of stories on the front page and in the feed; the news sitemap has those of two months."""

WORDS = [
    first + last
    for first in ("bar", "cor", "del", "fen", "gul", "mar", "nol", "per", "sil", "tor", "ved")
    for last in ("an", "eth", "ix", "ol", "und", "ery")
]
NEVER = range(0)


@dataclass(frozen=True, kw_only=True)
class Story:
    """Return the story of a day."""

    paper: str
    day: int

    def words(self, what: str, n: int) -> str:
        return " ".join(random.Random(f"{self.paper} {self.day} {what}").choices(WORDS, k=n)).capitalize()

    @property
    def title(self) -> str:
        return self.words("title", 7)

    @property
    def slug(self) -> str:
        return self.words("slug", 5).lower().replace(" ", "-")

    @property
    def published(self) -> datetime:
        return FIRST + timedelta(days=self.day, hours=-1)

    @property
    def is_corrected(self) -> bool:
        """Return whether the story is corrected two days later, as every ninth is."""
        return self.day % 9 == 3

    def text(self, today: int) -> list[str]:
        lines = [f"{self.words(f'text {n}', 30)}." for n in range(4)]
        if self.is_corrected and today >= self.day + 2:
            lines[1] += f" Correction: {self.words('correction', 12)}."
        return lines


@dataclass(kw_only=True)
class Paper:
    """One news site; ranges and numbers are days on which something happens or from which it holds."""

    name: str
    home: str
    every: int = 1
    """Days between two stories."""
    outage: range = NEVER
    no_host: range = NEVER
    maintenance: range = NEVER
    redesign: int = DAYS
    https: int = DAYS
    paywall: int = DAYS
    new_home: str = ""
    moved: int = DAYS
    renamed: dict[int, int] = field(default_factory=dict)
    """Stories whose address changes, with the day from which the old one redirects."""
    deleted: dict[int, int] = field(default_factory=dict)
    restored: dict[int, int] = field(default_factory=dict)
    day: int = 0

    def has_story(self, day: int) -> bool:
        """Return whether the story of that day is online."""
        return day % self.every == 0 and not self.is_down(day)

    def story(self, day: int) -> Story:
        return Story(paper=self.name, day=day)

    @property
    def origin(self) -> str:
        if self.day >= self.moved:
            return self.new_home.rstrip("/")
        home = self.home.rstrip("/")
        return home.replace("http://", "https://") if self.day >= self.https else home

    def path(self, day: int) -> str:
        story = self.story(day)
        renamed = self.day >= self.renamed.get(day, DAYS)
        return f"/{story.published:%Y/%m/%d}/{'corrected-' if renamed else ''}{story.slug}"

    def is_down(self, day: int) -> bool:
        return self.deleted.get(day, DAYS) <= self.day < self.restored.get(day, DAYS)

    def answer(self, request: Request):
        url = urlsplit(request.url)
        if self.day in self.no_host:
            return no_such_host(request)
        if self.day in self.outage:
            return 503, {}, "<h1>Service unavailable</h1>"
        if f"{url.scheme}://{url.netloc}" != self.origin:
            return 301, {"Location": f"{self.origin}{url.path}"}, b""
        if url.path == "/maintenance":
            return "<html><head><title>Back soon</title></head><body><h1>We are working on our site</h1></body></html>"
        if self.day in self.maintenance:
            return 302, {"Location": "/maintenance"}, b""
        return self._page(url.path)

    def _page(self, path: str):
        recent = [day for day in range(self.day, -1, -1) if self.has_story(day)][:LISTED]
        match path:
            case "/":
                return self._front(recent)
            case "/feed/":
                return 200, {"Content-Type": "application/rss+xml"}, self._feed(recent)
            case "/sitemap.xml":
                return 200, {"Content-Type": "application/xml"}, self._sitemap()
        found = re.match(r"/(\d{4})/(\d\d)/(\d\d)/", path)
        day = (date(int(found[1]), int(found[2]), int(found[3])) - FIRST.date()).days if found else -1
        if not 0 <= day <= self.day or day % self.every:
            return None
        if self.is_down(day):
            return 410, {}, "<h1>Gone</h1>"
        if path != self.path(day):
            return 301, {"Location": self.path(day)}, b""
        return self._article(self.story(day))

    def _front(self, days) -> str:
        items = "".join(f'<li><a href="{self.path(day)}">{self.story(day).title}</a></li>' for day in days)
        return f"<html lang=en><head><title>{self.name}</title></head><body><h1>{self.name}</h1><ul>{items}</ul></body></html>"

    def _feed(self, days) -> str:
        items = "".join(
            f"<item><title>{self.story(day).title}</title><link>{self.origin}{self.path(day)}</link>"
            f"<pubDate>{format_datetime(self.story(day).published)}</pubDate></item>"
            for day in days
        )  # fmt: skip
        head = f"<title>{self.name}</title><link>{self.origin}/</link>"
        return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'

    def _sitemap(self) -> str:
        days = [day for day in range(max(0, self.day - 60), self.day + 1) if self.has_story(day)]
        rows = "".join(
            f"<url><loc>{self.origin}{self.path(day)}</loc><lastmod>{self.story(day).published.isoformat()}</lastmod></url>"
            for day in days
        )
        return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'

    def is_walled(self, day: int) -> bool:
        """Return whether the story is behind the paywall, as those older than a week are once there is one."""
        return self.day >= self.paywall and self.day - day > 7

    def _article(self, story: Story) -> str:
        lines = story.text(self.day)
        head = f'<title>{story.title}</title><meta property="og:type" content="article">'
        if self.is_walled(story.day):
            wall = '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false}</script>'
            return f"<html lang=en><head>{head}{wall}</head><body><article><h1>{story.title}</h1><p>{lines[0]}</p></article></body></html>"
        text = "".join(f"<p>{line}</p>" for line in lines)
        if self.day >= self.redesign:  # without author and date
            body = f'<main><h2>{story.title}</h2><div class="story">{text}</div></main>'
            return f"<html lang=en><head>{head}</head><body>{body}</body></html>"
        head += f'<meta name="author" content="Ada Cooper"><meta property="article:published_time" content="{story.published.isoformat()}">'
        return f"<html lang=en><head>{head}</head><body><article><h1>{story.title}</h1>{text}</article></body></html>"


PAPERS = (
    Paper(
        name="harbour",
        home="http://harbour.test/",
        https=200,
        redesign=320,
        outage=range(400, 431),
        deleted={100: 140, 500: 505},
        restored={500: 520},
        renamed={60: 63, 300: 310},
    ),
    Paper(
        name="valley",
        home="https://valley.test/",
        every=3,
        maintenance=range(150, 153),
        new_home="https://www.new-valley.test/",
        moved=550,
    ),
    Paper(
        name="summit",
        home="https://www.summit.test/",
        every=3,
        no_host=range(250, 280),
        paywall=450,
        deleted={609: 615},
        renamed={90: 92},
    ),
)

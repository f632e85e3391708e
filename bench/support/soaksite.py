"""Serve a site of any size on loopback in which one page in eight has a fault; a page's answer depends only on its number."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections import Counter
from typing import TYPE_CHECKING

from tests.hostile import routes as hostile
from tests.support import oddities, pdf
from tests.support.server import NOT_FOUND, Exchange, Received, Route, Server, answer, page

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY = 8
"""One page in this many has a fault."""
DEAR = 40
"""One fault in this many is one of `DEAR_FAULTS`, which cost seconds and megabytes each."""
IN_SITEMAP = 5_000
_PAGE = re.compile(r"/2026/11/\d\d/(story|moved|loop)-(\d+)-of-the-harbour")


def path_of(number: int, word: str = "story") -> str:
    return f"/2026/11/{number % 28 + 1:02}/{word}-{number}-of-the-harbour"


def article(number: int) -> bytes:
    return hostile.article.__wrapped__(number)


def redirect(target: str) -> bytes:
    return page(b"", status="302 Found", headers=f"Location: {target}")


async def slow_body(exchange: Exchange) -> bool:
    """Send an article in twenty pieces, a tenth of a second apart."""
    whole = hostile.http(article(hash(exchange.request.path) % 1000))
    for at in range(0, len(whole), len(whole) // 20 + 1):
        await exchange.send(whole[at : at + len(whole) // 20 + 1])
        await asyncio.sleep(0.1)
    return True


async def endless_body(exchange: Exchange) -> bool:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        await exchange.send(b"<p>and so on</p>" * 8_192)


async def silence(_: Exchange) -> bool:
    await asyncio.sleep(60)
    return False


def bytes_of(path: str) -> Route:
    return answer(oddities.BROKEN[path][0], close=True)


def _paper(number: int) -> bytes:
    lines = [pdf.words(50, 750 - 12 * line, f"line {line} of the report {number} on the harbour") for line in range(40)]
    return pdf.pdf([lines], {"Title": f"Report {number}"})


FAULTS: dict[str, tuple[Callable[[int], Route], str]] = {
    "reset in the body": (lambda _: oddities.reset_in_body, "failed"),
    "reset before a byte": (lambda _: oddities.reset_before_head, "failed"),
    "closed without an answer": (lambda _: bytes_of("/nothing"), "failed closed"),
    "body shorter than its length": (lambda _: bytes_of("/short-body"), "failed short-body"),
    "chunk without an end": (lambda _: bytes_of("/cut-chunk"), "failed short-body"),
    "size of a chunk is no number": (lambda _: bytes_of("/bad-chunk-size"), "failed bad-framing"),
    "no HTTP at all": (lambda _: bytes_of("/ssh"), "failed not-http"),
    "slow body": (lambda _: slow_body, "article"),
    "500": (lambda _: answer(page(b"broken", status="500 Internal Server Error")), "failed"),
    "404": (lambda _: answer(NOT_FOUND), "gone"),
    "410": (lambda _: answer(page(b"gone", status="410 Gone")), "gone"),
    "403": (lambda _: answer(page(b"no", status="403 Forbidden")), "refused"),
    "redirect to an article": (lambda n: answer(redirect(path_of(n, "moved"))), "redirect"),
    "redirect loop": (lambda n: answer(redirect(path_of(n, "loop"))), "redirect|failed redirect-loop"),
    "redirect to a host that does not exist": (lambda n: answer(redirect(f"http://story-{n}.invalid/")), "redirect"),
    "gzip that is none": (lambda _: answer(oddities.coded("gzip", oddities.HTML)), "article|listing|quarantine|failed"),
    "gzip cut short": (lambda n: answer(oddities.coded("gzip", gzip.compress(article(n))[:-40])), "article|quarantine|failed"),
    "empty": (lambda _: answer(page(b"")), "quarantine|listing|failed"),
    "PDF": (lambda n: answer(hostile.http(_paper(n), "application/pdf")), "document|quarantine"),
    "tags without end": (lambda _: answer(hostile.http(hostile.PAGES["/patho/nested-list"]())), "quarantine|listing|article"),
    "markup in every field": (lambda _: answer(hostile.http(hostile.PAGES["/patho/xss"]())), "article|quarantine|listing"),
}  # fmt: skip
DEAR_FAULTS: dict[str, tuple[Callable[[int], Route], str]] = {
    "no answer": (lambda _: silence, "failed first-byte-timeout"),
    "body without end": (lambda _: endless_body, "failed too-large"),
    "gzip bomb": (lambda _: hostile.BOMBS["/bomb/gzip"], "quarantine too-large"),
    "page over the limit": (lambda _: hostile.made(hostile.PAGES["/patho/big-page"]), "failed too-large"),
    "100,000 tags deep": (lambda _: hostile.made(hostile.PAGES["/patho/nested-div"]), "quarantine|listing|article"),
}
"""Faults: the route by number, and the possible outcomes (`kind` or `kind reason`), separated by `|`."""


def fault_of(number: int) -> str:
    """Return the fault of a page, '' for an article."""
    if number % EVERY != EVERY - 1:
        return ""
    count = number // EVERY
    if count % DEAR == DEAR - 1:
        return list(DEAR_FAULTS)[count // DEAR % len(DEAR_FAULTS)]
    return list(FAULTS)[count % len(FAULTS)]


class SoakSite(Server):
    """Serves `pages` pages, their sitemaps and a start page; counts the requests.

    While `lost` is set, every connection breaks; `broken` has the paths of these requests.
    """

    def __init__(self, pages: int) -> None:
        super().__init__({})
        self.pages, self.lost = pages, False
        self.asked: Counter[str] = Counter()
        self.broken: set[str] = set()

    async def _answer(self, request: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:  # noqa: ARG002 - Server's
        self.received.clear()
        exchange = Exchange(request=request, writer=writer)
        self.asked[request.path] += 1
        if self.lost:
            self.broken.add(request.path)
            exchange.reset()
            return False
        return await self._route(request.path)(exchange)

    def _route(self, path: str) -> Route:
        if found := _PAGE.fullmatch(path):
            return self._page(found[1], int(found[2]))
        if path == "/":
            links = "".join(
                f'<a href="{path_of(n)}">A headline of several words, {n}</a>'
                for n in range(0, min(self.pages, 100), 9)
            )
            return answer(hostile.http(f"<title>Harbour News</title><h1>Harbour News</h1>{links}".encode()))
        if path == "/sitemap.xml":
            maps = "".join(
                f"<sitemap><loc>{self.url(f'/map-{n}.xml')}</loc></sitemap>"
                for n in range(-(-self.pages // IN_SITEMAP))
            )
            return answer(hostile.http(f"<sitemapindex>{maps}</sitemapindex>".encode(), "application/xml"))
        if found := re.fullmatch(r"/map-(\d+)\.xml", path):
            numbers = range(int(found[1]) * IN_SITEMAP, min((int(found[1]) + 1) * IN_SITEMAP, self.pages))
            rows = "".join(f"<url><loc>{self.url(path_of(n))}</loc></url>" for n in numbers)
            return answer(hostile.http(f"<urlset>{rows}</urlset>".encode(), "application/xml"))
        return answer(NOT_FOUND)

    def _page(self, word: str, number: int) -> Route:
        if word == "loop":
            return answer(redirect(path_of(number)))
        if word == "story" and (fault := fault_of(number)):
            return (FAULTS | DEAR_FAULTS)[fault][0](number)
        return answer(hostile.http(article(number)))

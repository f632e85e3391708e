"""Parse one HTTP response: an article, the links of a listing, a feed, a sitemap, a redirect, or a named reason.

It is pure and runs in worker processes. Crawls, imports and re-extraction all use it.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from operator import is_
from typing import TYPE_CHECKING, cast, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from archive import http, urls
from archive.article import Page, Wall
from archive.discovery import sniff
from archive.discovery.feeds import NOT_JSON, NOT_XML, Feed, read_feed
from archive.discovery.likeness import classify_link, is_feed
from archive.discovery.sitemaps import Sitemap, read_sitemap
from archive.discovery.traps import find_leads, find_refresh, trap_reason
from archive.extract import extract
from archive.files.clock import iso
from archive.outcome import Outcome, OutcomeKind
from archive.parse import Outlink, Parsed, ParseTask
from archive.parse.requisites import BINARY, SIGNS, read_picture, read_requisite
from archive.parse.shells import is_shell, rendered_response
from archive.search import make_keys
from archive.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import tzinfo

    from archive.article import Article, Extraction, Link, Reason
    from archive.discovery import Kind as DocumentKind
    from archive.index.rows import Kind
    from archive.search import Keys

LISTINGS: frozenset[Reason] = frozenset({"home", "section", "tag"})
"""Reasons of pages that have links instead of an article."""

EMPTY = frozenset({"empty", "home", ""})
"""Reasons of a page without text."""

FEW_LINKS = 3

MOST_LINKED_FEEDS = 50
"""Of one page: as many as are kept of those that a page announces. Pages that list the feeds of a paper link to some thirty."""

HEADLINE_WORDS = 3
"""The fewest words of a headline: fewer are "Read more", a section or a name."""

MAX_HEADLINE = 300
MOST_HEADLINES = 15
"""The most headlines stored of a front page: those above the fold of most sites, in 2 kB."""

MAX_TEXT = 200_000
"""The most characters of an article, twice the longest feature; indexing a page that is a single word of 4 MB would take seconds."""

SERVED_STATUSES = frozenset({200, 203})
"""A 203 is a page that a proxy has modified (RFC 9110, section 15.3.4); it is parsed like a 200."""

PARTIAL = 206
_WHOLE_RANGE = re.compile(r"bytes\s0-(\d{1,12})/(\d{1,12})", re.IGNORECASE | re.ASCII)

UTF8_MARK = codecs.BOM_UTF8
"""Put before a DOM to override its charset declaration, which is that of the served page."""

GONE_STATUSES = frozenset({404, 410})
UPGRADE_REQUIRED = 426
CHALLENGE_STATUSES = frozenset({401, 402, 403, 407, 429, 451, 503})
"""Refusals whose page may give the reason; it is parsed for that, never for an article."""


def parse_task(task: ParseTask) -> Parsed:  # noqa: PLR0911 - one return for each kind of response
    """Parse the response; problems are reported in the result, and bad input never raises."""
    try:
        response = http.parse_response(task.response)
    except http.NotHttp as error:
        return Parsed.of(OutcomeKind.FAILED, reason="not-http", detail=str(error))
    if response.status in {301, 302, 303, 307, 308} or (response.status == 300 and response.get("Location")):
        return _redirect(task, response)
    if response.status in GONE_STATUSES:
        return Parsed.of(OutcomeKind.GONE, reason=f"http-{response.status}")
    if response.status == UPGRADE_REQUIRED and "h2" in response.get("Upgrade").lower().replace("http/", "h"):
        return Parsed.of(OutcomeKind.FAILED, reason="http2-only", detail=f"Upgrade: {response.get('Upgrade')[:100]}")
    is_served = response.status in SERVED_STATUSES or _is_all(response)
    if not is_served and response.status not in CHALLENGE_STATUSES:
        return Parsed.of(OutcomeKind.FAILED, reason=f"http-{response.status}")
    try:
        body = http.decode(response, task.limits.decoded_bytes)
    except http.TooLarge as error:
        return Parsed.of(OutcomeKind.QUARANTINE, reason="too-large", detail=str(error))
    except http.BadCoding as error:
        return Parsed.of(OutcomeKind.QUARANTINE, reason="bad-coding", detail=str(error))
    if not is_served:
        return _refusal(task, response, body)
    if task.requisite:
        return read_requisite(task, response, body)
    return _content(task, response, body)


def _is_all(response: http.Response) -> bool:
    """Return whether an unrequested 206 is nevertheless the complete page."""
    parts = _WHOLE_RANGE.fullmatch(response.get("Content-Range").strip()) if response.status == PARTIAL else None
    return parts is not None and int(parts[1]) + 1 == int(parts[2])


def _redirect(task: ParseTask, response: http.Response) -> Parsed:
    location = urls.escape_bytes(response.get("Location"))
    target = urls.join(task.url, location) if location else ""
    url = urls.canonicalise(target)
    if not url:
        reason = "url-too-long" if len(location) > urls.MAX_LENGTH else "bad-redirect"
        return Parsed.of(OutcomeKind.FAILED, reason, location[:200])
    return _redirect_to(url, target, reason=f"http-{response.status}")


def _redirect_to(url: str, target: str, *, reason: str) -> Parsed:
    """Return a redirect to a URL, which the site writes as `target`."""
    found = Outlink(url=url, kind="page", by="redirect", spelling=target if target != url else "")
    return Parsed(outcome=Outcome(kind=OutcomeKind.REDIRECT, reason=reason, detail=url), found=(found,))


def _refreshed(task: ParseTask, response: http.Response, body: bytes, answer: Parsed) -> Parsed:
    """Return a redirect for a page without text whose only link is the target of its refresh; otherwise `answer`."""
    if answer.outcome.reason not in EMPTY | {"refresh"} or "nofollow" in answer.directives:
        return answer
    reference = find_refresh(body, response.get("Refresh"))
    if reference is None:
        return answer
    target = urls.join(task.url, reference)
    url = urls.canonicalise(target)
    if not url or {entry.url for entry in answer.found} - {url}:
        return answer
    return _redirect_to(url, target, reason="refresh")


def _refusal(task: ParseTask, response: http.Response, body: bytes) -> Parsed:
    """Quarantine a refusal that is a challenge or a login form under that name; classify any other by its status."""
    if sniff(body, response.get("Content-Type")) == "html":
        reason = extract(_page(task, response, body)).reason
        if reason and reason in get_args(Wall):
            return Parsed.of(OutcomeKind.QUARANTINE, reason=reason, detail=f"http-{response.status}")
    return Parsed.of(OutcomeKind.REFUSED, reason=f"http-{response.status}")


def _content(task: ParseTask, response: http.Response, body: bytes) -> Parsed:
    if task.dom:
        return _page_content(task, rendered_response(response), UTF8_MARK + task.dom)
    kind: DocumentKind = "other" if BINARY.match(body) else sniff(body, response.get("Content-Type"))
    if kind == "html" and http.is_cut_off(response, body, task.limits.decoded_bytes):
        detail = f"the content coding breaks off after {len(body)} decoded bytes"
        return Parsed.of(OutcomeKind.FAILED, reason="short-body", detail=detail)
    return CONTENT[kind](task, response, body)


def _page_content(task: ParseTask, response: http.Response, body: bytes) -> Parsed:
    extraction = extract(_page(task, response, body), requisites=task.limits.requisites)
    leads = _leads(task, response, body, extraction)
    answer = _html(task, extraction, leads)
    if answer.article:
        keys = _keys(answer.article) if answer.outcome.kind is OutcomeKind.ARTICLE else None
        return replace(answer, keys=keys, is_page=True)
    answer = _refreshed(task, response, body, answer)
    if answer.outcome.kind is OutcomeKind.REDIRECT:
        return answer
    shell = not task.dom and is_shell(extraction, body, response.get("Content-Type"), leads=bool(leads))
    return replace(answer, is_page=True, is_shell=shell)


def _document(task: ParseTask, response: http.Response, body: bytes) -> Parsed:
    extraction = extract(_page(task, response, body))
    if extraction.article is None:
        return Parsed.of(OutcomeKind.QUARANTINE, extraction.reason or "error", extraction.detail)
    article = _storable(extraction.article)
    return Parsed(
        outcome=Outcome(kind=OutcomeKind.DOCUMENT, detail=extraction.detail), article=article, keys=_keys(article)
    )


def _other(_task: ParseTask, response: http.Response, body: bytes) -> Parsed:
    answer = Parsed.of(OutcomeKind.OTHER, reason="not-html", detail=response.get("Content-Type")[:100])
    return replace(answer, picture=read_picture(body)) if SIGNS["image"].match(body) else answer


def _page(task: ParseTask, response: http.Response, body: bytes) -> Page:
    return Page(
        body=body,
        url=task.url,
        fetched_at=task.fetched_at,
        headers=response.headers,
        status=response.status,
        site=task.site,
    )


def _feed(task: ParseTask, response: http.Response, body: bytes) -> Parsed:
    content_type = response.get("Content-Type")
    feed = read_feed(
        body, task.url, content_type, zone=_zone(task), limit=task.limits.feed_entries, max_bytes=task.limits.feed_bytes
    )
    if feed.problem:
        is_damaged = feed.problem in {NOT_XML, NOT_JSON}
        return Parsed.of(
            OutcomeKind.QUARANTINE if is_damaged else OutcomeKind.OTHER,
            "damaged" if is_damaged else "not-html",
            feed.problem,
        )
    found = tuple(
        Outlink(
            url=(twin := urls.main_url_of(entry.url)) or entry.url,
            kind="article",
            by="feed",
            published_hint=_iso(entry.updated or entry.published),
            spelling="" if twin else entry.spelling,
        )
        for entry in feed.entries
    )
    return Parsed(
        outcome=Outcome(kind=OutcomeKind.FEED),
        found=found,
        left_out=_missing(feed),
    )


def _sitemap(task: ParseTask, response: http.Response, body: bytes) -> Parsed:
    content_type = response.get("Content-Type")
    sitemap = read_sitemap(
        body, task.url, content_type, zone=_zone(task), limit=task.limits.entries, max_bytes=task.limits.sitemap_bytes
    )
    children = [
        Outlink(url=child.url, kind="sitemap", by="sitemap", published_hint=_iso(child.updated))
        for child in sitemap.children
    ]
    entries = [
        Outlink(
            url=entry.url,
            kind="article" if entry.publication or entry.title else _kind(entry.url, "") or "page",
            by="sitemap",
            published_hint=_iso(entry.updated or entry.published),
            spelling=entry.spelling,
        )
        for entry in sitemap.entries
    ]
    left_out = _missing(sitemap)
    if sitemap.too_long:
        left_out = (*left_out, ("url-too-long", sitemap.too_long))
    outcome = Outcome(kind=OutcomeKind.SITEMAP, detail=sitemap.problem)
    return Parsed(outcome=outcome, found=(*children, *entries), left_out=left_out)


def _missing(found: Feed | Sitemap) -> tuple[tuple[str, int], ...]:
    """Return what a feed or sitemap lacks: that a limit stopped the reading or the file breaks off, and the entries without a URL."""
    reason = "too-many-bytes" if found.too_large else "cut-off" if found.cut_off else "too-many-entries"
    cut = () if found.complete else ((reason, 1),)
    return (*cut, ("no-url", found.without_url)) if found.without_url else cut


def _html(task: ParseTask, extraction: Extraction, leads: tuple[str, ...] = ()) -> Parsed:
    article = _storable(extraction.article) if extraction.article else None
    follow = "nofollow" not in extraction.directives
    left_out: Counter[str] = Counter({"url-too-long": extraction.too_long})
    found = [Outlink(url=link.url, kind="feed", by="page") for link in extraction.feeds]
    if follow and not found and article is None:
        found = _linked_feeds(task, extraction.links)
    if follow:
        found += _worth_a_visit(task, extraction.links, left_out)
    else:
        left_out["nofollow"] = len(extraction.links)
    if article is not None:  # its links lead to other news, which the lists of the site name as well
        del left_out["nofollow"]
    answer = Parsed(
        outcome=Outcome(kind=OutcomeKind.ARTICLE),
        found=tuple({entry.url: entry for entry in reversed(found)}.values()),
        lines=extraction.lines,
        directives=tuple(sorted(extraction.directives)),
        next_page=extraction.next_page,
        left_out=tuple(sorted((+left_out).items())),
        requisites=extraction.requisites,
    )
    if article is not None and len(article.text) > MAX_TEXT:
        detail = f"{len(article.text)} characters of text"
        outcome = Outcome(kind=OutcomeKind.QUARANTINE, reason="too-large", detail=detail)
        return replace(answer, outcome=outcome, lines=(), next_page="")
    if article is not None and extraction.previous_page:
        outcome = Outcome(kind=OutcomeKind.PART, detail=extraction.previous_page)
        return replace(answer, outcome=outcome, article=article)
    if article is not None:
        return replace(answer, article=article)
    kind = OutcomeKind.LISTING if extraction.reason in LISTINGS else OutcomeKind.QUARANTINE
    outcome = Outcome(kind=kind, reason=extraction.reason or "", detail=extraction.detail)
    headlines = tuple(_headlines(task, extraction.links)) if kind is OutcomeKind.LISTING else ()
    answer = replace(answer, outcome=outcome, headlines=headlines)
    return _led_on(task, answer, leads) if leads and follow else answer


def _led_on(task: ParseTask, answer: Parsed, leads: tuple[str, ...]) -> Parsed:
    """Return the result for a page that redirects its reader by other means: its targets are outlinks that list news."""
    urls_ = (urls.canonicalise(urls.join(task.url, reference)) for reference in leads)
    found = [Outlink(url=url, kind="section", by="refresh") for url in urls_ if url and url != task.url]
    if not found:
        return answer
    empty = answer.outcome.kind is OutcomeKind.QUARANTINE and answer.outcome.reason in EMPTY
    outcome = Outcome(kind=OutcomeKind.LISTING, reason="refresh") if empty else answer.outcome
    return replace(answer, outcome=outcome, found=(*answer.found, *found))


def _leads(task: ParseTask, response: http.Response, body: bytes, extraction: Extraction) -> tuple[str, ...]:
    """Return the URLs to which the page redirects its reader; scripts count only on a page with hardly any links to its host."""
    host = urls.host_of(task.url)
    own = (link for link in extraction.links if urls.host_of(link.url) == host)
    return find_leads(body, response.get("Refresh"), scripts=len(list(islice(own, FEW_LINKS))) < FEW_LINKS)


def _linked_feeds(task: ParseTask, links: Sequence[Link]) -> list[Outlink]:
    """Return the links of a page that announces no feed to what looks like feeds of its host."""
    host = urls.host_of(task.url)
    own = (link.url for link in links if is_feed(link.url) and "nofollow" not in link.rel.split())
    own = (url for url in own if urls.host_of(url) == host)
    return [Outlink(url=url, kind="feed", by="page") for url in islice(own, MOST_LINKED_FEEDS)]


def _worth_a_visit(task: ParseTask, links: Sequence[Link], left_out: Counter[str]) -> Iterator[Outlink]:
    """Yield the links worth following; an AMP or print version is replaced by its article."""
    left_out["too-many-links"] += len(links) >= task.limits.links  # the rest is not counted
    for link in islice(links, task.limits.links):
        if any(pattern.search(link.url) or pattern.search(link.spelling) for pattern in task.articles):
            yield Outlink(url=link.url, kind="article", by="page", spelling=link.spelling)
            continue
        url, kind, trap = _look_at(link.url, link.text, task.fetched_at.year)
        if not kind:
            continue
        if "nofollow" in link.rel.split():
            left_out["nofollow"] += urls.host_of(url) == urls.host_of(task.url)
        elif trap:
            left_out[trap] += 1
        else:
            yield Outlink(url=url, kind=kind, by="page", spelling=link.spelling if url == link.url else "")


def _headlines(task: ParseTask, links: Sequence[Link]) -> Iterator[tuple[str, str]]:
    """Yield URL and headline of the articles that a page links to with at least HEADLINE_WORDS words, in page order."""
    seen: set[str] = set()
    for link in links:
        url, kind, trap = _look_at(link.url, link.text, task.fetched_at.year)
        named = any(pattern.search(link.url) or pattern.search(link.spelling) for pattern in task.articles)
        if (named or (kind == "article" and not trap)) and url not in seen and len(link.text.split()) >= HEADLINE_WORDS:
            seen.add(url)
            yield url, printable(link.text)[:MAX_HEADLINE]
            if len(seen) == MOST_HEADLINES:
                return


@lru_cache(maxsize=1 << 13)
def _look_at(url: str, text: str, this_year: int) -> tuple[str, Kind | None, str]:
    """Return a link's URL (that of the article for an AMP or print version), its likely kind, and the trap that it is ('' for none)."""
    url = urls.main_url_of(url) or url
    kind = _kind(url, text)
    return url, kind, (trap_reason(url, this_year=this_year) or "") if kind else ""


def _keys(article: Article) -> Keys:
    return make_keys(
        title=article.title,
        text=article.text,
        author=article.author,
        section=article.section,
        language=article.language,
    )


def _storable(article: Article) -> Article:
    """Return the article without lone surrogates and control characters, which come from JSON escapes and cannot be encoded or printed."""
    return cast("Article", _cleaned(article))


def _cleaned(value: object) -> object:
    """Return the value with all text in it made printable; the value itself if nothing changes."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, tuple):
        items = tuple(map(_cleaned, value))
        return value if all(map(is_, items, value)) else items
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        changed: dict[str, object] = {}
        for name in _names(type(value)):
            old = getattr(value, name)
            if old and (new := _cleaned(old)) is not old:
                changed[name] = new
        return replace(value, **changed) if changed else value
    return value


@lru_cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def _zone(task: ParseTask) -> tzinfo:
    try:
        return ZoneInfo(task.site.timezone) if task.site.timezone else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _kind(url: str, text: str) -> Kind | None:
    """Return the likely kind of a link; None for a link that is not worth a request (pictures, share buttons, logins)."""
    match classify_link(url, text).kind:
        case "article":
            return "article"
        case "section":
            return "section"
        case "other":
            return None
        case _:
            return "page"


def _iso(moment: datetime | None) -> str:
    return iso(moment) if moment else ""


CONTENT: dict[DocumentKind, Callable[[ParseTask, http.Response, bytes], Parsed]] = {
    "feed": _feed,
    "sitemap": _sitemap,
    "html": _page_content,
    "document": _document,
    "other": _other,
}
"""How each kind of document is parsed."""

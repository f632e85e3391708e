"""Explain why a crawl found no article on a site, and what to try. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.index import ANNOUNCERS
from archive.locale import N_
from archive.outcome import OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """The number of URLs of a kind with the same outcome."""

    kind: str
    outcome: str
    reason: str
    urls: int

    @property
    def is_lost(self) -> bool:
        """Whether the URLs failed or gave a page that is no article for a named reason."""
        outcome = OutcomeKind(self.outcome)
        return outcome.is_failure or outcome is OutcomeKind.QUARANTINE


@dataclass(frozen=True, slots=True, kw_only=True)
class NoArticle:
    """Why a crawl found no article: a reason, an explanation, and what to try."""

    reason: str
    what: str
    advice: str

    def __str__(self) -> str:
        """Return one line for a summary."""
        return N_(f"no article was found ({self.reason}): {self.what}. {self.advice}")


_WALLS = {
    "consent": (
        N_("the site shows a consent wall instead of its pages"),
        N_("Copy the consent cookies of a browser into the entry: cookies = { NAME = \"VALUE\" }"),
    ),
    "login": (
        N_("the site asks for a login"),
        N_("Export a subscriber's cookies into a cookies.txt and name it in the entry: cookies_file = \"FILE\""),
    ),
    "challenge": (
        N_("the site shows a bot check instead of its pages"),
        N_("Ask the publisher to let your user agent in; warraq does not solve challenges"),
    ),
    "region": (
        N_("the site does not show its pages in the country of this machine"),
        N_("Crawl from a country in which it does, or name a proxy there in the entry: proxy = \"http://…\""),
    ),
    "empty": (
        N_("the pages have no text: scripts build them in the browser"),
        N_("Look for a feed with whole texts or a printer version, and name it in the entry (feeds, articles)"),
    ),
}  # fmt: skip

_OUTAGE = (
    N_("the site's server fails, is overloaded or under maintenance"),
    N_("Try again later: its pages stay due"),
)

_SEEDS = {
    "dns": (N_("no such host"), N_("Check the spelling of the address, and the name server of this machine")),
    "proxy": (
        N_("the proxy cannot be reached, or refuses"),
        N_("Check its address and credentials (proxy in the entry, or http_proxy and https_proxy in the environment)"),
    ),
    "refused-address": (
        N_("the site's address is not on the public internet"),
        N_("If it is yours, open its network: -s WARRAQ_OPEN_NETWORKS=ADDRESS/BITS"),
    ),
    "robots-disallowed": (
        N_("robots.txt disallows the start page"),
        N_("Ask the publisher; or name another start page, feed or sitemap that is allowed"),
    ),
    "robots-unreachable": (
        N_("robots.txt cannot be fetched, which disallows the whole site for now (RFC 9309)"),
        N_("Try again later; `curl -v URL/robots.txt` shows what the site answers"),
    ),
    "tls": (
        N_("the certificate or the TLS handshake of the site fails"),
        N_("Tell the publisher; -s WARRAQ_TLS_FALLBACK=record fetches its pages anyway"),
    ),
    "incomplete-chain": (
        N_("the site omits an intermediate certificate, which browsers fetch themselves"),
        N_("fetch_intermediates = true in its entry, or -s WARRAQ_FETCH_INTERMEDIATES=1, fetches it from the URL in "
        "the certificate"),
    ),
    "redirect-loop": (N_("the start page redirects in a loop"), N_("Open it in a browser; it may need cookies = { … } or another address")),
    "http-401": _WALLS["login"],
    "http-403": (N_("the site refuses the request"), N_("Ask the publisher to let your user agent in, or set user_agent in the entry")),
    "http-451": _WALLS["region"],
    "http-429": (N_("the site limits the rate of requests"), N_("Set a longer delay in the entry")),
    "http2-only": (
        N_("the site speaks only HTTP/2, which warraq does not"),
        N_("Try its feeds or an older URL of the site; most sites also speak HTTP/1.1"),
    ),
} | dict.fromkeys(("http-500", "http-502", "http-503", "http-504", "timeout", "first-byte-timeout"), _OUTAGE) | _WALLS  # fmt: skip


def is_refusal(reason: str) -> bool:
    """Return whether the site itself blocks the crawl, by a wall, its robots.txt or a refusal, so that a retry will not help."""
    return reason in {*_WALLS, "robots-disallowed", "http-401", "http-403", "http-404", "http-410", "http-451"}


MIN_FAILED = 5
"""Minimum failed pages of a site with articles; one or two dead links are no news."""


def all_failed(rows: Iterable[Visited]) -> bool:
    """Return whether no page visited in a run gave anything, and more than a few were refused, failed or walled."""
    pages = [row for row in rows if row.kind not in ANNOUNCERS]
    failed = {OutcomeKind.REFUSED, OutcomeKind.FAILED}
    lost = sum(row.urls for row in pages if row.outcome in failed or row.reason in _WALLS)
    return lost >= MIN_FAILED and all(row.is_lost for row in pages)


def why_no_article(
    rows: Iterable[Visited], *, out_of_scope: int, left_out: Mapping[str, int], no_browser: str = ""
) -> NoArticle:
    """Return the most likely cause, checking the start pages first; `rows` are the site's visited URLs.

    `left_out` counts the links that were dropped, by limit or kind of trap. `no_browser` says why pages that are empty without scripts
    were not rendered, '' if they were.
    """
    if no_browser:
        what = N_("its pages are empty without scripts, and there is no browser to render them")
        return NoArticle(reason="no-browser", what=what, advice=f"{no_browser[0].upper()}{no_browser[1:]}")
    visited = [row for row in rows if row.outcome]
    seeds = Counter(
        {
            row.reason or row.outcome: row.urls
            for row in visited
            if row.kind == "seed" and OutcomeKind(row.outcome).is_failure
        }
    )
    good = any(row.kind == "seed" and not OutcomeKind(row.outcome).is_failure for row in visited)
    if seeds and not good:
        word = seeds.most_common(1)[0][0]
        what, advice = _SEEDS.get(
            word, (N_(f"the start page answers with {word}"), N_("Open it in a browser, and check the log"))
        )
        return NoArticle(reason=word, what=what, advice=advice)
    pages = [row for row in visited if row.kind not in ANNOUNCERS]
    if not pages:
        return _why_no_page(out_of_scope, Counter(left_out))
    ends: Counter[str] = Counter()
    for row in pages:
        ends[row.reason or row.outcome] += row.urls
    word, number = ends.most_common(1)[0]
    if word in _SEEDS:
        what, advice = _SEEDS[word]
        return NoArticle(reason=word, what=N_(f"{what} (pages: {number} of {ends.total()})"), advice=advice)
    named = _counted(ends)
    advice = N_("Run `warraq explain URL` for one of its articles, and set `articles` in its entry")
    what = (
        N_(f"the only visited URL is not an article ({named})")
        if ends.total() == 1
        else N_(f"none of the {ends.total()} visited URLs is an article ({named})")
    )
    return NoArticle(reason="none-read", what=what, advice=advice)


def _why_no_page(out_of_scope: int, left_out: Counter[str]) -> NoArticle:
    """Return why none of the start pages' links was visited."""
    if out_of_scope:
        what = (
            N_("the only link found is on another host")
            if out_of_scope == 1
            else N_(f"all {out_of_scope} links found are on other hosts")
        )
        return NoArticle(
            reason="out-of-scope", what=what, advice=N_("Add the site's own hosts to its entry: hosts = […]")
        )
    if left_out.total() == left_out["nofollow"] > 0:
        what = N_("the site asks robots not to follow the links of its start page (nofollow)")
        advice = N_("Ask the publisher; or name a feed or a sitemap in its entry")
        return NoArticle(reason="nofollow", what=what, advice=advice)
    if left_out:
        named = _counted(left_out)
        what = N_(f"all links found were left out as endless or over a limit ({named})")
        advice = N_("Add a pattern for its articles to its entry: articles = […]")
        return NoArticle(reason="left-out", what=what, advice=advice)
    what = N_("its start page has no links: scripts may build it in the browser, or a frame has its content")
    return NoArticle(
        reason="no-links",
        what=what,
        advice=N_("Name a feed, a sitemap or sections in its entry; `warraq add URL` finds them"),
    )


def _counted(words: Counter[str]) -> str:
    return ", ".join(f"{word} {count}" for word, count in words.most_common(4))

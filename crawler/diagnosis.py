"""Explain why a crawl found no article on a site, and what to try. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.index import ANNOUNCERS
from archive.outcome import OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """So many URLs of a kind ended so."""

    kind: str
    outcome: str
    reason: str
    urls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoArticle:
    """Why there is none, in a word and in a sentence, and what to try."""

    reason: str
    what: str
    advice: str

    def __str__(self) -> str:
        """Return one line for a summary."""
        return f"no article was found ({self.reason}): {self.what}. {self.advice}"


_WALLS = {
    "consent": (
        "the site shows a consent wall instead of its pages",
        "Copy the consent cookies of a browser into the entry: cookies = { NAME = \"VALUE\" }",
    ),
    "login": (
        "the site asks for a login",
        "Export a subscriber's cookies into a cookies.txt and name it in the entry: cookies_file = \"FILE\"",
    ),
    "challenge": (
        "the site shows a challenge to robots instead of its pages",
        "Ask the publisher to let your user agent in; warraq does not solve challenges",
    ),
    "empty": (
        "the pages have no text: scripts build them in the browser",
        "Look for a feed with whole texts or a printer version, and name it in the entry (feeds, articles)",
    ),
}  # fmt: skip

_SEEDS = {
    "dns": ("no such host", "Check the spelling of the address, and the name server of this machine"),
    "refused-address": (
        "the site's address is not on the public internet",
        "If it is yours, open its network: -s WARRAQ_OPEN_NETWORKS=ADDRESS/BITS",
    ),
    "robots-disallowed": (
        "robots.txt disallows the start page",
        "Ask the publisher; or name another start page, feed or sitemap that is allowed",
    ),
    "robots-unreachable": (
        "robots.txt cannot be fetched, which forbids all of the site for the time being (RFC 9309)",
        "Try again later; `curl -v URL/robots.txt` shows what the site answers",
    ),
    "tls": (
        "the certificate or the TLS handshake of the site fails",
        "Tell the publisher; -s WARRAQ_TLS_FALLBACK=record fetches anyway",
    ),
    "incomplete-chain": (
        "the site leaves an intermediate certificate out, which browsers fetch themselves",
        "fetch_intermediates = true in its entry, or -s WARRAQ_FETCH_INTERMEDIATES=1, fetches it from where its certificate says",
    ),
    "redirect-loop": ("the start page redirects in a ring", "Open it in a browser; it may need cookies = { … } or another address"),
    "http-401": _WALLS["login"],
    "http-403": ("the site refuses the request", "Ask the publisher to let your user agent in, or set user_agent in the entry"),
    "http-429": ("the site limits how often it may be asked", "Set a longer delay in the entry"),
    "http2-only": (
        "the site speaks only HTTP/2, which warraq does not",
        "Try its feeds or an older address of the site; most sites answer HTTP/1.1, too",
    ),
} | _WALLS  # fmt: skip


def why_no_article(rows: Iterable[Visited], *, out_of_scope: int, no_browser: str = "") -> NoArticle:
    """Return the likeliest cause, the start pages first; `rows` are those of the site's URLs that were visited.

    `no_browser` says what kept pages from being rendered that are empty without scripts, '' where nothing did.
    """
    if no_browser:
        what = "its pages are empty without scripts, and there is no browser to render them"
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
            word, (f"the start page answers with {word}", "Open it in a browser, and check the log")
        )
        return NoArticle(reason=word, what=what, advice=advice)
    pages = [row for row in visited if row.kind not in ANNOUNCERS]
    if not pages and out_of_scope:
        what = f"all {out_of_scope} links found lie on other hosts"
        return NoArticle(
            reason="out-of-scope", what=what, advice="Name those that belong to the site in its entry: hosts = […]"
        )
    if not pages:
        what = "its start page links to nothing: scripts may build it in the browser, or a frame leads elsewhere"
        return NoArticle(
            reason="no-links",
            what=what,
            advice="Name a feed, a sitemap or sections in its entry; `warraq add URL` finds them",
        )
    ends: Counter[str] = Counter()
    for row in pages:
        ends[row.reason or row.outcome] += row.urls
    word, number = ends.most_common(1)[0]
    if word in _SEEDS:
        what, advice = _SEEDS[word]
        return NoArticle(reason=word, what=f"{what} ({number} of {ends.total()} URLs)", advice=advice)
    named = ", ".join(f"{reason} {count}" for reason, count in ends.most_common(4))
    advice = "See `warraq explain URL` for one of its articles, and set `articles` in its entry"
    return NoArticle(
        reason="none-read",
        what=f"none of the {ends.total()} URLs that were visited is an article ({named})",
        advice=advice,
    )

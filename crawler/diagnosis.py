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
        N_("the site shows a challenge to robots instead of its pages"),
        N_("Ask the publisher to let your user agent in; warraq does not solve challenges"),
    ),
    "empty": (
        N_("the pages have no text: scripts build them in the browser"),
        N_("Look for a feed with whole texts or a printer version, and name it in the entry (feeds, articles)"),
    ),
}  # fmt: skip

_SEEDS = {
    "dns": (N_("no such host"), N_("Check the spelling of the address, and the name server of this machine")),
    "refused-address": (
        N_("the site's address is not on the public internet"),
        N_("If it is yours, open its network: -s WARRAQ_OPEN_NETWORKS=ADDRESS/BITS"),
    ),
    "robots-disallowed": (
        N_("robots.txt disallows the start page"),
        N_("Ask the publisher; or name another start page, feed or sitemap that is allowed"),
    ),
    "robots-unreachable": (
        N_("robots.txt cannot be fetched, which forbids all of the site for the time being (RFC 9309)"),
        N_("Try again later; `curl -v URL/robots.txt` shows what the site answers"),
    ),
    "tls": (
        N_("the certificate or the TLS handshake of the site fails"),
        N_("Tell the publisher; -s WARRAQ_TLS_FALLBACK=record fetches anyway"),
    ),
    "incomplete-chain": (
        N_("the site leaves an intermediate certificate out, which browsers fetch themselves"),
        N_("fetch_intermediates = true in its entry, or -s WARRAQ_FETCH_INTERMEDIATES=1, fetches it from where its certificate says"),
    ),
    "redirect-loop": (N_("the start page redirects in a ring"), N_("Open it in a browser; it may need cookies = { … } or another address")),
    "http-401": _WALLS["login"],
    "http-403": (N_("the site refuses the request"), N_("Ask the publisher to let your user agent in, or set user_agent in the entry")),
    "http-429": (N_("the site limits how often it may be asked"), N_("Set a longer delay in the entry")),
    "http2-only": (
        N_("the site speaks only HTTP/2, which warraq does not"),
        N_("Try its feeds or an older address of the site; most sites answer HTTP/1.1, too"),
    ),
} | _WALLS  # fmt: skip


def is_refusal(reason: str) -> bool:
    """Return whether the site itself keeps the crawl out, by a wall, its robots.txt or a refusal: another try alone will not help."""
    return reason in {*_WALLS, "robots-disallowed", "http-401", "http-403", "http-404", "http-410"}


def why_no_article(
    rows: Iterable[Visited], *, out_of_scope: int, left_out: Mapping[str, int], no_browser: str = ""
) -> NoArticle:
    """Return the likeliest cause, the start pages first; `rows` are those of the site's URLs that were visited.

    `left_out` counts the links that a limit left out, or that look like traps, by that limit or trap. `no_browser` says what kept pages
    from being rendered that are empty without scripts, '' where nothing did.
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
    advice = N_("See `warraq explain URL` for one of its articles, and set `articles` in its entry")
    what = (
        N_(f"the one URL that was visited is not an article ({named})")
        if ends.total() == 1
        else N_(f"none of the {ends.total()} URLs that were visited is an article ({named})")
    )
    return NoArticle(reason="none-read", what=what, advice=advice)


def _why_no_page(out_of_scope: int, left_out: Counter[str]) -> NoArticle:
    """Return why nothing that the start pages lead to was visited."""
    if out_of_scope:
        what = (
            N_("the only link found lies on another host")
            if out_of_scope == 1
            else N_(f"all {out_of_scope} links found lie on other hosts")
        )
        return NoArticle(
            reason="out-of-scope", what=what, advice=N_("Name those that belong to the site in its entry: hosts = […]")
        )
    if left_out:
        named = _counted(left_out)
        what = N_(f"all links found are left out as endless or beyond a limit ({named})")
        advice = N_("Name the shape of those that are articles in its entry: articles = […]")
        return NoArticle(reason="left-out", what=what, advice=advice)
    what = N_("its start page links to nothing: scripts may build it in the browser, or a frame leads elsewhere")
    return NoArticle(
        reason="no-links",
        what=what,
        advice=N_("Name a feed, a sitemap or sections in its entry; `warraq add URL` finds them"),
    )


def _counted(words: Counter[str]) -> str:
    return ", ".join(f"{word} {count}" for word, count in words.most_common(4))

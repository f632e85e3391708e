"""Define the outcome of a visit to a URL: the one vocabulary of the frontier, the captures, the summaries and the reading room."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class OutcomeKind(StrEnum):
    """The kinds of outcome, as the database and the WARC's metadata records spell them; an unknown word is `other`."""

    ARTICLE = "article"
    DOCUMENT = "document"
    """A PDF file with text: it has a row as an article has."""
    WITHHELD = "withheld"
    """An article whose page has a directive that the crawl obeys: captured, and kept out of articles and search."""
    PART = "part"
    """A further page of an article, whose text belongs to that."""
    LISTING = "listing"
    FEED = "feed"
    SITEMAP = "sitemap"
    UNCHANGED = "unchanged"
    REDIRECT = "redirect"
    QUARANTINE = "quarantine"
    GONE = "gone"
    REFUSED = "refused"
    """The server answered that it does not serve us: 401, 403, 429, 503 …"""
    FAILED = "failed"
    DISALLOWED = "disallowed"
    """Not requested: robots.txt disallows the URL."""
    BUDGET = "budget"
    """Not requested: the URL's pattern, host or kind has used up its quota of the run."""
    ROBOTS = "robots"
    RETRIED = "retried"
    """An attempt that failed and was followed by another."""
    REQUISITE = "requisite"
    """Something that a page loads to look as it does: a style sheet, a picture, a font, a script."""
    MISSING = "missing"
    """A requisite that was unavailable, or was something else; the page is kept without it."""
    OTHER = "other"
    REDACTED = "redacted"

    @classmethod
    def _missing_(cls, value: object) -> OutcomeKind:  # noqa: ARG003 - enum's interface; another version may have more words
        return cls.OTHER

    @property
    def is_failure(self) -> bool:
        """Whether nothing of use came: what the frontier knows of the URL's content stays as it was."""
        return self in _FAILURES

    @property
    def yields_article(self) -> bool:
        """Whether the URL is an article's, so that more URLs of its pattern are worth a visit."""
        return self in _OF_ARTICLES

    @property
    def has_row(self) -> bool:
        """Whether what was read becomes a row of `articles`."""
        return self in {OutcomeKind.ARTICLE, OutcomeKind.DOCUMENT}

    @property
    def tells_nothing(self) -> bool:
        """Whether it says nothing about the page: the server was in trouble or refused, or no request was made."""
        return self in _SILENT

    @property
    def is_requisite(self) -> bool:
        """Whether it is of something that a page loads, and so counts apart from pages."""
        return self in _REQUISITES

    @property
    def is_page(self) -> bool:
        """Whether it counts as a visit to a page of the site."""
        return self not in _NO_PAGES


_OF_ARTICLES = frozenset(
    {OutcomeKind.ARTICLE, OutcomeKind.DOCUMENT, OutcomeKind.WITHHELD, OutcomeKind.PART, OutcomeKind.UNCHANGED}
)
_SILENT = frozenset(
    {OutcomeKind.FAILED, OutcomeKind.REFUSED, OutcomeKind.RETRIED, OutcomeKind.DISALLOWED, OutcomeKind.BUDGET}
)
_FAILURES = (_SILENT - {OutcomeKind.RETRIED}) | {OutcomeKind.GONE, OutcomeKind.QUARANTINE, OutcomeKind.MISSING}
_REQUISITES = frozenset({OutcomeKind.REQUISITE, OutcomeKind.MISSING})
_NO_PAGES = _REQUISITES | {OutcomeKind.ROBOTS, OutcomeKind.RETRIED, OutcomeKind.PART, OutcomeKind.OTHER}

TEMPORARY_REDIRECTS = frozenset({"http-302", "http-303", "http-307", "refresh"})
"""Reasons of redirects whose original address stays the one to ask (RFC 9110, section 15.4); a page that refreshes promises nothing."""


def sql_list(words: Iterable[str]) -> str:
    """Return kinds, or other constants, as the inside of an SQL `IN (…)`."""
    return ", ".join(f"'{word}'" for word in words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a visit came to; `reason` is a word for counting, `detail` free text about this one visit."""

    kind: OutcomeKind
    reason: str = ""
    detail: str = ""

    def note(self, read: Outcome | None = None) -> tuple[tuple[str, str], ...]:
        """Return the fields to note of this outcome: those that `read`, which reading the response gives, does not have.

        They go into a metadata record of the WARC, from which `reindex` takes them again. Of another kind all are noted.
        """
        mine = (("outcome", str(self.kind)), ("reason", self.reason), ("detail", self.detail))
        if read is None or read.kind != self.kind:
            return tuple(field for field in mine if field[1])
        theirs = (str(read.kind), read.reason, read.detail)
        return tuple(field for field, other in zip(mine, theirs, strict=True) if field[1] != other)

    def noted(self, note: Mapping[str, str]) -> Outcome:
        """Return the outcome that such a note makes of this one."""
        if "outcome" in note:
            kind = OutcomeKind(note["outcome"])
            return Outcome(kind=kind, reason=note.get("reason", ""), detail=note.get("detail", ""))
        return Outcome(kind=self.kind, reason=note.get("reason", self.reason), detail=note.get("detail", self.detail))

"""Define the outcomes of visits to URLs, a vocabulary that the frontier, captures, summaries and the reading room share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class OutcomeKind(StrEnum):
    """The kinds of outcome, as spelled in the database and in WARC metadata records; an unknown word becomes `other`."""

    ARTICLE = "article"
    DOCUMENT = "document"
    """A PDF file with text; it gets a row of `articles`."""
    WITHHELD = "withheld"
    """An article whose page has a directive against indexing that the crawl obeys: captured, but left out of articles and search."""
    PART = "part"
    """A further page of an article, whose text is part of that article."""
    LISTING = "listing"
    FEED = "feed"
    SITEMAP = "sitemap"
    UNCHANGED = "unchanged"
    REDIRECT = "redirect"
    QUARANTINE = "quarantine"
    GONE = "gone"
    REFUSED = "refused"
    """The server refused the request: 401, 403, 429, 503 …"""
    FAILED = "failed"
    DISALLOWED = "disallowed"
    """Not requested: robots.txt disallows the URL."""
    BUDGET = "budget"
    """Not requested: the quota of the URL's pattern, host or kind is used up for this run."""
    ROBOTS = "robots"
    RETRIED = "retried"
    """A failed attempt that was followed by another."""
    REQUISITE = "requisite"
    """A resource that a page needs for display: a style sheet, picture, font or script."""
    MISSING = "missing"
    """A requisite that was unavailable or of another kind; the page is kept without it."""
    OTHER = "other"
    REDACTED = "redacted"

    @classmethod
    def _missing_(cls, value: object) -> OutcomeKind:  # noqa: ARG003 - enum's interface; another version may have more words
        return cls.OTHER

    @property
    def is_failure(self) -> bool:
        """Return whether the visit gave nothing useful, so that the frontier keeps what it knows of the URL's content."""
        return self in _FAILURES

    @property
    def yields_article(self) -> bool:
        """Return whether the URL is that of an article, so that more URLs of its pattern are worth a visit."""
        return self in _OF_ARTICLES

    @property
    def has_row(self) -> bool:
        """Return whether the content becomes a row of `articles`."""
        return self in {OutcomeKind.ARTICLE, OutcomeKind.DOCUMENT}

    @property
    def tells_nothing(self) -> bool:
        """Return whether the outcome says nothing about the page: the server failed or refused, or no request was made."""
        return self in _SILENT

    @property
    def is_requisite(self) -> bool:
        """Return whether the outcome is that of a requisite, which is counted separately from pages."""
        return self in _REQUISITES

    @property
    def is_page(self) -> bool:
        """Return whether the visit counts as one to a page of the site."""
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
"""Reasons of redirects after which the original URL is still the one to request (RFC 9110, section 15.4); a refresh promises no more."""


def sql_list(words: Iterable[str]) -> str:
    """Return kinds or other constants as the list inside an SQL `IN (…)`."""
    return ", ".join(f"'{word}'" for word in words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a visit; `reason` is a word that can be counted, `detail` is free text about this visit."""

    kind: OutcomeKind
    reason: str = ""
    detail: str = ""

    def note(self, read: Outcome | None = None) -> tuple[tuple[str, str], ...]:
        """Return the fields of this outcome that differ from `read`, the outcome of parsing the response; all if the kinds differ.

        They are written to a metadata record of the WARC, from which `reindex` restores them.
        """
        mine = (("outcome", str(self.kind)), ("reason", self.reason), ("detail", self.detail))
        if read is None or read.kind != self.kind:
            return tuple(field for field in mine if field[1])
        theirs = (str(read.kind), read.reason, read.detail)
        return tuple(field for field, other in zip(mine, theirs, strict=True) if field[1] != other)

    def noted(self, note: Mapping[str, str]) -> Outcome:
        """Return this outcome with the fields of such a note applied."""
        if "outcome" in note:
            kind = OutcomeKind(note["outcome"])
            return Outcome(kind=kind, reason=note.get("reason", ""), detail=note.get("detail", ""))
        return Outcome(kind=self.kind, reason=note.get("reason", self.reason), detail=note.get("detail", self.detail))

"""Recognise pages that stand in for others for a while: a waiting room for a front page, a notice of maintenance for all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archive import urls
from archive.index import articles, captures, identity
from archive.index.columns import text_digest
from archive.outcome import Outcome, OutcomeKind

if TYPE_CHECKING:
    from sqlite_utils import Database

    from archive.article import Article
    from archive.index import CaptureRow, ScheduledUrl
    from archive.parse import Parsed


class StandIns:
    """Tells, of what one run reads, which articles are none."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._read: dict[
            str, str
        ] = {}  # by the digest of title and text, where each article of this run was first read

    def recognised(self, due: ScheduledUrl, answer: Parsed, row: CaptureRow | None) -> Parsed:
        """Return the answer, without an article where the page stands in for another."""
        article = answer.article
        if article is None:
            return answer
        if self._is_led_to(due):
            outcome = Outcome(kind=OutcomeKind.LISTING, reason="redirected")
        elif answer.outcome.kind is OutcomeKind.ARTICLE and row and (other := self._twin(due, article, row)):
            outcome = Outcome(kind=OutcomeKind.QUARANTINE, reason="soft-503", detail=f"says what {other} says")
        else:
            return answer
        return replace(answer, outcome=outcome, article=None, keys=None, lines=())

    def _is_led_to(self, due: ScheduledUrl) -> bool:
        """Return whether a page is known only because announcers lead there for the time being."""
        if due.announced_by != "redirect":
            return False
        return any(captures.stands_in(self._db, url) for url in (due.url, due.via))  # `via` of one that has moved since

    def _twin(self, due: ScheduledUrl, article: Article, row: CaptureRow) -> str:
        """Return another URL of the host that gives the same, where a known article gave something altogether different; '' for none."""
        key = articles.key_of(self._db, article.url)
        first = self._read.setdefault(text_digest(article.title, article.text), article.url)
        if not due.article_url or identity.is_version_of(self._db, article.text, key):
            return ""
        held = captures.holder_of(self._db, row.payload_digest, row.url)
        others = (url for url in (first, held.url if held else "") if url and articles.key_of(self._db, url) != key)
        return next((url for url in others if urls.host_of(url) == urls.host_of(article.url)), "")

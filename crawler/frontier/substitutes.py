"""Recognise substitute pages: walls in front of articles, a waiting room for a front page, a notice for a whole site."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archive import urls
from archive.index import articles, availability, captures, identity
from archive.index.columns import text_digest
from archive.outcome import Outcome, OutcomeKind
from archive.parse import Parsed
from crawler.sites.session import is_login

if TYPE_CHECKING:
    from archive.article import Article
    from archive.index import CaptureRow, ScheduledUrl
    from crawler.extensions import ArchiveExtension
    from crawler.sites import Site


class SubstitutePages:
    """Recognises substitute pages among those of one run on a site."""

    def __init__(self, archive: ArchiveExtension, site: Site) -> None:
        self._archive = archive
        self._db = archive.ingest.store.db
        self._site = site
        # the first URL of each article of this run, by the digest of title and text
        self._read: dict[str, str] = {}

    def check(self, due: ScheduledUrl, answer: Parsed, read: Outcome, row: CaptureRow | None) -> tuple[Parsed, Outcome]:
        """Return the answer, without its article if the page is a substitute, and its outcome."""
        return self._walled(due, self._without_substitute(due, answer, row), read, page=row.url if row else due.url)

    def is_repeated(self, article: Article | None) -> bool:
        """Return whether this run has read the article's text at another URL: a session id in the links gives it one at each visit."""
        if article is None:
            return False
        first = self._read.get(text_digest(article.title, article.text), article.url)
        return urls.identity(first) != urls.identity(article.url)

    def _without_substitute(self, due: ScheduledUrl, answer: Parsed, row: CaptureRow | None) -> Parsed:
        article = answer.article
        if article is None:
            return answer
        if self._is_redirect_target(due):
            outcome = Outcome(kind=OutcomeKind.LISTING, reason="redirected")
        elif answer.outcome.kind is OutcomeKind.ARTICLE and row and (other := self._duplicate(due, article, row)):
            outcome = Outcome(kind=OutcomeKind.QUARANTINE, reason="soft-503", detail=f"says what {other} says")
        else:
            return answer
        return replace(answer, outcome=outcome, article=None, keys=None, lines=())

    def _is_redirect_target(self, due: ScheduledUrl) -> bool:
        """Return whether a page is known only because start pages or feeds currently redirect to it."""
        if due.announced_by != "redirect":
            return False
        pages = (due.url, due.via)  # `via`: the page has moved since
        return any(captures.is_temporary_target(self._db, url) for url in pages)

    def _duplicate(self, due: ScheduledUrl, article: Article, row: CaptureRow) -> str:
        """Return another URL of the host with the same page, if a known article gave an entirely different one before; '' for none."""
        key = articles.key_of(self._db, article.url)
        first = self._read.setdefault(text_digest(article.title, article.text), article.url)
        if not due.article_url or identity.is_version_of(self._db, article.text, key):
            return ""
        held = captures.holder_of(self._db, row.payload_digest, row.url)
        others = (url for url in (first, held.url if held else "") if url and articles.key_of(self._db, url) != key)
        return next((url for url in others if urls.host_of(url) == urls.host_of(article.url)), "")

    def _walled(self, due: ScheduledUrl, answer: Parsed, read: Outcome, *, page: str) -> tuple[Parsed, Outcome]:
        """Return the answer and its outcome; an article's teaser, and its redirect to a login, are walls."""
        outcome, article = answer.outcome, answer.article
        if article and outcome.kind is OutcomeKind.ARTICLE and (whole := self._whole_of(due, article, page)):
            read = outcome = Outcome(kind=OutcomeKind.QUARANTINE, reason="paywall", detail=whole)
            answer = replace(answer, outcome=outcome, article=None, keys=None)
        elif outcome.kind is OutcomeKind.REDIRECT and due.article_url and is_login(outcome.detail):
            answer = Parsed.of(OutcomeKind.QUARANTINE, "login", f"redirects to {outcome.detail}")
        if self._site.has_session and (due.article_url or due.kind == "seed"):
            is_wall = answer.outcome.reason in availability.PAYWALLS
            self._archive.report.session.saw(
                due.url, is_wall=is_wall, is_free=article.is_accessible_for_free if article else None
            )
        return answer, read

    def _whole_of(self, due: ScheduledUrl, article: Article, page: str) -> str:
        via = due.via if due.announced_by == "redirect" else ""
        return self._archive.ingest.whole_of(article, page, site=self._archive.report.site, via=via)

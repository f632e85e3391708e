"""Write a group of captures and their dispositions as rows, in one transaction, and count what is durable.

If the group cannot be written, its entries are written one by one, and the failing entry gets the outcome `error`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from archive import search, urls
from archive.errors import NotWritableError
from archive.index import (
    OperationalError,
    articles,
    availability,
    captures,
    front_pages,
    frontier,
    identity,
    images,
    renderings,
    site_lines,
)
from archive.index.columns import text_digest
from archive.outcome import Outcome, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archive.article import Article, Picture
    from archive.index import Store
    from archive.index.articles import Stored
    from archive.index.renderings import Rendering
    from archive.index.rows import Candidate, CaptureRow, FetchStatus
    from archive.parse import Parsed
    from archive.search import Keys

# Everything that is committed for a parsed capture.


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """The disposition of a capture: everything that is committed for it.

    `row` is None if an exchange left no record. `same_as` is the article that was served again; with `repeats` the commit
    looks up the article of this payload at this URL. `requisites` are those of the page. `named` is the URL that the page names as
    canonical, if that is of another article.
    `note` has the fields of the outcome that parsing the response does not give (`Outcome.note`).
    """

    row: CaptureRow | None
    outcome: Outcome
    directives: str = ""
    note: tuple[tuple[str, str], ...] = ()
    article: Article | None = None
    named: str = ""
    keys: Keys | None = None
    same_as: int | None = None
    repeats: bool = False
    visit: FetchStatus | None = None
    announced: tuple[Candidate, ...] = ()
    requisites: tuple[Candidate, ...] = ()
    picture: Picture | None = None
    host: str = ""
    lines: tuple[str, ...] = ()
    headlines: tuple[tuple[str, str], ...] = ()


def disposition_of(
    row: CaptureRow | None,
    answer: Parsed,
    *,
    visit: FetchStatus | None = None,
    announced: tuple[Candidate, ...] = (),
    note: tuple[tuple[str, str], ...] = (),
) -> Disposition:
    """Return the disposition of a parsed response.

    It has the outcome and, if the capture has a row, the article with its keys and lines.
    """
    article = answer.article if answer.outcome.kind.has_row else None
    return Disposition(
        row=row,
        outcome=answer.outcome,
        directives=" ".join(answer.directives),
        note=note,
        article=article,
        keys=answer.keys if article else None,
        visit=visit,
        announced=announced,
        host=urls.host_of(row.url) if row else "",
        lines=answer.lines if article else (),
        picture=answer.picture,
        headlines=answer.headlines,
    )


def under_own_url(entry: Disposition, article: Article, row: CaptureRow) -> Disposition:
    """Return the disposition with the article at its page's own URL: the one that it names as canonical is that of another article."""
    detail = "; ".join(filter(None, (article.url, entry.outcome.detail)))
    outcome = replace(entry.outcome, reason=identity.FALSE_CANONICAL, detail=detail)
    return replace(entry, article=replace(article, url=row.url), named=article.url, outcome=outcome)


logger = logging.getLogger(__name__)

Entries = list[tuple[Disposition, str]]
"""Dispositions, each with the id of the conversion record of its text ('' for none)."""


@dataclass(slots=True)
class Committed:
    """Counts of a commit: outcomes, changes of articles, and new URLs and requisites of the frontier."""

    outcomes: list[Outcome] = field(default_factory=list)
    articles: list[tuple[int, str]] = field(default_factory=list)
    announced: int = 0
    requisites: int = 0


CHANGES = ("new", "changed", "updated", "unchanged")
"""What may become of an article that was read: see `archive.index.articles.Stored`."""


def change_figures(counted: Mapping[str, int]) -> dict[str, int]:
    """Return what became of articles by the words of every summary (`articles_new` …)."""
    return {f"articles_{change}": counted.get(change, 0) for change in CHANGES}


class GroupWriter:
    """Writes groups into one store, by `write`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now = ""
        self._unindexed: set[int] = set()

    def write(
        self, rows: Sequence[CaptureRow], entries: Entries, made: Sequence[Rendering] = (), *, now: str
    ) -> Committed:
        """Write all rows in one transaction, or entry by entry; `now` is an ISO 8601 time in UTC.

        Raises OperationalError, NotWritableError: then nothing of the group is durable, and all of it can be retried.
        """
        self._now = now
        done = Committed()
        try:
            with self._store.atomic():
                self._write_captures(rows, made)
                self._write_group(entries, done)
        except (OperationalError, NotWritableError):
            raise
        except Exception:
            logger.exception("a group of %d readings cannot be written as one", len(entries))
            with self._store.atomic():
                self._write_captures(rows, made)
            done = Committed()
            for entry, conversion_id in entries:
                self._write_alone(entry, conversion_id, done)
        return done

    def _write_captures(self, rows: Sequence[CaptureRow], made: Sequence[Rendering]) -> None:
        for row in rows:
            captures.insert(self._store.db, row)
        for one in made:
            renderings.put_rendering(self._store.db, one)

    def _write_group(self, entries: Entries, done: Committed) -> None:
        self._unindexed.clear()
        made: dict[int, search.Keys] = {}
        for entry, conversion_id in entries:
            article_id = self._write_entry(entry, conversion_id, done)
            if article_id is not None and entry.keys is not None:
                made[article_id] = entry.keys
        search.index_articles(self._store.db.conn, sorted(self._unindexed), made)

    def _write_alone(self, entry: Disposition, conversion_id: str, done: Committed) -> None:
        try:
            one = Committed()
            with self._store.atomic():
                self._write_group([(entry, conversion_id)], one)
        except (OperationalError, NotWritableError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever one page provokes must not cost the others
            outcome = Outcome(kind=OutcomeKind.FAILED, reason="error", detail=f"{type(error).__name__}: {error}")
            one = Committed()
            with self._store.atomic():
                self._write_entry(Disposition(row=entry.row, outcome=outcome, visit=entry.visit), "", one)
        done.outcomes += one.outcomes
        done.articles += one.articles
        done.announced += one.announced
        done.requisites += one.requisites

    def _write_entry(self, entry: Disposition, conversion_id: str, done: Committed) -> int | None:
        db = self._store.db
        entry = self._without_false_claims(entry)
        article_id = self._write_article(entry, conversion_id, done) if entry.row else None
        if entry.row:
            captures.record_outcome(
                db,
                entry.row.record_id,
                entry.outcome,
                article_id,
                directives=entry.directives,
                headlines=self._headlines(entry),
            )
            if entry.picture is not None:
                images.hold(db, entry.row, entry.picture)
            if whole := availability.whole_of({"reason": entry.outcome.reason, "detail": entry.outcome.detail}):
                identity.join_teaser(db, entry.row.url, whole, at=self._now, unindex=self._unindex)
            if article_id is None:
                availability.update_from_capture(db, entry.row.record_id)
            if entry.outcome.kind is OutcomeKind.REDIRECT:
                target = entry.outcome.detail
                identity.join_redirect(db, entry.row.url, target, at=self._now, unindex=self._unindex)
        if entry.announced:
            done.announced += frontier.schedule(db, entry.announced, now=self._now)
        if entry.requisites:
            done.requisites += frontier.announce_requisites(db, entry.requisites, now=self._now)
        if entry.visit:
            frontier.finished(db, entry.visit)
        if entry.lines and site_lines.pages_seen(db, entry.host) < site_lines.LEARNING_PAGES:
            site_lines.count_lines(db, entry.host, entry.lines)
        done.outcomes.append(entry.outcome)
        return article_id

    def _headlines(self, entry: Disposition) -> str:
        """Return the headlines of a front page; other listings are too many to keep theirs."""
        if not entry.headlines or not entry.row:
            return ""
        is_front = front_pages.is_front_page(self._store.db, entry.row.url, entry.outcome.reason)
        return front_pages.kept(entry.headlines) if is_front else ""

    def _write_article(self, entry: Disposition, conversion_id: str, done: Committed) -> int | None:
        db = self._store.db
        assert entry.row  # noqa: S101 - the caller has looked
        same_as = entry.same_as
        if entry.repeats:
            same_as = captures.article_of_payload(db, entry.row.payload_digest, entry.row.url)
        if same_as is not None:
            stored = articles.mark_seen(db, same_as, at=entry.row.captured_at, page=entry.row.url)
        elif entry.article is not None:
            digest = text_digest(entry.article.title, entry.article.text)
            held = articles.find_version(db, entry.article.url, digest)
            if held is not None:
                stored = self._mark_seen(held, entry.article, entry.row)
            else:
                capture = captures.of_record(db, entry.row.record_id)
                assert capture is not None  # noqa: S101 - inserted in this transaction or an earlier one
                stored = articles.insert_version(db, entry.article, capture=capture, conversion_id=conversion_id)
                self._unindexed.add(stored.id)
                images.describe(db, (stored.id,), {stored.id: entry.article.body})
        else:
            return None
        if not stored.is_first:
            availability.clear(db, stored.id, at=entry.row.captured_at)
        done.articles.append((stored.id, stored.change))
        if entry.article is None:
            return stored.id
        return identity.join_page(db, entry.row.url, stored.id, at=self._now, unindex=self._unindex)

    def _without_false_claims(self, entry: Disposition) -> Disposition:
        """Withdraw what other pages claimed of this page's URL, or of the one that it names as well; return the entry.

        If the URL that it names turns out to be that of an article withdrawn, as when two pages name each other, it keeps its own.
        """
        db, article, row = self._store.db, entry.article, entry.row
        if article is None or row is None:
            return entry
        url = entry.named or row.url
        moved = identity.withdraw_claims(db, url, article.title, article.text, unindex=self._unindex)
        self._unindexed.update(moved)
        held = articles.latest_text(db, article.url) if moved and article.url != row.url else None
        if held is None or articles.may_be_versions(held, (article.title, article.text)):
            return entry
        return under_own_url(entry, article, row)

    def _unindex(self, ids: list[int]) -> None:
        """Remove superseded versions from the search index; those of this group are not in it yet."""
        search.unindex_articles(self._store.db.conn, [one for one in ids if one not in self._unindexed])
        self._unindexed.difference_update(ids)

    def _mark_seen(self, article_id: int, article: Article, row: CaptureRow) -> Stored:
        """Record that a stored version was served again, perhaps with other metadata."""
        db = self._store.db
        values = articles.found(db, article_id, article, at=row.captured_at)
        if values:
            if article_id not in self._unindexed:
                search.unindex_articles(db.conn, [article_id])
            articles.apply(db, article_id, values, at=row.captured_at, record_id=row.record_id)
            images.describe(db, (article_id,))
            self._unindexed.add(article_id)
        return replace(articles.mark_seen(db, article_id, at=row.captured_at, page=row.url), is_updated=bool(values))

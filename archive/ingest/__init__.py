"""Write captures into an archive: the one writer, which holds the collection's lock.

Nothing is acknowledged before `commit` returns. A crash before it leaves at most records without rows, which `recover` finds and
indexes; it can never leave a row without its record.
"""

from __future__ import annotations

import json
import ssl
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from archive import warc
from archive.body import as_data
from archive.capture import Original
from archive.collection import FileLocator
from archive.files.clock import iso, timestamp14
from archive.index import OperationalError, articles, captures, identity, open_store, runs, unwritable
from archive.index.articles import is_teaser, may_be_teaser
from archive.index.columns import text_block, text_digest
from archive.index.renderings import Rendering, uri_of
from archive.index.rows import CaptureRow
from archive.ingest.commit import Committed, GroupWriter, under_own_url
from archive.outcome import Outcome, OutcomeKind
from archive.urls.surt import surt
from archive.warc import cdxj

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from archive.article import Article
    from archive.capture import Capture, Location
    from archive.collection import Collection
    from archive.index import Store
    from archive.index.renderings import RenderingKind
    from archive.ingest.commit import Disposition

NOT_MODIFIED = 304
MOST_CERTIFICATES: Final = 20
"""Certificates of one host kept in one WARC file: a server that sends a different one each time must not fill it."""
EMPTY_PAYLOAD = warc.sha1_digest(b"")
"""A response without a payload repeats nothing."""


class ArchiveWriter:
    """The one writer of a collection; holds the open WARC and the open database until `close`.

    `writes_texts` is False while a database is rebuilt, because its WARCs have the clean texts already.

    Call `record` for each exchange as it ends, `finish` once it is parsed, and `commit` often (each second, each few dozen pages).
    """

    def __init__(
        self,
        collection: Collection,
        db: Store,
        writer: warc.WarcWriter,
        *,
        clock: Callable[[], datetime],
        index: cdxj.Index,
        held: ExitStack,
        made: tuple[Path, ...] = (),
        is_new: bool = False,
    ) -> None:
        self.collection = collection
        self.store = db
        self.files = FileLocator(collection.warcs, db.db)
        self.writer = writer
        self.clock = clock
        self.index = index
        self._held = held
        self._made = made
        self._is_new = is_new
        self.recovered_files: list[warc.RecoveredFile] = []
        self.writes_texts = True
        self._group = GroupWriter(db)
        self._rows: list[CaptureRow] = []
        self._dispositions: list[Disposition] = []
        self._renderings: list[Rendering] = []
        self._fresh: dict[str, Original] = {}
        self._claims: dict[str, tuple[str, str]] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._noted: set[str] = set()
        self._shown_in = ""
        self._shown: dict[str, set[str]] = {}

    @property
    def waiting(self) -> int:
        """The number of captures and dispositions waiting for the next commit."""
        return len(self._rows) + len(self._dispositions) + len(self._renderings)

    def record(self, capture: Capture, *, site: str) -> CaptureRow | None:
        """Write the exchange to the WARC (as a revisit if the archive has its payload); return None if it has no response bytes."""
        digest = warc.payload_digest(capture)
        original = self._original(capture, digest)
        self._record_certificates(capture)
        written = self.writer.write_capture(capture, payload_digest=digest, revisit_of=original)
        if written.location is None:
            return None
        row = CaptureRow(
            record_id=written.record_id,
            record_type=written.record_type,
            url=capture.url,
            urlkey=surt(capture.url),
            site=site,
            timestamp=timestamp14(capture.started),
            captured_at=written.date,
            status=written.status or None,
            mime=written.mime.lower(),
            payload_digest=written.payload_digest,
            warc_filename=written.location.filename,
            warc_record_offset=written.location.offset,
            warc_record_length=written.location.length,
            ip=capture.ip,
            truncated=capture.truncated,
            via=capture.via,
        )
        if original and row.record_type == "revisit":
            url = warc.target_uri(original.url)
            row = replace(row, refers_to=original.record_id, refers_to_url=url, refers_to_date=original.date)
        if row.record_type == "response" and digest:
            original = Original(record_id=row.record_id, url=row.url, date=row.captured_at, payload_digest=digest)
            self._fresh.setdefault(digest, original)
        self.index.add(row.urlkey, written)
        self._rows.append(row)
        return row

    def _record_certificates(self, capture: Capture) -> None:
        """Write the server's certificates, unless the open file has them, so that each file has the certificates of its captures."""
        if not capture.certificates:
            return
        self.writer.rotate_if_due()
        if self._shown_in != self.writer.filename:
            self._shown.clear()
        shown = self._shown.setdefault(urlsplit(capture.url).netloc, set())
        fingerprint = capture.fingerprint
        if fingerprint in shown or len(shown) >= MOST_CERTIFICATES:
            return
        block = "".join(ssl.DER_cert_to_PEM_cert(one) for one in capture.certificates).encode()
        self._record_resource(warc.certificate_uri(fingerprint), block, warc.CHAIN_TYPE, capture.started)
        self._shown_in = self.writer.filename
        shown.add(fingerprint)

    def record_rendering(self, row: CaptureRow, kind: RenderingKind, block: bytes, mime: str) -> None:
        """Write a rendering record of a captured page; its row follows with the next commit."""
        moment = self.clock()
        record_id, place = self._record_resource(
            uri_of(kind, row.url), block, mime, moment, concurrent_to=row.record_id
        )
        self.add_rendering(
            Rendering(
                record_id=record_id, response_id=row.record_id, kind=kind, url=row.url, captured_at=iso(moment), mime=mime,
                warc_filename=place.filename, warc_record_offset=place.offset, warc_record_length=place.length,
            )
        )  # fmt: skip

    def _record_resource(
        self, uri: str, block: bytes, mime: str, moment: datetime, *, concurrent_to: str = ""
    ) -> tuple[str, Location]:
        record_id, place = self.writer.write_resource(
            uri=uri, concurrent_to=concurrent_to, date=moment, content=mime, block=block
        )
        self.index.add_entry(
            cdxj.Entry(
                urlkey=surt(warc.target_uri(uri)), timestamp=timestamp14(moment), url=warc.target_uri(uri),
                mime=mime.partition(";")[0], status="", digest=warc.sha1_digest(block), location=place,
            )
        )  # fmt: skip
        return record_id, place

    def add_rendering(self, rendering: Rendering) -> None:
        """Take the row of a record that a WARC of the collection holds already (an import, a recovery)."""
        self._renderings.append(rendering)

    def _original(self, capture: Capture, digest: str) -> Original | None:
        """Return the record that this capture only repeats: the last one of its URL for a 304, any with the same payload otherwise."""
        if capture.http and capture.http.status == NOT_MODIFIED:
            return captures.last_whole(self.store.db, capture.url)
        if not digest or digest == EMPTY_PAYLOAD:
            return None
        fresh = self._fresh.get(digest)
        if fresh and fresh.url == capture.url:
            return fresh
        return captures.holder_of(self.store.db, digest, capture.url) or fresh

    def has_waiting(self, revisit: CaptureRow) -> bool:
        """Return whether a capture that the revisit may repeat waits for the next commit."""
        return any(
            row.record_id == revisit.refers_to
            or (row.payload_digest == revisit.payload_digest != "")
            or row.url == revisit.refers_to_url
            for row in self._rows
        )

    def waiting_moments(self, record_id: str) -> list[tuple[str, str]]:
        """Return URL and time (14 digits) of captures of that id that wait for the next commit."""
        return [(row.url, row.timestamp) for row in self._rows if row.record_id == record_id]

    def add_row(self, row: CaptureRow) -> None:
        """Take the row of a record that a WARC of the collection holds already (an import, a recovery)."""
        self._rows.append(row)

    def finish(self, disposition: Disposition) -> None:
        """Take the disposition of a capture; it is durable after the next commit."""
        self._dispositions.append(self._identified(self._walled(disposition)))

    def whole_of(self, article: Article, page: str, *, site: str, via: str = "") -> str:
        """Return the URL of the stored article of which this is a teaser; '' if it is not one.

        The stored article has the same URL, or a URL that redirects there (`via`), or the same path and title on another host of the
        site.
        """
        if self._latest(article.url):
            return article.url if self._is_teaser(article, article.url) else ""
        sources = [via, *self._redirecting_to({page, article.url})]
        found = next((url for url in sources if url and self._is_teaser(article, url)), "")
        if found or not may_be_teaser(article.text, is_free=article.is_accessible_for_free):
            return found
        others = self._at_other_hosts(article, site)
        others += identity.at_other_hosts(self.store.db, article.url, article.title, site=site)
        return next((url for url in others if self._is_teaser(article, url)), "")

    def _at_other_hosts(self, article: Article, site: str) -> list[str]:
        """Return where the site has an article of that title at that path of another host, among those that wait for the next commit."""
        return [
            one.article.url
            for one in self._dispositions
            if one.article
            and one.row
            and (one.article.title, one.row.site) == (article.title, site)
            and identity.is_same_path(one.article.url, article.url)
        ]

    def _redirecting_to(self, pages: set[str]) -> list[str]:
        """Return the URLs that redirect to one of these, and those whose redirect waits for the next commit."""
        redirects = [
            (one.row.url, one.outcome.detail)
            for one in self._dispositions
            if one.row and one.outcome.kind is OutcomeKind.REDIRECT
        ]
        found = dict.fromkeys(sorted(pages))
        for _ in range(identity.MOST_HOPS):
            found |= dict.fromkeys(source for source, target in redirects if target in found)
        held = [url for page in found for url in identity.redirecting_to(self.store.db, page)]
        return [url for url in [*found, *held] if url not in pages]

    def _latest(self, url: str) -> tuple[str, str] | None:
        """Return title and text of the latest version at that URL, None if there is none."""
        return self._claims.get(url) or articles.latest_text(self.store.db, url)

    def _is_teaser(self, article: Article, url: str) -> bool:
        held = self._latest(url)
        return held is not None and is_teaser(article.text, held[1], is_free=article.is_accessible_for_free)

    def _walled(self, disposition: Disposition) -> Disposition:
        """Return the disposition, without its article if that is a teaser."""
        article, row = disposition.article, disposition.row
        whole = self.whole_of(article, row.url, site=row.site) if article and row else ""
        if not whole:
            return disposition
        outcome = Outcome(kind=OutcomeKind.QUARANTINE, reason="paywall", detail=whole)
        return replace(disposition, article=None, keys=None, outcome=outcome)

    def _identified(self, disposition: Disposition) -> Disposition:
        """Return the disposition, with the article under its page's own URL if its canonical URL is that of another article.

        Some sites print the same canonical URL on many pages. It is then accepted for none of them.
        """
        article, row = disposition.article, disposition.row
        if article is None or row is None:
            return disposition
        if article.url != row.url and not self._is_believed(article, row.url):
            disposition = under_own_url(disposition, article, row)
            article = replace(article, url=row.url)
        self._claims[article.url] = (article.title, article.text)
        return disposition

    def _is_believed(self, article: Article, page: str) -> bool:
        """Return whether the article's canonical URL, another than that of its page, is not that of another article."""
        held = self._latest(article.url)
        if held is None:
            return not identity.is_disbelieved(self.store.db, article.url)
        return articles.may_be_versions(held, (article.title, article.text)) or articles.was_read_at(
            self.store.db, article.url, page
        )

    def commit(self) -> Committed:
        """Make everything so far durable: conversion records, fsync of the WARC, then all rows in one transaction."""
        if not self.waiting:
            return Committed()
        entries = [(entry, self._convert(entry)) for entry in self._dispositions]
        for entry in self._dispositions:
            self._note(entry)
        self.writer.sync()
        try:
            done = self._group.write(self._rows, entries, self._renderings, now=iso(self.clock()))
        except OperationalError as error:  # disk full, database locked or gone: the group waits, and is in the WARC
            raise unwritable(self.store.path, error) from error
        self._renderings = []
        self._rows, self._dispositions, self._fresh, self._claims, self._texts, self._noted = [], [], {}, {}, {}, set()
        return done

    def _convert(self, entry: Disposition) -> str:
        """Write the clean text of a new version as a conversion record.

        Returns its record id, '' if there is none to write.
        """
        if entry.article is None or entry.row is None or not self.writes_texts:
            return ""
        digest = text_digest(entry.article.title, entry.article.text)
        if articles.find_version(self.store.db, entry.article.url, digest) is not None:
            return ""
        if earlier := self._texts.get(
            (entry.article.url, digest)
        ):  # by a commit that failed after it, or of the same group
            return earlier
        record_id = self._write_texts(entry.row, entry.article)
        self._texts[entry.article.url, digest] = record_id
        return record_id

    def _note(self, entry: Disposition) -> None:
        """Write the outcome that parsing the response would not give into a metadata record."""
        if entry.note and entry.row and self.writes_texts and entry.row.record_id not in self._noted:
            self._noted.add(entry.row.record_id)  # a failed commit is retried
            self.writer.write_metadata(
                url=entry.row.url, refers_to=entry.row.record_id, date=self.clock(), fields=entry.note
            )

    def _write_texts(self, row: CaptureRow, article: Article) -> str:
        """Return the conversion records of an article, its clean text and its blocks as JSON; the id of the first."""
        place = {"url": row.url, "refers_to": row.record_id}
        text = text_block(article.title, article.text)
        record_id, _ = self.writer.write_conversion(**place, date=self.clock(), content="text/plain", block=text)
        if article.body:
            shape = {"title": article.title, "language": article.language, "body": as_data(article.body)}
            block = json.dumps(shape, ensure_ascii=False, separators=(",", ":"))
            self.writer.write_conversion(**place, date=self.clock(), content="application/json", block=block)
        return record_id

    def begin_run(self, kind: str, *, site: str = "") -> int:
        """Open a row of the log of runs; return its id."""
        with self.store.atomic():
            return runs.begin(self.store.db, kind=kind, site=site, at=iso(self.clock()))

    def end_run(self, run_id: int, *, result: str, summary: Mapping[str, Any]) -> None:
        """Close the row of a run."""
        with self.store.atomic():
            runs.end(self.store.db, run_id, at=iso(self.clock()), result=result, summary=summary)

    def discard_new(self) -> bool:
        """Remove the archive again if this writer made it and nothing was recorded in it; return whether it did."""
        return self._is_new and self.collection.discard(self._made)

    def close(self, *, then: Callable[[], object] | None = None) -> None:
        """Commit what is left and close the WARC and the database; `then` is called while the lock is still held."""
        with self._held:
            self.commit()
            self.writer.close()
            self.store.close()
            if then:
                then()


def open_writer(
    collection: Collection,
    *,
    info: Mapping[str, str],
    clock: Callable[[], datetime],
    prefix: str = "NEWS",
    host: str = "",
    database: Path | None = None,
) -> ArchiveWriter:
    """Open a collection for writing, creating it if it is missing; the lock is held until `close`.

    `info` goes into the warcinfo record of each file; `database` is another file than the collection's own.
    Raises NotWritableError, ArchiveLockedError, SchemaTooNewError.
    """
    is_new = not collection.exists()
    made = collection.create()
    index = cdxj.Index(collection.folder)
    with ExitStack() as stack:
        stack.enter_context(collection.lock())
        taken_up = warc.recover_open_files(collection.warcs, on_close=index.closed)
        db = stack.enter_context(open_store(database or collection.database))
        writer = warc.WarcWriter(
            collection.warcs, info=info, clock=clock, prefix=prefix, host=host, on_close=index.closed
        )
        stack.enter_context(writer)
        ingest = ArchiveWriter(
            collection, db, writer, clock=clock, index=index, held=stack.pop_all(), made=made, is_new=is_new
        )
        ingest.recovered_files = taken_up
        return ingest


def check_writable(collection: Collection) -> None:
    """Raise the errors of `open_writer`, without changing the collection."""
    made = collection.create()
    with collection.lock():
        if collection.exists():
            open_store(collection.database).close()
        else:
            collection.discard(made)

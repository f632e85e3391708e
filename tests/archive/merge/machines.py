"""Machines that crawl: a history of what sites served in; archives, as one machine or several would make them, and what they hold out."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlite_utils.utils import sqlite3

from archive import warc
from archive.article import Article
from archive.capture import Capture, Location
from archive.collection import Collection
from archive.extract.text.phrases import line_key
from archive.files.clock import iso
from archive.index import Candidate, FetchStatus, captures, frontier
from archive.ingest import open_writer
from archive.ingest.commit import Disposition, disposition_of
from archive.outcome import Outcome, OutcomeKind
from archive.parse.parse import ParseTask, parse_task
from archive.warc import cdxj

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from archive.ingest import ArchiveWriter

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What a URL answered at a time (hours after BEGIN): `text` of an article, or a status that says that there is none."""

    url: str
    hours: float
    text: str = ""
    status: int = 200
    author: str = ""
    canonical: str = ""
    page: bytes = b""

    @property
    def at(self) -> datetime:
        return BEGIN + timedelta(hours=self.hours)

    @property
    def site(self) -> str:
        return self.url.split("/")[2]

    @property
    def _made_up(self) -> bytes:
        return f"<html><title>عنوان</title><i>{self.author}</i><p>{self.text}</p></html>".encode()

    @property
    def response(self) -> bytes:
        body = self.page or (self._made_up if self.text else b"no")
        head = f"HTTP/1.1 {self.status} X\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


class Machine:
    """Crawls sites into one archive; `reads` extracts for real, otherwise the text of the event is the article."""

    def __init__(self, folder: Path, *, reads: bool = False) -> None:
        self.collection = Collection(folder)
        self.now = BEGIN
        self._reads = reads
        self._ingest: ArchiveWriter | None = None

    def start(self) -> ArchiveWriter:
        """Opens the archive, if it is not open."""
        if self._ingest is None:
            self._ingest = open_writer(self.collection, info={"software": "warraq test"}, clock=lambda: self.now)
        return self._ingest

    def stop(self) -> None:
        """Closes the archive and its WARC file."""
        if self._ingest:
            self._ingest.close()
        self._ingest = None

    def crawl(self, history: Iterable[Served]) -> None:
        """Visits the URLs at their times, in their order; each visit is committed."""
        for event in sorted(history, key=lambda event: (event.hours, event.url)):
            self.visit(event)
        self.stop()

    def log(self, site: str, first: datetime, last: datetime) -> None:
        """Leaves a run in the log."""
        ingest = self.start()
        self.now = first
        run = ingest.begin_run("crawl", site=site)
        self.now = last
        ingest.end_run(run, result="finished", summary={"site": site})

    def visit(self, event: Served) -> None:
        """One visit: announced, captured, read, put down."""
        ingest = self.start()
        self.now = event.at
        db = ingest.store.db
        announced = [
            Candidate(url=url, site=event.site, host=event.site, kind=kind, by="feed", via=f"https://{event.site}/feed", depth=1)
            for url, kind in ((event.url, "article"), (f"{event.url}/next", "page"))
        ]  # fmt: skip
        with ingest.store.atomic():
            frontier.schedule(db, announced, now=iso(self.now))
        url_id = frontier.known(db, event.url)
        capture = Capture(
            url=event.url, started=event.at, request=b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", response=event.response,
            via=announced[0].via, ip="192.0.2.1",
        )  # fmt: skip
        row = ingest.record(capture, site=event.site)
        ingest.finish(self._settled(event, row, url_id))
        ingest.commit()

    def _settled(self, event: Served, row: Any, url_id: int) -> Disposition:
        db = self._ingest.store.db
        visit = {
            "url_id": url_id,
            "at": iso(self.now),
            "due_at": iso(self.now + timedelta(days=1)),
            "status": event.status,
            "payload_digest": row.payload_digest,
        }
        if event.status != 200:
            outcome = Outcome(kind=OutcomeKind.GONE, reason=f"http-{event.status}")
            return Disposition(
                row=row,
                outcome=outcome,
                visit=FetchStatus(**visit, outcome=outcome.kind, reason=outcome.reason, failed=True, changed=False),
            )
        same_as = captures.latest_article(db, event.url)
        if same_as and captures.seen_before(db, row.payload_digest, event.url, row.timestamp):
            seen = FetchStatus(**visit, outcome=OutcomeKind.ARTICLE, reason="unchanged", changed=False)
            return Disposition(row=row, outcome=Outcome(kind=OutcomeKind.UNCHANGED), same_as=same_as, visit=seen)
        if self._reads:
            answer = parse_task(ParseTask(url=event.url, response=event.response, fetched_at=event.at))
            settled = disposition_of(row, answer)
            seen = FetchStatus(
                **visit, outcome=answer.outcome.kind, article_url=answer.article.url if answer.article else ""
            )
            return Disposition(
                row=row,
                outcome=settled.outcome,
                directives=settled.directives,
                article=settled.article,
                host=settled.host,
                lines=settled.lines,
                visit=seen,
            )
        url = event.canonical or event.url
        lines = tuple(line_key(line) for line in event.text.split(". "))
        article = Article(url=url, title="عنوان", text=event.text, authors=(event.author,) if event.author else ())
        seen = FetchStatus(**visit, outcome=OutcomeKind.ARTICLE, article_url=url, etag=f'"{event.hours}"')
        return Disposition(
            row=row,
            outcome=Outcome(kind=OutcomeKind.ARTICLE),
            article=article,
            host=event.site,
            lines=lines,
            visit=seen,
        )


def contents(collection: Collection, *, own_ids: bool = False) -> dict[str, Any]:
    """All that an archive holds, table by table, in a form in which two archives can be compared.

    Row ids are left out, and what refers to them is given as what it refers to: a capture is (URL, time), an article (URL, digest of what
    it says). A place in a file is given as the block of the record that lies there, a text record as its text. Record ids are made up
    at random by each machine: they are left out unless `own_ids`, for comparing archives that were made of the same shards.
    """
    db = sqlite3.connect(f"file:{collection.database}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    try:
        return _Contents(collection, db, own_ids).all()
    finally:
        db.close()


class _Contents:
    def __init__(self, collection: Collection, db: Any, own_ids: bool) -> None:
        self.db, self.warcs, self.collection, self.own_ids = db, collection.warcs, collection, own_ids
        self.captures = {row["id"]: (row["url"], row["captured_at"]) for row in db.execute("SELECT * FROM captures")}
        self.articles = {row["id"]: (row["url"], row["text_digest"]) for row in db.execute("SELECT * FROM articles")}
        records = [record for path in warc.closed_files(self.warcs) for record in warc.read_records(path)]
        self.texts = {record.id: record.block for record in records if record.type == "conversion"}
        self.records = Counter(self._known(record) for record in records if record.type != "warcinfo")

    def _known(self, record: warc.Record) -> tuple[Any, ...]:
        own = (record.id,) if self.own_ids else ()
        block = b"" if record.type in {"metadata", "request"} else record.block
        date = "" if record.type == "conversion" else record.date  # when it was written
        return (record.type, record.url, date, hashlib.sha1(block).hexdigest(), *own)

    def all(self) -> dict[str, Any]:
        """Each table by its name, and the files beside the database."""
        return {
            "captures": self._rows("captures", self._capture),
            "articles": self._rows("articles", self._article),
            "urls": self._rows("urls", lambda row: row),
            "site_lines": self._rows("site_lines", lambda row: row),
            "site_pages": self._rows("site_pages", lambda row: row),
            "runs": [row for row in self._rows("runs", lambda row: row) if "'kind': 'merge'" not in row],
            "families": self._rows("families", lambda row: {**row, "article_id": self.articles[row["article_id"]]}),
            "search_state": self._rows("search_state", lambda row: row),
            "articles_search": self._words("articles_search"),
            "articles_fts": self._words("articles_fts"),
            "index.cdxj": sorted(self._line(line) for line in cdxj.Index(self.collection.folder).lines()),
            "records": sorted(self.records.items()),
            "manifest": sorted(warc.read_manifest(self.warcs).values()) if self.own_ids else None,
            "tables": sorted(row[0] for row in self.db.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")),
        }  # fmt: skip

    def _rows(self, table: str, known: Callable[[dict[str, Any]], dict[str, Any]]) -> list[str]:
        rows = (dict(row) for row in self.db.execute(f"SELECT * FROM {table}"))
        return sorted(str(known({name: value for name, value in row.items() if name != "id"})) for row in rows)

    def _capture(self, row: dict[str, Any]) -> dict[str, Any]:
        if not self.own_ids:
            del row["record_id"], row["refers_to"]
        return self._placed(row) | {"article_id": self.articles.get(row["article_id"])}

    def _article(self, row: dict[str, Any]) -> dict[str, Any]:
        text = self.texts[row["conversion_id"]] if row["conversion_id"] else b""
        if not self.own_ids:
            row["conversion_id"] = bool(row["conversion_id"])
        return self._placed(row) | {"capture_id": self.captures[row["capture_id"]], "text record": text}

    def _placed(self, row: dict[str, Any]) -> dict[str, Any]:
        place = Location(
            filename=row.pop("warc_filename"),
            offset=row.pop("warc_record_offset"),
            length=row.pop("warc_record_length"),
        )
        return row | {"record": self._known(warc.read_at(self.warcs, place))}

    def _words(self, table: str) -> list[tuple[Any, ...]]:
        """Every word of a full-text index: which, in which article, column and place."""
        self.db.execute(f"CREATE VIRTUAL TABLE temp.words_{table} USING fts5vocab('main', '{table}', 'instance')")
        rows = self.db.execute(f"SELECT term, doc, col, offset FROM words_{table}").fetchall()
        return sorted((row["term"], self.articles[row["doc"]], row["col"], row["offset"]) for row in rows)

    def _line(self, line: str) -> tuple[Any, ...]:
        entry = cdxj.parse_line(line)
        record = warc.read_at(self.warcs, entry.location)
        return (entry.urlkey, entry.timestamp, entry.url, entry.mime, entry.status, entry.digest, self._known(record))

"""Measure the cost of articles by archive size: writing more of them, their size in the database, and the time of queries.

Existing articles are inserted as rows (with index keys, plain words, captures and frontier), which takes minutes for a million. Timed
articles are written as in a crawl: WARC records with fsync, conversion, rows, both indexes, visit and links of the page.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from archive import Archive, Article
from archive.body import dumps, pack, paragraphs
from archive.capture import Capture
from archive.collection import Collection
from archive.files.clock import iso
from archive.index import Candidate, FetchStatus, frontier, open_store, reports
from archive.ingest import open_writer
from archive.ingest.commit import Disposition
from archive.outcome import Outcome, OutcomeKind
from archive.search import add_entries, create_plain_index, drop_plain_index
from archive.urls import identity
from archive.urls.surt import surt
from bench.support.press import Press

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from archive.ingest import ArchiveWriter

SENTENCES = 18
"""Sentences of an article, of twenty words each: 3.9 kB, the size of 300 to 400 Arabic words."""

GROUP = 32
"""Articles in a commit, as in a busy second of a crawl."""

LINKS = 74
"""Links of a page, the median of 2,000 news pages; two of them are new here."""

PAGE_BYTES = 18_600
"""Bytes of a gzipped page, the median of the same pages."""

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
MORE = 640
"""Number of timed articles, in 20 commits."""

ASKED = 7

DIRECT = 5000
"""Rows in a transaction while filling the archive."""


def record_id(number: int) -> str:
    digits = f"{number:032x}"
    return f"<urn:uuid:{'-'.join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))}>"


def _captures(rows: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        number, url = row["id"], row["url"]
        at = BEGUN + timedelta(minutes=number)
        yield (
            number, record_id(number), "response", url, surt(url), row["site"], at.strftime("%Y%m%d%H%M%S"), iso(at), 200, "text/html",
            f"sha1:{number:032}", f"NEWS-{number // 40_000:05}.warc.gz", number % 40_000 * 20_000, 20_000, "article", number,
        )  # fmt: skip


def fill(folder: Path, count: int, press: Press) -> None:
    """Make an archive of `count` articles, without their WARC files."""
    collection = Collection(folder)
    collection.create()
    with open_store(collection.database) as store:
        db = store.db.conn
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -400000"):
            db.execute(f"PRAGMA {pragma}").fetchall()
        with store.atomic():
            drop_plain_index(db)  # its triggers would cost more than everything else
        batch: list[tuple[dict[str, Any], Any]] = []
        for pair in press.articles(count):
            batch.append(pair)
            if len(batch) == DIRECT or pair[0]["id"] == count:
                with store.atomic():
                    _insert(db, [row for row, _ in batch])
                    add_entries(db, [entry for _, entry in batch])
                batch.clear()
                if sys.stderr.isatty() and pair[0]["id"] % 20_000 == 0:
                    print(f"\r{pair[0]['id']:,} of {count:,} articles", end="", file=sys.stderr, flush=True)
        with store.atomic():
            create_plain_index(db)
        db.execute("PRAGMA journal_mode = WAL").fetchall()


def _insert(db: Any, rows: list[dict[str, Any]]) -> None:
    db.execute("PRAGMA defer_foreign_keys = ON")  # captures and articles point at each other
    db.executemany(
        "INSERT INTO urls (url, site, host, kind, priority, announced_by, announced_at, visited_at, visits, outcome, due_at)"
        " VALUES (?, ?, ?, 'article', 2, 'page', ?, ?, 1, 'article', '2027-06-01T00:00:00Z')",
        [
            (row["url"], row["site"], row["hostname"], moment, moment)
            for row in rows
            for moment in [iso(BEGUN + timedelta(minutes=row["id"]))]
        ],
    )
    db.executemany(
        "INSERT INTO captures (id, record_id, record_type, url, urlkey, site, timestamp, captured_at, status, mime, payload_digest,"
        " warc_filename, warc_record_offset, warc_record_length, outcome, article_id) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        _captures(rows),
    )
    db.executemany(
        """
        INSERT INTO articles (
            id, url, urlkey, article_key, site, hostname, title, text, body, date, date_published, language, text_digest, fetched_at,
            last_seen_at, capture_id, conversion_id, payload_digest, warc_filename, warc_record_offset, warc_record_length
        )
        SELECT :id, :url, c.urlkey, :key, :site, :hostname, :title, :text, :body, :date, :date, 'ar', 'sha256:' || c.payload_digest,
               c.captured_at, c.captured_at, c.id, replace(c.record_id, 'uuid:0', 'uuid:f'), c.payload_digest, c.warc_filename,
               c.warc_record_offset, c.warc_record_length
        FROM captures AS c WHERE c.id = :id
        """,
        [
            row | {"key": identity(row["url"]), "body": pack(dumps(paragraphs(row["text"])), row["text"])}
            for row in rows
        ],
    )


class Written:
    """CPU time in milliseconds an article, of each group's records and of its commit; total wall time in seconds."""

    def __init__(self) -> None:
        self.recording: list[float] = []
        self.committing: list[float] = []
        self.wall = 0.0

    @property
    def cpu(self) -> float:
        return statistics.median(self.recording) + statistics.median(self.committing)


def write(folder: Path, held: int, more: int, press: Press) -> Written:
    """Write `more` articles as a crawl does, after the `held` ones."""
    written = Written()
    ingest = open_writer(Collection(folder), info={"software": "bench/growth.py"}, clock=lambda: datetime.now(UTC))
    begun = time.perf_counter()
    rows = [row for row, _ in press.articles(more)]
    for start in range(0, more, GROUP):
        group = rows[start : start + GROUP]
        from_here = time.process_time()
        for row in group:
            _take(ingest, row, held)
        recorded = time.process_time()
        ingest.commit()
        written.recording.append(1000 * (recorded - from_here) / len(group))
        written.committing.append(1000 * (time.process_time() - recorded) / len(group))
    written.wall = time.perf_counter() - begun
    ingest.close()
    return written


def _take(ingest: ArchiveWriter, row: dict[str, Any], held: int) -> None:
    number = held + row["id"]
    url = f"https://www.{row['site']}.example/{number}"
    now = datetime.now(UTC)
    body = random.Random(number).randbytes(PAGE_BYTES)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    capture = Capture(
        url=url, started=now, request=f"GET {url} HTTP/1.1\r\n\r\n".encode(), response=head.encode() + body
    )
    link = {"site": row["site"], "host": row["hostname"], "kind": "article", "by": "page"}
    known = [
        f"https://www.{row['site']}.example/{(number * 7919 + n * 104_729) % (held or 1) + 1}" for n in range(LINKS - 2)
    ]
    new = [f"https://www.{row['site']}.example/new/{number}/{n}" for n in range(2)]
    ((due,),) = (_announce(ingest, url, link),)
    ingest.finish(
        Disposition(
            row=ingest.record(capture, site=row["site"]),
            outcome=Outcome(kind=OutcomeKind.ARTICLE),
            article=Article(
                url=url,
                title=row["title"],
                text=row["text"],
                language="ar",
                date_published=f"{row['date']}T12:00:00+03:00",
            ),
            visit=FetchStatus(url_id=due, at=iso(now), outcome="article", due_at="2027-06-01T00:00:00Z", status=200),
            announced=tuple(Candidate(url=one, **link) for one in (*known, *new)),
            host=row["hostname"],
        )
    )


def _announce(ingest: ArchiveWriter, url: str, link: dict[str, Any]) -> tuple[int]:
    with ingest.store.atomic():
        frontier.schedule(ingest.store.db, [Candidate(url=url, **link)], now=iso(datetime.now(UTC)))
    found = frontier.known(ingest.store.db, url)
    assert found is not None
    return (found,)


def measure(folder: Path, count: int) -> dict[str, float]:
    """Fill an archive, write more articles, and run typical queries; return the figures by name."""
    press = Press(sentences=SENTENCES)
    fill(folder, count, press)
    database = folder / "warraq.db"
    held = database.stat().st_size
    written = write(folder, count, min(MORE, count), press)
    figures = {
        "database, bytes an article": held / count,
        "write an article, CPU ms": written.cpu,
        "of that: its WARC records": statistics.median(written.recording),
        "of that: the commit (rows, indexes, visit, links)": statistics.median(written.committing),
        "articles a second as measured, other work beside": min(MORE, count) / written.wall,
    }
    more = min(MORE, count)
    with open_store(database) as store:
        with store.atomic():
            drop_plain_index(store.db.conn)
        used = "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
        lean = store.db.conn.execute(used).fetchone()[0] / (count + more)
    without = write(folder, count + more, more, press)
    figures |= {
        "without articles_fts: database, bytes an article": lean,
        "without articles_fts: the commit": statistics.median(without.committing),
    }
    with Archive(folder) as archive:
        for name, ask in _questions(archive, press, count).items():
            figures[f"{name}, CPU ms"] = _median_ms(ask)
    return figures


def _questions(archive: Archive, press: Press, count: int) -> dict[str, Callable[[], object]]:
    common, rare = press.words[20], press.words[30_000]
    day = (BEGUN + timedelta(minutes=max(count - 1440, 0))).date()  # up to 1,440 articles
    return {
        "open": lambda: Archive(archive.collection.folder).close(),
        "search a common word": lambda: archive.search(common),
        "search a rare word": lambda: archive.search(rare),
        "list the newest 20": lambda: list(archive.newest()),
        "health: the ledger of one day": lambda: reports.days(archive.db, first=day, last=day),
        "stats: count everything": archive.stats,
    }


def _median_ms(ask: Callable[[], object]) -> float:
    spent = []
    for _ in range(ASKED):
        begun = time.process_time()
        ask()
        spent.append(1000 * (time.process_time() - begun))
    return statistics.median(spent)

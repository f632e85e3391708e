"""Fill an archive with captures made by others: the base of the spiders for CDX servers and for CC-NEWS.

Each record is checked and written into a WARC of the archive unchanged. Records that the archive has are not fetched again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import scrapy
from scrapy import Request, Spider
from scrapy.utils.misc import load_object

from archive import CaptureFilter, UsageError, warc
from archive.collection import Collection
from archive.files.clock import warc_timestamp
from archive.index import captures
from archive.ingest import open_writer
from archive.ingest.copying import payload_digest_of
from archive.ingest.importer import Indexer, recover
from archive.warc import cdxserver
from archive.warc.record import ALGORITHMS, is_digest_of
from crawler.download.errors import outcome_of
from crawler.extensions import extraction_pool
from crawler.shutdown import stopping

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from archive.ingest import ArchiveWriter
    from archive.ingest.importer import Imported
    from archive.warc import Record
    from crawler.sites import Site

IN_A_ROW = 20
"""Consecutive records or files that cannot be fetched, after which the backfill gives up."""


class NoIndexError(UsageError):
    """The index is unavailable or invalid."""


class RecordUnavailableError(Exception):
    """A record that is unavailable; it is counted under `reason`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to fetch and from where; at most `most` captures are stored.

    `match` is exact, prefix, host or domain. With the CDX server `cdx`, records are fetched from below `warc_base`, or, if that is '',
    as replayed below `replay`. `news` is the base URL of Common Crawl's files, '' for a CDX server.
    """

    site: Site
    url: str
    match: str
    wanted: CaptureFilter
    most: int
    cdx: str = ""
    warc_base: str = ""
    replay: str = ""
    news: str = ""

    @property
    def source(self) -> str:
        """The source, as the WARC's description names it."""
        if self.news:
            return f"from the files of CC-NEWS below {self.news}"
        way = f"fetched from {self.warc_base}" if self.warc_base else f"replayed by {self.replay}"
        return f"listed by {self.cdx}, {way}"


@dataclass(slots=True, kw_only=True)
class BackfillReport:
    """Counts of a backfill: captures listed, held before, fetched, bytes of records; `failed` by reason.

    `left_out` are captures that the source cannot give unchanged. `files` are the selected files of CC-NEWS, `files_done` those read to
    their end, now or earlier, `streamed` the bytes received.
    """

    listed: int = 0
    held: int = 0
    fetched: int = 0
    bytes: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    malformed: int = 0
    cut_off: bool = False
    files: int = 0
    files_done: int = 0
    streamed: int = 0


class BackfillSpider(Spider):
    """Carries out a Plan; after `close_archive`, `filled`, `imported` and `problem` hold the result.

    Subclasses implement `fill_in`.
    """

    name = "backfill"

    def __init__(
        self, *, plan: Plan, folder: Path, on_progress: Callable[[BackfillReport], None], most_bytes: int
    ) -> None:
        super().__init__()
        self.filled = BackfillReport()
        self.imported: Imported | None = None
        self.problem: Exception | None = None
        self.ended = False
        self.plan = plan
        self._folder = folder
        self.on_progress = on_progress
        self.most_bytes = most_bytes
        self.stopping = False
        self._ingest: ArchiveWriter | None = None

    @classmethod
    def from_crawler(
        cls, crawler: Crawler, *_: Any, plan: Plan, folder: Path, on_progress: Callable[[BackfillReport], None]
    ) -> Self:
        """Create the spider from the command's arguments."""
        most = crawler.settings.getint("WARRAQ_MAX_BODY_BYTES", 20 * 1024 * 1024)
        spider = super().from_crawler(crawler, plan=plan, folder=folder, on_progress=on_progress, most_bytes=most)
        crawler.signals.connect(spider.stop_soon, signal=stopping)
        return spider

    def stop_soon(self) -> None:
        """Stop after the current record."""
        self.stopping = True

    async def start(self) -> AsyncIterator[Request]:
        """Run the whole backfill; yield nothing to be scheduled."""
        try:
            self._open()
            await self.fill_in()
            self.ended = not self.stopping
        except Exception as error:  # noqa: BLE001 - the command says what went wrong
            self.problem = error
        finally:
            self.close_archive()
        none: tuple[Request, ...] = ()
        for request in none:
            yield request

    async def fill_in(self) -> None:
        """Fetch the captures of the plan."""
        raise NotImplementedError

    def _open(self) -> None:
        plan, settings = self.plan, self.crawler.settings
        info = {
            "software": f"warraq (Scrapy {scrapy.__version__})",
            "operator": settings["WARRAQ_OPERATOR"],
            "http-header-user-agent": settings["USER_AGENT"],
            "isPartOf": plan.site.name,
            "description": f"backfill: what others captured, {plan.source}",
        }
        self._ingest = open_writer(
            Collection(self._folder), info=info, clock=load_object(settings["WARRAQ_CLOCK"]), prefix="BACKFILL"
        )
        self._pool = extraction_pool(settings)
        self._run = self._ingest.begin_run("backfill", site=plan.site.name)
        recover(self._ingest, self._pool, site=plan.site.name)
        self.indexer = Indexer(self._ingest, self._pool, site=plan.site.name)

    def close_archive(self) -> None:
        """Make what was fetched durable and close the archive; a second call does nothing."""
        ingest, self._ingest = self._ingest, None
        if ingest is None:
            return
        try:
            self.indexer.finish()
            self.imported = self.indexer.done
            result = "finished" if self.ended else "broken" if self.problem else "shutdown"
            figures = {"listed": self.filled.listed, "fetched": self.filled.fetched, "failed": dict(self.filled.failed)}
            ingest.end_run(self._run, result=result, summary=figures)
        finally:
            ingest.close()
            self._pool.close()

    @property
    def archive(self) -> ArchiveWriter:
        """The archive that is written to."""
        assert self._ingest is not None  # noqa: S101 - `start` opens it
        return self._ingest

    def own(self, data: bytes, record: Record) -> tuple[bytes, Record]:
        """Return the capture; without an id, or with that of another capture, it gets one derived from its content."""
        if record.id and not self.indexer.is_id_used(record.id, record.url, record.date):
            return data, record
        data = warc.with_made_id(data)
        return data, warc.read_member(data, max_block=cdxserver.MAX_UNPACKED)

    def is_held(self, record: Record) -> bool:
        """Return whether the archive has the capture: its id, or its URL, second, status and payload under another id."""
        db = self.archive.store.db
        if captures.of_record(db, record.id) is not None:
            return True
        digests = captures.digests_at(
            db,
            record.url,
            warc_timestamp(record.date),
            status=record.http.status if record.http else None,
            truncated=record.get("WARC-Truncated"),
            kind=record.type,
        )
        return payload_digest_of(record) in digests or any(_is_payload(digest, record) for digest in digests)

    def copy_record(self, data: bytes, record: Record) -> None:
        """Store a capture unchanged."""
        self.indexer.copy_record(data, record)
        self.filled.fetched += 1
        self.filled.bytes += len(data)

    async def get(self, url: str, *, headers: dict[str, str] | None = None, most: int = 0) -> Response:
        """Return the response of the URL, of at most `most` bytes; raises RecordUnavailableError."""
        meta: dict[str, Any] = {"verbatim_url": True, "give_up_log_level": "INFO"}  # the caller reports failures
        meta |= {"download_maxsize": most} if most else {}
        request = Request(url, headers={"Accept-Encoding": "identity"} | (headers or {}), meta=meta, dont_filter=True)
        assert self.crawler.engine is not None  # noqa: S101 - it runs this spider
        try:
            return await self.crawler.engine.download_async(request)
        except Exception as error:  # noqa: BLE001 - every error is counted by name
            raise RecordUnavailableError(outcome_of(error), str(error)) from None


def _is_payload(digest: str, record: Record) -> bool:
    """Return whether a digest, perhaps of another algorithm than the record's own, is that of its payload."""
    is_known = digest.partition(":")[0].strip().lower() in ALGORITHMS
    if record.type == "revisit" or not is_known:
        return False
    return any(is_digest_of(digest, payload) for payload in warc.payloads(record.response))

"""Fills an archive with what others captured: a CDX server and a place where its WARC files are served in, records in the archive out.

Each record is fetched by an HTTP Range, one after the other at the pace of a crawl, checked to be the one that the index lists, and
written into a WARC of the archive as the bytes that came. Nothing that is there is fetched again.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import scrapy
from scrapy import Request, Spider
from scrapy.utils.misc import load_object

from archive import CaptureFilter, UsageError
from archive.collection import Collection
from archive.files.clock import warc_timestamp
from archive.index import captures
from archive.ingest import open_writer
from archive.ingest.importer import Indexer, recover
from archive.warc import cdxserver
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
    from archive.warc.cdxserver import Listed
    from crawler.sites import Site

logger = logging.getLogger(__name__)

PER_ANSWER = 10_000
"""Captures asked for at once where a server lets itself be asked so; some 4 MB."""
MAX_ANSWERS = 500
IN_A_ROW = 20
"""Records that cannot be had, one after the other, after which the server is left alone."""
COMMIT_EVERY = 50
_RANGE = re.compile(r"bytes (\d+)-(\d+)/")


class NoIndexError(UsageError):
    """The CDX server cannot be had, or does not answer as one."""


class RecordUnavailableError(Exception):
    """A record that cannot be had; `reason` is a word for the count."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to fill in from where: `match` is exact, prefix, host or domain; at most `most` captures are taken."""

    site: Site
    url: str
    match: str
    wanted: CaptureFilter
    cdx: str
    warc_base: str
    most: int


@dataclass(slots=True, kw_only=True)
class BackfillReport:
    """What came of it, counted: captures listed, held before, fetched, bytes of records; `failed` by reason."""

    listed: int = 0
    held: int = 0
    fetched: int = 0
    bytes: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    malformed: int = 0
    cut_off: bool = False


class BackfillSpider(Spider):
    """Carries out a Plan; `filled`, `imported` and `problem` tell how it went, once `close_archive` was called."""

    name = "backfill"

    def __init__(self, *, plan: Plan, folder: Path, heard: Callable[[BackfillReport], None], most_bytes: int) -> None:
        super().__init__()
        self.filled = BackfillReport()
        self.imported: Imported | None = None
        self.problem: Exception | None = None
        self.ended = False
        self._plan = plan
        self._folder = folder
        self._heard = heard
        self._most_bytes = most_bytes
        self._stopping = False
        self._ingest: ArchiveWriter | None = None
        self._known: set[tuple[str, str]] = set()

    @classmethod
    def from_crawler(
        cls, crawler: Crawler, *_: Any, plan: Plan, folder: Path, heard: Callable[[BackfillReport], None]
    ) -> Self:
        """Takes what the command has worked out."""
        most = crawler.settings.getint("WARRAQ_MAX_BODY_BYTES", 20 * 1024 * 1024)
        spider = super().from_crawler(crawler, plan=plan, folder=folder, heard=heard, most_bytes=most)
        crawler.signals.connect(spider.stop_soon, signal=stopping)
        return spider

    def stop_soon(self) -> None:
        """Lets the record that is under way be the last."""
        self._stopping = True

    async def start(self) -> AsyncIterator[Request]:
        """Does all of it; yields nothing to be scheduled."""
        try:
            self._open()
            await self._fill(await self._list())
            self.ended = not self._stopping
        except Exception as error:  # noqa: BLE001 - the command says what went wrong
            self.problem = error
        finally:
            self.close_archive()
        none: tuple[Request, ...] = ()
        for request in none:
            yield request

    def _open(self) -> None:
        plan, settings = self._plan, self.crawler.settings
        info = {
            "software": f"warraq (Scrapy {scrapy.__version__})",
            "operator": settings["WARRAQ_OPERATOR"],
            "http-header-user-agent": settings["USER_AGENT"],
            "isPartOf": plan.site.name,
            "description": f"backfill: records as they were captured by others, listed by {plan.cdx}, fetched from {plan.warc_base}",
        }
        self._ingest = open_writer(
            Collection(self._folder), info=info, clock=load_object(settings["WARRAQ_CLOCK"]), prefix="BACKFILL"
        )
        self._pool = extraction_pool(settings)
        self._run = self._ingest.begin_run("backfill", site=plan.site.name)
        recover(self._ingest, self._pool, site=plan.site.name)
        self._indexer = Indexer(self._ingest, self._pool, site=plan.site.name)

    def close_archive(self) -> None:
        """Makes what was fetched durable and closes the archive; a second call does nothing."""
        ingest, self._ingest = self._ingest, None
        if ingest is None:
            return
        try:
            self._indexer.finish()
            self.imported = self._indexer.done
            result = "finished" if self.ended else "broken" if self.problem else "shutdown"
            figures = {"listed": self.filled.listed, "fetched": self.filled.fetched, "failed": dict(self.filled.failed)}
            ingest.end_run(self._run, result=result, summary=figures)
        finally:
            ingest.close()
            self._pool.close()

    async def _list(self) -> list[Listed]:
        """What the index has and the archive has not, oldest first, at most so many as the plan says."""
        plan, found = self._plan, dict[tuple[str, str], "Listed"]()
        async for listing in self._listings():
            self.filled.malformed += listing.malformed
            for one in listing.captures:
                if plan.wanted.takes(one.url, one.timestamp):
                    found.setdefault((one.url, one.timestamp), one)
            if len(found) >= plan.most:
                self.filled.cut_off = self.filled.cut_off or len(found) > plan.most or bool(listing.resume_key)
                break
        chosen = sorted(found.values(), key=lambda one: (one.timestamp, one.url))[: plan.most]
        self.filled.listed = len(chosen)
        missing = [one for one in chosen if not self._is_held(one)]
        self.filled.held = len(chosen) - len(missing)
        return missing

    async def _listings(self) -> AsyncIterator[cdxserver.Listing]:
        """The answers of the server, however it pages: by number, by key, or not at all."""
        pages = cdxserver.pages_of(await self._ask(showNumPages="true"))
        if pages is not None:
            for page in range(min(pages, MAX_ANSWERS)):
                yield cdxserver.read_listing(await self._ask(page=page))
            self.filled.cut_off |= pages > MAX_ANSWERS
            return
        key = ""
        for _ in range(MAX_ANSWERS):
            more: dict[str, str | int] = {"resumeKey": key} if key else {}
            listing = cdxserver.read_listing(await self._ask(limit=PER_ANSWER, showResumeKey="true", **more))
            yield listing
            if not listing.resume_key or listing.resume_key == key or self._stopping:
                self.filled.cut_off |= not listing.resume_key and len(listing.captures) >= PER_ANSWER
                return
            key = listing.resume_key

    async def _ask(self, **more: str | int) -> bytes:
        plan = self._plan
        asked = cdxserver.question(
            plan.cdx, plan.url, match=plan.match, first=plan.wanted.first, last=plan.wanted.last, **more
        )
        return await self._answer(asked)

    async def _answer(self, asked: str) -> bytes:
        try:
            response = await self._get(asked)
        except RecordUnavailableError as error:
            raise NoIndexError(f"the CDX server cannot be had: {asked}: {error}") from None
        if response.status == 404:  # pywb's and Common Crawl's word for "no captures"
            return b""
        if response.status != 200:
            raise NoIndexError(f"the CDX server answers {response.status}: {asked}")
        return response.body

    async def _fill(self, missing: list[Listed]) -> None:
        in_a_row = 0
        for number, one in enumerate(missing, 1):
            if self._stopping:
                return
            try:
                await self._bring(one)
                in_a_row = 0
            except (RecordUnavailableError, cdxserver.NotThatRecordError) as error:
                in_a_row += 1
                self.filled.failed[error.reason] += 1
                logger.info("%s of %s: %s", one.url, one.timestamp, error)
            if in_a_row >= IN_A_ROW:
                self.filled.failed["given-up"] += len(missing) - number
                return
            if number % COMMIT_EVERY == 0:
                self._indexer.finish()
            self._heard(self.filled)

    async def _bring(self, one: Listed, *, is_original: bool = False) -> None:
        """Fetches a record, checks it, and takes it in; before a revisit, the record that it refers to."""
        data = await self._fetch(one)
        record = cdxserver.check_record(data, one)
        if record.type == "revisit" and not is_original:
            await self._bring_original(record.get("WARC-Refers-To-Target-URI"), record.get("WARC-Refers-To-Date"))
        assert self._ingest is not None  # noqa: S101 - `start` opens it
        if captures.of_record(self._ingest.store.db, record.id) is None:
            self._indexer.take_in(data, record)
            self._known.add((one.url, one.timestamp))
            self.filled.fetched += 1
            self.filled.bytes += len(data)

    async def _bring_original(self, url: str, date: str) -> None:
        timestamp = warc_timestamp(date)
        if not url or not timestamp:
            return
        plan, url = self._plan, url.strip("<>")
        asked = cdxserver.question(plan.cdx, url, match="exact", first=timestamp, last=timestamp, limit=10)
        for one in cdxserver.read_listing(await self._answer(asked)).captures:
            if (one.url, one.timestamp) == (url, timestamp) and not self._is_held(one):
                await self._bring(one, is_original=True)
                return

    async def _fetch(self, one: Listed) -> bytes:
        place = one.location
        if place is None:
            raise RecordUnavailableError("no-place", "the index does not say where the record lies")
        if place.length > self._most_bytes:
            raise RecordUnavailableError("too-large", f"{place.length} bytes (WARRAQ_MAX_BODY_BYTES)")
        last = place.offset + place.length - 1
        response = await self._get(
            cdxserver.record_url(self._plan.warc_base, place),
            headers={"Range": f"bytes={place.offset}-{last}"},
            most=place.length,
        )
        if response.status != 206:
            raise RecordUnavailableError(
                "no-range" if response.status == 200 else f"status-{response.status}", response.url
            )
        given = _RANGE.match((response.headers.get("Content-Range") or b"").decode("latin-1"))
        if not given or (int(given[1]), int(given[2])) != (place.offset, last):
            raise RecordUnavailableError("other-range", "the answer is another part of the file")
        return response.body

    async def _get(self, url: str, *, headers: dict[str, str] | None = None, most: int = 0) -> Response:
        meta: dict[str, Any] = {"verbatim_url": True} | ({"download_maxsize": most} if most else {})
        request = Request(url, headers={"Accept-Encoding": "identity"} | (headers or {}), meta=meta, dont_filter=True)
        assert self.crawler.engine is not None  # noqa: S101 - it runs this spider
        try:
            return await self.crawler.engine.download_async(request)
        except Exception as error:  # noqa: BLE001 - whatever went wrong has a name
            raise RecordUnavailableError(outcome_of(error), str(error)) from None

    def _is_held(self, one: Listed) -> bool:
        assert self._ingest is not None  # noqa: S101 - `start` opens it
        moment = (one.url, one.timestamp)
        return moment in self._known or captures.is_held(self._ingest.store.db, *moment)

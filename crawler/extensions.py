"""Connect the crawl to its archive: record every exchange as it ends, commit in groups, print the summary."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self

import scrapy
from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import create_looping_call
from scrapy.utils.misc import load_object

from archive import NotWritableError
from archive.collection import Collection
from archive.errors import DatabaseLockedError
from archive.files.clock import clock_state, iso
from archive.index import REQUISITES, articles, frontier
from archive.ingest import open_writer
from archive.ingest.commit import Disposition
from archive.ingest.importer import recover
from archive.outcome import Outcome, OutcomeKind
from archive.parse.workers import NoWorkerError, parse_pool
from archive.terminal import PrintableFilter, live_line, printable
from crawler.configuration import archive_folder
from crawler.diagnosis import MIN_FAILED, Visited, all_failed, why_no_article
from crawler.download.exchange import exchange_captured
from crawler.report import Report
from crawler.shutdown import stopping
from crawler.summary import live_text, progress_line, summary_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

    from archive.capture import Capture
    from archive.index import CaptureRow
    from archive.ingest import ArchiveWriter
    from archive.parse import Parsed, ParseTask
    from archive.parse.workers import WorkerPool
    from archive.terminal import Show

# The warcinfo record: the description of the crawl in each WARC file.

SHAPING = (
    "ROBOTSTXT_OBEY", "CONCURRENT_REQUESTS", "CONCURRENT_REQUESTS_PER_DOMAIN", "DOWNLOAD_DELAY", "DOWNLOAD_TIMEOUT",
    "DEFAULT_REQUEST_HEADERS", "COOKIES_ENABLED", "REDIRECT_ENABLED", "RETRY_TIMES", "WARRAQ_MAX_PAGES", "WARRAQ_MAX_DEPTH",
    "WARRAQ_MAX_BODY_BYTES", "WARRAQ_FIRST_BYTE_TIMEOUT", "WARRAQ_TLS_FALLBACK", "WARRAQ_KEEP_CREDENTIALS", "WARRAQ_OPEN_NETWORKS",
)  # fmt: skip
"""The settings that decide what is requested, how, and what is kept. None of them holds a secret: see `_public`."""

PUBLIC_HEADERS = frozenset({"accept", "accept-encoding", "accept-language"})
"""Request headers that are recorded; any other may identify a person."""


def warcinfo(settings: BaseSettings, *, site: str) -> dict[str, str]:
    """Return the fields; the settings that shape the crawl become one field, a JSON object."""
    return {
        "software": f"warraq (Scrapy {scrapy.__version__})",
        "operator": settings["WARRAQ_OPERATOR"],
        "http-header-user-agent": settings["USER_AGENT"],
        "robots": "obey" if settings.getbool("ROBOTSTXT_OBEY") else "ignore",
        "isPartOf": site,
        "clock": clock_state(),
        "settings": json.dumps(
            {name: _public(settings[name]) for name in SHAPING if settings[name] is not None}, sort_keys=True
        ),
    }


def _public(value: object) -> object:
    """Return a value for JSON; of headers, only the public ones."""
    if hasattr(value, "items"):
        return {str(key): str(one) for key, one in value.items() if str(key).lower() in PUBLIC_HEADERS}
    return [str(one) for one in value] if isinstance(value, list | tuple) else value


logger = logging.getLogger(__name__)

PRINTABLE = PrintableFilter()
"""Limit of all log lines: messages quote servers and pages."""

COMMIT_SECONDS = 1.0
"""The longest that a capture waits for its fsync: a power cut can lose captures of this time."""

LOG_SECONDS = 60.0
DRAW_SECONDS = 0.5


class PrintableLogs:
    """Removes control characters from the log. Begins with the spider: until then, Scrapy replaces its handler."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect the signal."""
        extension = cls()
        crawler.signals.connect(extension.spider_opened, signal=signals.spider_opened)
        return extension

    def spider_opened(self) -> None:
        """Filter what all handlers write."""
        for handler in logging.root.handlers:
            handler.addFilter(PRINTABLE)


class ArchiveExtension:
    """Holds the collection of the spider's site open for writing, and closes it when the spider closes.

    Captures go to the WARC at once; rows follow in groups. A capture that no callback claims (robots.txt, an attempt that is
    retried) is finished here.
    """

    def __init__(
        self,
        ingest: ArchiveWriter,
        pool: WorkerPool[ParseTask, Parsed],
        report: Report,
        *,
        owns_pool: bool,
        summary: str,
        stop: Callable[[str], None],
    ) -> None:
        """`summary` is the format of the summary: `text`, `json`, or '' for none."""
        self.ingest = ingest
        self.pool = pool
        self.report = report
        self.clock = ingest.clock
        self.stopping = False
        self._owns_pool = owns_pool
        self._summary = summary
        self._stop = stop
        self._open = True
        self._run = 0
        self._began = ""
        self._loops: list[Any] = []
        self._line = ExitStack()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Open the archive; raise what `archive.open_ingest` raises."""
        settings = crawler.settings
        site = getattr(crawler.spider, "site", None)
        if site is None:  # `scrapy shell`, `fetch`, `view` and `parse` crawl no site
            raise NotConfigured("only the crawl of a site has an archive")
        folder = archive_folder(settings, site.name)
        ingest = open_writer(
            Collection(folder),
            info=warcinfo(settings, site=site.name),
            clock=load_object(settings["WARRAQ_CLOCK"]),
        )
        shared = crawler.spider.pool  # type: ignore[union-attr]

        def stop(reason: str) -> None:
            if crawler.engine is not None and crawler.engine.running:
                asyncio.ensure_future(crawler.engine.close_spider_async(reason=reason))  # noqa: RUF006 - ends the loop

        extension = cls(
            ingest,
            shared or extraction_pool(settings),
            Report(site=site.name, folder=str(folder)),
            owns_pool=shared is None,
            summary="json" if settings.getbool("WARRAQ_SUMMARY_JSON") else settings.get("WARRAQ_SUMMARY", "text"),
            stop=stop,
        )
        crawler.signals.connect(extension.stop_soon, signal=stopping)
        crawler.signals.connect(extension.exchange_captured, signal=exchange_captured)
        crawler.signals.connect(extension.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        return extension

    def spider_opened(self) -> None:
        """Start the timers of the group commit and of the progress line."""
        self._began = iso(self.clock())
        with self.writing():
            self._run = self.ingest.begin_run("crawl", site=self.report.site)
            recovered = recover(self.ingest, self.pool, site=self.report.site)
            if recovered.records - recovered.known or recovered.outcomes:
                logger.warning("recovered %d captures that an earlier crawl left", sum(recovered.outcomes.values()))
        self._repeat(self.commit, COMMIT_SECONDS)
        if sys.stderr.isatty() and self._summary:
            show = self._line.enter_context(live_line(f"Crawling {self.report.site}"))
            begun = time.monotonic()
            self._repeat(lambda: self._draw(show, time.monotonic() - begun), DRAW_SECONDS)
        else:
            self._repeat(lambda: logger.info(progress_line(self.report)), LOG_SECONDS)

    def _draw(self, show: Show, seconds: float) -> None:
        queue = frontier.count_due(self.ingest.store.db, site=self.report.site, now=iso(self.clock()))
        show(live_text(self.report, seconds=seconds, queue=queue))

    def _repeat(self, function: Callable[[], object], seconds: float) -> None:
        loop = create_looping_call(function)
        loop.start(seconds, now=False)
        self._loops.append(loop)

    def exchange_captured(self, capture: Capture, request: Request) -> None:
        """Write the exchange to the WARC; row and response stay on the request until a callback claims them."""
        if self.report.problem:
            return
        with self.writing():
            self._record(capture, request)

    def _record(self, capture: Capture, request: Request) -> None:
        row = self.ingest.record(capture, site=self.report.site)
        due = request.meta.get("frontier")
        is_requisite = request.meta.get("is_requisite", due is not None and due.kind in REQUISITES)
        self.report.fetched(capture, row, is_requisite=is_requisite)
        if "frontier" not in request.meta:
            kind = OutcomeKind.ROBOTS if request.url.endswith("/robots.txt") else OutcomeKind.OTHER
            outcome = Outcome(kind=kind)
            self.finish(Disposition(row=row, outcome=outcome, note=outcome.note() if kind is OutcomeKind.OTHER else ()))
            return
        if earlier := request.meta.get("capture"):  # an earlier attempt
            outcome = Outcome(kind=OutcomeKind.RETRIED)
            self.finish(Disposition(row=earlier[0], outcome=outcome, note=outcome.note()))
        request.meta["capture"] = (row, capture.response) if row else None

    def take_capture(self, request: Request) -> tuple[CaptureRow | None, bytes]:
        """Return the row and the exact response bytes of the request's last exchange; the caller finishes the visit."""
        return request.meta.pop("capture", None) or (None, b"")

    def finish(self, disposition: Disposition) -> None:
        """Take the disposition of a URL; none once the disk is full, because a visit without a record must not count."""
        if disposition.article is not None:
            self.report.last_title = disposition.article.title
        if not self.report.problem:
            self.ingest.finish(disposition)

    def commit(self) -> None:
        """Make everything so far durable, and add it to the report."""
        if not self.report.problem:
            with self.writing():
                self.report.add(self.ingest.commit())

    @contextmanager
    def writing(self) -> Iterator[None]:
        """End the crawl if the disk is full or the database locked; what was committed is safe."""
        try:
            yield
        except (NotWritableError, NoWorkerError) as error:
            self.give_up(error)

    def give_up(self, error: NotWritableError | NoWorkerError) -> None:
        """End the crawl because of an error that every further page would hit; unfinished URLs stay due."""
        if not self.report.problem:
            locked = isinstance(error, DatabaseLockedError)
            reason = "no-workers" if isinstance(error, NoWorkerError) else "locked" if locked else "not-writable"
            self.report.problem, self.report.reason = str(error), reason
            logger.critical("%s", error)
            self._stop(reason)

    def stop_soon(self) -> None:
        """Ignore failed requests from now on: the crawl itself cancels them."""
        self.stopping = True

    def spider_closed(self, reason: str) -> None:
        """Commit, close the files, and print the summary; a second call does nothing."""
        if not self._open:
            return
        self._open = False
        for loop in self._loops:
            loop.stop()
        self._line.close()
        report = self.report
        with self.writing(), ExitStack() as last:
            last.callback(
                self.ingest.close, then=self._discard_new
            )  # first of all: any later error must still release the lock
            if self._owns_pool:
                self.pool.close(at_once=self.stopping)
            self.commit()
            report.reason = report.reason or reason
            report.log_held_bytes = self.ingest.store.log_held_bytes
            report.still_due = frontier.count_due(self.ingest.store.db, site=report.site, now=iso(self.clock()))
            report.requisites.still_due = frontier.count_requisites_due(
                self.ingest.store.db, site=report.site, now=iso(self.clock())
            )
            if report.met_max_pages and report.still_due:
                report.left_out["max-pages"] = report.still_due
            self._explain_nothing()
            if self._run and report.reason != "locked":  # otherwise its row would wait for the lock again
                self.ingest.end_run(self._run, result=report.reason, summary=report.as_dict())
        try:
            self._print_summary()
            sys.stdout.flush()
        except BrokenPipeError:  # stdout is closed; the summary is also in the row of the run
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _discard_new(self) -> None:
        if self.ingest.discard_new():
            self.report.folder = ""

    def _explain_nothing(self) -> None:
        """Report why no article of the site was ever found, all its pages failed, or none is at the page to save, if this run finished."""
        report, db = self.report, self.ingest.store.db
        tried = report.outcomes.total() and report.reason == "finished" and not report.met_max_pages
        if not tried or report.articles or report.outcomes["withheld"] or report.left_out["host-paused"]:
            return
        had_articles = articles.has_site(db, report.site)
        if had_articles and not report.saved and report.failures.total() + report.quarantined.total() < MIN_FAILED:
            return
        since = self._began if had_articles and not report.saved else ""
        rows = [
            Visited(kind=kind, outcome=outcome, reason=reason, urls=number)
            for kind, outcome, reason, number in frontier.ends(db, site=report.site, urls=report.saved, since=since)
        ]
        if had_articles and not (any(row.is_lost for row in rows) if report.saved else all_failed(rows)):
            return
        found = why_no_article(
            rows,
            out_of_scope=report.out_of_scope.counts.total(),
            left_out=+report.left_out,
            no_browser=report.rendering.problem,
        )
        report.no_article, report.no_article_reason = str(found), found.reason

    def _print_summary(self) -> None:
        if not self._summary:
            return
        if self._summary == "json":
            print(json.dumps(self.report.as_dict(), ensure_ascii=False))
            return
        print(printable(summary_text(self.report)))


def extraction_pool(settings: BaseSettings) -> WorkerPool[ParseTask, Parsed]:
    """Return the pool of worker processes that parse responses, by the settings WARRAQ_EXTRACTION_*."""
    return parse_pool(
        workers=settings.getint("WARRAQ_EXTRACTION_WORKERS"),
        seconds=settings.getfloat("WARRAQ_EXTRACTION_SECONDS"),
        megabytes=settings.getint("WARRAQ_EXTRACTION_MEGABYTES"),
    )

"""Crawl several sites in one process, a few at a time, and report the result of each.

The crawls share their extraction workers. A site that fails is one line of the report; the others continue.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archive import ArchiveError, NotWritableError
from archive.collection import Collection
from archive.errors import ExitCode
from archive.files.clock import iso
from archive.index import frontier, open_store
from archive.ingest import check_writable
from archive.ingest.commit import change_figures
from archive.locale import N_
from crawler.configuration import archive_folder
from crawler.extensions import ArchiveExtension, extraction_pool
from crawler.shutdown import Stopping
from crawler.summary import exit_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from scrapy.crawler import AsyncCrawlerProcess, Crawler
    from scrapy.settings import BaseSettings

    from crawler.report import Report
    from crawler.sites import Site

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteResult:
    """The result of a site: its exit code, the problem ('' for none), and the figures of its crawl ({} if it never began)."""

    site: str
    code: int
    problem: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return {**self.figures, "site": self.site, "exit_code": self.code, "problem": self.problem}


def collection_of(site: Site, settings: BaseSettings) -> Collection:
    """Return the collection of a site."""
    return Collection(archive_folder(settings, site.name))


def is_due(site: Site, collection: Collection, *, now: datetime) -> bool:
    """Return whether a crawl of the site would have anything to fetch: a due URL, or a new one of its entry."""
    if not collection.exists():
        return True
    with open_store(collection.database, read_only=True) as store:
        entry = (*site.seeds, *site.feeds, *site.sitemaps, *site.sections)
        return bool(frontier.count_due(store.db, site=site.name, now=iso(now))) or any(
            frontier.known(store.db, url) is None for url in entry
        )


class CrawlAll:
    """One run over `sites`, at most `jobs` of them at a time; `on_result` receives each result."""

    def __init__(
        self,
        process: AsyncCrawlerProcess,
        sites: Iterable[Site],
        *,
        jobs: int,
        arguments: Mapping[str, str],
        on_result: Callable[[SiteResult], None],
    ) -> None:
        self.ended: list[SiteResult] = []
        self._process = process
        self._waiting = list(reversed(list(sites)))
        self._jobs = jobs
        self._arguments = arguments
        self._on_result = on_result
        self._stopping = Stopping(process)
        self._running: dict[str, Crawler] = {}

    def run(self) -> list[SiteResult]:
        """Crawl all sites, or until the process must stop; return the result of each."""
        self._pool = extraction_pool(self._process.settings)
        try:
            self._stopping.install()
            asyncio.get_event_loop().create_task(self._all())
            self._process.start(stop_after_crawl=False, install_signal_handlers=False)
            for name, crawler in list(self._running.items()):  # told to stop, but not ended in time
                self._end(name, crawler, "")
            for site in self._waiting:
                self._note(SiteResult(site=site.name, code=ExitCode.STOPPED, problem=N_("stopped before its turn")))
        finally:
            self._pool.close(at_once=bool(self._stopping.asked))
        return self.ended

    async def _all(self) -> None:
        try:
            await asyncio.gather(*(self._turns() for _ in range(self._jobs)))
        finally:
            if not self._stopping.asked:
                self._stopping.end()

    async def _turns(self) -> None:
        while self._waiting and not self._stopping.asked:
            await self._crawl(self._waiting.pop())

    async def _crawl(self, site: Site) -> None:
        try:
            check_writable(collection_of(site, self._process.settings))
        except ArchiveError as error:
            self._note(SiteResult(site=site.name, code=error.exit_code, problem=str(error)))
            return
        except Exception as error:  # a damaged database affects only this site
            logger.exception("%s cannot be opened", site.name)
            self._note(SiteResult(site=site.name, code=ExitCode.BROKEN, problem=f"{type(error).__name__}: {error}"))
            return
        crawler = self._process.create_crawler("news")
        self._running[site.name] = crawler
        problem = ""
        try:
            await self._process.crawl(crawler, site=site.name, pool=self._pool, **self._arguments)
        except Exception as error:  # the other sites continue
            logger.exception("the crawl of %s broke off", site.name)
            problem = f"{type(error).__name__}: {error}"
        if site.name in self._running:
            self._end(site.name, crawler, problem)

    def _end(self, name: str, crawler: Crawler, problem: str) -> None:
        """Close what an aborted crawl left open, and record how it ended."""
        del self._running[name]
        report = _closed(crawler, "shutdown" if self._stopping.asked else "broken")
        code = ExitCode.BROKEN if problem else exit_code(report)
        if code == ExitCode.BROKEN and not problem:
            problem = (
                N_("it never started")
                if report is None
                else report.problem or N_("it ended with {reason!r}").format(reason=report.reason)
            )
        figures = report.as_dict() if report else {}
        self._note(SiteResult(site=name, code=code, problem=problem or figures.get("problem", ""), figures=figures))

    def _note(self, ended: SiteResult) -> None:
        self.ended.append(ended)
        self._on_result(ended)


def _closed(crawler: Crawler, reason: str) -> Report | None:
    """Return the report of a crawl whose archive is now closed, even after an error; None if it never opened one."""
    try:
        extension = crawler.get_extension(ArchiveExtension)
    except RuntimeError:
        return None
    if extension is None:
        return None
    try:
        extension.spider_closed(reason)
    except (NotWritableError, OSError) as error:
        extension.report.problem = extension.report.problem or str(error)
    return extension.report


def totals(ended: Iterable[SiteResult]) -> dict[str, Any]:
    """Return the figures of a run over several sites, added up."""
    rows = list(ended)
    names = ("pages_fetched", *change_figures({}), "gone", "disallowed", "bytes_received")
    return {
        "sites": len(rows),
        "sites_done": sum(row.code == ExitCode.DONE for row in rows),
        "sites_with_problems": {row.site: row.code for row in rows if row.code != ExitCode.DONE},
        **{name: sum(row.figures.get(name, 0) for row in rows) for name in names},
        "quarantined": sum(sum(row.figures.get("quarantined", {}).values()) for row in rows),
        "failed": sum(sum(row.figures.get("failed", {}).values()) for row in rows),
    }

"""Define `scrapy crawl`, with errors that say what to do and an exit code for each kind of end."""

from __future__ import annotations

import logging
import os
import sys
import time
from gettext import gettext as _
from typing import TYPE_CHECKING, Any

from scrapy.commands import crawl

from archive import ArchiveError
from archive.collection import Collection
from archive.errors import CRAWL, ExitCode, describe_codes
from archive.ingest import check_writable
from crawler.commands import check_settings, log_code, open_log, print_error, refuse
from crawler.configuration import archive_folder
from crawler.extensions import ArchiveExtension
from crawler.rendering.browser import missing_browser
from crawler.shutdown import Lease, Stopping
from crawler.sites import Site, chosen_site, site_of_page
from crawler.summary import exit_code, worst

if TYPE_CHECKING:
    import argparse

logger = logging.getLogger(__name__)


class Command(crawl.Command):
    """Crawls a site with the news spider."""

    def short_desc(self) -> str:
        """Return one line for the list of commands."""
        return _("Crawl a news site into an archive: scrapy crawl news -a url=https://example.org/")

    def long_desc(self) -> str:
        """Return what --help prints."""
        return _(
            "Crawl a news site into collections/NAME/ (WARC and SQLite). Arguments: -a url=URL (any site) or -a "
            "site=NAME (an entry of sites.toml); -a recheck=all fetches every known page again; -a max_pages=N "
            "bounds this run; -a page=URL saves that page alone. Settings: -s ARCHIVE_DIR=FOLDER puts the "
            "archive elsewhere, -s WARRAQ_SUMMARY_JSON=1 prints the summary as JSON, -s WARRAQ_OPERATOR='name, "
            "mail' says who crawls. {crawl}"
        ).format(crawl=describe_codes(CRAWL))

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check the given settings."""
        check_settings("crawl", opts.set)
        super().process_options(args, opts)
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        open_log("crawl", self.settings)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check the arguments, crawl, and set the exit code."""
        if args != ["news"]:
            self._run_other(args, opts)
            return
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        self._check(opts.spargs)
        if self.settings["JOBDIR"]:
            refuse("crawl", _("omit JOBDIR: the frontier is the queue and survives a stop"))
        try:
            lease = Lease.from_settings(self.settings)
            if lost := lease.lost(parent=os.getppid(), now=time.time()):
                print_error("crawl", _("not started: {lost}").format(lost=lost))
                self.exitcode = ExitCode.STOPPED
                return
            site = self._site(opts.spargs)
            self._check_browser(site)
            folder = archive_folder(self.settings, site.name)
            check_writable(Collection(folder))
        except ArchiveError as error:
            print_error("crawl", error)
            self.exitcode = error.exit_code
            return
        if sys.stderr.isatty():
            print(
                _("Crawling {seeds} into {folder}").format(seeds=", ".join(site.seeds), folder=folder), file=sys.stderr
            )
        assert self.crawler_process  # noqa: S101 - scrapy.cmdline sets it
        crawler = self.crawler_process.create_crawler("news")
        stopping = Stopping(self.crawler_process)
        stopping.install()
        crawling: Any = self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start(install_signal_handlers=False)
        broken = crawling.exception() if crawling.done() and not crawling.cancelled() else None
        if isinstance(broken, ArchiveError):  # the disk filled, or another process was faster, since the check
            print_error("crawl", broken)
            self.exitcode = broken.exit_code
            return
        if broken is not None:
            logger.error("the crawl was aborted", exc_info=broken)
        extension = crawler.get_extension(ArchiveExtension) if not self.crawler_process.bootstrap_failed else None
        if extension:
            extension.spider_closed("shutdown" if stopping.asked else "broken")
        self.exitcode = worst((exit_code(extension.report if extension else None), log_code()))

    def _run_other(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run a spider of another name; end the process if there is none."""
        assert self.crawler_process  # noqa: S101 - scrapy.cmdline sets it
        names = self.crawler_process.spider_loader.list()
        if len(args) != 1 or args[0] not in names:
            named = repr(args[0]) if len(args) == 1 else _("of that name")
            refuse("crawl", _("there is no spider {named}: `scrapy crawl news -a url=URL`").format(named=named))
        super().run(args, opts)

    def _check(self, arguments: dict[str, str]) -> None:
        if unknown := sorted(arguments.keys() - {"url", "site", "page", "recheck", "max_pages"}):
            wrong = _(
                "unknown argument -a {unknown}=…; the arguments are url, site, page, recheck and max_pages"
            ).format(unknown=unknown[0])
        elif (pages := arguments.get("max_pages", "1")) and not (pages.isdecimal() and int(pages)):
            wrong = _("-a max_pages={pages} is not a number of pages: give 1 or more").format(pages=pages)
        elif arguments.get("recheck", "all") != "all":
            wrong = _("-a recheck={recheck} is not valid: leave it out, or give -a recheck=all").format(
                recheck=arguments["recheck"]
            )
        else:
            return
        refuse("crawl", wrong)

    def _check_browser(self, site: Site) -> None:
        """End the process if every page is to be rendered and there is no browser."""
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        if (site.render or self.settings["WARRAQ_RENDER"]) != "always":
            return
        if problem := missing_browser(self.settings["WARRAQ_BROWSER"]):
            refuse(
                "crawl",
                _('every page of {name} is to be rendered (render = "always"), and {problem}').format(
                    name=site.name, problem=problem
                ),
            )

    def _site(self, arguments: dict[str, str]) -> Site:
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        if sum(bool(arguments.get(name)) for name in ("url", "site", "page")) != 1:
            refuse(
                "crawl", _("name what to crawl: -a url=https://example.org/ or -a site=NAME (an entry of sites.toml)")
            )
        if arguments.get("page"):
            return site_of_page(self.settings, arguments["page"])
        if arguments.get("url"):
            return Site.from_url(arguments["url"])
        return chosen_site(self.settings, arguments["site"])

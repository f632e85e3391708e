"""Define `scrapy backfill URL`: fill a site's archive for a period with captures from a CDX server or CC-NEWS."""

from __future__ import annotations

import json
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.commands import ScrapyCommand

from archive import ArchiveError, CaptureFilter, urls
from archive import UsageError as WrongUseError
from archive.collection import Collection
from archive.errors import BACKFILL, ExitCode, describe_codes
from archive.ingest import check_writable
from archive.ingest.commit import change_figures
from archive.ingest.sources import moment_of
from archive.locale import n_
from archive.terminal import Show, live_line
from crawler.backfill.ccnews import BASE, CcNewsSpider
from crawler.backfill.cdx import CdxSpider
from crawler.backfill.spider import BackfillReport, BackfillSpider, NoIndexError, Plan
from crawler.commands import LOGS, check_settings, log_code, open_log, print_error, refuse
from crawler.configuration import archive_folder
from crawler.shutdown import Stopping
from crawler.sites import Site, load_site
from crawler.summary import changes_text

if TYPE_CHECKING:
    import argparse

MATCHES = ("exact", "prefix", "host", "domain")


class Command(ScrapyCommand):
    """Fills a site's archive from a CDX server or from CC-NEWS."""

    requires_project = True

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] <url>"

    def short_desc(self) -> str:
        """Return one line for the list of commands."""
        return _("Fill a site's archive with captures made by others (CDX server, CC-NEWS)")

    def long_desc(self) -> str:
        """Return what --help prints."""
        return _(
            "List the captures of a URL on a CDX server, and fetch each record by HTTP Range from its served "
            "WARC file, or as replayed; or stream the CC-NEWS files of a period, and keep the captures of the "
            "URL. Each record is checked, and stored byte for byte with its own capture time. Captures that the "
            "archive has are not fetched again: to resume a backfill, run the same command again. {backfill}"
        ).format(backfill=describe_codes(BACKFILL))

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own options."""
        super().add_options(parser)
        parser.add_argument(
            "--cdx", default="", help=_("address of the CDX server, such as http://localhost:8080/news/cdx")
        )
        parser.add_argument("--warc-base", default="", help=_("address below which the index's file names are served"))
        parser.add_argument(
            "--replay", default="", help=_("address below which the server replays; TIMEid_/URL is appended")
        )
        parser.add_argument(
            "--cc-news",
            nargs="?",
            const=BASE,
            default="",
            metavar="BASE",
            help=_("read CC-NEWS from below BASE (default: %(const)s)"),
        )
        parser.add_argument(
            "--from", dest="first", default="", help=_("from this time on: 2026, 2026-11, 2026-11-24 (UTC)")
        )
        parser.add_argument("--to", dest="last", default="", help=_("up to this time, all of that year, month or day"))
        parser.add_argument("--match", choices=MATCHES, default="prefix", help=_("which URLs (default: %(default)s)"))
        parser.add_argument(
            "--site", default="", help=_("the entry of sites.toml whose archive it is (default: the URL's host)")
        )
        parser.add_argument(
            "--most", type=int, default=10_000, help=_("maximum number of captures (default: %(default)s)")
        )
        parser.add_argument("--json", action="store_true", help=_("print the summary as JSON"))

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Remove the crawl's own components."""
        check_settings("backfill", opts.set)
        super().process_options(args, opts)
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        open_log("backfill", self.settings)
        for name, value in (("EXTENSIONS", LOGS), ("ITEM_PIPELINES", {})):
            self.settings.set(name, value, priority="cmdline")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Fill, and report the result."""
        ways = [opts.cdx and opts.warc_base, opts.cdx and opts.replay, opts.cc_news and opts.first]
        if len(args) != 1 or sum(map(bool, ways)) != 1 or bool(opts.cdx) == bool(opts.cc_news):
            refuse(
                "backfill",
                _(
                    "say what, and from where: scrapy backfill https://example.org/ --cdx http://…/cdx with --warc-base "
                    "http://…/warcs/ or --replay http://…/web/, or --cc-news --from 2026-11 (see docs/backfill.md)"
                ),
            )
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        try:
            plan = self._plan(args[0], opts)
            folder = archive_folder(self.settings, plan.site.name)
            check_writable(Collection(folder))
            spider, stopped = self._carry_out(plan, folder)
            if spider.problem:
                raise spider.problem
        except ArchiveError as error:
            print_error("backfill", error)
            self.exitcode = ExitCode.UNREACHABLE if isinstance(error, NoIndexError) else error.exit_code
            return
        self._print_result(spider, folder, as_json=opts.json)
        incomplete = bool(spider.filled.failed) or spider.filled.cut_off
        self.exitcode = (
            ExitCode.STOPPED
            if stopped
            else ExitCode.BROKEN
            if not spider.ended
            else ExitCode.INCOMPLETE
            if incomplete
            else log_code()
        )

    def _plan(self, url: str, opts: argparse.Namespace) -> Plan:
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        site = load_site(Path(self.settings["WARRAQ_SITES"]), opts.site) if opts.site else Site.from_url(url)
        url = urls.canonicalise(url if "://" in url else f"https://{url}")
        for address in filter(None, (opts.cdx, opts.warc_base, opts.replay, opts.cc_news)):
            if not address.startswith(("http://", "https://")):
                raise WrongUseError(
                    _("{address!r} is not a web address: it must start with http:// or https://").format(
                        address=address
                    )
                )
        if opts.most < 1:
            raise WrongUseError(_("--most must be at least 1"))
        by_host = opts.match in {"host", "domain"}
        wanted = CaptureFilter(
            host=urls.host_of(url) if by_host else "",
            url_prefix="" if by_host else url,
            first=moment_of(opts.first),
            last=moment_of(opts.last),
        )
        if wanted.first and wanted.last and wanted.first[: len(wanted.last)] > wanted.last[: len(wanted.first)]:
            raise WrongUseError(
                _("the period ends ({last}) before it begins ({first})").format(last=opts.last, first=opts.first)
            )
        asked = urls.host_of(url) if by_host else url
        return Plan(
            site=site,
            url=asked,
            match=opts.match,
            wanted=wanted,
            cdx=opts.cdx,
            warc_base=opts.warc_base,
            replay=opts.replay,
            news=opts.cc_news,
            most=opts.most,
        )

    def _carry_out(self, plan: Plan, folder: Path) -> tuple[BackfillSpider, bool]:
        assert self.crawler_process  # noqa: S101 - scrapy.cmdline sets it
        crawler = self.crawler_process.create_crawler(CcNewsSpider if plan.news else CdxSpider)
        stopping = Stopping(self.crawler_process)
        stopping.install()
        with live_line(_("Querying {news}").format(news=plan.cdx or plan.news)) as show:
            self.crawler_process.crawl(
                crawler, plan=plan, folder=folder, on_progress=lambda report: _show(report, show)
            )
            self.crawler_process.start(install_signal_handlers=False)
        spider = crawler.spider
        if not isinstance(spider, BackfillSpider):
            raise WrongUseError(_("the backfill could not start; see the log above"))
        spider.close_archive()  # asked to stop, and not ended in time
        return spider, bool(stopping.asked)

    def _print_result(self, spider: BackfillSpider, folder: Path, *, as_json: bool) -> None:
        figures = _figures(spider, folder)
        if as_json:
            print(json.dumps(figures, ensure_ascii=False))
            return
        failed, left_out = (
            ", ".join(f"{count} {reason}" for reason, count in figures[name].items()) for name in ("failed", "left_out")
        )
        print(
            n_(
                "{n} capture listed, {held_before} held before, {fetched} fetched ({bytes}); articles {changes}; in {folder}",
                "{n} captures listed, {held_before} held before, {fetched} fetched ({bytes}); articles {changes}; in {folder}",
                figures["listed"],
                held_before=figures["held_before"],
                fetched=figures["fetched"],
                bytes=n_("{n} byte", "{n} bytes", figures["bytes"]),
                changes=changes_text(figures),
                folder=folder,
            )
            + (
                n_(
                    "; {done} of {n} file read",
                    "; {done} of {n} files read",
                    figures["files"],
                    done=figures["files_done"],
                )
                if figures["files"]
                else ""
            )
            + (_("; not available this way: {left_out}").format(left_out=left_out) if left_out else "")
            + (_("; unavailable: {failed}").format(failed=failed) if failed else "")
            + (_("; the list was cut off: ask for a shorter period or raise --most") if figures["cut_off"] else "")
        )


def _figures(spider: BackfillSpider, folder: Path) -> dict[str, Any]:
    filled, done = spider.filled, spider.imported
    return {
        "folder": str(folder),
        "listed": filled.listed,
        "held_before": filled.held,
        "fetched": filled.fetched,
        "bytes": filled.bytes,
        **change_figures(done.articles if done else {}),
        "quarantined": dict(done.quarantined) if done else {},
        "failed": dict(filled.failed),
        "left_out": dict(filled.left_out),
        "files": filled.files,
        "files_done": filled.files_done,
        "streamed": filled.streamed,
        "malformed": filled.malformed,
        "cut_off": filled.cut_off,
    }


def _show(filled: BackfillReport, show: Show) -> None:
    if filled.files:
        megabytes = n_(
            "{streamed} MB, {n} capture", "{streamed} MB, {n} captures", filled.fetched, streamed=filled.streamed >> 20
        )
        show(
            _("file {files}/{files2}, {megabytes}").format(
                files=min(filled.files_done + 1, filled.files), files2=filled.files, megabytes=megabytes
            ),
            filled.files_done,
            filled.files,
        )
        return
    done = filled.held + filled.fetched + sum(filled.failed.values())
    show(n_("{done}/{n} capture", "{done}/{n} captures", filled.listed, done=done), done, filled.listed)

"""Define `scrapy crawlall`: one run over all sites that have something due; safe to start from cron while another runs."""

from __future__ import annotations

import json
from contextlib import contextmanager
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.commands import ScrapyCommand
from scrapy.utils.misc import load_object

from archive import ArchiveError, NotWritableError
from archive.errors import CRAWL, WORST_FIRST, ExitCode, describe_codes
from archive.files import held
from archive.locale import n_, translated
from crawler.commands import check_settings, log_code, open_log, print_error, refuse
from crawler.crawlall import CrawlAll, SiteResult, collection_of, is_due, totals
from crawler.sites import SiteError, load_site, load_sites
from crawler.summary import changes_text, worst

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from crawler.sites import Site


class InUseError(ArchiveError):
    """Another crawlall is running; `holder` names the process."""

    exit_code = ExitCode.LOCKED

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(
            _(
                "another crawlall is running ({holder}, lock {path}): wait for it to end, or name sites with --site "
                "NAME"
            ).format(holder=holder, path=path)
        )
        self.path = path
        self.holder = holder


class Command(ScrapyCommand):
    """Crawls every site that is due."""

    requires_project = True

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options]"

    def short_desc(self) -> str:
        """Return one line for the list of commands."""
        return _("Crawl all sites of sites.toml that have something due, several at once")

    def long_desc(self) -> str:
        """Return what --help prints."""
        return _(
            "Crawl every site of sites.toml that has something due, several at once in this process, each into "
            "collections/NAME/. A site that fails never stops the others. Safe to start from cron while another "
            "runs. {crawl} If there are several problems, the worst counts: {worst_first}."
        ).format(crawl=describe_codes(CRAWL), worst_first=", ".join(map(str, WORST_FIRST)))

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own options."""
        super().add_options(parser)
        parser.add_argument(
            "--site", action="append", default=[], metavar="NAME", help=_("only this site, due or not; repeatable")
        )
        parser.add_argument(
            "-j", "--jobs", type=int, default=4, metavar="N", help=_("sites that are crawled at once (default: 4)")
        )
        parser.add_argument("--recheck", action="store_true", help=_("fetch every known page again"))
        parser.add_argument(
            "--max-pages", type=int, metavar="N", help=_("maximum number of visits per site in this run")
        )
        parser.add_argument("--list", action="store_true", help=_("list the sites that are due, and crawl none"))
        parser.add_argument(
            "--json",
            action="store_true",
            help=_("print JSON, one object per line: one for each site, then one for the total"),
        )

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check the given settings."""
        check_settings("crawlall", opts.set)
        super().process_options(args, opts)
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        open_log("crawlall", self.settings)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Choose the sites, crawl them, and set the exit code."""
        if args or opts.jobs < 1 or (opts.max_pages is not None and opts.max_pages < 1):
            refuse("crawlall", _("crawlall takes options only; -j and --max-pages are 1 or more"))
        try:
            sites = self._chosen(opts.site)
            if opts.list:
                for site in sites:
                    print(json.dumps({"site": site.name, "due": True}) if opts.json else site.name)
                return
            with _lock(self._collections(), wanted=not opts.site):
                self.exitcode = self._crawl(sites, opts)
        except ArchiveError as error:
            print_error("crawlall", error)
            self.exitcode = error.exit_code

    def _collections(self) -> Path:
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        if self.settings["ARCHIVE_DIR"]:
            raise SiteError(
                _("ARCHIVE_DIR (--archive) is for one site; crawlall puts each into WARRAQ_COLLECTIONS/NAME")
            )
        return Path(self.settings["WARRAQ_COLLECTIONS"])

    def _chosen(self, names: list[str]) -> list[Site]:
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        path = Path(self.settings["WARRAQ_SITES"])
        if names:
            return [load_site(path, name) for name in dict.fromkeys(names)]
        sites = load_sites(path)
        if not sites:
            raise SiteError(_("has no sites yet; `warraq add URL` adds one"), path=path)
        now = load_object(self.settings["WARRAQ_CLOCK"])()
        return [site for site in sites.values() if _due_or_doubtful(site, self.settings, now)]

    def _crawl(self, sites: list[Site], opts: argparse.Namespace) -> int:
        process: Any = self.crawler_process
        process.settings.set("WARRAQ_SUMMARY_JSON", False, priority="cmdline")
        process.settings.set("WARRAQ_SUMMARY", "", priority="cmdline")
        arguments = {"recheck": "all" if opts.recheck else "", "max_pages": str(opts.max_pages or "")}

        def on_result(ended: SiteResult) -> None:
            print(json.dumps(ended.as_dict(), ensure_ascii=False) if opts.json else _line(ended), flush=True)

        ended = (
            CrawlAll(process, sites, jobs=opts.jobs, arguments=arguments, on_result=on_result).run() if sites else []
        )
        figures = totals(ended)
        code = worst((*(each.code for each in ended), log_code()))
        if opts.json:
            print(json.dumps({"total": True, **figures, "exit_code": code}, ensure_ascii=False))
        else:
            print(_total(figures) if ended else _("Nothing is due."))
        return code


def _due_or_doubtful(site: Site, settings: Any, now: Any) -> bool:
    """Return whether the site is due, or its database unreadable: then its crawl reports the error with the site's name."""
    try:
        return is_due(site, collection_of(site, settings), now=now)
    except Exception:  # noqa: BLE001 - it is raised and named again when the site has its turn
        return True


@contextmanager
def _lock(folder: Path, *, wanted: bool) -> Iterator[None]:
    """Hold the lock for a run over all sites; a run over named sites needs none, since each archive has its own lock."""
    if not wanted:
        yield
        return
    path = folder / ".crawlall.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritableError(folder, error) from error
    with held(path, lambda holder: InUseError(path, holder)):
        yield


def _line(ended: SiteResult) -> str:
    figures = ended.figures
    if not figures:
        return _("{site}: {problem} (code {code})").format(
            site=ended.site, problem=translated(ended.problem), code=ended.code
        )
    said = _(
        "{site}: {pages_fetched} fetched; articles {changes_text}; {quarantined} quarantined, {failed} "
        "failed; {urls_still_due} still due"
    ).format(
        site=ended.site,
        pages_fetched=figures["pages_fetched"],
        changes_text=changes_text(figures),
        quarantined=sum(figures["quarantined"].values()),
        failed=sum(figures["failed"].values()),
        urls_still_due=figures["urls_still_due"],
    )
    why = translated(ended.problem) or (_("stopped") if ended.code == ExitCode.STOPPED else "")
    return _("{said}; {why} (code {code})").format(said=said, why=why, code=ended.code) if ended.code else said


def _total(figures: dict[str, Any]) -> str:
    wrong = ", ".join(f"{site} {code}" for site, code in figures["sites_with_problems"].items())
    return n_(
        "{sites_done} of {n} site done: {pages_fetched} fetched, articles {changes_text}",
        "{sites_done} of {n} sites done: {pages_fetched} fetched, articles {changes_text}",
        figures["sites"],
        sites_done=figures["sites_done"],
        pages_fetched=figures["pages_fetched"],
        changes_text=changes_text(figures),
    ) + (_("; not done (with code): {wrong}").format(wrong=wrong) if wrong else "")

"""Define `scrapy addsite URL`: probe a site, write its entry in sites.toml, and save one page with its article as a test."""

from __future__ import annotations

import json
import re
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from scrapy import signals
from scrapy.commands import ScrapyCommand
from scrapy.settings import SETTINGS_PRIORITIES

from archive import ArchiveError, urls
from archive.errors import ADDSITE, ExitCode, describe_codes
from archive.terminal import live_line
from crawler.commands import LOGS, check_settings, open_log, print_error, refuse
from crawler.sites import Site, SiteError, load_sites, name_of
from crawler.sites.entry import entry_text

if TYPE_CHECKING:
    import argparse

    from crawler.sites.probe import Case, ProbeSpider

HEADER = "# The sites to crawl: one table [site.NAME] each, crawled by `warraq crawl NAME`, or all by `warraq run`.\n"
QUIET: dict[str, object] = {"LOG_LEVEL": "WARNING", "EXTENSIONS": LOGS, "ITEM_PIPELINES": {}}


class Command(ScrapyCommand):
    """Adds a site."""

    requires_project = True

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] <url>"

    def short_desc(self) -> str:
        """Return one line for the list of commands."""
        return _("Probe a site and write its entry in sites.toml")

    def long_desc(self) -> str:
        """Return what --help prints."""
        return _(
            "Fetch a site's start page, feeds, sitemaps and three articles (about twenty requests, robots.txt "
            "obeyed), append its entry to sites.toml with comments on the evidence, and save one page with its "
            "extracted article under tests/sites/HOST/CASE/. Review both before you rely on them. {addsite}"
        ).format(addsite=describe_codes(ADDSITE))

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own options."""
        super().add_options(parser)
        parser.add_argument("--name", default="", help=_("name of the entry and of the folder (default: the host)"))
        parser.add_argument("--dry-run", action="store_true", help=_("print the entry; write nothing"))
        parser.add_argument(
            "--cases", default="tests/sites", help=_("folder of saved pages, '' for none (default: %(default)s)")
        )

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Disable the archive: a probe stores nothing."""
        check_settings("addsite", opts.set)
        super().process_options(args, opts)
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        open_log("addsite", self.settings)
        for name, value in QUIET.items():
            if self.settings.getpriority(name) != SETTINGS_PRIORITIES["cmdline"]:
                self.settings.set(name, value, priority="cmdline")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Probe, write, and report what was written."""
        if len(args) != 1:
            refuse("addsite", _("give the URL of the site: scrapy addsite https://example.org/"))
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        file = Path(self.settings["WARRAQ_SITES"])
        try:
            name = self._free_name(file, opts.name or name_of(Site.from_url(args[0]).seeds[0]), dry=opts.dry_run)
            scout = self._look(args[0])
            if scout.problem:
                raise scout.problem
            if scout.findings is None:
                print_error("addsite", _("the probe was interrupted"))
                self.exitcode = ExitCode.UNREACHABLE
                return
            text = entry_text(scout.findings, name)
            if opts.dry_run:
                print(text, end="")
                return
            _append(file, text)
            load_sites(file)
        except ArchiveError as error:
            print_error("addsite", error)
            self.exitcode = error.exit_code
            return
        print(text)
        for note in scout.findings.notes:
            print_error("addsite", note)
        print(_("Written to {file}. Crawl it: warraq crawl {name}").format(file=file, name=name))
        if scout.case and opts.cases:
            folder = save_case(scout.case, Path(opts.cases))
            print(
                _("A page and its extracted article are in {folder}: correct article.json where it is wrong.").format(
                    folder=folder
                )
            )
            print(_("The page belongs to its publisher: keep it out of a public repository unless you may publish it."))

    def _free_name(self, file: Path, name: str, *, dry: bool) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,79}", name):
            raise SiteError(
                _("{name!r} is not a valid name; give one of a-z, 0-9, '.', '_' and '-' with --name").format(name=name)
            )
        if not dry and file.exists() and name in load_sites(file):
            raise SiteError(
                _("already has an entry [site.{name}]; change that, or give another --name").format(name=name),
                path=file,
            )
        return name

    def _look(self, url: str) -> ProbeSpider:
        from crawler.sites.probe import (
            ProbeSpider,
        )  # with all that reads pages: every command of scrapy loads this module

        assert self.crawler_process  # noqa: S101 - scrapy.cmdline sets it
        crawler = self.crawler_process.create_crawler(ProbeSpider)
        with live_line(_("Probing {url}").format(url=url)) as show:
            asked = lambda request: show(request.url)  # noqa: E731 - signals hold it weakly: it needs a name
            crawler.signals.connect(asked, signal=signals.request_reached_downloader)
            self.crawler_process.crawl(crawler, url=url)
            self.crawler_process.start()
        spider = crawler.spider
        if not isinstance(spider, ProbeSpider):
            raise SiteError(_("the probe of the site could not start; see the log above"))
        return spider


def _append(file: Path, text: str) -> None:
    old = file.read_text("utf-8") if file.exists() else HEADER
    file.write_text(f"{old.rstrip()}\n\n{text}", "utf-8")


def save_case(case: Case, cases: Path) -> Path:
    """Write page.html, page.json and article.json as tests/test_sites.py reads them; return their folder."""
    page, article = case.page, case.article
    tail = unquote(page.url.rstrip("/")).rpartition("/")[2]
    words = "-".join(re.findall(r"\w+", tail.rpartition(".")[0] or tail))[:60].strip("-").lower()
    folder = cases / re.sub(r"[^\w.-]+", "-", urls.host_of(page.url)) / (words or "page")
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in page.head.headers if name.lower() in {"content-type", "x-robots-tag"}}
    about = {
        "url": page.url,
        "fetched_at": page.fetched_at.isoformat(timespec="seconds"),
        "status": page.head.status,
        "headers": kept,
    }
    truth = {
        "title": article.title,
        "section": article.section,
        "authors": list(article.authors),
        "date_published": article.date_published,
        "language": article.language,
        "absent": [],
        "paragraphs": article.text.split("\n"),
    }
    (folder / "page.html").write_bytes(page.body)
    for file, content in (("page.json", about), ("article.json", truth)):
        (folder / file).write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return folder

"""Assemble the program `warraq`: the commands of archive.cli, and those that set up a folder and crawl through `scrapy`."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from gettext import gettext as _
from importlib.resources import files
from pathlib import Path
from typing import NoReturn

import click

from archive import cli
from archive.cli import warraq
from archive.cli.output import Workspace, isolate, json_option, print_json, workspace_of
from archive.errors import NotWritableError
from archive.files.clock import now
from archive.locale import n_, translated, use_locale
from warraq.overview import SiteStatus, overview

__all__ = ["main", "warraq"]

_PLACE = {"README.md": "README.md", "warraq.toml": "warraq.toml", "sites.toml": "sites.toml", "scrapy.cfg": "scrapy.cfg"} | {
    "gitignore": ".gitignore"
}  # fmt: skip
"""The files of a new folder, by their names in this package."""

settings_option = click.option(
    "-s", "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Override a setting for this run; repeatable."
)
pages_option = click.option(
    "--max-pages", type=click.IntRange(1), metavar="N", help="Maximum number of visits per site."
)
recheck_option = click.option("--recheck", is_flag=True, help="Fetch every known page again.")


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Create a folder for archives: warraq.toml, sites.toml, scrapy.cfg, .gitignore, README.md.

    Existing files are not changed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, target in _PLACE.items():
            path = folder / target
            kept = path.exists()
            if not kept:
                path.write_bytes(files("warraq").joinpath("template", name).read_bytes())
            click.echo(f"{(_('kept   ') if kept else _('written'))}  {path}")
    except OSError as error:
        raise NotWritableError(folder, error) from error
    where = "" if folder == Path() else f"cd {folder} && "
    click.echo(_("\nNow add a site: {where}warraq add https://www.example.org/").format(where=where))


@click.command()
@click.argument("url")
@click.option("--name", default="", help="Name of the entry and of the archive's folder (by default the host).")
@click.option("--dry-run", is_flag=True, help="Print the entry; write nothing.")
@click.option(
    "--cases", default="", metavar="FOLDER", help="Also save a page with its extracted article in this folder."
)
@settings_option
def add(*, url: str, name: str, dry_run: bool, cases: str, settings: tuple[str, ...]) -> None:
    """Probe a site, and write its entry in sites.toml: feeds, sitemaps, sections, language, pace.

    It makes about twenty requests and obeys robots.txt. The same as `scrapy addsite`.
    """
    options = [*(["--name", name] if name else []), *(["--dry-run"] if dry_run else []), "--cases", cases]
    _scrapy("addsite", *options, *_set(settings), url)


@click.command()
@click.argument("site", metavar="URL|NAME")
@recheck_option
@pages_option
@settings_option
@json_option
def crawl(*, site: str, recheck: bool, max_pages: int | None, settings: tuple[str, ...], as_json: bool) -> None:
    """Crawl one site: an entry of sites.toml by its NAME, or any site by its URL.

    A stopped crawl loses nothing, and the next one carries on. The same as `scrapy crawl news`.
    """
    arguments = [("-a", f"{_kind(site)}={site}"), *([("-a", "recheck=all")] if recheck else [])]
    arguments += [("-a", f"max_pages={max_pages}")] if max_pages else []
    arguments += [("-s", "WARRAQ_SUMMARY_JSON=1")] if as_json else []
    _scrapy("crawl", "news", *(word for pair in arguments for word in pair), *_set(settings))


@click.command()
@click.argument("url")
@settings_option
@json_option
def save(*, url: str, settings: tuple[str, ...], as_json: bool) -> None:
    """Save one page now, with its requisites: the same visit as in a crawl, which obeys robots.txt, and no other page.

    It goes into the archive that --archive names, or else into that of its site: that of its entry in sites.toml, or one named
    after its host.
    """
    summary = ["-s", "WARRAQ_SUMMARY_JSON=1"] if as_json else []
    _scrapy("crawl", "news", "-a", f"page={url}", *summary, *_set(settings))


@click.command()
@click.option("--site", "names", multiple=True, metavar="NAME", help="Only this site, due or not; repeatable.")
@click.option("-j", "--jobs", type=click.IntRange(1), default=4, show_default=True, help="Sites crawled at once.")
@recheck_option
@pages_option
@settings_option
@json_option
def run(
    *, names: tuple[str, ...], jobs: int, recheck: bool, max_pages: int | None, settings: tuple[str, ...], as_json: bool
) -> None:
    """Crawl every site of sites.toml that has something due; run it regularly, from cron or a timer.

    A site that fails never stops the others, and a second run beside the first ends at once with exit code 4. The same as
    `scrapy crawlall`.
    """
    options = [word for name in names for word in ("--site", name)]
    options += ["--jobs", str(jobs), *(["--recheck"] if recheck else []), *(["--json"] if as_json else [])]
    options += ["--max-pages", str(max_pages)] if max_pages else []
    _scrapy("crawlall", *options, *_set(settings))


@click.command()
@json_option
@click.pass_context
def sites(ctx: click.Context, *, as_json: bool) -> None:
    """Show the state of each site: last run, next due, articles, failures, alarms."""
    from crawler import settings
    from crawler.sites import load_sites

    path = Path(settings.WARRAQ_SITES)
    entries = list(load_sites(path)) if path.exists() else []
    found = overview(entries, workspace_of(ctx).collections, today=now().date())
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        _print_site(one)
    if not found:
        click.echo(_("No site yet: `warraq add URL` adds one."), err=True)


def _print_site(one: SiteStatus) -> None:
    entry = "" if one.has_entry else _("  ·  no entry in sites.toml")
    click.echo(f"{click.style(one.site, bold=True)}{entry}")
    last = f"{one.last_run} ({one.result})" if one.last_run else _("never")
    click.echo(
        _("    last run {last}  ·  next due {now}").format(
            last=last, now=one.next_due or (_("never") if one.last_run else _("now"))
        )
    )
    newest = _(", the newest of {newest}").format(newest=one.newest) if one.newest else ""
    click.echo(
        _("    {articles}{newest}  ·  {failing}").format(
            articles=n_("{n} article", "{n} articles", one.articles),
            newest=newest,
            failing=n_("{n} URL failing", "{n} URLs failing", one.failing),
        )
    )
    if one.problem:
        click.echo(f"    {isolate(translated(one.problem))}")
    for alarm in one.alarms:
        click.echo(f"    {click.style(_('ALARM'), fg='red')}  {translated(alarm)}")


@click.group()
def opml() -> None:
    """Exchange lists of feeds with feed readers."""


@opml.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(file: Path) -> None:
    """Write an entry in sites.toml for each new site in a list of feeds. Nothing is fetched."""
    from crawler import settings
    from crawler.sites import SiteError
    from crawler.sites.opml import add_feeds, read_opml

    try:
        feeds = read_opml(file.read_bytes())
    except SiteError as error:
        raise SiteError(error.problem, path=file) from None
    added, there = add_feeds(Path(settings.WARRAQ_SITES), feeds)
    for name in added:
        click.echo(_("added  {name}").format(name=name))
    for seed in there:
        click.echo(_("has    {seed}").format(seed=isolate(seed)))
    if not feeds:
        click.echo(_("{file} names no feed.").format(file=file), err=True)


@opml.command("export")
def export_() -> None:
    """Print the feeds of sites.toml as OPML."""
    from crawler import settings
    from crawler.sites import load_sites
    from crawler.sites.opml import write_opml

    path = Path(settings.WARRAQ_SITES)
    sys.stdout.buffer.write(write_opml(load_sites(path).values() if path.exists() else ()))


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
def config(*, names: tuple[str, ...], as_json: bool) -> None:
    """Show every setting in effect and its origin: default, warraq.toml or the environment."""
    from crawler import settings
    from crawler.configuration import default_of, unknown_variables

    held = {name: one for name, one in settings.origins.items() if not isinstance(one.value, dict) or names}
    for name in names:
        default_of(name, settings.origins, "warraq config")
    rows = [one for name, one in sorted(held.items()) if not names or name in names]
    if as_json:
        print_json({"name": one.name, "value": one.value, "origin": one.origin} for one in rows)
        return
    for one in rows:
        shown = json.dumps(one.value, ensure_ascii=False)
        click.echo(click.style(f"{one.name} = {shown}", bold=one.origin != "default") + f"  ({one.origin})")
    for name in unknown_variables(settings.origins, os.environ):
        click.echo(_("{name} in the environment is not a setting").format(name=name), err=True)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def scrapy(arguments: tuple[str, ...]) -> None:
    """Run a command of Scrapy with the settings of warraq: shell, fetch, view, parse, cluster."""
    _scrapy(*arguments)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="URL [OPTION]...")
def backfill(arguments: tuple[str, ...]) -> None:
    """Fill a site's archive with captures made by others: from a CDX server, or from CC-NEWS.

    The same as `scrapy backfill`, with the same options (`warraq backfill --help`).
    """
    _scrapy("backfill", *arguments)


def _set(settings: tuple[str, ...]) -> list[str]:
    return [word for one in settings for word in ("-s", one)]


def _kind(site: str) -> str:
    """Return whether `site` is an entry (`site`) or a `url`; raises UsageError for an unknown name."""
    from crawler import settings
    from crawler.sites import load_site, load_sites

    path = Path(settings.WARRAQ_SITES)
    if path.exists() and site in load_sites(path):
        return "site"
    if "://" not in site and "." not in site:
        load_site(path, site)
    return "url"


def _scrapy(*arguments: str) -> NoReturn:
    """Run a command of `scrapy` in this process, which it ends, with the archive that --archive names."""
    folders = click.get_current_context().find_root().params["folders"]
    if arguments and folders:
        arguments = (*arguments, "-s", f"ARCHIVE_DIR={folders[0]}")
    os.environ.setdefault("SCRAPY_SETTINGS_MODULE", "crawler.settings")
    sys.argv[0] = "warraq"
    from scrapy.cmdline import execute

    execute(["scrapy", *arguments])
    raise AssertionError  # it never returns


warraq.sections = {"Set up and crawl": (), **warraq.sections}
warraq.add_section("Set up and crawl", (init, add, crawl, run, save, backfill, sites, opml, config, scrapy))


def main() -> None:
    """Run the console script; end with one line when warraq.toml or the environment has a mistake."""
    use_locale(sys.argv)  # before the settings are read: errors in them are messages, too
    from crawler import settings

    for name in ("WARRAQ_OPERATOR", "WARRAQ_AUTHORITIES", "WARRAQ_AUTHORITY_ROOTS", "WARRAQ_KEYS", "WARRAQ_SAVE_TOKEN"):
        if value := getattr(settings, name):
            os.environ.setdefault(name, value)  # `warraq seal` and `warraq serve` read them there
    cli.main(Workspace(collections=Path(settings.WARRAQ_COLLECTIONS)))


if __name__ == "__main__":
    main()

"""Define the monitoring commands: health, timeline, group."""

from __future__ import annotations

import json
import urllib.request
from contextlib import suppress
from dataclasses import asdict
from datetime import date, timedelta
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.archive import Archive
from archive.cli.output import in_each, isolate, json_option, print_json, workspace_of
from archive.errors import ExitCode, NotFoundError, UsageError
from archive.files import output_to, replace_file
from archive.files.clock import now
from archive.http.client import NoResponseError, exchange
from archive.index import reports, runs
from archive.index.monitor import HISTORY, Day, alarms_of_all, prometheus
from archive.library import group_similar
from archive.locale import n_, translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archive.index.front_pages import HeadlineSpan
    from archive.index.monitor import Alarm

WEBHOOK_SECONDS = 10.0


@click.command()
@click.option(
    "--day", "wanted", metavar="YYYY-MM-DD", help="The day to check (UTC). By default yesterday, and today so far."
)
@click.option(
    "--days", "shown", type=click.IntRange(1), default=7, show_default=True, help="How many days of the ledger to show."
)
@click.option(
    "--textfile",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the figures for Prometheus (node_exporter's textfile collector).",
)
@click.option("--webhook", metavar="URL", help="POST the alarms, if any, as JSON to this URL.")
@json_option
@click.pass_context
def health(
    ctx: click.Context, *, wanted: str | None, shown: int, textfile: Path | None, webhook: str | None, as_json: bool
) -> None:
    """Compare what each site announced with what was captured, and raise alarms.

    Alarms: not-crawled, silent, shrinking (new articles, compared with the same weekdays before), failing, disallowed (visits),
    incomplete (announced but not captured), extraction-changed (quarantine, authors, dates, length of texts), session-expired (pages
    that were complete are teasers or logins), barren (never an article). The last two are raised at once, the others after crawls on
    seven days. Without --archive, all archives in collections/ are checked. Ends with exit code 12 if an alarm is raised.
    """  # fmt: skip
    folders = workspace_of(ctx).folders()
    today = _today(folders)
    day = _date(wanted) if wanted else today - timedelta(days=1)
    days: list[Day] = []
    for folder in folders:
        with Archive(folder) as archive:
            days += reports.days(archive.db, first=day - HISTORY, last=max(day, today))
    alarms = alarms_of_all(days, day, today=None if wanted else today)
    if as_json:
        print_json(_rows(days, alarms, day, shown))
    else:
        _print(days, alarms, day, shown)
    if textfile:
        with output_to(textfile) as file:
            replace_file(file, [prometheus(_figures_on(days, day), alarms).encode()])
    if webhook and alarms:
        post(webhook, alarms)
    if alarms:
        ctx.exit(ExitCode.ALARM)


def _figures_on(days: list[Day], day: date) -> list[Day]:
    """Return the figures of each site on this day; for a newer site, those of its first day."""
    firsts: dict[str, Day] = {}
    for entry in sorted(days, key=lambda entry: entry.day):
        firsts.setdefault(entry.site, entry)
    return [*(one for one in days if one.day == day), *(one for one in firsts.values() if one.day > day)]


def _today(folders: list[Path]) -> date:
    """Return the current day by the clock of this machine, or by that of a crawl that is ahead of it."""
    today = now().date()
    for folder in folders:
        with Archive(folder) as archive, suppress(ValueError):
            today = max(today, date.fromisoformat(runs.last_begun(archive.db)[:10]))
    return today


@click.command()
@click.argument("page", metavar="[URL]", default="")
@click.option("--site", default="", help="Only the front pages of this site.")
@click.option("--from", "first", metavar="DAY", default="", help="Not before this day (2026-11-24, UTC).")
@click.option("--to", "last", metavar="DAY", default="", help="Not after this day.")
@click.option(
    "--places", type=click.IntRange(1, 15), default=1, show_default=True, help="How many positions from the top."
)
@json_option
@click.pass_context
def timeline(ctx: click.Context, *, page: str, site: str, first: str, last: str, places: int, as_json: bool) -> None:
    """Show the headlines of archived front pages over time: each with its position and the captures that show it there.

    URL is a front page; without it, all captured ones are shown. An archive of an older version needs `warraq reindex` first.
    """
    days = [_date(day).isoformat() if day else "" for day in (first, last)]
    found: list[HeadlineSpan] = []
    for folder in workspace_of(ctx).folders():
        with Archive(folder) as archive:
            found += archive.timeline(page, site=site, first=days[0], last=days[1], places=places)
    if not found:
        raise NotFoundError(page or _("a front page with headlines"))
    if as_json:
        print_json(map(asdict, found))
        return
    for number, spell in enumerate(found):
        if not number or spell.page != found[number - 1].page:
            click.echo(isolate(spell.page))
        place = f"{spell.place}  " if places > 1 else ""
        click.echo(f"  {spell.first_at[:16]} … {spell.last_at[:16]}  {place}{isolate(spell.title)}  {spell.url}")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(_("{text!r} is not a date; write it as 2026-11-24").format(text=text)) from None


def _plain(entry: Day | Alarm) -> dict[str, Any]:
    return {**asdict(entry), "day": entry.day.isoformat()}


def _rows(days: list[Day], alarms: list[Alarm], day: date, shown: int) -> list[dict[str, Any]]:
    recent = [entry for entry in days if entry.day > day - timedelta(days=shown)]
    return [
        *({"what": "day", **_plain(entry)} for entry in recent),
        *({"what": "alarm", **_plain(alarm)} for alarm in alarms),
    ]


def _print(days: list[Day], alarms: list[Alarm], day: date, shown: int) -> None:
    for entry in days:
        if entry.day > day - timedelta(days=shown):
            missed = ", ".join(f"{reason} {n}" for reason, n in entry.missed.items())
            click.echo(
                _(
                    "{day}  {site}: {announced} announced, {captured} captured{missed}; {new} new; {visits}, "
                    "{failed} failed, {quarantined} quarantined, {disallowed} disallowed"
                ).format(
                    day=entry.day,
                    site=entry.site,
                    announced=entry.announced,
                    captured=entry.captured,
                    missed=_(", missed: {missed}").format(missed=missed) if missed else "",
                    new=entry.new,
                    visits=n_("{n} visit", "{n} visits", entry.visits),
                    failed=entry.failed,
                    quarantined=entry.quarantined,
                    disallowed=entry.disallowed,
                )
            )
    for alarm in alarms:
        click.echo(
            f"{click.style(_('ALARM'), fg='red')}  {alarm.day}  {alarm.site}  {alarm.kind}: {translated(alarm.detail)}"
        )
    if not alarms:
        click.echo(_("No alarm."))


def post(url: str, alarms: list[Alarm]) -> None:
    """Send the alarms to a webhook as JSON; a failure is reported on stderr and does not change the exit code."""
    if not url.startswith(("http://", "https://")):
        raise UsageError(_("{url!r} is not a web address").format(url=url))
    text = "\n".join(f"{alarm.site} {alarm.day} {alarm.kind}: {alarm.detail}" for alarm in alarms)
    body = json.dumps({"text": text, "alarms": [_plain(alarm) for alarm in alarms]}, ensure_ascii=False).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - checked above
    try:
        answer = exchange(request, seconds=WEBHOOK_SECONDS)
    except NoResponseError as error:
        click.echo(_("warraq health: the webhook did not accept the alarms: {error}").format(error=error), err=True)
    else:
        if not 200 <= answer.status < 300:
            click.echo(
                _("warraq health: the webhook did not accept the alarms: status {status}").format(status=answer.status),
                err=True,
            )


@click.command()
@click.option(
    "--limit", type=click.IntRange(0), default=1000, show_default=True, help="Groups to print, the newest first."
)
@json_option
@click.pass_context
def group(ctx: click.Context, *, limit: int, as_json: bool) -> None:
    """Group near-identical articles (wire copy, duplicates), and show who published each first.

    Compares the articles that are new since the last run, then prints the groups of each archive. Writes to the archive: during a crawl
    it ends with exit code 4.
    """
    count = 0
    for collection, named in in_each(ctx):
        members = group_similar(collection.folder, limit=limit)
        count += len(members)
        if as_json:
            print_json({**named, **row} for row in members)
            continue
        _print_families(members)
    if not count:
        click.echo(_("There are no near-identical articles."), err=as_json)


def _print_families(members: Sequence[Mapping[str, Any]]) -> None:
    for row in members:
        mark = _("first") if row["place"] == 1 else f"{row['resemblance']:.0%}".rjust(5)
        click.echo(
            f"{'' if row['place'] > 1 else chr(10)}{mark}  {row['first'][:16]}  {row['site']}  {isolate(row['title'])}  {row['url']}"
        )


COMMANDS = (health, timeline, group)

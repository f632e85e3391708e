"""Report on a crawl: its progress line, its summary, its exit code."""

from __future__ import annotations

from gettext import gettext as _
from typing import TYPE_CHECKING

from archive.errors import WORST_FIRST, ExitCode
from archive.index import frontier
from archive.ingest.commit import CHANGES
from archive.locale import n_, translated
from archive.terminal import duration
from crawler.diagnosis import is_refusal

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Mapping
    from typing import Any

    from crawler.report import OutOfScope, RenderReport, Report, RequisiteReport


def changes_text(figures: Mapping[str, Any]) -> str:
    """Return the counts of articles in a summary: `2 new, 1 changed, 0 updated, 5 unchanged`."""
    return ", ".join(f"{figures[f'articles_{change}']} {_(change)}" for change in CHANGES)


def progress_line(report: Report) -> str:
    """Return one line on the progress of the crawl."""
    return _(
        "{site}: {exchanges} fetched ({bytes}), articles {as_dict}; {quarantined} quarantined, {failures} failed"
    ).format(
        site=report.site,
        exchanges=report.exchanges,
        bytes=_size(report.bytes),
        as_dict=changes_text(report.as_dict()),
        quarantined=sum(report.quarantined.values()),
        failures=sum(report.failures.values()),
    )


def live_text(report: Report, *, seconds: float, queue: int) -> str:
    """Return the progress line: pages, articles, rate, queue and time left in about sixty characters, then the last title."""
    rate = report.exchanges / seconds if seconds else 0.0
    parts = [
        n_("{n} page", "{n} pages", report.exchanges),
        n_("{n} article", "{n} articles", report.articles.total()),
        _("{rate:.1f}/s").format(rate=rate) if rate else "",
        _("{queue} queued").format(queue=_still_due(queue)),
        _("{rate} left").format(rate=duration(min(queue, report.room) / rate)) if rate and queue else "",
        report.last_title,
    ]
    return ", ".join(filter(None, parts))


def summary_text(report: Report) -> str:
    """Return the summary as text."""
    rows = [
        (
            _("pages fetched"),
            _("{exchanges} ({bytes}; {bytes_saved} more saved by revisits)").format(
                exchanges=report.exchanges, bytes=_size(report.bytes), bytes_saved=_size(report.bytes_saved)
            ),
        ),
        (_("articles"), changes_text(report.as_dict())),
        (_("quarantined"), _counts(report.quarantined)),
        (_("gone"), str(report.outcomes["gone"])),
        (_("disallowed by robots.txt"), str(report.outcomes["disallowed"])),
        (_("failed"), _counts(report.failures)),
        (_("left out by a limit"), _counts(report.left_out)),
        (_("out of scope"), _hosts(report.out_of_scope)),
        *_loaded(report.requisites),
        *_rendered(report.rendering),
        (
            _("URLs"),
            _("{announced} announced, {still_due} still due").format(
                announced=report.announced, still_due=_still_due(report.still_due)
            ),
        ),
        (_("ended"), "; ".join(translated(one) for one in (report.reason, report.seed_problem, report.problem) if one)),
        (_("files"), _files(report)),
    ]
    if report.log_held_bytes:
        grown = _(
            "warraq.db-wal grew to {log_held_bytes}: another process held a read transaction open (wal-held)"
        ).format(log_held_bytes=_size(report.log_held_bytes))
        rows.insert(-1, (_("warning"), grown))
    rows[-1:-1] = [
        (_("warning"), translated(warning))
        for warning in (str(report.session), str(report.rendering), report.no_article, *report.warnings)
        if warning
    ]
    rows = [(name, value) for name, value in rows if value != "0"]
    width = max(len(name) for name, value in rows)
    return "\n".join(
        [
            "",
            _("Crawl of {site}").format(site=report.site),
            *(f"  {name:<{width}}  {value}" for name, value in rows),
            "",
        ]
    )


def _loaded(figures: RequisiteReport) -> list[tuple[str, str]]:
    """Return the summary lines for requisites, if any was fetched, is missing or waits."""
    if not (figures.exchanges or figures.missing or figures.still_due):
        return []
    kept = ", ".join(f"{figures.kept[word]} {_(word)}" for word in ("new", "unchanged"))
    rows = [
        (
            _("requisites"),
            _("{exchanges} fetched ({bytes}): {kept}").format(
                exchanges=figures.exchanges, bytes=_size(figures.bytes), kept=kept
            ),
        )
    ]
    rows += [(_("requisites missing"), _counts(figures.missing))] if figures.missing else []
    rows += [(_("requisites still due"), _still_due(figures.still_due))] if figures.still_due else []
    return rows


def _rendered(figures: RenderReport) -> list[tuple[str, str]]:
    """Return the summary lines for rendering, if any page was or could not be rendered."""
    rows = []
    if figures.pages:
        met = f" ({', '.join(f'{word} {n}' for word, n in figures.met.most_common())})" if figures.met else ""
        rows.append((_("rendered"), n_("{n} page{met}", "{n} pages{met}", figures.pages, met=met)))
    return [*rows, (_("not rendered"), _counts(figures.failed))] if figures.failed else rows


def _files(report: Report) -> str:
    if not report.folder:
        return _("none: nothing was received, and no archive was created")
    return f"{report.folder}  ({', '.join(report.warcs) or _('no new WARC')})"


def _hosts(found: OutOfScope) -> str:
    """Return the number of URLs, and the most frequent hosts with an example of each."""
    most = found.as_dict(5)
    named = ", ".join(f"{host} {each['urls']}" for host, each in most.items())
    example = next((_("; such as {example}").format(example=each["example"]) for each in most.values()), "")
    return f"{found.counts.total()} ({named}{example})" if most else "0"


def _still_due(count: int) -> str:
    return _("{count:,} or more").format(count=count) if count >= frontier.DUE_COUNTED else str(count)


def _counts(counter: Counter[str]) -> str:
    total = sum(counter.values())
    return f"{total} ({', '.join(f'{reason} {n}' for reason, n in counter.most_common())})" if total else "0"


def _size(n: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if n < 1000:
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1000
    return f"{n:.1f} TB"


ENDED_WELL = frozenset({"finished", "closespider_timeout", "closespider_pagecount", "cancelled"})


CUT_OFF = {
    "shutdown": ExitCode.STOPPED,
    "locked": ExitCode.LOCKED,
    "not-writable": ExitCode.NOT_WRITABLE,
    "no-workers": ExitCode.NO_WORKERS,
}


def exit_code(report: Report | None) -> ExitCode:
    """Return the exit code of one crawl; `report` is None if it never began."""
    if report is None:
        return ExitCode.BROKEN
    if report.reason in CUT_OFF:
        return CUT_OFF[report.reason]
    if report.reason not in ENDED_WELL:
        return ExitCode.BROKEN
    if report.session.has_expired:
        return ExitCode.SESSION_EXPIRED
    fruitless = not report.articles and not report.outcomes["listing"]
    if report.seed_problem and fruitless and not is_refusal(report.no_article_reason):
        return ExitCode.UNREACHABLE
    return ExitCode.NO_ARTICLES if report.no_article else ExitCode.DONE


def worst(codes: Iterable[int]) -> ExitCode:
    """Return the code that stands for several crawls."""
    found = set(codes) or {ExitCode.DONE}
    return next((code for code in WORST_FIRST if code in found), ExitCode.BROKEN)

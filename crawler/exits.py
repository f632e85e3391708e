"""How crawls ended, as an exit code of archive.exitcodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.exitcodes import WORST_FIRST, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.report import Report

ENDED_WELL = frozenset({"finished", "closespider_timeout", "closespider_pagecount", "cancelled"})


CUT_OFF = {"shutdown": ExitCode.STOPPED, "locked": ExitCode.LOCKED, "not-writable": ExitCode.NOT_WRITABLE}


def exit_code(report: Report | None) -> ExitCode:
    """The code of one crawl; None is one that never began."""
    if report is None:
        return ExitCode.BROKEN
    if report.reason in CUT_OFF:
        return CUT_OFF[report.reason]
    if report.reason not in ENDED_WELL:
        return ExitCode.BROKEN
    if report.session.has_expired:
        return ExitCode.SESSION_EXPIRED
    fruitless = not report.articles and not report.outcomes["listing"]
    if report.seed_problem and fruitless:
        return ExitCode.UNREACHABLE
    return ExitCode.NO_ARTICLES if report.no_article else ExitCode.DONE


def worst(codes: Iterable[int]) -> ExitCode:
    """The code that stands for several crawls."""
    found = set(codes) or {ExitCode.DONE}
    return next((code for code in WORST_FIRST if code in found), ExitCode.BROKEN)

"""How a crawl ended, as an exit code for cron and systemd."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.report import Report

DONE, SEED_FAILED, BROKEN = 0, 9, 10


def exit_code(report: Report | None) -> int:
    """0 when the crawl did its work, 9 when no start page could be had, 10 when it was stopped by an error of ours."""
    if report is None or report.reason not in {"finished", "shutdown", "closespider_timeout", "cancelled"}:
        return BROKEN
    fruitless = not report.articles and not report.outcomes["listing"]
    return SEED_FAILED if report.seed_problem and fruitless else DONE

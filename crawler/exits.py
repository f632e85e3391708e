"""How crawls ended, as an exit code for cron, systemd and scripts.

  0  done
  2  wrong usage: an argument or sites.toml makes no sense
  4  in use: another process writes to the archive, or another crawlall runs
  5  the archive was made by a newer warraq
  6  cannot write: permission, disk full
  7  a backfill could not have all that the index lists
  9  the start page of a site cannot be had, and nothing else of it either
 10  a crawl broke off by an error of ours
 11  told to stop (SIGTERM, SIGINT) or its lease over: what was done is safe, the rest stays due
 13  `scrapy cluster`: a node does not answer, or did not take a job; the others were served

2 to 6 are the codes of `archive.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive import NotWritableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.report import Report

DONE, IN_USE, INCOMPLETE, SEED_FAILED, BROKEN, STOPPED, NODE_SILENT = 0, 4, 7, 9, 10, 11, 13

WORST_FIRST = (BROKEN, 1, NotWritableError.exit_code, 5, 2, STOPPED, IN_USE, SEED_FAILED, DONE)
"""Which code stands for several crawls: our own failures before the world's, and those before what only has to wait."""

ENDED_WELL = frozenset({"finished", "closespider_timeout", "closespider_pagecount", "cancelled"})


def exit_code(report: Report | None) -> int:
    """The code of one crawl; None is one that never began."""
    if report is None:
        return BROKEN
    if report.reason == "shutdown":
        return STOPPED
    if report.reason == "not-writable":
        return NotWritableError.exit_code
    if report.reason not in ENDED_WELL:
        return BROKEN
    fruitless = not report.articles and not report.outcomes["listing"]
    return SEED_FAILED if report.seed_problem and fruitless else DONE


def worst(codes: Iterable[int]) -> int:
    """The code that stands for several crawls."""
    found = set(codes) or {DONE}
    return next((code for code in WORST_FIRST if code in found), BROKEN)

"""The exit codes of `warraq` and `scrapy`: one table, from which every --help, the README and docs/operations.md are rendered."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a process says when it ends: a number, what it means, and what to do about it."""

    meaning: str
    advice: str

    DONE = 0, "done, or nothing was due", ""
    ERROR = 1, "an error without a code of its own", "read the message"
    USAGE = 2, "wrong usage, or a mistake in a configuration file", "correct what the message names"
    NO_ARCHIVE = 3, "no archive in that folder", "name another with `--archive`"
    LOCKED = 4, "in use by another process", "nothing; the next run carries on"
    TOO_NEW = 5, "the archive was made by a newer warraq", "upgrade warraq"
    NOT_WRITABLE = 6, "cannot write: permission, disk full", "free space; what was committed is safe, the rest is due"
    DAMAGED = 7, "a file is damaged", "`warraq verify` locates the damage, `warraq repair` and `warraq reindex` mend it"
    NOT_FOUND = 8, "nothing found by that name", "`warraq list` and `warraq search` show what is there"
    UNREACHABLE = 9, "a start page or CDX server is unreachable", "nothing at first; `warraq health` says if it lasts"
    BROKEN = 10, "a crawl broke off by an internal error", "read the log and report it"
    STOPPED = 11, "told to stop (SIGTERM, SIGINT, lease over)", "nothing; what was done is safe, the rest is due"
    ALARM = 12, "`warraq health` raised an alarm", "read it"
    NODE_SILENT = 13, "a cluster node does not answer or refused a job", "`scrapy cluster status` names the node"
    STORAGE = 14, "a storage does not answer or lacks a file", "read the message; the next upload tries again"
    NO_ARTICLES = 15, "the crawl found no article on the site", "read the reason in the summary; check the site's entry"
    INCOMPLETE = 16, "a backfill is incomplete", "run it again; it fetches only what is missing"
    SESSION_EXPIRED = 17, "a site's session has expired", "renew its cookies_file or headers_file"
    INTERRUPTED = 130, "interrupted by Ctrl-C", "nothing; the same command carries on"

    def __new__(cls, number: int, meaning: str, advice: str) -> ExitCode:
        """An integer with its two texts."""
        code = int.__new__(cls, number)
        code._value_ = number
        code.meaning = meaning
        code.advice = advice
        return code


CRAWL = (
    ExitCode.DONE,
    ExitCode.USAGE,
    ExitCode.LOCKED,
    ExitCode.TOO_NEW,
    ExitCode.NOT_WRITABLE,
    ExitCode.UNREACHABLE,
    ExitCode.BROKEN,
    ExitCode.STOPPED,
    ExitCode.NO_ARTICLES,
    ExitCode.SESSION_EXPIRED,
)
"""The codes of a crawl, of one site or of several."""

BACKFILL = (*CRAWL[:-2], ExitCode.INCOMPLETE)
"""The codes of `scrapy backfill`."""

ADDSITE = (ExitCode.DONE, ExitCode.USAGE, ExitCode.UNREACHABLE)
"""The codes of `scrapy addsite`."""

CLUSTER = (ExitCode.DONE, ExitCode.USAGE, ExitCode.LOCKED, ExitCode.NOT_WRITABLE, ExitCode.NODE_SILENT)
"""The codes of `scrapy cluster`."""

WARRAQ = tuple(ExitCode)
"""The codes of `warraq`."""

WORST_FIRST = (
    ExitCode.BROKEN,
    ExitCode.ERROR,
    ExitCode.NOT_WRITABLE,
    ExitCode.TOO_NEW,
    ExitCode.USAGE,
    ExitCode.STOPPED,
    ExitCode.LOCKED,
    ExitCode.SESSION_EXPIRED,
    ExitCode.UNREACHABLE,
    ExitCode.NO_ARTICLES,
    ExitCode.DONE,
)
"""Which code stands for several crawls: our errors before those of the sites, and these before what only has to wait."""


def describe(codes: tuple[ExitCode, ...]) -> str:
    """One paragraph for a --help: each code with its meaning."""
    return "Exit codes: " + "; ".join(f"{code.value} {code.meaning}" for code in codes) + "."

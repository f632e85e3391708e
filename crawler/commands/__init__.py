"""Provide what the `scrapy` commands of this project share; `warraq` has the same commands under its own names."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from scrapy.utils.log import TopLevelFormatter

from archive.errors import ExitCode
from archive.locale import translated, use_locale
from crawler import settings
from crawler.configuration import ConfigurationError, check_options, unknown_variables

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from scrapy.settings import BaseSettings

    from archive import ArchiveError

use_locale(sys.argv)  # Scrapy imports this module before any of its commands; warraq has done so itself

NAMES = {"addsite": "add", "crawlall": "run"}
"""The names in `warraq` of commands that it names differently."""

DECODED = {"Accept-Encoding": "gzip, deflate"}
"""The codings that every Scrapy installation decodes."""
READING = {
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": 590,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": 600,
}
REFERRING = {"scrapy.spidermiddlewares.referer.RefererMiddleware": 700}
"""Redirects need it."""


def check_settings(command: str, given: Iterable[str]) -> None:
    """End the process at the first `-s NAME=VALUE` with an unknown name or an invalid value; warn of unknown variables."""
    defaults = {name: one.value for name, one in settings.origins.items()}
    try:
        check_options(given, defaults)
    except ConfigurationError as error:
        refuse(command, error)
    for name in unknown_variables(defaults, os.environ):
        print_error(
            command, _("the environment has {name}, which is not a setting and changes nothing").format(name=name)
        )


class LogFile(logging.FileHandler):
    """Writes to LOG_FILE while it is writable; otherwise reports that once on stderr, and sends warnings there instead."""

    problem = ""

    def __init__(self, command: str, settings: BaseSettings) -> None:
        """Open the file as Scrapy would.

        Raises:
            OSError: it cannot be opened.
        """
        mode = "a" if settings.getbool("LOG_FILE_APPEND") else "w"
        super().__init__(settings["LOG_FILE"], mode=mode, encoding=settings["LOG_ENCODING"])
        self.command = command
        self.setFormatter(logging.Formatter(settings["LOG_FORMAT"], settings["LOG_DATEFORMAT"]))
        self.setLevel(settings["LOG_LEVEL"])
        if settings.getbool("LOG_SHORT_NAMES"):
            self.addFilter(TopLevelFormatter(["scrapy"]))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name in logging.Handler
        """Go on without the file if the disk failed, and try it again with each record."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        with suppress(OSError):  # stderr may be on the same disk
            if not self.problem:
                self.problem = _("{basefilename}; the work continues, warnings go to stderr").format(
                    basefilename=_log_error(self.baseFilename, error)
                )
                print_error(self.command, self.problem)
            if record.levelno >= logging.WARNING:
                print(self.format(record), file=sys.stderr)

    def close(self) -> None:
        """Close the file; records that a full disk rejected are lost, as `problem` has reported."""
        with suppress(OSError):
            super().close()


def _log_error(path: str, error: OSError) -> str:
    reason = error.strerror or error
    return _(
        "cannot write the log {path} ({reason}): free space, change its permissions, or name another LOG_FILE"
    ).format(path=path, reason=reason)


def open_log(command: str, settings: BaseSettings) -> None:
    """Log to LOG_FILE, if one is set, through a LogFile; end the process if it cannot be opened."""
    if not settings["LOG_FILE"]:
        return
    try:
        log = LogFile(command, settings)
    except OSError as error:
        print_error(command, _log_error(settings["LOG_FILE"], error))
        raise SystemExit(ExitCode.NOT_WRITABLE) from error
    settings.set("LOG_INSTALL_ROOT_HANDLER", False, priority="cmdline")
    logging.root.setLevel(logging.NOTSET)
    logging.root.addHandler(log)


def log_code() -> ExitCode:
    """Return the exit code for the log: whether all of it was written."""
    lost = any(isinstance(one, LogFile) and one.problem for one in logging.root.handlers)
    return ExitCode.NOT_WRITABLE if lost else ExitCode.DONE


LOGS = {"crawler.extensions.PrintableLogs": 0}
"""The EXTENSIONS of a command that has no archive."""


class WithoutArchive:
    """Mixin for Scrapy's commands on single pages: bodies decoded, redirects followed, no archive."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check the given settings, and set those that the command needs."""
        check_settings(type(self).__module__.rpartition(".")[2], opts.set)
        super().process_options(args, opts)  # type: ignore[misc]  # ScrapyCommand has it
        settings: BaseSettings = self.settings  # type: ignore[attr-defined]  # the same
        wanted = {
            "COMPRESSION_ENABLED": True,
            "REDIRECT_ENABLED": True,
            "EXTENSIONS": LOGS,
            "ITEM_PIPELINES": {},
            "DEFAULT_REQUEST_HEADERS": dict(settings["DEFAULT_REQUEST_HEADERS"]) | DECODED,
            "DOWNLOADER_MIDDLEWARES": dict(settings["DOWNLOADER_MIDDLEWARES"]) | READING,
            "SPIDER_MIDDLEWARES": dict(settings["SPIDER_MIDDLEWARES"]) | REFERRING,
        }
        for name, value in wanted.items():
            settings.set(name, value, priority="cmdline")


def program() -> str:
    """Return the program that runs, `scrapy` or `warraq`."""
    return "warraq" if Path(sys.argv[0]).name == "warraq" else "scrapy"


def print_error(command: str, problem: ArchiveError | str) -> None:
    """Print on stderr what went wrong, after the name of the command."""
    name = NAMES.get(command, command) if program() == "warraq" else command
    print(f"{program()} {name}: {translated(str(problem))}", file=sys.stderr)


def refuse(command: str, problem: ArchiveError | str) -> NoReturn:
    """Report an error in the command line, and end the process."""
    print_error(command, problem)
    raise SystemExit(ExitCode.USAGE)

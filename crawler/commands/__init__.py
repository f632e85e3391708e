"""Provide what the `scrapy` commands of this project share; `warraq` has the same commands under names of its own."""

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
"""What `warraq` calls those that it names otherwise."""

DECODED = {"Accept-Encoding": "gzip, deflate"}
"""What Scrapy decodes wherever it is installed."""
READING = {
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": 590,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": 600,
}
REFERRING = {"scrapy.spidermiddlewares.referer.RefererMiddleware": 700}
"""Redirects ask for it."""


def check_settings(command: str, given: Iterable[str]) -> None:
    """Refuse the first `-s NAME=VALUE` of which the name is not known, or the value not valid; names odd variables."""
    defaults = {name: one.value for name, one in settings.origins.items()}
    try:
        check_options(given, defaults)
    except ConfigurationError as error:
        refuse(command, error)
    for name in unknown_variables(defaults, os.environ):
        tell(command, _("the environment has {name}, which is not a setting and changes nothing").format(name=name))


class LogFile(logging.FileHandler):
    """LOG_FILE as long as it can be written: says once on stderr that it cannot, and sends warnings there instead."""

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
        """Go on without the file when it was the disk that failed, trying it again with each record."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        with suppress(OSError):  # stderr may lie on the same disk
            if not self.problem:
                self.problem = _("{basefilename}; the work continues, warnings go to stderr").format(
                    basefilename=_log_error(self.baseFilename, error)
                )
                tell(self.command, self.problem)
            if record.levelno >= logging.WARNING:
                print(self.format(record), file=sys.stderr)

    def close(self) -> None:
        """Close the file; what a full disk did not take is lost, as `problem` has said."""
        with suppress(OSError):
            super().close()


def _log_error(path: str, error: OSError) -> str:
    reason = error.strerror or error
    return _(
        "cannot write the log {path} ({reason}): free space, change its permissions, or name another LOG_FILE"
    ).format(path=path, reason=reason)


def open_log(command: str, settings: BaseSettings) -> None:
    """Log to LOG_FILE, if one is set, through a handler of our own; end the process if it cannot be opened."""
    if not settings["LOG_FILE"]:
        return
    try:
        log = LogFile(command, settings)
    except OSError as error:
        tell(command, _log_error(settings["LOG_FILE"], error))
        raise SystemExit(ExitCode.NOT_WRITABLE) from error
    settings.set("LOG_INSTALL_ROOT_HANDLER", False, priority="cmdline")
    logging.root.setLevel(logging.NOTSET)
    logging.root.addHandler(log)


def log_code() -> ExitCode:
    """Return the code of the log: whether all of it could be written."""
    lost = any(isinstance(one, LogFile) and one.problem for one in logging.root.handlers)
    return ExitCode.NOT_WRITABLE if lost else ExitCode.DONE


class LookOnly:
    """Goes before the class of a command of Scrapy's that looks at single pages: bodies decoded, redirects followed, no archive."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check the settings that were given, and set those that the command needs."""
        check_settings(type(self).__module__.rpartition(".")[2], opts.set)
        super().process_options(args, opts)  # type: ignore[misc]  # ScrapyCommand has it
        settings: BaseSettings = self.settings  # type: ignore[attr-defined]  # the same
        wanted = {
            "COMPRESSION_ENABLED": True,
            "REDIRECT_ENABLED": True,
            "EXTENSIONS": {},
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


def tell(command: str, problem: ArchiveError | str) -> None:
    """Say on stderr what went wrong, after the command as it was typed."""
    name = NAMES.get(command, command) if program() == "warraq" else command
    print(f"{program()} {name}: {translated(str(problem))}", file=sys.stderr)


def refuse(command: str, problem: ArchiveError | str) -> NoReturn:
    """Report what is wrong with the command line, and end the process."""
    tell(command, problem)
    raise SystemExit(ExitCode.USAGE)

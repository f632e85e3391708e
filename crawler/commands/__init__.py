"""Provide what the `scrapy` commands of this project share; `warraq` has the same commands under names of its own."""

from __future__ import annotations

import os
import sys
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from archive.errors import ExitCode
from archive.terminal import use_locale
from crawler import settings
from crawler.configuration import ConfigurationError, check_options, unknown_variables

if TYPE_CHECKING:
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


def look_only(settings: BaseSettings) -> None:
    """Set what Scrapy's own commands need to look at single pages: bodies decoded, redirects followed, no archive."""
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
    print(f"{program()} {name}: {problem}", file=sys.stderr)


def refuse(command: str, problem: ArchiveError | str) -> NoReturn:
    """Report what is wrong with the command line, and end the process."""
    tell(command, problem)
    raise SystemExit(ExitCode.USAGE)

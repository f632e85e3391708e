"""Define `scrapy parse`: Scrapy's own command, which parses a page as the spider does, without an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.commands import parse

from crawler.commands import check_settings, look_only

if TYPE_CHECKING:
    import argparse


class Command(parse.Command):
    """The command, with settings that fit it."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check the settings that were given, and set the others."""
        check_settings("parse", opts.set)
        opts.spider = opts.spider or "news"  # which no URL leads to: it is for all sites
        super().process_options(args, opts)
        assert self.settings is not None  # noqa: S101 - scrapy.cmdline sets it
        look_only(self.settings)

"""Define `scrapy parse`: Scrapy's own command, which parses a page as the spider does, without an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.commands import parse

from crawler.commands import LookOnly

if TYPE_CHECKING:
    import argparse


class Command(LookOnly, parse.Command):
    """The command of Scrapy."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Parse with the spider `news` where none is named: no URL leads to it, for it is for all sites."""
        opts.spider = opts.spider or "news"
        super().process_options(args, opts)

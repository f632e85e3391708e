"""Define `scrapy parse`: Scrapy's own command, which parses a page as the spider does, without an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.commands import parse

from crawler.commands import WithoutArchive

if TYPE_CHECKING:
    import argparse


class Command(WithoutArchive, parse.Command):
    """The command of Scrapy."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Use the spider `news` unless another is named: Scrapy cannot find it by URL, since it serves all sites."""
        opts.spider = opts.spider or "news"
        super().process_options(args, opts)

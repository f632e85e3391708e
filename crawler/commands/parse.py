"""Define `scrapy parse`: Scrapy's own command, which parses a page as the spider does, without an archive."""

from scrapy.commands import parse

from crawler.commands import LookOnly


class Command(LookOnly, parse.Command):
    """The command of Scrapy."""

"""Define `scrapy fetch`: Scrapy's own command, which prints a page, without an archive."""

from scrapy.commands import fetch

from crawler.commands import LookOnly


class Command(LookOnly, fetch.Command):
    """The command of Scrapy."""

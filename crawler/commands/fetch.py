"""Define `scrapy fetch`: Scrapy's own command, which prints a page, without an archive."""

from scrapy.commands import fetch

from crawler.commands import WithoutArchive


class Command(WithoutArchive, fetch.Command):
    """The command of Scrapy."""

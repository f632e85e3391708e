"""Define `scrapy shell`: Scrapy's own command, an interactive prompt for a page, without an archive."""

from scrapy.commands import shell

from crawler.commands import WithoutArchive


class Command(WithoutArchive, shell.Command):
    """The command of Scrapy."""

"""Define `scrapy shell`: Scrapy's own command, an interactive prompt for a page, without an archive."""

from scrapy.commands import shell

from crawler.commands import LookOnly


class Command(LookOnly, shell.Command):
    """The command of Scrapy."""

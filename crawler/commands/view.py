"""Define `scrapy view`: Scrapy's own command, which opens a page in the browser, without an archive."""

from scrapy.commands import view

from crawler.commands import WithoutArchive


class Command(WithoutArchive, view.Command):
    """The command of Scrapy."""

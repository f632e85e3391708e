"""Pass each article to the open archive, after all other pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy.exceptions import NotConfigured

from crawler.extensions import ArchiveExtension
from crawler.items import ArticleItem

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class ArchivePipeline:
    """Passes each ArticleItem to the archive; it is durable after the next group commit."""

    def __init__(self, archive: ArchiveExtension) -> None:
        self._archive = archive

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the open archive from the extension."""
        extension = crawler.get_extension(ArchiveExtension)
        if extension is None:
            raise NotConfigured("there is no archive to store articles in: enable crawler.extensions.ArchiveExtension")
        return cls(extension)

    async def process_item(self, item: object) -> object:
        """Finish an article; other items pass through."""
        if isinstance(item, ArticleItem):
            self._archive.finish(item.disposition)
        return item

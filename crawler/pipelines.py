"""Hand each article to the archive that the extension holds open, after all other pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy.exceptions import NotConfigured

from crawler.extensions import ArchiveExtension
from crawler.items import ArticleItem

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class ArchivePipeline:
    """Hands each ArticleItem to the archive; durable after the next group commit."""

    def __init__(self, archive: ArchiveExtension) -> None:
        self._archive = archive

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the open archive from the extension."""
        extension = crawler.get_extension(ArchiveExtension)
        if extension is None:
            raise NotConfigured(
                "without an archive (crawler.extensions.ArchiveExtension) there is nothing to hand articles to"
            )
        return cls(extension)

    async def process_item(self, item: object) -> object:
        """Settle an article; other items pass through."""
        if isinstance(item, ArticleItem):
            self._archive.finish(item.settled)
        return item

"""Define the item that the spider yields: an article. `scrapy crawl news -O out.jsonl` writes the articles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archive.index.columns import described

if TYPE_CHECKING:
    from archive import Article
    from archive.ingest.commit import Disposition


class ArticleItem(dict[str, Any]):
    """An article with the field names of the `articles` table; `disposition` is the disposition that the pipeline passes to the archive."""

    def __init__(self, article: Article, disposition: Disposition) -> None:
        super().__init__(described(article), warc_record_id=disposition.row.record_id if disposition.row else "")
        self.disposition = disposition

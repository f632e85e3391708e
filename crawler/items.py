"""What the spider hands on: an article, and with it what the archive stores. `scrapy crawl news -O out.jsonl` writes the articles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archive import Article, Disposition


class ArticleItem(dict[str, Any]):
    """An article in the field names of the `articles` table; `settled` is what the pipeline hands to the archive."""

    def __init__(self, article: Article, settled: Disposition) -> None:
        super().__init__(
            url=article.url,
            title=article.title,
            text=article.text,
            author=article.author,
            date_published=article.date_published,
            date_modified=article.date_modified,
            section=article.section,
            tags=list(article.tags),
            language=article.language,
            description=article.description,
            sitename=article.sitename,
            source=article.source,
            image=article.images[0].url if article.images else "",
            warc_record_id=settled.row.record_id if settled.row else "",
        )
        self.settled = settled

"""Read one page for `scrapy parse --spider news URL`: its article, or why it is none."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scrapy import Spider

from archive import Page
from archive.extract import extract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.http import Response


class PageSpider(Spider):
    """Stores nothing; it has no name, so that Scrapy does not list it."""

    def parse(self, response: Response) -> Iterator[dict[str, Any]]:
        """Yield the article of the page, or the reason why it is none."""
        page = Page(
            body=response.body, url=response.url, fetched_at=datetime.now(UTC), headers=_pairs(response), status=response.status
        )  # fmt: skip
        extraction = extract(page)
        if extraction.article is None:
            yield {"url": response.url, "reason": extraction.reason, "detail": extraction.detail}
        else:
            yield asdict(extraction.article)


def _pairs(response: Response) -> tuple[tuple[str, str], ...]:
    """Return the header fields of a response, as a page has them."""
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values
    )

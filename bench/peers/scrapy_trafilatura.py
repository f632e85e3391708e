"""Run a plain Scrapy spider on a sitemap, with trafilatura and its metadata, and write JSON Lines. Arguments: URL, file."""

from __future__ import annotations

import json
import sys
from typing import Any

import scrapy
import trafilatura
from lxml import etree
from scrapy.crawler import CrawlerProcess


class Peer(scrapy.Spider):
    name = "peer"

    async def start(self) -> Any:
        yield scrapy.Request(sys.argv[1] + "sitemap.xml", callback=self.sitemap)

    def sitemap(self, response: Any) -> Any:
        for loc in etree.fromstring(response.body).iter("{*}loc"):
            yield scrapy.Request(loc.text)

    def parse(self, response: Any) -> Any:
        found = trafilatura.bare_extraction(response.body, url=response.url, with_metadata=True, include_comments=False)
        if found:
            yield found if isinstance(found, dict) else found.as_dict()


class Lines:
    def open_spider(self) -> None:
        self.file = open(sys.argv[2], "w", encoding="utf-8")  # noqa: PTH123, SIM115

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        keep = {k: v for k, v in item.items() if isinstance(v, (str, int, list, type(None)))}
        self.file.write(json.dumps(keep, ensure_ascii=False, default=str) + "\n")
        return item

    def close_spider(self) -> None:
        self.file.close()


process = CrawlerProcess(
    {
        "LOG_LEVEL": "ERROR",
        "TELNETCONSOLE_ENABLED": False,
        "CONCURRENT_REQUESTS": 16,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
        "DOWNLOAD_DELAY": 0,
        "ITEM_PIPELINES": {"__main__.Lines": 1},
        "USER_AGENT": "peer",
    }
)
process.crawl(Peer)
process.start()

"""Run news-please on a sitemap with two processes, and write JSON Lines. Arguments: URL, file.

It runs in its own environment, which bench/crawl.py creates.
"""

from __future__ import annotations

import gzip
import json
import sys
import urllib.request
from multiprocessing import Pool
from xml.etree import ElementTree as ET

from newsplease import NewsPlease


def read(url: str) -> dict[str, str] | None:
    """Return the article at a URL, None if news-please fails for any reason."""
    try:
        article = NewsPlease.from_url(url)
    except (Exception, SystemExit):  # noqa: BLE001
        return None
    if article is None or not article.maintext:
        return None
    return {name: str(value) for name, value in article.get_serializable_dict().items()}


if __name__ == "__main__":
    with urllib.request.urlopen(sys.argv[1] + "sitemap.xml") as answer:
        body = answer.read()
    sitemap = ET.fromstring(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
    urls = [loc.text for loc in sitemap.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    with Pool(2) as pool, open(sys.argv[2], "w", encoding="utf-8") as file:  # noqa: PTH123
        for found in pool.imap_unordered(read, urls):
            if found:
                file.write(json.dumps(found, ensure_ascii=False) + "\n")

"""Measure the cost and accuracy of discovery: `python -m bench.discovery [--corpora FOLDER]` prints two tables.

Costs are CPU times of one process on generated text. Accuracy is measured on the corpora, if available: URLs known to be
articles (classified without the text of a link), and links of one to three words in navigation, headers and footers of
the same pages, most of which are not articles.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from lxml import etree

from archive.discovery import classify_link, pattern_of, read_feed, read_sitemap, trap_reason
from archive.extract import find_links
from archive.extract.document import parse_html
from archive.extract.page import read_model
from archive.urls import canonicalise, display, join, main_url_of, site_of, surt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SITE = "https://www.example.org"
ARABIC = f"{SITE}/news/2026/11/24/%D9%82%D9%85%D8%A9-%D8%B9%D8%B1%D8%A8%D9%8A%D8%A9-%D9%81%D9%8A-%D8%A7%D9%84%D9%82%D8%A7%D9%87%D8%B1%D8%A9"
NAVIGATION = etree.XPath("//nav|//header|//footer|//*[contains(@class, 'menu') or contains(@class, 'navbar')]")
ARTICLE_CORPORA = ("ar-7seen", "ar-misc", "fundus-eval", "fundus-tests", "magic-article", "scrapinghub")


def feed_of(entries: int) -> bytes:
    text = "<![CDATA[<p>" + "نص الخبر كما يرويه المراسل من مكانه. " * 50 + "</p>]]>"
    items = "".join(
        f"<item><title>خبر رقم {n} &amp; تفاصيله</title><link>{SITE}/news/{n}?a=1&b=2</link>"
        f"<pubDate>Tue, 24 Nov 2026 05:00:00 GMT</pubDate><description>{text}</description></item>"
        for n in range(entries)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>أخبار</title>{items}</channel></rss>'.encode()


def sitemap_of(urls: int) -> bytes:
    rows = "".join(
        f"<url><loc>{ARABIC}/{n}</loc><lastmod>2026-11-24T05:00:00+03:00</lastmod></url>" for n in range(urls)
    )
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'.encode()


def page_of(links: int) -> str:
    rows = "".join(
        f'<li><a href="/news/2026/11/24/{n}/خبر-{n}"><h3>عنوان الخبر رقم {n}</h3></a></li>' for n in range(links)
    )
    return f"<html><body><ul>{rows}</ul></body></html>"


def milliseconds(call: Callable[[], object], times: int) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for _ in range(times):
            call()
        best = min(best, (time.process_time() - start) / times)
    return best * 1000


def costs() -> Iterator[tuple[str, float, str]]:
    raw = display(ARABIC)
    for name, call in {
        "canonicalise, clean already": lambda: canonicalise(ARABIC),
        "canonicalise, Arabic letters": lambda: canonicalise(raw),
        "canonicalise, tracked": lambda: canonicalise(f"{SITE}/a?utm_source=x&b=2&a=1"),
        "join, clean path": lambda: join(SITE + "/x", "/news/a-b-c"),
        "urlkey": lambda: surt(ARABIC),
        "main URL": lambda: main_url_of(ARABIC),
        "judge a link": lambda: classify_link(ARABIC, "قمة عربية في القاهرة"),
        "trap": lambda: trap_reason(ARABIC, this_year=2026),
        "pattern": lambda: pattern_of(ARABIC),
    }.items():
        yield name, milliseconds(call, 2000) * 1000, "µs"
    tree = parse_html(page_of(150))
    yield "links of a page of 150", milliseconds(lambda: find_links(read_model(tree), SITE + "/"), 20), "ms"
    feed, sitemap = feed_of(100), sitemap_of(10_000)
    yield f"feed of 100 entries ({len(feed) // 1000} kB)", milliseconds(lambda: read_feed(feed, SITE), 5), "ms"
    if importlib.util.find_spec("feedparser"):
        import feedparser  # type: ignore[import-not-found]  # no dependency of ours: measured if it is there

        yield "the same by feedparser", milliseconds(lambda: feedparser.parse(feed), 1), "ms"
    yield f"sitemap of 10,000 ({len(sitemap) // 1000} kB)", milliseconds(lambda: read_sitemap(sitemap, SITE), 1), "ms"


def pages(corpora: Path) -> Iterator[tuple[str, str, Path]]:
    """Yield the URL, kind and file of each page of the corpora."""
    for name in ARTICLE_CORPORA:
        folder = corpora / name
        for line in (folder / "pages.jsonl").read_text("utf-8").splitlines() if folder.is_dir() else ():
            page = json.loads(line)
            file = folder / page["html"]
            yield (
                canonicalise(page["url"]),
                page.get("kind", ""),
                file if file.exists() else folder / "html" / page["html"],
            )


def judgement(corpora: Path) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Count the kinds of article URLs, the kinds of short navigation links, and the traps among all links of the same sites."""
    articles: Counter[str] = Counter()
    navigation: Counter[str] = Counter()
    traps: Counter[str] = Counter()
    seen: set[str] = set()
    for url, kind, file in pages(corpora):
        if url and kind in {"news", "blog"} and url not in seen:
            seen.add(url)
            articles[classify_link(url).kind] += 1
            traps[trap_reason(url, this_year=2026)] += 1
        body = file.read_bytes()
        tree = parse_html((gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode("utf-8", "replace"))
        for block in NAVIGATION(tree):
            for link in find_links(read_model(block), url):
                if link.url not in seen and site_of(link.url) == site_of(url) and len(link.text.split()) <= 3:
                    seen.add(link.url)
                    navigation[classify_link(link.url, link.text).kind] += 1
    return articles, navigation, traps


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.discovery", description=__doc__)
    default = os.environ.get("WARRAQ_CORPORA", "../shared/corpora")
    parser.add_argument("--corpora", type=Path, default=Path(default))
    options = parser.parse_args()
    print("cost")
    for name, value, unit in costs():
        print(f"  {name:<36}{value:>10.2f} {unit}")
    if not options.corpora.is_dir():
        print(f"no corpora in {options.corpora}: the judgement is not measured", file=sys.stderr)
        return 0
    articles, navigation, traps = judgement(options.corpora)
    print(f"\njudged as{'':<13}article  section  unknown    other")
    for name, counts in (("article addresses", articles), ("navigation links", navigation)):
        print(f"  {name:<19}", *(f"{counts[kind]:>8}" for kind in ("article", "section", "unknown", "other")))
    print(f"  articles taken for traps: {traps.total() - traps['']} of {traps.total()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A disk that is full in the middle of a long list ends the crawl; the next crawl schedules the whole list."""

import json
import sqlite3
from contextlib import closing

import pytest
from scrapy import signals

from archive.errors import ExitCode
from crawler.extensions import ArchiveExtension
from tests.support.site import Site, crawl, list_page

pytestmark = pytest.mark.slow
LISTED = 4_000


class NoRoom:
    """Lets the database of a crawl grow by a hundred pages and no more."""

    @classmethod
    def from_crawler(cls, crawler):
        extension = cls()
        extension.crawler = crawler
        crawler.signals.connect(extension.opened, signals.spider_opened)
        return extension

    def opened(self):
        connection = self.crawler.get_extension(ArchiveExtension).ingest.store.db.conn
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 100}").fetchone()


def test_what_a_list_announces_is_not_lost_to_a_full_disk(tmp_path):
    locations = "".join(f"<url><loc>SITE/2026/11/story-{n}-of-the-harbour</loc></url>" for n in range(LISTED))
    with Site({"/": list_page("/a")}) as site:
        listed = f"<urlset>{locations}</urlset>".replace("SITE", site.url).encode()
        site.pages["/sitemap.xml"] = (200, {"Content-Type": "application/xml"}, listed)
        extensions = {"crawler.extensions.ArchiveExtension": 0, f"{__name__}.{NoRoom.__name__}": 1}
        crawl(f"{site.url}/", tmp_path / "a", "-s", f"EXTENSIONS={json.dumps(extensions)}", code=ExitCode.NOT_WRITABLE)
        crawl(f"{site.url}/", tmp_path / "a", "-s", "WARRAQ_MAX_PAGES=5")
    with closing(sqlite3.connect(tmp_path / "a" / "warraq.db")) as db:
        (known,) = db.execute("SELECT count(*) FROM urls WHERE url LIKE '%story%'").fetchone()
    assert known == LISTED

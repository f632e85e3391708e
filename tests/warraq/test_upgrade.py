"""A folder of version 0.1.0 continues: its archive migrates, its sites.toml is read, the next crawl knows its URLs.

place-0.1.0.tar.gz was made by the code of commit 3cb6148: `scrapy addsite` and a crawl of sixteen visits to the demo site on port 8397.
"""

import json
import tarfile

import pytest

from archive import Archive
from crawler.sites import load_sites
from demo.server import DemoServer
from tests.support import ROOT
from tests.support.place import run

pytestmark = pytest.mark.slow

PORT = 8397
OPEN = ("-s", "WARRAQ_OPEN_NETWORKS=127.0.0.0/8", "-s", "DOWNLOAD_DELAY=0")


@pytest.fixture
def place(tmp_path):
    with tarfile.open(ROOT / "tests" / "warraq" / "place-0.1.0.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path


def test_its_archive_is_read_and_whole_without_anything_being_done_to_it(place):
    titles = [json.loads(line)["title"] for line in run(place, "warraq", "list", "--json").stdout.splitlines()]
    assert len(titles) == 3
    assert titles[0] in run(place, "warraq", "show", "1").stdout + run(place, "warraq", "list").stdout
    (verdict,) = map(json.loads, run(place, "warraq", "verify", "--json").stdout.splitlines())
    assert verdict["ok"], verdict["problems"]


def test_its_sites_file_is_read_and_shown_beside_the_archive(place):
    assert load_sites(place / "sites.toml")["daftar"].feeds
    (row,) = map(json.loads, run(place, "warraq", "sites", "--json").stdout.splitlines())
    assert (row["site"], row["has_entry"], row["articles"], row["result"]) == ("daftar", True, 3, "finished")


def test_the_next_crawl_carries_on_with_a_configuration_that_is_added(place):
    (place / "warraq.toml").write_text("WARRAQ_MAX_PAGES = 20\n", "utf-8")
    try:
        server = DemoServer(port=PORT)
    except OSError:
        pytest.skip(f"port {PORT} is taken")
    with server:
        done = run(place, "warraq", "crawl", "daftar", "--json", *OPEN)
    crawled = json.loads(done.stdout)
    assert crawled["articles_new"] > 0
    assert crawled["pages_fetched"] <= 22
    with Archive(place / "collections" / "daftar") as archive:
        assert archive.stats()["articles"] == 3 + crawled["articles_new"]
        assert archive.stats()["versions"] == 3 + crawled["articles_new"] + crawled["articles_changed"]

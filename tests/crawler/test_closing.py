"""Work after a crawl has closed its archive: the upload, whose failure does no harm, and the watches."""

import json
from datetime import UTC, datetime

import pytest

from archive import Archive
from archive.watch import Watch, add
from tests.support.site import Site, article_page, crawl, list_page

pytestmark = pytest.mark.slow

PATHS = tuple(f"/2024/05/{n:02}/story-number-{n}-of-the-harbour" for n in range(1, 3))


def test_what_could_not_be_uploaded_is_uploaded_by_the_next_crawl(tmp_path):
    folder, there = tmp_path / "a", tmp_path / "there"
    there.write_text("a file where the folder should be")
    settings = ("-s", f"WARRAQ_STORAGE={there}", "-s", "WARRAQ_KEEP_LOCAL_DAYS=0")
    pages = {path: article_page(f"Story number {n} of the harbour") for n, path in enumerate(PATHS)}
    with Site({"/": list_page(*PATHS), **pages}) as site:
        summary = crawl(f"{site.url}/", folder, *settings)
        assert (summary["reason"], summary["articles_new"]) == ("finished", 2)
        assert len(list((folder / "archive").glob("*.warc.gz"))) == 1
        there.unlink()
        crawl(f"{site.url}/", folder, "-a", "recheck=all", *settings)
    assert list((folder / "archive").glob("*.warc.gz")) == []
    assert len(list((there / "a" / "archive").glob("*.warc.gz"))) == 2
    with Archive(folder) as archive:
        assert [row["result"] for row in archive.db.query("SELECT * FROM runs WHERE kind = 'upload'")] == [
            "problems",
            "ok",
        ]
        for row in archive.db.query("SELECT * FROM captures"):
            assert archive.record(row).id == row["record_id"]


def test_the_end_of_a_crawl_runs_the_watches(tmp_path):
    folder = tmp_path / "a"
    pages = {path: article_page(f"Story number {n} of the harbour") for n, path in enumerate(PATHS)}
    with Site({"/": list_page(PATHS[0]), **pages}) as site:
        crawl(f"{site.url}/", folder)
        assert not (folder / "feeds").exists()
        add(folder, Watch(name="harbour", query="harbour"), now=datetime.now(UTC))
        site.pages["/"] = list_page(*PATHS)
        crawl(f"{site.url}/", folder, "-a", "recheck=all")
    (item,) = json.loads((folder / "feeds" / "harbour.json").read_text())["items"]
    assert item["url"].endswith(PATHS[1])

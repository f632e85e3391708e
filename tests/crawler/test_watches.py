"""A crawl whose archive has watches tells, when it ends, what it found."""

import json
from datetime import UTC, datetime

import pytest

from archive.watch import Watch, add
from tests.support.site import Site, article_page, crawl, list_page

pytestmark = pytest.mark.slow

PATHS = tuple(f"/2024/05/{n:02}/story-number-{n}-of-the-harbour" for n in range(1, 3))


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

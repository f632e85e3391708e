"""A crawl with WARRAQ_SEAL ends sealed; without it nothing is sealed."""

import pytest

from archive.collection import Collection
from archive.seals import read_seal
from archive.seals.checking import check_seals
from tests.support.site import Site, article_page, crawl, list_page

pytestmark = pytest.mark.slow


def test_the_end_of_a_crawl_seals_the_archive(tmp_path):
    folder = tmp_path / "a"
    path = "/2024/05/01/story-number-1-of-the-harbour"
    with Site({"/": list_page(path), path: article_page("Story number 1 of the harbour")}) as site:
        crawl(f"{site.url}/", folder)
        assert not (folder / "seals").exists()
        crawl(
            f"{site.url}/",
            folder,
            "-s",
            "WARRAQ_SEAL=1",
            "-s",
            f"WARRAQ_KEYS={tmp_path}/keys",
            "-s",
            "WARRAQ_OPERATOR=desk@harbour.example",
        )
    assert read_seal(folder / "seals", 1).operator == "desk@harbour.example"
    report = check_seals(Collection(folder), roots=[])
    assert report.ok
    assert not report.unsealed

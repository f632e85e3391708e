"""A crawl with WARRAQ_SEAL ends sealed; without it nothing is sealed."""

import pytest

from archive.collection import Collection
from archive.seals import read_seal
from archive.seals.checking import check_seals
from tests.support.site import Site, article_page, crawl

pytestmark = pytest.mark.slow


def test_the_end_of_a_crawl_seals_the_archive(tmp_path, monkeypatch):
    monkeypatch.setenv("WARRAQ_KEYS", str(tmp_path / "keys"))
    folder = tmp_path / "a"
    with Site({"/": article_page("The harbour opens")}) as site:
        crawl(f"{site.url}/", folder)
        assert not (folder / "seals").exists()
        crawl(f"{site.url}/", folder, "-s", "WARRAQ_SEAL=1", "-s", "WARRAQ_OPERATOR=desk@harbour.example")
    assert read_seal(folder / "seals", 1).operator == "desk@harbour.example"
    report = check_seals(Collection(folder), roots=[])
    assert report.ok
    assert not report.unsealed

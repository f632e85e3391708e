"""A crawl with WARRAQ_SEAL ends sealed; without it nothing is sealed."""

import os
from functools import partial

import pytest

from archive.collection import Collection
from archive.export.packcheck import check_pack
from archive.seals import read_seal
from archive.seals.checking import check_seals
from tests.support.authority import Authority
from tests.support.cli import warraq
from tests.support.program import scrapy
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


def test_a_page_crawled_over_https_is_proved_by_its_pack(tmp_path, monkeypatch):
    folder, pack = tmp_path / "a", tmp_path / "pack.wacz"
    path = "/2024/05/01/story-number-1-of-the-harbour"
    authority = Authority(tmp_path)
    with Site({"/": list_page(path), path: article_page("Story number 1 of the harbour")}) as site:
        site.socket = authority.context("127.0.0.1").wrap_socket(site.socket, server_side=True)
        address = site.url.replace("http:", "https:")
        trusting = partial(scrapy, env={**os.environ, "SSL_CERT_FILE": str(authority.certificate_file)})
        crawl(f"{address}/", folder, "-s", "WARRAQ_SEAL=1", "-s", f"WARRAQ_KEYS={tmp_path}/keys", run=trusting)
    monkeypatch.setenv("WARRAQ_KEYS", str(tmp_path / "keys"))
    warraq("--archive", folder, "evidence", f"{address}{path}", "-o", pack)
    assert check_pack(pack, roots=[]).problems == []
    sheet = pack.with_suffix(".html").read_text("utf-8")
    assert "warraq test authority" in sheet
    assert f"{address}{path}" in sheet

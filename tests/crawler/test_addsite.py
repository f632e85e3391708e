"""`scrapy addsite` on the demo site, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.sites import load_site
from demo.server import DemoServer
from tests.support.program import scrapy

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def addsite(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = ("WARRAQ_OPEN_NETWORKS=127.0.0.0/8", f"WARRAQ_SITES={folder / 'sites.toml'}", "DOWNLOAD_DELAY=0")
    given = [word for setting in settings for word in ("-s", setting)]
    return scrapy("addsite", *arguments, "--cases", str(folder / "cases"), *given)


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str], list[str]]:
    folder = tmp_path_factory.mktemp("addsite")
    with DemoServer(edition=1) as server:
        done = addsite(folder, server.url, "--name", "daftar")
        return folder, done, [request.path for request in server.requests]


def test_entry_names_feeds_sitemaps_sections_and_articles(
    added: tuple[Path, subprocess.CompletedProcess[str], list[str]],
) -> None:
    folder, done, _ = added
    assert done.returncode == 0, done.stderr
    site = load_site(folder / "sites.toml", "daftar")
    origin = site.seeds[0]
    assert site.feeds == (f"{origin}feed/",)
    assert f"{origin}news-sitemap.xml" in site.sitemaps
    assert f"{origin}sport/" in site.sections
    assert f"{origin}private/newsroom/" not in site.sections  # robots.txt disallows it
    assert site.is_article(f"{origin}sport/1004/nadi-alshati-final/")
    assert not any(site.is_article(section) for section in site.sections)
    assert site.language == "ar"


def test_look_is_small_and_asks_robots_txt_first(
    added: tuple[Path, subprocess.CompletedProcess[str], list[str]],
) -> None:
    _, _, asked = added
    assert asked[0] == "/robots.txt"
    assert len(asked) <= 20
    assert len(asked) == len(set(asked))


def test_page_is_kept_with_its_article(added: tuple[Path, subprocess.CompletedProcess[str], list[str]]) -> None:
    folder, _, asked = added
    (case,) = (folder / "cases").glob("*/*")
    about = json.loads((case / "page.json").read_text("utf-8"))
    truth = json.loads((case / "article.json").read_text("utf-8"))
    assert any(about["url"].endswith(path) for path in asked)
    assert truth["title"] in (case / "page.html").read_text("utf-8")
    assert truth["language"] == "ar"
    assert len(truth["paragraphs"]) >= 3


def test_second_entry_of_that_name_is_refused_before_anything_is_asked(
    added: tuple[Path, subprocess.CompletedProcess[str], list[str]],
) -> None:
    folder, _, _ = added
    again = addsite(folder, "http://127.0.0.1:9/", "--name", "daftar")
    assert again.returncode == 2
    assert "already has an entry [site.daftar]" in again.stderr


def test_dry_run_writes_nothing_and_a_site_that_is_not_there_is_told(tmp_path: Path) -> None:
    with DemoServer(edition=1) as server:
        done = addsite(tmp_path, server.url, "--dry-run")
        gone = addsite(tmp_path, f"{server.url}no/such/page", "--dry-run")
    assert done.stdout.count("[site.") == 1, done.stderr
    assert list(tmp_path.iterdir()) == []
    assert gone.returncode == 9
    assert "answered 404" in gone.stderr

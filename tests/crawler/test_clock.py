"""A clock that is set back, in a crawl or between two, does not make pages wait for the wrong time."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import pytest

from archive import Archive
from tests.support.program import scrapy
from tests.support.site import Site, article_page, crawl, list_page

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
PATHS = [f"/2026/11/20/a-story-of-the-harbour-{number}" for number in range(40)]
DAY = 24 * 3600


@pytest.fixture
def shift(tmp_path: Path):
    """Set the clock of the crawls so many seconds ahead."""
    clock = tmp_path / "clock"
    clock.write_text("0")
    return clock.write_text


def run(tmp_path: Path):
    environment = {"SHIFTED_CLOCK": str(tmp_path / "clock"), "WARRAQ_CLOCK": "bench.support.shifted_clock.now"}
    return partial(scrapy, env=os.environ | environment)


def test_a_crawl_whose_clock_is_set_back_goes_on_to_its_end(tmp_path, shift):
    def story(path):
        def page(_):
            if len(site.asked) == 6:
                shift("-7200")
            return article_page(path)

        return page

    with Site({"/": list_page(*PATHS), **{path: story(path) for path in PATHS}}) as site:
        shift(str(DAY))
        crawl(site.url, tmp_path / "news", run=run(tmp_path))
        assert set(PATHS) <= set(site.asked)


def test_what_a_crawl_in_the_future_left_is_due_today_and_asked_for_once(tmp_path, shift):
    with Site({"/": list_page(*PATHS), **{path: article_page(path) for path in PATHS}}) as site:
        shift(str(400 * DAY))
        crawl(site.url, tmp_path / "news", "-a", "max_pages=4", run=run(tmp_path))
        shift("0")
        crawl(site.url, tmp_path / "news", run=run(tmp_path))
        assert set(PATHS) <= set(site.asked)
        asked = len(site.asked)
        crawl(site.url, tmp_path / "news", run=run(tmp_path))
        assert [path for path in site.asked[asked:] if path in PATHS] == []
    with Archive(tmp_path / "news") as archive:
        assert archive.db["articles"].count == len(PATHS)

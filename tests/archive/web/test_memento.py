"""Permanent addresses, TimeGate and TimeMap: what a Memento client (RFC 7089) asks for."""

from __future__ import annotations

import re

import pytest

from archive import Archive
from archive.urls.permalink import permalink, read_permalink
from tests.support.shelf import LIBRARY

FIRST, SECOND = "20261124130000", "20261124140000"


def rows(shelf):
    with Archive(shelf.collection.folder) as archive:
        return archive.versions(LIBRARY)


def test_a_permanent_address_shows_its_version_and_says_which_it_is(room, shelf):
    old, new = rows(shelf)[:2]
    for row, words in ((old, "ألف كتاب"), (new, "ألفي كتاب")):
        answer = room.get(permalink(row))
        assert answer.status_code == 200
        assert words in answer.text
        assert answer.headers["memento-datetime"].endswith("GMT")
        assert f'<{LIBRARY}>; rel="original"' in answer.headers["link"]


def test_between_two_captures_the_earlier_version_stood_and_before_all_the_first(room, shelf):
    first, second = rows(shelf)[:2]
    just_before = str(int(re.sub(r"\D", "", second["fetched_at"])) - 1)
    for moment in (just_before, "19990101000000"):
        assert first["text"].splitlines()[0] in room.get(f"/a/{moment}/{LIBRARY}").text


def test_an_address_whose_slashes_a_proxy_joined_or_with_a_query_is_read():
    assert read_permalink("/a/20261124130000/https:/news.example/a?b=1") == (
        "https://news.example/a?b=1",
        "20261124130000",
    )
    assert read_permalink("https://room.example/x/a/20261124130000/https://news.example/%D8%A7") == (
        "https://news.example/ا",
        "20261124130000",
    )


@pytest.mark.parametrize("address", [LIBRARY, "/a/2026/https://news.example/", "/a/20261124130000/nothing", "7"])
def test_what_is_no_permanent_address_is_none(address):
    assert read_permalink(address) is None


def test_a_timegate_leads_to_the_version_of_a_time(room, shelf):
    first, second = rows(shelf)[:2]
    old = room.get(f"/timegate/{LIBRARY}", accept_datetime="Thu, 01 Jan 2026 00:00:00 GMT")
    assert old.status_code == 302
    assert old.headers["vary"] == "accept-datetime"
    assert old.headers["location"].endswith(permalink(first))
    assert room.get(f"/timegate/{LIBRARY}").headers["location"].endswith(permalink(rows(shelf)[-1]))
    assert second["id"] != first["id"]


def test_a_timegate_refuses_what_is_no_date_and_knows_nothing_of_others(room):
    assert room.get(f"/timegate/{LIBRARY}", accept_datetime="yesterday").status_code == 400
    assert room.get("/timegate/https://elsewhere.example/").status_code == 404
    assert room.get("/timemap/https://elsewhere.example/").status_code == 404


def test_a_timemap_lists_every_version(room, shelf):
    answer = room.get(f"/timemap/{LIBRARY}")
    assert answer.headers["content-type"].startswith("application/link-format")
    assert answer.text.count('rel="memento"') == len(rows(shelf))
    assert all(permalink(row) in answer.text for row in rows(shelf))


def test_the_page_of_an_article_gives_its_address_and_its_citations(room, shelf):
    text = room.get("/articles/1").text
    assert permalink(rows(shelf)[0]) in text
    assert "{{cite news" in text
    assert "@online{" in text

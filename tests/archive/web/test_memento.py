"""Permanent addresses, TimeGate and TimeMap for Memento clients (RFC 7089)."""

from __future__ import annotations

import re

import pytest

from archive import Archive
from archive.index import articles, captures
from archive.outcome import Outcome, OutcomeKind
from archive.urls.permalink import permalink, read_permalink
from tests.support.shelf import LIBRARY

pytestmark = pytest.mark.slow

FIRST, SECOND = "20261124130000", "20261124140000"
HTTP_DATES = {FIRST: "Tue, 24 Nov 2026 13:00:00 GMT", SECOND: "Tue, 24 Nov 2026 14:00:00 GMT"}


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
        "https://news.example/%D8%A7",
        "20261124130000",
    )


@pytest.mark.parametrize("address", [LIBRARY, "/a/2026/https://news.example/", "/a/20261124130000/nothing", "7"])
def test_what_is_no_permanent_address_is_none(address):
    assert read_permalink(address) is None


def test_a_timegate_leads_to_the_version_of_a_time(room, shelf):
    first, second = rows(shelf)[:2]
    old = room.get(f"/timegate/{LIBRARY}", follow=False, accept_datetime="Thu, 01 Jan 2026 00:00:00 GMT")
    assert old.status_code == 302
    assert old.headers["vary"] == "accept-datetime"
    assert old.headers["location"].endswith(permalink(first))
    assert room.get(f"/timegate/{LIBRARY}", follow=False).headers["location"].endswith(permalink(rows(shelf)[-1]))
    assert second["id"] != first["id"]


def test_a_timegate_refuses_what_is_no_date_and_knows_nothing_of_others(room):
    assert room.get(f"/timegate/{LIBRARY}", accept_datetime="yesterday").status_code == 400
    assert room.get("/timegate/https://elsewhere.example/").status_code == 404
    assert room.get("/timemap/https://elsewhere.example/").status_code == 404


def test_a_timemap_lists_every_version(room, shelf):
    answer = room.get(f"/timemap/{LIBRARY}")
    assert answer.headers["content-type"].startswith("application/link-format")
    assert answer.text.count("; datetime=") == len(rows(shelf))
    assert all(permalink(row) in answer.text for row in rows(shelf))


def test_the_page_of_an_article_gives_its_address_and_its_citations(room, shelf):
    text = room.get("/articles/1").text
    assert permalink(rows(shelf)[0]) in text
    assert "{{cite news" in text
    assert "@online{" in text


def test_an_id_leads_for_good_to_the_permanent_address(room, shelf):
    row = rows(shelf)[0]
    answer = room.get(f"/articles/{row['id']}", follow=False)
    assert (answer.status_code, answer.headers["location"]) == (301, f"http://localhost{permalink(row)}")
    answer = room.get(f"/api/articles/{row['id']}", follow=False)
    assert (answer.status_code, answer.headers["location"]) == (301, f"http://localhost/api{permalink(row)}")
    assert room.get(f"/api{permalink(row)}").json()["text"] == row["text"]


def test_with_a_search_or_a_language_an_id_is_that_readers_page_and_names_the_permanent_address(room, shelf):
    row = rows(shelf)[0]
    for query in ("?q=%D8%AD%D8%A7%D9%81%D9%84%D8%A9", "?lang=en"):
        answer = room.get(f"/articles/{row['id']}{query}", follow=False)
        assert answer.status_code == 200
        assert f'<link rel="canonical" href="{permalink(row)}">' in answer.text


def test_an_article_whose_url_makes_no_permanent_address_stays_at_its_id(room, shelf):
    with Archive(shelf.collection.folder) as archive:
        scripted = next(row for row in archive.articles() if row["url"].startswith("javascript:"))
    assert room.get(f"/articles/{scripted['id']}", follow=False).status_code == 200
    assert room.get(f"/api/articles/{scripted['id']}", follow=False).status_code == 200


def test_the_query_of_a_permanent_address_is_its_urls_and_the_language_is_chosen_by_the_id(room, shelf):
    shelf.put("https://daftar.example/story?lang=en&q=words", "عنوان", "نص طويل", language="ar")
    with Archive(shelf.collection.folder) as archive:
        row = archive.article("https://daftar.example/story?lang=en&q=words")
    page = room.get(permalink(row), accept_language="ar")
    assert 'lang="ar" dir="rtl"' in page.text
    assert f'href="/articles/{row["id"]}?lang=en"' in page.text


@pytest.mark.parametrize("path", ["a%2Fb", "a%252Fb", "a?to=https%3A%2F%2Fb.example%2F", "%D8%A7%20b", "a%3Fb"])
def test_a_url_is_found_with_the_percent_signs_that_it_has(room, shelf, path):
    shelf.put(f"https://daftar.example/{path}", "عنوان", f"نص {path}")
    with Archive(shelf.collection.folder) as archive:
        row = archive.article(f"https://daftar.example/{path}")
        assert archive.article(permalink(row))["id"] == row["id"]
    assert room.get(permalink(row), follow=False).status_code == 200
    for kind in ("timegate", "timemap"):
        assert room.get(f"/{kind}/https://daftar.example/{path}", follow=False).status_code in {200, 302}


def test_a_text_that_is_changed_back_is_three_mementos(room, shelf):
    old, new = rows(shelf)[:2]
    capture = shelf.capture(LIBRARY, "<p>again</p>")
    with shelf.store.atomic():
        record = captures.get(shelf.store.db, capture)["record_id"]
        captures.record_outcome(shelf.store.db, record, Outcome(kind=OutcomeKind.ARTICLE), old["id"])
    listed = re.findall(r'<[^>]*/a/(\d{14})/[^>]*>; rel="([a-z ]+)"', room.get(f"/timemap/{LIBRARY}").text)
    assert [relation for _, relation in listed] == ["first memento", "memento", "last memento"]
    assert [moment for moment, _ in listed[:2]] == [FIRST, SECOND]
    again = room.get(f"/a/{listed[2][0]}/{LIBRARY}", follow=False)
    assert again.status_code == 200
    assert "ألف كتاب" in again.text
    assert new["text"].splitlines()[0] not in again.text
    gate = room.get(f"/timegate/{LIBRARY}", follow=False, accept_datetime=again.headers["memento-datetime"])
    assert gate.headers["location"].endswith(f"/a/{listed[2][0]}/{LIBRARY}")


def test_a_memento_names_the_ones_before_and_after_it(room):
    link = room.get(f"/a/{FIRST}/{LIBRARY}").headers["link"]
    for words in (
        'rel="original"',
        'rel="timegate"',
        'rel="timemap"',
        'rel="first memento"',
        'rel="last next memento"',
    ):
        assert words in link
    between = room.get(f"/a/20261124133000/{LIBRARY}", follow=False)
    assert (between.status_code, between.headers["location"]) == (302, f"http://localhost/a/{FIRST}/{LIBRARY}")


@pytest.mark.parametrize(
    "asked",
    ["yesterday", "2026-11-24", "Thu, 32 Jan 2026 00:00:00 GMT", "Fri, 31 Dec 9999 23:00:00 -2300", "1"],
)
def test_a_date_that_is_none_is_refused(room, asked):
    answer = room.get(f"/timegate/{LIBRARY}", follow=False, accept_datetime=asked)
    assert answer.status_code == 400
    assert answer.headers["vary"] == "accept-datetime"


def test_a_timegate_answers_before_the_first_and_after_the_last(room):
    for asked, moment in (("Sat, 01 Jan 2000 00:00:00 GMT", FIRST), ("Sat, 01 Jan 2050 00:00:00 GMT", SECOND)):
        for method in ("GET", "HEAD"):
            answer = room.get(f"/timegate/{LIBRARY}", method=method, follow=False, accept_datetime=asked)
            assert answer.status_code == 302
            assert answer.headers["location"] == f"http://localhost/a/{moment}/{LIBRARY}"
            assert "memento-datetime" not in answer.headers
            assert f'; datetime="{HTTP_DATES[moment]}"' in answer.headers["link"]


@pytest.mark.parametrize(
    "path", ["/articles/99", f"/a/{FIRST}/https://elsewhere.example/x", "/timegate/https://elsewhere.example/x"]
)
def test_what_is_not_here_is_one_tap_from_a_search(room, path):
    answer = room.get(path)
    assert answer.status_code == 404
    assert 'href="/search?q=https%3A%2F%2Felsewhere.example%2Fx"' in answer.text or path == "/articles/99"
    assert 'href="/search' in answer.text


def test_the_page_of_an_article_lists_each_time_a_restored_text_stood_and_its_own_captures(room, shelf):
    old = rows(shelf)[0]
    elsewhere = shelf.capture("https://daftar.example/print/library", "<p>printed</p>")
    again = shelf.capture(LIBRARY, "<p>again</p>")
    with shelf.store.atomic():
        for capture in (elsewhere, again):
            record = captures.get(shelf.store.db, capture)["record_id"]
            captures.record_outcome(shelf.store.db, record, Outcome(kind=OutcomeKind.ARTICLE), old["id"])
            articles.mark_seen(shelf.store.db, old["id"], at=captures.get(shelf.store.db, capture)["captured_at"])
    shelf.put("https://daftar.example/other", "خبر آخر", "نص خبر آخر")
    text = room.get(f"/articles/{old['id']}?lang=en").text
    timeline = text[text.index('<ol class="timeline">') : text.index("</ol>", text.index('<ol class="timeline">'))]
    stood = re.findall(r">Version (\d)</a>( <span class=\"badge\">again</span>)?", timeline)
    assert [version for version, _ in stood] == ["1", "2", "1"]  # newest first
    assert [bool(mark) for _, mark in stood] == [True, False, False]
    assert timeline.count('aria-current="true"') == 1
    assert "Captured 4 times" in text
    listed = room.get(f"/api/articles/{old['id']}/captures").json()
    assert {one["url"] for one in listed} == {LIBRARY, "https://daftar.example/print/library"}
    assert len(listed) == 4
    assert len(room.get(f"/api/articles/{old['id']}/versions").json()) == 2
    day = room.get("/calendar?year=2026&day=2026-11-24&lang=en").text
    assert day.count(f"/articles/{old['id']}?lang=en") == 3

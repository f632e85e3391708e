"""Front pages in the reading room: the archived ones and their leading headlines, as pages and as JSON."""

from urllib.parse import quote

import pytest

from archive.index import captures, front_pages
from archive.outcome import Outcome, OutcomeKind
from archive.web import create_app
from tests.support.shelf import LIBRARY, XSS, Client, Shelf

pytestmark = pytest.mark.slow

HOME = "https://daftar.example/"
ADDRESS = quote(HOME, safe="")
LED = (LIBRARY, "مكتبة متنقلة")
UNKNOWN = ("https://daftar.example/2026/11/not-here", "خبر لم يُلتقط")
HOSTILE = ("javascript:document.title='pwned'", XSS)


def put_front_page(shelf, *headlines, url=HOME, kind=OutcomeKind.LISTING):
    """Put a capture of a front page, an hour after the one before it."""
    record = captures.get(shelf.store.db, shelf.capture(url, "<p>front</p>"))["record_id"]
    with shelf.store.atomic():
        captures.record_outcome(shelf.store.db, record, Outcome(kind=kind), None, headlines=front_pages.kept(headlines))


@pytest.fixture
def front(shelf):
    """Four captures from 24 November, 19:00: one headline, another above it, the same again, and a hostile one the day after."""
    put_front_page(shelf, LED)
    put_front_page(shelf, UNKNOWN, LED)
    put_front_page(shelf, kind=OutcomeKind.UNCHANGED)
    shelf.hours += 24
    put_front_page(shelf, HOSTILE, LED)
    return shelf


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_front_pages_that_are_kept_are_listed_and_linked(front, room, language):
    shown = room.get(f"/front?lang={language}").text
    assert f'href="/front?url={ADDRESS}&amp;lang={language}"' in shown
    assert f'dir="{"rtl" if language == "ar" else "ltr"}"' in shown
    assert ADDRESS not in room.get("/front?site=other.example").text
    assert ADDRESS in room.get("/front?site=daftar.example").text


def test_what_led_is_told_by_day_with_place_time_and_a_link_to_the_article(front, room):
    shown = room.get(f"/front?url={ADDRESS}&lang=en").text
    assert shown.index("25 November 2026</h2>") < shown.index("24 November 2026</h2>")
    assert '<a href="/articles/2?lang=en"><bdi>مكتبة متنقلة</bdi></a>' in shown
    assert '<th scope="row"><bdi>خبر لم يُلتقط</bdi></th><td>20:00</td><td>21:00</td>' in shown
    assert '<td class="number">2</td><th scope="row"><a href="/articles/2?lang=en">' in shown


def test_a_hostile_headline_is_text_and_never_a_link(front, room):
    shown = room.get(f"/front?url={ADDRESS}").text
    assert "&lt;script&gt;" in shown
    assert "<svg/onload" not in shown
    assert 'href="javascript' not in shown


def test_days_and_places_narrow_the_timeline(front, room):
    def told(query):
        answer = room.get(f"/api/front/timeline?url={ADDRESS}&{query}").json()
        return [(one["first_at"][8:13], one["place"], one["title"]) for one in answer["spells"]]

    first, second = ("24T19", 1, LED[1]), ("24T20", 1, UNKNOWN[1])
    assert told("places=1") == [("25T22", 1, XSS), second, first]
    assert told("places=1&to=2026-11-24") == [second, first]
    assert told("places=1&from=2026-11-25") == [("25T22", 1, XSS)]
    assert told("places=1&to=2026-11-23") == []
    assert ("24T20", 2, LED[1]) in told("places=2")


def test_the_timeline_is_given_in_parts_of_bounded_length(front, room):
    parts, offset = [], 0
    while offset is not None:
        answer = room.get(f"/api/front/timeline?url={ADDRESS}&limit=2&offset={offset}").json()
        parts.append(answer["spells"])
        offset = answer["next_offset"]
    assert [len(part) for part in parts] == [2, 2]
    assert answer["total"] == 4
    shown = room.get(f"/front?url={ADDRESS}&limit=2&lang=en").text
    assert shown.count('<td class="number">') == 2
    assert f'rel="next" href="/front?page=2&amp;url={ADDRESS}&amp;' in shown


def test_without_a_first_day_it_covers_thirty_days_and_leads_to_those_before(front, room):
    front.hours += 24 * 40
    put_front_page(front, UNKNOWN)
    answer = room.get(f"/api/front/timeline?url={ADDRESS}").json()
    assert (answer["total"], answer["from"], answer["to"]) == (1, "2026-12-06", None)
    assert (
        f'href="/front?url={ADDRESS}&amp;to=2026-12-05&amp;places=3&amp;lang=en">Earlier days'
        in room.get(f"/front?url={ADDRESS}&lang=en").text
    )
    assert room.get(f"/api/front/timeline?url={ADDRESS}&from=2026-11-01").json()["total"] == 5


def test_the_api_names_the_front_pages_and_where_the_articles_are(front, room):
    assert room.get("/api/front").json() == {
        "front_pages": [{"url": HOME, "first_at": "2026-11-24T19:00:00Z", "last_at": "2026-11-25T22:00:00Z"}]
    }
    assert room.get("/api/front?site=other.example").json() == {"front_pages": []}
    answer = room.get(f"/api/front/timeline?url={ADDRESS}").json()
    articles = {one["url"]: one["article"] for one in answer["spells"]}
    assert articles == {LIBRARY: "/api/articles/2", UNKNOWN[0]: None, HOSTILE[0]: None}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "url=https://other.example/",
        "url=%00",
        "url=javascript:alert(1)",
        "url=" + "x" * 5000,
        "url=%ED%A0%80",
        "url=http://[",
    ],
)
def test_a_front_page_that_is_not_kept_is_a_404_and_without_an_address_all_are_listed(front, room, query):
    assert room.get(f"/api/front/timeline?{query}").status_code == 404
    assert room.get(f"/front?{query}").status_code == (404 if query else 200)


@pytest.mark.parametrize(
    "query", ["from=yesterday", "to=2026-99-99", "places=99", "places=x", "page=-1", "limit=1000000"]
)
def test_odd_questions_are_answered_and_what_was_left_out_is_said(front, room, query):
    assert room.get(f"/api/front/timeline?url={ADDRESS}&{query}").json()["problems"]
    assert "Left out" in room.get(f"/front?url={ADDRESS}&{query}&lang=en").text


@pytest.mark.parametrize("query", ["to=0001-01-01", "from=0001-01-01", "from=9999-12-31", "from=2026", "to=2026-11"])
def test_the_ends_of_time_are_days_too(front, room, query):
    assert room.get(f"/front?url={ADDRESS}&{query}").status_code == 200


def test_without_any_front_page_the_room_says_so(room):
    assert "No front page has been kept" in room.get("/front?lang=en").text


def test_the_site_its_calendar_and_coverage_link_to_its_front_pages(front, room):
    assert 'href="/front?site=daftar.example"' in room.get("/sites/daftar.example").text
    assert 'href="/front?site=daftar.example"' in room.get("/calendar?site=daftar.example").text
    assert 'href="/front"' in room.get("/coverage").text


def test_each_of_several_archives_has_its_own(front, tmp_path):
    other = Shelf(tmp_path / "other")
    other.put("https://daftar.example/x", "خبر", "نص")
    put_front_page(other, UNKNOWN)
    room = Client(create_app(front.collection.folder, other.collection.folder, hosts=("localhost",)))
    try:
        shown = room.get(f"/archives/news/front?url={ADDRESS}").text
        assert 'href="/archives/news/articles/2"' in shown
        assert f'href="/archives/other/front?url={ADDRESS}"' in room.get("/archives/other/front").text
        spells = room.get(f"/archives/news/api/front/timeline?url={ADDRESS}").json()["spells"]
        assert {one["article"] for one in spells} == {"/archives/news/api/articles/2", None}
        assert room.get(f"/archives/other/api/front/timeline?url={ADDRESS}").json()["total"] == 1
        assert room.get("/front").status_code == 404
        assert "/front" not in room.get("/sites/daftar.example").text
    finally:
        other.writer.close()
        other.store.close()

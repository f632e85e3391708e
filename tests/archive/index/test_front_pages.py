"""Headlines of front pages: stored with their captures, returned as spans, the same after a reindex."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from archive import Archive
from archive.parse import ParseTask
from archive.parse.parse import parse_task
from tests.support.cli import warraq
from tests.support.simulated import crawl
from tests.support.site import article_page, list_page

pytestmark = pytest.mark.slow

FIRST = datetime(2026, 11, 1, 6, tzinfo=UTC)
HOME = "https://paper.test/"
TITLE = "Story number {} of the harbour town"


def story(n):
    return f"/2026/11/0{n}/story-number-{n}-of-the-harbour-town"


def home(*numbers):
    rows = "".join(
        f'<li><a href="{story(n)}"><img src="/{n}.jpg"></a><a href="{story(n)}">{TITLE.format(n)}</a></li>'
        for n in numbers
    )
    menu = '<nav><a href="/politics/">Politics</a> <a href="/about">About our paper and us</a></nav>'
    return f"<html lang=en><head><title>Harbour News</title></head><body>{menu}<h1>Harbour News</h1><ul>{rows}</ul></body></html>"


def paper(*numbers):
    pages = {HOME: home(*numbers), "https://paper.test/politics/": list_page(*map(story, numbers))}
    return pages | {f"https://paper.test{story(n)}": article_page(TITLE.format(n)) for n in range(1, 6)}


def read(html, url=HOME):
    response = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()
    return parse_task(ParseTask(url=url, response=response, fetched_at=FIRST))


def told(spells):
    return [(spell.first_at[8:13], spell.last_at[8:13], spell.place, spell.title, spell.captures) for spell in spells]


@pytest.fixture
def archive(tmp_path):
    """Four looks at a front page: another lead, the same again, and the first one back in the second place."""
    for hours, numbers in enumerate([(1, 2), (3, 1), (3, 1), (2, 3), (2, 3)]):
        crawl(HOME, tmp_path / "a", paper(*numbers), at=FIRST + timedelta(hours=7 * hours), recheck=True)
    return tmp_path / "a"


LED = [
    ("01T06", "01T06", 1, TITLE.format(1), 1),
    ("01T13", "01T20", 1, TITLE.format(3), 2),
    ("02T03", "02T10", 1, TITLE.format(2), 2),
]


def test_a_front_page_gives_its_headlines_in_page_order_without_menus_and_pictures():
    assert read(home(2, 1)).headlines == (
        (f"https://paper.test{story(2)}", TITLE.format(2)),
        (f"https://paper.test{story(1)}", TITLE.format(1)),
    )


def test_an_article_has_none():
    assert read(article_page("A story"), HOME + story(1)[1:]).headlines == ()


def test_what_led_is_told_from_its_first_capture_to_its_last_in_a_row(archive):
    with Archive(archive) as opened:
        assert told(opened.timeline()) == LED
        assert told(opened.timeline(HOME, first="2026-11-02")) == LED[2:]
        assert told(opened.timeline(HOME, last="2026-11-01")) == LED[:2]
        assert ("02T03", "02T10", 2, TITLE.format(3), 2) in told(opened.timeline(HOME, places=2))
        assert opened.timeline("https://other.test/") == []
        assert opened.timeline(site="other.test") == []


def test_what_was_kept_before_a_time_and_has_not_changed_since_leads_in_it(tmp_path):
    for day in (1, 2, 3):
        crawl(HOME, tmp_path / "a", paper(1, 2), at=FIRST + timedelta(days=day), recheck=True)
    with Archive(tmp_path / "a") as opened:
        assert told(opened.timeline(HOME, first="2026-11-03")) == [("03T06", "04T06", 1, TITLE.format(1), 2)]
        assert opened.timeline(HOME, first="2026-11-05") == []


def test_other_spellings_of_its_address_have_the_same_timeline(archive):
    with Archive(archive) as opened:
        assert told(opened.timeline("http://www.paper.test")) == LED


def test_sections_and_articles_keep_none(archive):
    with Archive(archive) as opened:
        rows = opened.db.query("SELECT DISTINCT url FROM captures WHERE headlines <> ''")
        assert [row["url"] for row in rows] == [HOME]


def test_the_edition_of_the_day_is_the_front_page_that_leads_there(tmp_path):
    for day in (1, 2):
        edition = f"https://paper.test/edition/2026-11-0{day}/"
        world = paper(day) | {HOME: (302, {"Location": edition}, b""), edition: home(day, 4, 5)}
        crawl(HOME, tmp_path / "a", world, at=FIRST + timedelta(days=day), recheck=True)
    with Archive(tmp_path / "a") as opened:
        assert [spell.title for spell in opened.timeline(HOME)] == [TITLE.format(1), TITLE.format(2)]


def test_a_reindex_gives_the_same(archive):
    warraq("--archive", archive, "reindex", "--workers", 1)
    with Archive(archive) as opened:
        assert told(opened.timeline()) == LED


def test_a_merge_takes_them_along(archive, tmp_path):
    warraq("merge", archive, tmp_path / "all")
    with Archive(tmp_path / "all") as opened:
        assert told(opened.timeline()) == LED


def test_the_command_shows_them(archive):
    shown = warraq("--archive", archive, "timeline").stdout
    assert "2026-11-01T13:00 … 2026-11-01T20:00" in shown
    assert TITLE.format(3) in shown
    rows = [
        json.loads(line)
        for line in warraq("--archive", archive, "timeline", HOME, "--places", 2, "--json").stdout.splitlines()
    ]
    assert {row["place"] for row in rows} == {1, 2}
    warraq("--archive", archive, "timeline", "https://other.test/", code=8)
    warraq("--archive", archive, "timeline", "--from", "yesterday", code=2)

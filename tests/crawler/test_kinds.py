"""Behaviour of sites over time: kinds of failure that were reported of crawlers, each with variants.

Every crawl runs in this process, by a clock that the test moves.
"""

from __future__ import annotations

import gzip
import re
from collections import Counter
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from urllib.parse import urlsplit

import brotli
import pytest

from archive import Archive
from archive.http.coding import zstd
from archive.index import open_store
from archive.parse import MAX_PARTS
from archive.parse.workers import NoWorkerError
from crawler.download.errors import StoppedError, UnreachableError
from tests.support.simulated import crawl, no_such_host
from tests.support.site import SENTENCES, article_page, list_page

pytestmark = pytest.mark.slow

FIRST = datetime(2026, 11, 1, 6, tzinfo=UTC)
HOME = "https://paper.test/"
XML = {"Content-Type": "application/xml"}


def story(n):
    return f"/2026/11/{n}-story-of-the-harbour-town"


def page(n, **more):
    return article_page(f"Story number {n} of the harbour", **more)


def feed(*entries):
    """`entries` are addresses, or (address, moment)."""
    rows = [entry if isinstance(entry, tuple) else (entry, None) for entry in entries]
    items = "".join(
        f"<item><title>Title</title><link>{url}</link>{f'<pubDate>{format_datetime(at)}</pubDate>' if at else ''}</item>"
        for url, at in rows
    )
    return 200, XML, f'<?xml version="1.0"?><rss version="2.0"><channel><title>Paper</title>{items}</channel></rss>'


def sitemap(*entries):
    rows = [entry if isinstance(entry, tuple) else (entry, None) for entry in entries]
    items = "".join(
        f"<url><loc>{url}</loc>{f'<lastmod>{at.isoformat()}</lastmod>' if at else ''}</url>" for url, at in rows
    )
    return (
        200,
        XML,
        f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{items}</urlset>',
    )


def index(*maps):
    items = "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in maps)
    return (
        200,
        XML,
        f'<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{items}</sitemapindex>',
    )


def newsroom(*numbers, origin="https://paper.test"):
    pages = {f"{origin}{story(n)}": page(n) for n in numbers}
    return {f"{origin}/": list_page(*(story(n) for n in numbers)), **pages}


@pytest.fixture
def at(tmp_path):
    """Crawls after so many days, `at(days, world)`."""

    def run(days, world, url=HOME, **more):
        return crawl(url, tmp_path / "a", world, at=FIRST + timedelta(days=days), **more)

    return run


@pytest.fixture
def rows(tmp_path):
    """What a query of the database gives."""

    def query(sql):
        with open_store(tmp_path / "a" / "warraq.db", read_only=True) as store:
            return [tuple(row) for row in store.db.conn.execute(sql)]

    return query


def moved(origin, pages):
    """A site all of whose old addresses lead to `origin`, where its pages are."""

    def world(request):
        if request.url.startswith(f"{origin}/"):
            return pages.get(request.url)
        return 301, {"Location": origin + urlsplit(request.url).path}, b""

    return world


def down(request):
    return 404, {}, "<h1>Not found</h1>"


# What is away for a while is asked for again, and what was restored is back


@pytest.mark.parametrize(
    "away", [no_such_host, down, lambda _: (503, {}, "busy"), lambda _: (500, {}, "oops"), lambda _: (403, {}, "no")]
)
def test_a_site_that_was_away_for_a_month_is_back_with_its_news(at, rows, away):
    at(0, newsroom(1))
    for day in range(1, 31):
        at(day, away)
    done = at(31, newsroom(1, 2))
    assert {HOME, f"https://paper.test{story(2)}"} <= set(done.asked)
    assert (done.code, done.summary["articles_new"]) == (0, 1)
    at(40, newsroom(1, 2))
    assert rows("SELECT count(*) FROM articles WHERE gone_at IS NOT NULL") == [(0,)]


def test_a_feed_alone_that_answers_404_for_nine_days_is_read_again(at):
    entry = {"seeds": [HOME], "feeds": ["https://paper.test/rss"]}
    world = newsroom(1)
    for day in range(10):
        done = at(day, world, entry=entry)
        assert "https://paper.test/rss" in done.asked, day
    hidden = {"https://paper.test/rss": feed(f"https://paper.test{story(2)}"), f"https://paper.test{story(2)}": page(2)}
    assert at(10, world | hidden, entry=entry).summary["articles_new"] == 1


def test_an_article_that_is_restored_and_listed_again_loses_its_mark(at, rows):
    world = newsroom(1, 2)
    gone = world | {f"https://paper.test{story(1)}": (410, {}, "gone"), HOME: list_page(story(2))}
    at(0, world)
    for day in (1, 2, 4, 8, 16, 30):
        at(day, gone)
    assert rows("SELECT count(*) FROM articles WHERE gone_at IS NOT NULL") == [(1,)]
    assert f"https://paper.test{story(1)}" not in at(40, gone).asked
    assert f"https://paper.test{story(1)}" in at(60, world).asked
    assert rows("SELECT count(*) FROM articles WHERE gone_at IS NOT NULL") == [(0,)]


def test_a_full_recheck_asks_for_what_was_given_up(at):
    world = newsroom(1)
    at(0, world)
    for day in (1, 2, 4, 8, 16):
        at(day, world | {f"https://paper.test{story(1)}": (404, {}, "")} | {HOME: list_page("/about-us/")})
    assert f"https://paper.test{story(1)}" not in at(50, world | {HOME: list_page("/about-us/")}).asked
    assert f"https://paper.test{story(1)}" in at(51, world, recheck=True).asked


# A temporary redirect rests nothing


@pytest.mark.parametrize("status", [302, 303, 307])
@pytest.mark.parametrize("place", ["/maintenance.html", "https://queue.paper.test/waiting-room?id=1"])
def test_a_page_that_stands_in_for_an_hour_is_no_article_and_keeps_nobody_waiting(at, rows, status, place):
    stand_in = article_page("We are working on our site and will be back soon")
    away = {HOME: (status, {"Location": place}, b""), f"https://paper.test{place}": stand_in, place: stand_in}
    at(0, newsroom(1))
    at(1, away)
    done = at(1.1, newsroom(1, 2))
    assert done.asked[0] == HOME
    assert done.summary["articles_new"] == 1
    assert {title for (title,) in rows("SELECT title FROM articles")} == {
        "Story number 1 of the harbour",
        "Story number 2 of the harbour",
    }


def test_a_page_in_the_place_of_a_feed_or_sitemap_is_no_article(at, rows):
    entry = {"seeds": [HOME], "feeds": ["https://paper.test/rss"], "sitemaps": ["https://paper.test/map.xml"]}
    stand_in = article_page("We are working on our site and will be back soon")
    places = ("https://paper.test/rss", "https://paper.test/map.xml", "https://paper.test/feed/")
    at(0, newsroom(1) | dict.fromkeys(places, stand_in), entry=entry)
    assert rows("SELECT title FROM articles") == [("Story number 1 of the harbour",)]
    assert rows("SELECT reason FROM urls WHERE outcome = 'failed' ORDER BY 1")[0] == ("no-feed",)
    lists = {"https://paper.test/rss": feed(f"https://paper.test{story(2)}"), f"https://paper.test{story(2)}": page(2)}
    assert at(0.1, newsroom(1) | lists, entry=entry).summary["articles_new"] == 1


def test_a_list_of_links_in_the_place_of_a_feed_is_read(at):
    world = newsroom() | {"https://paper.test/rss": list_page(story(2)), f"https://paper.test{story(2)}": page(2)}
    entry = {"seeds": [HOME], "feeds": ["https://paper.test/rss"]}
    assert at(0, world, entry=entry).summary["articles_new"] == 1


def test_a_maintenance_page_to_which_articles_lead_too_is_no_article(at, rows):
    at(0, newsroom(1, 2))
    stand_in = {"https://paper.test/maintenance": article_page("We are working on our site and will be back soon")}
    at(1, lambda request: stand_in.get(request.url) or (302, {"Location": "/maintenance"}, b""))
    assert rows("SELECT count(*) FROM articles") == [(2,)]


def stand_in(text, *, counter=""):
    return f"<title>Paper</title><h1>Dear readers of the Paper</h1><p>{text}</p><!-- {counter} -->"


NOTICE = "Our machines take a rest this evening, and so does the team in the machine room. Read on after the night."


@pytest.mark.parametrize(
    ("everywhere", "held"),
    [
        (lambda _: stand_in("The site is down for maintenance, and will be back shortly."), 3),
        (lambda _: stand_in(NOTICE), 3),
        (lambda request: stand_in(NOTICE, counter=request.url), 4),  # the first is not known for what it is
    ],
)
def test_a_notice_with_status_200_in_the_place_of_every_page_is_no_version_of_them(at, rows, everywhere, held):
    at(0, newsroom(1, 2, 3))
    done = at(1, everywhere, recheck=True)
    assert done.summary["quarantined"]["soft-503"] >= 2
    assert rows("SELECT count(*) FROM articles") == [(held,)]
    at(2, newsroom(1, 2, 3), recheck=True)
    assert rows("SELECT count(*) FROM articles WHERE is_latest AND title LIKE 'Story%' AND gone_at IS NULL") == [(3,)]


def test_a_start_page_without_a_link_is_told(at):
    assert any("has no links" in said for said in at(0, {HOME: stand_in(NOTICE)}).summary["warnings"])
    assert not any("has no links" in said for said in at(1, newsroom(1)).summary["warnings"])


def test_one_article_at_two_addresses_that_is_edited_at_both_has_its_new_version_at_both(at, rows):
    other = "/sport/2026/11/1-story-of-the-harbour-town"

    def world(*text):
        return {HOME: list_page(story(1), other)} | dict.fromkeys(
            (f"https://paper.test{story(1)}", f"https://paper.test{other}"), page(1, text=[*SENTENCES, *text])
        )

    at(0, world())
    at(1, world("The mayor has corrected the figure."), recheck=True)
    assert rows("SELECT count(*) FROM articles WHERE version = 2") == [(2,)]


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_front_page_that_leads_to_the_edition_of_the_day_is_followed_each_day(at, status):
    for day in range(1, 9):
        edition = f"https://paper.test/edition/2026-11-0{day}/"
        world = {
            HOME: (status, {"Location": edition}, b""),
            edition: list_page(story(day)),
            f"https://paper.test{story(day)}": page(day),
        }
        done = at(day, world)
        assert done.summary["articles_new"] == 1, day


def test_a_consent_page_on_the_same_host_is_no_front_page_for_long(at, rows):
    buttons = "<button>Accept all</button><button>Reject all</button>"
    words = "We and our partners store and/or access information on a device, such as cookies."
    wall = f"<title>Your privacy</title><h1>We value your privacy</h1><p>{words}</p>{buttons}"
    at(0, newsroom(1))
    at(1, {HOME: (302, {"Location": "/consent?next=/"}, b""), "https://paper.test/consent?next=/": wall})
    assert at(1.1, newsroom(1, 2)).summary["articles_new"] == 1
    assert rows("SELECT count(*) FROM articles") == [(2,)]


# Today's news does not wait behind the backlog


def test_news_of_feed_and_front_page_comes_before_a_backlog_listed_oldest_first(at, rows):
    old = {f"https://paper.test/2009/03/{n}-old-story-of-the-harbour": page(n) for n in range(1000, 1200)}
    lists = {
        "https://paper.test/robots.txt": (
            200,
            {"Content-Type": "text/plain"},
            "User-agent: *\nAllow: /\nSitemap: https://paper.test/sitemap.xml\n",
        )
    }
    lists["https://paper.test/sitemap.xml"] = sitemap(*((url, datetime(2009, 3, 5, tzinfo=UTC)) for url in old))
    settings = {"WARRAQ_PATTERN_BUDGET": 0}
    at(0, newsroom() | lists | old, max_pages=30, settings=settings)
    for hour in (1, 2, 3):
        numbers = range(1, 1 + 3 * hour)
        world = (
            newsroom(*numbers)
            | lists
            | old
            | {"https://paper.test/feed/": feed(*((f"https://paper.test{story(n)}", FIRST) for n in numbers))}
        )
        at(hour / 24, world, max_pages=30, settings=settings)
        got = rows("SELECT count(*) FROM urls WHERE url LIKE '%/2026/%' AND visits > 0")
        assert got == [(3 * hour,)], hour
    assert rows("SELECT count(*) FROM urls WHERE url LIKE '%/2009/%' AND visits > 0")[0][0] >= 60


def test_revisits_leave_room_for_first_visits_within_a_small_quota(at, rows):
    lists = {"https://paper.test/feed/": feed(*((f"https://paper.test{story(n)}", FIRST) for n in range(1, 61)))}
    world = newsroom() | lists | {f"https://paper.test{story(n)}": page(n) for n in range(1, 61)}
    for hour in range(12):
        at(hour * 1.1 / 24, world, max_pages=12)
    assert rows("SELECT count(*) FROM articles")[0][0] == 60


def test_a_damaged_feed_is_told_and_entries_without_a_url_are_counted(at, rows):
    torn = (
        200,
        {"Content-Type": "application/feed+json"},
        '{"version": "https://jsonfeed.org/version/1.1", "items": [{"url": ',
    )
    items = "<item><title>A</title></item><item><link>/a</link></item>"
    feeds = {"a": torn, "b": (200, XML, f"<rss version='2.0'><channel>{items}</channel></rss>")}
    links = "".join(f'<link rel="alternate" type="application/rss+xml" href="/{name}">' for name in feeds)
    done = at(
        0,
        newsroom(1)
        | {HOME: list_page(story(1)).replace("<head>", f"<head>{links}")}
        | {HOME + n: f for n, f in feeds.items()},
    )
    found = rows(
        "SELECT outcome, reason, detail FROM captures WHERE url IN ('https://paper.test/a', 'https://paper.test/b') ORDER BY url"
    )
    assert found[:2] == [("quarantine", "damaged", "not JSON"), ("feed", "", "1 no-url")]
    assert done.summary["left_out"] == {"no-url": 1}


@pytest.mark.parametrize("name", ["feed/", "sitemap.xml"])
def test_a_list_that_breaks_off_is_told_and_asked_for_whole(at, name):
    def half(request):
        asked.append("If-None-Match" in request.headers)
        listed = (feed if name == "feed/" else sitemap)(*(f"https://paper.test{story(n)}" for n in range(3)))
        status, headers, body = listed
        return status, {**headers, "ETag": '"1"'}, body if len(asked) > 1 else body[: body.rindex(story(2))]

    asked = []
    world = newsroom(0, 1, 2) | {HOME: list_page(), HOME + name: half}
    done = at(0, world)
    assert (done.summary["left_out"], done.summary["articles_new"]) == ({"cut-off": 1}, 2)
    done = at(2, world)
    assert (done.summary["left_out"], done.summary["articles_new"]) == ({}, 1)
    assert asked == [False, False]


@pytest.mark.parametrize(("later", "gap"), [(range(6, 12), True), (range(5, 11), False), (range(8, 12), False)])
def test_a_feed_through_which_news_may_have_passed_unseen_is_told(at, later, gap):
    def world(numbers):
        return newsroom(*numbers) | {
            HOME: list_page(),
            "https://paper.test/feed/": feed(*(f"https://paper.test{story(n)}" for n in numbers)),
        }

    assert not at(0, world(range(6))).summary["left_out"]
    done = at(2, world(later))
    assert done.summary["left_out"] == ({"feed-gap": 1} if gap else {})
    assert any("passed in between" in warning for warning in done.summary["warnings"]) == gap
    assert not at(4, world(later)).summary["left_out"]


@pytest.mark.parametrize("origin", ["https://new.test", "http://paper.test", "https://www.paper.test"])
def test_a_feed_whose_articles_have_all_moved_has_no_gap(at, origin):
    def world(origin):
        entries = feed(*(f"{origin}{story(n)}" for n in range(6)))
        return newsroom(*range(6), origin=origin) | {HOME: list_page(), "https://paper.test/feed/": entries}

    at(0, world("https://paper.test"))
    assert "feed-gap" not in at(2, world(origin)).summary["left_out"]


def test_a_feed_that_tells_of_a_move_before_the_start_page_does_loses_no_article(at, rows):
    new = "https://new.test"
    news = newsroom(*range(6), origin=new) | {f"{new}/feed/": feed(*(f"{new}{story(n)}" for n in range(6)))}

    def world(request):
        if request.url == HOME and is_busy:
            return 500, {}, b"busy"
        return moved(new, news)(request)

    at(0, newsroom(0, 1) | {"https://paper.test/feed/": feed(f"https://paper.test{story(1)}")})
    is_busy = True
    at(2, world)
    is_busy = False
    at(4, world)
    assert rows("SELECT outcome, count(*) FROM urls WHERE host = 'new.test' AND kind = 'article' GROUP BY 1") == [
        ("article", 6)
    ]


@pytest.mark.parametrize("validators", [{"ETag": '"1"'}, {"Last-Modified": "Sun, 01 Nov 2026 05:00:00 GMT"}])
def test_a_server_that_calls_everything_unchanged_is_asked_whole(at, rows, validators):
    def world(newest):
        def list_of_news(request):
            asked.append(any(name in request.headers for name in ("If-None-Match", "If-Modified-Since")))
            status, headers, body = feed(
                *(f"https://paper.test{story(n)}" for n in range(max(0, newest - 3), newest + 1))
            )
            return (304, {}, b"") if asked[-1] else (status, {**headers, **validators}, body)

        return newsroom(*range(newest + 1)) | {HOME: list_page(), "https://paper.test/feed/": list_of_news}

    asked = []
    for day in range(14):
        at(day, world(day))
    assert asked[:5] == [False, True, True, True, False]
    assert not any(asked[5:])
    assert rows("SELECT count(*) FROM articles") == [(14,)]


@pytest.mark.parametrize("counter", ["", "<!-- {} readers -->"])
def test_a_server_whose_304_is_true_is_asked_whole_now_and_then_and_keeps_its_validators(at, counter):
    def steady(request):
        asked.append("If-None-Match" in request.headers)
        body = f"{feed(f'https://paper.test{story(1)}')[2]}{counter.format(len(asked))}"
        return (304, {}, b"") if asked[-1] else (200, {**XML, "ETag": '"1"'}, body)

    asked = []
    for day in range(10):
        at(day, newsroom(1) | {"https://paper.test/feed/": steady})
    assert asked == [False, True, True, True, False, True, True, True, False, True]


@pytest.mark.parametrize(
    ("line", "visits"), [("This page was read {} times.", 9), ("<title> ({} comments)</title>", 9), ("Word{}", 24)]
)
def test_numbers_that_change_at_every_visit_do_not_call_for_visits_by_the_hour(at, rows, line, visits):
    def changing(request):
        asked.append(request.url)
        said = line.format(len(asked) if " " in line else "s" * len(asked))
        if said.startswith("<title>"):
            return page(1).replace("</title>", said.removeprefix("<title>")).replace("</h1>", f"{said[7:-8]}</h1>")
        return page(1).replace("</article>", f"<p>{said}</p></article>")

    asked = []
    for hour in range(0, 48, 2):
        at(hour / 24, {HOME: list_page(story(1)), f"https://paper.test{story(1)}": changing})
    assert len(asked) == visits
    assert rows("SELECT count(*) FROM articles") == [(visits,)]


@pytest.mark.parametrize("status", ["301", "302"])
@pytest.mark.parametrize(
    "error", [(404, {}, "<h1>Not found</h1>"), "<title>Page not found</title><h1>Page not found</h1>"]
)
def test_an_article_that_redirects_to_an_error_page_is_gone(at, rows, status, error):
    at(0, newsroom(1, 2))
    leads = int(status), {"Location": "/error/404"}, b""
    for day in (1, 33, 35, 40, 50):
        at(day, newsroom(2) | {f"https://paper.test{story(1)}": leads, "https://paper.test/error/404": error})
    assert rows("SELECT url, gone_reason FROM articles WHERE gone_at IS NOT NULL") == [
        (f"https://paper.test{story(1)}", "redirect-gone")
    ]
    for day in (60, 120):
        at(day, newsroom(1, 2), recheck=True)
    assert rows("SELECT count(*) FROM articles WHERE gone_at IS NOT NULL") == [(0,)]


@pytest.mark.parametrize("status", [200, 403, 451])
def test_a_notice_for_other_countries_is_a_wall_and_no_end_of_an_article(at, rows, status):
    at(0, newsroom(1))
    notice = (
        "<html lang=en><title>Paper</title><h1>Sorry</h1><p>This content is not available in your country.</p></html>"
    )
    for day in range(1, 30, 4):
        at(day, {HOME: list_page(story(1)), f"https://paper.test{story(1)}": (status, {}, notice)})
    assert rows("SELECT outcome, reason FROM urls WHERE kind = 'article'") == [("quarantine", "region")]
    assert rows("SELECT version, gone_at FROM articles") == [(1, None)]


@pytest.mark.parametrize(
    ("name", "compress"), [("gzip", gzip.compress), ("br", brotli.compress), ("zstd", zstd.compress)]
)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_page_whose_coding_breaks_off_is_no_article_and_asked_for_again(at, rows, name, compress, chunked):
    def half(_):
        coded = compress(page(1, text=[f"{sentence} {n}" for n, sentence in enumerate(SENTENCES * 40)]).encode())
        coded = coded[: len(coded) // 2]
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(coded), coded) if chunked else coded
        return 200, {"Content-Encoding": name, **({"Transfer-Encoding": "chunked"} if chunked else {})}, body

    at(0, newsroom(1) | {f"https://paper.test{story(1)}": half})
    assert rows("SELECT outcome, reason FROM urls WHERE kind = 'article'") == [("failed", "short-body")]
    at(0.1, newsroom(1))
    assert rows("SELECT outcome, version FROM urls JOIN articles USING (url)") == [("article", 1)]


# Bytes of a Location are kept, and the site's own spelling of a URL is what is asked for


@pytest.mark.parametrize(
    ("raw", "escaped"),
    [("خبر-عن-الجسر".encode(), "%D8%AE%D8%A8%D8%B1"), ("خبر-عن-الجسر".encode("cp1256"), "%CE%C8%D1")],
)
@pytest.mark.parametrize("kind", ["article", "feed"])
def test_a_location_of_raw_bytes_is_followed_as_they_came(at, raw, escaped, kind):
    target = "https://paper.test/ar/" + "".join(f"%{byte:02X}" if byte > 127 else chr(byte) for byte in raw)
    assert escaped in target
    source = f"https://paper.test{story(1)}" if kind == "article" else "https://paper.test/feed/"
    leads = (301, {"Location": "/ar/" + raw.decode("latin-1")}, b"")
    world = {HOME: list_page(story(1)), source: leads, f"https://paper.test{story(1)}": page(1)} | (
        {source: leads} if kind == "article" else {}
    )
    world[target] = page(1) if kind == "article" else feed(f"https://paper.test{story(1)}")
    done = at(0, world)
    assert target in done.asked
    assert done.summary["articles_new"] == 1


INSISTENT = [
    ("https://paper.test/a/%d8%ae%d8%a8%d8%b1-2026", "https://paper.test/a/%D8%AE%D8%A8%D8%B1-2026"),
    (
        "https://paper.test/index.php?option=c&view=article&id=77777",
        "https://paper.test/index.php?id=77777&option=c&view=article",
    ),
    ("https://paper.test/%50anzer-in-the-harbour-town-123456", "https://paper.test/Panzer-in-the-harbour-town-123456"),
]


@pytest.mark.parametrize(("insisted", "other"), INSISTENT)
@pytest.mark.parametrize("answer", ["redirect", "gone"])
def test_a_server_that_insists_on_its_spelling_is_asked_in_it(at, insisted, other, answer):
    def world(request):
        if request.url == HOME:
            return f'<html lang=en><title>Paper</title><h1>Paper</h1><a href="{insisted}">A headline of several words for it</a></html>'
        if request.url == insisted:
            return page(1)
        if request.url == other:
            return (301, {"Location": insisted}, b"") if answer == "redirect" else None
        return None

    done = at(0, world)
    assert done.summary["articles_new"] == 1
    assert "redirect-loop" not in done.summary["failed"]


@pytest.mark.parametrize(
    "spelling", [f"{story(1)};jsessionid=A1B2C3D4E5F6A7B8", f"/(S(abcdefghijklmnopqrstuvwx)){story(1)}"]
)
def test_an_article_with_an_expired_session_id_is_asked_without_it(at, rows, spelling):
    home = {
        HOME: f'<html lang=en><title>Paper</title><h1>Paper</h1><a href="{spelling}">A headline of several words for it</a></html>'
    }
    assert at(0, home | {f"https://paper.test{spelling}": page(1)}).summary["articles_new"] == 1
    assert at(2, {HOME: list_page(), f"https://paper.test{story(1)}": page(1)}).summary["articles_unchanged"] == 1
    done = at(9, {HOME: list_page()})
    assert done.asked.count(f"https://paper.test{story(1)}") == 1
    assert rows("SELECT outcome FROM urls WHERE url LIKE '%1-story%'") == [("gone",)]


def test_a_spelling_without_a_session_id_that_fails_is_not_asked_again_in_another(at):
    spelled, path = "/2026/11/%d8%ae-story", "/2026/11/%D8%AE-story"
    home = {
        HOME: f'<html lang=en><title>Paper</title><h1>Paper</h1><a href="{spelled}">A headline of several words for it</a></html>'
    }
    done = at(0, home)
    assert done.asked.count(f"https://paper.test{spelled}") + done.asked.count(f"https://paper.test{path}") == 1


@pytest.mark.parametrize("added", ["utm_source=rss", "PHPSESSID=abc123", "ref=rss"])
def test_a_server_that_adds_a_parameter_by_redirect_is_followed(at, added):
    def world(request):
        path = urlsplit(request.url).path
        if path == story(1):
            return page(1) if added in request.url else (302, {"Location": f"{story(1)}?{added}"}, b"")
        return newsroom(1).get(request.url)

    done = at(0, world)
    assert done.summary["articles_new"] == 1


def test_a_signed_address_is_asked_with_its_trailing_tracking_parameter(at):
    signed = f"https://paper.test{story(1)}?utm_source=feed&sig=7"

    def world(request):
        if urlsplit(request.url).path == story(1):
            return page(1) if request.url == signed else (403, {}, "bad signature")
        return {HOME: list_page(), "https://paper.test/feed/": feed(signed.replace("&", "&amp;"))}.get(request.url)

    assert at(0, world).summary["articles_new"] == 1


# What is out of scope is told; what belongs to the site is followed


def test_a_seed_that_redirects_to_another_host_takes_it_along(at):
    done = at(0, moved("https://www.new-paper.test", newsroom(1, 2, origin="https://www.new-paper.test")))
    assert done.summary["articles_new"] == 2


def test_links_to_other_hosts_alone_are_counted_and_end_with_a_code(at):
    links = "".join(
        f'<a href="https://elsewhere.test/2026/11/{n}-story-of-the-harbour">A headline of several words</a>'
        for n in range(3)
    )
    done = at(0, {HOME: f"<html lang=en><title>Paper</title><h1>Paper</h1>{links}</html>"})
    assert done.code == 15
    assert done.summary["out_of_scope"]["elsewhere.test"]["urls"] == 3
    assert "elsewhere.test" in done.summary["warnings"][-1]


@pytest.mark.parametrize("kind", ["feed", "sitemap"])
def test_a_feed_or_sitemap_that_redirects_elsewhere_keeps_its_kind(at, rows, kind):
    make = feed if kind == "feed" else sitemap
    place = f"https://paper.test/list.{kind}"
    entry = {"seeds": [HOME], f"{kind}s": [place]}
    world = newsroom() | {place: (301, {"Location": f"https://cdn.other.test/{kind}.xml"}, b"")}
    world |= {
        f"https://cdn.other.test/{kind}.xml": make(f"https://paper.test{story(1)}"),
        f"https://paper.test{story(1)}": page(1),
    }
    assert at(0, world, entry=entry).summary["articles_new"] == 1
    assert rows(f"SELECT kind, outcome FROM urls WHERE url = '{place}'") == [(kind, kind)]


def test_the_parts_of_an_index_may_lie_on_a_cdn(at):
    entry = {"seeds": [HOME], "sitemaps": ["https://paper.test/index.xml"]}
    world = newsroom() | {"https://paper.test/index.xml": index("https://cdn.other.test/1.xml")}
    world |= {
        "https://cdn.other.test/1.xml": sitemap(f"https://paper.test{story(1)}"),
        f"https://paper.test{story(1)}": page(1),
    }
    assert at(0, world, entry=entry).summary["articles_new"] == 1


def test_an_edition_by_path_finds_feed_and_sitemap_outside_of_it(at):
    start = "https://paper.test/ar/"
    world = {
        start: list_page(),
        "https://paper.test/ar/feed/": (301, {"Location": "/rss.xml"}, b""),
        "https://paper.test/rss.xml": feed("https://paper.test/ar/2026/11/1-story-of-the-harbour"),
    }
    world["https://paper.test/ar/2026/11/1-story-of-the-harbour"] = page(1)
    world["https://paper.test/feed/"] = world["https://paper.test/ar/feed/"]
    assert at(0, world, url=start).summary["articles_new"] == 1


def test_a_feed_through_a_redirect_service_is_followed_to_the_site(at):
    entry = {"seeds": [HOME], "feeds": ["https://paper.test/rss"]}
    world = newsroom() | {
        "https://paper.test/rss": feed("https://feedproxy.test/~r/1"),
        "https://feedproxy.test/~r/1": (301, {"Location": f"https://paper.test{story(1)}"}, b""),
    }
    world |= {f"https://paper.test{story(1)}": page(1)}
    assert at(0, world, entry=entry).summary["articles_new"] == 1


def test_a_service_that_answers_itself_is_asked_once(at):
    entry = {"seeds": [HOME], "feeds": ["https://paper.test/rss"]}
    links = [f"https://feedproxy.test/~r/{number}" for number in range(40)]
    world = newsroom() | {"https://paper.test/rss": feed(*links)} | dict.fromkeys(links, page(1))
    done = at(0, world, entry=entry, settings={"CONCURRENT_REQUESTS": 1})
    assert done.summary["articles_new"] == 0
    assert 1 <= len([url for url in done.asked if "feedproxy" in url]) <= 16


def test_hosts_of_the_entry_narrow_it_and_a_changed_entry_is_obeyed_though_the_page_is_not(at):
    places = [f"https://{host}/2026/11/1-story-of-the-harbour" for host in ("sport.paper.test", "paper.test")]
    links = "".join(f'<a href="{place}">A headline of several words</a>' for place in places)
    world = {HOME: f"<html lang=en><title>Paper</title><h1>Paper</h1>{links}</html>"}
    world |= {place: page(number) for number, place in enumerate(places)}
    assert at(0, world, entry={"seeds": [HOME], "hosts": ["paper.test"]}).summary["articles_new"] == 1
    done = at(0.001, world, entry={"seeds": [HOME]})
    assert (done.summary["articles_new"], done.code) == (1, 0)


def test_an_entry_of_another_name_takes_the_site_over_in_the_same_folder(at):
    at(0, newsroom(1))
    assert at(1, newsroom(1, 2), entry={"seeds": [HOME]}).summary["articles_new"] == 1


# Times that are always now are not believed


@pytest.mark.parametrize("kind", ["feed", "sitemap"])
def test_a_list_whose_times_are_always_now_calls_nothing_back(at, kind):
    numbers = range(1, 21)
    place = f"https://paper.test/list.{kind}"
    entry = {"seeds": [HOME], f"{kind}s": [place]}
    make = feed if kind == "feed" else sitemap
    visits = Counter()
    for step in range(6):
        moment = FIRST + timedelta(hours=step / 2)
        world = (
            newsroom()
            | {f"https://paper.test{story(n)}": page(n) for n in numbers}
            | {place: make(*((f"https://paper.test{story(n)}", moment) for n in numbers))}
        )
        visits.update(at(step / 48, world, entry=entry).asked)
    assert max(number for url, number in visits.items() if "/2026/" in url) <= 3


def test_a_feed_whose_times_were_wrong_again_and_again_is_not_believed(at):
    """Each time is some hours old and an hour later than the last time, and no article has changed."""
    numbers = range(1, 4)
    entry = {"seeds": [HOME], "feeds": ["https://paper.test/rss"]}
    visits = []
    for step in range(12):
        entries = [(f"https://paper.test{story(n)}", FIRST + timedelta(days=step, hours=-n)) for n in numbers]
        world = newsroom() | {f"https://paper.test{story(n)}": page(n) for n in numbers}
        done = at(step, world | {"https://paper.test/rss": feed(*entries)}, entry=entry)
        visits.append(len([url for url in done.asked if "/2026/" in url]))
    assert visits[:2] == [3, 3]
    assert sum(visits[6:]) < sum(visits[:6])


# One article has one history


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("http://www.paper.test", "https://www.paper.test"),
        ("http://paper.test", "https://www.paper.test"),
        ("https://paper.test", "https://paper-news.test"),
    ],
)
def test_a_paper_that_moves_keeps_one_history_of_each_article(at, rows, tmp_path, before, after):
    at(0, newsroom(1, 2, 3, origin=before), url=f"{before}/")
    world = moved(after, newsroom(1, 2, 3, 4, origin=after))
    for day in (1, 2, 3):
        at(day, world, url=f"{before}/", recheck=True)
    assert rows("SELECT count(*), count(DISTINCT article_key) FROM articles") == [(4, 4)]
    with Archive(tmp_path / "a") as archive:
        for origin in (before, after):
            assert archive.article(f"{origin}{story(1)}")["title"] == "Story number 1 of the harbour"


def test_a_corrected_slug_keeps_one_history(at, rows):
    at(0, newsroom(1))
    world = newsroom() | {
        HOME: list_page("/2026/11/1-corrected-story-of-the-harbour"),
        f"https://paper.test{story(1)}": (301, {"Location": "/2026/11/1-corrected-story-of-the-harbour"}, b""),
    }
    world["https://paper.test/2026/11/1-corrected-story-of-the-harbour"] = page(1)
    at(1, world, recheck=True)
    assert rows("SELECT count(*) FROM articles") == [(1,)]


@pytest.mark.parametrize(("canonical", "known"), [(f"https://paper.test{story(1)}", 1), ("", 0)])
def test_a_feed_of_another_host_whose_pages_name_the_sites_own_as_canonical_is_read(at, canonical, known):
    twin = f"https://m.paper.test{story(1)}"
    head = f'<link rel="canonical" href="{canonical}">' if canonical else ""
    world = newsroom() | {"https://paper.test/feed/": feed(twin), twin: page(1, head=head)}
    assert at(0, world).summary["articles_new"] == known


NEW_SLUG = "/2026/11/1-corrected-story-of-the-harbour"


@pytest.mark.parametrize(
    ("old", "known"),
    [
        (f'<html><head><meta http-equiv="refresh" content="0;url={NEW_SLUG}"></head></html>', 1),
        (f'<meta http-equiv="refresh" content="3;url={NEW_SLUG}"><p>Moved <a href="{NEW_SLUG}">here</a>.</p>', 1),
        ((200, {"Refresh": f"0; url=https://paper.test{NEW_SLUG}"}, b""), 1),
        (f"<script>location = '{NEW_SLUG}'</script>", 2),
    ],
)
def test_a_slug_that_a_refresh_corrects_keeps_one_history(at, rows, old, known):
    at(0, newsroom(1))
    world = {HOME: list_page(NEW_SLUG), f"https://paper.test{story(1)}": old, f"https://paper.test{NEW_SLUG}": page(1)}
    at(1, world, recheck=True)
    assert rows("SELECT count(*), sum(is_latest) FROM articles") == [(known, known)]


def test_a_refresh_to_another_article_joins_nothing(at, rows):
    at(0, newsroom(1))
    refresh = f'<meta http-equiv="refresh" content="0;url={NEW_SLUG}">'
    other = article_page("A storm has closed the road along the coast", text=[sentence[::-1] for sentence in SENTENCES])
    world = {
        HOME: list_page(NEW_SLUG),
        f"https://paper.test{story(1)}": refresh,
        f"https://paper.test{NEW_SLUG}": other,
    }
    at(1, world, recheck=True)
    assert rows("SELECT count(*), count(DISTINCT article_key) FROM articles") == [(2, 2)]


def test_an_article_that_refreshes_to_another_page_is_read(at):
    world = newsroom(1) | {f"https://paper.test{story(1)}": page(1, head='<meta http-equiv=refresh content="9;url=/">')}
    assert at(0, world).summary["articles_new"] == 1


def test_an_article_that_moves_behind_a_paywall_keeps_its_text(at, rows):
    at(0, newsroom(1))
    paid = '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false}</script>'
    teaser = page(
        1,
        text=["The council of the harbour town met on Tuesday to decide about the new ferry line to the islands."],
        head=paid,
    )
    world = {
        HOME: list_page("/about-us/"),
        f"https://paper.test{story(1)}": (301, {"Location": "/plus/1-story-of-the-harbour-town"}, b""),
    }
    done = at(1, world | {"https://paper.test/plus/1-story-of-the-harbour-town": teaser}, recheck=True)
    assert done.summary["quarantined"] == {"paywall": 1}
    assert rows("SELECT count(*) FROM articles") == [(1,)]


PAID = '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false}</script>'


@pytest.mark.parametrize("old_answers", [True, False])
def test_a_paper_that_moves_behind_a_paywall_keeps_the_whole_texts(at, rows, tmp_path, old_answers):
    before, after = "https://paper.test", "https://paper-news.test"
    at(0, newsroom(1, 2, 3, origin=before))
    teasers = {f"{after}{story(n)}": page(n, text=SENTENCES[:1], head=PAID) for n in (1, 2)}
    other_text = "A storm has closed the road along the coast, and nobody knows when the bus will drive again."
    another = {f"{after}{story(3)}": page(3, text=[other_text], head=PAID)}
    pages = {f"{after}/": list_page(*(story(n) for n in (1, 2, 3)))} | teasers | another
    world = moved(after, pages) if old_answers else pages | {HOME: (301, {"Location": f"{after}/"}, b"")}
    done = at(1, world, recheck=True)
    assert done.summary["quarantined"] == {"paywall": 2}
    assert rows("SELECT title FROM articles WHERE paywalled_at IS NOT NULL AND is_latest ORDER BY 1") == [
        ("Story number 1 of the harbour",),
        ("Story number 2 of the harbour",),
    ]
    assert rows("SELECT count(*), count(DISTINCT article_key) FROM articles") == [(4, 4)]
    with Archive(tmp_path / "a") as archive:
        for origin in (before, after):
            assert SENTENCES[-1] in archive.article(f"{origin}{story(1)}")["text"]
        assert other_text in archive.article(f"{after}{story(3)}")["text"]
        assert other_text not in archive.article(f"{before}{story(3)}")["text"]


def test_an_article_that_moves_to_a_subdomain_of_the_site_is_followed_there(at):
    world = newsroom(1, 2)
    for number, host in ((1, "archive.paper.test"), (2, "shop.paper.test")):
        world |= {f"https://{host}{story(number)}": page(number)}
        world[f"https://paper.test{story(number)}"] = (301, {"Location": f"https://{host}{story(number)}"}, b"")
    done = at(0, world)
    assert done.summary["articles_new"] == 1
    assert list(done.summary["out_of_scope"]) == ["shop.paper.test"]


def _with_second_page(answer):
    head = f'<link rel="next" href="{story(1)}/2">'
    return newsroom(1) | {
        f"https://paper.test{story(1)}": page(1, head=head),
        f"https://paper.test{story(1)}/2": answer,
    }


@pytest.mark.parametrize(
    ("answer", "held"),
    [(StoppedError("the crawl is stopping"), 0), (UnreachableError("no route"), 1), ((500, {}, b""), 1)],
)
def test_an_article_whose_next_page_could_not_be_read_is_whole_at_the_next_visit(at, rows, answer, held):
    at(0, _with_second_page(answer))
    assert rows("SELECT count(*) FROM articles") == [(held,)]
    at(1, _with_second_page(page(1, text=["The second page tells of the night watch on the pier."] * 3)), recheck=True)
    assert rows("SELECT count(*) FROM articles WHERE is_latest AND text LIKE '%night watch%'") == [(1,)]


def test_an_article_whose_next_page_is_gone_is_not_read_again_and_again(at, rows):
    for day in (0, 1):
        done = at(day, _with_second_page((404, {}, b"")), recheck=True)
    assert rows("SELECT count(*) FROM articles") == [(1,)]
    assert len([url for url in done.asked if url.endswith("/2")]) == 0


def test_a_next_page_on_another_site_is_not_asked_for(at, rows):
    elsewhere = f"https://other.test{story(1)}/2"
    world = newsroom(1) | {
        f"https://paper.test{story(1)}": page(1, head=f'<link rel="next" href="{elsewhere}">'),
        elsewhere: page(1, text=["The second page tells of the night watch on the pier."] * 3),
    }
    assert elsewhere not in at(0, world).asked
    assert rows("SELECT count(*) FROM articles WHERE text NOT LIKE '%night watch%'") == [(1,)]


def test_an_article_of_endless_pages_ends(at, rows):
    place = f"https://paper.test{story(1)}"

    def part(number):
        text = [f"Page {number} tells of the night watch on the pier, and of boat {number}."] * 3
        return page(1, text=text, head=f'<link rel="next" href="{story(1)}/{number + 1}">')

    world = newsroom(1) | {place: part(1)} | {f"{place}/{number}": part(number) for number in range(2, 60)}
    asked = at(0, world).asked
    assert len([url for url in asked if url.startswith(place)]) == MAX_PARTS
    assert rows(f"SELECT count(*) FROM articles WHERE text LIKE '%Page {MAX_PARTS} tells%'") == [(1,)]


# Front pages that lead on


@pytest.mark.parametrize(
    "start",
    [
        '<html><head><meta http-equiv="Refresh" content="3;URL=\'/en/home.html\'"></head><body></body></html>',
        "<html><body><script>location.replace('/en/home.html')</script></body></html>",
        '<html><body><script>window.top.location = "/en/home.html"</script></body></html>',
        '<html><frameset cols="20,80"><frame src="/menu.html"><frame src="/en/home.html"></frameset></html>',
        '<html><body><iframe src="/en/home.html" width="100%"></iframe></body></html>',
        (200, {"Refresh": "0;url=/en/home.html"}, b""),
        (300, {"Location": "/en/home.html"}, b""),
    ],
)
def test_a_front_page_that_leads_on_is_followed(at, start):
    world = {
        HOME: start,
        "https://paper.test/en/home.html": list_page(story(1)),
        f"https://paper.test{story(1)}": page(1),
    }
    assert at(0, world).summary["articles_new"] == 1


# Cookies


@pytest.mark.parametrize("ring", [("/",), ("/check?back=/",), ("/a", "/b")])
def test_a_ring_of_redirects_without_cookies_is_passed_with_them(at, ring):
    def world(request):
        url = urlsplit(request.url)
        if b"seen=1" in request.headers.get("Cookie", b""):
            return newsroom(1).get(request.url)
        if url.path == "/robots.txt":
            return None
        path = url.path + (f"?{url.query}" if url.query else "")
        places = ["/", *ring] if ring != ("/",) else ["/"]
        step = places.index(path) if path in places else 0
        target = places[(step + 1) % len(places)]
        return 302, {"Location": target, "Set-Cookie": "seen=1; path=/"}, b""

    done = at(0, world)
    assert done.summary["articles_new"] == 1
    assert not any(b"seen=1" in capture.request for capture in done.captures)


def test_a_ring_in_which_every_address_lies_is_passed_robots_txt_too(at):
    def world(request):
        if b"seen=1" in request.headers.get("Cookie", b""):
            return newsroom(1).get(request.url)
        return 302, {"Location": request.url, "Set-Cookie": "seen=1; path=/"}, b""

    assert at(0, world).summary["articles_new"] == 1


@pytest.mark.parametrize("by_status", [True, False])
def test_a_gate_that_only_articles_lead_through_is_passed_with_its_cookie(at, by_status):
    def world(request):
        url = urlsplit(request.url)
        if url.path == "/gate":
            return 302, {"Location": url.query, "Set-Cookie": "seen=1; path=/"}, b""
        if url.path.startswith("/2026") and b"seen=1" not in request.headers.get("Cookie", b""):
            gate = f"/gate?{url.path}"
            return (302, {"Location": gate}, b"") if by_status else f'<meta http-equiv=refresh content="0; url={gate}">'
        return newsroom(1, 2).get(request.url)

    assert at(0, world).summary["articles_new"] == 2


@pytest.mark.parametrize("content", ["0", "1; url=", "0; url=/check", "5; url={url}"])
def test_a_page_that_refreshes_to_itself_without_cookies_is_passed_with_them(at, content):
    def world(request):
        if b"seen=1" in request.headers.get("Cookie", b""):
            return newsroom(1).get(request.url)
        target = content.format(url=request.url) if "/check" not in request.url else "0; url=/"
        return 200, {"Set-Cookie": "seen=1; path=/"}, f'<meta http-equiv="refresh" content="{target}">One moment.'

    done = at(0, world)
    assert done.summary["articles_new"] == 1


def test_a_site_that_writes_a_session_into_every_path_is_read_under_addresses_without_it(at, rows):
    sessions = count()

    def world(request):
        path = urlsplit(request.url).path
        session = re.match(r"/\(S\(\w{24}\)\)(?=/)", path)
        if session is None:
            return 302, {"Location": f"/(S({next(sessions):024x})){path}"}, b""
        if path == f"{session[0]}/":
            return list_page(*(f"{session[0]}{story(n)}" for n in (1, 2)))
        return newsroom(1, 2).get(f"https://paper.test{path.removeprefix(session[0])}")

    for day in (0, 1, 2):
        assert at(day, world).code == 0
    assert rows("SELECT url FROM articles") == [(f"https://paper.test{story(n)}",) for n in (1, 2)]


def test_an_unknown_session_in_every_link_ends_and_each_article_is_one(at, rows):
    sessions = count()

    def world(request):
        own = newsroom(1, 2).get(request.url.partition("?")[0])
        return own and own.replace("</body>", list_page(*(f"{story(n)}?zz={next(sessions):08x}" for n in (1, 2))))

    done = at(0, world, settings={"WARRAQ_PATTERN_BUDGET": 20})
    assert len(done.asked) < 30
    assert rows("SELECT count(*) FROM articles") == [(2,)]
    assert rows("SELECT DISTINCT reason FROM urls WHERE outcome = 'budget'") == [("fruitless-pattern",)]


@pytest.mark.parametrize(
    ("paths", "texts"),
    [
        ((f"{story(1)}?part=1", f"{story(1)}?part=2"), (1, 2)),  # other texts
        (("/story.php?id=1001", "/story.php?id=1002"), (1, 1)),  # the query identifies the article
    ],
)
def test_a_query_that_tells_articles_apart_joins_nothing(at, rows, paths, texts):
    pages = {f"https://paper.test{path}": page(n) for path, n in zip(paths, texts, strict=True)}
    at(0, {HOME: list_page(*paths), **pages})
    assert rows("SELECT count(DISTINCT article_key) FROM articles") == [(2,)]


def test_a_page_that_refreshes_to_itself_for_ever_is_named(at):
    done = at(0, {HOME: '<html><head><meta http-equiv="refresh" content="0"></head></html>'})
    assert (done.code, done.summary["failed"]["redirect-loop"]) == (9, 1)


@pytest.mark.parametrize("keeper", ["id.paper.test", "www.paper.test"])
def test_a_ring_over_another_host_of_the_domain_is_passed(at, keeper):
    def world(request):
        url = urlsplit(request.url)
        if url.path == "/robots.txt":
            return None
        if url.hostname == keeper:
            return 302, {"Location": HOME, "Set-Cookie": "seen=1; path=/; Domain=.paper.test"}, b""
        if b"seen=1" in request.headers.get("Cookie", b""):
            return newsroom(1).get(request.url)
        return 302, {"Location": f"https://{keeper}/check"}, b""

    assert at(0, world).summary["articles_new"] == 1


def test_a_ring_that_no_cookie_opens_is_named(at):
    world = {HOME: (302, {"Location": "/a"}, b""), "https://paper.test/a": (302, {"Location": "/"}, b"")}
    done = at(0, world)
    assert done.code == 9
    assert done.summary["failed"]["redirect-loop"] >= 1


# The rest of a host is the host's


def limited(world, most):
    """A site that serves so many pages, and then asks for an hour's rest."""
    served = Counter()

    def answer(request):
        served["pages"] += 1
        return world.get(request.url) if served["pages"] <= most else (429, {"Retry-After": "3600"}, b"")

    return answer


def test_a_host_that_rests_costs_no_url_a_failure(at, rows):
    numbers = range(1, 41)
    world = newsroom(*numbers)
    for step in range(8):
        at(step * 1.1 / 24, limited(world, 9), settings={"WARRAQ_PATIENCE": 0})
    assert rows("SELECT count(*) FROM articles")[0][0] == 40
    assert rows("SELECT max(failures) FROM urls WHERE kind = 'article'") == [(0,)]


# The entry's word outranks every guess


def test_articles_of_the_entry_outrank_traps_and_likeness(at):
    links = [
        "/index.php?option=com_content&task=view&id=10234",
        "/news.php?action=show&id=20345",
        "/story/7?token=ab12",
        "/print/9",
        "/calendar/2026-11-01",
    ]
    rows_ = "".join(f'<li><a href="{link}">A headline of several words</a></li>' for link in links)
    world = {HOME: f"<html lang=en><title>Paper</title><h1>Paper</h1>{rows_}</html>"}
    world |= {f"https://paper.test{link}": page(number) for number, link in enumerate(links)}
    entry = {
        "seeds": [HOME],
        "articles": [r"task=view&id=\d+", r"action=show&id=\d+", r"/story/\d+", r"/print/\d+", r"/calendar/"],
    }
    plain = at(0, world, entry={"seeds": [HOME]})
    assert plain.summary["articles_new"] < len(links)
    assert sum(plain.summary["left_out"].values())
    done = at(1, world, entry=entry)
    assert plain.summary["articles_new"] + done.summary["articles_new"] == len(links)


# An article that is announced before it is there


def test_an_article_that_was_announced_too_early_is_asked_for_within_minutes(at, rows):
    world = newsroom(1)
    early = world | {f"https://paper.test{story(1)}": (404, {}, "")}
    at(0, early)
    assert at(11 / 1440, world).summary["articles_new"] == 1


# What came is used


def test_a_server_that_refuses_conditions_is_asked_without_one_after_that(at, rows):
    def article(text):
        return lambda request: (
            (400, {}, "bad") if request.headers.get("If-None-Match") else (200, {"ETag": '"x"'}, text)
        )

    for day, text in enumerate((page(1), page(2), page(2))):
        at(3 * day, {HOME: list_page(story(1)), f"https://paper.test{story(1)}": article(text)}, recheck=True)
    assert rows("SELECT version FROM articles") == [(1,), (2,)]


@pytest.mark.parametrize(
    "start",
    [
        '<a href="/world/rss.xml">RSS</a>',
        '<a href="/rss/">Feeds</a>',
        (200, {"Link": '</world/rss.xml>; rel="alternate"; type="application/rss+xml"'}, "<h1>Paper</h1>"),
    ],
)
def test_a_feed_that_only_the_body_or_a_link_field_names_is_read(at, start):
    world = newsroom(1) | {
        HOME: start,
        "https://paper.test/rss/": '<a href="/world/rss.xml">World</a> <a href="https://other.test/rss.xml">Partner</a>',
        "https://paper.test/world/rss.xml": feed(f"https://paper.test{story(1)}"),
    }
    done = at(0, world)
    assert done.summary["articles_new"] == 1
    assert "https://other.test/rss.xml" not in done.asked


def test_links_that_robots_must_not_follow_are_counted_and_told(at):
    world = newsroom(1, 2)
    world[HOME] = world[HOME].replace("<head>", '<head><meta name="robots" content="noindex, nofollow">')
    done = at(0, world)
    assert (done.code, done.summary["left_out"]) == (15, {"nofollow": 2})
    assert "(nofollow)" in done.summary["warnings"][0]


def test_links_that_robots_must_not_follow_are_counted_on_lists_alone(at):
    closed = '<a rel="nofollow ugc" href="{}">A headline of several words for it</a>'
    world = newsroom(1) | {HOME: list_page(story(1)).replace("</body>", closed.format(story(2)) + "</body>")}
    world[f"https://paper.test{story(1)}"] = page(1, foot=closed.format(story(3)))
    assert at(0, world).summary["left_out"] == {"nofollow": 1}


def test_a_start_page_whose_links_are_all_closed_to_robots_is_not_called_one_without_links(at):
    home = f'<html lang=en><title>Paper</title><a rel=nofollow href="{story(1)}">A headline of several words for it</a></html>'
    done = at(0, {HOME: home})
    assert (done.code, done.summary["left_out"]) == (15, {"nofollow": 1})
    assert "(nofollow)" in done.summary["warnings"][0]


def test_a_feed_that_an_article_links_to_is_not_read(at):
    world = newsroom(1)
    world[f"https://paper.test{story(1)}"] = page(1, foot='<a href="/2026/11/comments-of-1.rss">Comments</a>')
    assert "https://paper.test/2026/11/comments-of-1.rss" not in at(0, world).asked


@pytest.mark.parametrize("status", [200, 203])
def test_a_page_that_a_proxy_has_changed_is_an_answer(at, status):
    world = newsroom(1) | {f"https://paper.test{story(1)}": (status, {}, page(1))}
    assert at(0, world).summary["articles_new"] == 1


@pytest.mark.parametrize(("total", "articles"), [(0, 1), (1, 0)])
def test_a_206_is_an_answer_when_it_is_the_whole_page(at, total, articles):
    body = page(1).encode()
    given = {"Content-Range": f"bytes 0-{len(body) - 1}/{len(body) + total}"}
    assert (
        at(0, newsroom(1) | {f"https://paper.test{story(1)}": (206, given, body)}).summary["articles_new"] == articles
    )


def test_a_sitemap_of_more_than_ten_megabytes_is_read(at):
    padding = "<!--" + "x" * 11_000_000 + "-->"
    status, headers, body = sitemap(f"https://paper.test{story(1)}")
    entry = {"seeds": [HOME], "sitemaps": ["https://paper.test/big.xml"]}
    world = newsroom() | {
        "https://paper.test/big.xml": (status, headers, body.replace("<url>", padding + "<url>")),
        f"https://paper.test{story(1)}": page(1),
    }
    assert at(0, world, entry=entry).summary["articles_new"] == 1


# What no process can be started to read


def test_a_crawl_without_workers_ends_by_that_word_and_the_next_one_reads_what_it_fetched(at, monkeypatch, rows):
    def broken(self, task):
        done = Future()
        done.set_exception(NoWorkerError(OSError("no process")))
        return done

    with monkeypatch.context() as patch:
        patch.setattr("tests.support.simulated._InlinePool.submit", broken)
        done = at(0, newsroom(1, 2))
    assert (done.code, done.report.reason, len(done.asked)) == (18, "no-workers", 1)
    assert "no worker process can be started (no process)" in done.summary["problem"]
    assert rows("SELECT outcome, visits FROM urls") == [("", 0)]
    assert at(0.01, newsroom(1, 2)).summary["articles_new"] == 2

"""The reading room over ASGI: every route, bad input, hostile text, and headers."""

from __future__ import annotations

import json
import tomllib
import zipfile
from html.parser import HTMLParser
from importlib.resources import files
from io import BytesIO
from string import Formatter

import pytest
from sqlite_utils.utils import sqlite3  # the same library as ours: two in one process do not see each other's locks

from archive.capture import Capture, Original
from archive.web import create_app
from tests.support.shelf import HOSTILE_PAGE, LIBRARY, NOON, Client

pytestmark = pytest.mark.slow

PAGES = (
    "/", "/search?q=مكتبة", "/search?q=خطر", "/articles/1", "/articles/2", "/articles/4", "/articles/4?q=خطر", "/articles/5",
    "/articles/4/original", "/compare?old=1&new=2", "/coverage", "/coverage?reason=challenge", "/help",
)  # fmt: skip


class Markup(HTMLParser):
    """What a browser would make of a page: elements, attributes, text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, name):
        return [attributes for tag, attributes in self.elements if tag == name]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_html_without_anything_inline_and_loads_only_from_here(room, path):
    answer = room.get(path)
    assert answer.status_code == 200
    markup = Markup(answer.text)
    for tag, attributes in markup.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        assert tag != "style"
        for name in ("src", "href", "action"):
            value = attributes.get(name) or ""
            assert not value.lower().startswith(("javascript:", "data:", "//")), (tag, attributes)
            assert tag == "a" or not value.startswith("http"), (tag, attributes)
    assert all(script["src"].startswith("/static/") for script in markup.all("script"))
    assert "svg/onload" not in {tag for tag, _ in markup.elements}


@pytest.mark.parametrize("path", [*PAGES, "/nope", "/api/stats", "/static/room.css", "/articles/1.wacz", "/robots.txt"])
def test_every_answer_has_the_strict_headers_and_sets_no_cookie(room, path):
    headers = room.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in headers


def test_the_archived_page_comes_byte_for_byte_in_a_sandbox_without_scripts(room):
    answer = room.get("/raw/4")
    assert answer.text == HOSTILE_PAGE
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script" not in policy
    assert "allow" not in policy
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    (frame,) = Markup(room.get("/articles/4/original").text).all("iframe")
    assert frame["sandbox"] in {"", None}


def test_search_finds_a_word_by_another_form_of_it_and_marks_the_original(room):
    page = room.get("/search?q=الْمَكتبه").text
    assert "<mark>مكتبة</mark>" in page
    assert "Night bus" not in page


def test_a_typing_error_is_answered_with_what_was_meant_and_a_link_to_it(room):
    typed = "المكتيبة"
    markup = Markup(room.get(f"/search?q={typed}&lang=ar").text)
    assert "هل تقصد" in markup.text
    answer = room.get(f"/api/search?q={typed}").json()
    assert answer["did_you_mean"]
    assert answer["hits"]
    assert room.get("/api/search?q=المكتبة").json()["did_you_mean"] is None


def test_each_article_that_lacks_a_word_is_marked_beside_those_that_have_all(room):
    answer = room.get("/api/search?q=مكتبة").json()
    assert answer["complete"] == answer["total"] == len(answer["hits"])
    assert room.get("/search?q=مكتبة").text.count("some of the words") == 0
    assert room.get("/search?q=night OR مكتبة bus&lang=en").text.count("some of the words") == 1


def test_filters_narrow_and_are_taken_off_by_a_link(room):
    page = room.get("/search?section=News&language=en&from=2026-11-01&to=2026-11-30").text
    assert "Night bus" in page
    assert "مكتبة متنقلة" not in page
    assert 'href="/search?language=en&amp;from=2026-11-01&amp;to=2026-11-30"' in page


def test_a_filter_holds_even_when_the_words_are_relaxed_or_odd(room):
    answer = room.get("/api/search", method="GET").json()
    assert answer["total"] == 4
    for words in ("night zzz مكتبة", '"unclosed مكتبة', "مكتبة OR", "-"):
        hits = room.get(f"/api/search?q={words}&section=محليات").json()["hits"]
        assert {hit["section"] for hit in hits} <= {"محليات"}


@pytest.mark.parametrize(
    "query",
    ["q=%22", "q=%00", "q=%ED%A0%80", "q=*", "q=a%20OR", "q=)(", "q=" + "x" * 5000,
     "page=abc", "page=-1", "page=99999999999", "limit=0", "limit=1000000", "offset=x", "order=best", "from=yesterday", "to=2026-99-99",
     "site=%22%20OR%20*", "section=%22", "language=%00", "q=%FF"],
)  # fmt: skip
def test_odd_questions_are_answered_and_what_was_left_out_is_said(room, query):
    for path in ("/search", "/api/search"):
        assert room.get(f"{path}?{query}").status_code == 200
    if query.split("=")[0] in {"page", "limit", "offset", "order", "from", "to"}:
        assert room.get(f"/api/search?{query}").json()["problems"]


@pytest.mark.parametrize(
    "path", ["/nope", "/articles/99", "/articles/x", "/articles/99999999999999999999", "/raw/99", "/articles/99.wacz", "/compare",
             "/compare?old=1&new=3", "/compare?old=1&new=x", "/compare?old=1&new=%D9%A1",
     "/static/../app.py", "/static/%2e%2e/app.py", "/warraq.db"],
)  # fmt: skip
def test_what_is_not_there_is_a_404(room, path):
    assert room.get(path).status_code == 404


def test_the_api_says_404_and_405_in_json(room):
    assert room.get("/api/articles/99").json() == {"error": {"status": 404, "message": "not found"}}
    answer = room.get("/api/stats", method="POST")
    assert answer.status_code == 405
    assert answer.json()["error"]["status"] == 405


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(room, method):
    assert room.get("/articles/1", method=method).status_code == 405


def test_an_article_page_shows_text_provenance_dropped_lines_and_its_record(room):
    page = Markup(room.get("/articles/1").text).text
    for words in (
        "حملت الحافلة ألف كتاب.",
        "phrase:read-also",
        "اقرأ أيضاً",
        "h1",
        "noarchive",
        "sha1:",
        "NEWS-",
        "نسختان",
    ):
        assert words in page


def test_an_older_version_says_so_and_links_to_the_newest(room):
    assert 'href="/articles/2"' in room.get("/articles/1").text
    assert "قُدّمت بعدها نسخة أحدث" in room.get("/articles/1").text
    assert "قُدّمت بعدها نسخة أحدث" not in room.get("/articles/2").text


def test_the_difference_of_two_versions_is_marked_word_by_word(room):
    page = room.get("/compare?old=1&new=2").text
    assert "ألف </del>" in page
    assert "ألفي </ins>" in page
    assert page.count("<del>") == page.count("<ins>") == 1


def test_the_language_follows_the_wish_then_the_browser_and_stays_in_links(room):
    assert '<html lang="ar" dir="rtl">' in room.get("/").text
    assert '<html lang="en" dir="ltr">' in room.get("/", accept_language="fr, en;q=0.8, ar;q=0.3").text
    assert '<html lang="ar" dir="rtl">' in room.get("/", accept_language="ar-SY,ar;q=0.9").text
    page = room.get("/?lang=en", accept_language="ar").text
    assert '<html lang="en" dir="ltr">' in page
    assert 'href="/coverage?lang=en"' in page


@pytest.mark.parametrize("path", ["/search?q=مكتبة&lang=en", "/articles/1?lang=en"])
def test_a_date_of_another_direction_keeps_its_place_in_the_line(room, path):
    """What parts it from the next is then drawn by the line, not on the other side of the date."""
    page = room.get(path).text
    assert '<span><time dir="ltr"' in page
    assert page.count('<time dir="ltr"') == page.count('<span><time dir="ltr"')


def test_messages_have_the_same_keys_and_places_in_both_languages():
    def shape(language):
        text = files("archive.web").joinpath("messages", f"{language}.toml").read_text("utf-8")
        found = {}
        for group, messages in tomllib.loads(text).items():
            for key, message in messages.items():
                other = message if isinstance(message, str) else message["other"]
                found[group, key] = {name for _, name, _, _ in Formatter().parse(other) if name}
        return found

    assert shape("ar") == shape("en")


def test_an_address_pasted_into_the_search_box_leads_to_its_article(room):
    assert 'href="/articles/2"' in room.get(f"/search?q={LIBRARY}").text


def test_coverage_lists_quarantine_runs_and_sites(room):
    page = Markup(room.get("/coverage").text).text
    for words in ("daftar.example", "تحقق من الروبوتات", "اكتملت", "زحف"):
        assert words in page


def test_a_wacz_of_one_article_holds_its_record(room):
    answer = room.get("/articles/4.wacz")
    assert answer.headers["content-disposition"] == 'attachment; filename="article-4.wacz"'
    assert "archive/data.warc.gz" in zipfile.ZipFile(BytesIO(answer.content)).namelist()


def test_a_wacz_says_that_the_original_of_a_revisit_is_not_held(room, shelf):
    assert "warraq-missing-originals" not in room.get("/articles/3.wacz").headers
    url, digest = "https://daftar.example/en/bus", "sha1:ELSEWHERE"
    lost = Original(record_id="<urn:uuid:lost>", url=url, date="2026-11-01T00:00:00Z", payload_digest=digest)
    seen = Capture(
        url=url, started=NOON, request=b"GET / HTTP/1.1\r\n\r\n", response=b"HTTP/1.1 200 OK\r\n\r\n<p>x</p>"
    )
    place = shelf.writer.write_capture(seen, payload_digest=digest, revisit_of=lost).location
    with shelf.store.atomic():
        for table in ("articles", "captures"):
            sql = f"UPDATE {table} SET warc_filename = ?, warc_record_offset = ?, warc_record_length = ? WHERE url = ?"
            shelf.store.db.conn.execute(sql, (place.filename, place.offset, place.length, url))
    for path in ("/articles/3.wacz", "/export.wacz?q=night"):
        answer = room.get(path)
        assert answer.headers["warraq-missing-originals"] == "1"
        description = json.loads(zipfile.ZipFile(BytesIO(answer.content)).read("datapackage.json"))["description"]
        assert description.endswith(f"cannot show: 1, such as {url}.")
    assert "warraq-missing-originals" not in room.get("/articles/4.wacz").headers


def test_the_api_gives_the_article_its_versions_and_figures(room):
    article = room.get("/api/articles/1").json()
    assert article["dropped"] == [["اقرأ أيضاً", "phrase:read-also"]]
    assert article["tags"] == ["كتب"]
    assert [version["version"] for version in room.get("/api/articles/2/versions").json()] == [1, 2]
    assert room.get("/api/stats").json()["articles"] == 4


def test_api_snippets_are_pieces_and_not_markup(room):
    (hit,) = room.get("/api/search?q=night").json()["hits"]
    assert {"text": "Night", "marked": True} in hit["title_pieces"]
    assert hit["snippet"] == "The night bus is back."


def test_pages_are_bounded_and_follow_each_other(room):
    first = room.get("/api/search?limit=2").json()
    rest = room.get(f"/api/search?limit=2&offset={first['next_offset']}").json()
    assert len({hit["id"] for hit in first["hits"] + rest["hits"]}) == 4
    assert room.get("/api/search?limit=101").json()["limit"] == 100


def test_without_an_archive_or_with_a_broken_one_every_page_says_503(tmp_path):
    room = Client(create_app(tmp_path / "none"))
    for path in ("/", "/articles/1", "/coverage", "/api/search?q=a", "/api/stats", "/raw/1"):
        answer = room.get(path)
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "warraq.db").write_bytes(b"no database" * 1000)
    assert room.get("/api/search?q=a").status_code == 503


def test_a_locked_database_is_a_503_and_a_writing_crawl_is_not(room, shelf, monkeypatch):
    monkeypatch.setattr("archive.web.views.PATIENCE_S", 0.1)
    with shelf.store.atomic():
        shelf.store.db.conn.execute("UPDATE articles SET section = 'x'")
        assert room.get("/").status_code == 200
    shelf.store.close()
    holder = sqlite3.connect(shelf.collection.database, isolation_level=None)
    holder.execute("PRAGMA journal_mode = DELETE")
    holder.execute("BEGIN EXCLUSIVE")
    assert room.get("/").status_code == 503
    holder.rollback()
    assert room.get("/").status_code == 200
    holder.close()


def test_a_question_that_takes_too_long_is_interrupted(room, monkeypatch):
    monkeypatch.setattr("archive.web.views.TIME_LIMIT_S", -1.0)
    monkeypatch.setattr("archive.index.PROGRESS_STEPS", 1)
    assert room.get("/coverage").status_code == 503


def test_a_lost_warc_file_is_said_and_the_article_stays_readable(room, shelf):
    shelf.writer.close()
    for path in shelf.collection.warcs.iterdir():
        path.unlink()
    assert room.get("/articles/1").status_code == 200
    assert room.get("/articles/1/original").status_code == 200
    assert room.get("/raw/1").status_code == 404
    assert room.get("/articles/1.wacz").status_code == 404


def test_another_host_name_is_turned_away_so_that_dns_rebinding_reads_nothing(room):
    assert room.get("/api/stats", host="evil.example").status_code == 421
    for own in ("localhost:8765", "LOCALHOST", "localhost.", "localhost.:8765"):
        assert room.get("/", host=own).status_code == 200


def test_an_endless_address_is_refused(room):
    assert room.get("/search?q=" + "a" * 20_000).status_code == 414


def test_json_is_readable_arabic(room):
    answer = room.get("/api/search?q=مكتبة")
    assert "مكتبة متنقلة" in answer.text
    assert json.loads(answer.text)["total"] == 1


def test_any_search_has_its_feed_in_two_forms(room):
    page = room.get("/search?q=حافلة&site=daftar.example&lang=en").text
    assert 'type="application/atom+xml" href="/feed.atom?q=' in page
    atom = room.get("/feed.atom?q=مكتبات")
    assert atom.headers["content-type"].startswith("application/atom+xml")
    assert "<title>مكتبة متنقلة تجوب القرى</title>" in atom.text
    feed = room.get("/feed.json?q=مكتبات").json()
    assert [item["url"] for item in feed["items"]] == [LIBRARY]
    assert feed["items"][0]["_warraq"]["version"] == 2
    assert room.get("/feed.json?q=لا-شيء-كهذا").json()["items"] == []
    assert "<updated>1970" not in room.get("/feed.atom?q=لا-شيء-كهذا").text


def test_the_feeds_of_watches_are_those_that_the_last_run_wrote(room, shelf):
    feeds = shelf.collection.folder / "feeds"
    feeds.mkdir()
    (feeds / "quake.atom").write_text("<feed/>")
    assert room.get("/watches/quake.atom").text == "<feed/>"
    for path in ("/watches/other.atom", "/watches/..%2f..%2fwarraq.json", "/watches/.x.atom"):
        assert room.get(path).status_code == 404
    (feeds / "link.json").symlink_to("/etc/passwd")
    assert room.get("/watches/link.json").status_code == 503


def test_all_articles_are_listed_by_a_cursor_without_their_texts(room):
    listed, cursor = [], ""
    while cursor is not None:
        answer = room.get(f"/api/articles?limit=1&cursor={cursor}").json()
        listed += answer["articles"]
        cursor = answer["next_cursor"]
    assert [row["id"] for row in listed] == [2, 3, 4, 5]
    assert all(row["is_latest"] is True and "text" not in row for row in listed)
    for odd in ("x", "-1", "9" * 40):
        answer = room.get(f"/api/articles?cursor={odd}").json()
        assert len(answer["articles"]) == 4
        assert answer["problems"] == ["cursor is a number from 0 to 999999999999999999"]
    assert len(room.get("/api/articles?cursor=٣").json()["articles"]) == 2


def test_the_api_gives_captures_differences_and_health(room):
    assert [row["url"] for row in room.get("/api/articles/2/captures").json()] == [LIBRARY, LIBRARY]
    answer = room.get("/api/diff?old=1&new=2").json()
    assert (answer["old"], answer["new"], answer["difference"]["body"][0]["state"]) == (1, 2, "changed")
    for path in ("/api/diff?old=1&new=3", "/api/diff", "/api/diff?old=x&new=2", "/api/articles/99/captures"):
        assert room.get(path).json()["error"]["status"] == 404
    assert set(room.get("/api/health").json()) == {"days", "alarms"}


def test_the_openapi_document_describes_every_route_of_the_api(room):
    from archive.web import ROUTES

    document = room.get("/api/openapi.json").json()
    routes = {
        route.path.replace(":int}", "}").replace(":path}", "}") for route in ROUTES if route.path.startswith("/api/")
    }
    assert set(document["paths"]) == routes
    assert all(item["get"]["summary"] for item in document["paths"].values())


def test_only_the_origins_that_were_named_may_read_the_api_from_a_browser(shelf, room):
    from archive.web import create_app

    named = Client(create_app(shelf.collection.folder, hosts=("localhost",), origins=("https://a.example",)))
    allowed = "access-control-allow-origin"
    assert allowed not in room.get("/api/stats", origin="https://a.example").headers
    assert named.get("/api/stats", origin="https://a.example").headers[allowed] == "https://a.example"
    assert allowed not in named.get("/api/stats", origin="https://b.example").headers
    assert "Origin" in named.get("/api/stats").headers["vary"]  # for a cache: the response differs by origin
    assert allowed not in named.get("/", origin="https://a.example").headers
    every = Client(create_app(shelf.collection.folder, hosts=("localhost",), origins=("*",)))
    assert every.get("/feed.json", origin="https://b.example").headers[allowed] == "*"


def test_a_page_links_to_itself_in_the_other_language(room):
    assert "lang=en" in room.get("/search?q=x&lang=ar").text
    assert "lang=ar" in room.get("/search?q=x&lang=en").text

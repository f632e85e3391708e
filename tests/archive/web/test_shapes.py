"""Articles in the reading room: blocks, archived pictures, and the state of the page."""

from __future__ import annotations

import re

import pytest

from archive.body import Block, Span, paragraphs, plain_text
from archive.index import captures
from tests.support.shelf import LIBRARY

URL = "https://daftar.example/2026/11/souq"
PICTURE = "https://daftar.example/souq.png"
BODY = (
    Block(
        kind="paragraph", spans=(Span(text="أعلنت البلدية "), Span(text="ترميم السوق", href="https://daftar.example/x"))
    ),
    Block(kind="heading", level=2, spans=(Span(text="ماذا يشمل؟"),)),
    Block(kind="list", items=(paragraphs("القبة الشرقية"), paragraphs("الدكاكين"))),
    Block(kind="quote", blocks=paragraphs("لن نترك حجرا"), cite="رئيسة البلدية"),
    Block(kind="figure", url=PICTURE, alt="باب السوق", caption=(Span(text="الباب"),), credit="الوكالة"),
    Block(kind="embed", url="https://video.example/1", provider="YouTube"),
    Block(kind="entry", time="2026-11-24T10:05:00+02:00", blocks=paragraphs("وصل الوزير.")),
)


@pytest.fixture
def souq(shelf):
    return shelf.put(URL, "ترميم السوق", plain_text(BODY), body=BODY)


def test_every_block_is_shown_as_what_it_is(room, souq):
    shown = room.get(f"/articles/{souq}?lang=en").text
    for piece in (
        '<div lang="ar" dir="rtl">',
        '<a href="https://daftar.example/x" rel="external noreferrer noopener">ترميم السوق</a>',
        "<h2>ماذا يشمل؟</h2>",
        "<ul><li>القبة الشرقية</li><li>الدكاكين</li></ul>",
        "<footer><cite>رئيسة البلدية</cite></footer>",
        "<small>الوكالة</small>",
        "YouTube: <bdi>https://video.example/1</bdi>",
        '<time datetime="2026-11-24T10:05:00+02:00">24 November 2026, 10:05 (UTC+2)</time>',
    ):
        assert piece in shown


def test_a_picture_that_was_not_captured_is_named_and_never_loaded(room, souq):
    shown = room.get(f"/articles/{souq}?lang=en").text
    assert "The picture was not captured: <bdi>باب السوق</bdi>" in shown
    assert "<img" not in shown


def _picture(shelf, data):
    identity = shelf.capture(PICTURE, data.decode("latin-1"), head="Content-Type: image/png", mime="image/png")
    assert captures.nearest(shelf.store.db, [PICTURE], "2026-01-01T00:00:00Z")[PICTURE][-1]["id"] == identity
    return identity


def test_a_picture_that_was_captured_is_shown_from_the_archive(shelf, room, souq):
    identity = _picture(shelf, b"GIF89a and so on")
    assert f'<img src="/pictures/{identity}" alt="باب السوق" loading="lazy">' in room.get(f"/articles/{souq}").text
    answer = room.get(f"/pictures/{identity}")
    assert (answer.headers["content-type"], answer.content) == ("image/gif", b"GIF89a and so on")
    assert answer.headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize("data", [b"<!-- <svgx --><html onload='alert(1)'>", b"<html>", b""])
def test_what_is_no_picture_is_not_served_as_one(shelf, room, souq, data):
    assert room.get(f"/pictures/{_picture(shelf, data)}").status_code == 404


def test_a_page_is_no_picture(room):
    assert room.get("/pictures/1").status_code == 404
    assert room.get("/pictures/99").status_code == 404


def test_words_of_a_search_are_marked_inside_links_and_quotations(room, souq):
    shown = room.get(f"/articles/{souq}?q=السوق&lang=en").text
    assert "ترميم <mark></mark>" not in shown
    assert re.search(r'<a href="https://daftar.example/x"[^>]*>ترميم </a><a [^>]*><mark>السوق</mark></a>', shown)
    assert "One word marked." in shown


def test_an_article_without_stored_blocks_is_shown_line_by_line(shelf, room):
    shelf.store.db.conn.execute("UPDATE articles SET body = NULL")
    shelf.store.db.conn.commit()
    assert "<p>حملت الحافلة ألف كتاب.</p>" in room.get("/articles/1").text


@pytest.mark.parametrize("bad", ["[", "[[[[", '[{"kind":"paragraph","spans":[{"text":"<script>alert(1)</script>"}]}]'])
def test_a_hostile_body_costs_nothing(shelf, room, bad):
    shelf.store.db.conn.execute("UPDATE articles SET body = ?", (bad,))
    shelf.store.db.conn.commit()
    answer = room.get("/articles/1")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert room.get("/api/articles/1").status_code == 200


def test_what_became_of_the_page_is_said(shelf, room, souq):
    with shelf.store.atomic():
        shelf.store.db.conn.execute(
            "UPDATE articles SET gone_at = '2026-11-26T00:00:00Z', gone_reason = 'soft-404', paywalled_at = '2026-11-25T00:00:00Z'"
            " WHERE id = ?",
            (souq,),
        )
        shelf.store.db.conn.execute("INSERT INTO families VALUES (?, 1, 0), (2, 1, 0.9), (3, 2, 0)", (souq,))
        shelf.store.db.conn.execute(
            "INSERT INTO changes VALUES (?, '2026-11-25T00:00:00Z', 'author', '', 'هالة', '<urn:x>')", (souq,)
        )
    shown = room.get(f"/articles/{souq}?lang=en").text
    assert "has been gone since 26 November 2026 (says “not found” with status 200)" in shown
    assert "behind a paywall since 25 November 2026" in shown
    assert '<a href="/articles/2?lang=en"><bdi>صحيفة الدفتر</bdi></a>' in shown
    assert "/articles/3" not in shown
    assert "<del><bdi></bdi></del> <ins><bdi>هالة</bdi></ins>" in shown
    other = room.get("/articles/3?lang=en").text
    assert "has been gone" not in other
    assert "Also in" not in other


def test_a_text_that_was_changed_back_stands_twice_in_the_timeline(shelf, room):
    row = captures.get(shelf.store.db, shelf.capture(LIBRARY, "<p>again</p>"))
    with shelf.store.atomic():
        shelf.store.db.conn.execute(
            "UPDATE captures SET article_id = 1, outcome = 'article' WHERE id = ?", (row["id"],)
        )
    shown = room.get("/articles/1?lang=en").text
    timeline = shown[shown.index('<ol class="timeline">') : shown.index("</ol>", shown.index('<ol class="timeline">'))]
    assert re.findall(r"Version (\d)", timeline) == ["1", "2", "1"]
    assert "again" in timeline
    assert "/compare?old=2&amp;new=1" in timeline
    assert "Captured 3 times" in shown


def test_the_api_gives_the_blocks_and_one_typing(room, souq):
    answer = room.get(f"/api/articles/{souq}").json()
    assert answer["body"][1] == {"kind": "heading", "level": 2, "spans": [{"text": "ماذا يشمل؟"}]}
    assert answer["is_latest"] is True
    assert room.get(f"/api/articles/{souq}/versions").json()[0]["is_latest"] is True

from __future__ import annotations

import pytest

from archive.article import Link
from archive.extract import document_base, find_feeds, find_links
from archive.extract.document import parse_html
from archive.extract.page import read_model
from archive.http import link_fields
from tests.support import effort

pytestmark = pytest.mark.slow

PAGE = "https://news.example.com/world/today.html?p=1"


def links(html: str, **options: object) -> tuple[Link, ...]:
    return find_links(read_model(parse_html(html)), PAGE, **options)  # type: ignore[arg-type]


def test_links_are_absolute_canonical_and_in_page_order() -> None:
    found = links(
        """<a href="/أخبار/1">خبر</a> <a href="2.html#c">two</a> <a href="//cdn.example.com/x?utm_source=a">x</a>
        <a href=" HTTPS://News.Example.COM/3 ">three</a>""",
    )
    assert [link.url for link in found] == [
        "https://news.example.com/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1/1",
        "https://news.example.com/world/2.html",
        "https://cdn.example.com/x",
        "https://news.example.com/3",
    ]
    assert found[0].text == "خبر"


def test_what_is_no_page_is_no_link() -> None:
    assert (
        links(
            """<a href="mailto:a@b.c">m</a><a href="javascript:void(0)">j</a><a href="data:,x">d</a><a href="#top">t</a>
            <a href="tel:123">c</a><a href="">e</a><a name="x">n</a><a href="http://[bad">b</a><a href="whatsapp://send">w</a>""",
        )
        == ()
    )


def test_a_url_comes_once_with_its_longest_text() -> None:
    found = links(
        """<a href="/1"><img src="x.jpg" alt="picture"></a> <a href="/1"><h2>The long
        <b>headline</b></h2></a> <a href="/1#comments">5</a>""",
    )
    assert found == (Link(url="https://news.example.com/1", text="The long headline"),)


def test_nofollow_counts_only_if_every_anchor_has_it() -> None:
    found = links('<a href="/1" rel="NoFollow  noopener">a</a><a href="/2" rel=nofollow>b</a><a href="/2">b</a>')
    assert [link.rel for link in found] == ["nofollow noopener", ""]


def test_style_sheets_inside_an_anchor_are_not_its_text() -> None:
    assert links("<a href='/1'><style>.a{color:red}</style><span>News</span></a>")[0].text == "News"


def test_base_element_moves_relative_links() -> None:
    html = '<head><base href="/archive/"><base href="http://other.example/"></head><a href="1">a</a><a href="/2">b</a>'
    assert [link.url for link in links(html)] == ["https://news.example.com/archive/1", "https://news.example.com/2"]
    assert document_base(read_model(parse_html(html)), PAGE) == "https://news.example.com/archive/"


def test_base_that_is_no_web_address_is_ignored() -> None:
    assert links('<base href="file:///c:/"><a href="1">a</a>')[0].url == "https://news.example.com/world/1"


def test_query_is_sent_in_the_encoding_of_the_page() -> None:
    assert links('<a href="/s?q=مصر">s</a>', encoding="windows-1256")[0].url.endswith("?q=%E3%D5%D1")


def test_number_of_links_is_bounded() -> None:
    assert len(links("".join(f"<a href='/{n}'>x</a>" for n in range(300)), limit=100)) == 100


def test_anchors_that_repeat_are_not_looked_at_without_end() -> None:
    html = "<a href='/1'>x</a>" * 60 + "<a href='/2'>y</a>"
    assert len(links(html, limit=10)) == 1
    assert len(links(html, limit=20)) == 2


def test_a_page_of_a_hundred_thousand_links_costs_little() -> None:
    tree = parse_html(
        "<base href='/x/'>" + "<a href='?a=1'>x</a><link rel=alternate type='text/xml' href='rss'>" * 100_000
    )
    with effort.at_most(3):
        assert len(find_links(read_model(tree), PAGE)) == 1
        assert len(find_feeds(read_model(tree), PAGE)) == 1


def test_feeds_are_announced_by_a_link_field_and_in_the_ways_of_feed_readers_too() -> None:
    html = """<link rel="feed" href="/one"><link rel="feed" type="text/css" href="/no">
    <link rel="alternate" type="application/rss+xml" href="feed://news.example.com/two">
    <link rel="alternate" type="application/rss+xml" href="feed:https://news.example.com/three">"""
    headers = [("Link", '</four>; rel="alternate"; type="application/atom+xml"; title="a, b", </no>; rel=next')]
    found = find_feeds(read_model(parse_html(html)), PAGE, headers=headers)
    assert [(link.url.rpartition("/")[2], link.text) for link in found] == [
        ("one", ""), ("two", ""), ("three", ""), ("four", "a, b")
    ]  # fmt: skip


def test_a_link_field_of_a_hundred_thousand_links_costs_little() -> None:
    fields = [
        ("Link", "<a>;" * 50_000),
        ("Link", "<a>" + "; x =" * 50_000),
        ("Link", "<" * 100_000),
        ("Link", "<a>" + ";" + " " * 50_000),
    ]
    with effort.at_most(1):
        for field in fields:
            assert len(list(link_fields([field]))) <= 50


def test_announced_feeds_are_found_and_other_alternates_are_not() -> None:
    html = """<head>
    <link rel="alternate" type="application/rss+xml" title=" الأخبار " href="/feed/">
    <link rel="Alternate feed" type="application/atom+xml; charset=utf-8" href="atom.xml">
    <link rel="alternate" type="application/feed+json" href="https://news.example.com/feed.json">
    <link rel="alternate" type="application/rss+xml" href="/feed/">
    <link rel="alternate" type="application/json" href="/wp-json/wp/v2/posts/1">
    <link rel="alternate" type="text/xml+oembed" href="/oembed">
    <link rel="alternate" hreflang="en" href="/en/">
    <link rel="stylesheet" type="text/css" href="/x.css"></head>"""
    assert [(link.url, link.text) for link in find_feeds(read_model(parse_html(html)), PAGE)] == [
        ("https://news.example.com/feed/", "الأخبار"),
        ("https://news.example.com/world/atom.xml", ""),
        ("https://news.example.com/feed.json", ""),
    ]

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.discovery.feeds import MAX_FEED_BYTES, Feed, read_feed
from tests.support import effort

URL = "https://news.example.com/feeds/rss.xml"


def feed(text: str, **options: object) -> Feed:
    return read_feed(text.encode(), URL, **options)  # type: ignore[arg-type]


def rss(items: str, head: str = "") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{head}{items}</channel></rss>'


def test_rss_2_says_what_is_new_and_when() -> None:
    read = feed(
        rss(
            """<item><title>قمة &amp;quot;عربية&amp;quot; &lt;b&gt;اليوم&lt;/b&gt;</title><link>
            https://news.example.com/a/1?utm_source=rss </link><pubDate>Tue, 24 Nov 2026 08:00:00 +0300</pubDate>
            <dc:modified xmlns:dc="http://purl.org/dc/terms/">2026-11-24T09:30:00Z</dc:modified>
            <category>سياسة</category><category>مصر</category></item>""",
            "<title>أخبار</title><language>ar-eg</language><ttl>15</ttl>",
        ),
    )
    (entry,) = read.entries
    assert entry.url == "https://news.example.com/a/1"
    assert entry.title == 'قمة "عربية" اليوم'
    assert entry.published == datetime(2026, 11, 24, 5, tzinfo=UTC)
    assert entry.updated == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    assert entry.keywords == ("سياسة", "مصر")
    assert (read.title, read.language, read.every) == ("أخبار", "ar-eg", timedelta(minutes=15))
    assert read.complete


def test_rss_0_91_and_rss_1_0_are_read() -> None:
    old = '<rss version="0.91"><channel><title>t</title><item><title>a</title><link>/a</link></item></channel></rss>'
    assert [entry.url for entry in feed(old).entries] == ["https://news.example.com/a"]
    rdf = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
      xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
      <channel rdf:about="https://news.example.com/"><title>t</title><sy:updatePeriod>hourly</sy:updatePeriod>
      <sy:updateFrequency>2</sy:updateFrequency></channel>
      <item rdf:about="https://news.example.com/b"><title>b</title><dc:date>2026-11-24</dc:date></item></rdf:RDF>"""
    read = feed(rdf)
    assert [(entry.url, entry.published) for entry in read.entries] == [
        ("https://news.example.com/b", datetime(2026, 11, 24, tzinfo=UTC)),
    ]
    assert read.every == timedelta(minutes=30)


def test_atom_takes_the_alternate_link_and_its_base() -> None:
    read = feed(
        """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ar" xml:base="https://other.example/x/">
        <title type="html">&lt;i&gt;T&lt;/i&gt;</title><link rel="self" href="https://news.example.com/atom"/>
        <link rel="hub" href="https://hub.example/"/>
        <entry xml:base="y/"><title>a</title><link rel="edit" href="edit/1"/><link rel="enclosure" href="1.mp3"/>
        <link rel="alternate" type="application/json" href="1.json"/><link rel="alternate" type="text/html" href="1"/>
        <published>2026-11-24T05:00:00.123456789Z</published><updated>2026-11-24T06:00:00-05:00</updated></entry>
        <entry><title>b</title><id>https://other.example/b</id></entry>
        <entry><title>c</title><id>tag:other.example,2026:c</id></entry></feed>""",
    )
    assert [entry.url for entry in read.entries] == ["https://other.example/x/y/1", "https://other.example/b"]
    assert read.entries[0].updated == datetime(2026, 11, 24, 11, tzinfo=UTC)
    assert (read.title, read.language) == ("T", "ar")
    assert (read.self_url, read.hub) == ("https://news.example.com/atom", "https://hub.example/")


def test_json_feed_is_read() -> None:
    read = feed(
        json.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "title": "T",
                "language": "ar",
                "hubs": [{"type": "WebSub", "url": "https://hub.example/"}],
                "feed_url": "https://news.example.com/feed.json",
                "items": [
                    {"id": "1", "url": "/a", "title": "A", "date_published": "2026-11-24T05:00:00Z", "tags": ["x", 1]},
                    {"id": "https://news.example.com/b", "language": "en"},
                    {"id": "3"},
                    7,
                ],
            },
        ),
    )
    assert [entry.url for entry in read.entries] == ["https://news.example.com/a", "https://news.example.com/b"]
    assert read.entries[0].keywords == ("x",)
    assert read.hub == "https://hub.example/"


def test_relative_links_of_a_json_feed_on_another_host_are_those_of_its_home_page() -> None:
    items = [{"id": "1", "url": "/news/1"}, {"id": "2", "url": "https://other.example/2"}]
    body = json.dumps({"home_page_url": "https://paper.example/", "items": items}).encode()
    found = read_feed(body, "https://feeds.example/paper.json").entries
    assert [entry.url for entry in found] == ["https://paper.example/news/1", "https://other.example/2"]


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ("<guid>https://news.example.com/a</guid>", "https://news.example.com/a"),
        ('<guid isPermaLink="false">https://news.example.com/a</guid>', "https://news.example.com/a"),
        (
            '<link>https://news.example.com/b</link><guid isPermaLink="false">https://news.example.com/a</guid>',
            "https://news.example.com/b",
        ),
        ('<guid isPermaLink="false">tag:news.example.com,2026:7</guid>', ""),
        ("<guid>not-an-address</guid>", ""),
        (
            "<link>https://feed.example/1</link><feedburner:origLink>https://news.example.com/a</feedburner:origLink>",
            "https://news.example.com/a",
        ),
        ("<link><![CDATA[ https://news.example.com/a?b=1&c=2 ]]></link>", "https://news.example.com/a?b=1&c=2"),
        ("<link>https://news.example.com/a?b=1&c=2&copy=3</link>", "https://news.example.com/a?b=1&c=2&copy=3"),
        ('<atom:link href="https://news.example.com/a"/>', "https://news.example.com/a"),
        ("<link/>https://news.example.com/a", "https://news.example.com/a"),
        ("<link>javascript:alert(1)</link><guid>https://news.example.com/a</guid>", "https://news.example.com/a"),
        ("<link>https://مثال.إختبار/أ</link>", "https://xn--mgbh0fb.xn--kgbechtv/%D8%A3"),
        ("<title>no address</title>", ""),
    ],
)
def test_address_of_an_entry(item: str, url: str) -> None:
    assert [entry.url for entry in feed(rss(f"<item>{item}</item>")).entries] == ([url] if url else [])


@pytest.mark.parametrize(
    ("link", "guid", "urls"),
    [
        ("https://news.example.com/", "https://news.example.com/{n}", "https://news.example.com/{n}"),  # of the site
        ("https://news.example.com/all", "https://news.example.com/{n}", "https://news.example.com/{n}"),  # of all entries
        ("https://service.example/~r/{n}", "https://www.news.example.com/{n}", "https://www.news.example.com/{n}"),
        ("https://service.example/~r/{n}", "https://service.example/{n}", "https://service.example/~r/{n}"),
        ("https://sport.news.example.com/{n}", "https://news.example.com/{n}", "https://sport.news.example.com/{n}"),
    ],
)  # fmt: skip
def test_a_link_that_names_no_page_of_the_site_gives_way_to_the_guid(link: str, guid: str, urls: str) -> None:
    items = "".join(f"<item><link>{link.format(n=n)}</link><guid>{guid.format(n=n)}</guid></item>" for n in (1, 2))
    read = feed(rss(f"<link>https://news.example.com/</link>{items}"))
    assert [entry.url for entry in read.entries] == [urls.format(n=n) for n in (1, 2)]


@pytest.mark.parametrize(
    ("link", "leads_to"), [("/", "https://news.example.com/{n}"), ("/story/{n}", "https://news.example.com/story/{n}")]
)
def test_a_guid_that_is_called_no_address_is_one_where_the_links_say_nothing(link: str, leads_to: str) -> None:
    entry = "<item><link>https://news.example.com{link}</link><guid isPermaLink='false'>https://news.example.com/{n}</guid></item>"
    items = "".join(entry.format(link=link.format(n=n), n=n) for n in (1, 2))
    read = feed(rss(f"<link>https://news.example.com/</link>{items}"))
    assert [one.url for one in read.entries] == [leads_to.format(n=n) for n in (1, 2)]


ITEM = "<item><title>a</title><link>https://news.example.com/1</link></item>"


@pytest.mark.parametrize(
    "broken",
    [
        "\n\n  " + rss(ITEM),
        "<br />\n<b>Warning</b>: include(x) in <b>/x.php</b> on line <b>3</b><br />\n" + rss(ITEM),
        rss(ITEM).replace("</channel></rss>", ""),
        rss(ITEM + "<item><title>cut of"),
        rss("<item><title>&nbsp;&laquo;AT&T&raquo; &foo; & x</title><description>x</p></description></item>" + ITEM),
        rss("<item><title>control \x0b\x01 character</title></item>" + ITEM),
        rss("<item><media:content url='x'/></item>" + ITEM),
        rss("<item><description><b>unclosed</description></item>" + ITEM),
        rss(ITEM).replace("UTF-8", "no-such-encoding"),
        rss(ITEM).replace('<?xml version="1.0" encoding="UTF-8"?>', ""),
        "<channel>" + ITEM,
    ],
)
def test_malformed_feed_still_yields_its_entries(broken: str) -> None:
    assert "https://news.example.com/1" in [entry.url for entry in feed(broken).entries]


def test_control_characters_cost_no_more_than_themselves() -> None:
    text = rss("<item><title>one \x0b\x01\x00&#11; two</title><link>/0</link></item>" + ITEM)
    assert [entry.title for entry in feed(text).entries] == ["one two", "a"]


def test_stray_ampersands_and_html_entities_stay_in_the_title() -> None:
    text = rss("<item><title>&laquo;AT&T&raquo; &nbsp;R&amp;D &#1605; &foo;</title><link>/1</link></item>")
    assert feed(text).entries[0].title == "«AT&T» R&D م &foo;"


@pytest.mark.parametrize(
    ("encoding", "declared", "served"),
    [
        ("windows-1256", "windows-1256", ""),
        ("windows-1256", "UTF-8", ""),
        ("windows-1256", "UTF-8", "text/xml; charset=windows-1256"),
        ("iso-8859-6", "iso-8859-6", ""),
        ("utf-8", "windows-1256", "application/xml; charset=windows-1256"),
        ("utf-16", "utf-16", ""),
        ("utf-8-sig", "utf-8", ""),
    ],
)
def test_arabic_survives_its_encoding(encoding: str, declared: str, served: str) -> None:
    text = rss("<item><title>أخبار مصر</title><link>/1</link></item>").replace("UTF-8", declared)
    assert read_feed(text.encode(encoding), URL, served).entries[0].title == "أخبار مصر"


def test_feed_cut_in_the_middle_of_a_letter_is_still_utf_8() -> None:
    body = rss("<item><title>أخبار مصر اليوم من القاهرة</title><link>/1</link></item>").encode()
    assert read_feed(body + "<item><title>م".encode()[:-1], URL).entries[0].title == "أخبار مصر اليوم من القاهرة"


def test_clock_without_a_zone_hangs_at_the_site() -> None:
    text = rss("<item><link>/1</link><pubDate>Tue, 24 Nov 2026 08:00:00</pubDate></item>")
    assert feed(text, zone=ZoneInfo("Africa/Cairo")).entries[0].published == datetime(2026, 11, 24, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    "date", ["yesterday", "", "0000-00-00T00:00:00Z", "Tue, 99 Nov 2026", "9" * 5000, "1970-01-01"]
)
def test_senseless_date_is_no_date(date: str) -> None:
    assert feed(rss(f"<item><link>/1</link><pubDate>{date}</pubDate></item>")).entries[0].published is None


def test_every_page_is_announced_once() -> None:
    assert len(feed(rss(ITEM + ITEM.replace("/1<", "/1?utm_source=x<"))).entries) == 1


def test_gzip_feed_is_read_whatever_it_is_called() -> None:
    assert len(read_feed(gzip.compress(rss(ITEM).encode()), URL).entries) == 1


def test_number_of_entries_is_bounded_and_said() -> None:
    read = feed(rss("".join(f"<item><link>/{n}</link></item>" for n in range(30))), limit=10)
    assert len(read.entries) == 10
    assert (read.complete, read.cut_off) == (False, False)


def test_gzip_bomb_is_cut_off() -> None:
    body = gzip.compress(rss(ITEM).encode() + b" " * (4 * MAX_FEED_BYTES))
    with effort.at_most(2):
        read = read_feed(body, URL)
    assert len(read.entries) == 1
    assert not read.complete


def test_entities_are_never_expanded() -> None:
    levels = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    bomb = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha"><!ENTITY f SYSTEM "file:///etc/passwd">{levels}]>'
    with effort.at_most(1):
        read = feed(f"{bomb}<rss><channel><item><title>x&l9;&f;</title><link>/1</link></item></channel></rss>")
    assert "root:" not in read.entries[0].title
    assert "haha" not in read.entries[0].title


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 100_000, b'{"items":' + b"[" * 100_000, b"<html><p>x", b"\x00\xff\x1f", b"{}"]
)
def test_what_is_no_feed_says_so(body: bytes) -> None:
    read = read_feed(body, URL)
    assert read.entries == ()
    assert read.problem


def test_deeply_nested_feed_costs_little() -> None:
    with effort.at_most(2):
        read_feed(b"<rss><channel>" + b"<a>" * 1_000_000, URL)


@given(st.binary(max_size=300), st.integers(0, 200), st.integers(0, 50))
def test_no_bytes_make_the_reader_fail(noise: bytes, at: int, gone: int) -> None:
    body = rss(ITEM).encode()
    read_feed(body[:at] + noise + body[at + gone :], URL)
    read_feed(noise, URL)


@pytest.mark.parametrize(
    "end", ["<item><link>https://news.example.com/b/22", "<item><link>https://news.example.com/b/2</link>"]
)
def test_of_a_torn_feed_only_whole_entries_are_taken(end: str) -> None:
    read = feed(f"<rss><channel><item><link>https://news.example.com/a/1</link></item>{end}")
    assert [entry.url for entry in read.entries] == ["https://news.example.com/a/1"]
    assert not read.complete


def test_a_feed_torn_in_its_first_entry_has_none():
    read = feed("<rss><channel><title>x</title><item><link>https://news.example.com/a/1")
    assert (read.entries, read.complete) == ((), False)


@pytest.mark.parametrize(
    ("text", "time_"),
    [
        ("Mon, 13 Feb 2012 06:28:00 +03:00", "2012-02-13T03:28"),
        ("Mon, 13 Feb 2012 06:28:00 GMT+3", "2012-02-13T03:28"),
        ("Mon, 13 Feb 2012 06:28:00 CET", "2012-02-13T05:28"),
        ("Mon, 13 Feb 2012 06:28:00 MSK", "2012-02-13T03:28"),
        ("Mon, 13 Feb 2012 06:28:00 Europe/Brussels", "2012-02-13T05:28"),
        ("Mon, 13 Feb 2012 08:28:28 PM", "2012-02-13T17:28"),
        ("Mon, 13 Feb, 2012 06:28:00 UTC", "2012-02-13T06:28"),
        ("16th Nov 2012 06:28:00 GMT", "2012-11-16T06:28"),
        ("13 Feb 2012", "2012-02-12T21:00"),
        ("1329114480", "2012-02-13T06:28"),
        ("Mo, 13 Februar 2012 06:28:00 +0100", "2012-02-13T05:28"),
        ("lun., 13 févr. 2012 06:28:00 +0100", "2012-02-13T05:28"),
        ("Mon, 13 Feb 2012 06:28:00", "2012-02-13T03:28"),
        ("Mon, 13 Feb 2012 06:28:00 QQT", "2012-02-13T06:28"),
        ("2012-02-13T06:28:00 QQT", "2012-02-13T06:28"),
        ("Mon, 13 Feb 2012 24:00:00 +0300", "2012-02-13T21:00"),
        ("2012-02-13T24:00:00Z", "2012-02-14T00:00"),
    ],
)
def test_times_are_read_with_their_zones_and_never_guess_one(text: str, time_: str) -> None:
    item = f"<item><link>https://news.example.com/1</link><pubDate>{text}</pubDate></item>"
    published = feed(rss(item), zone=ZoneInfo("Asia/Riyadh")).entries[0].published
    assert published is not None
    assert published.astimezone(UTC).isoformat()[:16] == time_


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [("㈱橋", "cp932", "shift_jis"), ("镕基", "gbk", "gb2312"), ("“x”", "cp1252", "iso-8859-1")],
)
def test_a_feed_is_decoded_as_a_page_is(text: str, codec: str, label: str) -> None:
    item = f"<item><title>{text}</title><link>https://news.example.com/1</link></item>"
    body = f'<?xml version="1.0" encoding="{label}"?><rss><channel>{item}</channel></rss>'.encode(codec)
    assert read_feed(body, URL).entries[0].title == text


def test_links_lean_on_the_channel_and_pictures_have_titles_of_their_own():
    media = 'xmlns:media="http://search.yahoo.com/mrss/"'
    item = f"<item><media:title {media}>A picture</media:title><title>A story</title><link>/news/1</link></item>"
    entry = read_feed(rss(item, "<link>http://site.test/</link>").encode(), "https://feeds.host.test/x").entries[0]
    assert (entry.url, entry.title) == ("http://site.test/news/1", "A story")


def atom(head: str, href: str) -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{head}<entry><title>A story</title><link href="{href}"/></entry></feed>'


@pytest.mark.parametrize(
    ("head", "href", "leads_to"),
    [
        ('<link href="https://paper.test/ar/"/>', "/news/1", "https://paper.test/news/1"),
        ('<link rel="alternate" href="https://paper.test/ar/"/>', "1.html", "https://paper.test/ar/1.html"),
        (
            '<link rel="self" href="https://www.paper.test/x/feed"/><link href="https://paper.test/"/>',
            "1.html",
            "https://www.paper.test/x/1.html",
        ),
        (
            '<link rel="self" href="https://feeds.proxy.test/paper"/><link href="https://paper.test/"/>',
            "/news/1",
            "https://paper.test/news/1",
        ),
    ],
)
def test_relative_links_of_an_atom_feed_on_a_feed_host_lead_to_the_site(head: str, href: str, leads_to: str) -> None:
    (entry,) = read_feed(atom(head, href).encode(), "https://feeds.proxy.test/paper/x").entries
    assert entry.url == leads_to


@pytest.mark.parametrize(
    "head",
    [
        '<link rel="alternate" href="https://www.paper.test/"/>',
        '<link rel="self" href="https://paper.test/atom"/>',
        '<link rel="related" href="https://other.test/"/>',
        "",
    ],
)
def test_relative_links_of_an_atom_feed_on_the_site_lead_from_its_address(head: str) -> None:
    (entry,) = read_feed(atom(head, "1.html").encode(), "https://paper.test/x/feed").entries
    assert entry.url == "https://paper.test/x/1.html"


def test_xml_base_outranks_every_link_of_an_atom_feed():
    body = atom('<link href="https://paper.test/"/>', "1.html").replace(
        "<feed ", '<feed xml:base="https://base.test/y/" '
    )
    (entry,) = read_feed(body.encode(), "https://feeds.proxy.test/x").entries
    assert entry.url == "https://base.test/y/1.html"


def test_a_channel_link_is_found_behind_an_empty_one_of_atom():
    head = '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="self" href="https://feeds.proxy.test/x"/><link>https://paper.test/</link>'
    (entry,) = read_feed(rss("<item><link>/news/1</link></item>", head).encode(), "https://feeds.proxy.test/x").entries
    assert entry.url == "https://paper.test/news/1"


def test_an_atom_entry_whose_content_is_a_page_elsewhere_leads_there_if_no_link_does():
    entry = '<entry><title>t</title>{}<content type="text/html" src="/a/1"/></entry>'
    for link, url in (("", "https://news.example.com/a/1"), ('<link href="/a/2"/>', "https://news.example.com/a/2")):
        read = feed(f'<feed xmlns="http://www.w3.org/2005/Atom">{entry.format(link)}</feed>')
        assert [one.url for one in read.entries] == [url]


def test_entries_that_name_no_page_are_counted():
    assert feed(rss("<item><title>a</title></item><item><link>/a/1</link></item>")).without_url == 1
    items = [{"id": "7"}, {"url": "/a/1"}, {"url": "javascript:void(0)"}]
    assert feed(json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items})).without_url == 2


def test_the_permanent_url_of_a_post_in_a_json_feed_comes_before_the_page_that_it_is_about():
    item = {"id": "https://news.example.com/a/1", "external_url": "https://elsewhere.example/"}
    (entry,) = feed(json.dumps({"items": [item]})).entries
    assert entry.url == item["id"]
    (entry,) = feed(json.dumps({"items": [{**item, "id": "1"}]})).entries
    assert entry.url == item["external_url"]

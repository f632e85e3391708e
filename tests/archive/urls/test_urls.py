from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archive.urls import MAX_LENGTH, canonicalise, display, host_of, join, main_url_of, refusal, site_of

SPELLINGS = [
    ("HTTP://Example.COM:80/a#part", "http://example.com/a"),
    ("https://user:secret@example.com/a", "https://example.com/a"),
    ("https://example.com./a", "https://example.com/a"),
    ("https://example.com:8443/a", "https://example.com:8443/a"),
    ("http://example.com", "http://example.com/"),
    ("http://example.com/a/./b/../c", "http://example.com/a/c"),
    ("http://example.com/a/%2e%2E/c", "http://example.com/c"),
    ("http://example.com\\a\\b", "http://example.com/a/b"),
    ("  http://exa\nmple.com/a\tb ", "http://example.com/ab"),
    ("http://example.com/أخبار", "http://example.com/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1"),
    ("http://example.com/%d8%a3%d8%ae%d8%a8%d8%a7%d8%b1", "http://example.com/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1"),
    ("http://مثال.إختبار/", "http://xn--mgbh0fb.xn--kgbechtv/"),
    ("http://example.com/%7Euser/%41-%2d", "http://example.com/~user/A--"),
    ("http://example.com/a%2fb", "http://example.com/a%2Fb"),
    ("http://example.com/100%", "http://example.com/100%25"),
    ("http://example.com/%%34%31", "http://example.com/%2541"),
    ("http://example.com/a?", "http://example.com/a"),
    ("http://example.com/a?b=2&a=1&b=1", "http://example.com/a?a=1&b=2&b=1"),
    ("http://example.com/a?/topic&x=1", "http://example.com/a?/topic&x=1"),
    ("http://example.com/a?&&a=1&", "http://example.com/a?a=1"),
    ("http://example.com/a?utm_source=x&UTM_Medium=y&fbclid=z&id=3", "http://example.com/a?id=3"),
    ("http://example.com/a?PHPSESSID=abc&id=3", "http://example.com/a?id=3"),
    ("http://example.com/a;jsessionid=0A1B?id=3", "http://example.com/a?id=3"),
    ("http://example.com/(S(4hqa0555fwsecu455xqckv45))/a.aspx?id=3", "http://example.com/a.aspx?id=3"),
    ("http://example.com/b/(A(4hqa0555fwsecu455xqckv45)S(0hqa0555fwsecu455xqckv45))/", "http://example.com/b/"),
    ("http://example.com/(S(4hqa0555fwsecu455xqckv45)).html", "http://example.com/(S(4hqa0555fwsecu455xqckv45)).html"),
    ("http://example.com/(s)/a_(b).html", "http://example.com/(s)/a_(b).html"),
    ("http://example.com/a?sid=3f2504e04f8911d39a0c0305e82c3301", "http://example.com/a"),
    ("http://example.com/a?mySessionId=3f2504e04f8911d39a0c0305e82c3301", "http://example.com/a"),
    ("http://example.com/a?session=3f2504e0-4f89-11d3-9a0c-0305e82c3301", "http://example.com/a"),
    ("http://example.com/a?ref=rss&id=1", "http://example.com/a?id=1"),
    ("http://0x7f.1/", "http://127.0.0.1/"),
    ("http://[0:0::1]:80/", "http://[::1]/"),
]


@pytest.mark.parametrize(("spelling", "identity"), SPELLINGS)
def test_every_spelling_of_a_page_is_one_url(spelling: str, identity: str) -> None:
    assert canonicalise(spelling) == identity


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/modules.php?name=News&sid=1234",  # a story's number, not a session
        "http://example.com/a?ref=12",
        "http://example.com/a?session=winter-2026-of-the-parliament",
        "http://example.com/a?session=20261124",
        "http://example.com/?s=%D9%85%D8%B5%D8%B1",
        "http://example.com/a?page=2",
        "http://example.com/A/b//c/",
    ],
)
def test_what_tells_pages_apart_is_kept(url: str) -> None:
    assert canonicalise(url) == url


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("https://example.com/", ""),
        ("mailto:a@example.com", "not-http"),
        ("JavaScript:void(0)", "not-http"),
        ("data:text/html,x", "not-http"),
        ("file:///etc/passwd", "not-http"),
        ("http://", "malformed"),
        ("http://exa mple.com/", "malformed"),
        ("http://256.256.256.256/", "malformed"),
        ("example.com/a", "malformed"),
        ("", "malformed"),
        ("http://example.com/\ud800", "malformed"),
        ("http://example.com/" + "a" * MAX_LENGTH, "too-long"),
        ("http://example.com/" + "ا" * (MAX_LENGTH // 4), "too-long"),
        ("http://example.com/" + "a" * 1_000_000, "too-long"),
    ],
)
def test_a_refused_url_says_why(text: str, why: str) -> None:
    assert refusal(text) == why
    assert bool(canonicalise(text)) == (why == "")


def test_a_long_tail_of_tracking_does_not_make_a_url_too_long() -> None:
    assert canonicalise("https://example.com/a?fbclid=" + "x" * 3000) == "https://example.com/a"


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("/a/b", "https://example.com/a/b"),
        ("b?x#y", "https://example.com/news/b?x"),
        ("../b", "https://example.com/b"),
        ("//cdn.example.org/x", "https://cdn.example.org/x"),
        ("?page=2", "https://example.com/news/today?page=2"),
        ("#top", "https://example.com/news/today?p=1"),
        ("", "https://example.com/news/today?p=1"),
        (" \n/a ", "https://example.com/a"),
        ("https://u:p@example.com/", "https://example.com/"),
        ("/مصر", "https://example.com/%D9%85%D8%B5%D8%B1"),
        ("mailto:a@example.com", ""),
        ("java\tscript:alert(1)", ""),
        ("tel:+201234", ""),
        ("data:,x", ""),
        ("http://[", ""),
        ("/" + "a" * 1_000_000, ""),
    ],
)
def test_join_resolves_as_a_browser_does(reference: str, target: str) -> None:
    assert join("https://example.com/news/today?p=1", reference) == target


def test_query_of_a_link_is_written_in_the_encoding_of_its_page() -> None:
    assert join("http://example.com/", "/s?q=مصر#م", "windows-1256") == "http://example.com/s?q=%E3%D5%D1"
    assert join("http://example.com/", "/s?q=ی", "windows-1256") == "http://example.com/s?q=%26%231740%3B"
    assert join("http://example.com/", "/مصر", "windows-1256") == "http://example.com/%D9%85%D8%B5%D8%B1"
    assert join("http://example.com/", "/s?q=مصر", "no-such") == "http://example.com/s?q=%D9%85%D8%B5%D8%B1"


PIECES = (
    "/ // . .. ? # & = % %2e %25 %d8%a7 %C7 م é A a-b : @ \\ utm_x=1 sid= ;jsessionid=x http: http:// xn-- [ ] 1 { | '"
)
LOOSE = st.lists(st.sampled_from([*PIECES.split(" "), " ", "\t", "\x00"]), max_size=12).map("".join)


@given(LOOSE | st.text())
@example("%%34%31")
@example("/%2e%2e%2e%2e")
@example(".//x")
@example("%2e;jsessionid=x")
def test_canonical_urls_are_stable_and_joining_never_fails(text: str) -> None:
    for url in (join("https://example.com/a/b", text), join("http://مثال.com:81", text), canonicalise(text)):
        clean = canonicalise(url)
        assert canonicalise(clean) == clean
        assert clean == "" or refusal(clean) == ""
        assert "#" not in clean
        if clean:
            assert canonicalise(display(clean)) == clean


def test_host_and_site_of_a_url() -> None:
    assert host_of("https://User:pw@News.Example.co.uk:8080/a:b@c") == "news.example.co.uk"
    assert host_of("http://[::1]:80/") == "[::1]"
    assert host_of("mailto:x") == ""
    assert site_of("https://arabic.news.example.co.uk/") == "example.co.uk"
    assert site_of("https://one.blogspot.com/") == "one.blogspot.com"
    assert site_of("http://127.0.0.1:8000/") == "127.0.0.1"
    assert site_of("http://localhost/") == "localhost"


def test_arabic_urls_are_shown_in_arabic() -> None:
    shown = display("http://xn--mgbh0fb.xn--kgbechtv/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1/a%20b?q=%D9%85")
    assert shown == "http://مثال.إختبار/أخبار/a%20b?q=م"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/%E2%80%AEgpj.exe",  # right-to-left override
        "https://example.com/a%C2%A0b",
        "https://example.com/%C7%E1",  # windows-1256 bytes
        "https://xn--80ak6aa92e.com/",  # Cyrillic letters that look Latin
    ],
)
def test_what_could_mislead_a_reader_stays_escaped(url: str) -> None:
    assert display(url) == url


@pytest.mark.parametrize(
    ("twin", "article"),
    [
        ("https://www.example.com/news/article-12345/amp/", "https://www.example.com/news/article-12345/"),
        ("https://www.example.com/news/article-12345/amp", "https://www.example.com/news/article-12345"),
        ("https://www.example.com/amp/news/article-12345", "https://www.example.com/news/article-12345"),
        ("https://amp.example.com/news/a", "https://example.com/news/a"),
        ("https://www.example.com/news/a.amp.html", "https://www.example.com/news/a.html"),
        ("https://www.example.com/a.html?print=1&id=3", "https://www.example.com/a.html?id=3"),
        ("https://www.example.com/a?outputType=amp", "https://www.example.com/a"),
        ("https://www-example-com.cdn.ampproject.org/c/s/www.example.com/a/b", "https://www.example.com/a/b"),
        ("https://www.google.com/amp/s/www.example.com/a/b", "https://www.example.com/a/b"),
        ("https://example.com/2026/11/a-story/comment-page-2/", "https://example.com/2026/11/a-story/"),
        ("https://www.example.com/print/", ""),
        ("https://www.example.com/champ", ""),
        ("https://www.example.com/news/stamp/", ""),
        ("https://www.example.com/a?sample=1", ""),
    ],
)
def test_amp_and_print_twins_lead_to_the_article(twin: str, article: str) -> None:
    assert main_url_of(twin) == article


def test_a_host_that_is_none_is_malformed_and_not_too_long() -> None:
    assert refusal("http://foo.09../") == "malformed"

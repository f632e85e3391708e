"""The expectations of google/robotstxt (robots_test.cc, Apache-2.0), rewritten as a table, and those of RFC 9309.

Each row: the file's lines, the product, the paths that it may fetch, the paths that it may not.
"""
# ruff: noqa: E501 -- a table of data reads best a row a line

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.politeness.robotstxt import parse_robots, product_of, target_of
from tests.support import effort

ROOT = "http://foo.bar"
GROUPS = (
    "allow: /foo/bar/", "", "user-agent: FooBot", "disallow: /", "allow: /x/", "user-agent: BarBot", "disallow: /",
    "allow: /y/", "", "", "allow: /w/", "user-agent: BazBot", "", "user-agent: FooBot", "allow: /z/", "disallow: /",
)  # fmt: skip
GLOBAL = ("user-agent: *", "allow: /", "user-agent: FooBot", "disallow: /")
SPECIFIC = ("user-agent: FooBot", "allow: /", "user-agent: BarBot", "disallow: /", "user-agent: BazBot", "disallow: /")
CUT = ("User-Agent: *", "Disallow: /", "User-Agent: Foo Bar", "Allow: /x/", "Disallow: /")
LONGEST = 2083 * 8
LONG_DISALLOW = "/x/" + "a" * (LONGEST - len("/x/") - len("disallow: ") - 2)
LONG_ALLOW_A = "/x/" + "a" * (LONGEST - len("/x/") - len("allow: ") - 2)
LONG_ALLOW_B = "/x/" + "b" * (LONGEST - len("/x/") - len("allow: ") - 2)


def for_foobot(*lines: str) -> tuple[str, ...]:
    return ("user-agent: FooBot", *lines)


def in_case(change: str) -> tuple[str, ...]:
    lines = ("User-Agent: FooBot", "Allow: /x/", "Disallow: /")
    return tuple(getattr(key, change)() + ":" + value for key, _, value in (line.partition(":") for line in lines))


TABLE: list[tuple[str, tuple[str, ...], str, tuple[str, ...], tuple[str, ...]]] = [
    ("empty file", (), "FooBot", ("",), ()),
    ("empty product", for_foobot("disallow: /"), "", ("",), ()),
    ("empty URL", for_foobot("disallow: /"), "FooBot", (), ("",)),
    ("all empty", (), "", ("",), ()),
    ("line syntax", for_foobot("disallow: /"), "FooBot", (), ("/x/y",)),
    ("unknown lines", ("foo: FooBot", "bar: /"), "FooBot", ("/x/y",), ()),
    ("forgotten colon", ("user-agent FooBot", "disallow /"), "FooBot", (), ("/x/y",)),
    ("groups: FooBot", GROUPS, "FooBot", ("/x/b", "/z/d"), ("/y/c", "/foo/bar/")),
    ("groups: BarBot", GROUPS, "BarBot", ("/y/c", "/w/a"), ("/z/d", "/foo/bar/")),
    ("groups: BazBot", GROUPS, "BazBot", ("/z/d",), ("/foo/bar/",)),
    *(
        (f"a {name} line closes no group", (f"User-agent: {agent}", line, "User-agent: *", "Disallow: /"), product, (), ("/",))
        for name, agent, line in (("sitemap", "BarBot", "Sitemap: https://foo.bar/sitemap"), ("unknown", "FooBot", "Unheard-Of: x"))
        for product in ("FooBot", "BarBot")
    ),
    ("capitals", in_case("upper"), "FooBot", ("/x/y",), ("/a/b",)),
    ("small letters", in_case("lower"), "FooBot", ("/x/y",), ("/a/b",)),
    ("mixed letters", in_case("swapcase"), "FooBot", ("/x/y",), ("/a/b",)),
    *(
        (f"agent {value!r} for {product}", (f"User-Agent: {value}", "Allow: /x/", "Disallow: /"), product, ("/x/y",), ("/a/b",))
        for value in ("FOO BAR", "foo bar", "FoO bAr")
        for product in ("Foo", "foo")
    ),
    ("agent up to the first blank", CUT, "Foo", ("/x/y",), ()),
    ("product with a blank is none", CUT, "Foo Bar", (), ("/x/y",)),
    ("no file, global", (), "FooBot", ("/x/y",), ()),
    ("specific beats global", GLOBAL, "FooBot", (), ("/x/y",)),
    ("global for others", GLOBAL, "BarBot", ("/x/y",), ()),
    ("no group", SPECIFIC, "QuxBot", ("/x/y",), ()),
    ("paths are case sensitive", for_foobot("disallow: /x/"), "FooBot", (), ("/x/y",)),
    ("paths are case sensitive (2)", for_foobot("disallow: /X/"), "FooBot", ("/x/y",), ()),
    ("longest disallow", for_foobot("disallow: /x/page.html", "allow: /x/"), "FooBot", (), ("/x/page.html",)),
    ("longest allow", for_foobot("allow: /x/page.html", "disallow: /x/"), "FooBot", ("/x/page.html",), ("/x/",)),
    ("empty rules", for_foobot("disallow: ", "allow: "), "FooBot", ("/x/page.html",), ()),
    ("tie", for_foobot("disallow: /", "allow: /"), "FooBot", ("/x/page.html",), ()),
    ("slash is an octet", for_foobot("disallow: /x", "allow: /x/"), "FooBot", ("/x/",), ("/x",)),
    ("long tie", for_foobot("disallow: /x/page.html", "allow: /x/page.html"), "FooBot", ("/x/page.html",), ()),
    ("star is longer", for_foobot("allow: /page", "disallow: /*.html"), "FooBot", ("/page",), ("/page.html",)),
    ("star is shorter", for_foobot("allow: /x/page.", "disallow: /*.html"), "FooBot", ("/x/page.html",), ("/x/y.html",)),
    ("own group only", ("User-agent: *", "Disallow: /x/", "User-agent: FooBot", "Disallow: /y/"), "FooBot", ("/x/page",), ("/y/page",)),
    ("URL in a query", for_foobot("Disallow: /", "Allow: /foo/bar?qux=taz&baz=http://foo.bar?tar&par"), "FooBot", ("/foo/bar?qux=taz&baz=http://foo.bar?tar&par",), ()),
    ("UTF-8 rule", for_foobot("Disallow: /", "Allow: /foo/bar/ツ"), "FooBot", ("/foo/bar/%E3%83%84",), ("/foo/bar/ツ",)),
    ("encoded rule", for_foobot("Disallow: /", "Allow: /foo/bar/%E3%83%84"), "FooBot", ("/foo/bar/%E3%83%84",), ("/foo/bar/ツ",)),
    ("needless encoding", for_foobot("Disallow: /", "Allow: /foo/bar/%62%61%7A"), "FooBot", ("/foo/bar/%62%61%7A",), ("/foo/bar/baz",)),
    ("star inside", for_foobot("Disallow: /foo/bar/quz", "Allow: /foo/*/qux"), "FooBot", ("/foo/quz", "/foo//quz", "/foo/bax/quz"), ("/foo/bar/quz",)),
    ("dollar", for_foobot("Disallow: /foo/bar$", "Allow: /foo/bar/qux"), "FooBot", ("/foo/bar/qux", "/foo/bar/", "/foo/bar/baz"), ("/foo/bar",)),
    ("comments", for_foobot("# Disallow: /", "Disallow: /foo/quz#qux", "Allow: /"), "FooBot", ("/foo/bar",), ("/foo/quz",)),
    ("index page", ("User-Agent: *", "Allow: /allowed-slash/index.html", "Disallow: /"), "foobot", ("/allowed-slash/", "/allowed-slash/index.html"), ("/allowed-slash/index.htm", "/anyother-url")),
    ("cut disallow", for_foobot(f"disallow: {LONG_DISALLOW}/qux"), "FooBot", ("/fux",), (f"{LONG_DISALLOW}/fux",)),
    ("cut allow", for_foobot("disallow: /", f"allow: {LONG_ALLOW_A}/qux", f"allow: {LONG_ALLOW_B}/qux"), "FooBot", (f"{LONG_ALLOW_A}/qux", f"{LONG_ALLOW_B}/fux"), ("/",)),
    *(
        (f"documented: {pattern}", for_foobot("disallow: /", f"allow: {pattern}"), "FooBot",
         ("/fish", "/fish.html", "/fish/salmon.html", "/fishheads", "/fishheads/yummy.html", "/fish.html?id=anything"),
         ("/bar", f"/Fish.{ending}", "/catfish", "/?id=fish"))
        for pattern, ending in (("/fish", "asp"), ("/fish*", "bar"))
    ),
    ("documented: /fish/", for_foobot("disallow: /", "allow: /fish/"), "FooBot",
     ("/fish/", "/fish/salmon", "/fish/?salmon", "/fish/salmon.html", "/fish/?id=anything"),
     ("/bar", "/fish", "/fish.html", "/Fish/Salmon.html")),
    ("documented: /*.php", for_foobot("disallow: /", "allow: /*.php"), "FooBot",
     ("/filename.php", "/folder/filename.php", "/folder/filename.php?parameters", "//folder/any.php.file.html", "/filename.php/", "/index?f=filename.php/"),
     ("/bar", "/php/", "/index?php", "/windows.PHP")),
    ("documented: /*.php$", for_foobot("disallow: /", "allow: /*.php$"), "FooBot",
     ("/filename.php", "/folder/filename.php"),
     ("/bar", "/filename.php?parameters", "/filename.php/", "/filename.php5", "/php/", "/filename?php", "/aaaphpaaa", "//windows.PHP")),
    ("documented: /fish*.php", for_foobot("disallow: /", "allow: /fish*.php"), "FooBot",
     ("/fish.php", "/fishheads/catfish.php?parameters"), ("/bar", "/Fish.PHP")),
    ("precedence (1)", for_foobot("allow: /p", "disallow: /"), "FooBot", ("/page",), ()),
    ("precedence (2)", for_foobot("allow: /folder", "disallow: /folder"), "FooBot", ("/folder/page",), ()),
    ("precedence (3)", for_foobot("allow: /page", "disallow: /*.htm"), "FooBot", (), ("/page.htm",)),
    ("precedence (4)", for_foobot("allow: /$", "disallow: /"), "FooBot", ("/",), ("/page.html",)),
]  # fmt: skip
EXPECTATIONS = [
    pytest.param("\n".join(lines) + "\n", product, ROOT + path if path else "", allowed, id=f"{name}-{allowed}-{at}")
    for name, lines, product, may, may_not in TABLE
    for allowed, paths in ((True, may), (False, may_not))
    for at, path in enumerate(paths)
]


@pytest.mark.parametrize(("text", "product", "url", "allowed"), EXPECTATIONS)
def test_published_expectation_holds(text: str, product: str, url: str, allowed: bool) -> None:
    assert parse_robots(text.encode()).allows(product, url) is allowed


def test_all_145_published_expectations_are_in_the_table() -> None:
    assert len(EXPECTATIONS) == 145


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("/foo/bar/%62%61%7A", "/foo/bar/baz"),  # RFC 9309, table 1
        ("/baz", "/%62az"),
        ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https%3A%2F%2Ffoo.bar"),
        ("/*?u=a%2Fb*c", "/x?u=a/b&c"),
        ("/*?u=*a%2Fb", "/x?u=a/b"),
        ("/a%2fb", "/a%2Fb"),
        ("/أخبار", "/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1/1"),
    ],
)
def test_disallow_is_compared_percent_decoded_as_the_rfc_demands(rule: str, path: str) -> None:
    assert not parse_robots(f"user-agent: *\ndisallow: {rule}\n".encode()).allows("FooBot", ROOT + path)


def test_encoded_reserved_characters_stay_different() -> None:
    assert parse_robots(b"user-agent: *\ndisallow: /a%2Fb\n").allows("FooBot", ROOT + "/a/b")


def test_sitemap_and_unknown_lines_end_no_group() -> None:
    robots = parse_robots(b"user-agent: a\nsitemap: /s.xml\nhost: x\nuser-agent: b\ndisallow: /\n")
    assert not robots.allows("a", ROOT + "/x")
    assert not robots.allows("b", ROOT + "/x")
    assert robots.sitemaps == ("/s.xml",)


def test_robots_txt_itself_is_always_allowed() -> None:
    assert parse_robots(b"user-agent: *\ndisallow: /\n").allows("FooBot", ROOT + "/robots.txt")


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xef\xbb", b"\xef", b""])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_byte_order_marks_and_line_ends_are_all_taken(mark: bytes, end: bytes) -> None:
    robots = parse_robots(
        mark + end.join((b"User-Agent: foo", b"Allow: /p", b"User-Agent: bar", b"", b"", b"Disallow: /"))
    )
    assert robots.allows("foo", ROOT + "/x")
    assert not robots.allows("bar", ROOT + "/x")


def test_broken_byte_order_mark_spoils_only_its_line() -> None:
    assert parse_robots(b"\xef\x11\xbfUser-Agent: foo\nDisallow: /\n").allows("foo", ROOT + "/x")


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [("crawl-delay: 10", 10.0), ("Crawl-Delay:0.5", 0.5), ("crawl-delay: x", None), ("crawl-delay: inf", None), ("crawl-delay: -1", None), ("", None)],
)  # fmt: skip
def test_crawl_delay_is_read_from_the_group_that_applies(lines: str, seconds: float | None) -> None:
    robots = parse_robots(f"user-agent: *\ncrawl-delay: 99\nuser-agent: warraq\n{lines}\ndisallow: /x\n".encode())
    if lines:
        assert parse_robots(f"user-agent: warraq\n{lines}\n".encode()).crawl_delay("warraq") == seconds
    assert parse_robots(f"user-agent: *\n{lines}\ndisallow:\n".encode()).crawl_delay("warraq") == seconds
    assert robots.crawl_delay("other") == 99


@pytest.mark.parametrize(
    ("url", "target"),
    [("", "/"), ("http://a", "/"), ("http://a/", "/"), ("http://a/b?c=http://d.e/", "/b?c=http://d.e/"), ("http://a/b?c#f", "/b?c"), ("http://a?b", "/?b"), ("http://a/b;c#d", "/b;c")],
)  # fmt: skip
def test_target_is_path_and_query(url: str, target: str) -> None:
    assert target_of(url) == target


@pytest.mark.parametrize(
    ("user_agent", "product"),
    [("warraq/0.1 (+https://x)", "warraq"), ("Foo_Bar-x", "Foo_Bar-x"), ("", ""), ("ツ", "")],
)
def test_product_token_is_what_the_user_agent_begins_with(user_agent: str, product: str) -> None:
    assert product_of(user_agent) == product


def test_many_stars_cost_little() -> None:
    robots = parse_robots(b"user-agent: *\ndisallow: /" + b"*a" * 3000 + b"$\n")
    with effort.at_most(1):
        robots.allows("warraq", ROOT + "/" + "a" * 2000 + "b")


@given(st.binary(max_size=400), st.text(max_size=20))
def test_no_bytes_make_the_parser_fail(data: bytes, path: str) -> None:
    robots = parse_robots(b"user-agent: *\ndisallow: " + data)
    assert robots.allows("warraq", ROOT + "/" + path) in {True, False}


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("/search results/", "/search%20results/x"),
        ("/search%20results/", "/search%20results/x"),
        ("/a%24b", "/a$b"),
        ("/a%2Ab", "/a*b"),
        ('/say"no"', "/say%22no%22"),
        ("/%7Bid%7D", "/{id}"),
        ("/مقال", "/%D9%85%D9%82%D8%A7%D9%84/1"),
    ],
)
def test_a_disallow_is_compared_octet_by_octet(rule: str, path: str) -> None:
    assert not parse_robots(f"user-agent: *\ndisallow: {rule}\n".encode()).allows("FooBot", f"http://foo.bar{path}")


@pytest.mark.parametrize(("rule", "path"), [("/a%2Ab", "/axb"), ("/search results/", "/search/x"), ("/a%24", "/a")])
def test_an_escaped_sign_is_no_wildcard(rule: str, path: str) -> None:
    assert parse_robots(f"user-agent: *\ndisallow: {rule}\n".encode()).allows("FooBot", f"http://foo.bar{path}")

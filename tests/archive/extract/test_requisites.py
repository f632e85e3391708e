"""Requisites of a page: from its elements, lazy loaders and style sheets, and nothing else."""

import pytest
from lxml import html

from archive.article import RequisiteLimits
from archive.extract.requisites import page_requisites, style_requisites

PAGE = "https://news.example/2026/a/"
ALL = RequisiteLimits(level="page", scripts=True)


def loaded(markup, limits=ALL, **more):
    found = page_requisites(html.document_fromstring(markup), PAGE, limits, **more).found
    return [(one.kind, one.url.removeprefix("https://news.example")) for one in found]


def styled(style, limits=ALL):
    return [(one.kind, one.url) for one in style_requisites(style, "https://cdn.example/css/main.css", limits).found]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<link rel="stylesheet" href="/a.css">', ("stylesheet", "/a.css")),
        ('<link rel="preload" as="style" href="/a.css">', ("stylesheet", "/a.css")),
        ('<link rel="preload" as="font" href="/a.woff2" crossorigin>', ("font", "/a.woff2")),
        ('<link rel="shortcut icon" href="/favicon.ico">', ("image", "/favicon.ico")),
        ('<meta property="og:image" content="/lead.jpg">', ("image", "/lead.jpg")),
        ('<img src="b.jpg">', ("image", "/2026/a/b.jpg")),
        ('<img data-src="/lazy">', ("image", "/lazy")),
        ('<img data-lazy-src="/l.jpg">', ("image", "/l.jpg")),
        ('<img data-original="/l.jpg">', ("image", "/l.jpg")),
        ('<img data-anything="/l.jpg?w=3">', ("image", "/l.jpg?w=3")),
        ('<noscript><img src="/n.jpg"></noscript>', ("image", "/n.jpg")),
        ('<video poster="/p.jpg" src="/film.mp4"></video>', ("image", "/p.jpg")),
        ('<amp-img src="/amp.jpg"></amp-img>', ("image", "/amp.jpg")),
        ('<input type="image" src="/go.png">', ("image", "/go.png")),
        ('<p style="background:url(/b.png)">x</p>', ("image", "/b.png")),
        ('<div data-bg="/bg.webp">x</div>', ("image", "/bg.webp")),
        ("<div data-bg=\"url('/bg.webp')\">x</div>", ("image", "/bg.webp")),
        ('<table background="/t.gif"><tr><td>x</table>', ("image", "/t.gif")),
        ('<style>@import "/i.css"; p{background:url(/s.png)}</style>', ("stylesheet", "/i.css")),
        ('<script src="/a.js"></script>', ("script", "/a.js")),
    ],
)
def test_what_a_browser_loads_is_found(markup, expected):
    assert expected in loaded(f"<html><head></head><body>{markup}<p>text</p></body></html>")


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="data:image/png;base64,AAAA">',
        '<link rel="alternate stylesheet" href="/other.css">',
        '<link rel="canonical" href="/a.jpg">',
        '<video src="/film.mp4"><source src="/film.webm"></video>',
        '<audio><source src="/sound.mp3"></audio>',
        '<iframe src="/frame.html"></iframe>',
        '<a href="/large.jpg">picture</a>',
        '<input name="q" src="/a.png">',
        '<img data-options=\'{"picture": "/a.jpg"}\'>',
        '<p style="color:red">x</p>',
        '<img src="javascript:alert(1)">',
    ],
)
def test_what_a_browser_does_not_load_is_not_found(markup):
    assert loaded(f"<html><body>{markup}<p>text</p></body></html>") == []


SRCSET = '<img srcset="/s.jpg 300w, /m.jpg 1024w, /l.jpg 2048w, /xl.jpg 4000w" src="/s.jpg">'


def test_every_size_that_a_browser_may_choose_is_taken_for_a_page_and_the_widest_for_pictures():
    assert [url for _, url in loaded(SRCSET)] == ["/s.jpg", "/m.jpg", "/l.jpg"]
    assert [url for _, url in loaded(SRCSET, RequisiteLimits(level="pictures"))] == ["/l.jpg", "/s.jpg"]
    assert [url for _, url in loaded('<img srcset="/x.jpg 5000w, /y.jpg 9000w">')] == ["/x.jpg"]
    assert [url for _, url in loaded('<img srcset="/x.jpg, /y.jpg 2x">')] == ["/x.jpg", "/y.jpg"]


def test_a_level_takes_its_kinds_alone():
    markup = "<link rel=stylesheet href=/a.css><script src=/a.js></script><img src=/a.jpg>"
    assert {kind for kind, _ in loaded(markup, RequisiteLimits(level="none"))} == set()
    assert {kind for kind, _ in loaded(markup, RequisiteLimits(level="pictures"))} == {"image"}
    assert {kind for kind, _ in loaded(markup, RequisiteLimits(level="page"))} == {"image", "stylesheet"}
    assert {kind for kind, _ in loaded(markup)} == {"image", "stylesheet", "script"}


def test_five_thousand_pictures_are_bounded_and_the_rest_counted():
    markup = "".join(f'<img src="/{n}.jpg">' for n in range(5_000)) * 2
    found = page_requisites(html.document_fromstring(markup), PAGE, RequisiteLimits(level="page", most=300))
    assert len(found.found) == 300
    assert found.left_out == 4_700


def test_a_style_sheet_names_what_it_imports_and_loads():
    style = """@charset "utf-8"; @import "a.css"; @import url(/b.css) screen; @namespace url(http://www.w3.org/1999/xhtml);
        body { background: url("x y.png") } .q::before { content: "no.png" }
        @media print { p { background-image: image-set("p.avif" type("image/avif"), url(q.png) 2x) } }
        @font-face { font-family: "F"; src: url(f.eot); src: url("f.woff2") format("woff2"), url(f.woff) }
        i { background: url(data:image/png;base64,AAAA) } /* url(comment.png) */"""
    assert styled(style) == [
        ("stylesheet", "https://cdn.example/css/a.css"),
        ("stylesheet", "https://cdn.example/b.css"),
        ("image", "https://cdn.example/css/x%20y.png"),
        ("image", "https://cdn.example/css/p.avif"),
        ("image", "https://cdn.example/css/q.png"),
        ("font", "https://cdn.example/css/f.woff2"),
    ]


@pytest.mark.parametrize(
    "style", ["a{" * 100_000 + "b:url(x.png)", "@import " * 50_000 + "url(", "url(" * 100_000, "}" * 9]
)
def test_a_style_sheet_built_to_stall_is_read(style):
    assert len(styled(style)) <= 1


def test_pictures_that_the_metadata_names_are_taken_along():
    assert loaded("<p>x</p>", more=["https://cdn.example/lead.jpg"]) == [("image", "https://cdn.example/lead.jpg")]

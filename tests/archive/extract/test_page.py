"""The page model: one walk gives blocks with their spans, what is hidden, anchors, and the elements with attributes."""

from datetime import UTC, datetime

import lxml.html
import pytest

from archive import Page
from archive.body import Span
from archive.extract import extract
from archive.extract.document import flattened, parse_html
from archive.extract.page import read_model
from archive.extract.styles import hidden_names

LONG = "The council of the old harbour said that the bridge would be closed until the spring of next year. "


def model(body: str, head: str = ""):
    return read_model(lxml.html.document_fromstring(f"<html><head>{head}</head><body>{body}</body></html>"))


def lines(body: str, head: str = "") -> list[str]:
    return [block.text for block in model(body, head).blocks]


def test_a_block_keeps_its_emphasis_and_links_and_the_spans_are_its_text():
    (block,) = model("<p>He  <b>said</b> it <a href='/x'>was\n<i>so</i></a>.</p>").blocks
    assert block.text == "He said it was so."
    assert block.spans() == (
        Span(text="He "),
        Span(text="said", marks=("strong",)),
        Span(text=" it "),
        Span(text="was ", href="/x"),
        Span(text="so", href="/x", marks=("em",)),
        Span(text="."),
    )


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>We <button>bought</button> bonds</p>", ["We bought bonds"]),
        ("<p>Text</p><p><button>Share</button></p>", ["Text"]),
        ("<p>un<wbr>break<nobr>able</nobr></p>", ["unbreakable"]),
        ("<p>so<sup><a href='#n1'>1</a></sup> it is</p>", ["so it is"]),
        ("<p>so<sup>[<a href='#n1'>1</a>]</sup> it is</p>", ["so[1] it is"]),
        ("<p>10 m<sup>2</sup></p>", ["10 m2"]),
        (f"<div class=cap>T</div><p>he end. {LONG}</p>", [f"The end. {LONG.strip()}"]),
        (f"<div>A</div><p>The end. {LONG}</p>", ["A", f"The end. {LONG.strip()}"]),
        ("<p><span aria-hidden=true>A</span><span class=sr-only>A</span>ll</p>", ["All"]),
        ("<p>Soft\u00adhyphen \ue123icon</p>", ["Softhyphen icon"]),
        ("<pre>if x:\n    y\n\n</pre>", ["if x:\n    y"]),
        ("<div><template shadowrootmode=open><p>Inside</p></template></div>", ["Inside"]),
        ("<div><template><p>Pattern</p></template></div>", []),
        ("<button><div><main><p>Swallowed</p></main></div></button>", ["Swallowed"]),
    ],
)
def test_inline_elements_stay_in_their_sentence(html, expected):
    assert lines(html) == expected


def test_what_is_shown_to_nobody_is_marked():
    page = model(
        f"<p>{LONG}</p><p hidden>a</p><p style='display: none'>b</p><p class=meta>c</p><p class=print>d</p>",
        "<style>.meta{display:none} @media print{.print{display:none}} .a .print{display:none}</style>",
    )
    assert [block.text for block in page.blocks if block.hidden] == ["a", "b", "c"]


def test_a_page_that_hides_its_text_until_a_script_runs_is_read():
    page = model(f"<div style='display:none'><p>{LONG * 3}</p></div><p>Loading</p>")
    assert not any(block.hidden for block in page.blocks)


def test_a_later_rule_shows_what_an_earlier_one_hides():
    tree = lxml.html.document_fromstring("<style>.a{display:none}.b{display:none}.a{display:block}</style>")
    assert hidden_names(tree.iter("style")) == {".b"}


def test_anchors_and_elements_are_listed_in_page_order():
    page = model(
        "<p class=a><a href=/1 rel=nofollow>One</a></p><figure></figure><noscript><a href=/2>Two</a></noscript>"
    )
    assert [(anchor.href, anchor.text, anchor.rel) for anchor in page.anchors] == [
        ("/1", "One", "nofollow"),
        ("/2", "Two", ""),
    ]
    assert [(element.tag, element.place) for element in page.elements] == [("p", 0), ("a", 0), ("figure", 1)]


def test_footnotes_that_the_text_leads_to_are_known():
    assert model("<p>so<sup><a href='#n1'>1</a></sup></p><p>up<sup><a href='/x'>2</a></sup></p>").notes == {"n1"}


def test_a_page_of_many_levels_is_read():
    tree = parse_html("<html><body>" + "<div>" * 1500 + f"<h2>Head</h2><p>{LONG}</p><p><a href=/x>More</a></p>")
    flat = flattened(tree)
    assert [(block.text, block.element.tag, block.href) for block in read_model(flat).blocks] == [
        ("Head", "h2", ""),
        (LONG.strip(), "p", ""),
        ("More", "p", "/x"),
    ]


def test_an_article_below_more_levels_than_readers_bear_is_found():
    body = "<div>" * 700 + f"<article><h1>A bridge closes</h1><p>{LONG * 2}</p><p>{LONG * 3}</p></article>"
    page = Page(
        body=f"<html><body>{body}".encode(), url="https://a.example/1/x", fetched_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    article = extract(page).article
    assert article is not None
    assert LONG.strip() in article.text

"""Pages built to stall a parser are parsed in linear time, or refused as too complex."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import html

from archive.article import Page
from archive.extract import extract
from archive.extract.document import Unreadable, read_document
from archive.extract.metadata.head import read_directives
from archive.extract.metadata.language import identify
from archive.extract.metadata.reading import read_metadata, with_text
from archive.extract.page import read_model
from archive.extract.quarantine import quarantine_reason
from archive.extract.text.main_content import align
from archive.extract.text.place import rules_by_place
from archive.extract.text.teasers import find_teasers
from tests.support import effort

pytestmark = pytest.mark.slow

LIMIT = 1.0  # CPU seconds; each of these takes a tenth of it on an idle core


def many(count: int, piece: str) -> str:
    return "".join(piece.format(i=i) for i in range(count))


HOSTILE = {
    "paragraphs": many(20_000, "<p>word {i}</p>"),
    "divs-in-divs": "<div>" * 20_000 + "<p>deep</p>" + "</div>" * 20_000,
    "spans-in-spans": "<p>" + "<span>" * 20_000 + "x" + "</span>" * 20_000,
    "bold-in-italics": "<p>" + "<b><i>x" * 8_000,
    "lists-in-lists": "<ul><li>item " * 4_000,
    "tables-in-tables": "<table><tr><td>c " * 2_000,
    "quotes-in-quotes": "<blockquote>q " * 8_000,
    "links": many(20_000, '<a href="/x{i}">link {i} text</a> '),
    "links-in-one-paragraph": "<p>" + many(20_000, 'some words <a href="/x{i}">link {i}</a> '),
    "line-breaks": "<p>" + "line of text<br>" * 20_000,
    "one-long-word": "<p>" + "a" * 4_000_000,
    "one-long-text": "<p>" + "word " * 800_000,
    "spaces": "<p>a" + " " * 2_000_000 + "b",
    "digits": "<p>" + "2024" * 400_000,
    "dates": "<p>" + "published 2024-01-02 or 3.4.2023, " * 20_000,
    "date-like-junk": "<p>" + "20/20/20/20-20.20." * 80_000,
    "date-paragraphs": many(20_000, '<p class="date">on 3 May 20{i}</p>'),
    "times": '<time datetime="2024-01-02">x</time>' * 20_000,
    "times-without-date": '<time datetime="x" class="published">12 May</time>' * 20_000,
    "metas": many(20_000, '<meta name="a{i}" content="2024-01-02">'),
    "metas-of-one-name": '<meta name="author" content="A B">' * 20_000,
    "links-of-one-rel": '<link rel="canonical" href="/x">' * 20_000,
    "many-rels": '<link rel="' + "next " * 100_000 + '" href="/x">',
    "json-ld-authors": '<script type="application/ld+json">{"@type":"NewsArticle","author":['
    + ",".join(f'{{"@type":"Person","name":"A B{i}"}}' for i in range(20_000))
    + "]}</script>",
    "json-ld-authors-of-authors": '<script type="application/ld+json">{"@graph":['
    + '{"@type":"NewsArticle","author":[{0}]},{"@id":"a","author":[{0}]}'.replace(
        "{0}", ",".join(['{"@id":"a"}'] * 200)
    )
    + "]}</script>",
    "json-ld-deep": '<script type="application/ld+json">'
    + '{"@type":"Article","a":' * 20_000
    + "1"
    + "}" * 20_000
    + "</script>",
    "json-ld-unclosed": '<script type="application/ld+json">{"@type":"NewsArticle","headline":"'
    + '\\"a' * 200_000
    + "</script>",
    "json-ld-headlines": '<script type="application/ld+json">{"@type":"NewsArticle","headline":"x"}</script>' * 5_000,
    "json-ld-long-headline": '<script type="application/ld+json">{"@type":"NewsArticle","headline":"'
    + "a | " * 200_000
    + '"}</script>',
    "json-ld-reverse": '<script type="application/ld+json">{"@type":"NewsArticle","@reverse":{'
    + ",".join(f'"a{i}":{{}}' for i in range(5_000))
    + "},"
    + ",".join(f'"p{i}":1' for i in range(5_000))
    + "}</script>",
    "sizes-in-an-address": f'<meta property="og:image" content="https://i.example/{"w_a" * 24}!/{"width=1" * 24}!/b.jpg">',
    "comments": "<!-- x -->" * 80_000 + "<p>text</p>",
    "unclosed-comments": "<p>text</p>" + "<!--" * 80_000,
    "unclosed-tags": "<a " * 80_000,
    "attributes": "<p " + many(80_000, 'a{i}="x" ') + ">t</p>",
    "entities": "<p>" + "&amp;&#x41;" * 200_000,
    "author-spam": '<div class="author">By ' + "John Smith and " * 20_000 + "</div>",
    "author-elements": '<div class="author vcard">x</div>' * 20_000,
    "authors-in-authors": '<div class="author">' * 500 + "By John Smith",
    "bylines-of-links": '<div class="author">' + '<a href="/author/x">A B</a>' * 20_000 + "</div>",
    "right-to-left-marks": "<p>" + "\u202e\u0627\u0644\u200f " * 200_000,
    "headings": many(20_000, "<h1>title {i}</h1>"),
    "separators-in-title": "<title>" + "a | " * 100_000 + "</title>",
    "emails": '<meta name="author" content="' + "a@" * 400_000 + '">',
    "commas": '<meta name="keywords" content="' + "a," * 400_000 + '">',
    "robots": '<meta name="robots" content="' + "noindex " * 400_000 + '">',
    "figures": '<article><figure><img src="/a.jpg"><figcaption>c</figcaption></figure>' * 5_000,
    "captions": "<article><figure>" + '<span class="x">y</span>' * 20_000 + "</figure>",
    "options": "<select>" + "<option>o</option>" * 40_000,
    "passwords": '<input type="password">' * 20_000,
    "crumbs": '<div class="breadcrumb">' + '<a href="/">x</a>' * 20_000,
    "classes": '<p class="' + "comment " * 200_000 + '">x</p>',
    "language": '<html lang="' + "a" * 1_000_000 + '"><p>x',
}


@pytest.fixture(scope="module", autouse=True)
def _models_are_loaded() -> None:
    # The language model is read from disk once a process: that is not the page's cost.
    identify("These are enough plain words to make the model load before a clock runs.")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_page_ends_soon(name: str) -> None:
    head = "" if name == "language" else "<html><head><title>T</title></head><body>"
    body = (head + HOSTILE[name]).encode()
    text = "\n".join(["word and word", "a | " * 5_000, "2024 " * 5_000, "لا " * 20_000, "x" * 100_000] * 3)
    with effort.at_most(LIMIT):
        page = Page(body=body, url="https://news.example/a/b", fetched_at=datetime(2026, 11, 24, tzinfo=UTC))
        try:
            document = read_document(page)
            metadata = with_text(read_metadata(document), document, text)
            article = metadata.article
            quarantine_reason(document, "", metadata)
            quarantine_reason(document, text, metadata)
            read_directives(document)
        except Unreadable as refused:
            if refused.reason != "too-complex":
                raise
        else:
            assert all(
                len(value) <= 2_000
                for value in (article.title, article.section, article.description, article.sitename, article.language)
            )
            assert len(article.authors) <= 20
            assert len(article.tags) <= 40
            assert len(article.images) <= 30


@pytest.mark.parametrize(
    "path",
    [
        "/" + "2024/" * 200_000,
        "/" + "1-" * 400_000,
        "/page/" * 100_000,
        "/?" + "page=1&" * 100_000,
        "/" + "tag/" * 200_000,
    ],
)
def test_hostile_address_costs_nothing(path: str) -> None:
    page = Page(
        body=b"<html><body><p>x</p>", url="https://news.example" + path, fetched_at=datetime(2026, 11, 24, tzinfo=UTC)
    )
    with effort.at_most(LIMIT):
        document = read_document(page)
        quarantine_reason(document, "text", read_metadata(document))


def test_a_picture_shown_again_and_again_beside_what_it_says_costs_what_the_page_is_long() -> None:
    text = many(50, "<p>The council of the harbour town met on day {i} to discuss the new bridge over the river.</p>")
    box = '<img alt="The old bridge">' * 2_000 + "<p class=a>The old bridge</p>" * 2_000
    body = f"<article>{text}<div>{box}</div></article>".encode()
    with effort.at_most(LIMIT * 2):
        extract(Page(body=body, url="https://news.example/a/b", fetched_at=datetime(2026, 11, 24, tzinfo=UTC)))


@pytest.mark.parametrize(
    "piece",
    [
        "<h3>Comments {i}</h3>",
        '<div class="c{i}"><h3><a href="/x{i}">Council votes on bridge {i}</a></h3><p>The council met to vote on it.</p></div>',
    ],
)
def test_headings_that_may_be_those_of_comments_or_other_posts_cost_what_the_page_is_long(piece: str) -> None:
    text = many(50, "<p>The council of the harbour town met on day {i} to discuss the new bridge over the river.</p>")
    body = f"<h1>Council votes on ferry</h1><article>{text}{many(3_000, piece)}{text}</article>".encode()
    with effort.at_most(LIMIT * 2):
        extract(Page(body=body, url="https://news.example/a/b", fetched_at=datetime(2026, 11, 24, tzinfo=UTC)))


def test_a_named_box_of_thousands_of_paragraphs_is_read_once() -> None:
    line = "<p>The council of the harbour town met on day {i} to discuss the new bridge over the river.</p>"
    other = line.replace("council", "board")
    box = f"<div class=newsletter>{many(2_000, line)}</div>"
    body = f"<article>{many(50, line)}{box}{many(900, other)}</article>".encode()
    with effort.at_most(LIMIT * 2):
        extract(Page(body=body, url="https://news.example/a/b", fetched_at=datetime(2026, 11, 24, tzinfo=UTC)))


def test_thousands_of_lines_are_compared_with_one_long_block_in_linear_time() -> None:
    names = many(5_000, "Ann Bell{i} ")
    blocks = read_model(html.fromstring(f"<body><p>The council met</p><p>{names}</p></body>")).blocks
    with effort.at_most(LIMIT):
        found = align(["The council met", *(f"Ann B{i}" for i in range(5_000))], blocks)
    assert found == (0,)


def test_the_text_of_a_table_row_is_counted_once_for_all_its_links() -> None:
    links = many(5_000, '<li><a href="/author/x{i}">Ann Bell{i}</a></li>')
    blocks = read_model(html.fromstring(f"<body><table><tr><td>{links}</table></body>")).blocks
    with effort.at_most(LIMIT):
        rules = rules_by_place(range(len(blocks)), blocks, "https://news.example/a/b")
    assert len(rules) == 5_000


def test_the_linked_headings_of_a_page_are_counted_once() -> None:
    titles = many(10_000, '<h2><a href="/story/{i}">Council votes on bridge {i}</a></h2>')
    blocks = read_model(html.fromstring(f"<body><div>{titles}</div></body>")).blocks
    with effort.at_most(LIMIT):
        assert len(rules_by_place(range(len(blocks)), blocks, "https://news.example/a/b")) == 10_000


def test_the_paragraphs_beside_linked_titles_are_counted_once() -> None:
    boxes = many(4_000, '<div class=box><h3><a href="/x{i}">Council votes on bridge {i}</a></h3><p>They met.</p></div>')
    blocks = read_model(html.fromstring(f"<body><div>{boxes}</div></body>")).blocks
    with effort.at_most(LIMIT):
        list(find_teasers(range(len(blocks)), blocks, "news.example"))

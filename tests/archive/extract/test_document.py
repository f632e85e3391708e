from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest

from archive.article import Page
from archive.extract.document import MAX_BYTES, Unreadable, parse_html, read_document
from tests.support import effort

FETCHED = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def page(body: str | bytes, content_type: str = "text/html; charset=utf-8") -> Page:
    data = body if isinstance(body, bytes) else body.encode()
    return Page(body=data, url="https://news.example/a", fetched_at=FETCHED, headers=(("Content-Type", content_type),))


def test_reads_text_tree_and_encoding() -> None:
    document = read_document(page("<html><body><!-- no --><p>النص</p></body></html>".encode("cp1256"), "text/html"))
    assert document.tree.findtext(".//p") == "النص"
    assert document.html.startswith("<html>")
    assert document.encoding.startswith("cp1256")
    assert "no" not in document.tree.text_content()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"%PDF-1.7 <p>x</p>", "text/html"),
        (b"\x89PNG\r\n\x1a\n", ""),
        (b'{"title": "x"}', "application/json"),
        (b'{"title": "x"}', "text/html"),
        (b"<html><p>x", "image/jpeg"),
        (b'<?xml version="1.0"?>\n<rss version="2.0"><channel><title>x</title></channel></rss>', "text/html"),
        (b'<?xml version="1.0"?><!-- c --><urlset><url/></urlset>', "text/xml"),
        (b"only words, no markup", "text/plain"),
    ],
)
def test_what_is_not_html_is_named_so(body: bytes, content_type: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_document(page(body, content_type))
    assert caught.value.reason == "not-html"
    assert caught.value.detail


@pytest.mark.parametrize("body", [b"", b" \n\t ", b"\0\0"])
def test_blank_body_is_empty(body: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        read_document(page(body))
    assert caught.value.reason in {"empty", "not-html"}


@pytest.mark.parametrize(
    "content_type", ["", "application/xhtml+xml", "text/plain", "application/octet-stream", "TEXT/HTML"]
)
def test_html_is_recognised_under_a_wrong_or_missing_type(content_type: str) -> None:
    body = '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html><body><p>x</p></body></html>'
    assert read_document(page(body, content_type)).tree.findtext(".//p") == "x"


def test_text_below_deep_nesting_is_kept() -> None:
    # libxml2 drops what is deeper than 256 unless told otherwise; unclosed tags on real pages get there.
    document = read_document(page("<html><body>" + "<font>" * 400 + "<p>deep</p>"))
    assert document.tree.findtext(".//p") == "deep"


def test_inlined_image_is_not_complex() -> None:
    document = read_document(
        page('<html><body><img src="data:image/png;base64,' + "A" * 300_000 + '"><p>x</p></body></html>')
    )
    assert document.tree.findtext(".//p") == "x"


def attributes(n: int, value: str = '="x"') -> str:
    return "<p " + " ".join(f"a{i}{value}" for i in range(n)) + ">t</p>"


@pytest.mark.parametrize(
    "body",
    [
        attributes(40_000),
        attributes(40_000, '=">"'),
        attributes(40_000, "='<'"),
        attributes(40_000, ""),
        "<p " + "/".join(f"a{i}" for i in range(40_000)) + ">",
        attributes(3_000) * 40,
        "<html>" + " " * MAX_BYTES,
    ],
    ids=["valued", "greater-than", "less-than", "bare", "slashes", "many-tags", "big"],
)
def test_page_built_to_stall_a_parser_is_refused_quickly(body: str) -> None:
    with effort.at_most(3):
        with pytest.raises(Unreadable) as caught:
            read_document(page("<html><body>" + body))
        assert caught.value.reason == "too-complex"


@pytest.mark.parametrize(
    "body",
    [
        "<a " * 200_000,
        "<!--" * 200_000,
        "<p a='" * 100_000,
        '<p a="' * 100_000,
        "<" * 1_000_000,
        "<p =" * 200_000,
        "<a=\"'" * 200_000,
    ],
)
def test_unclosed_markup_costs_linear_time(body: str) -> None:
    with effort.at_most(3), contextlib.suppress(Unreadable):
        read_document(page("<html><body><p>x</p>" + body))


def test_a_page_without_a_body_tag_has_its_article_in_the_body() -> None:
    tree = parse_html("<html><title>عنوان</title><article><h1>عنوان</h1><p>نص</p></article><p>ذيل</p></html>")
    body = tree.find("body")
    assert body is not None
    assert [child.tag for child in body] == ["article", "p"]
    assert tree.findtext("head/title") == "عنوان"


def test_what_react_streams_behind_the_page_stands_where_it_belongs():
    tree = parse_html(
        '<body><main><p>a</p><template id="B:0"></template>b</main><div hidden id="S:0"><p>c</p><template id="P:1f"></template></div>'
        '<div hidden id="S:1f"><p>d</p></div><div hidden id="S:9">e</div></body>'
    )
    main = tree.find(".//main")
    assert main is not None
    assert main.text_content() == "acdb"
    assert [part.get("id") for part in tree.iter("div") if "hidden" in part.attrib] == ["S:9"]


def test_a_part_that_would_stand_within_itself_stays():
    tree = parse_html('<body><div hidden id="S:0"><p>a</p><template id="B:0"></template></div></body>')
    assert "hidden" in next(tree.iter("div")).attrib

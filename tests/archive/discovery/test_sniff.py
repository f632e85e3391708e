from __future__ import annotations

import gzip
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.discovery import Kind, sniff

KINDS = [
    ("<?xml version='1.0'?>\n<!-- x -->\n<?xml-stylesheet href='x'?><rss version='2.0'>", "feed"),
    ("\ufeff<feed xmlns='http://www.w3.org/2005/Atom'>", "feed"),
    ("<rdf:RDF xmlns:rdf='x'>", "feed"),
    ("<!DOCTYPE rss PUBLIC '-//Netscape//DTD RSS 0.91//EN' 'x' [ <!ENTITY a 'b'> ]><rss>", "feed"),
    ('{"version": "https://jsonfeed.org/version/1", "items": []}', "feed"),
    ("<urlset xmlns='x'>", "sitemap"),
    ("<sitemapindex>", "sitemap"),
    ("<sm:urlset xmlns:sm='x'>", "sitemap"),
    ("https://example.com/a\nhttps://example.com/b\n", "sitemap"),
    ("<!DOCTYPE html><html><p>the tag <rss version='2.0'> is", "html"),
    ("<?xml version='1.0'?><!DOCTYPE html PUBLIC 'x'><html xmlns='x'>", "html"),
    ("<p>no root", "html"),
    ("<br><b>Warning</b>: x\n<?xml version='1.0'?><rss version='2.0'>", "feed"),
    ('{"a": 1}', "other"),
    ("", "other"),
    ("<svg xmlns='x'/>", "other"),
]


@pytest.mark.parametrize(("text", "kind"), KINDS)
def test_kind_is_told_by_content(text: str, kind: str) -> None:
    assert sniff(text.encode()) == kind
    if text:
        assert sniff(gzip.compress(text.encode())) == kind


@pytest.mark.parametrize("before", [b"", b"\n", b"\xef\xbb\xbf", b" " * 1000])
def test_a_pdf_file_is_a_document_whatever_its_label(before: bytes) -> None:
    assert sniff(before + b"%PDF-1.4\n1 0 obj << /A (<html>) >>", "text/html") == "document"
    assert sniff(b"<html><p>%PDF-1.4 is how such a file begins") == "html"


def test_label_decides_only_when_the_content_does_not() -> None:
    assert sniff(b"words", "text/html; charset=utf-8") == "html"
    assert sniff(b"<rss>", "text/html") == "feed"
    assert sniff("<rss version='2.0'>".encode("utf-16"), "text/html") == "feed"


@given(st.binary())
def test_any_bytes_have_a_kind(body: bytes) -> None:
    assert sniff(body) in get_args(Kind)

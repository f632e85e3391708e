"""Citations: every style has its fields, page content is escaped, and unknown fields are left out."""

from __future__ import annotations

import json

import pytest

from archive.export.citation import STYLES, cite

ROW = {
    "title": "مكتبة متنقلة | تجوب القرى", "author": "هالة البيطار; سامي نور", "sitename": "صحيفة الدفتر", "site": "daftar.example",
    "date": "2026-11-20", "url": "https://daftar.example/2026/11/library?a=1&b={x}", "language": "ar", "fetched_at": "2026-11-24T05:30:00Z",
    "payload_digest": "sha1:ABC", "gone_at": None,
}  # fmt: skip
BARE = {**ROW, "author": "", "date": None, "sitename": "", "language": ""}
ROOM = "https://archive.example"
LINK = "https://archive.example/a/20261124053000/https://daftar.example/2026/11/library?a=1&b=%7Bx%7D"


@pytest.mark.parametrize("style", STYLES)
def test_each_style_names_title_authors_outlet_times_address_and_digest(style):
    said = cite(ROW, style, room=ROOM)
    for word in ("هالة البيطار", "سامي نور", "صحيفة الدفتر", "daftar.example/2026/11/library", "2026"):
        assert word in said
    assert ("sha1:ABC" in said) is (style != "wikipedia")
    assert "/a/20261124053000/https://daftar.example" in said.replace("\\", "")


@pytest.mark.parametrize("style", STYLES)
def test_what_is_not_known_is_left_out(style):
    said = cite(BARE, style)
    assert "None" not in said
    assert "/a/2026" not in said
    assert "daftar.example" in said


def test_an_answer_for_a_reference_manager_is_json_of_its_schema():
    (said,) = json.loads(cite(ROW, "csl-json", room=ROOM))
    assert said["type"] == "article-newspaper"
    assert said["issued"] == {"date-parts": [[2026, 11, 20]]}
    assert said["author"] == [{"literal": "هالة البيطار"}, {"literal": "سامي نور"}]
    assert said["archive_location"] == LINK


def test_nothing_breaks_out_of_its_field():
    evil = {**ROW, "title": "a}}\n{{b |c=[[d]]\r\nER  - \\input{x} 5% & $", "author": "x\nTY  - BOOK"}
    wikipedia = cite(evil, "wikipedia")
    assert wikipedia.count("}}") == 2  # that of {{!}}, and the end
    assert "[[" not in wikipedia
    assert [line[:2] for line in cite(evil, "ris").splitlines()].count("TY") == 1
    bibtex = cite(evil, "bibtex")
    assert r"\textbackslash{}input\{x\} 5\% \& \$" in bibtex
    assert len(cite(evil, "chicago").splitlines()) == 1


def test_wikipedia_is_told_whether_the_page_is_still_there():
    assert "|url-status=live" in cite(ROW, "wikipedia", room=ROOM)
    assert "|url-status=dead" in cite({**ROW, "gone_at": "2026-11-25T00:00:00Z"}, "wikipedia", room=ROOM)
    assert "|access-date=2026-11-24" in cite(ROW, "wikipedia")


def test_bibtex_keeps_arabic_names_whole_and_names_the_language_as_biblatex_does():
    row = ROW | {
        "author": "هالة البيطار; أبو بكر and الصدّيق",
        "sitename": "صحيفة الدفتر",
        "site": "daftar.example",
        "language": "ar-EG",
    }
    said = cite(row, "bibtex")
    assert said.startswith("@online{daftar-example-2")
    assert "author = {{هالة البيطار} and {أبو بكر and الصدّيق}}" in said
    assert "langid = {arabic}" in said
    assert "langid" not in cite(row | {"language": "xx"}, "bibtex")


@pytest.mark.parametrize("style", STYLES)
def test_an_author_in_capitals_is_cited_in_the_case_of_names(style):
    assert "Jane Doe" in cite({**ROW, "author": "JANE DOE"}, style)


@pytest.mark.parametrize(
    ("printed", "cited"),
    [
        ("JUAN DE LA CRUZ", "Juan de la Cruz"),
        ("ANNE-MARIE O'BRIEN", "Anne-Marie O'Brien"),
        ("Juan DE LA CRUZ", "Juan DE LA CRUZ"),
        ("BBC NEWS", "BBC NEWS"),
        ("REUTERS", "REUTERS"),
    ],
)
def test_names_in_capitals_are_cited_in_the_case_of_names(printed, cited):
    assert f"| author = {cited}" in cite({**ROW, "author": printed}, "wikipedia") or cited in cite(
        {**ROW, "author": printed}, "wikipedia"
    )

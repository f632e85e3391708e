"""Extraction quality on the saved pages of the repository, in figures that only rise (`cases/floors.json`).

A clone without corpora is guarded by these: a change that loses words, names, dates or structure on any of some 200 pages lowers one.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from archive.extract import extract
from tests.test_extraction_cases import FOLDERS, one_line, page_of
from tests.test_sites import CASES as SITES
from tests.test_sites import read_case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archive import Article, Page
    from archive.body import Block

FLOORS = json.loads((Path(__file__).parent / "cases" / "floors.json").read_text("utf-8"))
ROOM = 0.004
"""How far a figure may stand above its floor before the floor must be raised."""


def pages() -> Iterator[tuple[Page, dict[str, Any]]]:
    """The pages that are articles, and what they say under the names of the cases."""
    for folder in SITES:
        page, expected = read_case(folder)
        if "paragraphs" in expected:
            names = {
                "published": [expected["date_published"]],
                "has": expected["paragraphs"],
                "hasnot": expected["absent"],
            }
            yield page, expected | names
    for folder in FOLDERS:
        expected = json.loads((folder / "expected.json").read_text("utf-8"))
        if not expected.get("reason"):
            yield page_of(folder, expected), expected


def kinds_of(body: Iterable[Block]) -> Iterator[tuple[str, str]]:
    """Headings, list items and quotations of a body, each with its text."""
    from archive.body import plain_text, span_text

    for block in body:
        match block.kind:
            case "heading":
                yield "heading", span_text(block.spans)
            case "list":
                yield from (("item", one_line(plain_text(item))) for item in block.items)
            case "quote":
                yield "quote", one_line(f"{span_text(block.spans)} {plain_text(block.blocks)}")
        for inner in (block.blocks, *block.items):
            yield from kinds_of(inner)


class Count:
    """Right answers of all that were asked for, by measure."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.right: Counter[str] = Counter()

    def add(self, measure: str, right: Iterable[bool]) -> None:
        answers = list(right)
        self.asked[measure] += len(answers)
        self.right[measure] += sum(answers)

    def shares(self) -> dict[str, float]:
        return {measure: round(self.right[measure] / asked, 3) for measure, asked in sorted(self.asked.items())}


def compare(count: Count, article: Article | None, expected: dict[str, Any]) -> None:
    text = one_line(article.text) if article else ""
    pieces = [one_line(piece) for name in ("has", "once", "line") for piece in expected.get(name, [])]
    count.add("text kept", (piece in text for piece in pieces))
    count.add("other text left out", (one_line(piece) not in text for piece in expected.get("hasnot", [])))
    if "title" in expected:
        count.add("titles", [article is not None and one_line(article.title) == expected["title"]])
    if "authors" in expected:
        said, wanted = set(article.authors if article else ()), set(expected["authors"])
        count.add("authors", (name in said & wanted for name in said | wanted))
    if "published" in expected:
        allowed = expected["published"] if isinstance(expected["published"], list) else [expected["published"]]
        date = article.date_published if article else "none"
        count.add("dates", [any(date.startswith(start) if start else not date for start in allowed)])
    found = list(kinds_of(article.body)) if article else []
    for kind, piece in expected.get("blocks", []):
        count.add("structure", [any(kind == one and piece in words for one, words in found)])


@pytest.fixture(scope="module")
def shares() -> dict[str, float]:
    count = Count()
    for page, expected in pages():
        compare(count, extract(page).article, expected)
    return count.shares()


@pytest.mark.parametrize("measure", sorted(FLOORS))
def test_no_figure_falls_below_its_floor_nor_leaves_it_far_below(shares: dict[str, float], measure: str) -> None:
    share, floor = shares[measure], FLOORS[measure]
    assert share >= floor, f"{measure}: {share} of what is asked for is right, it was {floor}"
    assert share <= floor + ROOM, f"{measure}: {share} is right now: raise the floor {floor} in tests/cases/floors.json"


def test_every_measure_has_a_floor(shares: dict[str, float]) -> None:
    assert shares.keys() == FLOORS.keys()

"""Each small page under `cases/extraction/` gives its `expected.json`: made-up pages of kinds that extractors get wrong.

A folder holds `page.html`, `url` and `expected.json`: `kind` and `source` say what it is about and where the kind was reported;
`has`, `hasnot` and `once` are pieces of text, `line` whole lines, `order` pieces in their order, `exact` a piece with its line ends;
`title`, `language`, `section`, `sitename`, `authors`, `reason`, `free`, `canonical`, `images` are fields; `published` and `modified` are
beginnings of a date ('' for none, a list for several that are right); `blocks` are headings, list items and quotations
(see test_extraction_floors.py); `headers`, `site` and `fetched_at` are what the page came with.

`cases/wrong.txt` names the cases that are not right yet, and may only get shorter.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from archive import Page, SiteProfile
from archive.article import Article
from archive.extract import extract

CASES = Path(__file__).parent / "cases"
FOLDERS = sorted(path.parent for path in CASES.glob("extraction/*/expected.json"))
WRONG = (CASES / "wrong.txt").read_text("utf-8").split()
NOTHING = Article(url="", title="", text="")


def one_line(text: str) -> str:
    return " ".join(text.split())


def page_of(folder: Path, expected: dict[str, Any]) -> Page:
    return Page(
        body=(folder / "page.html").read_bytes(),
        url=(folder / "url").read_text("utf-8").strip(),
        fetched_at=datetime.fromisoformat(expected.get("fetched_at", "2026-11-28T09:00:00+00:00")),
        headers=tuple((name, value) for name, value in expected.get("headers", [["Content-Type", "text/html"]])),
        site=SiteProfile(**expected.get("site", {})),
    )


def read(folder: Path, expected: dict[str, Any]) -> dict[str, Any]:
    """What the extraction says of the page."""
    extraction = extract(page_of(folder, expected))
    article = extraction.article or NOTHING
    return {
        "text": article.text,
        "title": one_line(article.title),
        "language": article.language,
        "section": one_line(article.section),
        "sitename": one_line(article.sitename),
        "authors": list(article.authors),
        "published": article.date_published,
        "modified": article.date_modified,
        "images": [image.url for image in article.images],
        "free": article.is_accessible_for_free,
        "reason": extraction.reason,
        "canonical": extraction.canonical_url,
    }


def wrong_text(text: str, expected: dict[str, Any]) -> list[str]:
    flat, lines = one_line(text), [one_line(line) for line in text.split("\n")]
    found = [f"lacks {piece!r}" for piece in expected.get("has", []) if one_line(piece) not in flat]
    found += [f"holds {piece!r}" for piece in expected.get("hasnot", []) if one_line(piece) in flat]
    found += [
        f"{piece!r} {flat.count(one_line(piece))} times"
        for piece in expected.get("once", [])
        if flat.count(one_line(piece)) != 1
    ]
    found += [f"no line {line!r}" for line in expected.get("line", []) if one_line(line) not in lines]
    places = [flat.find(one_line(piece)) for piece in expected.get("order", [])]
    if -1 in places or places != sorted(places):
        found.append(f"order {places}")
    if expected.get("exact", "") not in text:
        found.append(f"not exactly {expected['exact']!r}")
    return found


def wrong_fields(said: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    found = [
        f"{name} {said[name]!r}, not {expected[name]!r}"
        for name in ("title", "language", "section", "sitename", "authors", "reason", "free", "canonical")
        if name in expected and said[name] != expected[name]
    ]
    for name in ("published", "modified"):
        allowed = expected.get(name, [said[name]])
        allowed = allowed if isinstance(allowed, list) else [allowed]
        if not any(said[name].startswith(start) if start else not said[name] for start in allowed):
            found.append(f"{name} {said[name]!r}, not {expected[name]!r}")
    return found + [f"no picture {url}" for url in expected.get("images", []) if url not in said["images"]]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_page_reads_as_expected(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    said = read(folder, expected)
    wrong = wrong_text(said["text"], expected) + wrong_fields(said, expected)
    if folder.name in WRONG:
        assert wrong, f"{folder.name} is right now: remove it from tests/cases/wrong.txt"
    else:
        assert wrong == [], expected.get("kind", "")


def test_the_list_of_wrong_cases_is_sorted_and_names_cases() -> None:
    assert sorted(set(WRONG)) == WRONG
    assert set(WRONG) <= {folder.name for folder in FOLDERS}

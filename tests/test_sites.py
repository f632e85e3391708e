"""Every saved page under `sites/HOST/CASE/` gives its `article.json`; CONTRIBUTING.md explains how to add one.

`page.html` is the body as served, `page.json` what was known when it was fetched (url, status, headers, fetched_at),
and `article.json` the truth: any of title, section, authors, date_published, language, is_accessible_for_free,
`paragraphs` (the whole text), `absent` (words that must not be in it); or `reason` alone, for what is no article.
`python tests/test_sites.py` prints every difference, those of `sites/weak.json` too, and what can be taken out of that.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from archive.article import Article, Page
from archive.extract import extract

SITES = Path(__file__).parent / "sites"
CASES = sorted(path.parent for path in SITES.glob("*/*/article.json"))
FIELDS = ("title", "section", "authors", "date_published", "language", "is_accessible_for_free")
WEAK = json.loads((SITES / "weak.json").read_text("utf-8"))
"""Fields of a case that the extraction does not get right yet: not compared, and nothing to be proud of."""


def name_of(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


def read_case(folder: Path) -> tuple[Page, dict]:
    known = json.loads((folder / "page.json").read_text("utf-8"))
    page = Page(
        body=(folder / "page.html").read_bytes(),
        url=known["url"],
        status=known["status"],
        headers=tuple(known["headers"].items()),
        fetched_at=datetime.fromisoformat(known["fetched_at"]),
    )
    return page, json.loads((folder / "article.json").read_text("utf-8"))


def lines_of(article: Article) -> list[str]:
    # a list item may keep the dash that a plain text gives it
    return [line.removeprefix("- ") for line in article.text.split("\n")]


def differences(folder: Path) -> dict[str, tuple[object, object]]:
    """What the extraction says otherwise, by field: (said, expected)."""
    page, expected = read_case(folder)
    extraction = extract(page)
    if "reason" in expected or extraction.article is None:
        pair = (extraction.reason, expected.get("reason"))
        return {"reason": pair} if pair[0] != pair[1] else {}
    article = extraction.article
    said: dict[str, object] = {name: getattr(article, name) for name in FIELDS}
    said |= {"authors": list(article.authors), "paragraphs": lines_of(article)}
    said["absent"] = [words for words in expected["absent"] if words in article.text]
    wanted = expected | {"absent": []}
    return {name: (said[name], wanted[name]) for name in wanted if said[name] != wanted[name]}


@pytest.mark.parametrize("folder", CASES, ids=name_of)
def test_saved_page_reads_as_expected(folder: Path) -> None:
    found = differences(folder)
    assert {name: pair for name, pair in found.items() if name not in WEAK.get(name_of(folder), ())} == {}


def test_expected_articles_do_not_contradict_themselves() -> None:
    for folder in CASES:
        _, expected = read_case(folder)
        text = "\n".join(expected.get("paragraphs", ()))
        assert not [words for words in expected.get("absent", ()) if words in text], folder


def test_there_are_saved_pages() -> None:
    assert len(CASES) >= 20


def main() -> None:
    for folder in CASES:
        found, weak = differences(folder), WEAK.get(name_of(folder), ())
        for name, (said, wanted) in found.items():
            mark = " (weak)" if name in weak else ""
            if name == "paragraphs":
                print(f"{name_of(folder)}: paragraphs{mark}")
                print("".join(f"  + {line}\n" for line in said if line not in wanted), end="")
                print("".join(f"  - {line}\n" for line in wanted if line not in said), end="")
            else:
                print(f"{name_of(folder)}: {name}{mark}\n  said     {said!r}\n  expected {wanted!r}")
        if gone := set(weak) - set(found):
            print(f"{name_of(folder)}: no longer weak: {', '.join(sorted(gone))}")


if __name__ == "__main__":
    main()

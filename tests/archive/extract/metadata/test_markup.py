"""The words without which a name is not searched for a pattern: no name that the pattern matches is without all of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from archive.extract.dates import html as dates
from archive.extract.metadata import bylines, images, sections

if TYPE_CHECKING:
    from collections.abc import Sequence

TESTS = Path(__file__).parents[3]
BYLINES = (
    "author autor auteur byline writeby writer vcard yazar muhabir redakteur username journalist creator katib columnist"
    " kolumnist dateline credit submitted meta entry-meta post_meta-data"
)
DATED = "date time publish posted meta byline datum fecha tarih info stamp submitted heure ago dc:created dc:date"
CATEGORIES = (
    "post-cat-wrap post-cat td-post-category penci-cat cat-links entry-category post-categories term-badge articlesection"
    " article-section taxonomy-category rubrique rubrik ressort seccion kicker-section category newscat news-category"
    " section-label sectionname section_link"
)
FIGURES = "wp-caption figure"
LEADS = (
    "featured-image lead_img hero-photo main-media featured-picture post-thumb entry-thumbnail article-image post-photo"
)


@pytest.mark.parametrize(
    ("pattern", "words", "names"),
    [
        (bylines.BYLINE_OR_LINE, bylines.BYLINE_WORDS, BYLINES),
        (dates._DATED, dates._DATED_WORDS, DATED),
        (sections._CATEGORY, sections._CATEGORY_WORDS, CATEGORIES),
        (images._FIGURE, images._PICTURE_WORDS, FIGURES),
        (images._LEAD, images._PICTURE_WORDS, LEADS),
    ],
)
def test_every_name_that_matches_has_one_of_the_words(
    pattern: re.Pattern[str], words: Sequence[str], names: str
) -> None:
    pages = [path.read_text(encoding="utf-8", errors="replace") for path in TESTS.rglob("*.html")]
    printed = {name.lower() for page in pages for name in re.findall(r"\b(?:class|id|itemprop)=[\"']?([^\"'>]+)", page)}
    matching = {name for name in printed if pattern.search(name)}
    assert all(pattern.search(name) for name in names.split())
    assert [name for name in {*names.split(), *matching} if not any(word in name for word in words)] == []

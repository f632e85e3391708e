"""Floors of extraction quality, which only rise: on pages of the repository, and on the corpora if available."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.article import Page
from archive.extract import extract
from bench.extraction import best_score, share, words
from tests.archive.extract import pages

CORPORA = Path(os.environ.get("WARRAQ_CORPORA") or Path(__file__).resolve().parents[4] / "shared" / "corpora")
FLOORS = {
    # mean word F1 of the first pages of each corpus, at most SAMPLE; measured, then rounded down to the third digit
    "ar-7seen": 0.995,
    "ar-hekaya": 0.972,
    "ar-misc": 0.967,
    "fundus-eval": 0.945,
    "fundus-tests": 0.981,
    "magic-article": 0.910,
    "scrapinghub": 0.974,
}
SAMPLE = 40
MOST_LOST = 0.01
"""Share of the expected words that rules may take out of a corpus: credits, dates and labels that its texts keep."""


def test_own_pages_come_out_whole_and_clean():
    for theme in (pages.jannah, pages.newspaper, pages.bare, pages.sahifa):
        text = extract(pages.page(theme())).article.text
        assert text.split("\n") == pages.PARAGRAPHS, theme.__name__


@pytest.mark.slow
@pytest.mark.parametrize("corpus", sorted(FLOORS))
def test_corpus_scores_stay_above_their_floor(corpus):
    listing = CORPORA / corpus / "pages.jsonl"
    if not listing.is_file():
        pytest.skip(f"no corpus at {listing.parent} (set WARRAQ_CORPORA)")
    scores, lost, wanted = [], 0, 0
    with listing.open(encoding="utf-8") as lines:
        for line in [line for _, line in zip(range(SAMPLE), lines, strict=False)]:
            page = json.loads(line)
            if not page.get("gold"):
                continue
            body = gzip.decompress((listing.parent / page["html"]).read_bytes())
            article = extract(Page(body=body, url=page["url"], fetched_at=datetime(2026, 8, 1, tzinfo=UTC))).article
            text = article.text if article else ""
            scores.append(best_score(text, page)[2])
            wanted += len(words(page["gold"]))
            lost += sum(
                len(words(drop.line))
                for drop in (article.dropped if article else ())
                if drop.rule != "title" and share(drop.line, page["gold"]) >= 0.8 and share(drop.line, text) < 0.8
            )
    assert sum(scores) / len(scores) >= FLOORS[corpus]
    assert lost <= MOST_LOST * wanted

"""Tells pages that are no article: a Document, its text and Metadata come in, a reason and its evidence go out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.extract.quarantine.facts import EMPTY_LETTERS, Facts
from archive.extract.quarantine.listings import front, listing
from archive.extract.quarantine.walls import not_found, wall

if TYPE_CHECKING:
    from archive.extract.document import Document
    from archive.extract.metadata.reading import Metadata
    from archive.extract.quarantine.facts import Verdict


def judge(document: Document, text: str, metadata: Metadata) -> Verdict | None:
    """The reason why the page is no article, with the evidence in words; None for an article.

    In doubt a page is an article: what is quarantined is not shown, so a wrong verdict loses news, a missed one only
    shows a list.
    Verdicts need evidence from the page's own markup or address; a text is never judged by its subject.
    """
    facts = Facts.of(document, text, metadata)
    for verdict in (wall(facts), not_found(facts), front(facts), listing(facts), _empty(facts)):
        if verdict:
            return verdict
    return None


def _empty(facts: Facts) -> Verdict | None:
    if facts.letters < EMPTY_LETTERS:
        return "empty", f"{facts.letters} letters of text"
    return None

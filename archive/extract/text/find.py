"""Finds an article's text on its page: a Document and its Metadata in, the text with the fate of each line out.

Witnesses say which blocks of the page are the article's: trafilatura (`witness`) and the body that the page declares
(`declared`). The text is taken from the page's own blocks, completed by their place (`layout`, `lead`), less what its
place (`place`) or its words (`boilerplate`, `title`) show to be furniture. Nothing is thrown away unseen: a dropped
line keeps its rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.article import Dropped
from archive.extract.page import HEADINGS, PageModel
from archive.extract.text.boilerplate import Known, Line, judge_lines, line_key
from archive.extract.text.declared import declared_body, reconcile
from archive.extract.text.layout import Layout
from archive.extract.text.lead import find_lead
from archive.extract.text.place import judge_places
from archive.extract.text.title_lines import TitleLines, title_candidates
from archive.extract.text.twins import join_twins
from archive.extract.text.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archive.extract.document import Document
    from archive.extract.metadata.reading import Metadata
    from archive.extract.page import TextBlock

_MAX_LINES = 400
"""Blocks whose keys are given for site learning; boilerplate stands at the ends of a page of thousands."""
_MUCH = 0.75
_DESCRIPTIONS = frozenset({"og:description", "description", "twitter:description"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The text of a page: its model, the blocks found with the rule that drops each ('' if it stays), and the route."""

    model: PageModel
    rules: Mapping[int, str]
    route: str

    def article(self) -> str:
        """Return the lines that stay, joined by newlines."""
        return "\n".join(self.model.blocks[index].text for index, rule in self.rules.items() if not rule)

    def found(self) -> str:
        """Return every line found, dropped ones too."""
        return "\n".join(self.model.blocks[index].text for index in self.rules)

    def dropped(self) -> tuple[Dropped, ...]:
        """Return the lines that were found and dropped."""
        return tuple(
            Dropped(line=self.model.blocks[index].text, rule=rule) for index, rule in self.rules.items() if rule
        )

    def fates(self) -> list[tuple[str, str, str]]:
        """Return each block of the page in order as (line, `kept` or `dropped`, rule)."""
        rows = []
        for index, block in enumerate(self.model.blocks):
            rule = self.rules.get(index, block.hook or ("hidden" if block.hidden else "not-article"))
            rows.append((block.text, "dropped" if rule else "kept", rule or self.route))
        return rows

    def line_keys(self) -> tuple[str, ...]:
        """Return the keys of the page's blocks, each once, at most 400: the first and the last of a longer page."""
        half = _MAX_LINES // 2
        blocks = self.model.blocks
        ends = blocks if len(blocks) <= _MAX_LINES else [*blocks[:half], *blocks[-half:]]
        return tuple(dict.fromkeys(key for key in (line_key(block.text) for block in ends) if key))


def find_text(document: Document, metadata: Metadata) -> Text:
    """Run the readers over a page."""
    model = document.model
    blocks = model.blocks
    titles = TitleLines(title_candidates(document.tree, (metadata.article.title, *metadata.title_candidates)))

    def is_title(line: str) -> bool:
        return line_key(line) in titles

    testimony = Witness(model).hear(declares="articleBody" in document.html)
    found, route = set(testimony.found), testimony.route
    if sum(len(blocks[index].text) for index in found) < _MUCH * model.mass:
        found |= join_twins(sorted(found), blocks)
    found |= set(Layout(model, found).complete())
    reconciled = reconcile(sorted(found), blocks, declared_body(document, metadata))
    if reconciled.lines:
        model = reconciled.model()
        blocks = model.blocks
    found = set(reconciled.found)
    found |= set(find_lead(sorted(found), blocks, _descriptions(document), is_title))
    order = sorted(found)
    places = judge_places(order, blocks, document.page.url)
    known = Known(
        is_title=titles.__contains__,
        labels=frozenset(line_key(label) for label in (metadata.article.section, *metadata.article.tags)) - {""},
        authors=frozenset(line_key(author) for author in metadata.article.authors) - {""},
        learned=document.page.site.boilerplate,
    )
    lines = [_line(blocks[index]) for index in order]
    rules = judge_lines(
        lines, [place or reconciled.rules.get(index, "") for place, index in zip(places, order, strict=True)], known
    )
    if reconciled.action:
        route = f"{route}+{reconciled.action}"
    return Text(model=model, rules=dict(zip(order, rules, strict=True)), route=route)


def _line(block: TextBlock) -> Line:
    return Line(block.text, block.linked, block.element.tag in HEADINGS)


def _descriptions(document: Document) -> list[str]:
    return [
        meta.get("content") or ""
        for meta in document.tree.iter("meta")
        if (meta.get("property") or meta.get("name") or "").lower() in _DESCRIPTIONS
    ]

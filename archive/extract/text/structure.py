"""Build an article's body of typed blocks from the kept blocks, their order and the page's elements.

The ancestors of a block determine its type: headings, lists, quotations, tables, code, questions and answers, entries of
a live blog. Pictures, embeds and separators (`figures`) are inserted at their positions in the text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import groupby, islice
from typing import TYPE_CHECKING, Literal

from archive.body import Block, Span
from archive.extract.addresses import absolute
from archive.extract.page import HEADINGS, ancestors, closest
from archive.extract.text.figures import Figures, spans_of, words_of
from archive.extract.text.names import is_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lxml.html import HtmlElement

    from archive.body import Body
    from archive.extract.page import Element, PageModel, TextBlock

_STRUCTURES = frozenset({"blockquote", "ul", "ol", "menu", "table", "pre", "li"})
_LISTS = frozenset({"ul", "ol", "menu"})
_MAX_PATH = 10
"""Maximum depth of nested structures; deeper ones are ignored."""
_ENTRY = re.compile(
    r"live-?(?:entry|post|update|blog__?(?:entry|post|item))|liveblog-?(?:entry|post|item)"
    r"|post--live|timeline-?(?:entry|item)",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"\bquestion\b|\bfrage\b|interview-?q\b", re.IGNORECASE)
_ANSWER = re.compile(r"\banswer\b|\bantwort\b|interview-?a\b", re.IGNORECASE)
_MARKS = ("?", "؟", "？", ";")
_CITES = frozenset({"cite", "footer"})


def make_body(model: PageModel, kept: Sequence[int], main: HtmlElement | None, base: str) -> Body:
    """Return the body; `kept` are the indices of the kept blocks, `main` is the element that contains them."""
    builder = _Builder(model, kept, main, base)
    return builder.body()


def _roles(elements: Iterable[Element]) -> dict[HtmlElement, Literal["question", "answer"]]:
    """Return the elements that schema.org's microdata call a question or an answer."""
    roles: dict[HtmlElement, Literal["question", "answer"]] = {}
    for element in elements:
        if kind := element.attributes.get("itemtype"):
            name = kind.rpartition("/")[2]
            if name in {"Question", "Answer"}:
                roles[element.element] = "question" if name == "Question" else "answer"
    return roles


@lru_cache(maxsize=4096)
def _role(names: str) -> Literal["", "question", "answer"]:
    return "question" if _QUESTION.search(names) else "answer" if _ANSWER.search(names) else ""


class _Builder:
    """Builds the body of one article."""

    def __init__(self, model: PageModel, kept: Sequence[int], main: HtmlElement | None, base: str) -> None:
        self.model = model
        self.kept = kept
        self.main = main
        self.base = base
        self.taken = frozenset(kept)
        self.entries = self._find_entries()
        self.figures = Figures(model, kept, main, base)
        self.roles = _roles(model.elements)
        self.is_interview = sum(map(self._is_bold_question, kept)) > 1

    def body(self) -> Body:
        """Return the blocks of the text with the pictures, embeds and separators between them."""
        paths = [(index, self._path(self.model.blocks[index].element)) for index in self.kept]
        things = self.figures.all()[::-1]
        blocks: list[Block] = []
        for run in _runs(paths):
            for group in [run] if run[0][1] else [[line] for line in run]:
                while things and things[-1][0] <= group[0][0]:
                    blocks.append(things.pop()[1])
                blocks.extend(self._build(group))
        blocks.extend(thing for _, thing in reversed(things))
        return tuple(blocks)

    def _path(self, element: HtmlElement) -> tuple[HtmlElement, ...]:
        """Return the structures around a block within the article, outermost first; the caption of a quotation is within it."""
        if (quotation := _quotation_with(element)) is not None:
            element = quotation
        path = [node for node in ancestors(element, self.main) if node.tag in _STRUCTURES or node in self.entries][::-1]
        return tuple(path[:_MAX_PATH])

    def _build(self, group: Sequence[tuple[int, tuple[HtmlElement, ...]]]) -> Iterator[Block]:
        """Yield the typed blocks of consecutive lines, one for each structure."""
        path = group[0][1]
        if not path:
            for line, _ in group:
                yield self._leaf(line)
            return
        holder, inner = path[0], [(line, steps[1:]) for line, steps in group]
        if holder in self.entries:
            yield Block(kind="entry", time=self.entries[holder], blocks=self._inner(inner))
        elif holder.tag == "blockquote":
            yield self._quote(holder, inner)
        elif holder.tag in _LISTS:
            items = [tuple(self._inner([(line, steps[1:]) for line, steps in run])) for run in _items(inner)]
            yield Block(kind="list", level=int(holder.tag == "ol"), items=tuple(items))
        elif holder.tag == "table" and self._is_table(holder, group):
            yield self._table(holder, [line for line, _ in group])
        elif holder.tag == "pre":
            text = "\n".join(self.model.blocks[line].text for line, _ in group)
            yield Block(kind="code", spans=(Span(text=text),))
        else:
            yield from self._inner(inner)

    def _inner(self, lines: Sequence[tuple[int, tuple[HtmlElement, ...]]]) -> Body:
        return tuple(block for group in _runs(lines) for block in self._build(group))

    def _leaf(self, index: int) -> Block:
        """Return a heading, a question, an answer or a paragraph."""
        block = self.model.blocks[index]
        spans = spans_of(block, self.base)
        holders = [node for _, node in zip(range(3), ancestors(block.element), strict=False)]
        heading = next((node for node in holders if node.tag in HEADINGS), None)
        if heading is not None:
            return Block(kind="heading", level=max(2, int(str(heading.tag)[1])), spans=spans)
        names = " ".join(f"{node.get('class', '')}" for node in holders[:2])
        role = _role(names) or self._declared_role(block.element)
        term = next((node.tag for node in holders[:2] if node.tag in {"dt", "dd"}), "")
        if term == "dt" or role == "question" or (self.is_interview and self._is_bold_question(index)):
            return Block(kind="question", spans=spans)
        if term == "dd" or role == "answer":
            return Block(kind="answer", spans=spans)
        return Block(kind="paragraph", spans=spans)

    def _declared_role(self, element: HtmlElement) -> Literal["", "question", "answer"]:
        """Return the role of the innermost schema.org Question or Answer around a line."""
        if not self.roles:
            return ""
        holders = islice(ancestors(element, self.main), _MAX_PATH)
        return next((self.roles[node] for node in holders if node in self.roles), "")

    def _is_bold_question(self, index: int) -> bool:
        block = self.model.blocks[index]
        return block.text.endswith(_MARKS) and all(
            "strong" in marks or "em" in marks for text, (_, marks) in block.parts if not text.isspace()
        )

    def _quote(self, holder: HtmlElement, inner: Sequence[tuple[int, tuple[HtmlElement, ...]]]) -> Block:
        """Return a quotation; its last line is the source if it is in a `cite`, a `footer` or the caption."""
        lines = list(inner)
        cite = ""
        last = self.model.blocks[lines[-1][0]]
        if len(lines) > 1 and _is_source(last, holder):
            cite = last.text
            lines.pop()
        url = absolute(self.base, holder.get("cite") or "") if holder.get("cite") else ""
        return Block(kind="quote", blocks=self._inner(lines), cite=cite, url=url)

    def _is_table(self, table: HtmlElement, lines: Sequence[tuple[int, tuple[HtmlElement, ...]]]) -> bool:
        """Return whether a row has text in several cells, and not only code; other tables only lay out their lines."""
        if all(len(steps) > 1 and steps[-1].tag == "pre" for _, steps in lines):
            return False
        cells = {_cell_of(self.model.blocks[index].element, table) for index, _ in lines}
        rows = [closest(cell, "tr") for cell in cells if cell is not None]
        return len(set(rows)) < len(rows)

    def _table(self, table: HtmlElement, lines: Sequence[int]) -> Block:
        """Return a table: a row for each `tr`, a cell for each `td` or `th`; its other lines are its caption."""
        rows: dict[HtmlElement, dict[HtmlElement, list[Span]]] = {}
        heads: set[HtmlElement] = set()
        caption: list[Span] = []
        for index in lines:
            block = self.model.blocks[index]
            cell = next((node for node in ancestors(block.element, table) if node.tag in {"td", "th"}), None)
            row = next((node for node in ancestors(block.element, table) if node.tag == "tr"), None)
            if row is None or cell is None:
                caption.extend([Span(text=" ")] if caption else [])
                caption.extend(spans_of(block, self.base))
                continue
            spans = rows.setdefault(row, {}).setdefault(cell, [])
            spans.extend([Span(text=" ")] if spans else [])
            spans.extend(spans_of(block, self.base))
            if cell.tag == "th":
                heads.add(row)
        full = [
            tuple(tuple(cells.get(cell, ())) for cell in row.iterchildren("td", "th")) for row, cells in rows.items()
        ]
        head = 0
        for row, cells in rows.items():
            if row not in heads or any(cell.tag == "td" for cell in cells):
                break
            head += 1
        under = () if caption else self.figures.caption_around(table)
        return Block(kind="table", rows=tuple(full), level=head, spans=tuple(caption), caption=under)

    def _find_entries(self) -> dict[HtmlElement, str]:
        """Return the elements that are entries of a live blog, each with its time."""
        found: dict[HtmlElement, str] = {}
        for index in self.taken:
            for node in ancestors(self.model.blocks[index].element, self.main):
                if node not in found and node.tag not in {"p", "h2", "h3"} and _is_entry(node.get("class") or ""):
                    moment = next(iter(node.iter("time")), None)
                    if moment is not None:
                        found[node] = moment.get("datetime") or " ".join("".join(moment.itertext()).split())
                    break
        return found if len(found) > 1 else {}


_DASHES = "—–―- "


def _quotation_with(element: HtmlElement) -> HtmlElement | None:
    """Return the quotation of which the `figcaption` around an element is the source, if there is one."""
    caption = closest(element, "figcaption")
    figure = caption.getparent() if caption is not None and is_source(caption) else None
    return figure.find("blockquote") if figure is not None else None


def _is_source(line: TextBlock, quotation: HtmlElement) -> bool:
    """Return whether a line of a quotation is in a `cite` or `footer`, or consists of one and perhaps a dash."""
    if _quotation_with(line.element) is quotation or any(n.tag in _CITES for n in ancestors(line.element, quotation)):
        return True
    return any(words_of(node) == line.text.lstrip(_DASHES) for node in line.element.iter("cite"))


@lru_cache(maxsize=4096)
def _is_entry(names: str) -> bool:
    return _ENTRY.search(names) is not None


def _cell_of(element: HtmlElement, table: HtmlElement) -> HtmlElement | None:
    """Return the cell of a table that contains an element, not that of a table within it."""
    cells = [node for node in ancestors(element, table) if node.tag in {"td", "th"}]
    return cells[-1] if cells else None


def _runs(
    lines: Iterable[tuple[int, tuple[HtmlElement, ...]]],
) -> Iterator[list[tuple[int, tuple[HtmlElement, ...]]]]:
    """Yield runs of consecutive lines in one structure."""
    for _, run in groupby(lines, key=lambda line: line[1][0] if line[1] else None):
        yield list(run)


def _items(lines: Sequence[tuple[int, tuple[HtmlElement, ...]]]) -> list[list[tuple[int, tuple[HtmlElement, ...]]]]:
    return [list(run) for _, run in groupby(lines, key=lambda line: line[1][0] if line[1] else line[0])]

"""Build an article's body of typed blocks from the kept blocks, their order and the page's elements.

The ancestors of a block determine its type: headings, lists, quotations, tables, code, questions and answers, entries of
a live blog. Pictures, embeds and separators are inserted at their positions in the text.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from itertools import groupby, islice
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from archive.body import Block, Span
from archive.extract.addresses import absolute
from archive.extract.page import HEADINGS, ancestors, closest
from archive.extract.text.boxes import text_within
from archive.extract.text.captions import PICTURES, is_credit, names_picture
from archive.extract.text.names import boilerplate_evidence, is_source

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
_SOURCES = ("data-src", "data-lazy-src", "data-original", "src", "data-srcset", "srcset")
_CREDIT = re.compile(r"credit|copyright|source|author", re.IGNORECASE)
_PERSON = re.compile(r"author|avatar|byline|profile|logo", re.IGNORECASE)
_CITES = frozenset({"cite", "footer"})
_INLINE = ("span", "small", "cite", "em", "i", "b", "strong", "a")
_EMBEDS = frozenset({"iframe", "video", "audio", "amp-youtube", "amp-iframe", "amp-video", "amp-twitter"})
_MAX_THINGS = 300
_CAPTION_STEPS = 4
_MAX_ALT = 500
_MIN_PICTURE = 60
"""Minimum width and height of a picture in pixels; smaller ones are icons or tracking pixels."""


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
        self.around = frozenset(ancestors(main)) if main is not None else frozenset()
        self.taken = frozenset(kept)
        self.entries = self._find_entries()
        self._figures: dict[HtmlElement, list[int]] | None = None
        self.roles = _roles(model.elements)
        self.is_interview = sum(map(self._is_bold_question, kept)) > 1

    def body(self) -> Body:
        """Return the blocks of the text with the pictures, embeds and separators between them."""
        paths = [(index, self._path(self.model.blocks[index].element)) for index in self.kept]
        things = self._things()[::-1]
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
        elif holder.tag == "table" and not all(steps and steps[-1].tag == "pre" for _, steps in inner):
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
        spans = self._spans(block)
        holders = [node for _, node in zip(range(3), ancestors(block.element), strict=False)]
        heading = next((node for node in holders if node.tag in HEADINGS), None)
        if heading is not None:
            return Block(kind="heading", level=max(2, int(str(heading.tag)[1])), spans=spans)
        names = " ".join(f"{node.get('class', '')}" for node in holders[:2])
        role = _role(names) or self._declared_role(block.element)
        if block.element.tag == "dt" or role == "question" or (self.is_interview and self._is_bold_question(index)):
            return Block(kind="question", spans=spans)
        if block.element.tag == "dd" or role == "answer":
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

    def _spans(self, block: TextBlock) -> tuple[Span, ...]:
        return tuple(
            Span(text=span.text, href=absolute(self.base, span.href), marks=span.marks) if span.href else span
            for span in block.spans()
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
                caption.extend(self._spans(block))
                continue
            spans = rows.setdefault(row, {}).setdefault(cell, [])
            spans.extend([Span(text=" ")] if spans else [])
            spans.extend(self._spans(block))
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
        under = () if caption else self._caption_around(table)
        return Block(kind="table", rows=tuple(full), level=head, spans=tuple(caption), caption=under)

    def _caption_around(self, element: HtmlElement) -> tuple[Span, ...]:
        """Return the `figcaption` of the `figure` that holds a table, unless it is part of the text."""
        figure = closest(element, "figure")
        if figure is None or next(figure.iter("img", "amp-img"), None) is not None:
            return ()
        blocks = [self.model.blocks[index] for index in self._lines_of(figure)]
        lines = [self._spans(block) for block in blocks if closest(block.element, "figcaption") is not None]
        return tuple(
            span for number, line in enumerate(lines) for span in ([Span(text=" ")] if number else []) + [*line]
        )

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

    def _things(self) -> list[tuple[int, Block]]:
        """Return pictures, embeds and separators, each with the index of the block that follows it."""
        if not self.kept:
            return []
        things: list[tuple[int, Block]] = []
        seen: set[HtmlElement] = set()
        top = self._top()
        for element in self.model.elements:
            if element.tag not in _THINGS or not top <= element.place <= self.kept[-1] + 1:
                continue
            if len(things) >= _MAX_THINGS or not self._is_inside(element.element):
                continue
            block = self._thing(element, seen)
            if block is not None:
                things.append((element.place, block))
        return things

    def _top(self) -> int:
        """Return the first line, or that of the captions of pictures right above it."""
        top = self.kept[0]
        while top and _is_caption(self.model.blocks[top - 1]):
            top -= 1
        return top

    def _is_inside(self, element: HtmlElement) -> bool:
        """Return whether an element is in the article, outside boilerplate."""
        is_of_person = False
        for node in ancestors(element):
            if node is self.main:
                return True
            if node in self.around:  # between title or lead and text
                return _is_picture(element) and not is_of_person
            is_of_person |= _PERSON.search(node.get("class") or "") is not None
            if node is element or node.tag in {"figure", "picture"}:
                continue
            if node.tag == "a":
                parent = node.getparent()
                return parent is not None and parent.tag == "figure"
            if boilerplate_evidence(node) == "strong":
                return False
        return self.main is None

    def _thing(self, element: Element, seen: set[HtmlElement]) -> Block | None:
        node = element.element
        if element.tag == "hr":
            return Block(kind="separator")
        if element.tag in _EMBEDS:
            source = element.attributes.get("src") or element.attributes.get("data-src") or _first_source(node)
            url = absolute(self.base, source)
            host = (urlsplit(url).hostname or "") if url else ""
            poster = absolute(self.base, element.attributes.get("poster") or "")
            provider = host.removeprefix("www.")
            alt = _title_of(element, provider)
            return Block(kind="embed", url=url, provider=provider, poster=poster, alt=alt) if host else None
        figure = closest(node, "figure")
        image = node if element.tag in {"img", "amp-img"} else next(node.iter("img", "amp-img"), None)
        if image is None or image in seen or (figure is not None and figure in seen):
            return None
        seen.update((image, figure) if figure is not None else (image,))
        url = _source(image, self.base)
        if not url or _is_small(image):
            return None
        caption, credit = self._caption(figure) if figure is not None else ((), "")
        credit = credit or self._credit_after(element, figure)
        return Block(
            kind="figure",
            url=url,
            alt=" ".join((image.get("alt") or "").split())[:_MAX_ALT],
            caption=caption,
            credit=credit,
        )

    def _caption(self, figure: HtmlElement) -> tuple[tuple[Span, ...], str]:
        """Return a figure's caption and credit, except lines that are part of the text."""
        caption: list[Span] = []
        credit = ""
        for index in self._lines_of(figure):
            block = self.model.blocks[index]
            is_named = any(_CREDIT.search(node.get("class") or "") for node in ancestors(block.element, figure))
            if is_named or (caption and is_credit(block.text)):
                credit = credit or block.text
                continue
            inner = _credit_in(block)
            caption.extend([Span(text=" ")] if caption else [])
            caption.extend(_without_end(self._spans(block), inner))
            credit = credit or inner
        return tuple(caption), credit

    def _credit_after(self, element: Element, figure: HtmlElement | None) -> str:
        """Return the credit on a line of its own right after a picture, '' if there is none."""
        lines = self._lines_of(figure) if figure is not None else ()
        index = lines[-1] + 1 if lines else element.place
        if index >= len(self.model.blocks) or index in self.taken:
            return ""
        text = self.model.blocks[index].text
        return text if is_credit(text) else ""

    def _lines_of(self, figure: HtmlElement) -> list[int]:
        """Return the blocks in a figure that are not part of the text."""
        if self._figures is None:
            self._figures = {}
            for index, block in enumerate(self.model.blocks):
                holder = closest(block.element, "figure")
                if holder is not None and index not in self.taken:
                    self._figures.setdefault(holder, []).append(index)
        return self._figures.get(figure, [])


_THINGS = frozenset({"figure", "img", "amp-img", "hr"}) | _EMBEDS
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
    return any(_words(node) == line.text.lstrip(_DASHES) for node in line.element.iter("cite"))


def _credit_in(line: TextBlock) -> str:
    """Return the credit at the end of a caption, if an inline element has it; '' if there is none."""
    for node in line.element.iter(*_INLINE):
        said = _words(node)
        if said and said != line.text and line.text.endswith(said) and _CREDIT.search(node.get("class") or ""):
            return said
    return ""


def _without_end(spans: Sequence[Span], end: str) -> Iterator[Span]:
    """Yield the spans of a line without the text at its end, and the white space before it."""
    left = len("".join(span.text for span in spans).removesuffix(end).rstrip())
    for span in spans:
        if text := span.text[:left]:
            yield replace(span, text=text)
        left -= len(text)


def _words(node: HtmlElement) -> str:
    return " ".join("".join(node.itertext()).split())


def _title_of(element: Element, provider: str) -> str:
    """Return the title of an embed, '' if it names only the provider, as in `Video player of …`."""
    title = " ".join(element.attributes.get("title", "").split())[:_MAX_ALT]
    name = max(provider.split("."), key=len, default="")
    return "" if name and name in title.lower() else title


def _is_picture(element: HtmlElement) -> bool:
    """Return whether an element is a figure, or a picture in a box that is named as one's."""
    box = element.getparent() if element.tag in PICTURES else None
    return element.tag == "figure" or (box is not None and box.tag == "div" and names_picture(box.get("class") or ""))


def _is_caption(block: TextBlock) -> bool:
    """Return whether a block is in a `figure`, or is the only text in a box with a picture."""
    for node in islice(ancestors(block.element), _CAPTION_STEPS):
        if node.tag == "figure":
            return True
        if next(node.iter("img", "amp-img"), None) is not None:
            return text_within(node, len(block.text)) == block.text
    return False


@lru_cache(maxsize=4096)
def _is_entry(names: str) -> bool:
    return _ENTRY.search(names) is not None


def _runs(
    lines: Iterable[tuple[int, tuple[HtmlElement, ...]]],
) -> Iterator[list[tuple[int, tuple[HtmlElement, ...]]]]:
    """Yield runs of consecutive lines in one structure."""
    for _, run in groupby(lines, key=lambda line: line[1][0] if line[1] else None):
        yield list(run)


def _items(lines: Sequence[tuple[int, tuple[HtmlElement, ...]]]) -> list[list[tuple[int, tuple[HtmlElement, ...]]]]:
    return [list(run) for _, run in groupby(lines, key=lambda line: line[1][0] if line[1] else line[0])]


def _first_source(media: HtmlElement) -> str:
    """Return the URL of the first source of a video or audio element, '' if there is none."""
    return next((each.get("src") or "" for each in media.iter("source") if each.get("src")), "")


def _source(image: HtmlElement, base: str) -> str:
    for name in _SOURCES:
        value = (image.get(name) or "").strip()
        if value and not value.startswith("data:"):
            return absolute(base, value.split(",")[-1].split()[0] if "srcset" in name else value)
    return ""


def _is_small(image: HtmlElement) -> bool:
    sizes = [image.get(name) or "" for name in ("width", "height")]
    return any(size.isdecimal() and int(size) < _MIN_PICTURE for size in sizes)

"""Render the body of an article as HTML that is safe to show, and as CommonMark.

No picture is loaded from the web: `HtmlOptions.picture` gives the URL of an archived copy; without a copy, a link replaces the picture.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from textwrap import indent
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from archive.body.blocks import Block, Span, plain_text, span_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

WEB_ADDRESS: Final = re.compile(r"https?://[^\s/?#\"'<>\\][^\s\"<>\x00-\x1f\x7f]*", re.IGNORECASE)
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ISO_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_LETTER: Final = re.compile(r"[^\W\d_]")
_RTL_LETTER: Final = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_FEW: Final = 0.25
"""Share of letters of a direction below which a text does not run that way: a foreign name must not reverse a line."""
_RTL: Final = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_RTL_SCRIPTS: Final = frozenset({"arab", "hebr", "syrc", "thaa", "nkoo"})


def direction(language: str) -> str:
    """Return the direction of a language (BCP 47): `rtl` or `ltr`; `auto` if unknown."""
    primary, *subtags = language.replace("_", "-").lower().split("-")
    scripts = [tag for tag in subtags if len(tag) == 4 and tag.isalpha()]
    if scripts:
        return "rtl" if scripts[0] in _RTL_SCRIPTS else "ltr"
    return "rtl" if primary in _RTL else "ltr" if primary else "auto"


def rtl_share(text: str) -> float | None:
    """Return the share of right-to-left letters in a text; None if it has no letters."""
    letters = len(_LETTER.findall(text))
    return len(_RTL_LETTER.findall(text)) / letters if letters else None


def _nowhere(_: str) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlOptions:
    """Options for HTML: `picture` returns the URL of the archived copy of a picture ('' for none), `moment` the text of a time."""

    picture: Callable[[str], str] = _nowhere
    moment: Callable[[str], str] = str
    no_picture: str = "Picture"
    embedded: str = "Embedded"


def html(body: Iterable[Block], *, language: str = "", options: HtmlOptions = HtmlOptions()) -> str:
    """Return the body as a fragment of HTML: one `div` with the direction of the language, and in it a tag for each block.

    A block in the opposite direction has its own `dir`.
    """
    body = tuple(body)
    known = direction(language)
    base = known if known != "auto" else "rtl" if (rtl_share(plain_text(body)) or 0) > 0.5 else "ltr"
    name = f' lang="{escape(language)}"' if language else ""
    inner = "\n".join(_Writer(options, base).blocks(body))
    return f'<div{name} dir="{base}">\n{inner}\n</div>\n'


def safe_address(url: str) -> str:
    """Return the URL if it is http or https, '' for `javascript:`, `data:` and invalid URLs."""
    if not WEB_ADDRESS.fullmatch(url):
        return ""
    try:
        return url if urlsplit(url).hostname else ""
    except ValueError:
        return ""


def valid_xml(text: str) -> str:
    """Return the text with U+FFFD for each character that XML forbids."""
    return _NOT_XML.sub("\ufffd", text)


class _Writer:
    """Writes each kind of block; `base` is the direction of the surrounding text."""

    def __init__(self, options: HtmlOptions, base: str) -> None:
        self._options = options
        self._base = base

    def blocks(self, body: Iterable[Block]) -> Iterator[str]:
        for block in body:
            yield getattr(self, f"_{block.kind}")(block)

    def _tag(self, name: str, spans: tuple[Span, ...], attributes: str = "") -> str:
        return f"<{name}{attributes}{self._dir(span_text(spans))}>{_spans(spans)}</{name}>"

    def _dir(self, text: str) -> str:
        """Return the `dir` attribute of a text whose direction differs from the surrounding text."""
        share = rtl_share(text)
        if share is None or _FEW < share < 1 - _FEW:
            return ""
        own = "rtl" if share > _FEW else "ltr"
        return f' dir="{own}"' if own != self._base else ""

    def _inner(self, block: Block) -> str:
        """Return spans and blocks of a container."""
        own = self._tag("p", block.spans) if block.spans else ""
        return own + "".join(self.blocks(block.blocks))

    def _heading(self, block: Block) -> str:
        return self._tag(f"h{min(max(block.level, 2), 6)}", block.spans)

    def _paragraph(self, block: Block) -> str:
        return self._tag("p", block.spans)

    def _list(self, block: Block) -> str:
        tag = "ol" if block.level else "ul"
        return f"<{tag}>{''.join(map(self._item, block.items))}</{tag}>"

    def _item(self, item: tuple[Block, ...]) -> str:
        first, rest = (item[0].spans, item[1:]) if item and item[0].kind == "paragraph" else ((), item)
        return f"<li{self._dir(span_text(first))}>{_spans(first)}{''.join(self.blocks(rest))}</li>"

    def _quote(self, block: Block) -> str:
        address = safe_address(block.url)
        source = f' cite="{escape(address)}"' if address else ""
        name = f"<footer>{_link(f'<cite>{escape(_source(block))}</cite>', address)}</footer>" if block.cite else ""
        return f"<blockquote{source}>{self._inner(block)}{name}</blockquote>"

    def _table(self, block: Block) -> str:
        heads, rows = block.rows[: block.level], block.rows[block.level :]
        words = block.caption or block.spans
        caption = self._tag("caption", words) if words else ""
        head = f"<thead>{''.join(self._row(row, 'th') for row in heads)}</thead>" if heads else ""
        rest = f"<tbody>{''.join(self._row(row, 'td') for row in rows)}</tbody>" if rows else ""
        return f'<div class="table"><table>{caption}{head}{rest}</table></div>'

    def _row(self, cells: tuple[tuple[Span, ...], ...], tag: str) -> str:
        scope = ' scope="col"' if tag == "th" else ""
        return f"<tr>{''.join(self._tag(tag, cell, scope) for cell in cells)}</tr>"

    def _figure(self, block: Block) -> str:
        caption = self._tag("span", block.caption) if block.caption else ""
        credit = f"<small{self._dir(block.credit)}>{escape(block.credit)}</small>" if block.credit else ""
        under = f"<figcaption>{' '.join(filter(None, (caption, credit)))}</figcaption>" if caption or credit else ""
        return f"<figure>{self._picture(block)}{under}</figure>"

    def _picture(self, block: Block) -> str:
        if ours := self._options.picture(block.url):
            return f'<img src="{escape(ours)}" alt="{escape(block.alt)}" loading="lazy">'
        alt = f": <bdi>{escape(block.alt)}</bdi>" if block.alt else ""
        words = f"{escape(self._options.no_picture)}{alt}"
        return f'<p class="missing">{_link(words, safe_address(block.url))}</p>'

    def _embed(self, block: Block) -> str:
        words = span_text(block.spans) or block.alt or block.url
        label = f"{escape(block.provider or self._options.embedded)}: <bdi>{escape(words)}</bdi>"
        ours = self._options.picture(block.poster) if block.poster else ""
        poster = f'<img src="{escape(ours)}" alt="" loading="lazy"><br>' if ours else ""
        return f'<p class="embed">{poster}{_link(label, safe_address(block.url))}</p>'

    def _code(self, block: Block) -> str:
        return f'<pre dir="ltr"><code>{escape("".join(span.text for span in block.spans))}</code></pre>'

    def _question(self, block: Block) -> str:
        return f'<div class="question">{self._inner(block)}</div>'

    def _answer(self, block: Block) -> str:
        return f'<div class="answer">{self._inner(block)}</div>'

    def _entry(self, block: Block) -> str:
        return f'<section class="entry">{self._time(block.time) if block.time else ""}{self._inner(block)}</section>'

    def _time(self, time: str) -> str:
        machine = f' datetime="{escape(time)}"' if _ISO_TIME.fullmatch(time) else ""
        return f'<p class="time"><time{machine}>{escape(self._options.moment(time))}</time></p>'

    def _separator(self, _: Block) -> str:
        return "<hr>"


def _source(quotation: Block) -> str:
    """Return the source of a quotation without the dash that pages print before it: ours is added."""
    return quotation.cite.lstrip("—–―- ")


def _spans(spans: Iterable[Span]) -> str:
    return "".join(map(_span, spans))


def _span(span: Span) -> str:
    words = escape(span.text)
    for mark in span.marks:
        words = f"<{mark}>{words}</{mark}>"
    return _link(words, safe_address(span.href))


def _link(words: str, address: str) -> str:
    return f'<a href="{escape(address)}" rel="external noreferrer noopener">{words}</a>' if address else words


# The body as Markdown (CommonMark, with GitHub's tables): every character of the text is kept, and none becomes markup.
#
# >>> print(markdown((Block(kind="paragraph", spans=(Span(text="1. not *a* list"),)),)), end="") 1\. not \*a\* list

_SPECIAL: Final = re.compile(r"[\\`*_\[\]<>|~&]")
_START: Final = re.compile(r"^(\d{1,9}(?=[.)])|(?=[#+=-]))")
"""The start of a line that would begin a list, a heading or a rule."""
_SET_OFF: Final = {"em": ("*", "*"), "strong": ("**", "**"), "sub": ("<sub>", "</sub>"), "sup": ("<sup>", "</sup>")}


def markdown(body: Iterable[Block]) -> str:
    """Return the body as Markdown; '' for an empty one."""
    text = "\n\n".join(_blocks(body))
    return f"{text}\n" if text else ""


def escaped(text: str) -> str:
    """Return the text as one line, escaped for Markdown."""
    return _START.sub(r"\1\\", _SPECIAL.sub(r"\\\g<0>", " ".join(text.split())))


def _blocks(body: Iterable[Block]) -> Iterator[str]:
    for block in body:
        if text := _BLOCKS[block.kind](block):
            yield text


def _line(spans: Iterable[Span]) -> str:
    """Return spans as one line."""
    return _START.sub(r"\1\\", " ".join("".join(map(_markdown_span, spans)).split()))


def _markdown_span(span: Span) -> str:
    words = span.text.strip()
    if not words:
        return span.text
    before, _, after = span.text.partition(words)
    inner = _code(words) if "code" in span.marks else _SPECIAL.sub(r"\\\g<0>", words)
    for mark in span.marks:
        left, right = _SET_OFF.get(mark, ("", ""))
        inner = f"{left}{inner}{right}"
    return f"{before}{_markdown_link(inner, span.href)}{after}"


def _code(words: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", words)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if words.startswith("`") or words.endswith("`") else ""
    return f"{ticks}{pad}{words}{pad}{ticks}"


def _markdown_link(words: str, url: str) -> str:
    address = safe_address(url)
    return f"[{words}]({_target(address)})" if address else words


def _target(address: str) -> str:
    return address.replace("\\", "%5C").replace("(", "%28").replace(")", "%29")


def _heading(block: Block) -> str:
    return f"{'#' * min(max(block.level, 2), 6)} {_line(block.spans)}"


def _paragraph(block: Block) -> str:
    return _line(block.spans)


def _list(block: Block) -> str:
    items = []
    for number, item in enumerate(block.items, 1):
        bullet = f"{number}. " if block.level else "- "
        inner = "\n\n".join(_blocks(item))
        items.append(bullet + indent(inner, " " * len(bullet)).lstrip())
    return "\n".join(items)


def _inner(block: Block) -> str:
    return "\n\n".join(filter(None, (_line(block.spans), *_blocks(block.blocks))))


def _quote(block: Block) -> str:
    source = f"— {_markdown_link(escaped(_source(block)), block.url)}" if block.cite else ""
    inner = "\n\n".join(filter(None, (_inner(block), source)))
    return "\n".join(f"> {line}".rstrip() for line in inner.split("\n")) if inner else ""


def _table(block: Block) -> str:
    if not block.rows:
        return ""
    width = max(map(len, block.rows))
    rows = [[_line(cell) for cell in row] + [""] * (width - len(row)) for row in block.rows]
    head = rows.pop(0) if block.level else [""] * width  # a Markdown table has exactly one header row
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * width, *rows))
    return "\n\n".join(filter(None, (_line(block.caption or block.spans), table)))


def _figure(block: Block) -> str:
    alt = _SPECIAL.sub(r"\\\g<0>", " ".join(block.alt.split()))
    address = safe_address(block.url)
    picture = f"![{alt}]({_target(address)})" if address else alt
    return "\n\n".join(filter(None, (picture, _line(block.caption), escaped(block.credit))))


def _embed(block: Block) -> str:
    words = escaped(span_text(block.spans) or block.alt or block.url)
    name = f"{escaped(block.provider)}: " if block.provider else ""
    return _markdown_link(f"{name}{words}", block.url)


def _fence(block: Block) -> str:
    text = "".join(span.text for span in block.spans).strip("\n")
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    ticks = "`" * (longest + 1)
    return f"{ticks}\n{text}\n{ticks}"


def _question(block: Block) -> str:
    inner = _line(block.spans)
    return "\n\n".join(filter(None, (f"**{inner}**" if inner else "", *_blocks(block.blocks))))


def _entry(block: Block) -> str:
    return "\n\n".join(filter(None, (f"**{escaped(block.time)}**" if block.time else "", _inner(block))))


def _separator(_: Block) -> str:
    return "---"


_BLOCKS: Final = {
    "heading": _heading,
    "paragraph": _paragraph,
    "list": _list,
    "quote": _quote,
    "table": _table,
    "figure": _figure,
    "embed": _embed,
    "code": _fence,
    "question": _question,
    "answer": _inner,
    "entry": _entry,
    "separator": _separator,
}

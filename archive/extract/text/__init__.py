"""Find an article's text on its page."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archive.article import Dropped, ExplainedLine
from archive.extract.document import parse_html
from archive.extract.metadata.language import identify, primary
from archive.extract.metadata.reading import declared_languages
from archive.extract.model import ALL_LINK, xpaths
from archive.extract.page import HEADINGS, RUNNING_TEXT, PageModel, ancestors, read_model
from archive.extract.text.boilerplate import rules_by_text
from archive.extract.text.boxes import main_element
from archive.extract.text.completion import Completion
from archive.extract.text.declared import declared_body, recipe_lines, reconcile
from archive.extract.text.labels import DATE_LABEL, Known, Line
from archive.extract.text.layout import Layout
from archive.extract.text.lead import find_lead, is_lead_class
from archive.extract.text.main_content import MainContentFinder
from archive.extract.text.names import ends_sentence, folded_words
from archive.extract.text.own import next_article, own_article, title_heading
from archive.extract.text.phrases import line_key
from archive.extract.text.place import join_twins, rules_by_place, same_site
from archive.extract.text.shapes import rules_by_shape
from archive.extract.text.state import LIVE_ENTRY, embedded
from archive.extract.text.structure import make_body
from archive.locale import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from lxml.html import HtmlElement

    from archive.body import Body
    from archive.extract.document import Document
    from archive.extract.metadata.reading import Metadata
    from archive.extract.page import TextBlock

__all__ = ["Text", "find_text"]

_SEPARATOR = re.compile(r"\s+[|\-–—»·:•]{1,2}\s+|\s*[|｜]\s*")
_LIKENESS = 0.9
"""Minimum word F1 of a variant of the title (publishers may reword a word between h1 and og:title)."""
_KICKER = 40
_KICKER_WORDS = 5
"""Maximum letters and words of a kicker before the title in one heading (`Neue Regel: …`)."""
_MAX_HEADINGS = 6
_MIN_WORDS = 3
_MIN_SIGNS = 6
"""Characters of a script without spaces that correspond to three words."""
_MIN_LENGTH = 12
"""A shorter candidate ('Opinion', 'Video') is a label, and may equal a line of the text."""


def title_parts(title: str) -> set[str]:
    """Return candidates for the article's title in a `<title>`: its longest part, and the whole without its first or last part."""
    parts = [part for part in _SEPARATOR.split(title) if part.strip()]
    if len(parts) < 2:
        return {title}
    longest = max(parts, key=len)
    return {title, longest, title[: title.rfind(parts[-1])], title[len(parts[0]) :]}


class TitleLines:
    """The titles of a page, folded for comparison."""

    def __init__(self, candidates: Iterable[str], headline: str = "") -> None:
        """`headline` is the title that the page prints as its heading, which may have two words."""
        keys = {line_key(candidate) for candidate in candidates if candidate}
        telling = {key for key in keys if _is_telling(key)}
        self._keys = telling | {key for key in keys if key == line_key(headline) and " " in key}
        self._joined = [(key.replace(" ", ""), len(key.split()) + _KICKER_WORDS) for key in telling]
        bags = [Counter(key.split()) for key in telling]
        self._bags = [(bag, bag.total()) for bag in bags]

    def __contains__(self, key: str) -> bool:
        """Return whether a line's key is the title or a close variant."""
        if key in self._keys:
            return True
        parts = key.split()
        if len(parts) <= _MIN_WORDS:
            return False
        joined = key.replace(" ", "")
        size = len(parts)
        if any(
            size <= most and joined.endswith(own) and len(joined) <= len(own) + _KICKER for own, most in self._joined
        ):
            return True
        # a paragraph has more words than any of them
        near = [
            (own, least) for own, total in self._bags if 2 * min(size, total) >= (least := _LIKENESS * (size + total))
        ]
        if not near:
            return False
        bag = Counter(parts)
        return any(2 * (bag & own).total() >= least for own, least in near)


def _is_telling(key: str) -> bool:
    return len(key.split()) >= _MIN_WORDS or len(key) > _MIN_LENGTH or len(folded_words(key)) >= _MIN_SIGNS


def title_candidates(model: PageModel, headlines: Iterable[str]) -> list[str]:
    """Return candidates for the page's title: h1, og:title, twitter:title, parts of `<title>`, and JSON-LD headlines.

    The first of `headlines` is the page's title; an h1 after the one with that title belongs to another article.
    """
    headlines = list(headlines)
    found = [" ".join(heading.text_content().split()) for heading in model.by_tag["h1"][:_MAX_HEADINGS]]
    if headlines and (own := line_key(headlines[0])):
        said = next((at for at, heading in enumerate(found) if line_key(heading) == own), len(found))
        others = {line_key(heading) for heading in found[said + 1 :]} - {own}
        found = found[: said + 1]
        headlines = [headline for headline in headlines if line_key(headline) not in others]
    found.extend(
        meta.get("content") or ""
        for meta in model.by_tag["meta"]
        if (meta.get("property") or meta.get("name") or "").lower() in {"og:title", "twitter:title"}
    )
    if model.by_tag["title"] and (name := model.by_tag["title"][0].text):
        found.extend(title_parts(" ".join(name.split())))
    found.extend(headlines)
    return found


# Find an article's text on its page, and record the rule that kept or dropped each line.
#
# Two sources identify the article's blocks: trafilatura (`main_content`) and the body that the page declares
# (`declared`). The text consists of the page's own blocks: those found, those added by their position (`completion`,
# `own`), without those that their position (`place`) or their words (`boilerplate`) identify as boilerplate. Dropped
# lines are kept with their rules.

_MARKED = frozenset({"json-ld", "markup", "itemprop"})
"""Routes by which the page's markup, or its declared text, delimits the article."""
_MAX_LINES = 400
"""Maximum blocks whose keys are returned to learn a site's boilerplate, which is at the start and end of a page."""
_MUCH = 0.75
_LITTLE = 800
"""Below this many characters of text, the whole article may be in the page's script data."""
_TWICE = 2
_UNDER_TITLE = 6
"""Maximum blocks below the title among which the introduction of a live blog is searched for."""
_PLAIN = frozenset(
    {"p", "div", "section", "span", "address", "header", "footer", "center", "article", "main", "body", "template"}
)
_ROWS = frozenset({"div", "header", "footer", "address", "section", "template"})
_CELLS = frozenset({"a", "span", "time", "b", "strong", "small", "em", "i", "button", "svg", "img"})
_CHANNEL = re.compile(r"mailto:|(?:https?:)?//(?:wa\.me|(?:[a-z]+\.)?whatsapp\.com|t\.me|news\.google\.com)/")
"""Addresses at which a publisher reaches its readers."""
_ROW = 120
"""Elements whose line may be a row of labels, each in an inline element, and its maximum length."""
_PARTS = frozenset({"li", "td", "th", "dd", "blockquote"})
_DESCRIPTIONS = frozenset({"og:description", "description", "twitter:description"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The text of a page: its model, the blocks found with the rule that drops each ('' if kept), and the route.

    `doubt` says why the text may belong to another article, '' if the sources agree.
    """

    model: PageModel
    rules: Mapping[int, str]
    route: str
    doubt: str = ""

    @property
    def origin(self) -> str:
        """The route, and the doubt if there is one."""
        return f"{self.route} (doubtful: {self.doubt})" if self.doubt else self.route

    @property
    def kept(self) -> list[int]:
        """The indices of the blocks that are kept."""
        return [index for index, rule in self.rules.items() if not rule]

    def article(self) -> str:
        """Return the kept lines, joined by newlines."""
        return "\n".join(self.model.blocks[index].text for index in self.kept)

    def body(self, base: str) -> Body:
        """Return the kept lines as typed blocks; links and pictures are resolved against `base`."""
        return make_body(self.model, self.kept, main_element(self.kept, self.model.blocks), base)

    def found(self) -> str:
        """Return all lines found, including dropped ones, joined by newlines."""
        return "\n".join(self.model.blocks[index].text for index in self.rules)

    def dropped(self) -> tuple[Dropped, ...]:
        """Return the lines that were found and dropped."""
        return tuple(
            Dropped(line=self.model.blocks[index].text, rule=rule) for index, rule in self.rules.items() if rule
        )

    def explained(self, tree: HtmlElement) -> tuple[ExplainedLine, ...]:
        """Return each block of the page in order, with its rule and its place in the page's tree."""
        blocks = self.model.blocks
        rules = [
            self.rules.get(index, block.hook or ("hidden" if block.hidden else "not-article"))
            for index, block in enumerate(blocks)
        ]
        paths = xpaths(tree, (block.element for block in blocks))
        return tuple(
            ExplainedLine(line=block.text, is_kept=not rule, rule=rule or self.route, xpath=path)
            for block, rule, path in zip(blocks, rules, paths, strict=True)
        )

    def line_keys(self) -> tuple[str, ...]:
        """Return the keys of the page's blocks, each once, at most 400: the first and last ones of a longer page."""
        half = _MAX_LINES // 2
        blocks = self.model.blocks
        ends = blocks if len(blocks) <= _MAX_LINES else [*blocks[:half], *blocks[-half:]]
        return tuple(dict.fromkeys(key for key in (line_key(block.text) for block in ends) if key))


def find_text(document: Document, metadata: Metadata) -> Text:
    """Find the text of a page: in its body or, if that has little text, in its script data."""
    titles = _title_lines(document, metadata)
    text = _read(document, metadata, titles)
    size = len(text.article())
    if size >= _LITTLE:
        return text
    state = embedded(document, lambda line: line_key(line) in titles)
    if len(state) < _TWICE * size or not state:
        return text
    intro = _introduction(text.model.blocks, titles) if state.startswith(LIVE_ENTRY) else ""
    tree = parse_html(f"<html><body><article>{intro}{state}</article></body></html>")
    document = replace(document, tree=tree, model=read_model(tree), html="")
    other = _read(document, metadata, _title_lines(document, metadata))
    return replace(other, route="state") if len(other.article()) >= _TWICE * size else text


def _introduction(blocks: Sequence[TextBlock], titles: TitleLines) -> str:
    """Return the sentences right under the title, which introduce the entries of a live blog, as HTML."""
    title = title_heading(blocks, lambda line: line_key(line) in titles)
    under = blocks[title + 1 : title + 1 + _UNDER_TITLE] if title >= 0 else ()
    told = (block.text for block in under if not (block.hook or block.hidden or block.href))
    return "".join(f"<p>{html.escape(line)}</p>" for line in told if ends_sentence(line, asking=False))


def _title_lines(document: Document, metadata: Metadata) -> TitleLines:
    title = metadata.article.title
    headline = title if metadata.article.provenance.get("title") == "h1" else ""
    return TitleLines(title_candidates(document.model, (title, *metadata.title_candidates)), headline)


def _read(document: Document, metadata: Metadata, titles: TitleLines) -> Text:
    """Apply all steps of text extraction to a page."""
    model = document.model
    blocks = model.blocks

    def is_title(line: str) -> bool:
        return line_key(line) in titles

    declared = declared_body(document, metadata)
    main = MainContentFinder(model).find(declares="articleBody" in document.html, declared=declared.text)
    found, route = set(main.found), main.route
    found, is_own = own_article(found, main.quick, blocks, is_title, is_marked=route in _MARKED)
    doubt = main.doubt
    if is_own:
        route, doubt = "own", N_("a longer text stands elsewhere on the page")
    elif sum(len(blocks[index].text) for index in found) < _MUCH * model.mass:
        heading = title_heading(blocks, is_title)
        if twins := join_twins(sorted(found), blocks, heading):
            end = next_article(heading, blocks, is_title)
            found |= {index for index in twins if index < end}
    completion = Completion(Layout(model, found))
    added = {*completion.complete(), *completion.trusted(), *_footnotes(model), *recipe_lines(document, metadata)}
    found |= added
    reconciled = reconcile(sorted(found), blocks, declared, is_held=route == "json-ld")
    if reconciled.lines:
        model = reconciled.model()
        blocks = model.blocks
    found = set(reconciled.found)
    descriptions = _descriptions(document)
    described = set(map(line_key, descriptions))
    leads = set(find_lead(sorted(found), blocks, descriptions, is_title))
    found |= leads
    added |= {index for index in leads if line_key(blocks[index].text) in described}
    order = sorted(found)
    places = rules_by_place(order, blocks, document.page.url, added)
    shapes = rules_by_shape(order, model, urlsplit(document.page.url).hostname or "")
    shapes = {index: rule for index, rule in shapes.items() if rule != "repeated" or not is_title(blocks[index].text)}
    above = _links_above(order, blocks, is_title)
    places = [place or shapes.get(index, above.get(index, "")) for place, index in zip(places, order, strict=True)]
    own = TitleLines([metadata.article.title])
    known = Known(
        is_title=titles.__contains__,
        labels=frozenset(line_key(label) for label in (metadata.article.section, *metadata.article.tags)) - {""},
        authors=frozenset(line_key(author) for author in metadata.article.authors) - {""},
        learned=document.page.site.boilerplate,
        is_titled=any(block.element.tag in {"h1", "h2"} and line_key(block.text) in own for block in blocks),
        sitename=line_key(metadata.article.sitename),
        speaks=_Languages(document, lambda: "\n".join(blocks[index].text for index in order)).__contains__,
    )
    host = urlsplit(document.page.url).hostname or ""
    following = [*order[1:], -1][: len(order)]
    lines = [
        _line(blocks[index], blocks[after] if after >= 0 else None, host)
        for index, after in zip(order, following, strict=True)
    ]
    rules = rules_by_text(
        lines, [place or reconciled.rules.get(index, "") for place, index in zip(places, order, strict=True)], known
    )
    if reconciled.action:
        route = f"{route}+{reconciled.action}"
    rule_of = dict(zip(order, rules, strict=True))
    # a source that skips the heading because of its tag has identified it as the title
    if (heading := title_heading(blocks, is_title)) >= 0 and heading not in rule_of:
        rule_of = dict(sorted({**rule_of, heading: "title"}.items()))
    return Text(model=model, rules=rule_of, route=route, doubt=doubt)


def _links_above(found: Sequence[int], blocks: Sequence[TextBlock], is_title: Callable[[str], bool]) -> dict[int, str]:
    """Return the rule of the links above the title, {} if the text begins there."""
    titles = (at for at, index in enumerate(found) if not blocks[index].is_linked and is_title(blocks[index].text))
    above = found[: next(titles, 0)]
    if any(ends_sentence(blocks[index].text) and not blocks[index].is_linked for index in above):
        return {}
    return {index: "links" for index in above if blocks[index].linked >= ALL_LINK}


def _footnotes(model: PageModel) -> set[int]:
    """Return the blocks to which footnote marks link, or beside the number to which they link."""
    if not model.notes:
        return set()
    named = {element.element for element in model.elements if element.attributes.get("id") in model.notes}
    boxes = {node.getparent() for node in named if node.tag == "a"} | named
    return {
        index
        for index, block in enumerate(model.blocks)
        if not (block.hook or block.text.isdecimal() or block.linked >= ALL_LINK)
        and not boxes.isdisjoint(islice(ancestors(block.element), 3))
    }


def _line(block: TextBlock, after: TextBlock | None, host: str) -> Line:
    hrefs = {href for text, (href, _) in block.parts if href and not text.isspace()}
    return Line(
        _in_columns(block) or block.text,
        block.linked,
        block.element.tag in HEADINGS,
        leads=any(_CHANNEL.match(href) or same_site(href, host) for href in hrefs),
        links=len(hrefs),
        beside=block.element.tag == "p"
        and len(block.text) < RUNNING_TEXT
        and after is not None
        and after.element.tag == "p"
        and after.element.getparent() is block.element.getparent(),
        emphatic=block.is_emphatic,
        plain=(block.element.tag in _PLAIN or "-" in str(block.element.tag))
        and not any(node.tag in _PARTS for node in islice(ancestors(block.element), 4)),
        written=_is_written(block, after),
        timed=_is_time(block),
        returns=block.linked >= ALL_LINK and all(_leads_back(href, host) for href in hrefs),
    )


def _in_columns(block: TextBlock) -> str:
    """Return the parts of a short line with bars between them if each is in an inline element of its own, as in a row of labels."""
    box = block.element
    if len(box) == 1 and box[0].tag == "template":  # its shadow root
        box = box[0]
    if (
        not (box.tag in _ROWS or "-" in str(box.tag))
        or len(block.text) > _ROW
        or len(box) < 2
        or (box.text or "").strip()
    ):
        return ""
    if any(child.tag not in _CELLS or (child.tail or "").strip() for child in box):
        return ""
    parts = (" ".join("".join(child.itertext()).split()) for child in box)
    row = " | ".join(filter(None, parts))
    return row if " | " in row else ""


def _is_written(block: TextBlock, after: TextBlock | None) -> bool:
    """Return whether a line has the markup of an editor's text: a paragraph without a class, the lead, or the same as the next line."""
    own = block.element
    if (own.tag == "p" and not own.get("class")) or (is_lead_class(own) and not _is_time(block)):
        return True
    other = after.element if after else None
    return own is other or (
        other is not None
        and own.getparent() is other.getparent()
        and (own.tag, own.get("class")) == (other.tag, other.get("class"))
    )


def _is_time(block: TextBlock) -> bool:
    """Return whether a line consists only of a `time` element."""
    if len(block.text) > DATE_LABEL or not any(map(str.isdecimal, block.text)):
        return False
    return any(" ".join("".join(time.itertext()).split()) == block.text for time in block.element.iter("time"))


def _leads_back(href: str, host: str) -> bool:
    """Return whether a link leads to a fragment of the page, or to the site's front page."""
    return href.startswith("#") or (same_site(href, host) and _path(href) in {"", "/"})


def _path(href: str) -> str:
    """Return the path, query and fragment of a URL, '' if it is invalid."""
    parts = urlsplit(href)
    return f"{parts.path}{parts.query}"


class _Languages:
    """The languages of a page: those that it declares, and that of its text, identified on first use."""

    def __init__(self, document: Document, text: Callable[[], str]) -> None:
        self._declared = tuple(filter(None, map(primary, declared_languages(document))))
        self._text = text
        self._own = ""

    def __contains__(self, language: str) -> bool:
        if language in self._declared:
            return True
        self._own = self._own or identify(self._text(), self._declared) or "?"
        return self._own in {language, "?"} or {self._own, language} <= _NORWEGIAN


_NORWEGIAN = frozenset({"no", "nb", "nn"})


def _descriptions(document: Document) -> list[str]:
    return [
        meta.get("content") or ""
        for meta in document.model.by_tag["meta"]
        if (meta.get("property") or meta.get("name") or "").lower() in _DESCRIPTIONS
    ]

"""Index the elements of a page by what their markup says they are; readers look them up by pattern."""

from __future__ import annotations

import re
from itertools import islice
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

from archive.extract.metadata.head import element_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import PageModel

_MAX_MARKS = 20_000
_MAX_NAMES = 300
_MAX_TEXTS = 3_000
_MAX_LINKS = 2_000
_MAX_PARAGRAPHS = 1_000
_NAMED_TAGS = frozenset({"abbr", "address", "author", "figure", "h1", "h2", "h3", "time"})
# Class prefixes of elements around an article, which have their own authors, dates and sections. They match only at the
# start of a class: `has-sidebar` or `elementor-widget` may be on the element that holds the article.
_ELSEWHERE = (
    "comment",
    "disqus",
    "reply",
    "replies",
    "related",
    "sidebar",
    "recent",
    "teaser",
    "widget",
    "footer",
    "more-",
    "popular",
    "trending",
    "latest",
    "newsletter",
)


_ABOVE = 3
"""Weight of the distance before a title, relative to the distance after it."""
_place = attrgetter("place")


class Mark(NamedTuple):
    """An element, its index among the page's named elements, and its naming attributes in lower case."""

    place: int
    element: HtmlElement
    names: str


class Marks:
    """The named elements of one page, in page order, shared by several readers; built on first use, which many pages never need."""

    def __init__(self, model: PageModel) -> None:
        self._model = model
        self._all: list[Mark] | None = None
        self._elsewhere: dict[HtmlElement, bool] = {}
        self._sizes: dict[HtmlElement, int] = {}
        self._around: frozenset[HtmlElement] | None = None
        self._texts: list[str] | None = None
        self._headings: dict[str, int] = {}
        self._by_names: dict[str, list[Mark]] = {}
        self._by_tag: dict[str, list[Mark]] = {}

    def all(self) -> list[Mark]:
        """Return every named element, at most 20,000."""
        if self._all is None:
            self._all = []
            for place, (element, tag, names) in enumerate(islice(_named(self._model), _MAX_MARKS)):
                mark = tuple.__new__(Mark, (place, element, names))
                self._all.append(mark)
                self._by_names.setdefault(names, []).append(mark)
                if tag in _NAMED_TAGS:
                    self._by_tag.setdefault(tag, []).append(mark)
        return self._all

    def find(
        self,
        pattern: re.Pattern[str] | None,
        tags: frozenset[str] = frozenset(),
        *,
        words: Sequence[str] = ("",),
        elsewhere: bool = False,
    ) -> Iterator[Mark]:
        """Yield marks whose names match the pattern, or whose tag is one of `tags`, outside the page's frame (sidebars, comments).

        With `elsewhere`, yield those inside the frame instead. `words` are strings of which every matching name contains one;
        finding them takes a tenth of the time of most patterns. Tags may be `abbr`, `address`, `author`, `figure`, `h1`, `h2`,
        `h3` and `time`.
        """
        self.all()
        found = (
            [mark for names in _matching(pattern, words, self._by_names) for mark in self._by_names[names]]
            if pattern
            else []
        )
        more = [mark for tag in tags for mark in self._by_tag.get(tag, ())]
        if more:
            found = list({mark.place: mark for mark in (*found, *more)}.values())
        found.sort(key=_place)
        return (mark for mark in found if self.is_elsewhere(mark.element) is elsewhere)

    def is_elsewhere(self, element: HtmlElement) -> bool:
        """Return whether the element is in comments, teasers of other articles, or the page's frame."""
        path: list[HtmlElement] = []
        node: HtmlElement | None = element
        answer = False
        while node is not None and node.tag not in {"body", "html"}:
            known = self._elsewhere.get(node)
            if known is not None:
                answer = known
                break
            path.append(node)
            node = node.getparent()
        for node in reversed(path):
            answer = answer or (_frames(node) and node not in self._around_heading())
            self._elsewhere[node] = answer
        return answer

    def is_in_teaser(self, element: HtmlElement, title: str) -> bool:
        """Return whether an element is in a link with other text, or in a box with little text and a linked heading not the title's."""
        for box in islice(element.iterancestors("div", "li", "article", "section", "a"), 4):
            size = self._size(box)
            if size >= _MAX_TEASER:  # a box around it has even more text
                return False
            if box.tag == "a":
                return len(element_text(element)) + _MAX_LABEL < size
            headings = [heading for path in _LINKED_HEADINGS if (heading := box.find(path)) not in {None, element}]
            key = title_key(title) if headings else ""
            if any(not is_form_of(title_key(element_text(heading, 400)), key) for heading in headings):
                return True
        return False

    def _size(self, box: HtmlElement) -> int:
        """Return the length of a box's text, cut where it is far more than a teaser's; dates and names share their boxes."""
        if box not in self._sizes:
            self._sizes[box] = len(element_text(box, 2 * _MAX_TEASER))
        return self._sizes[box]

    def signatures(self) -> Iterator[str]:
        """Yield the texts of short paragraphs that are set to the right, the last first."""
        for paragraph in reversed(list(islice(self._model.tree.iter("p"), _MAX_PARAGRAPHS))):
            style = f"{paragraph.get('style')} align:{paragraph.get('align')}".replace(" ", "").lower()
            if "align:right" in style and not self.is_elsewhere(paragraph):
                yield element_text(paragraph, 100)

    def links(self) -> Iterator[HtmlElement]:
        """Yield those of the page's first 2,000 links that are outside its frame."""
        links = islice(self._model.tree.iter("a"), _MAX_LINKS)
        return (link for link in links if not self.is_elsewhere(link))

    def _around_heading(self) -> frozenset[HtmlElement]:
        """Return the ancestors of the page's first h1; one with the class `sidebar` is a layout that contains the article."""
        if self._around is None:
            headings = self._model.by_tag["h1"]
            self._around = frozenset(headings[0].iterancestors("div", "section")) if headings else frozenset()
        return self._around

    def heading(self, title: str) -> int:
        """Return the index of the heading with the title's words, else of the first h1, else -1."""
        if title not in self._headings:
            self._headings[title] = self._heading(title_key(title))
        return self._headings[title]

    def _heading(self, key: str) -> int:
        first = -1
        for mark in self.all():
            if mark.element.tag in {"h1", "h2", "h3"}:
                if is_form_of(title_key(element_text(mark.element, 400)), key):
                    return mark.place
                if mark.element.tag == "h1" and first < 0:
                    first = mark.place
        return first

    def distance(self, mark: Mark, title: str) -> float:
        """Return the distance of an element from the heading: 0 right under it, 5 or more far away."""
        heading = self.heading(title)
        if heading < 0:
            return min(mark.place / 300, 2.0)
        steps = mark.place - heading
        if steps >= 0:
            return min(steps * 0.12, 5.0)
        # Some themes print date and author above the heading; the page's frame is further up.
        return 1.0 if steps >= -10 else 5.0

    def texts(self) -> list[str]:
        """Return the page's pieces of text with collapsed white space, at most 3,000."""
        if self._texts is None:
            body = self._model.tree.find("body")
            texts = _texts_in(body) if body is not None else ()
            self._texts = [" ".join(text.split()) for text in islice(texts, _MAX_TEXTS)]
        return self._texts

    def near(self, title: str, *, after: int = 40, before: int = 15, mixed: bool = False) -> list[str]:
        """Return the pieces of text after the printed title in page order, then those before it from the nearest.

        With `mixed`, both are sorted by distance, where the distance before the title counts three times. [] if the
        title is not printed.
        """
        texts = self.texts()
        key = title_key(title)
        first = key[:1]
        at = next(
            (
                index
                for index, text in enumerate(texts)
                if next(filter(str.isalnum, text), "").casefold()[:1] == first
                and is_form_of(title_key(text[:400]), key)
            ),
            -1,
        )
        if at < 0:
            return []
        following = list(enumerate(texts[at + 1 : at + 1 + after]))
        above = [(_ABOVE * (steps + 1), text) for steps, text in enumerate(texts[max(at - before, 0) : at][::-1])]
        around = sorted((*following, *above), key=itemgetter(0)) if mixed else (*following, *above)
        return [text for _, text in around]


def _texts_in(body: HtmlElement) -> Iterator[str]:
    """Yield the pieces of text outside scripts, style sheets and quotations; XPath would take twice as long."""
    walk = etree.iterwalk(body, events=("start", "end"))
    for event, element in walk:
        if event == "end":
            text = element.tail if element is not body else None
        elif element.tag == "blockquote" or _is_comments(element):
            walk.skip_subtree()
            continue
        else:
            text = element.text if element.tag not in _SOURCES else None
        if text and not text.isspace():
            yield text


_SOURCES = frozenset({"script", "style"})


def _is_comments(element: HtmlElement) -> bool:
    """Return whether an element holds the comments of readers, by its id."""
    return (element.get("id") or "").lower() in _COMMENTS


_COMMENTS = frozenset({"comments", "comment-list", "commentlist", "comments-area", "disqus_thread", "respond"})
_MAX_TEASER = 600
"""Maximum length of a teaser's text."""
_MAX_LABEL = 20
"""Maximum length of the other text in a link that is no teaser: a label beside a date."""
_LINKED_HEADINGS = tuple(f".//{path}" for level in "2345" for path in (f"h{level}//a", f"a//h{level}"))


def _named(model: PageModel) -> Iterator[tuple[HtmlElement, str, str]]:
    """Yield the named elements of the body with their tags and their names in lower case."""
    for element, tag, attributes, _ in model.elements:
        get = attributes.get
        if tag in _LISTS or "itemtype" in attributes or "typeof" in attributes:
            says = f"{get('itemtype', '')} {get('typeof', '')} {get('aria-label', '') if tag in _LISTS else ''}".lower()
        else:
            says = ""
        if _CRUMBS in says:
            yield element, tag, f"{_CRUMBS} {get('class', '')}"[:_MAX_NAMES].lower()
            continue
        if _RARE.isdisjoint(attributes):
            if tag not in _NAMED_TAGS and not ("class" in attributes or "id" in attributes or "pubdate" in attributes):
                continue
            names = f"{get('class', '')} {get('id', '')}     "
        else:
            names = (
                f"{get('class', '')} {get('id', '')} {get('itemprop', '')} {get('rel', '')} {get('property', '')}"
                f" {get('data-component', '')} {get('data-testid', '')} {get('data-qa', '')}"
            )
        is_named = names != _NAMELESS or (tag in _NAMED_TAGS and tag != "abbr") or "pubdate" in attributes
        if is_named and tag not in _PAGE_TAGS:
            yield element, tag, names[:_MAX_NAMES].lower()


_RARE = frozenset({"itemprop", "rel", "property", "data-component", "data-testid", "data-qa"})
_LISTS = frozenset({"nav", "ol", "ul"})
_CRUMBS = "breadcrumb"
"""Names breadcrumbs in a class, a type of schema.org or data-vocabulary.org, or an `aria-label`."""
_PAGE_TAGS = frozenset({"body", "html"})
_NAMELESS = " " * 6


_searched: dict[re.Pattern[str], dict[str, bool]] = {}
"""Cached results by pattern and name: the cards of a page, and the pages of a site, repeat the same names."""
_MAX_SEARCHED = 16_384


def _matching(pattern: re.Pattern[str], words: Sequence[str], candidates: Iterable[str]) -> list[str]:
    """Return the names that a pattern matches; each of these contains one of the words."""
    known = _searched.setdefault(pattern, {})
    if len(known) > _MAX_SEARCHED:
        known.clear()
    found = []
    for names in candidates:
        if (answer := known.get(names)) is None:
            is_likely = any(map(names.__contains__, words))
            answer = known[names] = is_likely and pattern.search(names) is not None
        if answer:
            found.append(names)
    return found


def _frames(element: HtmlElement) -> bool:
    tag = element.tag
    names = (element.get("class") or "")[:_MAX_NAMES].lower()
    if tag == "nav":
        return "crumb" not in f"{names} {(element.get('aria-label') or '').lower()}"
    if tag == "aside":
        return not ("meta" in names or "info" in names or _is_about_article(element))
    if tag == "footer":
        return next(element.iterancestors("article"), None) is None
    if (element.get("id") or "").lower().startswith(_ELSEWHERE):
        return True
    if (
        element.get("itemprop") == "comment"
        or _OTHER_ITEM.search(f"{element.get('itemtype')} {element.get('typeof')}") is not None
    ):
        return True
    # Blogger puts posts in a `widget Blog`.
    return (
        any(name.startswith(_ELSEWHERE) or name.endswith("player") for name in names.split()) and names != "widget blog"
    )


_OTHER_ITEM = re.compile(r"comment|(?:video|audio|image)object", re.IGNORECASE)
"""Types of items within an article that have their own author and date."""


def _is_about_article(aside: HtmlElement) -> bool:
    """Return whether an aside names the article's author: it has one marked author and no headline."""
    marked = [element.get("itemprop") for element in islice(aside.iterdescendants(), 200) if element.get("itemprop")]
    return marked.count("author") == 1 and "headline" not in marked


def title_key(text: str) -> str:
    """Return the letters and digits of a title, to compare its forms."""
    return "".join(filter(str.isalnum, text.casefold()))


def is_form_of(key: str, title: str) -> bool:
    """Return whether two keys are forms of one title: equal, or with the same first 20 letters (a suffix or badge differs)."""
    return bool(key) and (key == title or (len(key) > 20 and key[:20] == title[:20]))

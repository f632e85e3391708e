"""Choose an article's title among the titles that the page declares and prints."""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from archive.extract.metadata.head import as_list, element_text, is_news, is_placeholder, plain, word_set
from archive.extract.metadata.site import (
    MAX_TITLE,
    SEPARATOR,
    document_title,
    halves,
    is_site,
    leads_home,
    makes_address,
    segments,
    story_beside_site,
    strip_site,
    title_words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lxml.html import HtmlElement

    from archive.extract.document import Document
    from archive.extract.metadata.head import Head
    from archive.extract.metadata.markup import Marks

_MAX_HEADINGS = 12
_MAX_PRINTED = 220
"""An h1 that is longer is a paragraph: the longest title of the development pages has 175 characters."""
_COLON = re.compile(r":\s+")
_UNDERSCORE = re.compile(r"\s*_+\s*")
_DECLARED = ("headline", "parsely-title", "sailthru.title", "citation_title")
_SHARED = ("og:title", "twitter:title", "dc.title", "dcterms.title", "title")
_TITLED = re.compile(
    r"(?:^|\s)(?:(?:entry|post|article|story|news|content|single)-?_*(?:title|headline|heading)|headline|title)(?:\s|$)"
)

# Trust in each kind of evidence, checked by bench/metadata.py. Kinds are independent; sources of one kind are not:
# twitter:title copies og:title, as does the JSON-LD headline of a blog plugin, while a NewsArticle's headline comes from
# the newsroom. og:title together with either the h1 or that headline outweighs the other; an h1 alone outweighs og:title
# and <title>, which are written for search engines.
_TRUST = {"h1": 1.75, "json-ld": 1.8, "meta": 0.8, "title": 0.7, "dom": 0.9}
_UNRELATED = 0.4
_LONELY = 0.75
_WRAPPED = 1.1
"""Trust in an h1 that shares no words with the declared titles, as one of several or the only one; and in an h1 with
other words (a date, a label) around the title."""
_ADDRESS = 1.0
"""Trust in the declared title from which the URL was made, if no h1 is the title."""


class _Form(NamedTuple):
    """One form of the title: its source (`h1`, `json-ld`, `meta:og:title` …), its words as a key, its kind and trust."""

    text: str
    source: str
    key: str
    kind: str
    trust: float


class _Heading(NamedTuple):
    """An h1: the title in it, its whole text, and whether it is the last of the page's breadcrumbs."""

    text: str
    whole: str
    is_crumb: bool


def _form(text: str, source: str, kind: str = "", trust: float | None = None) -> _Form:
    kind = kind or source.partition(":")[0]
    return _Form(text, source, title_words(text), kind, _TRUST[kind] if trust is None else trust)


def read_title(document: Document, head: Head, marks: Marks, names: frozenset[str]) -> tuple[str, str, tuple[str, ...]]:
    """Return the title, its source, and the page's other forms of it (at most 12); ('', '', ()) if the page has none.

    Other kinds of evidence with the same words support a form; the form with the most support wins. `names` are the
    forms of the site's name (see `site_names`).
    """
    forms = _forms(document, head, marks, names)
    best = max(forms, key=lambda form: _support(form, forms), default=None)
    if best is None:
        return "", "", ()
    return (
        _MARKS.sub("", best.text),
        best.source,
        tuple(dict.fromkeys(form.text for form in forms if form.text != best.text))[:12],
    )


_MARKS = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Marks of direction and invisible spaces; the joiners that Persian spells with stay."""


def _support(form: _Form, forms: Sequence[_Form]) -> float:
    backing: dict[str, float] = {}
    for other in forms:
        if other.kind != form.kind:
            share = other.trust * _likeness(form.key, other.key)
            backing[other.kind] = max(backing.get(other.kind, 0.0), share)
    return form.trust + sum(backing.values())


def _likeness(key: str, other: str) -> float:
    if key == other:
        return 1.0
    shorter, longer = sorted((key, other), key=len)
    if len(shorter) <= 12 or shorter not in longer:
        return 0.0
    return 0.5 if longer.startswith(shorter) else 0.3


def _forms(document: Document, head: Head, marks: Marks, names: frozenset[str]) -> list[_Form]:
    raw = list(_page_titles(document, head))
    recorded = [text for text, source in (*_own_titles(head), *raw) if source != "title"]
    headings = list(_headings(document, recorded))
    texts = ((strip_site(heading.text, names, tail=True), "h1") for heading in headings)
    printed = [text for text, _ in _named(texts, names)]
    lower = cache(lambda: _lower_headings(marks))
    whole = (strip_site(text, names, tail=True) for text, _ in (*_own_titles(head), *raw) if not SEPARATOR.search(text))
    single = {title_words(text): text for text in whole}

    def title_of(key: str) -> str:
        return single.get(key) or lower().get(key, "")

    whole_titles = [title for title, _ in raw]
    stories = {
        text: _other_part(text, whole_titles, title_of) or story_beside_site(text, whole_titles, document, marks)
        for text in printed
    }
    known = frozenset(title_words(stories[text] or text) for text in printed)
    sections = (*as_list(head.article.get("articleSection")), *head.metas.get("article:section", ()))
    labels = frozenset(plain(section, 80).casefold() for section in sections)
    own = _named(((_bare(text, names, known, labels, tail=True), source) for text, source in _own_titles(head)), names)
    known |= {title_words(text) for text, _ in own} | single.keys()
    declared = _named(
        ((_bare(text, names, known, labels, guess=source == "title"), source) for text, source in raw), names
    )
    kind = "meta" if head.article and not is_news(head.article) else "json-ld"
    forms = [_form(text, source, kind) for text, source in own] + [
        _form(text, source, "title" if source == "meta:title" else "") for text, source in declared
    ]
    titles = [form.text for form in forms]
    is_frame = len(printed) == 1 and _is_frame(printed[0], whole_titles, names, marks)
    heads = _printed_forms(headings, printed, stories, [] if is_frame else titles)
    if any(form.trust >= _WRAPPED and form.key not in single for form in heads) and _is_printed_above(
        titles, printed, marks
    ):
        heads = [form if form.key in single else form._replace(trust=min(form.trust, _UNRELATED)) for form in heads]
    if not any(form.trust >= _WRAPPED for form in heads):
        heads += _printed_parts(titles, lower(), marks if not printed else None)
        addressed = (form for form in forms if makes_address(form.text, document.page.url))
        heads += [form._replace(kind="address", trust=_ADDRESS) for form in islice(addressed, 1)]
    return [form for form in heads + forms if form.key]


def _is_frame(heading: str, titles: Sequence[str], names: frozenset[str], marks: Marks) -> bool:
    """Return whether all declared titles begin with the site's name, share no word with the only h1, and are not printed."""
    own = word_set(heading)
    if len(own) < _FEW_WORDS or not titles or any(own & word_set(title) for title in titles):
        return False
    keys = [title_words(title) for title in titles]
    if not all(
        any(f"{key} ".startswith(name if _UNSPACED.match(name) else f"{name} ") for name in names) for key in keys
    ):
        return False
    texts = frozenset(marks.texts()[:400])
    return not any(
        part in texts for title in titles for part in segments(title, SEPARATOR, _COLON) if not is_site(part, names)
    )


_FEW_WORDS = 3
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{2}")


def _printed_forms(
    headings: Sequence[_Heading], printed: Sequence[str], stories: dict[str, str], titles: Sequence[str]
) -> list[_Form]:
    """Return forms from the page's h1 elements: article titles next to a site's name, `printed` titles, and whole headings."""
    forms = [_form(story, "dom:title") for story in stories.values() if story]
    crumbs = {heading.text for heading in headings if heading.is_crumb and titles}
    for text in printed:
        is_label = stories[text] or text in crumbs or len(text) > _MAX_PRINTED
        trust = _UNRELATED if is_label else _trust_in_heading(text, titles, alone=len(printed) == 1)
        forms.append(_form(text, "h1", trust=trust))
    return forms + [_form(heading.whole, "h1", trust=0.0) for heading in headings if heading.whole != heading.text]


def _is_printed_above(titles: Sequence[str], printed: Sequence[str], marks: Marks) -> bool:
    """Return whether the page prints a declared title as an h2 or h3 before its first h1, which then is a heading of the text."""
    keys = {title_words(title) for title in titles if len(title) > _MIN_PRINTED}
    for mark in islice(marks.find(None, _UPPER), 40):
        text = element_text(mark.element, MAX_TITLE)
        if mark.element.tag == "h1" and text in printed:
            return False
        if mark.element.tag != "h1" and title_words(text) in keys and mark.element.find(".//a") is None:
            return True
    return False


_UPPER = frozenset({"h1", "h2", "h3"})
_MIN_PRINTED = 12
"""Minimum length of a title that counts where the page prints it; shorter texts are labels."""


def _named(texts: Iterable[tuple[str, str]], names: frozenset[str]) -> list[tuple[str, str]]:
    return [(text, source) for text, source in texts if text and not is_site(text, names)]


def _headings(document: Document, recorded: Sequence[str]) -> Iterator[_Heading]:
    """Yield each h1 with the title in it, which is the whole heading if the page also declares that."""
    keys = {title_words(part) for title in recorded for part in segments(title)}
    for heading in document.model.by_tag["h1"][:_MAX_HEADINGS]:
        if not leads_home(heading, document.page.url):
            whole = element_text(heading, MAX_TITLE)
            text = whole if title_words(whole) in keys else _heading_text(heading)
            yield _Heading(text, whole, _is_crumb(heading))


def _is_crumb(heading: HtmlElement) -> bool:
    """Return whether a heading is in the page's navigation, as the last breadcrumb.

    Navigation that contains paragraphs was never closed, and does not count.
    """
    for node in islice(heading.iterancestors(), 5):
        is_list = node.tag in {"ol", "ul"} and "crumb" in f"{node.get('class')} {node.get('itemtype')}".lower()
        if is_list or node.tag == "nav" or node.get("role") == "navigation":
            return node.find(".//p") is None
    return False


_BESIDE = re.compile(
    r"kicker|roof-?line|dachzeile|(?:over|top|eyebrow)-?line|eyebrow|(?:super|sub)-?(?:title|heading|headline)|badge"
    r"|(?:^|\s)(?:label|pill|flag)(?:\s|$)|edit-?section|comment|byline|(?:^|\s)(?:author|date|category|cat)(?:\s|$)|posted"
)
"""Classes of elements in a heading before or after the title: a kicker, a second line, a date, buttons."""
_MAX_INNER = 30
_JOINTS = " \t|:–—-•·/"


def _heading_text(heading: HtmlElement) -> str:
    """Return a heading's text without the elements that are not the title (kickers, dates, buttons); all of it if nothing is left."""
    whole = element_text(heading, MAX_TITLE)
    text = whole
    for part in islice(heading.iterdescendants(), _MAX_INNER):
        if part.tag in {"time", "button"} or _BESIDE.search((part.get("class") or "").lower()):
            words = element_text(part, MAX_TITLE)
            if words and text.startswith(words):
                text = text.removeprefix(words).lstrip(_JOINTS)
            elif words:
                text = text.removesuffix(words).rstrip(_JOINTS)
    return text if any(map(str.isalnum, text)) else whole


def _own_titles(head: Head) -> Iterator[tuple[str, str]]:
    """Yield the article's own title from JSON-LD, or from meta tags that publishers fill from the same field."""
    headline = plain(head.article.get("headline"), MAX_TITLE) or plain(head.article.get("name"), MAX_TITLE)
    if headline and not is_placeholder(headline):
        yield headline, "json-ld"
        return
    text, name = head.first(_DECLARED, MAX_TITLE)
    yield text, f"meta:{name}"


def _page_titles(document: Document, head: Head) -> Iterator[tuple[str, str]]:
    for name in _SHARED:
        for value in head.metas.get(name, ())[:2]:
            if (text := plain(value, MAX_TITLE)) and not is_placeholder(text):
                yield text, f"meta:{name}"
    if text := document_title(document.model):
        yield text, "title"


def _trust_in_heading(text: str, declared: Sequence[str], *, alone: bool) -> float:
    """Return the trust in a heading: high if it shares words with the declared titles, unlike a menu or slogan."""
    key, words = title_words(text), word_set(text)
    if alone and len(words) > 2:
        declared = [
            other for other in declared if len(word_set(other)) > 1
        ]  # one word is a section, or the kind of page
    if not declared:
        return _TRUST["h1"]
    keys = [title_words(other) for other in declared]
    is_part = any(key == other or other.startswith(key + " ") or other.endswith(" " + key) for other in keys)
    if is_part or any(_goes_on(text, other) for other in declared):
        return _TRUST["h1"]
    if any(len(other) > 12 and other in key for other in keys):
        return _WRAPPED
    if len(words) < 2:
        return _LONELY if alone else _UNRELATED
    known = [other for other in map(word_set, declared) if other and (alone or len(words & other) > 1)]
    if any(len(words & other) / min(len(words), len(other)) >= (0.3 if alone else 0.5) for other in known):
        return _TRUST["h1"]
    return _LONELY if alone else _UNRELATED


_REST = re.compile(r"[^\w\s()\[\]|]{0,3}(?:\s[^\s\d()\[\]|]{1,40}){1,6}")
"""A few words without digits: a date, a comment count or a host in brackets is not part of a title."""


def _goes_on(text: str, declared: str) -> bool:
    """Return whether a heading is the declared title with a few more words, cut off there for search results."""
    size = len(declared)
    is_longer = size > 12 and text[:size].casefold() == declared.casefold()
    return is_longer and _REST.fullmatch(text[size:]) is not None


def _lower_headings(marks: Marks) -> dict[str, str]:
    """Return the texts of h2, h3 and elements marked as titles, by their keys."""
    texts = (
        _heading_text(mark.element)
        for mark in islice(marks.find(_TITLED, frozenset({"h2", "h3"}), words=("title", "head")), 200)
    )
    return {key: text for text in texts if len(text) > 12 and (key := title_words(text))}


def _other_part(heading: str, titles: Sequence[str], known: Callable[[str], str]) -> str:
    """Return the article's title from a page title of the form "heading: title", where the heading names the site or section.

    The title must be longer than the heading, and `known` must return it for its key, from a lower heading or another
    title of the page. `known` is a function because few pages need the lower headings.
    """
    key = title_words(heading)
    for title in titles:
        for one, other, _ in halves(title, SEPARATOR, _COLON):
            if title_words(one) == key and len(other) > len(one) and (story := known(title_words(other))):
                return story
    return ""


def _printed_parts(titles: Sequence[str], lower: dict[str, str], marks: Marks | None) -> Iterator[_Form]:
    """Yield the longest part of a declared title that the page prints as a lower heading or, if `marks` is given, as any text."""
    parts = {
        title_words(part): part for title in titles for part in segments(title, SEPARATOR, _COLON) if len(part) > 12
    }
    found = [lower[key] for key in parts if key in lower]
    if not found and marks:
        texts = frozenset(marks.texts()[:400])
        found = [part for part in parts.values() if part in texts]
    for text in sorted(found, key=len)[-1:]:
        yield _form(text, "dom:title")


def _bare(
    title: str,
    names: frozenset[str],
    known: frozenset[str],
    labels: frozenset[str],
    *,
    guess: bool = False,
    tail: bool = False,
) -> str:
    """Return a declared title without site and section names at its ends (only at its end with `tail`).

    `known` are the keys of more trusted forms; one of `labels`, the section's names, may stand before such a form.
    """
    first, *rest = _UNDERSCORE.split(title)
    if (
        rest
        and (len(first.split()) > 2 or (len(first) >= 8 and not first.isascii()))
        and max(map(len, rest)) < len(first)
    ):
        title = first
    parts = [part for part in segments(title) if title_words(part) in known and (not tail or title.startswith(part))]
    if parts:
        return max(parts, key=len)
    label, _, story = title.partition(": ")
    if story and label.casefold() in labels and title_words(story) in known:
        return story
    return strip_site(title, names, guess=guess, tail=tail)

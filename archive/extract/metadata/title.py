"""Choose the title of an article among what a page declares and prints as one."""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from archive.extract.metadata.head import element_text, is_news, is_placeholder, plain, types, word_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lxml.html import HtmlElement

    from archive.extract.document import Document
    from archive.extract.metadata.head import Head
    from archive.extract.metadata.markup import Marks
    from archive.extract.page import PageModel

_MAX_TITLE = 400
_MAX_HEADINGS = 12
_SEPARATOR = re.compile(r"\s+[-–—|•·:»«/~⋆›>]{1,2}\s+|\s*[|│ㅣ»«]\s*|\s+::\s+|(?<=\S)--(?=\S)")
_COLON = re.compile(r":\s+")
_UNDERSCORE = re.compile(r"\s*_+\s*")
_DECLARED = ("headline", "parsely-title", "sailthru.title", "dc.title", "dcterms.title", "citation_title")
_SHARED = ("og:title", "twitter:title", "title")
_WORD = re.compile(r"\w+")
_MAX_SITE_WORDS = 6
_TITLED = re.compile(
    r"(?:^|\s)(?:(?:entry|post|article|story|news|content|single)-?_*(?:title|headline|heading)|headline|title)(?:\s|$)"
)

# How far each kind of evidence is trusted, checked by bench/metadata.py. The kinds are independent of each other, the metas
# of one kind are not: twitter:title is a copy of og:title, and so is the headline in the JSON-LD of a blog's plug-in, while
# a NewsArticle's is the newsroom's own. Of two pairs that disagree og:title stands in the right one, be it with the h1 or
# with that headline; an h1 alone outweighs og:title and <title>, which are written for searching.
_TRUST = {"h1": 1.75, "json-ld": 1.8, "meta": 0.8, "title": 0.7, "dom": 0.9}
_UNRELATED = 0.4
_LONELY = 0.75
_WRAPPED = 1.1
"""Trust in an h1 that shares no words with what the page declares, one of several or the only one; and in one that says
more around it (a date, a label)."""


class _Form(NamedTuple):
    """One form of the title: how it was read (`h1`, `json-ld`, `meta:og:title` …), its words as a key, kind and trust."""

    text: str
    source: str
    key: str
    kind: str
    trust: float


def _form(text: str, source: str, kind: str = "", trust: float | None = None) -> _Form:
    kind = kind or source.partition(":")[0]
    return _Form(text, source, _key(text), kind, _TRUST[kind] if trust is None else trust)


def read_title(document: Document, head: Head, marks: Marks, names: frozenset[str]) -> tuple[str, str, tuple[str, ...]]:
    """Return the title ('' when the page has none), where it was read, and every different form the page gives it.

    Each form is backed by the other kinds of evidence with the same words; the best backed wins. `names` are forms
    of the site's own name (see `site_names`).
    """
    forms = _forms(document, head, marks, names)
    best = max(forms, key=lambda form: _support(form, forms), default=None)
    if best is None:
        return "", "", ()
    return best.text, best.source, tuple(dict.fromkeys(form.text for form in forms if form.text != best.text))[:12]


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


def _key(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def _forms(document: Document, head: Head, marks: Marks, names: frozenset[str]) -> list[_Form]:
    printed = [
        text for text, _ in _named(((strip_site(text, names, tail=True), "h1") for text in _headings(document)), names)
    ]
    raw = list(_page_titles(document, head))
    lower = cache(lambda: _lower_headings(marks))
    single = {_key(text): text for text, _ in (*_own_titles(head), *raw) if len(list(_parts(text))) == 1}

    def title_of(key: str) -> str:
        return single.get(key) or lower().get(key, "")

    stories = {text: _other_part(text, [whole for whole, _ in raw], title_of) for text in printed}
    known = frozenset(_key(stories[text] or text) for text in printed)
    own = _named(((_bare(text, names, known, tail=True), source) for text, source in _own_titles(head)), names)
    known |= {_key(text) for text, _ in own} | single.keys()
    declared = _named(((_bare(text, names, known, guess=source == "title"), source) for text, source in raw), names)
    kind = "meta" if head.article and not is_news(head.article) else "json-ld"
    forms = [_form(text, source, kind) for text, source in own] + [
        _form(text, source, "title" if source == "meta:title" else "") for text, source in declared
    ]
    heads = [_form(story, "dom:title") for story in stories.values() if story]
    titles = [form.text for form in forms]
    for text in printed:
        trust = _UNRELATED if stories[text] else _trust_in_heading(text, titles, alone=len(printed) == 1)
        heads.append(_form(text, "h1", trust=trust))
    if not any(form.trust >= _WRAPPED for form in heads):
        heads += _printed_parts(titles, lower(), marks if not printed else None)
    return [form for form in heads + forms if form.key]


def _named(texts: Iterable[tuple[str, str]], names: frozenset[str]) -> list[tuple[str, str]]:
    return [(text, source) for text, source in texts if text and not _is_site(text, names)]


def _headings(document: Document) -> Iterator[str]:
    for heading in document.model.by_tag["h1"][:_MAX_HEADINGS]:
        if not _leads_home(heading, document.page.url):
            yield element_text(heading, _MAX_TITLE)


def _own_titles(head: Head) -> Iterator[tuple[str, str]]:
    """Yield what the article's own record calls it: JSON-LD, or the metas that publishers fill from the same field."""
    headline = plain(head.article.get("headline"), _MAX_TITLE) or plain(head.article.get("name"), _MAX_TITLE)
    if headline and not is_placeholder(headline):
        yield headline, "json-ld"
        return
    text, name = head.first(_DECLARED, _MAX_TITLE)
    yield text, f"meta:{name}"


def _page_titles(document: Document, head: Head) -> Iterator[tuple[str, str]]:
    for name in _SHARED:
        for value in head.metas.get(name, ())[:2]:
            if (text := plain(value, _MAX_TITLE)) and not is_placeholder(text):
                yield text, f"meta:{name}"
    if text := document_title(document.model):
        yield text, "title"


def document_title(model: PageModel) -> str:
    """Return the page's `<title>`, not that of a drawing in it."""
    for title in model.by_tag["title"][:20]:
        parent = title.getparent()
        if parent is None or parent.tag in {"head", "html", "body"}:
            return element_text(title, _MAX_TITLE)
    return ""


def _trust_in_heading(text: str, declared: Sequence[str], *, alone: bool) -> float:
    """Return the heading is the title when it shares words with what the page declares; a menu's or a slogan shares none."""
    if not declared:
        return _TRUST["h1"]
    key, words = _key(text), word_set(text)
    keys = [_key(other) for other in declared]
    if any(key == other or other.startswith(key + " ") or other.endswith(" " + key) for other in keys):
        return _TRUST["h1"]
    if any(len(other) > 12 and other in key for other in keys):
        return _WRAPPED
    if len(words) < 2:
        return _LONELY if alone else _UNRELATED
    shares = [len(words & known) / min(len(words), len(known)) for other in declared if (known := word_set(other))]
    if max(shares, default=0.0) >= (0.3 if alone else 0.5):
        return _TRUST["h1"]
    return _LONELY if alone else _UNRELATED


def _lower_headings(marks: Marks) -> dict[str, str]:
    """Return the texts of lower headings, and of elements marked as titles, by their keys."""
    texts = (
        element_text(mark.element, _MAX_TITLE) for mark in islice(marks.find(_TITLED, frozenset({"h2", "h3"})), 200)
    )
    return {key: text for text in texts if len(text) > 12 and (key := _key(text))}


def _other_part(heading: str, titles: Sequence[str], known: Callable[[str], str]) -> str:
    """Return the story's title where a page's title is the heading's text (the site, the section), a sign, and the story's.

    The story's is longer, and `known` by its key: a lower heading, or another title of the page. Few pages have one, so
    headings are read when they are asked for.
    """
    key = _key(heading)
    for title in titles:
        for pattern in (_SEPARATOR, _COLON):
            for cut in islice(pattern.finditer(title), 8):
                parts = (title[: cut.start()], title[cut.end() :])
                for one, other in (parts, parts[::-1]):
                    if _key(one) == key and len(other) > len(one) and (story := known(_key(other))):
                        return story
    return ""


def _printed_parts(titles: Sequence[str], lower: dict[str, str], marks: Marks | None) -> Iterator[_Form]:
    """Yield the longest part of a declared title that is printed: as a lower heading, or, where no h1 is, as a piece of text."""
    parts = {_key(part): part for title in titles for part in _parts(title, _SEPARATOR, _COLON) if len(part) > 12}
    found = [lower[key] for key in parts if key in lower]
    if not found and marks:
        texts = frozenset(marks.texts()[:400])
        found = [part for part in parts.values() if part in texts]
    for text in sorted(found, key=len)[-1:]:
        yield _form(text, "dom:title")


def _parts(title: str, *separators: re.Pattern[str]) -> Iterator[str]:
    """Yield a title and what stands before or after each of its separators; the site's name stands first as often as last."""
    yield title
    for pattern in separators or (_SEPARATOR,):
        for cut in islice(pattern.finditer(title), 8):
            yield title[: cut.start()].strip()
            yield title[cut.end() :].strip()


def _leads_home(heading: HtmlElement, url: str) -> bool:
    """Return whether a heading is a link to the front page: the site's name, which blogs print as h1 on every page."""
    link = heading.find(".//a[@href]")
    return link is not None and _is_home(link.get("href", ""), url)


def _is_home(href: str, url: str) -> bool:
    try:
        target, page = urlsplit(href.strip()[:2_000]), urlsplit(url)
    except ValueError:
        return False
    if target.scheme not in {"", "http", "https"} or target.netloc not in {"", page.netloc}:
        return False
    is_home = target.path == "/" or (target.netloc and not target.path)
    return bool(is_home and page.path not in {"", "/"} and not target.query)


def site_names(document: Document, head: Head, sitename: str) -> frozenset[str]:
    """Return forms of the site's own name as word keys: the declared ones, the host, and the text of links to the front page."""
    host = (urlsplit(document.page.url).hostname or "").removeprefix("www.")
    names = {_key(sitename), _key(host), max(host.split("."), key=len)}
    for node in head.nodes[:50]:
        kinds = types(node)
        if kinds & {"website", "organization", "newsmediaorganization"} and "person" not in kinds:
            names |= {_key(plain(node.get(field), 120)) for field in ("name", "alternateName", "legalName")}
    for link in islice(document.tree.iter("a"), 40):
        if _is_home(link.get("href") or "", document.page.url):
            names.add(_key(element_text(link, 60)))
    first, cut, last = document_title(document.model).partition(" | ")
    if cut and first == last:
        names.add(_key(first))
    return frozenset(name for name in names if 0 < len(name.split()) <= _MAX_SITE_WORDS)


def named_in_title(document: Document, title: str) -> str:
    """Return the site's name at an end of `<title>`, where the rest of it is the article's title; '' when there is none."""
    whole = document_title(document.model)
    for cut in islice(_SEPARATOR.finditer(whole), 8):
        before, after = whole[: cut.start()].strip(), whole[cut.end() :].strip()
        for rest, name in ((before, after), (after, before)):
            if _key(rest) == _key(title) and 0 < len(name) <= 60 and not _SEPARATOR.search(name):
                return name
    return ""


def _bare(title: str, names: frozenset[str], known: frozenset[str], *, guess: bool = False, tail: bool = False) -> str:
    """Return a declared title without what is not the article's at its ends, or at its `tail` alone.

    `known` are the keys of the better witnesses.
    """
    first, *rest = _UNDERSCORE.split(title)
    if (
        rest
        and (len(first.split()) > 2 or (len(first) >= 8 and not first.isascii()))
        and max(map(len, rest)) < len(first)
    ):
        title = first
    parts = [part for part in _parts(title) if _key(part) in known and (not tail or title.startswith(part))]
    if parts:
        return max(parts, key=len)
    return strip_site(title, names, guess=guess, tail=tail)


def strip_site(title: str, names: frozenset[str], *, guess: bool = False, tail: bool = False) -> str:
    """Return a title without the site's name at its ends, or at its `tail` alone; with `guess`, a short last part is taken for it too."""
    cuts = list(_SEPARATOR.finditer(title))
    if not cuts:
        return title
    first, last = cuts[0], cuts[-1]
    if _is_site(title[last.end() :], names):
        return strip_site(title[: last.start()].strip(), names, tail=tail)
    if not tail and _is_site(title[: first.start()], names):
        return strip_site(title[first.end() :].strip(), names)
    end = title[last.end() :]
    bar = last[0].strip() in {"|", "│", "ㅣ"}
    if (guess or bar) and len(end) <= 30 and len(end.split()) <= 4 and last.start() > len(end):
        return title[: last.start()].strip()
    return title


def _is_site(segment: str, names: frozenset[str]) -> bool:
    key = _key(segment)
    squeezed = key.replace(" ", "")
    return bool(key) and (key in names or squeezed in names or any(squeezed == name.replace(" ", "") for name in names))

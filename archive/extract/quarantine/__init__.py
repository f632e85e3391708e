"""Recognize pages that are not articles, with a reason and its evidence."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archive.extract.metadata.head import types
from archive.extract.model import is_long
from archive.extract.quarantine.facts import EMPTY_LETTERS, SINGLE, Facts
from archive.extract.quarantine.walls import not_found, outage, wall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.article import Reason
    from archive.extract.document import Document
    from archive.extract.metadata.reading import Metadata
    from archive.extract.quarantine.facts import Verdict

# Pages that list articles: front pages, sections, tags, search results.

_MAX_ANCHORS = 3_000
_LISTING_CLASS = re.compile(
    r"(?:^|\s)(?:(?P<tag>tag|author|search|search-results|search-no-results|tag-\S+|author-\S+|date)"
    r"|(?P<section>archive|category|category-\S+|tax-\S+|post-type-archive\S*|blog|path-taxonomy|section-front"
    r"|sectionpage))(?=\s|$)"
)
_TAG_URL = re.compile(
    r"/(?:tags?|topics?|author|authors|autor|autores|auteur|search|suche|recherche|busca|buscar|ara|keyword"
    r"|keywords|hashtag|label|etiqueta|etiquetas|etiquettes?|mot-cle|وسم|الوسم|وسوم|كلمات|الكاتب|كاتب|بحث|برچسب)(?:/|$)"
    r"|/\?(?:s|q|search|tag|author)=",
    re.IGNORECASE,
)
_SECTION_URL = re.compile(
    r"/(?:category|categories|cat|section|sections|rubrik|rubrique|ressort|kategori|categoria|archive|archives|قسم"
    r"|القسم|أقسام|تصنيف|التصنيف|فئة)/[^/?]+(?:/page/\d+)?/?$|/(?:archives?|الأرشيف|أرشيف)/?$|/page/\d{1,5}/?$",
    re.IGNORECASE,
)
_SHORT_PATH = re.compile(r"/[^\W\d_]+(?:-[^\W\d_]+)?/?", re.UNICODE)
"""A path of one or two words (`/sport/`, `/world-news`); that of an article in the root of a site has more words, or a number."""
_LISTING_TYPES = {"collectionpage": "section", "searchresultspage": "tag", "profilepage": "tag", "itemlist": "section"}
_HOME_PATH = re.compile(
    r"/?(?:(?:[a-z]{2}(?:[-_][a-z]{2})?)/?)?(?:(?:index|home|default|main|accueil|inicio)(?:\.\w{2,5})?/?)?$",
    re.IGNORECASE,
)


_FILES = re.compile(r"(?:index of|directory listing for) /\S*", re.IGNORECASE)
"""Titles of the lists of files that servers make."""
_OWN_TEXT = 1_000
_OWN_LINKS = 0.2
"""Minimum characters of running text, and maximum share of link text, of a front page that is itself a text."""
_TEASER = 250
"""Maximum characters of a line of a teaser."""


def front(facts: Facts) -> Verdict | None:
    """Return `home` for the front page of a site or of one of its editions, unless it is itself a text; else None."""
    sign = _front_sign(facts)
    return ("home", sign) if sign and not _has_own_text(facts) else None


def _front_sign(facts: Facts) -> str:
    """Return the evidence in words that a page is a front page, '' if there is none."""
    parts = urlsplit(facts.document.page.url)
    is_root = bool(parts.netloc) and not parts.query and _HOME_PATH.match(parts.path) is not None
    if is_root and not facts.head.article.get("articleBody"):
        kinds = types(facts.head.article)
        if not (kinds & {"newsarticle", "blogposting"} and facts.claims_article >= 5):
            return f"path {parts.path or '/'!r}"
    if (
        re.search(r"(?:^|\s)home(?=\s|$)", facts.body_class)
        and re.search(r"(?:^|\s)(?:blog|page-template\S*|page-id-\d+|paged)(?=\s|$)", facts.body_class)
        and facts.claims_article < 3
    ):
        return "body class home"
    return ""


def _has_own_text(facts: Facts) -> bool:
    """Return whether a front page is itself a text, as on a site of one page: long, with few links and at most one linked heading."""
    model = facts.document.model
    running = sum(len(line) for line in facts.text.split("\n")[:1_000] if is_long(line))
    if running < _OWN_TEXT or model.mass < _OWN_TEXT or _linked_headings(facts) > 1:
        return False
    return sum(len(block.text) * block.linked for block in model.blocks) <= _OWN_LINKS * model.length


def listing(facts: Facts) -> Verdict | None:
    """Return `section` or `tag` if the signs of a list outweigh the page's claims to be an article, else None."""
    kind: Reason = "section"
    points, evidence = 0, []
    for weight, why, says in _listing_signs(facts):
        points += weight
        evidence.append(why)
        kind = says if says == "tag" else kind
    if not points:
        return None
    if points - facts.claims_article >= 3 and not (_running_text(facts) and points < 6):
        return kind, ", ".join(evidence)
    return None


def _listing_signs(facts: Facts) -> Iterator[tuple[int, str, Reason]]:
    if found := next(filter(None, map(_FILES.fullmatch, facts.titles)), None):
        yield 6, f"title {found[0]!r}", "section"
    if not SINGLE.search(facts.body_class) and (match := _LISTING_CLASS.search(facts.body_class)):
        yield 3, f"body class {match[0].strip()}", "tag" if match["tag"] else "section"
    if not facts.head.article or types(facts.head.article) & {"webpage"}:
        for node in facts.document.jsonld:
            for name in types(node) & _LISTING_TYPES.keys():
                yield 2, f"JSON-LD {name}", "tag" if _LISTING_TYPES[name] == "tag" else "section"
                break
    yield from _address_signs(facts)
    if facts.claims_article < 4:
        share = _link_share(facts)
        if share > 0.5:
            yield 3, f"{share:.0%} of the text is links", "section"


def _address_signs(facts: Facts) -> Iterator[tuple[int, str, Reason]]:
    if match := _TAG_URL.search(facts.path):
        yield 2, f"address {match[0]}", "tag"
    elif match := _SECTION_URL.search(facts.path):
        yield 2, f"address {match[0]}", "section"
    if not facts.claims_article and _is_listing_address(facts.path):
        yield 1, "nothing says that it is an article", "section"
    if not facts.claims_article and _SHORT_PATH.fullmatch(facts.path) and (heads := _linked_headings(facts)) >= 2:
        yield 3, f"the address of a section, {heads} headings that are links", "section"


def _is_listing_address(path: str) -> bool:
    """Return whether the path ends with the name of a list (`/tag/`), or with one name after it."""
    match = _TAG_URL.search(path) or _SECTION_URL.search(path)
    return match is not None and "/" not in re.sub(r"/page/\d+", "", path[match.end() :]).strip("/")


def _linked_headings(facts: Facts) -> int:
    """Count headings below h1 that link to other pages, as the titles of teasers do."""
    headings = zip(facts.document.tree.iter("h2", "h3", "h4"), range(300), strict=False)
    return sum(1 for heading, _ in headings if heading.find(".//a[@href]") is not None)


def _running_text(facts: Facts) -> bool:
    """Return whether the text has as much in lines too long for teasers as three such lines."""
    long = [len(line) for line in facts.text.split("\n")[:200] if len(line) > _TEASER]
    return sum(long) >= 3 * _TEASER


def _link_share(facts: Facts) -> float:
    """Return the share of the text's characters that are in lines consisting only of a link."""
    anchors = {anchor.text[:300] for anchor in islice(facts.document.model.anchors, _MAX_ANCHORS)}
    lines = [" ".join(line.split()) for line in facts.text.split("\n")[:1_000]]
    total = sum(map(len, lines))
    return sum(len(line) for line in lines if line in anchors) / total if total else 0.0


def quarantine_reason(document: Document, text: str, metadata: Metadata) -> Verdict | None:
    """Return the reason why the page is not an article, with the evidence in words; None for an article.

    If in doubt, a page is an article: quarantined pages are not shown, so a wrong verdict hides news, while a missed
    one only shows a list. A verdict needs evidence from the page's markup or URL; the subject of a text is no evidence.
    """
    facts = Facts.of(document, text, metadata)
    for verdict in (wall(facts), not_found(facts), outage(facts), front(facts), listing(facts), _empty(facts)):
        if verdict:
            return verdict
    return None


_WORD_SIGNS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
"""Signs that say as much as two letters."""


def _empty(facts: Facts) -> Verdict | None:
    if facts.letters + len(_WORD_SIGNS.findall(facts.text[:EMPTY_LETTERS])) < EMPTY_LETTERS:
        return "empty", f"{facts.letters} letters of text"
    return None

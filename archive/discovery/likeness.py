"""Decide without a fetch whether a link leads to an article: by its URL, its text, and the site's own pattern of articles.

The words and patterns are common to news sites; the pattern of a site's own articles is learned (`ArticlePattern`).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

# The pattern of a site's article URLs, learned from URLs of articles and of sections.

_URL = re.compile(r"https?://[^/?#]*([^?#]*)(?:\?([^#]*))?")
_ENDING = re.compile(r"\.(?:s?html?|php\d?|aspx?|jsp|cfm|do|ece|story|print|amp)$")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SHAPES = (
    ("D", re.compile(r"(?:19|20)\d\d-?(?:0[1-9]|1[0-2])-?(?:[0-2]\d|3[01])")),
    ("Y", re.compile(r"(?:19|20)\d\d")),
    ("n", re.compile(r"\d{1,3}")),
    ("N", re.compile(r"\d{4,}(?:[.,_-]\d+)*")),
    ("I", re.compile(r"(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{8,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")),
    ("T", re.compile(r".*(?<!\d)\d{4,}|\d{4,}[-_.].*")),  # a title with a number at an end
)
_TELLING = frozenset("DYNITS")


@lru_cache(maxsize=4096)
def shape_of(url: str) -> str:
    """Return the shape of a URL's path: one letter a segment, its ending, its numeric parameters (`W/Y/n/n/S`, `W.php?id`).

    `W` is a word or two, `S` a slug, `D` a date, `Y` a year, `n` and `N` short and long numbers, `I` an id, `T` a slug
    with a long number.
    """
    match = _URL.match(url)
    path, query = (unquote(match.group(1)).lower(), (match.group(2) or "").lower()) if match else ("", "")
    segments = [segment for segment in path.split("/") if segment]
    ending = _ENDING.search(segments[-1]) if segments else None
    if ending:
        segments[-1] = segments[-1][: ending.start()]
    letters = "/".join(_letter(segment) for segment in segments)
    names = sorted({part.partition("=")[0] for part in query.split("&") if part.partition("=")[2].isdigit()})
    return letters + (ending.group() if ending else "") + ("?" + "&".join(names) if names else "")


def _letter(segment: str) -> str:
    for letter, shape in _SHAPES:
        if shape.fullmatch(segment):
            return letter
    return "S" if len(_WORD.findall(segment)) >= 3 else "W"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePattern:
    """The URL shapes of one site's articles: `shapes` maps each to its share of the known articles."""

    shapes: tuple[tuple[str, float], ...] = ()

    @classmethod
    def learn(cls, articles: Iterable[str], sections: Iterable[str] = ()) -> ArticlePattern:
        """Learn from URLs known to be articles (in feeds, news sitemaps), and from some known not to be (navigation).

        A shape counts if it distinguishes articles from sections (by a slug, a date or an id), at least two articles and one in
        twenty have it, and fewer than a tenth as many sections.
        """
        counts = Counter(shape_of(url) for url in dict.fromkeys(articles))
        against = Counter(shape_of(url) for url in dict.fromkeys(sections))
        total = counts.total()
        return cls(
            shapes=tuple(
                (shape, round(count / total, 3))
                for shape, count in counts.most_common(12)
                if count >= max(2, total / 20)
                and (_TELLING.intersection(shape.partition(".")[0]) or "?" in shape)
                and against[shape] * 10 <= count
            ),
        )

    def matches(self, url: str) -> bool:
        """Return whether `url` has one of the shapes."""
        shape = shape_of(url)
        return any(shape == known for known, _ in self.shapes)

    def expressions(self, articles: Iterable[str], sections: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the shapes as readable regular expressions on URLs, for sites.toml.

        A word that all `articles` of a shape have in the same place is kept; an expression that matches one of the
        `sections` is omitted.
        """
        by_shape: dict[str, list[str]] = {}
        for url in dict.fromkeys(articles):
            by_shape.setdefault(shape_of(url), []).append(url)
        found = (_expression(by_shape.get(shape, [])) for shape, _ in self.shapes)
        against = list(sections)
        return tuple(
            expression for expression in found if expression and not any(re.search(expression, url) for url in against)
        )


_CLASSES = {
    "D": r"\d{4}-?\d\d-?\d\d",
    "Y": r"20\d\d",
    "n": r"\d{1,3}",
    "N": r"\d{4,}[\d.,_-]*",
    "I": r"[0-9a-zA-Z-]{8,}",
    "T": r"[^/?]*\d{4}[^/?]*",
    "S": r"[^/?]*[-_+%][^/?]*",
    "W": r"[^/?]+",
}


def _expression(urls: list[str]) -> str:
    """Return the regular expression of URLs of one shape, '' for none."""
    if not urls:
        return ""
    shape, _, names = shape_of(urls[0]).partition("?")
    letters, dot, ending = shape.partition(".")
    rows = [re.sub(r"https?://[^/]+/|\?.*", "", url).strip("/").split("/") for url in urls]
    parts = []
    for place, letter in enumerate(letters.split("/") if letters else []):
        words = {row[place].removesuffix(dot + ending) for row in rows if place < len(row)}
        parts.append(re.escape(words.pop()) if letter == "W" and len(words) == 1 else _CLASSES[letter])
    path = "/".join(parts) + re.escape(dot + ending)
    query = "".join(rf"(?=.*[?&]{re.escape(name)}=\d)" for name in names.split("&") if name)
    return rf"^https?://[^/]+{query}/{path}/?(?:\?|$)"


Kind = Literal["article", "section", "other", "unknown"]
"""`other` is certainly not an article (a picture, a login form); `unknown` is worth a visit if there is nothing better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """The class of a link: `score` is its likelihood of leading to an article, from 0 to 1."""

    kind: Kind
    score: float
    reason: str


_ADDRESS = re.compile(r"https?://([^/?#]*)([^?#]*)(?:\?([^#]*))?")
_ASSET = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|svg|ico|bmp|tiff?|css|js|mjs|json|woff2?|ttf|eot|mp[34]|m4[av]|ogg|oga|ogv|webm|wav|avi"
    r"|mov|wmv|flv|m3u8?|ts|docx?|xlsx?|pptx?|odt|epub|zip|rar|gz|tgz|7z|tar|exe|apk|dmg|iso|ics|vcf|srt|vtt|txt)$"
)
_FEED = re.compile(r"(?:^|/)(?:rss|feeds?|atom)(?:\.\w+)?/?$|\.(?:xml|rss|atom|rdf)$|(?:^|/)sitemap[^/]*$")
_FEED_WORDS = ("rss", "feed", "atom", "xml", "rdf", "sitemap")

# Path segments (lower case) of pages that are never articles, anywhere in the path.
_SERVICE = frozenset({
    "login", "log-in", "signin", "sign-in", "signup", "sign-up", "register", "registration", "account", "my-account",
    "logout", "cart", "checkout", "basket", "wishlist", "wp-admin", "wp-login.php", "wp-json", "wp-content", "wp-includes", "ajax",
    "xmlrpc.php", "cgi-bin", "oauth", "sso", "password", "forgot-password", "cdn-cgi", "api", "download", "downloads",
    "share", "sharer", "share.php", "sharer.php", "unsubscribe", "ads.txt", "تسجيل-الدخول", "تسجيل", "دخول", "حسابي",
})  # fmt: skip
# Last segments of pages that are not articles; headlines may be below them.
_INSTITUTIONAL = frozenset({
    "about", "about-us", "aboutus", "contact", "contact-us", "contactus", "contacts", "privacy", "privacy-policy",
    "terms", "terms-of-use", "terms-of-service", "terms-and-conditions", "tos", "disclaimer", "legal", "imprint",
    "impressum", "datenschutz", "agb", "kontakt", "mentions-legales", "cookies", "cookie-policy", "advertise",
    "advertising", "advertise-with-us", "media-kit", "careers", "jobs", "subscribe", "subscription", "subscriptions",
    "newsletter", "newsletters", "apps", "app", "mobile", "help", "faq", "support", "accessibility", "sitemap", "rss",
    "weather", "horoscope", "prayer-times", "tv-guide", "schedule", "live-tv", "epaper", "e-paper", "shop", "store",
    "games", "من-نحن", "اتصل-بنا", "إتصل-بنا", "تواصل-معنا", "سياسة-الخصوصية", "الشروط-والأحكام", "شروط-الاستخدام",
    "أعلن-معنا", "اعلن-معنا", "إعلن-معنا", "وظائف", "النشرة-البريدية", "خريطة-الموقع", "هيئة-التحرير", "فريق-العمل",
})  # fmt: skip
# Segments of lists, if they end the path or are followed by one or two names.
_LISTING = {
    "tag": "tag", "tags": "tag", "keyword": "tag", "keywords": "tag", "hashtag": "tag", "label": "tag", "وسم": "tag",
    "وسوم": "tag", "الوسوم": "tag", "كلمات-مفتاحية": "tag",
    "author": "author", "authors": "author", "writer": "author", "writers": "author", "columnist": "author",
    "columnists": "author", "byline": "author", "contributors": "author", "autor": "author", "autoren": "author",
    "auteur": "author", "كاتب": "author", "الكاتب": "author", "المؤلف": "author",
    "category": "category", "categories": "category", "cat": "category", "kategorie": "category",
    "categoria": "category", "تصنيف": "category", "التصنيف": "category",
    "search": "search", "suche": "search", "recherche": "search", "buscar": "search", "بحث": "search",
    "البحث": "search",
}  # fmt: skip
# The same, but some sites have articles below them: a slug or a long number there outweighs the word.
_MAYBE_LISTING = {
    "topic": "tag", "topics": "tag", "tema": "tag", "temas": "tag", "themen": "tag", "thema": "tag", "موضوعات": "tag",
    "people": "author", "profile": "author", "profiles": "author", "user": "author", "users": "author",
    "staff": "author", "كتاب": "author", "section": "category", "sections": "category", "rubrik": "category",
    "قسم": "category", "أقسام": "category", "اقسام": "category",
}  # fmt: skip
# A segment above articles on many sites.
_STORY = frozenset({
    "article", "articles", "story", "stories", "news", "newsdetails", "details", "detail", "post", "posts", "content",
    "artikel", "noticia", "nota", "actu", "archives", "read", "view", "خبر", "أخبار", "اخبار", "مقال", "مقالات",
    "تفاصيل",
})  # fmt: skip
_STORY_PARAMETER = re.compile(
    r"(?:^|&)(?:id|p|nid|aid|sid|article|article_?id|news_?id|story_?id|item_?id|post_?id|art|art_?id|contentid|newsno|idx|idxno"
    r"|news|story)=\d{2,}",
)
_LIST_PARAMETER = re.compile(r"(?:^|&)(?:page|paged|pg|offset|start|cat|category|tag|author|s|q|query|search|keyword)=")
_DATE = re.compile(
    r"/(?:19|20)\d\d/(?:(?:1[0-2]|0?[1-9])(?!\d)|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*(?:/(?:[0-2]?\d|3[01])(?!\d))?"
    r"|(?<!\d)(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:[0-2]\d|3[01])(?!\d)"
    r"|(?<!\d)20\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(?!\d)"
    r"|/\d\d/(?:0[1-9]|1[0-2])/(?:[0-2]\d|3[01])(?=/)"
)
_ARCHIVE = re.compile(r"\d{4}(?:[_-]\d\d){0,2}[_-]archives?(?:\.\w+)?")  # of Blogger and others
_PAGE = re.compile(r"/(?:page|p|seite|صفحة)[/-]?\d{1,5}/?$")
_ID = re.compile(
    r"(?<![a-z\d])[a-z]{0,3}\d{4,}(?![a-z\d])|(?=[a-z]*\d)[a-z0-9]{9,}$|[0-9a-f]{8}-[0-9a-f]{4}-|\d[.,]\d{4,}"
)
_DIGIT = re.compile(r"\d")
_MORE = frozenset({
    "اقرأ المزيد", "إقرأ المزيد", "المزيد", "التفاصيل", "اقرأ أيضا", "read more", "more", "continue reading", "details",
})  # fmt: skip

ARTICLE_SCORE: Final = 0.55
"""The score from which a link counts as an article's."""

_DOUBT = 0.4


def classify_link(url: str, text: str = "", pattern: ArticlePattern | None = None) -> Likeness:
    """Classify a link by its canonical `url`, its visible `text` and the site's `pattern`.

    In doubt a page is admitted (`unknown`) so that no article is lost; only `other` is skipped.
    """
    path, query = _split(url)
    sure = _not_an_article(path, query)
    if (not sure or sure.kind == "section") and pattern and pattern.matches(url):
        return Likeness(kind="article", score=0.95, reason="has the shape of the site's articles")
    return sure or _by_score(path, query, text)


def is_feed(url: str) -> bool:
    """Return whether the path of a canonical URL is that of a feed, though not of one of comments."""
    path, _ = _split(url)
    return bool(_FEED.search(path)) and not any(word in path for word in ("sitemap", "comment"))


def _by_score(path: str, query: str, text: str) -> Likeness:
    score, reasons = _score(path, query, text)
    if score >= ARTICLE_SCORE:
        return Likeness(kind="article", score=score, reason=", ".join(reasons))
    if _LIST_PARAMETER.search(query) and not _STORY_PARAMETER.search(query):
        return Likeness(kind="section", score=min(score, 0.3), reason="list by its query")
    if (
        not _is_document(path)
        and score < _DOUBT
        and all(_words(segment) <= 1 and not _DIGIT.search(segment) for segment in path.split("/"))
    ):
        return Likeness(kind="section", score=score, reason="a short word or two")
    return Likeness(kind="unknown", score=score, reason=", ".join(reasons) or "nothing in the address tells")


def _split(url: str) -> tuple[str, str]:
    match = _ADDRESS.match(url)
    return (unquote(match.group(2)).lower(), (match.group(3) or "").lower()) if match else ("", "")


def _not_an_article(path: str, query: str) -> Likeness | None:
    segments = [segment for segment in path.split("/") if segment]
    if _ASSET.search(path):
        return Likeness(kind="other", score=0.0, reason="asset")
    if any(map(path.__contains__, _FEED_WORDS)) and _FEED.search(path):
        return Likeness(kind="other", score=0.0, reason="feed")
    if not segments:
        return None if _STORY_PARAMETER.search(query) else Likeness(kind="section", score=0.0, reason="home")
    service = next((segment for segment in segments if segment in _SERVICE or _bare(segment) in _SERVICE), "")
    is_story = service == "cgi-bin" and _STORY_PARAMETER.search(query)
    if service and not is_story and not _is_document(path) and _words(segments[-1]) < 4:
        return Likeness(kind="other", score=0.0, reason=f"service page ({service})")
    if _bare(segments[-1]) in _INSTITUTIONAL and not _STORY_PARAMETER.search(query):
        return Likeness(kind="other", score=0.05, reason=f"page about the site ({segments[-1]})")
    return _listing(path, segments)


def _is_document(path: str) -> bool:
    """Return whether the path is a PDF file, which may be an article or an issue of a newspaper, even among uploads."""
    return path.endswith(".pdf")


def _listing(path: str, segments: list[str]) -> Likeness | None:
    if _PAGE.search(path) and not _STORY.intersection(segments[-2:-1]):
        return Likeness(kind="section", score=0.05, reason="page of a list")
    for place, segment in enumerate(segments):
        below = segments[place + 1 :]
        name = _LISTING.get(segment) or _MAYBE_LISTING.get(segment)
        if name and len(below) <= 2 and not _story_below(below, doubt=segment in _MAYBE_LISTING):
            return Likeness(kind="section", score=0.05, reason=name)
    if _ARCHIVE.fullmatch(segments[-1]):
        return Likeness(kind="section", score=0.1, reason="list of a day or month")
    date = _date(path)
    if date and not path[date.end() :].strip("/"):
        before = _words(path[: date.start()].rpartition("/")[2])
        if before <= date[0].startswith("/"):  # a single word before the day is a section, several are a headline
            return Likeness(kind="section", score=0.1, reason="list of a day or month")
    return None


def _story_below(below: list[str], *, doubt: bool) -> bool:
    if not below:
        return False
    slug, number = _words(below[-1]) >= 4, bool(re.search(r"\d{5}", below[-1]))
    return (slug or number) if doubt else slug and (number or bool(_ENDING.search(below[-1])))


def _bare(segment: str) -> str:
    """Return a segment without its file ending."""
    return _ENDING.sub("", segment) if "." in segment else segment


def _date(path: str) -> re.Match[str] | None:
    return _DATE.search(path) if _DIGIT.search(path) else None


def _words(segment: str) -> int:
    return len(_WORD.findall(segment))


def _score(path: str, query: str, text: str) -> tuple[float, list[str]]:
    segments = [segment for segment in path.split("/") if segment]
    has_digit = _DIGIT.search(path) is not None
    signs = (
        (0.45, "date in the path", has_digit and bool(_DATE.search(path))),
        (0.4, "id in the path", has_digit and any(map(_ID.search, filter(_DIGIT.search, segments[-3:])))),
        (0.45, "id in the query", bool(query and _STORY_PARAMETER.search(query))),
        (0.2, "under a word for news", not _STORY.isdisjoint(segments[:-1])),
        (0.15, "file ending", bool(_ENDING.search(path)) and not _stem(segments).isalpha()),
    )
    evidence = [
        *_slug_evidence(segments),
        *((weight, reason) for weight, reason, there in signs if there),
        *_text_evidence(text),
    ]
    score = min(1.0, max(0.0, 0.1 + sum(weight for weight, _ in evidence)))
    return round(score, 2), [reason for _, reason in evidence]


def _stem(segments: list[str]) -> str:
    stem = _bare(segments[-1]) if segments else ""
    return segments[-2] if stem in {"index", "default", "amp"} and len(segments) > 1 else stem


def _slug_evidence(segments: list[str]) -> list[tuple[float, str]]:
    words = _words(_stem(segments))
    if words < 3 and len(segments) > 1 and _words(segments[-2]) >= 5:
        words = _words(segments[-2])  # the id follows the slug
    if words >= 6:
        return [(0.55, "long slug")]
    if words >= 4:
        return [(0.45, "slug")]
    return [(0.2, "short slug")] if words == 3 else []


def _text_evidence(text: str) -> list[tuple[float, str]]:
    bare = text.strip().lower().strip(".…:>» ")
    if not bare or bare in _MORE:
        return []
    words = len(bare.split())
    if words >= 6 or len(bare) >= 40:
        return [(0.3, "text like a headline")]
    if words >= 4:
        return [(0.15, "text of some words")]
    return [(-0.1, "text of few words")] if words <= 2 else []

"""Render articles and lists as HTML in the theme of their section."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from demo.content import Article, Block, Section, Site

TEMPLATES = Path(__file__).parent / "templates"
_LABELS = {
    "ar": {"also": "اقرأ أيضاً", "next": "التالي", "previous": "السابق", "pages": "الصفحات", "advert": "إعلان"},
    "fr": {"also": "À lire aussi", "next": "Suivant", "previous": "Précédent", "pages": "Pages", "advert": "Publicité"},
    "en": {"also": "Read also", "next": "Next", "previous": "Previous", "pages": "Pages", "advert": "Advertisement"},
}
_KINDS = {
    "/category/": "archive category",
    "/sport/": "archive category",
    "/health/": "archive category",
    "/tag/": "archive tag",
    "/author/": "archive author",
}
"""Classes that WordPress gives `body` for the lists under a path."""
_BLOCKS = {
    "paragraph": "<p>{}</p>",
    "heading": "<h2>{}</h2>",
    "quote": "<blockquote><p>{}</p></blockquote>",
    "byline": '<p class="writer"><strong>{}</strong></p>',
    "source": '<p class="post-source">{}</p>',
    "newsletter": '<div class="mc4wp-form"><p>اشترك بالنشرة البريدية للموقع</p>'
    '<input type="email" placeholder="أدخل بريدك الإلكتروني"><button>إشترك</button></div>',
}


@cache
def template(name: str) -> Template:
    """Return the template with that name, `THEME/PART` without its suffix."""
    return Template((TEMPLATES / f"{name}.html").read_text("utf-8"))


def href(path: str) -> str:
    """Return a path percent-encoded for a link, as WordPress does (UTF-8)."""
    return quote(path, safe="/?=&#.")


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders one edition of the site; `base` is the site's address without a final slash."""

    site: Site
    base: str

    def url(self, path: str) -> str:
        """Return the absolute URL of a path."""
        return self.base + href(path)

    def article(self, article: Article, number: int = 1) -> str:
        """Return page `number` (from 1) of an article."""
        values = self._article_values(article, number)
        theme = article.section.theme
        values["head"] = template(f"{theme}/head").substitute(values)
        values["main"] = template(f"{theme}/article").substitute(values)
        return template(f"{theme}/page").substitute(values)

    def twin(self, article: Article, kind: str) -> str:
        """Return the AMP or print page of an article."""
        values = self._article_values(article, 1)
        values["body"] = self.body(article.section, list(article.blocks))
        return template(f"other/{kind}").substitute(values)

    def list_page(self, theme: str, title: str, articles: Iterable[Article], *, path: str, pager: str = "") -> str:
        """Return a page that lists articles."""
        cards = "\n".join(self.card(article, theme) for article in articles)
        values = self._common(theme) | {"title": escape(title), "cards": cards, "pager": pager}
        return self.frame(theme, title, template(f"{theme}/list").substitute(values), path=path)

    def home(self) -> str:
        """Return the front page: a box of the newest articles for each Arabic section."""
        boxes = []
        for section in self.site.sections:
            if section.language == "ar":
                cards = "".join(self.card(article, "jannah", track=True) for article in self.site.of(section)[:3])
                boxes.append(
                    f'<section class="mag-box"><div class="mag-box-title"><h3><a href="{self.url(section.path)}">'
                    f'{section.name}</a></h3></div><ul class="posts-items">{cards}</ul></section>'
                )
        main = f'<div class="main-content tie-col-md-8" role="main">{"".join(boxes)}</div>'
        return self.frame("jannah", self.site.raw["name"], main, path="/")

    def frame(self, theme: str, title: str, main: str, *, path: str) -> str:
        """Return a page with `main` in the theme's frame, for pages that are not articles."""
        head = (
            f'<title>{escape(title)}</title><link rel="canonical" href="{self.url(path)}">'
            f'<meta property="og:type" content="website"><meta property="og:title" content="{escape(title)}">'
        )
        kind = next((words for start, words in _KINDS.items() if path.startswith(start)), "page")
        if theme == "jannah" and kind.startswith("archive"):
            page: dict[str, object] = {
                "@type": "CollectionPage",
                "@id": self.url(path),
                "url": self.url(path),
                "name": title,
            }
            head += f'<script type="application/ld+json" class="yoast-schema-graph">{_json([page])}</script>'
        if path.startswith("/category/") and "/page/" not in path:
            head += f'<link rel="alternate" type="application/rss+xml" href="{self.url(path)}feed/">'
        values = self._common(theme) | {"head": head, "main": main, "kind": "home blog" if path == "/" else kind}
        return template(f"{theme}/page").substitute(values)

    def other(self, name: str, **values: str) -> str:
        """Return one of the templates in `other/`, filled in."""
        return template(f"other/{name}").substitute(self._common("jannah") | values)

    def card(self, article: Article, theme: str, *, track: bool = False) -> str:
        """Return an article in a list; `track` adds campaign parameters to the link."""
        url = self.url(article.path)
        if track and "amp" in article.twins:
            url += "?utm_source=home&amp;utm_medium=box&amp;utm_campaign=daily"
        return template(f"{theme}/card").substitute(
            url=url,
            title=escape(article.title),
            image=self._image(article),
            shown_date=escape(article.shown_date),
            summary=escape(article.summary),
        )

    def body(self, section: Section, blocks: list[Block]) -> str:
        """Return blocks as HTML."""
        out: list[str] = []
        for kind, group in groupby(blocks, key=lambda block: block.kind):
            if kind == "item":
                out.append("<ul>" + "".join(f"<li>{self._inline(block.text)}</li>" for block in group) + "</ul>")
            else:
                out.extend(self._block(section, block) for block in group)
        return "\n".join(out)

    def _block(self, section: Section, block: Block) -> str:
        text, labels = self._inline(block.text), _LABELS[section.language]
        match block.kind:
            case "image":
                return self._figure(*(part.strip() for part in block.text.split("|")))
            case "also":
                link = self._link(self.site.by_id(int(block.text)))
                return f'<p class="read-also"><strong>{labels["also"]}: {link}</strong></p>'
            case "advert":
                return f'<div class="stream-item ads"><span>{labels["advert"]}</span></div>'
            case kind:
                return _BLOCKS[kind].format(text)

    def _figure(self, name: str, caption: str) -> str:
        picture = f'<img src="{self.base}/static/{name}" alt="" width="640" height="360">'
        caption = f'<figcaption class="wp-caption-text">{escape(caption)}</figcaption>'
        return f'<figure class="wp-caption aligncenter">{picture}{caption}</figure>'

    def _inline(self, text: str) -> str:
        text = escape(text, quote=False)
        text = re.sub(r"\[([^\]]+)\]\(([^)]+)\)", rf'<a href="{self.base}\2">\1</a>', text)
        return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text)

    def _image(self, article: Article) -> str:
        return f"{self.base}/static/{article.image or 'paper.svg'}"

    def _common(self, theme: str) -> dict[str, str]:
        raw, day = self.site.raw, self.site.raw["editions"][str(self.site.edition)]
        nav = "".join(
            f'<li class="menu-item"><a href="{self.url(section.path)}">{section.name}</a></li>'
            for section in self.site.sections
        )
        popular = [self.site.by_id(number) for number in raw["popular"]]
        return {
            "base": self.base,
            "name": raw["name"],
            "name_fr": raw["name_fr"],
            "name_en": raw["name_en"],
            "notice": raw["notice"],
            "nav": nav.replace("</li>", "<br></li>") if theme == "table" else nav,
            "popular": "".join(f"<li>{self._link(article)}</li>" for article in popular),
            "today": day["shown"],
            "views": str(day["views"]),
        }

    def _link(self, article: Article) -> str:
        return f'<a href="{self.url(article.path)}">{escape(article.title)}</a>'

    def _article_values(self, article: Article, number: int) -> dict[str, str]:
        site, section, pages = self.site, article.section, article.pages()
        others = site.stable(section, without=article)
        canonical = self.url(article.path if number == 1 else f"{article.path}{number}/")
        listed = section.theme in {"simple", "schema"}
        related = "".join(f"<li>{self._link(other)}</li>" if listed else self._related(other) for other in others[:3])
        tags = [f'<a href="{self.url(tag_path(tag))}" rel="tag">{escape(tag)}</a>' for tag in article.tags]
        views = site.raw["editions"][str(site.edition)]["views"] + article.id % 97
        return self._common(section.theme) | {
            "id": str(article.id),
            "kind": "wp-singular post-template-default single single-post",
            "title": escape(article.title),
            "summary": escape(article.summary),
            "canonical": canonical,
            "quoted": quote(canonical, safe=""),
            "section": escape(section.name),
            "section_url": self.url(section.path),
            "authors": escape(", ".join(article.authors)),
            "author_url": self.url(author_path(article.authors[0])) if article.authors else self.url("/about/"),
            "author_links": "، ".join(self._author(name) for name in article.authors),
            "published": article.published.isoformat(),
            "modified": article.modified.isoformat(),
            "shown_date": escape(article.shown_date),
            "image": self._image(article),
            "body": self.body(section, pages[number - 1]),
            "pager": self._pager(article, number, len(pages)),
            "tag_links": " ".join(tags),
            "tag_items": "".join(f"<li>{tag}</li>" for tag in tags),
            "related": related,
            "neighbours": self._link(others[0]) if others else "",
            "check_also": self._link(others[-1]) if others else "",
            "views_here": str(views),
            "head_links": self._head_links(article, number, len(pages)),
            "jsonld": self._jsonld(article),
        }

    def _author(self, name: str) -> str:
        return f'<a href="{self.url(author_path(name))}" class="author-name" rel="author">{escape(name)}</a>'

    def _related(self, article: Article) -> str:
        return f'<div class="related-item"><h3 class="post-title">{self._link(article)}</h3></div>'

    def _head_links(self, article: Article, number: int, pages: int) -> str:
        links = [f'<link rel="shortlink" href="{self.base}/?p={article.id}">']
        if "amp" in article.twins:
            links.append(f'<link rel="amphtml" href="{self.url(article.path)}amp/">')
        if number < pages:
            links.append(f'<link rel="next" href="{self.url(article.path)}{number + 1}/">')
        if number > 1:
            links.append(f'<link rel="prev" href="{self.url(article.path)}">')
        return "\n".join(links)

    def _pager(self, article: Article, number: int, pages: int) -> str:
        links = []
        if pages > 1:
            for other in range(1, pages + 1):
                url = self.url(article.path if other == 1 else f"{article.path}{other}/")
                links.append(
                    f"<span>{other}</span>"
                    if other == number
                    else f'<a class="post-page-numbers" href="{url}">{other}</a>'
                )
            label = _LABELS[article.language]["pages"]
            links = [f'<div class="multiple-post-pages page-links">{label}: {" ".join(links)}</div>']
        if "print" in article.twins:
            links.append(f'<a class="print-link" rel="nofollow" href="{self.url(article.path)}print/">نسخة للطباعة</a>')
        return "".join(links)

    def _jsonld(self, article: Article) -> str:
        raw, url = self.site.raw, self.url(article.path)
        graph: list[dict[str, object]] = [
            {
                "@type": "WebSite",
                "@id": f"{self.base}/#website",
                "url": f"{self.base}/",
                "name": raw["name"],
                "inLanguage": "ar",
            },
            {
                "@type": "NewsArticle",
                "@id": f"{url}#article",
                "headline": article.title,
                "datePublished": article.published.isoformat(),
                "dateModified": article.modified.isoformat(),
                "mainEntityOfPage": {"@id": url},
                "author": [{"@type": "Person", "name": name} for name in article.authors],
                "publisher": {"@type": "Organization", "name": raw["name"]},
                "image": {"@type": "ImageObject", "url": self._image(article)},
                "articleSection": [article.section.name],
                "keywords": list(article.tags),
                "inLanguage": "ar",
            },
        ]
        return _json(graph)


def _json(graph: list[dict[str, object]]) -> str:
    """Return a JSON-LD graph for a script element; `</` is escaped, because it would end the element."""
    return json.dumps({"@context": "https://schema.org", "@graph": graph}, ensure_ascii=False).replace("</", "<\\/")


def tag_path(tag: str) -> str:
    """Return the path of a tag's page."""
    return f"/tag/{tag.replace(' ', '-')}/"


def author_path(name: str) -> str:
    """Return the path of an author's page."""
    return f"/author/{name.replace(' ', '-')}/"

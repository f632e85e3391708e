"""Write the expected contents of an archive of the demo site to `expected.json`: `python -m demo.expected`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.content import load, paragraphs
from demo.site import CHALLENGES, MOVED, NOT_ARTICLES, build

if TYPE_CHECKING:
    from demo.content import Article, Site

FILE = Path(__file__).parent / "expected.json"
_BASE = "http://127.0.0.1:8000"


def expected() -> dict[str, Any]:
    """Return the expected contents: `edition1` has every article and every other page, `edition2` the changes; paths are unquoted."""
    first, second = load(1), load(2)
    before = {article.id: _article(article) for article in first.articles}
    after = {article.id: _article(article) for article in second.articles}
    paths = {article.id: article.path for article in (*first.articles, *second.articles)}
    pages, next_pages = build(1, _BASE), build(2, _BASE)
    same_article = {path for number, path in paths.items() if before.get(number) == after.get(number)}
    return {
        "edition1": {
            "articles": {paths[number]: entry for number, entry in before.items()},
            "not_articles": _not_articles(first),
            "twins": {f"{a.path}{twin}/": a.path for a in first.articles for twin in a.twins},
            "redirects": {path: paths[number] for path, number in MOVED.items()},
            "disallowed": ["/private/newsroom/"],
            "sitemap_only": [article.path for article in first.articles if not article.linked],
        },
        "edition2": {
            "new": {paths[number]: entry for number, entry in after.items() if number not in before},
            "changed": {paths[n]: entry for n, entry in after.items() if n in before and entry != before[n]},
            "deleted": [article.path for article in second.gone],
            "new_bytes_same_article": sorted(p for p in same_article if pages[p].body != next_pages[p].body),
        },
    }


def _article(article: Article) -> dict[str, Any]:
    pages, theme = article.pages(), article.section.theme
    standfirst = [article.summary] if theme == "schema" else []  # the one theme that prints it above the text
    entry: dict[str, Any] = {
        "title": article.title,
        "section": article.section.name if theme != "table" else "",  # a word in a line of its own says too little
        "authors": list(article.authors),
        "language": article.language,
        # the old table pages give only the day
        "date_published": (article.published.date() if theme == "table" else article.published).isoformat(),
        "paragraphs": [*standfirst, *paragraphs(article.blocks)],
    }
    if len(pages) > 1:
        entry["pages"] = {
            article.path if number == 1 else f"{article.path}{number}/": len(paragraphs(page))
            for number, page in enumerate(pages, 1)
        }
    return entry


def _not_articles(site: Site) -> dict[str, str]:
    # the front pages of the two smaller editions are also their section pages
    reasons = {"/": "home", "/fr/": "home", "/en/": "home", **dict.fromkeys(CHALLENGES, "challenge"), **NOT_ARTICLES}
    sections = {section.path for section in site.sections}
    for path, resource in build(1, _BASE).items():
        if resource.status != 200 or not resource.content_type.startswith("text/html"):
            continue
        if path not in reasons and any(path == section or path.startswith(f"{section}page/") for section in sections):
            reasons[path] = "section"
        elif path.startswith(("/tag/", "/author/")):
            reasons[path] = "tag"
    return reasons


def main() -> None:
    """Write `expected.json`."""
    FILE.write_text(json.dumps(expected(), ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

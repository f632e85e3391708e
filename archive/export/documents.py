"""Export articles for reading, one after another in one file: plain text, Markdown, and self-contained HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

from archive.body import direction, escaped, html, markdown
from archive.files import replace_file
from archive.index.columns import body_of
from archive.urls import display

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from archive.export.source import Source

_STYLE: Final = (
    "body{max-width:42rem;margin:2rem auto;padding:0 1rem;font:1.1rem/1.7 'Noto Naskh Arabic','Noto Serif',Georgia,serif}"
    "article{border-bottom:1px solid;padding-bottom:2rem;margin-bottom:3rem}"
    "header p,figcaption,.missing,.embed,.time{font-size:.9em;opacity:.75}"
    "blockquote{margin-inline:0;padding-inline-start:1rem;border-inline-start:3px solid}figure{margin-inline:0}"
    ".table{overflow-x:auto}table{border-collapse:collapse}th,td{border:1px solid;padding:.3em .7em;text-align:start}"
    "pre{overflow-x:auto}.question{font-weight:bold}@media print{article{break-after:page;border:0}}"
)
_HEAD: Final = (
    '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
    "<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n"
)


def write_txt(source: Source, target: Path) -> int:
    """Write `target`: title, byline, paragraphs, source, a rule between two articles; return the number of articles."""
    return save_articles(source, target, _txt, between="\n* * *\n\n")


def write_markdown(source: Source, target: Path) -> int:
    """Write `target`: the same with the structure of the articles, titles as first-level headings."""
    return save_articles(source, target, _markdown, between="\n---\n\n")


def write_html(source: Source, target: Path) -> int:
    """Write `target`: one page without scripts or external resources; pictures become captions with links to the originals."""
    head = _HEAD.format(title=escape(source.title or source.collection.name), style=_STYLE)
    return save_articles(source, target, article_html, head=head, foot="</body>\n</html>\n")


def save_articles(
    source: Source,
    target: Path,
    text_of: Callable[[Mapping[str, Any]], str],
    *,
    between: str = "",
    head: str = "",
    foot: str = "",
) -> int:
    """Write each article as text, with `between` between two; return their number."""
    count = 0

    def pieces() -> Iterator[bytes]:
        nonlocal count
        yield head.encode()
        for row in source.articles:
            yield ((between if count else "") + text_of(row)).encode("utf-8", "replace")
            count += 1
        yield foot.encode()

    replace_file(target, pieces())
    return count


def _byline(row: Mapping[str, Any]) -> str:
    return " · ".join(
        filter(None, (row.get("author"), row.get("date_published") or row.get("date"), row.get("sitename")))
    )


def _txt(row: Mapping[str, Any]) -> str:
    head = "\n".join(filter(None, (row["title"], _byline(row), display(row["url"]))))
    paragraphs = row["text"].replace("\n", "\n\n")
    return f"{head}\n\n{paragraphs}\n"


def _markdown(row: Mapping[str, Any]) -> str:
    head = (f"# {escaped(row['title'])}", escaped(_byline(row)), f"<{row['url']}>", markdown(body_of(row)))
    return "\n\n".join(filter(None, head)).rstrip() + "\n"


def article_html(row: Mapping[str, Any]) -> str:
    """Return an article as an HTML element: headline, byline with a link to the original, structured text."""
    language = row.get("language") or ""
    name = f' lang="{escape(language)}"' if language else ""
    address = escape(row["url"])
    facts = " · ".join(filter(None, (escape(_byline(row)), f"<bdi>{escape(display(row['url']))}</bdi>")))
    link = f'<a href="{address}">{facts}</a>' if row["url"].startswith(("http://", "https://")) else facts
    return (
        f'<article{name} dir="{direction(language)}">\n<header><h1>{escape(row["title"])}</h1><p>{link}</p></header>\n'
        f"{html(body_of(row), language=language)}</article>\n"
    )

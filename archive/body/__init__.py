"""The shape of an article: its blocks in order, and what is made of them (plain text, HTML, Markdown, JSON)."""

from archive.body.as_html import HtmlOptions, direction, html
from archive.body.as_json import MAX_BLOCKS, MAX_CHARS, as_data, dumps, loads
from archive.body.as_markdown import escaped, markdown
from archive.body.blocks import (
    MARKS,
    MAX_DEPTH,
    Block,
    Body,
    Kind,
    Mark,
    Span,
    figures_of,
    paragraphs,
    plain_text,
    words_of,
)
from archive.body.marking import count_marks, marked

__all__ = [
    "MARKS",
    "MAX_BLOCKS",
    "MAX_CHARS",
    "MAX_DEPTH",
    "Block",
    "Body",
    "HtmlOptions",
    "Kind",
    "Mark",
    "Span",
    "as_data",
    "count_marks",
    "direction",
    "dumps",
    "escaped",
    "figures_of",
    "html",
    "loads",
    "markdown",
    "marked",
    "paragraphs",
    "plain_text",
    "words_of",
]

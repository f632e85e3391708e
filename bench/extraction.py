"""Score text extraction on pages with expected texts: warraq, trafilatura's modes, and peers if installed.

    python bench/extraction.py [FOLDER ...] [--peers] [--worst 10] [--limit 50] [--only 'trafilatura with metadata']

A folder is a corpus (`pages.jsonl`, gzipped pages) or contains corpora; the default is WARRAQ_CORPORA or
../shared/corpora. Each line of pages.jsonl has `url`, `html` (path of the page), and either `gold` (the expected text;
`gold_min`, an alternative) or `with` and `without` (snippets that the text must and must not contain).

Word F1 is the overlap of the two bags of words (NFKC, lower case, without Arabic vowel marks and tatweel, scripts without
spaces by character), as a mean over pages. Snippet F is over all pages. CPU is process time a page for the whole call,
without the first page of each extractor.
Structure: the lines of the expected text that are headings (h2 to h6), list items or lines of a quotation in the page's
markup, outside `nav`, `header`, `footer` and `aside`, and not links, are compared with warraq's blocks, over all pages
with any of the kind. Blocks that are not in the expected text count as errors.
`--without names` replaces all classes and ids, and `--without names,sections` also `article`, `main` and the like, so that
nothing names the article: this shows how much of a figure depends on the names that sites use.
Peers (resiliparse, newspaper4k, readability-lxml, news-please) need their own environment, for example
    uv run --with resiliparse,newspaper4k,readability-lxml python bench/extraction.py --peers
news-please needs newspaper3k, whose module name is the same as newspaper4k's, so measure it without that.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import logging
import os
import re
import statistics
import time
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import trafilatura
from lxml import etree, html

from archive.article import Page
from archive.body import plain_text, span_text
from archive.extract import extract
from archive.extract.document import read_document
from archive.extract.metadata.reading import Metadata
from archive.extract.text import find_text, main_content
from bench.support.unnamed import CHANGES, without

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from archive.article import Article
    from archive.body import Block

    Extractor = Callable[[bytes, str], str]

NOW = datetime(2026, 8, 1, tzinfo=UTC)
SIGNS = re.compile("[\u064b-\u065f\u0670\u0640\u200c-\u200f\u202a-\u202e]")
UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f\u1000-\u109f"
KINDS = ("heading", "item", "quote")
MARKUP = {"h2": "heading", "h3": "heading", "h4": "heading", "h5": "heading", "h6": "heading", "li": "item"}
OUTSIDE = {"nav", "header", "footer", "aside", "form"}
WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")


def words(text: str) -> list[str]:
    return WORD.findall(SIGNS.sub("", unicodedata.normalize("NFKC", text)).lower())


def word_score(text: str, gold: str) -> tuple[float, float, float]:
    """Return precision, recall and F1 of the bags of words."""
    found, wanted = Counter(words(text)), Counter(words(gold))
    if not found or not wanted:
        return (1.0, 1.0, 1.0) if found == wanted else (0.0, 0.0, 0.0)
    common = (found & wanted).total()
    precision, recall = common / found.total(), common / wanted.total()
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0


def best_score(text: str, page: dict[str, Any]) -> tuple[float, float, float]:
    golds = dict.fromkeys(gold for gold in (page["gold"], page.get("gold_min")) if gold)
    return max((word_score(text, gold) for gold in golds), key=lambda score: score[2])


def holds(text: str, snippet: str) -> bool:
    return " ".join(snippet.split()) in " ".join(text.split())


def share(line: str, gold: str) -> float:
    """Return the share of a line's sequences of four words (fewer in a shorter line) that are in the expected text."""
    ours, theirs = words(line), words(gold)
    size = min(4, len(ours))
    sequences = list(zip(*(ours[start:] for start in range(size)), strict=False))
    known = set(zip(*(theirs[start:] for start in range(size)), strict=False))
    return sum(sequence in known for sequence in sequences) / len(sequences) if sequences else 0.0


def line_of(text: str) -> str:
    return " ".join(words(text.removeprefix("- ")))


def wanted_shapes(body: bytes, gold: str) -> dict[str, Counter[str]]:
    """Return the lines of the expected text that are headings, items and quotations in the page's markup."""
    lines = {line_of(line) for line in gold.split("\n")} - {""}
    found: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    tree = html.document_fromstring(body)
    said = {
        line_of(str(p.text_content()))
        for p in tree.iter("p")
        if not any(True for _ in p.iterancestors("li", "blockquote"))
    }
    for quote in tree.iter("blockquote"):
        if not {str(holder.tag) for holder in quote.iterancestors()} & OUTSIDE:
            found["quote"].update(dict.fromkeys(lines & {line_of(line) for line in lines_within(quote)}, 1))
    for element in tree.iter("h2", "h3", "h4", "h5", "h6", "li", "blockquote", "p"):
        line = line_of(str(element.text_content()))
        holders = {str(holder.tag) for holder in element.iterancestors()}
        if line not in lines or holders & OUTSIDE or is_link(element):
            continue
        kind = "quote" if holders & {"blockquote"} or element.tag == "blockquote" else MARKUP.get(str(element.tag), "")
        if kind and not (kind == "item" and line in said):
            found[kind][line] = 1
    return found


def lines_within(quote: html.HtmlElement) -> list[str]:
    """Return the lines of a quotation, including those outside its paragraphs, such as the source below a post."""
    lines = [""]
    for event, element in etree.iterwalk(quote, events=("start", "end")):
        if element is not quote and element.tag in {"p", "br", "div", "footer", "ul", "ol", "li"}:
            lines.append("")
        text = element.text if event == "start" else element.tail if element is not quote else ""
        lines[-1] += text or ""
    return lines


def is_link(element: html.HtmlElement) -> bool:
    """Return whether an element is only a link, like an item of a table of contents, which repeats a heading."""
    linked = sum(len(str(link.text_content()).strip()) for link in element.iter("a"))
    return linked >= 0.9 * len(str(element.text_content()).strip())


def shapes_of(blocks: Iterable[Block], within: str = "") -> Iterator[tuple[str, str]]:
    """Yield the headings, items and paragraphs of quotations of an article's body, with their kinds."""
    for block in blocks:
        match within, block.kind:
            case _, "list":
                for item in block.items:
                    yield within or "item", line_of(plain_text(item))
                    yield from shapes_of([inner for inner in item if inner.kind == "list"], within)
            case _, "quote":
                yield from (("quote", line_of(text)) for text in plain_text(block.blocks or (block,)).split("\n"))
            case "", "heading":
                yield "heading", line_of(span_text(block.spans))
            case _:
                yield from shapes_of(block.blocks, within)


@dataclass
class Tally:
    """The scores of one extractor on one corpus."""

    scores: list[tuple[float, float, float]] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    hits: int = 0
    misses: int = 0
    alarms: int = 0
    failures: int = 0
    pages: list[tuple[float, str, str]] = field(default_factory=list)  # F1, URL, how
    shapes: Counter[tuple[str, str]] = field(default_factory=Counter)  # by kind: `found`, `wanted`, `both`
    asked: int = 0  # pages that trafilatura read whole

    def add(self, page: dict[str, Any], text: str, how: str) -> None:
        if page.get("gold"):
            score = best_score(text, page)
            self.scores.append(score)
            self.pages.append((score[2], page["url"], f"P {score[0]:.2f} R {score[1]:.2f} {how}"))
        found = sum(holds(text, snippet) for snippet in page.get("with") or ())
        self.hits += found
        self.misses += len(page.get("with") or ()) - found
        self.alarms += sum(holds(text, snippet) for snippet in page.get("without") or ())

    def add_shapes(self, body: bytes, gold: str, article: Article) -> None:
        found: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
        for kind, line in shapes_of(article.body):
            found[kind][line] = 1
        for kind, wanted in wanted_shapes(body, gold).items():
            if wanted:
                self.shapes[kind, "wanted"] += wanted.total()
                self.shapes[kind, "found"] += found[kind].total()
                self.shapes[kind, "both"] += (wanted & found[kind]).total()

    def shape_rows(self) -> list[list[str]]:
        rows = []
        for kind in KINDS:
            wanted, found, both = (self.shapes[kind, part] for part in ("wanted", "found", "both"))
            if wanted:
                scores = (2 * both / (wanted + found), both / max(found, 1), both / wanted)
                rows.append([kind, str(wanted), *(f"{score:.3f}" for score in scores)])
        return rows

    def row(self) -> list[str]:
        means = [
            f"{statistics.fmean(score[part] for score in self.scores):.4f}" if self.scores else "" for part in (2, 0, 1)
        ]
        found = 2 * self.hits + self.misses + self.alarms
        snippets = f"{2 * self.hits / found:.4f}" if found else ""
        cpu = statistics.fmean(self.milliseconds)
        return [*means, snippets, f"{cpu:.1f}", f"{statistics.median(self.milliseconds):.1f}", str(self.failures)]


def load(corpus: Path, limit: int) -> Iterator[dict[str, Any]]:
    with (corpus / "pages.jsonl").open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if limit and number >= limit:
                return
            page = json.loads(line)
            if page.get("gold") or page.get("with"):
                yield page


def ours(body: bytes, url: str) -> tuple[Article | None, str]:
    """Return the article and the route that found it, or None and the reason."""
    answer = extract(Page(body=body, url=url, fetched_at=NOW))
    return answer.article, answer.article.route if answer.article else f"{answer.reason}: {answer.detail}"


def _text_alone(body: bytes, url: str) -> str:
    """Extract only the text, without metadata, links and verdict, to compare the CPU with that of trafilatura's modes."""
    return find_text(read_document(Page(body=body, url=url, fetched_at=NOW)), Metadata()).article()


def _trafilatura(**options: bool) -> Extractor:
    def run(body: bytes, url: str) -> str:
        found: Any = trafilatura.bare_extraction(body, url=url, include_comments=False, **options)
        return found.text if found and found.text else ""

    return run


def _peer(module: str, build: Callable[[Any], Extractor]) -> Extractor | None:
    try:
        return build(importlib.import_module(module))
    except ImportError:
        print(f"{module} is not installed: left out")
        return None


def peers() -> dict[str, Extractor]:
    def resiliparse(module: Any) -> Extractor:
        return lambda body, _url: module.extract_plain_text(body.decode("utf-8", "replace"), main_content=True)

    def newspaper(module: Any) -> Extractor:
        def run(body: bytes, url: str) -> str:
            article = module.Article(url)
            article.download(input_html=body.decode("utf-8", "replace"))
            article.parse()
            return str(article.text)

        return run

    def readability(module: Any) -> Extractor:
        html = importlib.import_module("lxml.html")

        def run(body: bytes, _url: str) -> str:
            summary = module.Document(body.decode("utf-8", "replace")).summary()
            return str(html.fromstring(summary).text_content())

        return run

    def newsplease(module: Any) -> Extractor:
        return lambda body, url: module.NewsPlease.from_html(body.decode("utf-8", "replace"), url=url).maintext or ""

    found = {
        "resiliparse": _peer("resiliparse.extract.html2text", resiliparse),
        "newspaper4k": _peer("newspaper", newspaper),
        "readability-lxml": _peer("readability", readability),
        "news-please": _peer("newsplease", newsplease),
    }
    return {name: extractor for name, extractor in found.items() if extractor}


def measure(name: str, extractor: Extractor, pages: Iterable[tuple[dict[str, Any], bytes]]) -> Tally:
    tally = Tally()
    for number, (page, body) in enumerate(pages):
        if not number:
            timed(extractor, body, page["url"])
        text, spent, failed = timed(extractor, body, page["url"])
        tally.milliseconds.append(spent)
        tally.failures += failed
        tally.add(page, text, name)
    return tally


def timed(extractor: Extractor, body: bytes, url: str) -> tuple[str, float, bool]:
    begun = time.process_time()
    try:
        text, failed = extractor(body, url), False
    except Exception:  # noqa: BLE001  a peer that fails on a page scores nothing there
        text, failed = "", True
    return text, 1000 * (time.process_time() - begun), failed


def measure_ours(pages: Iterable[tuple[dict[str, Any], bytes]]) -> tuple[Tally, list[tuple[str, str, str]]]:
    """Return warraq's scores, and the dropped lines that are in the expected text, as (URL, rule, line)."""
    tally, lost = Tally(), []
    for number, (page, body) in enumerate(pages):
        if not number:
            ours(body, page["url"])
        with patch.object(main_content, "whole", wraps=main_content.whole) as whole:
            begun = time.process_time()
            article, how = ours(body, page["url"])
            tally.milliseconds.append(1000 * (time.process_time() - begun))
        tally.asked += whole.called
        text = article.text if article else ""
        tally.add(page, text, how)
        gold = page.get("gold") or "\n".join(page.get("with") or ())
        lost += [
            (page["url"], drop.rule, drop.line)
            for drop in (article.dropped if article else ())
            if len(words(drop.line)) > 3 and share(drop.line, gold) >= 0.8 and share(drop.line, text) < 0.8
        ]
        if article and page.get("gold"):
            tally.add_shapes(body, gold, article)
    return tally, lost


def table(rows: list[list[str]], heads: list[str]) -> None:
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def report(corpus: Path, arguments: argparse.Namespace, rivals: dict[str, Extractor]) -> None:
    pages = [(page, gzip.decompress((corpus / page["html"]).read_bytes())) for page in load(corpus, arguments.limit)]
    if arguments.without:
        pages = [(page, without(body, arguments.without)) for page, body in pages]
    if not pages:
        return
    print(f"\n## {corpus.name}: {len(pages)} pages\n")
    mine, lost = measure_ours(pages)
    rows = [["warraq", *mine.row()]]
    rows += [[name, *measure(name, extractor, pages).row()] for name, extractor in rivals.items()]
    table(rows, ["extractor", "word F1", "P", "R", "snippet F", "CPU ms", "median", "failed"])
    print(f"\ntrafilatura was asked to read the whole of {mine.asked} pages.")
    if shapes := mine.shape_rows():
        print("\nStructure of ours:\n")
        table(shapes, ["kind", "expected", "F1", "P", "R"])
    worst = sorted(mine.pages)[: arguments.worst]
    if worst:
        print("\nWorst pages of ours:\n")
        table([[f"{score:.3f}", how, url[:90]] for score, url, how in worst], ["F1", "how", "page"])
    print(f"\nDropped lines of four words and more that the expected text has: {len(lost)}")
    for url, rule, line in lost:
        print(f"- {rule}: {line[:100]} ({url[:60]})")


def corpora(folders: list[Path]) -> list[Path]:
    found = []
    for folder in folders:
        found += (
            [folder]
            if (folder / "pages.jsonl").is_file()
            else sorted(path.parent for path in folder.glob("*/pages.jsonl"))
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--peers", action="store_true", help="measure other extractors that are installed")
    parser.add_argument("--worst", type=int, default=5, help="how many of the worst pages to list")
    parser.add_argument("--limit", type=int, default=0, help="pages of each corpus (0: all)")
    parser.add_argument("--only", default="", help="rivals to measure beside ours, by name, parted by commas (all)")
    parser.add_argument(
        "--without",
        type=lambda value: value.split(","),
        default=[],
        metavar="KINDS",
        help=f"take these from the pages first: {', '.join(CHANGES)}",
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.without) - set(CHANGES):
        parser.error(f"{', '.join(sorted(unknown))}: not among {', '.join(CHANGES)}")
    logging.disable(logging.ERROR)
    default = os.environ.get("WARRAQ_CORPORA") or Path(__file__).resolve().parents[2] / "shared" / "corpora"
    found = corpora(arguments.folders or [Path(default)])
    if not found:
        parser.exit(
            2,
            f"no corpus (a folder with pages.jsonl) in {arguments.folders or default}: name one, or set WARRAQ_CORPORA\n",
        )
    rivals: dict[str, Extractor] = {
        "warraq, text alone": _text_alone,
        "trafilatura": _trafilatura(),
        "trafilatura precision": _trafilatura(favor_precision=True),
        "trafilatura fast": _trafilatura(fast=True),
        "trafilatura with metadata": _trafilatura(with_metadata=True),
    }
    if arguments.peers:
        rivals |= peers()
    if arguments.only:
        wanted = [name.strip() for name in arguments.only.split(",")]
        if unknown := set(wanted) - set(rivals):
            parser.error(f"{', '.join(sorted(unknown))}: not among {', '.join(rivals)}")
        rivals = {name: rivals[name] for name in wanted}
    for corpus in found:
        report(corpus, arguments, rivals)


if __name__ == "__main__":
    main()

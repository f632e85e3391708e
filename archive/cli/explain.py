"""Define `warraq explain`: show which parts of a page are its article, which evidence decided, and what was left out and why."""

from __future__ import annotations

from collections import defaultdict
from gettext import gettext as _
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final, Literal

import click

from archive import urls
from archive.cli.output import address, archive_with, isolate, json_option, print_json
from archive.locale import n_, translated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archive.article import ExplainedLine, Explanation

ROUTES: Final = {
    "json-ld": "The page declares its text (articleBody in its JSON-LD), and these lines match it.",
    "markup": "The page's markup leaves no doubt: nearly all text of one element is plainly the article's.",
    "itemprop": "The page declares which element holds its article; the extractor trafilatura chose these lines in it.",
    "fast": "The extractor trafilatura chose these lines in a quick reading of the page.",
    "full": "The extractor trafilatura chose these lines in a full reading of the page; a quick one left doubt.",
    "densest": "No source found running text, so the element with the most text was taken.",
    "own": "This text is under the page's title; a longer one is elsewhere on the page.",
    "state": "The page's body has no article; this is the text in the data of its scripts.",
    "pdf": "This is the text of a PDF file.",
    "declared": "The page does not show its text, so the declared text is used instead.",
    "rescued": "Paragraphs were restored from the text that the page declares.",
}
"""The method that decided, by the parts of a route."""

REASONS: Final = {
    "not-article": "nothing marks it as the article's",
    "hidden": "hidden from readers",
    "title": "the title, repeated",
    "repeated": "repeats an earlier line",
    "outside": "outside the article's element",
    "caption": "picture captions",
    "linked-line": "links to other pages",
    "linked-list": "lists of links",
    "label-link": "“read also” and its link",
    "teaser": "teasers of other articles",
    "pull-quote": "quotations of a paragraph",
    "comments": "readers' comments",
    "widget": "widgets, such as forms",
    "embed": "placeholders of embedded posts",
    "other-article": "another article",
    "site": "lines that the site repeats",
    "author": "the byline",
    "author-bio": "about the author",
    "house-line": "the publisher about itself",
    "links": "rows of links",
    "label": "labels of the page, such as “Share” or “5 min read”",
    "labels": "rows of labels",
    "figure": "figures without words, such as counters",
    "section": "the section's name",
    "date-line": "the date",
    "empty-heading": "a heading without text",
    "declared": "not in the declared text",
    "no-words": "no words",
    "running-head": "lines at the edge of each page",
}
"""The reason in words for each rule that drops lines, except `dom:` and `phrase:`, which are followed by one of `KINDS`."""

KINDS: Final = {
    "ad": "advertising",
    "agency": "the news agency",
    "author-box": REASONS["author-bio"],
    "back-to-top": "a link back to the top",
    "byline": REASONS["author"],
    "caption": REASONS["caption"],
    "category": REASONS["section"],
    "check-also": "links to other articles",
    "comments": REASONS["comments"],
    "consent": "a request for consent to cookies",
    "copyright": "a copyright notice",
    "counter": "counters",
    "credit": "credits",
    "cta": "invitations to act",
    "date-label": REASONS["date-line"],
    "date-line": REASONS["date-line"],
    "date-relative": REASONS["date-line"],
    "disclaimer": "a disclaimer",
    "end-of-message": "a mark at the end",
    "follow-us": "invitations to follow the site",
    "hidden": REASONS["hidden"],
    "house-line": REASONS["house-line"],
    "id-label": "a number of the page",
    "listen": "an invitation to listen",
    "meta": "facts about the page",
    "nav": "navigation",
    "newsletter": "newsletters",
    "paywall": "an offer of subscription",
    "player": "controls of a player",
    "print/email": "printing and mailing",
    "protection": "a notice against copying",
    "rating": "ratings",
    "read-also": "links to other articles",
    "read-more": "a link to the rest",
    "reading-time": "the time it takes to read",
    "related": "links to other articles",
    "report": "a link to report an error",
    "share": "buttons to share the article",
    "shortlink": "a short link",
    "source-label": "the source",
    "tags": "tags",
    "title-label": "a label of the title",
    "toc": "a table of contents",
    "views": "the number of readers",
    "widget": REASONS["widget"],
    "wpcp": "a notice against copying",
}
"""What a line is that the table of boxes (`hooks.tsv`) or of phrases (`phrases.tsv`) identifies."""

_LONGEST = 64
_EDGES = 2
"""Lines that are shown from the beginning and from the end of the article."""
_LIKE_THESE = 2

Where = Literal["page", "before", "among", "after"]
PLACES: Final[dict[Where, str]] = {
    "page": "on the page",
    "before": "before the article",
    "among": "between its lines",
    "after": "after the article",
}


@click.command()
@click.argument("wanted", metavar="URL|[NAME/]ID", callback=address)
@click.option("--dropped", is_flag=True, help="Only the lines that are not in the article.")
@click.option("--lines", is_flag=True, help="Each line of the page with its number and its rule, in order.")
@json_option
@click.pass_context
def explain(ctx: click.Context, *, wanted: str, dropped: bool, lines: bool, as_json: bool) -> None:
    """Show which parts of the archived page are its article, on what evidence, and what was left out, where and why.

    Numbers are those of the page's lines. --json also has the place of each line in the page (XPath); docs/extraction.md
    explains the rules in the output of --lines and --json.
    """
    with archive_with(ctx, wanted) as (archive, asked):
        row = archive.article(asked)
        explained = archive.explain(asked)
    if as_json:
        print_json(
            {
                "number": number,
                "verdict": "kept" if one.is_kept else "dropped",
                "rule": one.rule,
                "line": one.line,
                "xpath": one.xpath,
            }
            for number, one in _numbered(explained, dropped=dropped)
        )
        return
    if lines:
        for number, one in _numbered(explained, dropped=dropped):
            mark = f"{number:>4} {'+' if one.is_kept else '-'} {one.rule:<24}"
            click.echo(click.style(mark, dim=not one.is_kept) + f" {isolate(one.line)}")
        return
    for line in _heading(row):
        click.echo(line)
    if not dropped:
        for line in explain_kept(explained):
            click.echo(line)
        click.echo()
    for line in explain_dropped(explained):
        click.echo(line)


def _numbered(explained: Explanation, *, dropped: bool) -> Iterator[tuple[int, ExplainedLine]]:
    return ((at, one) for at, one in enumerate(explained.lines, 1) if not (dropped and one.is_kept))


def _heading(row: Mapping[str, object]) -> Iterator[str]:
    """Yield the title of the article, its URL, and when its page was captured."""
    if row["title"]:
        yield click.style(isolate(str(row["title"])), bold=True)
    yield _("{url}, captured {fetched_at}").format(url=urls.display(str(row["url"])), fetched_at=row["fetched_at"])
    yield ""


def explain_kept(explained: Explanation) -> Iterator[str]:
    """Yield lines of output about the kept text: its place on the page, and the method that decided."""
    lines = explained.lines
    kept = [number for number, one in enumerate(lines, 1) if one.is_kept]
    if not kept:
        yield _("Kept: nothing.")
        return
    size = sum(len(lines[number - 1].line) for number in kept)
    yield _("Kept: {kept} of {total:,}, {characters} ({where}).").format(
        kept=counted(len(kept)),
        total=len(lines),
        characters=n_("{n:,} character", "{n:,} characters", size),
        where=_spans(kept),
    )
    for part in dict.fromkeys(lines[kept[0] - 1].rule.split("+")):
        yield f"  {_(ROUTES.get(part, part))}"
    if explained.doubt:
        yield "  " + _("This is doubtful: {doubt}.").format(doubt=translated(explained.doubt))
    ends = {*kept[:_EDGES], *kept[-_EDGES:]}
    for number in sorted(ends):
        if number == kept[-_EDGES:][0] and len(kept) > len(ends):
            yield "        " + _("… {ends} more").format(ends=counted(len(kept) - len(ends)))
        yield f"  {number:>4}  {shortened(lines[number - 1].line)}"


def explain_dropped(explained: Explanation) -> Iterator[str]:
    """Yield lines of output about the dropped text: for each place on the page the reasons, with the number of lines and the first ones."""
    groups: dict[Where, dict[str, list[tuple[int, str]]]] = defaultdict(lambda: defaultdict(list))
    for place, number, one in _placed(explained.lines):
        groups[place][reason(one.rule)].append((number, one.line))
    dropped = sum(not one.is_kept for one in explained.lines)
    yield _("Left out: {total}.").format(total=counted(dropped)) if dropped else _("Left out: nothing.")
    for place in PLACES:
        if groups[place]:
            yield f"  {_(PLACES[place])}:"
        for why, lines in sorted(groups[place].items(), key=lambda group: -len(group[1])):
            yield f"    {counted(len(lines))}: {why}"
            first: dict[str, int] = {}
            for number, line in lines:
                first.setdefault(line, number)
            for line, number in islice(first.items(), _LIKE_THESE):
                yield f"      {number:>4}  {shortened(line)}"


def _placed(lines: Sequence[ExplainedLine]) -> Iterator[tuple[Where, int, ExplainedLine]]:
    """Yield each dropped line with its place and its number."""
    kept = [number for number, one in enumerate(lines, 1) if one.is_kept]
    for number, one in enumerate(lines, 1):
        if one.is_kept:
            continue
        if not kept:
            yield "page", number, one
        elif number < kept[0]:
            yield "before", number, one
        else:
            yield ("among" if number < kept[-1] or one.rule == "running-head" else "after"), number, one


def reason(rule: str) -> str:
    """Return the reason for which a rule drops a line, in words."""
    kind, _colon, detail = rule.partition(":")
    if kind == "dom":
        return _("{kind} (by the name of the box)").format(kind=_(KINDS.get(detail, detail)))
    if kind == "phrase":
        return _("{kind} (by the wording)").format(kind=_(KINDS.get(detail, detail)))
    return _(REASONS.get(rule, rule))


def counted(number: int) -> str:
    """Return a number of lines in words."""
    return n_("{n:,} line", "{n:,} lines", number)


def _spans(numbers: Sequence[int]) -> str:
    """Return line numbers as ranges; for many ranges, only the first and the last line."""
    breaks = [at for at, (one, other) in enumerate(pairwise(numbers), 1) if other - one > 1]
    runs = [numbers[start:end] for start, end in pairwise([0, *breaks, len(numbers)])]
    if len(runs) > _EDGES + 1:
        return _("between lines {numbers} and {numbers2} of the page").format(numbers=numbers[0], numbers2=numbers[-1])
    shown = _(", ").join(
        str(run[0]) if len(run) == 1 else _("{run} to {run2}").format(run=run[0], run2=run[-1]) for run in runs
    )
    return (
        _("line {shown} of the page").format(shown=shown)
        if len(numbers) == 1
        else _("lines {shown} of the page").format(shown=shown)
    )


def shortened(text: str) -> str:
    """Return the beginning of a text, in Unicode bidi isolates."""
    cut = " ".join(text.split())
    return isolate(cut if len(cut) <= _LONGEST else f"{cut[:_LONGEST].rsplit(' ', 1)[0]} …")

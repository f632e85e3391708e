"""Define `warraq explain`: show which parts of a page are its article, which evidence decided, and what was left out and why."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from gettext import gettext as _
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

import click

from archive.cli.output import archive_with, isolate, json_option, print_json
from archive.locale import n_

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROUTES: Final = {
    "json-ld": "The page declares its text (articleBody in its JSON-LD), and these lines match it.",
    "markup": "The page's markup leaves no doubt: nearly all text of one element is plainly the article's.",
    "itemprop": "trafilatura, within the element that the page declares as the article's body.",
    "fast": "trafilatura, in its fast mode.",
    "full": "trafilatura, in its full mode, because its fast mode left doubt.",
    "densest": "No source found running text, so the element with the most text was taken.",
    "own": "This text is under the page's title; a longer one is elsewhere on the page.",
    "state": "The data in the page's scripts; its body has no article.",
    "pdf": "The pages of a PDF file.",
    "declared": "The page does not show its text, so the declared text is used instead.",
    "rescued": "Paragraphs were restored from the text that the page declares.",
}
"""The method that decided, by the parts of a route."""

REASONS: Final = {
    "not-article": "not part of the article",
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
"""The reason in words for each rule that drops lines; `dom:` and `phrase:` are followed by the element or phrase."""

_LONGEST = 68
_EDGES = 2
"""Lines that are shown from the beginning and from the end of the article."""
_LIKE_THESE = 2
_COLUMN = 32

Where = Literal["before", "among", "after"]
PLACES: Final[dict[Where, str]] = {
    "before": "before the article",
    "among": "between its lines",
    "after": "after the article",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLine:
    """A line of a page, whether it was kept, and by which rule."""

    line: str
    is_kept: bool
    rule: str


@click.command()
@click.argument("wanted", metavar="URL|[NAME/]ID")
@click.option("--dropped", is_flag=True, help="Only the lines that are not in the article.")
@click.option("--lines", is_flag=True, help="Each line of the page with its rule, in order.")
@json_option
@click.pass_context
def explain(ctx: click.Context, *, wanted: str, dropped: bool, lines: bool, as_json: bool) -> None:
    """Show which parts of the archived page are its article, on what evidence, and what was left out, where and why.

    docs/extraction.md explains the rules in the output of --lines and --json.
    """
    with archive_with(ctx, wanted) as (archive, asked):
        explained = [
            ExplainedLine(line=line, is_kept=status == "kept", rule=rule)
            for line, status, rule in archive.explain(asked)
        ]
    shown = [one for one in explained if not (dropped and one.is_kept)]
    if as_json:
        print_json(
            {"verdict": "kept" if one.is_kept else "dropped", "rule": one.rule, "line": one.line} for one in shown
        )
        return
    if lines:
        for one in shown:
            mark = "+" if one.is_kept else "-"
            click.echo(click.style(f"{mark} {one.rule:<24}", dim=not one.is_kept) + f" {isolate(one.line)}")
        return
    if not dropped:
        for line in explain_kept(explained):
            click.echo(line)
        click.echo()
    for line in explain_dropped(explained):
        click.echo(line)


def explain_kept(explained: Sequence[ExplainedLine]) -> Iterator[str]:
    """Yield lines of output about the kept text: its place on the page, and the method that decided."""
    kept = [number for number, one in enumerate(explained, 1) if one.is_kept]
    if not kept:
        yield _("Kept: nothing.")
        return
    size = sum(len(explained[number - 1].line) for number in kept)
    yield _("Kept: {kept} of {total:,}, {characters} ({where}).").format(
        kept=counted(len(kept)),
        total=len(explained),
        characters=n_("{n:,} character", "{n:,} characters", size),
        where=_spans(kept),
    )
    for part in dict.fromkeys(explained[kept[0] - 1].rule.split("+")):
        yield f"  {_(ROUTES.get(part, part))}"
    ends = {*kept[:_EDGES], *kept[-_EDGES:]}
    for number in sorted(ends):
        if number == kept[-_EDGES:][0] and len(kept) > len(ends):
            yield _("  … {ends} more").format(ends=counted(len(kept) - len(ends)))
        yield f"  + {shortened(explained[number - 1].line)}"


def explain_dropped(explained: Sequence[ExplainedLine]) -> Iterator[str]:
    """Yield lines of output about the dropped text: the reasons for each place on the page, the number of lines, and the first ones."""
    groups: dict[Where, dict[str, list[str]]] = {place: defaultdict(list) for place in PLACES}
    for place, one in _placed(explained):
        groups[place][reason(one.rule)].append(one.line)
    yield _("Left out: {total}.").format(total=counted(sum(not one.is_kept for one in explained)))
    for place, reasons in groups.items():
        if reasons:
            yield f"  {_(PLACES[place])}"
        for why, lines in sorted(reasons.items(), key=lambda group: -len(group[1])):
            yield f"    {len(lines):>4}  {why:<{_COLUMN}} {shortened(' · '.join(dict.fromkeys(lines[:_LIKE_THESE])))}"


def _placed(explained: Sequence[ExplainedLine]) -> Iterator[tuple[Where, ExplainedLine]]:
    """Yield each dropped line with its place; a line before the first kept one is before the article."""
    kept = [number for number, one in enumerate(explained) if one.is_kept]
    for number, one in enumerate(explained):
        if one.is_kept:
            continue
        if not kept or number < kept[0]:
            yield "before", one
        else:
            yield ("among" if number < kept[-1] else "after"), one


def reason(rule: str) -> str:
    """Return the reason for which a rule drops a line, in words."""
    kind, _colon, detail = rule.partition(":")
    if kind == "dom":
        return _("a box of the site's theme: {detail}").format(detail=detail)
    if kind == "phrase":
        return _("a known label: {detail}").format(detail=detail)
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
    shown = ", ".join(
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

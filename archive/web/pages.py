"""Render the pages for readers: search results, articles, versions and their differences, charts, help."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from archive import diff, search, urls
from archive.body import HtmlOptions, count_marks, figures_of, html, marked
from archive.errors import NotFoundError
from archive.export.citation import STYLES, cite
from archive.index.columns import LABELLED, body_of, readable_sides
from archive.search.states import STATES
from archive.urls.permalink import permalink
from archive.web.charts import histogram
from archive.web.download import MOST
from archive.web.parameters import SearchParameters
from archive.web.views import (
    LONGEST_ADDRESS,
    LONGEST_COMPARED,
    View,
    found_by,
    open_archive,
    open_archives,
    page,
    room_of,
    room_root,
    versions_to_compare,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import HTMLResponse

    from archive.federation import Federation
    from archive.index.rows import ChangeRow

_QUARANTINE_PAGE: Final = 20
_SHOWN_RUNS: Final = 10
_SHOWN_SITES: Final = 20
"""Sites on the page of coverage, which is also read on phones; a link shows the others."""


def results(request: Request) -> HTMLResponse:
    """Return the home page, or the page of results with hits and facets."""
    asked = SearchParameters.of(request.query_params)
    with open_archives(request) as archives:
        found = found_by(request, archives, asked)
        facets = archives.facets(found.query)
        known, home = _known(request, archives, asked.words)
        holders = [archives.archive_of(found, number) for number in range(len(found.hits))]
        rooms = [room_of(request, archives, archive) for archive in holders]
        thumbs = [
            archive.lead_pictures([{"id": hit.id}]).get(hit.id)
            for archive, hit in zip(holders, found.hits, strict=True)
        ]
    view = View(request)
    problems = [view.say(f"problem.{one.code}", **dict(one.values)) for one in (*asked.problems, *found.problems)]
    return page(
        request,
        "results.html",
        asked=asked,
        is_home=request.url.path == f"{view.root}/" and not asked.parameters(),
        found=found,
        facets=facets,
        chart=histogram(facets.days),
        known=known,
        known_room=home,
        rooms=rooms,
        thumbs=thumbs,
        problems=problems,
        suggestion=found.suggestion(asked.words),
        has_next=found.next_offset(asked.offset, asked.limit) is not None,
        most_exported=MOST,
        states=STATES,
        pieces=search.pieces,
    )


def _known(request: Request, archives: Federation, words: str) -> tuple[Mapping[str, Any] | None, str]:
    """Return the article whose URL was entered in the search box, and the room that has it."""
    if not words.startswith(("http://", "https://")) or " " in words:
        return None, ""
    try:
        archive, wanted = archives.holder(words)
        return archive.article(wanted), room_of(request, archives, archive)
    except (NotFoundError, ValueError):
        return None, ""


def _readable(change: ChangeRow) -> dict[str, Any]:
    before, after = readable_sides(change)
    return {**change, "before": before, "after": after}


def article_page(request: Request, wanted: int, asked: SearchParameters) -> HTMLResponse:
    """Return the page of the article with this id, with its evidence, and with the words of the search marked."""
    with open_archive(request) as archive:
        row = archive.article(wanted)
        values: dict[str, Any] = {
            "versions": archive.versions(row["url"]),
            "spells": archive.version_spans(row),
            "changes": [_readable(change) for change in archive.changes(row)],
            "capture": archive.capture(row["capture_id"]),
            "captures": archive.captures_of(row),
            "family": archive.family(row),
            "has_related": archive.has_vector(row),
        }
        body = body_of(row)
        shown = figures_of(body)
        lead = next((image["url"] for image in json.loads(row["images"])), "") if not shown else ""
        pictures = archive.pictures(row, filter(None, (*shown, lead)))
        values |= {"media": archive.media_of(row), "lead": pictures.get(lead)}
    query = search.parse(asked.words)
    language = str(row["language"])
    if query.wanted:
        body = marked(body, lambda line: search.highlight(line, query, language))
    return page(
        request,
        "article.html",
        asked=asked,
        row=row,
        title=_marked(row["title"], query, language),
        body=html(body, language=language, options=_options(View(request), pictures)),
        has_body=bool(body),
        marks=count_marks(body) if query.wanted else 0,
        facts=list(_facts(row)),
        labels={column.name: column.label for column in LABELLED} | {"images": "images", "body": "structure"},
        tags=[tag for tag in json.loads(row["tags"] or "[]") if isinstance(tag, str) and tag],
        dropped=json.loads(row["dropped"]),
        images=json.loads(row["images"]),
        permalink=permalink(row, room_root(request)),
        canonical=permalink(row, urlsplit(room_root(request)).path),
        path=f"/articles/{row['id']}",
        citations={style: cite(row, style, room=room_root(request)) for style in STYLES},
        **values,
    )


def _options(view: View, pictures: Mapping[str, int]) -> HtmlOptions:
    """Return the rendering options for a body in the language of the interface; `pictures` has capture ids by picture URL."""
    return HtmlOptions(
        picture=lambda url: f"{view.root}/pictures/{pictures[url]}" if url in pictures else "",
        moment=view.moment,
        no_picture=view.say("article.no_picture"),
        embedded=view.say("article.embedded"),
    )


def _marked(text: str, query: search.Query, language: str) -> list[tuple[str, bool]]:
    return search.pieces(text, search.highlight(text, query, language) if query.wanted else ())


def _facts(row: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return (message, column, value, origin on the page) of each field that the page gives."""
    provenance = json.loads(row["provenance"])
    facts = []
    for column in LABELLED:
        value = row[column.name] or ""
        text = "، ".join(json.loads(value)) if column.type == "json" else str(value)
        if text:
            shown = urls.display(text) if column.name == "url" else text
            facts.append((f"article.{column.label}", column.name, shown, provenance.get(column.provenance, "")))
    return facts


def compare(request: Request) -> HTMLResponse:
    """Return two versions of an article side by side, word by word. Raises NotFoundError when they are not of one article."""
    old_id, new_id = (request.query_params.get(name, "") for name in ("old", "new"))
    with open_archive(request) as archive:
        old, new = versions_to_compare(archive, old_id, new_id)
        versions = archive.versions(new["url"])
    is_whole = request.query_params.get("whole") == "1"
    too_long = len(old["text"]) + len(new["text"]) > LONGEST_COMPARED
    difference = None if too_long else diff.compare(old["title"], old["text"], new["title"], new["text"])
    return page(
        request,
        "compare.html",
        old=old,
        new=new,
        versions=versions,
        difference=difference,
        rows=_folded(diff.side_by_side(difference), is_whole=is_whole) if difference else [],
        is_whole=is_whole,
    )


_CONTEXT: Final = 1
"""Unchanged paragraphs that are shown before and after a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRow:
    """Two paragraphs side by side, or (`folded`) the number of unchanged ones left out; changes are numbered from 1."""

    before: diff.Paragraph | None = None
    after: diff.Paragraph | None = None
    state: str = "same"
    change: int = 0
    folded: int = 0


def _folded(
    rows: Sequence[tuple[diff.Paragraph | None, diff.Paragraph | None]], *, is_whole: bool
) -> list[ComparedRow]:
    """Return the rows with long runs of unchanged paragraphs folded, and runs of changed ones numbered."""
    found: list[ComparedRow] = []
    change = 0
    for state, group in groupby(rows, key=lambda pair: _state(*pair) == "same"):
        stretch = list(group)
        change += not state
        shown = [
            ComparedRow(
                before=before, after=after, state=_state(before, after), change=0 if state or number else change
            )
            for number, (before, after) in enumerate(stretch)
        ]
        left = len(shown) - 2 * _CONTEXT
        if state and left > 1 and not is_whole:
            shown[_CONTEXT : len(shown) - _CONTEXT] = [ComparedRow(folded=left)]
        found += shown
    return found


def _state(before: diff.Paragraph | None, after: diff.Paragraph | None) -> str:
    if before and after:
        return before.state if before.state == after.state else "changed"
    one = before or after
    return one.state if one else "same"


def coverage(request: Request) -> HTMLResponse:
    """Return the page of coverage; `?reason=` narrows the quarantine to one reason, `?page=` selects its page."""
    asked = SearchParameters.of(request.query_params, limit=_QUARANTINE_PAGE)
    reason = request.query_params.get("reason", "")[:50]
    with open_archive(request) as archive:
        figures = archive.stats()
        covered = archive.coverage()
        # One more than is shown tells whether there is another page.
        held = archive.quarantined(reason=reason, limit=asked.limit + 1, offset=asked.offset)
    return page(
        request,
        "coverage.html",
        figures=figures,
        covered=covered,
        chart=histogram((day["day"], day["captures"]) for day in covered["captures_by_day"]),
        quarantined=held[: asked.limit],
        more=len(held) > asked.limit,
        number=asked.page,
        reason=reason,
        shown_runs=_SHOWN_RUNS,
        shown_sites=len(covered["sites"]) if request.query_params.get("all") == "1" else _SHOWN_SITES,
    )


PICTURES: Final = 60
"""Pictures on one page: up to three screens."""


def pictures(request: Request) -> HTMLResponse:
    """Return a grid of pictures whose captions have the words, or (`?where=URL`) all articles that published one picture."""
    asked = SearchParameters.of(request.query_params, limit=PICTURES)
    where = request.query_params.get("where", "")[:LONGEST_ADDRESS]
    with open_archive(request) as archive:
        found = (
            archive.showings(where)
            if where
            else archive.images(asked.words, held=True, limit=asked.limit + 1, offset=asked.offset)
        )
    return page(
        request,
        "pictures.html",
        asked=asked,
        where=where,
        found=found if where else found[: asked.limit],
        more=not where and len(found) > asked.limit,
    )


def help_(request: Request) -> HTMLResponse:
    """Return the page about the query language and the keyboard shortcuts."""
    return page(request, "help.html")

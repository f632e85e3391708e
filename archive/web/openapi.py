"""Describe the API as an OpenAPI 3.1 document; the schemas of rows, hits and figures follow from their types.

`tests/archive/web/test_openapi.py` checks the responses of every path against it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from importlib import metadata
from types import NoneType, UnionType
from typing import Any, Final, Literal, TypeAlias, get_args, get_origin, get_type_hints

from archive.article import Image
from archive.diff import Difference
from archive.index.columns import COLUMNS, ArticleRow
from archive.index.front_pages import FrontPage, HeadlineSpan
from archive.index.monitor import Alarm, Day
from archive.index.rows import RunRow, StoredCapture
from archive.search import Hit
from archive.web.front import MOST_PLACES
from archive.web.parameters import MOST

Schema: TypeAlias = dict[str, Any]
"""A JSON Schema, as OpenAPI 3.1 uses it."""

VERSION_COLUMNS: Final = (
    "id", "url", "version", "is_latest", "title", "author", "date_published", "date_modified", "text_digest", "fetched_at", "last_seen_at",
    "warc_filename", "warc_record_offset", "warc_record_length", "payload_digest",
)  # fmt: skip
"""The columns of articles in lists, which have no texts."""


def document_of(operations: Mapping[str, tuple[str, Sequence[str]]], *, room: str, saves: bool) -> Schema:
    """Return the OpenAPI document of these paths, given the docstring of the handler and the query parameters of each."""
    paths: Schema = {path: {"get": _operation(path, *operations[path])} for path in operations}
    components: Schema = {"schemas": _COMPONENTS}
    if saves:
        paths["/api/save"] = {"post": _SAVE}
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    info = {"title": "warraq", "version": metadata.version("warraq"), "description": "A news archive, read-only."}
    return {
        "openapi": "3.1.0",
        "info": info,
        "servers": [{"url": room or "/"}],
        "paths": paths,
        "components": components,
    }


def _operation(path: str, docstring: str, parameters: Sequence[str]) -> Schema:
    given: list[Schema] = [{"name": name, "in": "query", "schema": _SCHEMAS.get(name, _TEXT)} for name in parameters]
    given += [
        {"name": name, "in": "path", "required": True, "schema": _INTEGER if name == "id" else _TEXT}
        for name in ("id", "moment", "url")
        if f"{{{name}}}" in path
    ]
    responses = {
        "200": {"description": "the answer", "content": _json(_ANSWERS[path])},
        **{status: {"description": words, "content": _ERROR} for status, words in _STATUSES.items()},
    }
    return {"summary": " ".join(docstring.partition(": ")[2].split()), "parameters": given, "responses": responses}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _object(**properties: Schema) -> Schema:
    """Return the schema of an object that has all of these properties."""
    return {"type": "object", "required": list(properties), "properties": properties}


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _map(values: Schema) -> Schema:
    """Return the schema of an object with any keys."""
    return {"type": "object", "additionalProperties": values}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]} if "type" in schema else {"anyOf": [schema, {"type": "null"}]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _schema_of(hint: Any) -> Schema:
    """Return the schema of the JSON values of a type: a plain one, a collection, a dataclass or a TypedDict."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if origin is Literal:
        return {"enum": list(parts)}
    if origin is UnionType:
        return _or_null(_schema_of(next(part for part in parts if part is not NoneType)))
    if origin is tuple:
        return _array(_schema_of(parts[0]))
    if origin in {dict, Mapping}:
        return _map(_schema_of(parts[1]))
    return {} if hint is Any else _object(**_properties(hint))


def _properties(row: type) -> dict[str, Schema]:
    """Return the schemas of the fields of a dataclass or TypedDict."""
    hints = get_type_hints(row, localns={"Mapping": Mapping, "date": date})
    return {name: _schema_of(hint) for name, hint in hints.items()}


def _article_columns() -> dict[str, Schema]:
    """Return the schemas of the columns of an article, as `columns.as_json_row` returns their values."""
    hints, found = get_type_hints(ArticleRow), dict[str, Schema]()
    for column in COLUMNS:
        schema = _JSON_COLUMNS[column.name] if column.type == "json" else _COLUMN_TYPES.get(column.type, _TEXT)
        is_nullable = column.type != "json" and NoneType in get_args(hints[column.name])
        found[column.name] = {**(_or_null(schema) if is_nullable else schema), "description": column.meaning}
    return found


_TEXT: Final[Schema] = {"type": "string"}
_INTEGER: Final[Schema] = {"type": "integer"}
_FLAG: Final[Schema] = {"type": "boolean"}
_COUNTS: Final[Schema] = _map(_INTEGER)
_NUMBER: Final[Schema] = {"type": "number"}
_PLAIN: Final[Mapping[Any, Schema]] = {
    str: _TEXT,
    int: _INTEGER,
    float: _NUMBER,
    bool: _FLAG,
    date: {"type": "string", "format": "date"},
}
_COLUMN_TYPES: Final[Mapping[str, Schema]] = {"integer": _INTEGER, "flag": _FLAG}
_JSON_COLUMNS: Final[Mapping[str, Schema]] = {
    "tags": _array(_TEXT),
    "images": _array(_object(**_properties(Image))),
    "provenance": _map(_TEXT),
    "dropped": _array(_array(_TEXT)),
    "body": _array({"type": "object"}),
}
_ARTICLE: Final = _article_columns()
_VERSION: Final = {name: _ARTICLE[name] for name in VERSION_COLUMNS}
_PIECES: Final = _array(_object(text=_TEXT, marked=_FLAG))
_HIT: Final = {name: schema for name, schema in _properties(Hit).items() if name not in {"title_marks", "snippet"}}
_PAGE: Final = {"offset": _INTEGER, "limit": _INTEGER, "total": _INTEGER, "next_offset": _or_null(_INTEGER)}
_PROBLEMS: Final = _array(_TEXT)
_COMPONENTS: Final[Mapping[str, Schema]] = {
    "Article": _object(
        **_ARTICLE, directives=_array(_TEXT), links=_object(versions=_TEXT, original=_TEXT, permalink=_TEXT)
    ),
    "ArticleVersion": _object(**_VERSION),
    "RelatedArticle": _object(**_VERSION, similarity=_NUMBER),
    "Capture": _schema_of(StoredCapture),
    "Hit": _object(**_HIT, title_pieces=_PIECES, snippet=_TEXT, snippet_pieces=_PIECES, article=_TEXT),
    "Facets": _object(
        counted=_INTEGER,
        **dict.fromkeys(("site", "section", "language", "author", "tag", "day"), _COUNTS),
        undated=_INTEGER,
    ),
    "Difference": _schema_of(Difference),
    "SiteDay": _schema_of(Day),
    "Alarm": _schema_of(Alarm),
    "FrontPage": _schema_of(FrontPage),
    "Headline": _object(**_properties(HeadlineSpan), article=_or_null(_TEXT)),
    "Run": _schema_of(RunRow),
}
_ANSWERS: Final[Mapping[str, Schema]] = {
    "/api/search": _object(
        query=_TEXT,
        filters=_map(_TEXT),
        order=_TEXT,
        **_PAGE,
        total_is_exact=_FLAG,
        complete={**_INTEGER, "description": "the number of hits that have all the words"},
        relaxed=_FLAG,
        did_you_mean=_or_null(_TEXT),
        problems=_PROBLEMS,
        hits=_array(_ref("Hit")),
        facets=_ref("Facets"),
    ),
    "/api/articles": _object(articles=_array(_ref("ArticleVersion")), next_cursor=_or_null(_TEXT), problems=_PROBLEMS),
    "/api/articles/{id}": _ref("Article"),
    "/api/a/{moment}/{url}": _ref("Article"),
    "/api/articles/{id}/versions": _array(_ref("ArticleVersion")),
    "/api/articles/{id}/captures": _array(_ref("Capture")),
    "/api/articles/{id}/related": _object(related=_array(_ref("RelatedArticle")), problems=_PROBLEMS),
    "/api/diff": _object(old=_INTEGER, new=_INTEGER, difference=_or_null(_ref("Difference"))),
    "/api/words": _object(
        series=_array(_object(words=_TEXT, articles=_INTEGER, days=_COUNTS, sites=_COUNTS)), articles_by_day=_COUNTS
    ),
    "/api/front": _object(front_pages=_array(_ref("FrontPage"))),
    "/api/front/timeline": _object(
        url=_TEXT,
        **dict.fromkeys(("from", "to"), _or_null(_TEXT)),
        places=_INTEGER,
        **_PAGE,
        problems=_PROBLEMS,
        spells=_array(_ref("Headline")),
    ),
    "/api/stats": _object(
        **dict.fromkeys(
            ("articles", "versions", "captures", "urls", "urls_due_some_day", "requisites", "warc_files"), _INTEGER
        ),
        **dict.fromkeys(("by_site", "by_language", "by_day", "captures_by_outcome", "quarantined_by_reason"), _COUNTS),
        coverage=_object(
            **dict.fromkeys(("sites", "outcomes", "captures_by_day"), _array({"type": "object"})),
            quarantine=_COUNTS,
            runs=_array(_ref("Run")),
        ),
    ),
    "/api/health": _object(days=_array(_ref("SiteDay")), alarms=_array(_ref("Alarm"))),
    "/api/openapi.json": {"type": "object"},
}
_SCHEMAS: Final[Mapping[str, Schema]] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST},
    "offset": {"type": "integer", "minimum": 0},
    "order": {"type": "string", "enum": ["relevance", "newest", "oldest"]},
    "places": {"type": "integer", "minimum": 1, "maximum": MOST_PLACES},
    "old": _INTEGER,
    "new": _INTEGER,
}
_STATUSES: Final = {
    "404": "nothing with that id or address",
    "410": "the article is no longer held",
    "503": "the archive cannot be read at the moment; see Retry-After",
}
_ERROR: Final = _json(_object(error=_object(status=_INTEGER, message=_TEXT)))
_SAVE: Final[Schema] = {
    "summary": "save the page `url` now, as `warraq save` does; the response is sent when it is done.",
    "security": [{"token": []}],
    "requestBody": {
        "required": True,
        "content": _json(_object(url=_TEXT)),
    },
    "responses": {
        "200": {"description": "saved", "content": _json(_object(url=_TEXT, summary={"type": "object"}))},
        **{
            str(status): {"description": words, "content": _ERROR}
            for status, words in {
                400: "not a web address",
                403: "no token, a wrong token, or a request from a page of another origin",
                409: "a crawl is writing to that archive",
                422: "there is no article at that address, or robots.txt disallows it",
                429: "too many other pages are being saved",
                502: "the site does not respond",
                504: "not done within the time limit",
            }.items()
        },
    },
}

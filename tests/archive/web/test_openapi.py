"""The OpenAPI document, against the responses that the reading room really gives."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from archive.index import captures, front_pages, runs
from archive.index.columns import COLUMNS
from archive.outcome import Outcome, OutcomeKind
from archive.web import create_app, openapi
from archive.web.parameters import MOST
from tests.support.shelf import LIBRARY, Client

jsonschema = pytest.importorskip("jsonschema", reason="it comes with the extra mcp")
pytestmark = pytest.mark.slow

HOME = "https://daftar.example/"
ASKED = {
    "/api/search": ("q=مكتبة", "q=", "q=nothing+at+all", "q=مكتبة+خطر&order=newest&limit=1&from=x", "q=كتبة&site=daftar.example"),
    "/api/articles": ("", "limit=2", "cursor=x"),
    "/api/diff": ("old=1&new=2", "old=2&new=2"),
    "/api/words": ("q=مكتبة,خطر", "q=مكتبة&site=daftar.example"),
    "/api/front/timeline": (f"url={HOME}", f"url={HOME}&from=2026-11-01&to=2026-11-30&places=3&limit=1"),
}  # fmt: skip


@pytest.fixture
def document(shelf, room):
    record = captures.get(shelf.store.db, shelf.capture(HOME, "<p>front</p>"))["record_id"]
    led = ((LIBRARY, "مكتبة متنقلة"), ("https://daftar.example/unknown", "خبر"))
    kept = front_pages.kept(led)
    with shelf.store.atomic():
        captures.record_outcome(shelf.store.db, record, Outcome(kind=OutcomeKind.LISTING), None, headlines=kept)
        today = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        run = runs.begin(shelf.store.db, kind="crawl", site="daftar.example", at=today)
        runs.end(shelf.store.db, run, at=today, result="finished", summary={"session_expired": 2, "pages_fetched": 2})
    return room.get("/api/openapi.json").json()


def _check(document, schema, answer):
    closed = json.loads(json.dumps(document), object_hook=_closed)
    whole = {**json.loads(json.dumps(schema), object_hook=_closed), "components": closed["components"]}
    jsonschema.Draft202012Validator(whole).validate(answer)


def _closed(schema):
    """Return an object's schema so that a field that it does not describe is an error."""
    return {**schema, "additionalProperties": False} if "required" in schema and "properties" in schema else schema


def _schema_of(document, path, method="get", status="200"):
    return document["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"]


@pytest.mark.parametrize("path", sorted(openapi._ANSWERS))
def test_each_response_has_just_the_fields_and_types_that_the_document_describes(document, room, path):
    if path == "/api/a/{moment}/{url}":
        addresses = [room.get("/api/articles/2", follow=False).headers["location"]]
    else:
        addresses = [f"{path.replace('{id}', '2')}?{query}" for query in ASKED.get(path, ("",))]
    for address in addresses:
        answer = room.get(address)
        assert answer.status_code == 200
        _check(document, _schema_of(document, path), answer.json())


def test_a_field_of_another_type_or_without_a_description_does_not_fit(document, room):
    schema, answer = _schema_of(document, "/api/articles/{id}"), room.get("/api/articles/2").json()
    less = {name: value for name, value in answer.items() if name != "title"}
    for other in (less, {**answer, "tags": "كتب"}, {**answer, "is_latest": 1}, {**answer, "more": ""}):
        with pytest.raises(jsonschema.ValidationError):
            _check(document, schema, other)


def test_the_figures_of_a_day_and_its_alarm_are_described(document, room):
    answer = room.get("/api/health").json()
    assert answer["days"]
    assert [alarm["kind"] for alarm in answer["alarms"]] == ["session-expired"]


def test_an_error_has_the_form_that_the_document_describes(document, room):
    answer = room.get("/api/articles/99")
    assert answer.status_code == 404
    _check(document, _schema_of(document, "/api/articles/{id}", status="404"), answer.json())


def test_parameters_are_typed_and_every_status_is_described(document):
    operation = document["paths"]["/api/articles/{id}/related"]["get"]
    assert set(operation["responses"]) == {"200", "404", "410", "503"}
    listed = document["paths"]["/api/articles"]["get"]["parameters"]
    assert {one["name"]: one["schema"] for one in listed}["limit"] == {"type": "integer", "minimum": 1, "maximum": MOST}
    (number,) = (one for one in operation["parameters"] if one["in"] == "path")
    assert number == {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}


def test_saving_is_described_where_a_token_is_set(shelf, document):
    assert "/api/save" not in document["paths"]
    room = Client(create_app(shelf.collection.folder, hosts=("localhost",), token="correct-horse-battery"))
    described = room.get("/api/openapi.json").json()
    assert described["paths"]["/api/save"]["post"]["security"] == [{"token": []}]
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    refused = room.post("/api/save", json={"url": HOME})
    assert refused.status_code == 403
    _check(described, _schema_of(described, "/api/save", "post", "403"), refused.json())


def test_each_column_of_articles_and_captures_is_typed(document):
    schemas = document["components"]["schemas"]
    described = schemas["Article"]["properties"]
    assert [name for name in described if name not in {"directives", "links"}] == [column.name for column in COLUMNS]
    assert described["gone_at"]["type"] == ["string", "null"]
    assert described["is_accessible_for_free"]["type"] == ["boolean", "null"]
    assert described["images"]["items"]["properties"] == {"url": {"type": "string"}, "caption": {"type": "string"}}
    assert schemas["Capture"]["properties"]["status"] == {"type": ["integer", "null"]}

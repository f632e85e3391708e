"""Saving a page from the reading room: only with the token and from its own pages, with the rules of `warraq save`."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from archive import Archive, UsageError
from archive.collection import Collection
from archive.index import open_store
from archive.web import create_app, saving
from tests.archive.web.test_admission import GET, ask, listen
from tests.support import PATIENCE
from tests.support.shelf import Client
from tests.support.site import Site, article_page

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

TOKEN = "correct-horse-battery"
STORY = "/2026/11/28/story-of-the-harbour-ferry"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def folder(tmp_path) -> Path:
    collection = Collection(tmp_path / "news")
    collection.create()
    open_store(collection.database).close()
    return collection.folder


@pytest.fixture
def room(folder) -> Client:
    return Client(create_app(folder, hosts=("localhost",), token=TOKEN))


@pytest.fixture
def started(monkeypatch) -> list[tuple[str, ...]]:
    """What would be started; in its place runs a program that says that it is done."""
    commands: list[tuple[str, ...]] = []
    really = saving.asyncio.create_subprocess_exec

    async def start(*command: str, **how):
        assert "WARRAQ_SAVE_TOKEN" not in how["env"]
        assert "PATH" in how["env"]
        commands.append(command)
        return await really(sys.executable, "-c", "print('{\"articles\": 1}')", **how)

    monkeypatch.setattr(saving.asyncio, "create_subprocess_exec", start)
    return commands


def test_a_page_is_saved_into_the_archive_of_the_room(room, folder, monkeypatch):
    monkeypatch.setenv("WARRAQ_OPEN_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("WARRAQ_SAVE_TOKEN", TOKEN)
    with Site({STORY: article_page("Story of the harbour ferry")}) as site:
        answer = room.post("/api/save", json={"url": f"{site.url}{STORY}"}, headers=BEARER)
        assert answer.status_code == 200, answer.text
        assert answer.json()["url"] == f"{site.url}{STORY}"
        with Archive(folder) as archive:
            assert archive.article(f"{site.url}{STORY}")["title"] == "Story of the harbour ferry"
        gone = room.post("/api/save", json={"url": f"{site.url}/nothing-here"}, headers=BEARER)
        assert (gone.status_code, gone.json()["error"]["message"]) == (422, "gone")


def test_private_addresses_and_robots_are_the_commands_own_business(room, monkeypatch):
    pages = {
        "/robots.txt": (200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /\n"),
        STORY: article_page("Story"),
    }
    with Site(pages) as site:
        refused = room.post("/api/save", json={"url": f"{site.url}{STORY}"}, headers=BEARER)
        assert (refused.status_code, refused.json()["error"]["message"]) == (422, "failed (refused-address)")
        assert not site.asked  # loopback is no public address
        monkeypatch.setenv("WARRAQ_OPEN_NETWORKS", "127.0.0.0/8")
        silent = room.post("/api/save", json={"url": "http://127.0.0.1:9/"}, headers=BEARER)
        assert (silent.status_code, silent.json()["error"]["message"]) == (502, "failed (robots-unreachable)")
        disallowed = room.post("/api/save", json={"url": f"{site.url}{STORY}"}, headers=BEARER)
        assert (disallowed.status_code, disallowed.json()["error"]["message"]) == (422, "disallowed")
        assert STORY not in site.asked


def test_without_a_token_there_is_nothing_to_save_with(folder, started):
    room = Client(create_app(folder, hosts=("localhost",)))
    for path in ("/api/save", "/save"):
        assert room.post(path, data={"url": "https://a.example/", "token": ""}).status_code == 404
    assert room.get("/save").status_code == 404
    assert "/save" not in room.get("/").text
    assert "/api/save" not in room.get("/api/openapi.json").json()["paths"]
    assert not started


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong-horse-battery"},
        {"Authorization": f"Basic {TOKEN}"},
        BEARER | {"Origin": "https://evil.example"},
        BEARER | {"Origin": "null"},
        BEARER | {"Origin": "http://[localhost"},
        {"Cookie": f"token={TOKEN}"},
    ],
)
def test_who_has_not_the_token_or_comes_from_elsewhere_is_refused(room, started, headers):
    answer = room.post("/api/save", json={"url": "https://a.example/"}, headers=headers)
    assert answer.status_code == 403
    assert not started


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "--help",
        "-s",
        "https://" + "a" * 3000,
        "ftp://a.example/",
        "https://a.example/\0",
        "https://\ud800/",
    ],
)
def test_what_is_no_address_of_the_web_starts_nothing(room, started, url):
    body = json.dumps({"url": url})
    for path in ("/api/save", "/save"):
        headers = BEARER | {"Content-Type": "application/json"}
        assert room.post(path, content=body, headers=headers).status_code == 400
    assert not started


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"{", b'{"url": 5}', b"[" * 5000, b"\xff\xfe", b"x" * 9000, b'{"url": null}']
)
def test_a_body_that_is_neither_is_refused(room, started, body):
    answer = room.post("/api/save", content=body, headers=BEARER | {"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert not started


@pytest.mark.parametrize(("token", "status"), [(TOKEN, b"400"), ("", b"404")])
def test_a_body_that_does_not_come_holds_nothing(folder, started, monkeypatch, token, status):
    monkeypatch.setattr(saving, "BODY_SECONDS", 0.1 if token else PATIENCE)
    app = create_app(folder, hosts=("localhost",), token=token)
    head = [
        b"POST /api/save HTTP/1.1",
        b"Host: localhost",
        b"Content-Length: 90",
        f"Authorization: Bearer {TOKEN}".encode(),
    ]

    async def run():
        async with listen(app) as server:
            waiting = await ask(server, b"\r\n".join([*head, b"", b"{"]))
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
            writer.write(b"\r\n".join([*head, b"", b"{"]))
            writer.close()
            return waiting, await ask(server, GET)

    waiting, after = asyncio.run(run())
    assert waiting.split()[1] == status
    assert after.startswith(b"HTTP/1.1 200")
    assert not started


def test_the_command_gets_the_address_and_not_the_token(room, folder, started, monkeypatch):
    monkeypatch.setenv("WARRAQ_SAVE_TOKEN", TOKEN)
    answer = room.post("/api/save", json={"url": "https://a.example/1"}, headers=BEARER)
    assert answer.json() == {"url": "https://a.example/1", "summary": {"articles": 1}}
    (command,) = started
    assert command[1:] == (
        "-P",
        "-m",
        "warraq",
        "save",
        "--json",
        "-s",
        f"ARCHIVE_DIR={folder}",
        "--",
        "https://a.example/1",
    )
    assert not any(TOKEN in word for word in command)


def test_of_several_archives_the_pages_own_site_decides(folder, tmp_path, started):
    room = Client(create_app(folder, tmp_path / "other", hosts=("localhost",), token=TOKEN))
    assert room.post("/api/save", data={"url": "https://a.example/1"}, headers=BEARER).status_code == 200
    assert "-s" not in started[0]


def test_more_than_two_at_a_time_are_told_to_come_again(room, monkeypatch):
    release = threading.Event()
    under_way = threading.Semaphore(0)

    async def run(_saving, url):
        under_way.release()
        while not release.is_set():
            await saving.asyncio.sleep(0.01)
        return saving.Saved(status=200, url=url, summary={}, message="")

    monkeypatch.setattr(saving, "_run", run)
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(room.post("/api/save", json={"url": "https://a.example/1"}, headers=BEARER).status_code)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
        under_way.acquire()
    assert room.post("/api/save", json={"url": "https://a.example/1"}, headers=BEARER).status_code == 429
    release.set()
    for thread in threads:
        thread.join()
    ask()
    assert statuses == [200, 200, 200]


def test_a_save_that_takes_too_long_is_ended(room, monkeypatch):
    ended = []
    really = saving.asyncio.create_subprocess_exec

    async def start(*_command: str, **how):
        process = await really(sys.executable, "-c", "import time; time.sleep(600)", **how)
        ended.append(process)
        return process

    monkeypatch.setattr(saving.asyncio, "create_subprocess_exec", start)
    monkeypatch.setattr(saving, "SAVE_SECONDS", 0.2)
    answer = room.post("/api/save", json={"url": "https://a.example/1"}, headers=BEARER)
    assert answer.status_code == 504
    assert ended[0].returncode is not None


def test_a_failure_is_said_in_the_commands_own_words(room, monkeypatch):
    really = saving.asyncio.create_subprocess_exec

    async def start(*_command: str, **how):
        return await really(sys.executable, "-c", "import sys; print('in use', file=sys.stderr); sys.exit(4)", **how)

    monkeypatch.setattr(saving.asyncio, "create_subprocess_exec", start)
    answer = room.post("/api/save", json={"url": "https://a.example/1"}, headers=BEARER)
    assert (answer.status_code, answer.json()["error"]["message"]) == (409, "in use")


def test_the_page_has_a_form_and_a_bookmarklet_and_saves_without_scripts(room, started):
    address = "https://a.example/1?x=<b>&y=2"
    page = room.get(f"/save?lang=en&url={quote(address)}").text
    assert 'value="https://a.example/1?x=&lt;b&gt;&amp;y=2"' in page
    assert re.search(r'href="javascript:[^"]*http://localhost/save\?url=', page)
    assert TOKEN not in page
    wrong = room.post("/save?lang=en", data={"url": address, "token": "no"})
    assert (wrong.status_code, "missing or wrong" in wrong.text) == (403, True)
    elsewhere = room.post("/save", data={"url": address, "token": TOKEN}, headers={"Origin": "https://evil.example"})
    assert elsewhere.status_code == 403
    own = {"Origin": "http://localhost"}
    saved = room.post("/save?lang=en", data={"url": address, "token": TOKEN}, headers=own)
    assert (saved.status_code, "Saved:" in saved.text) == (200, True)
    assert len(started) == 1


def test_the_menu_and_the_description_name_it(room):
    assert 'href="/save"' in room.get("/").text
    document = room.get("/api/openapi.json").json()
    assert document["paths"]["/api/save"]["post"]["security"] == [{"token": []}]


def test_a_short_token_is_refused_at_the_start(folder):
    with pytest.raises(UsageError, match="WARRAQ_SAVE_TOKEN"):
        create_app(folder, token="short")

"""The demo site is a correct news server, and its second edition has only the changes of the next day."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urljoin, urlsplit

import brotli
import lxml.etree
import lxml.html
import pytest

from demo.__main__ import _server
from demo.content import load
from demo.expected import FILE, expected
from demo.server import DemoServer
from demo.site import build

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ROOT = Path(__file__).parents[2]


@pytest.fixture
def demo() -> Iterator[DemoServer]:
    with DemoServer() as server:
        yield server


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = response.status, response.headers, response.read()


def get(demo: DemoServer, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(demo.url).netloc, timeout=10)
    try:
        connection.request(
            method, quote(path, safe="/?=&%"), headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        return Answer(connection.getresponse())
    finally:
        connection.close()


def path_of(number: int) -> str:
    return next(article.path for article in load(2).articles + load(2).gone if article.id == number)


@pytest.mark.parametrize("edition", [1, 2])
def test_every_link_of_the_site_leads_somewhere(demo: DemoServer, edition: int) -> None:
    pages = build(edition, demo.url.rstrip("/"))
    broken = []
    for path, page in pages.items():
        if not page.content_type.startswith("text/html") or not page.body:
            continue
        tree = lxml.html.fromstring(page.body)
        for _, attribute, link, _ in tree.iterlinks():
            target = urlsplit(urljoin(demo.url + quote(path)[1:], link))
            if attribute in {"href", "src"} and f"http://{target.netloc}/" == demo.url:
                key = f"/?{target.query}" if target.query.startswith("p=") else unquote(target.path)
                if key not in pages:
                    broken.append((path, link))
    assert not broken


def test_every_article_but_the_sitemaps_own_is_reachable_from_the_home_page() -> None:
    pages = build(1, "http://127.0.0.1:1")
    seen, waiting = set(), ["/"]
    while waiting:
        path = waiting.pop()
        if (
            path in seen
            or path not in pages
            or not pages[path].content_type.startswith("text/html")
            or not pages[path].body
        ):
            continue
        seen.add(path)
        for _, _, link, _ in lxml.html.fromstring(pages[path].body).iterlinks():
            waiting.append(unquote(urlsplit(urljoin("http://127.0.0.1:1" + quote(path), link)).path))
    known = expected()["edition1"]
    assert set(known["articles"]) - seen == set(known["sitemap_only"])


def test_etag_and_date_each_give_304(demo: DemoServer) -> None:
    first = get(demo, path_of(1001))
    by_tag = get(demo, path_of(1001), If_None_Match=first.headers["ETag"])
    by_date = get(demo, path_of(1001), If_Modified_Since=first.headers["Last-Modified"])
    assert (first.status, by_tag.status, by_date.status) == (200, 304, 304)
    assert by_tag.body == b""
    assert by_tag.headers["ETag"] == first.headers["ETag"]


def test_etag_takes_precedence_over_date(demo: DemoServer) -> None:
    first = get(demo, path_of(1001))
    again = get(demo, path_of(1001), If_None_Match='"other"', If_Modified_Since=first.headers["Last-Modified"])
    assert again.status == 200


@pytest.mark.parametrize("number", [1001, 1010], ids=["with a length", "chunked"])
def test_head_has_the_fields_of_get_and_no_body(demo: DemoServer, number: int) -> None:
    def answer(method: str) -> tuple[list[bytes], bytes]:
        request = f"{method} {quote(path_of(number))} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        head, body = raw(demo, request)
        return [line for line in head.split(b"\r\n") if not line.startswith(b"Date:")], body

    fields, body = answer("GET")
    assert body
    assert answer("HEAD") == (fields, b"")


@pytest.mark.parametrize(
    ("number", "accepted", "coding"),
    [(1001, "gzip, br, zstd", "gzip"), (1013, "gzip, br", "br"), (1014, "gzip, zstd", "zstd"), (1013, "gzip", "gzip"),
     (1014, "br;q=1, gzip;q=0", None), (1001, "", None)],
)  # fmt: skip
def test_content_coding_is_negotiated(demo: DemoServer, number: int, accepted: str, coding: str | None) -> None:
    plain = get(demo, path_of(number), Accept_Encoding="identity").body
    answer = get(demo, path_of(number), Accept_Encoding=accepted)
    decode = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstd.decompress, None: bytes}[coding]
    assert answer.headers["Content-Encoding"] == coding
    assert decode(answer.body) == plain


def test_one_connection_carries_many_requests(demo: DemoServer) -> None:
    connection = http.client.HTTPConnection(urlsplit(demo.url).netloc, timeout=10)
    try:
        ports = set()
        for path in ("/robots.txt", "/static/ball.png", "/nothing/", quote(path_of(1010))):
            connection.request("GET", path)
            connection.getresponse().read()
            ports.add(connection.sock.getsockname()[1])
    finally:
        connection.close()
    assert len(ports) == 1


def raw(demo: DemoServer, request: str) -> tuple[bytes, bytes]:
    with socket.create_connection(("127.0.0.1", urlsplit(demo.url).port), timeout=10) as connection:
        connection.sendall(request.encode())
        with connection.makefile("rb") as stream:
            head, _, body = stream.read().partition(b"\r\n\r\n")
    return head, body


def test_client_of_http_1_0_gets_no_chunks(demo: DemoServer) -> None:
    head, body = raw(demo, f"GET {quote(path_of(1010))} HTTP/1.0\r\n\r\n")
    assert b"chunked" not in head
    assert body.rstrip().endswith(b"</html>")


def test_links_follow_the_host_that_was_asked(demo: DemoServer) -> None:
    page = get(demo, "/feed/", Host="news.example:8080").body.decode()
    assert "http://news.example:8080/" in page
    assert "127.0.0.1" not in page
    hostile = get(demo, "/feed/", Host='x"><script>').body.decode()
    assert "<script" not in hostile


def test_windows_1256_page_says_its_charset_only_inside(demo: DemoServer) -> None:
    answer = get(demo, path_of(1012))
    assert answer.headers["Content-Type"] == "text/html"
    assert "افتتاح الجسر الجديد" in answer.body.decode("windows-1256")


def test_old_addresses_redirect(demo: DemoServer) -> None:
    for path in ("/2025/port-news.html", "/?p=1002"):
        answer = get(demo, path)
        assert answer.status == 301
        assert unquote(urlsplit(answer.headers["Location"]).path) == path_of(1002)


def test_unknown_path_is_404_and_the_walls_answer_as_walls_do(demo: DemoServer) -> None:
    assert get(demo, "/no/such/").status == 404
    assert get(demo, "/live-weather/").status == 200
    assert {get(demo, path).status for path in ("/2026/11/تحقيق-خلف-جدار/", "/health/behind-a-wall/")} == {403, 503}
    assert get(demo, "/2026/11/تحقيق-خلف-جدار/").headers["Cf-Mitigated"] == "challenge"


def test_sitemaps_and_feeds_parse_and_name_every_article(demo: DemoServer) -> None:
    def locations(path: str) -> list[str]:
        body = get(demo, path).body
        tree = lxml.etree.fromstring(gzip.decompress(body) if path.endswith(".gz") else body)
        return tree.xpath(
            "//*[local-name()='loc' and namespace-uri()='http://www.sitemaps.org/schemas/sitemap/0.9']/text()"
        )

    maps = [urlsplit(url).path for url in locations("/sitemap_index.xml")]
    named = {unquote(urlsplit(url).path) for path in maps for url in locations(path)}
    assert {article.path for article in load(1).articles} <= named
    for path in ("/feed/", "/fr/feed/", "/category/ثقافة/feed/"):
        assert lxml.etree.fromstring(get(demo, path).body) is not None
    assert len(json.loads(get(demo, "/en/feed.json").body)["items"]) == 3


def test_second_edition_changes_only_what_a_day_changes(demo: DemoServer) -> None:
    known = expected()["edition2"]
    articles = [
        *expected()["edition1"]["articles"],
        "/static/jannah.css",
        "/robots.txt",
        "/login/",
        "/category/منوعات/",
    ]
    tags = {path: get(demo, path).headers["ETag"] for path in articles}
    demo.edition = 2
    statuses = {path: get(demo, path, If_None_Match=tag).status for path, tag in tags.items()}
    assert {path for path, status in statuses.items() if status == 410} == set(known["deleted"]) != set()
    assert {path for path, status in statuses.items() if status == 200} == {
        *known["changed"],
        *known["new_bytes_same_article"],
    }
    assert all(
        status == 304 for path, status in statuses.items() if path in {"/robots.txt", "/login/", "/category/منوعات/"}
    )
    assert {get(demo, path).status for path in known["new"]} == {200}
    assert len(known["new"]) == 2
    assert len(known["changed"]) == 2


def test_day_line_and_counter_alone_change_the_bytes_of_unchanged_articles() -> None:
    for path in expected()["edition2"]["new_bytes_same_article"]:
        texts = []
        for edition in (1, 2):
            day = load(edition).raw["editions"][str(edition)]
            page = build(edition, "http://h")[path].body.decode().replace(day["shown"], "DAY")
            texts.append(re.sub(r"(عدد الزيارات اليوم: |td-nr-views-\d+\">)\d+", r"\1N", page))
        assert texts[0] == texts[1]


def test_requests_are_logged(demo: DemoServer) -> None:
    get(demo, "/robots.txt")
    get(demo, "/none", "HEAD")
    assert demo.requests == [("GET", "/robots.txt", 200), ("HEAD", "/none", 404)]


def test_expected_file_is_current() -> None:
    assert json.loads(FILE.read_text("utf-8")) == expected(), "run: python -m demo.expected"


def test_seed_article_is_as_the_client_gave_it() -> None:
    entry = expected()["edition1"]["articles"][path_of(1001)]
    assert (entry["section"], len(entry["paragraphs"])) == ("منوعات", 6)
    assert entry["paragraphs"][0].startswith("في خطوة استراتيجية")
    assert entry["paragraphs"][5].endswith("في هذا القطاع المتنامي.")


@pytest.mark.slow
def test_command_prints_its_address_first() -> None:
    command = [sys.executable, "-m", "demo.server", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\n", process.stdout.readline())
        finally:
            process.terminate()


def test_a_port_that_is_taken_is_replaced_by_a_free_one_with_a_word(capsys):
    with DemoServer() as taken, _server(urlsplit(taken.url).port, edition=1) as other:
        assert urlsplit(other.url).port != urlsplit(taken.url).port
    assert f"the demo site is at {other.url} this time" in capsys.readouterr().err

"""RFC 9110, case by case with its section: the requests of a crawl, and the outcome of each response. Own cases, from the text of the RFC.

Two crawls of one small site, the second of them a recheck of all that is known.
"""
# ruff: noqa: E501 -- tables of data

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tests.hostile.routes import article, http
from tests.hostile.run import spider_crawl
from tests.support.server import Server, answer, page

pytestmark = pytest.mark.slow

WEAK, STRONG, ODD = 'W/"weak, and with a comma"', '"strong"', '""'
MODIFIED = "Tue, 10 Nov 2026 08:00:00 GMT"


def status(line: str, *headers: str, body: bytes = b"<p>a note</p>") -> object:
    return answer(page(body, status=line, headers="\r\n".join(["Content-Type: text/html", *headers])))


def conditional(number: int, name: str, value: str, asks: str):
    """Return a route for an article with a validator, and 304 for a request with exactly that validator."""

    async def route(exchange) -> bool:
        if f"\r\n{asks}: {value}\r\n".encode() in exchange.request.head:
            await exchange.send(f"HTTP/1.1 304 Not Modified\r\n{name}: {value}\r\n\r\n".encode())
        else:
            await exchange.send(http(article(number), "text/html; charset=utf-8", f"{name}: {value}"))
        return True

    return route


async def see_other(exchange) -> bool:
    """303 to the same path with a query; nothing there."""
    if exchange.request.target == "/303":
        await exchange.send(page(b"", status="303 See Other", headers="Location: ?page=other"))
    else:
        await exchange.send(page(b"", status="404 Not Found"))
    return True


# path: (section, what, the route, the row after the first crawl); all are sections, whose redirects are followed within the visit
CASES = {
    "/205": ("15.3.6", "205 has nothing to read", answer(page(b"", status="205 Reset Content")), "failed http-205"),
    "/204": ("15.3.5", "204 has nothing to read", answer(b"HTTP/1.1 204 No Content\r\n\r\n"), "failed http-204"),
    "/206": ("15.3.7", "a part that nobody asked for is not taken for the whole", status("206 Partial Content", "Content-Range: bytes 0-9/999"), "failed http-206"),
    "/300": ("15.4.1", "of several choices the one that the server prefers is taken", status("300 Multiple Choices", "Location: /target/300"), "gone http-404"),
    "/301": ("10.2.2", "a relative Location is resolved", status("301 Moved Permanently", "Location: target/./301"), "gone http-404"),
    "/302": ("10.2.2", "the fragment of a Location is no part of the address", status("302 Found", "Location: /target/302#part"), "gone http-404"),
    "/303": ("15.4.4", "See Other", see_other, "gone http-404"),
    "/307": ("15.4.8", "Temporary Redirect; no credentials are taken from it", status("307 Temporary Redirect", "Location: //user:secret@host.invalid/target/307"), "failed dns"),
    "/308": ("15.4.9", "Permanent Redirect", status("308 Permanent Redirect", "Location: /target/308"), "gone http-404"),
    "/no-location": ("10.2.2", "a redirect without Location leads nowhere", status("302 Found"), "failed bad-redirect"),
    "/two-locations": ("10.2.2", "of two Locations the first counts, as in browsers", status("302 Found", "Location: /target/first", "Location: /target/second"), "gone http-404"),
    "/scheme": ("4.2", "a Location of another scheme leads nowhere", status("302 Found", "Location: javascript:alert(1)"), "failed bad-redirect"),
    "/304": ("15.4.5", "a 304 that nobody asked for says nothing", answer(b'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\n\r\n'), "failed http-304"),
    "/305": ("15.4.6", "Use Proxy is deprecated, and obeyed by nobody", status("305 Use Proxy", "Location: http://127.0.0.1:9/"), "failed http-305"),
    "/400": ("15.5.1", "Bad Request", status("400 Bad Request"), "failed http-400"),
    "/401": ("11.6.1", "no credentials are offered to a challenge", status("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"'), "refused http-401"),
    "/404": ("15.5.5", "Not Found", status("404 Not Found"), "gone http-404"),
    "/407": ("15.5.8", "an origin that asks for a proxy's password gets none", status("407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="x"'), "refused http-407"),
    "/410": ("15.5.11", "Gone", status("410 Gone"), "gone http-410"),
    "/416": ("15.5.17", "a range that nobody asked for is not there", status("416 Range Not Satisfiable", "Content-Range: bytes */9"), "failed http-416"),
    "/421": ("15.5.20", "Misdirected Request", status("421 Misdirected Request"), "failed http-421"),
    "/426": ("15.5.22", "an Upgrade is not made", status("426 Upgrade Required", "Upgrade: h2c", "Connection: Upgrade"), "failed http2-only"),
    "/500": ("10.2.3", "Retry-After, in seconds", status("500 Internal Server Error", "Retry-After: 200000"), "failed http-500"),
    "/502": ("10.2.3", "Retry-After, a date", status("502 Bad Gateway", f"Retry-After: {(datetime.now(UTC) + timedelta(days=3)).strftime('%a, %d %b %Y %H:%M:%S GMT')}"), "failed http-502"),
    "/504": ("10.2.3", "Retry-After that is none", status("504 Gateway Timeout", "Retry-After: soon"), "failed http-504"),
    "/weak": ("13.1.2", "a weak ETag is given back as it came", conditional(1, "ETag", WEAK, "If-None-Match"), "article"),
    "/strong": ("13.1.2", "a strong ETag, too", conditional(3, "ETag", STRONG, "If-None-Match"), "article"),
    "/empty-tag": ("8.8.3", "an empty opaque tag is one", conditional(5, "ETag", ODD, "If-None-Match"), "article"),
    "/dated": ("13.1.3", "a Last-Modified is given back as it came", conditional(7, "Last-Modified", MODIFIED, "If-Modified-Since"), "article"),
    "/varied": ("12.5.5", "Vary: * keeps nothing from being read", answer(http(article(9), "text/html; charset=utf-8", "Vary: *", "Vary: Cookie, Accept-Language")), "article"),
    "/elsewhere": ("8.7", "Content-Location gives the page no other address", answer(http(article(11), "text/html; charset=utf-8", "Content-Location: https://bank.example/login")), "article"),
    "/cookie": ("RFC 6265, 5.3", "a cookie is not sent back, since nothing leads in a ring", answer(http(article(13), "text/html; charset=utf-8", "Set-Cookie: a=b; Path=/", 'Alt-Svc: h3=":443"', "Refresh: 0; url=/refreshed")), "article"),
    "/untyped": ("8.3", "no Content-Type: looked at", answer(page(article(15), headers="X: y")), "article"),
}  # fmt: skip
TARGETS = ("/target/300", "/target/301", "/target/302", "/target/308", "/target/first", "/303?page=other")
ASKED = {
    b"host",
    b"user-agent",
    b"accept",
    b"accept-encoding",
    b"accept-language",
    b"if-none-match",
    b"if-modified-since",
}


@pytest.fixture(scope="module")
def crawls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("semantics")
    routes = {path: route for path, (_, _, route, _) in CASES.items()}
    with Server({"/": answer(http(b"<h1>Paper</h1>")), **routes}) as server:
        wanted = {
            "seeds": [server.url("/")],
            "sections": [server.url(path) for path in CASES],
            "sitemaps": [server.url("/none.xml")],
        }
        tables, marks = [], []
        for arguments in ((), ("recheck=all",)):
            spider_crawl(folder, settings={"RETRY_ENABLED": False}, arguments=arguments, **wanted)
            marks.append(len(server.received))
            with closing(sqlite3.connect(folder / "archive" / "warraq.db")) as db:
                db.row_factory = sqlite3.Row
                rows = db.execute("SELECT * FROM urls WHERE visits > 0").fetchall()
                tables.append({row["url"].removeprefix(server.url("")): dict(row) for row in rows})
        return tables, server.received, marks, server


@pytest.mark.parametrize("path", CASES, ids=[f"{case[0]}: {case[1]}" for case in CASES.values()])
def test_an_answer_is_taken_for_what_it_is(path, crawls):
    row = crawls[0][0][path]
    assert f"{row['outcome']} {row['reason']}".strip() == CASES[path][3]


def test_a_redirect_leads_where_its_location_says(crawls):
    tables, received, marks, _ = crawls
    asked = [each.target for each in received[: marks[0]]]
    assert {path: asked.count(path) for path in TARGETS} == dict.fromkeys(TARGETS, 1)
    assert not {"/target/second", "/refreshed"} & {*asked, *tables[0]}
    assert not [url for url in (*asked, *tables[0]) if "secret" in url or "#" in url]


def test_retry_after_is_kept_in_either_form(crawls):
    rows = crawls[0][0]
    for path, days in (("/500", 200_000 / 86_400), ("/502", 3)):
        wait = datetime.fromisoformat(rows[path]["due_at"]) - datetime.fromisoformat(rows[path]["visited_at"])
        # the date was written when the tests were collected, which may be long ago
        assert timedelta(days=days, hours=-1) < wait < timedelta(days=days, minutes=5)
    wait = datetime.fromisoformat(rows["/504"]["due_at"]) - datetime.fromisoformat(rows["/504"]["visited_at"])
    assert wait < timedelta(hours=1)


@pytest.mark.parametrize("path", ["/weak", "/strong", "/empty-tag", "/dated"])
def test_a_validator_comes_back_as_it_was_given_and_a_304_means_unchanged(path, crawls):
    _, received, marks, _ = crawls
    again = [each for each in received[marks[0] :] if each.path == path]
    assert len(again) == 1
    assert b"If-" in again[0].head
    row = crawls[0][1][path]
    assert (row["outcome"], row["reason"], row["status"]) == ("article", "unchanged", 304)


def test_nothing_is_asked_but_a_plain_get(crawls):
    """RFC 9110, 14.2 (no Range), 13.1.5 (no If-Range), 10.1.1 (no Expect), 7.8 (no Upgrade), 10.1.4 (no TE), 10.1.3 (no Referer), 11.6.2, and no cookie."""
    for each in crawls[1]:
        lines = each.head.split(b"\r\n")
        assert lines[0].startswith(b"GET /")
        assert lines[0].endswith(b" HTTP/1.1")
        names = [line.partition(b":")[0].lower() for line in lines[1:] if line]
        assert set(names) <= ASKED
        assert len(names) == len(set(names))


def test_host_comes_first_and_is_the_authority(crawls):
    """RFC 9110, 7.2; RFC 9112, 3.2."""
    _, received, _, server = crawls
    assert {each.head.split(b"\r\n")[1] for each in received} == {f"Host: 127.0.0.1:{server.port}".encode()}

"""Byte exactness of the download handler against a misbehaving server, over HTTP, TLS and proxies."""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from archive.warc.record import notes_on
from tests.support.authority import Authority
from tests.support.fetch import Crawled, fetch
from tests.support.oddities import BROKEN, CLOSED, KEPT, LIMITS, RUNAWAYS, SURPLUS, asked, routes
from tests.support.server import Proxy, Server, answer, page

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

WHOLE = {**KEPT, **CLOSED, **{path: message for path, (message, _) in SURPLUS.items()}}
PRECEDED = {"/early-hints", "/continue", "/two-interims", "/empty-line-first", "/two-empty-lines-first"}
"""Paths at which something comes before the final response: interim responses, empty lines."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", params=["http", "https"])
def odd(request: pytest.FixtureRequest, authority: Authority) -> Iterator[tuple[Server, Crawled]]:
    tls = authority.context("127.0.0.1", "localhost") if request.param == "https" else None
    with Server(routes(), tls=tls) as server:
        requests = asked(server.url, (*WHOLE, *BROKEN, *RUNAWAYS))
        yield server, fetch(requests, settings=LIMITS, env={"SSL_CERT_FILE": str(authority.certificate_file)})


@pytest.mark.parametrize("path", WHOLE)
def test_what_the_server_sent_is_what_is_captured(path: str, odd: tuple[Server, Crawled]) -> None:
    server, crawled = odd
    capture = crawled.capture(server.url(path))
    assert capture.interim + capture.response == WHOLE[path]
    assert capture.response[:1].isalpha()
    assert capture.truncated == ""
    assert (capture.interim != b"") is (path in PRECEDED)
    (visit,) = [each for each in crawled.visits if each.url == capture.url]
    assert visit.outcome == ""


@pytest.mark.parametrize("path", BROKEN)
def test_broken_exchange_keeps_what_arrived_and_has_a_name(path: str, odd: tuple[Server, Crawled]) -> None:
    server, crawled = odd
    sent, outcome, truncated = BROKEN[path]
    capture = crawled.capture(server.url(path))
    assert capture.interim + capture.response == sent
    assert capture.truncated == truncated
    (visit,) = [each for each in crawled.visits if each.url == capture.url]
    assert visit.outcome == outcome


@pytest.mark.parametrize("path", RUNAWAYS)
def test_runaway_exchange_is_stopped_and_keeps_what_arrived(path: str, odd: tuple[Server, Crawled]) -> None:
    server, crawled = odd
    _, outcome, truncated = RUNAWAYS[path]
    capture = crawled.capture(server.url(path))
    (visit,) = [each for each in crawled.visits if each.url == capture.url]
    assert visit.outcome == outcome
    assert capture.truncated == truncated
    kept = capture.interim + capture.response
    assert server.sent[path].startswith(kept)
    assert len(kept) < 1_200_000
    if path not in {"/hang", "/reset-before-head"}:
        assert kept


def test_requests_are_captured_as_the_server_received_them(odd: tuple[Server, Crawled]) -> None:
    server, crawled = odd
    received = sorted(each.head + each.body for each in server.received)
    assert sorted(each.request for each in crawled.captures) == received


def test_peer_and_tls_are_recorded(odd: tuple[Server, Crawled]) -> None:
    server, crawled = odd
    secure = server.url("").startswith("https")
    for capture in crawled.captures:
        assert capture.ip == "127.0.0.1"
        assert capture.tls_verified
        if secure:
            assert capture.tls is not None
            assert capture.tls[0].startswith("TLSv1.")
            assert capture.tls[1]
        else:
            assert capture.tls is None


def test_responses_go_up_still_coded_and_without_chunks(odd: tuple[Server, Crawled]) -> None:
    server, crawled = odd
    visits = {each.url: each for each in crawled.visits}
    assert visits[server.url("/gzip")].body == visits[server.url("/chunked-gzip")].body
    assert visits[server.url("/gzip")].body[:2] == b"\x1f\x8b"
    assert visits[server.url("/chunked")].body == b"abcde"
    assert visits[server.url("/interleaved")].headers[b"Set-Cookie"] == [b"a=1", b"b=2"]
    assert visits[server.url("/surplus")].body == b"ok"
    assert visits[server.url("/smuggled")].body == b"ok"
    assert crawled.stats["wire/surplus_bytes"] == sum(len(rest) for _, rest in SURPLUS.values())


def test_connections_are_kept_and_a_stale_one_is_replaced() -> None:
    with Server(routes()) as server:
        one_by_one = {"CONCURRENT_REQUESTS": 1, "CONCURRENT_REQUESTS_PER_DOMAIN": 1}
        urls = [server.url(path) for path in ("/plain", "/gzip", "/chunked", "/empty", "/not-modified", "/plain")]
        fetch([{"url": url} for url in urls], settings=one_by_one)
        assert server.connections == 1
        crawled = fetch([{"url": server.url("/stale")}] * 3, settings=one_by_one)
        assert [each.body for each in crawled.visits] == [b"first"] * 3
        assert len(crawled.captures) == 3
        assert server.connections == 1 + 3


def test_connection_out_of_step_is_not_used_again() -> None:
    with Server(routes()) as server:
        urls = [server.url(path) for path in ("/smuggled", "/plain", "/surplus", "/plain")]
        crawled = fetch([{"url": url} for url in urls], settings={"CONCURRENT_REQUESTS": 1})
        assert [len(each.body) for each in crawled.visits] == [
            2,
            len(crawled.visits[1].body),
            2,
            len(crawled.visits[1].body),
        ]
        assert server.connections == 3


def test_head_and_post_are_framed_right() -> None:
    async def head(exchange: object) -> bool:
        return await answer(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")(exchange)  # type: ignore[arg-type]

    with Server({"/head": head, "/post": answer(page(b"thanks"))}) as server:
        body = bytes(range(256))
        crawled = fetch(
            [
                {"url": server.url("/head"), "method": "HEAD"},
                {"url": server.url("/post?q=1"), "method": "POST", "body": body, "headers": {"Content-Type": "x/y"}},
            ],
            settings={"CONCURRENT_REQUESTS": 1},
        )
        assert [each.outcome for each in crawled.visits] == ["", ""]
        assert server.received[1].body == body
        assert server.received[1].target == "/post?q=1"
        assert crawled.captures[1].request == server.received[1].head + body
        assert server.connections == 1


def test_credentials_never_reach_a_capture_unless_asked() -> None:
    with Server({"/": answer(page(b"ok"))}) as server:
        secret = {"Authorization": "Basic c2VjcmV0", "Cookie": "session=secret", "X-Other": "kept"}
        url = server.url("/").replace("://", "://user:secret@")
        crawled = fetch([{"url": url, "headers": secret}])
        (capture,) = crawled.captures
        assert b"c2VjcmV0" in server.received[0].head
        assert b"c2VjcmV0" not in capture.request
        assert b"secret" not in capture.request
        assert "secret" not in capture.url
        assert b"X-Other: kept" in capture.request
        assert set(capture.redacted) == {"authorization", "cookie"}
        (kept,) = fetch([{"url": url, "headers": secret}], settings={"WARRAQ_KEEP_CREDENTIALS": True}).captures
        assert kept.request == server.received[1].head
        assert (kept.redacted, kept.credentials) == ((), ("authorization", "cookie", "url"))
        assert notes_on(capture) == [("credentials-left-out", "authorization cookie")]
        assert notes_on(kept) == [("credentials-kept", "authorization cookie url")]


def test_http_proxy_is_spoken_to_in_absolute_form() -> None:
    with Server(routes()) as server, Proxy(credentials=b"Basic dXNlcjpwYXNz") as proxy:
        meta = {"proxy": proxy.url("").replace("://", "://user:pass@")}
        crawled = fetch([{"url": server.url("/interleaved?a=b"), "meta": meta}])
        (capture,) = crawled.captures
        assert capture.response == KEPT["/interleaved"]
        assert capture.request.startswith(b"GET " + server.url("/interleaved?a=b").encode() + b" HTTP/1.1\r\n")
        assert capture.ip == ""
        assert capture.redacted == ("proxy-authorization",)
        assert base64.b64encode(b"user:pass") not in capture.request


def test_tunnel_holds_the_inner_bytes_and_hides_the_proxys_password(authority: Authority) -> None:
    with (
        Server(routes(), tls=authority.context("127.0.0.1")) as server,
        Proxy(credentials=b"Basic dXNlcjpwYXNz") as proxy,
    ):
        meta = {"proxy": proxy.url("").replace("://", "://user:pass@")}
        requests = [{"url": server.url(path), "meta": meta} for path in ("/chunked", "/plain")]
        crawled = fetch(
            requests, settings={"CONCURRENT_REQUESTS": 1}, env={"SSL_CERT_FILE": str(authority.certificate_file)}
        )
        assert [each.response for each in crawled.captures] == [KEPT["/chunked"], KEPT["/plain"]]
        assert [each.request for each in crawled.captures] == [each.head for each in server.received]
        assert b"Proxy-Authorization" not in server.received[0].head
        assert crawled.captures[0].tls is not None
        assert [each.head.split(b" ")[0] for each in proxy.received] == [b"CONNECT"]


def test_proxy_that_refuses_is_a_named_outcome(authority: Authority) -> None:
    with (
        Server(routes(), tls=authority.context("127.0.0.1")) as server,
        Server(routes()) as plain,
        Proxy(credentials=b"Basic x") as proxy,
    ):
        for one, captures in ((server, 0), (plain, 1)):  # a request without a tunnel has an answer
            crawled = fetch([{"url": one.url("/plain"), "meta": {"proxy": proxy.url("")}}])
            assert crawled.visits[0].outcome == "proxy"
            assert "407" in crawled.visits[0].error
            assert len(crawled.captures) == captures
            assert one.received == []


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://nowhere.invalid:3128"])
def test_a_proxy_that_is_away_is_named_and_not_the_site(address: str) -> None:
    with Server(routes()) as server:
        crawled = fetch([{"url": server.url("/plain"), "meta": {"proxy": address}}])
        assert crawled.visits[0].outcome == "proxy"
        assert address.removeprefix("http://") in crawled.visits[0].error
        assert server.received == []


def test_a_site_that_answers_407_without_a_proxy_is_taken_at_its_word() -> None:
    refusal = answer(page(b"no", status="407 Proxy Authentication Required"))
    with Server({"/plain": refusal}) as server:
        assert fetch([{"url": server.url("/plain")}]).visits[0].outcome != "proxy"


@pytest.fixture(scope="module")
def untrustworthy(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    other = Authority(tmp_path_factory.mktemp("other"))
    contexts = {
        "expired": authority.context("127.0.0.1", expired=True),
        "self-signed": authority.context("127.0.0.1", self_signed=True),
        "wrong name": authority.context("example.org"),
        "unknown authority": other.context("127.0.0.1"),
    }
    with contextlib.ExitStack() as stack:
        yield {fault: stack.enter_context(Server(routes(), tls=context)) for fault, context in contexts.items()}


@pytest.mark.parametrize("policy", ["never", "record"])
def test_bad_certificates_are_refused_or_recorded_by_policy(
    policy: str, authority: Authority, untrustworthy: dict[str, Server]
) -> None:
    requests = [{"url": server.url("/plain")} for server in untrustworthy.values() for _ in range(2)]
    settings = {"WARRAQ_TLS_FALLBACK": policy, "CONCURRENT_REQUESTS": 1}
    crawled = fetch(requests, settings=settings, env={"SSL_CERT_FILE": str(authority.certificate_file)})
    if policy == "never":
        assert [each.outcome for each in crawled.visits] == ["tls"] * 8
        for visit, reason in zip(
            crawled.visits[::4], ("certificate verify failed", "the certificate is of another host"), strict=True
        ):
            assert f"failed: {reason} (expired," in visit.error
        assert crawled.captures == []  # not a byte of HTTP went to somebody who could not show who they are
        assert [server.received for server in untrustworthy.values()] == [[]] * 4
    else:
        assert [each.response for each in crawled.captures] == [KEPT["/plain"]] * 8
        assert not any(each.tls_verified for each in crawled.captures)
        assert [server.connections for server in untrustworthy.values()] == [1] * 4  # kept alive


def test_failures_before_the_exchange_have_names(authority: Authority) -> None:
    with Server(routes()) as server:
        port = server.port
    with Server(routes()) as plain:
        crawled = fetch(
            [
                {"url": f"http://127.0.0.1:{port}/closed-port"},
                {"url": "http://no-such-host.invalid/"},
                {"url": plain.url("/plain").replace("http:", "https:")},
                {"url": "ftp://127.0.0.1/x"},
                {"url": "file:///etc/passwd"},
                {"url": "data:text/html,hello"},
                {"url": plain.url("/plain"), "headers": {"X-Bad": "a\r\nInjected: b"}},
            ]
        )
        outcomes = [each.outcome for each in crawled.visits]
        assert outcomes[:3] == ["connection-refused", "dns", "tls"]
        assert outcomes[6] == "bad-request"
        assert all(outcomes[3:6])
        assert crawled.captures == []
        assert plain.received == []


def test_underscore_host_names_still_resolve() -> None:
    """Guards the one private name of Scrapy that the handler uses."""
    from scrapy.core.downloader._idna_patch import _install_twisted_idna_fallbacks
    from twisted.internet.endpoints import HostnameEndpoint

    from twisted.internet import reactor  # isort: skip

    _install_twisted_idna_fallbacks()
    assert "invalid" not in repr(HostnameEndpoint(reactor, b"some_blog.example.org", 80))


def test_partial_body_is_handed_up_when_asked_for() -> None:
    with Server({"/long": answer(page(b"x" * 50_000))}) as server:
        crawled = fetch([{"url": server.url("/long"), "meta": {"download_maxsize": 1000, "keep_partial": True}}])
        assert crawled.visits[0].flags == ["truncated", "too-large"]
        assert len(crawled.visits[0].body) >= 1000
        assert crawled.captures[0].truncated == "length"


def test_no_socket_listens_during_a_crawl() -> None:
    async def look(exchange: object) -> bool:
        return await answer(page(listening().encode()))(exchange)  # type: ignore[arg-type]

    with Server({"/": look}) as server:
        crawled = fetch([{"url": server.url("/")}])
        assert crawled.visits[0].body == b""


def listening() -> str:
    """The TCP ports on which this process's children listen, from /proc."""
    inodes = {name for process in Path("/proc").glob("[0-9]*") if _is_child(process) for name in _sockets(process)}
    rows = [
        line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    ports = [int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes]
    return " ".join(map(str, sorted(ports)))


def _sockets(process: Path) -> Iterator[str]:
    for link in (process / "fd").iterdir():
        with contextlib.suppress(OSError):
            yield str(link.readlink())


def _is_child(process: Path) -> bool:
    try:
        parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return False
    return parent == os.getpid()


class _SixServer(ThreadingHTTPServer):
    address_family = socket.AF_INET6


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_):
        pass


ONLY_SIX = """
import socket
resolve = socket.getaddrinfo
def getaddrinfo(host, port, family=0, *more, **others):
    if host != "six.test":
        return resolve(host, port, family, *more, **others)
    if family != socket.AF_INET6:
        raise socket.gaierror(socket.EAI_NONAME, "no address of IPv4")
    return resolve("::1", port, family, *more, **others)
socket.getaddrinfo = getaddrinfo
"""


def test_a_host_that_has_an_address_of_ipv6_alone_is_reached_by_name_and_by_address(tmp_path):
    try:
        server = _SixServer(("::1", 0), _Hello)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "sitecustomize.py").write_text(ONLY_SIX)
    hosts = ("six.test", "[::1]", "no-such-host.invalid")
    with server:
        crawled = fetch(
            [{"url": f"http://{host}:{server.server_port}/"} for host in hosts],
            python_path=tmp_path,
        )
        server.shutdown()
    assert [(visit.body, visit.outcome) for visit in crawled.visits] == [(b"hello", ""), (b"hello", ""), (b"", "dns")]

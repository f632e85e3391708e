"""Slow clients do not delay others, and no request is interpreted as two."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from uvicorn.server import ServerState

from archive.web import admission
from archive.web.admission import Admission, BoundedProtocol, SecurityHeaders, Slots

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def hello(scope, receive, send):
    await PlainTextResponse("hello")(scope, receive, send)


@contextlib.asynccontextmanager
async def listen(app):
    config = uvicorn.Config(app, http=BoundedProtocol, ws="none", timeout_keep_alive=5)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(lambda: BoundedProtocol(config, state, {}), "127.0.0.1", 0)
    yield server
    server.close()
    for connection in list(state.connections):
        connection.transport.abort()
    for _ in range(3):  # for the loop to close what was broken off
        await asyncio.sleep(0)


async def ask(server, request):
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    writer.write(request)
    try:
        return await reader.read()
    finally:
        writer.close()


async def ask_until_served(server, request):
    """Ask again if the process stood still for so long that the request's own head was dropped."""
    for _ in range(20):
        with contextlib.suppress(ConnectionError):
            if answer := await ask(server, request):
                return answer
    return b""


def test_a_head_that_dawdles_is_dropped_and_the_others_are_served(monkeypatch):
    monkeypatch.setattr(admission, "HEAD_SECONDS", 0.2)

    async def run():
        async with listen(hello) as server:
            slow = [asyncio.create_task(ask(server, b"GET / HTTP/1.1\r\nHost: local")) for _ in range(200)]
            assert (await ask_until_served(server, GET)).endswith(b"hello")
            kept = GET.replace(b"Connection: close\r\n", b"")
            second = ask_until_served(
                server, kept + b"GET / HTTP/1.1\r\nHo"
            )  # a head that is not its connection's first
            assert (await second).endswith(b"hello")
            return await asyncio.gather(*slow, return_exceptions=True)

    dropped = asyncio.run(run())
    assert all(one == b"" or isinstance(one, ConnectionError) for one in dropped)


def test_connections_beyond_the_limit_are_closed(monkeypatch):
    monkeypatch.setattr(admission, "MOST_CONNECTIONS", 3)

    async def run():
        async with listen(hello) as server:
            open_ones = [await asyncio.open_connection(*server.sockets[0].getsockname()[:2]) for _ in range(3)]
            await asyncio.sleep(0)
            refused = await asyncio.gather(ask(server, GET), return_exceptions=True)
            assert refused == [b""] or isinstance(refused[0], ConnectionError)
            for _, writer in open_ones:
                writer.close()

    asyncio.run(run())


def test_requests_wait_their_turn_and_are_told_when_it_does_not_come(monkeypatch):
    monkeypatch.setattr(admission, "MOST_REQUESTS", 1)
    monkeypatch.setattr(admission, "TURN_SECONDS", 0.2)

    async def run():
        first, gate = asyncio.Event(), asyncio.Event()

        async def held(scope, receive, send):
            first.set()
            await gate.wait()
            await hello(scope, receive, send)

        async with listen(Admission(held)) as server:
            one = asyncio.create_task(ask(server, GET))
            await first.wait()
            refused = await ask(server, GET)
            gate.set()
            return await one, refused

    one, refused = asyncio.run(run())
    assert one.endswith(b"hello")
    assert refused.startswith(b"HTTP/1.1 503")
    assert b"retry-after" in refused


def test_the_next_turn_is_of_the_address_with_the_fewest_under_way():
    async def run():
        turns, order = Slots(2, kept=0), []

        async def one(address):
            await turns.take(address, 60)
            order.append(address)
            await asyncio.sleep(0)
            turns.give(address)

        for address in ("greedy", "greedy"):
            await turns.take(address, 60)
        tasks = [asyncio.create_task(one(address)) for address in ("greedy", "greedy", "person", "greedy", "other")]
        await asyncio.sleep(0)
        turns.give("greedy")
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(run())[:2] == ["person", "other"]


def test_some_turns_are_kept_for_who_has_none_under_way():
    async def run():
        turns = Slots(3, kept=1)
        for address in ("greedy", "greedy"):
            await turns.take(address, 60)
        third = asyncio.create_task(turns.take("greedy", 60))
        await asyncio.sleep(0)
        await turns.take("person", 0)
        more = asyncio.create_task(turns.take("person", 60))
        await asyncio.sleep(0)
        assert not third.done()
        turns.give("person")
        await asyncio.wait_for(more, 5)
        assert not third.done()
        turns.give("person")
        turns.give("greedy")
        await asyncio.wait_for(third, 5)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:1:2:3", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("", "socket", False),
    ],
)
def test_all_addresses_of_one_ipv6_network_are_one_client(monkeypatch, one, other, same):
    monkeypatch.setattr(admission, "MOST_REQUESTS", 2)
    monkeypatch.setattr(admission, "KEPT_REQUESTS", 1)
    monkeypatch.setattr(admission, "TURN_SECONDS", 0)

    async def run():
        gate, statuses = asyncio.Event(), {one: 0, other: 0}

        async def held(scope, receive, send):
            await gate.wait()
            await hello(scope, receive, send)

        async def request(app, address):
            async def send(message):
                statuses[address] = message.get("status", statuses[address])

            scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": (address, 1)}
            await app(scope, None, send)

        app = Admission(held)
        first = asyncio.create_task(request(app, one))
        await asyncio.sleep(0)
        second = asyncio.create_task(request(app, other))
        await asyncio.sleep(0.05)
        gate.set()
        await asyncio.gather(first, second)
        return statuses[other]

    assert asyncio.run(run()) == (503 if same else 200)


def test_a_turn_that_came_too_late_is_nobodys():
    async def run():
        turns = Slots(1, kept=0)
        await turns.take("a", 60)
        with pytest.raises(TimeoutError):
            await turns.take("b", 0)
        turns.give("a")
        await turns.take("c", 60)
        turns.give("c")
        await asyncio.wait_for(turns.take("d", 60), 5)

    asyncio.run(run())


def test_a_turn_that_comes_in_the_moment_the_wait_ends_goes_to_another():
    async def run():
        turns = Slots(1, kept=0)
        await turns.take("a", 60)
        waiting = asyncio.create_task(turns.take("b", 60))
        await asyncio.sleep(0)
        turns.give("a")
        waiting.cancel()
        if await asyncio.gather(waiting, return_exceptions=True) != [None]:  # Python 3.11 lets it keep the turn
            await asyncio.wait_for(turns.take("c", 60), 5)

    asyncio.run(run())


def test_a_client_that_takes_its_answer_slowly_holds_no_turn(monkeypatch):
    monkeypatch.setattr(admission, "MOST_REQUESTS", 1)

    async def run():
        begun, gate = asyncio.Event(), asyncio.Event()

        async def slow(scope, receive, send):
            if begun.is_set():
                await hello(scope, receive, send)
                return
            await send({"type": "http.response.start", "status": 200, "headers": []})
            begun.set()
            await gate.wait()
            await send({"type": "http.response.body", "body": b"at last"})

        async with listen(Admission(slow)) as server:
            first = asyncio.create_task(ask(server, GET))
            await begun.wait()
            second = await ask(server, GET)
            gate.set()
            return await first, second

    first, second = asyncio.run(run())
    assert b"at last" in first
    assert second.endswith(b"hello")


def test_an_answer_that_has_no_end_is_broken_off(monkeypatch):
    monkeypatch.setattr(admission, "ANSWER_SECONDS", 0.2)

    async def endless(scope, receive, send):
        await asyncio.sleep(3600)

    async def run():
        async with listen(Admission(endless)) as server:
            return await ask(server, GET)

    assert b"200" not in asyncio.run(run()).partition(b"\r\n")[0]


@pytest.mark.parametrize(
    "line",
    [b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"Transfer-Encoding: chunked", b"Host: x\r\nHost: y"],
)
def test_what_could_be_two_requests_is_refused_and_the_connection_closed(line):
    async def run():
        async with listen(SecurityHeaders(hello, hosts=())) as server:
            request = (
                b"GET / HTTP/1.1\r\nHost: localhost\r\n"
                + line
                + b"\r\n\r\n0\r\n\r\nGET /second HTTP/1.1\r\nHost: localhost\r\n\r\n"
            )
            return await ask(server, request)

    said = asyncio.run(run())
    assert said.startswith(b"HTTP/1.1 400")
    assert said.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("host", [b"localhost:80@evil.example", b"localhost/", b"a b", b"[::1", b"localhost:x"])
def test_a_host_that_is_none_is_refused(host):
    async def run():
        async with listen(SecurityHeaders(hello, hosts=())) as server:
            return await ask(server, GET.replace(b"localhost", host))

    assert asyncio.run(run()).startswith(b"HTTP/1.1 400")

"""The addresses that a crawl may reach, by table and by crawls that try others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.download.errors import RefusedAddressError
from crawler.download.guard import AddressGuard, is_public
from tests.support.fetch import fetch
from tests.support.server import Proxy, Server, answer, page

PUBLIC = [
    "8.8.8.8",
    "93.184.216.34",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
    "::ffff:0:8.8.8.8",
]
PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1", "100::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2002:c0a8:101::1",
    "2001:0:7f00:1::1", "2001:0:808:808::80ff:fffe",
    "192.0.0.192", "::ffff:192.0.0.192", "192.88.99.1", "3fff::1", "2001:20::1", "2a00::5efe:10.0.0.1", "2a00::200:5efe:127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)
    AddressGuard().check("host", address)


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(RefusedAddressError) as refused:
        AddressGuard().check("example.org", address)
    assert refused.value.outcome == "refused-address"
    assert refused.value.address == address


def test_networks_open_only_by_name() -> None:
    guard = AddressGuard(["127.0.0.0/8", "fd00::/8"])
    for address in ("127.0.0.1", "127.9.9.9", "::ffff:127.0.0.1", "fd00::5", "8.8.8.8"):
        guard.check("host", address)
    for address in ("10.0.0.1", "::1", "fc00::1"):
        with pytest.raises(RefusedAddressError):
            guard.check("host", address)
    with pytest.raises(ValueError, match="not appear to be"):
        AddressGuard(["localhost"])


def test_the_loopback_address_of_ipv6_opens_by_itself() -> None:
    AddressGuard(["::1/128"]).check("localhost", "::1")
    with pytest.raises(RefusedAddressError):
        AddressGuard(["0.0.0.0/8"]).check("localhost", "::1")


def test_an_open_network_of_tunnels_opens_nothing_that_they_lead_to() -> None:
    guard = AddressGuard(["2001::/32"])
    guard.check("host", "2001:0:808:808::f7f7:f7f7")  # Teredo: server 8.8.8.8, client 8.8.8.8 with its bits turned
    for address in ("2001:0:808:808::80ff:fffe", "2001:0:7f00:1::f7f7:f7f7"):
        with pytest.raises(RefusedAddressError):
            guard.check("host", address)


def test_host_name_is_judged_later_and_literal_at_once() -> None:
    AddressGuard().check_literal("example.org")
    AddressGuard().check_literal("8.8.8.8")
    with pytest.raises(RefusedAddressError):
        AddressGuard().check_literal("169.254.169.254")


@given(st.ip_addresses())
def test_every_address_gets_a_judgement(address: object) -> None:
    assert is_public(str(address)) in {True, False}


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_changes_nothing(address: object) -> None:
    for wrapped in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert is_public(wrapped) == is_public(str(address))


@pytest.mark.slow
def test_no_spelling_of_loopback_gets_a_byte_through() -> None:
    """Covers names that resolve to loopback (the way of DNS rebinding) and spellings that only the resolver reads."""
    with Server({"/": answer(page(b"secret"))}) as server:
        spellings = [
            "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0", "localhost",
            "127.0.0.2", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "127.0.0.1.",
        ]  # fmt: skip
        urls = [f"http://{host}:{server.port}/" for host in spellings]
        crawled = fetch([{"url": url} for url in urls], settings={"WARRAQ_OPEN_NETWORKS": [], "DOWNLOAD_TIMEOUT": 5})
        assert server.received == []
        assert crawled.captures == []
        refused = [each.url for each in crawled.visits if each.outcome == "refused-address"]
        others = {each.outcome for each in crawled.visits} - {"refused-address"}
        assert len(refused) >= 10
        assert others <= {"dns", "connection-refused", "unreachable"}


@pytest.mark.slow
def test_redirect_into_a_closed_network_is_refused() -> None:
    """Even where Scrapy's own redirects are on."""
    with Server({"/": answer(page(b"secret"))}, host="127.0.0.9") as inner:
        location = answer(page(b"", status="302 Found", headers=f"Location: {inner.url('/')}"))
        with Server({"/": location}) as outer:
            settings = {
                "WARRAQ_OPEN_NETWORKS": ["127.0.0.1/32"],
                "REDIRECT_ENABLED": True,
                "DOWNLOADER_MIDDLEWARES": {},
            }
            crawled = fetch([{"url": outer.url("/")}], settings=settings)
            assert crawled.visits[0].outcome == "refused-address"
            assert inner.received == []


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0xa9fea9fe", "[::1]".strip("[]"), "::ffff:7f00:1"]
)
def test_no_spelling_of_an_address_is_taken_for_a_name(host: str) -> None:
    """A proxy would resolve it for us."""
    with pytest.raises(RefusedAddressError):
        AddressGuard().check_literal(host)


@pytest.mark.slow
def test_behind_a_proxy_a_literal_address_is_still_refused() -> None:
    with Server({"/": answer(page(b"secret"))}) as server, Proxy() as proxy:
        request = {"url": server.url("/"), "meta": {"proxy": proxy.url("")}}
        crawled = fetch([request], settings={"WARRAQ_OPEN_NETWORKS": []})
        assert crawled.visits[0].outcome == "refused-address"
        assert proxy.received == []

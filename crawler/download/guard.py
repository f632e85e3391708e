"""Keep the crawler on the public internet: check the address of each connected peer.

The check uses the address of the connected peer, before the first byte is written, so that redirects, odd spellings
(2130706433, 0x7f.1), mapped addresses and DNS rebinding all meet the same test. Behind a proxy the peer is the proxy: then only a
host written as an address in the URL can be checked, and the proxy has to guard the rest.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from socket import inet_aton, inet_ntoa
from typing import TYPE_CHECKING

from crawler.download.errors import RefusedAddressError

if TYPE_CHECKING:
    from collections.abc import Iterable

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network

_SPECIAL_IPV4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        ),
    )
)  # fmt: skip
"""IANA's IPv4 Special-Purpose Address Registry and multicast, whole blocks: the anycast addresses inside 192.0.0.0/24 serve no news.

We keep our own table because the interpreter's `is_global` changes between versions: that of 3.11 allows most of 192.0.0.0/24.
"""
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""RFC 4291, section 2.4: everything else is local, multicast or unassigned."""
_SPECIAL_IPV6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
"""Exceptions in IANA's IPv6 Special-Purpose Address Registry: protocol assignments (Teredo, ORCHID …) and documentation."""
_IPV4_IN_LAST_BITS = (
    IPv6Network("::ffff:0:0/96"),  # mapped, RFC 4291
    IPv6Network("::ffff:0:0:0/96"),  # translated, RFC 7915
    IPv6Network("::/96"),  # compatible, RFC 4291 (deprecated)
    IPv6Network("64:ff9b::/96"),  # NAT64, RFC 6052
)
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214, section 6.1: the interface identifier before the IPv4 address


def _embedded(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses to which a packet for `address` may finally be delivered."""
    if int(address) <= 1:  # :: and ::1, which only look like compatible addresses
        return ()
    last = IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in network for network in _IPV4_IN_LAST_BITS) or (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return (last,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    return address.teredo or ()


def _addresses_to_check(address: _Address) -> tuple[_Address, ...]:
    """Return the addresses that must all be allowed for `address` to be allowed."""
    if isinstance(address, IPv4Address):
        return (address,)
    inner = _embedded(address)
    return inner if inner and any(address in network for network in _IPV4_IN_LAST_BITS) else (address, *inner)


def _plain(address: str) -> _Address:
    return ip_address(address.partition("%")[0])  # a zone names the interface, not the destination


def is_public(address: str) -> bool:
    """Return whether `address` and every address embedded in it are on the public internet; raises ValueError if it is invalid."""
    return all(_is_global(each) for each in _addresses_to_check(_plain(address)))


def _is_global(address: _Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    return address in _GLOBAL_UNICAST and not any(address in network for network in _SPECIAL_IPV6)


class AddressGuard:
    """Checks addresses; `open_networks` (CIDR notation) are allowed although they are not public.

    Raises ValueError for an invalid network.
    """

    def __init__(self, open_networks: Iterable[str] = ()) -> None:
        self._open: tuple[_Network, ...] = tuple(ip_network(network) for network in open_networks)

    def check(self, host: str, address: str) -> None:
        """Raise RefusedAddressError unless `address`, to which `host` led, is public or opened."""
        to_check = _addresses_to_check(_plain(address))
        if not all(_is_global(each) or any(each in network for network in self._open) for each in to_check):
            raise RefusedAddressError(host, address)

    def check_literal(self, host: str) -> None:
        """Check a host written as an address; a name passes here, and its address is checked once connected."""
        try:
            address = str(_plain(host))
        except ValueError:
            try:
                address = inet_ntoa(
                    inet_aton(host)
                )  # 2130706433, 0x7f.1, 0177.0.0.1: what a resolver or a proxy takes for one
            except (OSError, ValueError):
                return
        self.check(host, address)

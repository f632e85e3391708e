"""Which node each site belongs to: sites and nodes in, a ranking of nodes for each group of sites out. Pure, and the same on every machine.

Politeness is per host, so whatever may ask one host goes to one node: sites that name a common registrable domain make a group, and
groups are placed. Weighted rendezvous hashing (Schindelhauer and Schomaker, "Weighted Distributed Hash Tables", 2005, the logarithmic
method): each node gets its share by weight; a node that comes takes only what it wins, one that goes gives up only what it had.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive import urls

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from crawler.cluster.nodes import Node
    from crawler.sites.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Sites that share hosts, by name; `key` is the first of their registrable domains in the alphabet, and what they are placed by."""

    key: str
    domains: tuple[str, ...]
    sites: tuple[str, ...]


def domains_of(site: Site) -> frozenset[str]:
    """The registrable domains (or addresses) of every host that the site's entry names."""
    named = {f"http://{host.removeprefix('*.')}/" for host in site.hosts}
    return frozenset(urls.site_of(url) for url in (*named, *site.seeds, *site.feeds, *site.sitemaps, *site.sections))


def grouped(sites: Iterable[Site]) -> list[Group]:
    """The groups of the sites, in the order of their keys."""
    members: dict[str, tuple[set[str], set[str]]] = {}
    for site in sites:
        domains, names = set(domains_of(site)), {site.name}
        for known in {id(members[domain]): members[domain] for domain in domains if domain in members}.values():
            domains |= known[0]
            names |= known[1]
        merged = (domains, names)
        members.update(dict.fromkeys(domains, merged))
    distinct = {id(group): group for group in members.values()}.values()
    groups = (
        Group(key=min(domains), domains=tuple(sorted(domains)), sites=tuple(sorted(names)))
        for domains, names in distinct
    )
    return sorted(groups, key=lambda group: group.key)


def ranked(key: str, nodes: Iterable[Node]) -> list[Node]:
    """The nodes as they come into question for the group of that key, best first."""
    return sorted(nodes, key=lambda node: (-_score(key, node), node.name))


def placed(group: Group, nodes: Collection[Node], *, gone: Collection[str] = ()) -> tuple[Node, Node | None]:
    """The node that the group belongs to, and the one to use while those named in `gone` are away (None when all are)."""
    ranking = ranked(group.key, nodes)
    return ranking[0], next((node for node in ranking if node.name not in gone), None)


def _score(key: str, node: Node) -> float:
    digest = hashlib.sha256(f"{node.name}\n{key}".encode()).digest()
    share = (int.from_bytes(digest[:6]) + 0.5) / 2.0**48  # in (0, 1), exact in a double
    return -node.weight / math.log(share)

"""Decide which node a site belongs to and what may start now. Pure: no clock, no I/O.

A host is assigned again only when no job can still be requesting from it. A dispatched job counts as running until its node reports
its end, or no longer knows it (then its parent is gone, and the job ends with it), or its lease is over; `grace` and the site's delay
are added. This holds for a node that was killed, for one that is cut off and crawls on, and for one that returns.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from archive import urls
from crawler.cluster import Grant, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from crawler.cluster import Cluster, Node
    from crawler.cluster.scrapyd import Jobs
    from crawler.sites import Site

# Which node each site belongs to: a ranking of nodes for each group of sites, the same on every machine.
#
# Politeness is per host, so all sites that may request from one host go to one node: sites that name a common registrable domain
# make a group, and groups are placed. Weighted rendezvous hashing (Schindelhauer and Schomaker, "Weighted Distributed
# Hash Tables", 2005, the logarithmic method): each node gets its share by weight; adding or removing a node moves only
# the sites that it wins or had.


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Sites that share hosts, by name; `key`, the alphabetically first of their registrable domains, decides the placement."""

    key: str
    domains: tuple[str, ...]
    sites: tuple[str, ...]


def domains_of(site: Site) -> frozenset[str]:
    """Return the registrable domains (or addresses) of every host that the site's entry names."""
    named = {f"http://{host.removeprefix('*.')}/" for host in site.hosts}
    return frozenset(urls.site_of(url) for url in (*named, *site.seeds, *site.feeds, *site.sitemaps, *site.sections))


def groups_of(sites: Iterable[Site]) -> list[Group]:
    """Return the groups of the sites, in the order of their keys."""
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
    """Return the nodes for the group of that key, best first."""
    return sorted(nodes, key=lambda node: (-_score(key, node), node.name))


def placed(group: Group, nodes: Collection[Node], *, gone: Collection[str] = ()) -> tuple[Node, Node | None]:
    """Return the node that the group belongs to, and the one to use without those in `gone` (None if none is left)."""
    ranking = ranked(group.key, nodes)
    return ranking[0], next((node for node in ranking if node.name not in gone), None)


def _score(key: str, node: Node) -> float:
    digest = hashlib.sha256(f"{node.name}\n{key}".encode()).digest()
    share = (int.from_bytes(digest[:6]) + 0.5) / 2.0**48  # in (0, 1), exact in a double
    return -node.weight / math.log(share)


ORPHAN_SECONDS = 10.0
"""The longest that a crawl outlives its scrapyd: half a second to notice, five to finish requests, the rest to close its files."""

_JOB = re.compile(r"([a-z0-9][a-z0-9._-]{0,79})@(\d{8}T\d{6}Z)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision on a site: `action` is `start`, `pending`, `running` or `wait`; `reason` says why it waits, `at` until when, if known.

    Reasons: `not-due`, `held` (a job of it, or what may be left of one), `same-hosts` (as another site), `silent` (its node does not
    answer), `clock` (of its node is off), `nobody` (no node is left).
    """

    site: str
    group: str
    home: str
    node: str
    action: str
    reason: str = ""
    detail: str = ""
    at: float = 0.0


def job_id(site: str, until: float) -> str:
    """Return the id of a job: the site and the end of its lease, so that a node's list of jobs says both."""
    return f"{site}@{datetime.fromtimestamp(until, UTC):%Y%m%dT%H%M%SZ}"


def read_job_id(job: str) -> tuple[str, float] | None:
    """Return the site and the end of the lease of one of our jobs; None for any other job."""
    match = _JOB.fullmatch(job)
    if match is None:
        return None
    try:
        until = datetime.strptime(match.group(2), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return match.group(1), until.timestamp()


def observe(state: State, answers: Mapping[str, Jobs], *, now: float, lease: float) -> State:
    """Return `state` updated by the job lists of the nodes that answered, including unknown jobs."""
    grants = {grant.job: _seen(grant, answers.get(grant.node), now) for grant in state.grants.values()}
    for node, jobs in answers.items():
        for job in jobs.active - grants.keys():
            if ours := read_job_id(job):
                grants[job] = Grant(site=ours[0], node=node, job=job, granted=ours[1] - lease, until=ours[1])
    return replace(state, heard={**state.heard, **dict.fromkeys(answers, now)}, grants=grants)


def _seen(grant: Grant, jobs: Jobs | None, now: float) -> Grant:
    if jobs is None:
        return grant
    if grant.job in jobs.active:
        return replace(grant, ended=0.0, how="")
    if grant.how == "finished" or (grant.ended and grant.job not in jobs.finished):
        return grant
    return replace(grant, ended=now, how="finished" if grant.job in jobs.finished else "lost")


def without(state: State, node: str, *, now: float) -> State:
    """Return `state` after the operator declared the node off: none of its jobs is running."""
    grants = {
        job: replace(grant, ended=now, how="gone") if grant.node == node and not grant.ended else grant
        for job, grant in state.grants.items()
    }
    return replace(state, grants=grants)


def gone(cluster: Cluster, state: State, answers: Collection[str], *, now: float) -> frozenset[str]:
    """Return the names of the nodes that count as gone because they have not answered for too long."""
    return frozenset(
        node.name
        for node in cluster.nodes
        if node.name not in answers and now >= state.heard.get(node.name, state.begun) + cluster.patience
    )


def free_at(grant: Grant, *, grace: float, delay: float) -> float:
    """Return the time from which the hosts of that job can be assigned again."""
    end = grant.until
    if grant.ended:
        end = min(end, grant.ended + (ORPHAN_SECONDS if grant.how == "lost" else 0.0))
    return end + grace + delay


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All inputs of a decision. `delays` are the sites' seconds between two requests, `away` the nodes that count as gone."""

    cluster: Cluster
    state: State
    answers: Mapping[str, Jobs]
    away: Collection[str]
    delays: Mapping[str, float]
    now: float


def decisions(sites: Iterable[Site], situation: Snapshot) -> list[Decision]:
    """Return a decision per site; those that start come in order of their waiting time, longest first."""
    last = _last_granted(situation.state)
    found: list[Decision] = []
    for group in groups_of(sites):
        found += _of_group(group, situation, last)
    return sorted(found, key=lambda verdict: (verdict.action != "start", last.get(verdict.site, 0.0), verdict.site))


def pruned(state: State, *, grace: float, delays: Mapping[str, float], longest: float, now: float) -> State:
    """Return `state` without the jobs that no longer hold a host, except the last job of each site."""
    last = _last_granted(state)
    kept = {
        job: grant
        for job, grant in state.grants.items()
        if now < free_at(grant, grace=grace, delay=delays.get(grant.site, longest)) or grant.granted == last[grant.site]
    }
    return replace(state, grants=kept)


def _last_granted(state: State) -> dict[str, float]:
    last: dict[str, float] = {}
    for grant in state.grants.values():
        last[grant.site] = max(grant.granted, last.get(grant.site, 0.0))
    return last


def _of_group(group: Group, situation: Snapshot, last: Mapping[str, float]) -> list[Decision]:
    home, node = placed(group, situation.cluster.nodes, gone=situation.away)
    holders = _holders(group, situation)
    chosen = ""
    found = []
    for site in sorted(group.sites, key=lambda name: (last.get(name, 0.0), name)):
        verdict = Decision(site=site, group=group.key, home=home.name, node=node.name if node else "", action="wait")
        due = last[site] + situation.cluster.interval if site in last else 0.0
        if mine := next((grant for grant in holders if grant.site == site), None):
            found.append(_held(verdict, mine, situation))
        elif situation.now < due:
            found.append(replace(verdict, reason="not-due", at=due))
        elif holders or chosen:
            other = holders[0].site if holders else chosen
            at = _free_at(holders[0], situation) if holders else 0.0
            found.append(replace(verdict, reason="same-hosts", detail=f"as {other}", at=at))
        else:
            found.append(_startable(verdict, node, situation))
            chosen = site if found[-1].action == "start" else ""
    return found


def _holders(group: Group, situation: Snapshot) -> list[Grant]:
    """Return the jobs that hold the hosts of the group, the one that holds them longest first."""
    grants = (grant for grant in situation.state.grants.values() if grant.site in group.sites)
    binding = [grant for grant in grants if _is_listed(grant, situation) or situation.now < _free_at(grant, situation)]
    return sorted(binding, key=lambda grant: (not _is_listed(grant, situation), -_free_at(grant, situation)))


def _is_listed(grant: Grant, situation: Snapshot) -> bool:
    """Return whether its node lists the job: then it holds the hosts, even after its lease."""
    jobs = situation.answers.get(grant.node)
    return jobs is not None and grant.job in jobs.active


def _free_at(grant: Grant, situation: Snapshot) -> float:
    return free_at(grant, grace=situation.cluster.grace, delay=situation.delays[grant.site])


def _held(verdict: Decision, grant: Grant, situation: Snapshot) -> Decision:
    jobs = situation.answers.get(grant.node)
    if jobs is not None and grant.job in jobs.active:
        return replace(verdict, node=grant.node, action="running" if grant.job in jobs.running else "pending")
    how = f"{grant.how} on {grant.node}" if grant.ended else f"on {grant.node}, which does not answer"
    return replace(verdict, reason="held", detail=how, at=_free_at(grant, situation))


def _startable(verdict: Decision, node: Node | None, situation: Snapshot) -> Decision:
    if node is None:
        return replace(verdict, reason="nobody")
    jobs = situation.answers.get(node.name)
    if jobs is None:
        since = situation.state.heard.get(node.name, situation.state.begun)
        return replace(verdict, reason="silent", at=since + situation.cluster.patience)
    if abs(jobs.skew) > situation.cluster.grace / 2:
        return replace(verdict, reason="clock", detail=f"{jobs.skew:+.0f} s")
    return replace(verdict, action="start")

"""One round of a cluster: asks every node, judges every site, lets out what may start, and says what came of it.

A job is put down in the state before its node is asked to take it: an answer that is lost on the way loses no lease.
"""

from __future__ import annotations

import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.cluster.dispatch import Decision, Snapshot, decisions, gone, job_id, observe, pruned, without
from crawler.cluster.scrapyd import Jobs, NodeError, list_jobs, schedule
from crawler.cluster.state import Grant, State, write_state

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from crawler.cluster.nodes import Cluster, Node
    from crawler.sites.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a round found and did. `silent` is nodes that gave no good answer, with why; `refused` is jobs that were not taken, by site."""

    now: float
    state: State
    answers: Mapping[str, Jobs]
    silent: Mapping[str, str]
    away: Collection[str]
    verdicts: tuple[Decision, ...]
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What there is to crawl: the sites, the entry of each as JSON, and each one's seconds between two requests."""

    sites: tuple[Site, ...]
    entries: Mapping[str, str]
    delays: Mapping[str, float]


def survey(cluster: Cluster) -> tuple[dict[str, Jobs], dict[str, str]]:
    """What the nodes list, by name, and why the others list nothing; all are asked at once."""

    def ask(node: Node) -> Jobs | NodeError:
        try:
            return list_jobs(node, timeout=cluster.timeout)
        except NodeError as error:
            return error

    with ThreadPoolExecutor(max_workers=16) as pool:
        heard = dict(zip((node.name for node in cluster.nodes), pool.map(ask, cluster.nodes), strict=True))
    answers = {name: jobs for name, jobs in heard.items() if isinstance(jobs, Jobs)}
    return answers, {name: error.problem for name, error in heard.items() if isinstance(error, NodeError)}


def look(
    cluster: Cluster, work: Work, state: State, *, off: Iterable[str] = (), clock: Callable[[], float] = time.time
) -> Round:
    """What is, and what may start; changes nothing. `off` names nodes that the operator knows to be off."""
    answers, silent = survey(cluster)
    now = clock()
    for name in off:
        state = without(state, name, now=now)
        silent[name] = silent.get(name) or "off, as you say"
        answers.pop(name, None)
    state = observe(state, answers, now=now, lease=cluster.lease)
    longest = max(work.delays.values(), default=0.0)
    delays = defaultdict(lambda: longest, work.delays)
    state = pruned(state, grace=cluster.grace, delays=delays, longest=longest, now=now)
    away = gone(cluster, state, answers, now=now) | frozenset(off)
    situation = Snapshot(cluster=cluster, state=state, answers=answers, away=away, delays=delays, now=now)
    found = tuple(decisions(work.sites, situation))
    return Round(now=now, state=state, answers=answers, silent=silent, away=away, verdicts=found)


def deploy(cluster: Cluster, work: Work, found: Round, *, only: Collection[str] = ()) -> Round:
    """Lets out what `found` says may start (of the sites `only`, if any), and returns it with what was refused; raises NotWritableError."""
    starting = [
        verdict for verdict in found.verdicts if verdict.action == "start" and (not only or verdict.site in only)
    ]
    grants = [_grant(verdict, found.now, cluster.lease) for verdict in starting]
    state = replace(found.state, grants={**found.state.grants, **{grant.job: grant for grant in grants}})
    write_state(cluster.state, state)
    nodes = {node.name: node for node in cluster.nodes}
    by_node: dict[str, list[Grant]] = defaultdict(list)
    for grant in grants:
        by_node[grant.node].append(grant)

    def let_out(name: str) -> dict[str, tuple[str, bool]]:
        return _dispatch(nodes[name], by_node[name], work.entries, cluster.timeout)

    with ThreadPoolExecutor(max_workers=16) as pool:
        failed = {job: why for each in pool.map(let_out, by_node) for job, why in each.items()}
    never = {job for job, (_, certain) in failed.items() if certain}
    if never:
        state = replace(state, grants={job: grant for job, grant in state.grants.items() if job not in never})
        write_state(cluster.state, state)
    site_of = {grant.job: grant.site for grant in grants}
    return replace(found, state=state, refused={site_of[job]: why for job, (why, _) in failed.items()})


def _grant(verdict: Decision, now: float, lease: float) -> Grant:
    until = float(int(now + lease))  # whole seconds, as the job's id says it
    return Grant(site=verdict.site, node=verdict.node, job=job_id(verdict.site, until), granted=now, until=until)


def _dispatch(
    node: Node, grants: Iterable[Grant], entries: Mapping[str, str], timeout: float
) -> dict[str, tuple[str, bool]]:
    """Jobs that were not taken: why, and whether that is certain. After an answer that did not come the node is asked no more."""
    failed: dict[str, tuple[str, bool]] = {}
    silent = ""
    for grant in grants:
        if silent:
            failed[grant.job] = (silent, True)
            continue
        until = datetime.fromtimestamp(grant.until, UTC).isoformat()
        settings = [
            ("WARRAQ_SITE_ENTRY", entries[grant.site]),
            ("WARRAQ_LEASE_UNTIL", until),
            ("WARRAQ_END_WITH_PARENT", "1"),
            ("WARRAQ_SUMMARY", ""),
        ]
        try:
            schedule(node, job=grant.job, site=grant.site, settings=settings, timeout=timeout)
        except NodeError as error:
            failed[grant.job] = (str(error), error.refused)
            silent = "" if error.refused else str(error)
    return failed

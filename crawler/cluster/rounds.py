"""Run one round of a cluster: query every node, decide on every site, dispatch what may start, and report the result.

A job is written to the state before its node is asked to run it, so a lost answer loses no lease.
"""

from __future__ import annotations

import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crawler.cluster import Grant, State, write_state
from crawler.cluster.dispatch import Decision, Snapshot, decisions, gone, job_id, observe, pruned, without
from crawler.cluster.scrapyd import Jobs, NodeError, list_jobs, queue_job

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from crawler.cluster import Cluster, Node
    from crawler.sites import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The result of a round. `silent` has the nodes without a valid answer and the reasons; `refused` the rejected jobs, by site."""

    now: float
    state: State
    answers: Mapping[str, Jobs]
    silent: Mapping[str, str]
    away: Collection[str]
    verdicts: tuple[Decision, ...]
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The sites to crawl: their entries as JSON, and the seconds between two requests of each."""

    sites: tuple[Site, ...]
    entries: Mapping[str, str]
    delays: Mapping[str, float]


def survey(cluster: Cluster) -> tuple[dict[str, Jobs], dict[str, str]]:
    """Return the job lists of the nodes, by name, and why the others gave none; all are queried in parallel."""

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
    """Return the current state and what may start, without changing anything. `off` names nodes that the operator knows to be off."""
    answers, silent = survey(cluster)
    now = clock()
    for name in off:
        state = without(state, name, now=now)
        silent[name] = silent.get(name) or "declared off"
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
    """Dispatch the jobs of `found` that may start (only those of the sites `only`, if given); return it with the rejected jobs.

    Raises NotWritableError.
    """
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

    def dispatch_to(name: str) -> dict[str, tuple[str, bool]]:
        return _dispatch(nodes[name], by_node[name], work.entries, cluster.timeout)

    with ThreadPoolExecutor(max_workers=16) as pool:
        failed = {job: why for each in pool.map(dispatch_to, by_node) for job, why in each.items()}
    never = {job for job, (_, certain) in failed.items() if certain}
    if never:
        state = replace(state, grants={job: grant for job, grant in state.grants.items() if job not in never})
        write_state(cluster.state, state)
    site_of = {grant.job: grant.site for grant in grants}
    return replace(found, state=state, refused={site_of[job]: why for job, (why, _) in failed.items()})


def _grant(verdict: Decision, now: float, lease: float) -> Grant:
    until = float(int(now + lease))  # whole seconds, as in the job's id
    return Grant(site=verdict.site, node=verdict.node, job=job_id(verdict.site, until), granted=now, until=until)


def _dispatch(
    node: Node, grants: Iterable[Grant], entries: Mapping[str, str], timeout: float
) -> dict[str, tuple[str, bool]]:
    """Return the jobs that were not accepted: why, and whether that is certain. A node that does not answer gets no more requests."""
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
            queue_job(node, job=grant.job, site=grant.site, settings=settings, timeout=timeout)
        except NodeError as error:
            failed[grant.job] = (str(error), error.refused)
            silent = "" if error.refused else str(error)
    return failed


# A round of the cluster as rows for `--json` and as lines of text.


def node_row(name: str, found: Round, open_nodes: list[str]) -> dict[str, Any]:
    """Return the row of a node: its answer, or why and since when there is none."""
    jobs = found.answers.get(name)
    row: dict[str, Any] = {"node": name, "answers": jobs is not None, "counts_as_gone": name in found.away}
    if jobs is None:
        heard = found.state.heard.get(name)
        return row | {"problem": found.silent.get(name, ""), "last_heard": iso_of_seconds(heard) if heard else ""}
    known = {verdict.site for verdict in found.verdicts}
    foreign = [
        job for job in sorted(jobs.active) if job not in found.state.grants or found.state.grants[job].site not in known
    ]
    return row | {
        "pending": len(jobs.pending),
        "running": list(jobs.running),
        "finished": len(jobs.finished),
        "clock_ahead_s": round(jobs.skew, 1),
        "without_password": name in open_nodes,
        "foreign_jobs": foreign,
    }


def node_line(row: Mapping[str, Any]) -> str:
    """Return a node's row as text."""
    if not row["answers"]:
        state = "counts as gone" if row["counts_as_gone"] else "silent"
        return f"{row['node']}: {state} ({row['problem']}); last heard {row['last_heard'] or 'never'}"
    warnings = [
        f"CLOCK {row['clock_ahead_s']:+} s" if row["clock_ahead_s"] else "",
        "ANSWERS WITHOUT A PASSWORD" if row["without_password"] else "",
        f"jobs that are not ours: {', '.join(row['foreign_jobs'])}" if row["foreign_jobs"] else "",
    ]
    text = f"{row['node']}: {len(row['running'])} running, {row['pending']} pending, {row['finished']} finished"
    return "; ".join(filter(None, (text, *warnings)))


def site_row(verdict: Decision, found: Round) -> dict[str, Any]:
    """Return the row of a site: the decision on it and its last job."""
    last = max(
        (grant for grant in found.state.grants.values() if grant.site == verdict.site),
        key=lambda grant: grant.granted,
        default=None,
    )
    return {
        "site": verdict.site,
        "home": verdict.home,
        "node": verdict.node,
        "action": verdict.action,
        "reason": verdict.reason,
        "detail": verdict.detail,
        "not_before": iso_of_seconds(verdict.at) if verdict.at else "",
        "last_job": last.job if last else "",
        "last_node": last.node if last else "",
        "last_start": iso_of_seconds(last.granted) if last else "",
        "last_end": iso_of_seconds(last.ended) if last and last.ended else "",
        "last_how": last.how if last else "",
    }


def describe_site(row: Mapping[str, Any]) -> str:
    """Return a site's row as text."""
    if row["action"] != "wait":
        verb = "starts" if row["action"] == "start" else row["action"]
        return f"{verb} on {row['node']}{': ' if row['detail'] else ''}{row['detail']}"
    why = {
        "not-due": "not due",
        "held": f"its last job may still run, {row['detail']}",
        "same-hosts": f"waits for its turn, it has the same hosts {row['detail']}",
        "silent": f"{row['node']} does not answer; another node takes over unless it does",
        "clock": f"the clock of {row['node']} is off by {row['detail']}",
        "nobody": "no node is left",
    }[row["reason"]]
    return f"{why}{', not before ' + row['not_before'] if row['not_before'] else ''}"


def iso_of_seconds(seconds: float) -> str:
    """Return seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")

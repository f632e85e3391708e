"""Says what a round of the cluster found: a Round comes in, rows for `--json` and lines for a person go out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.cluster.dispatch import Decision
    from crawler.cluster.rounds import Round


def node_row(name: str, found: Round, open_nodes: list[str]) -> dict[str, Any]:
    """A node as it answered, or why and since when it does not."""
    jobs = found.answers.get(name)
    row: dict[str, Any] = {"node": name, "answers": jobs is not None, "counts_as_gone": name in found.away}
    if jobs is None:
        heard = found.state.heard.get(name)
        return row | {"problem": found.silent.get(name, ""), "last_heard": iso(heard) if heard else ""}
    known = {verdict.site for verdict in found.verdicts}
    foreign = [
        job for job in sorted(jobs.living) if job not in found.state.grants or found.state.grants[job].site not in known
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
    """The same in words."""
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
    """What becomes of a site now, and its last job."""
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
        "not_before": iso(verdict.at) if verdict.at else "",
        "last_job": last.job if last else "",
        "last_node": last.node if last else "",
        "last_start": iso(last.granted) if last else "",
        "last_end": iso(last.ended) if last and last.ended else "",
        "last_how": last.how if last else "",
    }


def said(row: Mapping[str, Any]) -> str:
    """A site's row in words."""
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


def iso(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")

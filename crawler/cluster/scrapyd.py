"""Call scrapyd's HTTP API (1.6) with bounded answers; every failure is one NodeError that names the node.

API: https://scrapyd.readthedocs.io/en/1.6.0/api.html. Errors come as `{"status": "error", "message": …}` with status 200 or another.
"""

from __future__ import annotations

import base64
import http.client
import json
import time
import urllib.request
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from archive.http.client import NoResponseError, exchange

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawler.cluster import Node

SPIDER = "news"


class NodeError(Exception):
    """A node was unreachable, or refused the request. If `refused` is true, nothing was done there."""

    def __init__(self, node: str, problem: str, *, refused: bool = False) -> None:
        super().__init__(f"{node}: {problem}")
        self.node = node
        self.problem = problem
        self.refused = refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """Ids of the jobs that a node lists, `finished` newest first; `skew` is by how many seconds its clock is ahead of ours."""

    pending: tuple[str, ...]
    running: tuple[str, ...]
    finished: tuple[str, ...]
    skew: float

    @property
    def active(self) -> frozenset[str]:
        """The jobs that are running or pending."""
        return frozenset((*self.pending, *self.running))


def list_jobs(node: Node, *, timeout: float) -> Jobs:
    """Return the jobs of our project there; raises NodeError."""
    answer, skew = _ask(node, "listjobs.json", timeout=timeout, query={"project": node.project})
    return Jobs(
        pending=_ids(node, answer, "pending"),
        running=_ids(node, answer, "running"),
        finished=_ids(node, answer, "finished"),
        skew=skew,
    )


def queue_job(node: Node, *, job: str, site: str, settings: Iterable[tuple[str, str]], timeout: float) -> None:
    """Queue `crawl news -a site=SITE` there under that id; raises NodeError. Unless it is `refused`, the job may still be queued."""
    form = [("project", node.project), ("spider", SPIDER), ("jobid", job), ("site", site)]
    form += [("setting", f"{name}={value}") for name, value in settings]
    answer, _ = _ask(node, "schedule.json", timeout=timeout, form=form)
    if answer.get("jobid") != job:
        raise NodeError(node.name, f"took the job under another id, {str(answer.get('jobid'))[:80]!r}")


def is_open(node: Node, *, timeout: float) -> bool:
    """Return whether the node answers requests without a password; raises NodeError if it does not answer at all."""
    status, _, _ = _exchange(node, urllib.request.Request(f"{node.url}daemonstatus.json"), timeout)  # noqa: S310 - crawler.cluster lets http(s) through
    return status == http.client.OK


def _ask(
    node: Node,
    path: str,
    *,
    timeout: float,
    query: dict[str, str] | None = None,
    form: list[tuple[str, str]] | None = None,
) -> tuple[dict[str, Any], float]:
    """Return the answer, and the seconds by which the node's clock is ahead."""
    url = f"{node.url}{path}{'?' + urlencode(query) if query else ''}"
    request = urllib.request.Request(url, data=urlencode(form).encode() if form else None)  # noqa: S310 - see is_open
    if node.username:
        pair = base64.b64encode(f"{node.username}:{node.password}".encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {pair}")
    asked = time.time()
    status, date, body = _exchange(node, request, timeout)
    return _understood(node, path, status, body), _skew(date, asked, time.time())


def _exchange(node: Node, request: urllib.request.Request, timeout: float) -> tuple[int, str, bytes]:
    """Return status, Date and body; a node that sends too much or too slowly counts as unreachable."""
    try:
        answer = exchange(request, seconds=timeout, direct=True)
    except NoResponseError as error:
        raise NodeError(node.name, f"{node.url} does not answer: {error}") from error
    return answer.status, answer.headers.get("Date", ""), answer.body


def _understood(node: Node, path: str, status: int, body: bytes) -> dict[str, Any]:
    if status == http.client.UNAUTHORIZED:
        raise NodeError(node.name, "does not accept our username and password", refused=True)
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or answer.get("status") not in {"ok", "error"}:
        start = body[:80].decode("utf-8", "replace")
        raise NodeError(node.name, f"is not a scrapyd: {path} answered with status {status}, {start!r}")
    if answer["status"] == "error":
        raise NodeError(node.name, f"answered: {str(answer.get('message', ''))[:500]}", refused=True)
    return answer


def _ids(node: Node, answer: dict[str, Any], kind: str) -> tuple[str, ...]:
    rows = answer.get(kind)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NodeError(node.name, f"is not a scrapyd: listjobs.json has no list {kind!r}")
    return tuple(str(row.get("id", "")) for row in rows if row.get("spider") == SPIDER)


def _skew(date: str, asked: float, answered: float) -> float:
    """Return how far the Date header (whole seconds) is outside of the duration of the request."""
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        return 0.0
    return theirs - answered if theirs > answered else min(0.0, theirs + 1 - asked)

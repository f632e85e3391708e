"""Crawl the sites of one sites.toml on several scrapyd nodes: placement, leases and scrapyd's HTTP API (docs/scale.md).

`dispatch` decides which node a site belongs to and what may start now, `scrapyd` calls the nodes, `rounds` runs a round and reports it.
Nothing here crawls: a job is `scrapy crawl news -a site=NAME` on its node.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from archive import ArchiveError, NotWritableError, UsageError
from archive.errors import ExitCode
from archive.files import held, replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


class NodesError(UsageError):
    """A value in nodes.toml is invalid; `key` names it, such as `node.one.url`."""

    def __init__(self, path: Path, key: str, problem: str) -> None:
        super().__init__(f"{path}: {f'{key}: ' if key else ''}{problem}")
        self.path = path
        self.key = key
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One scrapyd; `weight` sets its share of the sites. Without `username`, requests carry no password."""

    name: str
    url: str
    weight: float = 1.0
    project: str = "warraq"
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """All nodes, and the times in seconds.

    `lease` is how long a job may run after its dispatch; `grace` passes after the end of a job before its hosts are assigned again (it
    covers differing clocks, a crawl's last seconds, and a site's Crawl-delay); `interval` is the time between two starts of a site's job;
    `timeout` limits one request to a node. `state` is the file of the leases.
    """

    nodes: tuple[Node, ...]
    state: Path
    lease: float = 900.0
    grace: float = 60.0
    interval: float = 600.0
    timeout: float = 10.0

    @property
    def patience(self) -> float:
        """Seconds of silence after which a node counts as gone: all its jobs have ended by then."""
        return self.lease + self.grace


_TIMES: dict[str, tuple[float, float]] = {
    "lease": (10, 86_400),
    "grace": (1, 3_600),
    "interval": (0, 604_800),
    "timeout": (0.1, 120),
}
"""Allowed range of each, in seconds. A crawl takes five to end and one to begin, so a lease under ten is useless."""

_KEYS = ("url", "weight", "project", "username", "password_env", "password_file")


def load_cluster(path: Path, *, environ: Mapping[str, str] = os.environ) -> Cluster:
    """Return the cluster that the file describes; passwords come from `environ` or from files. Raises NodesError."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise NodesError(path, "", "there is no such file; start from deploy/cluster/nodes.toml") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise NodesError(path, "", f"cannot be read: {error}") from None
    if unknown := sorted(document.keys() - {*_TIMES, "state", "node"}):
        raise NodesError(path, unknown[0], f"unknown; there are {', '.join((*_TIMES, 'state'))} and tables [node.NAME]")
    entries = document.get("node", {})
    if not isinstance(entries, dict) or not entries:
        raise NodesError(path, "node", 'needs at least one table [node.NAME] with url = "http://…:6800/"')
    nodes = tuple(_node(path, name, entry, environ) for name, entry in entries.items())
    for index, node in enumerate(nodes):
        if twin := next((other for other in nodes[:index] if other.url == node.url), None):
            raise NodesError(path, f"node.{node.name}.url", f"is also that of {twin.name!r}: each node needs its own")
    times = {name: _number(path, name, document[name], *_TIMES[name]) for name in _TIMES if name in document}
    state = document.get("state", "cluster-state.json")
    if not isinstance(state, str) or not state:
        raise NodesError(path, "state", "must be the path of a file, relative to this one")
    return Cluster(nodes=nodes, state=path.parent / state, **times)


def _node(path: Path, name: str, entry: object, environ: Mapping[str, str]) -> Node:
    key = f"node.{name}"
    if not _NAME.fullmatch(name):
        raise NodesError(path, key, "is not a valid name; use a-z, 0-9, '.', '_' and '-'")
    if not isinstance(entry, dict):
        raise NodesError(path, key, f"is not a table; write [{key}]")
    if unknown := sorted(entry.keys() - set(_KEYS)):
        raise NodesError(path, f"{key}.{unknown[0]}", f"unknown; there are {', '.join(_KEYS)}")
    texts = {word: entry.get(word, "") for word in _KEYS if word != "weight"}
    for word, value in texts.items():
        if not isinstance(value, str):
            raise NodesError(path, f"{key}.{word}", f"{value!r} is not text")
    weight = _number(path, f"{key}.weight", entry.get("weight", 1.0), 0.001, 1000)
    password = _password(path, key, texts, environ)
    return Node(
        name=name,
        url=_url(path, f"{key}.url", texts["url"]),
        weight=weight,
        project=texts["project"] or "warraq",
        username=texts["username"],
        password=password,
    )


def _url(path: Path, key: str, text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        good = False
    if not good:
        raise NodesError(path, key, f'{text!r} is not the address of a scrapyd; write "http://10.8.0.1:6800/"')
    if parts.username or parts.password or parts.query or parts.fragment:
        raise NodesError(path, key, "has more than scheme, host, port and path; give username and password_env instead")
    return text.rstrip("/") + "/"


def _password(path: Path, key: str, texts: Mapping[str, str], environ: Mapping[str, str]) -> str:
    name, file = texts["password_env"], texts["password_file"]
    if not texts["username"]:
        if name or file:
            raise NodesError(path, f"{key}.username", "is missing, although a password is given")
        return ""
    if bool(name) == bool(file):
        raise NodesError(
            path, f"{key}.password_env", "give this or password_file; the password itself must not be in this file"
        )
    if name:
        if not environ.get(name):
            raise NodesError(path, f"{key}.password_env", f"the environment has no {name}")
        return environ[name]
    try:
        password = (path.parent / file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NodesError(path, f"{key}.password_file", f"cannot be read: {error}") from None
    if not password:
        raise NodesError(path, f"{key}.password_file", f"{file} is empty")
    return password


def _number(path: Path, key: str, value: Any, low: float, high: float) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise NodesError(path, key, f"{value!r} is not a number from {low:g} to {high:g}")
    return float(value)


# The leases on disk: a JSON file, written whole or not at all, and the lock of
# the process that changes it.
#
# Losing the file is safe: nodes that answer list their jobs, and a silent one counts as gone only after all jobs that it
# may have been given are over.


class StateLockedError(ArchiveError):
    """Another deploy is running; `holder` names the process."""

    exit_code = ExitCode.LOCKED

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"another deploy is running ({holder}, lock {path}): wait for it to end")
        self.path = path
        self.holder = holder


class StateError(ArchiveError):
    """The state file is invalid."""

    exit_code = ExitCode.USAGE

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path} is not a cluster state ({problem}): move it away; deploy then waits until all old leases are over"
        )
        self.path = path
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A dispatched job. Times are POSIX seconds; `ended` is when its end was noticed, 0 before that, and `how` is the kind of end.

    `finished`: its node reported it. `lost`: its node no longer knows the job. `gone`: the operator declared the node off.
    """

    site: str
    node: str
    job: str
    granted: float
    until: float
    ended: float = 0.0
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The leases: when the state began, when each node last answered (`heard`), and the `grants` by job."""

    begun: float
    heard: Mapping[str, float] = field(default_factory=dict)
    grants: Mapping[str, Grant] = field(default_factory=dict)


def read_state(path: Path, *, now: float) -> State:
    """Return the state in the file, or a new one that begins now if there is none. Raises StateError."""
    try:
        data = json.loads(path.read_text("utf-8"))
        grants = [_grant(row) for row in data["grants"]]
        heard = {str(name): _seconds(moment) for name, moment in data["heard"].items()}
        return State(begun=_seconds(data["begun"]), heard=heard, grants={grant.job: grant for grant in grants})
    except FileNotFoundError:
        return State(begun=now)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(path, f"{type(error).__name__}: {error}") from None


def write_state(path: Path, state: State) -> None:
    """Replace the file durably, before jobs are dispatched, so that a crash forgets none. Raises NotWritableError."""
    data = {
        "begun": _iso(state.begun),
        "heard": {name: _iso(moment) for name, moment in sorted(state.heard.items())},
        "grants": [_row(grant) for _, grant in sorted(state.grants.items())],
    }
    replace_file(path, [json.dumps(data, ensure_ascii=False, indent=1).encode()])


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock for dispatching jobs; raise StateLockedError."""
    lock = path.with_name(path.name + ".lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritableError(lock, error) from error
    with held(lock, lambda holder: StateLockedError(lock, holder)):
        yield


def _row(grant: Grant) -> dict[str, Any]:
    row = {
        "site": grant.site,
        "node": grant.node,
        "job": grant.job,
        "granted": _iso(grant.granted),
        "until": _iso(grant.until),
    }
    return row | {"ended": _iso(grant.ended), "how": grant.how} if grant.ended else row


def _grant(row: dict[str, str]) -> Grant:
    return Grant(
        site=row["site"],
        node=row["node"],
        job=row["job"],
        granted=_seconds(row["granted"]),
        until=_seconds(row["until"]),
        ended=_seconds(row["ended"]) if "ended" in row else 0.0,
        how=row.get("how", ""),
    )


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()

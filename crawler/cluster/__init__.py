"""Crawl the sites of one sites.toml on several scrapyd nodes: placement, leases and scrapyd's HTTP API (docs/scale.md).

nodes (nodes.toml) → placement (which node a site belongs to) → dispatch (what may start now) → scrapyd (asks and starts). `state` remembers
what was let out, `telling` puts a round in rows and words. Nothing here crawls: a job is `scrapy crawl news -a site=NAME` on its node.
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
    """Something in nodes.toml is not valid; `key` says what, as in `node.one.url`."""

    def __init__(self, path: Path, key: str, problem: str) -> None:
        super().__init__(f"{path}: {f'{key}: ' if key else ''}{problem}")
        self.path = path
        self.key = key
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One scrapyd: its share of the sites goes by `weight`. Without `username` it is asked without a password."""

    name: str
    url: str
    weight: float = 1.0
    project: str = "warraq"
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """All nodes, and the times in seconds.

    `lease` is how long a job may run from when it is handed out; `grace` is waited after a job's end, in whatever way, before the same
    hosts are given out again (it covers clocks that differ, a crawl's last seconds, and a site's Crawl-delay); `interval` lies between
    two starts of a site's job; `timeout` bounds one question to a node. `state` is the file of the leases.
    """

    nodes: tuple[Node, ...]
    state: Path
    lease: float = 900.0
    grace: float = 60.0
    interval: float = 600.0
    timeout: float = 10.0

    @property
    def patience(self) -> float:
        """Seconds of silence after which a node counts as gone: all that it was given has ended by then."""
        return self.lease + self.grace


_TIMES: dict[str, tuple[float, float]] = {
    "lease": (10, 86_400),
    "grace": (1, 3_600),
    "interval": (0, 604_800),
    "timeout": (0.1, 120),
}
"""What each may be, in seconds. A crawl takes five to end and one to begin: a lease of less than ten does nothing."""

_KEYS = ("url", "weight", "project", "username", "password_env", "password_file")


def load_cluster(path: Path, *, environ: Mapping[str, str] = os.environ) -> Cluster:
    """Return what the file says; passwords come from `environ` or from files. Raises NodesError."""
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
            raise NodesError(path, f"node.{node.name}.url", f"is that of {twin.name!r} too: a node has one name")
    times = {name: _number(path, name, document[name], *_TIMES[name]) for name in _TIMES if name in document}
    state = document.get("state", "cluster-state.json")
    if not isinstance(state, str) or not state:
        raise NodesError(path, "state", "is the path of a file, relative to this one")
    return Cluster(nodes=nodes, state=path.parent / state, **times)


def _node(path: Path, name: str, entry: object, environ: Mapping[str, str]) -> Node:
    key = f"node.{name}"
    if not _NAME.fullmatch(name):
        raise NodesError(path, key, "a name is made of a-z, 0-9, '.', '_' and '-'")
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
            raise NodesError(path, f"{key}.username", "is missing beside the password")
        return ""
    if bool(name) == bool(file):
        raise NodesError(path, f"{key}.password_env", "give this or password_file (a password does not belong in here)")
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
# Losing the file is safe: nodes that answer say what they run, and a silent one counts as gone no sooner than all
# that it can have been given is over.


class StateLockedError(ArchiveError):
    """Another deploy is at work; `holder` says which process."""

    exit_code = ExitCode.LOCKED

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"another deploy is running ({holder}; {path} is its lock): let it end")
        self.path = path
        self.holder = holder


class StateError(ArchiveError):
    """The file cannot be understood."""

    exit_code = ExitCode.USAGE

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path} is not a cluster state ({problem}): move it away; deploy then waits until all old leases are over"
        )
        self.path = path
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A dispatched job: times are POSIX seconds; `ended` is when its end was noticed, 0 before that, and `how` says in what way.

    `finished`: its node says so. `lost`: its node answers and knows nothing of it any more. `gone`: the operator says that the node is off.
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
    """`begun` is when this state begins, `heard` when each node last answered, `grants` are by job."""

    begun: float
    heard: Mapping[str, float] = field(default_factory=dict)
    grants: Mapping[str, Grant] = field(default_factory=dict)


def read_state(path: Path, *, now: float) -> State:
    """Return what the file remembers; a new memory that begins now when there is none. Raises StateError."""
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
    """Replace the file, durably: jobs dispatched afterwards are remembered even after a crash. Raises NotWritableError."""
    data = {
        "begun": _iso(state.begun),
        "heard": {name: _iso(moment) for name, moment in sorted(state.heard.items())},
        "grants": [_row(grant) for _, grant in sorted(state.grants.items())],
    }
    replace_file(path, [json.dumps(data, ensure_ascii=False, indent=1).encode()])


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the right to let jobs out; raise StateLockedError."""
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

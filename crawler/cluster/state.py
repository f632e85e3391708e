"""What was let out to which node, on disk: a JSON file in and out, written whole or not at all, and the lock of whoever changes it.

Losing the file is safe: nodes that answer say what they run, and a silent one counts as gone no sooner than all that it can have been given
is over.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from archive import ArchiveError, NotWritableError
from archive.exitcodes import ExitCode
from archive.files.atomic import replace_file
from archive.files.lock import held

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class StateLockedError(ArchiveError):
    """Another deploy is at work; `holder` says which process."""

    exit_code = ExitCode.LOCKED

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"another deploy is at work ({holder}; {path} is its lock): let it end")
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
    """A job that was let out: times are POSIX seconds; `ended` is when its end was noticed, 0 before that, and `how` says in what way.

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
    """`begun` is when this memory begins, `heard` when each node last answered, `grants` are by job."""

    begun: float
    heard: Mapping[str, float] = field(default_factory=dict)
    grants: Mapping[str, Grant] = field(default_factory=dict)


def read_state(path: Path, *, now: float) -> State:
    """What the file remembers; a new memory that begins now when there is none. Raises StateError."""
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
    """Replace the file, durably: what is let out afterwards is remembered whatever happens. Raises NotWritableError."""
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

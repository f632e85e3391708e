"""Joins what two archives know of one URL: two rows of `urls` in, the row that one archive would have out. Pure.

The join is commutative, associative and idempotent (a semilattice), so that shards can be merged in any order, again and again, and
one through another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = dict[str, Any]

DISCOVERY = ("announced_at", "announced_by", "via", "site", "host", "depth", "redirects", "spelling")
"""What the first announcement said."""

VISIT = (
    "visited_at", "due_at", "outcome", "reason", "status", "failures", "unchanged", "etag", "last_modified",
    "payload_digest", "changed_at", "article_url", "kind", "priority", "links_digest", "false_hints",
)  # fmt: skip
"""What the visits have made of the row. They are one thing: an ETag belongs to the answer that gave it."""


HINT = ("published_hint", "hint_via")
"""The latest time that an announcement gave, and which."""


def upgraded(row: Mapping[str, Any]) -> Row:
    """A row of a shard that an earlier warraq wrote, with the columns that came later."""
    return {"false_hints": 0, "hint_via": "", "links_digest": "", "spelling": "", **row}


def join(one: Mapping[str, Any], other: Mapping[str, Any]) -> Row:
    """The row of a URL that two archives know: the earliest announcement, the newest visit, the latest hint; without an `id`.

    A URL that was taken out for good (`redacted`) stays so. Before the first visit it is the best that anybody took it for, due when it
    was first. `visits` is the larger count: an archive that took a site over has counted on from the one before.
    """
    both = (one, other)
    row = {name: value for name, value in one.items() if name != "id"}
    first = min(both, key=lambda r: _key(r, DISCOVERY))
    row |= {name: first[name] for name in DISCOVERY}
    if one["visits"] or other["visits"] or "redacted" in {one["outcome"], other["outcome"]}:
        last = max(both, key=lambda r: (r["outcome"] == "redacted", *_key(r, VISIT)))
        row |= {name: last[name] for name in VISIT}
    else:
        row |= {"due_at": min(filter(None, (one["due_at"], other["due_at"])), default=None)}
        best = min(both, key=lambda r: (r["priority"], r["kind"]))
        row |= {"kind": best["kind"], "priority": best["priority"]}
    row["visits"] = max(one["visits"], other["visits"])
    hinted = max(both, key=lambda r: _key(r, HINT))
    row |= {name: hinted[name] for name in HINT}
    return row


def _key(row: Mapping[str, Any], names: tuple[str, ...]) -> tuple[tuple[bool, Any], ...]:
    """The fields in order, None before everything else."""
    return tuple((row[name] is not None, row[name] if row[name] is not None else 0) for name in names)

"""Takes what only a shard's database knows into an archive's: the frontier, what its hosts repeat, the log of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archive.index import frontier, joining, runs, site_lines
from archive.merge.frontier import join, upgraded

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.index import Store
    from archive.merge.shard import Shard

OWN = "merge"
"""The kind of run that a merge leaves in the log of the archive that it went into, and only there: two archives would never agree."""


def take_frontier(shard: Shard, store: Store, progress: Callable[[int], None]) -> int:
    """Joins the shard's URLs with those that are known here; returns how many rows were new or have changed."""
    taken = seen = 0
    for rows in shard.batches("urls"):
        chosen = [upgraded(row) for row in rows if not shard.site or row["site"] == shard.site]
        held = frontier.rows_of(store.db, [row["url"] for row in chosen])
        fresh = [row for row in (_joined(row, held.get(row["url"])) for row in chosen) if row]
        if fresh:
            with store.atomic():
                frontier.put(store.db, fresh)
        taken += len(fresh)
        seen += len(rows)
        progress(seen)
    return taken


def _joined(row: dict[str, Any], held: dict[str, Any] | None) -> dict[str, Any] | None:
    """The row to be written; None when the one that is held says it all."""
    if held is None:
        return row
    joined = join(held, row)
    return joined if any(held[name] != value for name, value in joined.items()) else None


def take_learned(shard: Shard, store: Store) -> int:
    """Takes what the shard knows of hosts of which it has seen more pages; returns how many hosts.

    Counts of two archives are not added up: one may have them from the other, and nothing may count twice.
    """
    wanted = joining.hosts_of_site(shard.store.db, shard.site) if shard.site else None
    here = site_lines.hosts(store.db)
    taken = 0
    for host, pages in site_lines.hosts(shard.store.db).items():
        if (wanted is not None and host not in wanted) or pages < here.get(host, 0):
            continue
        lines = site_lines.lines_of(shard.store.db, host)
        if pages == here.get(host) and lines <= site_lines.lines_of(store.db, host):
            continue
        with store.atomic():
            site_lines.put(store.db, host, pages, lines)
        taken += 1
    return taken


def take_runs(shard: Shard, store: Store) -> int:
    """Takes the log of what was done to the shard; returns how many rows were new or have ended since."""
    taken = 0
    for rows in shard.batches("runs"):
        chosen = [row for row in rows if row["kind"] != OWN and (not shard.site or row["site"] == shard.site)]
        held = runs.begun_at(store.db, [row["started_at"] for row in chosen])
        with store.atomic():
            for row in chosen:
                taken += _take_run(store, row, held)
    return taken


def _take_run(store: Store, row: dict[str, Any], held: list[dict[str, Any]]) -> bool:
    """A run that is still going on is the same as one that has ended and began then, for the same site."""
    same = [one for one in held if all(one[name] == row[name] for name in ("kind", "site", "started_at"))]
    if row["ended_at"] is None:
        if same:
            return False
    elif any(_ended_alike(one, row) for one in same):
        return False
    going = next((one for one in same if one["ended_at"] is None), None)
    runs.put(store.db, row, going["id"] if going else None)
    if going:
        held.remove(going)
    held.append({**row, "id": going["id"] if going else None})
    return True


def _ended_alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[name] == other[name] for name in ("ended_at", "result", "summary"))

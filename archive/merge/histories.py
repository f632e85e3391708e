"""Copy the joins of a shard, the histories of articles at several URLs, so that they can be undone here.

Never begins or ends a transaction.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from archive.errors import DamagedFileError
from archive.index import captures, identity, joins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlite_utils import Database

    from archive.index.joins import Unindex
    from archive.merge.joining import Shard


def merge_joins(shard: Shard, db: Database, names: Mapping[str, str], *, unindex: Unindex) -> list[str]:
    """Join here what the shard joined, for articles that are here; return the URLs that a user has separated here.

    `names` maps the files of the shard to their names here. What was separated in the shard stays separate here;
    if the two contradict each other, this archive keeps its state.
    """
    theirs = shard.store.db
    if not theirs["joins"].exists():  # made by an earlier version
        return []
    conflicts: list[str] = []
    for row in theirs.query("SELECT * FROM joins ORDER BY id"):
        try:
            conflicts += _merge_join(theirs, db, row, names, unindex)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problem = f"join {row['id']} holds what warraq cannot have written"
            raise DamagedFileError(shard.collection.database, 0, problem) from error
    for (name,) in theirs.conn.execute("SELECT name FROM identities WHERE name = article_key").fetchall():
        if joins.joined_key_of(db, name) == name:
            db.conn.execute("INSERT OR IGNORE INTO identities (name, article_key) VALUES (?, ?)", (name, name))
        else:
            conflicts.append(name)
    shard.store.check_unchanged()
    return conflicts


def _merge_join(
    theirs: Database, db: Database, row: Mapping[str, Any], names: Mapping[str, str], unindex: Unindex
) -> list[str]:
    addresses = [str(url) for url in json.loads(row["urls"])]
    keys = [joins.joined_key_of(db, row[name]) for name in ("kept_key", "joined_key")]
    if not any(joins.addresses_of(db, key) for key in keys):
        return []
    if joins.are_parted(db, row["kept_key"], row["joined_key"]) or any(_is_parted(db, url) for url in addresses):
        return addresses
    if keys[0] != keys[1]:
        identity.join_again(db, *keys, reason=row["reason"], pages=addresses, at=row["joined_at"], unindex=unindex)
    _keep_removed(theirs, db, row, names)
    return []


def _is_parted(db: Database, url: str) -> bool:
    return joins.are_parted(db, url, url)


def _keep_removed(theirs: Database, db: Database, row: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """Store the rows that a join removed in the shard with the join here, so that undoing it restores them."""
    key = joins.joined_key_of(db, row["kept_key"])
    sql = "SELECT id, removed FROM joins WHERE kept_key = ? ORDER BY joined_key = ? DESC, id DESC"
    held = list(db.query(sql, [key, row["joined_key"]]))
    known = {_version(one["row"]) for each in held for one in json.loads(each["removed"])}
    known |= set(db.conn.execute("SELECT url, text_digest FROM articles WHERE article_key = ?", (key,)).fetchall())
    found = (_translated(theirs, db, one, names) for one in json.loads(row["removed"]))
    fresh = [one for one in found if one and _version(one["row"]) not in known]
    if fresh and held:
        removed = json.dumps([*json.loads(held[0]["removed"]), *fresh])
        db.conn.execute("UPDATE joins SET removed = ? WHERE id = ?", (removed, held[0]["id"]))
    elif fresh:
        place = {"reason": row["reason"], "at": row["joined_at"], "addresses": json.loads(row["urls"])}
        joins.note_join(db, key, row["joined_key"], **place, removed=fresh)


def _version(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["url"]), str(row["text_digest"])


def _translated(
    theirs: Database, db: Database, removed: Mapping[str, Any], names: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return a removed row with the ids and locations of this archive; None when the record that it was read from is not here."""
    row = {name: value for name, value in removed["row"].items() if isinstance(value, str | int | float | None)}
    origin, name = _id_here(theirs, db, removed["row"]["capture_id"]), names.get(removed["row"]["warc_filename"])
    if origin is None or name is None:
        return None
    row.pop("id", None)
    ids = {one: _id_here(theirs, db, one) for one in removed["captures"]}
    outcomes = [[ids[one], *map(str, outcome)] for one, *outcome in removed.get("outcomes", ()) if ids[one]]
    found = {"row": row | {"capture_id": origin, "warc_filename": name}, "captures": list(filter(None, ids.values()))}
    return found | ({"outcomes": outcomes} if outcomes else {})


def _id_here(theirs: Database, db: Database, capture_id: int) -> int | None:
    row = theirs.conn.execute("SELECT record_id FROM captures WHERE id = ?", (capture_id,)).fetchone()
    held = captures.of_record(db, row[0]) if row else None
    return held["id"] if held else None

"""Join article keys, and undo joins: the tables `identities` and `joins`. Never begins or ends a transaction.

`identities` maps a name (a key or an exact URL) to its key, where this does not follow from the URL; `joins` keeps the rows that a join
removed. `archive.index.identity` decides which keys are joined.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archive.index import articles, availability, former_ids
from archive.index.columns import packed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlite_utils import Database

    Unindex = Callable[[list[int]], object]  # takes articles out of the search index, before their rows go


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Two keys that were joined: their URLs, the reason, and how many versions were the same.

    The reason is `spelling`, `redirect`, `canonical` or `teaser`.
    """

    id: int
    joined_at: str
    reason: str
    urls: tuple[str, ...]
    versions: int


def all_joins(db: Database) -> Iterator[Join]:
    """Yield the joins, oldest first."""
    if not db["joins"].exists():  # an archive of an earlier version that was not written to since
        return
    for row in db.query("SELECT * FROM joins ORDER BY id"):
        addresses, removed = json.loads(row["urls"]), json.loads(row["removed"])
        yield Join(
            id=row["id"], joined_at=row["joined_at"], reason=row["reason"], urls=tuple(addresses), versions=len(removed)
        )


def total(db: Database) -> int:
    """Return the number of joins."""
    return int(db.conn.execute("SELECT count(*) FROM joins").fetchone()[0])


def join_keys(
    db: Database, one: str, other: str, *, reason: str, at: str, unindex: Unindex, page: str = ""
) -> dict[int, int]:
    """Join two keys; return the ids of the rows removed because both keys had that version, each with the id of the row that stays.

    The lesser key stays, so that the result does not depend on the order of captures. Keys that a user separated are not joined.
    `page` is the URL of a key that has no version.
    """
    if are_parted(db, one, other):
        return {}
    kept, joined = sorted((one, other))
    addresses = [*addresses_of(db, joined), *([page] if page else [])]
    _name(db, kept, joined)
    return fold_versions(db, kept, joined=joined, addresses=addresses, reason=reason, at=at, unindex=unindex)


def absorb_teasers(db: Database, teaser: str, whole: str, *, held_at: str, at: str, unindex: Unindex) -> None:
    """Join the key of an article with one that has only teasers of it, whose captures get the outcome of a paywall.

    `held_at` is the URL of the latest version of the whole text.
    """
    if are_parted(db, teaser, whole):
        return
    addresses = [*addresses_of(db, whole), *addresses_of(db, teaser)]
    removed = [_taken_out(db, one, held_at) for one in _ids(db, teaser)]
    unindex([one["row"]["id"] for one in removed])
    db.conn.execute("PRAGMA defer_foreign_keys = ON")
    for one in removed:
        _drop(db, one["row"]["id"])
    kept, joined = sorted((teaser, whole))
    _name(db, kept, joined)
    note_join(db, kept, joined, addresses=addresses, reason="teaser", at=at, removed=removed)
    articles.number_key(db, kept)
    availability.recompute_article(db, kept)


def remove_teaser(db: Database, key: str, article_id: int, *, held_at: str, unindex: Unindex) -> None:
    """Remove a teaser version and give its captures the outcome of a paywall before the text at `held_at`; undoing the join restores it."""
    removed = _taken_out(db, article_id, held_at)
    unindex([article_id])
    _drop(db, article_id)
    sql = """
        UPDATE joins SET removed = json_insert(removed, '$[#]', json(?))
        WHERE id = (SELECT max(id) FROM joins WHERE kept_key = ? AND reason = 'teaser')
        """
    db.conn.execute(sql, (json.dumps(removed), key))
    articles.number_key(db, key)
    availability.recompute_article(db, key)


def are_parted(db: Database, one: str, other: str) -> bool:
    """Return whether a user has separated one of these keys from all others."""
    sql = "SELECT 1 FROM identities WHERE name IN (?, ?) AND name = article_key"
    return db.conn.execute(sql, (one, other)).fetchone() is not None


def addresses_of(db: Database, key: str) -> list[str]:
    """Return the URLs of the versions of a key."""
    sql = "SELECT DISTINCT url FROM articles WHERE article_key = ? ORDER BY 1"
    return [row[0] for row in db.conn.execute(sql, (key,))]


def _ids(db: Database, key: str) -> list[int]:
    return [row[0] for row in db.conn.execute("SELECT id FROM articles WHERE article_key = ? ORDER BY id", (key,))]


def _name(db: Database, kept: str, joined: str) -> None:
    """Give the rows of the joined key the kept key."""
    db.conn.execute("UPDATE articles SET article_key = ? WHERE article_key = ?", (kept, joined))
    db.conn.execute("UPDATE identities SET article_key = ? WHERE article_key = ?", (kept, joined))
    db.conn.execute("INSERT OR REPLACE INTO identities (name, article_key) VALUES (?, ?)", (joined, kept))


def fold_versions(
    db: Database, key: str, *, joined: str, addresses: list[str], reason: str, at: str, unindex: Unindex
) -> dict[int, int]:
    """Merge the rows of a key that have the same text, and record the removed ones."""
    sql = """
        SELECT id, first_value(id) OVER (PARTITION BY text_digest ORDER BY fetched_at, id) AS kept
        FROM articles WHERE article_key = ?
        """
    dropped = {row[0]: row[1] for row in db.conn.execute(sql, (key,)) if row[0] != row[1]}
    removed = [_removed(db, one) for one in dropped]
    if dropped:
        unindex(list(dropped))
        for one, kept in dropped.items():
            replace_version(db, one, kept)
    note_join(db, key, joined, addresses=addresses, reason=reason, at=at, removed=removed)
    articles.number_key(db, key)
    return dropped


def note_join(
    db: Database, kept: str, joined: str, *, addresses: list[str], reason: str, at: str, removed: list[dict[str, Any]]
) -> None:
    """Record a join and the rows that it removed."""
    db.conn.execute(
        "INSERT INTO joins (joined_at, reason, kept_key, joined_key, urls, removed) VALUES (?, ?, ?, ?, ?, ?)",
        (at, reason, kept, joined, json.dumps(addresses), json.dumps(removed)),
    )


_SHARED = ("title", "text", "body")
"""Columns that rows of the same version share; they are not stored twice."""


def _removed(db: Database, article_id: int) -> dict[str, Any]:
    """Return what to keep of a row that is replaced by another one with the same text."""
    row = {name: value for name, value in _whole_row(db, article_id).items() if name not in _SHARED}
    found = db.conn.execute("SELECT id FROM captures WHERE article_id = ?", (article_id,))
    return {"row": row, "captures": [one[0] for one in found]}


def _taken_out(db: Database, article_id: int, whole: str) -> dict[str, Any]:
    """Return what to keep of a teaser, and give its captures the outcome of a paywall before the article at `whole`."""
    sql = "SELECT id, outcome, reason, detail FROM captures WHERE article_id = ?"
    outcomes = [list(row) for row in db.conn.execute(sql, (article_id,))]
    sql = "UPDATE captures SET outcome = 'quarantine', reason = 'paywall', detail = ?, article_id = NULL WHERE article_id = ?"
    db.conn.execute(sql, (whole, article_id))
    return {"row": _whole_row(db, article_id), "captures": [one[0] for one in outcomes], "outcomes": outcomes}


def _whole_row(db: Database, article_id: int) -> dict[str, Any]:
    names = _columns(db)  # without generated columns
    return {name: value for name, value in (articles.get(db, article_id) or {}).items() if name in names}


def _columns(db: Database) -> set[str]:
    return {str(row[1]) for row in db.conn.execute("PRAGMA table_info(articles)")}


def replace_version(db: Database, article_id: int, kept: int) -> None:
    """Replace a row with `kept`, which has the same text."""
    db.conn.execute("PRAGMA defer_foreign_keys = ON")
    db.conn.execute("UPDATE captures SET article_id = ? WHERE article_id = ?", (kept, article_id))
    db.conn.execute(
        """
        UPDATE articles SET fetched_at = min(articles.fetched_at, o.fetched_at), last_seen_at = max(articles.last_seen_at, o.last_seen_at)
        FROM (SELECT fetched_at, last_seen_at FROM articles WHERE id = ?) AS o WHERE articles.id = ?
        """,
        (article_id, kept),
    )
    db.conn.execute("UPDATE OR IGNORE changes SET article_id = ? WHERE article_id = ?", (kept, article_id))
    _drop(db, article_id)


def _drop(db: Database, article_id: int) -> None:
    former_ids.retire(db, [article_id])
    for table in ("changes", "similar", "families", "images", "media", "vectors"):
        db.conn.execute(f"DELETE FROM {table} WHERE article_id = ?", (article_id,))  # noqa: S608 - our own names
    db.conn.execute("DELETE FROM articles WHERE id = ?", (article_id,))


# Undo joins.


def part(db: Database, join_id: int) -> list[int] | None:
    """Undo a join and keep its URLs separate; return the ids of the restored rows, None when there is no such join."""
    row = next(db.query("SELECT * FROM joins WHERE id = ?", [join_id]), None)
    if row is None:
        return None
    addresses, key = json.loads(row["urls"]), joined_key_of(db, row["kept_key"])
    restored = [one for one in (_restore(db, key, one) for one in json.loads(row["removed"])) if one is not None]
    apart = {url: url for url in addresses} if row["joined_key"] == row["kept_key"] else {}
    apart = apart or {row["joined_key"]: row["joined_key"]}
    db.conn.executemany("INSERT OR REPLACE INTO identities (name, article_key) VALUES (?, ?)", apart.items())
    for url in addresses:
        db.conn.execute("UPDATE articles SET article_key = ? WHERE url = ?", (articles.key_of(db, url), url))
    db.conn.execute("DELETE FROM joins WHERE id = ?", (join_id,))
    former_ids.delete_current(db)
    for each in {key, *(articles.key_of(db, url) for url in addresses)}:
        articles.number_key(db, each)
        availability.recompute_article(db, each)
    return restored


def forget_canonical(db: Database, key: str, wrong: str) -> str:
    """Forget that `wrong`, the key of a canonical URL that proved wrong, was joined with another; return the key of all its versions now.

    They stay together, for pages that named the URL have them. Rows that the join removed had the same text as one that is left.
    """
    sql = "SELECT id, kept_key, joined_key FROM joins WHERE kept_key = ? AND reason = 'canonical' AND ? IN (kept_key, joined_key)"
    found = db.conn.execute(sql, (key, wrong)).fetchone()
    if found is None:
        return key
    join_id, kept, joined = found
    other = joined if kept == wrong else kept
    db.conn.execute("DELETE FROM joins WHERE id = ?", (join_id,))
    db.conn.execute("DELETE FROM identities WHERE name = ?", (joined,))
    for table, column in (("joins", "kept_key"), ("identities", "article_key"), ("articles", "article_key")):
        db.conn.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (other, key))  # noqa: S608 - our own names
    return str(other)


def joined_key_of(db: Database, key: str) -> str:
    """Return the key that a key has been joined with since."""
    row = db.conn.execute("SELECT article_key FROM identities WHERE name = ?", (key,)).fetchone()
    return str(row[0]) if row else key


def _restore(db: Database, key: str, removed: Mapping[str, Any]) -> int | None:
    """Restore a removed row with its captures and those made of its URL since; None when its text is no longer held."""
    names = _columns(db)
    row = {name: value for name, value in removed["row"].items() if name in names}
    if "id" not in row or db.conn.execute("SELECT 1 FROM articles WHERE id = ?", (row["id"],)).fetchone():
        row["id"] = former_ids.next_id(db, "")  # the join came from a merge, or another row has the id now
    kept = _version_with_text(db, key, row["text_digest"])
    if "text" not in row:
        if kept is None:
            return None
        row |= {name: kept[name] for name in _SHARED}
    row = packed(row, row["text"])
    sql = f"INSERT INTO articles ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)}) RETURNING id"  # noqa: S608 - our own names
    article_id = int(db.conn.execute(sql, row).fetchone()[0])
    back = [(article_id, one) for one in removed["captures"]]
    db.conn.executemany("UPDATE captures SET article_id = ? WHERE id = ?", back)
    sql = "UPDATE captures SET outcome = ?, reason = ?, detail = ? WHERE id = ?"
    db.conn.executemany(sql, [(*outcome, one) for one, *outcome in removed.get("outcomes", ())])
    if kept is not None and kept["url"] != row["url"]:
        sql = "UPDATE captures SET article_id = ? WHERE article_id = ? AND url = ?"
        db.conn.execute(sql, (article_id, kept["id"], row["url"]))
    for one in (article_id, *([kept["id"]] if kept else [])):
        _time(db, one)
    return article_id


def _version_with_text(db: Database, key: str, digest: str) -> dict[str, Any] | None:
    sql = "SELECT * FROM articles WHERE article_key = ? AND text_digest = ?"
    return next(db.query(sql, [key, digest]), None)


def _time(db: Database, article_id: int) -> None:
    """Set the times at which a version was seen from its own captures."""
    sql = """
        UPDATE articles SET fetched_at = seen.first, last_seen_at = seen.last
        FROM (SELECT min(captured_at) AS first, max(captured_at) AS last FROM captures WHERE article_id = :id) AS seen
        WHERE id = :id AND seen.first IS NOT NULL
        """
    db.conn.execute(sql, {"id": article_id})

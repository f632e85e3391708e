"""Decide which URLs are one article: the key that its versions share, and reversible joins of keys.

The key follows from the URL alone (`archive.urls.identity`). Two keys are joined when a page redirects from the one to the other, or
names the other as its canonical URL, and both say much the same. They are also joined when the one serves only the beginning of the other
(a teaser, see `archive.index.articles`), to which the other redirects or which is at the same path of another host of the site.
The table `identities` has what the key of a name (a key, or an exact URL) is instead; `joins` keeps what a join removed. Never begins or
ends a transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archive import urls
from archive.index import articles, availability, site_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlite_utils import Database

    Unindex = Callable[[list[int]], object]  # takes articles out of the search index, before their rows go


ALIKE = 0.5
"""Share of common words from which the texts at two addresses are one article's: far above what two reports of one event share."""

LOOKED_AT = 20
"""Redirects to an address that are looked at: an article has one or two, a front page thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Two keys that were joined: the addresses, why, and how many versions were the same.

    The reason is `spelling`, `redirect`, `canonical` or `teaser`.
    """

    id: int
    joined_at: str
    reason: str
    urls: tuple[str, ...]
    versions: int


def join_page(db: Database, page: str, article_id: int, *, at: str, unindex: Unindex) -> int:
    """Join the article just read at a page with those that led or stood there; give the row id of its version, which may be another's."""
    row = db.conn.execute("SELECT url, article_key FROM articles WHERE id = ?", (article_id,)).fetchone()
    url, key = str(row[0]), str(row[1])
    for other, reason in _related(db, page, url):
        if other != key and _says_the_same(db, other, key):
            kept = join_keys(db, other, key, reason=reason, at=at, unindex=unindex)
            article_id, key = kept.get(article_id, article_id), min(other, key)
    return article_id


def _related(db: Database, page: str, url: str) -> list[tuple[str, str]]:
    """Return keys of articles that may be the same as that at `url`, read at `page`, and why."""
    found = {articles.key_of(db, page): "canonical"}
    sql = "SELECT DISTINCT a.article_key FROM captures AS c JOIN articles AS a ON a.id = c.article_id WHERE c.url = ?"
    found |= dict.fromkeys((row[0] for row in db.conn.execute(sql, (page,))), "canonical")
    for one in {page, url}:
        for source in leading_to(db, one):
            found.setdefault(articles.key_of(db, source), "redirect")
    return list(found.items())


def join_redirect(db: Database, source: str, target: str, *, at: str, unindex: Unindex) -> None:
    """Join the articles at both ends of a redirect, when there are two and they say the same."""
    one, other = articles.key_of(db, source), articles.key_of(db, target)
    if one != other and _says_the_same(db, one, other):
        join_keys(db, one, other, reason="redirect", at=at, unindex=unindex)


def leading_to(db: Database, page: str) -> list[str]:
    """Return the URLs that redirect to a page, as they were first seen."""
    sql = "SELECT DISTINCT url FROM captures WHERE outcome = 'redirect' AND detail = ? LIMIT ?"
    return [row[0] for row in db.conn.execute(sql, (page, LOOKED_AT))]


def at_other_hosts(db: Database, url: str, title: str, *, site: str) -> list[str]:
    """Return where the site has an article of that title at the same path of another host: it may have moved from there."""
    if availability.is_home(url):
        return []
    sql = "SELECT url FROM articles WHERE article_key = ? AND is_latest = 1 AND title = ? AND site = ?"
    host, found = urls.host_of(url), list[str]()
    for other in site_lines.hosts_learned(db, most=LOOKED_AT):
        if other != host:
            key = articles.key_of(db, url.replace(f"//{host}", f"//{other}", 1))
            found += [row[0] for row in db.conn.execute(sql, (key, title, site))]
    return found


def join_teaser(db: Database, page: str, whole: str, *, at: str, unindex: Unindex) -> None:
    """Join a page that serves a teaser alone with the article that is held whole at another URL, when that has moved to the page.

    A page that only names the other as its canonical URL may show another article each day: it is not joined.
    """
    one, other = articles.key_of(db, page), articles.key_of(db, whole)
    sources = {articles.key_of(db, url) for url in leading_to(db, page)}
    has_moved = is_same_path(page, whole) or other in sources
    if one != other and has_moved and not _addresses(db, one):
        join_keys(db, one, other, reason="teaser", at=at, unindex=unindex, page=page)


def is_same_path(one: str, other: str) -> bool:
    """Return whether two addresses have the same after their hosts, and are not those of front pages."""
    paths = {urls.identity(url).partition("/")[2] for url in (one, other)}
    return len(paths) == 1 and not availability.is_home(one)


def _says_the_same(db: Database, one: str, other: str) -> bool:
    """Return whether any version of the one has half its words in common with one of the other."""
    texts = [[row[0] for row in db.conn.execute(_TEXTS, (key,))] for key in (one, other)]
    return any(_share(left, right) >= ALIKE for left in texts[0] for right in texts[1])


_TEXTS = "SELECT text FROM articles WHERE article_key = ? ORDER BY last_seen_at DESC LIMIT 3"


def _share(one: str, other: str) -> float:
    words, others = set(one.split()), set(other.split())
    return len(words & others) / max(1, len(words | others))


def join_keys(
    db: Database, one: str, other: str, *, reason: str, at: str, unindex: Unindex, page: str = ""
) -> dict[int, int]:
    """Make two keys one; give the rows of versions that both had, by id, and the row that stays in place of each.

    The lesser key stays, so that the order in which captures came in decides nothing. Keys that a person parted stay apart.
    `page` is the address of a key under which there is no version.
    """
    kept, joined = sorted((one, other))
    parted = "SELECT 1 FROM identities WHERE name IN (?, ?) AND name = article_key"
    if db.conn.execute(parted, (kept, joined)).fetchone():
        return {}
    addresses = _addresses(db, joined) or [page]
    db.conn.execute("UPDATE articles SET article_key = ? WHERE article_key = ?", (kept, joined))
    db.conn.execute("UPDATE identities SET article_key = ? WHERE article_key = ?", (kept, joined))
    db.conn.execute("INSERT OR REPLACE INTO identities (name, article_key) VALUES (?, ?)", (joined, kept))
    return _fold(db, kept, joined=joined, addresses=addresses, reason=reason, at=at, unindex=unindex)


def _addresses(db: Database, key: str) -> list[str]:
    return [
        row[0] for row in db.conn.execute("SELECT DISTINCT url FROM articles WHERE article_key = ? ORDER BY 1", (key,))
    ]


def _fold(
    db: Database, key: str, *, joined: str, addresses: list[str], reason: str, at: str, unindex: Unindex
) -> dict[int, int]:
    """Make one row of those of a key that say the same, and note what was removed."""
    sql = """
        SELECT id, first_value(id) OVER (PARTITION BY text_digest ORDER BY fetched_at, id) AS kept
        FROM articles WHERE article_key = ?
        """
    dropped = {row[0]: row[1] for row in db.conn.execute(sql, (key,)) if row[0] != row[1]}
    removed = [_removed(db, one, kept) for one, kept in dropped.items()]
    if dropped:
        unindex(list(dropped))
        db.conn.execute("PRAGMA defer_foreign_keys = ON")
        for one, kept in dropped.items():
            _replace(db, one, kept)
    db.conn.execute(
        "INSERT INTO joins (joined_at, reason, kept_key, joined_key, urls, removed) VALUES (?, ?, ?, ?, ?, ?)",
        (at, reason, key, joined, json.dumps(addresses), json.dumps(removed)),
    )
    articles.number_key(db, key)
    return dropped


_SHARED = ("title", "text", "body")
"""Columns that rows which say the same share: they are not kept twice."""


def _removed(db: Database, article_id: int, kept: int) -> dict[str, Any]:
    captures = [row[0] for row in db.conn.execute("SELECT id FROM captures WHERE article_id = ?", (article_id,))]
    times = db.conn.execute("SELECT fetched_at, last_seen_at FROM articles WHERE id = ?", (kept,)).fetchone()
    names = {row[1] for row in db.conn.execute("PRAGMA table_info(articles)")} - set(
        _SHARED
    )  # without what is computed
    row = {name: value for name, value in (articles.get(db, article_id) or {}).items() if name in names}
    return {"row": row, "kept": kept, "captures": captures, "times": list(times)}


def _replace(db: Database, article_id: int, kept: int) -> None:
    """Put the row `kept` in the place of another that says the same."""
    db.conn.execute("UPDATE captures SET article_id = ? WHERE article_id = ?", (kept, article_id))
    db.conn.execute(
        """
        UPDATE articles SET fetched_at = min(articles.fetched_at, o.fetched_at), last_seen_at = max(articles.last_seen_at, o.last_seen_at)
        FROM (SELECT fetched_at, last_seen_at FROM articles WHERE id = ?) AS o WHERE articles.id = ?
        """,
        (article_id, kept),
    )
    db.conn.execute("UPDATE OR IGNORE changes SET article_id = ? WHERE article_id = ?", (kept, article_id))
    for table in ("changes", "similar", "families", "images", "media", "vectors"):
        db.conn.execute(f"DELETE FROM {table} WHERE article_id = ?", (article_id,))  # noqa: S608 - our own names
    db.conn.execute("DELETE FROM articles WHERE id = ?", (article_id,))


def join_all(db: Database, *, at: str, unindex: Unindex) -> int:
    """Join what an archive holds split: articles under several spellings, and at both ends of redirects; give how many joins."""
    before = db.conn.execute("SELECT count(*) FROM joins").fetchone()[0]
    sql = """
        SELECT article_key FROM articles GROUP BY article_key
        HAVING count(DISTINCT url) > 1 AND NOT EXISTS (SELECT 1 FROM joins WHERE kept_key = article_key)
        """
    for (key,) in db.conn.execute(sql).fetchall():
        _fold(db, key, joined=key, addresses=_addresses(db, key), reason="spelling", at=at, unindex=unindex)
    sql = "SELECT DISTINCT c.url, c.detail FROM captures AS c JOIN articles AS a ON a.url = c.detail WHERE c.outcome = 'redirect'"
    for source, target in db.conn.execute(sql).fetchall():
        join_redirect(db, source, target, at=at, unindex=unindex)
    return int(db.conn.execute("SELECT count(*) FROM joins").fetchone()[0] - before)


def all_joins(db: Database) -> Iterator[Join]:
    """Yield what was joined, oldest first."""
    if not db["joins"].exists():  # an earlier version made the archive, and nothing has written to it since
        return
    for row in db.query("SELECT * FROM joins ORDER BY id"):
        addresses, removed = json.loads(row["urls"]), json.loads(row["removed"])
        yield Join(
            id=row["id"], joined_at=row["joined_at"], reason=row["reason"], urls=tuple(addresses), versions=len(removed)
        )


def part(db: Database, join_id: int) -> list[int] | None:
    """Undo a join and keep its URLs apart; return the ids of the restored rows, None when there is no such join."""
    row = next(db.query("SELECT * FROM joins WHERE id = ?", [join_id]), None)
    if row is None:
        return None
    removed = json.loads(row["removed"])
    names = ", ".join(removed[0]["row"]) if removed else ""
    for one in removed:
        values = ", ".join(f":{name}" for name in one["row"])
        shared = ", ".join(_SHARED)
        sql = f"INSERT INTO articles ({names}, {shared}) SELECT {values}, {shared} FROM articles WHERE id = :kept_row"  # noqa: S608 - our own names
        db.conn.execute(sql, {**one["row"], "kept_row": one["kept"]})
        back = [(one["row"]["id"], capture) for capture in one["captures"]]
        db.conn.executemany("UPDATE captures SET article_id = ? WHERE id = ?", back)
        db.conn.execute(
            "UPDATE articles SET fetched_at = ?, last_seen_at = ? WHERE id = ?", (*one["times"], one["kept"])
        )
    apart = {url: url for url in json.loads(row["urls"])} if row["joined_key"] == row["kept_key"] else {}
    apart = apart or {row["joined_key"]: row["joined_key"]}
    db.conn.executemany("INSERT OR REPLACE INTO identities (name, article_key) VALUES (?, ?)", apart.items())
    for url in json.loads(row["urls"]):
        db.conn.execute("UPDATE articles SET article_key = ? WHERE url = ?", (articles.key_of(db, url), url))
    db.conn.execute("DELETE FROM joins WHERE id = ?", (join_id,))
    for key in {row["kept_key"], *(articles.key_of(db, url) for url in json.loads(row["urls"]))}:
        articles.number_key(db, key)
    return [one["row"]["id"] for one in removed]

"""Query and write the pictures and other media of articles, and the records that hold the pictures.

`images` and `media` are derived from `articles`; `pictures` has the facts read from the bytes of each captured picture.
Never ends a transaction.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from archive.body import span_text
from archive.index.columns import body_of
from archive.index.rows import of_site
from archive.search.analysis import text_keys
from archive.urls import join

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlite_utils import Database

    from archive.article import Picture
    from archive.body import Block, Body
    from archive.index.rows import CaptureRow

FACTS: Final = ("record_id", "type", "bytes", "width", "height", "sha256", "phash")
"""The columns of `images` that are copied from `pictures`."""
_SET = ", ".join(f"{name} = :{name}" for name in FACTS)
ALIKE: Final = 6
"""The most bits of 64 in which the perceptual hashes of one picture, scaled and recompressed, may differ."""
_FLAT = frozenset({"0" * 16, "f" * 16})
"""Hashes of pictures of a single colour; they match no other picture."""
_SOUND = ("soundcloud.", "spotify.", "podcast", "anchor.fm", "audioboom", "deezer.")
_FILM = (
    "youtube",
    "youtu.be",
    "vimeo.",
    "dailymotion",
    "brightcove",
    "jwplayer",
    "jwplatform",
    "rumble.",
    "twitch.",
    "kaltura",
)


_NO_BODIES: Mapping[int, Body] = {}
_NO_FACTS: Mapping[str, Any] = {
    "record_id": "",
    "type": "",
    "bytes": None,
    "width": None,
    "height": None,
    "sha256": "",
    "phash": "",
}
_COLUMNS = ("article_id", "position", "url", "place", "alt", "caption", "credit", "words", *FACTS)
_PUT = f"INSERT INTO images ({', '.join(_COLUMNS)}) VALUES ({', '.join(f':{name}' for name in _COLUMNS)})"  # noqa: S608 - our own names


def describe(db: Database, ids: Iterable[int], bodies: Mapping[int, Body] = _NO_BODIES) -> None:
    """Rewrite the pictures and media of these versions of articles; rows of versions that no longer exist are deleted.

    `bodies` has the blocks of versions that were just inserted, which have no rows to delete and need not be read again.
    """
    has_pictures = db.conn.execute("SELECT 1 FROM pictures LIMIT 1").fetchone() is not None
    for article_id in ids:
        for table in () if article_id in bodies else ("images", "media"):
            db.conn.execute(f"DELETE FROM {table} WHERE article_id = ?", (article_id,))  # noqa: S608 - our own names
        names = "url, images, language" + ("" if bodies.get(article_id) else ", text, body")
        row = next(db.query(f"SELECT {names} FROM articles WHERE id = ?", [article_id]), None)  # noqa: S608 - our own names
        if row is None:
            continue
        body = bodies.get(article_id) or body_of(row)
        images = [
            {
                **shown,
                **(_facts(db, shown["url"]) if has_pictures else _NO_FACTS),
                "article_id": article_id,
                "position": at,
            }
            for at, shown in enumerate(_shown(row, body), 1)
        ]
        db.conn.executemany(_PUT, images)
        sql = "INSERT INTO media VALUES (:article_id, :position, :type, :provider, :url, :poster, :place)"
        found = enumerate(_embedded(body), 1)
        db.conn.executemany(sql, [{**one, "article_id": article_id, "position": position} for position, one in found])


def _facts(db: Database, url: str) -> Mapping[str, Any]:
    """Return the facts of the picture at a URL, or at the URL that it redirects to, from the newest capture."""
    sql = """
        SELECT p.* FROM pictures AS p JOIN captures AS c ON c.record_id = p.record_id
        WHERE p.url = ? OR p.url = (SELECT detail FROM captures WHERE url = ? AND reason LIKE 'http-30_' ORDER BY id DESC LIMIT 1)
        ORDER BY c.timestamp DESC, c.id DESC LIMIT 1
        """
    row = next(db.query(sql, [url, url]), None)
    return {name: row[name] for name in FACTS} if row else _NO_FACTS


def _shown(row: Mapping[str, Any], body: Body) -> Iterator[dict[str, Any]]:
    """Yield the pictures of an article, each URL once: first those that only its metadata names, then those of its text by position."""
    found: dict[str, dict[str, Any]] = {}
    base = row["url"]
    named = [
        (_address(base, image["url"]), None, image.get("caption", ""), None) for image in json.loads(row["images"])
    ]
    figures = [
        (_address(base, block.url), block, span_text(block.caption), place) for place, block in _blocks(body, "figure")
    ]
    placed = {address for address, *_ in figures}
    ahead = [one for one in named if one[0] not in placed]
    for address, block, caption, place in (*ahead, *figures):
        if address and address not in found:
            alt, credit = (block.alt, block.credit) if block else ("", "")
            said = caption or next((one[2] for one in named if one[0] == address), "")
            words = f" {text_keys(f'{alt} {said} {credit}', row['language'])} "
            found[address] = {
                "url": address,
                "place": place,
                "alt": alt,
                "caption": said,
                "credit": credit,
                "words": words,
            }
    yield from found.values()


def _address(base: str, url: str) -> str:
    """Return the URL as a browser requests it, which is how it was captured."""
    return join(base, url)


def _blocks(body: Body, kind: str) -> Iterator[tuple[int, Block]]:
    """Yield the blocks of a kind at any depth, with the index (from 0) of the outermost block that contains them."""
    for place, block in enumerate(body):
        stack = [block]
        while stack:
            one = stack.pop()
            if one.kind == kind:
                yield place, one
            inner = [*one.blocks, *(each for item in one.items for each in item)]
            stack += reversed(inner)


def _embedded(body: Body) -> Iterator[dict[str, Any]]:
    for place, block in _blocks(body, "embed"):
        yield {
            "type": type_of(block),
            "provider": block.provider,
            "url": block.url,
            "poster": block.poster,
            "place": place,
        }


def type_of(block: Block) -> str:
    """Return the type of embedded content: `video`, `audio`, or `embed` for posts, maps and everything else."""
    path = urlsplit(block.url).path.lower()
    host = block.provider.lower()
    if path.endswith((".mp4", ".webm", ".m3u8", ".mov")) or any(name in host for name in _FILM):
        return "video"
    if path.endswith((".mp3", ".ogg", ".m4a", ".wav")) or any(name in host for name in _SOUND):
        return "audio"
    return "embed"


def hold(db: Database, row: CaptureRow, picture: Picture) -> None:
    """Store the facts read from a captured picture, and copy them to the articles that show it and have no record of it yet."""
    facts = {
        "record_id": row.record_id, "url": row.url, "type": picture.type, "bytes": picture.bytes, "width": picture.width,
        "height": picture.height, "sha256": picture.sha256, "phash": picture.phash, "problem": picture.problem,
    }  # fmt: skip
    marks = ", ".join(f":{name}" for name in facts)
    db.conn.execute(f"INSERT OR REPLACE INTO pictures ({', '.join(facts)}) VALUES ({marks})", facts)  # noqa: S608 - our own names
    _give(db, facts)


def _give(db: Database, facts: Mapping[str, Any]) -> None:
    sql = f"""
        UPDATE images SET {_SET} WHERE record_id = '' AND url IN (
            SELECT :url UNION SELECT url FROM captures WHERE outcome = 'requisite' AND detail = :url AND detail <> ''
        )
        """  # noqa: S608 - our own names
    db.conn.execute(sql, dict(facts))


def forget(db: Database, url: str) -> None:
    """Delete the facts of pictures captured at a URL; the articles that show it keep its caption and credit."""
    sql = "SELECT record_id FROM pictures WHERE url = ?"
    for (record_id,) in db.conn.execute(sql, (url,)).fetchall():
        nothing = {name: None if name in {"bytes", "width", "height"} else "" for name in FACTS}
        db.conn.execute(f"UPDATE images SET {_SET} WHERE record_id = :old", {**nothing, "old": record_id})  # noqa: S608
        db.conn.execute("DELETE FROM pictures WHERE record_id = ?", (record_id,))


def copy(source: Database, target: Database, record_ids: Sequence[str]) -> None:
    """Copy the facts of the pictures of these records from another archive."""
    sql = "SELECT * FROM pictures WHERE record_id IN (SELECT value FROM json_each(?))"
    for facts in list(source.query(sql, [json.dumps(list(record_ids))])):
        marks = ", ".join(f":{name}" for name in facts)
        target.conn.execute(f"INSERT OR IGNORE INTO pictures ({', '.join(facts)}) VALUES ({marks})", facts)  # noqa: S608
        _give(target, facts)


_LISTED = """
    SELECT i.*, a.url AS article_url, a.title, a.site, a.sitename, a.language, coalesce(a.published_at, a.fetched_at) AS at,
           coalesce(p.problem, '') AS problem, c.id AS capture_id
    FROM images AS i JOIN articles AS a ON a.id = i.article_id LEFT JOIN pictures AS p ON p.record_id = i.record_id
    LEFT JOIN captures AS c ON c.record_id = i.record_id AND i.record_id <> ''
    """


def of_article(db: Database, article_id: int) -> list[dict[str, Any]]:
    """Return the pictures of a version of an article, in page order."""
    return list(db.query(f"{_LISTED} WHERE i.article_id = ? ORDER BY i.position", [article_id]))


def leads(db: Database, ids: Sequence[int]) -> dict[int, int]:
    """Return the capture id of the first held picture of each article; pictures too small to show one are skipped."""
    sql = """
        SELECT i.article_id, c.id, min(i.position) FROM images AS i JOIN captures AS c ON c.record_id = i.record_id
        LEFT JOIN pictures AS p ON p.record_id = i.record_id
        WHERE i.article_id IN (SELECT value FROM json_each(?)) AND i.record_id <> '' AND coalesce(p.problem, '') = ''
        AND (i.width = 0 OR i.width >= 60) GROUP BY i.article_id
        """
    return {int(row[0]): int(row[1]) for row in db.conn.execute(sql, (json.dumps(list(ids)),))}


def problem_of(db: Database, record_id: str) -> str:
    """Return why a captured picture was not decoded; '' when it was decoded or never examined."""
    row = db.conn.execute("SELECT problem FROM pictures WHERE record_id = ?", (record_id,)).fetchone()
    return str(row[0]) if row else ""


def media_of(db: Database, article_id: int) -> list[dict[str, Any]]:
    """Return the videos, audio and embedded content of a version of an article, in page order."""
    return list(db.query("SELECT * FROM media WHERE article_id = ? ORDER BY position", [article_id]))


def listed(
    db: Database,
    *,
    words: Sequence[Sequence[str]] = (),
    site: str = "",
    held: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Return pictures of the latest versions of articles, newest articles first; each file is returned once.

    Each of `words` is a sequence of search keys of one word; caption, alternative text or credit must have one key of each. `held` leaves
    out pictures that were not captured.
    """
    clauses, values = ["a.is_latest = 1", of_site(site, "a")], {"site": site, "limit": limit, "offset": offset}
    for keys in words:
        names = {f"word{number}": f" {key} " for number, key in enumerate(keys, len(values))}
        clauses.append("(" + " OR ".join(f"instr(i.words, :{name})" for name in names) + ")")
        values |= names
    if held:
        clauses.append("i.record_id <> ''")
    sql = f"""
        {_LISTED} WHERE {" AND ".join(clauses)}
        GROUP BY coalesce(nullif(i.sha256, ''), i.url) ORDER BY at DESC, i.article_id DESC, i.position LIMIT :limit OFFSET :offset
        """
    return list(db.query(sql, values))


def known_picture(db: Database, url: str) -> dict[str, Any] | None:
    """Return what identifies a picture: its URL, the hash of its bytes, its perceptual hash; None when the archive does not know it."""
    asked = next(
        db.query("SELECT url, sha256, phash FROM images WHERE url = ? ORDER BY sha256 = '' LIMIT 1", [url]), None
    )
    return asked or next(db.query("SELECT url, sha256, phash FROM pictures WHERE url = ? LIMIT 1", [url]), None)


def elsewhere(db: Database, asked: Mapping[str, Any], *, limit: int = 200) -> list[dict[str, Any]]:
    """Return where a picture was published, oldest first, matched by URL, bytes or likeness; `bits` is how far the hashes differ."""
    db.conn.create_function("bits_between", 2, bits_between, deterministic=True)
    is_shape = asked["phash"] not in {"", *_FLAT}
    sql = f"""
        SELECT *, CASE WHEN sha256 = :sha256 AND sha256 <> '' OR url = :url THEN 0 ELSE bits_between(phash, :phash) END AS bits
        FROM ({_LISTED} WHERE a.is_latest = 1 AND (
            i.url = :url OR (i.sha256 = :sha256 AND i.sha256 <> '')
            OR (:is_shape AND i.phash <> '' AND bits_between(i.phash, :phash) <= :alike)
        )) ORDER BY at, article_id, position LIMIT :limit
        """  # noqa: S608 - our own words
    return list(db.query(sql, {**asked, "is_shape": is_shape, "alike": ALIKE, "limit": limit}))


def bits_between(one: str, other: str) -> int:
    """Return the number of bits in which two perceptual hashes differ; 64 when one is missing."""
    try:
        return (int(one, 16) ^ int(other, 16)).bit_count()
    except ValueError:
        return 64

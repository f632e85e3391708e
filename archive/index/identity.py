"""Decide which URLs are one article: which keys, that its versions share, are joined.

The key follows from the URL alone (`archive.urls.identity`). Two keys are joined when a page redirects from the one to the other, or
names the other as its canonical URL, and both say much the same. They are also joined when the one serves only the beginning of the other
(a teaser, see `archive.index.articles`), to which the other redirects or which is at the same path of another host of the site.
`archive.index.joins` carries it out, so that it can be undone. Never begins or ends a transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive import urls
from archive.index import articles, availability, joins, site_lines

if TYPE_CHECKING:
    from sqlite_utils import Database

    from archive.index.joins import Unindex


ALIKE = 0.5
"""Share of common words from which the texts at two addresses are one article's: far above what two reports of one event share."""

LOOKED_AT = 20
"""Redirects to an address that are looked at: an article has one or two, a front page thousands."""
MOST_HOPS = 5
"""Redirects in a row through which an article is followed: a moved site that also changed to https has two or three."""


def join_page(db: Database, page: str, article_id: int, *, at: str, unindex: Unindex) -> int:
    """Join the article just read at a page with those that led or stood there; give the row id of its version, which may be another's."""
    row = db.conn.execute("SELECT url, article_key FROM articles WHERE id = ?", (article_id,)).fetchone()
    url, key = str(row[0]), str(row[1])
    for other, reason in _related(db, page, url):
        if other == key:
            continue
        if reason == "redirect" and _absorb(db, other, key, at=at, unindex=unindex):
            key = articles.key_of(db, url)
        elif _says_the_same(db, other, key):
            kept = joins.join_keys(db, other, key, reason=reason, at=at, unindex=unindex)
            article_id, key = kept.get(article_id, article_id), articles.key_of(db, url)
    return article_id


def _related(db: Database, page: str, url: str) -> list[tuple[str, str]]:
    """Return keys of articles that may be the same as that at `url`, read at `page`, and why."""
    found = {articles.key_of(db, page): "canonical"}
    sql = "SELECT DISTINCT a.article_key FROM captures AS c JOIN articles AS a ON a.id = c.article_id WHERE c.url = ?"
    found |= dict.fromkeys((row[0] for row in db.conn.execute(sql, (page,))), "canonical")
    for one in {page, url}:
        for address in [*leading_to(db, one), *_led_to(db, one)]:
            found.setdefault(articles.key_of(db, address), "redirect")
    return list(found.items())


def join_redirect(db: Database, source: str, target: str, *, at: str, unindex: Unindex) -> None:
    """Join the articles at both ends of a redirect, or of a chain of them, when there are two and they say the same."""
    for one in [source, *leading_to(db, source)]:
        for other in [target, *_led_to(db, target)]:
            _join_ends(db, articles.key_of(db, one), articles.key_of(db, other), at=at, unindex=unindex)


def _join_ends(db: Database, source: str, target: str, *, at: str, unindex: Unindex) -> None:
    if source == target or _absorb(db, target, source, at=at, unindex=unindex):
        return
    if _says_the_same(db, source, target):
        joins.join_keys(db, source, target, reason="redirect", at=at, unindex=unindex)


def leading_to(db: Database, page: str) -> list[str]:
    """Return the URLs that redirect to a page, at once or by others, as they were first seen."""
    return _redirects(db, page, came_from="url", led_to="detail")


def _led_to(db: Database, page: str) -> list[str]:
    """Return where a page redirected to at other times, at once or by others."""
    return _redirects(db, page, came_from="detail", led_to="url")


def _redirects(db: Database, page: str, *, came_from: str, led_to: str) -> list[str]:
    sql = f"""
        WITH RECURSIVE found (url, hops) AS (
            SELECT ?, 0 UNION
            SELECT c.{came_from}, hops + 1 FROM found JOIN captures AS c ON c.{led_to} = found.url
            WHERE c.outcome = 'redirect' AND hops < ?
        )
        SELECT url FROM found WHERE hops LIMIT ?
        """  # noqa: S608 - our own column names
    once = f"SELECT 1 FROM captures WHERE {led_to} = ? AND outcome = 'redirect' LIMIT 1"  # noqa: S608 - our own column names
    if db.conn.execute(once, (page,)).fetchone() is None:  # so it is nearly always, and a tenth of the time
        return []
    found = (row[0] for row in db.conn.execute(sql, (page, MOST_HOPS, LOOKED_AT)))
    return [url for url in dict.fromkeys(found) if url != page]


def _absorb(db: Database, teaser: str, whole: str, *, at: str, unindex: Unindex) -> bool:
    """Join a key under which only teasers of the latest version of another were read; return whether it is one."""
    sql = "SELECT url, text FROM articles WHERE article_key = ? AND is_latest = 1"
    held = db.conn.execute(sql, (whole,)).fetchone()
    sql = "SELECT text, is_accessible_for_free FROM articles WHERE article_key = ?"
    read = db.conn.execute(sql, (teaser,)).fetchall()
    are_teasers = held and all(articles.is_teaser(text, held[1], is_free=_flag(free)) for text, free in read)
    if not (are_teasers and read):
        return False
    joins.absorb_teasers(db, teaser, whole, held_at=held[0], at=at, unindex=unindex)
    return True


def settle_teasers(db: Database, url: str, *, unindex: Unindex) -> None:
    """Let no version stand that is a teaser of an earlier one: they came in another order than they were served in (a merge)."""
    sql = """
        SELECT id, url, text, is_accessible_for_free FROM articles WHERE article_key = ? ORDER BY fetched_at, text_digest
        """
    key, earlier = articles.key_of(db, url), list[tuple[str, str]]()
    for article_id, address, text, free in db.conn.execute(sql, (key,)).fetchall():
        wholes = (at for at, whole in earlier if articles.is_teaser(text, whole, is_free=_flag(free)))
        if whole_at := next(wholes, ""):
            joins.take_out_teaser(db, key, article_id, held_at=whole_at, unindex=unindex)
        else:
            earlier.append((address, text))


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)


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
    if one != other and has_moved and not joins.addresses_of(db, one):
        joins.join_keys(db, one, other, reason="teaser", at=at, unindex=unindex, page=page)


def join_again(db: Database, one: str, other: str, *, reason: str, pages: list[str], at: str, unindex: Unindex) -> None:
    """Join keys that were joined in another archive; `pages` are the addresses of a teaser under which there is no version."""
    if reason == "teaser":
        if _absorb(db, one, other, at=at, unindex=unindex) or _absorb(db, other, one, at=at, unindex=unindex):
            return
        page = next((url for url in pages if not joins.addresses_of(db, articles.key_of(db, url))), "")
        joins.join_keys(db, one, other, reason=reason, at=at, unindex=unindex, page=page)
        availability.retell(db, articles.key_of(db, page))
    else:
        joins.join_keys(db, one, other, reason=reason, at=at, unindex=unindex)


def is_same_path(one: str, other: str) -> bool:
    """Return whether two addresses have the same after their hosts, and are not those of front pages."""
    paths = {urls.identity(url).partition("/")[2] for url in (one, other)}
    return len(paths) == 1 and not availability.is_home(one)


def _says_the_same(db: Database, one: str, other: str) -> bool:
    """Return whether any version of the one has half its words in common with one of the other."""
    return any(is_version_of(db, row[0], other) for row in db.conn.execute(_TEXTS, (one,)).fetchall())


def is_version_of(db: Database, text: str, key: str) -> bool:
    """Return whether a text has half its words in common with one of the last versions of a key."""
    return any(_share(text, row[0]) >= ALIKE for row in db.conn.execute(_TEXTS, (key,)))


_TEXTS = "SELECT text FROM articles WHERE article_key = ? ORDER BY last_seen_at DESC LIMIT 3"


def _share(one: str, other: str) -> float:
    words, others = set(one.split()), set(other.split())
    return len(words & others) / max(1, len(words | others))


def join_all(db: Database, *, at: str, unindex: Unindex) -> int:
    """Join what an archive holds split: articles under several spellings, and at both ends of redirects; give how many joins."""
    before = joins.total(db)
    sql = """
        SELECT article_key FROM articles GROUP BY article_key
        HAVING count(DISTINCT url) > 1 AND NOT EXISTS (SELECT 1 FROM joins WHERE kept_key = article_key)
        """
    for (key,) in db.conn.execute(sql).fetchall():
        addresses = joins.addresses_of(db, key)
        joins.fold_versions(db, key, joined=key, addresses=addresses, reason="spelling", at=at, unindex=unindex)
    join_redirects(db, at=at, unindex=unindex)
    return joins.total(db) - before


def join_redirects(db: Database, *, at: str, unindex: Unindex) -> None:
    """Join the articles at both ends of all redirects that were captured."""
    sql = "SELECT DISTINCT c.url, c.detail FROM captures AS c JOIN articles AS a ON a.url = c.detail WHERE c.outcome = 'redirect'"
    for source, target in db.conn.execute(sql).fetchall():
        join_redirect(db, source, target, at=at, unindex=unindex)

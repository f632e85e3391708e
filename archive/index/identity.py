"""Decide which URLs belong to one article: which article keys are joined.

The key, which all versions of an article share, follows from the URL alone (`archive.urls.identity`). Two keys are joined when a page
redirects from one to the other, or names the other as its canonical URL, and their texts are similar; or when they differ in the query
only, or in the slug after the number of the article, and have the same text. They are also joined when one serves only a teaser of the
other (see `archive.index.articles`), and the other redirects to it or has the same path on another host of the site.
`archive.index.joins` performs the joins so that they can be undone. Never begins or ends a transaction.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archive import urls
from archive.index import articles, availability, joins, site_lines

if TYPE_CHECKING:
    from sqlite_utils import Database

    from archive.index.joins import Unindex


ALIKE = 0.5
"""Share of common words from which the texts at two URLs are one article: far above what two reports of one event share."""

LOOKED_AT = 20
"""The most redirects to a URL that are examined: an article has one or two, a front page thousands."""
MOST_HOPS = 5
"""The longest chain of redirects through which an article is followed: a moved site that also changed to https has two or three."""


def join_page(db: Database, page: str, article_id: int, *, at: str, unindex: Unindex) -> int:
    """Join the article just read at a page with others that redirect there or were read there; return the row id of its version."""
    row = db.conn.execute("SELECT url, article_key FROM articles WHERE id = ?", (article_id,)).fetchone()
    url, key = str(row[0]), str(row[1])
    for other, reason in _related(db, page, url):
        if other == key:
            continue
        if reason == "redirect" and _absorb(db, other, key, at=at, unindex=unindex):
            key = articles.key_of(db, url)
        elif _has_same_text(db, other, key):
            kept = joins.join_keys(db, other, key, reason=reason, at=at, unindex=unindex)
            article_id, key = kept.get(article_id, article_id), articles.key_of(db, url)
    return article_id


def _related(db: Database, page: str, url: str) -> list[tuple[str, str]]:
    """Return (key, reason) of articles that may be the same as the one at `url`, read at `page`."""
    found = {articles.key_of(db, page): "canonical"}
    sql = "SELECT DISTINCT a.article_key FROM captures AS c JOIN articles AS a ON a.id = c.article_id WHERE c.url IN (?, ?)"
    found |= dict.fromkeys((row[0] for row in db.conn.execute(sql, (page, url))), "canonical")
    for one in {page, url}:
        for address in [*redirecting_to(db, one), *_redirect_targets(db, one)]:
            found.setdefault(articles.key_of(db, address), "redirect")
    for other in _other_spellings(db, url):
        found.setdefault(other, "spelling")
    return list(found.items())


def _other_spellings(db: Database, url: str) -> list[str]:
    """Return the keys of the same text under URLs that differ from this one in the query or the slug only."""
    return [*_with_other_query(db, url), *_with_other_slug(db, url)]


def _with_other_query(db: Database, url: str) -> list[str]:
    """Return the keys of the same text under the same path with another query, if the path alone identifies an article.

    Such a query has a session id, or asks for a view for telephones.
    """
    from archive.discovery import classify_link  # in crawls and imports only: it imports the parsers of feeds

    path = url.partition("?")[0]
    if classify_link(path).kind != "article":
        return []
    key = urls.identity(path)
    sql = """
        SELECT DISTINCT article_key FROM articles
        WHERE (article_key = :key OR (article_key >= :key || '?' AND article_key < :key || '@'))
          AND text_digest IN (SELECT text_digest FROM articles WHERE url = :url)
        LIMIT 20
        """
    return [str(row[0]) for row in db.conn.execute(sql, {"key": key, "url": url})]


def _with_other_slug(db: Database, url: str) -> list[str]:
    """Return the keys of the same text under the same number with another slug: many servers look at the number only."""
    start = _numbered(urls.identity(url))
    if not start:
        return []
    sql = """
        SELECT DISTINCT article_key FROM articles WHERE article_key > :start AND article_key < :start || '`'
          AND text_digest IN (SELECT text_digest FROM articles WHERE url = :url)
        LIMIT 20
        """
    keys = [str(row[0]) for row in db.conn.execute(sql, {"start": start, "url": url})]
    return [key for key in keys if _numbered(key) == start]


_NUMBER = re.compile(r"(?!(?:19|20)\d\d(?:\d{4})?(?!\d))\d{4,12}(?![^_-])")
"""The number of an article, at the end of a segment or before its slug; not a year or a date."""


def _numbered(key: str) -> str:
    """Return a key up to the number before its slug (`/12345-slug`, `/12345/slug`); '' if it has no such number."""
    folder, _, last = key.rstrip("/").rpartition("/")
    if "?" in key or not any(letter.isalpha() for letter in last):
        return ""
    if match := _NUMBER.match(last):
        return f"{folder}/{match[0]}"
    return folder if _NUMBER.fullmatch(folder.rpartition("/")[2]) else ""


def join_redirect(db: Database, source: str, target: str, *, at: str, unindex: Unindex) -> None:
    """Join the articles at both ends of a redirect, or of a chain of redirects, when there are two with the same content."""
    for one in [source, *redirecting_to(db, source)]:
        for other in [target, *_redirect_targets(db, target)]:
            _join_ends(db, articles.key_of(db, one), articles.key_of(db, other), at=at, unindex=unindex)


def _join_ends(db: Database, source: str, target: str, *, at: str, unindex: Unindex) -> None:
    if source == target or _absorb(db, target, source, at=at, unindex=unindex):
        return
    if _has_same_text(db, source, target):
        joins.join_keys(db, source, target, reason="redirect", at=at, unindex=unindex)


def redirecting_to(db: Database, page: str) -> list[str]:
    """Return the URLs that redirect to a page, directly or through others, in the order in which they were first seen."""
    return _redirects(db, page, came_from="url", led_to="detail")


def _redirect_targets(db: Database, page: str) -> list[str]:
    """Return the URLs that a page redirected to at other times, directly or through others."""
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
    if db.conn.execute(once, (page,)).fetchone() is None:  # the usual case, in a tenth of the time
        return []
    found = (row[0] for row in db.conn.execute(sql, (page, MOST_HOPS, LOOKED_AT)))
    return [url for url in dict.fromkeys(found) if url != page]


def _absorb(db: Database, teaser: str, whole: str, *, at: str, unindex: Unindex) -> bool:
    """Join a key that has only teasers of the latest version of another key; return whether it was such a key."""
    sql = "SELECT url, text FROM articles WHERE article_key = ? AND is_latest = 1"
    held = db.conn.execute(sql, (whole,)).fetchone()
    sql = "SELECT text, is_accessible_for_free FROM articles WHERE article_key = ?"
    read = db.conn.execute(sql, (teaser,)).fetchall()
    are_teasers = held and all(articles.is_teaser(text, held[1], is_free=_flag(free)) for text, free in read)
    if not (are_teasers and read):
        return False
    joins.absorb_teasers(db, teaser, whole, held_at=held[0], at=at, unindex=unindex)
    return True


def resolve_teasers(db: Database, url: str, *, unindex: Unindex) -> None:
    """Remove versions that are teasers of an earlier one: they were inserted in another order than they were served in (a merge)."""
    sql = """
        SELECT id, url, text, is_accessible_for_free FROM articles WHERE article_key = ? ORDER BY fetched_at, text_digest
        """
    key, earlier = articles.key_of(db, url), list[tuple[str, str]]()
    for article_id, address, text, free in db.conn.execute(sql, (key,)).fetchall():
        wholes = (at for at, whole in earlier if articles.is_teaser(text, whole, is_free=_flag(free)))
        if whole_at := next(wholes, ""):
            joins.remove_teaser(db, key, article_id, held_at=whole_at, unindex=unindex)
        else:
            earlier.append((address, text))


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)


FALSE_CANONICAL = "false-canonical"
"""The reason of a capture whose page names the URL of another article as its canonical one; `detail` begins with that URL."""


def is_disbelieved(db: Database, url: str) -> bool:
    """Return whether a page named this URL as its canonical one although it is that of another article."""
    # two searches of the index, because an OR makes SQLite read all of it
    sql = """
        SELECT 1 FROM captures WHERE reason = 'false-canonical' AND detail = :url UNION ALL
        SELECT 1 FROM captures WHERE reason = 'false-canonical' AND detail >= :url || '; ' AND detail < :url || ';!' LIMIT 1
        """
    return db.conn.execute(sql, {"url": url}).fetchone() is not None


def withdraw_claims(db: Database, url: str, title: str, text: str, *, unindex: Unindex) -> list[int]:
    """Store versions that have `url` only because their pages name it as canonical under the URLs of their own pages; return their ids.

    `title` and `text` are of another page, which is at `url` or names it, too. Nothing changes if an article was read at `url` itself,
    or may be an earlier version of that page's.
    """
    if articles.was_read_at(db, url, url):  # first, because the usual article has versions whose texts need not be read
        return []
    key, own = articles.key_of(db, url), urls.identity(url)
    sql = "SELECT a.id, a.url, a.title, a.text, c.url FROM articles AS a JOIN captures AS c ON c.id = a.capture_id WHERE article_key = ?"
    held = db.conn.execute(sql, (key,)).fetchall()
    if not held:
        return []
    for _, _, other_title, other_text, page in held:
        if urls.identity(page) == own or articles.may_be_versions((other_title, other_text), (title, text)):
            return []
    claims = [(article_id, page) for article_id, address, _, _, page in held if address == url]
    return _give_back(db, url, claims, unindex=unindex)


def resolve_claims(db: Database, url: str, *, unindex: Unindex) -> list[int]:
    """Do the same for versions under `url` that come from several archives (a merge)."""
    sql = "SELECT a.id, a.title, a.text, c.url FROM articles AS a JOIN captures AS c ON c.id = a.capture_id WHERE a.url = ?"
    held = [(row[0], (row[1], row[2]), row[3]) for row in db.conn.execute(sql, (url,))]
    claims = [
        (article_id, words, page) for article_id, words, page in held if urls.identity(page) != urls.identity(url)
    ]
    if not claims:
        return []
    rightful = [words for _, words, page in held if urls.identity(page) == urls.identity(url)]
    if rightful:
        wrong = [one for one in claims if not any(articles.may_be_versions(one[1], words) for words in rightful)]
    else:
        others = [(one, other) for one in claims for other in claims if one[2] != other[2]]
        wrong = claims if any(not articles.may_be_versions(one[1], other[1]) for one, other in others) else []
    return _give_back(db, url, [(article_id, page) for article_id, _, page in wrong], unindex=unindex) if wrong else []


def _give_back(db: Database, url: str, claims: list[tuple[int, str]], *, unindex: Unindex) -> list[int]:
    """Store these versions, given with their pages, under the URLs of those rather than `url`; return the ids of the rows that stay."""
    unindex([article_id for article_id, _ in claims])
    keys = {articles.key_of(db, url), joins.forget_canonical(db, articles.key_of(db, url), urls.identity(url))}
    moved = list[int]()
    for article_id, page in claims:
        sql = """
            UPDATE captures SET reason = ?, detail = CASE detail WHEN '' THEN ? ELSE ? || '; ' || detail END
            WHERE article_id = ? AND outcome = 'article'
            """
        db.conn.execute(sql, (FALSE_CANONICAL, url, url, article_id))
        key = articles.key_of(db, page)
        keys.add(key)
        sql = "SELECT id FROM articles WHERE article_key = ? AND text_digest = (SELECT text_digest FROM articles WHERE id = ?)"
        held = db.conn.execute(sql, (key, article_id)).fetchone()
        if held and held[0] != article_id:  # a merge brought it before
            joins.replace_version(db, article_id, held[0])
            continue
        sql = "UPDATE articles SET url = ?, hostname = ?, article_key = ? WHERE id = ?"
        db.conn.execute(sql, (page, urls.host_of(page), key, article_id))
        moved.append(article_id)
    for one in keys:
        articles.number_key(db, one)
        availability.recompute_article(db, one)
    return moved


def at_other_hosts(db: Database, url: str, title: str, *, site: str) -> list[str]:
    """Return the URLs of articles with this title at the same path of another host of the site: the article may have moved."""
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
    """Join a page that serves only a teaser with the article that is held in full at another URL, when that article has moved here.

    A page that only names the other as its canonical URL is not joined: it may show another article each day.
    """
    one, other = articles.key_of(db, page), articles.key_of(db, whole)
    sources = {articles.key_of(db, url) for url in redirecting_to(db, page)}
    has_moved = is_same_path(page, whole) or other in sources
    if one != other and has_moved and not joins.addresses_of(db, one):
        joins.join_keys(db, one, other, reason="teaser", at=at, unindex=unindex, page=page)


def join_again(db: Database, one: str, other: str, *, reason: str, pages: list[str], at: str, unindex: Unindex) -> None:
    """Join keys that were joined in another archive; `pages` are the URLs of a teaser that have no version."""
    if reason == "teaser":
        if _absorb(db, one, other, at=at, unindex=unindex) or _absorb(db, other, one, at=at, unindex=unindex):
            return
        page = next((url for url in pages if not joins.addresses_of(db, articles.key_of(db, url))), "")
        joins.join_keys(db, one, other, reason=reason, at=at, unindex=unindex, page=page)
        availability.recompute_article(db, articles.key_of(db, page))
    else:
        joins.join_keys(db, one, other, reason=reason, at=at, unindex=unindex)


def is_same_path(one: str, other: str) -> bool:
    """Return whether two URLs have the same path and query and are not front pages."""
    paths = {urls.identity(url).partition("/")[2] for url in (one, other)}
    return len(paths) == 1 and not availability.is_home(one)


def _has_same_text(db: Database, one: str, other: str) -> bool:
    """Return whether any version of one key has half its words in common with a version of the other."""
    return any(is_version_of(db, row[0], other) for row in db.conn.execute(_TEXTS, (one,)).fetchall())


def is_version_of(db: Database, text: str, key: str) -> bool:
    """Return whether a text has half its words in common with one of the latest versions of a key."""
    return any(_share(text, row[0]) >= ALIKE for row in db.conn.execute(_TEXTS, (key,)))


_TEXTS = "SELECT text FROM articles WHERE article_key = ? ORDER BY last_seen_at DESC LIMIT 3"


def _share(one: str, other: str) -> float:
    words, others = set(one.split()), set(other.split())
    return len(words & others) / max(1, len(words | others))


def join_all(db: Database, *, at: str, unindex: Unindex) -> int:
    """Join articles that are stored under several spellings or at both ends of redirects; return the number of joins."""
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
    """Join the articles at both ends of all captured redirects."""
    sql = "SELECT DISTINCT c.url, c.detail FROM captures AS c JOIN articles AS a ON a.url = c.detail WHERE c.outcome = 'redirect'"
    for source, target in db.conn.execute(sql).fetchall():
        join_redirect(db, source, target, at=at, unindex=unindex)


def join_spellings(db: Database, *, at: str, unindex: Unindex) -> None:
    """Join the articles with the same text whose URLs differ in the query or the slug only, which came from several archives."""
    sql = """
        SELECT DISTINCT url FROM articles WHERE text_digest IN (
            SELECT text_digest FROM articles GROUP BY text_digest HAVING count(DISTINCT article_key) > 1
        ) ORDER BY url
        """
    for (url,) in db.conn.execute(sql).fetchall():
        for other in _other_spellings(db, url):
            if other != (key := articles.key_of(db, url)):
                joins.join_keys(db, other, key, reason="spelling", at=at, unindex=unindex)

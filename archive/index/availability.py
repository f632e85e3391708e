"""Mark articles whose page is gone or behind a paywall. Never begins or ends a transaction.

A page counts as gone after at least LEAST_ANSWERS answers in a row that say so, over at least LEAST_SPAN: an outage, a deployment or a
bad cache is not a deletion. The first of these answers dates it. An article that is served again loses its marks.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from archive.index import articles, captures
from archive.outcome import OutcomeKind, sql_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlite_utils import Database

LEAST_ANSWERS = 3
LEAST_SPAN = timedelta(days=2, hours=12)
"""With LEAST_ANSWERS, three calendar days; the crawl asks again after 1, 2 and 4 days (`crawler.frontier.revisit.GONE`)."""

PAYWALLS = frozenset({"login", "paywall", "http-401", "http-402"})
"""Reasons of captures that show that an article is now behind a wall."""

_SERVED = sql_list(kind for kind in OutcomeKind if kind.yields_article)

LOOKED_BACK = 40
"""Captures of a URL that are examined, newest first."""

_HOME = re.compile(r"/?|/[a-z]{2}(?:-[a-z]{2})?/?")  # the front page, or that of a language


def is_home(url: str) -> bool:
    """Return whether a URL is a front page, to which some sites redirect instead of answering 404."""
    parts = urlsplit(url)
    return not parts.query and _HOME.fullmatch(parts.path) is not None


def gone_reason(db: Database, row: Mapping[str, Any]) -> str:
    """Return the reason for which a capture shows that the page is gone; '' when it does not."""
    reason = _own_reason(row)
    if reason or row["outcome"] != "redirect":
        return reason
    sql = "SELECT outcome, reason, detail FROM captures WHERE url = ? AND outcome <> '' ORDER BY timestamp DESC, id DESC LIMIT 1"
    target = next(db.query(sql, [row["detail"]]), None)
    return "redirect-gone" if target and _own_reason(target) else ""


def _own_reason(row: Mapping[str, Any]) -> str:
    if row["outcome"] == "gone":
        return str(row["reason"])
    if row["outcome"] == "redirect" and is_home(row["detail"]):
        return "redirect-home"
    if row["outcome"] == "quarantine" and row["reason"] == "soft-404":
        return "soft-404"
    return ""


def whole_of(row: Mapping[str, Any]) -> str:
    """Return the URL under which the full article of a captured teaser is held; '' when the capture is not a teaser."""
    return str(row["detail"]).partition("; ")[0] if row["reason"] == "paywall" else ""


def update_from_capture(db: Database, record_id: str) -> None:
    """Mark the article at the URL of this capture if this and earlier captures show that it is gone or behind a wall."""
    capture = captures.of_record(db, record_id)
    if capture is None or not (gone_reason(db, capture) or capture["reason"] in PAYWALLS):
        return
    article_id = captures.latest_article(db, capture["url"])
    if article_id is None and (whole := whole_of(capture)):
        article_id = articles.latest_id(db, whole)
    if article_id is None:
        return
    if capture["reason"] in PAYWALLS:
        _mark(db, article_id, "paywalled_at = coalesce(paywalled_at, :at)", {"at": capture["captured_at"]})
        return
    answers = _answers(db, capture["url"])
    if _last_long_enough(answers):
        values = {"at": answers[-1]["captured_at"], "reason": gone_reason(db, answers[0])}
        _mark(db, article_id, "gone_at = :at, gone_reason = :reason", values)


def _answers(db: Database, url: str) -> list[dict[str, Any]]:
    """Return the newest unbroken run of captures that show that the page is gone, newest first."""
    sql = "SELECT * FROM captures WHERE url = ? ORDER BY timestamp DESC, id DESC LIMIT ?"
    return _unbroken(db, db.query(sql, [url, LOOKED_BACK]))


def _unbroken(db: Database, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows that show that the page is gone, up to the first that does not."""
    found = []
    for row in rows:
        if gone_reason(db, row):
            found.append(row)
        elif row["outcome"] and not OutcomeKind(row["outcome"]).tells_nothing:
            break
    return found


def _last_long_enough(answers: list[dict[str, Any]]) -> bool:
    """Return whether these answers, newest first, suffice to call a page gone."""
    if len(answers) < LEAST_ANSWERS:
        return False
    first, last = (datetime.fromisoformat(each["captured_at"]) for each in (answers[-1], answers[0]))
    return last - first >= LEAST_SPAN


def _mark(db: Database, article_id: int, what: str, values: dict[str, str]) -> None:
    db.conn.execute(
        f"UPDATE articles SET {what} WHERE is_latest = 1 AND article_key = (SELECT article_key FROM articles WHERE id = :id)",  # noqa: S608 - our own words
        {**values, "id": article_id},
    )


def clear(db: Database, article_id: int, *, at: str) -> None:
    """Remove the marks of an article that was served in full at this time."""
    db.conn.execute(
        """
        UPDATE articles SET gone_at = NULL, gone_reason = '', paywalled_at = NULL
        WHERE article_key = (SELECT article_key FROM articles WHERE id = :id) AND (gone_at < :at OR paywalled_at < :at)
        """,
        {"id": article_id, "at": at},
    )


def recompute(db: Database, pages: Iterable[str]) -> None:
    """Recompute the marks of the articles at these page URLs from all their captures, in chronological order.

    Needed after captures were inserted out of order (a merge): the marks are then those that a single crawl would have left.
    """
    found: set[str] = set()
    for page in pages:
        sql = f"SELECT 1 FROM captures WHERE url = ? AND outcome NOT IN ({_SERVED}, '') LIMIT 1"  # noqa: S608
        if db.conn.execute(sql, (page,)).fetchone():
            sql = "SELECT DISTINCT a.article_key FROM captures AS c JOIN articles AS a ON a.id = c.article_id WHERE c.url = ?"
            found.update(row[0] for row in db.conn.execute(sql, (page,)))
            found.add(articles.key_of(db, page))
    for key in found:
        recompute_article(db, key)


def recompute_article(db: Database, key: str) -> None:
    """Recompute the marks of an article from the captures of its pages, including pages that serve only a teaser of it."""
    sql = """
        SELECT c.url, c.captured_at, c.outcome, c.reason, c.detail, coalesce(a.article_key, '') AS article
        FROM captures AS c LEFT JOIN articles AS a ON a.id = c.article_id
        WHERE c.url IN (SELECT o.url FROM articles AS v JOIN captures AS o ON o.id = v.capture_id WHERE v.article_key = :key)
           OR c.url IN (SELECT url FROM articles WHERE article_key = :key)
           OR c.url IN (SELECT page.value FROM joins, json_each(joins.urls) AS page WHERE kept_key = :key)
        ORDER BY c.captured_at, c.record_id
        """
    gone: str | None = None
    walled: str | None = None
    reason = ""
    here: dict[str, str] = {}
    looked_at: defaultdict[str, deque[dict[str, Any]]] = defaultdict(lambda: deque(maxlen=LOOKED_BACK))
    for row in db.query(sql, {"key": key}):
        at = row["captured_at"]
        looked_at[row["url"]].appendleft(row)
        if row["article"]:
            here[row["url"]] = row["article"]
            if row["article"] == key and any(mark is not None and mark < at for mark in (gone, walled)):
                gone, reason, walled = None, "", None
        elif here.get(row["url"]) != key and not (whole_of(row) and articles.key_of(db, whole_of(row)) == key):
            continue
        elif row["reason"] in PAYWALLS:
            walled = walled or at
        elif gone_reason(db, row) and _last_long_enough(answers := _unbroken(db, looked_at[row["url"]])):
            gone, reason = answers[-1]["captured_at"], gone_reason(db, answers[0])
    db.conn.execute(
        "UPDATE articles SET gone_at = NULL, gone_reason = '', paywalled_at = NULL"
        " WHERE article_key = ? AND (gone_at IS NOT NULL OR paywalled_at IS NOT NULL)",
        (key,),
    )
    if gone or walled:
        db.conn.execute(
            "UPDATE articles SET gone_at = ?, gone_reason = ?, paywalled_at = ? WHERE article_key = ? AND is_latest = 1",
            (gone, reason, walled, key),
        )

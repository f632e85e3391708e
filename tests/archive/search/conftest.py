import sqlite3

import pytest

from archive.search import create_index, create_plain_index, index_articles

COLUMNS = (
    "url", "urlkey", "site", "hostname", "version", "is_latest", "title", "text", "author", "date", "date_published",
    "section", "language", "description", "sitename", "fetched_at", "tags", "source",
)  # fmt: skip


class Shelf:
    """A database with the columns of `articles` that search relies on, and both indexes."""

    def __init__(self, connect=sqlite3.connect, path=":memory:"):
        self.db = connect(path, check_same_thread=False)  # the garbage collector may close it in another thread
        self.db.execute(f"CREATE TABLE articles (id INTEGER PRIMARY KEY, {', '.join(COLUMNS)})")
        self.db.execute("CREATE TABLE vectors (article_id INTEGER PRIMARY KEY, model TEXT, vector BLOB)")
        create_index(self.db)
        create_plain_index(self.db)

    def __del__(self):
        self.db.close()  # a connection that is left open is a warning from Python 3.13 on

    def put(self, title="", text="", **values):
        row = {"url": "https://example.org/a", "version": 1, "is_latest": 1, "title": title, "text": text, **values}
        row = {**dict.fromkeys(COLUMNS, ""), **row}
        sql = f"INSERT INTO articles ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
        identity = self.db.execute(sql, tuple(row.values())).lastrowid
        index_articles(self.db, [identity])
        return identity


@pytest.fixture
def shelf():
    made = Shelf()
    yield made
    made.db.close()

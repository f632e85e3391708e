"""The database read by other tools: sqlite3's shell, sqlite-utils, Datasette, and every SQL example of docs/search.md."""

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import PATIENCE

DOCS = Path(__file__).parents[3] / "docs" / "search.md"


@pytest.fixture
def path(shelf, tmp_path):
    plain = type(shelf)(sqlite3.connect, tmp_path / "warraq.db")
    plain.put(
        title="وزارة التعليم",
        text="قال مُدَرِّسٌ في الوزارة",
        site="example",
        hostname="www.example.org",
        language="ar",
        date="2024-03-05",
    )
    plain.put(title="شيء آخر", text="غير ذلك", language="ar")
    plain.db.commit()
    plain.db.close()
    return tmp_path / "warraq.db"


@pytest.mark.parametrize("sql", re.findall(r"```sql\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL))
def test_sql_in_the_documentation_finds_the_article(path, sql):
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute(sql).fetchall()
    assert [row[1] for row in rows] == ["وزارة التعليم"]


@pytest.mark.slow
def test_sqlite_shell_searches_and_finds_the_file_whole(path):
    shell = shutil.which("sqlite3")
    if not shell:
        pytest.skip("no sqlite3 shell on this machine")
    sql = "SELECT rowid FROM articles_fts WHERE articles_fts MATCH 'التعليم'; PRAGMA integrity_check;"
    done = subprocess.run([shell, str(path), sql], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout.split() == ["1", "ok"]


@pytest.mark.slow
def test_sqlite_utils_searches(path):
    command = [sys.executable, "-m", "sqlite_utils", "search", str(path), "articles", "التعليم", "-c", "title", "--csv"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout.splitlines()[1:] == ["وزارة التعليم"]


@pytest.mark.slow
def test_datasette_searches(path):
    pytest.importorskip("datasette")
    command = [
        *(sys.executable, "-W", "ignore", "-m", "datasette", str(path)),
        *("--get", "/warraq/articles.json?_search=%D8%A7%D9%84%D8%AA%D8%B9%D9%84%D9%8A%D9%85&_shape=array"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert '"id": 1' in done.stdout
    assert '"id": 2' not in done.stdout


def test_nothing_but_plain_tables_and_built_in_tokenizers(path):
    with closing(sqlite3.connect(path)) as db:
        statements = [row[0] for row in db.execute("SELECT sql FROM sqlite_master WHERE sql LIKE '%fts5%'")]
    assert len(statements) == 2
    for statement in statements:
        assert "unicode61" in statement
        assert "contentless_delete" not in statement  # SQLite 3.43

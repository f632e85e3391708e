"""The examples of docs/library.md are run, and deploy/datasette.yml is opened by real Datasette."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import PATIENCE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
SAVED = """<!doctype html><html lang=ar dir=rtl><head><title>موسم الزيتون يبدأ باكراً</title></head><body><article>
<h1>موسم الزيتون يبدأ باكراً</h1>
<p>بدأ أهالي القرى الجبلية قطاف الزيتون قبل موعده بأسبوعين، بعد خريف دافئ أنضج الثمار في البساتين المطلة على البحر.</p>
<p>وقال رئيس الجمعية الزراعية إن المعاصر ستعمل ليلاً ونهاراً حتى نهاية الشهر، وإن الأسعار ستبقى كما كانت في العام الماضي.</p>
<p>ويعمل في القطاف طلاب المدارس أيضاً، فقد أعلنت المدارس عطلة ثلاثة أيام كما جرت العادة في كل موسم.</p>
</article></body></html>"""


def test_the_examples_of_the_library_page_run_as_they_stand(shelf):
    folder = shelf.collection.folder
    (folder / "saved.html").write_text(SAVED, encoding="utf-8")
    failed, tried = doctest.testfile(
        str(ROOT / "docs/library.md"), module_relative=False, globs={"folder": folder}, encoding="utf-8"
    )
    assert tried > 10
    assert not failed


CHECK = r"""
import asyncio, sys
from datasette.app import Datasette
from datasette.utils import parse_metadata

async def check(database, other, metadata):
    site = Datasette([database, other], metadata=parse_metadata(open(metadata, encoding="utf-8").read()),
                     settings={"default_allow_sql": False, "allow_download": False})
    async def get(path):
        return await site.client.get(path)
    for name in ("changed", "per_day", "quarantine"):
        answer = await get(f"/warraq/{name}.json?_shape=array")
        assert answer.status_code == 200 and answer.json(), (name, answer.text[:300])
    found = await get("/warraq/search.json?_shape=array&q=مكتبة")
    assert [row["id"] for row in found.json()] == [2], found.text
    for odd in ('"', "", "a%20OR", "ab-cd", "C%2B%2B", "*", "%25", "NEAR(", "a%22%22b", "title:x", "x" * 3000):
        answer = await get(f"/warraq/search.json?_shape=array&q={odd}")
        assert answer.status_code == 200, (odd, answer.text[:300])
    assert (await get("/warraq.json?sql=select+1")).status_code == 403
    assert (await get("/warraq.db")).status_code == 403
    for page in ("/", "/warraq", "/warraq/articles", "/warraq/captures", "/warraq/newsarticle", "/warraq/articles/1"):
        assert (await get(page)).status_code == 200, page
    for name in ("warraq", "warraq_2"):  # several archives at once
        listed = (await get(f"/{name}/articles.json?_size=1")).json()
        assert set(listed["facet_results"]) == {"site", "section", "language"}, listed
        found = await get(f"/{name}/search.json?_shape=array&q=مكتبة")
        assert [row["id"] for row in found.json()] == [2], found.text

asyncio.run(check(*sys.argv[1:]))
print("all good")
"""


def test_plain_datasette_serves_archives_with_their_canned_queries_and_no_sql_of_visitors(shelf, tmp_path):
    pytest.importorskip("datasette", reason="needs datasette, of the dev group")
    other = tmp_path / "other" / "warraq.db"
    other.parent.mkdir()
    shelf.store.db.conn.execute("VACUUM INTO ?", (str(other),))
    # In a process of its own: Datasette's threads and warnings are its own affair.
    run = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        CHECK,
        str(shelf.collection.database),
        str(other),
        str(ROOT / "deploy/datasette.yml"),
    ]
    done = subprocess.run(run, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.stdout.strip() == "all good", done.stderr[-2000:]

"""kill -9 at any moment: nothing acknowledged is lost, no row is without its record, and a new start carries on."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archive import Archive
from archive.warc import read_records
from demo.server import DemoServer

ROOT = Path(__file__).parents[1]
ROUNDS = 8


def command(url, folder):
    return [
        sys.executable, "-m", "scrapy", "crawl", "news", "-a", f"url={url}", "-s", f"ARCHIVE_DIR={folder}",
        "-s", "WARRAQ_OPEN_NETWORKS=127.0.0.0/8", "-s", "DOWNLOAD_DELAY=0.05", "-s", "WARRAQ_SUMMARY_JSON=1",
    ]  # fmt: skip


def acknowledged(folder):
    """What the database says is there: record ids of captures, texts of articles."""
    if not (folder / "warraq.db").exists():
        return set(), set()
    with Archive(folder) as archive:
        rows = {row["record_id"] for row in archive.db.query("SELECT record_id FROM captures")}
        return rows, {row["text_digest"] for row in archive.db.query("SELECT text_digest FROM articles")}


def prove(folder):
    """Every row's record can be read, and is the one that the row names."""
    with Archive(folder) as archive:
        for row in archive.db.query("SELECT * FROM captures"):
            assert archive.record(row).id == row["record_id"]
        for row in archive.db.query("SELECT * FROM articles"):
            assert archive.record(row).type == "response"
        assert archive.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


@pytest.mark.slow
def test_a_crawl_killed_again_and_again_ends_with_everything(tmp_path):
    folder, chance = tmp_path / "c", random.Random(7)
    with DemoServer(edition=1) as site:
        held = (set(), set())
        for _ in range(ROUNDS):
            crawl = subprocess.Popen(
                command(site.url, folder), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            time.sleep(chance.uniform(1.0, 4.0))
            crawl.send_signal(signal.SIGKILL)
            crawl.wait()
            rows, texts = acknowledged(folder)
            assert held[0] <= rows
            assert held[1] <= texts
            held = (rows, texts)
            if rows:
                prove(folder)
        done = subprocess.run(
            command(site.url, folder),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
            env=os.environ,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert json.loads(done.stdout.splitlines()[-1])["urls_still_due"] == 0
    rows, texts = acknowledged(folder)
    assert held[0] <= rows
    assert held[1] <= texts
    prove(folder)
    expected = json.loads((ROOT / "demo" / "expected.json").read_text("utf-8"))["edition1"]["articles"]
    with Archive(folder) as archive:
        assert {one["title"] for one in expected.values()} <= {row["title"] for row in archive.newest(limit=100)}
    assert not list((folder / "archive").glob("*.open"))
    with Archive(folder) as archive:
        known = {row["record_id"] for row in archive.db.query("SELECT record_id FROM captures")}
    for path in (folder / "archive").glob("*.warc.gz"):
        for record in read_records(path):
            assert record.type not in {"response", "revisit"} or record.id in known

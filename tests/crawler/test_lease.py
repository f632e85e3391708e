"""A crawl without its parent or its lease ends cleanly."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from scrapy import Request
from scrapy.settings import Settings

from archive import UsageError
from crawler import settings as shipped
from crawler.download.errors import StoppedError
from crawler.shutdown import CHECK_SECONDS, GRACE_SECONDS, PARENT, Lease, LeaseMiddleware, watch_lease
from tests.crawler.test_crawlall import SlowSite, left, write_sites
from tests.support import PATIENCE
from tests.support.program import Running, run

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("value", "parent"),
    [("", 0), (None, 0), (0, 0), ("False", 0), (1, PARENT), ("1", PARENT), (True, PARENT), ("77", 77)],
)
def test_the_parent_is_the_one_at_the_start_or_the_one_that_is_named(value, parent):
    assert Lease.from_settings(Settings({"WARRAQ_END_WITH_PARENT": value})).parent == parent


def test_what_makes_no_sense_is_told():
    for name, value in (
        ("WARRAQ_END_WITH_PARENT", "yes"),
        ("WARRAQ_LEASE_UNTIL", "soon"),
        ("WARRAQ_LEASE_UNTIL", "2026-11-24T10:00:00"),
    ):
        with pytest.raises(UsageError, match=name):
            Lease.from_settings(Settings({name: value}))


def test_a_lease_is_lost_with_the_parent_or_with_time():
    lease = Lease(parent=7, until=100.0)
    assert lease.lost(parent=7, now=99.9) == ""
    assert lease.lost(parent=1, now=0.0) == "its parent is gone"
    assert lease.lost(parent=7, now=100.0) == "its lease is over"
    assert Lease().lost(parent=1, now=1e12) == ""


def command(folder, *settings):
    return [
        *("scrapy", "crawl", "news", "-a", "site=slow", "-s", f"WARRAQ_COLLECTIONS={folder / 'collections'}"),
        *("-s", f"WARRAQ_SITES={folder / 'sites.toml'}", "-s", "WARRAQ_OPEN_NETWORKS=127.0.0.0/8", "-s", "DOWNLOAD_DELAY=0.1"),
        *(word for setting in settings for word in ("-s", setting)),
    ]  # fmt: skip


@pytest.mark.slow
def test_an_orphan_ends_within_seconds_and_loses_nothing(tmp_path):
    with SlowSite() as site:
        write_sites(tmp_path, slow=site.url)
        parent = (
            "import json, subprocess, sys\n"
            "crawl = subprocess.Popen(json.loads(sys.argv[1]), stdout=subprocess.PIPE, stderr=subprocess.PIPE)\n"
            "print(crawl.pid, flush=True)\n"
            "crawl.wait()\n"
        )
        words = command(tmp_path, "WARRAQ_END_WITH_PARENT=1", f"LOG_FILE={tmp_path / 'log'}")
        words = json.dumps([sys.executable, "-m", *words])
        with subprocess.Popen(
            [sys.executable, "-c", parent, words], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as daemon:
            crawl = int(daemon.stdout.readline())
            wait_for(lambda: site.served >= 12, PATIENCE)
            daemon.kill()
        wait_for(lambda: not runs(crawl), PATIENCE)
        served = site.served
        assert served < 190
        log = (tmp_path / "log").read_text()
        assert "its parent is gone" in log
        assert "BrokenPipe" not in log
        _, failed, articles, unvisited, _ = left(tmp_path, site)
    assert failed == 0
    assert articles >= 8
    assert articles + unvisited == 200


def test_no_request_passes_once_the_lease_is_lost_and_the_crawl_is_told():
    told = []
    last = LeaseMiddleware(Lease(until=time.time() + 100), stop=lambda: told.append("stop"))
    assert last.process_request(Request("http://news.example/")) is None
    assert told == []
    last = LeaseMiddleware(Lease(until=time.time() - 1), stop=lambda: told.append("stop"))
    with pytest.raises(StoppedError, match="lease is over"):
        last.process_request(Request("http://news.example/"))
    assert told == ["stop"]


def test_the_lease_is_looked_at_after_all_that_may_hold_a_request_up():
    stations = shipped.DOWNLOADER_MIDDLEWARES
    assert stations["crawler.shutdown.LeaseMiddleware"] == max(filter(None, stations.values()))


def test_the_end_is_called_once_and_before_the_lease_is_over():
    async def wait(lease, lead):
        called = []
        watch_lease(lease, called.append, lead=lead)
        await asyncio.sleep(2 * CHECK_SECONDS + 0.2)
        return called

    assert asyncio.run(wait(Lease(until=time.time() + 100), lead=99.5)) == ["its lease is over"]
    assert asyncio.run(wait(Lease(parent=os.getppid() + 1), lead=0)) == ["its parent is gone"]
    assert asyncio.run(wait(Lease(parent=os.getppid(), until=time.time() + 100), lead=10)) == []


@pytest.mark.slow
def test_a_crawl_does_not_begin_after_its_lease_and_asks_nothing_after_it_even_when_it_was_held_up(tmp_path):
    with SlowSite() as site:
        write_sites(tmp_path, slow=site.url)
        began, past = time.monotonic(), (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        done = run(*command(tmp_path, f"WARRAQ_LEASE_UNTIL={past}"))
        assert (done.returncode, site.served) == (11, 0)
        assert "not started: its lease is over" in done.stderr
        start = time.monotonic() - began
        entry = json.dumps({"seeds": [site.url], "delay": 0.3})
        (tmp_path / "sites.toml").unlink()  # the job carries the entry along
        until = datetime.now(UTC) + timedelta(seconds=GRACE_SECONDS + 5 + 6 * start)
        words = command(tmp_path, f"WARRAQ_LEASE_UNTIL={until.isoformat()}", f"WARRAQ_SITE_ENTRY={entry}")
        crawl = Running(words)
        try:
            wait_for(lambda: site.served >= 2, PATIENCE)
            crawl.send_signal(signal.SIGSTOP)  # as on a machine that sleeps on: all timers are due at once
            time.sleep(0.3 + max(0.0, (until - datetime.now(UTC)).total_seconds()))
            served = site.served
            crawl.send_signal(signal.SIGCONT)
            _, error = crawl.communicate()
        finally:
            crawl.send_signal(signal.SIGKILL)
        assert crawl.returncode == 11, error[-2000:]
        assert "its lease is over: ending" in error
        assert served == site.served
        _, failed, articles, unvisited, _ = left(tmp_path, site)
    assert failed == 0
    assert articles + unvisited == 200


def runs(process):
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, FileNotFoundError):
        return False


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)

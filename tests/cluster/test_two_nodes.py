"""Two real scrapyd daemons share sites on loopback: one is killed, orphans its crawls, or is cut off."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from functools import cache
from itertools import pairwise

import pytest

from archive import Archive
from crawler.cluster.dispatch import ORPHAN_SECONDS
from tests.cluster.machines import ROOT, SCRAPYD, Dispatcher, Machine, living, wait_for
from tests.cluster.press import Press

SITES = ("alpha", "bravo", "charlie", "delta")
DELAY = 0.4
ARTICLES = 30
GRACE = 4

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not SCRAPYD.exists(), reason=f"there is no {SCRAPYD}: `make cluster-test` makes it"),
]
SETTINGS = """
WARRAQ_OPEN_NETWORKS = ["127.0.0.0/8"]
DOWNLOAD_DELAY_JITTER = 0.0
CONCURRENT_REQUESTS_PER_DOMAIN = 1
"""


class Scene:
    """The sites, two nodes and the dispatcher, all running."""

    def __init__(self, folder, press):
        self.press, self.lease = press, 20 + 12 * start_seconds()
        self.patience = 100 + 3 * self.lease
        self.machines = {name: Machine(name, folder, settings=SETTINGS) for name in ("one", "two")}
        self.dispatcher = Dispatcher(
            folder, self.machines.values(), {name: press.url(name) for name in SITES},
            delay=DELAY, lease=self.lease, grace=GRACE, interval=self.lease / 2,
        )  # fmt: skip

    def shards(self):
        found = [
            database.parent for machine in self.machines.values() for database in machine.shards.glob("*/warraq.db")
        ]
        return sorted(found)

    def complete(self):
        return all(self.press.served(name) == ARTICLES for name in SITES) and self.kept() == self.press.expected()

    def kept(self):
        return {url for shard in self.shards() for url in urls_in(shard)}

    def wait_until_complete(self):
        wait_for(
            self.complete, self.patience, lambda: f"{[(n, self.press.served(n)) for n in SITES]}\n{self.last_round()}"
        )

    def last_round(self):
        return self.dispatcher.rounds()[-1:]


@cache
def start_seconds():
    """Measure how long a crawl takes to start."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import crawler.spiders.news"], cwd=ROOT, check=True, timeout=100)
    return time.monotonic() - began


@pytest.fixture
def scene(tmp_path):
    with Press(SITES, articles=ARTICLES) as press:
        scene = Scene(tmp_path, press)
        try:
            for machine in scene.machines.values():
                machine.start()
            yield scene
        finally:
            for machine in scene.machines.values():
                machine.end()


def check_pace(press):
    """Check that no two processes crawl a host at once, that they take turns with the site's delay, and that each keeps the pace."""
    for name in SITES:
        visits = press.of(name)
        order = [visit.process for visit in visits]
        turns = [process for n, process in enumerate(order) if not n or process != order[n - 1]]
        assert len(turns) == len(set(turns)), f"{name}: processes take turns: {turns}"
        for before, after in pairwise(visits):
            if before.process != after.process:
                assert after.at - before.at > DELAY, f"{name}: {before} {after}"
        for first, fifth in zip(visits, visits[4:], strict=False):  # arrivals are a little less even than departures
            assert fifth.at - first.at > 4 * DELAY * 0.75, f"{name}: {first} {fifth}"


def merged(shards, into):
    """Return the URLs of the articles of the merged archive, and the number of articles that it reports."""
    warraq("merge", *shards, into)
    warraq("--archive", into, "verify")
    with Archive(into) as archive:
        return urls_in(into), archive.stats()["articles"]


def warraq(*words):
    done = subprocess.run(
        [sys.executable, "-m", "archive", *words], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-3000:])
    return done.stdout


def urls_in(folder):
    connection = sqlite3.connect(folder / "warraq.db")
    try:
        return [url for (url,) in connection.execute("SELECT url FROM articles WHERE is_latest = 1")]
    finally:
        connection.close()


def check_all_is_kept(scene, tmp_path):
    expected = scene.press.expected()
    assert scene.kept() == expected
    urls, count = merged(scene.shards(), tmp_path / "merged")
    assert Counter(urls) == Counter(expected)
    assert count == len(expected)


def begun(scene, node, homes):
    """Return whether of each site of the node some articles were fetched, but not all."""
    counts = [scene.press.served(name) for name, home in homes.items() if home == node]
    return all(4 <= count < ARTICLES - 5 for count in counts)


def crawls(scene, node, homes):
    return {scene.press.of(name)[-1].process for name, home in homes.items() if home == node}


def open_files(shards):
    return [path for shard in shards for path in shard.glob("archive/*.open")]


def test_two_nodes_crawl_every_site_once_and_keep_the_pace(scene, tmp_path):
    homes = scene.dispatcher.homes()
    assert set(homes.values()) == {"one", "two"}
    with scene.dispatcher:
        scene.wait_until_complete()
        status = scene.dispatcher.ask("status")
    assert [row["without_password"] for row in status["nodes"]] == [False, False]
    assert all(row["last_node"] == homes[row["site"]] for row in status["sites"])
    assert {shard.name: shard.parents[1].name for shard in scene.shards()} == homes
    wait_for(lambda: not open_files(scene.shards()), 30, "crawls did not end")
    check_pace(scene.press)
    check_all_is_kept(scene, tmp_path)


def test_a_killed_machine_is_taken_over_without_loss_or_double_pace(scene, tmp_path):
    homes = scene.dispatcher.homes()
    with scene.dispatcher:
        wait_for(lambda: begun(scene, "one", homes), scene.patience, "node one did not begin")
        orphans = crawls(scene, "one", homes)
        scene.machines["one"].signal(signal.SIGKILL, group=True)
        wait_for(lambda: not living(orphans), 5, "the group was killed")
        scene.wait_until_complete()
        scene.dispatcher.ask("status", code=13)
    taken = {shard.name for shard in scene.machines["two"].shards.iterdir()}
    assert taken == set(SITES)
    wait_for(lambda: not open_files(scene.machines["two"].shards.iterdir()), 30, "crawls did not end")
    check_pace(scene.press)
    check_all_is_kept(scene, tmp_path)


def test_a_killed_daemon_s_crawls_end_by_themselves_and_go_on_when_it_is_back(scene, tmp_path):
    homes = scene.dispatcher.homes()
    with scene.dispatcher:
        wait_for(lambda: begun(scene, "one", homes), scene.patience, "node one did not begin")
        orphans = crawls(scene, "one", homes)
        scene.machines["one"].signal(signal.SIGKILL)
        assert living(orphans) == orphans
        wait_for(lambda: not living(orphans), ORPHAN_SECONDS + GRACE, "orphans live on")
        assert not open_files(scene.machines["one"].shards.iterdir())
        scene.machines["one"].start()
        scene.wait_until_complete()
    assert {shard.name: shard.parents[1].name for shard in scene.shards()} == homes
    check_pace(scene.press)
    check_all_is_kept(scene, tmp_path)


def test_a_machine_that_is_cut_off_crawls_on_no_longer_than_its_lease(scene, tmp_path):
    homes = scene.dispatcher.homes()
    with scene.dispatcher:
        wait_for(lambda: begun(scene, "one", homes), scene.patience, "node one did not begin")
        crawling = crawls(scene, "one", homes)
        before = sum(scene.press.served(name) for name, home in homes.items() if home == "one")
        scene.machines["one"].signal(signal.SIGSTOP)  # its daemon answers no more; its crawls know nothing of that
        wait_for(lambda: not living(crawling), scene.lease + 10, "the lease did not end the crawls")
        assert sum(scene.press.served(name) for name, home in homes.items() if home == "one") > before
        scene.wait_until_complete()
        scene.machines["one"].signal(signal.SIGCONT)
        wait_for(lambda: not scene.last_round()[0]["silent"], 30, "node one did not come back")
    check_pace(scene.press)
    check_all_is_kept(scene, tmp_path)

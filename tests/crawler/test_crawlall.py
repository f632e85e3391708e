"""`scrapy crawlall` in its own process, with real sites on loopback and real signals."""

import fcntl
import json
import os
import random
import signal
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

import crawler.crawlall
from archive import Archive
from archive.collection import Collection
from archive.errors import ExitCode
from archive.index import frontier, open_store
from crawler.crawlall import CrawlAll, is_due
from crawler.frontier.scope import CrawlLimits, Scope
from crawler.report import Report
from crawler.sites import Site
from demo.server import DemoServer
from tests.support import PATIENCE
from tests.support.program import Running, run

pytestmark = pytest.mark.slow

WORDS = [
    a + b
    for a in ("bar", "cor", "del", "fen", "gul", "mar", "nol", "per", "sil", "tor")
    for b in ("an", "eth", "ix", "ol", "und", "ery")
]


def command(folder, *more):
    return [
        *("scrapy", "crawlall", "--json"),
        *("-s", f"WARRAQ_COLLECTIONS={folder / 'collections'}", "-s", f"WARRAQ_SITES={folder / 'sites.toml'}"),
        *("-s", "WARRAQ_OPEN_NETWORKS=127.0.0.0/8", "-s", "DOWNLOAD_DELAY=0"),
        *more,
    ]  # fmt: skip


def crawlall(folder, *more, code=0):
    done = run(*command(folder, *more))
    assert done.returncode == code, done.stderr[-3000:]
    return {row.get("site", "total"): row for row in map(json.loads, done.stdout.splitlines())}, done.stderr


def write_sites(folder, **seeds):
    entries = [f'[site.{name}]\nseeds = ["{seed}"]\n' for name, seed in seeds.items()]
    (folder / "sites.toml").write_text("\n".join(entries), "utf-8")


class SlowSite(ThreadingHTTPServer):
    """A home page with many articles, each of which takes its time; `hold` makes answers wait until it is set."""

    daemon_threads = True

    def __init__(self, *, articles=200, seconds=0.05, hold=False):
        super().__init__(("127.0.0.1", 0), SlowHandler)
        self.articles, self.seconds, self.served = articles, seconds, 0
        self.free = threading.Event()
        if not hold:
            self.free.set()
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, *_):
        """A client that hangs up is what these tests are about."""

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.free.set()
        self.shutdown()
        self.server_close()


class SlowHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        site = self.server
        if self.path == "/":
            links = "".join(
                f'<p><a href="/2026/11/24/story-number-{n}">Story number {n} of this long day</a></p>'
                for n in range(site.articles)
            )
            self.answer(f"<html><body><h1>Home</h1>{links}</body></html>")
        elif self.path.startswith("/2026/"):
            site.served += 1
            time.sleep(site.seconds)
            site.free.wait(PATIENCE)
            words = random.Random(self.path).choices(WORDS, k=160)
            text = "".join(f"<p>{' '.join(words[n : n + 20]).capitalize()}.</p>" for n in range(0, 160, 20))
            self.answer(
                f"<html><head><title>{self.path}</title></head><body><article><h1>Story {self.path[-4:]}</h1>{text}</article></body></html>"
            )
        else:
            self.answer("nothing", status=404)

    def answer(self, text, *, status=200):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_every_site_is_crawled_whatever_becomes_of_the_others(tmp_path):
    with ExitStack() as stack:
        one, two = stack.enter_context(DemoServer()), stack.enter_context(SlowSite(articles=3))
        write_sites(tmp_path, first=one.url, down="http://127.0.0.1:9/", taken="http://127.0.0.1:9/", last=two.url)
        taken = Collection(tmp_path / "collections" / "taken")
        taken.create()
        stack.enter_context(taken.lock())
        rows, _ = crawlall(tmp_path, "-j", "2", code=4)
    assert {name: row["exit_code"] for name, row in rows.items()} == {
        "first": 0, "down": 9, "taken": 4, "last": 0, "total": 4,
    }  # fmt: skip
    assert "connection-refused" in rows["down"]["problem"] or "refused" in rows["down"]["problem"]
    assert f"process {os.getpid()}" in rows["taken"]["problem"]
    assert rows["total"]["sites"] == 4
    assert rows["total"]["sites_done"] == 2
    assert rows["last"]["articles_new"] == 3
    assert rows["total"]["articles_new"] == rows["first"]["articles_new"] + 3
    with Archive(tmp_path / "collections" / "last") as archive:
        assert archive.stats()["articles"] == 3


def test_a_site_that_is_not_due_is_left_alone_and_a_named_one_is_not(tmp_path):
    with SlowSite(articles=2) as site:
        write_sites(tmp_path, only=site.url)
        crawlall(tmp_path)
        rows, _ = crawlall(tmp_path)
        assert rows["total"]["sites"] == 0
        rows, _ = crawlall(tmp_path, "--site", "only", "--recheck")
        assert rows["only"]["articles_unchanged"] == 2


def test_a_site_is_due_for_a_new_url_of_its_entry(tmp_path):
    site, collection = Site.from_url("https://a.example/"), Collection(tmp_path / "a")
    moment = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert is_due(site, collection, now=moment)
    collection.create()
    with open_store(collection.database) as store, store.atomic():
        frontier.schedule(store.db, Scope(site, CrawlLimits(depth=4)).seeds(), now="2027-01-01T00:00:00Z")
    assert not is_due(site, collection, now=moment)
    assert is_due(replace(site, feeds=("https://a.example/feed",)), collection, now=moment)


def test_a_crawl_that_broke_off_after_it_had_ended_well_is_broken(tmp_path, monkeypatch):
    ended = []
    report = Report(site="a", folder=str(tmp_path))
    report.reason = "finished"
    monkeypatch.setattr(crawler.crawlall, "_closed", lambda *_: report)
    monkeypatch.setattr(crawler.crawlall, "Stopping", lambda _: SimpleNamespace(asked=""))
    run_ = CrawlAll(None, [], jobs=1, arguments={}, on_result=ended.append)
    for problem in ("", "ValueError: a bug"):
        run_._running["a"] = None
        run_._end("a", None, problem)
    assert [(one.code, one.problem) for one in ended] == [(0, ""), (ExitCode.BROKEN, "ValueError: a bug")]


def test_a_second_run_says_who_is_at_work(tmp_path):
    write_sites(tmp_path, only="http://127.0.0.1:9/")
    (tmp_path / "collections").mkdir()
    with (tmp_path / "collections" / ".crawlall.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write("process 12345")
        file.flush()
        _, error = crawlall(tmp_path, code=4)
    assert "another crawlall is running (process 12345" in error.splitlines()[-1]


def test_a_mistake_in_the_sites_file_is_one_line(tmp_path):
    (tmp_path / "sites.toml").write_text("[site.a]\nseed = 1\n")
    _, error = crawlall(tmp_path, code=2)
    assert error.splitlines()[-1].startswith(f"scrapy crawlall: {tmp_path / 'sites.toml'}:2: site.a.seed")


def started(folder, site, *more):
    process = Running(command(folder, *more))
    end = time.monotonic() + PATIENCE
    while site.served < 12 and time.monotonic() < end:
        time.sleep(0.05)
    assert site.served >= 12
    return process


def left(folder, site):
    collection = Collection(folder / "collections" / "slow")
    with open_store(collection.database, read_only=True) as store:
        due = frontier.count_due(store.db, site="slow", now="9")
        failed = store.db.execute("SELECT count(*) FROM urls WHERE kind = 'article' AND failures > 0").fetchone()[0]
        articles = store.db.execute("SELECT count(*) FROM articles").fetchone()[0]
        unvisited = store.db.execute("SELECT count(*) FROM urls WHERE kind = 'article' AND visits = 0").fetchone()[0]
        captured = store.db.execute("SELECT count(*) FROM captures").fetchone()[0]
    assert not list(collection.warcs.glob("*.open"))
    return due, failed, articles, unvisited, captured


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_stops_within_seconds_and_loses_nothing(tmp_path, name):
    with SlowSite() as site:
        write_sites(tmp_path, slow=site.url, never="http://127.0.0.1:9/")
        process = started(tmp_path, site, "-j", "1", "-s", "DOWNLOAD_DELAY=0.1")
        process.send_signal(getattr(signal, name))
        out, error = process.communicate()
        assert process.returncode == 11, error[-3000:]
        assert f"{name}: ending" in error
        assert "Traceback" not in error
        rows = {row.get("site", "total"): row for row in map(json.loads, out.splitlines())}
        assert rows["slow"]["exit_code"] == 11
        assert rows["never"]["problem"] == "stopped before its turn"
        _, failed, articles, unvisited, _ = left(tmp_path, site)
        assert failed == 0
        assert articles >= 8
        assert 0 < unvisited == 200 - articles
        site.seconds = 0
        rows, _ = crawlall(tmp_path, "--site", "slow")
        assert rows["slow"]["exit_code"] == 0
        assert left(tmp_path, site)[2:4] == (200, 0)


def test_a_server_that_never_answers_does_not_hold_up_the_end(tmp_path):
    with SlowSite(hold=True) as site:
        site.free.set()
        write_sites(tmp_path, slow=site.url)
        process = started(tmp_path, site, "-s", "DOWNLOAD_TIMEOUT=10000", "-s", "WARRAQ_FIRST_BYTE_TIMEOUT=10000")
        site.free.clear()
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate()
        assert process.returncode == 11, error[-3000:]
        assert left(tmp_path, site)[1] == 0


def test_a_second_signal_ends_at_once_and_what_was_read_is_kept(tmp_path):
    with SlowSite(hold=True) as site:
        site.free.set()
        write_sites(tmp_path, slow=site.url)
        process = started(tmp_path, site)
        site.free.clear()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate()
        assert process.returncode == 11, error[-3000:]
        assert "SIGINT again" in error
        _, failed, articles, unvisited, _ = left(tmp_path, site)
        assert failed == 0
        assert articles > 0
        assert articles + unvisited >= 199


@pytest.mark.timing
@pytest.mark.parametrize(("signals", "seconds"), [(1, 9), (2, 4)])
def test_a_signal_ends_it_within_seconds_and_a_second_one_at_once(tmp_path, signals, seconds):
    with SlowSite(hold=True) as site:
        site.free.set()
        write_sites(tmp_path, slow=site.url)
        process = started(tmp_path, site)
        site.free.clear()
        time.sleep(0.3)
        told = time.monotonic()
        for _ in range(signals):
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
        process.communicate()
        assert time.monotonic() - told < seconds

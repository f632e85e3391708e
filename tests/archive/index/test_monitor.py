import json
import re
import threading
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from archive.files.clock import now
from archive.index import Candidate, frontier, open_store, reports, runs
from archive.index.monitor import Day, alarms_of, prometheus
from tests.support.cli import warraq

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 24)


def ordinary(day, **other):
    figures = {
        "site": "s", "day": day, "runs": 24, "announced": 20, "captured": 20, "new": 20 if day.weekday() < 5 else 8, "visits": 100,
        "failed": 2, "read": 20, "quarantined": 1, "without_author": 4, "without_date": 0, "length": 2000.0 + day.day,
    }  # fmt: skip
    return Day(**figures | other)


def history(days=30, **today):
    before = [ordinary(TODAY - timedelta(days=back)) for back in range(1, days)]
    return [*before, ordinary(TODAY, **today)]


def kinds(*, days=30, complete=True, **today):
    return [alarm.kind for alarm in alarms_of(history(days, **today), TODAY, complete=complete)]


def test_an_ordinary_day_raises_no_alarm():
    assert kinds() == []


@pytest.mark.parametrize(
    ("figures", "kind"),
    [
        ({"new": 0}, "silent"),
        ({"new": 1}, "shrinking"),
        ({"failed": 90}, "failing"),
        ({"disallowed": 95}, "disallowed"),
        ({"quarantined": 18, "read": 4}, "extraction-changed"),
        ({"without_author": 20}, "extraction-changed"),
        ({"without_date": 19}, "extraction-changed"),
        ({"length": 600.0}, "extraction-changed"),
        ({"captured": 4, "missed": {"failed:timeout": 16}}, "incomplete"),
    ],
)
def test_each_way_to_break_has_its_alarm(figures, kind):
    assert kinds(**figures) == [kind]


def test_a_new_layout_of_a_site_of_one_article_a_day_is_seen_within_a_week():
    def day(back, **more):
        return ordinary(
            TODAY - timedelta(days=back),
            announced=1,
            captured=1,
            new=1,
            visits=9,
            failed=0,
            read=1,
            quarantined=0,
            **more,
        )

    before = [day(back, without_author=0) for back in range(6, 60)]
    after = [day(back, without_author=1) for back in range(6)]
    assert [alarm.kind for alarm in alarms_of([*before, *after], TODAY)] == ["extraction-changed"]
    assert alarms_of([*before, *after], TODAY - timedelta(days=4)) == []


def test_a_quiet_weekday_is_judged_by_its_like():
    sunday = date(2026, 11, 22)
    days = [ordinary(sunday - timedelta(days=back)) for back in range(50)]
    assert alarms_of(days, sunday) == []


def test_a_day_that_is_not_over_is_not_judged_by_what_it_brought():
    assert kinds(new=0, complete=False) == []
    assert kinds(new=0, failed=90, complete=False) == ["failing"]


def test_a_site_that_is_new_to_us_is_not_judged():
    assert kinds(days=6, new=0, failed=90) == []


def test_a_site_that_never_gave_an_article_is_told_from_its_first_day():
    empty = {"runs": 3, "announced": 0, "captured": 0, "new": 0, "read": 0, "visits": 30, "length": 0.0}
    first = [ordinary(TODAY, **empty, barren="empty")]
    for complete in (True, False):
        (alarm,) = alarms_of(first, TODAY, complete=complete)
        assert (alarm.kind, "(empty)" in alarm.detail) == ("barren", True)
    ten = [ordinary(TODAY - timedelta(days=back), **empty, barren="empty") for back in range(10)]
    assert [alarm.kind for alarm in alarms_of(ten, TODAY)] == ["barren"]
    idle = [*ten[1:], ordinary(TODAY, **empty)]  # a day on which only what changes nothing was asked for
    assert [alarm.kind for alarm in alarms_of(idle, TODAY)] == ["barren"]


def test_a_site_is_not_barren_once_it_gave_an_article_or_when_no_crawl_says_so():
    empty = {"runs": 3, "announced": 0, "captured": 0, "new": 0, "read": 0, "visits": 30, "length": 0.0}
    assert alarms_of([ordinary(TODAY, **empty)], TODAY) == []
    days = [ordinary(TODAY - timedelta(days=1), **empty, barren="dns"), ordinary(TODAY)]
    assert alarms_of(days, TODAY) == []
    assert alarms_of([*days[:1], ordinary(TODAY, **empty | {"read": 1})], TODAY) == []


def test_a_crawl_that_did_not_run_is_told():
    days = [ordinary(TODAY - timedelta(days=back)) for back in range(1, 30)]
    assert [alarm.kind for alarm in alarms_of(days, TODAY)] == ["not-crawled"]


def test_a_first_day_with_a_whole_front_page_does_not_spoil_the_baseline():
    days = [ordinary(TODAY - timedelta(days=back), new=3) for back in range(9)]
    days.append(ordinary(TODAY - timedelta(days=9), new=400))
    assert alarms_of(days, TODAY) == []


def test_a_small_drift_of_a_large_site_is_no_alarm():
    large = {"visits": 100_000, "read": 50_000}
    before = [ordinary(TODAY - timedelta(days=back), **large, without_author=5_000) for back in range(1, 30)]
    for without, alarms in ((15_000, []), (30_000, ["extraction-changed"])):
        today = ordinary(TODAY, **large, without_author=without)
        assert [alarm.kind for alarm in alarms_of([*before, today], TODAY)] == alarms


def test_a_name_of_a_site_cannot_end_its_label():
    text = prometheus([ordinary(TODAY, site='a"} 1\n\\')], [])
    assert r'warraq_day_new{site="a\"} 1\n\\"} 20' in text.splitlines()


def test_the_prometheus_text_is_well_formed():
    days = history(new=0)
    text = prometheus(days[-1:], alarms_of(days, TODAY))
    assert 'warraq_alarm{site="s",kind="silent"} 1' in text
    assert 'warraq_alarm{site="s",kind="failing"} 0' in text
    assert all(re.fullmatch(r'# (HELP|TYPE) .+|\w+\{(\w+="[^"]*",?)+\} \d+', line) for line in text.splitlines())


@pytest.fixture
def archive(tmp_path):
    """An archive with two weeks of runs; on the last day all visits fail, and two announced articles are missing."""
    folder = tmp_path / "collections" / "s"
    folder.mkdir(parents=True)
    with open_store(folder / "warraq.db") as store, store.atomic():
        for back in range(15):
            day = (TODAY - timedelta(days=back)).isoformat()
            run = runs.begin(store.db, kind="crawl", site="s", at=f"{day}T06:00:00Z")
            failed = 40 if back == 0 else 1
            summary = {
                "outcomes": {"article": 41 - failed, "failed": failed, "robots": 5},
                "failed": {"timeout": failed},
            }
            runs.end(store.db, run, at=f"{day}T06:10:00Z", result="finished", summary=summary)
        urls = [
            Candidate(url=f"http://s.example/{n}", site="s", host="s.example", kind="article", by="feed")
            for n in range(2)
        ]
        frontier.schedule(store.db, urls, now=f"{TODAY}T06:00:00Z")
        store.db.execute("UPDATE urls SET visits = 1, outcome = 'failed', reason = 'timeout' WHERE id = 1")
    return folder


def test_the_ledger_says_why_what_is_missing_is_missing(archive):
    with open_store(archive / "warraq.db", read_only=True) as store:
        (day,) = reports.days(store.db, first=TODAY, last=TODAY)
    assert (day.announced, day.captured, day.runs, day.visits, day.failed) == (2, 0, 1, 41, 40)
    assert day.missed == {"failed:timeout": 1, "not-asked-yet": 1}


def test_an_article_that_has_moved_since_was_announced_and_captured_all_the_same(archive):
    with open_store(archive / "warraq.db") as store, store.atomic():
        store.db.execute(
            "UPDATE urls SET visits = 2, outcome = 'redirect', reason = 'http-301', article_url = url WHERE id = 1"
        )
        store.db.execute("UPDATE urls SET visits = 1, outcome = 'redirect', reason = 'http-301' WHERE id = 2")
    with open_store(archive / "warraq.db", read_only=True) as store:
        (day,) = reports.days(store.db, first=TODAY, last=TODAY)
    assert (day.announced, day.captured, day.missed) == (1, 1, {})


def health(archive, *more):
    return warraq("--archive", archive, "health", "--day", TODAY, *more, code=None)


def test_the_command_raises_the_alarm_by_every_way_out(archive, tmp_path):
    received = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        done = health(
            archive,
            "--json",
            "--textfile",
            str(tmp_path / "warraq.prom"),
            "--webhook",
            f"http://127.0.0.1:{server.server_port}/",
        )
        thread.join(10)
    assert done.exit_code == 12, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["kind"] for row in rows if row["what"] == "alarm"] == ["failing"]
    assert 'warraq_alarm{site="s",kind="failing"} 1' in (tmp_path / "warraq.prom").read_text()
    assert received[0]["alarms"][0]["kind"] == "failing"
    assert list(tmp_path.glob(".warraq*")) == []


def test_the_command_is_quiet_about_a_good_day(archive):
    done = health(archive, "--day", str(TODAY - timedelta(days=1)))
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "No alarm.")


def test_a_webhook_that_is_not_there_is_one_line(archive):
    done = health(archive, "--webhook", "http://127.0.0.1:9/")
    assert done.exit_code == 12
    assert "the webhook did not accept the alarms" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_day_that_is_none_is_wrong_usage(archive):
    assert health(archive, "--day", "yesterday").exit_code == 2


@pytest.mark.parametrize("now", [TODAY.isoformat(), "2020-01-01"])
def test_the_command_reads_the_clock_of_the_crawl(archive, monkeypatch, now):
    """The clock that is set for all commands; or that of the last run, when it is ahead of this machine's."""
    monkeypatch.setenv("SIMULATED_NOW", f"{now}T12:00:00+00:00")
    monkeypatch.setenv("WARRAQ_CLOCK", "tests.simulation.clock.now")
    done = warraq("--archive", archive, "health", "--json", code=12)
    alarms = [row for row in map(json.loads, done.stdout.splitlines()) if row["what"] == "alarm"]
    assert [(row["kind"], row["day"]) for row in alarms] == [("failing", str(TODAY))]


def test_days_after_the_last_crawl_by_that_clock_are_days_without_a_crawl(archive, monkeypatch):
    monkeypatch.setenv("SIMULATED_NOW", f"{TODAY + timedelta(days=3)}T12:00:00+00:00")
    monkeypatch.setenv("WARRAQ_CLOCK", "tests.simulation.clock.now")
    assert "not-crawled" in warraq("--archive", archive, "health", code=12).stdout


def test_the_first_day_has_its_figures_and_its_alarm(tmp_path):
    day = now().date().isoformat()
    with open_store(tmp_path / "warraq.db") as store, store.atomic():
        run = runs.begin(store.db, kind="crawl", site="s", at=f"{day}T00:00:01Z")
        summary = {"outcomes": {"quarantine": 9}, "no_article": "consent"}
        runs.end(store.db, run, at=f"{day}T00:01:00Z", result="finished", summary=summary)
    done = warraq("-A", tmp_path, "health", "--textfile", tmp_path / "warraq.prom", code=12)
    assert "barren: no article was ever found (consent)" in done.stdout
    figures = (tmp_path / "warraq.prom").read_text("utf-8")
    assert 'warraq_day_visits{site="s"} 9' in figures
    assert 'warraq_alarm{site="s",kind="barren"} 1' in figures

"""The profile of a crawl, its log, its start: an operator sees where the time goes, and a line for each problem and not for each page."""

import json
import subprocess
import sys

from archive import Answer, Outcome, OutcomeKind
from crawler.profile import REST, Profile, profile_text
from tests.crawler.test_news import PATHS, rows, site_of
from tests.support.site import ROOT, crawl

FULL = """
import sys
from pathlib import Path
import crawler.extensions
from archive import NotWritableError

def full(*_, **__):
    raise NotWritableError(Path("there"), OSError(28, "No space left on device"))

crawler.extensions.open_ingest = full
from scrapy.cmdline import execute
execute()
"""
LOADED = """
import sys, crawler.spiders.news, crawler.commands.crawl, archive.cli
print([name for name in ("trafilatura", "py3langid", "pandas", "numpy", "tldextract") if name in sys.modules])
"""


def test_a_profiled_crawl_says_where_its_time_went_in_the_summary_and_in_the_row_of_the_run(tmp_path):
    with site_of() as site:
        summary = crawl(f"{site.url}/", tmp_path / "a", "-s", "WARRAQ_PROFILE=1")
    profile = {row["station"]: row for row in summary["profile"]}
    assert {"start-up", "frontier: draw", "capture: WARC and its row", "commit", "search index", REST} <= profile.keys()
    assert {"decode", "extract", "discover", "search keys"} <= profile.keys()
    assert profile["search keys"]["calls"] == len(PATHS)
    shares = [row["share"] for name, row in profile.items() if not name.startswith("extract:")]
    assert abs(sum(shares) - 1) < 0.01
    (run,) = rows(tmp_path / "a", "SELECT summary FROM runs")
    assert json.loads(run["summary"])["profile"] == summary["profile"]


def test_a_crawl_logs_no_line_for_each_page_and_says_nothing_of_a_profile_that_nobody_asked_for(tmp_path):
    command = [sys.executable, "-m", "scrapy", "crawl", "news", "-s", f"ARCHIVE_DIR={tmp_path / 'a'}"]
    command += ["-s", "WARRAQ_OPEN_NETWORKS=127.0.0.0/8", "-s", "DOWNLOAD_DELAY=0"]
    with site_of() as site:
        command += ["-a", f"url={site.url}/"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) <= 4, done.stderr
    assert "saved by revisits" in done.stdout
    assert "CPU" not in done.stdout


def test_a_disk_that_fills_up_between_the_look_and_the_opening_is_one_line_and_no_traceback(tmp_path, monkeypatch):
    (tmp_path / "full.py").write_text(FULL)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with site_of() as site:
        said = crawl(f"{site.url}/", tmp_path / "a", code=6, program=(str(tmp_path / "full.py"),))
    assert "No space left" in said
    assert "Traceback" not in said


def test_the_process_that_crawls_loads_no_extractor():
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, timeout=100, check=True
    )
    assert done.stdout.strip() == "[]"


def test_samples_share_out_the_time_of_extraction():
    profile = Profile(on=True)
    spent = (("extract", 1, 0.3), ("extract: body", 2, 0.0), ("extract: title", 1, 0.0))
    profile.take(Answer(outcome=Outcome(kind=OutcomeKind.ARTICLE), spent=spent))
    found = {row.station: (row.calls, row.cpu_ms) for row in profile.rows() if row.where == "workers"}
    assert found == {"extract": (1, 300.0), "extract: body": (2, 200.0), "extract: title": (1, 100.0)}
    assert "extract: body" in profile_text(profile.rows())


def test_a_profile_that_is_off_measures_nothing():
    profile = Profile(on=False)
    with profile.stations.at("x"):
        pass
    assert profile.rows() == []

"""What deploy/ holds is what the programs that read it expect."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import PATIENCE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted(path for path in DEPLOY.rglob("*") if path.suffix in {".service", ".timer"})


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_accepts_the_unit(unit, tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not on this machine")
    for path in UNITS:  # with a program that is there, which is all that cannot be checked elsewhere
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", path.read_text(), flags=re.MULTILINE)
        text = re.sub(r"^WorkingDirectory=\S+", "WorkingDirectory=/", text, flags=re.MULTILINE)
        (tmp_path / path.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    ours = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_timer_starts_a_unit_that_is_there_and_a_service_is_hardened(unit):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(unit.read_text())
    if unit.suffix == ".timer":
        assert (unit.parent / parser["Timer"]["Unit"]).exists()
    else:
        service = parser["Service"]
        assert service["NoNewPrivileges"] == "yes"
        assert service["ProtectSystem"] == "strict"
        assert service["MemoryMax"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list", "-s", "LOG_STDOUT=0"], "news"),
        (["crawl", "news", "-a", "site=x", "-s", "ARCHIVE_DIR=/"], "does not take -s ARCHIVE_DIR"),
        (["crawl", "news", "-a", "url=http://x/"], "does not take -a url"),
        (["crawl", "news", "-o", "/etc/passwd"], "does not take -o"),
        (["crawl", "other"], "runs `crawl news` only"),
        (["shell"], "runs `crawl news` only"),
        (["crawl", "news", "-a"], "does not understand '-a'"),
        (["crawl", "news", "-a", "site=x"], "needs WARRAQ_PYTHON"),
    ],
)
def test_a_node_runs_what_deploy_sends_and_nothing_else(words, said):
    runner = DEPLOY / "cluster" / "crawl_runner.py"
    done = subprocess.run(
        [sys.executable, "-I", runner, *words], capture_output=True, text=True, timeout=PATIENCE, env={}
    )
    assert said in done.stdout + done.stderr
    assert (done.returncode == 0) == (words[0] == "list")


def test_a_job_reaches_the_crawl_with_its_parent_and_without_scrapyd_s_words():
    runner = DEPLOY / "cluster" / "crawl_runner.py"
    words = ["crawl", "news", "-s", "LOG_FILE=x.log", "-a", "_job=x@1", "-a", "site=x"]
    environment = {"WARRAQ_PYTHON": "/bin/echo", "SCRAPYD_PASSWORD": "secret"}
    done = subprocess.run(
        [sys.executable, "-I", runner, *words], capture_output=True, text=True, timeout=PATIENCE, env=environment
    )
    assert done.stdout.split() == [
        *("-m", "scrapy", "crawl", "news", "-s", "LOG_FILE=x.log", "-a", "site=x"),
        *("-s", f"WARRAQ_END_WITH_PARENT={os.getpid()}"),
    ]

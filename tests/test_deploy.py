"""The files of deploy/ are valid for the programs that read them."""

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from tests.support import PATIENCE
from tests.support.usage import problems

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


SERVICES = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]


def test_the_image_has_what_the_wheel_is_built_of_and_runs_the_program():
    lines = [line.split() for line in (DEPLOY / "Dockerfile").read_text().splitlines() if line and line[0] != "#"]
    copied = {word for line in lines if line[0] == "COPY" for word in line[1:-1]}
    assert all((ROOT / name).exists() for name in copied)
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, built = about["project"], about["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {*built, project["readme"], *project["license-files"], "pyproject.toml", "uv.lock"} == copied
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    assert sent == copied
    (sync,) = [line for line in lines if line[:3] == ["RUN", "uv", "sync"]]
    extras = {name for flag, name in pairwise(sync) if flag == "--extra"}
    assert extras <= project["optional-dependencies"].keys()
    (entry,) = [json.loads(" ".join(line[1:])) for line in lines if line[0] == "ENTRYPOINT"]
    assert entry == [*project["scripts"]]
    (command,) = [json.loads(" ".join(line[1:])) for line in lines if line[0] == "CMD"]
    assert not problems(shlex.join([*entry, *command]))


def test_a_service_runs_a_command_that_there_is_in_the_place():
    for service in SERVICES.values():
        assert service.get("extends", "crawl") == "crawl"
        if service.get("command") and "entrypoint" not in service:
            assert not problems(shlex.join(["warraq", *service["command"]]))
    (script,) = SERVICES["schedule"]["command"]
    (run,) = re.findall(r"warraq [a-z]+(?: --[a-z]+)*", script)
    assert not problems(run)
    assert (ROOT / "deploy" / SERVICES["crawl"]["build"]["context"] / SERVICES["crawl"]["build"]["dockerfile"]).exists()
    assert SERVICES["crawl"]["volumes"] == ["./data:/data"]


def test_a_schedule_that_is_stopped_lets_the_crawl_end(tmp_path):
    (script,) = SERVICES["schedule"]["command"]
    program = tmp_path / "warraq"
    program.write_text(
        "#!/bin/sh\ntrap 'echo ended $*; exit 11' TERM\necho begun\nwhile true; do sleep 1 & wait $!; done\n"
    )
    program.chmod(0o755)
    with subprocess.Popen(
        [*SERVICES["schedule"]["entrypoint"], script.replace("$$", "$")],
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
    ) as shell:
        assert shell.stdout.readline() == "begun\n"
        shell.terminate()
        assert shell.stdout.readline() == "ended run --json\n"
    assert shell.returncode == 0


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

"""Run a newcomer's first hour: the commands of docs/tutorial.md in order, in an empty home, then those of README.

`make hour` runs it on bare Debian stable in a chroot (as root, with debootstrap and a network), installation included;
tests/warraq/test_hour.py runs those of the tutorial from a wheel of this checkout. The two sites are the demo site, twice, on loopback.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from demo.server import DemoServer
from tests.support import PATIENCE, ROOT
from tests.support.documented import commands

if TYPE_CHECKING:
    from collections.abc import Mapping

TUTORIAL = ROOT / "docs" / "tutorial.md"
MIRROR = "http://deb.debian.org/debian"
README = ROOT / "README.md"
SETTINGS = {"WARRAQ_OPEN_NETWORKS": "127.0.0.0/8"}
"""Settings for two sites on loopback."""
HASTE = "sed -i 's/^delay = 1 /delay = 0 /' sites.toml"
"""Nobody else uses those sites, so a delay of a second would only make the test longer."""
ELSEWHERE = ("make ", "pipx ", "apt-get ", "git ", "warraq init", "warraq add")
"""Commands that another test runs, or that the tutorial contains in another form."""

SERVE = """
{command} --port 0 > serve.log & served=$!
for second in $(seq 120); do grep -q http:// serve.log && break; sleep 1; done
python3 -c 'import sys, urllib.request; assert b"<html" in urllib.request.urlopen(sys.argv[1]).read()' "$(grep -o "http://[^ ]*" serve.log)"
kill $served; wait $served || true
"""


def tutorial() -> list[str]:
    """Its commands, without the delay."""
    lines = commands(TUTORIAL)
    added = max(number for number, line in enumerate(lines) if line.startswith("warraq add "))
    return [*lines[: added + 1], HASTE, *lines[added + 1 :]]


def all_commands() -> list[str]:
    """Return the commands of the tutorial, then those that only README has."""
    lines = tutorial()
    return [*lines, *(line for line in commands(README) if line not in lines and not line.startswith(ELSEWHERE))]


def schedule(page: Path) -> str:
    """Return the command of the crontab line."""
    (line,) = re.findall(r"^\*/20 \* \* \* \*  (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return str(line)


def script(lines: list[str], replaced: Mapping[str, str]) -> str:
    """Return a shell script of the lines with the test's values in place of the page's; it ends with the figures of the sites."""
    done = ["set -eux"]
    for line in (*lines, f"(cd / && {schedule(TUTORIAL)})", "warraq sites --json > ../sites.json"):
        for word, other in replaced.items():
            line = line.replace(word, other)  # noqa: PLW2901
        done.append(SERVE.format(command=line) if line == "warraq serve" else line)
    return "\n".join(done) + "\n"


def words_of(one: DemoServer, other: DemoServer) -> dict[str, str]:
    """Return the replacements in the tutorial's text for the test."""
    words = {}
    for domain, server in (("example.org", one), ("example.net", other)):
        words[f"https://www.{domain}/"] = server.url
        words[domain] = server.url.removeprefix("http://").strip("/").replace(":", "-")
    return words


def check(home: Path) -> None:
    """Fail unless both sites were crawled, by hand and on schedule, and have articles."""
    rows = [json.loads(line) for line in (home / "sites.json").read_text("utf-8").splitlines()]
    assert len(rows) == 2, rows
    assert all(row["articles"] and row["has_entry"] and row["result"] == "finished" for row in rows), rows
    assert (home / "news" / "run.log").read_text("utf-8").count('"total": true') == 1


def on_debian(root: Path) -> None:
    """Run the hour in a chroot, created if missing."""
    if not (root / "usr").exists():
        subprocess.run(["debootstrap", "--variant=minbase", "stable", str(root), MIRROR], check=True)
    shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
    with tempfile.TemporaryDirectory(dir=root / "root", prefix="home-") as folder:
        home = Path(folder)
        subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(home / "source")], check=True)
        inside = f"/root/{home.name}"
        environment = SETTINGS | {
            "HOME": inside,
            "PATH": f"{inside}/.local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND": "noninteractive",
        }
        if authority := os.environ.get("PIP_CERT"):  # a machine behind a proxy that signs for all
            shutil.copy(authority, root / "root" / "authority.pem")
            environment["PIP_CERT"] = "/root/authority.pem"
        with DemoServer() as one, DemoServer() as other:
            words = {"https://github.com/warraq/warraq": f"{inside}/source warraq", **words_of(one, other)}
            text = "apt-get update -q\n" + script(all_commands(), words)
            (home / "hour.sh").write_text(text, "utf-8")
            command = ["chroot", str(root), "bash", "-c", f"cd {inside} && exec bash hour.sh"]
            subprocess.run(command, env=environment, check=True)
        check(home)


def from_wheel(wheel: Path, home: Path) -> None:
    """Run the tutorial from a wheel with the packages of this environment, without the installation."""
    shutil.unpack_archive(wheel, home / "wheel", "zip")
    (home / "bin").mkdir()
    for name in ("warraq", "scrapy"):
        program = home / "bin" / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {name} "$@"\n', "utf-8")
        program.chmod(0o755)
    lines = tutorial()
    lines = lines[lines.index("warraq init news") :]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("WARRAQ_", "SCRAPY_"))}
    environment |= SETTINGS | {"HOME": str(home), "PYTHONPATH": str(home / "wheel")}
    environment["PATH"] = f"{home / 'bin'}:{environment['PATH']}"
    with DemoServer() as one, DemoServer() as other:
        (home / "hour.sh").write_text(script(lines, words_of(one, other)), "utf-8")
        done = subprocess.run(
            ["bash", "hour.sh"], cwd=home, env=environment, capture_output=True, text=True, timeout=3 * PATIENCE
        )
    assert done.returncode == 0, done.stderr[-4000:] + done.stdout[-1000:]
    assert "Traceback" not in done.stderr, done.stderr[-4000:]
    check(home)


if __name__ == "__main__":
    if os.geteuid() or not shutil.which("debootstrap"):
        sys.exit("make hour needs root and debootstrap: apt-get install debootstrap")
    on_debian(Path(sys.argv[1] if len(sys.argv) > 1 else "/var/tmp/warraq-hour"))
    print("The hour passed.")

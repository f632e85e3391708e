"""A cluster on one machine: scrapyd daemons configured as in deploy/cluster, and the dispatcher's commands.

scrapyd is in its own environment, which `make cluster-test` makes in .cluster/scrapyd; WARRAQ_SCRAPYD names another.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRAPYD = Path(os.environ.get("WARRAQ_SCRAPYD") or ROOT / ".cluster" / "scrapyd" / "bin" / "scrapyd")
PASSWORD = "a long word for the test"


class Machine:
    """A node: a folder as its disk, and a scrapyd that can be started, killed, stopped and continued."""

    def __init__(self, name, folder, *, settings=""):
        self.name, self.disk = name, folder / name
        self.etc = self.disk / "etc"
        self.etc.mkdir(parents=True)
        for source in ("scrapyd.conf", "crawl_runner.py", "node_settings.py"):
            text = (ROOT / "deploy" / "cluster" / source).read_text("utf-8").replace("/var/lib/warraq", str(self.disk))
            (self.etc / source).write_text(text, "utf-8")
        with (self.etc / "node_settings.py").open("a", encoding="utf-8") as file:
            file.write(f"\nimport os\nUSER_AGENT = f'warraq-test (node {name}, process {{os.getpid()}})'\n{settings}")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.daemon = None

    @property
    def shards(self):
        return self.disk / "shards"

    def start(self):
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SCRAPY", "WARRAQ"))},
            "SCRAPYD_USERNAME": "warraq",
            "SCRAPYD_PASSWORD": PASSWORD,
            "SCRAPYD_HTTP_PORT": str(self.port),
            "WARRAQ_PYTHON": sys.executable,
        }
        with (self.disk / "scrapyd.log").open("ab") as log:
            self.daemon = subprocess.Popen(
                [SCRAPYD, "--pidfile="], cwd=self.etc, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        wait_for(self.answers, 60, f"scrapyd {self.name} did not start; see {self.disk / 'scrapyd.log'}")

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def signal(self, number, *, group=False):
        (os.killpg if group else os.kill)(self.daemon.pid, number)
        if number == signal.SIGKILL:
            self.daemon.wait(10)

    def end(self):
        """End all its processes."""
        if self.daemon is not None:
            for number in (signal.SIGCONT, signal.SIGKILL):
                try:
                    os.killpg(self.daemon.pid, number)
                except ProcessLookupError:
                    break
            self.daemon.wait(10)


class Dispatcher:
    """`scrapy cluster` with its sites.toml and nodes.toml."""

    def __init__(self, folder, machines, sites, *, delay, lease, grace, interval):
        self.folder = folder
        lines = [f"lease = {lease}\ngrace = {grace}\ninterval = {interval}\ntimeout = 3\n"]
        lines += [
            f'[node.{m.name}]\nurl = "{m.url}"\nusername = "warraq"\npassword_env = "NODE_PASSWORD"\n' for m in machines
        ]
        (folder / "nodes.toml").write_text("\n".join(lines), "utf-8")
        entries = [f'[site.{name}]\nseeds = ["{url}"]\ndelay = {delay}\n' for name, url in sites.items()]
        (folder / "sites.toml").write_text("\n".join(entries), "utf-8")
        self._loop = None

    def command(self, part, *more):
        return [
            *(sys.executable, "-m", "scrapy", "cluster", part, "--json", "--nodes", self.folder / "nodes.toml"),
            *("-s", f"WARRAQ_SITES={self.folder / 'sites.toml'}", *more),
        ]

    def ask(self, part, *more, code=0):
        done = subprocess.run(
            self.command(part, *more), cwd=ROOT, env=self._environment(), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return json.loads(done.stdout)

    def homes(self):
        return {row["site"]: row["home"] for row in self.ask("plan")["plan"]}

    def __enter__(self):
        """Deploy every second from now on; the rounds are written to `rounds.jsonl`."""
        with (self.folder / "rounds.jsonl").open("wb") as out, (self.folder / "deploy.log").open("wb") as log:
            self._loop = subprocess.Popen(
                self.command("deploy", "--every", "1"), cwd=ROOT, env=self._environment(), stdout=out, stderr=log
            )
        return self

    def __exit__(self, *_):
        self._loop.kill()
        self._loop.wait(10)

    def rounds(self):
        return [
            json.loads(line) for line in (self.folder / "rounds.jsonl").read_text().splitlines() if line.endswith("}")
        ]

    def _environment(self):
        return {**os.environ, "NODE_PASSWORD": PASSWORD}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for(condition, seconds, problem):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, problem() if callable(problem) else problem
        time.sleep(0.2)


def living(processes):
    """Return those of the process ids that are still running (zombies are not)."""
    found = set()
    for process in processes:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            found.add(process)
    return found
